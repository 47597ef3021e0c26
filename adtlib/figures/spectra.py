"""Pictures of what comes after the Fourier transform (thesis, 2.3.5 to 2.3.7): windows, STFT, spectrograms, filterbanks.

Conventions as in `theme`, colours as in `signals`. Spectrograms have seconds, Hz and a bar with its unit.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.audio.features import FPS, FRAME_SIZE, HOP_LENGTH, SAMPLE_RATE
from adtlib.audio.fourier import decibels
from adtlib.audio.mel import hertz_to_mel, note_frequency
from adtlib.audio.short_time import WINDOWS, side_lobes, stft, window
from adtlib.figures.passages import plot_waveform
from adtlib.figures.signals import FAINT, OLIVE, TEAL, WINE, note
from adtlib.figures.theme import INK, TEXT_WIDTH, given_axes

STYLES = (("-", WINE, "o"), ("--", TEAL, "s"), ("-.", OLIVE, "^"), (":", INK, "D"))
RANGE = 80.0  # dB shown below the loudest point of a picture
HIGHEST = 16_000.0  # Hz shown of a spectrogram


# --- spectrograms ------------------------------------------------------------------------------------------------------


def plot_spectrogram(magnitude: np.ndarray, unit: str = "dB", highest: float = HIGHEST, ax=None, colour_bar=True):
    """Magnitudes `(T, n_bins)` over seconds and kHz: in decibels relative to the loudest ("dB") or unchanged ("linear").

    Raises ValueError for another unit.
    """
    if unit not in ("dB", "linear"):
        raise ValueError(f"unit {unit!r}: choose dB or linear")
    ax = given_axes(ax)
    step = SAMPLE_RATE / 2 / (magnitude.shape[1] - 1)
    shown = magnitude[:, : round(highest / step) + 1]
    values, low, high = (decibels(shown, magnitude.max()), -RANGE, 0.0) if unit == "dB" else (shown, 0.0, shown.max())
    # Frame t is centred on t / FPS, bin k on k times the distance of bins.
    extent = (-0.5 / FPS, (len(shown) - 0.5) / FPS, -0.5 * step / 1000, (shown.shape[1] - 0.5) * step / 1000)
    image = ax.imshow(values.T, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high, interpolation="nearest")
    ax.set(xlabel="time (s)", ylabel="frequency (kHz)", xlim=(0, extent[1]), ylim=(0, highest / 1000))
    if colour_bar:
        ax.figure.colorbar(image, ax=ax, label="level (dB)" if unit == "dB" else "magnitude", pad=0.01)
    return ax


def plot_bands(bands: np.ndarray, centres: np.ndarray, ax=None):
    """Bands `(T, n_bands)` in decibels, equally high; the axis has the Hz of their centres."""
    ax = given_axes(ax)
    extent = (-0.5 / FPS, (len(bands) - 0.5) / FPS, -0.5, bands.shape[1] - 0.5)
    values = decibels(bands)
    image = ax.imshow(values.T, origin="lower", aspect="auto", extent=extent, vmin=-RANGE, vmax=0, interpolation="nearest")
    ticks = [f for f in (100, 300, 1_000, 3_000, 10_000) if centres[0] <= f <= centres[-1]]
    if np.ptp(np.interp([100, 300], centres, np.arange(len(centres)))) < 8:
        ticks.remove(300)  # of mel bands it would touch 100
    ax.set_yticks(np.interp(ticks, centres, np.arange(len(centres))), [f"{f / 1000:g}k" if f >= 1000 else f"{f}" for f in ticks])
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(0, extent[1]))
    ax.figure.colorbar(image, ax=ax, label="level (dB)", pad=0.01)
    return ax


# --- STFT --------------------------------------------------------------------------------------------------------------


def plot_stft_steps(waveform: np.ndarray, frames: tuple[int, ...]):
    """The STFT step by step for some frames: window, windowed segment, its spectrum and column, the spectrogram: the figure.

    waveform  `(n,)` at 44.1 kHz;  frames  numbers of the frames, 10 ms each, at most five.
    """
    figure = plt.figure(figsize=(TEXT_WIDTH, 1.22 * TEXT_WIDTH))
    grid = figure.add_gridspec(4, 1, height_ratios=[1, 0.75, 1.35, 1.45])
    top, bottom = figure.add_subplot(grid[0]), figure.add_subplot(grid[3])
    pieces = grid[1].subgridspec(1, len(frames))
    columns = grid[2].subgridspec(1, 2 * len(frames), width_ratios=[1, 0.16] * len(frames))
    hann, spectrum = np.hanning(FRAME_SIZE), np.abs(stft(waveform))

    plot_waveform(waveform, ax=top)
    centres = np.arange(len(spectrum)) * HOP_LENGTH / SAMPLE_RATE
    top.plot(centres, np.full(len(centres), -1.12), "|", color=FAINT, markersize=4, clip_on=False)
    top.set(ylim=(-1.15, 1.3), yticks=[-1, 0, 1])
    plot_spectrogram(spectrum, ax=bottom)
    span = (np.arange(FRAME_SIZE) - FRAME_SIZE // 2) / SAMPLE_RATE
    padded = np.pad(waveform, FRAME_SIZE // 2)
    for index, frame in enumerate(frames):
        at, first = frame * HOP_LENGTH / SAMPLE_RATE, index == 0
        number = {"s": str(index + 1), "ha": "center", "va": "bottom", "color": WINE, "fontsize": 8, "fontweight": "bold"}
        top.fill_between(at + span, hann, -hann, color=WINE, alpha=0.13, linewidth=0)
        top.plot(at + span, hann, color=WINE, linewidth=1)
        top.text(at, 1.06, **number)
        piece = figure.add_subplot(pieces[index])
        piece.plot(1000 * span, padded[frame * HOP_LENGTH :][:FRAME_SIZE] * hann, color=INK, linewidth=0.5)
        piece.plot(1000 * span, hann, color=WINE, linewidth=0.8)
        piece.set(ylim=(-1.05, 1.05), xlim=(-23, 23), xticks=[-20, 0, 20], yticks=[-1, 0, 1], xlabel="time (ms)")
        piece.tick_params(labelleft=first)
        piece.set_ylabel("windowed" if first else "")
        piece.text(0.5, 1.04, transform=piece.transAxes, **number)
        curve, strip = (figure.add_subplot(columns[2 * index + side]) for side in (0, 1))
        _plot_column(decibels(spectrum[frame], spectrum.max()), curve, strip, first)
        strip.text(0.5, 1.02, transform=strip.transAxes, **number)
        bottom.axvline(at, color="white", linewidth=0.8, linestyle=(0, (4, 3)))
        bottom.text(at, 1.01, transform=bottom.get_xaxis_transform(), **number)
    return figure


def _plot_column(level: np.ndarray, curve, strip, labelled: bool) -> None:
    """One frame's spectrum in dB, frequency upwards (kHz), as a curve and as a column of the spectrogram."""
    step = SAMPLE_RATE / FRAME_SIZE / 1000
    kilohertz = np.arange(len(level)) * step
    curve.plot(level, kilohertz, color=INK, linewidth=0.7)
    curve.set(xlim=(-RANGE, 5), ylim=(0, HIGHEST / 1000), xlabel="level (dB)", xticks=[-80, -40, 0])
    curve.set_ylabel("frequency (kHz)" if labelled else "")
    curve.tick_params(labelleft=labelled)
    extent = (0, 1, -0.5 * step, kilohertz[-1] + 0.5 * step)
    strip.imshow(level[:, None], origin="lower", aspect="auto", extent=extent, vmin=-RANGE, vmax=0, interpolation="nearest")
    strip.set(ylim=(0, HIGHEST / 1000), xticks=[], yticks=[])


