"""A transcription under its target as drummers read them, errors marked. Conventions as in `plotting`."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.textpath import TextPath

from adtlib.diagrams import bare_figure
from adtlib.engraving import draw
from adtlib.examples import Example
from adtlib.plotting_transcription import points_a_unit, score_over_time

# Told apart by shape and by colour (Okabe and Ito 2008): a ring, a square.
MISSED = {"color": "#D55E00", "marker": "o"}
INVENTED = {"color": "#0072B2", "marker": "s"}
_STAFF_SPACE = 0.16  # centimetres
_HEIGHT = 0.135  # of one staff, text widths
_SIZE, _GAP = 8, 0.008  # of the names before the staves: points; text widths from name to staff
_BEFORE = 0.75  # quarter notes before the first, for clef and metre


def plot_examples(examples: Sequence[Example]):
    """For each example two staves, the target and what its system made of it, missed strokes ringed, invented ones boxed: the
    figure.

    Raises ValueError without examples.
    """
    if not examples:
        raise ValueError("no example to draw: none of the test splits holds a passage that can be written down")
    head, gap = 0.05, 0.075  # text widths: the legend; two lines above each pair
    total = head + len(examples) * (2 * _HEIGHT + gap)
    figure = bare_figure(total)
    left, top = _room([example.system for example in examples], figure), head
    for example in examples:
        figure.text(0.005, 1 - (top + 0.62 * gap) / total, example.summary, fontsize=8, va="center", linespacing=1.25)
        top += gap
        heard = (example.transcription, example.invented, INVENTED, example.system)
        staves = ((example.target, example.missed, MISSED, "target"), heard)
        for pattern, errors, style, label in staves:
            ax = figure.add_axes([left, 1 - (top + _HEIGHT) / total, 0.99 - left, _HEIGHT / total])
            ax.set_xlim(-_BEFORE, float(pattern.n_bars * pattern.bar_length))
            _plot_staff(pattern, errors, style, ax)
            figure.text(left - _GAP, 1 - (top + 0.56 * _HEIGHT) / total, label, fontsize=_SIZE, ha="right", va="center")
            top += _HEIGHT
    _legend(figure)
    return figure


def _room(systems: Sequence[str], figure) -> float:
    """Where staves begin, as a share of the width: right of the longest name."""
    names = {"target", *systems}
    longest = max(TextPath((0, 0), name, size=_SIZE).get_extents().width for name in names)
    return max(0.09, 0.012 + longest / (72 * figure.get_figwidth()) + _GAP)  # hinted type is a little wider than its outline


def _plot_staff(pattern, errors, style, ax) -> None:
    moved, to_data = score_over_time(pattern, 0.0, ax, _STAFF_SPACE)
    draw(moved, ax, to_data, points_a_unit(_STAFF_SPACE), lambda index: style["color"] if index in errors else "black")
    for shape in moved.shapes:
        if shape.role == "notehead" and shape.hit in errors and shape.anchor is not None:
            left, low, right, high = shape.curve.get_extents().extents
            x, y = shape.anchor[0] + (left + right) / 2, shape.anchor[1] + (low + high) / 2
            x, y = to_data.transform((x, y))
            marker = {"marker": style["marker"], "markersize": 8.5, "markeredgewidth": 1.0}
            ax.plot(x, y, color=style["color"], fillstyle="none", linestyle="none", clip_on=False, zorder=5, **marker)


def _legend(figure) -> None:
    entries = [(MISSED, "missed: in the target, not found"), (INVENTED, "invented: found, not in the target")]
    handles = [
        plt.Line2D(
            [], [], color=style["color"], marker=style["marker"], markersize=8, fillstyle="none", linestyle="none", label=text
        )
        for style, text in entries
    ]
    figure.legend(handles=handles, loc="upper center", ncols=2, fontsize=8, handletextpad=0.3, borderaxespad=0.1)
