"""Figures of sound and its Fourier transform (thesis, 2.3 to 2.3.4). Conventions as in `theme`.

The colours differ from those of classes, architectures and corpora; lines or markers make the same distinctions.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.fourier import (
    GROWTH,
    aliased_frequency,
    damped_tone,
    damped_tone_transform,
    dft_matrix,
    fit_cost,
    reconstruct,
    spectral_peaks,
)
from adtlib.figures.theme import INK, TEXT_WIDTH, given_axes

FAINT = "#b5b5b5"
WINE, TEAL, OLIVE = "#882255", "#44AA99", "#999933"
SPEED_OF_SOUND = 343.0  # m/s, at 20 degrees Celsius
_BOX = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}


def note(ax, x, y, text: str, **options):
    """A text inside a picture, on white, at the smallest printable size."""
    return ax.text(x, y, text, **({"fontsize": 8, "color": INK, "bbox": _BOX} | options))


# --- sound -------------------------------------------------------------------------------------------------------------


def plot_pressure_wave(waveform: np.ndarray, moment: float, microphone: float = 5.0):
    """Propagation of a stroke: air and pressure over distance at one moment, the microphone signal over time, and its samples.

    waveform    `(n,)` at the drum, at 44.1 kHz;  moment  seconds after the stroke;  microphone  its distance in metres.

    Returns the axes: air, pressure, waveform, samples. Attenuation is ignored, as for a plane wave.
    """
    figure = plt.figure(figsize=(TEXT_WIDTH, 0.86 * TEXT_WIDTH))
    grid = figure.add_gridspec(3, 2, height_ratios=[0.75, 1, 1.25], width_ratios=[1.7, 1])
    air = figure.add_subplot(grid[0, :])
    space = figure.add_subplot(grid[1, :], sharex=air)
    time, zoom = figure.add_subplot(grid[2, 0]), figure.add_subplot(grid[2, 1])

    def pressure(seconds):
        return np.interp(seconds, np.arange(len(waveform)) / SAMPLE_RATE, waveform, left=0.0, right=0.0)

    reach = 15.0  # metres shown
    distance = np.linspace(0, reach, 2_000)
    along = pressure(moment - distance / SPEED_OF_SOUND)
    _draw_air(air, distance, along, microphone)
    space.plot(distance, along, color=INK)
    space.axhline(0, color=FAINT, linewidth=0.6)
    space.set(xlabel="distance from the drum (m)", ylabel="pressure,\nrelative", xlim=(-0.35, reach))
    arrived = pressure(moment - microphone / SPEED_OF_SOUND)
    space.plot(microphone, arrived, "o", color=WINE, zorder=5)

    start = microphone / SPEED_OF_SOUND
    seconds = np.arange(0, 0.08, 1 / SAMPLE_RATE)
    received = pressure(seconds - start)
    time.plot(1000 * seconds, received, color=INK)
    time.plot(1000 * moment, arrived, "o", color=WINE, zorder=5)
    time.axvline(1000 * start, color=FAINT, linewidth=0.8, linestyle=":")
    time.annotate("", (0, -1.2), (1000 * start, -1.2), arrowprops={"arrowstyle": "<->", "color": INK, "shrinkA": 0, "shrinkB": 0})
    note(time, 1000 * start + 1, -1.2, f"{1000 * start:.1f} ms: the way to the microphone", va="center")
    time.set(xlabel="time since the stroke (ms)", ylabel="amplitude", xlim=(0, 80), ylim=(-1.4, 1))

    _draw_samples(zoom, seconds, received, round(moment * SAMPLE_RATE))
    time.axvspan(*zoom.get_xlim(), color=WINE, alpha=0.15, linewidth=0)
    return air, space, time, zoom


def _draw_samples(ax, seconds: np.ndarray, received: np.ndarray, middle: int) -> None:
    """23 samples around the sample `middle`, as 16-bit integers."""
    shown = slice(middle - 11, middle + 12)
    stored = np.rint(received[shown] * 32768)
    ax.plot(1000 * seconds, received * 32768, color=FAINT)
    ax.plot(1000 * seconds[shown], stored, "o", color=WINE, markersize=3)
    centre, height = (stored.max() + stored.min()) / 2, max(np.ptp(stored), 1.0)
    ax.set_ylim(centre - 0.8 * height, centre + 0.8 * height)
    ax.set(xlim=(1000 * (middle - 12) / SAMPLE_RATE, 1000 * (middle + 12) / SAMPLE_RATE))
    ax.set(xlabel="time since the stroke (ms)", ylabel="stored (16 bits)")


def _draw_air(ax, distance: np.ndarray, pressure: np.ndarray, microphone: float) -> None:
    """Molecules from the drum to beyond the microphone, with a density that follows the pressure."""
    rng = np.random.default_rng(0)
    density = np.cumsum(1 + 0.85 * pressure / np.max(np.abs(pressure)))
    x = np.interp(rng.random(9_000), density / density[-1], distance)
    ax.plot(x, rng.random(len(x)), ".", color="#555555", markersize=1.1, markeredgewidth=0, rasterized=True)
    ax.axvspan(-0.35, -0.05, 0.04, 0.96, color=TEAL)
    ax.axvline(microphone, color=WINE, linewidth=1.5)
    note(ax, microphone, 1.1, "microphone", ha="center", va="bottom", color=WINE)
    note(ax, -0.35, 1.1, "drum", va="bottom", color="#227766")
    near, far = distance < 0.35 * distance[-1], (distance > 0.55 * distance[-1]) & (distance < 0.75 * distance[-1])
    for index, word in (
        (np.argmax(np.where(near, pressure, -np.inf)), "compression"),
        (np.argmin(np.where(far, pressure, np.inf)), "rarefaction"),
    ):
        note(ax, distance[index], 1.1, word, ha="center", va="bottom")
        ax.plot(distance[index], 1.0, "v", color=INK, markersize=4, clip_on=False)
    note(ax, distance[-1], 1.1, f"{SPEED_OF_SOUND:.0f} m/s →", ha="right", va="bottom")
    ax.set(ylim=(0, 1), yticks=[], ylabel="air")
    ax.tick_params(labelbottom=False)
    ax.spines[["left"]].set_visible(False)


# --- transforms --------------------------------------------------------------------------------------------------------


def plot_winding(frequency: float, seconds: float, tried: tuple[float, float, float], axes):
    """A tone, wound round the origin at three speeds, and the distance of its centre of mass from it for all speeds.

    axes  one for the tone in time, three for the windings, one for the curve. Frequencies are in turns (periods) a second.
    """
    in_time, *windings, curve = axes
    t = np.linspace(0, seconds, 4_000)
    signal = 1 + np.cos(2 * np.pi * frequency * t)
    in_time.plot(t, signal, color=INK)
    in_time.set(xlabel="time (s)", ylabel="signal", xlim=(0, seconds), ylim=(0, 2.2))
    styles = (("s", TEAL), ("^", OLIVE), ("o", WINE))
    for ax, speed, (marker, colour) in zip(windings, tried, styles, strict=True):
        wound = signal * np.exp(-2j * np.pi * speed * t)
        ax.plot(wound.real, wound.imag, color=FAINT, linewidth=0.8)
        ax.plot(wound.mean().real, wound.mean().imag, marker, color=colour, markersize=8)
        ax.plot(0, 0, "+", color=INK)
        ax.set(aspect="equal", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xlabel="real", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        note(ax, 0.5, 1.0, f"$\\xi$ = {speed:g} Hz", transform=ax.transAxes, ha="center", va="bottom", fontsize=9)
    windings[0].set_ylabel("imaginary")
    speeds = np.linspace(0.3, 2 * frequency, 800)
    centre = np.abs(np.array([(signal * np.exp(-2j * np.pi * speed * t)).mean() for speed in speeds]))
    curve.plot(speeds, centre, color=INK)
    for speed, (marker, colour) in zip(tried, styles, strict=True):
        curve.plot(speed, abs((signal * np.exp(-2j * np.pi * speed * t)).mean()), marker, color=colour, markersize=8)
    curve.set(xlabel="speed of winding, $\\xi$ (Hz)", ylabel="distance of\nthe centre", ylim=(0, 0.6), xlim=(speeds[0], speeds[-1]))
    return axes


def plot_spectrum_with_peaks(
    frequencies: np.ndarray, level: np.ndarray, count: int, prominence: float, unit: str, apart=0.0, ax=None
):
    """A spectrum with the frequencies of its highest peaks; `unit` is the label of the vertical axis."""
    ax = given_axes(ax)
    ax.plot(frequencies, level, color=INK, linewidth=1)
    last, room = -np.inf, 0.14 * (frequencies[-1] - frequencies[0])  # width of a label
    for frequency, height in spectral_peaks(frequencies, level, count, prominence, apart):
        crowded = frequency - last < room
        place = {"xytext": (6, 3), "ha": "left"} if crowded else {"xytext": (0, 5), "ha": "center"}
        ax.plot(frequency, height, "v", color=WINE, markersize=5)
        ax.annotate(f"{frequency:.0f} Hz", (frequency, height), textcoords="offset points", va="bottom", fontsize=8, **place)
        last = frequency
    ax.set(xlabel="frequency (Hz)", ylabel=unit, xlim=(frequencies[0], frequencies[-1]))
    return ax


def plot_continuous_and_discrete(frequency: float, decay: float, cases, axes):
    """A damped tone and its Fourier transform as curves, samples of it and their DFT as dots: a row of axes for each case.

    cases  (samples, sampling rate in Hz) of each row.

    The DFT is scaled by the sampling interval, so that it approximates the integral; it is drawn over one period, up to the
    sampling rate. Above half the rate it is a mirror image.
    """
    longest, highest = max(n / rate for n, rate in cases), max(rate for _, rate in cases)
    t = np.linspace(-0.08 * longest, longest, 2_000)
    asked = np.linspace(0, highest, 2_000)
    for (n, rate), (left, right) in zip(cases, axes, strict=True):
        samples = damped_tone(np.arange(n) / rate, frequency, decay)
        left.plot(1000 * t, damped_tone(t, frequency, decay), color=FAINT, linewidth=2)
        left.plot(1000 * np.arange(n) / rate, samples, "o", color=WINE, markersize=3)
        note(left, 0.98, 0.96, f"{n} samples\nat {rate:g} Hz", transform=left.transAxes, ha="right", va="top")
        left.set(ylabel="amplitude", xlim=(1000 * t[0], 1000 * t[-1]), ylim=(-0.95, 1.05))
        right.plot(asked, 1000 * np.abs(damped_tone_transform(asked, frequency, decay)), color=FAINT, linewidth=2)
        transform = 1000 * np.abs(dft_matrix(n) @ samples) / rate
        mirrored = np.arange(n) > n / 2
        at = np.arange(n) * rate / n
        right.plot(at[~mirrored], transform[~mirrored], "o", color=WINE, markersize=3)
        right.plot(at[mirrored], transform[mirrored], "o", color=WINE, markersize=3, markerfacecolor="white", markeredgewidth=0.7)
        right.axvline(rate / 2, color=INK, linewidth=0.7, linestyle=":")
        right.set(ylabel="magnitude (ms)", xlim=(-0.01 * highest, highest * 1.01), ylim=(0, None))
        note(right, rate / 2, 0.97, "half the\nrate", transform=right.get_xaxis_transform(), ha="center", va="top")
    axes[-1][0].set_xlabel("time (ms)")
    axes[-1][1].set_xlabel("frequency (Hz)")
    return axes


# --- sampling ----------------------------------------------------------------------------------------------------------


def plot_aliasing(frequency: float, rates, axes):
    """A tone, its samples and the reconstructed tone, in time and as spectral lines: a row of axes for each sampling rate."""
    shown = 0.006  # seconds
    highest = 1.12 * max(frequency, max(rates) / 2)
    for rate, (left, right) in zip(rates, axes, strict=True):
        t = np.linspace(0, shown, 1_200)
        margin = 400  # samples on either side, as reconstruction needs all samples
        numbers = np.arange(-margin, round(shown * rate) + margin)
        samples = np.cos(2 * np.pi * frequency * numbers / rate)
        heard = aliased_frequency(frequency, rate)
        left.plot(1000 * t, np.cos(2 * np.pi * frequency * t), color=FAINT, linewidth=2.2, label="tone")
        left.plot(1000 * t, reconstruct(samples, rate, t, -margin / rate), "--", color=WINE, label="reconstructed")
        inside = (numbers >= 0) & (numbers / rate <= shown * (1 + 1e-9))
        left.plot(1000 * numbers[inside] / rate, samples[inside], "o", color=INK, markersize=3.5, label="samples", clip_on=False)
        left.set(ylabel=f"sampled at\n{rate:,} Hz", xlim=(0, 1000 * shown), ylim=(-1.15, 1.15), yticks=[-1, 0, 1])
        right.axvspan(rate / 2, highest, color="#ececec", linewidth=0)
        right.axvline(rate / 2, color=INK, linewidth=0.7, linestyle=":")
        right.plot([frequency] * 2, [0, 1], color=FAINT, linewidth=5, solid_capstyle="butt")
        right.plot([heard] * 2, [0, 1], "--", color=WINE, linewidth=1.5)
        right.plot(heard, 1, "o", color=WINE)
        note(right, heard, 1.1, f"{heard:,.0f} Hz", ha="center", va="bottom", color=WINE, bbox=None)
        side = "left" if rate / 2 < 0.6 * highest else "right"
        note(right, rate / 2, 1.62, f" {rate / 2:,.0f} Hz = half the rate ", ha=side, va="top", bbox=None)
        right.set(xlim=(0, highest), ylim=(0, 1.65), yticks=[])
        right.spines["left"].set_visible(False)
    axes[-1][0].set_xlabel("time (ms)")
    axes[-1][1].set_xlabel("frequency (Hz)")
    axes[0][0].legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1, handlelength=1.6)
    return axes


def plot_folding(rate: float, highest: float, marked, ax=None):
    """The resulting frequency over the sampled frequency, at one rate; a dot at each `marked` frequency."""
    ax = given_axes(ax)
    sampled = np.linspace(0, highest, 1_201)
    ax.plot([0, rate / 2], [0, rate / 2], color=TEAL, linewidth=3, solid_capstyle="butt", label="kept")
    above = sampled >= rate / 2
    ax.plot(sampled[above], aliased_frequency(sampled[above], rate), color=WINE, linestyle="--", label="folded")
    for frequency in marked:
        heard = aliased_frequency(frequency, rate)
        falling = int(2 * frequency // rate) % 2
        ax.plot(frequency, heard, "o", color=INK, markersize=4)
        beside = {"xytext": (6 if falling else -6, 0), "ha": "left" if falling else "right", "va": "center"}
        words = f"{frequency:,.0f} → {heard:,.0f}"
        ax.annotate(words, (frequency, heard), textcoords="offset points", fontsize=8, bbox=_BOX, **beside)
    ax.axhline(rate / 2, color=INK, linewidth=0.7, linestyle=":")
    ax.set(xlabel="frequency sampled (Hz)", ylabel="heard (Hz)", xlim=(0, highest), ylim=(0, 0.72 * rate))
    ax.set_yticks([0, rate / 4, rate / 2])
    ax.legend(ncols=2, loc="upper right")
    return ax


# --- cost --------------------------------------------------------------------------------------------------------------


def plot_cost(cost: pd.DataFrame, growths: dict[str, str], marked: dict[str, int], ax=None):
    """Measured seconds over the number of samples, logarithmic, with a curve fitted to the four largest sizes of each.

    cost  of `audio.fourier.measure_cost`;  growths  {transform: "n²" or "n log n"};  marked  {text: n} are drawn as vertical lines.
    """
    ax = given_axes(ax)
    sizes = np.geomspace(cost["n"].min(), max(cost["n"].max(), *marked.values()), 60)
    for (name, growth), marker, colour in zip(growths.items(), "so^", (WINE, OLIVE, TEAL), strict=False):
        rows = cost[cost["transform"] == name]
        fitted = rows.nlargest(4, "n")
        factor, _ = fit_cost(fitted["n"], fitted["seconds"], growth)
        ax.plot(sizes, factor * GROWTH[growth](sizes), color=colour, linewidth=1, linestyle="--")
        label = f"{name}: {_nanoseconds(factor)} · {growth}"
        ax.plot(rows["n"], rows["seconds"], marker, color=colour, markersize=4.5, label=label)
    for words, n in marked.items():
        ax.axvline(n, color=FAINT, linewidth=0.8, linestyle=":")
        note(ax, n, 0.02, words, transform=ax.get_xaxis_transform(), rotation=90, ha="right", va="bottom", bbox=None)
    ax.set(xscale="log", yscale="log", xlabel="samples, n", ylabel="time of one transform (s)")
    ax.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda n, _: f"{n:,.0f}"))
    ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.legend(loc="upper left", handlelength=1)
    ax.grid()
    return ax


def _nanoseconds(seconds: float) -> str:
    return f"{seconds * 1e9:.0f} ns" if seconds > 1e-8 else f"{seconds * 1e9:.1f} ns"


def plot_butterfly(steps: int, ax=None):
    """How the FFT of 2 ** steps samples combines small transforms into large ones, column by column (Cooley and Tukey 1965).

    Left, the samples in the order in which halving puts them. Between two columns each value goes to two: solid lines carry E,
    dashed ones O, which is turned first. Above each column the length of its transforms, below its number of products.
    """
    ax = given_axes(ax)
    n = 2**steps
    order = [int(f"{index:0{steps}b}"[::-1], 2) for index in range(n)]
    for step in range(steps + 1):
        size, rows = 2**step, np.arange(n)
        if step < steps:
            for row in rows:
                odd = bool(row & size)
                partner = row ^ size
                style = {"color": WINE, "linestyle": "--"} if odd else {"color": TEAL}
                ax.plot([step, step + 1], [row, row], linewidth=0.9, **style)
                ax.plot([step, step + 1], [row, partner], linewidth=0.9, **style)
        for first in range(0, n, size):  # a transform: its values, joined by a bar
            ax.plot([step, step], [first, first + size - 1], color=INK, linewidth=3, solid_capstyle="round")
        ax.plot(np.full(n, step), rows, "o", color=INK, markersize=4)
        what = "samples" if not step else f"{n // size} transform{'s' * (size < n)}\nof {size}"
        note(ax, step, -0.55, what, ha="center", va="bottom", bbox=None)
        done = "" if not step else f"{n} products" if step == 1 else f"+ {n}"
        note(ax, step, n - 0.45, done, ha="center", va="top", bbox=None)
    ax.set_yticks(range(n), [f"$x_{{{index}}}$" for index in order])
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(n), [f"$X_{{{index}}}$" for index in range(n)])
    right.spines[:].set_visible(False)
    ax.plot([], [], color=TEAL, label="E, as it is")
    ax.plot([], [], "--", color=WINE, label="O, turned")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2)
    ax.set(ylim=(n - 0.2, -0.5), xlim=(-0.15, steps + 0.15), xticks=[])
    for axis in (ax, right):
        axis.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax
