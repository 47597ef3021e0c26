"""Scores of a model on sets of recordings, rendered or real, with thresholds chosen on one of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from torch import nn

from adtlib.evaluation import count_matches, scores
from adtlib.onsets import Onsets
from adtlib.peak_picking import PeakPicking, pick_peaks
from adtlib.prepared import Unit
from adtlib.scoring import choose_thresholds, predict_units
from adtlib.vocabulary import CLASSES

# From 0.2: below it, what was chosen on rendered clips or few songs finds onsets everywhere in other recordings.
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
    """F1 of each set, micro, macro and by class, at the threshold of `picking` and at those chosen on one of the sets."""
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
