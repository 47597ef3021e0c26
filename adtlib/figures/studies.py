"""Figures of the studies: F1 by architecture, cost, training sets against tests, published numbers. Conventions as in `theme`."""

import re
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from adtlib.corpora.registry import CORPORA
from adtlib.evaluation.significance import FEWEST_GROUPS
from adtlib.figures.architectures import ARCHITECTURE_COLOURS, ARCHITECTURE_MARKERS
from adtlib.figures.theme import (
    CORPUS_COLOURS,
    CORPUS_MARKERS,
    OTHER_COLOUR,
    TEXT_WIDTH,
    given_axes,
    new_figure,
)
from adtlib.markup import in_figure
from adtlib.models.registry import ARCHITECTURES
from adtlib.vocabulary import CLASSES

COSTS = {
    "n_parameters": "parameters",
    "training_seconds": "training (s)",
    "times_real_time": "inference (× real time)",
}


def plot_costs(table: pd.DataFrame, axes=None):
    """Micro F1 over parameters, training time and inference speed, each with logarithmic axes: `studies.cost_table`.

    Large open markers are means of an architecture over corpora, small ones single corpora. The F1 axis begins at the tenth below
    the lowest score, which the caption must mention.
    """
    if axes is None:
        _, axes = new_figure(0.42, columns=len(COSTS), sharey=True)
    for ax, (column, label) in zip(axes, COSTS.items(), strict=True):
        for name, part in table.groupby("architecture", sort=False):
            style = {"color": ARCHITECTURE_COLOURS[name], "marker": ARCHITECTURE_MARKERS[name], "linestyle": "none"}
            mean = part[[column, "f1_micro"]].mean()
            # Open, so that one mean does not hide another.
            large = {"markersize": 10, "markerfacecolor": "none", "markeredgewidth": 1.5}
            ax.plot(mean[column], mean["f1_micro"], label=name, zorder=4, **large, **style)
            ax.plot(part[column], part["f1_micro"], markersize=4.5, markeredgecolor="white", markeredgewidth=0.4, zorder=3, **style)
        ax.set(xlabel=label, xscale="log", ylim=(np.floor(10 * table["f1_micro"].min()) / 10, 1))
        low, high = table[column].min(), table[column].max()
        ax.set_xlim(low / 1.6, high * 1.6)
        ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5) if high / low < 30 else (1,)))
        ax.xaxis.set_major_formatter(
            mpl.ticker.FuncFormatter(lambda value, _: f"{value / 1000:g}k" if value >= 1000 else f"{value:g}")
        )
        ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        ax.grid()
    axes[0].set_ylabel("micro F1")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(
        handles, labels, loc="outside upper center", ncols=5, columnspacing=1.0, handletextpad=0.2, markerscale=0.7
    )
    return axes


ROW = 0.45 / 2.54  # inches, height of a row


def plot_f1_grid(grid: pd.DataFrame, zero_shot: pd.DataFrame, ax=None):
    """Micro F1 as numbers: a row for each training set, a column for each test corpus; missing tests have a dash.

    grid, zero_shot  `f1_grid` and `zero_shot_cells` of the dataset table.

    The colour is the difference from the model that was trained on the test corpus alone; a column without one stays white. Tests
    that are not zero-shot are framed; the highest zero-shot score of a column, and what prints alike, is underlined.
    """
    ax = given_axes(ax)
    own = pd.Series({test: grid[test].get(test, np.nan) for test in grid.columns}, dtype=float)
    beside = grid.astype(float) - own
    most = max(0.05, float(np.nanmax(np.abs(beside.to_numpy()), initial=0)))
    bar = {"label": "micro F1 minus that of the\ncorpus's own model", "pad": 0.02}
    sns.heatmap(beside, cmap="PuOr", vmin=-most, vmax=most, cbar_kws=bar, linewidths=0.8, linecolor="white", ax=ax)
    best = grid.where(zero_shot).max().round(3)
    for (row, column), value in np.ndenumerate(grid.to_numpy(dtype=float)):
        highest = bool(zero_shot.iloc[row, column]) and round(value, 3) == best.iloc[column]
        text = "–" if np.isnan(value) else f"{value:.3f}"
        dark = abs(np.nan_to_num(beside.iloc[row, column])) > 0.7 * most
        style = {"color": "white" if dark else "black", "fontsize": 8}
        ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", **style)
        if highest:
            ax.plot([column + 0.27, column + 0.73], [row + 0.78] * 2, color=style["color"], linewidth=0.9)
        if not zero_shot.iloc[row, column]:
            frame = {"fill": False, "edgecolor": "#333333", "linewidth": 1.3}
            ax.add_patch(mpl.patches.Rectangle((column + 0.06, row + 0.09), 0.88, 0.82, **frame))
    # Long names break after their "+" or "-": side by side they would touch.
    names = [re.sub(r"(?<=....[+-])", "\n", in_figure(name), count=1) for name in grid.columns]
    ax.set_xticklabels(names, rotation=0)
    ax.set_yticklabels([in_figure(name) for name in grid.index], rotation=0)
    ax.set(xlabel="test corpus (framed: trained on)", ylabel="training set")
    ax.tick_params(length=0)
    return ax


