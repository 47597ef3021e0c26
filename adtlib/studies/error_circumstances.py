"""Circumstances of errors: shares of errors by loudness, overlap and density, and tests of the first against the last bin of each.

Everything is computed from tallies: strokes and errors of each independent group (`tables.independent`) in each bin. Intervals are
bootstrapped over groups (Efron 1979); a difference is that of two bins on the same draws. No conclusion is drawn with fewer than
FEWEST_GROUPS groups, with fewer than FEW events, or if nothing or everything in a bin is an error, as the interval then has no
width. Conclusions are not corrected for multiple comparisons.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from adtlib.evaluation.errors import FEW
from adtlib.evaluation.significance import FEWEST_GROUPS, percentile_interval, resampled_shares
from adtlib.markup import in_markdown
from adtlib.studies.tables import too_few

QUARTERS = ("softest", "soft", "loud", "loudest")
OTHERS = ("0", "1", "2 or more")
DENSITY_EDGES = (4, 8, 12)  # strokes a second
DENSITIES = ("below 4", "4 to 8", "8 to 12", "12 or more")
ORDERS = {"loudness": QUARTERS, "others": OTHERS, "density": DENSITIES}
KEY = ["corpus", "circumstance", "measure", "value"]


def loudness_measure(strokes: pd.DataFrame) -> str:
    """The column that says how loud the strokes of one class are: "velocity" if all have one, else "energy"."""
    return "velocity" if strokes["velocity"].notna().all() else "energy"


def loudness_quarters(events: pd.DataFrame) -> pd.Series:
    """Quarter of each stroke in its class and corpus, by `loudness_measure`; NaN for estimates."""
    quarters = pd.Series(np.nan, index=events.index, dtype=object)
    strokes = events[events["event"] != "invented"]
    for (_, _), part in strokes.groupby(["corpus", "class"], sort=False):
        loudness = part[loudness_measure(part)]
        edges = np.quantile(loudness, [0.25, 0.5, 0.75])
        quarters[part.index] = [QUARTERS[k] for k in np.searchsorted(edges, loudness, side="left")]
    return quarters


def tallies(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Numbers of errors and of cases, a row for each corpus, circumstance, measure, bin and independent group.

    events, moments  the first two tables of `error_tables.error_events`.

    Columns: corpus, circumstance, measure, value, group, n, errors. Circumstances and measures:

    loudness  in quarters of the class; density: strokes a second around; others: how many other classes are struck within 30 ms.
    missed    errors are missed strokes, n counts strokes.
    invented  errors are invented estimates, n counts estimates: by density. Loudness is known for strokes only.
    invented_per_moment  errors are invented estimates, n counts moments of 60 ms in which their class was not struck: by `others`.
              The share of the estimates would be biased, as hits in a bin have one more sounding drum. A second detection of a
              stroke of the class itself is not counted.
    """
    dense = pd.cut(events["density"].astype(float), [-np.inf, *DENSITY_EDGES, np.inf], right=False, labels=list(DENSITIES))
    values = {"loudness": loudness_quarters(events), "others": _bins(events["others"]), "density": dense.astype(object)}
    parts = [_shares(events, values[name], name, "missed") for name in ORDERS]
    parts += [_per_moment(events, moments), _shares(events, values["density"], "density", "invented")]
    table = pd.concat(parts, ignore_index=True)[[*KEY, "group", "n", "errors"]]
    return table.sort_values(KEY[1:], key=_ranks, kind="stable", ignore_index=True)


def _bins(others: pd.Series) -> pd.Series:
    return others.astype(int).clip(upper=len(OTHERS) - 1).map(lambda count: OTHERS[count])


def _ranks(column: pd.Series) -> pd.Series:
    names = [*ORDERS, "missed", "invented", "invented_per_moment", *QUARTERS, *OTHERS, *DENSITIES]
    return column.map(names.index)


def _shares(events: pd.DataFrame, values: pd.Series, circumstance: str, measure: str) -> pd.DataFrame:
    relevant = events[events["event"].isin(["hit", measure])].assign(value=values)
    relevant = relevant.assign(n=1, errors=(relevant["event"] == measure).astype(int))
    found = relevant.groupby(["corpus", "value", "group"], sort=False)[["n", "errors"]].sum().reset_index()
    return found.assign(circumstance=circumstance, measure=measure)


