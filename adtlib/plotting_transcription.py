"""Pictures of drums and their transcriptions (thesis 2.2 and 2.4): footprints, scores, MIDI, activations, peak picking."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.transforms import Affine2D

from adtlib.diagrams import bare_figure
from adtlib.engraving import STAFF_SPACE, Engraving, draw, engrave, stretched
from adtlib.features import FPS, FRAME_SIZE, SAMPLE_RATE
from adtlib.footprints import spectrum_levels
from adtlib.notation import PLACES, to_musicxml
from adtlib.onsets import Onsets
from adtlib.patterns import INSTRUMENTS, Hit, Pattern
from adtlib.peak_picking import PeakPicking, pick_peaks
from adtlib.plotting import CLASS_COLOURS, CLASS_MARKERS, TEXT_WIDTH, plot_waveform
from adtlib.plotting_passages import features_with_bar, stacked_figure
from adtlib.vocabulary import CLASSES, GENERAL_MIDI

_POINTS_A_CM = 72 / 2.54
INK, QUIET = "#333333", "#999999"


def class_colour(pitch: int) -> str:
    """The colour of a General MIDI pitch's class."""
    index = GENERAL_MIDI.class_index(pitch)
    return INK if index is None else CLASS_COLOURS[CLASSES[index]]


# --- footprints --------------------------------------------------------------------------------------------------------


def plot_footprints(strokes: Mapping[int, np.ndarray], lead_in: float, axes, seconds: float = 0.8, floor: float = -80.0):
    """Waveform above and spectrogram below, a column an instrument, all at the same scales.

    strokes  waveforms `(n,)` at 44.1 kHz by General MIDI pitch, the stroke after `lead_in` seconds; time 0 is the stroke.
    axes     two rows, a column a stroke.
    seconds  of each stroke that are shown;  floor  decibels below the loudest value of all that are still shown.
    """
    loudest = max(np.abs(waveform).max() for waveform in strokes.values())
    # Half a window longer than shown: beyond it, where the sound is cut, the cut would look like a stroke.
    stop = round((lead_in + seconds) * SAMPLE_RATE) + FRAME_SIZE // 2
    strokes = {pitch: waveform[:stop] for pitch, waveform in strokes.items()}
    levels = {pitch: spectrum_levels(waveform) for pitch, waveform in strokes.items()}
    reference = max(level.max() for _, _, level in levels.values())
    for column, (pitch, waveform) in enumerate(strokes.items()):
        upper, lower = axes[:, column]
        plot_waveform(waveform / loudest, start=-lead_in, ax=upper)
        upper.lines[-1].set_color(class_colour(pitch))
        upper.set(xlabel="", ylabel="amplitude" if column == 0 else "", ylim=(-1.05, 1.05))
        upper.set_title(INSTRUMENTS[pitch], color=class_colour(pitch), fontweight="bold")
        upper.tick_params(labelbottom=False)
        times, frequencies, level = levels[pitch]
        mesh = lower.pcolormesh(
            times - lead_in, frequencies, level.T - reference, vmin=floor, vmax=0, shading="nearest", rasterized=True
        )
        upper.set_xlim(-lead_in, seconds)
        lower.set(yscale="log", ylim=(30, 20_000), xlim=upper.get_xlim(), xlabel="time (s)")
        lower.set_yticks([100, 1_000, 10_000], ["100", "1k", "10k"])
        lower.minorticks_off()
        lower.set_ylabel("frequency (Hz)" if column == 0 else "")
        if column:
            for ax in (upper, lower):
                ax.tick_params(labelleft=False)
    axes[1, 0].figure.colorbar(mesh, ax=axes[1, :].tolist(), label="level (dB)", pad=0.01, aspect=14)
    return axes


# --- scores ------------------------------------------------------------------------------------------------------------


