"""Panels on activations: peak picking (thesis, 2.4.3) and matching within a tolerance (2.5)."""

import functools

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from adtlib.audio.clicks import click_track
from adtlib.audio.features import FPS
from adtlib.audio.playback import mp3
from adtlib.evaluation.examples import explain_peaks, score_over_tolerance
from adtlib.evaluation.metrics import TOLERANCE, count_matches, f1, f1_micro, match_onsets, precision, recall
from adtlib.figures.measures import FALSE_POSITIVE, TRUE_POSITIVE
from adtlib.figures.peaks import refusal, refused_peaks
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, INK, QUIET, panel_figure, theme_context
from adtlib.onsets.frames import Onsets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.panels.panel import Panel, slider
from adtlib.synthesis.examples import play_onsets
from adtlib.vocabulary import CLASSES

_THESIS = PeakPicking()


def _rectangles(centres, reach: float, bottom: float, top: float) -> list:
    """Corners of rectangles that reach from `reach` before to `reach` after each centre."""
    return [[(x - reach, bottom), (x - reach, top), (x + reach, top), (x + reach, bottom)] for x in centres]


def _empty_line(ax, **style):
    return ax.plot([], [], linestyle="none", **style)[0]


# --- peak picking ------------------------------------------------------------------------------------------------------


def _peak_sliders(config: PeakPicking) -> dict:
    return {
        "max_window": slider("m (frames)", config.max_window, 0, 10),
        "mean_window": slider("a (frames)", config.mean_window, 0, 20),
        "delta": slider("δ", float(config.delta), 0.0, 0.6),
        "wait": slider("w (frames)", config.wait, 0, 20),
        "threshold": slider("threshold", float(config.threshold), 0.0, 1.0),
    }


@theme_context()
def explore_peak_conditions(curve: np.ndarray, config: PeakPicking = _THESIS) -> Panel:
    """One activation curve `(T,)` in [0, 1] and the conditions of peak picking at its peaks; sliders set the parameters."""
    curve = np.asarray(curve, dtype=float)
    activations = np.zeros((len(curve), len(CLASSES)))
    activations[:, 0] = curve
    frames, ink = np.arange(len(curve)), CLASS_COLOURS["SD"]
    figure, ax = panel_figure(0.5)
    ax.plot(frames, curve, color=ink, linewidth=0.9, marker=".", markersize=3, label="activation")
    (level,) = ax.step(frames, curve, where="mid", color="#0072B2", linewidth=0.9, label="mean of ±$a$ frames, plus $δ$")
    threshold_line = ax.axhline(0.5, color=QUIET, linewidth=0.9, linestyle=":", label="threshold")
    windows = ax.add_collection(PolyCollection([], facecolor=ink, alpha=0.12, linewidth=0, zorder=0.5))
    taken = _empty_line(ax, marker=CLASS_MARKERS["SD"], color=ink, markersize=6, label="taken, and its ±$m$ frames")
    crosses = _empty_line(ax, marker="X", color="white", markeredgecolor=INK, markersize=7, label="refused")
    words = [ax.annotate("", (0, 0), (0, 0), textcoords="offset points", fontsize=8, linespacing=1.0) for _ in range(12)]
    ax.set(xlabel=f"time (frames of {1000 / FPS:g} ms)", ylabel="activation", xlim=(-0.5, len(curve) - 0.5), ylim=(0, 1.04))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handletextpad=0.5, columnspacing=1.6)

    def refresh(**values) -> str:
        chosen = PeakPicking(**values)
        onsets = np.rint(pick_peaks(activations, chosen)[0] * FPS).astype(int)
        explained = explain_peaks(curve, chosen)
        refused = refused_peaks(explained)
        level.set_ydata(explained["level"])
        threshold_line.set_ydata([chosen.threshold] * 2)
        windows.set_verts(_rectangles(onsets, chosen.max_window + 0.4, 0, 1.04))
        taken.set_data(onsets, curve[onsets])
        crosses.set_data(refused["frame"], refused["activation"])
        for text in words:
            text.set_visible(False)
        for text, row in zip(words, refused.itertuples(), strict=False):
            reason, offset, align = refusal(row, chosen)
            text.set(text=reason, position=offset, ha=align, visible=True)
            text.xy = row.frame, row.activation
        found = ", ".join(map(str, onsets)) or "none"
        return f"<b>{len(onsets)} onsets</b>, at frames {found}; {len(refused)} peaks refused."

    moving = [level, threshold_line, windows, taken, crosses, *words]
    return Panel("peak-conditions", figure, _peak_sliders(config), refresh, moving)