def plot_resolutions(waveform: np.ndarray, sizes, axes, highest: float = 4_000.0):
    """The same sound with windows of different lengths, all with a hop of 441 samples: axes for each length."""
    for ax, size in zip(axes, sizes, strict=True):
        magnitude = np.abs(stft(waveform, values=np.hanning(size)))
        plot_spectrogram(magnitude, highest=highest, ax=ax, colour_bar=ax is axes[-1])
        words = f"{size:,} samples:\n{1000 * size / SAMPLE_RATE:.0f} ms, {SAMPLE_RATE / size:.0f} Hz"
        note(ax, 0.5, 1.02, words, transform=ax.transAxes, ha="center", va="bottom")
        if ax is not axes[0]:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    return axes


def plot_windows(cycles: float, weak: tuple[float, float], axes):
    """Windows, a windowed tone with a weak second tone, and its spectrum in dB: a column of axes for each window.

    cycles  periods of the tone in the frame (a fraction of one half: between two bins);  weak  (periods, dB) of the second tone.

    The curve is the interpolated spectrum, dots are bins of the DFT; the dashed line is the window's highest side lobe.
    """
    size = 256
    n = np.arange(size)
    signal = np.cos(2 * np.pi * cycles * n / size) + 10 ** (weak[1] / 20) * np.cos(2 * np.pi * weak[0] * n / size)
    for (above, below), name, colour in zip(np.asarray(axes).T, WINDOWS, (WINE, TEAL, OLIVE), strict=True):
        values = window(name, size)
        above.plot(n, signal * values, color=INK, linewidth=0.7)
        above.plot(n, values, color=colour)
        above.set(xlabel="sample", ylim=(-1.1, 1.25), xlim=(0, size), xticks=[0, size // 2, size])
        note(above, 0.5, 1.03, name, transform=above.transAxes, ha="center", va="bottom", fontsize=9, color=colour)
        fine = decibels(np.abs(np.fft.rfft(signal * values, 32 * size)))
        bins = np.arange(len(fine)) / 32
        below.plot(bins, fine, color=colour, linewidth=0.8)
        below.plot(bins[::32], fine[::32], "o", color=INK, markersize=2.2)
        width, lobe = side_lobes(window(name, 2048))
        below.axhline(lobe, color=INK, linewidth=0.8, linestyle="--")
        below.axvspan(cycles - width / 2, cycles + width / 2, color=colour, alpha=0.15, linewidth=0)
        below.set(xlabel="bin", ylim=(-110, 12), xlim=(4, 46), xticks=[10, 20, 30, 40])
        note(below, 4.4, lobe + 2, f"{lobe:.1f} dB".replace("-", "−"), va="bottom")
        below.plot(weak[0], weak[1] + 7, "v", color=INK, markersize=5)
    axes[0][0].set_ylabel("amplitude")
    axes[1][0].set_ylabel("level (dB)")
    for ax in (*axes[0][1:], *axes[1][1:]):
        ax.tick_params(labelleft=False)
    return axes


def plot_griffin_lim(errors: dict[str, np.ndarray], original: np.ndarray, again: dict[str, np.ndarray], at: float, axes):
    """Error in dB over iterations, a line for each method; 20 ms from `at` seconds of the original and the reconstructions."""
    for (name, error), (line, colour, marker) in zip(errors.items(), STYLES, strict=False):
        every = max(1, len(error) // 6)
        axes[0].plot(
            np.arange(1, len(error) + 1), error, line, color=colour, marker=marker, markersize=4, markevery=every, label=name
        )
    axes[0].set(xlabel="iteration", ylabel="error of the magnitudes (dB)", xlim=(0, None))
    axes[0].grid()
    axes[0].legend()
    samples = slice(round(at * SAMPLE_RATE), round((at + 0.02) * SAMPLE_RATE))
    milliseconds = 1000 * np.arange(samples.start, samples.stop) / SAMPLE_RATE
    axes[1].plot(milliseconds, original[samples], color=FAINT, linewidth=2.2, label="original")
    for (name, sound), (line, colour, _) in zip(again.items(), STYLES, strict=False):
        axes[1].plot(milliseconds, sound[samples], line, color=colour, linewidth=0.9, label=name)
    axes[1].set(xlabel="time (ms)", ylabel="amplitude", xlim=(milliseconds[0], milliseconds[-1]))
    axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return axes


# --- filterbanks -------------------------------------------------------------------------------------------------------


def plot_intervals(table: pd.DataFrame, axes):
    """Intervals of `audio.mel.interval_table` on a linear, a mel and a logarithmic axis, with their width on each."""
    scales = (
        ("Hz", lambda f: f, [f"{f / 1000:g}" for f in range(0, 4_001, 1_000)], "linear (kHz)", "hz", "{:.1f} Hz"),
        ("mel", hertz_to_mel, [f"{m:g}" for m in range(0, 2_001, 500)], "mel", "mels", "{:.0f} mel"),
        (
            "log",
            lambda f: 12 * np.log2(np.asarray(f) / 440),
            None,
            "logarithmic (semitones from A4)",
            "semitones",
            "{:.0f} semitones",
        ),
    )
    lowest, highest = 50.0, 4_000.0
    for ax, (name, scale, _, label, column, words) in zip(axes, scales, strict=True):
        for octave in ("A1", "A2", "A3", "A4", "A5", "A6", "A7"):
            at = scale(note_frequency(octave))
            ax.axvline(at, 0, 0.42, color=FAINT, linewidth=0.8)
            if name != "Hz" or octave >= "A4" or octave == "A2":
                note(ax, at, 0.44, octave, transform=ax.get_xaxis_transform(), ha="center", va="bottom", color="#777777", bbox=None)
        for row, colour, hatch in zip(table.itertuples(), (WINE, TEAL), ("////", "...."), strict=True):
            low, high = scale(row.from_hz), scale(row.to_hz)
            ax.axvspan(low, high, 0, 0.42, facecolor=colour, alpha=0.45, hatch=hatch, edgecolor=colour, linewidth=0.5)
            text = f"{row.interval}:\n{words.format(getattr(row, column))}"
            note(
                ax,
                (low + high) / 2,
                0.72,
                text,
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="bottom",
                color=colour,
                bbox=None,
            )
        ax.set(xlim=(scale(lowest), scale(highest)), ylim=(0, 1), yticks=[], xlabel=label)
        ax.spines["left"].set_visible(False)
    axes[0].xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda f, _: f"{f / 1000:g}"))
    return axes


def plot_filters(filterbank: np.ndarray, name: str, ax=None, every: int = 7):
    """Every few filters of a bank `(n_bins, n_bands)` over logarithmic frequency, scaled to a peak of 1, with a title."""
    ax = given_axes(ax)
    lowest = 20.0  # Hz
    frequency = np.arange(len(filterbank)) * SAMPLE_RATE / FRAME_SIZE
    for band in range(every // 2, filterbank.shape[1], every):
        inside = np.flatnonzero(filterbank[:, band])
        reach = slice(max(inside[0] - 1, 0), inside[-1] + 2)
        height = filterbank[reach, band] / filterbank[:, band].max()
        at = np.maximum(frequency[reach], lowest / 2)
        ax.plot(at, height[: len(at)], color=WINE, linewidth=0.9)
    ax.set(xscale="log", xlim=(lowest, 20_000), ylim=(0, 1.05), yticks=[0, 1], xlabel="frequency (Hz)", ylabel="weight")
    ax.set_xticks([100, 1_000, 10_000], ["100", "1k", "10k"])
    note(ax, 0.5, 1.02, name, transform=ax.transAxes, ha="center", va="bottom")
    ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    return ax


def plot_band_widths(centres: dict[str, np.ndarray], ax=None):
    """Distance from one band to the next over frequency, logarithmic: a line for each filterbank, and a semitone."""
    ax = given_axes(ax)
    frequency = np.geomspace(20, 20_000, 50)
    ax.plot(frequency, frequency * (2 ** (1 / 12) - 1), color=FAINT, linewidth=3, label="a semitone")
    for (name, values), (line, colour, marker) in zip(centres.items(), STYLES, strict=False):
        between, step = np.sqrt(values[1:] * values[:-1]), np.diff(values)
        every = np.unique(np.searchsorted(between, np.geomspace(max(between[0], 20), between[-1], 9)).clip(0, len(between) - 1))
        ax.plot(between, step, line, color=colour, marker=marker, markersize=4, markevery=list(every), label=name)
    ax.set(xscale="log", yscale="log", xlabel="frequency (Hz)", ylabel="to the next band (Hz)", xlim=(20, 20_000))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda f, _: f"{f / 1000:g}k" if f >= 1000 else f"{f:g}"))
    ax.grid()
    ax.legend()
    return ax
