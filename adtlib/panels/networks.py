"""Panels on the networks and what they learn from: receptive field, attention (thesis, chapter 3), training sets (chapter 7)."""

import matplotlib as mpl
import numpy as np
import pandas as pd

from adtlib.audio.features import FPS, N_BANDS
from adtlib.figures.passages import band_edges, plot_features
from adtlib.figures.theme import INK, QUIET, panel_figure, theme_context
from adtlib.models.inspection import receptive_fields
from adtlib.panels.panel import Panel, menu, slider
from adtlib.studies.dataset_tables import is_zero_shot

_ORANGE = "#E69F00"

# --- receptive field ---------------------------------------------------------------------------------------------------

_BLOCKS = 4


@theme_context()
def explore_receptive_field(features: np.ndarray, frame: int, band: int, blocks: int = 2) -> Panel:
    """What one value sees after some convolutional blocks: a rectangle on features `(T, 84)` around (frame, band)."""
    figure, ax = panel_figure(0.5)
    plot_features(features, 0.0, ax)
    ax.autoscale(False)
    edges, fields = band_edges(), receptive_fields(_BLOCKS)
    box = ax.add_patch(mpl.patches.Rectangle((0, 0), 1, 1, fill=False, edgecolor="white", linewidth=1.8))
    (cross,) = ax.plot([0], [0], "+", color="white", markersize=8)

    def refresh(blocks: int, frame: int, band: int) -> str:
        frames, bands = fields[blocks - 1]
        low, high = max(band - bands // 2, 0), min(band + bands // 2 + 1, N_BANDS)
        left, right = max(frame - frames // 2, 0), min(frame + frames // 2 + 1, len(features))
        box.set_bounds((left - 0.5) / FPS, edges[low], (right - left) / FPS, edges[high] - edges[low])
        cross.set_data([frame / FPS], [np.sqrt(edges[band] * edges[band + 1])])
        seen = features[left:right, low:high]
        share = 100 * seen.sum() / max(float(np.sum(features)), 1e-9)
        return (
            f"After {blocks} block{'s' * (blocks > 1)} a value sees <b>{frames} frames, {1000 * frames / FPS:.0f} ms</b>, and "
            f"<b>{high - low} of {N_BANDS} bands</b>, {edges[low]:.0f} to {edges[high]:,.0f} Hz: {share:.1f} % of what is here."
        )

    controls = {
        "blocks": slider("blocks", blocks, 1, _BLOCKS),
        "frame": slider("frame", frame, 0, len(features) - 1),
        "band": slider("band", band, 0, N_BANDS - 1),
    }
    return Panel("receptive-field", figure, controls, refresh, [box, cross])


# --- attention ---------------------------------------------------------------------------------------------------------

_SHOWN = 200  # points of the map along each side
_LOOKED = 3  # frames that are named


@theme_context()
def explore_attention(features: np.ndarray, maps: np.ndarray, frame: int) -> Panel:
    """Where a frame looks: features `(T, 84)`, the weights of one frame, and the map of one head of one layer.

    maps  `(L, H, T, T)` of `models.attention_maps`.
    """
    n_layers, n_heads, n_frames, _ = maps.shape
    seconds = n_frames / FPS
    figure, axes = panel_figure(0.52, mosaic="FM;WM", width_ratios=[1.3, 1], height_ratios=[1, 0.8])
    above, weights, square = axes["F"], axes["W"], axes["M"]
    plot_features(features, 0.0, above, colour_bar=False)
    above.set(xlabel="")
    above.tick_params(labelbottom=False)
    times = np.arange(n_frames) / FPS
    (curve,) = weights.plot(times, times, color=INK, linewidth=0.9)
    weights.axhline(1, color=QUIET, linewidth=0.8, linestyle=":")
    weights.set(xlabel="time (s)", ylabel="weight, times equal", xlim=above.get_xlim(), ylim=(0, 1))
    extent = (0, seconds, seconds, 0)
    picture = square.imshow(np.zeros((2, 2)), cmap="Greys", vmin=0, vmax=1, extent=extent, interpolation="nearest")
    square.set(xlabel="looks at (s)", ylabel="frame that looks (s)")
    marks = [above.axvline(0, color=_ORANGE, linestyle="--"), weights.axvline(0, color=_ORANGE, linestyle="--")]
    row = square.axhline(0, color=_ORANGE, linestyle="--")
    step = max(1, n_frames // _SHOWN)

    def refresh(layer: int, head: int, frame: int) -> str:
        chosen = maps[layer - 1, head - 1]
        looks = chosen[frame] * n_frames  # 1: as equal attention
        shown = chosen[: n_frames // step * step, : n_frames // step * step].reshape(n_frames // step, step, -1, step).mean((1, 3))
        picture.set_data(np.sqrt(shown / shown.max()))
        curve.set_ydata(looks)
        weights.set_ylim(0, max(1.5, 1.1 * looks.max()))
        for line in marks:
            line.set_xdata([frame / FPS] * 2)
        row.set_ydata([frame / FPS] * 2)
        most = np.sort(np.argsort(looks)[-_LOOKED:])
        at = ", ".join(f"{index / FPS:.2f}" for index in most)
        return (
            f"The frame at {frame / FPS:.2f} s looks most at <b>{at} s</b>, there with up to {looks.max():.1f} times the weight of "
            f"equal attention; {100 * np.mean(looks > 1):.0f} % of the frames get more than an equal share."
        )

    controls = {
        "layer": slider("layer", n_layers, 1, max(n_layers, 2)),
        "head": slider("head", 1, 1, max(n_heads, 2)),
        "frame": slider("frame", frame, 0, n_frames - 1),
    }
    controls["layer"].max, controls["head"].max = n_layers, n_heads
    return Panel("attention", figure, controls, refresh, [picture, curve, *marks, row, weights.yaxis])


# --- training sets -----------------------------------------------------------------------------------------------------


@theme_context()
def explore_training_sets(grid: pd.DataFrame) -> Panel | None:
    """Micro F1 on each test corpus of two training sets, and what the second gains or loses; None without a training set.

    grid  micro F1: a row a training set ("A + B"), a column a test corpus; NaN where there was no test.
    """
    grid = grid.dropna(axis=1, how="all")
    if grid.empty:
        return None
    tests = list(grid.columns)
    rows = np.arange(len(tests))
    figure, ax = panel_figure(0.14 + 0.055 * len(tests))
    arrows = [ax.annotate("", (0, y), (0, y), arrowprops={"arrowstyle": "->", "color": QUIET, "linewidth": 1.2}) for y in rows]
    (first,) = ax.plot(np.zeros(len(tests)), rows, "o", color=QUIET, markersize=6, linestyle="none", clip_on=False)
    styles = {"heard in training": {"color": INK}, "zero-shot": {"markerfacecolor": "white", "color": INK}}
    seconds = {
        words: ax.plot([], [], "s", markersize=8, linestyle="none", clip_on=False, label=f"second set, {words}", **style)[0]
        for words, style in styles.items()
    }
    first.set_label("first set")
    ax.set_yticks(rows, tests)
    ax.set(xlabel="micro F1", xlim=(0, 1), ylim=(len(tests) - 0.5, -0.5))
    ax.grid(axis="x")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3)

    def refresh(train: str, other: str) -> str:
        before, after = grid.loc[train].to_numpy(float), grid.loc[other].to_numpy(float)
        zero_shot = np.array([is_zero_shot(other, test) for test in tests])
        first.set_xdata(before)
        for line, shown in zip(seconds.values(), (~zero_shot, zero_shot), strict=True):
            line.set_data(after[shown], rows[shown])
        for arrow, y, old, new in zip(arrows, rows, before, after, strict=True):
            arrow.set_visible(bool(abs(new - old) > 0.02))
            arrow.xy, arrow.xyann = (new, y), (old, y)
        heard = {"heard in training": ~zero_shot, "zero-shot": zero_shot}
        means = [f"{words} {np.nanmean(after[shown]):.3f}" for words, shown in heard.items() if shown.any()]
        change = after - before
        if train == other or not np.isfinite(change).any():
            return f"<b>{other}</b>: mean micro F1, {', '.join(means)}."
        most = int(np.nanargmax(np.abs(change)))
        verb = "gains" if change[most] > 0 else "loses"
        return f"<b>{other}</b>: mean micro F1, {', '.join(means)}; it {verb} most on {tests[most]}: {change[most]:+.3f}."

    sets = list(grid.index)
    controls = {"train": menu("first set", sets[0], sets), "other": menu("second set", sets[-1], sets)}
    return Panel("training-sets", figure, controls, refresh, [*arrows, first, *seconds.values()])
