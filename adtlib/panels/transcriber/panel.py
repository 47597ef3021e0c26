"""A panel to transcribe with: choose a recording, look, listen, move thresholds, correct, read the score, save.

What a slider moves is looked for in the passage alone, so that a song of an hour answers like one of a minute. Sound, score and the
numbers of the whole recording follow once the controls rest.
"""

import html
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from IPython.display import Markdown

from adtlib.audio.files import AudioError
from adtlib.audio.playback import wav
from adtlib.corpora.passages import LEAD
from adtlib.figures.theme import theme_context
from adtlib.notation.patterns import Pattern
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.panels.panel import DependentPanel, limit, offer, small_png
from adtlib.panels.transcriber.controls import Parts, laid_out, make_controls
from adtlib.panels.transcriber.opened import Heard, OpenRecordings, passage_sound
from adtlib.panels.transcriber.picture import TranscriberPicture
from adtlib.panels.transcriber.score import score_svg, with_score
from adtlib.panels.transcriber.words import download_links, in_the_passage, of_the_whole
from adtlib.profiles import Profile
from adtlib.training.runs import RunError
from adtlib.transcription.excerpts import events_between, passage_pattern
from adtlib.transcription.pretrained import ModelError
from adtlib.transcription.sources import (
    AvailableModel,
    Source,
    about_model,
    available_models,
    find_sources,
    named_sources,
    transcriptions_folder,
)
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import CLASSES

LISTED = 100  # recordings that the list shows at a time
_LATER = 0.3  # seconds after the sound at which score and summary are made


