"""Panels on the method (thesis, chapter 5): target widening, infrequency weights, the threshold."""

import numpy as np

from adtlib.audio.features import FPS
from adtlib.audio.playback import mp3
from adtlib.evaluation.metrics import TOLERANCE, count_matches, f1, precision, recall
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, INK, QUIET, panel_figure, theme_context
from adtlib.models.loss import infrequency_weights
from adtlib.onsets.frames import Onsets, widen_targets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks, with_thresholds
from adtlib.panels.panel import Panel, menu, slider
from adtlib.synthesis.examples import play_onsets
from adtlib.vocabulary import CLASS_NAMES, CLASSES

_THESIS = PeakPicking()
_BLUE = "#0072B2"

# --- target widening ---------------------------------------------------------------------------------------------------

_FRAMES = 17
_STROKE = 8  # the frame of the annotated stroke
_ANSWER = {-1: 0.4, 0: 0.95, 1: 0.4}  # what a model says around the frame in which it hears the stroke; elsewhere _SILENCE
_SILENCE = 0.02
_LATEST = 3  # frames


@theme_context()
def explore_widening(neighbour: float = 0.5, late: int = 1) -> Panel:
    """One stroke's targets, the answer of a model that hears it late, and the loss: frames of 10 ms, one class.

    neighbour  the target beside a stroke;  late  frames.
    """
    figure, (above, below) = panel_figure(0.3, columns=2, width_ratios=[1.5, 1])
    frames = np.arange(_FRAMES)
    targets = above.bar(frames, np.zeros(_FRAMES), width=0.9, color="#bbbbbb", label="target")
    (answer,) = above.plot(frames, frames, "-o", color=_BLUE, markersize=3.5, label="the model's answer")
    above.set(xlabel="frame of 10 ms", ylabel="target, activation", ylim=(0, 1.05), xlim=(1.5, 14.5))
    above.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    shifts = np.arange(-_LATEST, _LATEST + 1)
    below.plot(shifts, _losses(0.0) / _loss(0.0, 0), ":", color=QUIET, label="not widened")
    (curve,) = below.plot(shifts, shifts, color=INK, label="as widened")
    (dot,) = below.plot([0], [0], "o", color=_BLUE, markersize=6)
    below.set(xlabel="model late (frames)", ylabel="loss, times that\nof an answer on time", ylim=(0, 9), xticks=shifts)
    below.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handlelength=1.4)

    def refresh(neighbour: float, late: int) -> str:
        for bar, height in zip(targets, _widened(neighbour), strict=True):
            bar.set_height(height)
        answer.set_ydata(_answer(late))
        losses = _losses(neighbour)
        here, on_time = losses[late + _LATEST], losses[_LATEST]
        curve.set_ydata(losses / on_time)
        dot.set_data([late], [here / on_time])
        when = "on time" if not late else f"{abs(late)} frame{'s' * (abs(late) > 1)} {'late' if late > 0 else 'early'}"
        return (
            f"Loss of the answer {when}: <b>{here:.2f}</b>, {here / on_time:.1f} times that of the same answer on time "
            f"({on_time:.2f}); without widening {_loss(0.0, late) / _loss(0.0, 0):.1f} times."
        )

    controls = {"neighbour": slider("target beside", neighbour, 0.0, 1.0, 0.05), "late": slider("late (frames)", late, -3, 3)}
    return Panel("widening", figure, controls, refresh, [*targets, answer, curve, dot])


def _widened(neighbour: float) -> np.ndarray:
    """Targets `(T,)` of the stroke."""
    targets = np.zeros((_FRAMES, 1))
    targets[_STROKE] = 1
    return widen_targets(targets, neighbour)[:, 0]


def _answer(late: int) -> np.ndarray:
    """Activations `(T,)`."""
    answer = np.full(_FRAMES, _SILENCE)
    for beside, value in _ANSWER.items():
        answer[_STROKE + late + beside] = value
    return answer


def _losses(neighbour: float) -> np.ndarray:
    """The loss of each lateness from -_LATEST to _LATEST frames."""
    return np.array([_loss(neighbour, late) for late in range(-_LATEST, _LATEST + 1)])


def _loss(neighbour: float, late: int) -> float:
    """Binary cross-entropy, summed over the frames."""
    y, a = _widened(neighbour), _answer(late)
    return float(np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a)))


# --- infrequency weights -----------------------------------------------------------------------------------------------

_A_MINUTE = round(60 * FPS)  # frames
_MOST = 480  # strokes of a class in a minute


