"""Scoring a trained model: activations are predicted once and scored at two tolerances, with two or three choices of thresholds.

`one` is the thesis's protocol: the configuration's threshold for all classes. `class` is one threshold for each class, chosen on
the validation split of the run's training corpora, never on test data (`choose_thresholds`). `peaks`, where it is asked for, has
delta of peak picking chosen with them: what a model has learnt from onsets that are annotated inexactly are broad bumps, of which
no frame rises above its neighbours as the thesis's delta asks. What is chosen is stored in config.json, under the result. Training
uses only `evaluate`.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from adtlib.corpora.store import Prepared, Unit
from adtlib.evaluation.metrics import TOLERANCE, count_matches, f1, f1_micro, scores
from adtlib.models.loss import weighted_bce
from adtlib.models.prediction import best_device, predict_logits, to_activations
from adtlib.onsets.frames import Onsets, frame_targets, widen_targets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.paths import write_atomically
from adtlib.training.runs import CONFIG, COUNT_COLUMNS, SCORES, Run, RunError, note_files, write_record
from adtlib.vocabulary import CLASSES

TOLERANCES = (TOLERANCE, 0.025)  # seconds; the draft says 25 to 50 ms


THRESHOLDS = tuple(np.round(np.arange(0.05, 0.96, 0.05), 2).tolist())


def score_run(
    run: Run,
    corpora: list[Prepared],
    split: str = "test",
    validation: list[Prepared] | None = None,
    deltas: tuple[float, ...] = (),
) -> pd.DataFrame:
    """Score a finished run on a split of each corpus, add the counts of every unit to its scores.csv and return `run.scores`.

    validation  the run's training corpora: thresholds by class are chosen on their validation split, once. Without them the
                configured threshold is scored, and thresholds by class only if they were chosen before.
    deltas      of peak picking, of which one is chosen on validation, with its own thresholds; of equal ones the first.

    A test that has all variants on the same data is not repeated. A corpus whose split is empty adds no row. Where scores.csv is
    damaged, a warning says so and it is made anew. PreparedError if prepared data are damaged.
    """
    picking, tolerance = run.peak_picking, run.config["tolerance"]
    model, table = None, _earlier_scores(run)
    if validation and ("thresholds" not in run.result or (deltas and run.result.get("peaks", {}).get("deltas") != list(deltas))):
        for corpus in validation:
            corpus.check(run.config["validation_split"])
        model = run.model().to(best_device())
        units = [unit for corpus in validation for unit in corpus.units(run.config["validation_split"])]
        _choose(run, model, units, picking, tolerance, deltas)
        table = table[table["thresholds"] == "one"]  # others were of an earlier choice
    variants = _variants(run, picking, tolerance)
    for corpus in corpora:
        units = corpus.units(split) if split in corpus.splits else []
        mine = (table["test"] == corpus.corpus_name) & (table["split"] == split)
        if not units or _is_scored(table[mine], len(units), corpus.fingerprint, variants):
            continue
        corpus.check(split)
        model = model if model is not None else run.model().to(best_device())
        rows = score_units(model, units, variants, run.config["precision"])
        rows = rows.assign(test=corpus.corpus_name, split=split, unit=corpus.unit, data=corpus.fingerprint)[list(table.columns)]
        table = rows if table.empty else pd.concat([table[~mine], rows], ignore_index=True)
        write_atomically(run.folder / SCORES, table.to_csv(index=False).encode())
        note_files(run.folder, run.record, SCORES)
    return run.scores


def _earlier_scores(run: Run) -> pd.DataFrame:
    try:
        return run.all_scores
    except RunError as error:
        warnings.warn(f"{str(error).partition(': delete')[0]}: scored again", stacklevel=3)
        (run.folder / SCORES).unlink()
        return run.all_scores


def picking_of(run: Run, thresholds: str = "one") -> PeakPicking:
    """Peak picking of a run: its configuration's, for "class" and "peaks" with what was chosen on validation.

    Raises RunError if nothing was chosen.
    """
    picking = run.peak_picking
    if thresholds == "one":
        return picking
    if not (chosen := run.result.get("peaks" if thresholds == "peaks" else "thresholds")):
        raise RunError(f"{run.folder / 'config.json'} has no thresholds by class: score again with 'adt run 41-60 --force'")
    try:
        by_class = tuple(chosen["class"][name] for name in CLASSES)
        return replace(picking, threshold=by_class, delta=chosen["delta"] if thresholds == "peaks" else picking.delta)
    except (TypeError, ValueError) as error:
        raise RunError(f"{run.folder / CONFIG}: thresholds by class: {error}") from error


def _variants(run: Run, picking: PeakPicking, tolerance: float) -> dict[tuple[float, str], PeakPicking]:
    """Peak picking of each scored (tolerance, thresholds), the thesis's protocol first."""
    pickings = {"one": picking}
    if "thresholds" in run.result:
        pickings["class"] = picking_of(run, "class")
    if "peaks" in run.result:
        pickings["peaks"] = picking_of(run, "peaks")
    tolerances = dict.fromkeys((tolerance, *TOLERANCES))
    return {(seconds, name): config for name, config in pickings.items() for seconds in tolerances}


