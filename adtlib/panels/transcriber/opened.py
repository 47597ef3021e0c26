"""Open recordings of the transcriber: their sound on disk, their transcriptions, and the user's corrections.

A recording is decoded once into a temporary file of samples, of which only the visible part is read: an hour takes no more memory
than a minute. A few recordings are kept; corrections are kept for all.
"""

import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from adtlib.audio.clicks import with_clicks
from adtlib.audio.defects import LIMIT, peak_of
from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE
from adtlib.audio.files import AudioError, read_audio
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
class OpenRecording:
    """A recording and its transcription by a model, without changed thresholds and corrections.

    waveform   mono float32 at 44.1 kHz, a view of a file;  peak: its highest absolute sample.
    reference  annotated onsets, None if it is not annotated.
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
        """Beats and bar lines of the model's transcription; changed thresholds and corrections do not affect them."""
        return self.transcription.beats

    @cached_property
    def loudest(self) -> float:
        """The highest value of the features."""
        return float(self.transcription.features.max(initial=0.0))

    def cut(self, start: float, seconds: float) -> tuple[Passage, np.ndarray]:
        """(passage without onsets, its activations `(T, 5)`), shorter at the end of the recording."""
        first, last = round(start * FPS), round((start + seconds) * FPS)
        first = max(0, min(first, len(self.transcription.activations) - 1))
        whole, sound = self.transcription, self.waveform[first * HOP_LENGTH : last * HOP_LENGTH]
        nothing = [np.empty(0)] * len(CLASSES)
        return (
            passage_from("", self.source.name, first, whole.features[first:last], nothing, sound),
            whole.activations[first:last],
        )


class OpenRecordings:
    """Transcribes recordings and keeps the latest. Temporary files are deleted with the object."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="adt-", ignore_cleanup_errors=True)
        self._sounds: OrderedDict[Source, tuple[np.ndarray, float]] = OrderedDict()
        self._results: OrderedDict[tuple[Source, str], OpenRecording] = OrderedDict()
        self._count = 0
        self.edits: dict[Source, tuple[Edit, ...]] = {}

    @property
    def folder(self) -> Path:
        """Folder of temporary files."""
        return Path(self._folder.name)

    def transcribe(self, source: Source, model: AvailableModel, progress: Callable[[float], None] | None = None) -> OpenRecording:
        """The recording, transcribed by the model. Raises AudioError, ModelError or RunError.

        progress  called with the seconds transcribed so far, if it is not kept from an earlier call.
        """
        key = source, model.where
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key]
        waveform, peak = self._decoded(source)
        found = transcribe(waveform, SAMPLE_RATE, model.load(), name=source.file_name, progress=progress)
        found = replace(found, source=source.path)
        self._results[key] = OpenRecording(source, waveform, peak, found, source.reference())
        if len(self._results) > 2 * KEPT:
            self._results.popitem(last=False)
        return self._results[key]

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
            if peak > LIMIT:  # floats on the scale of integers
                whole = read_audio(source.path or source.track, allow_silence=True)
                path.write_bytes(whole.tobytes())
                peak = peak_of(whole)
            waveform = np.memmap(path, dtype=np.float32, mode="r")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._sounds[source] = waveform, peak
        if len(self._sounds) > KEPT:
            old, (gone, _) = self._sounds.popitem(last=False)
            for key in [key for key in self._results if key[0] is old]:
                del self._results[key]
            Path(gone.filename).unlink(missing_ok=True)
        return waveform, peak

    def corrected(self, result: OpenRecording, thresholds: dict[str, float]) -> Transcription:
        """The transcription with other thresholds and the corrections of the recording."""
        return replace(result.transcription.with_thresholds(thresholds), edits=self.edits.get(result.source, ()))


def passage_sound(passage: Passage, events: tuple[Event, ...], listen: str, peak: float) -> np.ndarray:
    """Sound of a passage, `listen` being one of LISTEN: mono float32 at 44.1 kHz in [-1, 1].

    events  onsets of the passage, in seconds of the recording.
    peak    the recording's highest sample, so that passages keep their relative loudness.
    """
    n_samples = len(passage.features) * HOP_LENGTH
    drum_events = [(event.seconds - passage.start, event.name, event.velocity) for event in events]
    sound = np.zeros(n_samples, dtype=np.float32)  # the last frame of features may extend beyond the last sample
    sound[: len(passage.waveform)] = passage.waveform
    sound *= _PEAK / max(peak, 1e-9)
    if listen == CLICKS:
        (sound,) = with_clicks([sound], drum_events)
    elif listen in (DRUMS, BOTH):
        drums = to_peak(sampled_kit().render(drum_events, n_samples / SAMPLE_RATE), _PEAK)
        sound = drums if listen == DRUMS else 0.5 * sound + 0.5 * drums
    return np.clip(sound, -1, 1)
