"""Figures of performance measures (thesis 2.5): matching within a tolerance, limits of accuracy, micro and macro F1."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd

from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import f1, f1_macro, f1_micro, match_onsets
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, INK, QUIET, given_axes
from adtlib.onsets.frames import Onsets, frame_targets
from adtlib.vocabulary import CLASSES

TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE = "#228833", "#EE6677", "#BBBBBB"
_OUTCOMES = (("TP", TRUE_POSITIVE, ""), ("FP", FALSE_POSITIVE, "////"), ("FN", FALSE_NEGATIVE, "...."))


# --- matching ----------------------------------------------------------------------------------------------------------


def plot_matching(reference: np.ndarray, estimate: np.ndarray, tolerance: float, ax=None):
    """Annotated onsets with their tolerance windows above, estimates below, a line for each pair: one class, seconds."""
    ax = given_axes(ax)
    pairs = match_onsets(reference, estimate, tolerance)
    hit, found = set(pairs[:, 0].tolist()), set(pairs[:, 1].tolist())
    for index, time in enumerate(reference):
        ax.add_patch(mpl.patches.Rectangle((time - tolerance, -0.25), 2 * tolerance, 1.5, color="#0072B2", alpha=0.12, linewidth=0))
        ax.vlines(time, 0.78, 1.22, color="#0072B2" if index in hit else QUIET, linewidth=2.2)
        if index not in hit:
            ax.text(time, 1.32, "FN", ha="center", fontsize=8, color=INK)
    for index, time in enumerate(estimate):
        ax.plot(time, 0, "o" if index in found else "X", color=TRUE_POSITIVE if index in found else FALSE_POSITIVE, markersize=7)
        ax.text(time, -0.5, "TP" if index in found else "FP", ha="center", fontsize=8, color=INK)
    for i, j in pairs:
        ax.plot([reference[i], estimate[j]], [0.78, 0.1], color=TRUE_POSITIVE, linewidth=1.2)
    ax.set_yticks([1, 0], ["annotated", "estimated"])
    ax.set(
        xlabel="time (s)", ylim=(-0.65, 1.55), xlim=(min(reference[0], estimate[0]) - 0.1, max(reference[-1], estimate[-1]) + 0.08)
    )
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)
    return ax


def plot_f1_over_tolerance(scores: pd.DataFrame, marked: Sequence[float], ax=None):
    """F1 over the tolerance in milliseconds, some tolerances marked. scores: of `evaluation.examples.score_over_tolerance`."""
    ax = given_axes(ax)
    ax.step(scores["tolerance"] * 1000, scores["f1"], where="post", color=INK)
    for tolerance in marked:
        value = scores.loc[(scores["tolerance"] - tolerance).abs().idxmin(), "f1"]
        ax.axvline(tolerance * 1000, color="#0072B2", linewidth=0.9, linestyle="--")
        ax.plot(tolerance * 1000, value, "o", color="#0072B2", markersize=5)
        ax.annotate(
            f"±{tolerance * 1000:g} ms: {value:.3f}", (tolerance * 1000, value), (5, -12), textcoords="offset points", fontsize=8
        )
    ax.set(xlabel="tolerance (± ms)", ylabel="F1", ylim=(0, 1), xlim=(0, scores["tolerance"].max() * 1000))
    ax.grid()
    return ax


# --- accuracy ----------------------------------------------------------------------------------------------------------


def plot_frame_grid(onsets: Onsets, start: float, seconds: float, ax=None):
    """Every frame of some seconds as a cell, a row for each class: coloured at onsets, otherwise empty."""
    ax = given_axes(ax)
    first, count = round(start * FPS), round(seconds * FPS)
    onset = frame_targets(onsets, first + count)[first:] > 0  # (count, 5)
    picture = np.ones((len(CLASSES), count, 3))
    for row, name in enumerate(CLASSES):
        picture[row, onset[:, row]] = mpl.colors.to_rgb(CLASS_COLOURS[name])
    ax.imshow(picture, aspect="auto", interpolation="nearest", extent=(0, count, len(CLASSES) - 0.5, -0.5))
    ax.vlines(np.arange(count + 1), -0.5, len(CLASSES) - 0.5, color="#e4e4e4", linewidth=0.2)
    ax.hlines(np.arange(len(CLASSES) + 1) - 0.5, 0, count, color="#cccccc", linewidth=0.5)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel=f"time (frames of {1000 / FPS:g} ms)", xlim=(0, count))
    ax.spines[:].set_visible(False)
    return ax


def plot_accuracy(table: pd.DataFrame, tolerance: float, ax=None):
    """Accuracy and F1 of transcribers side by side, from 0. table: of `evaluation.examples.accuracy_table`, for that tolerance."""
    ax = given_axes(ax)
    rows = np.arange(len(table))[::-1]
    for shift, column, label, colour, hatch in (
        (0.26, "accuracy", "accuracy, frame by frame", "#BBBBBB", "////"),
        (0, "f1_frames", "F1, frame by frame", "#88AACC", "...."),
        (-0.26, "f1_micro", f"F1 of onsets, ±{tolerance * 1000:g} ms", "#0072B2", ""),
    ):
        bars = ax.barh(rows + shift, table[column], 0.25, color=colour, hatch=hatch, edgecolor="white", linewidth=0.3, label=label)
        ax.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    ax.set_yticks(rows, table["transcriber"])
    ax.set(xlim=(0, 1.1), xlabel="score")
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.grid(axis="x")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax


# --- micro and macro ---------------------------------------------------------------------------------------------------


def plot_outcomes(counts: np.ndarray, ax=None):
    """True positives, false positives and false negatives of each class as one bar. counts: `(5, 3)`."""
    ax = given_axes(ax)
    left = np.zeros(len(CLASSES))
    for column, (name, colour, hatch) in enumerate(_OUTCOMES):
        ax.barh(
            range(len(CLASSES)),
            counts[:, column],
            0.7,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.3,
            label=name,
        )
        left = left + counts[:, column]
    for row, values in enumerate(counts):
        ax.text(left[row] + 1.5, row, " / ".join(str(int(value)) for value in values), va="center", fontsize=8, color=INK)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel="onsets", ylim=(len(CLASSES) - 0.4, -0.6))
    return ax


def plot_micro_macro(counts: np.ndarray, ax=None):
    """F1 of each class, and micro and macro F1 as lines through them. counts: `(5, 3)`."""
    ax = given_axes(ax)
    micro, macro = f1_micro(counts), f1_macro(counts)
    for row, (name, value) in enumerate(zip(CLASSES, f1(counts), strict=True)):
        ax.hlines(row, 0, value, color=CLASS_COLOURS[name], linewidth=1.2, zorder=3)
        ax.plot(
            value, row, CLASS_MARKERS[name], zorder=4, color=CLASS_COLOURS[name], markersize=6, markeredgewidth=1.6, clip_on=False
        )
    ax.axvline(micro, color=INK, linewidth=1.4)
    ax.axvline(macro, color=INK, linewidth=1.4, linestyle="--")
    # The two labels are aligned away from each other.
    for value, word, other in ((micro, "micro", macro), (macro, "macro", micro)):
        align, text = ("left", f" {word}\n {value:.3f}") if value > other else ("right", f"{word} \n{value:.3f} ")
        ax.text(value, -0.7, text, ha=align, va="bottom", fontsize=8, color=INK, linespacing=1.0)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel="F1", xlim=(0, 1), ylim=(len(CLASSES) - 0.4, -0.6))
    return ax


def plot_two_transcribers(counts: Mapping[str, np.ndarray], axes):
    """A row for each transcriber: outcomes on the left, F1 with its two means on the right."""
    most = max(np.asarray(table).sum(axis=1).max() for table in counts.values())
    for (name, table), (left, right) in zip(counts.items(), axes, strict=True):
        plot_outcomes(np.asarray(table), left)
        left.set_xlim(0, most * 1.42)
        left.set_ylabel(f"transcriber {name}", fontweight="bold")
        plot_micro_macro(np.asarray(table), right)
    for ax in axes[0]:
        ax.set_xlabel("")
    axes[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, handlelength=1.4, columnspacing=1.0)
    return axes
