"""Pictures of the transcriber: the figure of a passage, and its notation as SVG or image.

The figure shows waveform, features, activations with thresholds, and onsets: `passage` puts a passage into it, `marks` its onsets.
"""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from PIL import Image

from adtlib.audio.features import FPS
from adtlib.corpora.passages import Passage
from adtlib.figures.passages import plot_onsets
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, INK, panel_figure, theme_context
from adtlib.notation.engraving import STAFF_SPACE, Engraving, draw, engrave
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.pages import stacked_svg
from adtlib.notation.patterns import Pattern
from adtlib.onsets.frames import Onsets
from adtlib.panels.passage_picture import FeatureImage, envelope
from adtlib.transcription.events import Event
from adtlib.vocabulary import CLASSES

_TOP = 1.18  # of the axes of an activation: annotated onsets are above 1
_ANNOTATED = 1.09
_LINE = 96.0  # staff spaces in a line: the width of a panel's picture
_MARGIN = 2.0  # staff spaces on each side of the image


class TranscriberPicture:
    """A figure of a passage."""

    def __init__(self, new_figure=panel_figure, editing: bool = True) -> None:
        """Draw the figure, still empty, made by `new_figure`. Call it inside `theme_context`.

        editing  whether the legend has an entry for edits.
        """
        heights = [0.7, 1.6, *[0.62] * len(CLASSES), 1.1]
        self.figure, grid = new_figure(1.0, rows=len(heights), columns=2, width_ratios=[1, 0.018], height_ratios=heights)
        self.figure.get_layout_engine().set(hspace=0, h_pad=0.02)
        for ax in [grid[0, 1], *grid[2:, 1]]:
            ax.set_axis_off()
        self.axes = grid[:, 0]
        self._top, self._middle, self._bottom = self.axes[0], self.axes[1], self.axes[-1]
        (self._wave,) = self._top.plot([], [], color="#444444", linewidth=0.5)
        # Relative to the recording's loudest sample, so that soft recordings are visible, too.
        self._top.set(ylabel="ampl.", ylim=(-1.05, 1.05), yticks=(-1, 0, 1))
        self._bands = FeatureImage(self._middle, grid[1, 1])
        plot_onsets([np.empty(0)] * len(CLASSES), 0.0, 1.0, self._bottom)
        self._rows = [self._activation(ax, name) for ax, name in zip(self.axes[2:-1], CLASSES, strict=True)]
        style = {"ha": "center", "va": "center", "color": "#555555", "fontsize": 9}
        self._nothing = self._middle.text(0.5, 0.5, "nothing to show", transform=self._middle.transAxes, **style)
        (self._by_hand,) = self._bottom.plot([], [], "o", color=INK, fillstyle="none", markersize=10, markeredgewidth=0.9)
        for ax in self.axes[:-1]:
            ax.tick_params(bottom=False, labelbottom=False)
            ax.set_xlabel("")
        handles, words = self._legend() if editing else tuple(entries[:3] for entries in self._legend())
        self.figure.legend(handles, words, loc="outside upper center", ncols=5, columnspacing=1.4, handletextpad=0.4)
        for artist in [*self.figure.findobj(Line2D), *[row["fill"] for row in self._rows]]:
            artist.set_in_layout(False)  # the layout must not depend on the position of a mark

    @staticmethod
    def _activation(ax, name: str) -> dict[str, Artist]:
        """Prepare the axes of one class; returns its artists by content."""
        colour, line = CLASS_COLOURS[name], {"linestyle": "none", "clip_on": False}
        ax.set(ylim=(0, _TOP), yticks=[0, 1])
        ax.set_ylabel(name, color=colour, fontweight="bold", rotation=0, ha="right", va="center")
        return {
            "fill": ax.add_collection(PolyCollection([], facecolor=colour, alpha=0.25, linewidth=0)),
            "curve": ax.plot([], [], color=colour, linewidth=0.9)[0],
            "annotated": ax.plot([], [], "|", color=INK, markersize=5, markeredgewidth=0.9, **line)[0],
            "threshold": ax.axhline(0.5, color="#777777", linewidth=0.8, linestyle=":"),
            "found": ax.plot([], [], CLASS_MARKERS[name], color=colour, markersize=4.5, **line)[0],
        }

    def _legend(self) -> tuple[list[Artist], list[str]]:
        row = self._rows[0]
        return [row["threshold"], row["found"], row["annotated"], self._by_hand], ["threshold", "found", "annotated", "set by hand"]

    def passage(self, passage: Passage, activations: np.ndarray, reference: Onsets | None, loudest: float, peak: float) -> None:
        """Show a passage.

        passage      with waveform; its `onsets` are not used.
        activations  `(T, 5)` of its frames;  reference  annotated onsets in seconds of the recording, None if not annotated.
        loudest      the highest value of the recording's features;  peak: of its waveform.
        """
        self._nothing.set_visible(False)
        self._wave.set_data(envelope(passage.waveform / max(peak, 1e-9), passage.start))
        self._bands.show(passage.features, passage.start, loudest)
        times = passage.start + np.arange(len(activations)) / FPS
        for index, row in enumerate(self._rows):
            row["curve"].set_data(times, activations[:, index])
            corners = np.column_stack([times, activations[:, index]])
            row["fill"].set_verts([[(passage.start, 0), *corners, (times[-1], 0)]] if len(times) else [])
            truth = np.empty(0) if reference is None else reference[index]
            shown = truth[(truth >= passage.start) & (truth < passage.end)]
            row["annotated"].set_data(shown, np.full(len(shown), _ANNOTATED))
        for ax in self.axes:
            ax.set_xlim(passage.start, passage.end)

    def marks(self, events: Sequence[Event], thresholds: dict[str, float], by_hand: Sequence[tuple[str, float]]) -> None:
        """Show thresholds and onsets.

        events      onsets of the passage;  thresholds  by class.
        by_hand     (class, seconds) of those added by hand.
        """
        for row, line, name in zip(self._rows, self._bottom.lines, CLASSES, strict=False):
            mine = [event for event in events if event.name == name]
            times = np.array([event.seconds for event in mine])
            row["threshold"].set_ydata([thresholds[name]] * 2)
            row["found"].set_data(times, [event.confidence for event in mine])
            line.set_data(times, np.full(len(mine), CLASSES.index(name)))
        self._by_hand.set_data([seconds for _, seconds in by_hand], [CLASSES.index(name) for name, _ in by_hand])


