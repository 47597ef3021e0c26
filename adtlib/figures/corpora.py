"""Figures of the corpora (thesis, chapter 4): sizes, classes, label mappings, tempo, leakage. Conventions as in `theme`.

Each takes a data frame of `corpora.statistics`, `corpora.labels` or `corpora.leakage`;
without data the axes have a text that says so.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.path import Path as Curve

from adtlib.audio.features import FPS
from adtlib.corpora.leakage.search import SAME
from adtlib.figures.passages import say_nothing_found
from adtlib.figures.theme import CLASS_COLOURS, CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, TEXT_WIDTH, given_axes, seeded
from adtlib.markup import in_figure
from adtlib.vocabulary import CLASS_NAMES, CLASSES

FEWEST_IN_A_BOX = 6  # units; quartiles of fewer say nothing
CLASS_HATCHES = dict(zip(CLASSES, ("", "/", ".", "\\", "x"), strict=True))


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


def plot_counts(counts: pd.DataFrame, ax=None):
    """Onsets of each class on a logarithmic axis: a row for each class, a point for each row of `counts` (a corpus)."""
    ax = given_axes(ax)
    if counts.empty or not (counts[list(CLASSES)] > 0).any(axis=None):
        return say_nothing_found(ax)
    long = counts[list(CLASSES)].rename_axis("corpus").reset_index().melt("corpus", var_name="class", value_name="onsets")
    long = long[long["onsets"] > 0]
    colours = {name: CORPUS_COLOURS.get(name, OTHER_COLOUR) for name in counts.index}
    markers = [CORPUS_MARKERS.get(name, ".") for name in counts.index]
    look = {"linestyle": "none", "dodge": 0.5, "markersize": 5, "palette": colours, "markers": markers, "errorbar": None}
    sns.pointplot(long, x="onsets", y="class", hue="corpus", hue_order=list(counts.index), order=list(CLASSES), ax=ax, **look)
    ax.set_yticks(range(len(CLASSES)), [f"{name} {CLASS_NAMES[name]}" for name in CLASSES])
    ax.set(xscale="log", xlabel="onsets", ylabel="")
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.10g}"))
    ax.grid(axis="x")
    handles, names = ax.get_legend_handles_labels()
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 5, "columnspacing": 1.0, "handletextpad": 0.2}
    ax.legend(handles, [in_figure(str(name)) for name in names], **place)
    return ax


def plot_split_counts(counts: pd.DataFrame, ax=None):
    """Onsets of each class in each split: bars in the colours of the classes, lighter from split to split, named at their feet."""
    ax = given_axes(ax)
    if counts.empty:
        return say_nothing_found(ax)
    width = 0.8 / len(counts)
    for index, (split, row) in enumerate(counts.iterrows()):
        at = np.arange(len(CLASSES)) + (index - (len(counts) - 1) / 2) * width
        bars = ax.bar(at, row[list(CLASSES)].to_numpy(dtype=float), 0.92 * width, color=[CLASS_COLOURS[name] for name in CLASSES])
        for bar in bars:
            bar.set_alpha(1 - 0.3 * index)
        ax.bar_label(
            bars, [f"{value:,}" for value in row[list(CLASSES)].astype(int)], padding=1, fontsize=8, rotation=90 * (len(counts) > 1)
        )
        if len(counts) > 1:
            place = {"xytext": (0, -3), "textcoords": "offset points", "ha": "center", "va": "top", "rotation": 90}
            for x in at:
                ax.annotate(str(split)[:5], (x, 0), fontsize=8, **place)
    ax.set_xticks(range(len(CLASSES)), [f"{name}\n{CLASS_NAMES[name]}" for name in CLASSES])
    ax.tick_params(axis="x", length=0, pad=30 if len(counts) > 1 else 3)
    ax.set(ylabel="onsets")
    ax.margins(y=0.25)
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
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
    """Distribution of a value over units by corpus: a dot for each (at most 400), and from six units on a box of the quartiles."""
    ax = given_axes(ax)
    units = units.dropna(subset=[column])
    if units.empty:
        return say_nothing_found(ax)
    names = list(units["corpus"].unique())
    drawn = pd.concat([part.sample(min(len(part), 400), random_state=0) for _, part in units.groupby("corpus", sort=False)])
    colours = {name: CORPUS_COLOURS.get(name, OTHER_COLOUR) for name in names}
    by = {"x": column, "y": "corpus", "order": names, "ax": ax}
    with seeded():
        sns.stripplot(drawn, hue="corpus", palette=colours, size=3, alpha=0.55, jitter=0.25, legend=False, **by)
    lines = {"color": "#333333", "linewidth": 0.9}
    boxed = units[units.groupby("corpus")[column].transform("size") >= FEWEST_IN_A_BOX]
    sns.boxplot(boxed, fill=False, showfliers=False, width=0.6, medianprops={"color": "black", "linewidth": 1.8}, **lines, **by)
    ax.set_yticks(range(len(names)), [in_figure(name) for name in names])
    ax.set(xlabel=xlabel, ylabel="")
    ax.set_xlim(left=0)
    ax.grid(axis="x")
    return ax


def plot_polyphony(shares: pd.DataFrame, ax=None):
    """How often one, two or more classes sound together: a heat map with percentages, a row for each corpus."""
    ax = given_axes(ax)
    if shares.empty:
        return say_nothing_found(ax)
    percent = 100 * shares
    bar = {"label": "share of the moments (%)", "pad": 0.02}
    sns.heatmap(percent, annot=True, fmt=".1f", cmap="Greys", vmin=0, vmax=100, annot_kws={"fontsize": 8}, cbar_kws=bar, ax=ax)
    ax.set_yticklabels([in_figure(str(name)) for name in percent.index], rotation=0)
    ax.set(xlabel="classes that sound together", ylabel="")
    ax.tick_params(length=0)
    return ax


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


FEW_UNITS = 40  # up to here every unit is a dot, above it a histogram


def plot_durations_and_rates(units: pd.DataFrame, corpus: str, axes, unit: str = "track"):
    """Seconds, and moments a second, of the units of one corpus: a dot each if they are few, else histograms.

    With one axes only the second is drawn, as for sequences, which all last as long.
    """
    if units.empty:
        for ax in axes:
            say_nothing_found(ax)
        return axes
    shown = (("seconds", "duration (s)"), ("rate", "strokes: moments a second (median)"))[-len(axes) :]
    colour = CORPUS_COLOURS.get(corpus, OTHER_COLOUR)
    for (column, label), ax in zip(shown, axes, strict=True):
        values = units[column].dropna()
        if len(values) <= FEW_UNITS:
            with seeded():
                sns.stripplot(x=values, color=colour, size=6, jitter=0.15, edgecolor="#333333", linewidth=0.4, ax=ax)
            ax.set(ylabel=f"{len(values)} {unit}{'s' * (len(values) != 1)}", yticks=[], ylim=(-0.5, 0.5))
        else:
            sns.histplot(x=values, bins=25, binrange=(0, float(values.max())), color=colour, edgecolor="white", alpha=1, ax=ax)
            ax.set(ylabel=f"{unit}s")
            ax.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        ax.set(xlabel=label)
        ax.grid(axis="x")
        ax.set_xlim(0, 1.04 * float(values.max()))  # with room for the last dot
    return axes


def plot_tempo_by_style(performances: pd.DataFrame, ax=None):
    """Tempo of each recording of E-GMD by style, styles with the most recordings first."""
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
            CORPUS_MARKERS["E-GMD"],
            color=CORPUS_COLOURS["E-GMD"],
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
    ax.set(xlabel="heard later than annotated (ms)", ylabel="share of the moments (%)")
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
