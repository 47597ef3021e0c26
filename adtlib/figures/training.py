"""Figures of training: searches for hyperparameters and learning curves."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import pandas as pd
from matplotlib.colors import to_rgba

from adtlib.figures.theme import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, new_figure
from adtlib.markup import in_figure

if TYPE_CHECKING:
    from adtlib.training.search.folder import Search


def plot_trials(searches: "list[Search]", axes=None):
    """Validation micro F1 of every trial: over its epochs (left), and its best over the learning rate (right).

    Each corpus has a colour and a marker; the best trial of each search has a thick line and a filled marker, a diverged trial a
    cross at 0.
    """
    if axes is None:
        _, axes = new_figure(0.4, columns=2)
    for search in searches:
        corpus = " + ".join(search.record["search"]["config"]["train"])
        colour, marker = CORPUS_COLOURS.get(corpus, OTHER_COLOUR), CORPUS_MARKERS.get(corpus, "o")
        best = search.best.folder.name
        for name, curve in search.curves.items():
            style = {"linewidth": 1.8, "marker": marker, "zorder": 3} if name == best else {"linewidth": 0.8, "alpha": 0.7}
            axes[0].plot(curve["epoch"], curve["val_f1_micro"], color=colour, markersize=4, **style)
        for trial in search.trials.fillna({"val_f1_micro": 0.0}).itertuples():
            filled = to_rgba(colour) if trial.trial == best else "white"
            shape = "x" if trial.outcome == "diverged" else marker
            axes[1].plot(
                trial.learning_rate, trial.val_f1_micro, shape, color=colour, markerfacecolor=filled, markersize=6, clip_on=False
            )
        axes[1].plot([], [], marker, color=colour, label=f"{in_figure(corpus)}: {len(search.trials)} trials, the best filled")
    axes[0].set(xlabel="epoch", ylabel="validation micro F1", ylim=(0, 1))
    axes[0].xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    axes[1].set(xlabel="learning rate", ylabel="best validation micro F1", ylim=(0, 1), xscale="log", xlim=(8e-5, 6.5e-3))
    for ax in axes:
        ax.grid()
    axes[1].legend(loc="best")
    return axes


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
    axes[0].set(xlabel="epoch", ylabel="loss (dashed: training)", yscale="log")
    axes[0].yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes[0].yaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes[1].set(xlabel="epoch", ylabel="validation micro F1", ylim=(0, 1))
    for ax in axes:
        ax.grid()
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes[1].legend()
    return axes
