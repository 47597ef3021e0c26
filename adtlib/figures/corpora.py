"""Figures of the corpora (thesis, chapter 4): sizes, classes, label mappings, tempo, leakage. Conventions as in `theme`.

Each takes a data frame of `corpora.statistics`, `corpora.labels` or `corpora.leakage`;
without data the axes have a text that says so.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.path import Path as Curve

from adtlib.audio.features import FPS
from adtlib.corpora.leakage.search import SAME
from adtlib.figures.passages import say_nothing_found
from adtlib.figures.theme import CLASS_COLOURS, CORPUS_COLOURS, CORPUS_HATCHES, CORPUS_MARKERS, OTHER_COLOUR, TEXT_WIDTH, given_axes
from adtlib.markup import in_figure
from adtlib.vocabulary import CLASS_NAMES, CLASSES

CLASS_HATCHES = dict(zip(CLASSES, ("", "/", ".", "\\", "x"), strict=True))


GREYS = ("#4d4d4d", "#7a7a7a", "#a3a3a3", "#c8c8c8", "#e6e6e6")


IGNORED_COLOUR, UNKNOWN_COLOUR = "#999999", "#000000"


def plot_hours(overview: pd.DataFrame, ax=None):
    """Hours of each corpus on a logarithmic axis: in the thesis (open marker) and found here (filled)."""
    ax = given_axes(ax)
    for row, corpus in enumerate(overview.itertuples()):
        colour, marker = CORPUS_COLOURS.get(corpus.corpus, OTHER_COLOUR), CORPUS_MARKERS.get(corpus.corpus, ".")
        ends = [value for value in (corpus.hours_thesis, corpus.hours) if value and value > 0]
        ax.plot(ends, [row] * len(ends), color=colour, linewidth=0.8, zorder=1)
        if corpus.hours_thesis:
            ax.plot(corpus.hours_thesis, row, marker, color=colour, markerfacecolor="white", markersize=6)
        if corpus.hours > 0:
            ax.plot(corpus.hours, row, marker, color=colour, markersize=6)
    ax.set_xscale("log")
    ax.set_yticks(range(len(overview)), overview["corpus"].map(in_figure))
    ax.set(xlabel="hours", ylim=(len(overview) - 0.5, -0.5))
    ax.xaxis.set_major_locator(mpl.ticker.LogLocator(numticks=20))
    ax.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    grey = {"color": "#555555", "linestyle": "none", "markersize": 6, "marker": "o"}
    handles = [
        mpl.lines.Line2D([], [], markerfacecolor="white", label="in the thesis", **grey),
        mpl.lines.Line2D([], [], label="found here", **grey),
    ]
    ax.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    ax.grid(axis="x")
    return ax


def plot_counts(counts: pd.DataFrame, ax=None, log: bool = False):
    """Onsets of each class, a bar for each row of `counts` (corpus or split), with the legend above the picture."""
    ax = given_axes(ax)
    if counts.empty:
        return say_nothing_found(ax)
    width = 0.8 / len(counts)
    for index, (label, row) in enumerate(counts.iterrows()):
        colour = CORPUS_COLOURS.get(label, plt.get_cmap("Greys")(0.4 + 0.5 * index / max(len(counts), 2)))
        at = np.arange(len(CLASSES)) + (index - (len(counts) - 1) / 2) * width
        style = {"color": colour, "hatch": CORPUS_HATCHES.get(label, ""), "edgecolor": "white", "linewidth": 0.3}
        ax.bar(at, row[list(CLASSES)].to_numpy(dtype=float), width, label=in_figure(str(label)), **style)
    ax.set_xticks(range(len(CLASSES)), [f"{name}\n{CLASS_NAMES[name]}" for name in CLASSES])
    ax.set(ylabel="onsets")
    if log:
        ax.set_yscale("log")
    ax.grid(axis="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(counts), columnspacing=1.2, handlelength=1.2)
    if log:
        smallest = counts[counts > 0].min(axis=None)
        ax.set_ylim(
            bottom=10 ** np.floor(np.log10(smallest / 2))
        )  # bars on a logarithmic axis need a lower end: below the smallest
        ax.yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5), numticks=20))
        ax.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.10g}"))
        ax.yaxis.set_minor_locator(mpl.ticker.NullLocator())
    return ax


def plot_class_shares(counts: pd.DataFrame, ax=None):
    """Share of each class in the onsets, a stacked bar for each row of `counts`."""
    ax = given_axes(ax)
    if counts.empty:
        return say_nothing_found(ax)
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)[list(CLASSES)]
    bars = [{"color": CLASS_COLOURS[name], "hatch": CLASS_HATCHES[name], "label": name} for name in CLASSES]
    boxes = [{"facecolor": CLASS_COLOURS[name], "edgecolor": "none", "pad": 1.2} for name in CLASSES]
    return _stacked_shares(shares, bars, [{"color": "white", "bbox": box} for box in boxes], "share of the onsets (%)", ax)


def _stacked_shares(shares: pd.DataFrame, bars: list[dict], texts: list[dict], xlabel: str, ax):
    """Percentages stacked to one bar a row; styles of the bars and of their texts, one for each column."""
    left = np.zeros(len(shares))
    for (_, column), bar, text in zip(shares.items(), bars, texts, strict=True):
        values = column.to_numpy()
        ax.barh(range(len(shares)), values, 0.7, left=left, edgecolor="white", linewidth=0.4, **bar)
        for row, (value, start) in enumerate(zip(values, left, strict=True)):
            if value >= 5:
                ax.text(start + value / 2, row, f"{value:.0f}", ha="center", va="center", fontsize=8, **text)
        left += values
    ax.set_yticks(range(len(shares)), [in_figure(str(name)) for name in shares.index])
    ax.set(xlabel=xlabel, xlim=(0, 100), ylim=(len(shares) - 0.5, -0.5))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, handlelength=1.4, columnspacing=1.2)
    return ax


def plot_spread(units: pd.DataFrame, column: str, xlabel: str, ax=None):
    """Distribution of a value over units by corpus: a dot for each unit (at most 400), a box of the quartiles, and the median."""
    ax = given_axes(ax)
    names = [name for name in units["corpus"].unique() if units.loc[units["corpus"] == name, column].notna().any()]
    if not names:
        return say_nothing_found(ax)
    rng = np.random.default_rng(0)
    for row, name in enumerate(names):
        values = units.loc[units["corpus"] == name, column].dropna().to_numpy()
        colour = CORPUS_COLOURS.get(name, OTHER_COLOUR)
        drawn = values if len(values) <= 400 else rng.choice(values, 400, replace=False)
        ax.plot(
            drawn,
            row + rng.uniform(-0.25, 0.25, len(drawn)),
            CORPUS_MARKERS.get(name, "."),
            color=colour,
            markersize=2.5,
            alpha=0.5,
        )
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        ax.add_patch(mpl.patches.Rectangle((low, row - 0.3), high - low, 0.6, fill=False, edgecolor="#333333", linewidth=0.8))
        ax.plot([median, median], [row - 0.3, row + 0.3], color="black", linewidth=1.6)
    ax.set_yticks(range(len(names)), [in_figure(name) for name in names])
    ax.set(xlabel=xlabel, ylim=(len(names) - 0.5, -0.5))
    ax.set_xlim(left=0)
    ax.grid(axis="x")
    return ax


def plot_polyphony(shares: pd.DataFrame, ax=None):
    """How often one, two or more classes sound together: a stacked bar for each corpus, from `corpora.polyphony`."""
    ax = given_axes(ax)
    if shares.empty:
        return say_nothing_found(ax)
    labels = ["one class" if together == 1 else str(together) for together in shares]
    bars = [{"color": colour, "label": label} for colour, label in zip(GREYS, labels, strict=True)]
    texts = [{"color": "white" if colour < "#9" else "black"} for colour in GREYS]
    return _stacked_shares(100 * shares, bars, texts, "share of the moments (%)", ax)


def plot_label_flow(labels: pd.DataFrame, ax=None):
    """Mapping of labels to classes: labels of one source on the left with their counts, classes on the right.

    Line width grows with the logarithm of the number of onsets; dotted lines are labels of the mapping that did not occur.
    """
    ax = given_axes(ax)
    ax.set_axis_off()
    if labels.empty:
        return say_nothing_found(ax)
    targets = [name for name in (*CLASSES, "ignored", "unknown") if (labels["class"] == name).any()]
    # Classes are spaced like their labels, with a gap between the groups.
    group = labels["class"].map(targets.index).to_numpy()
    rows = np.arange(len(labels)) + 0.7 * group
    thickest = np.log1p(max(int(labels["onsets"].max()), 1))
    for name in targets:
        members = np.flatnonzero(labels["class"] == name)
        at = rows[members].mean()
        colour = CLASS_COLOURS.get(name, IGNORED_COLOUR if name == "ignored" else UNKNOWN_COLOUR)
        total = int(labels["onsets"].iloc[members].sum())
        for index in members:
            label = labels.iloc[index]
            _flow(ax, rows[index], at, colour, np.log1p(label["onsets"]) / thickest)
            ink = "black" if label["onsets"] else "#777777"
            text = f"{label['name']}  " if label["name"] else ""
            ax.text(0.43, rows[index], in_figure(f"{text}{label['label']}"), ha="right", va="center", fontsize=8, color=ink)
            ax.text(0.565, rows[index], f"{label['onsets']:,}", ha="right", va="center", fontsize=8, color=ink)
        ax.text(0.82, at - 0.45, f"{name}  {total:,}", va="center", fontsize=8, color=colour, fontweight="bold")
        ax.text(0.82, at + 0.45, CLASS_NAMES.get(name, ""), va="center", fontsize=8, color=colour)
    ax.set(xlim=(0, 1), ylim=(rows[-1] + 0.8, -0.8))
    return ax


def _flow(ax, left: float, right: float, colour: str, strength: float) -> None:
    points = [(0.58, left), (0.69, left), (0.7, right), (0.81, right)]
    curve = Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
    style = {"linewidth": 0.6 + 4 * strength, "alpha": 0.75} if strength else {"linewidth": 0.8, "linestyle": ":", "alpha": 0.8}
    ax.add_patch(mpl.patches.PathPatch(curve, fill=False, edgecolor=colour, capstyle="butt", **style))


def plot_label_flows(labels: pd.DataFrame):
    """`plot_label_flow` for all sources of one corpus side by side, as high as the longest: the axes."""
    sources = list(dict.fromkeys(labels["source"])) or [""]
    longest = max(len(labels[labels["source"] == source]) for source in sources)
    height = 0.3 if labels.empty else 0.12 + 0.0275 * longest
    _, axes = plt.subplots(1, len(sources), figsize=(TEXT_WIDTH, height * TEXT_WIDTH), squeeze=False)
    for source, ax in zip(sources, axes[0], strict=True):
        plot_label_flow(labels[labels["source"] == source], ax)
        ax.set_title(source)
    return axes[0]


def plot_durations_and_rates(units: pd.DataFrame, corpus: str, axes, unit: str = "track"):
    """Two histograms: seconds, and moments a second, of the units of one corpus."""
    if units.empty:
        for ax in axes:
            say_nothing_found(ax)
        return axes
    for column, label, ax in (("seconds", "duration (s)", axes[0]), ("rate", "median rate of moments (a second)", axes[1])):
        values = units[column].dropna()
        bins = np.linspace(0, 1.001 * values.max(), 26) if len(values) else 5
        ax.hist(np.asarray(values, dtype=float), bins=bins, color=CORPUS_COLOURS.get(corpus, OTHER_COLOUR), edgecolor="white")
        ax.set(xlabel=label, ylabel=f"{unit}s")
        ax.grid(axis="y")
        ax.set_xlim(left=0)
        ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    return axes


def plot_tempo_by_style(performances: pd.DataFrame, ax=None, corpus: str = "E-GMD"):
    """Tempo of each recording by style, styles with the most recordings first."""
    ax = given_axes(ax)
    if performances.empty:
        return say_nothing_found(ax)
    styles = performances["style"].value_counts().index
    rng = np.random.default_rng(0)
    for row, style in enumerate(styles):
        tempi = performances.loc[performances["style"] == style, "tempo"].to_numpy()
        shown = tempi if len(tempi) <= 300 else rng.choice(tempi, 300, replace=False)
        height = row + rng.uniform(-0.25, 0.25, len(shown))
        ax.plot(
            shown,
            height,
            CORPUS_MARKERS[corpus],
            color=CORPUS_COLOURS[corpus],
            markersize=3,
            markeredgecolor="#333333",
            markeredgewidth=0.3,
        )
    ax.set_yticks(range(len(styles)), [f"{style} ({count:,})" for style, count in performances["style"].value_counts().items()])
    ax.set(xlabel="tempo (beats a minute)", ylim=(len(styles) - 0.5, -0.5))
    ax.grid(axis="x")
    return ax


def plot_offsets(offsets: dict[str, np.ndarray], ax=None):
    """Delay of the sound relative to the annotation, by corpus: share of the strokes for each 10 ms."""
    ax = given_axes(ax)
    offsets = {name: values for name, values in offsets.items() if len(values)}
    if not offsets:
        return say_nothing_found(ax)
    for name, values in offsets.items():
        frames = np.rint(values * FPS).astype(int)
        reach = max(5, int(np.abs(frames).max()))
        share = 100 * np.bincount(frames + reach, minlength=2 * reach + 1) / len(frames)
        marker, colour = CORPUS_MARKERS.get(name, "."), CORPUS_COLOURS.get(name, OTHER_COLOUR)
        ax.plot(np.arange(-reach, reach + 1) * 1000 / FPS, share, color=colour, marker=marker, markersize=4, label=in_figure(name))
    ax.axvline(0, color="#999999", linewidth=0.6)
    ax.set(xlabel="heard later than annotated (ms)", ylabel="share of the strokes (%)")
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    ax.legend()
    return ax


def plot_similarities(points: pd.DataFrame, ax=None):
    """Similarity of copies and of other recordings, a row for each treatment; the line is the threshold of "the same"."""
    ax = given_axes(ax)
    if points.empty:
        return say_nothing_found(ax)
    rows = list(dict.fromkeys(points["treatment"]))
    for name, part in points.groupby("corpus", sort=False):
        rng = np.random.default_rng(0)  # random offsets within a row, only to separate markers
        at = part["treatment"].map(rows.index) + rng.uniform(-0.28, 0.28, len(part))
        style = {"color": CORPUS_COLOURS.get(name, OTHER_COLOUR), "markeredgecolor": "#333333", "markeredgewidth": 0.3}
        ax.plot(
            part["similarity"], at, CORPUS_MARKERS.get(name, "."), linestyle="none", markersize=4, label=in_figure(name), **style
        )
    ax.axvline(SAME, color="#555555", linewidth=0.8, linestyle="--")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel="similarity of the sound, second by second", ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlim(left=min(0.0, points["similarity"].min() - 0.02), right=1.02)
    ax.hlines(np.arange(len(rows) - 1) + 0.5, 0, 1, color="#dddddd", linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, columnspacing=1.0, handletextpad=0.2)
    return ax
