"""The tables of the controlled study: F1 with intervals, pairs of architectures, effects of what models are trained on.

Intervals are bootstraps over groups, a group being a performance or a recording; differences are paired, on the same groups. They
are widened by what other seeds would give, whose spread is pooled over all models of a test (`evaluation.significance`): over
groups alone a lucky seed would count as an effect. A difference counts as decided where its test, corrected by Holm's method over
the pairs of one test, and its interval say so, and as none where its whole interval is within EQUAL.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from adtlib.evaluation.metrics import scores
from adtlib.evaluation.significance import (
    FEWEST_GROUPS,
    LEVEL,
    SeedSpread,
    difference_interval,
    holm,
    interval,
    mean_f1,
    paired_test,
    percentile_interval,
    resampled_shares,
    seed_spread,
    with_seeds,
)
from adtlib.models.registry import ARCHITECTURES
from adtlib.studies.controlled import Level, factor_levels, label_of
from adtlib.studies.controlled_results import LOUDNESS, Results
from adtlib.studies.tables import F1_COLUMNS
from adtlib.training.controlled_sets import RENDERED, TrainingClips
from adtlib.training.runs import counts_of
from adtlib.vocabulary import CLASSES

EQUAL = 0.02  # of micro F1
CONTROLLED_COLUMNS = ["factor", "level", "hours", "test", *F1_COLUMNS, "difference", "ci_low", "ci_high", "f1_low", "f1_high"]
CONTROLLED_COLUMNS += ["n_groups", "seed", "n_seeds", "groups_low", "groups_high"]
_NO_COUNTS = np.zeros((0, 0, len(CLASSES), 3))
MEAN = "mean"  # in the column seed: the mean over seeds, which intervals are of


def counts_for(results: Results, architecture: str, label: str, test: str, tolerance: float = 0.05) -> tuple[np.ndarray, list[int]]:
    """(counts `(S, N, 5, 3)` by seed and group, the seeds) of a model on a test; none where it was not tested."""
    return results.counts_by_model.get((architecture, label, test, round(1_000 * tolerance)), (_NO_COUNTS, []))


def _rows(factor: str, level: str, hours: float, test: str, own, reference, is_reference: bool) -> list[dict]:
    """The rows of a level on a test: the mean over seeds with its intervals over groups, and each seed.

    own, reference  pairs (counts, seeds). Seeds are compared with the reference's same seeds, the mean with that of the reference.
    """
    counts, seeds = own
    base, base_seeds = reference
    key = {"factor": factor, "level": level, "hours": hours, "test": test, "n_groups": counts.shape[1], "n_seeds": len(seeds)}
    key |= {"reference_seeds": len(base_seeds)}
    means = [scores(each) for each in counts]
    row = key | {name: float(np.nanmean([found[name] for found in means])) for name in F1_COLUMNS} | {"seed": MEAN}
    row |= dict(zip(("f1_low", "f1_high"), interval(counts), strict=True))
    if is_reference:
        row |= {"difference": 0.0, "ci_low": 0.0, "ci_high": 0.0}
    elif len(base):
        row |= {"difference": mean_f1(counts) - mean_f1(base)}
        row |= dict(zip(("ci_low", "ci_high"), difference_interval(counts, base), strict=True))
    rows = [row]
    for seed, found, each in zip(seeds, means, counts, strict=True):
        single = key | {name: found[name] for name in F1_COLUMNS} | {"seed": str(seed)}
        if seed in base_seeds:
            single["difference"] = mean_f1(each[None]) - mean_f1(base[base_seeds.index(seed)][None])
        rows.append(single)
    return rows


def _table(rows: list[dict]) -> pd.DataFrame:
    """CONTROLLED_COLUMNS of the rows of all levels and tests, intervals over groups and seeds; those over groups alone beside."""
    table = pd.DataFrame(rows).reindex(columns=[*CONTROLLED_COLUMNS, "reference_seeds"])
    table[["groups_low", "groups_high"]] = table[["ci_low", "ci_high"]]
    for test in table["test"].unique():
        spread = spread_over_seeds(table, test)
        for row in table[(table["test"] == test) & (table["seed"] == MEAN)].itertuples():
            found = with_seeds(row.f1_micro, row.f1_low, row.f1_high, spread, row.n_seeds)
            table.loc[row.Index, ["f1_low", "f1_high"]] = found
            if row.ci_low or row.ci_high:  # a reference does not differ from itself
                found = with_seeds(row.difference, row.ci_low, row.ci_high, spread, row.n_seeds, row.reference_seeds)
                table.loc[row.Index, ["ci_low", "ci_high"]] = found
    return table[CONTROLLED_COLUMNS]


def spread_over_seeds(table: pd.DataFrame, test: str = RENDERED) -> SeedSpread:
    """What chance does to a single run, pooled over the models of one test; a model that stands for several levels counts once."""
    singles = table[(table["test"] == test) & (table["seed"] != MEAN)].drop_duplicates(["hours", "seed", *F1_COLUMNS])
    return seed_spread([part["f1_micro"].tolist() for _, part in singles.groupby(["factor", "level", "hours"])])


# ---- chapter 6 ----------------------------------------------------------------------------------------------------------


def architecture_label(results: Results, hours: float | None = None) -> str:
    """What the architectures were trained on; with `hours` a point of the learning curve."""
    return label_of((TrainingClips(hours or results.study.architecture_hours),))


def best_on_validation(results: Results) -> str:
    """The architecture with the highest validation micro F1, mean over seeds."""
    runs = results.runs[results.runs["trained_on"] == architecture_label(results)]
    return str(runs.groupby("architecture", sort=False)["validation_f1"].mean().idxmax())


def f1_by_architecture(results: Results, tolerance: float = 0.05) -> pd.DataFrame:
    """CONTROLLED_COLUMNS: each architecture at each number of hours on each test; the difference is from the best on validation."""
    reference, rows = best_on_validation(results), []
    for hours in dict.fromkeys((results.study.architecture_hours, *results.study.curve_hours)):
        label = architecture_label(results, hours)
        for test in results.tests:
            base = counts_for(results, reference, label, test, tolerance)
            for name in ARCHITECTURES:
                own = counts_for(results, name, label, test, tolerance)
                if len(own[0]):
                    rows += _rows("architecture", name, hours, test, own, base, name == reference)
    return _table(rows)


def pairs_of_architectures(results: Results) -> pd.DataFrame:
    """Each pair of architectures on each test, `first` the higher: difference with interval, p, p corrected, verdict.

    p is that of groups, with these models; the interval is over groups and seeds. The verdict is "higher", "equal" or "not
    decided"; with fewer than FEWEST_GROUPS groups always the last.
    """
    label, rows = architecture_label(results), []
    for test in results.tests:
        counts = {name: counts_for(results, name, label, test)[0] for name in ARCHITECTURES}
        counts = {name: found for name, found in counts.items() if len(found)}
        spread = seed_spread([[mean_f1(each[None]) for each in found] for found in counts.values()])
        mine = []
        for one, other in combinations(counts, 2):
            first, second = sorted((one, other), key=lambda name: -np.nan_to_num(mean_f1(counts[name])))
            difference, p = paired_test(counts[first], counts[second])
            low, high = difference_interval(counts[first], counts[second])
            low, high = with_seeds(difference, low, high, spread, len(counts[first]), len(counts[second]))
            mine.append([test, first, second, difference, low, high, p, counts[first].shape[1]])
        for row, p_holm in zip(mine, holm([row[6] for row in mine]), strict=True):
            rows.append([*row[:7], p_holm, _verdict(row[4], row[5], p_holm, row[7]), row[7]])
    columns = ["test", "first", "second", "difference", "ci_low", "ci_high", "p", "p_holm", "verdict", "n_groups"]
    return pd.DataFrame(rows, columns=columns)


def _verdict(low: float, high: float, p: float, n_groups: int) -> str:
    if n_groups < FEWEST_GROUPS or np.isnan(low):
        return "not decided"
    if p < LEVEL and (low > 0 or high < 0):
        return "higher"
    return "equal" if max(abs(low), abs(high)) <= EQUAL else "not decided"


def costs(results: Results, f1: pd.DataFrame) -> pd.DataFrame:
    """What each architecture took, mean over seeds, and micro F1 on RENDERED; see `controlled_results` for `costs.csv`.

    f1  from `f1_by_architecture`.
    """
    runs = results.runs[(results.runs["trained_on"] == architecture_label(results)) & (results.runs["stage"] != "learning rates")]
    table = runs.groupby("architecture", sort=False).agg(
        n_parameters=("parameters", "first"),
        epochs=("last_epoch", "mean"),
    )
    mine = f1[(f1["test"] == RENDERED) & (f1["seed"] == MEAN) & (f1["hours"] == results.study.architecture_hours)].set_index(
        "level"
    )
    found = (
        table.join(mine[["f1_micro", "f1_low", "f1_high"]])
        .reset_index()
        .merge(results.costs.drop(columns="settings", errors="ignore"), on="architecture")
    )
    found["training_minutes"] = found["epochs"] * found["epoch_seconds"] / 60  # as on one machine, wherever each was trained
    return found.sort_values("architecture", key=lambda names: names.map(list(ARCHITECTURES).index)).reset_index(drop=True)


def error_shares(results: Results) -> pd.DataFrame:
    """Share of strokes missed, and of invented ones for each stroke, by architecture and circumstance, with intervals over groups.

    Columns: architecture, circumstance, value, measure (missed, invented), share, ci_low, ci_high, n.
    """
    rows = []
    for (architecture, circumstance, value), part in results.errors.groupby(["architecture", "circumstance", "value"], sort=False):
        strokes = part["strokes"].to_numpy(float)
        for measure in ("missed",) if circumstance == LOUDNESS else ("missed", "invented"):
            wrong = part[measure].to_numpy(float)
            low, high = _share_interval(wrong, strokes)
            share = wrong.sum() / strokes.sum() if strokes.sum() else np.nan
            rows.append([architecture, circumstance, value, measure, share, low, high, int(strokes.sum())])
    columns = ["architecture", "circumstance", "value", "measure", "share", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=columns)


def f1_out_of_order(results: Results) -> pd.DataFrame:
    """Micro F1 on RENDERED of one model of each architecture that hears the frames of a segment as played, and in random order.

    Columns: architecture, f1_played, f1_random, difference, ci_low, ci_high: paired over groups. Models are of the first seed; of
    tables that were stored before this was asked there is none.
    """
    label, rows = architecture_label(results), []
    for architecture, part in results.disorder.groupby("architecture", sort=False) if len(results.disorder) else ():
        counts, seeds = counts_for(results, architecture, label, RENDERED)
        played = counts[[seeds.index(results.profile.seeds[0])]]
        shuffled = counts_of(part.sort_values("id"))[None]
        f1 = mean_f1(played), mean_f1(shuffled)
        rows.append([architecture, *f1, f1[1] - f1[0], *difference_interval(shuffled, played)])
    columns = ["architecture", "f1_played", "f1_random", "difference", "ci_low", "ci_high"]
    order = list(ARCHITECTURES).index
    return pd.DataFrame(rows, columns=columns).sort_values("architecture", key=lambda names: names.map(order), ignore_index=True)


def _share_interval(wrong: np.ndarray, strokes: np.ndarray) -> tuple[float, float]:
    enough = len(strokes) >= FEWEST_GROUPS
    return percentile_interval([shares[0] for shares in resampled_shares([np.stack([wrong, strokes], axis=1)])] if enough else [])


# ---- chapter 7 ----------------------------------------------------------------------------------------------------------


def what_makes_a_corpus_good(results: Results, tolerance: float = 0.05, tests: Sequence[str] = ()) -> pd.DataFrame:
    """CONTROLLED_COLUMNS: each level of each factor on each test; the difference is from the factor's reference level.

    tests  some of the study's; by default all.
    """
    study, rows = results.study, []
    levels = factor_levels(study)
    for test in tests or results.tests:
        for level in levels:
            reference = next(each for each in levels if each.factor == level.factor and each.is_reference)
            own, base = (_counts_of_level(results, each, test, tolerance) for each in (level, reference))
            if len(own[0]):
                hours = sum(clips.hours for clips in level.clips)
                rows += _rows(level.factor, level.level, hours, test, own, base, level.is_reference)
    return _table(rows)


def _counts_of_level(results: Results, level: Level, test: str, tolerance: float) -> tuple[np.ndarray, list[int]]:
    return counts_for(results, results.study.factor_architecture, label_of(level.clips), test, tolerance)


def effects(table: pd.DataFrame, test: str = RENDERED) -> pd.DataFrame:
    """Levels other than references on one test, the largest loss first; `clear` where the interval does not hold 0."""
    mine = table[(table["test"] == test) & (table["seed"] == MEAN) & (table["ci_low"] != 0)].dropna(subset=["difference"])
    mine = mine.assign(clear=(mine["ci_low"] > 0) | (mine["ci_high"] < 0))
    return mine.sort_values("difference").reset_index(drop=True)


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Effects on several tests as one table."""
    return pd.concat(parts, ignore_index=True)
