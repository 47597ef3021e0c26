"""Recordings that splits or corpora share, found by sound and by performance: they would make a test worthless.

Four findings (`what`), of units in different splits of a corpus or in different corpora:

copy      features equal to the last bit
sound     the same recording, possibly at another offset or level, by another codec, or in part: fingerprints find candidates, and
          each is then compared second by second, band by band
loop      as sound, but the shared part is as similar to itself a little later, so two recordings of one loop are a possible cause
rhythm    the same performance on another instrument, as on E-GMD's many kits (see `rhythms`); tracks only

Not found: parts shorter than `MIN_SECONDS`, at another speed or pitch, or masked by other sound. Memory does not depend on the size
of the corpora; each feature is read once, and those of candidates again.
"""

import hashlib
import warnings
from itertools import groupby

import numpy as np
import pandas as pd
from tqdm import tqdm

from adtlib.audio.features import FPS
from adtlib.corpora.leakage.fingerprints import FLOOR, FingerprintIndex
from adtlib.corpora.leakage.rhythms import shared_rhythms
from adtlib.corpora.store import Prepared, Unit

MIN_VOTES = 3  # hashes that agree on an offset for two units to be compared
MIN_SECONDS = 2  # that must be shared: half a sequence
SAME = 0.8  # similarity from which a second is the same sound
OFFSETS_TRIED = 3  # for a pair of units
MAX_COMPARED = 300_000  # pairs of units, some minutes; the most likely first, as drum machines and sampled kits match by chance
BLOCK = round(FPS)  # frames: a second
LOOP_MARGIN = 0.03  # by which two recordings must be more similar than either is to itself later on
LOOP_LAGS = 20, 800  # frames: a shorter period is a tone, a longer one no loop
LAGS_TRIED = 12
LONGEST_LOOP_TEST = 3_000  # frames
COLUMNS = ["what", "corpus", "split", "id", "other_corpus", "other_split", "other_id", "offset", "seconds", "similarity"]


def find_leaks(prepared: list[Prepared], progress: bool = True) -> pd.DataFrame:
    """A row for each two units of different splits or corpora that share sound or rhythm; empty if none do.

    COLUMNS: what (see above); corpus, split, id of both; offset, by how many seconds it is later in the first; seconds
    shared; similarity of the shared seconds (1: equal), for a rhythm the share of its strokes.
    """
    owners, units = _groups(prepared)
    numbers = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    if len(numbers) < 2:
        return pd.DataFrame(columns=COLUMNS)
    groups = [numbers[owner] for owner in owners]
    rows = shared_sounds(units, groups, progress)
    tracks = [number for number, (c, _) in enumerate(owners) if prepared[c].unit == "track"]
    for i, j, *rest in shared_rhythms([units[n] for n in tracks], [groups[n] for n in tracks]):
        rows.append(("rhythm", tracks[i], tracks[j], *rest))
    return _table(rows, units, [(prepared[c].corpus_name, split) for c, split in owners])


def shared_sounds(units: list[Unit], groups: list[int], progress: bool = False) -> list[tuple]:
    """(what, i, j, offset, seconds, similarity) of units i < j that share sound, if their `groups` differ."""
    rows, seen = [], {}
    with FingerprintIndex(sum(unit.n_frames for unit in units)) as index:
        for number, unit in enumerate(tqdm(units, desc="fingerprints", unit="unit", disable=not progress)):
            features = np.ascontiguousarray(unit.features)
            index.add(features, groups[number])
            for other in _copies(seen, features, number, groups):
                rows.append(("copy", other, number, 0.0, unit.duration, 1.0))
        found = index.pairs(MIN_VOTES)
    copies = {(i, j) for _, i, j, *_ in rows}
    candidates = [(pair, [row[2] for row in part]) for pair, part in groupby(found.tolist(), key=lambda row: (row[0], row[1]))]
    if len(candidates) > MAX_COMPARED:
        candidates = _most_likely(candidates, found)
    for (i, j), offsets in tqdm(candidates, desc="comparing", unit="pair", disable=not progress):
        if (i, j) not in copies and (shared := compare(units[i], units[j], offsets[:OFFSETS_TRIED])):
            what, *rest = shared
            rows.append((what, i, j, *rest))
    return rows


def _most_likely(candidates: list, found: np.ndarray) -> list:
    """The MAX_COMPARED pairs with the most votes; a warning states how many there were."""
    pairs, firsts = np.unique(found[:, :2], axis=0, return_index=True)  # the first row of a pair has the most votes
    likeliest = np.argsort(-found[firsts, 3], kind="stable")[:MAX_COMPARED]
    fewest = int(found[firsts[likeliest], 3].min())
    warnings.warn(
        f"{len(candidates):,} pairs of recordings share fingerprints; the {MAX_COMPARED:,} that share most were compared, each at "
        f"least {fewest}: to compare the others, check fewer corpora at once",
        stacklevel=3,
    )
    wanted = {tuple(pair) for pair in pairs[likeliest].tolist()}
    return [candidate for candidate in candidates if candidate[0] in wanted]


