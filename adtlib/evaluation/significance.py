"""Significance of differences on a test split: intervals over tracks, a paired test, correction for multiple comparisons.

Counts are `(S, N, 5, 3)`: seeds, tracks, classes, (true positives, false positives, false negatives). The tracks are the sample:
results generalise to other recordings of the same kind, for these trained models. The variation of training is measured by the
standard deviation over seeds; three seeds are too few to resample. Where many models were trained with several seeds each, that
deviation is known from all of them (`seed_spread`), and `with_seeds` widens an interval by it: the result then generalises to
models trained anew. Recordings that are not independent, such as one performance on several kits, are drawn and swapped together:
`groups` names their groups. Interval, difference and test use the same statistic: micro F1 of each seed, averaged over seeds.

With few groups a percentile interval is too narrow (with four it covers the true value in about 80 % of cases, not 95 %), and with
fewer than FEWEST_GROUPS no test can be significant: such intervals stand in tables, and are neither drawn nor interpreted.

Intervals: percentile bootstrap (Efron 1979). Test: approximate randomisation, which needs no assumption on how F1 is distributed
(Yeh, "More accurate tests for the statistical significance of result differences", COLING 2000): if two systems were equal, each
track's counts could as well have come from the other one. Correction: Holm, "A simple sequentially rejective multiple test
procedure", Scandinavian Journal of Statistics 6, 1979.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import t

from adtlib.evaluation.metrics import f1, precision, recall
from adtlib.vocabulary import CLASSES

LEVEL = 0.05  # a difference with a smaller corrected p is significant
FEWEST_GROUPS = 6  # five groups that all agree give p = 1/16, more than LEVEL
MOST_EXACT = 13  # groups up to which all ways of swapping are tried (8,192)
_CELLS = 4_000_000  # numbers in memory at once


def pool(counts: np.ndarray, groups: Sequence | None = None) -> np.ndarray:
    """`(S, N, 5, 3)` counts to `(S, G, 5, 3)`, tracks of one group together; without groups G = N.

    Raises ValueError for another shape or number of groups.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 4 or counts.shape[2:] != (len(CLASSES), 3):
        raise ValueError(f"counts of shape {counts.shape}: expected (seeds, tracks, {len(CLASSES)}, 3)")
    if groups is None:
        return counts
    if len(groups) != counts.shape[1]:
        raise ValueError(f"{len(groups)} groups for {counts.shape[1]} tracks: name the group of each track")
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    pooled = np.zeros((counts.shape[0], index.max(initial=-1) + 1, *counts.shape[2:]))
    np.add.at(pooled, (slice(None), index), counts)
    return pooled


def mean_f1(counts: np.ndarray) -> float:
    """Micro F1 of each seed, averaged over seeds, of `(S, N, 5, 3)` counts."""
    return float(_micro(pool(counts).sum(axis=1)).mean())


def _micro(counts: np.ndarray) -> np.ndarray:
    return f1(counts.sum(axis=-2))


def interval(counts: np.ndarray, groups: Sequence | None = None, seed: int = 0, n_resamples: int = 2_000) -> tuple[float, float]:
    """95 % interval of `mean_f1` over groups of tracks drawn with replacement, the same draw for every seed: (low, high).

    (NaN, NaN) with fewer than two groups.
    """
    pooled = pool(counts, groups)
    return percentile_interval([_micro(sums).mean(axis=1) for sums in _resampled(pooled, n_resamples, seed)])


def difference_interval(
    a: np.ndarray, b: np.ndarray, groups: Sequence | None = None, seed: int = 0, n_resamples: int = 2_000
) -> tuple[float, float]:
    """95 % interval of `mean_f1(a) - mean_f1(b)`, both on the same draws of tracks: (low, high)."""
    a, b = pool(a, groups), pool(b, groups)
    _check_paired(a, b)
    both = zip(_resampled(a, n_resamples, seed), _resampled(b, n_resamples, seed), strict=True)
    return percentile_interval([_micro(one).mean(axis=1) - _micro(other).mean(axis=1) for one, other in both])


