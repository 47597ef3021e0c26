"""The studies as plain data: which architecture is trained on which corpora and tested on which (thesis, chapters 6 and 7).

A cell is one run and its tests. Cells whose corpora are not there are left out with the reason, so that a study runs on whatever
a user has. Notebooks 41 to 45 make the runs of the architecture study, 50 reads them.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from adtlib import evaluation
from adtlib.corpora import CORPORA, corpus_name, open_corpus
from adtlib.models import ARCHITECTURES
from adtlib.params import Profile, open_corpora
from adtlib.prepared import Prepared
from adtlib.preparing import prepare
from adtlib.runs import Run, counts_of, find_runs, run_folder, training_set_name
from adtlib.settings import Settings, settings_of
from adtlib.side_by_side import call_side_by_side, default_jobs
from adtlib.training import TrainingConfig, fit, score_run
from adtlib.vocabulary import CLASSES

F1_COLUMNS = ["f1_micro", "f1_macro", *(f"f1_{name}" for name in CLASSES)]


@dataclass(frozen=True)
class Cell:
    """One run of a study and the corpora it is tested on: names, or folders of a user's own recordings."""

    architecture: str
    train: tuple[str, ...]
    seed: int
    tests: tuple[str, ...]

    @property
    def train_names(self) -> tuple[str, ...]:
        """The training corpora as results call them."""
        return tuple(map(corpus_name, self.train))


def architecture_study(profile: Profile, architecture: str | None = None) -> list[Cell]:
    """Each architecture on each corpus alone, tested on that corpus (chapter 6); of one architecture, or of all five."""
    chosen = [architecture] if architecture else list(ARCHITECTURES)
    return [Cell(name, (corpus,), seed, (corpus,)) for name in chosen for corpus in profile.train_corpora for seed in profile.seeds]


@lru_cache(maxsize=64)
def _prepared(root, features: str, mdb_audio: str, name: str, progress: bool) -> Prepared:
    options = {"mdb_audio": mdb_audio} if name == "ENST+MDB" else {}
    return prepare(open_corpus(name, root, **options), version=features, progress=progress)


def prepared_corpus(profile: Profile, name: str, progress: bool = True) -> Prepared:
    """A corpus of the profile, by name or folder, with features and onsets on disk; computed where they are not yet."""
    open_corpora(profile)  # writes or checks what the profile's data root must hold
    features = "madmom" if name == "ADTOF-YT" else profile.features
    # Generated corpora take a second: a bar would only make executed copies differ from run to run.
    return _prepared(profile.data_root, features, profile.mdb_audio, name, progress and profile.data == "real")


def training_config(profile: Profile, architecture: str, train, seed: int) -> TrainingConfig:
    """The configuration of a cell's run; ValueError where its settings are to be searched for and were not yet."""
    return base_config(profile, architecture, train, seed, settings_of(profile, architecture, train))


def base_config(profile: Profile, architecture: str, train, seed: int, settings: Settings) -> TrainingConfig:
    """The configuration of a run with given settings."""
    return TrainingConfig(
        architecture=architecture,
        train=tuple(train),
        hyperparameters=settings.hyperparameters,
        seed=seed,
        epochs=profile.epochs,
        batch_size=profile.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        patience=profile.patience,
        lr_patience=profile.lr_patience,
        features=profile.features,
        precision=profile.precision,
        validation_split=profile.validation_split,
        peak_picking=profile.peaks,
        tolerance=profile.tolerance,
    )


def why_not(profile: Profile, cell: Cell, progress: bool = True) -> str | None:
    """Why a cell cannot be trained with what is there, in one sentence; None where it can."""
    corpora = [prepared_corpus(profile, name, progress) for name in cell.train]
    for split in ("train", profile.validation_split):
        if not any(corpus.totals(split).n_units for corpus in corpora):
            known = all(name in CORPORA for name in cell.train)
            remedy = (
                "'adt corpora' says how to get it" if known else "recordings go into train/, validation/ and test/ of the folder"
            )
            return f"{training_set_name(cell.train_names)}: nothing usable found of the {split} split; {remedy}"
    return None


def run_cell(profile: Profile, cell: Cell, progress: bool = True) -> Run:
    """Train the run of a cell, or take up or reuse what is there of it, and test it. ValueError where `why_not` gives a reason."""
    if reason := why_not(profile, cell, progress):
        raise ValueError(reason)
    corpora = [prepared_corpus(profile, name, progress) for name in cell.train]
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    run = fit(config, corpora, corpora, folder, progress=progress)
    score_run(run, [prepared_corpus(profile, name, progress) for name in cell.tests], profile.test_split)
    return run


def run_all(profile: Profile, cells: list[Cell], progress: bool = True) -> tuple[list[Run], list[str]]:
    """Run every cell that can be run: (runs, reasons for those that cannot, each once). ValueError where none can."""
    ready, reasons = [], []
    for cell in cells:
        if reason := why_not(profile, cell, progress):
            reasons.append(reason)
        else:
            ready.append(cell)
    jobs = profile.jobs or default_jobs()
    reasons = list(dict.fromkeys(reasons))
    if cells and not ready:
        raise ValueError(f"nothing can be trained with what is in {profile.data_root}: {'; '.join(reasons)}")
    if jobs > 1:
        return _run_side_by_side(profile, ready, jobs, progress), reasons
    return [run_cell(profile, cell, progress) for cell in ready], reasons


