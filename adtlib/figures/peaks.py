"""Figures of peak picking (thesis 2.4.3): conditions, parameters, and transcriptions above each other."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.audio.features import FPS
from adtlib.figures.notation import plot_notation_over_time
from adtlib.figures.passages import features_with_bar, label_last, stacked_figure
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, INK, QUIET, TEXT_WIDTH, given_axes
from adtlib.notation.patterns import Pattern
from adtlib.onsets.frames import Onsets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.vocabulary import CLASSES

# --- activations -------------------------------------------------------------------------------------------------------


def plot_transcriptions(
    pattern: Pattern, lead_in: float, features: np.ndarray, activations: np.ndarray, picked: Onsets, peaks: PeakPicking
):
    """One performance as notation, features and activation functions over the same seconds: the figure.

    features     `(T, 84)`;  activations  `(T, 5)`;  picked  onsets picked from them, marked on the curves.
    """
    figure, axes, sides = stacked_figure([1.0, 1.5, *[0.46] * len(CLASSES)], 0.95)
    features_with_bar(features, 0.0, axes[1], sides[1])
    threshold = np.broadcast_to(peaks.threshold, len(CLASSES))
    times = np.arange(len(activations)) / FPS
    for row, (name, ax) in enumerate(zip(CLASSES, axes[2:], strict=True)):
        colour = CLASS_COLOURS[name]
        ax.axhline(threshold[row], color=QUIET, linewidth=0.6, linestyle=":")
        ax.fill_between(times, activations[:, row], color=colour, alpha=0.3, linewidth=0)
        ax.plot(times, activations[:, row], color=colour, linewidth=0.9)
        for time in pattern.onsets(lead_in)[row]:
            ax.axvline(time, color=colour, linewidth=0.7, linestyle=(0, (1.5, 1.5)))
        heights = activations[np.rint(picked[row] * FPS).astype(int), row]
        ax.plot(picked[row], heights, CLASS_MARKERS[name], color=colour, markersize=4.5, linestyle="none", clip_on=False)
        ax.set(ylim=(0, 1.05), yticks=[0, 1])
        ax.set_ylabel(name, color=colour, fontweight="bold", rotation=0, ha="right", va="center")
    label_last(axes)
    axes[-1].set(xlabel="time (s)", xlim=(0, len(activations) / FPS))
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.01)
    # The notation is drawn for the present position of its axes, which must not change afterwards.
    figure.canvas.draw()
    figure.set_layout_engine("none")
    plot_notation_over_time(pattern, lead_in, axes[0])
    return figure


# --- peak picking ------------------------------------------------------------------------------------------------------

_REASONS = {
    # The first condition that fails: text, its offset from the cross in points, its alignment.
    "highest": ("not the\nhighest", (5, 2), "left"),
    "above_mean": ("not {delta:g} above\nthe mean", (0, 9), "center"),
    "above_threshold": ("below the\nthreshold", (0, 18), "center"),
    "waited": ("too soon\nafter the last", (5, 2), "left"),
}


def refused_peaks(explained: pd.DataFrame) -> pd.DataFrame:
    """Rows of local maxima above 0.2 that were not picked as onsets. explained: as in `plot_peak_conditions`."""
    y = explained["activation"].to_numpy()
    local = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:]) & (y[1:-1] > 0.2)) + 1
    return explained.iloc[local[~explained["onset"].to_numpy()[local]]]


def refusal(row, config: PeakPicking) -> tuple[str, tuple[int, int], str]:
    """Why the peak of this row was refused: (text, its offset in points, its alignment)."""
    text, offset, align = next(reason for name, reason in _REASONS.items() if not getattr(row, name))
    return text.format(delta=config.delta), offset, align


def plot_peak_conditions(explained: pd.DataFrame, config: PeakPicking, ax=None):
    """One activation curve with the quantities of peak picking: windows, mean plus delta, threshold, peaks taken and refused.

    explained  of `evaluation.examples.explain_peaks` with the same configuration, whose threshold is one number.
    """
    ax = given_axes(ax)
    y, frames = explained["activation"].to_numpy(), explained["frame"].to_numpy()
    ink = CLASS_COLOURS["SD"]
    ax.step(frames, explained["level"], where="mid", color="#0072B2", linewidth=0.9, label="mean of ±$a$ frames, plus $δ$")
    ax.axhline(config.threshold, color=QUIET, linewidth=0.9, linestyle=":", label="threshold")
    ax.plot(frames, y, "-", color=ink, linewidth=0.9, marker=".", markersize=3, label="activation")
    onsets = explained[explained["onset"]]
    reach = config.max_window + 0.4
    for row in onsets.itertuples():
        ax.axvspan(row.frame - reach, row.frame + reach, color=ink, alpha=0.12, linewidth=0)
    ax.plot(onsets["frame"], onsets["activation"], CLASS_MARKERS["SD"], color=ink, markersize=6, label="taken, and its ±$m$ frames")
    refused = refused_peaks(explained)
    ax.plot(refused["frame"], refused["activation"], "X", color="white", markeredgecolor=INK, markersize=7, label="refused")
    for row in refused.itertuples():
        text, offset, align = refusal(row, config)
        ax.annotate(
            text, (row.frame, row.activation), offset, textcoords="offset points", ha=align, fontsize=8, color=INK, linespacing=1.0
        )
    ax.set(ylabel="activation", xlim=(-0.5, len(y) - 0.5), ylim=(0, 1.04))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handletextpad=0.5, columnspacing=1.6)
    return ax


SYMBOLS = {"max_window": "$m$", "mean_window": "$a$", "delta": "$δ$", "wait": "$w$", "threshold": "threshold"}


def plot_peak_parameter(curve: np.ndarray, name: str, values: Sequence[float], config: PeakPicking, ax=None):
    """Picked frames for each value of one parameter, the others as in `config`, whose own value is shaded."""
    ax = given_axes(ax)
    options = {key: getattr(config, key) for key in SYMBOLS}
    activations = np.zeros((len(curve), len(CLASSES)))
    activations[:, 0] = curve
    for row, value in enumerate(values):
        onsets = pick_peaks(activations, PeakPicking(**options | {name: value}))[0] * FPS
        own = value == getattr(config, name)
        if own:
            ax.axhspan(row - 0.5, row + 0.5, color="#eeeeee", zorder=0)
        ax.plot(onsets, np.full(len(onsets), row), CLASS_MARKERS["SD"], color=CLASS_COLOURS["SD"] if own else INK, markersize=3.5)
    ax.set_yticks(range(len(values)), [f"{value:g}" for value in values])
    ax.set(ylim=(-0.6, len(values) - 0.4), xlim=(-0.5, len(curve) - 0.5))
    ax.set_ylabel(SYMBOLS[name], rotation=0, ha="right", va="center")
    ax.grid(axis="y", linewidth=0.4)
    ax.tick_params(labelbottom=False)
    return ax


def plot_peak_picking(curve: np.ndarray, explained: pd.DataFrame, config: PeakPicking, values: Mapping[str, Sequence[float]]):
    """The conditions on one curve, and below it the effect of each parameter: the figure.

    values  the values to try of each parameter.
    """
    figure, axes = plt.subplots(
        1 + len(values),
        1,
        figsize=(TEXT_WIDTH, 0.92 * TEXT_WIDTH),
        sharex=True,
        height_ratios=[3.2, *[0.25 * len(tried) for tried in values.values()]],
    )
    plot_peak_conditions(explained, config, axes[0])
    for (name, tried), ax in zip(values.items(), axes[1:], strict=True):
        plot_peak_parameter(curve, name, tried, config, ax)
    axes[0].tick_params(labelbottom=False)
    axes[-1].tick_params(labelbottom=True)
    axes[-1].set_xlabel(f"time (frames of {1000 / FPS:g} ms)")
    figure.align_ylabels(axes)
    return figure
