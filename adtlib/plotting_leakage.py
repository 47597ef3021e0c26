"""The picture of the leakage check: how like a copy is, and how unlike another recording. Conventions as in `plotting`."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.leakage import SAME
from adtlib.plotting import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR
from adtlib.plotting_passages import say_nothing_found


def plot_similarities(points: pd.DataFrame, ax=None):
    """Similarity of copies and of other recordings, a row a treatment, a marker a comparison; at the line "the same" begins."""
    ax = ax or plt.gca()
    if points.empty:
        return say_nothing_found(ax)
    rows = list(dict.fromkeys(points["treatment"]))
    for name, part in points.groupby("corpus", sort=False):
        rng = np.random.default_rng(0)  # places within a row tell markers apart and mean nothing
        at = part["treatment"].map(rows.index) + rng.uniform(-0.28, 0.28, len(part))
        style = {"color": CORPUS_COLOURS.get(name, OTHER_COLOUR), "markeredgecolor": "#333333", "markeredgewidth": 0.3}
        ax.plot(part["similarity"], at, CORPUS_MARKERS.get(name, "."), linestyle="none", markersize=4, label=name, **style)
    ax.axvline(SAME, color="#555555", linewidth=0.8, linestyle="--")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel="similarity of the sound, second by second", ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlim(left=min(0.0, points["similarity"].min() - 0.02), right=1.02)
    ax.hlines(np.arange(len(rows) - 1) + 0.5, 0, 1, color="#dddddd", linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, columnspacing=1.0, handletextpad=0.2)
    return ax
