"""Figures of the controlled study: architectures, learning curves, F1 against cost, errors, what the making of a corpus does."""

from collections.abc import Sequence
from itertools import cycle

import matplotlib as mpl
import numpy as np
import pandas as pd

from adtlib.figures.architectures import ARCHITECTURE_COLOURS, ARCHITECTURE_MARKERS
from adtlib.figures.theme import INK, MARKERS, QUIET, TEXT_WIDTH, given_axes, new_figure
from adtlib.markup import in_figure

LOSS, GAIN = "#B2182B", "#2166AC"  # colour-blind readers tell red from blue
ROW = 0.42 / 2.54  # inches, height of a row
COSTS = {
    "training_minutes": "training\n(core-minutes)",
    "n_parameters": "parameters",
    "times_real_time": "prediction\n(× real time)",
    "megabytes": "memory of a step\n(MB)",
}


def _style(name: str) -> dict:
    return {"color": ARCHITECTURE_COLOURS[name], "marker": ARCHITECTURE_MARKERS[name]}


def plot_architectures_by_test(table: pd.DataFrame, ax=None):
    """Micro F1 of each architecture on each test: markers are means over seeds, small dots seeds, lines the 95 % intervals.

    table  level (architecture), test, f1_micro, f1_low, f1_high, seed ("mean" or a number). No line where there is no interval.
    """
    ax = given_axes(ax)
    tests, names = list(dict.fromkeys(table["test"])), list(dict.fromkeys(table["level"]))
    named = set()
    for place, name in enumerate(names):
        for row, test in enumerate(tests):
            mine = table[(table["level"] == name) & (table["test"] == test)]
            if mine.empty:  # not tested there
                continue
            at = row + 0.8 * ((place + 0.5) / len(names) - 0.5)
            mean = mine[mine["seed"] == "mean"].iloc[0]
            if np.isfinite(mean["f1_low"]):
                ax.plot([mean["f1_low"], mean["f1_high"]], [at, at], color=ARCHITECTURE_COLOURS[name], linewidth=1.2, zorder=2)
            seeds = mine[mine["seed"] != "mean"]["f1_micro"]
            ax.plot(seeds, [at] * len(seeds), ".", color=INK, markersize=2.5, zorder=4)
            label = None if name in named else name
            named.add(name)
            ax.plot(mean["f1_micro"], at, markersize=5, linestyle="none", zorder=3, label=label, **_style(name))
    ax.set_yticks(range(len(tests)), [in_figure(test) for test in tests])
    ax.set(xlabel="micro F1", ylim=(len(tests) - 0.5, -0.5))
    for edge in range(1, len(tests)):
        ax.axhline(edge - 0.5, color="#dddddd", linewidth=0.8)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=5, columnspacing=1.0, handletextpad=0.2)
    return ax


def plot_learning_curve(table: pd.DataFrame, ax=None):
    """Micro F1 over hours of training clips, a line an architecture: level, hours, f1_micro, f1_low, f1_high, seed "mean"."""
    ax = given_axes(ax)
    mine, ends = table[table["seed"] == "mean"], {}
    for name in dict.fromkeys(mine["level"]):
        part = mine[mine["level"] == name].sort_values("hours")
        ax.plot(part["hours"], part["f1_micro"], markersize=4, **_style(name))
        ends[name] = (part["hours"].iloc[-1], part["f1_micro"].iloc[-1])
    _label_ends(ends, ax)
    _show_hours(sorted(mine["hours"].unique()), ax)
    return ax


def _show_hours(hours: Sequence[float], ax) -> None:
    """A logarithmic axis of hours, with room for names at the right ends of lines."""
    ax.set(xlabel="hours of training clips", ylabel="micro F1", xscale="log")
    ax.set_xticks(hours, [f"{each:g}" for each in hours])
    ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.set_xlim(hours[0] / 1.15, hours[-1] * 1.9)
    ax.grid()


