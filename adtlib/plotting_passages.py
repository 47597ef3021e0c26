"""Pictures of a passage: waveform, features and onsets over the same seconds. Conventions as in `plotting`.

Where there is nothing to show, a sentence says so.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from adtlib.features import FPS
from adtlib.passages import Passage
from adtlib.plotting import TEXT_WIDTH, plot_features, plot_onsets, plot_waveform
from adtlib.prepared import Prepared


def say_nothing_found(ax, what: str = "nothing found"):
    """An empty picture that says why it is empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", color="#555555")
    return ax


def stacked_figure(heights: Sequence[float], height: float):
    """A column of axes that share their time axis, beside it a narrow one for colour bars: (figure, axes, side axes)."""
    figure, grid = plt.subplots(
        len(heights),
        2,
        figsize=(TEXT_WIDTH, height * TEXT_WIDTH),
        width_ratios=[1, 0.018],
        height_ratios=heights,
        squeeze=False,
    )
    for ax in grid[:, 1]:
        ax.set_axis_off()
    for ax in grid[:-1, 0]:
        ax.sharex(grid[-1, 0])
    return figure, grid[:, 0], grid[:, 1]


def features_with_bar(features: np.ndarray, start: float, ax, side):
    """A spectrogram whose colour bar lies in the axes beside it."""
    plot_features(features, start, ax, colour_bar=False)
    side.set_axis_on()
    ax.figure.colorbar(ax.collections[-1], cax=side, label="log10(mag. + 1)")
    return ax


def plot_passage(passage: Passage | None):
    """Waveform (where there is one), features and onsets of a passage over the seconds of its recording: the axes."""
    if passage is None:
        _, ax = plt.subplots(figsize=(TEXT_WIDTH, 0.15 * TEXT_WIDTH))
        return np.array([say_nothing_found(ax)])
    heights = [0.7, 1.7, 1] if passage.waveform is not None else [1.7, 1]
    _, axes, sides = stacked_figure(heights, 0.2 * sum(heights))
    if passage.waveform is not None:
        plot_waveform(passage.waveform, start=passage.start, ax=axes[0])
    features_with_bar(passage.features, passage.start, axes[-2], sides[-2])
    plot_onsets(passage.onsets, passage.start, passage.end, axes[-1])
    for ax in axes[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    return axes


def plot_seam(prepared: Prepared, split: str, first: int = 0, frames: int = 60):
    """The end of one sequence and the beginning of the next, the lost frame between them blank: the axes.

    first   index of the earlier sequence; `frames` are shown on either side.
    """
    units = prepared.units(split) if split in prepared.splits else []
    if len(units) < first + 2:
        _, ax = plt.subplots(figsize=(TEXT_WIDTH, 0.15 * TEXT_WIDTH))
        return np.array([say_nothing_found(ax, "fewer than two sequences found")])
    before, after = units[first], units[first + 1]
    features = [np.asarray(before.features[-frames:], dtype=float), np.asarray(after.features[:frames], dtype=float)]
    lost = np.full((1, features[0].shape[1]), np.nan)
    _, axes, sides = stacked_figure([1.6, 1], 0.42)
    start = before.duration - frames / FPS
    features_with_bar(np.concatenate([features[0], lost, features[1]]), start, axes[0], sides[0])
    axes[0].set_facecolor("white")
    axes[0].set_xlabel("")
    axes[0].tick_params(labelbottom=False)
    later = before.duration + 1 / FPS  # where the second sequence begins
    onsets = [
        np.concatenate([a[a >= start], later + b[b < frames / FPS]]) for a, b in zip(before.onsets, after.onsets, strict=True)
    ]
    plot_onsets(onsets, start, later + frames / FPS, axes[1])
    axes[1].axvspan(before.duration - 0.5 / FPS, before.duration + 0.5 / FPS, color="#bbbbbb")
    axes[1].set_xlabel("time from the start of the earlier sequence (s)")
    return axes
