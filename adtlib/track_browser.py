"""A panel to leaf through corpora: choose a recording, see some seconds of it, hear them, and clicks at its annotated onsets.

The list of names is searched by words, as a corpus may hold 45,537 tracks; of a recording only what is looked at is read.
"""

import html
from typing import Any

import ipywidgets
import numpy as np

from adtlib.corpora.base import Corpus
from adtlib.dependent_panel import DependentPanel, limit, offer
from adtlib.features import HOP_LENGTH, SAMPLE_RATE
from adtlib.panel import house_theme, menu, slider
from adtlib.passage_picture import PassagePicture
from adtlib.passages import LEAD, Passage, click_track, onset_summary
from adtlib.prepared import Prepared
from adtlib.shelves import Recording, Shelf
from adtlib.sounds import mp3

LISTED = 100  # names that the list shows at a time
LENGTHS = (2, 4, 8, 16)  # seconds to see and hear
RECORDING, CLICKS, BOTH = "recording", "clicks", "both"


class TrackBrowser(DependentPanel):
    """The panel `adt-panel-tracks`, with the controls corpus, split, search, track, start, seconds and listen.

    Of names beyond the first 100 that match `search` the list says how many there are. `set(search="punk", start=12.0)` does
    from code what the controls do. A recording that is missing or damaged is named with the remedy, what there is of it shown.
    """

    def __init__(self, corpora: dict[str, Corpus], prepared: dict[str, Prepared]) -> None:
        """The corpora, opened and prepared, by name."""
        self._sources = {name: (corpus, prepared[name]) for name, corpus in corpora.items()}
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._opened: tuple[Shelf, str, Recording] | None = None
        self._held, self._found = True, 0
        first = next((name for name, (corpus, _) in self._sources.items() if corpus.present), next(iter(corpora)))
        self.controls = _controls(tuple(corpora), first)
        self._follow("corpus")
        with house_theme():
            self._shown = PassagePicture()
            super().__init__("tracks", self._shown.figure, self.controls, self._draw, self._shown.moving, self._sounds)
        self._arrange()

    # ---- controls that depend on others

    def _follow(self, name: str) -> None:
        """Bring in line what depends on the control `name`: corpus, split, track, start, each on those before it."""
        control = self.controls
        if name == "corpus":
            corpus, _ = self._sources[control["corpus"].value]
            filled = [split for split in corpus.splits if self._shelf(split).ids]
            offer(control["split"], corpus.splits, (filled or corpus.splits)[0])
            if corpus.info.unit == "sequence":  # of which only the onsets can be heard
                control["listen"].value = CLICKS
        if name in ("corpus", "split", "search"):
            found = self._shelf().find(control["search"].value)
            self._found = len(found)
            chosen = control["track"].value
            offer(control["track"], found[:LISTED], chosen if chosen in found[:LISTED] else next(iter(found), None))
        if name != "start" and (recording := self._recording()):
            last = max(0.0, recording.duration - control["seconds"].value)
            limit(control["start"], 0.0, last)
            if name in ("corpus", "split", "search", "track"):
                control["start"].value = min(max(0.0, round(recording.first_onset - LEAD, 1)), last)

    def _shelf(self, split: str | None = None) -> Shelf:
        key = self.controls["corpus"].value, split or self.controls["split"].value
        if key not in self._shelves:
            self._shelves[key] = Shelf(*self._sources[key[0]], key[1])
        return self._shelves[key]

    def _recording(self) -> Recording | None:
        """The recording that is chosen, read once; None where the list is empty."""
        shelf, name = self._shelf(), self.controls["track"].value
        if name is None:
            return None
        if self._opened is None or self._opened[0] is not shelf or self._opened[1] != name:
            self._opened = shelf, name, shelf.open(name)
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
        shelf = self._shelf()
        total, where = len(shelf.ids), f"{shelf.corpus.info.name}, {shelf.split}"
        if not total:
            return f"Nothing whole was found of {where}{_first_missing(shelf)}. Remedy: {html.escape(shelf.corpus.info.remedy)}."
        lines = [f"{where}: {total:,} {shelf.unit}{'s' * (total != 1)}"]
        if self._found < total:
            lines[0] += f", {self._found:,} with these words"
        if self._found > LISTED:
            lines[0] += f"; the first {LISTED} are listed, words in <i>search</i> find the others"
        if passage is not None:
            lines.append(html.escape(f"{onset_summary(passage)}; of {recording.duration:.1f} s"))
        if recording is not None and recording.trouble:
            lines.append(f"<b>{html.escape(recording.trouble)}</b>")
        return "<br>".join(lines)

    def _sounds(self, start: float, seconds: float, listen: str, **_: Any) -> bytes | None:
        passage = self._passage(start, seconds)
        return None if passage is None else passage_sound(passage, listen)

    def _arrange(self) -> None:
        """Room for long names; controls without a choice are left out of sight."""
        self.controls["track"].layout.width = self.controls["search"].layout.width = "60em"
        listen = self.controls["listen"]
        listen.style.button_width = "8em"
        # Its description stands above the buttons unless it is told otherwise.
        listen.layout.width, listen.layout.display, listen.layout.align_items = "44em", "flex", "baseline"
        for name in ("corpus", "split"):
            if len(self.controls[name].options) < 2 and len(self._sources) < 2:
                self.controls[name].layout.display = "none"


def browse_tracks(corpora: dict[str, Corpus], prepared: dict[str, Prepared]) -> TrackBrowser:
    """Recordings of the corpora, opened and prepared, by name: see and hear any of them, and clicks at its annotated onsets."""
    return TrackBrowser(corpora, prepared)


def passage_sound(passage: Passage, listen: str) -> bytes | None:
    """The passage as an MP3: "recording", "clicks" at its onsets, or "both"; None where it has no recording to play."""
    n_samples = len(passage.features) * HOP_LENGTH
    clicks = click_track(passage.local_onsets, n_samples / SAMPLE_RATE, SAMPLE_RATE)
    if listen == CLICKS:
        return mp3(0.7 * clicks)
    if passage.waveform is None:
        return None
    sound = np.zeros(n_samples, dtype=np.float32)  # features are made to the last sample, and a frame may pass it
    sound[: len(passage.waveform)] = passage.waveform
    sound *= 0.9 / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    return mp3(sound if listen == RECORDING else 0.5 * sound + 0.5 * clicks)


def _controls(corpora: tuple[str, ...], first: str) -> dict[str, Any]:
    """The controls, those first that others depend on; lists are filled by `_follow`."""
    return {
        "corpus": menu("corpus", first, corpora),
        "split": menu("split", None, ()),
        "search": ipywidgets.Text(description="search", placeholder="words of the name, in any order", continuous_update=True),
        "track": ipywidgets.Select(description="track", options=(), rows=6),
        "seconds": ipywidgets.Dropdown(description="length (s)", options=LENGTHS, value=4),
        "start": slider("start (s)", 0.0, 0.0, 1.0, 0.1),
        "listen": ipywidgets.ToggleButtons(description="listen to", options=(RECORDING, CLICKS, BOTH), value=RECORDING),
    }


def _first_missing(shelf: Shelf) -> str:
    """A clause that names the first file that a shelf lacks; "" where nothing is known to be missing."""
    missing = shelf.corpus.missing(shelf.split)
    others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
    return f": missing is {html.escape(missing[0])}{others}" if missing else ""
