"""A few seconds of a recording to look at and listen to: sound, features and onsets of the same time span.

A passage begins where the most classes, then the most onsets, follow; it is the same on every machine.
"""

import re
from dataclasses import dataclass

import numpy as np
from IPython.display import Audio, Markdown

from adtlib.audio.clicks import click_track
from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.audio.playback import player
from adtlib.corpora.base import Corpus, CorpusError, Track
from adtlib.markup import in_markdown
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets, frame_targets, onsets_from_targets, widen_targets
from adtlib.vocabulary import CLASSES

LEAD = 0.1  # seconds before the first onset
CANDIDATES = 8  # recordings whose annotations are compared
_TEMPO = re.compile(r"_(\d+)_(?:beat|fill)_(\d+)-(\d+)")


@dataclass(frozen=True, eq=False)
class Passage:
    """Part of one recording; `onsets` and `start` are seconds from the start of the recording.

    waveform is mono float32 at 44.1 kHz, or None if the corpus has no audio; features are `(T, 84)` float32.
    """

    corpus: str
    id: str
    start: float
    seconds: float
    features: np.ndarray
    onsets: Onsets
    waveform: np.ndarray | None
    generated: bool = False  # of a miniature corpus, whatever real name its track has

    @property
    def end(self) -> float:
        """Seconds from the start of the recording."""
        return self.start + self.seconds

    @property
    def local_onsets(self) -> Onsets:
        """Onsets in seconds from the start of the passage."""
        return [times - self.start for times in self.onsets]


def bar_seconds(track_id: str) -> float | None:
    """Duration of one bar by the tempo and metre in a name of E-GMD ("..._80_beat_4-4_1": 3 s); None for other names."""
    found = _TEMPO.search(track_id)
    if not found:
        return None
    tempo, beats, unit = map(int, found.groups())
    return beats * 4 / unit * 60 / tempo if tempo and unit else None


def example_passage(
    corpus: Corpus, seconds: float = 3.0, split: str | None = None, version: str = "madmom", one_bar: bool = False
) -> Passage | None:
    """The liveliest passage of the first recordings of a corpus; None if nothing usable was found.

    split    by default the first that is not empty.
    one_bar  in E-GMD, whose names state the tempo: one bar from a kick on, instead of `seconds`.
    """
    if corpus.info.unit == "sequence":
        return _from_sequences(corpus, seconds, split)
    for name in corpus.splits if split is None else (split,):
        for track, onsets in _ranked(corpus, corpus.tracks(name)[:CANDIDATES], seconds):
            length = (bar_seconds(track.id) if one_bar else None) or seconds
            if passage := _cut(corpus, track, onsets, length, version, from_kick=one_bar):
                return passage
    return None


def first_passage(corpora: dict[str, Corpus], names, **options) -> Passage | None:
    """The passage of the first of the named corpora that has one."""
    return next(filter(None, (example_passage(corpora[name], **options) for name in names)), None)


def passage_onsets(passage: Passage | None) -> Onsets:
    """Onsets of a passage in seconds from its start; empty without a passage."""
    return [np.empty(0) for _ in CLASSES] if passage is None else passage.local_onsets


def passage_targets(passage: Passage | None) -> np.ndarray:
    """Widened targets `(T, 5)` of a passage; `(0, 5)` without a passage."""
    if passage is None:
        return np.zeros((0, len(CLASSES)), dtype=np.float32)
    return widen_targets(frame_targets(passage.local_onsets, len(passage.features)))


def _ranked(corpus: Corpus, tracks: list[Track], seconds: float) -> list[tuple[Track, Onsets]]:
    """Tracks with readable annotations, the one with the liveliest passage first."""
    readable = []
    for track in tracks:
        try:
            onsets = corpus.read_annotation(track).onsets
        except AnnotationError:
            continue  # `adt prepare` reports it
        readable.append((_best_start(onsets, seconds)[1], track, onsets))
    readable.sort(key=lambda item: item[0], reverse=True)
    return [(track, onsets) for _, track, onsets in readable]


def liveliest_start(onsets: Onsets, seconds: float, duration: float) -> float:
    """Seconds at which the liveliest passage of a recording begins: the most classes, then the most onsets; 0 without onsets."""
    return _best_start(onsets, seconds, duration)[0] if any(map(len, onsets)) else 0.0


