"""The results of a controlled study as a few small tables, from which all its figures and texts are made.

results/<profile>/controlled/runs.csv         how each model was trained and how its training ended
results/<profile>/controlled/curves.csv       validation loss and F1 of each epoch
results/<profile>/controlled/counts.csv.gz    counts for each model, test and group, with each of PICKINGS
results/<profile>/controlled/errors.csv       chapter 6: missed and invented strokes by circumstance
results/<profile>/controlled/influence.csv    chapter 6: how far around a frame the trained models look
results/<profile>/controlled/disorder.csv     chapter 6: counts of these models when they hear frames in random order
results/<profile>/controlled/costs.csv        chapter 6: seconds of an epoch, speed of prediction, memory of a step, on one machine

They are all that is kept of a study: a run that they have is not trained again.
"""

import gzip
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from adtlib import paths
from adtlib.audio.features import N_BANDS
from adtlib.evaluation.errors import unit_events
from adtlib.models.inspection import OutOfOrder
from adtlib.models.registry import assemble
from adtlib.models.saliency import influence
from adtlib.onsets.energies import broadband_energies
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.profiles import Profile, load_profile
from adtlib.studies.controlled import PlannedRun, Study, architecture_run, is_of_factors, study_of
from adtlib.studies.controlled_runs import (
    KEYS,
    RUNS,
    all_runs,
    config_of,
    epoch_seconds,
    finished,
    prepare_data,
    read_table,
    run_controlled,
    tables_of,
    trained_here,
)
from adtlib.studies.cost import inference_speeds
from adtlib.training.controlled_sets import REAL, RENDERED, REPERTOIRE, TESTS, TrainingClips
from adtlib.training.runs import COUNT_COLUMNS, METRICS, WEIGHTS, Run, counts_of
from adtlib.training.scoring import picking_of, predict_units, score_units

TOGETHER = {"mix": "real mixes", "drums": "real drums"}  # tests that are those of MDB and ENST together
_RENDERED_TESTS = [name for name in TESTS if name not in (*REAL.values(), REPERTOIRE)]
STUDY = "study"  # the profile whose results others show
CURVES, COUNTS = "curves.csv", "counts.csv.gz"
# What counts are with: delta and thresholds by class chosen on validation, or the thesis's delta and such thresholds.
CHOSEN, THESIS = "peaks", "class"
PICKINGS = (CHOSEN, THESIS)
LOUDNESS = "loudness within its drum"  # of strokes alone: what is invented has none
# The circumstances of strokes: column of the events, edges of the bins, what the bins are called.
CIRCUMSTANCES = {
    "milliseconds since the last stroke": (
        "since",
        (0.0, 0.03, 0.1, 0.2, 0.4, np.inf),
        ("together", "30–100", "to 200", "to 400", "over 400"),
    ),
    "strokes a second around": ("density", (0.0, 4.0, 8.0, 12.0, np.inf), ("under 4", "4–8", "8–12", "over 12")),
    "other drums struck with it": ("others", (0.0, 0.5, 1.5, np.inf), ("none", "one", "two or more")),
    LOUDNESS: (
        "quarter",
        (0.0, 0.25, 0.5, 0.75, np.inf),
        ("softest quarter", "second", "third", "loudest quarter"),
    ),
}


