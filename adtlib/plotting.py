"""The theme and the pictures: `plot_*` draw on given axes and return them, `save_figure` alone writes.

Sizes are in text widths of the thesis (A4, 15 cm), text is 8 pt or more at print size. Each class, architecture and corpus has
one colour everywhere, from palettes that colour-blind readers can tell apart (Okabe and Ito 2008; Tol 2021), and a marker or hatch
as well. Titles stand in captions, not in pictures.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adtlib import manifest, paths
from adtlib.features import FPS, HOP_LENGTH, SAMPLE_RATE, band_centres
from adtlib.onsets import Onsets
from adtlib.peak_picking import PeakPicking
from adtlib.vocabulary import CLASS_NAMES, CLASSES

TEXT_WIDTH = 15 / 2.54  # inches

CLASS_COLOURS = dict(zip(CLASSES, ("#0072B2", "#D55E00", "#009E73", "#B8860B", "#CC79A7"), strict=True))
CLASS_MARKERS = dict(zip(CLASSES, ("o", "s", "^", "x", "D"), strict=True))
ARCHITECTURE_COLOURS = {
    "RNN": "#4477AA",
    "CNN": "#EE6677",
    "CRNN": "#228833",
    "ConvTransformer": "#CCBB44",
    "ViT": "#AA3377",
}
ARCHITECTURE_HATCHES = {"RNN": "", "CNN": "//", "CRNN": "xx", "ConvTransformer": "..", "ViT": "\\\\"}
ARCHITECTURE_MARKERS = {"RNN": "o", "CNN": "s", "CRNN": "^", "ConvTransformer": "D", "ViT": "v"}
CORPUS_COLOURS = {"ENST+MDB": "#332288", "E-GMD": "#88CCEE", "Slakh": "#117733", "ADTOF-YT": "#DDCC77", "SADTP": "#CC6677"}
CORPUS_MARKERS = {"ENST+MDB": "o", "E-GMD": "s", "Slakh": "^", "ADTOF-YT": "D", "SADTP": "v"}
# No corpus has an architecture's hatch: some of their colours are near each other.
CORPUS_HATCHES = {"ENST+MDB": "--", "E-GMD": "||", "Slakh": "++", "ADTOF-YT": "oo", "SADTP": "O."}
OTHER_COLOUR = "#777777"  # a user's own corpus


def use_theme() -> None:
    """Set the theme for all figures that follow."""
    # Not rcParamsDefault: it would also take away what shows figures in a notebook, and a second run of a cell would show none.
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 200,
            "font.size": 9,
            "axes.labelsize": 9,
            "axes.titlesize": 9,
            "legend.fontsize": 8,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": False,
            "grid.color": "#dddddd",
            "legend.frameon": False,
            "lines.linewidth": 1.2,
            "image.cmap": "magma",
            "pdf.fonttype": 42,  # text in a PDF stays text
            "svg.hashsalt": "adtlib",
        }
    )


def new_figure(height: float = 0.5, rows: int = 1, columns: int = 1, width: float = 1.0, **options):
    """A figure `width` text widths wide and `height` text widths high: (figure, axes)."""
    return plt.subplots(rows, columns, figsize=(width * TEXT_WIDTH, height * TEXT_WIDTH), **options)


# --- saving ------------------------------------------------------------------------------------------------------------


def save_figure(figure, name: str, profile: str, caption: str, number: str) -> list[Path]:
    """Write `figures/<profile>/<name>.{pdf,png}` and its row in manifest.csv; return both paths.

    name     `NN_name`, NN the notebook's number.
    number   the figure's number in the thesis, or section and letter ("5.2a") where the thesis numbers none.
    caption  a sentence; it says "miniature" where the data are.

    A rerun gives byte-identical files. ValueError for a number or a name that is none.
    """
    manifest.check(number, name)
    folder = paths.FIGURES / profile
    written = []
    for suffix in ("pdf", "png"):
        buffer = io.BytesIO()
        metadata = {"CreationDate": None} if suffix == "pdf" else {"Software": None}
        figure.savefig(buffer, format=suffix, metadata=metadata)
        path = folder / f"{name}.{suffix}"
        paths.write_atomically(path, buffer.getvalue())
        written.append(path)
    manifest.note(profile, number, name, caption)
    return written


# --- signals -----------------------------------------------------------------------------------------------------------


def given_axes(ax):
    """The axes given to a `plot_*`, or the current ones."""
    return plt.gca() if ax is None else ax


def plot_waveform(waveform: np.ndarray, sample_rate: int = SAMPLE_RATE, start: float = 0.0, ax=None):
    """Amplitude over seconds; `start` is the time of the first sample."""
    ax = given_axes(ax)
    ax.plot(start + np.arange(len(waveform)) / sample_rate, waveform, color="#444444", linewidth=0.4, rasterized=True)
    ax.set(xlabel="time (s)", ylabel="amplitude", xlim=(start, start + len(waveform) / sample_rate))
    return ax


def plot_features(features: np.ndarray, start: float = 0.0, ax=None, colour_bar: bool = True):
    """Log-filtered spectrogram `(T, 84)` over seconds and Hz, with a colour bar."""
    ax = given_axes(ax)
    features = np.asarray(features, dtype=np.float32)
    # Frame t is centred on t / FPS; the bands' edges lie half-way between their centres, in octaves.
    times = start + (np.arange(len(features) + 1) - 0.5) / FPS
    centres = band_centres()
    between = np.sqrt(centres[1:] * centres[:-1])
    edges = np.concatenate([[centres[0] ** 2 / between[0]], between, [centres[-1] ** 2 / between[-1]]])
    mesh = ax.pcolormesh(times, edges, features.T, shading="flat", rasterized=True, vmin=0)
    ax.set_yscale("log")
    ax.set_yticks([100, 1_000, 10_000], ["100", "1k", "10k"])
    ax.minorticks_off()
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(times[0], times[-1]))
    if colour_bar:
        ax.figure.colorbar(mesh, ax=ax, label="log10(magnitude + 1)", pad=0.01)
    return ax


def plot_onsets(onsets: Onsets, start: float = 0.0, end: float | None = None, ax=None):
    """One row a class, a marker an onset."""
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
    """Activation functions `(T, 5)`, a row of axes a class; picked onsets as markers, the threshold as a line."""
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


def plot_targets(targets: np.ndarray, start_frame: int = 0, ax=None):
    """Targets `(T, 5)` as stems: 1 at an onset, 0.5 beside it where they are widened."""
    ax = given_axes(ax)
    frames = start_frame + np.arange(len(targets))
    for row, name in enumerate(CLASSES):
        ax.vlines(frames, row, row - 0.8 * targets[:, row], color=CLASS_COLOURS[name], linewidth=2.5)
        ax.axhline(row, color="#cccccc", linewidth=0.5, zorder=0)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel=f"frame ({HOP_LENGTH / SAMPLE_RATE * 1000:g} ms each)", ylim=(len(CLASSES) - 0.6, -1.05))
    return ax


# --- corpora -----------------------------------------------------------------------------------------------------------


def plot_class_counts(counts: pd.DataFrame, ax=None, ylabel: str = "onsets", log: bool = False):
    """Bars of onsets: a group a class (columns of `counts`), a bar a row (split or corpus)."""
    ax = given_axes(ax)
    width = 0.8 / len(counts)
    for index, (label, row) in enumerate(counts.iterrows()):
        colour = CORPUS_COLOURS.get(label, plt.get_cmap("Greys")(0.4 + 0.5 * index / max(len(counts), 2)))
        at = np.arange(len(CLASSES)) + (index - (len(counts) - 1) / 2) * width
        ax.bar(
            at,
            row[list(CLASSES)].to_numpy(dtype=float),
            width,
            label=label,
            color=colour,
            hatch=CORPUS_HATCHES.get(label, ""),
            edgecolor="white",
            linewidth=0.3,
        )
    ax.set_xticks(range(len(CLASSES)), [f"{name}\n{CLASS_NAMES[name]}" for name in CLASSES])
    ax.set(ylabel=ylabel)
    if log:
        ax.set_yscale("log")
    ax.grid(axis="y")
    ax.legend(ncols=len(counts), loc="upper right")
    return ax


def plot_histogram(values: Sequence[float], xlabel: str, ylabel: str, corpus: str | None = None, bins=30, ax=None):
    """A histogram in the corpus's colour."""
    ax = given_axes(ax)
    ax.hist(np.asarray(values, dtype=float), bins=bins, color=CORPUS_COLOURS.get(corpus, OTHER_COLOUR), edgecolor="white")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="y")
    return ax


