"""Figures of drums and of their notation (thesis 2.2 and 2.4): footprints, engraved notation, MIDI, marked errors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from adtlib.audio.features import FRAME_SIZE, SAMPLE_RATE
from adtlib.audio.footprints import spectrum_levels
from adtlib.figures.passages import plot_waveform
from adtlib.figures.theme import CLASS_COLOURS, INK, QUIET, TEXT_WIDTH, fixed_figure
from adtlib.notation.engraving import STAFF_SPACE, Engraving, draw, engrave, stretched
from adtlib.notation.musicxml import PLACES, to_musicxml
from adtlib.notation.patterns import Hit, Pattern
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, INSTRUMENTS

if TYPE_CHECKING:
    from adtlib.studies.examples import Example

_POINTS_A_CM = 72 / 2.54
_FOOTPRINT = 0.8  # seconds shown of a stroke
_KEY_SPACE, _TIME_SPACE = 0.19, 0.17  # centimetres between two lines of the staff: above a key, and over time
_MESSAGES = 20  # of a MIDI file that are listed


def class_colour(pitch: int) -> str:
    """The colour of a General MIDI pitch's class."""
    index = GENERAL_MIDI.class_index(pitch)
    return INK if index is None else CLASS_COLOURS[CLASSES[index]]


# --- footprints --------------------------------------------------------------------------------------------------------


def plot_footprints(strokes: Mapping[int, np.ndarray], lead_in: float, axes):
    """Waveform above and spectrogram below, a column for each instrument, all on the same scales.

    strokes  waveforms `(n,)` at 44.1 kHz by General MIDI pitch, with the stroke after `lead_in` seconds; time 0 is the stroke.
    axes     two rows, a column for each stroke.

    Levels are in decibels relative to the loudest value, down to -80.
    """
    loudest = max(np.abs(waveform).max() for waveform in strokes.values())
    # Half a window longer than shown, as the end of a cut sound would look like a stroke.
    stop = round((lead_in + _FOOTPRINT) * SAMPLE_RATE) + FRAME_SIZE // 2
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
            times - lead_in, frequencies, level.T - reference, vmin=-80, vmax=0, shading="nearest", rasterized=True
        )
        upper.set_xlim(-lead_in, _FOOTPRINT)
        lower.set(yscale="log", ylim=(30, 20_000), xlim=upper.get_xlim(), xlabel="time (s)")
        lower.set_yticks([100, 1_000, 10_000], ["100", "1k", "10k"])
        lower.minorticks_off()
        lower.set_ylabel("frequency (Hz)" if column == 0 else "")
        if column:
            for ax in (upper, lower):
                ax.tick_params(labelleft=False)
    axes[1, 0].figure.colorbar(mesh, ax=axes[1, :].tolist(), label="level (dB)", pad=0.01, aspect=14)
    return axes


# --- notation ------------------------------------------------------------------------------------------------------------


def notation_key() -> tuple[Pattern, list[str]]:
    """One stroke of each instrument, from the kick drum up, for the key of the notation: (pattern, names)."""
    pitches = (36, 44, 43, 38, 37, 47, 50, 51, 42, 46, 49)
    hits = tuple(Hit(beat, pitch, 84) for beat, pitch in enumerate(pitches))
    return Pattern(hits, 1, meter=(len(pitches), 4)), [PLACES[pitch].name for pitch in pitches]


def plot_notation_with_key(pattern: Pattern):
    """A pattern in drum notation, and below it the key, the position of each instrument on the staff. Returns the figure."""
    width = TEXT_WIDTH * 2.54 / _KEY_SPACE  # in staff spaces
    score = engrave(to_musicxml(pattern), line_width=width - 1)
    key, names = notation_key()
    legend = engrave(to_musicxml(key, key=True), line_width=width - 1)
    heights = [(e.bounds[3] - e.bounds[1]) / STAFF_SPACE for e in (score, legend)]
    gap, words = 1.6, 4.2  # staff spaces between the two, and for the names below
    total = sum(heights) + gap + words + 0.6
    figure = fixed_figure(total / width)
    top = 0.3
    for engraving, notes, height in zip((score, legend), (pattern, key), heights, strict=True):
        ax = figure.add_axes([0, 1 - (top + height) / total, 1, height / total])
        left, upper, _, lower = engraving.bounds
        ax.set(xlim=(left - 90, left - 90 + width * STAFF_SPACE), ylim=(lower, upper))
        ax.set_axis_off()
        draw(engraving, ax, unit=points_a_unit(_KEY_SPACE), colour=lambda index, hits=notes.hits: class_colour(hits[index].pitch))
        top += height + gap
    bottom = legend.bounds[3]
    for index, name in enumerate(names):
        x, ink = legend.note_x[index] + 117, class_colour(key.hits[index].pitch)
        for line, word in enumerate(name.split(" ")):
            ax.text(x, bottom + 330 + 280 * line, word, ha="center", va="baseline", fontsize=8, color=ink)
    return figure


def plot_notation_over_time(pattern: Pattern, lead_in: float, ax):
    """Notation stretched so that each notehead is at its time on the x axis of `ax`, whose limits and position must be fixed."""
    moved, to_data = notation_over_time(pattern, lead_in, ax, _TIME_SPACE)
    return draw(moved, ax, to_data, points_a_unit(_TIME_SPACE), lambda index: class_colour(pattern.hits[index].pitch))


def points_a_unit(staff_space: float) -> float:
    """Points per unit of an engraving whose staff lines are `staff_space` centimetres apart."""
    return staff_space * _POINTS_A_CM / STAFF_SPACE


def notation_over_time(pattern: Pattern, lead_in: float, ax, staff_space: float) -> tuple[Engraving, Affine2D]:
    """The engraving for `plot_notation_over_time`, and the transform from its units to data of `ax`, whose limits are set."""
    start, end = ax.get_xlim()
    box = ax.get_position()
    centimetres = 2.54 * ax.figure.get_figwidth() * box.width
    engraving = engrave(to_musicxml(pattern, tempo=False), line_width=centimetres / staff_space)
    units = centimetres / staff_space * STAFF_SPACE / (end - start)  # a second
    head = 235.0
    # A notehead beside the others of its chord (two that are a step apart) has no time of its own: it keeps its distance.
    first: dict = {}
    for index, hit in enumerate(pattern.hits):
        first[hit.beat] = min(first.get(hit.beat, np.inf), engraving.note_x[index])
    columns = {x: (lead_in + pattern.seconds(beat) - start) * units - head / 2 for beat, x in first.items()}
    moved = stretched(engraving, columns, head, end=(lead_in + pattern.duration - start) * units - head / 2)
    staff = [shape.curve.vertices[0, 1] for shape in engraving.shapes if shape.role == "staff" and shape.line]
    middle = (min(staff) + max(staff)) / 2
    tall = 2.54 * ax.figure.get_figheight() * box.height / staff_space * STAFF_SPACE  # height of the axes in units
    ax.set(ylim=(middle + tall * 0.44, middle - tall * 0.56), yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, labelbottom=False)
    return moved, Affine2D().scale(1 / units, 1).translate(start, 0)


# --- MIDI --------------------------------------------------------------------------------------------------------------


def plot_midi(events: pd.DataFrame, axes=None):
    """The messages of a MIDI file: above, its keys over beats; below, a list of the first messages.

    events  of `notation.patterns.midi_events`;  axes  two, one above the other.
    """
    if axes is None:
        _, axes = plt.subplots(2, 1, figsize=(TEXT_WIDTH, TEXT_WIDTH), height_ratios=[0.42, 0.6])
    _plot_keys(events, axes[0])
    _list_messages(events.head(_MESSAGES), len(events) - _MESSAGES, axes[1])
    return axes