def _points_a_unit(ax) -> float:
    """Points that one data unit of axes of equal aspect is wide."""
    low, high = ax.get_xlim()
    return 72 * ax.figure.get_figwidth() * ax.get_position().width / (high - low)


def score_key() -> tuple[Pattern, list[str]]:
    """One stroke of each instrument, from the kick drum up, to show where each stands: (pattern, names)."""
    pitches = (36, 44, 43, 38, 37, 47, 50, 51, 42, 46, 49)
    hits = tuple(Hit(beat, pitch, 84) for beat, pitch in enumerate(pitches))
    return Pattern(hits, 1, meter=(len(pitches), 4)), [PLACES[pitch].name for pitch in pitches]


def plot_score_with_key(pattern: Pattern, staff_space: float = 0.19):
    """A pattern as drummers read it, and below it the key: what stands where on the staff. Returns the figure.

    staff_space  centimetres between two lines of the staff.
    """
    width = TEXT_WIDTH * 2.54 / staff_space  # in staff spaces
    score = engrave(to_musicxml(pattern), line_width=width - 1)
    key, names = score_key()
    legend = engrave(to_musicxml(key, key=True), line_width=width - 1)
    heights = [(e.bounds[3] - e.bounds[1]) / STAFF_SPACE for e in (score, legend)]
    gap, words = 1.6, 4.2  # staff spaces between the two, and for the names below
    total = sum(heights) + gap + words + 0.6
    figure = bare_figure(total / width)
    top = 0.3
    for engraving, height in zip((score, legend), heights, strict=True):
        ax = figure.add_axes([0, 1 - (top + height) / total, 1, height / total])
        left, upper, _, lower = engraving.bounds
        ax.set(xlim=(left - 90, left - 90 + width * STAFF_SPACE), ylim=(lower, upper))
        ax.set_axis_off()
        unit = staff_space * _POINTS_A_CM / STAFF_SPACE
        draw(engraving, ax, unit=unit, colour=None if engraving is score else lambda index: class_colour(key.hits[index].pitch))
        top += height + gap
    bottom = legend.bounds[3]
    for index, name in enumerate(names):
        x, ink = legend.note_x[index] + 117, class_colour(key.hits[index].pitch)
        for line, word in enumerate(name.split(" ")):
            ax.text(x, bottom + 330 + 280 * line, word, ha="center", va="baseline", fontsize=8, color=ink)
    return figure


def plot_score_over_time(pattern: Pattern, lead_in: float, ax, staff_space: float = 0.17, colour=class_colour):
    """A score stretched so that each notehead stands at its time on the x axis of `ax`, whose limits and place are fixed by now.

    staff_space  centimetres between two lines;  colour  of a pitch's notehead.
    """
    moved, to_data = score_over_time(pattern, lead_in, ax, staff_space)
    return draw(moved, ax, to_data, points_a_unit(staff_space), lambda index: colour(pattern.hits[index].pitch))


def points_a_unit(staff_space: float) -> float:
    """Points to a unit of an engraving whose staff lines are `staff_space` centimetres apart."""
    return staff_space * _POINTS_A_CM / STAFF_SPACE


def score_over_time(pattern: Pattern, lead_in: float, ax, staff_space: float = 0.17) -> tuple[Engraving, Affine2D]:
    """What `plot_score_over_time` draws, and the transform from its units to the data coordinates of `ax`, which is made ready."""
    start, end = ax.get_xlim()
    box = ax.get_position()
    centimetres = 2.54 * ax.figure.get_figwidth() * box.width
    engraving = engrave(to_musicxml(pattern, tempo=False), line_width=centimetres / staff_space)
    units = centimetres / staff_space * STAFF_SPACE / (end - start)  # a second
    head = 235.0
    # A head beside its chord's others (two that are a step apart) is no moment of its own: it keeps its distance from them.
    first: dict = {}
    for index, hit in enumerate(pattern.hits):
        first[hit.beat] = min(first.get(hit.beat, np.inf), engraving.note_x[index])
    columns = {x: (lead_in + pattern.seconds(beat) - start) * units - head / 2 for beat, x in first.items()}
    moved = stretched(engraving, columns, head, end=(lead_in + pattern.duration - start) * units - head / 2)
    staff = [shape.curve.vertices[0, 1] for shape in engraving.shapes if shape.role == "staff" and shape.line]
    middle = (min(staff) + max(staff)) / 2
    tall = 2.54 * ax.figure.get_figheight() * box.height / staff_space * STAFF_SPACE  # units that the axes are high
    ax.set(ylim=(middle + tall * 0.44, middle - tall * 0.56), yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, labelbottom=False)
    return moved, Affine2D().scale(1 / units, 1).translate(start, 0)


