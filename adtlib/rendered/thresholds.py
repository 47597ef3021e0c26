"""A threshold for each class, chosen on validation recordings, rendered or real, and what it gives on others."""

from dataclasses import replace

import numpy as np
import pandas as pd
from torch import nn

from adtlib.evaluation import count_matches, f1, scores
from adtlib.peak_picking import PeakPicking, pick_peaks
from adtlib.prediction import predict_logits, to_activations
from adtlib.prepared import Unit
from adtlib.vocabulary import CLASSES

GRID = tuple(np.round(np.arange(0.20, 0.91, 0.05), 2).tolist())


def activations_of(model: nn.Module, units: list[Unit]) -> list[np.ndarray]:
    """Activations `(T, 5)` of each unit."""
    return [to_activations(logits) for logits in predict_logits(model, (unit.features for unit in units))]


def counts_at(activations: list[np.ndarray], units: list[Unit], picking: PeakPicking) -> np.ndarray:
    """`(N, 5, 3)` counts of the units with peaks picked so."""
    return np.array([count_matches(u.onsets, pick_peaks(a, picking)) for a, u in zip(activations, units, strict=True)])


def choose_thresholds(sets: list[tuple[list[np.ndarray], list[Unit]]], picking: PeakPicking) -> tuple[float, ...]:
    """For each class the threshold of `GRID` with the highest F1, of several the lowest; 0.5 for a class that never occurs.

    sets  the activations and the units of each set of recordings; the mean of their F1 decides, whatever their sizes.
    """
    tables = [
        [f1(counts_at(activations, units, replace(picking, threshold=t)).sum(axis=0)) for t in GRID] for activations, units in sets
    ]
    known = ~np.isnan(tables)  # (S, G, 5)
    table = np.where(known, tables, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    never = ~known.any(axis=(0, 1))
    return tuple(0.5 if absent else GRID[index] for index, absent in zip(table.argmax(axis=0), never, strict=True))


def score_table(model: nn.Module, sets: dict[str, list[Unit]], chosen_on: str, picking: PeakPicking) -> pd.DataFrame:
    """F1 of each set, micro, macro and by class, at the threshold of `picking` and at those chosen on one of the sets."""
    activations = {name: activations_of(model, units) for name, units in sets.items()}
    by_class = choose_thresholds([(activations[chosen_on], sets[chosen_on])], picking)
    rows = []
    for name, units in sets.items():
        for label, thresholds in (("0.5", picking.threshold), ("by class", by_class)):
            found = scores(counts_at(activations[name], units, replace(picking, threshold=thresholds)))
            rows.append({"set": name, "thresholds": label} | {k: v for k, v in found.items() if k.startswith("f1_")})
    table = pd.DataFrame(rows)
    table.attrs["thresholds"] = dict(zip(CLASSES, by_class, strict=True))
    return table