# --- training and results ----------------------------------------------------------------------------------------------


def plot_learning_curves(metrics: dict[str, pd.DataFrame], axes=None):
    """Training (dashed) and validation (solid) loss, and validation micro F1, over epochs; a colour a corpus."""
    if axes is None:
        _, axes = new_figure(0.42, columns=2)
    for name, table in metrics.items():
        colour, marker = CORPUS_COLOURS.get(name, OTHER_COLOUR), CORPUS_MARKERS.get(name, ".")
        every = max(1, len(table) // 6)
        axes[0].plot(table["epoch"], table["train_loss"], "--", color=colour, linewidth=0.9)
        axes[0].plot(table["epoch"], table["val_loss"], color=colour, marker=marker, markersize=3, markevery=every, label=name)
        axes[1].plot(table["epoch"], table["val_f1_micro"], color=colour, marker=marker, markersize=3, markevery=every, label=name)
    axes[0].set(xlabel="epoch", ylabel="loss (dashed: training)", yscale="log")
    axes[0].yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes[0].yaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes[1].set(xlabel="epoch", ylabel="validation micro F1", ylim=(0, 1))
    for ax in axes:
        ax.grid()
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes[1].legend()
    return axes


def plot_f1_bars(table: pd.DataFrame, group: str, bar: str, ax=None, intervals: bool = True):
    """Micro F1 as bars from 0: a group for each value of `group`, a bar for each of `bar`, columns of the architecture table.

    Bars are means over seeds, each seed a dot. The whisker is the interval in the table, ci_low to ci_high: of
    `architecture_tables.table_with_intervals` that of the mean, the same in the rows of all seeds.
    """
    ax = given_axes(ax)
    groups, bars = list(dict.fromkeys(table[group])), list(dict.fromkeys(table[bar]))
    width = 0.84 / len(bars)
    for index, name in enumerate(bars):
        for at, value in enumerate(groups):
            rows = table[(table[bar] == name) & (table[group] == value) & table["f1_micro"].notna()]
            if rows.empty:
                continue
            x = at + (index - (len(bars) - 1) / 2) * width
            mean = rows["f1_micro"].mean()
            first = ax.bar(
                x,
                mean,
                width * 0.92,
                color=ARCHITECTURE_COLOURS.get(name) or CORPUS_COLOURS.get(name, OTHER_COLOUR),
                hatch=ARCHITECTURE_HATCHES.get(name) or CORPUS_HATCHES.get(name, ""),
                edgecolor="white",
                linewidth=0.3,
                label=name if name not in ax.get_legend_handles_labels()[1] else None,
            )
            low, high = rows["ci_low"].mean(), rows["ci_high"].mean()
            if intervals and np.isfinite(low):
                limits = [[max(mean - low, 0)], [max(high - mean, 0)]]
                for colour, line in (("white", 2.2), ("black", 0.8)):  # a light edge: black alone is lost on dark bars
                    ax.errorbar(x, mean, limits, color=colour, linewidth=line, capsize=1.5 + (line - 0.8) / 2, capthick=line)
            if len(rows) > 1:
                at = np.full(len(rows), first[0].get_x() + first[0].get_width() / 2)
                ax.plot(
                    at, rows["f1_micro"], "o", color="black", markersize=3.2, markeredgecolor="white", markeredgewidth=0.6, zorder=3
                )
    ax.set_xticks(range(len(groups)), groups)
    ax.set(xlabel=group, ylabel="micro F1", ylim=(0, 1))
    ax.grid(axis="y")
    ax.legend(ncols=len(bars), loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.0, handlelength=1.4)
    return ax


def plot_class_f1(table: pd.DataFrame, ax=None, label: str = "test"):
    """F1 of each class, mean over seeds: rows of `study_tables.score_table`, a point a class for each value of column `label`."""
    ax = given_axes(ax)
    means = table.groupby(label, sort=False)[[f"f1_{name}" for name in CLASSES]].mean()
    for index, (name, values) in enumerate(means.iterrows()):
        rows = np.arange(len(CLASSES)) + (index - (len(means) - 1) / 2) * 0.14  # side by side where values are equal
        colour = ARCHITECTURE_COLOURS.get(name) or CORPUS_COLOURS.get(name, OTHER_COLOUR)
        marker = ARCHITECTURE_MARKERS.get(name) or CORPUS_MARKERS.get(name, ".")
        ax.plot(values, rows, marker, color=colour, label=name, linestyle="none", markersize=5, clip_on=False)
    ax.set_yticks(range(len(CLASSES)), CLASSES)
    ax.set(xlabel="F1", xlim=(0, 1), ylim=(len(CLASSES) - 0.5, -0.5))
    ax.grid(axis="x")
    ax.hlines(np.arange(len(CLASSES) - 1) + 0.5, 0, 1, color="#dddddd", linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, columnspacing=1.0, handletextpad=0.2)
    return ax
