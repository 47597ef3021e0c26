"""Figures of a passage: waveform, features, activations, onsets and beats over the same seconds. Conventions as in `theme`.

Without data the axes have a text that says so.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE, band_centres
from adtlib.corpora.passages import Passage
from adtlib.corpora.store import Prepared
from adtlib.figures.theme import CLASS_COLOURS, CLASS_MARKERS, TEXT_WIDTH, given_axes, new_figure, theme_context
from adtlib.onsets.frames import Onsets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.vocabulary import CLASSES

if TYPE_CHECKING:
    from adtlib.transcription.transcription import Transcription


def say_nothing_found(ax, what: str = "nothing found"):
    """Empty axes with a text that says why they are empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", color="#555555")
    return ax


def empty_figure(what: str = "nothing found", height: float = 0.15) -> np.ndarray:
    """A figure that only says why it is empty: its axes, as an array of one."""
    return np.array([say_nothing_found(new_figure(height)[1], what)])


def label_last(axes) -> None:
    """Keep the labels of the time axis only below the last of stacked axes."""
    for ax in axes[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)


def stacked_figure(heights: Sequence[float], height: float):
    """A column of axes that share their time axis, beside it a narrow one for colour bars: (figure, axes, side axes)."""
    figure, grid = plt.subplots(
        len(heights),
        2,
        figsize=(TEXT_WIDTH, height * TEXT_WIDTH),
        width_ratios=[1, 0.018],
        height_ratios=heights,
        squeeze=False,
    )
    for ax in grid[:, 1]:
        ax.set_axis_off()
    for ax in grid[:-1, 0]:
        ax.sharex(grid[-1, 0])
    return figure, grid[:, 0], grid[:, 1]


def features_with_bar(features: np.ndarray, start: float, ax, side):
    """A spectrogram with its colour bar in the axes `side`."""
    plot_features(features, start, ax, colour_bar=False)
    side.set_axis_on()
    ax.figure.colorbar(ax.collections[-1], cax=side, label="log10(mag. + 1)")
    return ax


def plot_passage(passage: Passage | None):
    """Waveform (if available), features and onsets of a passage over the seconds of its recording: the axes."""
    if passage is None:
        return empty_figure()
    heights = [0.7, 1.7, 1] if passage.waveform is not None else [1.7, 1]
    _, axes, sides = stacked_figure(heights, 0.2 * sum(heights))
    if passage.waveform is not None:
        plot_waveform(passage.waveform, start=passage.start, ax=axes[0])
    features_with_bar(passage.features, passage.start, axes[-2], sides[-2])
    plot_onsets(passage.onsets, passage.start, passage.end, axes[-1])
    label_last(axes)
    return axes


def plot_seam(prepared: Prepared, split: str):
    """The end of a split's first sequence and the beginning of the next, the lost frame between them blank: the axes."""
    frames = 60  # shown on either side
    units = prepared.units(split) if split in prepared.splits else []
    if len(units) < 2:
        return empty_figure("fewer than two sequences found")
    before, after = units[0], units[1]
    features = [np.asarray(before.features[-frames:], dtype=float), np.asarray(after.features[:frames], dtype=float)]
    lost = np.full((1, features[0].shape[1]), np.nan)
    _, axes, sides = stacked_figure([1.6, 1], 0.42)
    start = before.duration - frames / FPS
    features_with_bar(np.concatenate([features[0], lost, features[1]]), start, axes[0], sides[0])
    label_last(axes)
    later = before.duration + 1 / FPS  # where the second sequence begins
    onsets = [
        np.concatenate([a[a >= start], later + b[b < frames / FPS]]) for a, b in zip(before.onsets, after.onsets, strict=True)
    ]
    plot_onsets(onsets, start, later + frames / FPS, axes[1])
    for ax in axes:  # one sign for the frame that is not there
        ax.axvspan(before.duration - 0.5 / FPS, before.duration + 0.5 / FPS, color="#bbbbbb", zorder=3)
    axes[1].set_xlabel("time from the start of the earlier sequence (s)")
    return axes


PASSAGE = 10.0  # seconds shown by default


def passage_of(song: "Transcription", start: float | None = None, end: float | None = None) -> tuple[float, float]:
    """(start, end) in seconds: by default ten seconds from a little before the first onset, within the recording.

    ValueError if the end is not after the start, or the passage is outside the recording.
    """
    if start is None:
        start = max(0.0, song.events[0].seconds - 0.3) if song.events else 0.0
    end = min(start + PASSAGE if end is None else end, song.duration)
    if not 0 <= start < end:
        raise ValueError(f"{start:g} to {end:g} s: not a passage of a recording of {song.duration:.2f} s")
    return start, end


def plot_transcription(song: "Transcription", start: float | None = None, end: float | None = None):
    """The seconds from `start` to `end` of a transcription, by default ten from its first onset: seven stacked axes.

    Raises ValueError for a passage outside the recording, and if the features were not kept.
    """
    start, end = passage_of(song, start, end)
    if song.features is None:
        raise ValueError(f"{song.name}: its features were not kept; transcribe it with keep_features=True")
    first, last = int(start * FPS), max(int(np.ceil(end * FPS)), int(start * FPS) + 1)
    begin = first / FPS
    with theme_context():
        _, axes, sides = stacked_figure([2.0, *[0.45] * len(CLASSES), 1.1], 0.78)
        features_with_bar(song.features[first:last], begin, axes[0], sides[0])
        shown = [times[(times >= begin) & (times < end)] for times in song.onsets]
        plot_activations(song.activations[first:last], shown, begin, song.peak_picking, axes[1:-1])
        plot_onsets(shown, begin, end, axes[-1])
        _beat_lines(song, begin, end, axes[-1])
        label_last(axes)
        axes[-1].set_xlabel("time (s); lines: beats, bar lines thick" if song.beats.found else "time (s)")
        axes[-1].set_xlim(begin, end)
    return axes