def _run_side_by_side(profile: Profile, cells: list[Cell], jobs: int, progress: bool) -> list[Run]:
    """Run cells in processes of their own; the bar counts epochs, which the runs' metrics.csv tell."""
    folders = [run_folder(profile.name, cell.architecture, cell.train_names, cell.seed) for cell in cells]
    label = " and ".join(dict.fromkeys(cell.architecture for cell in cells))
    with tqdm(total=len(cells), desc=f"{label}, {jobs} at once", unit="run", disable=not progress) as bar:

        def watch(ended: int) -> None:
            bar.set_postfix_str(f"{sum(map(_count_epochs, folders))} epochs", refresh=False)
            bar.update(ended - bar.n)
            bar.refresh()

        return call_side_by_side(run_cell, [(profile, cell, False) for cell in cells], jobs, watch)


def _count_epochs(folder: Path) -> int:
    path = folder / "metrics.csv"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.is_file() else 0


def score_table(profile: Profile, runs: list[Run] | None = None) -> pd.DataFrame:
    """One row for each run and test corpus: architecture, train, test, zero_shot, scores, interval, n_tracks, unit, seed.

    The 95 % interval of micro F1 (`ci_low`, `ci_high`) is a bootstrap over tracks. Only tests on the profile's test split count.
    """
    rows = []
    for run in find_runs(profile.name) if runs is None else runs:
        config, table = run.config, run.scores
        table = table[table["split"] == profile.test_split]
        for test, part in table.groupby("test", sort=False):
            counts = counts_of(part)
            low, high = evaluation.bootstrap_interval(counts)
            found = evaluation.scores(counts)
            rows.append(
                {
                    "architecture": config["architecture"],
                    "train": training_set_name(config["train"]),
                    "test": test,
                    "zero_shot": test not in config["train"],
                    **{name: found[name] for name in F1_COLUMNS},
                    "ci_low": low,
                    "ci_high": high,
                    "n_tracks": len(part),
                    "unit": part["unit"].iloc[0],
                    "seed": config["seed"],
                }
            )
    columns = ["architecture", "train", "test", "zero_shot", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]
    return pd.DataFrame(rows, columns=columns)


def counts_by_test(profile: Profile, runs: list[Run]) -> dict[str, np.ndarray]:
    """Counts `(N, 5, 3)` of each test corpus, the tracks of all runs (seeds) one after the other."""
    tables = [run.scores for run in runs]
    table = (
        pd.concat([table for table in tables if len(table)]) if any(map(len, tables)) else pd.DataFrame(columns=["test", "split"])
    )
    table = table[table["split"] == profile.test_split]
    return {test: counts_of(part) for test, part in table.groupby("test", sort=False)}


def architecture_table(profile: Profile) -> pd.DataFrame:
    """The table of chapter 6: architecture, corpus, scores, interval, n_tracks, unit, seed; a row for each cell of the study.

    A cell that was trained and whose test split is empty has no scores and n_tracks 0. FileNotFoundError where no run is there.
    """
    cells = architecture_study(profile)
    runs = {(run.config["architecture"], tuple(run.config["train"]), run.config["seed"]): run for run in find_runs(profile.name)}
    rows = []
    for cell in cells:
        run = runs.get((cell.architecture, cell.train_names, cell.seed))
        if run is None:
            continue
        row = score_table(profile, [run])
        (corpus,) = cell.train_names
        row = row[row["test"] == corpus]
        if len(row):
            rows.append(row.iloc[0].to_dict() | {"corpus": corpus})
        else:
            nothing = dict.fromkeys([*F1_COLUMNS, "ci_low", "ci_high"], np.nan)
            unit = run.record["data"][corpus]["unit"]
            rows.append(
                {"architecture": cell.architecture, "corpus": corpus, **nothing} | {"n_tracks": 0, "unit": unit, "seed": cell.seed}
            )
    if not rows:
        raise FileNotFoundError(
            f"no runs of profile {profile.name!r}: make them with 'adt run --profile {profile.name} 41-45', then run this again"
        )
    return pd.DataFrame(rows)[["architecture", "corpus", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]]


def f1_grid(table: pd.DataFrame, rows: str = "architecture", columns: str = "corpus") -> pd.DataFrame:
    """Micro F1 as the thesis prints it: `rows` by `columns`, both in order of appearance, the mean over seeds."""
    grid = table.pivot_table(index=rows, columns=columns, values="f1_micro", dropna=False)
    return grid.reindex(index=table[rows].unique(), columns=table[columns].unique())


def ranking(table: pd.DataFrame) -> pd.DataFrame:
    """For each corpus the architecture of the best micro F1 (mean over seeds), and those whose interval reaches the best one's.

    Overlapping intervals are no test; where they overlap the data do not say which is better.
    """
    rows = []
    for corpus, part in table[table["f1_micro"] > 0].groupby("corpus", sort=False):
        means = part.groupby("architecture")[["f1_micro", "ci_low", "ci_high"]].mean().sort_values("f1_micro", ascending=False)
        best = means.iloc[0]
        close = means.index[1:][means["ci_high"].iloc[1:] >= best["ci_low"]]
        rows.append({"corpus": corpus, "best": means.index[0], "f1_micro": best["f1_micro"], "not told apart": ", ".join(close)})
    return pd.DataFrame(rows, columns=["corpus", "best", "f1_micro", "not told apart"])


def settings_that_differ(profile: Profile) -> dict[str, list]:
    """Settings of training in which the runs of a profile's study differ: such runs do not compare. Empty where all is well."""
    names = {(cell.architecture, cell.train_names, cell.seed) for cell in architecture_study(profile)}
    own = ("architecture", "train", "seed", "hyperparameters")
    values: dict[str, list] = {}
    for run in find_runs(profile.name):
        config = run.config
        if (config["architecture"], tuple(config["train"]), config["seed"]) in names:
            for key, value in config.items():
                if key not in own and value not in values.setdefault(key, []):
                    values[key].append(value)
    return {key: found for key, found in values.items() if len(found) > 1}