def plot_against_own(table: pd.DataFrame):
    """Training sets beside the model trained on the test corpus alone: (figure, axes), axes for each test corpus.

    table  rows of `against_own`; ValueError if it is empty.

    Right of 0 a training set scores higher than the corpus alone. Whiskers are the table's intervals, where there are enough
    independent groups. A training set of one corpus has that corpus's colour and marker, one of several corpora a grey ring.
    """
    if table.empty:
        raise ValueError("no training set to compare: none was tested on a corpus that another was trained on alone")
    tests = list(dict.fromkeys(table["test"]))
    heights = [(table["test"] == test).sum() for test in tests]
    size = (TEXT_WIDTH, (sum(heights) + 1.1 * len(tests) + 2) * ROW)
    figure, axes = plt.subplots(len(tests), 1, sharex=True, squeeze=False, figsize=size, height_ratios=heights)
    for test, ax in zip(tests, axes[:, 0], strict=True):
        part = table[table["test"] == test].reset_index(drop=True)
        _dots(part["train"], -part["loss"], -part["high"], -part["low"], part["n_independent"], ax)
        ax.axvline(0, color="#555555", linewidth=0.8)
        ax.set_title(f"tested on {in_figure(test)}", loc="left", fontsize=8, pad=3)
    figure.supxlabel("micro F1 minus that of the model trained on the test corpus alone", fontsize=9)
    axes[-1, 0].xaxis.set_major_locator(mpl.ticker.MaxNLocator(7))  # so that labels of three decimals do not overlap
    return figure, axes[:, 0]


def plot_training_sets(scores: pd.DataFrame, seeds: pd.DataFrame | None = None, ax=None):
    """Micro F1 of all training sets on one test corpus, a row each; with intervals where there are enough independent groups.

    scores  train, f1_micro, low, high, n_independent: rows of `against_highest`, from top to bottom.
    seeds   train and f1_micro of single runs, shown as small crosses; None for no crosses.
    """
    ax = given_axes(ax)
    _dots(scores["train"], scores["f1_micro"], scores["low"], scores["high"], scores["n_independent"], ax)
    if seeds is not None:
        rows = {train: row for row, train in enumerate(scores["train"])}
        known = seeds[seeds["train"].isin(rows)]
        ax.plot(known["f1_micro"], known["train"].map(rows) + 0.28, "x", color="#555555", markersize=3, markeredgewidth=0.7)
    ax.set(xlabel="micro F1", xlim=(0, 1))
    return ax


