"""Errors of the chosen run of each corpus (`architecture_tables.chosen_runs`) as tables: kinds, confusions, deviations in time.

The circumstances of errors are in `error_circumstances`.
"""

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.corpora.base import no_velocities, velocities
from adtlib.evaluation.errors import FEW, FEW_MARK, NOTHING, confusions, unit_events, unstruck_moments
from adtlib.markup import in_markdown
from adtlib.onsets.energies import broadband_energies
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.profiles import Profile, open_profile_corpus, prepared_corpus
from adtlib.studies.architecture_tables import chosen_runs
from adtlib.studies.error_circumstances import loudness_measure
from adtlib.studies.tables import group_kind, independent
from adtlib.training.runs import Run
from adtlib.training.scoring import picking_of, predict_units
from adtlib.vocabulary import CLASSES

EVENT_COLUMNS = ["corpus", "id", "group", "event", "class", "partner", "time", "difference", "velocity", "energy", "others"]


EVENT_COLUMNS += ["doubled", "density"]


MOMENT_COLUMNS = ["corpus", "id", "group", "others", "n"]


RUN_COLUMNS = ["corpus", "architecture", "seed", "val_f1_micro", "n_units", "n_independent", "group", "loudness"]


def error_events(profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[str]]:
    """(events, moments, models, reasons): errors of the chosen runs on their test splits, and why runs are missing.

    events   every event of `unit_events`, with corpus, id of the recording and independent group: EVENT_COLUMNS.
    moments  how often a class could have been invented with that many others struck, from `unstruck_moments`: MOMENT_COLUMNS.
    models   a row for each run; `n_independent` counts groups, `group` is the kind of group, `loudness` says what the quarters of
             classes are by: "velocity", "energy", or "velocity or energy" where not all have velocities: RUN_COLUMNS.
    reasons  a sentence for each run that could not be examined.

    The tables are empty if no run has its weights.
    """
    events, moments, looked_at, reasons = [], [], [], []
    for corpus, run in chosen_runs(profile).items():
        prepared = prepared_corpus(profile, corpus, progress=False)
        units = prepared.units(profile.test_split) if profile.test_split in prepared.splits else []
        if not units:
            reasons.append(f"{corpus}: nothing usable found of the {profile.test_split} split; 'adt corpora' says how to get it")
        elif not (run.folder / "model.safetensors").is_file():
            where = paths.relative(run.folder)
            reasons.append(
                f"{corpus}: {where} has no weights (none are committed): make them with 'adt run --profile {profile.name} 41-49'"
            )
        else:
            found, places = _events_of(profile, corpus, run, units)
            events.append(found)
            moments.append(places)
            by_class = found[found["event"] != "invented"].groupby("class")
            measures = sorted({loudness_measure(strokes) for _, strokes in by_class}, reverse=True)
            who = [corpus, run.config["architecture"], run.config["seed"], run.result["val_f1_micro"]]
            n_groups = len(set(independent(corpus, [unit.id for unit in units])))
            looked_at.append([*who, len(units), n_groups, group_kind(corpus), " or ".join(measures)])
    if not events and not reasons:
        reasons.append(f"no runs of profile {profile.name}: make them with 'adt run --profile {profile.name} 41-49'")
    table = pd.concat(events, ignore_index=True) if events else pd.DataFrame(columns=EVENT_COLUMNS)
    places = pd.concat(moments, ignore_index=True) if moments else pd.DataFrame(columns=MOMENT_COLUMNS)
    return table, places, pd.DataFrame(looked_at, columns=RUN_COLUMNS), reasons


def _events_of(profile: Profile, corpus_name: str, run: Run, units) -> tuple[pd.DataFrame, pd.DataFrame]:
    corpus = open_profile_corpus(profile, corpus_name)
    tracks = {track.id: track for track in corpus.tracks(profile.test_split)} if corpus.info.unit == "track" else {}
    picking, parts, moments = picking_of(run, profile.thresholds), [], []
    for unit, activations in predict_units(run.model(), units, run.config["precision"]):
        onsets, track = unit.onsets, tracks.get(unit.id)
        struck = velocities(corpus, track, onsets) if track else no_velocities(onsets)
        energies = broadband_energies(unit.features, onsets)
        part = unit_events(onsets, pick_peaks(activations, picking), unit.duration, run.config["tolerance"], struck, energies)
        parts.append(part.assign(corpus=corpus.info.name, id=unit.id))
        n = unstruck_moments(onsets, unit.duration)
        moments.append(pd.DataFrame({"corpus": corpus.info.name, "id": unit.id, "others": np.arange(len(n)), "n": n}))
    both = (pd.concat(found, ignore_index=True) for found in (parts, moments))
    events, places = (table.assign(group=independent(corpus.info.name, table["id"])) for table in both)
    return events[EVENT_COLUMNS], places[MOMENT_COLUMNS]


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
    """For each corpus, missed and invented strokes in words and counts."""
    sentences = []
    for row in error_counts(events).itertuples():
        table = confusions(events[events["corpus"] == row.corpus])
        text = f"**{in_markdown(row.corpus)}**: of {row.strokes:,} strokes {row.missed:,} were missed, "
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


def printed_confusions(table: pd.DataFrame) -> pd.DataFrame:
    """Printed form of `confusion_table`, one matrix below the other: rows corpus and class struck, columns class heard."""
    names = [*CLASSES, NOTHING]
    words = {NOTHING: "heard nothing"}, {NOTHING: "struck nothing"}
    corpora = list(dict.fromkeys(table["corpus"]))
    index = pd.MultiIndex.from_product([corpora, names], names=["corpus", "struck"])
    counts = table.set_index(["corpus", "struck", "heard"])["n"]
    shown = pd.DataFrame({name: [counts[(*row, name)] for row in index] for name in names}, index=index, dtype="Int64")
    shown[NOTHING] = shown[NOTHING].mask(index.get_level_values("struck") == NOTHING)  # neither struck nor heard: not counted
    return shown.rename(columns=words[0], index=words[1])


def printed_circumstances(table: pd.DataFrame) -> pd.DataFrame:
    """Printed form of `circumstances`, percentages with intervals: rows are circumstance, value and measure, columns are corpora.

    `FEW_MARK` marks a share of fewer than `FEW` strokes, estimates or moments.
    """
    keys = ["circumstance", "value", "measure"]
    cells = table[[*keys, "corpus"]].copy()
    cells["text"] = [_share(row) for row in table.itertuples()]
    order = pd.MultiIndex.from_frame(table[["circumstance", "measure", "value"]].drop_duplicates()).reorder_levels([0, 2, 1])
    wide = cells.pivot(index=keys, columns="corpus", values="text")
    wide = wide.reindex(index=order, columns=list(dict.fromkeys(table["corpus"]))).fillna("–")
    wide.columns.name = None
    return wide.rename_axis(index=keys).rename(index={"invented_per_moment": "invented, of 100 moments"}, level="measure")


def _share(row) -> str:
    text = f"{100 * row.share:.1f} %"
    if np.isfinite(row.ci_low):
        text += f" ({100 * row.ci_low:.1f}–{100 * row.ci_high:.1f})"
    return text + (f" {FEW_MARK}" if row.n < FEW else "")