# --- MIDI --------------------------------------------------------------------------------------------------------------


def plot_midi(events: pd.DataFrame, rows: int = 20, axes=None):
    """The messages of a MIDI file: above, its keys over beats; below, the first messages as the file has them.

    events  of `patterns.midi_events`;  axes  two, one above the other.
    """
    if axes is None:
        _, axes = plt.subplots(2, 1, figsize=(TEXT_WIDTH, TEXT_WIDTH), height_ratios=[0.42, 0.6])
    _plot_keys(events, axes[0])
    _list_messages(events.head(rows), len(events) - rows, axes[1])
    return axes


def _plot_keys(events: pd.DataFrame, ax) -> None:
    notes = events[events["pitch"] > 0]
    pitches = sorted(notes["pitch"].unique())
    for row, pitch in enumerate(pitches):
        own = notes[notes["pitch"] == pitch]
        for on, off in zip(own[own["velocity"] > 0].itertuples(), own[own["velocity"] == 0].itertuples(), strict=True):
            # The darker, the harder.
            ax.barh(
                row, off.beat - on.beat, left=on.beat, height=0.72, color=class_colour(pitch), alpha=0.25 + 0.75 * on.velocity / 127
            )
            ax.plot([on.beat, on.beat], [row - 0.36, row + 0.36], color=class_colour(pitch), linewidth=1.2)
    ax.set_yticks(range(len(pitches)), [f"{INSTRUMENTS[pitch]}  {pitch}" for pitch in pitches])
    for label, pitch in zip(ax.get_yticklabels(), pitches, strict=True):
        label.set_color(class_colour(pitch))
    end = events["beat"].max()
    ax.set(xlabel="time (beats from the start)", xlim=(-0.1, end), ylim=(-0.6, len(pitches) - 0.4))
    ax.set_xticks(np.arange(0, end + 1))
    ax.grid(axis="x")


_COLUMNS = (
    ("delta", 0.055, "right"),
    ("tick", 0.125, "right"),
    ("beat", 0.2, "right"),
    ("message", 0.222, "left"),
    ("bytes", 0.412, "left"),
    ("key", 0.712, "right"),
    ("instrument", 0.73, "left"),
    ("velocity", 0.98, "right"),
)


def _list_messages(events: pd.DataFrame, left_out: int, ax) -> None:
    ax.set_axis_off()
    ax.set(xlim=(0, 0.98), ylim=(len(events) + 0.9, -0.9))
    font = {"fontsize": 8, "va": "center"}
    for name, x, align in _COLUMNS:
        ax.text(x, -0.35, name, ha=align, fontweight="bold", **font)
    ax.axhline(0.15, color=INK, linewidth=0.7)
    for row, event in enumerate(events.itertuples(), start=1):
        note = event.pitch > 0
        ink = class_colour(event.pitch) if event.velocity else INK if not note else QUIET
        cells = [f"{event.delta}", f"{event.tick}", f"{event.beat:.2f}", event.event, event.bytes]
        cells += [f"{event.pitch}", event.instrument, f"{event.velocity}"] if note else ["", event.value, ""]
        for (name, x, align), text in zip(_COLUMNS, cells, strict=True):
            family = "DejaVu Sans Mono" if name == "bytes" else "DejaVu Sans"
            ax.text(x, row - 0.35, text, ha=align, color=ink, family=family, **font)
    if left_out > 0:
        ax.text(0.222, len(events) + 0.65, f"… and {left_out} more", color=QUIET, style="italic", **font)


