"""Figures of how a network learns (notebook 40): descent at several learning rates, boundaries of a rule, overfitting."""

from collections.abc import Mapping, Sequence

import numpy as np

from adtlib.audio.features import band_centres
from adtlib.figures.theme import CLASS_COLOURS, INK, given_axes

_STYLES = (":", "-", "--", "-.")
_YES, _NO = "#1f5fa8", "#c8502d"


def plot_descent(losses: Mapping[float, Sequence[float]], weights: np.ndarray, name: str, axes):
    """Loss over steps, a line for each learning rate; and what one unit learned: its weight for each band.

    weights  `(84,)`;  name  the class whose colour the weights have.
    """
    for (rate, values), style in zip(losses.items(), _STYLES, strict=False):
        axes[0].plot(np.arange(1, len(values) + 1), values, style, color=INK, label=f"{rate:g}")
    axes[0].set(xscale="log", yscale="log", xlabel="step", ylabel="loss (mean over frames)")
    axes[0].xaxis.set_major_formatter("{x:g}")
    axes[0].legend(title="learning rate")
    axes[0].grid()
    axes[1].axhline(0, color=INK, linewidth=0.6)
    axes[1].vlines(band_centres(), 0, weights, color=CLASS_COLOURS[name], linewidth=1.6)
    axes[1].set(xscale="log", xlabel="centre of the band (Hz)", ylabel="weight")
    axes[1].set_xticks([50, 200, 1_000, 5_000, 15_000], ["50", "200", "1k", "5k", "15k"])
    axes[1].minorticks_off()
    return axes


def plot_boundaries(points: np.ndarray, exactly_one: np.ndarray, grid: np.ndarray, answers: Mapping[str, np.ndarray], axes):
    """Rises of kicks and hi-hats, filled where exactly one is struck; behind them what each network answers, on axes of its own.

    points   `(n, 2)` rises below 100 Hz and above 8 kHz;  exactly_one  `(n,)` bool
    grid     `(k, k, 2)` points that fill the axes;  answers  of each network `(k, k)` confidences at these points
    """
    x, y = np.moveaxis(grid, -1, 0)
    for (name, confidences), ax in zip(answers.items(), axes, strict=True):
        shade = ax.contourf(x, y, confidences, np.linspace(0, 1, 11), cmap="RdBu", vmin=-0.6, vmax=1.6)
        ax.contour(x, y, confidences, [0.5], colors=[INK], linewidths=0.9)
        style = {"s": 14, "linewidths": 0.8, "zorder": 3}
        ax.scatter(*points[exactly_one].T, color=_YES, edgecolors="white", label="exactly one", **style)
        ax.scatter(*points[~exactly_one].T, facecolors="none", edgecolors=_NO, label="both or neither", **style)
        ax.set(xlabel="rise below 100 Hz")
        ax.set_title(name)
    axes[0].set_ylabel("rise above 8 kHz")
    axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    axes[0].figure.colorbar(shade, ax=list(axes), label="confidence", ticks=[0, 0.5, 1])
    return axes


def plot_overfitting(training: Sequence[float], validation: Sequence[float], ax=None):
    """Loss on what is trained on and on what is not, over steps; a line marks where the second is lowest."""
    ax = given_axes(ax)
    steps = np.arange(1, len(training) + 1)
    ax.plot(steps, training, "--", color=INK, label="training")
    ax.plot(steps, validation, "-", color=INK, label="validation")
    best = int(np.argmin(validation))
    ax.axvline(steps[best], color="#999999", linewidth=0.8)
    ax.text(steps[best], ax.get_ylim()[1], f" lowest after {steps[best]} steps", va="top", fontsize=8)
    ax.set(xlabel="step", ylabel="loss (mean over frames)", xlim=(1, len(steps)))
    ax.set_ylim(bottom=0)
    ax.legend()
    ax.grid()
    return ax