@dataclass(frozen=True)
class Results:
    """The tables of a study, and the profile that it is of; `counts` are with CHOSEN peak picking."""

    profile: Profile
    study: Study
    runs: pd.DataFrame
    curves: pd.DataFrame
    counts: pd.DataFrame
    thesis_counts: pd.DataFrame  # at ±50 ms with THESIS peak picking
    errors: pd.DataFrame
    influence: pd.DataFrame
    disorder: pd.DataFrame
    costs: pd.DataFrame

    @property
    def note(self) -> str:
        """What a caption says of the data."""
        made = ": tones in place of sounds, models of seconds" if self.study.sounds == "made" else ""
        return f"profile {self.profile.name}{made}"

    @property
    def tests(self) -> list[str]:
        """The tests, in order."""
        return list(dict.fromkeys(self.counts["test"]))

    @cached_property
    def counts_by_model(self) -> dict[tuple[str, str, str, int], tuple[np.ndarray, list[int]]]:
        """Counts `(S, N, 5, 3)` by seed and group, and the seeds, by architecture, what it was trained on, test, tolerance in ms.

        Made once: the tables ask for one after the other a thousand times.
        """
        table = self.counts.assign(ms=(1_000 * self.counts["tolerance"]).round().astype(int)).sort_values(["seed", "id"])
        found = {}
        for key, part in table.groupby(["architecture", "trained_on", "test", "ms"], sort=False):
            seeds = part.groupby("seed")
            found[key] = np.stack([counts_of(each) for _, each in seeds]), [int(seed) for seed in seeds.groups]
        return found

    def as_picked_in_the_thesis(self) -> "Results":
        """The same with the thesis's delta of peak picking, at ±50 ms."""
        return replace(self, counts=self.thesis_counts)


def controlled_results(profile: Profile, factors_only: bool = False) -> Results:
    """The results of the profile's study, for which what is missing is trained; without a study, those of the profile `study`.

    factors_only  of chapter 7: what chapter 6 alone needs is not trained.

    FileNotFoundError if there are none.
    """
    of = profile if profile.study else load_profile(STUDY)
    if profile.study:
        with paths.locked(f"controlled-{profile.name}"):
            wanted = partial(is_of_factors, study_of(profile)) if factors_only else None
            run_controlled(profile, wanted)
            gather(profile)
    return stored_results(of)


def stored_results(profile: Profile) -> Results:
    """The results that `gather` stored. FileNotFoundError if there are none."""
    folder = tables_of(profile.name)
    if not (folder / COUNTS).is_file():
        raise FileNotFoundError(f"{folder} has no results of the controlled study: adt run --profile {profile.name}")
    names = [field.name for field in fields(Results) if field.type is pd.DataFrame and not field.name.endswith("counts")]
    tables = {name: read_table(folder / f"{name}.csv") for name in names}
    every = with_real_together(read_table(folder / COUNTS))
    chosen, thesis = (every[every["picking"] == picking].drop(columns="picking") for picking in PICKINGS)
    return Results(profile, study_of(profile), counts=chosen, thesis_counts=thesis, **tables)