@theme_context()
def explore_weights(shares) -> Panel:
    """The weight of each class over how often it is struck: a slider a class.

    shares  `(5,)` of the frames that hold an onset of each class, to begin with.
    """
    figure, (rule, parts) = panel_figure(0.36, columns=2, width_ratios=[1.25, 1])
    grid = np.geomspace(1, _MOST, 200)
    rule.plot(100 * grid / _A_MINUTE, _weights(grid), color=QUIET)
    dots = [rule.plot([1], [1], CLASS_MARKERS[name], color=CLASS_COLOURS[name], markersize=6)[0] for name in CLASSES]
    rule.set(xscale="log", yscale="log", xlabel="frames with an onset (%)", ylabel="weight")
    rule.set_xticks([0.1, 1], ["0.1", "1"])
    rule.set_yticks([10, 100], ["10", "100"])
    rule.grid()
    height = 0.38
    rows = np.arange(len(CLASSES))
    colours = [CLASS_COLOURS[name] for name in CLASSES]
    bare = parts.barh(rows - height / 2, rows, height, color="white", edgecolor=colours)
    weighted = parts.barh(rows + height / 2, rows, height, color=colours, edgecolor=colours)
    parts.set_yticks(rows, CLASSES)
    parts.set(xlabel="share of the strokes (%):\noutlined counted, filled weighted", xlim=(0, 100), ylim=(4.6, -0.6))

    def refresh(**strokes: int) -> str:
        counts = np.array([strokes[name] for name in CLASSES])
        weights = _weights(counts)
        for dot, count, weight in zip(dots, counts, weights, strict=True):
            dot.set_data([100 * count / _A_MINUTE], [weight])
        for bars, values in ((bare, counts), (weighted, counts * weights)):
            for bar, value in zip(bars, 100 * values / values.sum(), strict=True):
                bar.set_width(value)
        rare, frequent = np.argmin(counts), np.argmax(counts)
        return (
            f"A frame with {CLASS_NAMES[CLASSES[rare]]} counts as <b>{weights[rare]:.0f}</b> silent ones, one with "
            f"{CLASS_NAMES[CLASSES[frequent]]} as <b>{weights[frequent]:.0f}</b>; one in which both begin as "
            f"{weights[rare] + weights[frequent] * (rare != frequent):.0f}."
        )

    begin = np.clip(np.rint(np.asarray(shares) * _A_MINUTE), 1, _MOST).astype(int)
    controls = {name: slider(f"{name} a minute", int(count), 1, _MOST) for name, count in zip(CLASSES, begin, strict=True)}
    return Panel("weights", figure, controls, refresh, [*dots, *bare, *weighted])


def _weights(counts: np.ndarray) -> np.ndarray:
    return infrequency_weights(counts, _A_MINUTE)


# --- threshold ---------------------------------------------------------------------------------------------------------

_THRESHOLDS = np.arange(1, 20) / 20
_ALL = "all"
_HEARD = 4.0  # seconds at most


@theme_context()
def explore_threshold(
    activations: np.ndarray, reference: Onsets, config: PeakPicking = _THESIS, tolerance: float = TOLERANCE
) -> Panel:
    """Precision and recall over the threshold, and against each other, of one class or of all pooled.

    activations  `(T, 5)`;  reference  the annotated onsets;  config  the other parameters of peak picking;  tolerance  seconds.

    The sound is what is found at the threshold in the first seconds, on the synthetic kit.
    """
    activations = np.asarray(activations)
    counts = np.stack([_counts(activations, reference, config, tolerance, threshold) for threshold in _THRESHOLDS])  # (n, 5, 3)
    figure, (over, against) = panel_figure(0.4, columns=2, width_ratios=[1.4, 1])
    names = {"precision": ("--", precision), "recall": (":", recall), "F1": ("-", f1)}
    lines = {name: over.plot(_THRESHOLDS, _THRESHOLDS, style, color=INK, label=name)[0] for name, (style, _) in names.items()}
    here = over.axvline(0.5, color=_BLUE, linewidth=0.9)
    over.set(xlabel="threshold", ylabel="precision, recall, F1", xlim=(0, 1), ylim=(0, 1.02))
    over.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    (curve,) = against.plot([], [], "-o", color=QUIET, markersize=3)
    (dot,) = against.plot([0], [0], "o", color=_BLUE, markersize=7, clip_on=False)
    against.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    against.grid()

    def refresh(drum: str, threshold: float) -> str:
        chosen = counts.sum(axis=1) if drum == _ALL else counts[:, CLASSES.index(drum)]
        at = int(np.argmin(np.abs(_THRESHOLDS - threshold)))
        found = {name: measure(chosen) for name, (_, measure) in names.items()}
        for name, values in found.items():
            lines[name].set_ydata(values)
        here.set_xdata([threshold] * 2)
        curve.set_data(found["recall"], found["precision"])
        dot.set_data(found["recall"][[at]], found["precision"][[at]])
        tp, fp, fn = chosen[at]
        if np.isnan(found["F1"]).all():
            return f"{drum} is neither annotated nor found here."
        best = int(np.nanargmax(found["F1"]))
        measured = {name: "not defined" if np.isnan(values[at]) else f"{values[at]:.3f}" for name, values in found.items()}
        words = ", ".join(f"{name} {value}" for name, value in measured.items())
        return (
            f"<b>{tp} found, {fp} invented, {fn} missed</b>: {words}. F1 is highest, {found['F1'][best]:.3f}, "
            f"at a threshold of {_THRESHOLDS[best]:g}."
        )

    def sound(drum: str, threshold: float) -> bytes:
        picked = pick_peaks(activations, with_thresholds(config, float(threshold)))
        heard = [times if drum in (_ALL, name) else times[:0] for name, times in zip(CLASSES, picked, strict=True)]
        return mp3(play_onsets([times[times < _HEARD] for times in heard], min(len(activations) / FPS, _HEARD) + 0.5))

    controls = {
        "drum": menu("class", _ALL, [("all classes", _ALL), *((f"{name}, {CLASS_NAMES[name]}", name) for name in CLASSES)]),
        "threshold": slider("threshold", 0.5, 0.05, 0.95, 0.05),
    }
    return Panel("threshold", figure, controls, refresh, [*lines.values(), here, curve, dot], sound)


def _counts(activations: np.ndarray, reference: Onsets, config: PeakPicking, tolerance: float, threshold: float) -> np.ndarray:
    return count_matches(reference, pick_peaks(activations, with_thresholds(config, float(threshold))), tolerance)
