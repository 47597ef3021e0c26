"""One threshold for each class, however it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adtlib.peak_picking import PeakPicking
from adtlib.vocabulary import CLASSES


def thresholds_by_class(picking: PeakPicking) -> dict[str, float]:
    """The threshold of each class, also where one holds for all."""
    given = picking.threshold
    return dict(zip(CLASSES, given if isinstance(given, tuple) else [float(given)] * len(CLASSES), strict=True))


def with_thresholds(picking: PeakPicking, thresholds: float | Sequence[float] | Mapping[str, float]) -> PeakPicking:
    """Peak picking with other thresholds: one for all classes, five in the order of CLASSES, or some by the class's name.

    ValueError for an unknown class, another number of them, or a threshold outside [0, 1].
    """
    if isinstance(thresholds, Mapping):
        if unknown := [name for name in thresholds if name not in CLASSES]:
            raise ValueError(f"{unknown[0]!r} is no class: thresholds are for {', '.join(CLASSES)}")
        thresholds = thresholds_by_class(picking) | dict(thresholds)
        return replace(picking, threshold=tuple(float(thresholds[name]) for name in CLASSES))
    if isinstance(thresholds, int | float):
        return replace(picking, threshold=float(thresholds))
    return replace(picking, threshold=tuple(float(value) for value in thresholds))