def _label_ends(ends: dict[str, tuple[float, float]], ax) -> None:
    """Names at the right ends of lines, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    gap, at = 0.075 * (high - low), -np.inf
    for name, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        at = max(y, at + gap)
        ax.annotate(name, (x, y), (x * 1.06, at), va="center", fontsize=8, color=ARCHITECTURE_COLOURS.get(name, INK))


def plot_f1_against_cost(table: pd.DataFrame, axes=None):
    """Micro F1 over training time, parameters, speed of prediction and memory, one mark an architecture.

    table  architecture, f1_micro, f1_low, f1_high and the columns of COSTS. The F1 axis need not begin at 0.
    """
    if axes is None:
        _, axes = new_figure(0.36, columns=len(COSTS), sharey=True)
    for ax, (column, label) in zip(axes, COSTS.items(), strict=True):
        for row in table.itertuples():
            x = getattr(row, column)
            if np.isfinite(row.f1_low):
                ax.plot([x, x], [row.f1_low, row.f1_high], color=ARCHITECTURE_COLOURS[row.architecture], linewidth=1)
            ax.plot(x, row.f1_micro, markersize=6, linestyle="none", label=row.architecture, **_style(row.architecture))
        low, high = table[column].min(), table[column].max()
        ax.set(xlabel=label, xscale="log", xlim=(low / 1.6, high * 1.6))
        ticks = dict.fromkeys(float(f"{value:.2g}") for value in (low, high))
        ax.set_xticks(list(ticks), [f"{value / 1000:g}k" if value >= 1000 else f"{value:g}" for value in ticks])
        ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        ax.grid()
    axes[0].set_ylabel("micro F1")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(handles, labels, loc="outside upper center", ncols=5, columnspacing=1.0, handletextpad=0.2)
    return axes


def plot_errors_by_circumstance(table: pd.DataFrame, axes=None):
    """Share of strokes missed, an axes for each circumstance, a line an architecture.

    table  `studies.error_shares`: architecture, circumstance, value, measure, share, ci_low, ci_high.
    """
    mine = table[table["measure"] == "missed"]
    circumstances = list(dict.fromkeys(mine["circumstance"]))
    if axes is None:
        _, axes = new_figure(0.62, rows=2, columns=2, sharey=True)
    for ax, circumstance in zip(np.ravel(axes), circumstances, strict=True):
        part = mine[mine["circumstance"] == circumstance]
        values = list(dict.fromkeys(part["value"]))
        names = list(dict.fromkeys(part["architecture"]))
        for place, name in enumerate(names):
            own = part[part["architecture"] == name].set_index("value").reindex(values)
            x = np.arange(len(values)) + 0.1 * (place - (len(names) - 1) / 2)
            ax.vlines(x, 100 * own["ci_low"], 100 * own["ci_high"], color=ARCHITECTURE_COLOURS[name], linewidth=0.8)
            ax.plot(x, 100 * own["share"], markersize=3.5, linewidth=0.8, label=name, **_style(name))
        ax.set_xticks(range(len(values)), [in_figure(value).replace(" quarter", "\nquarter") for value in values])
        ax.set_xlabel(in_figure(circumstance))
        ax.set_ylim(bottom=0)
        ax.grid(axis="y")
    for ax in np.atleast_2d(axes)[:, 0]:
        ax.set_ylabel("missed (%)")
    handles, labels = np.ravel(axes)[0].get_legend_handles_labels()
    np.ravel(axes)[0].figure.legend(handles, labels, loc="outside upper center", ncols=5, columnspacing=1.0, handletextpad=0.2)
    return axes


def plot_influence_radius(table: pd.DataFrame, ax=None):
    """Share of the influence on an output within so many frames of it: architecture, frames, share."""
    ax = given_axes(ax)
    for name, part in table.groupby("architecture", sort=False):
        ax.plot(10 * part["frames"], 100 * part["share"], markersize=3, label=name, **_style(name))
    ax.axhline(90, color=QUIET, linewidth=0.8, linestyle=":")
    ax.set_xscale("symlog", linthresh=10, linscale=0.4)
    ticks = [0, 10, 20, 50, 100, 200, 500, 1000, 2000]
    ax.set_xticks(ticks, [f"{each}" for each in ticks])
    ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.set(xlabel="to either side of the frame (ms)", ylabel="influence within (%)", ylim=(0, 102), xlim=(0, 2000))
    ax.grid()
    ax.legend(loc="lower right")
    return ax


def plot_hours_curve(table: pd.DataFrame, ax=None):
    """Micro F1 over hours of training clips, a line a test: test, hours, f1_micro, f1_low, f1_high."""
    ax, ends = given_axes(ax), {}
    for (test, part), marker, style in zip(table.groupby("test", sort=False), MARKERS, cycle(("-", "--", ":")), strict=False):
        part = part.sort_values("hours")
        ax.plot(part["hours"], part["f1_micro"], color=INK, marker=marker, markersize=4, linestyle=style)
        ax.vlines(part["hours"], part["f1_low"], part["f1_high"], color=INK, linewidth=0.8)
        ends[in_figure(test)] = (part["hours"].iloc[-1], part["f1_micro"].iloc[-1])
    _label_ends(ends, ax)
    _show_hours(sorted(table["hours"].unique()), ax)
    return ax


def plot_effects(table: pd.DataFrame, tests: Sequence[str], names: dict[str, str]):
    """What each choice of a corpus does to micro F1, by factor, that of the largest effect on the first test on top.

    table  factor, level, test, difference, ci_low, ci_high, clear: `studies.effects` of each test.
    tests  an axes each.
    names  words for factors.

    Red bars lose, blue ones gain, pale ones are not told apart from 0; lines are the 95 % intervals. Returns (figure, axes).
    """
    first = table[table["test"] == tests[0]]
    sizes = first.groupby("factor", sort=False)["difference"].apply(lambda values: values.abs().max())
    order = sizes.sort_values(ascending=False).index.tolist()
    rows = [(factor, level) for factor in order for level in dict.fromkeys(first.loc[first["factor"] == factor, "level"])]
    figure, axes = new_figure(1, columns=len(tests), sharex=True, sharey=True, squeeze=False)
    figure.set_size_inches(TEXT_WIDTH, (len(rows) + 0.55 * len(order) + 2.5) * ROW)
    places, at, last = {}, 0.0, None
    for factor, level in rows:
        at += 1.0 if factor == last or last is None else 1.55
        places[factor, level], last = at, factor
    for ax, test in zip(axes[0], tests, strict=True):
        for row in table[table["test"] == test].itertuples():
            if (row.factor, row.level) in places:
                y = places[row.factor, row.level]
                colour = LOSS if row.difference < 0 else GAIN
                ax.barh(y, row.difference, height=0.72, color=colour, alpha=0.9 if row.clear else 0.25)
                if np.isfinite(row.ci_low):
                    ax.plot([row.ci_low, row.ci_high], [y, y], color=INK, linewidth=1)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_title(in_figure(test), fontsize=9, loc="left")
        ax.grid(axis="x")
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
        ax.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:+.2g}" if abs(value) > 1e-9 else "0"))
        ax.tick_params(axis="y", length=0)
    figure.supxlabel("change of micro F1", fontsize=9)
    axes[0, 0].set_yticks(list(places.values()), [in_figure(level) for _, level in places])
    axes[0, 0].set_ylim(at + 0.8, -0.1)
    _name_factors(axes[0, 0], places, names)
    return figure, axes[0]


def _name_factors(ax, places: dict[tuple[str, str], float], names: dict[str, str]) -> None:
    """The factors' names, in bold, above the first of their levels."""
    seen = set()
    for (factor, _), y in places.items():
        if factor not in seen:
            ax.text(
                -0.02,
                y - 0.72,
                in_figure(names[factor]),
                transform=ax.get_yaxis_transform(),
                ha="right",
                va="center",
                fontsize=7.5,
                fontweight="bold",
                color=INK,
            )
            seen.add(factor)
