"""Analysis of errors (beyond the thesis, section 6.2): every stroke and every estimate with its circumstances.

Within a class strokes and estimates are matched as in scoring. The unmatched ones are then matched across classes: a missed stroke
and an invented estimate of another class within the tolerance are a confusion. Counts by class equal those of `metrics`, so that
the analysis and the scores count the same errors.
"""

import numpy as np
import pandas as pd

from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import GRID_SLACK, TOLERANCE, match_onsets
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

NOTHING = "nothing"


NEAR = 0.15  # seconds: largest distance of a stroke and an unmatched estimate of its class that is a near miss


TOGETHER = 0.03  # seconds within which strokes count as simultaneous


AROUND = 0.5  # seconds to either side over which the density of strokes is computed


COLUMNS = ["event", "class", "partner", "time", "difference", "velocity", "energy", "others", "doubled", "density"]


def closest_pairs(first: np.ndarray, second: np.ndarray, reach: float) -> list[tuple[int, int]]:
    """Pairs (i, j) of two sorted arrays of times at most `reach` apart, the closest first, each time in one pair at most."""
    low, high = np.searchsorted(second, first - reach, "left"), np.searchsorted(second, first + reach, "right")
    candidates = [(abs(second[j] - first[i]), i, j) for i in range(len(first)) for j in range(low[i], high[i])]
    used_first, used_second, pairs = set(), set(), []
    for _, i, j in sorted(candidates):
        if i not in used_first and j not in used_second:
            used_first.add(i)
            used_second.add(j)
            pairs.append((i, j))
    return pairs


def unit_events(
    reference: Onsets,
    estimate: Onsets,
    duration: float,
    tolerance: float = TOLERANCE,
    velocity: Onsets | None = None,
    energy: Onsets | None = None,
) -> pd.DataFrame:
    """A row for each stroke of one recording (hit or missed) and each estimate that matches none (invented).

    event       hit, missed or invented.
    class       of the stroke, for invented ones of the estimate.
    partner     for missed ones the class estimated instead, for invented ones the class of the stroke missed there, or nothing.
    time        seconds, of the stroke, for invented ones of the estimate.
    difference  estimate minus stroke in seconds: for hits of the match; for missed ones of the nearest unmatched estimate of the
                class within 0.15 s, else NaN.
    velocity, energy  loudness of the stroke; NaN if not given.
    others      number of other classes struck within 30 ms.
    doubled     for invented ones whether the class itself is struck within 30 ms, a second detection; False for strokes.
    density     strokes a second of all classes in the second around, without this one.
    """
    parts = []
    for c in range(len(CLASSES)):
        parts += _class_events(
            c, reference[c], estimate[c], tolerance, _given(velocity, reference, c), _given(energy, reference, c)
        )
    table = pd.concat(parts, ignore_index=True)
    table["partner"] = _partners(table, tolerance)
    near = _near_strokes(table["time"].to_numpy(), reference)
    own = near[np.arange(len(table)), table["class"].to_numpy()]
    table["others"] = near.sum(axis=1) - own
    table["doubled"] = own & (table["event"] == "invented").to_numpy()
    table["density"] = _density(table, reference, duration)
    table["class"] = [CLASSES[c] for c in table["class"]]
    return table[COLUMNS]


def _given(values: Onsets | None, reference: Onsets, c: int) -> np.ndarray:
    return np.full(len(reference[c]), np.nan) if values is None else np.asarray(values[c], dtype=float)


def _class_events(c, truth, found, tolerance, velocity, energy) -> list[pd.DataFrame]:
    """Hits and misses, then inventions, of one class."""
    pairs = match_onsets(truth, found, tolerance)
    event = np.full(len(truth), "missed", dtype=object)
    event[pairs[:, 0]] = "hit"
    difference = np.full(len(truth), np.nan)
    difference[pairs[:, 0]] = found[pairs[:, 1]] - truth[pairs[:, 0]]
    missed, invented = np.flatnonzero(event == "missed"), np.setdiff1d(np.arange(len(found)), pairs[:, 1])
    for i, j in closest_pairs(truth[missed], found[invented], NEAR + GRID_SLACK):
        difference[missed[i]] = found[invented[j]] - truth[missed[i]]
    strokes = {"event": event, "class": c, "time": truth, "difference": difference, "velocity": velocity, "energy": energy}
    nothing = np.full(len(invented), np.nan)
    extra = {
        "event": "invented",
        "class": c,
        "time": found[invented],
        "difference": nothing,
        "velocity": nothing,
        "energy": nothing,
    }
    types = {"class": "int64", "time": "float64", "difference": "float64", "velocity": "float64", "energy": "float64"}
    return [pd.DataFrame(part).astype({"event": "object"} | types) for part in (strokes, extra)]


