"""The theme of all figures. `plot_*` functions draw on given axes and return them; only `save_figure` writes files.

Sizes are in text widths of the thesis (A4, 15 cm), text is 8 pt or more at print size. Each class, architecture and corpus has
one colour everywhere, from palettes for colour-blind readers (Okabe and Ito 2008; Tol 2021), and a marker as well.
Titles are in captions, not in pictures.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from adtlib.corpora.registry import CORPORA
from adtlib.vocabulary import CLASSES

TEXT_WIDTH = 15 / 2.54  # inches


MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")  # of architectures and corpora, in their order


def in_order(names: Iterable[str], palette: Sequence[str]) -> dict[str, str]:
    """Each name with its entry of a palette, by order; after its last the palette begins again."""
    return dict(zip(names, cycle(palette)))


CLASS_COLOURS = dict(zip(CLASSES, ("#0072B2", "#D55E00", "#009E73", "#B8860B", "#CC79A7"), strict=True))


CLASS_MARKERS = dict(zip(CLASSES, ("o", "s", "^", "x", "D"), strict=True))


# A palette is longer than what it is for: a further architecture or corpus takes the next colour and marker.
CORPUS_COLOURS = in_order(CORPORA, ["#332288", "#88CCEE", "#117733", "#DDCC77", "#CC6677", "#882255", "#999933", "#44AA99"])
CORPUS_MARKERS = in_order(CORPORA, MARKERS)


INK, QUIET = "#333333", "#999999"  # lines and text: normal, unobtrusive


OTHER_COLOUR = "#777777"  # a user's own corpus


def use_theme() -> None:
    """Set the theme for all following figures."""
    # Not rcParamsDefault: it would also reset the backend of a notebook, and a second run of a cell would show no figure.
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 200,
            "font.size": 9,
            "axes.labelsize": 9,
            "axes.titlesize": 9,
            "legend.fontsize": 8,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": False,
            "grid.color": "#dddddd",
            "legend.frameon": False,
            "lines.linewidth": 1.2,
            "image.cmap": "magma",
            "pdf.fonttype": 42,  # text in a PDF stays text
            "svg.hashsalt": "adtlib",
        }
    )


def new_figure(height: float = 0.5, rows: int = 1, columns: int = 1, width: float = 1.0, **options):
    """A figure `width` text widths wide and `height` text widths high: (figure, axes)."""
    return plt.subplots(rows, columns, figsize=(width * TEXT_WIDTH, height * TEXT_WIDTH), **options)


def fixed_figure(height: float) -> Figure:
    """A figure as wide as the text and `height` text widths high, whose axes stay where they are placed."""
    figure = plt.figure(figsize=(TEXT_WIDTH, height * TEXT_WIDTH))
    # Not layout="none": notebooks show figures with a tight box, for which matplotlib would lay them out again.
    figure.set_layout_engine("none")
    return figure


def given_axes(ax):
    """The axes given to a `plot_*` function, or the current ones."""
    return plt.gca() if ax is None else ax


@contextlib.contextmanager
def theme_context() -> Iterator[None]:
    """Use the theme for everything drawn inside, whatever the notebook has set; also a decorator, `@theme_context()`."""
    with mpl.rc_context():
        use_theme()
        yield


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """Draw with seaborn's jitter the same each time: it takes numpy's global random numbers, which are put back afterwards."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def panel_figure(height: float = 0.5, rows: int = 1, columns: int = 1, mosaic: str | None = None, **options):
    """Like `new_figure`, but not registered with pyplot, which would show it a second time and keep it alive: (figure, axes).

    mosaic  as for matplotlib's `subplot_mosaic`, in place of rows and columns; the axes are then a dictionary.
    """
    figure = Figure(figsize=(TEXT_WIDTH, height * TEXT_WIDTH), layout="constrained")
    return figure, figure.subplot_mosaic(mosaic, **options) if mosaic else figure.subplots(rows, columns, **options)
