"""Pictures of the studies: what accuracy costs. Conventions as in `plotting`."""

import matplotlib as mpl
import numpy as np
import pandas as pd

from adtlib.plotting import ARCHITECTURE_COLOURS, ARCHITECTURE_MARKERS, new_figure

COSTS = {
    "n_parameters": "parameters",
    "training_seconds": "training (s)",
    "times_real_time": "inference (× real time)",
}


def plot_costs(table: pd.DataFrame, axes=None):
    """Micro F1 over parameters, training time and inference speed, one axes each, logarithmic: `speed.cost_table`.

    A large open marker is the mean of an architecture over corpora, the small ones its corpora. The F1 axis begins at the tenth
    below the lowest score, which the caption has to say.
    """
    if axes is None:
        _, axes = new_figure(0.42, columns=len(COSTS), sharey=True)
    for ax, (column, label) in zip(axes, COSTS.items(), strict=True):
        for name, part in table.groupby("architecture", sort=False):
            style = {"color": ARCHITECTURE_COLOURS[name], "marker": ARCHITECTURE_MARKERS[name], "linestyle": "none"}
            mean = part[[column, "f1_micro"]].mean()
            # Open, so that one mean does not hide another.
            large = {"markersize": 8, "markerfacecolor": "none", "markeredgewidth": 1.5}
            ax.plot(mean[column], mean["f1_micro"], label=name, zorder=4, **large, **style)
            ax.plot(part[column], part["f1_micro"], markersize=3, markeredgecolor="black", markeredgewidth=0.3, zorder=3, **style)
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