# --- activations -------------------------------------------------------------------------------------------------------


def plot_transcriptions(
    pattern: Pattern, lead_in: float, features: np.ndarray, activations: np.ndarray, picked: Onsets, peaks: PeakPicking
):
    """One performance as score, features and activation functions over the same seconds: the figure.

    features     `(T, 84)`;  activations  `(T, 5)`;  picked  the onsets found in them, marked on the curves.
    """
    figure, axes, sides = stacked_figure([1.0, 1.5, *[0.46] * len(CLASSES)], 0.95)
    features_with_bar(features, 0.0, axes[1], sides[1])
    threshold = np.broadcast_to(peaks.threshold, len(CLASSES))
    times = np.arange(len(activations)) / FPS
    for row, (name, ax) in enumerate(zip(CLASSES, axes[2:], strict=True)):
        colour = CLASS_COLOURS[name]
        ax.axhline(threshold[row], color=QUIET, linewidth=0.6, linestyle=":")
        ax.fill_between(times, activations[:, row], color=colour, alpha=0.3, linewidth=0)
        ax.plot(times, activations[:, row], color=colour, linewidth=0.9)
        for time in pattern.onsets(lead_in)[row]:
            ax.axvline(time, color=colour, linewidth=0.7, linestyle=(0, (1.5, 1.5)))
        heights = activations[np.rint(picked[row] * FPS).astype(int), row]
        ax.plot(picked[row], heights, CLASS_MARKERS[name], color=colour, markersize=4.5, linestyle="none", clip_on=False)
        ax.set(ylim=(0, 1.05), yticks=[0, 1])
        ax.set_ylabel(name, color=colour, fontweight="bold", rotation=0, ha="right", va="center")
    for ax in axes[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    axes[-1].set(xlabel="time (s)", xlim=(0, len(activations) / FPS))
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.01)
    # The score is drawn for the place that its axes have, so that place must not change any more.
    figure.canvas.draw()
    figure.set_layout_engine("none")
    plot_score_over_time(pattern, lead_in, axes[0])
    return figure


# --- peak picking ------------------------------------------------------------------------------------------------------

_REASONS = {
    # The first condition that fails: words, their place beside the cross in points, their alignment.
    "highest": ("not the\nhighest", (5, 2), "left"),
    "above_mean": ("not {delta:g} above\nthe mean", (0, 9), "center"),
    "above_threshold": ("below the\nthreshold", (0, 18), "center"),
    "waited": ("too soon\nafter the last", (5, 2), "left"),
}


def refused_peaks(explained: pd.DataFrame) -> pd.DataFrame:
    """The rows of local maxima above 0.2 that are no onsets: what one would ask about. explained: as in `plot_peak_conditions`."""
    y = explained["activation"].to_numpy()
    local = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:]) & (y[1:-1] > 0.2)) + 1
    return explained.iloc[local[~explained["onset"].to_numpy()[local]]]


def refusal(row, config: PeakPicking) -> tuple[str, tuple[int, int], str]:
    """Why the peak of this row was refused: (words, their place beside it in points, their alignment)."""
    text, offset, align = next(reason for name, reason in _REASONS.items() if not getattr(row, name))
    return text.format(delta=config.delta), offset, align