def _best_start(onsets: Onsets, seconds: float, end: float = np.inf, from_kick: bool = False) -> tuple[float, tuple[int, int]]:
    """(start, (classes, onsets) within) of the liveliest window that ends before `end` and begins `LEAD` before an onset."""
    starts = np.unique(np.concatenate(onsets[:1] if from_kick and len(onsets[0]) else onsets)) - LEAD
    best = 0.0, (0, 0)
    for start in np.floor(np.clip(starts, 0, None) * FPS) / FPS:
        counts = [np.searchsorted(times, [start, start + seconds]) for times in onsets]
        inside = [int(high - low) for low, high in counts]
        score = sum(count > 0 for count in inside), sum(inside)
        if score > best[1] and start + seconds <= end:
            best = float(start), score
    return best


def _cut(corpus: Corpus, track: Track, onsets: Onsets, seconds: float, version: str, from_kick: bool) -> Passage | None:
    """The liveliest passage of a track, or None if the sound cannot be read or has no onset."""
    try:
        waveform = corpus.read_audio(track)
    except (AudioError, CorpusError):
        return None
    start, (n_classes, _) = _best_start(onsets, seconds, len(waveform) / SAMPLE_RATE, from_kick)
    if not n_classes:
        start = 0.0
        seconds = min(seconds, len(waveform) / SAMPLE_RATE)
        if not any(len(times[times < seconds]) for times in onsets):
            return None
    features = log_filter_spectrogram(waveform, version=version)
    first, n_frames = round(start * FPS), round(seconds * FPS)
    sound = waveform[first * HOP_LENGTH : (first + n_frames) * HOP_LENGTH]
    return passage_from(corpus.info.name, track.id, first, features[first : first + n_frames], onsets, sound, corpus.miniature)


def _from_sequences(corpus: Corpus, seconds: float, split: str | None) -> Passage | None:
    """The liveliest passage of the first sequences of ADTOF-YT."""
    for name in corpus.splits if split is None else (split,):
        best = None
        if not corpus.found(name):
            continue
        stream = corpus.sequences(name)
        try:
            for index, (features, targets) in zip(range(CANDIDATES), stream, strict=False):
                onsets = onsets_from_targets(targets)
                start, score = _best_start(onsets, seconds, len(features) / FPS)
                if best is None or score > best[0]:
                    best = score, index, start, features, onsets
        except CorpusError:
            pass  # sequences before the damage can be used
        if best:
            _, index, start, features, onsets = best
            first, n_frames = round(start * FPS), round(seconds * FPS)
            unit_id = f"{name}, sequence {index}"
            shown = features[first : first + n_frames]
            return passage_from(corpus.info.name, unit_id, first, shown, onsets, None, corpus.miniature)
    return None


def passage_from(
    corpus: str,
    unit_id: str,
    first: int,
    features: np.ndarray,
    onsets: Onsets,
    waveform: np.ndarray | None,
    generated: bool = False,
) -> Passage:
    """The passage whose first frame is `first`: `features` and `waveform` (or None) cut to it, `onsets` of the whole recording."""
    start, seconds = first / FPS, len(features) / FPS
    # Half a frame early: an onset that would round to the frame after the last is not in the passage.
    inside = [times[(times >= start) & (times < start + seconds - 0.5 / FPS)] for times in onsets]
    features = np.asarray(features, dtype=np.float32)
    return Passage(corpus, unit_id, start, seconds, features, inside, waveform, generated)


def listen(passage: Passage | None, clicks: bool = False) -> Audio | Markdown:
    """A player for a notebook: the recording, with `clicks` at its onsets too; without a recording clicks alone.

    Without a passage, or without recording and clicks, a sentence is returned instead.
    """
    if passage is None:
        return Markdown("*Nothing found to listen to.*")
    if passage.waveform is None and not clicks:
        return Markdown(f"*{in_markdown(passage.corpus)} holds features only: there is no recording to play.*")
    sound = np.zeros(round(passage.seconds * SAMPLE_RATE), dtype=np.float32)
    if passage.waveform is not None:
        sound = passage.waveform / max(float(np.abs(passage.waveform).max(initial=0.0)), 1e-9)
    if clicks:
        sound = 0.5 * sound + 0.5 * click_track(passage.local_onsets, len(sound) / SAMPLE_RATE)
    return player(0.9 * sound)


def onset_summary(passage: Passage | None) -> str:
    """A passage in one line: "E-GMD, drummer1/...: 3.0 s from 12.4 s, KD 6, SD 2, ..."."""
    if passage is None:
        return "nothing found"
    counts = ", ".join(f"{name} {len(times)}" for name, times in zip(CLASSES, passage.onsets, strict=True) if len(times))
    track = f"generated, named {passage.id}" if passage.generated else passage.id
    return f"{passage.corpus}, {track}: {passage.seconds:.1f} s from {passage.start:.1f} s; {counts or 'no onsets'}"
