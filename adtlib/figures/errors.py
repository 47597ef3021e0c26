"""Figures of errors: confusions, circumstances and deviations in time. Conventions as in `theme`.

Each takes a data frame of `studies.error_tables`; without data the axes have a text that says so.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.evaluation.errors import FEW, NEAR, NOTHING
from adtlib.figures.passages import empty_figure, say_nothing_found
from adtlib.figures.theme import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, given_axes, new_figure
from adtlib.markup import in_figure
from adtlib.vocabulary import CLASSES

MEASURES = {"missed": "strokes missed (%)", "invented": "estimates invented (%)", "invented_per_moment": "invented in 100 moments"}
TIMING_STEP = 1.6
NO_DATA = "no weights here: nothing could be predicted"


def plot_confusions(table: pd.DataFrame):
    """A matrix for each corpus, counts in the cells, shaded by their share of the row: the axes."""
    corpora = list(dict.fromkeys(table["corpus"]))
    if not corpora:
        return empty_figure(NO_DATA, 0.2)
    rows = -(-len(corpora) // 2)
    figure, axes = new_figure(0.5 * rows, rows=rows, columns=2, squeeze=False)
    for ax in axes.flat[len(corpora) :]:
        ax.set_axis_off()
    names = [*CLASSES, NOTHING]
    for corpus, ax in zip(corpora, axes.flat, strict=False):
        counts = table[table["corpus"] == corpus].pivot(index="struck", columns="heard", values="n").loc[names, names].to_numpy(int)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        image = ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), count in np.ndenumerate(counts):
            if (row, column) != (len(CLASSES), len(CLASSES)):
                ax.text(
                    column,
                    row,
                    f"{count:,}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if share[row, column] > 0.6 else "black",
                )
        ax.set_xticks(range(len(names)), [*CLASSES, "–"])
        ax.set_yticks(range(len(names)), [*CLASSES, "–"])
        ax.set(xlabel="heard (–: nothing)", ylabel=f"{in_figure(corpus)}: struck (–: nothing)")
        ax.axhline(len(CLASSES) - 0.5, color="#555555", linewidth=0.8)
        ax.axvline(len(CLASSES) - 0.5, color="#555555", linewidth=0.8)
        ax.tick_params(length=0)
    figure.colorbar(image, ax=axes, label="share of the row", shrink=0.6, pad=0.01)
    return axes


def plot_circumstance(table: pd.DataFrame, circumstance: str, label: str, order: tuple[str, ...]):
    """Shares of errors over the values of a circumstance, a line for each corpus, axes for each measure: the axes.

    table  `studies.circumstances`. Axes share their scale, unless one counts errors in moments.

    Whiskers are 95 % intervals; open markers are shares of fewer than `FEW` strokes, estimates or moments of that corpus.
    """
    table = table[table["circumstance"] == circumstance]
    measures = [measure for measure in MEASURES if measure in set(table["measure"])]
    if not measures:
        return empty_figure(NO_DATA, 0.2)
    shared = "invented_per_moment" not in measures
    _, axes = new_figure(0.44, columns=len(measures), sharey=shared, squeeze=False, width=1 if len(measures) > 1 else 0.75)
    corpora = list(dict.fromkeys(table["corpus"]))
    tops = {}
    for measure, ax in zip(measures, axes[0], strict=True):
        shown = table[table["measure"] == measure]
        for index, corpus in enumerate(corpora):
            part = shown[shown["corpus"] == corpus]
            at = np.array([order.index(value) for value in part["value"]], dtype=float)  # empty if a corpus has no such errors
            _draw_shares(ax, at + (index - (len(corpora) - 1) / 2) * 0.12, part, corpus)
        counts = shown.groupby("value")["n"].sum()
        ax.set_xticks(range(len(order)), [f"{value}\nn = {counts.get(value, 0):,}" for value in order])
        ax.set(xlabel=label, ylabel=MEASURES[measure], xlim=(-0.5, len(order) - 0.5))
        ax.tick_params(labelleft=True)
        ax.grid(axis="y")
        tops[ax] = max(100 * float(np.nanmax(shown[["share", "ci_high"]].to_numpy(float))), 1)
    for ax, top in tops.items():
        top = max(tops.values()) if shared else top
        ax.set_ylim(-0.03 * top, 1.05 * top)  # room for a whole marker at 0
    handles, labels = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].figure.legend(handles, labels, loc="outside upper center", ncols=4, columnspacing=1.0, handletextpad=0.3)
    return axes[0]


def _draw_shares(ax, at: np.ndarray, part: pd.DataFrame, corpus: str) -> None:
    colour, marker = CORPUS_COLOURS.get(corpus, OTHER_COLOUR), CORPUS_MARKERS.get(corpus, ".")
    share = 100 * part["share"].to_numpy(float)
    low, high = (
        np.nan_to_num(sign * (100 * part[end].to_numpy(float) - share)).clip(min=0)
        for end, sign in (("ci_low", -1), ("ci_high", 1))
    )
    ax.errorbar(
        at,
        share,
        [low, high],
        color=colour,
        marker=marker,
        markersize=4,
        linewidth=0.9,
        elinewidth=0.8,
        capsize=1.5,
        label=in_figure(corpus),
    )
    few = part["n"].to_numpy() < FEW
    style = {"color": colour, "markerfacecolor": "white", "markersize": 4, "linestyle": "none", "zorder": 3}
    ax.plot(at[few], share[few], marker, **style)


def plot_timing(events: pd.DataFrame, tolerance: float, ax=None):
    """Delay of estimates after their strokes, for hits and near misses, a line for each corpus; dotted lines are the tolerances.

    Bins are 10 ms wide; points of different corpora are offset by `TIMING_STEP` ms.
    """
    ax = given_axes(ax)
    known = events[events["difference"].notna()]
    if known.empty:
        return say_nothing_found(ax, NO_DATA if events.empty else "no estimate is near a stroke")
    edges = np.arange(-NEAR - 0.005, NEAR + 0.006, 0.01)
    centres = 1000 * (edges[:-1] + edges[1:]) / 2
    corpora = list(dict.fromkeys(known["corpus"]))
    for index, corpus in enumerate(corpora):
        part = known[known["corpus"] == corpus]
        beside = TIMING_STEP * (index - (len(corpora) - 1) / 2)  # ms, so that equal shares do not hide each other
        n_strokes = int((events["corpus"].eq(corpus) & events["event"].ne("invented")).sum())
        share = 100 * np.histogram(part["difference"].astype(float), edges)[0] / n_strokes
        style = {"color": CORPUS_COLOURS.get(corpus, OTHER_COLOUR), "marker": CORPUS_MARKERS.get(corpus, ".")}
        ax.plot(
            centres + beside,
            np.where(share > 0, share, np.nan),
            markersize=4,
            linewidth=0.9,
            label=f"{in_figure(corpus)} (n = {n_strokes:,})",
            **style,
        )
    for limit in sorted({0.025, tolerance}):
        for sign in (-1, 1):
            ax.axvline(sign * 1000 * limit, color="#777777", linewidth=0.8, linestyle=":")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(plt.matplotlib.ticker.FormatStrFormatter("%g"))
    ax.set(
        xlabel="estimate later than the stroke (ms)", ylabel="share of the strokes (%)", xlim=(-1000 * NEAR - 5, 1000 * NEAR + 5)
    )
    ax.grid(axis="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0, handletextpad=0.3)
    return ax