def _is_scored(rows: pd.DataFrame, n_units: int, fingerprint: str, variants) -> bool:
    scored = rows.groupby(["tolerance", "thresholds"]).size().to_dict()
    return set(rows["data"]) == {fingerprint} and scored == dict.fromkeys(variants, n_units)


def predict_units(model, units: Sequence[Unit], precision: str = "auto") -> Iterator[tuple[Unit, np.ndarray]]:
    """Yield each unit with its activations `(T, 5)`; only the units of the current batch are in memory."""
    stream = predict_logits(model, (unit.features for unit in units), precision=precision)
    for unit, logits in zip(units, stream, strict=True):
        yield unit, to_activations(logits)


def score_units(model, units: Sequence[Unit], variants: dict[tuple[float, str], PeakPicking], precision: str) -> pd.DataFrame:
    """A row for each variant and unit: tolerance, thresholds, id, seconds, COUNT_COLUMNS; variants are (tolerance, thresholds)."""
    rows: dict[tuple[float, str], list] = {key: [] for key in variants}
    for unit, activations in predict_units(model, units, precision):
        estimates = {config: pick_peaks(activations, config) for config in dict.fromkeys(variants.values())}
        for (tolerance, name), config in variants.items():
            counts = count_matches(unit.onsets, estimates[config], tolerance)
            rows[tolerance, name].append([tolerance, name, unit.id, unit.duration, *counts.ravel().tolist()])
    columns = ["tolerance", "thresholds", "id", "seconds", *COUNT_COLUMNS]
    return pd.DataFrame([row for part in rows.values() for row in part], columns=columns)


# --- thresholds --------------------------------------------------------------------------------------------------------


def _choose(run: Run, model, units: list[Unit], picking: PeakPicking, tolerance: float, deltas: tuple[float, ...]) -> None:
    """Choose thresholds by class, and delta, on units of the validation split and write them to the run's config.json."""
    pairs = ((activations, unit.onsets) for unit, activations in predict_units(model, units, run.config["precision"]))
    if deltas:
        pairs = list(pairs)
    tried = dict.fromkeys((picking.delta, *deltas))
    found = {delta: choose_thresholds([pairs], replace(picking, delta=delta), tolerance) for delta in tried}
    record, where = run.record, {"split": run.config["validation_split"], "tolerance": tolerance}
    record["result"]["thresholds"] = found[picking.delta] | where
    if deltas:
        best = max(deltas, key=lambda delta: found[delta]["f1_class"]["micro"] or 0.0)
        record["result"]["peaks"] = {"delta": best, "deltas": list(deltas)} | found[best] | where
    write_record(run.folder, record)


