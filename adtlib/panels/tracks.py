"""A panel to browse corpora: choose a recording, see and hear some seconds of it, with clicks at the annotated onsets.

A corpus may hold 45,537 tracks. Their names are read once and searched by words; features stay on disk, and sound is read only for
the chosen recording. Tracks that could not be prepared are listed, too: opening one shows what is wrong with it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets
import numpy as np

from adtlib.audio.clicks import click_track
from adtlib.audio.features import FPS, HOP_LENGTH, N_BANDS, SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.audio.playback import mp3
from adtlib.corpora.base import Corpus, CorpusError
from adtlib.corpora.passages import LEAD, Passage, onset_summary, passage_from
from adtlib.corpora.store import Prepared, PreparedError
from adtlib.figures.theme import theme_context
from adtlib.markup import in_html, in_line
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets
from adtlib.panels.panel import DependentPanel, limit, menu, offer, slider
from adtlib.panels.passage_picture import PassagePicture
from adtlib.vocabulary import CLASSES


@dataclass(frozen=True, eq=False)
class Recording:
    """One track, or one sequence of ADTOF-YT; `problem` says which part of it is not available ("" if all is).

    features  `(T, 84)`, a view of the file if it is prepared; without frames if there are no features.
    onsets    seconds, one sorted array a class.
    waveform  mono float32 at 44.1 kHz, or None.
    """

    id: str
    features: np.ndarray
    onsets: Onsets
    waveform: np.ndarray | None
    problem: str = ""

    @property
    def duration(self) -> float:
        """Seconds, to a frame."""
        return len(self.features) / FPS

    @property
    def first_onset(self) -> float:
        """Seconds; 0 without onsets."""
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
        """The passage of `seconds` from `start` on, shorter at the end of the recording."""
        first, last = round(start * FPS), round((start + seconds) * FPS)
        sound = None if self.waveform is None else self.waveform[first * HOP_LENGTH : last * HOP_LENGTH]
        return passage_from(corpus, self.id, first, self.features[first:last], self.onsets, sound)


class SplitIndex:
    """The recordings of one split of a corpus, in the corpus's order; `ids` are their names, as a list can show them."""

    def __init__(self, corpus: Corpus, prepared: Prepared, split: str) -> None:
        """Read only the names."""
        self.corpus, self.prepared, self.split = corpus, prepared, split
        self._units = {in_line(unit.id): unit for unit in (prepared.units(split) if split in prepared.splits else ())}
        self._tracks = {in_line(track.id): track for track in (() if self.unit == "sequence" else corpus.tracks(split))}
        self.ids = tuple(dict.fromkeys((*self._tracks, *self._units)))
        self._folded = tuple(name.casefold() for name in self.ids)

    @property
    def unit(self) -> str:
        """Kind of recording: "track" or "sequence"."""
        return self.corpus.info.unit

    def find(self, text: str) -> list[str]:
        """Names that contain every word of `text`, in any order and case; all names if it is empty."""
        words = text.casefold().split()
        return [name for name, folded in zip(self.ids, self._folded, strict=True) if all(word in folded for word in words)]

    def open(self, name: str) -> Recording:
        """Read one recording. Missing or damaged files do not raise: `problem` names the file and the remedy."""
        waveform, problem = self._sound(name)
        try:
            features, onsets = self._seen(name, waveform)
        except (AnnotationError, PreparedError) as error:
            return Recording(name, np.zeros((0, N_BANDS), np.float32), [np.empty(0) for _ in CLASSES], waveform, str(error))
        return Recording(name, features, onsets, waveform, problem)

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
        """(features, onsets): as prepared, else computed from the recording."""
        if name in self._units:
            return self._units[name].features, self._units[name].onsets
        onsets = self.corpus.read_annotation(self._tracks[name]).onsets
        if waveform is None:
            return np.zeros((0, N_BANDS), np.float32), onsets
        return log_filter_spectrogram(waveform, version=self.prepared.version), onsets


LISTED = 100  # names that the list shows at a time


LENGTHS = (2, 4, 8, 16)  # seconds to see and hear


RECORDING, CLICKS, BOTH = "recording", "clicks", "both"


