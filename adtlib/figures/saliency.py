"""Influence of the input on the output of one frame (thesis, figures 3.1, 3.3, 3.5, 3.7): as in the draft, and computed.

Conventions as in `theme`.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import FancyArrowPatch, Rectangle

from adtlib.audio.features import FPS
from adtlib.figures.architectures import ARCHITECTURE_COLOURS
from adtlib.figures.passages import band_edges
from adtlib.figures.theme import INK, TEXT_WIDTH, given_axes
from adtlib.models.registry import ARCHITECTURES
from adtlib.models.saliency import Influence

NEAR = 20  # frames to either side that are shown individually
_FREE, _NOTHING = "#777777", "#dedede"
_STEPS = 5  # frames to either side in the drawing
# Weights of the drawing's frames, after the words of the draft's figures. Those of attention are arbitrary.
_ATTENTION = (0.55, 0.12, 0.3, 0.9, 0.15, 0.7, 0.2, 0.45, 0.1, 0.8, 0.35)
_WORDS = {
    "fading": "neighbours hand on what they\nheard; it fades with distance",
    "window": "a fixed window, and\nnothing outside it",
    "both": "a window, and beyond it\nwhat neighbours hand on",
    "free": "each frame chooses how much\nit attends to each other",
}


def plot_influence(architecture: str, untrained: Influence, trained: Influence | None = None):
    """Four axes: the idealised drawing; the frames around the output; the whole segment in logarithm; frames by bands.

    The last shows the trained model if there is one, else the untrained.
    """
    figure = plt.figure(figsize=(TEXT_WIDTH, 0.8 * TEXT_WIDTH))
    drawing, near, whole, bands = figure.subplots(2, 2, width_ratios=[1, 1.08], height_ratios=[1, 1.1]).flat
    colour = ARCHITECTURE_COLOURS[architecture]
    plot_idealised(ARCHITECTURES[architecture].influence, colour, drawing)
    _shares(untrained, trained, colour, near)
    _decay(untrained, trained, colour, whole)
    for ax, scale in ((near, 1000 / FPS), (whole, 1 / FPS)):
        _shade_nothing(untrained if trained is None else trained, scale, ax)
    plot_influence_by_band(untrained if trained is None else trained, bands)
    for letter, ax in zip("abcd", (drawing, near, whole, bands), strict=True):
        ax.text(0, 1.03, letter, transform=ax.transAxes, ha="left", va="bottom", fontweight="bold")
    return np.array([drawing, near, whole, bands])


# --- as drawn ----------------------------------------------------------------------------------------------------------


def idealised_weights(form: str) -> np.ndarray:
    """Weights of the drawing's frames, 0 to 1, for "fading", "window", "both" or "free"."""
    distance = np.abs(np.arange(-_STEPS, _STEPS + 1))
    window = (distance <= 2).astype(float)
    # beyond the window the frames at its edges pass information on
    weights = {"fading": 0.62**distance, "window": window, "both": np.where(window > 0, 1, 0.55 ** (distance - 2.0))}
    return weights.get(form, np.array(_ATTENTION))


def plot_idealised(form: str, colour: str, ax=None):
    """Input frames below, the output frame above, and arrows between them: darker and thicker for more influence."""
    ax = given_axes(ax)
    ax.set(xlim=(-_STEPS - 0.7, _STEPS + 0.7), ylim=(-1.35, 5.1))
    ax.set_axis_off()
    weights = idealised_weights(form)
    for at, weight in enumerate(weights, start=-_STEPS):
        _frame(ax, at, 0, colour, 0.06 + 0.84 * weight)
    _frame(ax, 0, 3.0, INK, 0.85)
    joined = {"fading": abs(np.arange(-_STEPS, _STEPS + 1)) < 1, "free": weights > 0}.get(form, weights >= 1)
    for at in np.flatnonzero(joined) - _STEPS:
        weight = weights[at + _STEPS]
        _arrow(ax, (at, 0.5), (np.clip(0.1 * at, -0.3, 0.3), 2.42), colour, weight, bend=0.04 * at if form == "free" else 0.0)
    if form in ("fading", "both"):
        for at in range(1 if form == "fading" else 3, _STEPS + 1):
            weight = weights[_STEPS + at] + 0.1
            for side in (-1, 1):  # from each frame to its neighbour nearer the output
                _arrow(ax, (side * at, 0.5), (side * (at - 1), 0.5), colour, weight, bend=side * 0.75)
    if form in ("window", "both"):
        ax.add_patch(Rectangle((-2.5, -0.62), 5, 1.24, fill=False, edgecolor=colour, linewidth=1.4))
    ax.text(0.65, 3.0, "output at\nframe $t$", va="center", fontsize=8)
    ax.text(-_STEPS - 0.5, 4.75, _WORDS[form], va="center", fontsize=8, color=INK)
    for at, label in ((-_STEPS, f"$t-{_STEPS}$"), (0, "$t$"), (_STEPS, f"$t+{_STEPS}$")):
        ax.text(at, -1.05, label, ha="center", va="center", fontsize=8)
    ax.text(-2.5, -1.05, "input", ha="center", va="center", fontsize=8, color=_FREE)
    ax.text(2.5, -1.05, "frames", ha="center", va="center", fontsize=8, color=_FREE)
    return ax


def _frame(ax, x: float, y: float, colour: str, alpha: float) -> None:
    ax.add_patch(Rectangle((x - 0.36, y - 0.45), 0.72, 0.9, facecolor=colour, alpha=alpha, linewidth=0, zorder=2))
    ax.add_patch(Rectangle((x - 0.36, y - 0.45), 0.72, 0.9, fill=False, edgecolor=INK, linewidth=0.7, zorder=3))


