"""The drum set (thesis, figure 2.1), drawn from plain shapes in the colours of the classes."""

import itertools

import matplotlib as mpl
import matplotlib.patheffects
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Ellipse, Polygon

from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, fixed_figure
from adtlib.vocabulary import CLASS_NAMES, CLASSES

_METAL, _DARK, _SKIN = "#8f8f8f", "#3a3a3a", "#fafaf5"
_MARKER = {name: {"markeredgewidth": 2 if CLASS_MARKERS[name] == "x" else 0, "markersize": 6} for name in CLASSES}
_HALO = [mpl.patheffects.withStroke(linewidth=3, foreground="white")]
_FLAT = 0.2  # height of a circle seen from slightly above, relative to its width

# Each instrument's name, class, and the positions of its label and marker.
LABELS = (
    ("kick drum", "KD", (0.0, 0.98), (0.0, 1.38)),
    ("snare drum", "SD", (2.93, 0.98), (1.87, 1.2)),
    ("high tom", "TT", (0.66, 3.5), (0.5, 2.92)),
    ("middle tom", "TT", (-0.62, 3.5), (-0.58, 2.92)),
    ("floor tom", "TT", (-2.95, 0.75), (-2.08, 0.75)),
    ("hi-hat", "HH", (3.05, 1.72), (2.62, 2.2)),
    ("hi-hat pedal", "HH", (2.95, 0.4), (2.25, 0.13)),
    ("crash cymbal", "CY", (2.75, 3.02), (2.2, 3.52)),
    ("ride cymbal", "CY", (-2.85, 2.4), (-2.35, 3.05)),
)


def plot_drum_set(ax=None):
    """A right-handed drum set seen from the audience: every instrument labelled, with the colour and marker of its class."""
    if ax is None:
        ax = fixed_figure(0.635).add_axes([0, 0, 1, 1])
    ax.set(xlim=(-3.6, 3.6), ylim=(-0.57, 4.0), aspect="equal")
    ax.set_axis_off()
    ax.add_patch(Ellipse((0.1, 0.0), 6.6, 0.62, color="#efefef", zorder=0))
    colour = CLASS_COLOURS
    # From back to front.
    _stand(ax, (-1.62, 3.02), boom=(-2.0, 3.3), zorder=1)
    _cymbal(ax, (-1.9, 3.18), 1.75, 9, colour["CY"], zorder=2)
    _stand(ax, (1.62, 3.5), boom=(1.75, 3.75), zorder=1)
    _cymbal(ax, (1.75, 3.68), 1.4, -12, colour["CY"], zorder=2)
    _hat(ax, 2.2, 2.2, colour["HH"])
    _tripod(ax, 1.42, 1.0, zorder=2)
    _drum(ax, (1.42, 1.05), 1.05, 0.42, 3, colour["SD"], lugs=5, zorder=3)
    for x in (-2.12, -1.85, -1.2):
        ax.plot([x, x + (x + 1.66) * 0.1], [1.0, -0.06 - 0.12 * (x == -1.85)], color=_METAL, linewidth=2.2, zorder=2)
    _drum(ax, (-1.66, 0.32), 1.2, 1.0, 0, colour["TT"], lugs=4, zorder=4)
    ax.plot([-0.05, -0.05], [2.0, 2.6], color=_METAL, linewidth=4, zorder=4)
    _drum(ax, (-0.56, 2.28), 0.92, 0.6, 7, colour["TT"], lugs=4, zorder=5)
    _drum(ax, (0.46, 2.3), 0.84, 0.54, -7, colour["TT"], lugs=4, zorder=5)
    _kick(ax, (0.0, 1.05), 1.02, colour["KD"])
    _label(ax)
    _legend(ax)
    return ax


# --- parts -------------------------------------------------------------------------------------------------------------


def _mixed(colour: str, share: float, other: str = "white"):
    """`colour` with a share of another."""
    return tuple((1 - share) * np.array(to_rgb(colour)) + share * np.array(to_rgb(other)))


def _light(across: float) -> float:
    """Brightness of a shell at a position across it (-1 to 1): light comes from the left and the front."""
    return 0.62 * np.exp(-(((across + 0.42) / 0.34) ** 2)) - 0.38 * max(0.0, across) ** 1.5 - 0.14 * max(0.0, -across - 0.75)


