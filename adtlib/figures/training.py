"""Figures of training: searches for hyperparameters and learning curves."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd

from adtlib.figures.theme import CORPUS_COLOURS, CORPUS_MARKERS, INK, OTHER_COLOUR, new_figure
from adtlib.markup import in_figure

if TYPE_CHECKING:
    from adtlib.training.search.folder import Search


def plot_trials(searches: "list[Search]"):
    """Every trial as a line through its hyperparameters, learning rate, weight decay and score: axes, one for each search.

    Each scale is stretched over the height of the axes and has its ends written; colour is the score, the best trial is thick.
    """
    _, axes = new_figure(0.08 + 0.34 * len(searches), rows=len(searches), squeeze=False)
    for search, ax in zip(searches, axes[:, 0], strict=True):
        table = search.trials.fillna({"val_f1_micro": 0.0})
        fixed = ("trial", "corpus", "outcome", "seconds", "epochs", "best_epoch", "val_loss", "n_parameters")
        names = [name for name in table.columns if name not in (*fixed, "val_f1_micro")]
        names = [name for name in names if table[name].map(str).nunique() > 1] + ["val_f1_micro"]
        for trial, heights in zip(table.itertuples(), _on_scales(table[names]), strict=True):
            best = trial.trial == search.best.folder.name
            colour = mpl.colormaps["viridis_r"](0.1 + 0.85 * trial.val_f1_micro)
            style = {"color": colour, "linewidth": 2.6 if best else 1.0, "zorder": 3 if best else 2}
            ax.plot(range(len(names)), heights, marker="o", markersize=5 if best else 3, clip_on=False, **style)
        for at, name in enumerate(names):
            ax.axvline(at, color="#cccccc", linewidth=0.8, zorder=0)
            for value, height, side in ((table[name].min(), -0.04, "top"), (table[name].max(), 1.04, "bottom")):
                text = f"{value:.3g}" if isinstance(value, float) else str(value)
                ax.text(at, height, text, ha="center", va=side, fontsize=8)
        ax.set_xticks(range(len(names)), [name.replace("val_", "").replace("_", " ") for name in names])
        ax.tick_params(axis="x", length=0, pad=14)
        ax.set(ylim=(0, 1), yticks=[], xlim=(-0.2, len(names) - 0.8))
        ax.set_ylabel(in_figure(" + ".join(search.record["search"]["config"]["train"])))
        ax.spines[:].set_visible(False)
    return axes[:, 0]


def _on_scales(table: pd.DataFrame) -> np.ndarray:
    """`(trials, columns)` heights from 0 to 1: evenly for numbers of layers and the like, learning rate and decay by logarithm."""
    heights = []
    for name in table.columns:
        values = table[name].map(str).rank(method="dense") if table[name].dtype == object else table[name].astype(float)
        values = np.log(values) if name in ("learning_rate", "weight_decay") else values
        spread = values.max() - values.min()
        heights.append((values - values.min()) / (spread or 1.0))
    return np.array(heights, dtype=float).T


# --- training and results ----------------------------------------------------------------------------------------------


def plot_learning_curves(metrics: dict[str, pd.DataFrame], axes=None):
    """Training (dashed) and validation (solid) loss, and validation micro F1, over epochs; a colour for each corpus."""
    if axes is None:
        _, axes = new_figure(0.42, columns=2)
    for name, table in metrics.items():
        colour, marker = CORPUS_COLOURS.get(name, OTHER_COLOUR), CORPUS_MARKERS.get(name, ".")
        every = max(1, len(table) // 6)
        axes[0].plot(table["epoch"], table["train_loss"], "--", color=colour, linewidth=0.9)
        axes[0].plot(
            table["epoch"], table["val_loss"], color=colour, marker=marker, markersize=3, markevery=every, label=in_figure(name)
        )
        axes[1].plot(
            table["epoch"], table["val_f1_micro"], color=colour, marker=marker, markersize=3, markevery=every, label=in_figure(name)
        )
    kinds = [
        mpl.lines.Line2D([], [], linestyle=line, color=INK, label=name) for line, name in (("--", "training"), ("-", "validation"))
    ]
    axes[0].legend(handles=kinds, loc="upper right")
    axes[0].set(xlabel="epoch", ylabel="loss", yscale="log")
    axes[0].yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes[0].yaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes[1].set(xlabel="epoch", ylabel="validation micro F1", ylim=(0, 1))
    for ax in axes:
        ax.grid()
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes[1].legend()
    return axes
