"""Panels on signals: sampling and aliasing (thesis, 2.3.3), the STFT's window and hop (2.3.5), the filterbank (2.3.7)."""

import functools

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import NullLocator

from adtlib.audio.features import (
    BANDS_PER_OCTAVE,
    FRAME_SIZE,
    HOP_LENGTH,
    MAX_FREQUENCY,
    MIN_FREQUENCY,
    REFERENCE_FREQUENCY,
    SAMPLE_RATE,
    log_filterbank,
)
from adtlib.audio.fourier import aliased_frequency, decibels
from adtlib.audio.mel import unfilter
from adtlib.audio.playback import mp3
from adtlib.audio.short_time import WINDOWS, istft, leakage, side_lobes, stft, window
from adtlib.figures.signals import FAINT, TEAL, WINE, note
from adtlib.figures.spectra import RANGE
from adtlib.figures.theme import INK, panel_figure, theme_context
from adtlib.panels.panel import Panel, choice, menu, slider
from adtlib.synthesis.examples import bar, four_strokes, to_listen, tones_and_clicks

# --- sampling ----------------------------------------------------------------------------------------------------------

_SHOWN = 0.006  # seconds of the tone
_TOP = 5.0  # kHz: highest tone, and half the highest sampling rate


@theme_context()
def explore_aliasing(frequency: int = 1_000, rate: int = 1_800) -> Panel:
    """A tone, its samples and its alias: in time, as a spectrum, and on the zigzag of all frequencies; Hz.

    The sound is the tone itself, then the tone reconstructed from its samples.
    """
    figure, axes = panel_figure(0.62, mosaic="TT;SF", height_ratios=[1, 0.9])
    time, spectrum, zigzag = axes["T"], axes["S"], axes["F"]
    t = np.linspace(0, _SHOWN, 1_500)
    (tone,) = time.plot(1000 * t, t, color=FAINT, linewidth=2.2, label="tone")
    (rebuilt,) = time.plot(1000 * t, t, "--", color=WINE, label="reconstructed")
    (samples,) = time.plot([], [], "o", color=INK, markersize=3.5, label="samples", clip_on=False)
    time.set(xlabel="time (ms)", ylabel="amplitude", xlim=(0, 1000 * _SHOWN), ylim=(-1.15, 1.15), yticks=[-1, 0, 1])
    time.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    beyond = spectrum.axvspan(0, _TOP, color="#ececec", linewidth=0, zorder=0.5)
    (own,) = spectrum.plot([0, 0], [0, 1], color=FAINT, linewidth=5, solid_capstyle="butt")
    (heard_line,) = spectrum.plot([0, 0], [0, 1], "--o", color=WINE, linewidth=1.5, markevery=[1])
    spectrum.set(xlabel="frequency (kHz)", xlim=(0, _TOP), ylim=(0, 1.2), yticks=[])
    note(spectrum, 0.5, 1.02, "grey: above half the rate", transform=spectrum.transAxes, ha="center", va="bottom", bbox=None)
    spectrum.spines["left"].set_visible(False)
    grid = np.linspace(0, 1000 * _TOP, 1_001)
    (fold,) = zigzag.plot(grid / 1000, grid, color=TEAL)
    (dot,) = zigzag.plot([0], [0], "o", color=WINE, clip_on=False)
    zigzag.set(xlabel="frequency sampled (kHz)", ylabel="heard (kHz)", xlim=(0, _TOP), ylim=(0, _TOP))

    def refresh(frequency: int, rate: int) -> str:
        heard = float(aliased_frequency(frequency, rate))
        at = np.arange(int(_SHOWN * rate * (1 + 1e-9)) + 1) / rate
        tone.set_ydata(np.cos(2 * np.pi * frequency * t))
        # The samples of a cosine equal those of the cosine at its alias, which infinitely many samples reconstruct.
        rebuilt.set_ydata(np.cos(2 * np.pi * heard * t))
        samples.set_data(1000 * at, np.cos(2 * np.pi * frequency * at))
        beyond.set(x=rate / 2000, width=_TOP - rate / 2000)
        own.set_xdata([frequency / 1000] * 2)
        heard_line.set_xdata([heard / 1000] * 2)
        fold.set_ydata(aliased_frequency(grid, rate) / 1000)
        dot.set_data([frequency / 1000], [heard / 1000])
        return _heard_in_words(frequency, rate, heard)

    def sound(frequency: int, rate: int) -> bytes:
        parts = []
        for sampled_at in (SAMPLE_RATE, rate):
            seconds = np.arange(round(0.7 * sampled_at)) / sampled_at
            parts += [to_listen(np.cos(2 * np.pi * frequency * seconds), sampled_at, 0.4), np.zeros(SAMPLE_RATE // 6)]
        return mp3(np.concatenate(parts))

    controls = {
        "frequency": slider("tone (Hz)", frequency, 100, 5_000, 20),
        "rate": slider("sampling rate (Hz)", rate, 1_000, 10_000, 100),
    }
    return Panel("aliasing", figure, controls, refresh, [beyond, tone, rebuilt, samples, own, heard_line, fold, dot], sound)


def _heard_in_words(frequency: int, rate: int, heard: float) -> str:
    if 2 * frequency < rate:
        kept = f"Half the rate is {rate / 2:,g} Hz, the tone lies below it and is <b>kept: {frequency:,} Hz</b>."
        return kept + " The sound is twice the same."
    if 2 * frequency == rate:
        return f"{frequency:,} Hz is <b>exactly half the rate</b>: what is left depends on where the samples fall."
    end = "too low to be heard." if heard < 20 else "as the second half of the sound."
    return (
        f"{frequency:,} Hz lies above half the rate, {rate / 2:,g} Hz. It comes back as "
        f"|{frequency:,} − {rate:,} · {round(frequency / rate)}| = <b>{heard:,.0f} Hz</b>, {end}"
    )


# --- the short-time Fourier transform ----------------------------------------------------------------------------------

_PASSAGES = {"two tones and two clicks": tones_and_clicks, "kick, hi-hat, snare, hi-hat": functools.lru_cache(four_strokes)}
# Ticks of the spectrogram's axis in kHz, up to the highest frequency shown.
_MARKS = dict(zip(_PASSAGES, ((0, 0.5, 1, 1.5, 2, 2.5), (0, 4, 8, 12, 16)), strict=True))


@theme_context()
def explore_stft(size: int = FRAME_SIZE, hop: int = HOP_LENGTH, function: str = "Hann") -> Panel:
    """Window and hop of the STFT: the spectrogram of two tones 100 Hz apart and two clicks 20 ms apart, or of drums.

    size, hop  samples;  function  a name of `short_time.WINDOWS`.
    """
    figure, axes = panel_figure(0.72, mosaic="WL;SC", width_ratios=[1.9, 1], height_ratios=[0.62, 1])
    wave, leak, picture, column = (axes[name] for name in "WLSC")
    (curve,) = wave.plot([], [], color=INK, linewidth=0.5)
    (outline,) = wave.plot([], [], color=WINE, linewidth=1.2)
    (centres,) = wave.plot([], [], "|", color=TEAL, markersize=4, clip_on=False)
    wave.set(ylabel="amplitude", xlim=(0, 0.65), ylim=(-1.1, 1.15), yticks=[-1, 0, 1])
    wave.tick_params(labelbottom=False)
    (smear,) = leak.plot([], [], color=WINE, linewidth=1)
    leak.set(xlabel="distance from a tone (bins)", ylabel="leakage (dB)", xlim=(-8, 8), ylim=(-RANGE, 3), yticks=[-80, -40, 0])
    image = picture.imshow(np.zeros((2, 2)), origin="lower", aspect="auto", vmin=-RANGE, vmax=0, interpolation="nearest")
    marker = picture.axvline(0, color="white", linewidth=0.8, linestyle=(0, (4, 3)))
    picture.set(xlabel="time (s)", ylabel="frequency (kHz)", xlim=(0, 0.65), ylim=(0, 2.5))
    (level,) = column.plot([], [], color=WINE, linewidth=0.8, marker=".", markersize=3)
    column.set(xlabel="level in this frame (dB)", xlim=(-RANGE, 3), xticks=[-80, -40, 0], ylim=picture.get_ylim())
    column.tick_params(labelleft=False)
    figure.colorbar(image, ax=column, label="level (dB)", pad=0.02)

    def refresh(passage: str, function: str, size: int, hop: int, moment: float) -> str:
        if hop > size:
            raise ValueError(f"A hop of {hop:,} samples is longer than a frame of {size:,}: what lies between is in no frame.")
        sound, values = _PASSAGES[passage](), window(function, size)
        magnitude = np.abs(stft(sound, hop, values))  # (T, size / 2 + 1)
        step, marks = SAMPLE_RATE / size, _MARKS[passage]
        shown = decibels(magnitude[:, : round(1000 * marks[-1] / step) + 2], magnitude.max())
        for ax in (picture, column):
            ax.set(ylim=(0, marks[-1]), yticks=marks)
        frame = min(round(moment * SAMPLE_RATE / hop), len(shown) - 1)
        at = frame * hop / SAMPLE_RATE
        image.set_data(shown.T)
        ends = np.array([-0.5, len(shown) - 0.5]) * hop / SAMPLE_RATE
        image.set(extent=(*ends, -0.5 * step / 1000, (shown.shape[1] - 0.5) * step / 1000))
        curve.set_data(np.arange(len(sound)) / SAMPLE_RATE, sound)
        outline.set_data(at + (np.arange(size) - size // 2) / SAMPLE_RATE, values)
        smear.set_data(*_leakage(function))
        centres.set_data(np.arange(len(shown)) * hop / SAMPLE_RATE, np.full(len(shown), -1.08))
        marker.set_xdata([at] * 2)
        level.set_data(shown[frame], np.arange(shown.shape[1]) * step / 1000)
        return _resolution_in_words(function, size, hop)

    powers = [2**exponent for exponent in range(6, 14)]
    controls = {
        "passage": menu("sound", next(iter(_PASSAGES)), list(_PASSAGES)),
        "function": menu("window", function, list(WINDOWS)),
        "size": choice("frame length", size, sorted({*powers, size})),
        "hop": choice("hop", hop, sorted({*powers[:-1], hop})),
        "moment": slider("frame shown, at (s)", 0.31, 0.0, 0.64),
    }
    moving = [curve, outline, centres, smear, image, marker, level, picture.yaxis, column.yaxis]
    return Panel("stft", figure, controls, refresh, moving, lambda passage, **_: _played(passage))


def _played(passage: str) -> bytes:
    sound = _PASSAGES[passage]()
    return mp3(np.pad(sound, (0, SAMPLE_RATE // 2)))  # players show 0:00 for sounds shorter than a second


@functools.lru_cache
def _leakage(function: str) -> tuple[np.ndarray, np.ndarray]:
    return leakage(window(function, FRAME_SIZE), oversampling=16, reach=8.0)


@functools.lru_cache
def _lobe(function: str) -> float:
    return side_lobes(window(function, FRAME_SIZE))[0]  # in bins: the same for every length


def _resolution_in_words(function: str, size: int, hop: int) -> str:
    step, overlap = SAMPLE_RATE / size, 100 * (1 - hop / size)
    return (
        f"A window of <b>{1000 * size / SAMPLE_RATE:.1f} ms</b>; its frequencies lie <b>{step:.1f} Hz</b> apart, and a tone is "
        f"{_lobe(function) * step:.0f} Hz wide. A frame each {1000 * hop / SAMPLE_RATE:.1f} ms, {overlap:.0f} % of it shared "
        "with the next."
    )


# --- the filterbank ----------------------------------------------------------------------------------------------------


@theme_context()
def explore_filterbank(bands_per_octave: int = BANDS_PER_OCTAVE) -> Panel:
    """Bands per octave and range of the logarithmic filterbank: the filters, and a bar of drums through them.

    The sound is reconstructed from the bands with the phases of the original, so that it lacks only what the bands lose.
    """
    spectrum = stft(bar())  # (T, 1025)
    figure, (left, right) = panel_figure(0.48, columns=2, width_ratios=[1, 1.35])
    filters = left.add_collection(LineCollection([], linewidths=0.5, colors=FAINT))
    dark = left.add_collection(LineCollection([], linewidths=0.9, colors=WINE, zorder=3))
    left.set(xscale="log", xlim=(20, 20_000), ylim=(0, 1.05), yticks=[0, 1], xlabel="frequency (Hz)", ylabel="weight")
    left.set_xticks([100, 1_000, 10_000], ["100", "1k", "10k"])
    left.xaxis.set_minor_locator(NullLocator())
    image = right.imshow(np.zeros((2, 2)), origin="lower", aspect="auto", vmin=-RANGE, vmax=0, interpolation="nearest")
    right.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(0, 2.0), ylim=(0, 84))
    right.set_yticks([0, 1], ["10k", "100"])  # the widest labels, so that the layout leaves room for them
    figure.colorbar(image, ax=right, label="level (dB)", pad=0.01)

    def refresh(bands_per_octave: int, lowest: int, highest: int) -> str:
        bank = log_filterbank("madmom", bands_per_octave, float(lowest), float(highest))  # (1024, n_bands)
        bands = np.abs(spectrum[:, : len(bank)]) @ bank
        triangles = [_triangle(column) for column in bank.T]
        filters.set_segments(triangles)
        dark.set_segments(triangles[len(triangles) % 7 // 2 :: 7])
        image.set_data(decibels(bands).T)
        image.set_extent(
            (-0.5 * HOP_LENGTH / SAMPLE_RATE, (len(bands) - 0.5) * HOP_LENGTH / SAMPLE_RATE, -0.5, bands.shape[1] - 0.5)
        )
        centres = np.argmax(bank, axis=0) * SAMPLE_RATE / FRAME_SIZE
        ticks = [f for f in (30, 100, 300, 1_000, 3_000, 10_000) if centres[0] <= f <= centres[-1]]
        at = np.interp(ticks, centres, np.arange(len(centres)))
        right.set(xlim=(0, 2.0), ylim=(-0.5, bands.shape[1] - 0.5))
        right.set_yticks(at, [f"{f / 1000:g}k" if f >= 1000 else f"{f}" for f in ticks])
        return _bands_in_words(bands_per_octave, lowest, highest, bank.shape[1])

    def sound(bands_per_octave: int, lowest: int, highest: int) -> bytes:
        bank = log_filterbank("madmom", bands_per_octave, float(lowest), float(highest))
        guess = np.zeros(spectrum.shape)
        guess[:, : len(bank)] = unfilter(np.abs(spectrum[:, : len(bank)]) @ bank, bank)
        return mp3(to_listen(istft(guess * np.exp(1j * np.angle(spectrum)), len(bar())), SAMPLE_RATE, 0.9))

    edges = (20, 40, 80, 160, 320, 640, 1_250, 2_500, 5_000, 10_000, 20_000)
    controls = {
        "bands_per_octave": slider("bands an octave", bands_per_octave, 1, 36),
        "lowest": choice("from (Hz)", round(MIN_FREQUENCY), edges[:-1]),
        "highest": choice("to (Hz)", round(MAX_FREQUENCY), edges[1:]),
    }
    return Panel("filterbank", figure, controls, refresh, [filters, dark, image, right.yaxis], sound)


def _triangle(column: np.ndarray) -> list[tuple[float, float]]:
    """One filter, scaled to a peak of 1, as points over Hz."""
    inside = np.flatnonzero(column)
    reach = np.arange(max(inside[0] - 1, 0), min(inside[-1] + 2, len(column)))
    at = np.maximum(reach * SAMPLE_RATE / FRAME_SIZE, MIN_FREQUENCY / 2)
    return list(zip(at, column[reach] / column.max(), strict=True))


def _bands_in_words(bands_per_octave: int, lowest: int, highest: int, count: int) -> str:
    steps = [np.log2(frequency / REFERENCE_FREQUENCY) * bands_per_octave for frequency in (lowest, highest)]
    asked = int(np.floor(steps[1] + 1e-9)) - int(np.ceil(steps[0] - 1e-9)) - 1  # a triangle needs a neighbour on either side
    merged = asked - count
    lost = f", {merged} fewer than the grid has: they would fall on the same bins" if merged else ""
    return f"<b>{count} bands</b> of {bands_per_octave} an octave from {lowest:,} to {highest:,} Hz{lost}."