def _shade(colour: str, light: float):
    return _mixed(colour, light) if light > 0 else _mixed(colour, -light, "black")


def _drum(ax, centre, width: float, height: float, tilt: float, colour: str, lugs: int, zorder: int) -> None:
    """A drum seen from the front and slightly above: shell, hoops, lugs, head. `centre` is the middle of its lower rim."""
    turn = mpl.transforms.Affine2D().rotate_deg(tilt).translate(*centre) + ax.transData
    half, deep = width / 2, width * _FLAT / 2

    def add(patch, level):
        patch.set_transform(turn)
        patch.set_zorder(zorder + level)
        ax.add_patch(patch)

    def rim(x):
        return -deep * np.sqrt(np.clip(1 - (x / half) ** 2, 0, None))

    edges = half * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 61))  # strips get narrower towards the sides of the round shell
    for left, right in itertools.pairwise(edges):
        corners = [(left, rim(left)), (right, rim(right)), (right, height + rim(right)), (left, height + rim(left))]
        face = _shade(colour, _light((left + right) / width))
        add(Polygon(corners, facecolor=face, edgecolor=face, linewidth=0.3), 0.1)
    xs = np.linspace(-half, half, 60)
    for lug in np.sin(np.linspace(-1.2, 1.2, lugs)) * half:
        low, high = height * 0.3 + rim(lug), height * 0.7 + rim(lug)
        add(Polygon([(lug - 0.025, low), (lug + 0.025, low), (lug + 0.025, high), (lug - 0.025, high)], color="#dcdcdc"), 0.2)
        add(Polygon([(lug - 0.006, rim(lug)), (lug + 0.006, rim(lug)), (lug + 0.006, height + rim(lug))], color="#dcdcdc"), 0.2)
    for bottom, thick in ((-0.02, 0.055), (height - 0.045, 0.065)):
        hoop = np.concatenate([np.column_stack([xs, bottom + rim(xs)]), np.column_stack([xs, bottom + thick + rim(xs)])[::-1]])
        add(Polygon(hoop, facecolor="#c9c9c9", edgecolor=_DARK, linewidth=0.4), 0.3)
    add(Ellipse((0, height + 0.02), width, 2 * deep, facecolor="#c9c9c9", edgecolor=_DARK, linewidth=0.5), 0.4)
    add(Ellipse((0, height + 0.02), width * 0.93, 2 * deep * 0.88, facecolor=_SKIN, edgecolor="#999999", linewidth=0.4), 0.5)


def _cymbal(ax, centre, width: float, tilt: float, colour: str, zorder: int) -> None:
    """A cymbal: bow with grooves, bell, and the felt on top."""
    x, y = centre
    for size in np.linspace(1.0, 0.3, 9):
        face = _mixed(colour, 0.12 + 0.5 * (1 - size))
        ring = Ellipse(
            (x, y), width * size, width * size * 0.19, angle=tilt, facecolor=face, edgecolor=_mixed(colour, 0.25, "black")
        )
        ring.set(linewidth=0.9 if size == 1.0 else 0.25, zorder=zorder)
        ax.add_patch(ring)
    bell = Ellipse(
        (x, y + 0.035), width * 0.22, width * 0.1, angle=tilt, facecolor=_mixed(colour, 0.25), edgecolor=_DARK, linewidth=0.4
    )
    bell.set_zorder(zorder + 0.1)
    ax.add_patch(bell)
    ax.plot([x, x], [y + 0.06, y + 0.18], color=_DARK, linewidth=2, zorder=zorder + 0.2, solid_capstyle="round")


def _tripod(ax, x: float, height: float, zorder: float) -> None:
    ax.plot([x, x], [0.12, height], color=_METAL, linewidth=2.6, zorder=zorder)
    for across, down in ((-0.42, -0.02), (0.42, -0.02), (0.08, -0.16)):
        ax.plot([x, x + across], [0.42, down], color=_METAL, linewidth=2, zorder=zorder, solid_capstyle="round")
        ax.plot([x + across], [down], "o", color=_DARK, markersize=3, zorder=zorder)