def _plot_keys(events: pd.DataFrame, ax) -> None:
    notes = events[events["pitch"] > 0]
    pitches = sorted(notes["pitch"].unique())
    for row, pitch in enumerate(pitches):
        own = notes[notes["pitch"] == pitch]
        for on, off in zip(own[own["velocity"] > 0].itertuples(), own[own["velocity"] == 0].itertuples(), strict=True):
            # Harder strokes are darker.
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


# Distinguished by shape and by colour (Okabe and Ito 2008): a ring, a square.
MISSED = {"color": "#D55E00", "marker": "o"}


INVENTED = {"color": "#0072B2", "marker": "s"}


_STAFF_SPACE = 0.16  # centimetres


_HEIGHT = 0.135  # text widths, of one staff


_SIZE, _GAP = 8, 0.008  # names before the staves: size in points, distance from the staff in text widths


_BEFORE = 0.75  # quarter notes before the first beat, for clef and metre


def plot_examples(examples: "Sequence[Example]"):
    """For each example two staves, target and transcription, with rings on missed and boxes on invented strokes: the
    figure.

    Raises ValueError without examples.
    """
    if not examples:
        raise ValueError("no example to draw: no test split has a passage fit for notation")
    head, gap = 0.05, 0.075  # text widths: the legend; two lines above each pair
    total = head + len(examples) * (2 * _HEIGHT + gap)
    figure = fixed_figure(total)
    left, top = _room([example.system for example in examples], figure), head
    for example in examples:
        figure.text(0.005, 1 - (top + 0.62 * gap) / total, example.summary, fontsize=8, va="center", linespacing=1.25)
        top += gap
        estimate = (example.transcription, example.invented, INVENTED, example.system)
        staves = ((example.target, example.missed, MISSED, "target"), estimate)
        for pattern, errors, style, label in staves:
            ax = figure.add_axes([left, 1 - (top + _HEIGHT) / total, 0.99 - left, _HEIGHT / total])
            ax.set_xlim(-_BEFORE, float(pattern.n_bars * pattern.bar_length))
            _plot_staff(pattern, errors, style, ax)
            figure.text(left - _GAP, 1 - (top + 0.56 * _HEIGHT) / total, label, fontsize=_SIZE, ha="right", va="center")
            top += _HEIGHT
    _legend(figure)
    return figure


def _room(systems: Sequence[str], figure) -> float:
    """Left end of the staves as a share of the width: right of the longest name."""
    names = {"target", *systems}
    longest = max(TextPath((0, 0), name, size=_SIZE).get_extents().width for name in names)
    return max(0.09, 0.012 + longest / (72 * figure.get_figwidth()) + _GAP)  # hinted text is slightly wider than its outline


def _plot_staff(pattern, errors, style, ax) -> None:
    moved, to_data = notation_over_time(pattern, 0.0, ax, _STAFF_SPACE)
    draw(moved, ax, to_data, points_a_unit(_STAFF_SPACE), lambda index: style["color"] if index in errors else "black")
    for shape in moved.shapes:
        if shape.role == "notehead" and shape.hit in errors and shape.anchor is not None:
            left, low, right, high = shape.curve.get_extents().extents
            x, y = shape.anchor[0] + (left + right) / 2, shape.anchor[1] + (low + high) / 2
            x, y = to_data.transform((x, y))
            marker = {"marker": style["marker"], "markersize": 8.5, "markeredgewidth": 1.0}
            ax.plot(x, y, color=style["color"], fillstyle="none", linestyle="none", clip_on=False, zorder=5, **marker)


def _legend(figure) -> None:
    entries = [(MISSED, "missed: in the target, not found"), (INVENTED, "invented: found, not in the target")]
    handles = [
        plt.Line2D(
            [], [], color=style["color"], marker=style["marker"], markersize=8, fillstyle="none", linestyle="none", label=text
        )
        for style, text in entries
    ]
    figure.legend(handles=handles, loc="upper center", ncols=2, fontsize=8, handletextpad=0.3, borderaxespad=0.1)
