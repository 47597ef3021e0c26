"""Which kind of stroke of its class an onset is, as the second head of a model heard it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from adtlib.vocabulary import KINDS, MAIN_KIND

_NUMBERS = {name: np.array([index for index, of in enumerate(KINDS.values()) if of == name]) for name in MAIN_KIND}


@dataclass(frozen=True, eq=False)
class HeardKinds:
    """Kinds of strokes at each frame.

    probabilities  `(T, K)` of each kind within its class, in the order of `vocabulary.KINDS`; float16.
    least          the confidence from which on a kind is believed; None: never. Kinds that are not listed always are.
    """

    probabilities: np.ndarray
    least: Mapping[str, float | None]

    @classmethod
    def of_logits(cls, logits: np.ndarray, least: Mapping[str, float | None]) -> "HeardKinds":
        """From logits `(T, K)` of the head: a softmax within each class."""
        found = np.empty(logits.shape, dtype=np.float16)
        for numbers in _NUMBERS.values():
            own = np.exp(logits[:, numbers] - logits[:, numbers].max(axis=1, keepdims=True))
            found[:, numbers] = own / own.sum(axis=1, keepdims=True)
        return cls(found, least)

    def between(self, first: int, last: int) -> "HeardKinds":
        """Those of the frames from `first` to before `last`."""
        return replace(self, probabilities=self.probabilities[first:last])

    def at(self, frame: int, name: str) -> tuple[str, float]:
        """(kind, probability) of an onset of class `name`: the likeliest kind, or the class's main one where it is not believed."""
        numbers, kinds = _NUMBERS[name], list(KINDS)
        own = self.probabilities[frame, numbers].astype(float)
        kind = kinds[numbers[int(own.argmax())]]
        least = self.least.get(kind, 0.0)
        if least is None or own.max() < least:
            kind = MAIN_KIND[name]
        return kind, float(self.probabilities[frame, kinds.index(kind)])
