"""The tables of `error_tables` as they are printed: short enough for a page, a column a corpus or a class."""

import numpy as np
import pandas as pd

from adtlib.error_anatomy import NOTHING
from adtlib.vocabulary import CLASSES

FEW = 30  # strokes, estimates or moments below which a share says little, and below which no two are compared
FEW_MARK = "†"


def shown_confusions(table: pd.DataFrame) -> pd.DataFrame:
    """`confusion_table` as matrices, one below the other: a row for each corpus and class struck, a column a class heard."""
    names = [*CLASSES, NOTHING]
    words = {NOTHING: "heard nothing"}, {NOTHING: "struck nothing"}
    corpora = list(dict.fromkeys(table["corpus"]))
    index = pd.MultiIndex.from_product([corpora, names], names=["corpus", "struck"])
    counts = table.set_index(["corpus", "struck", "heard"])["n"]
    shown = pd.DataFrame({name: [counts[(*row, name)] for row in index] for name in names}, index=index, dtype="Int64")
    shown[NOTHING] = shown[NOTHING].mask(index.get_level_values("struck") == NOTHING)  # neither struck nor heard: not counted
    return shown.rename(columns=words[0], index=words[1])


def shown_circumstances(table: pd.DataFrame) -> pd.DataFrame:
    """`circumstances` as percentages with their intervals: a row for each circumstance, value and measure, a column a corpus.

    `FEW_MARK` stands where the share is of fewer than `FEW` strokes, estimates or moments.
    """
    keys = ["circumstance", "value", "measure"]
    cells = table[[*keys, "corpus"]].copy()
    cells["text"] = [_share(row) for row in table.itertuples()]
    order = pd.MultiIndex.from_frame(table[["circumstance", "measure", "value"]].drop_duplicates()).reorder_levels([0, 2, 1])
    wide = cells.pivot(index=keys, columns="corpus", values="text")
    wide = wide.reindex(index=order, columns=list(dict.fromkeys(table["corpus"]))).fillna("–")
    wide.columns.name = None
    return wide.rename_axis(index=keys).rename(index={"invented_per_moment": "invented, of 100 moments"}, level="measure")


def _share(row) -> str:
    text = f"{100 * row.share:.1f} %"
    if np.isfinite(row.ci_low):
        text += f" ({100 * row.ci_low:.1f}–{100 * row.ci_high:.1f})"
    return text + (f" {FEW_MARK}" if row.n < FEW else "")