@theme_context()
def explore_peak_picking(
    activations: np.ndarray, reference: Onsets, config: PeakPicking = _THESIS, tolerance: float = TOLERANCE
) -> Panel:
    """Activations `(T, 5)` of a recording, the onsets picked from them (correct, invented, missed), and the F1.

    reference  the annotated onsets;  config  initial values of the sliders, with one threshold;  tolerance  seconds.

    The sound is the transcription, played on the synthetic kit.
    """
    activations = np.asarray(activations)
    end = len(activations) / FPS
    figure, axes = panel_figure(0.72, rows=len(CLASSES), sharex=True)
    thresholds, marks = [], []
    for name, ax, values, truth in zip(CLASSES, axes, activations.T, reference, strict=True):
        colour, marker = CLASS_COLOURS[name], CLASS_MARKERS[name]
        times = np.arange(len(values)) / FPS
        ax.fill_between(times, values, color=colour, alpha=0.25, linewidth=0)
        ax.plot(times, values, color=colour, linewidth=0.9)
        ax.vlines(truth, 0, 1.12, color=colour, linewidth=0.7, linestyle=(0, (1.5, 1.5)))
        thresholds.append(ax.axhline(0.5, color=QUIET, linewidth=0.7, linestyle=":"))
        right = _empty_line(ax, marker=marker, color=colour, markersize=5, markeredgewidth=1.5, clip_on=False)
        invented = _empty_line(ax, marker="X", color="white", markeredgecolor=INK, markersize=7, clip_on=False)
        missed = _empty_line(ax, marker="v", color=INK, markersize=5, clip_on=False)
        marks.append((right, invented, missed))
        ax.set(ylim=(0, 1.12), yticks=[0, 1], xlim=(0, end))
        ax.set_ylabel(name, color=colour, fontweight="bold", rotation=0, ha="right", va="center")
    axes[-1].set_xlabel("time (s)")
    words = ("annotated", "found (markers of the class)", "invented", "missed")
    samples = (axes[0].plot([], [], color=INK, linewidth=0.7, linestyle=(0, (1.5, 1.5)))[0], *marks[0])
    figure.legend(samples, words, loc="outside upper center", ncols=4, columnspacing=1.6, handletextpad=0.5)

    def refresh(**values) -> str:
        chosen = PeakPicking(**values)
        picked = pick_peaks(activations, chosen)
        for row, (right, invented, missed) in enumerate(marks):
            pairs = match_onsets(reference[row], picked[row], tolerance)
            found, alone = picked[row][pairs[:, 1]], np.delete(picked[row], pairs[:, 1])
            lost = np.delete(reference[row], pairs[:, 0])
            for line, at in ((right, found), (invented, alone)):
                line.set_data(at, activations[np.rint(at * FPS).astype(int), row])
            missed.set_data(lost, np.full(len(lost), 1.06))
            thresholds[row].set_ydata([chosen.threshold] * 2)
        return _scores_in_words(count_matches(reference, picked, tolerance))

    def sound(**values) -> bytes:
        picked = pick_peaks(activations, PeakPicking(**values))
        return mp3(play_onsets(picked, end + 0.5))

    moving = [*thresholds, *(line for row in marks for line in row)]
    return Panel("peak-picking", figure, _peak_sliders(config), refresh, moving, sound)


def _scores_in_words(counts: np.ndarray) -> str:
    """Counts `(5, 3)` as a sentence: pooled, and the F1 of each class that occurs."""
    tp, fp, fn = counts.sum(axis=0)
    by_class = ", ".join(f"{name} {value:.2f}" for name, value in zip(CLASSES, f1(counts), strict=True) if not np.isnan(value))
    score = f1_micro(counts)
    micro = "not defined" if np.isnan(score) else f"{score:.3f}"
    return f"<b>{tp} found, {fp} invented, {fn} missed: micro F1 {micro}</b> ({by_class})"


# --- tolerance ---------------------------------------------------------------------------------------------------------