def _groups(prepared: list[Prepared]) -> tuple[list[tuple[int, str]], list[Unit]]:
    """(corpus and split, unit) of all units, as two lists."""
    groups, units = [], []
    for c, corpus in enumerate(prepared):
        for split in corpus.splits:
            for unit in corpus.units(split):
                groups.append((c, split))
                units.append(unit)
    return groups, units


def _copies(seen: dict, features: np.ndarray, number: int, groups: list[int]) -> list[int]:
    """The first unit of each other group with equal features; silence is not compared."""
    if not len(features) or features.max() <= FLOOR or (features == features[0]).all():
        return []
    key = hashlib.blake2b(features, digest_size=16).digest()
    firsts = seen.setdefault(key, {})
    firsts.setdefault(groups[number], number)
    return [other for group, other in firsts.items() if group != groups[number]]


def compare(first: Unit, second: Unit, offsets: list[int]) -> tuple[str, float, float, float] | None:
    """(what, offset in seconds, seconds shared, similarity) at the best of some offsets; None if too little is shared.

    An offset is the frame of a sound in `first` minus its frame in `second`; one frame to either side is tried too.
    """
    a, b = np.asarray(first.features, np.float32), np.asarray(second.features, np.float32)
    best = None
    for offset in dict.fromkeys(near + step for near in offsets for step in (0, -1, 1)):
        start, end = max(0, offset), min(len(a), len(b) + offset)
        values = block_similarity(a[start:end], b[start - offset : end - offset])
        same = values >= SAME
        score = float(values[same].sum())
        if same.sum() >= MIN_SECONDS and (best is None or score > best[0]):
            best = score, offset, start, same, float(values[same].mean())
    if best is None:
        return None
    _, offset, start, same, value = best
    blocks = [a[start + k * BLOCK : start + (k + 1) * BLOCK] for k in np.flatnonzero(same)]
    what = "loop" if repetition(np.concatenate(blocks)) > value - LOOP_MARGIN else "sound"
    return what, offset / FPS, float(same.sum()), value


def block_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Similarity of two aligned `(T, 84)` features, second by second: `(T // 100,)` in [-1, 1].

    The correlation over all bands and frames of a second after subtracting the mean of each band, so that neither the spectrum
    common to such music nor the level counts. 0 in silence.
    """
    n = min(len(a), len(b)) // BLOCK
    a, b = (x[: n * BLOCK].astype(np.float32).reshape(n, BLOCK, x.shape[1]) for x in (a, b))
    audible = (a.max(axis=(1, 2), initial=0) > FLOOR) & (b.max(axis=(1, 2), initial=0) > FLOOR)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norms = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    return np.where(audible & (norms > 0), (a * b).sum(axis=(1, 2)) / np.maximum(norms, 1e-12), 0.0)


def repetition(features: np.ndarray) -> float:
    """Similarity of `(T, 84)` features to themselves at the best of the lags from 0.2 to 8 s: 1 for an exact loop."""
    features = np.asarray(features[:LONGEST_LOOP_TEST], dtype=np.float32)
    lags = np.arange(LOOP_LAGS[0], min(LOOP_LAGS[1], len(features) - BLOCK) + 1)
    if not len(lags):
        return 0.0
    centred = features - features.mean(axis=0)
    spectrum = np.fft.rfft(centred, 2 * len(features), axis=0)  # (T + 1, 84)
    products = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1))[lags]  # autocorrelation at all lags
    energy = np.concatenate([[0], np.cumsum((centred**2).sum(axis=1, dtype=np.float64))])
    norms = np.sqrt(energy[len(features) - lags] * (energy[-1] - energy[lags]))
    likely = lags[np.argsort(products / np.maximum(norms, 1e-12))[-LAGS_TRIED:]]
    return max(float(block_similarity(features[:-lag], features[lag:]).mean()) for lag in likely)


def _table(rows: list[tuple], units: list[Unit], names: list[tuple[str, str]]) -> pd.DataFrame:
    """Rows of unit numbers as a table of names, the most certain findings first."""
    named = [[what, *names[a], units[a].id, *names[b], units[b].id, *rest] for what, a, b, *rest in rows]
    table = pd.DataFrame(named, columns=COLUMNS)
    order = {"copy": 0, "sound": 1, "loop": 2, "rhythm": 3}
    keys = table.assign(rank=table["what"].map(order), shared=-table["seconds"].astype(float))
    return table.loc[keys.sort_values(["rank", "shared", "corpus", "split", "id"], kind="stable").index].reset_index(drop=True)
