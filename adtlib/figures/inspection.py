"""Inside the networks (thesis, chapter 3): gradients, receptive fields, positions, attention. Conventions as in `theme`."""

from collections.abc import Mapping

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from adtlib.audio.features import FPS
from adtlib.figures.passages import band_edges, features_with_bar, label_last, plot_features, stacked_figure
from adtlib.figures.theme import INK, TEXT_WIDTH, given_axes
from adtlib.models.blocks import sinusoidal_positions
from adtlib.models.inspection import receptive_fields

_LINES = ("-", "--", "-.", (0, (1, 1.2)))
_TONES = ("#000000", "#666666", "#000000", "#999999")


def plot_vanishing(features: np.ndarray, gradients: Mapping[str, np.ndarray]):
    """Features `(T, 84)`, and below how much each frame still moves the state of the last one (log scale): two axes.

    gradients  `(T,)` of each unit, 1 in the last frame (`models.gradient_through_time`)
    """
    _, axes, sides = stacked_figure([1, 1.3], 0.62)
    features_with_bar(features, 0.0, axes[0], sides[0])
    seconds = np.arange(len(features)) / FPS
    for (name, sizes), line, tone in zip(gradients.items(), _LINES, _TONES, strict=False):
        axes[1].plot(seconds, np.maximum(sizes, 1e-30), color=tone, linestyle=line, label=name)
    axes[1].set(yscale="log", ylim=(1e-12, 1e5), xlabel="time (s)", ylabel="influence on\nthe last frame")
    axes[1].set_yticks([1e-12, 1e-8, 1e-4, 1])
    axes[1].minorticks_off()
    axes[1].grid(axis="y")
    axes[1].legend(loc="upper left", ncols=2)
    label_last(axes)
    return axes


def plot_receptive_field(features: np.ndarray, frame: int, band: int, ax=None):
    """A spectrogram, and on it what one value sees after 1, 2 and 3 convolutional blocks, a rectangle each around (frame, band)."""
    ax = given_axes(ax)
    plot_features(features, 0.0, ax)
    edges, fields = band_edges(), receptive_fields(3)
    beside = (frame - fields[-1][0] // 2 - 0.5) / FPS  # the widest rectangle: names stand there, where none crosses them
    for number, (frames, bands) in enumerate(fields, start=1):
        low, high = max(band - bands // 2, 0), min(band + bands // 2 + 1, len(edges) - 1)
        corner = ((frame - frames // 2 - 0.5) / FPS, edges[low])
        box = {"fill": False, "edgecolor": "white", "linewidth": 1.6, "linestyle": _LINES[number - 1]}
        ax.add_patch(mpl.patches.Rectangle(corner, frames / FPS, edges[high] - edges[low], **box))
        words = f"{number}: {frames} frames, {high - low} bands"
        place = {"xytext": (beside - 0.01, edges[high] * 0.9), "ha": "right", "va": "center"}
        line = {"arrowstyle": "-", "color": "white", "linewidth": 0.6}
        ax.annotate(words, (corner[0], edges[high] * 0.9), fontsize=8, color="white", arrowprops=line, **place)
    ax.plot(frame / FPS, edges[band], "+", color="white", markersize=7)
    return ax


def plot_positions(n_frames: int, dim: int, axes):
    """Sinusoidal positions `(n_frames, dim)` as a picture, and how alike those of two frames are over their distance: two axes."""
    table = sinusoidal_positions(n_frames, dim).numpy()
    image = axes[0].imshow(
        table.T, aspect="auto", origin="lower", cmap="RdBu", vmin=-1, vmax=1, extent=(0, n_frames / FPS, -0.5, dim - 0.5)
    )
    axes[0].set(xlabel="time (s)", ylabel="number of the value")
    axes[0].figure.colorbar(image, ax=axes[0], label="value", pad=0.02)
    middle = n_frames // 2
    alike = table @ table[middle] / (table[middle] @ table[middle])
    axes[1].plot((np.arange(n_frames) - middle) / FPS, alike, color=INK)
    axes[1].set(xlabel="distance of two frames (s)", ylabel="likeness of their positions", ylim=(min(0, alike.min()) - 0.05, 1.05))
    axes[1].grid()
    return axes


def plot_attention(features: np.ndarray, maps: np.ndarray, frame: int):
    """Where a model looks: features, the weights of one frame in each head of the last layer, and the first head's whole map.

    features  `(T, 84)`;  maps  `(L, H, T, T)` of `models.attention_maps`. Returns three axes.
    """
    heads = maps[-1]
    figure = plt.figure(figsize=(TEXT_WIDTH, 0.56 * TEXT_WIDTH))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.35, 1], height_ratios=[1, 0.16 + 0.13 * len(heads)])
    above = figure.add_subplot(grid[0, 0])
    strip, square = figure.add_subplot(grid[1, 0], sharex=above), figure.add_subplot(grid[:, 1])
    plot_features(features, 0.0, above, colour_bar=False)
    seconds = len(features) / FPS
    shown = heads[:, frame]  # (H, T)
    strip.imshow(
        shown / shown.max(axis=1, keepdims=True),
        aspect="auto",
        cmap="Greys",
        vmin=0,
        vmax=1,
        extent=(0, seconds, len(heads) + 0.5, 0.5),
        interpolation="nearest",
    )
    strip.set(xlabel="time (s)", ylabel="head")
    strip.set_yticks(range(1, len(heads) + 1))
    for ax in (above, strip):
        ax.axvline(frame / FPS, color="#E69F00", linewidth=1.2, linestyle="--")
    above.tick_params(labelbottom=False)
    above.set_xlabel("")
    weights = 100 * heads[0]
    darkest = np.percentile(weights, 99)  # the few above it would leave the others white
    image = square.imshow(weights, cmap="Greys", vmin=0, vmax=darkest, extent=(0, seconds, seconds, 0), interpolation="nearest")
    square.axhline(frame / FPS, color="#E69F00", linewidth=1.2, linestyle="--")
    square.set(xlabel="looks at (s)", ylabel="frame that looks (s)")
    figure.colorbar(image, ax=square, label="weight, head 1 (%)", shrink=0.75, pad=0.03, extend="max")
    return above, strip, square
