"""Pictures of the dataset study: training sets against tests, what transfer costs, one test in detail (thesis, chapter 7)."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.plotting import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, TEXT_WIDTH

ROW = 0.45 / 2.54  # inches a row of text and its marker take


def plot_f1_grid(grid: pd.DataFrame, zero_shot: pd.DataFrame, ax=None):
    """Micro F1 as a heat map: a row a training set, a column a test corpus; what is no zero-shot test is framed.

    grid, zero_shot  `f1_grid` and `zero_shot_cells` of the dataset table; a test not made is left blank with a dash.
    """
    ax = plt.gca() if ax is None else ax
    values = grid.to_numpy(dtype=float)
    image = ax.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        shade = "white" if value < 0.55 else "black"
        text = "–" if np.isnan(value) else f"{value:.3f}"
        ax.text(column, row, text, ha="center", va="center", color="black" if np.isnan(value) else shade, fontsize=8)
        if not zero_shot.iloc[row, column]:
            frame = mpl.patches.Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, fill=False, edgecolor="#D55E00", linewidth=1.6)
            ax.add_patch(frame)
    ax.set_xticks(range(grid.shape[1]), [name.replace("+", "+\n") for name in grid.columns])
    ax.set_yticks(range(grid.shape[0]), grid.index)
    ax.set(xlabel="test corpus (framed: trained on)", ylabel="training set")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="micro F1", pad=0.02)
    return ax


def plot_against_own(table: pd.DataFrame, gain: bool = False):
    """Training sets against the model trained on the test corpus alone: (figure, axes), a panel a test corpus.

    table  rows of `against_own`; whiskers are its intervals. ValueError where it is empty.
    gain   show what is gained, not what is lost.

    A training set of one corpus has that corpus's colour and marker, of several a grey ring.
    """
    if table.empty:
        raise ValueError("no training set to compare: none was tested on a corpus that another was trained on alone")
    tests, sign = list(dict.fromkeys(table["test"])), -1 if gain else 1
    heights = [(table["test"] == test).sum() for test in tests]
    size = (TEXT_WIDTH, (sum(heights) + 1.1 * len(tests) + 2) * ROW)
    figure, axes = plt.subplots(len(tests), 1, sharex=True, squeeze=False, figsize=size, height_ratios=heights)
    for test, ax in zip(tests, axes[:, 0], strict=True):
        part = table[table["test"] == test].reset_index(drop=True)
        _dots(part["train"], sign * part["loss"], sign * part["low"], sign * part["high"], ax)
        ax.axvline(0, color="#555555", linewidth=0.8)
        ax.set_title(f"tested on {test}", loc="left", fontsize=8, pad=3)
    axes[-1, 0].set_xlabel(f"micro F1 {'gained' if gain else 'lost'}")
    axes[-1, 0].xaxis.set_major_locator(mpl.ticker.MaxNLocator(7))  # labels of three decimals stand clear of each other
    return figure, axes[:, 0]


def plot_training_sets(scores: pd.DataFrame, seeds: pd.DataFrame | None = None, ax=None):
    """Micro F1 of all training sets on one test corpus, with intervals, a row each.

    scores  train, f1_micro, low, high: rows of `against_highest`, shown from the top.
    seeds   train and f1_micro of single runs, shown as small crosses; by default none.
    """
    ax = plt.gca() if ax is None else ax
    _dots(scores["train"], scores["f1_micro"], scores["low"], scores["high"], ax)
    if seeds is not None:
        rows = {train: row for row, train in enumerate(scores["train"])}
        known = seeds[seeds["train"].isin(rows)]
        ax.plot(known["f1_micro"], known["train"].map(rows) + 0.28, "x", color="#555555", markersize=3, markeredgewidth=0.7)
    ax.set(xlabel="micro F1", xlim=(0, 1))
    return ax


def _dots(names, values, lows, highs, ax) -> None:
    """A row a name: value with whiskers, in colour and marker of the corpus where it is one."""
    for row, (name, value, low, high) in enumerate(zip(names, values, lows, highs, strict=True)):
        colour, marker = CORPUS_COLOURS.get(name, OTHER_COLOUR), CORPUS_MARKERS.get(name, "o")
        if np.isfinite(low):
            ax.plot([low, high], [row, row], color=colour, linewidth=1.2)
        face = colour if name in CORPUS_COLOURS else "white"
        ax.plot(value, row, marker, color=colour, markerfacecolor=face, markersize=5, clip_on=False)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="x")