def scores_with_intervals(
    counts: np.ndarray, groups: Sequence | None = None, seed: int = 0, n_resamples: int = 2_000
) -> pd.DataFrame:
    """All scores of `(S, N, 5, 3)` counts, a row each: score (as `evaluation.scores` names them), mean, std, ci_low, ci_high.

    Mean and standard deviation over seeds (NaN for one seed); the interval is that of the mean, over tracks.
    """
    pooled = pool(counts, groups)
    by_seed = _all_scores(pooled.sum(axis=1))  # of each name (S,)
    drawn = [_all_scores(sums) for sums in _resampled(pooled, n_resamples, seed)]  # of each name (R, S)
    rows = []
    for name, values in by_seed.items():
        low, high = percentile_interval([_nanmean(part[name]) for part in drawn])
        spread = values[~np.isnan(values)]
        std = float(np.std(spread, ddof=1)) if len(spread) > 1 else np.nan
        rows.append({"score": name, "mean": float(_nanmean(values)), "std": std, "ci_low": low, "ci_high": high})
    return pd.DataFrame(rows)


def _all_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """`evaluation.scores` of many counts at once: `(..., 5, 3)` to arrays `(...)` by name."""
    found = {}
    for measure in (f1, precision, recall):
        by_class = measure(counts)
        found[f"{measure.__name__}_micro"] = measure(counts.sum(axis=-2))
        if measure is f1:
            found["f1_macro"] = _nanmean(by_class)
        found |= {f"{measure.__name__}_{name}": by_class[..., index] for index, name in enumerate(CLASSES)}
    return found


def _nanmean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis without NaN; NaN if all values are NaN."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=-1) / np.where(known.any(axis=-1), known.sum(axis=-1), np.nan)