@theme_context()
def explore_tolerance(reference: np.ndarray, estimate: np.ndarray, tolerance: float = TOLERANCE) -> Panel:
    """Onsets of one class in seconds, matched within the tolerance of a slider, and F1 over all tolerances.

    Another slider shifts all estimates, like a transcriber with a constant delay. In the sound annotated onsets are high clicks and
    estimates low ones.
    """
    reference, estimate = np.asarray(reference, dtype=float), np.asarray(estimate, dtype=float)
    figure, (above, below) = panel_figure(0.56, rows=2, height_ratios=[1, 0.9])
    moving, show_pairs = _matching_picture(reference, estimate, above)
    grid = np.arange(101) / 1000
    (curve,) = below.step(1000 * grid, grid, where="post", color=INK)
    line = below.axvline(0, color="#0072B2", linewidth=0.9, linestyle="--")
    (dot,) = below.plot([0], [0], "o", color="#0072B2", markersize=6, clip_on=False)
    below.set(xlabel="tolerance (± ms)", ylabel="F1", ylim=(0, 1), xlim=(0, 100))
    below.grid()

    @functools.lru_cache
    def scores_when(late: int) -> np.ndarray:
        return score_over_tolerance(reference, estimate + late / 1000, grid)["f1"].to_numpy()

    def refresh(tolerance: int, late: int) -> str:
        moved = estimate + late / 1000
        pairs = match_onsets(reference, moved, tolerance / 1000)
        show_pairs(moved, tolerance / 1000, pairs)
        scores = scores_when(late)
        curve.set_ydata(scores)
        line.set_xdata([tolerance] * 2)
        dot.set_data([tolerance], [scores[tolerance]])
        counts = np.array([len(pairs), len(moved) - len(pairs), len(reference) - len(pairs)])
        tp, fp, fn = counts
        p, r = float(precision(counts)), float(recall(counts))
        return (
            f"<b>TP {tp}, FP {fp}, FN {fn}</b>: precision {p:.3f}, recall {r:.3f}, "
            f"<b>F1 = {2 * tp} / ({2 * tp} + {fp} + {fn}) = {scores[tolerance]:.3f}</b>"
        )

    def sound(tolerance: int, late: int) -> bytes:
        length = max(reference[-1], estimate[-1]) + 0.3
        return mp3(0.9 * click_track([reference, estimate + late / 1000], length, frequencies=(2_500.0, 700.0)))

    controls = {
        "tolerance": slider("tolerance (± ms)", round(1000 * tolerance), 0, 100),
        "late": slider("estimates late (ms)", 0, -80, 80),
    }
    return Panel("tolerance", figure, controls, refresh, [*moving, curve, line, dot], sound)


def _matching_picture(reference: np.ndarray, estimate: np.ndarray, ax):
    """Like `plot_matching`, but changed in place: (artists, function of shifted estimates, tolerance and pairs)."""
    windows = ax.add_collection(PolyCollection([], facecolor="#0072B2", alpha=0.12, linewidth=0))
    strokes = ax.vlines(reference, 0.78, 1.22, linewidth=2.2)
    joined = ax.add_collection(LineCollection([], colors=TRUE_POSITIVE, linewidths=1.2))
    hits = _empty_line(ax, marker="o", color=TRUE_POSITIVE, markersize=7)
    inventions = _empty_line(ax, marker="X", color=FALSE_POSITIVE, markersize=7)
    misses = [ax.text(time, 1.32, "FN", ha="center", fontsize=8, color=INK) for time in reference]
    names = [ax.text(time, -0.5, "", ha="center", fontsize=8, color=INK) for time in estimate]
    ax.set_yticks([1, 0], ["annotated", "estimated"])
    first, last = min(reference[0], estimate[0]), max(reference[-1], estimate[-1])
    ax.set(xlabel="time (s)", ylim=(-0.65, 1.55), xlim=(first - 0.12, last + 0.12))
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)

    def show(moved: np.ndarray, tolerance: float, pairs: np.ndarray) -> None:
        hit, found = np.isin(np.arange(len(reference)), pairs[:, 0]), np.isin(np.arange(len(moved)), pairs[:, 1])
        windows.set_verts(_rectangles(reference, tolerance, -0.25, 1.25))
        strokes.set_color(["#0072B2" if right else QUIET for right in hit])
        joined.set_segments([[(reference[i], 0.78), (moved[j], 0.1)] for i, j in pairs])
        hits.set_data(moved[found], np.zeros(found.sum()))
        inventions.set_data(moved[~found], np.zeros((~found).sum()))
        for text, right in zip(misses, hit, strict=True):
            text.set_visible(not right)
        for text, time, right in zip(names, moved, found, strict=True):
            text.set(x=time, text="TP" if right else "FP")

    return [windows, strokes, joined, hits, inventions, *misses, *names], show