# --- notation ----------------------------------------------------------------------------------------------------------


def engraved(pattern: Pattern) -> Engraving:
    """A pattern engraved for the width of a panel, without its tempo, which the panel gives in words."""
    return engrave(to_musicxml(pattern, tempo=False), line_width=_LINE)


def notation_svg(pattern: Pattern) -> bytes:
    """The pattern's notation as SVG with a margin, as bar numbers extend beyond the staff."""
    return stacked_svg([engraved(pattern).svg]).encode()


@theme_context()
def notation_image(pattern: Pattern, sharpness: float = 1.0) -> Image.Image:
    """The pattern's notation as an image as wide as the text; `sharpness` 2 has twice the pixels in each direction."""
    engraving = engraved(pattern)
    left, top, right, bottom = engraving.bounds
    wide = max(right - left, _LINE * STAFF_SPACE) + 2 * _MARGIN * STAFF_SPACE
    high = bottom - top + 2 * _MARGIN * STAFF_SPACE
    figure, ax = panel_figure(height=high / wide)
    figure.set_layout_engine("none")
    ax.set_position([0, 0, 1, 1])
    ax.set_axis_off()
    ax.set(xlim=(left - _MARGIN * STAFF_SPACE, left - _MARGIN * STAFF_SPACE + wide))
    ax.set(ylim=(bottom + _MARGIN * STAFF_SPACE, top - _MARGIN * STAFF_SPACE))
    draw(engraving, ax, unit=72 * figure.get_figwidth() / wide)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=sharpness * figure.dpi)
    return Image.open(buffer).convert("RGB")


def with_notation(picture: Image.Image, pattern: Pattern | None) -> Image.Image:
    """A picture with the notation of a pattern below it; without a pattern the picture itself."""
    if pattern is None:
        return picture
    below = notation_image(pattern)
    sheet = Image.new("RGB", (max(picture.width, below.width), picture.height + below.height), "white")
    sheet.paste(picture, (0, 0))
    sheet.paste(below, (0, picture.height))
    return sheet
