"""Pictures of notebook 70: this run's numbers against published ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from adtlib.corpora import CORPORA
from adtlib.models import ARCHITECTURES
from adtlib.plotting import ARCHITECTURE_MARKERS, CORPUS_COLOURS, OTHER_COLOUR, new_figure

STUDIES = {"architecture": "architecture study", "dataset": "dataset study"}
_EDGE = {"markeredgewidth": 0.5, "markersize": 5}


def plot_against_published(table: pd.DataFrame, axes=None, studies: Sequence[str] = tuple(STUDIES)):
    """This run's micro F1 over the finished thesis's, a point a test, axes a study: the axes.

    table    of `comparison.against_published`.
    studies  which to show, each in axes of its own.

    The colour is the test corpus, the marker the architecture. Whiskers are 95 % intervals over tracks; open points are zero-shot
    tests. The axes begin at the tenth below what they show. Tests that one of the two lacks are left out, and where none is left
    the axes say so.
    """
    if axes is None:
        _, axes = new_figure(
            0.58, columns=len(studies), sharex=True, sharey=True, squeeze=False, width=1 if len(studies) > 1 else 0.75
        )
    axes = np.atleast_1d(axes).ravel()
    shown = table[(table["measure"] == "f1_micro") & table["here"].notna() & table["published"].notna()]
    shown = shown[shown["study"].isin(list(studies))]
    lowest = shown[["here", "published", "ci_low"]].astype(float).min().min()
    start = np.floor(10 * lowest) / 10 if len(shown) else 0.0
    for ax, study in zip(axes, studies, strict=True):
        ax.axline((1, 1), slope=1, color="#999999", linewidth=0.8, linestyle="--", zorder=1)
        rows = shown[shown["study"] == study]
        for row in rows.itertuples():
            colour = CORPUS_COLOURS.get(row.test, OTHER_COLOUR)
            if pd.notna(row.ci_low):
                ax.plot([row.published] * 2, [row.ci_low, row.ci_high], color=colour, linewidth=0.9, alpha=0.7, zorder=2)
            fill, edge = ("white", colour) if row.zero_shot else (colour, "#333333")
            style = {"markerfacecolor": fill, "markeredgecolor": edge, "clip_on": False, "zorder": 3, **_EDGE}
            ax.plot(row.published, row.here, ARCHITECTURE_MARKERS.get(row.architecture, "."), **style)
        if rows.empty:
            ax.text(0.5, 0.6, "no run of this profile", transform=ax.transAxes, ha="center", color="#555555")
        ax.set(xlim=(start, 1), ylim=(start, 1), aspect="equal", xlabel=f"micro F1, finished thesis\n({STUDIES[study]})")
        ax.grid()
    axes[0].set_ylabel("micro F1, this run")
    _legend(axes, shown)
    return axes


def _legend(axes, shown: pd.DataFrame) -> None:
    """What colours are above, what markers are below."""
    grey = {"markerfacecolor": "#999999", "markeredgecolor": "#333333", "linestyle": "none", **_EDGE}
    corpora = [
        Line2D([], [], color=CORPUS_COLOURS[name], marker="s", linestyle="none", markersize=5, label=name)
        for name in CORPORA
        if name in set(shown["test"])
    ]
    shapes = [
        Line2D([], [], marker=ARCHITECTURE_MARKERS[name], label=name, **grey)
        for name in ARCHITECTURES
        if name in set(shown["architecture"])
    ]
    if shown["zero_shot"].astype(bool).any():
        shapes.append(Line2D([], [], marker="o", label="open: zero-shot", **grey | {"markerfacecolor": "white"}))
    for handles, where in ((corpora, "upper"), (shapes, "lower")):
        if handles:
            options = {"loc": f"outside {where} center", "handletextpad": 0.1, "columnspacing": 1.0, "ncols": len(handles)}
            axes[0].figure.legend(handles=handles, **options)
