"""A panel for transcribing: choose a recording, see and hear it, set thresholds, correct onsets, read the notation, save.

The browser shows and corrects (`editor`). Words follow at once for the part that is shown, so that a song of an hour responds as
fast as one of a minute; notation and the numbers of the whole recording follow once nothing moves.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from IPython.display import Markdown

from adtlib.audio.files import AudioError
from adtlib.corpora.passages import LEAD
from adtlib.figures.theme import theme_context
from adtlib.markup import in_html, in_line
from adtlib.notation.patterns import Pattern
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.panels.panel import DependentPanel, Picture, offer, small_png
from adtlib.panels.transcriber.controls import Parts, build_layout, make_controls
from adtlib.panels.transcriber.editor import LaneEditor
from adtlib.panels.transcriber.opened import OpenRecording, OpenRecordings
from adtlib.panels.transcriber.picture import TranscriberPicture, notation_svg, with_notation
from adtlib.panels.transcriber.words import download_links, passage_summary, recording_summary
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
from adtlib.transcription.transcription import USUAL, Transcription
from adtlib.vocabulary import CLASSES

LISTED = 100  # recordings in the list
SHOWN = 8.0  # seconds of a recording when it is opened
WRITTEN = 16.0  # seconds at most that are written down as notation, and shown without a kernel


class Transcriber(DependentPanel):
    """The panel `adt-panel-transcriber`; its controls are those of `make_controls`, its other widgets, `parts`, those of `Parts`.

    From code: `set(recording="...", threshold_HH=0.4)`, `look(start, seconds)`, `save()`, `open_file(path)`; `transcription` is the
    corrected one of the recording, and `panel.transcription = panel.transcription.add("SD", 12.31)` corrects it.
    """

    rest = 0.4

    def __init__(self, sources: Sequence[Source], models: Sequence[AvailableModel], folder: Path, tolerance: float) -> None:
        """At least one recording and one model to choose from; the folder to save in; the tolerance of scores in seconds."""
        self._sources = _listed(sources)
        self._models = {in_line(model.name): model for model in models}
        self._open = OpenRecordings()
        self._tolerance = tolerance
        self._problem, self._result = "", None
        self._chosen: dict[str, float] = {}  # the model's own thresholds
        self._held = True
        self.controls, self.parts, self._pattern = make_controls(tuple(self._models)), Parts(folder), None
        self.editor = LaneEditor()
        self._follow("search")
        super().__init__("transcriber", None, self.controls, self._in_words)
        self._finish()

    # ---- what is open

    @property
    def transcription(self) -> Transcription:
        """The recording's transcription with the thresholds of the sliders, corrected. ValueError if no recording is open."""
        if self._result is None:
            raise ValueError(self._problem or "no recording is open: choose one")
        return self._open.corrected(self._result, self._thresholds)

    @transcription.setter
    def transcription(self, corrected: Transcription) -> None:
        """Take over the corrections of a transcription of this recording; its thresholds are those of the sliders."""
        with self._drawing:
            self._open.edits[self._result.source] = corrected.edits
            self.editor.correct(corrected.edits)

    def look(self, start: float, seconds: float) -> None:
        """Show another part of the recording."""
        self.editor.view = [float(start), float(seconds)]

    @property
    def _passage(self) -> tuple[float, float]:
        """Begin and end of what is shown, in seconds."""
        start, seconds = self.editor.view
        return start, min(start + seconds, self._result.duration)

    @property
    def _thresholds(self) -> dict[str, float]:
        return {name: self.controls[f"threshold_{name}"].value for name in CLASSES}

    def _follow(self, name: str) -> None:
        """Update what depends on a control: the list, the recording, its thresholds, the range of the passage."""
        control = self.controls
        if name == "search":
            words = control["search"].value.casefold().split()
            found = [label for label in self._sources if all(word in label.casefold() for word in words)]
            chosen = control["recording"].value
            offer(control["recording"], found[:LISTED], chosen if chosen in found[:LISTED] else next(iter(found), None))
        if name in ("search", "recording", "model"):
            before = self._result
            self._open_chosen()
            if self._result is None:
                self.editor.show_recording(None)
            if self._result is None or self._result is before:
                return
            self._take_thresholds(self._result)
            view = tuple(self.editor.view)
            if before is None or before.source is not self._result.source:
                first = min((event.seconds for event in self._result.transcription.events), default=0.0)
                seconds = min(SHOWN, self._result.duration)
                view = max(0.0, min(round(first - LEAD, 1), self._result.duration - seconds)), seconds
            self.editor.show_recording(self._result, self._open.edits.get(self._result.source, ()), view)
            self._defaults = self.values  # restored by Reset

    def _take_thresholds(self, result: OpenRecording) -> None:
        self._chosen = {name: round(value, 2) for name, value in thresholds_by_class(result.transcription.peak_picking).items()}
        for name, value in self._chosen.items():
            self.controls[f"threshold_{name}"].value = value

    def _open_chosen(self) -> None:
        """Transcribe the chosen recording. On failure `_problem` says why and no recording is open."""
        source, model = self._sources.get(self.controls["recording"].value), self._models[self.controls["model"].value]
        self._problem = "" if source else "no recording has these words in its name"
        self._result = None
        if source is None:
            return
        try:
            self._result = self._open.transcribe(source, model, self._say_progress)
        except (AudioError, ModelError, RunError) as error:
            self._problem = str(error)

    def _say_progress(self, seconds: float) -> None:
        if hasattr(self, "sentence"):
            self.sentence.value = f"listening: {seconds:.0f} s heard"

    # ---- words and notation

    def _in_words(self, **_: Any) -> str:
        if self._result is None:
            return f"<b>{in_html(self._problem)}</b>"
        start, end = self._passage
        return passage_summary(events_between(self.transcription, start, end), start, end, self._result.source.name)

    def _start_view(self, _figure: Any, _moving: Any) -> LaneEditor:
        return self.editor

    def _update_view(self) -> None:
        if self._result is not None:
            self.editor.thresholds = list(self._thresholds.values())

    def _on_edits(self, _change: Any) -> None:
        with self._drawing:
            if self.editor.current and self._result is self.editor.opened:
                self._open.edits[self._result.source] = self.editor.corrections
                self._on_change()

    def _sound_soon(self) -> None:
        """Notation and summary are too slow to follow a slider."""
        if self._waiting:
            self._waiting.cancel()
        self._soon(self.rest, self._follow_up)

    def _follow_up(self) -> None:
        """Update notation, summary and beats."""
        self._waiting = None
        with self._drawing:
            try:
                self._pattern = None if self._result is None else self._written_down()
                self.parts.show_score(notation_svg(self._pattern) if self._pattern else None)
                self.parts.summary.value = "" if self._result is None else self._summary()
                if self._result is not None:
                    self.editor.show_beats()
            except Exception as error:  # any error: the user has to see it
                self._say_error(error)

    def _written_down(self) -> Pattern | None:
        start, end = self._passage
        found = passage_pattern(self.transcription, self._result.beats, start, min(end, start + WRITTEN))
        return found if found.hits else None

    def _summary(self) -> str:
        moved = self._thresholds != self._chosen
        return recording_summary(self.transcription, self._result, self._tolerance, moved)

    def still(self) -> bytes:
        """A picture of what is shown, with its notation below."""
        with theme_context():
            drawn = TranscriberPicture()
            if self._result is not None:
                start, end = self._passage
                passage, activations = self._result.cut(start, min(end - start, WRITTEN))
                shown = self.transcription
                events = events_between(shown, passage.start, passage.end)
                added = {(edit.name, round(edit.seconds, 9)) for edit in shown.edits if edit.kind == "add"}
                by_hand = sorted(added & {(event.name, event.seconds) for event in events})
                drawn.passage(passage, activations, self._result.reference, self._result.loudest, self._result.peak)
                drawn.marks(events, self._thresholds, by_hand)
            return small_png(with_notation(Picture(drawn.figure).image(), self._pattern))

    # ---- files in and out

    def open_file(self, path: Path | str, name: str | None = None) -> None:
        """Add a file, or the recordings of a folder, to the list and open the first. Errors of reading are shown."""
        try:
            sources = named_sources([path])
        except (OSError, AudioError) as error:
            return self._refuse(str(error))
        if name:
            sources = [replace(sources[0], name=name)]
        try:
            self._open.transcribe(sources[0], self._models[self.controls["model"].value], self._say_progress)
        except (AudioError, ModelError, RunError) as error:  # the list and the open recording stay unchanged
            return self._refuse(str(error).replace(str(sources[0].path), sources[0].name))
        new = _listed(sources)
        self._sources = new | {label: source for label, source in self._sources.items() if label not in new}
        self.set(search="")
        self.set(recording=next(iter(new)))

    def _refuse(self, words: str) -> None:
        self._on_change()
        self._say(f"<b>Not possible:</b> {in_html(words)}", problem=True)

    def _on_upload(self, _change: Any) -> None:
        with self._drawing:
            files = self.parts.upload.value
            if not files:
                return
            self.parts.upload.value = ()  # so that the same file can be chosen again
            for file in files:
                path = Path(tempfile.mkdtemp(dir=self._open.folder), Path(file["name"]).name)
                try:
                    path.write_bytes(file["content"])
                except OSError as error:  # a name that this system does not take
                    return self._refuse(f"{path.name}: {error.strerror}: rename it")
                self.open_file(path, name=path.name)

    def _on_path(self, _change: Any) -> None:
        if given := self.parts.path.value.strip():
            self.open_file(given)

    def save(self) -> list[Path]:
        """Write the transcription in all formats below the folder of the field `folder`; returns the files.

        Files of the same name, which may be someone's work, are replaced only where the box `replace` is ticked, once.
        """
        with self._drawing:
            try:
                transcription = replace(self.transcription, given_beats=self._result.beats)
                folder = self.parts.target
                if not self.parts.replace.value:
                    _check_free(folder / transcription.name)
                written = transcription.save_in(folder)
            except (ValueError, OSError, RuntimeError) as error:  # the last: a home that nobody has
                self.parts.saved.value = f'<span style="color:#b00020"><b>Not saved:</b> {in_html(str(error))}</span>'
                return []
            self.parts.replace.value = False
            self.parts.saved.value = download_links(written)
            return written

    # ---- appearance

    def _build_layout(self) -> list[Any]:
        super()._build_layout()  # sets the widths of the controls
        return build_layout(self.controls, self.parts, self.reset, self.editor, self.sentence)

    def _finish(self) -> None:
        """Make the first notation and summary, and connect the widgets."""
        self._follow_up()
        self.parts.upload.observe(self._on_upload, names="value")
        self.parts.path.observe(self._on_path, names="value")
        self.parts.save.on_click(lambda _: self.save())
        self.editor.observe(self._on_edits, names="edits")
        self.editor.observe(self._on_change, names="view")


def _listed(sources: Sequence[Source]) -> dict[str, Source]:
    """The recordings by their names, as a list can show them."""
    return {in_line(source.name): source for source in sources}


def _check_free(target: Path) -> None:
    """FileExistsError if a file of the transcription would replace another."""
    there = [path.name for kind in USUAL if (path := target.with_name(f"{target.name}.{kind}")).exists()]
    if there:
        raise FileExistsError(
            f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} in {target.parent} already: "
            "tick 'replace files of the same name', or save in another folder"
        )


def transcribe_recordings(profile: Profile) -> Transcriber | Markdown:
    """A panel to transcribe any available recording with any available model, or a sentence if there are none."""
    models = available_models(profile)
    sources = find_sources(profile, models[0].train if models else ())
    if not models:
        return Markdown(about_model(models, profile))
    if not sources:
        return Markdown("*No recording was found: `adt corpora` says how to get some, `-p recordings FILE` names your own.*")
    return Transcriber(sources, models, transcriptions_folder(profile.name) / "corrected", profile.tolerance)
