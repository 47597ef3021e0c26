"""Figures of training on rendered clips: ablation of ingredients, architectures in about equal time, a long run's scores."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MultipleLocator

from adtlib.audio.features import FPS
from adtlib.corpora.enst_mdb import SETS
from adtlib.figures.architectures import ARCHITECTURE_COLOURS, ARCHITECTURE_HATCHES
from adtlib.figures.passages import plot_features, plot_onsets
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, TEXT_WIDTH, given_axes, new_figure
from adtlib.vocabulary import CLASSES

SET_STYLES = {"rendered": ("#777777", ":"), "drum_only": ("#222222", "-"), "full_mix": ("#7a3db8", "--")}  # no class's colour
_ROW = 0.58 / 2.54  # inches


def plot_clip(features: np.ndarray, onsets, axes=None):
    """A training clip: features `(T, 84)` above, its exact onsets below: the axes."""
    if axes is None:
        axes = new_figure(0.5, rows=2, sharex=True, height_ratios=(3, 1))[1]
    plot_features(features, ax=axes[0], colour_bar=False)
    axes[0].set_xlabel("")
    plot_onsets(onsets, end=len(features) / FPS, ax=axes[1])
    return axes


def plot_losses(losses: pd.DataFrame, by_chance: float):
    """Loss of F1 without an ingredient, axes for each set of recordings, a row for each variant: (figure, axes).

    losses     `studies.losses`: bars are micro F1, markers the classes; left of 0 a variant scored higher.
    by_chance  differences in micro F1 up to this size are within the spread over seeds: a band.
    """
    sets = [name for name in SETS if (losses["set"] == name).any()]
    variants = list(dict.fromkeys(losses["variant"]))
    size = (TEXT_WIDTH, (len(variants) + 3.2) * _ROW)
    figure, axes = plt.subplots(1, len(sets), sharey=True, sharex=True, squeeze=False, figsize=size)
    for name, ax in zip(sets, axes[0], strict=True):
        part = losses[losses["set"] == name].set_index("variant").loc[variants]
        rows = np.arange(len(variants))
        ax.axvspan(-by_chance, by_chance, color="#e4e4e4", linewidth=0, zorder=0, label="chance (micro)")
        ax.barh(rows - 0.2, part["f1_micro"], height=0.3, color="#444444", zorder=1, label="micro")
        for label in CLASSES:
            style = {"color": CLASS_COLOURS[label], "linestyle": "", "markersize": 3.5, "zorder": 2, "label": label}
            ax.plot(part[f"f1_{label}"], rows + 0.2, CLASS_MARKERS[label], **style)
        ax.axvline(0, color="#555555", linewidth=0.8)
        ax.set_title(SETS[name], fontsize=9)
        ax.set_xlabel("F1 lost")
        ax.xaxis.set_major_locator(MultipleLocator(0.1))
        ax.xaxis.set_major_formatter("{x:.1f}")
        ax.grid(axis="x")
    axes[0, 0].set_yticks(range(len(variants)), variants)
    axes[0, 0].set_ylim(len(variants) - 0.4, -0.6)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(CLASSES) + 2,
    )
    return figure, axes[0]


def plot_architectures(rows: pd.DataFrame, ax=None):
    """Micro F1 of architectures trained for about equal time, grouped by set of recordings.

    rows  of the study's table: one for each architecture and set.
    """
    ax = given_axes(ax)
    sets = [name for name in SETS if (rows["set"] == name).any()]
    names = list(dict.fromkeys(rows["architecture"]))
    width = 0.8 / len(names)
    for place, name in enumerate(names):
        part = rows[rows["architecture"] == name].set_index("set").loc[sets, "f1_micro"]
        at = np.arange(len(sets)) + (place - (len(names) - 1) / 2) * width
        style = {"color": ARCHITECTURE_COLOURS[name], "hatch": ARCHITECTURE_HATCHES[name], "edgecolor": "white", "linewidth": 0.4}
        ax.bar(at, part, width * 0.94, label=name, **style)
        for x, value in zip(at, part, strict=True):
            ax.text(x, value + 0.01, f"{value:.2f}", ha="center", fontsize=7)
    ax.set_xticks(range(len(sets)), [SETS[name] for name in sets])
    ax.set(ylabel="micro F1", ylim=(0, 1))
    ax.legend(ncols=len(names), loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return ax


def plot_long_run(history: pd.DataFrame, peers: dict[str, float] | None = None, ax=None):
    """Micro F1 over the hours of sound that a model has seen, on rendered clips and on real recordings.

    history  of one member: hours, stage, val_f1_micro, and drum_only_f1_micro and full_mix_f1_micro if it was validated on them;
             lines separate stages, in each of which the learning rate decays again.
    peers    a published system's score by the name of the set: a thin line in the colour of the set.
    """
    ax = given_axes(ax)
    columns = {"rendered": "val_f1_micro"} | {name: f"{name}_f1_micro" for name in SETS if f"{name}_f1_micro" in history}
    for name, column in columns.items():
        colour, line = SET_STYLES[name]
        ax.plot(history["hours"], history[column], color=colour, linestyle=line, label=SETS[name])
        if peers and name in peers:
            ax.axhline(peers[name], color=colour, linewidth=0.8, alpha=0.6, linestyle=line, label=f"{SETS[name]}: published system")
    for end in history.groupby("stage")["hours"].max().iloc[:-1]:
        ax.axvline(end, color="#999999", linewidth=0.7, linestyle=":")
    ax.set(xlabel="hours of sound seen", ylabel="micro F1")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=7)
    ax.grid(axis="y")
    return ax
