"""Onsets as a list of events, and corrections of them by hand."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

SAME = 0.03  # seconds within which a picked onset and one set by hand count as the same


class Event(NamedTuple):
    """One onset: seconds, class, velocity 1 to 127, confidence 0 to 1 (the activation at the peak; 1 if set by hand).

    kind             of stroke, of `vocabulary.KINDS`; "" where the model does not hear kinds.
    kind_confidence  its probability within the class.
    """

    seconds: float
    name: str
    velocity: int
    confidence: float
    kind: str = ""
    kind_confidence: float = 0.0

    @property
    def label(self) -> str:
        """The kind where it is known, else the class."""
        return self.kind or self.name


class Edit(NamedTuple):
    """A correction by hand: kind `add` or `remove`. Velocity 0 means: estimate it from the energy in the recording."""

    kind: str
    name: str
    seconds: float
    velocity: int = 0


def check_class(name: str) -> None:
    """ValueError for a name that is not a class."""
    if name not in CLASSES:
        raise ValueError(f"{name!r} is not a class: choose one of {', '.join(CLASSES)}")


def onsets_of(events: Sequence[Event]) -> Onsets:
    """Seconds of the events of each class."""
    return [np.array([event.seconds for event in events if event.name == name], dtype=np.float64) for name in CLASSES]


def counts_of(events: Sequence[Event]) -> dict[str, int]:
    """Number of events of each class."""
    return {name: sum(event.name == name for event in events) for name in CLASSES}


def edited(picked: Onsets, edits: Iterable[Edit]) -> tuple[Onsets, dict[tuple[int, float], Edit]]:
    """(onsets with the edits applied, the edits of those that were added by (class index, seconds))."""
    times = [list(map(float, column)) for column in picked]
    by_hand: dict[tuple[int, float], Edit] = {}
    for edit in edits:
        index = CLASSES.index(edit.name)
        removed = [time for time in times[index] if abs(time - edit.seconds) <= SAME]
        if edit.kind == "remove":
            removed = sorted(removed, key=lambda time: abs(time - edit.seconds))[:1]
        for time in removed:
            by_hand.pop((index, time), None)
        times[index] = [time for time in times[index] if time not in removed]
        if edit.kind == "add":
            times[index].append(edit.seconds)
            by_hand[index, edit.seconds] = edit
    return [np.array(sorted(column)) for column in times], by_hand