class Transcriber(DependentPanel):
    """The panel `adt-panel-transcriber`; its controls are those of `make_controls`, its other `parts` those of `Parts`.

    From code: `set(recording="...", threshold_HH=0.4)`, `add()`, `remove()` and `undo()` at the controls `drum` and `at`, `save()`,
    `open_file(path)`; `transcription` is the recording's, corrected.
    """

    rest = 0.06
    sound_format = "wav"

    def __init__(self, sources: Sequence[Source], models: Sequence[AvailableModel], folder: Path, tolerance: float) -> None:
        """Recordings and models to choose from, one of each at least; `folder`: where results are saved; `tolerance`: of scores."""
        self._sources = {source.name: source for source in sources}
        self._models = {model.name: model for model in models}
        self._open = OpenRecordings()
        self._tolerance = tolerance
        self._trouble, self._heard, self._shown = "", None, None
        self._chosen: dict[str, float] = {}  # the model's own thresholds
        self._held = True
        self.controls, self.parts, self._pattern = make_controls(tuple(self._models)), Parts(folder), None
        self._follow("search")
        with theme_context():
            self._drawn = TranscriberPicture()
            parts = self._drawn.figure, self.controls, self._draw, self._drawn.moving, self._sound_of, self._drawn.quick
            super().__init__("transcriber", *parts)
        self._finish()

    # ---- what is open

    @property
    def transcription(self) -> Transcription:
        """What was heard in the recording, at the thresholds of the sliders and corrected. ValueError where none is open."""
        if self._heard is None:
            raise ValueError(self._trouble or "no recording is open: choose one")
        return self._open.corrected(self._heard, self._thresholds)

    @property
    def _thresholds(self) -> dict[str, float]:
        return {name: self.controls[f"threshold_{name}"].value for name in CLASSES}

    def _follow(self, name: str) -> None:
        """Bring in line what depends on a control: the list, the recording, its thresholds, where a passage can be."""
        control = self.controls
        if name == "search":
            words = control["search"].value.casefold().split()
            found = [label for label in self._sources if all(word in label.casefold() for word in words)]
            chosen = control["recording"].value
            offer(control["recording"], found[:LISTED], chosen if chosen in found[:LISTED] else next(iter(found), None))
        if name in ("search", "recording", "model"):
            before = self._heard
            self._listen()
            if self._heard is None or self._heard is before:
                return
            if before is None or before.source is not self._heard.source:
                first = min((event.seconds for event in self._heard.transcription.events), default=0.0)
                self._limit_start()
                control["start"].value = max(0.0, round(first - LEAD, 1))
            self._take_thresholds(self._heard)
        if name in ("search", "recording", "model", "seconds", "start") and self._heard:
            self._limit_start()
            start = control["start"].value
            end = min(start + control["seconds"].value, self._heard.duration)
            limit(control["at"], round(start, 2), round(end, 2))
            if name in ("search", "recording"):
                control["at"].value = round((start + end) / 2, 2)
            if name in ("search", "recording", "model"):
                self._defaults = self.values  # to which Reset leads back

    def _limit_start(self) -> None:
        limit(self.controls["start"], 0.0, max(0.0, round(self._heard.duration - self.controls["seconds"].value, 1)))

    def _take_thresholds(self, heard: Heard) -> None:
        self._chosen = {name: round(value, 2) for name, value in thresholds_by_class(heard.transcription.peak_picking).items()}
        for name, value in self._chosen.items():
            self.controls[f"threshold_{name}"].value = value

    def _listen(self) -> None:
        """Open what is chosen. Where that cannot be, `_trouble` says why and nothing is open."""
        source, model = self._sources.get(self.controls["recording"].value), self._models[self.controls["model"].value]
        self._trouble = "" if source else "no recording has these words in its name"
        self._heard = None
        if source is None:
            return
        try:
            self._heard = self._open.listen(source, model, self._say_progress)
        except (AudioError, ModelError, RunError) as error:
            self._trouble = str(error)

    def _say_progress(self, seconds: float) -> None:
        if hasattr(self, "sentence"):
            self.sentence.value = f"listening: {seconds:.0f} s heard"

    # ---- picture, sentence and sound

    def _draw(self, start: float, seconds: float, drum: str, at: float, **_: Any) -> str:
        if self._heard is None:
            self._put(None, None, None)
            self._drawn.marks((), dict.fromkeys(CLASSES, 0.5), (), None)
            return f"<b>{html.escape(self._trouble)}</b>"
        key = self._heard, start, seconds
        if key != self._shown:
            self._put(key, *self._heard.cut(start, seconds))
        transcription = self.transcription
        self._events = events_between(transcription, self._passage.start, self._passage.end)
        by_hand = {(edit.name, round(edit.seconds, 9)) for edit in transcription.edits if edit.kind == "add"}
        by_hand &= {(event.name, event.seconds) for event in self._events}
        self._drawn.marks(self._events, self._thresholds, sorted(by_hand), (drum, at))
        return in_the_passage(self._events, self._passage)

    def _put(self, key, passage, activations) -> None:
        """Another passage into the picture."""
        self._shown, self._passage = key, passage
        heard = self._heard
        if passage is None:
            self._drawn.passage(None, None, None, 1.0, 1.0)
        else:
            self._drawn.passage(passage, activations, heard.reference, heard.loudest, heard.peak)
        if hasattr(self, "picture"):
            self.picture.stale()

    def _sound_of(self, listen: str, **_: Any) -> bytes | None:
        return None if self._heard is None else wav(passage_sound(self._passage, self._events, listen, self._heard.peak))

    def _make_sound(self) -> None:
        self.player.loop = self.player.autoplay = self.controls["keep_playing"].value
        super()._make_sound()
        self._soon(_LATER, self._follow_up)

    def _follow_up(self) -> None:
        """Score and summary, which take longer than a slider may."""
        self._waiting = None
        with self._drawing:
            try:
                self._pattern = None if self._heard is None else self._written_down()
                self.parts.show_score(score_svg(self._pattern) if self._pattern else None)
                self.parts.summary.value = "" if self._heard is None else self._summary()
            except Exception as error:  # whatever it was, the user has to see it
                self._say_error(error)

    def _written_down(self) -> Pattern | None:
        found = passage_pattern(self.transcription, self._heard.beats, self._passage.start, self._passage.end)
        return found if found.hits else None

    def _summary(self) -> str:
        heard, moved = self._heard, self._thresholds != self._chosen
        return of_the_whole(self.transcription, heard, self._tolerance, moved)

    def still(self) -> bytes:
        """The picture, and the score of the passage below it."""
        return small_png(with_score(self.picture.image(), self._pattern))

    # ---- corrections

    def add(self) -> None:
        """Add an onset of the class `drum` at `at` seconds."""
        self._correct(Transcription.add)

    def remove(self) -> None:
        """Remove the onset of the class `drum` that is nearest to `at`, within 50 ms."""
        self._correct(Transcription.remove)

    def undo(self) -> None:
        """Take the last correction of the recording back."""
        self._correct(_without_the_last)

    def _correct(self, change) -> None:
        with self._drawing:
            try:
                changed = change(self.transcription, self.controls["drum"].value, self.controls["at"].value)
            except ValueError as error:
                return self._refuse(str(error))
            self._open.edits[self._heard.source] = changed.edits
            self._on_change()

    # ---- files in and out

    def open_file(self, path: Path | str, name: str | None = None) -> None:
        """Put a file, or the recordings of a folder, on the list and open the first. What cannot be read is said."""
        try:
            sources = named_sources([path])
        except (OSError, AudioError) as error:
            return self._refuse(str(error))
        if name:
            sources = [replace(sources[0], name=name)]
        try:
            self._open.listen(sources[0], self._models[self.controls["model"].value], self._say_progress)
        except (AudioError, ModelError, RunError) as error:  # the list, and what is open, stay as they were
            return self._refuse(str(error).replace(str(sources[0].path), sources[0].name))
        self._sources = {source.name: source for source in sources} | {
            label: source for label, source in self._sources.items() if label not in {new.name for new in sources}
        }
        self.set(search="")
        self.set(recording=sources[0].name)

    def _refuse(self, words: str) -> None:
        self._on_change()
        self._say(f"<b>Not possible:</b> {html.escape(words)}", trouble=True)

    def _on_upload(self, _change: Any) -> None:
        with self._drawing:
            files = self.parts.upload.value
            if not files:
                return
            self.parts.upload.value = ()  # so that the same file can be chosen again
            for file in files:
                path = Path(tempfile.mkdtemp(dir=self._open.folder), Path(file["name"]).name)
                path.write_bytes(file["content"])
                self.open_file(path, name=path.name)

    def _on_path(self, _change: Any) -> None:
        if given := self.parts.path.value.strip():
            self.open_file(given)

    def save(self) -> list[Path]:
        """Write the recording's transcription in all formats into the folder of the field below; the files."""
        with self._drawing:
            try:
                transcription = replace(self.transcription, given_beats=self._heard.beats)
                written = transcription.save(self.parts.target / transcription.name)
            except (ValueError, OSError) as error:
                self.parts.saved.value = f'<span style="color:#b00020"><b>Not saved:</b> {html.escape(str(error))}</span>'
                return []
            self.parts.saved.value = download_links(written)
            return written

    # ---- appearance

    def _laid_out(self) -> list[Any]:
        super()._laid_out()  # gives the controls their room
        return laid_out(self.controls, self.parts, self.reset, self.image, self.sentence, self.player)

    def _finish(self) -> None:
        """The first score and summary, and what the parts do."""
        self._follow_up()
        self.parts.upload.observe(self._on_upload, names="value")
        self.parts.path.observe(self._on_path, names="value")
        for name, button in self.parts.buttons.items():
            button.on_click(lambda _, name=name: getattr(self, name)())


def _without_the_last(transcription: Transcription, *_: Any) -> Transcription:
    if not transcription.edits:
        raise ValueError("there is no correction to take back in this recording")
    return replace(transcription, edits=transcription.edits[:-1])


def transcribe_recordings(profile: Profile) -> Transcriber | Markdown:
    """Transcribe any recording at hand with any model at hand: the panel, or a sentence where there is no model or no recording."""
    models = available_models(profile)
    sources = find_sources(profile, models[0].train if models else ())
    if not models:
        return Markdown(about_model(models, profile))
    if not sources:
        return Markdown("*No recording was found: `adt corpora` says how to get some, `-p recordings FILE` names your own.*")
    return Transcriber(sources, models, transcriptions_folder(profile.name), profile.tolerance)
