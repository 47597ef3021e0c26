"""Recordings that the transcriber has open: their sound on disk, what models heard in them, what a person corrected.

A recording is decoded once, into a temporary file of samples that is read where it is looked at: an hour takes no more memory
than a minute. A few are kept; corrections are kept for all.
"""

import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from adtlib.audio.clicks import with_clicks
from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE
from adtlib.audio.files import AudioError
from adtlib.audio.mixing import to_peak
from adtlib.corpora.passages import Passage, passage_from
from adtlib.notation.beats import Beats
from adtlib.onsets.frames import Onsets
from adtlib.transcription.events import Edit, Event
from adtlib.transcription.kit_playback import sampled_kit
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.sources import AvailableModel, Source
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import CLASSES

KEPT = 4  # recordings at a time


ORIGINAL, DRUMS, BOTH, CLICKS = "original", "drums", "both", "original and clicks"


_PEAK = 0.9


LISTEN = (ORIGINAL, DRUMS, BOTH, CLICKS)


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording and what a model heard in it, before thresholds were moved and corrections made.

    waveform   mono float32 at 44.1 kHz, a view of a file;  peak: its highest sample, without its sign.
    reference  annotated onsets, None where there are none.
    """

    source: Source
    waveform: np.ndarray
    peak: float
    transcription: Transcription
    reference: Onsets | None

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.transcription.duration

    @property
    def beats(self) -> Beats:
        """Beats and bar lines as the model heard the recording; thresholds moved and corrections made do not move them."""
        return self.transcription.beats

    @cached_property
    def loudest(self) -> float:
        """The highest value of the features."""
        return float(self.transcription.features.max(initial=0.0))

    def cut(self, start: float, seconds: float) -> tuple[Passage, np.ndarray]:
        """(passage without onsets, its activations `(T, 5)`), shorter where the recording ends."""
        first, last = round(start * FPS), round((start + seconds) * FPS)
        first = max(0, min(first, len(self.transcription.activations) - 1))
        heard, sound = self.transcription, self.waveform[first * HOP_LENGTH : last * HOP_LENGTH]
        nothing = [np.empty(0)] * len(CLASSES)
        return (
            passage_from("", self.source.name, first, heard.features[first:last], nothing, sound),
            heard.activations[first:last],
        )


class OpenRecordings:
    """Opens recordings with models. Temporary files go with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="adt-", ignore_cleanup_errors=True)
        self._sounds: OrderedDict[Source, tuple[np.ndarray, float]] = OrderedDict()
        self._heard: OrderedDict[tuple[Source, str], Heard] = OrderedDict()
        self._count = 0
        self.edits: dict[Source, tuple[Edit, ...]] = {}

    @property
    def folder(self) -> Path:
        """Where temporary files lie."""
        return Path(self._folder.name)

    def listen(self, source: Source, model: AvailableModel, progress: Callable[[float], None] | None = None) -> Heard:
        """The recording, and what the model hears in it. Raises AudioError, ModelError or RunError.

        progress  called with the seconds heard so far, where it has to be listened to first.
        """
        key = source, model.where
        if key in self._heard:
            self._heard.move_to_end(key)
            return self._heard[key]
        waveform, peak = self._decoded(source)
        found = transcribe(waveform, SAMPLE_RATE, model.load(), name=source.file_name, progress=progress)
        found = replace(found, source=source.path)
        self._heard[key] = Heard(source, waveform, peak, found, source.reference())
        if len(self._heard) > 2 * KEPT:
            self._heard.popitem(last=False)
        return self._heard[key]

    def _decoded(self, source: Source) -> tuple[np.ndarray, float]:
        if source in self._sounds:
            self._sounds.move_to_end(source)
            return self._sounds[source]
        self._count += 1
        path, peak = self.folder / f"{self._count}.f32", 0.0
        try:
            with open(path, "wb") as file:
                for block in source.blocks():
                    peak = max(peak, float(np.abs(block).max(initial=0.0)))
                    file.write(np.ascontiguousarray(block, dtype=np.float32).tobytes())
            if not path.stat().st_size:
                raise AudioError(f"{source.name} holds no samples: copy or download it again")
            waveform = np.memmap(path, dtype=np.float32, mode="r")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._sounds[source] = waveform, peak
        if len(self._sounds) > KEPT:
            old, (gone, _) = self._sounds.popitem(last=False)
            for key in [key for key in self._heard if key[0] is old]:
                del self._heard[key]
            Path(gone.filename).unlink(missing_ok=True)
        return waveform, peak

    def corrected(self, heard: Heard, thresholds: dict[str, float]) -> Transcription:
        """What was heard, picked with other thresholds, with the corrections of the recording."""
        return replace(heard.transcription.with_thresholds(thresholds), edits=self.edits.get(heard.source, ()))


def passage_sound(passage: Passage, events: tuple[Event, ...], listen: str, peak: float) -> np.ndarray:
    """A passage to listen to, as one of LISTEN says: mono float32 at 44.1 kHz in [-1, 1].

    events  onsets of the passage, in seconds of the recording;  peak  the recording's highest sample: passages keep their loudness.
    """
    n_samples = len(passage.features) * HOP_LENGTH
    drum_events = [(event.seconds - passage.start, event.name, event.velocity) for event in events]
    sound = np.zeros(n_samples, dtype=np.float32)  # features are made to the last sample, and a frame may pass it
    sound[: len(passage.waveform)] = passage.waveform
    sound *= _PEAK / max(peak, 1e-9)
    if listen == CLICKS:
        (sound,) = with_clicks([sound], drum_events)
    elif listen in (DRUMS, BOTH):
        drums = to_peak(sampled_kit().render(drum_events, n_samples / SAMPLE_RATE), _PEAK)
        sound = drums if listen == DRUMS else 0.5 * sound + 0.5 * drums
    return np.clip(sound, -1, 1)
