"""Figures of training on rendered clips: ablation of ingredients, architectures in about equal time, a long run's scores."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MultipleLocator

from adtlib.audio.features import FPS
from adtlib.corpora.enst_mdb import SETS
from adtlib.figures.architectures import ARCHITECTURE_COLOURS, ARCHITECTURE_MARKERS
from adtlib.figures.passages import plot_features, plot_onsets
from adtlib.figures.theme import INK, TEXT_WIDTH, given_axes, new_figure

SET_STYLES = {"rendered": ("#777777", ":"), "drum_only": ("#222222", "-"), "full_mix": ("#7a3db8", "--")}  # no class's colour
_ROW = 0.58 / 2.54  # inches


def plot_clip(features: np.ndarray, onsets, axes=None):
    """A training clip: features `(T, 84)` above, its exact onsets below: the axes."""
    if axes is None:
        axes = new_figure(0.5, rows=2, sharex=True, height_ratios=(3, 1))[1]
    plot_features(features, ax=axes[0])
    axes[0].set_xlabel("")
    plot_onsets(onsets, end=len(features) / FPS, ax=axes[1])
    return axes


def plot_losses(losses: pd.DataFrame, by_chance: float):
    """Loss of micro F1 without an ingredient, axes for each set of recordings, a row for each variant: (figure, axes).

    losses     `studies.losses`; left of 0 a variant scored higher.
    by_chance  differences up to this size are within the spread over seeds: a band. What lies beyond it is filled.
    """
    sets = [name for name in SETS if (losses["set"] == name).any()]
    variants = list(dict.fromkeys(losses["variant"]))
    size = (TEXT_WIDTH, (0.75 * len(variants) + 2.6) * _ROW)
    figure, axes = plt.subplots(1, len(sets), sharey=True, sharex=True, squeeze=False, figsize=size)
    for name, ax in zip(sets, axes[0], strict=True):
        lost = losses[losses["set"] == name].set_index("variant").loc[variants, "f1_micro"].to_numpy(float)
        rows = np.arange(len(variants))
        ax.axvspan(-by_chance, by_chance, color="#e4e4e4", linewidth=0, zorder=0)
        ax.hlines(rows, 0, lost, color=INK, linewidth=1.4)
        faces = [INK if abs(value) > by_chance else "white" for value in lost]
        ax.scatter(lost, rows, s=26, color=faces, edgecolor=INK, linewidth=1.2, zorder=3)
        ax.axvline(0, color="#555555", linewidth=0.8)
        ax.set_title(SETS[name], fontsize=9)
        ax.set_xlabel("micro F1 lost")
        ax.margins(x=0.1)
        ax.xaxis.set_major_locator(MultipleLocator(0.05))
        ax.grid(axis="x")
    axes[0, 0].set_yticks(range(len(variants)), variants)
    axes[0, 0].set_ylim(len(variants) - 0.4, -0.6)
    return figure, axes[0]


def plot_architectures(rows: pd.DataFrame, ax=None):
    """Micro F1 of architectures trained for about equal time, grouped by set of recordings, with the numbers.

    rows  of the study's table: one for each architecture and set.
    """
    ax = given_axes(ax)
    sets = [name for name in SETS if (rows["set"] == name).any()]
    names = list(dict.fromkeys(rows["architecture"]))
    step = 0.8 / len(names)
    for place, name in enumerate(names):
        part = rows[rows["architecture"] == name].set_index("set").loc[sets, "f1_micro"]
        at = np.arange(len(sets)) + (place - (len(names) - 1) / 2) * step
        style = {"color": ARCHITECTURE_COLOURS[name], "marker": ARCHITECTURE_MARKERS[name], "linestyle": "none"}
        ax.plot(at, part, markersize=7, label=name, **style)
        for x, value in zip(at, part, strict=True):
            number = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center", "fontsize": 8}
            ax.annotate(f"{value:.2f}", (x, value), **number)
    ax.set_xticks(range(len(sets)), [SETS[name] for name in sets])
    ax.set(ylabel="micro F1", ylim=(0, 1), xlim=(-0.5, len(sets) - 0.5))
    for edge in range(1, len(sets)):
        ax.axvline(edge - 0.5, color="#dddddd", linewidth=0.8)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    ax.legend(ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.2)
    return ax


def plot_long_run(history: pd.DataFrame, peers: dict[str, float] | None = None, ax=None):
    """Micro F1 over the hours of sound that a model has seen, on rendered clips and on real recordings; each line has its name.

    history  of one member: hours, stage, val_f1_micro, and drum_only_f1_micro and full_mix_f1_micro if it was validated on them;
             lines separate stages, in each of which the learning rate decays again.
    peers    a published system's score by the name of the set: a thin line in the colour of the set.
    """
    ax = given_axes(ax)
    columns = {"rendered": "val_f1_micro"} | {name: f"{name}_f1_micro" for name in SETS if f"{name}_f1_micro" in history}
    last = float(history["hours"].iloc[-1])
    for name, column in columns.items():
        colour, line = SET_STYLES[name]
        ax.plot(history["hours"], history[column], color=colour, linestyle=line, label=SETS[name])
        near = {"fontsize": 7, "color": colour, "va": "center", "xytext": (4, 0), "textcoords": "offset points"}
        near |= {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5}}  # a line of the published system may lie behind
        ax.annotate(SETS[name], (last, history[column].iloc[-1]), **near)
        if peers and name in peers:
            ax.axhline(peers[name], color=colour, linewidth=0.8, alpha=0.6, linestyle=line)
            at = {"xy": (1, peers[name]), "xycoords": ax.get_yaxis_transform(), "ha": "right", "va": "bottom", "xytext": (0, 1)}
            ax.annotate("published system", **near | at)
    for end in history.groupby("stage")["hours"].max().iloc[:-1]:
        ax.axvline(end, color="#999999", linewidth=0.7, linestyle=":")
        ax.text(end, 0.01, " restarted", transform=ax.get_xaxis_transform(), fontsize=7, color="#777777", rotation=90, ha="right")
    ax.set(xlabel="hours of sound seen", ylabel="micro F1")
    ax.set_xlim(0, max(1.55 * last, ax.get_xlim()[1]))
    ax.grid(axis="y")
    return ax
