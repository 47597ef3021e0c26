"""Figures of errors: confusions, circumstances and deviations in time. Conventions as in `theme`.

Each takes a data frame of `studies.error_tables`; without data the axes have a text that says so.
"""

import numpy as np
import pandas as pd
import seaborn as sns

from adtlib.evaluation.errors import FEW, NOTHING
from adtlib.figures.passages import empty_figure
from adtlib.figures.theme import CORPUS_COLOURS, OTHER_COLOUR, new_figure
from adtlib.markup import in_figure
from adtlib.vocabulary import CLASSES

MEASURES = {"missed": "strokes missed (%)", "invented": "estimates invented (%)", "invented_per_moment": "invented in 100 moments"}
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
        ax.set(xlabel="heard (–: nothing)", ylabel="struck (–: nothing)")
        ax.set_title(in_figure(corpus), loc="left")
        ax.axhline(len(CLASSES) - 0.5, color="#555555", linewidth=0.8)
        ax.axvline(len(CLASSES) - 0.5, color="#555555", linewidth=0.8)
        ax.tick_params(length=0)
    figure.colorbar(image, ax=axes, label="share of the row", aspect=30, pad=0.01)
    return axes


def plot_circumstance(table: pd.DataFrame, circumstance: str, label: str, order: tuple[str, ...]) -> np.ndarray:
    """Shares of errors over the values of a circumstance, a row of axes for each measure, in it one for each corpus: all axes.

    table  `studies.circumstances`. A row's axes share their scale, which reaches to the highest share.

    Whiskers are the table's intervals, cut off at the scale's end; open bars are shares of fewer than `FEW` strokes, estimates or
    moments.
    """
    table = table[table["circumstance"] == circumstance]
    measures = [measure for measure in MEASURES if measure in set(table["measure"])]
    corpora = list(dict.fromkeys(table["corpus"]))
    if not measures:
        return empty_figure(NO_DATA, 0.2)
    size = {"rows": len(measures), "columns": len(corpora)}
    _, axes = new_figure(0.08 + 0.31 * len(measures), sharex=True, sharey="row", squeeze=False, **size)
    for measure, row in zip(measures, axes, strict=True):
        shown = table[table["measure"] == measure]
        for corpus, ax in zip(corpora, row, strict=True):
            part = shown[shown["corpus"] == corpus]
            _draw_shares(ax, np.array([order.index(value) for value in part["value"]], dtype=int), part, corpus)
            ax.set_xticks(range(len(order)), order, rotation=90)
            ax.set_xlim(-0.6, len(order) - 0.4)
            ax.grid(axis="y")
        row[0].set_ylabel(MEASURES[measure])
        row[0].set_ylim(0, max(1.15 * 100 * float(shown["share"].max()), 1))
    for corpus, ax in zip(corpora, axes[0], strict=True):
        ax.set_title(in_figure(corpus))
    axes[0, 0].figure.supxlabel(label, fontsize=9)
    return axes


def _draw_shares(ax, at: np.ndarray, part: pd.DataFrame, corpus: str) -> None:
    colour = CORPUS_COLOURS.get(corpus, OTHER_COLOUR)
    share = 100 * part["share"].to_numpy(float)
    faces = ["white" if n < FEW else colour for n in part["n"]]
    ax.bar(at, share, width=0.7, color=faces, edgecolor=colour, linewidth=1.0)
    low, high = (100 * part[end].to_numpy(float) for end in ("ci_low", "ci_high"))
    ax.vlines(at, low, high, color="#333333", linewidth=0.9)


def plot_timing(events: pd.DataFrame, tolerance: float) -> np.ndarray:
    """Delay of hits after their strokes, bins of 5 ms, axes for each corpus: all axes. Dotted lines are the tolerances.

    Near misses, farther from their stroke, are too few to be seen as bars: their number stands above the axes.
    """
    known = events[events["difference"].notna()]
    if known.empty:
        return empty_figure(NO_DATA if events.empty else "no estimate is near a stroke", 0.2)
    corpora = list(dict.fromkeys(known["corpus"]))
    _, axes = new_figure(0.36, columns=len(corpora), sharex=True, sharey=True, squeeze=False)
    reach = 1000 * tolerance + 5
    for corpus, ax in zip(corpora, axes[0], strict=True):
        delays = 1000 * known.loc[known["corpus"] == corpus, "difference"].astype(float)
        n_strokes = int((events["corpus"].eq(corpus) & events["event"].ne("invented")).sum())
        style = {"binwidth": 5, "binrange": (-reach - 2.5, reach + 2.5), "color": CORPUS_COLOURS.get(corpus, OTHER_COLOUR)}
        weights = np.full(len(delays), 100 / n_strokes)
        sns.histplot(x=delays.to_numpy(), weights=weights, edgecolor="white", linewidth=0.3, alpha=1, ax=ax, **style)
        for limit in sorted({25.0, 1000 * tolerance}):
            for sign in (-1, 1):
                ax.axvline(sign * limit, color="#777777", linewidth=0.8, linestyle=":")
        near = int((known["corpus"].eq(corpus) & known["event"].eq("missed")).sum())
        ax.set_title(f"{in_figure(corpus)}\nn = {n_strokes:,}\nnear misses: {near}", fontsize=8)
        ax.set(xlabel="", ylabel="", xlim=(-reach, reach))
        ax.grid(axis="y")
    axes[0, 0].set_ylabel("share of the strokes (%)")
    axes[0, 0].figure.supxlabel("estimate later than the stroke (ms)", fontsize=9)
    return axes[0]
