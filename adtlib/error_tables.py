"""Errors of the best architecture on each corpus, as tables: which errors there are, and under what circumstances they are made.

Of each corpus's architectures the one of the highest validation micro F1 (mean over seeds) is taken, and of its runs the best.
Shares have 95 % intervals by bootstrap over recordings; those of one E-GMD performance on several kits are drawn together.
"""

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.architecture_tables import study_runs
from adtlib.corpora import open_corpus
from adtlib.error_anatomy import NOTHING, confusions, unit_events
from adtlib.loudness import no_velocities, onset_energies, velocities
from adtlib.params import Profile
from adtlib.peak_picking import PeakPicking, pick_peaks
from adtlib.runs import Run
from adtlib.scoring import predict_units
from adtlib.studies import prepared_corpus
from adtlib.study_tables import independent

QUARTERS = ("softest", "soft", "loud", "loudest")
OTHERS = ("0", "1", "2 or more")
DENSITY_EDGES = (4, 8, 12)  # strokes a second
DENSITIES = ("below 4", "4 to 8", "8 to 12", "12 or more")
EVENT_COLUMNS = ["corpus", "id", "group", "event", "class", "partner", "difference", "velocity", "energy", "others", "density"]
RUN_COLUMNS = ["corpus", "architecture", "seed", "val_f1_micro", "n_units", "n_independent", "loudness"]


def best_runs(profile: Profile) -> dict[str, Run]:
    """The run to look at of each corpus: of the architecture of the highest mean validation micro F1 the run of the highest."""
    runs: dict[str, dict[str, list[Run]]] = {}
    for (architecture, corpus), found in study_runs(profile).items():
        runs.setdefault(corpus, {})[architecture] = found
    best = {}
    for corpus, by_architecture in runs.items():
        chosen = max(by_architecture.values(), key=lambda found: np.mean([run.result["val_f1_micro"] for run in found]))
        best[corpus] = max(chosen, key=lambda run: run.result["val_f1_micro"])
    return best


