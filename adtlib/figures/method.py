"""Figures of the method (thesis, chapters 1 and 5): overview, targets, weights, loss, schedule. Conventions as in `theme`."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from scipy.special import expit

from adtlib.audio.features import FPS, N_BANDS
from adtlib.corpora.passages import Passage
from adtlib.figures.passages import (
    empty_figure,
    features_with_bar,
    label_last,
    plot_activations,
    plot_features,
    plot_onsets,
    plot_targets,
    plot_waveform,
    say_nothing_found,
    stacked_figure,
)
from adtlib.figures.theme import (
    CLASS_COLOURS,
    CLASS_MARKERS,
    CORPUS_COLOURS,
    INK,
    OTHER_COLOUR,
    TEXT_WIDTH,
    given_axes,
)
from adtlib.markup import in_figure
from adtlib.models.loss import infrequency_weights
from adtlib.models.registry import ARCHITECTURES
from adtlib.onsets.frames import Onsets, frame_targets, widen_targets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.vocabulary import CLASSES

_PAPER = "#f2f2f2"
_IN_WORDS = {5: "five", 6: "six", 7: "seven", 8: "eight"}


# --- overview ----------------------------------------------------------------------------------------------------------


def plot_overview(passage: Passage | None, targets: np.ndarray, picked: Onsets):
    """Sound, features, targets and picked onsets of a passage: four axes over the seconds of the recording.

    targets  `(T, 5)` widened;  picked  onsets picked from them, in seconds from the start of the passage.

    In the last row open circles are annotated onsets and filled markers picked ones.
    """
    if passage is None:
        return empty_figure()
    _, axes, sides = stacked_figure([0.8, 1.5, 1.1, 1.1], 0.88)
    plot_waveform(passage.waveform, start=passage.start, ax=axes[0])
    low, high = axes[0].get_ylim()
    for name, times in zip(CLASSES, passage.onsets, strict=True):
        axes[0].vlines(times, low, high, color=CLASS_COLOURS[name], linewidth=0.9)
    axes[0].set_ylim(low, high)
    features_with_bar(passage.features, passage.start, axes[1], sides[1])
    target_stems(targets, passage.start, axes[2])
    for row, (name, times) in enumerate(zip(CLASSES, passage.onsets, strict=True)):
        colour = CLASS_COLOURS[name]
        axes[3].plot(times, np.full(len(times), row), "o", color=colour, markerfacecolor="none", markersize=8, markeredgewidth=0.8)
    plot_onsets([times + passage.start for times in picked], passage.start, passage.end, axes[3])
    axes[2].set_ylabel("targets")
    axes[3].set_ylabel("onsets found")
    axes[-1].set_xlim(passage.start - 0.01, passage.end + 0.02)  # the marker of the last stroke is whole
    handles = [mpl.lines.Line2D([], [], color=CLASS_COLOURS[name], label=name) for name in CLASSES]
    axes[0].legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(CLASSES), handlelength=1.0)
    label_last(axes)
    axes[0].figure.align_ylabels(axes)
    return axes


def target_stems(targets: np.ndarray, start: float, ax):
    """Targets `(T, 5)` as stems over seconds, a row for each class: 1 reaches nearly to the row above, 0.5 half as far."""
    for row, name in enumerate(CLASSES):
        frames = np.flatnonzero(targets[:, row])
        ax.vlines(start + frames / FPS, row, row - 0.85 * targets[frames, row], color=CLASS_COLOURS[name], linewidth=1.3)
        ax.axhline(row, color="#cccccc", linewidth=0.5, zorder=0)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlim=(start, start + len(targets) / FPS), ylim=(len(CLASSES) - 0.6, -1.05), xlabel="time (s)")
    return ax


def plot_pipeline(passage: Passage | None, activations: np.ndarray, picked: Onsets, weights: np.ndarray):
    """The whole method in one picture, each step drawn from the passage: the figure.

    activations  `(T, 5)` of the passage;  picked  onsets from its start;  weights  `(5,)` infrequency weights.
    """
    figure = plt.figure(figsize=(TEXT_WIDTH, 0.56 * TEXT_WIDTH))
    figure.set_layout_engine("none")  # every step has a fixed place
    if passage is None:
        say_nothing_found(figure.add_axes([0, 0, 1, 1]))
        return figure
    width, gap, high, tops = 0.158, 0.046, 0.27, (0.615, 0.14)
    spots = [[(0.012 + column * (width + gap), top, width, high) for column in range(5)] for top in tops]
    (sound, bands, model, activity, found), (truth, target, loss, weight, score) = spots
    start, end = passage.start, passage.end

    ax = _station(figure, sound, "recording", "44.1 kHz, mono")
    plot_waveform(passage.waveform if passage.waveform is not None else np.zeros(2), start=start, ax=ax)
    ax = _station(figure, bands, "features", f"(T, {N_BANDS}), {FPS:g} frames/s")
    plot_features(passage.features, start, ax, colour_bar=False)
    _box(figure, model, "model", f"one of {_IN_WORDS.get(len(ARCHITECTURES), len(ARCHITECTURES))}\narchitectures")
    ax = _station(figure, activity, "activations", "(T, 5), 0 to 1")
    for row, name in enumerate(CLASSES):
        ax.fill_between(np.arange(len(activations)), row, row - 0.9 * activations[:, row], color=CLASS_COLOURS[name], linewidth=0)
    ax.set_ylim(len(CLASSES) - 0.7, -1)
    ax = _station(figure, found, "onsets", "seconds and class")
    plot_onsets([times + start for times in picked], start, end, ax)

    ax = _station(figure, truth, "annotation", "seconds and label")
    plot_onsets(passage.onsets, start, end, ax)
    ax = _station(figure, target, "targets", "(T, 5): 1, beside it 0.5")
    target_stems(widen_targets(frame_targets(passage.local_onsets, len(passage.features))), start, ax)
    _box(figure, loss, "loss", "cross-entropy,\nweighted")
    ax = _station(figure, weight, "weights", "the rarer, the more")
    ax.bar(range(len(CLASSES)), weights, color=[CLASS_COLOURS[name] for name in CLASSES])
    _box(figure, score, "F1", "within ±50 ms:\nmicro, macro")
    for ax in figure.axes:
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set(visible=True, color="#888888", linewidth=0.6)

    for left, right in ((sound, bands), (bands, model), (model, activity), (activity, found), (truth, target), (target, loss)):
        _arrow(figure, _edge(left, "right"), _edge(right, "left"))
    _arrow(figure, _edge(weight, "left"), _edge(loss, "right"))
    # Down: predictions to loss and score; up, dashed: the gradient.
    _arrow(figure, _edge(model, "bottom", -0.025, below=0.006), _edge(loss, "top", -0.025))
    _arrow(figure, _edge(loss, "top", 0.025), _edge(model, "bottom", 0.025, below=0.006), linestyle=(0, (3, 2)))
    _arrow(figure, _edge(found, "bottom"), _edge(score, "top"))
    low = tops[1] - 0.105
    corners = [(_edge(truth, "bottom")[0], tops[1] - 0.055), (_edge(truth, "bottom")[0], low), (_edge(score, "bottom")[0], low)]
    figure.add_artist(mpl.lines.Line2D(*zip(*corners, strict=True), color=INK, linewidth=0.9))
    _arrow(figure, corners[-1], _edge(score, "bottom", below=0))
    for text, spot in (("peak picking", (activity, found)), ("widening", (truth, target))):
        x = (spot[0][0] + spot[0][2] + spot[1][0]) / 2
        figure.text(x, spot[0][1] + spot[0][3] + 0.055, text, ha="center", fontsize=8, color=INK, style="italic")
    figure.text(
        _edge(loss, "top", 0.033)[0], (tops[0] + tops[1] + high) / 2 - 0.01, "gradient", fontsize=8, color=INK, style="italic"
    )
    return figure


def _station(figure, spot, title: str, below: str):
    """Small axes with a title above and a line below."""
    ax = figure.add_axes(spot)
    ax.set_facecolor("white")
    figure.text(spot[0] + spot[2] / 2, spot[1] + spot[3] + 0.012, title, ha="center", fontsize=9, fontweight="bold")
    figure.text(spot[0] + spot[2] / 2, spot[1] - 0.042, below, ha="center", fontsize=8, color=INK)
    return ax


def _box(figure, spot, title: str, below: str) -> None:
    """A box for a step without a picture of data."""
    x, y, width, height = spot
    rounded = mpl.patches.FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.02", facecolor=_PAPER, edgecolor="#888888", linewidth=0.8
    )
    figure.add_artist(rounded)
    figure.text(x + width / 2, y + height * 0.62, title, ha="center", va="center", fontsize=9, fontweight="bold")
    figure.text(x + width / 2, y + height * 0.32, below, ha="center", va="center", fontsize=8, color=INK)


def _edge(spot, side: str, shift: float = 0.0, below: float = 0.052) -> tuple[float, float]:
    """The middle of a side of a step, moved by `shift` along it; `below` leaves room for the text under it."""
    x, y, width, height = spot
    return {
        "left": (x - 0.004, y + height / 2 + shift),
        "right": (x + width + 0.004, y + height / 2 + shift),
        "top": (x + width / 2 + shift, y + height + 0.006),
        "bottom": (x + width / 2 + shift, y - below),
    }[side]


def _arrow(figure, start, end, **style) -> None:
    options = {"arrowstyle": "-|>", "mutation_scale": 8, "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0} | style
    figure.add_artist(mpl.patches.FancyArrowPatch(start, end, transform=figure.transFigure, **options))


# --- targets, weights, loss --------------------------------------------------------------------------------------------


def plot_widening(onsets: Onsets, n_frames: int, axes):
    """Annotated times among frames, targets of 0 and 1, and widened targets: three axes over the same frames."""
    targets = frame_targets(onsets, n_frames)
    for row, (name, times) in enumerate(zip(CLASSES, onsets, strict=True)):
        axes[0].plot(
            np.asarray(times) * FPS, np.full(len(times), row), CLASS_MARKERS[name], color=CLASS_COLOURS[name], markersize=5
        )
    axes[0].set_yticks(range(len(CLASSES)), CLASSES)
    axes[0].set(ylim=(len(CLASSES) - 0.6, -1.05))
    axes[0].grid(axis="y")
    for ax, values in ((axes[1], targets), (axes[2], widen_targets(targets))):
        plot_targets(values, ax=ax)
        for frame, row in np.argwhere(values > 0):
            if values[frame, row] == 1 or (frame and values[frame - 1, row] == 1):  # of two neighbours the right one is labelled
                ax.text(
                    frame + 0.18, row - 0.72 * values[frame, row], f"{values[frame, row]:g}", fontsize=8, color=INK, va="center"
                )
    for ax, text in zip(axes, ("annotated times", "targets", "widened targets"), strict=True):
        ax.set_xlim(-0.5, n_frames - 0.5)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=8))
        ax.set_xlabel("")
        ax.text(1.0, 1.0, text, transform=ax.transAxes, ha="right", va="bottom", fontsize=8, style="italic")
    axes[-1].set_xlabel("time in frames of 10 ms")
    return axes


def plot_weights(table: pd.DataFrame, axes):
    """Infrequency weights: the rule, with the classes of each corpus on it, and as a heat map of corpora and classes: two axes."""
    table = table[table["onsets"] > 0]
    if table.empty:
        axes[1].set_axis_off()
        return say_nothing_found(axes[0])
    curve, grid = axes
    p = np.geomspace(table["p"].min() / 2, min(table["p"].max() * 2, 0.5), 200)
    curve.plot(p, infrequency_weights(p * 1e9, 1_000_000_000), color="#bbbbbb", zorder=0)
    look = {"palette": CLASS_COLOURS, "markers": CLASS_MARKERS | {"HH": "X"}, "s": 22, "linewidth": 0.7}
    sns.scatterplot(table, x="p", y="weight", hue="class", style="class", ax=curve, **look)
    curve.legend(loc="upper right", handletextpad=0.1, labelspacing=0.2)
    curve.set(xscale="log", yscale="log", xlabel="onsets a frame, p", ylabel="weight")
    for axis in (curve.xaxis, curve.yaxis):
        axis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 3), numticks=20))
        axis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
        axis.set_minor_locator(mpl.ticker.NullLocator())
    curve.grid()
    values = (
        table.pivot(index="corpus", columns="class", values="weight").reindex(table["corpus"].unique()).reindex(columns=CLASSES)
    )
    scale = mpl.colors.LogNorm(table["weight"].min(), table["weight"].max())
    bar = {"label": "weight", "ticks": [], "pad": 0.02}
    sns.heatmap(values, annot=True, fmt=".1f", norm=scale, cmap="Blues", annot_kws={"fontsize": 8}, cbar_kws=bar, ax=grid)
    grid.collections[0].colorbar.ax.minorticks_off()
    grid.set_yticklabels([in_figure(name) for name in values.index], rotation=0)
    grid.set(xlabel="", ylabel="")
    grid.tick_params(length=0)
    return axes


def plot_cross_entropy(ax=None):
    """Binary cross-entropy of one class over its activation, for the targets 0, 0.5 and 1."""
    ax = given_axes(ax)
    activation = expit(np.linspace(-4.6, 4.6, 300))
    for target, style in ((1.0, "-"), (0.5, "--"), (0.0, ":")):
        loss = -target * np.log(activation) - (1 - target) * np.log(1 - activation)
        ax.plot(activation, loss, style, color=INK, label=f"target {target:g}")
    ax.set(xlabel="activation", ylabel="cross-entropy", xlim=(0, 1))
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper center")
    ax.grid()
    return ax


# --- training and after ------------------------------------------------------------------------------------------------


def plot_schedule(schedule: pd.DataFrame, axes):
    """Validation loss and its lowest value so far, and the learning rate, over epochs. A line marks the end of training."""
    colour = CORPUS_COLOURS.get("Slakh", OTHER_COLOUR)
    improved = schedule["stale"] == 0
    axes[0].plot(schedule["epoch"], schedule["lowest"], color="#bbbbbb", drawstyle="steps-post", label="lowest so far")
    axes[0].plot(
        schedule["epoch"], schedule["val_loss"], color=colour, marker=".", markersize=4, linewidth=0.8, label="validation loss"
    )
    best = schedule[improved].iloc[-1]
    axes[0].plot(best["epoch"], best["val_loss"], "*", color="#D55E00", markersize=10, label="lowest of all", linestyle="none")
    axes[0].set(ylabel="validation loss")
    axes[0].legend()
    axes[1].plot(schedule["epoch"], schedule["learning_rate"], color=INK, drawstyle="steps-post")
    axes[1].set(xlabel="epoch", ylabel="learning rate", yscale="log")
    axes[1].set_ylim(schedule["learning_rate"].min() / 2, schedule["learning_rate"].max() * 2)
    for ax in axes:
        ax.grid()
        if schedule["stops"].any():
            ax.axvline(schedule.loc[schedule["stops"], "epoch"].iloc[0], color="#CC6677", linewidth=0.9, linestyle="--")
    return axes


def plot_picking(activations: np.ndarray, picked: Onsets, reference: Onsets, peaks: PeakPicking, axes):
    """Activations with the onsets picked from them; below each curve a tick for each annotated onset."""
    plot_activations(activations, picked, peaks=peaks, axes=axes)
    for name, times, ax in zip(CLASSES, reference, axes, strict=True):
        ax.plot(times, np.full(len(times), -0.16), "|", color="black", markersize=7, markeredgewidth=1.2, clip_on=False)
        ax.set(ylim=(-0.32, 1.12), xlim=(0, len(activations) / FPS))
        ax.set_ylabel(name, color=CLASS_COLOURS[name], fontweight="bold")
    return axes