def _arrow(ax, start, end, colour: str, weight: float, bend: float = 0.0) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 5 + 3 * weight, "shrinkA": 0, "shrinkB": 0}
    alpha, width = min(1.0, 0.25 + 0.75 * weight), 0.5 + 1.3 * weight
    style |= {"connectionstyle": f"arc3,rad={bend:g}", "color": colour, "alpha": alpha, "linewidth": width}
    ax.add_patch(FancyArrowPatch(start, end, zorder=4, **style))


# --- as computed -------------------------------------------------------------------------------------------------------


def _shares(untrained: Influence, trained: Influence | None, colour: str, ax) -> None:
    """The frames near the output, individually."""
    near = np.abs(untrained.offsets) <= NEAR
    seconds = 1000 * untrained.offsets[near] / FPS
    width = 1000 / FPS
    if trained is not None:
        ax.bar(seconds, 100 * trained.by_frame[near], width, color=colour, label="trained")
    edges = np.append(seconds - width / 2, seconds[-1] + width / 2)
    ax.stairs(100 * untrained.by_frame[near], edges, color=INK, linewidth=0.9, label="untrained")
    _between(ax, (seconds[0] - width / 2, seconds[-1] + width / 2))
    ax.set(xlabel="time from the output frame (ms)", ylabel="share of the influence (%)")
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])  # room for the legend above the peak
    ax.grid(axis="y")
    ax.legend(loc="upper center", handlelength=1.2, ncols=2)


def _decay(untrained: Influence, trained: Influence | None, colour: str, ax) -> None:
    """The whole segment, on a logarithmic scale so that distant frames are visible."""
    seconds = untrained.offsets / FPS
    smallest = []  # the scale ends a decade below it
    lines = (
        (trained, {"color": colour, "linewidth": 2, "label": "trained"}),
        (untrained, {"color": INK, "linewidth": 0.9, "label": "untrained"}),
    )
    for found, style in lines:
        if found is not None:
            shares = np.where(found.by_frame > 0, 100 * found.by_frame, np.nan)  # exactly 0 has no logarithm: a gap
            ax.plot(seconds, shares, **style)
            smallest.append(np.nanmin(shares))
    ax.set_yscale("log")
    lowest = float(np.clip(10 ** np.floor(np.log10(min(smallest)) - 1), 1e-8, 1e-3))
    ax.set(xlabel="time from the output frame (s)", ylabel="share of the influence (%)", ylim=(lowest, 200))
    ticks = {1e-8: "$10^{-8}$", 1e-6: "$10^{-6}$", 1e-4: "$10^{-4}$", 1e-2: "0.01", 1: "1", 100: "100"}
    shown = [value for value in ticks if value >= lowest]
    ax.set_yticks(shown, [ticks[value] for value in shown])
    ax.minorticks_off()
    end = np.ceil(np.abs(seconds).max())  # the last frame begins a hop before it
    ax.set_xlim(-end, end)
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4, integer=True))
    ax.grid(axis="y")
    ax.legend(loc="lower right", bbox_to_anchor=(1.02, 0.98), ncols=2, handlelength=1.2, columnspacing=1.0, borderaxespad=0)


def _shade_nothing(found: Influence, scale: float, ax) -> None:
    """Grey areas for frames without any influence; `scale` converts frames to the axis's unit."""
    limits, edges = ax.get_xlim(), (found.reaches[0] - 0.5, found.reaches[1] + 0.5)
    for start, end in ((limits[0], edges[0] * scale), (edges[1] * scale, limits[1])):
        if end - start > scale:
            ax.axvspan(start, end, color=_NOTHING, linewidth=0, zorder=0)
            ax.text((start + end) / 2, 0.5, "exactly 0", transform=ax.get_xaxis_transform(), ha="center", va="center", fontsize=8)
    ax.set_xlim(limits)


def plot_influence_by_band(found: Influence, ax=None):
    """Shares of each frame and band around the output frame, logarithmic; grey areas have no influence at all."""
    ax = given_axes(ax)
    near = np.abs(found.offsets) <= NEAR
    offsets = found.offsets[near]
    times = 1000 * np.append(offsets - 0.5, offsets[-1] + 0.5) / FPS
    shares = 100 * found.by_band[near].T
    top = shares.max()
    # Values above 0 but below the scale get its lowest colour, so that grey only means 0.
    shares = np.ma.masked_equal(np.where(shares > 0, np.maximum(shares, 1e-4 * top), 0), 0)
    mesh = ax.pcolormesh(times, band_edges(), shares, norm=LogNorm(1e-4 * top, top), shading="flat", rasterized=True)
    ax.set_facecolor(_NOTHING)
    _between(ax, (times[0], times[-1]))
    ax.set_yscale("log")
    ax.set_yticks([100, 1_000, 10_000], ["100", "1k", "10k"])
    ax.minorticks_off()
    ax.set(xlabel="time from the output frame (ms)", ylabel="frequency (Hz)")
    bar = ax.figure.colorbar(mesh, ax=ax, label="share (%)", pad=0.02)
    bar.ax.minorticks_off()
    bar.ax.yaxis.set_major_locator(mpl.ticker.LogLocator(10, numticks=4))
    return ax


def _between(ax, limits) -> None:
    ax.set_xlim(*limits)
    ax.set_xticks([-200, -100, 0, 100, 200])