def with_real_together(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts, and those of the real recordings of both corpora as one test for each kind of audio, before these corpora's own.

    Seven recordings can decide no pair of five architectures: the smallest p of a paired test, corrected for ten pairs, is 0.16.
    """
    both = [
        counts[counts["test"].isin([REAL["MDB", kind], REAL["ENST", kind]])].assign(test=name) for kind, name in TOGETHER.items()
    ]
    rendered = counts["test"].isin(_RENDERED_TESTS)
    return pd.concat([counts[rendered], *both, counts[~rendered]], ignore_index=True)


def gather(profile: Profile, progress: bool = True) -> None:
    """Write the tables: rows of the runs that were trained here, and those stored before of runs whose folders are elsewhere.

    Models are only used again where the runs changed.
    """
    folder = tables_of(profile.name)
    done = [(run, row) for run in all_runs(profile) if (row := finished(profile, run))]
    if not done:
        return
    here = {run: found for run, row in done if (found := trained_here(profile, run, row["settings"]))}
    curves = [_keyed(run, found.metrics[_CURVES]) for run, found in here.items() if (found.folder / METRICS).is_file()]
    counts = [_keyed(run, _counts(found)) for run, found in here.items() if run.is_tested]
    elsewhere = pd.DataFrame([row for run, row in done if run not in here], columns=KEYS)
    curves.append(_rows_of(elsewhere, read_table(folder / CURVES)))
    counts.append(_rows_of(elsewhere, read_table(folder / COUNTS)))
    order = [row for _, row in done]
    write_table(folder / CURVES, _in_order(curves, order))
    if any(map(len, counts)):
        write_table(folder / COUNTS, _in_order(counts, order))
    else:  # only runs that choose a learning rate are done, and those are not tested
        (folder / COUNTS).unlink(missing_ok=True)
    write_table(folder / RUNS, pd.DataFrame(order))
    whole = (TrainingClips(study_of(profile).architecture_hours),)
    names = dict.fromkeys(run.architecture for run, _ in done)
    known = {run for run, _ in done}
    shown = [run for name in names if (run := architecture_run(name, whole, profile.seeds[0])) in known]
    _explain(profile, shown, here, folder, progress)
    settings = [row["settings"] for run, row in done if run in shown]
    if list(read_table(folder / "costs.csv").get("settings", [])) != settings:
        write_table(folder / "costs.csv", _costs(profile, shown).assign(settings=settings))


def _explain(profile: Profile, shown: list[PlannedRun], here: dict[PlannedRun, Run], folder: Path, progress: bool) -> None:
    """What `_EXPLAINED` says of the models shown: what is stored, and of models that are here and are not the ones stored, anew."""
    tables = {name: read_table(folder / f"{name}.csv") for name in _EXPLAINED}
    states = {run: here[run].record["files"][WEIGHTS] for run in shown if run in here}
    models = ["architecture", "weights"]
    explained = [set(table.reindex(columns=models).itertuples(index=False, name=None)) for table in tables.values()]
    if new := [run for run, state in states.items() if any((run.architecture, state) not in each for each in explained)]:
        units = prepare_data(profile, [], profile.jobs or 1, progress).tests[RENDERED].units("test")
        for run in new:
            for name, explain in _EXPLAINED.items():
                table = tables[name]
                rest = table[table["architecture"] != run.architecture] if len(table) else table
                tables[name] = pd.concat([rest, explain(run.architecture, here[run], units).assign(weights=states[run])])
        for name, table in tables.items():
            write_table(folder / f"{name}.csv", table)


def _rows_of(runs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    return table.merge(runs, on=KEYS)[list(table.columns)] if len(table) and len(runs) else table[:0]


def _in_order(tables: list[pd.DataFrame], runs: list[dict]) -> pd.DataFrame:
    """The tables as one, with its rows in the order of its runs."""
    table = pd.concat([each for each in tables if len(each)])
    order = {tuple(run[key] for key in KEYS): number for number, run in enumerate(runs)}
    place = [order[key] for key in table[KEYS].itertuples(index=False, name=None)]
    return table.iloc[np.argsort(place, kind="stable")]


_CURVES = ["epoch", "learning_rate", "train_loss", "val_loss", "val_f1_micro"]


def _keyed(run: PlannedRun, table: pd.DataFrame) -> pd.DataFrame:
    values = dict(zip(KEYS, (run.stage, run.architecture, run.label, run.seed), strict=True))
    return table.assign(**values)[[*KEYS, *table.columns]]


def _counts(run: Run) -> pd.DataFrame:
    table = run.all_scores.rename(columns={"thresholds": "picking"})
    loose = np.isclose(table["tolerance"], run.config["tolerance"])
    wanted = (table["picking"] == CHOSEN) | ((table["picking"] == THESIS) & loose)
    return table[wanted][["picking", "test", "tolerance", "id", *COUNT_COLUMNS]]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table, compressed if the name says so; equal tables are equal files."""
    content = table.to_csv(index=False, float_format="%.6g").encode()
    paths.write_atomically(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


# ---- chapter 6: why -----------------------------------------------------------------------------------------------------


def _errors(architecture: str, run: Run, units) -> pd.DataFrame:
    """Strokes, missed ones and invented ones of a model on a test, by circumstance and group."""
    picking, rows = picking_of(run, CHOSEN), []
    for unit, activations in predict_units(run.model(), units, run.config["precision"]):
        energies = broadband_energies(unit.features, unit.onsets)
        events = unit_events(unit.onsets, pick_peaks(activations, picking), unit.duration, run.config["tolerance"], None, energies)
        struck = events["event"] != "invented"
        times = np.sort(np.unique(np.concatenate(unit.onsets)))
        events["since"] = _since(events["time"].to_numpy(), times)
        events["quarter"] = _loudness(events[struck])
        for circumstance, (column, edges, names) in CIRCUMSTANCES.items():
            bins = pd.cut(events[column], edges, right=False, labels=list(names))
            for name in names:
                mine = events[bins == name]
                missed, hit, invented = ((mine["event"] == kind).sum() for kind in ("missed", "hit", "invented"))
                if missed + hit + invented:
                    rows.append([architecture, circumstance, name, unit.id, hit + missed, missed, invented])
    return pd.DataFrame(rows, columns=["architecture", "circumstance", "value", "id", "strokes", "missed", "invented"])


def _loudness(strokes: pd.DataFrame) -> pd.Series:
    """The place of each stroke in (0, 1) among those of its class by energy; of fewer than four strokes NaN."""
    of_class = strokes.groupby("class")["energy"]
    count = of_class.transform("size")
    return ((of_class.rank() - 0.5) / count).where(count >= 4)


def _costs(profile: Profile, shown: list[PlannedRun]) -> pd.DataFrame:
    """What models of the architectures cost on this machine, which need not be the one that trained them.

    Columns: architecture; epoch_seconds of one thread; times_real_time, seconds of music predicted in a second; megabytes that a
    step keeps for its gradients.
    """
    study = study_of(profile)
    configs = [asdict(config_of(profile, study, run)) for run in shown]
    speeds = [speed.times_real_time for speed in inference_speeds(configs)]
    epochs = [epoch_seconds(profile, study, run) for run in shown]
    kept = [_kept_megabytes(config) for config in configs]
    names = [run.architecture for run in shown]
    return pd.DataFrame({"architecture": names, "epoch_seconds": epochs, "times_real_time": speeds, "megabytes": kept})


def _kept_megabytes(config: dict) -> float:
    """What autograd keeps of one training step, in single precision: the memory that grows with batch and segment."""
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    model = assemble(config).train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(torch.zeros(config["batch_size"], SEGMENT_FRAMES, N_BANDS))
    return sum(kept.values()) / 1e6


def _since(times: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Seconds from each time back to the last onset more than a millisecond before it; infinite before the first."""
    place = np.searchsorted(onsets, times - 1e-3)
    before = np.where(place > 0, onsets[np.maximum(place - 1, 0)], -np.inf) if len(onsets) else np.full(len(times), -np.inf)
    return times - before


def _disorder(architecture: str, run: Run, units) -> pd.DataFrame:
    """Counts of each group where the model hears the frames of a segment in random order."""
    variants = {(run.config["tolerance"], CHOSEN): picking_of(run, CHOSEN)}
    counts = score_units(OutOfOrder(run.model()), units, variants, run.config["precision"])
    return counts[["id", *COUNT_COLUMNS]].assign(architecture=architecture)


def _influence(architecture: str, run: Run, _units) -> pd.DataFrame:
    """The share of the influence on an output that lies within so many frames to either side of it."""
    found = influence(run.model())
    held = np.bincount(np.abs(found.offsets), weights=found.by_frame).cumsum()
    first, last = found.reaches
    radii = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 199]
    rows = [[architecture, radius, float(held[radius]), max(-first, last), found.radius(0.9)] for radius in radii]
    return pd.DataFrame(rows, columns=["architecture", "frames", "share", "reach", "radius_90"])


_EXPLAINED = {"errors": _errors, "influence": _influence, "disorder": _disorder}