def _resampled(pooled: np.ndarray, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Sums `(R, S, 5, 3)` over groups drawn with replacement, in batches; nothing for fewer than two groups."""
    for drawn in group_draws(pooled.shape[1], n_resamples, seed):
        yield np.einsum("rg,sgck->rsck", drawn, pooled, optimize=True)


def group_draws(n_groups: int, n_resamples: int = 2_000, seed: int = 0) -> Iterator[np.ndarray]:
    """How often each group is drawn in each resample of a bootstrap: floats `(R, n_groups)` in batches of some resamples, not to be
    written to.

    Multiplying a batch by sums per group gives the resampled sums. Nothing is yielded for fewer than two groups, which say nothing
    about their spread.
    """
    if n_groups < 2:
        return
    if n_resamples * n_groups <= _CELLS:
        yield _only_batch(n_groups, n_resamples, seed)
        return
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS // n_groups)
    for done in range(0, n_resamples, at_once):
        yield _draw(rng, n_groups, min(at_once, n_resamples - done))


@lru_cache(maxsize=4)  # each interval over the same groups has the same draws, and drawing takes longer than what is done with them
def _only_batch(n_groups: int, n_resamples: int, seed: int) -> np.ndarray:
    drawn = _draw(np.random.default_rng(seed), n_groups, n_resamples)
    drawn.flags.writeable = False
    return drawn


def _draw(rng: np.random.Generator, n_groups: int, size: int) -> np.ndarray:
    return rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=size).astype(float)


def resampled_shares(sums: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Shares over groups drawn with replacement, the same groups for all bins: batches `(bins, R)`.

    sums  of each bin `(n_groups, 2)`: how many of the group are counted, and of how many.

    NaN where no group of a bin was drawn; nothing for fewer than two groups.
    """
    return [np.stack([_share_of(drawn @ each) for each in sums]) for drawn in group_draws(len(sums[0]))]


def _share_of(sums: np.ndarray) -> np.ndarray:
    counted, n = sums.T
    return np.divide(counted, n, out=np.full(len(n), np.nan), where=n > 0)


def percentile_interval(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """2.5 and 97.5 % quantiles of resampled values, given in batches; NaN values are left out, (NaN, NaN) if nothing remains."""
    values = np.concatenate(values) if values else np.empty(0)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class SeedSpread:
    """Standard deviation of micro F1 over the seeds of one model, and its degrees of freedom; NaN and 0 if no model has two."""

    sd: float
    dof: int

    def half_width(self, *n_seeds: int) -> float:
        """Half the 95 % interval that seeds alone give a mean over `n_seeds`, or the difference of two means; 0 if unknown."""
        if not self.dof or not all(n_seeds):
            return 0.0
        return float(t.ppf(1 - LEVEL / 2, self.dof)) * self.sd * math.sqrt(sum(1 / n for n in n_seeds))


def seed_spread(values: Iterable[Sequence[float]]) -> SeedSpread:
    """Pooled over models, of each of which the values of its seeds are given."""
    several = [np.asarray(each, dtype=float) for each in values if len(each) > 1]
    dof = sum(len(each) - 1 for each in several)
    squares = sum(((each - each.mean()) ** 2).sum() for each in several)
    return SeedSpread(math.sqrt(squares / dof) if dof else math.nan, dof)


def with_seeds(value: float, low: float, high: float, spread: SeedSpread, *n_seeds: int) -> tuple[float, float]:
    """An interval over groups, widened by what other seeds would have given: independent of it, so that squares add up."""
    half = spread.half_width(*n_seeds)
    return value - math.hypot(value - low, half), value + math.hypot(high - value, half)


def _check_paired(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(f"counts of {a.shape[1]} and {b.shape[1]} tracks: a paired comparison needs the same tracks, in one order")


# --- the paired test ---------------------------------------------------------------------------------------------------


def paired_test(
    a: np.ndarray, b: np.ndarray, groups: Sequence | None = None, seed: int = 0, n_permutations: int = 10_000
) -> tuple[float, float]:
    """Paired permutation test of two systems on the same tracks: (difference of micro F1, two-sided p).

    The difference is `mean_f1(a) - mean_f1(b)`. A track is one observation regardless of the number of seeds: all seeds of a group
    are swapped at once, the first of one system with the first of the other; if one has fewer seeds, they are repeated. With up
    to MOST_EXACT groups all ways of swapping are tried and p is exact; with more, `n_permutations` random ones are tried and
    p = (1 + as extreme) / (1 + tried). p cannot fall below `smallest_p`. Both are NaN if one of the systems has no F1.
    """
    a, b = pool(a, groups), pool(b, groups)
    _check_paired(a, b)
    n_groups, n_seeds = a.shape[1], math.lcm(len(a), len(b))
    a, b = (np.tile(counts.sum(axis=2), (n_seeds // len(counts), 1, 1)) for counts in (a, b))  # (S, G, 3): classes pooled
    totals, change = (a.sum(axis=1), b.sum(axis=1)), (b - a).transpose(1, 0, 2).reshape(n_groups, -1)
    difference = float(np.subtract(*(f1(total).mean() for total in totals)))
    if np.isnan(difference):
        return float("nan"), float("nan")
    extreme, tried = 0, 0
    for swaps in _swaps(n_groups, n_permutations, seed):
        moved = (swaps @ change).reshape(-1, n_seeds, 3)
        found = f1(totals[0] + moved).mean(axis=1) - f1(totals[1] - moved).mean(axis=1)
        extreme += int(np.count_nonzero(~(np.abs(found) < abs(difference) - 1e-12)))  # an undefined F1 counts as extreme
        tried += len(swaps)
    exact = n_groups <= MOST_EXACT  # the observed assignment is then among those tried
    return difference, extreme / tried if exact else (1 + extreme) / (1 + tried)


def _swaps(n_groups: int, n_permutations: int, seed: int):
    """Which groups are swapped, `(R, G)` of 0 and 1, in batches; all ways if there are few groups."""
    if n_groups <= MOST_EXACT:
        yield (np.arange(2**n_groups)[:, None] >> np.arange(n_groups) & 1).astype(float)
        return
    rng = np.random.default_rng(seed)
    at_once = max(1, min(n_permutations, _CELLS // n_groups))
    for done in range(0, n_permutations, at_once):
        yield rng.integers(0, 2, size=(min(at_once, n_permutations - done), n_groups)).astype(float)


def smallest_p(n_groups: int, n_permutations: int = 10_000) -> float:
    """The smallest p that `paired_test` can give: with five tracks 1/16, so that no difference can be significant."""
    return min(1.0, 2.0 ** (1 - n_groups)) if n_groups <= MOST_EXACT else 1 / (1 + n_permutations)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p values corrected for multiple comparisons (Holm 1979), in the order given; NaN stays and is not counted."""
    p_values = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(len(p_values), np.nan)
    order = [index for index in np.argsort(p_values) if not np.isnan(p_values[index])]
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