def plot_peak_conditions(explained: pd.DataFrame, config: PeakPicking, ax=None):
    """One activation curve with what peak picking looks at: windows, mean plus delta, threshold, peaks taken and refused.

    explained  of `worked_examples.explain_peaks` with the same configuration, whose threshold is one number.
    """
    ax = plt.gca() if ax is None else ax
    y, frames = explained["activation"].to_numpy(), explained["frame"].to_numpy()
    ink = CLASS_COLOURS["SD"]
    ax.step(frames, explained["level"], where="mid", color="#0072B2", linewidth=0.9, label="mean of ±$a$ frames, plus $δ$")
    ax.axhline(config.threshold, color=QUIET, linewidth=0.9, linestyle=":", label="threshold")
    ax.plot(frames, y, "-", color=ink, linewidth=0.9, marker=".", markersize=3, label="activation")
    onsets = explained[explained["onset"]]
    reach = config.max_window + 0.4
    for row in onsets.itertuples():
        ax.axvspan(row.frame - reach, row.frame + reach, color=ink, alpha=0.12, linewidth=0)
    ax.plot(onsets["frame"], onsets["activation"], CLASS_MARKERS["SD"], color=ink, markersize=6, label="taken, and its ±$m$ frames")
    refused = refused_peaks(explained)
    ax.plot(refused["frame"], refused["activation"], "X", color="white", markeredgecolor=INK, markersize=7, label="refused")
    for row in refused.itertuples():
        text, offset, align = refusal(row, config)
        ax.annotate(
            text, (row.frame, row.activation), offset, textcoords="offset points", ha=align, fontsize=8, color=INK, linespacing=1.0
        )
    ax.set(ylabel="activation", xlim=(-0.5, len(y) - 0.5), ylim=(0, 1.04))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handletextpad=0.5, columnspacing=1.6)
    return ax


SYMBOLS = {"max_window": "$m$", "mean_window": "$a$", "delta": "$δ$", "wait": "$w$", "threshold": "threshold"}


def plot_peak_parameter(curve: np.ndarray, name: str, values: Sequence[float], config: PeakPicking, ax=None):
    """Which frames are taken for each value of one parameter, the others as in `config`, whose own value is shaded."""
    ax = plt.gca() if ax is None else ax
    options = {key: getattr(config, key) for key in SYMBOLS}
    activations = np.zeros((len(curve), len(CLASSES)))
    activations[:, 0] = curve
    for row, value in enumerate(values):
        onsets = pick_peaks(activations, PeakPicking(**options | {name: value}))[0] * FPS
        own = value == getattr(config, name)
        if own:
            ax.axhspan(row - 0.5, row + 0.5, color="#eeeeee", zorder=0)
        ax.plot(onsets, np.full(len(onsets), row), CLASS_MARKERS["SD"], color=CLASS_COLOURS["SD"] if own else INK, markersize=3.5)
    ax.set_yticks(range(len(values)), [f"{value:g}" for value in values])
    ax.set(ylim=(-0.6, len(values) - 0.4), xlim=(-0.5, len(curve) - 0.5))
    ax.set_ylabel(SYMBOLS[name], rotation=0, ha="right", va="center")
    ax.grid(axis="y", linewidth=0.4)
    ax.tick_params(labelbottom=False)
    return ax


def plot_peak_picking(curve: np.ndarray, explained: pd.DataFrame, config: PeakPicking, values: Mapping[str, Sequence[float]]):
    """The conditions on one curve, and below it what each parameter changes: the figure.

    values  the values to try of each parameter.
    """
    figure, axes = plt.subplots(
        1 + len(values),
        1,
        figsize=(TEXT_WIDTH, 0.92 * TEXT_WIDTH),
        sharex=True,
        height_ratios=[3.2, *[0.25 * len(tried) for tried in values.values()]],
    )
    plot_peak_conditions(explained, config, axes[0])
    for (name, tried), ax in zip(values.items(), axes[1:], strict=True):
        plot_peak_parameter(curve, name, tried, config, ax)
    axes[0].tick_params(labelbottom=False)
    axes[-1].tick_params(labelbottom=True)
    axes[-1].set_xlabel(f"time (frames of {1000 / FPS:g} ms)")
    figure.align_ylabels(axes)
    return figure