def _stand(ax, joint, boom, zorder: float) -> None:
    """A stand whose upper tube leans from `joint` to below the cymbal at `boom`."""
    x, height = joint
    _tripod(ax, x, height, zorder)
    ax.plot([x, boom[0]], [height, boom[1]], color=_METAL, linewidth=2.2, zorder=zorder)
    ax.plot([x], [height], "o", color=_DARK, markersize=4, zorder=zorder)


def _hat(ax, x: float, y: float, colour: str) -> None:
    """Two cymbals face to face on a stand with a pedal."""
    _tripod(ax, x, y + 0.5, zorder=2)
    pedal = Polygon([(x - 0.13, -0.04), (x + 0.13, -0.04), (x + 0.1, 0.3), (x - 0.1, 0.3)], facecolor=colour, edgecolor=_DARK)
    pedal.set(linewidth=0.6, zorder=3)
    ax.add_patch(pedal)
    for shift, light in ((-0.06, 0.1), (0.05, 0.3)):
        for size in np.linspace(1.0, 0.3, 7):
            face = _mixed(colour, light + 0.4 * (1 - size))
            ring = Ellipse((x, y + shift), 1.08 * size, 0.17 * size, facecolor=face, edgecolor=_mixed(colour, 0.3, "black"))
            ring.set(linewidth=0.8 if size == 1.0 else 0.25, zorder=4 + shift)
            ax.add_patch(ring)
    bell = Ellipse((x, y + 0.09), 0.24, 0.11, facecolor=_mixed(colour, 0.2), edgecolor=_DARK, linewidth=0.4, zorder=4.2)
    ax.add_patch(bell)
    ax.plot([x, x], [y + 0.1, y + 0.5], color=_METAL, linewidth=2, zorder=4.3)


def _kick(ax, centre, radius: float, colour: str) -> None:
    """The kick drum: it lies on its side, so its front head faces the audience."""
    x, y = centre
    for side in (-1, 1):
        ax.plot([x + side * 0.85, x + side * 1.25], [y - 0.45, -0.08], color=_METAL, linewidth=3, zorder=6, solid_capstyle="round")
    rings = ((1.06, _mixed(colour, 0.35, "black")), (1.0, colour), (0.93, "#d5d5d5"), (0.9, _mixed(colour, 0.82)))
    for size, face in rings:
        ax.add_patch(mpl.patches.Circle(centre, radius * size, facecolor=face, edgecolor=_DARK, linewidth=0.5, zorder=7))
    for number in range(12):  # light on the head, fading outwards from upper left
        size = 0.85 * (1 - number / 12)
        spot = mpl.patches.Circle(
            (x - 0.18 * radius * (1 - size), y + 0.2 * radius * (1 - size)), radius * size, linewidth=0, zorder=7.1
        )
        spot.set(facecolor=_mixed(colour, 0.82 + 0.012 * number))
        ax.add_patch(spot)
    for angle in np.deg2rad(np.arange(22.5, 360, 45)):
        start, end = (np.array([np.cos(angle), np.sin(angle)]) * radius * size for size in (0.91, 1.07))
        ax.plot(*zip(start + centre, end + centre, strict=True), color="#dcdcdc", linewidth=3, zorder=7.2, solid_capstyle="butt")


# --- labels -------------------------------------------------------------------------------------------------------------


def _label(ax) -> None:
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "linewidth": 0.9}
    for name, code, at, to in LABELS:
        colour = CLASS_COLOURS[code]
        ax.annotate("", to, at, arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.9}, zorder=9)
        ax.plot(*to, CLASS_MARKERS[code], **_MARKER[code], color=colour, zorder=9, path_effects=_HALO)
        ax.text(
            *at,
            name,
            ha="center",
            va="center",
            fontsize=9,
            color=colour,
            fontweight="bold",
            bbox=box | {"edgecolor": colour},
            zorder=10,
        )


def _legend(ax) -> None:
    """The classes and their names."""
    handles = [
        mpl.lines.Line2D(
            [],
            [],
            linestyle="none",
            marker=CLASS_MARKERS[name],
            color=CLASS_COLOURS[name],
            markersize=6,
            markeredgewidth=1.6,
            label=f"{name}  {CLASS_NAMES[name]}",
        )
        for name in CLASSES
    ]
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, -0.01),
        ncols=len(CLASSES),
        handletextpad=0.2,
        columnspacing=1.1,
        fontsize=9,
    )