def _beat_lines(song: "Transcription", start: float, end: float, ax) -> None:
    if not song.beats.found:
        return
    for seconds, position in zip(song.beats.times, song.beats.positions, strict=True):
        if start <= seconds <= end:
            ax.axvline(seconds, color="#888888", linewidth=1.3 if position == 1 else 0.5, zorder=0)


def plot_waveform(waveform: np.ndarray, start: float = 0.0, ax=None):
    """Amplitude over seconds of a waveform at 44.1 kHz; `start` is the time of the first sample."""
    ax = given_axes(ax)
    ax.plot(start + np.arange(len(waveform)) / SAMPLE_RATE, waveform, color="#444444", linewidth=0.4, rasterized=True)
    ax.set(xlabel="time (s)", ylabel="amplitude", xlim=(start, start + len(waveform) / SAMPLE_RATE))
    return ax


def band_edges() -> np.ndarray:
    """Edges of the bands, `(85,)` Hz: half-way between the bands' centres, in octaves."""
    centres = band_centres()
    between = np.sqrt(centres[1:] * centres[:-1])
    return np.concatenate([[centres[0] ** 2 / between[0]], between, [centres[-1] ** 2 / between[-1]]])


def plot_features(features: np.ndarray, start: float = 0.0, ax=None, colour_bar: bool = True):
    """Log-filtered spectrogram `(T, 84)` over seconds and Hz, with a colour bar."""
    ax = given_axes(ax)
    features = np.asarray(features, dtype=np.float32)
    # Frame t is centred on t / FPS.
    times = start + (np.arange(len(features) + 1) - 0.5) / FPS
    mesh = ax.pcolormesh(times, band_edges(), features.T, shading="flat", rasterized=True, vmin=0)
    ax.set_yscale("log")
    ax.set_yticks([100, 1_000, 10_000], ["100", "1k", "10k"])
    ax.minorticks_off()
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(times[0], times[-1]))
    if colour_bar:
        ax.figure.colorbar(mesh, ax=ax, label="log10(magnitude + 1)", pad=0.01)
    return ax


def plot_onsets(onsets: Onsets, start: float = 0.0, end: float | None = None, ax=None):
    """Onsets as markers, a row for each class."""
    ax = given_axes(ax)
    for row, (name, times) in enumerate(zip(CLASSES, onsets, strict=True)):
        times = np.asarray(times)
        shown = times[(times >= start) & (times <= (np.inf if end is None else end))]
        ax.plot(shown, np.full(len(shown), row), CLASS_MARKERS[name], color=CLASS_COLOURS[name], markersize=4, linestyle="none")
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel="time (s)", ylim=(len(CLASSES) - 0.5, -0.5))
    ax.grid(axis="y")
    if end is not None:
        ax.set_xlim(start, end)
    return ax


def plot_activations(
    activations: np.ndarray, onsets: Onsets | None = None, start: float = 0.0, peaks: PeakPicking | None = None, axes=None
):
    """Activation functions `(T, 5)`, axes for each class; picked onsets as markers, the threshold as a line."""
    if axes is None:
        _, axes = new_figure(0.6, rows=len(CLASSES), sharex=True, sharey=True)
    times = start + np.arange(len(activations)) / FPS
    thresholds = None if peaks is None else np.broadcast_to(peaks.threshold, len(CLASSES))
    for row, (name, ax) in enumerate(zip(CLASSES, axes, strict=True)):
        colour = CLASS_COLOURS[name]
        ax.fill_between(times, activations[:, row], color=colour, alpha=0.25, linewidth=0)
        ax.plot(times, activations[:, row], color=colour, linewidth=0.9)
        if thresholds is not None:
            ax.axhline(thresholds[row], color="#999999", linewidth=0.6, linestyle=":")
        if onsets is not None:
            picked = onsets[row][(onsets[row] >= start) & (onsets[row] < start + len(activations) / FPS)]
            heights = activations[np.clip(np.rint((picked - start) * FPS).astype(int), 0, len(activations) - 1), row]
            ax.plot(picked, heights, CLASS_MARKERS[name], color=colour, markersize=4, linestyle="none")
        ax.set(ylim=(0, 1.08), ylabel=name, yticks=[0, 1])
    axes[-1].set_xlabel("time (s)")
    return axes


def plot_targets(targets: np.ndarray, ax=None):
    """Targets `(T, 5)` as stems: 1 at an onset, 0.5 beside it if they are widened."""
    ax = given_axes(ax)
    frames = np.arange(len(targets))
    for row, name in enumerate(CLASSES):
        ax.vlines(frames, row, row - 0.8 * targets[:, row], color=CLASS_COLOURS[name], linewidth=2.5)
        ax.axhline(row, color="#cccccc", linewidth=0.5, zorder=0)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel=f"frame ({HOP_LENGTH / SAMPLE_RATE * 1000:g} ms each)", ylim=(len(CLASSES) - 0.6, -1.05))
    return ax
