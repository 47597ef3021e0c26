"""The recordings of a split, as a browser needs them: all names at once, everything else of one recording when asked for.

A corpus may hold 45,537 tracks. Their names are read once; features stay on disk (`prepared`), and sound is read for the
recording that is looked at. A track that could not be prepared is on the shelf too: opening it says what is wrong with it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from adtlib.audio import AudioError
from adtlib.corpora.base import Corpus, CorpusError
from adtlib.features import FPS, HOP_LENGTH, N_BANDS, log_filter_spectrogram
from adtlib.onsets import AnnotationError, Onsets
from adtlib.passages import Passage, passage_from
from adtlib.prepared import Prepared, PreparedError
from adtlib.vocabulary import CLASSES


@dataclass(frozen=True, eq=False)
class Recording:
    """One track, or one sequence of ADTOF-YT, and in `trouble` the words for what of it cannot be had (else empty).

    features  `(T, 84)`, a view of the file where it is prepared; of no frames where there are none.
    onsets    seconds, one sorted array a class.
    waveform  mono float32 at 44.1 kHz, or None.
    """

    id: str
    features: np.ndarray
    onsets: Onsets
    waveform: np.ndarray | None
    trouble: str = ""

    @property
    def duration(self) -> float:
        """Seconds, to a frame."""
        return len(self.features) / FPS

    @property
    def first_onset(self) -> float:
        """Seconds; 0 where there is none."""
        return min((float(times[0]) for times in self.onsets if len(times)), default=0.0)

    @cached_property
    def loudest(self) -> float:
        """The highest value of the features."""
        return float(self.features.max(initial=0.0))

    @cached_property
    def peak(self) -> float:
        """The highest sample of the waveform, without its sign."""
        return 0.0 if self.waveform is None else float(np.abs(self.waveform).max(initial=0.0))

    def cut(self, corpus: str, start: float, seconds: float) -> Passage:
        """The passage of so many seconds from `start` on, shorter where the recording ends."""
        first, last = round(start * FPS), round((start + seconds) * FPS)
        sound = None if self.waveform is None else self.waveform[first * HOP_LENGTH : last * HOP_LENGTH]
        return passage_from(corpus, self.id, first, self.features[first:last], self.onsets, sound)


class Shelf:
    """The recordings of one split of a corpus, in the corpus's order; `ids` are their names."""

    def __init__(self, corpus: Corpus, prepared: Prepared, split: str) -> None:
        """Read the names; nothing else is read yet."""
        self.corpus, self.prepared, self.split = corpus, prepared, split
        self._units = {unit.id: unit for unit in (prepared.units(split) if split in prepared.splits else ())}
        self._tracks = {track.id: track for track in (() if self.unit == "sequence" else corpus.tracks(split))}
        self.ids = tuple(dict.fromkeys((*self._tracks, *self._units)))
        self._folded = tuple(name.casefold() for name in self.ids)

    @property
    def unit(self) -> str:
        """What a recording is here: "track" or "sequence"."""
        return self.corpus.info.unit

    def find(self, text: str) -> list[str]:
        """Names that hold every word of `text`, in whatever order and case; all names for no words."""
        words = text.casefold().split()
        return [name for name, folded in zip(self.ids, self._folded, strict=True) if all(word in folded for word in words)]

    def open(self, name: str) -> Recording:
        """Read one recording. What is missing or damaged does not raise: `trouble` names the file and the remedy."""
        waveform, trouble = self._sound(name)
        try:
            features, onsets = self._seen(name, waveform)
        except (AnnotationError, PreparedError) as error:
            return Recording(name, np.zeros((0, N_BANDS), np.float32), [np.empty(0) for _ in CLASSES], waveform, str(error))
        return Recording(name, features, onsets, waveform, trouble)

    def _sound(self, name: str) -> tuple[np.ndarray | None, str]:
        if self.unit == "sequence":
            return None, f"{self.corpus.info.name} holds features only: there is no recording to play."
        if name not in self._tracks:
            return None, f"The files of {name} are no longer all there: adt corpora --missing names them."
        try:
            return self.corpus.read_audio(self._tracks[name]), ""
        except (AudioError, CorpusError) as error:
            return None, str(error)

    def _seen(self, name: str, waveform: np.ndarray | None) -> tuple[np.ndarray, Onsets]:
        """(features, onsets): as prepared, else made now from the recording."""
        if name in self._units:
            return self._units[name].features, self._units[name].onsets
        onsets = self.corpus.read_annotation(self._tracks[name]).onsets
        if waveform is None:
            return np.zeros((0, N_BANDS), np.float32), onsets
        return log_filter_spectrogram(waveform, version=self.prepared.version), onsets
