"""Pictures of notebook 70: this run's numbers against published ones."""

import pandas as pd
from matplotlib.lines import Line2D

from adtlib.corpora import CORPORA
from adtlib.plotting import CORPUS_COLOURS, CORPUS_MARKERS, OTHER_COLOUR, new_figure

STUDIES = {"architecture": "architecture study", "dataset": "dataset study"}


def plot_against_published(table: pd.DataFrame, axes=None):
    """This run's micro F1 over the finished thesis's, a point a test, axes a study; colour and marker are the test corpus.

    table  of `comparison.against_published`.

    Whiskers are 95 % intervals over tracks; open points are zero-shot tests. Tests that one of the two lacks are left out, and
    where none is left the axes say so.
    """
    if axes is None:
        _, axes = new_figure(0.58, columns=2, sharex=True, sharey=True)
    shown = table[(table["measure"] == "f1_micro") & table["here"].notna() & table["published"].notna()]
    for ax, (study, name) in zip(axes, STUDIES.items(), strict=True):
        ax.axline((0, 0), slope=1, color="#999999", linewidth=0.8, linestyle="--", zorder=1)
        rows = shown[shown["study"] == study]
        for row in rows.itertuples():
            colour = CORPUS_COLOURS.get(row.test, OTHER_COLOUR)
            if pd.notna(row.ci_low):
                ax.plot([row.published] * 2, [row.ci_low, row.ci_high], color=colour, linewidth=0.7, alpha=0.6, zorder=2)
            fill = "white" if row.zero_shot else colour
            marker = CORPUS_MARKERS.get(row.test, ".")
            ax.plot(row.published, row.here, marker, color=colour, markerfacecolor=fill, markersize=5, clip_on=False, zorder=3)
        if rows.empty:
            ax.text(0.5, 0.6, "no run of this profile", transform=ax.transAxes, ha="center", color="#555555")
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=f"micro F1, finished thesis\n({name})")
        ax.grid()
    axes[0].set_ylabel("micro F1, this run")
    _legend(axes, shown)
    return axes


def _legend(axes, shown: pd.DataFrame) -> None:
    corpora = [name for name in CORPORA if name in set(shown["test"])]
    handles = [
        Line2D([], [], color=CORPUS_COLOURS[name], marker=CORPUS_MARKERS[name], linestyle="none", markersize=5, label=name)
        for name in corpora
    ]
    if shown["zero_shot"].astype(bool).any():
        options = {"marker": "o", "color": "#444444", "linestyle": "none", "markersize": 5}
        handles.append(Line2D([], [], **options, markerfacecolor="white", label="open: zero-shot"))
    if handles:
        axes[0].figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), handletextpad=0.1, columnspacing=1.0)
