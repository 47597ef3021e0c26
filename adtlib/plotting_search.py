"""Pictures of searches for hyperparameters."""

import matplotlib as mpl
from matplotlib.colors import to_rgba

from adtlib.plotting import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, new_figure
from adtlib.searches import Search


def plot_trials(searches: list[Search], axes=None):
    """Validation micro F1 of every trial: over its epochs (left), and its best over the learning rate (right).

    A colour and a marker a corpus; the best trial of each search is a thick line and a filled marker, a trial that diverged a cross
    at 0.
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
        axes[1].plot([], [], marker, color=colour, label=f"{corpus}: {len(search.trials)} trials, the best filled")
    axes[0].set(xlabel="epoch", ylabel="validation micro F1", ylim=(0, 1))
    axes[0].xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    axes[1].set(xlabel="learning rate", ylabel="best validation micro F1", ylim=(0, 1), xscale="log", xlim=(8e-5, 6.5e-3))
    for ax in axes:
        ax.grid()
    axes[1].legend(loc="best")
    return axes