def choose_thresholds(
    sets: Iterable[Iterable[tuple[np.ndarray, Onsets]]],
    picking: PeakPicking,
    tolerance: float = TOLERANCE,
    grid: tuple[float, ...] = THRESHOLDS,
) -> dict[str, dict]:
    """The threshold with the best F1 of each class, and F1 with and without it.

    sets  of recordings, each a pair (activations `(T, 5)`, onsets): prediction and annotation. Counts are pooled within a set; F1
          is averaged over sets, whatever their sizes. A set without an onset of a class does not count for that class.
    grid  thresholds to choose from, in addition to the configured ones.

    Among thresholds of equal F1 the nearest to the configured one is chosen; a class without onsets keeps the configured one.
    Returns `one` and `class`, thresholds by class as configured and as chosen; `f1_one` and `f1_class`, F1 with them by class and
    `micro`, None where undefined.
    """
    configured = np.broadcast_to(picking.threshold, len(CLASSES)).astype(float)
    candidates = np.array(sorted({*grid, *configured.tolist()}))
    counts = np.stack(  # (sets, candidates, 5, 3)
        [
            sum(
                np.stack(
                    [count_matches(onsets, pick_peaks(a, replace(picking, threshold=t)), tolerance) for t in candidates.tolist()]
                )
                for a, onsets in pairs
            )
            for pairs in sets
        ]
    )
    found = np.where((counts[..., 0] + counts[..., 2]) == 0, np.nan, f1(counts))  # undefined without an onset
    mean = _mean(found)  # (candidates, 5)
    distance = np.abs(candidates[:, None] - configured)
    ranks = np.lexsort((distance, -np.nan_to_num(mean, nan=-1)), axis=0)  # best F1 first, then the nearest
    best, as_configured = ranks[0], distance.argmin(axis=0)
    chosen = {}
    for name, rows in (("one", as_configured), ("class", best)):
        picked = counts[:, rows, np.arange(len(CLASSES))]  # (sets, 5, 3)
        values = [*_mean(f1(picked)).tolist(), float(_mean(np.array([f1_micro(each) for each in picked])))]
        chosen[name] = dict(zip(CLASSES, candidates[rows].tolist(), strict=True))
        named = zip([*CLASSES, "micro"], values, strict=True)
        chosen[f"f1_{name}"] = {key: None if np.isnan(value) else value for key, value in named}
    return chosen


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis, ignoring NaN; NaN where all are NaN."""
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


# From 0.2: lower thresholds, chosen on rendered clips or few songs, give many false positives in other recordings.
GRID = tuple(np.round(np.arange(0.20, 0.91, 0.05), 2).tolist())


Pairs = list[tuple[np.ndarray, Onsets]]


def predicted_pairs(model: nn.Module, units: list[Unit]) -> Pairs:
    """Activations `(T, 5)` and annotated onsets of each unit."""
    return [(activations, unit.onsets) for unit, activations in predict_units(model, units)]


def counts_at(pairs: Pairs, picking: PeakPicking) -> np.ndarray:
    """`(N, 5, 3)` counts of the recordings."""
    return np.array([count_matches(onsets, pick_peaks(activations, picking)) for activations, onsets in pairs])


def thresholds_for(sets: list[Pairs], picking: PeakPicking) -> tuple[float, ...]:
    """The threshold of GRID with the best F1 of each class, its mean over the sets; see `choose_thresholds`."""
    return tuple(choose_thresholds(sets, picking, grid=GRID)["class"].values())


def score_table(model: nn.Module, sets: dict[str, list[Unit]], chosen_on: str, picking: PeakPicking) -> pd.DataFrame:
    """F1 of each set, micro, macro and by class, at the threshold of `picking` and at those chosen on the set `chosen_on`."""
    pairs = {name: predicted_pairs(model, units) for name, units in sets.items()}
    by_class = thresholds_for([pairs[chosen_on]], picking)
    rows = []
    for name in sets:
        for label, thresholds in (("0.5", picking.threshold), ("by class", by_class)):
            found = scores(counts_at(pairs[name], replace(picking, threshold=thresholds)))
            rows.append({"set": name, "thresholds": label} | {k: v for k, v in found.items() if k.startswith("f1_")})
    table = pd.DataFrame(rows)
    table.attrs["thresholds"] = dict(zip(CLASSES, by_class, strict=True))
    return table


def evaluate(model: nn.Module, units: list[Unit], config, weights: Tensor | None = None) -> tuple[np.ndarray, float]:
    """Predict and score units: `((N, 5, 3) counts, loss)`.

    `config` gives peak picking, tolerance and precision (a `TrainingConfig`). The loss is the mean over frames of `weighted_bce`
    with `weights`; without them it is 0.
    """
    counts = np.zeros((len(units), len(CLASSES), 3), dtype=np.int64)
    loss, frames = 0.0, 0
    stream = predict_logits(model, (unit.features for unit in units), precision=config.precision)
    for index, (unit, logits) in enumerate(zip(units, stream, strict=True)):
        onsets = unit.onsets
        estimate = pick_peaks(to_activations(logits), config.peak_picking)
        counts[index] = count_matches(onsets, estimate, config.tolerance)
        if weights is not None:
            targets = torch.from_numpy(widen_targets(frame_targets(onsets, len(logits))))
            loss += float(weighted_bce(torch.from_numpy(logits)[None], targets[None], weights)) * len(logits)
            frames += len(logits)
    return counts, loss / max(frames, 1)