def _dots(names, values, lows, highs, groups, ax) -> None:
    """A row a name: value with whiskers, in colour and marker of the corpus where it is one."""
    for row, (name, value, low, high, n) in enumerate(zip(names, values, lows, highs, groups, strict=True)):
        colour, marker = CORPUS_COLOURS.get(name, OTHER_COLOUR), CORPUS_MARKERS.get(name, "o")
        if np.isfinite(low) and n >= FEWEST_GROUPS:
            ax.plot([low, high], [row, row], color=colour, linewidth=1.2)
        face = colour if name in CORPUS_COLOURS else "white"
        ax.plot(value, row, marker, color=colour, markerfacecolor=face, markersize=5, clip_on=False)
    ax.set_yticks(range(len(names)), [in_figure(name) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="x")


STUDIES = {"architecture": "architecture study", "dataset": "dataset study"}


_EDGE = {"markeredgewidth": 0.5, "markersize": 5}


def plot_against_published(table: pd.DataFrame, axes=None, studies: Sequence[str] = tuple(STUDIES)):
    """This run's micro F1 over that of the finished thesis, a point for each test, axes for each study: the axes.

    table    of `studies.against_published`.
    studies  those to show, each in its own axes.

    The colour is the test corpus, the marker the architecture; open points are zero-shot tests. The axes begin at the tenth
    below the lowest value. Tests without both numbers are left out; if there are none, the axes say so.
    """
    if axes is None:
        _, axes = new_figure(
            0.58, columns=len(studies), sharex=True, sharey=True, squeeze=False, width=1 if len(studies) > 1 else 0.75
        )
    axes = np.atleast_1d(axes).ravel()
    shown = table[(table["measure"] == "f1_micro") & table["here"].notna() & table["published"].notna()]
    shown = shown[shown["study"].isin(list(studies))]
    lowest = shown[["here", "published"]].astype(float).min().min()
    start = np.floor(10 * lowest) / 10 if len(shown) else 0.0
    for ax, study in zip(axes, studies, strict=True):
        ax.axline((1, 1), slope=1, color="#999999", linewidth=0.8, linestyle="--", zorder=1)
        rows = shown[shown["study"] == study]
        for row in rows.itertuples():
            colour = CORPUS_COLOURS.get(row.test, OTHER_COLOUR)
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
    """Legends: colours above, markers below."""
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


def plot_f1_points(table: pd.DataFrame, ax=None):
    """Micro F1 of each architecture, corpus by corpus: single seeds as markers, their mean as a bar across them.

    table  of `studies.table_with_intervals`. Whiskers are its intervals of the mean, where a corpus has enough independent groups.

    The F1 axis begins at the tenth below the lowest score, which the caption must mention.
    """
    ax = given_axes(ax)
    known = table[table["f1_micro"].notna()]
    corpora, names = list(dict.fromkeys(table["corpus"])), list(dict.fromkeys(table["architecture"]))
    step = 0.8 / len(names)
    lowest = 1.0
    for index, name in enumerate(names):
        style = {"color": ARCHITECTURE_COLOURS.get(name, OTHER_COLOUR), "zorder": 3}
        for at, corpus in enumerate(corpora):
            rows = known[(known["architecture"] == name) & (known["corpus"] == corpus)]
            if rows.empty:
                continue
            x, mean = at + (index - (len(names) - 1) / 2) * step, rows["f1_micro"].mean()
            low, high = rows["ci_low"].mean(), rows["ci_high"].mean()
            if np.isfinite(low) and rows["n_independent"].min() >= FEWEST_GROUPS:
                ax.plot([x, x], [low, high], linewidth=0.9, **style)
                lowest = min(lowest, low)
            ax.plot([x - 0.4 * step, x + 0.4 * step], [mean, mean], linewidth=2.0, solid_capstyle="butt", **style)
            seeds = {"marker": ARCHITECTURE_MARKERS.get(name, "."), "markeredgecolor": "white", "markeredgewidth": 0.6}
            ax.plot(np.full(len(rows), x), rows["f1_micro"], linestyle="none", markersize=5, **seeds, **style)
            lowest = min(lowest, rows["f1_micro"].min())
    styles = {name: (ARCHITECTURE_COLOURS.get(name, OTHER_COLOUR), ARCHITECTURE_MARKERS.get(name, ".")) for name in names}
    handles = [Line2D([], [], color=colour, marker=mark, label=in_figure(name)) for name, (colour, mark) in styles.items()]
    for edge in range(1, len(corpora)):
        ax.axvline(edge - 0.5, color="#dddddd", linewidth=0.8)
    ax.set_xticks(range(len(corpora)), [in_figure(corpus) for corpus in corpora])
    ax.set(ylabel="micro F1", xlim=(-0.5, len(corpora) - 0.5), ylim=(max(np.floor(10 * (lowest - 0.02)) / 10, 0), 1))
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    ax.legend(handles=handles, ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.2, handlelength=1.8)
    return ax


def plot_class_f1(table: pd.DataFrame, ax=None):
    """F1 of each class, mean over seeds, as a heat map with numbers: rows of `studies.score_table`, a row for each test."""
    ax = given_axes(ax)
    means = table.groupby("test", sort=False)[[f"f1_{name}" for name in CLASSES]].mean()
    means.columns = list(CLASSES)
    bar = {"label": "F1", "pad": 0.02, "ticks": [0, 0.5, 1]}
    sns.heatmap(means, annot=True, fmt=".2f", vmin=0, vmax=1, cmap="Blues", annot_kws={"fontsize": 8}, cbar_kws=bar, ax=ax)
    ax.set_yticklabels([in_figure(name) for name in means.index], rotation=0)
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    return ax