def _partners(table: pd.DataFrame, tolerance: float) -> np.ndarray:
    """For missed strokes the class estimated there, for invented estimates the class missed there."""
    partner = np.full(len(table), "", dtype=object)
    order = table.sort_values(["time", "class"], kind="stable")
    missed, invented = order.index[order["event"] == "missed"], order.index[order["event"] == "invented"]
    partner[missed] = partner[invented] = NOTHING
    times = table["time"].to_numpy()
    for i, j in closest_pairs(times[missed], times[invented], tolerance + GRID_SLACK):
        partner[missed[i]] = CLASSES[table["class"].iat[invented[j]]]
        partner[invented[j]] = CLASSES[table["class"].iat[missed[i]]]
    return partner


def _near_strokes(times: np.ndarray, reference: Onsets) -> np.ndarray:
    """Which classes are struck within 30 ms of each time: booleans (n, 5)."""
    near = np.zeros((len(times), len(reference)), dtype=bool)
    for c, strokes in enumerate(reference):
        low, high = (
            np.searchsorted(strokes, times + sign * (TOGETHER + GRID_SLACK), side) for sign, side in ((-1, "left"), (1, "right"))
        )
        near[:, c] = high > low
    return near


def unstruck_moments(reference: Onsets, duration: float) -> np.ndarray:
    """How often a class could have been invented: moments of 60 ms in which it is not struck, by number of others struck, `(5,)`.

    Index k: frames with k classes struck within 30 ms, counted once for every other class, in moments (60 ms are 6 frames, the span
    around a single stroke). With all five classes struck none can be invented.

    An invented estimate with k other classes struck (`others` in `unit_events`, without `doubled`) lies in one of the moments k:
    the ratio shows whether sounding drums cause inventions. The share of inventions among the estimates of a bin does not, since a
    hit in the same bin has one more sounding drum.
    """
    frames = np.arange(np.ceil(duration * FPS - GRID_SLACK)) / FPS  # estimates lie on frames
    n_frames = np.bincount(_near_strokes(frames, reference).sum(axis=1), minlength=len(CLASSES) + 1)[: len(CLASSES)]
    return n_frames * (len(CLASSES) - np.arange(len(CLASSES))) / (2 * TOGETHER * FPS)


def _density(table: pd.DataFrame, reference: Onsets, duration: float) -> np.ndarray:
    """Strokes a second around each row's time, without itself; at the edges of the recording over what is left of the second."""
    strokes, times = np.sort(np.concatenate(reference)), table["time"].to_numpy()
    inside = np.searchsorted(strokes, times + AROUND, "right") - np.searchsorted(strokes, times - AROUND, "left")
    own = (table["event"] != "invented").to_numpy()
    length = np.minimum(times + AROUND, np.maximum(duration, times)) - np.maximum(times - AROUND, 0)
    return (inside - own) / np.maximum(length, 1e-9)


def confusions(events: pd.DataFrame) -> pd.DataFrame:
    """Counts `(6, 6)` of one corpus: classes struck (rows) by classes estimated (columns), `nothing` last in both.

    The diagonal has hits; row `nothing` has inventions where no stroke was missed, column `nothing` misses where no other class was
    invented. The last cell is not counted.
    """
    names = [*CLASSES, NOTHING]
    table = pd.DataFrame(0, index=pd.Index(names, name="struck"), columns=pd.Index(names, name="heard"))
    for name, part in events[events["event"] == "hit"].groupby("class"):
        table.loc[name, name] = len(part)
    for (name, partner), part in events[events["event"] == "missed"].groupby(["class", "partner"]):
        table.loc[name, partner] = len(part)
    alone = events[(events["event"] == "invented") & (events["partner"] == NOTHING)]
    for name, part in alone.groupby("class"):
        table.loc[NOTHING, name] = len(part)
    return table


FEW = 30  # strokes, estimates or moments below which a share is marked, and shares are not compared


FEW_MARK = "†"
