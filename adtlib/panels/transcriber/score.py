"""The score of a passage as a picture: SVG for a browser, and pixels to stand below another picture where there is none."""

import io

from PIL import Image

from adtlib.figures.theme import panel_figure, theme_context
from adtlib.notation.engraving import STAFF_SPACE, Engraving, draw, engrave
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.pages import stacked_svg
from adtlib.notation.patterns import Pattern

_LINE = 96.0  # staff spaces in a line: the width of a panel's picture
_MARGIN = 2.0  # staff spaces at each side of the pixels


def engraved(pattern: Pattern) -> Engraving:
    """A pattern engraved for the width of a panel; its tempo stands in words beside it."""
    return engrave(to_musicxml(pattern, tempo=False), line_width=_LINE)


def score_svg(pattern: Pattern) -> bytes:
    """The pattern's score as SVG, with some white around it: numbers of bars hang over the staff."""
    return stacked_svg([engraved(pattern).svg]).encode()


@theme_context()
def score_pixels(pattern: Pattern, sharpness: float = 1.0) -> Image.Image:
    """The pattern's score as an image as wide as the text; `sharpness` 2 has twice the pixels a side."""
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


def with_score(picture: Image.Image, pattern: Pattern | None) -> Image.Image:
    """A picture with the score of a pattern below it; without a pattern the picture as it is."""
    if pattern is None:
        return picture
    below = score_pixels(pattern)
    sheet = Image.new("RGB", (max(picture.width, below.width), picture.height + below.height), "white")
    sheet.paste(picture, (0, 0))
    sheet.paste(below, (0, picture.height))
    return sheet