def _per_moment(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    invented = events[(events["event"] == "invented") & ~events["doubled"].astype(bool)]
    by = ["corpus", "value", "group"]
    n = moments.assign(value=_bins(moments["others"])).groupby(by, sort=False)["n"].sum()
    errors = invented.assign(value=_bins(invented["others"])).groupby(by, sort=False).size()
    found = pd.DataFrame({"n": n, "errors": errors.reindex(n.index, fill_value=0)}).reset_index()
    return found[found["n"] > 0].assign(circumstance="others", measure="invented_per_moment")


# --- shares ------------------------------------------------------------------------------------------------------------


def circumstances(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of errors with 95 % intervals: corpus, circumstance, value, measure, n, errors, share, ci_low, ci_high.

    table  `tallies`. The interval is NaN where a corpus has fewer than FEWEST_GROUPS groups; bins without a stroke, estimate or
           moment have no row.
    """
    rows = []
    for (circumstance, measure, corpus), part in table.groupby(["circumstance", "measure", "corpus"], sort=False):
        enough = part["group"].nunique() >= FEWEST_GROUPS
        for value, here in part.groupby("value", sort=False):
            n, errors = here["n"].sum(), int(here["errors"].sum())
            low, high = percentile_interval([shares[0] for shares in _resampled_shares(here, [value])] if enough else [])
            rows.append([corpus, circumstance, value, measure, round(n), errors, errors / n, low, high])
    return pd.DataFrame(rows, columns=["corpus", "circumstance", "value", "measure", "n", "errors", "share", "ci_low", "ci_high"])


def _resampled_shares(table: pd.DataFrame, values: list[str]) -> list[np.ndarray]:
    """Share of errors in each of the bins, as `resampled_shares` gives them."""
    groups = list(dict.fromkeys(table["group"]))
    bins = [table[table["value"] == value].set_index("group")[["errors", "n"]] for value in values]
    return resampled_shares([part.reindex(groups, fill_value=0).to_numpy(float) for part in bins])


# --- differences -------------------------------------------------------------------------------------------------------


def contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """The first against the last bin of each circumstance, a row for each corpus and measure.

    table  `tallies`.

    Columns: corpus, circumstance, measure, first and last (bins), n_first, n_last, share_first, share_last, difference (last minus
    first) with ci_low and ci_high (95 %, paired bootstrap over groups), n_groups (in the bin that has fewer), told_apart
    (significant) and why_not ("" if significant). A corpus with only one bin has no row.
    """
    keys = ["corpus", "circumstance", "measure"]
    rows = [row for key, part in table.groupby(keys, sort=False) for row in _contrast(dict(zip(keys, key, strict=True)), part)]
    columns = [*keys, "first", "last", "n_first", "n_last", "share_first", "share_last", "difference", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=[*columns, "n_groups", "told_apart", "why_not"])


def _contrast(key: dict, table: pd.DataFrame) -> Iterator[dict]:
    present = [value for value in ORDERS[key["circumstance"]] if value in set(table["value"])]
    if len(present) < 2:
        return
    ends = {"first": present[0], "last": present[-1]}
    parts = [table[table["value"] == value] for value in ends.values()]
    n, errors = ([part[column].sum() for part in parts] for column in ("n", "errors"))
    n_groups = min(len(part) for part in parts)
    resampled = _resampled_shares(table[table["value"].isin(ends.values())], list(ends.values()))
    low, high = percentile_interval([last - first for first, last in resampled])
    row = key | ends | {"n_first": round(n[0]), "n_last": round(n[1])}
    row |= {"share_first": errors[0] / n[0], "share_last": errors[1] / n[1], "ci_low": low, "ci_high": high}
    row |= {"difference": row["share_last"] - row["share_first"], "n_groups": n_groups}
    if n_groups < FEWEST_GROUPS:
        why_not = f"{too_few(key['corpus'], n_groups)} to say whether that is more than chance"
    elif min(n) < FEW:
        why_not = f"fewer than {FEW} cases are too few to say whether that is more than chance"
    elif any(wrong == 0 or wrong >= total for wrong, total in zip(errors, n, strict=True)):
        why_not = "a share of exactly 0 or 100 % has no bootstrap interval, so no conclusion is drawn"
    elif low <= 0 <= high:
        why_not = "the data do not tell them apart"
    else:
        why_not = ""
    yield row | {"told_apart": not why_not, "why_not": why_not}


def contrast_sentences(table: pd.DataFrame, circumstance: str, measure: str) -> list[str]:
    """For each corpus the first and last bin of a circumstance, the interval of their difference, and whether it is significant.

    table  `contrasts`.
    """
    sentences = []
    for row in table[(table["circumstance"] == circumstance) & (table["measure"] == measure)].itertuples():
        of, unit = ("invented in 100 moments", "") if measure == "invented_per_moment" else (measure, " %")
        ends = ((row.first, row.n_first, row.share_first), (row.last, row.n_last, row.share_last))
        shares = [f"{100 * share:.1f}{unit} ({value}, n = {n:,})" for value, n, share in ends]
        text = f"**{in_markdown(row.corpus)}**: {of} {shares[0]} against {shares[1]}"
        if row.n_groups >= FEWEST_GROUPS:
            text += f", a difference of {100 * row.difference:+.1f} (95 %: {100 * row.ci_low:+.1f} to {100 * row.ci_high:+.1f})"
        sentences.append(f"{text}; {row.why_not or 'more than other recordings would explain'}.")
    return sentences
