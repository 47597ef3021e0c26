"""Architecture diagrams and the patch embedding (thesis, figures 3.2, 3.4, 3.6, 3.8 and section 3.5), drawn from model objects.

Conventions as in `theme`. Lengths are millimetres at print size. The contents of the boxes come from `models.summary.stages`.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import ConnectionPatch, FancyBboxPatch, Rectangle
from matplotlib.textpath import TextPath
from torch import nn

from adtlib.audio.features import FPS
from adtlib.figures.passages import plot_features
from adtlib.figures.theme import INK, MARKERS, TEXT_WIDTH, fixed_figure, in_order
from adtlib.models.registry import ARCHITECTURES
from adtlib.models.summary import Stage, stages
from adtlib.models.vit import ViT

# Tones of grey: colours are for classes and corpora, so that blue is one thing. Markers say which architecture it is.
ARCHITECTURE_COLOURS = in_order(
    ARCHITECTURES, ["#222222", "#8C8C8C", "#4A4A4A", "#B0B0B0", "#666666", "#C6C6C6", "#363636", "#9C9C9C"]
)
ARCHITECTURE_MARKERS = in_order(ARCHITECTURES, MARKERS)

_EMPTY = "#f2f2f2"
_WIDTH, _BOX, _SHAPE, _COUNT = 150.0, 102.0, 118.5, 149.0  # page, right end of boxes, middle of shapes, right end of counts
_NAME, _LINE, _PAD, _GAP, _HEAD = 5.2, 5.6, 1.1, 3.4, 7.5  # heights
_SIDE = 0.65  # mm, around the text of a part
_MM = 25.4 / 72
_RESIDUAL = 2.0  # mm, above each row with a residual connection, for the line around it


def plot_architecture(model: nn.Module, architecture: str):
    """The model from input to logits, a box for each stage, with output shape and number of parameters: the axes."""
    rows = stages(model)
    heights = [_NAME + _LINE * len(row.lines) + _PAD + _RESIDUAL * _residual(row) for row in rows]
    total = _HEAD + sum(heights) + _GAP * (len(rows) - 1) + 9.5
    ax = fixed_figure(total / _WIDTH).add_axes([0, 0, 1, 1])
    ax.set(xlim=(0, _WIDTH), ylim=(total, 0))
    ax.set_axis_off()
    for x, align, text in ((1, "left", "layer"), (_SHAPE, "center", "output shape"), (_COUNT, "right", "parameters")):
        ax.text(x, _HEAD / 2, text, ha=align, va="center", fontsize=8, color="#666666")
    everything = sum(row.parameters * row.repeats for row in rows)
    y = _HEAD
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if number:
            ax.annotate("", (8, y + 0.1), (8, y - _GAP - 0.1), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9})
        _stage(ax, row, y, height, ARCHITECTURE_COLOURS[architecture], everything)
        y += height + _GAP
    ax.plot([_SHAPE + 2, _COUNT], [y - 1, y - 1], color=INK, linewidth=0.6)
    ax.text(_COUNT, y + 2, f"{everything:,}", ha="right", va="center", fontweight="bold")
    ax.text(_SHAPE + 2, y + 2, "in all", ha="left", va="center", fontsize=8, color="#666666")
    return ax


def _residual(row: Stage) -> int:
    return sum("+" in line for line in row.lines)


def _tint(colour: str, share: float):
    return tuple(1 - share * (1 - np.array(to_rgb(colour))))


def _stage(ax, row: Stage, top: float, height: float, colour: str, everything: int) -> None:
    """One box, with output shape and parameters beside it."""
    face = _tint(colour, 0.22) if row.parameters else _EMPTY
    edge = colour if row.parameters else "#aaaaaa"
    for behind in [1.2, 0.6, 0.0] if row.repeats > 1 else [0.0]:  # a stack of boxes where the stage is repeated
        _round_box(ax, (1 + behind, top + behind), _BOX - 1, height, 1.0, face, edge, 0.9)
    ax.text(3.5, top + 0.4 + _NAME / 2, row.name, ha="left", va="center", fontweight="bold", fontsize=8.5)
    if row.repeats > 1:
        ax.text(_BOX - 2.5, top + 0.4 + _NAME / 2, f"× {row.repeats}", ha="right", va="center", fontweight="bold")
    y = top + _NAME
    for line in row.lines:
        y += _RESIDUAL * ("+" in line)
        _parts(ax, line, y + _LINE / 2, colour)
        y += _LINE
    middle = top + height / 2
    ax.text(_SHAPE, middle, " × ".join(map(str, row.shape)), ha="center", va="center", fontsize=9)
    if row.parameters:
        times = f"{row.repeats} × " if row.repeats > 1 else ""
        ax.text(_COUNT, middle - 1.1, f"{times}{row.parameters:,}", ha="right", va="center", fontsize=8.5)
        width = 18 * row.repeats * row.parameters / everything
        ax.add_patch(Rectangle((_COUNT - width, middle + 1.4), width, 1.1, color=colour, linewidth=0))


def _round_box(ax, corner, width, height, radius, face, edge, linewidth) -> None:
    shape = f"round,pad=0,rounding_size={radius}"
    ax.add_patch(FancyBboxPatch(corner, width, height, boxstyle=shape, facecolor=face, edgecolor=edge, linewidth=linewidth))


def _text_width(text: str) -> float:
    return TextPath((0, 0), text, size=8).get_extents().width * _MM


def _parts(ax, parts: tuple[str, ...], y: float, colour: str) -> None:
    """Parts from left to right; if the last is "+", a line leads around them to it."""
    x, apart = 3.2, 1.4
    start = x
    for number, part in enumerate(parts):
        if number:
            arrow = {"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, y), (x - apart, y), arrowprops=arrow)
        if part == "+":
            ax.add_patch(mpl.patches.Circle((x + 1.5, y), 1.5, facecolor="white", edgecolor=INK, linewidth=0.8, zorder=5))
            ax.plot([x + 0.7, x + 2.3], [y, y], color=INK, linewidth=0.8, zorder=6)
            ax.plot([x + 1.5, x + 1.5], [y - 0.8, y + 0.8], color=INK, linewidth=0.8, zorder=6)
            over = y - _LINE / 2 - 0.9
            ax.plot([start - 1.2, start - 1.2, x + 1.5, x + 1.5], [y, over, over, y - 1.5], color=INK, linewidth=0.8, zorder=4)
            ax.plot([start - 1.2, start], [y, y], color=INK, linewidth=0.8)
            continue
        width = _text_width(part) + 2 * _SIDE
        _round_box(ax, (x, y - 2.1), width, 4.2, 0.7, "white", _tint(colour, 0.6), 0.6)
        ax.text(x + _SIDE, y, part, ha="left", va="center_baseline", fontsize=8)
        x += width + apart


# --- patches -----------------------------------------------------------------------------------------------------------


def plot_patches(model: ViT, features: np.ndarray, frame: int):
    """A spectrogram cut into patches, the patches of one frame, and the model's token of them: three axes.

    model     the network alone, without a standardising layer: features are standardised here.
    features  `(T, 84)`;  frame  index of the frame shown.
    """
    ratios = {"width_ratios": [3.1, 0.95, 1.0], "height_ratios": [0.04, 1]}
    figure, (heads, (whole, cut, token)) = plt.subplots(2, 3, figsize=(TEXT_WIDTH, 0.47 * TEXT_WIDTH), **ratios)
    patches = model.patches
    height, count = patches.height, patches.n_patches
    plot_features(features, ax=whole, colour_bar=False)
    edges = whole.collections[0].get_coordinates()[:, 0, 1]  # (85,) Hz
    times = (frame + np.array([-0.5, 0.5])) / FPS
    whole.hlines(edges[height:-1:height], *whole.get_xlim(), color="white", linewidth=0.6)
    whole.vlines((np.arange(len(features)) - 0.5) / FPS, edges[0], edges[-1], color="white", linewidth=0.15)
    whole.add_patch(Rectangle((times[0], edges[0]), 1 / FPS, edges[-1] - edges[0], fill=False, edgecolor="#00d5ff", linewidth=1.3))
    bar = figure.colorbar(whole.collections[0], cax=heads[0], orientation="horizontal", label="log10(magnitude + 1)")
    bar.ax.xaxis.set_ticks_position("top")
    bar.ax.xaxis.set_label_position("top")
    _cut_frame(cut, features, frame, height, whole.collections[0])
    dimension = _token(token, model, features, frame)
    words = (
        f"one frame:\n{count} patches\nof {height} bands",
        f"one token:\n{count} × {dimension // count} = {dimension}\nnumbers",
    )
    for ax, text in zip(heads[1:], words, strict=True):
        ax.set_axis_off()
        ax.text(0.4, 0, text, transform=ax.transAxes, ha="center", va="bottom", fontsize=8).set_in_layout(False)
    for side, y in ((edges[0], -0.5), (edges[-1], _spread(np.array(features.shape[1] - 0.5), height, count))):
        line = ConnectionPatch((times[1], side), (-0.5, y), "data", "data", axesA=whole, axesB=cut, color="#777777", linewidth=0.6)
        figure.add_artist(line)
    return np.array([whole, cut, token])


def _spread(band, height: int, count: int):
    """Position of a band after its patch is moved away from those below."""
    return band + 3.0 * np.clip((band + 0.5 - 1e-9) // height, 0, count - 1)


def _cut_frame(ax, features, frame: int, height: int, like) -> None:
    count = features.shape[1] // height
    for number in range(count):
        bands = np.arange(number * height, (number + 1) * height)
        low = _spread(bands[0], height, count) - 0.5
        ax.pcolormesh([-0.5, 0.5], low + np.arange(height + 1), features[frame, bands][:, None], cmap=like.cmap, norm=like.norm)
        ax.add_patch(Rectangle((-0.5, low), 1, height, fill=False, edgecolor="#00a5c8", linewidth=0.9))
        ax.text(0.7, low + height / 2, f"{number + 1}", va="center", fontsize=8)
    ax.set(xlim=(-0.6, 1.3), ylim=(-1.5, _spread(np.array(features.shape[1] - 0.5), height, count) + 1))
    ax.set_axis_off()


def _token(ax, model: ViT, features, frame: int) -> int:
    """Draw the token computed by the model, with gaps between patches; returns its length."""
    patches = model.patches
    standard = torch.from_numpy(np.asarray(features, dtype=np.float32))
    standard = (standard - standard.mean()) / standard.std()
    with torch.no_grad():
        token = patches(standard[None].to(patches.position.device))[0, frame].cpu().numpy()  # (D,)
    count, size = patches.n_patches, len(token) // patches.n_patches
    apart = 0.035 * len(token)
    limit = np.abs(token).max()
    for number in range(count):
        low = number * (size + apart)
        own = token[number * size : (number + 1) * size]
        mesh = ax.pcolormesh([0, 1], low + np.arange(size + 1), own[:, None], cmap="PuOr", vmin=-limit, vmax=limit)
        ax.add_patch(Rectangle((0, low), 1, size, fill=False, edgecolor=INK, linewidth=0.6))
        arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.8}
        ax.annotate("", (-0.08, low + size / 2), (-0.85, low + size / 2), arrowprops=arrow, annotation_clip=False)
    ax.set(xlim=(-0.9, 1.1), ylim=(-0.02 * len(token), count * (size + apart) - apart + 0.012 * len(token)))
    ax.set_axis_off()
    ax.figure.colorbar(mesh, ax=ax, pad=0.06, aspect=30, label="number in the token")
    return len(token)