def error_events(profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """(every event of every test split as `unit_events` has them, a row for each run looked at, why others could not be).

    The tables are empty where no run has its weights.
    """
    events, looked_at, reasons = [], [], []
    for corpus, run in best_runs(profile).items():
        prepared = prepared_corpus(profile, corpus, progress=False)
        units = prepared.units(profile.test_split) if profile.test_split in prepared.splits else []
        if not units:
            reasons.append(f"{corpus}: nothing usable found of the {profile.test_split} split; 'adt corpora' says how to get it")
        elif not (run.folder / "model.safetensors").is_file():
            where = paths.relative(run.folder)
            reasons.append(
                f"{corpus}: {where} has no weights (none are committed): make them with 'adt run --profile {profile.name} 41-45'"
            )
        else:
            found = _events_of(profile, corpus, run, units)
            events.append(found)
            measure = "velocity" if found["velocity"].notna().any() else "energy"
            who = [corpus, run.config["architecture"], run.config["seed"], run.result["val_f1_micro"]]
            looked_at.append([*who, len(units), len(set(independent(corpus, [unit.id for unit in units]))), measure])
    if not events and not reasons:
        reasons.append(f"no runs of profile {profile.name}: make them with 'adt run --profile {profile.name} 41-45'")
    table = pd.concat(events, ignore_index=True) if events else pd.DataFrame(columns=EVENT_COLUMNS)
    return table, pd.DataFrame(looked_at, columns=RUN_COLUMNS), reasons


def _events_of(profile: Profile, corpus_name: str, run: Run, units) -> pd.DataFrame:
    options = {"mdb_audio": profile.mdb_audio} if corpus_name == "ENST+MDB" else {}
    corpus = open_corpus(corpus_name, profile.data_root, **options)
    tracks = {track.id: track for track in corpus.tracks(profile.test_split)} if corpus.info.unit == "track" else {}
    picking, parts = PeakPicking(**run.config["peak_picking"]), []
    for unit, activations in predict_units(run.model(), units, run.config["precision"]):
        onsets, track = unit.onsets, tracks.get(unit.id)
        struck = velocities(corpus, track, onsets) if track else no_velocities(onsets)
        energies = onset_energies(unit.features, onsets)
        part = unit_events(onsets, pick_peaks(activations, picking), unit.duration, run.config["tolerance"], struck, energies)
        parts.append(part.assign(corpus=corpus.info.name, id=unit.id))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(group=independent(corpus.info.name, table["id"]))[EVENT_COLUMNS]


# --- tables ------------------------------------------------------------------------------------------------------------


def confusion_table(events: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus, class struck and class heard: corpus, struck, heard, n."""
    parts = []
    for corpus, part in events.groupby("corpus", sort=False):
        counts = confusions(part).stack().rename("n").reset_index()
        parts.append(counts.assign(corpus=corpus))
    columns = ["corpus", "struck", "heard", "n"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def error_counts(events: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus: strokes, hits, missed, invented; confused (missed and heard as another class); near_misses."""
    rows = []
    for corpus, part in events.groupby("corpus", sort=False):
        counts = part["event"].value_counts()
        missed = part[part["event"] == "missed"]
        hits, invented = int(counts.get("hit", 0)), int(counts.get("invented", 0))
        confused, near = int((missed["partner"] != NOTHING).sum()), int(missed["difference"].notna().sum())
        rows.append([corpus, hits + len(missed), hits, len(missed), invented, confused, near])
    return pd.DataFrame(rows, columns=["corpus", "strokes", "hits", "missed", "invented", "confused", "near_misses"])


def loudness_quarters(events: pd.DataFrame) -> pd.Series:
    """Quarter of each stroke in its class and corpus, by velocity where all have one, else by energy; NaN of estimates."""
    quarters = pd.Series(np.nan, index=events.index, dtype=object)
    strokes = events[events["event"] != "invented"]
    for (_, _), part in strokes.groupby(["corpus", "class"], sort=False):
        loudness = part["velocity"] if part["velocity"].notna().all() else part["energy"]
        edges = np.quantile(loudness, [0.25, 0.5, 0.75])
        quarters[part.index] = [QUARTERS[k] for k in np.searchsorted(edges, loudness, side="left")]
    return quarters


def circumstances(events: pd.DataFrame) -> pd.DataFrame:
    """Share of strokes missed, and of estimates invented, by circumstance, with 95 % intervals.

    Columns: corpus, circumstance (loudness, others, density), value, measure (missed, invented), n (strokes or estimates), errors,
    share, ci_low, ci_high. Loudness is known of strokes only. Values without a stroke or estimate have no row.
    """
    dense = pd.cut(events["density"].astype(float), [-np.inf, *DENSITY_EDGES, np.inf], right=False, labels=list(DENSITIES))
    others = events["others"].astype(int).clip(upper=2).map(lambda count: OTHERS[count])
    named = {
        "loudness": (loudness_quarters(events), QUARTERS),
        "others": (others, OTHERS),
        "density": (dense.astype(object), DENSITIES),
    }
    rows = []
    for circumstance, (values, order) in named.items():
        for measure, event in (("missed", "missed"), ("invented", "invented")):
            if circumstance == "loudness" and measure == "invented":
                continue
            relevant = events[events["event"].isin(["hit", event])].assign(value=values)
            for corpus, part in relevant.groupby("corpus", sort=False):
                for value in order:
                    here = part[part["value"] == value]
                    if len(here):
                        wrong = (here["event"] == event).to_numpy()
                        rows.append(
                            [corpus, circumstance, value, measure, len(here), int(wrong.sum()), *_share(wrong, here["group"])]
                        )
    return pd.DataFrame(rows, columns=["corpus", "circumstance", "value", "measure", "n", "errors", "share", "ci_low", "ci_high"])


def _share(wrong: np.ndarray, groups: pd.Series, n_resamples: int = 1_000) -> tuple[float, float, float]:
    """(share, low, high): 95 % interval over groups drawn with replacement; NaN of fewer than two."""
    names, index = np.unique(groups.to_numpy(dtype=str), return_inverse=True)
    errors, totals = np.bincount(index, wrong, len(names)), np.bincount(index, minlength=len(names))
    share = float(errors.sum() / totals.sum())
    if len(names) < 2:
        return share, np.nan, np.nan
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)
    low, high = np.quantile((drawn @ errors) / (drawn @ totals), [0.025, 0.975])
    return share, float(low), float(high)


def timing_table(events: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus: hits, estimate minus stroke in ms (median, std), share within 25 ms, near misses early and late."""
    rows = []
    for corpus, part in events.groupby("corpus", sort=False):
        hits = 1000 * part.loc[part["event"] == "hit", "difference"].astype(float)
        near = part.loc[part["event"] == "missed", "difference"].dropna()
        within = float((hits.abs() <= 25.001).mean()) if len(hits) else np.nan
        rows.append([corpus, len(hits), hits.median(), hits.std(), within, int((near < 0).sum()), int((near > 0).sum())])
    return pd.DataFrame(rows, columns=["corpus", "hits", "median_ms", "std_ms", "within_25_ms", "near_early", "near_late"])


# --- sentences ---------------------------------------------------------------------------------------------------------


def confusion_sentences(events: pd.DataFrame) -> list[str]:
    """For each corpus, what became of the missed strokes, in words and counts."""
    sentences = []
    for row in error_counts(events).itertuples():
        table = confusions(events[events["corpus"] == row.corpus])
        text = f"**{row.corpus}**: of {row.strokes:,} strokes {row.missed:,} were missed, "
        text += f"{row.confused:,} of them heard as another class"
        off = table.drop(index=NOTHING, columns=NOTHING).stack()
        off = off[[struck != heard for struck, heard in off.index]]
        if off.max() > 0:
            struck, heard = off.idxmax()
            text += f" (most often {struck} as {heard}: {off.max():,})"
        alone = table.loc[NOTHING]
        text += f"; {row.invented:,} were invented, {alone.sum():,} of them where no stroke was missed"
        if alone.max() > 0:
            text += f" (most often {alone.idxmax()}: {alone.max():,})"
        sentences.append(f"{text}.")
    return sentences


def contrast_sentences(table: pd.DataFrame, circumstance: str, measure: str) -> list[str]:
    """For each corpus the two ends of a circumstance, and whether their intervals tell them apart."""
    sentences = []
    part = table[(table["circumstance"] == circumstance) & (table["measure"] == measure)]
    for corpus, rows in part.groupby("corpus", sort=False):
        if len(rows) < 2:
            continue
        first, last = rows.iloc[0], rows.iloc[-1]
        apart = first["ci_high"] < last["ci_low"] or last["ci_high"] < first["ci_low"]
        ends = [f"{100 * row['share']:.1f} % ({row['value']}, n = {row['n']:,})" for row in (first, last)]
        said = "the intervals do not touch" if apart else "the intervals touch or are not known: the data do not tell them apart"
        sentences.append(f"**{corpus}**: {measure} {ends[0]} against {ends[1]}; {said}.")
    return sentences