class TrackBrowser(DependentPanel):
    """The panel `adt-panel-tracks`, with the controls corpus, split, search, track, start, seconds and listen.

    The list has the first LISTED names that match `search`; the sentence gives their total number. `set(search="punk", start=12.0)`
    sets controls from code. For a missing or damaged recording the sentence names the remedy, and the available parts are shown.
    """

    def __init__(self, corpora: dict[str, Corpus], prepared: dict[str, Prepared]) -> None:
        """The corpora, opened and prepared, by name."""
        self._sources = {name: (corpus, prepared[name]) for name, corpus in corpora.items()}
        self._indexes: dict[tuple[str, str], SplitIndex] = {}
        self._opened: tuple[SplitIndex, str, Recording] | None = None
        self._held, self._found = True, 0
        first = next((name for name, (corpus, _) in self._sources.items() if corpus.present), next(iter(corpora)))
        self.controls = _controls(tuple(corpora), first)
        self._follow("corpus")
        with theme_context():
            self._shown = PassagePicture()
            super().__init__("tracks", self._shown.figure, self.controls, self._draw, self._shown.moving, self._sounds)
        self._arrange()

    # ---- controls that depend on others

    def _follow(self, name: str) -> None:
        """Update what depends on the control `name`: corpus, split, track, start, each depends on those before it."""
        control = self.controls
        if name == "corpus":
            corpus, _ = self._sources[control["corpus"].value]
            filled = [split for split in corpus.splits if self._index(split).ids]
            offer(control["split"], corpus.splits, (filled or corpus.splits)[0])
            if corpus.info.unit == "sequence":  # without sound: only clicks at the onsets
                control["listen"].value = CLICKS
        if name in ("corpus", "split", "search"):
            found = self._index().find(control["search"].value)
            self._found = len(found)
            chosen = control["track"].value
            offer(control["track"], found[:LISTED], chosen if chosen in found[:LISTED] else next(iter(found), None))
        if name != "start" and (recording := self._recording()):
            last = max(0.0, recording.duration - control["seconds"].value)
            limit(control["start"], 0.0, last)
            if name in ("corpus", "split", "search", "track"):
                control["start"].value = min(max(0.0, round(recording.first_onset - LEAD, 1)), last)

    def _index(self, split: str | None = None) -> SplitIndex:
        key = self.controls["corpus"].value, split or self.controls["split"].value
        if key not in self._indexes:
            self._indexes[key] = SplitIndex(*self._sources[key[0]], key[1])
        return self._indexes[key]

    def _recording(self) -> Recording | None:
        """The chosen recording, read once; None if the list is empty."""
        index, name = self._index(), self.controls["track"].value
        if name is None:
            return None
        if self._opened is None or self._opened[0] is not index or self._opened[1] != name:
            self._opened = index, name, index.open(name)
        return self._opened[2]

    # ---- picture, sentence and sound

    def _passage(self, start: float, seconds: float) -> Passage | None:
        recording = self._recording()
        return recording.cut(self.controls["corpus"].value, start, seconds) if recording and len(recording.features) else None

    def _draw(self, start: float, seconds: float, **_: Any) -> str:
        passage, recording = self._passage(start, seconds), self._recording()
        self._shown.show(passage, *((recording.loudest, recording.peak) if passage else (1.0, 1.0)))
        return self._words(passage, recording)

    def _words(self, passage: Passage | None, recording: Recording | None) -> str:
        index = self._index()
        total, where = len(index.ids), in_html(f"{index.corpus.info.name}, {index.split}")
        if not total:
            return f"Nothing whole was found of {where}{_first_missing(index)}. Remedy: {in_html(index.corpus.info.remedy)}."
        lines = [f"{where}: {total:,} {index.unit}{'s' * (total != 1)}"]
        if self._found < total:
            lines[0] += f", {self._found:,} with these words"
        if self._found > LISTED:
            lines[0] += f"; the first {LISTED} are listed, words in <i>search</i> find the others"
        if passage is not None:
            lines.append(in_html(f"{onset_summary(passage)}; of {recording.duration:.1f} s"))
        if recording is not None and recording.problem:
            lines.append(f"<b>{in_html(recording.problem)}</b>")
        return "<br>".join(lines)

    def _sounds(self, start: float, seconds: float, listen: str, **_: Any) -> bytes | None:
        passage = self._passage(start, seconds)
        return None if passage is None else passage_sound(passage, listen)

    def _arrange(self) -> None:
        """Make room for long names; hide controls without a choice."""
        self.controls["track"].layout.width = self.controls["search"].layout.width = "60em"
        listen = self.controls["listen"]
        listen.style.button_width = "8em"
        # By default its description would be above the buttons.
        listen.layout.width, listen.layout.display, listen.layout.align_items = "44em", "flex", "baseline"
        for name in ("corpus", "split"):
            if len(self.controls[name].options) < 2 and len(self._sources) < 2:
                self.controls[name].layout.display = "none"


def browse_tracks(corpora: dict[str, Corpus], prepared: dict[str, Prepared]) -> TrackBrowser:
    """A panel to see and hear any recording of the corpora, opened and prepared, by name, with clicks at annotated onsets."""
    return TrackBrowser(corpora, prepared)


def passage_sound(passage: Passage, listen: str) -> bytes | None:
    """The passage as an MP3: "recording", "clicks" at its onsets, or "both"; None without sound."""
    n_samples = len(passage.features) * HOP_LENGTH
    clicks = click_track(passage.local_onsets, n_samples / SAMPLE_RATE)
    if listen == CLICKS:
        return mp3(0.7 * clicks)
    if passage.waveform is None:
        return None
    sound = np.zeros(n_samples, dtype=np.float32)  # the last frame of features may extend beyond the last sample
    sound[: len(passage.waveform)] = passage.waveform
    sound *= 0.9 / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    return mp3(sound if listen == RECORDING else 0.5 * sound + 0.5 * clicks)


def _controls(corpora: tuple[str, ...], first: str) -> dict[str, Any]:
    """The controls, first those that others depend on; lists are filled by `_follow`."""
    return {
        "corpus": menu("corpus", first, corpora),
        "split": menu("split", None, ()),
        "search": ipywidgets.Text(description="search", placeholder="words of the name, in any order", continuous_update=True),
        "track": ipywidgets.Select(description="track", options=(), rows=6),
        "seconds": ipywidgets.Dropdown(description="length (s)", options=LENGTHS, value=4),
        "start": slider("start (s)", 0.0, 0.0, 1.0, 0.1),
        "listen": ipywidgets.ToggleButtons(description="listen to", options=(RECORDING, CLICKS, BOTH), value=RECORDING),
    }


def _first_missing(index: SplitIndex) -> str:
    """A clause that names the first missing file of a split; "" if no file is known to be missing."""
    missing = index.corpus.missing(index.split)
    others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
    return f": missing is {in_html(missing[0])}{others}" if missing else ""
