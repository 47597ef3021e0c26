"""One transcribed recording for notebook 80: picture, sounds, notation and files of a passage and of the whole.

Without a model or a recording, sentences and an empty picture are shown instead.
"""

from collections.abc import Sequence
from pathlib import Path

from IPython.display import HTML, Audio, Image, Markdown

from adtlib.audio.playback import player
from adtlib.corpora.passages import liveliest_start
from adtlib.figures.passages import say_nothing_found
from adtlib.figures.theme import new_figure
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.panels.panel import small_png
from adtlib.panels.transcriber.opened import OpenRecording, OpenRecordings, passage_sound
from adtlib.panels.transcriber.picture import TranscriberPicture, notation_image
from adtlib.panels.transcriber.words import recording_summary
from adtlib.transcription.excerpts import events_between, passage_pattern
from adtlib.transcription.sources import AvailableModel, Source

NOTHING = "nothing transcribed: there is no model, or no recording"


class ShownRecording:
    """The first of some recordings, transcribed by the first of some models, and its liveliest passage.

    `heard` has both; it is None without a model or a recording.
    """

    def __init__(self, sources: Sequence[Source], models: Sequence[AvailableModel], seconds: float = 6.0) -> None:
        """Transcribe it; `seconds` is the length of the passage. Raises AudioError or ModelError."""
        self._open = OpenRecordings()
        self.heard: OpenRecording | None = self._open.transcribe(sources[0], models[0]) if sources and models else None
        if self.heard is not None:
            transcription = self.heard.transcription
            self.start = liveliest_start(transcription.onsets, seconds, self.heard.duration)
            self.passage, self._activations = self.heard.cut(self.start, seconds)
            self.events = events_between(transcription, self.passage.start, self.passage.end)

    def summary(self, tolerance: float) -> HTML | Markdown:
        """The transcription of the whole recording in words; `tolerance` of the score in seconds."""
        if self.heard is None:
            return Markdown(f"*{NOTHING}*")
        return HTML(recording_summary(self.heard.transcription, self.heard, tolerance))

    @property
    def caption(self) -> str:
        """Contents of the picture, for its caption."""
        if self.heard is None:
            return NOTHING
        return f"{self.heard.source.name} ({self.heard.source.provenance}), transcribed by {self.heard.transcription.model}"

    def plot(self):
        """The passage: waveform, features, activations with thresholds, onsets; the figure."""
        if self.heard is None:
            figure, ax = new_figure(0.15)
            say_nothing_found(ax, NOTHING)
            return figure
        picture, heard = TranscriberPicture(new_figure, editing=False), self.heard
        picture.passage(self.passage, self._activations, heard.reference, heard.loudest, heard.peak)
        picture.marks(self.events, thresholds_by_class(heard.transcription.peak_picking), ())
        return picture.figure

    def listen(self, what: str) -> Audio | Markdown:
        """A player of the passage; `what` is one of `opened.LISTEN`."""
        if self.heard is None:
            return Markdown(f"*{NOTHING}*")
        return player(passage_sound(self.passage, self.events, what, self.heard.peak))

    def score(self) -> Image | Markdown:
        """The bars of the passage in notation."""
        if self.heard is None:
            return Markdown(f"*{NOTHING}*")
        pattern = passage_pattern(self.heard.transcription, self.heard.beats, self.passage.start, self.passage.end)
        if not pattern.hits:
            return Markdown("*no onsets to write down*")
        image = notation_image(pattern, sharpness=2)
        return Image(small_png(image), width=image.width // 2)

    def save(self, folder: Path, formats: Sequence[str]) -> list[Path]:
        """Write the whole transcription in some formats (of `transcription.formats`); returns the files."""
        return [] if self.heard is None else self.heard.transcription.save_in(folder, formats)
