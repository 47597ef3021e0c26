"""A transcription as a score: its onsets on the grid of its beats, as MusicXML, and engraved as one long picture or as pages.

The score begins with the bar of the first onset. Onsets are written at the nearest sixteenth or triplet of an eighth (see
`patterns.grid_positions`), or on a grid that is asked for. Velocities are those of ordinary strokes, but for soft ones of the snare
drum, which are written as ghost notes. Toms stand in the place of one tom, all cymbals in that of a crash: the classes say no more.
"""

import io
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from adtlib.beats import BEATS_A_BAR, Beats
from adtlib.patterns import VELOCITIES, Hit, Pattern, grid_positions
from adtlib.song_midi import check_grid
from adtlib.vocabulary import CLASSES, MIDI_PITCH

METER = (BEATS_A_BAR, 4)
EARLY = 1 / 8  # of a beat: an onset that much before a bar line belongs to it
_GHOST = 32  # velocity of a snare stroke below which it is a ghost note
A4 = (210, 297)  # millimetres
MARGIN_MM = (15, 18)  # at the sides, above and below
STAFF_SPACE_MM = 1.75
_TITLE_MM = 12


def song_pattern(struck: Sequence[tuple[float, str, int]], beats: Beats, quantise: int | None = None) -> Pattern:
    """The score of (seconds, class, velocity) as a pattern in whole bars; without any onset one empty bar.

    quantise  as `song_midi.song_midi` takes it. 48 parts of a whole note are more than a score can tell: as without.

    Raises ValueError for another grid.
    """
    check_grid(quantise)
    steps = None if quantise in (None, 48) else quantise // 4  # of a beat
    if not struck:
        return Pattern((), 1, beats.bpm, METER)
    first = float(beats.at(min(seconds for seconds, _, _ in struck)))
    start = math.floor((first + EARLY + beats.phase) / BEATS_A_BAR) * BEATS_A_BAR - beats.phase
    last = float(beats.at(max(seconds for seconds, _, _ in struck)))
    lines = beats.seconds(np.arange(start, math.ceil(last) + BEATS_A_BAR + 1))
    onsets = [np.array([seconds for seconds, name, _ in struck if name == label]) for label in CLASSES]
    loudness = [[velocity for _, name, velocity in struck if name == label] for label in CLASSES]
    hits: dict[tuple[Fraction, int], int] = {}
    for label, positions, hard in zip(CLASSES, grid_positions(onsets, lines, METER, steps), loudness, strict=True):
        for position, velocity in zip(positions, hard, strict=True):
            ghost = label == "SD" and velocity < _GHOST
            key = position, MIDI_PITCH[label]
            hits[key] = max(hits.get(key, 0), VELOCITIES["g" if ghost else "x"])
    n_bars = max(math.floor(position / BEATS_A_BAR) + 1 for position, _ in hits)
    return Pattern(tuple(Hit(*key, velocity) for key, velocity in sorted(hits.items())), n_bars, beats.bpm, METER)


def score_svg(musicxml: str, width_mm: float = A4[0], title: str = "") -> str:
    """The score engraved in systems below each other, as one SVG picture as wide as a page."""
    from adtlib.engraved_pages import engrave_pages, stacked_svg

    return stacked_svg(engrave_pages(musicxml, _line_width(width_mm), embed_font=True), title)


def score_pdf(musicxml: str, title: str = "") -> bytes:
    """The score engraved on A4 pages, as PDF: shapes, no fonts but those of the title; equal scores give equal bytes."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    from adtlib.engraved_pages import draw_merged, engrave_pages
    from adtlib.engraving import read_svg

    side, above = MARGIN_MM
    height = (A4[1] - 2 * above - _TITLE_MM) / STAFF_SPACE_MM
    pages = engrave_pages(musicxml, _line_width(A4[0]), height)
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"CreationDate": None, "Title": title}) as pdf:
        for number, svg in enumerate(pages, start=1):
            figure = Figure(figsize=(A4[0] / 25.4, A4[1] / 25.4))
            ax = figure.add_axes([side / A4[0], above / A4[1], 1 - 2 * side / A4[0], 1 - (2 * above + _TITLE_MM) / A4[1]])
            draw_merged(read_svg(svg), ax, _line_width(A4[0]), height, STAFF_SPACE_MM)
            top = 1 - (above + _TITLE_MM / 3) / A4[1]
            figure.text(side / A4[0], top, title, fontsize=13 if number == 1 else 9, va="center", parse_math=False)
            if len(pages) > 1:
                figure.text(1 - side / A4[0], top, f"{number} / {len(pages)}", fontsize=9, va="center", ha="right")
            pdf.savefig(figure)
    return buffer.getvalue()


def _line_width(width_mm: float) -> float:
    """Staff spaces between the margins of a page."""
    return (width_mm - 2 * MARGIN_MM[0]) / STAFF_SPACE_MM
