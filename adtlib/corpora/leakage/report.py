"""Results of the leakage check as a table, and a trial of its reliability with copies made on purpose."""

import io
from itertools import combinations

import numpy as np
import pandas as pd
import soundfile

from adtlib.audio.features import HOP_LENGTH, SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.corpora.base import Corpus, CorpusError
from adtlib.corpora.leakage.search import MIN_SECONDS, block_similarity, shared_sounds
from adtlib.corpora.store import HeldUnit, Prepared

KINDS = ("copy", "sound", "loop", "rhythm")
SHIFT = 123.45  # frames, so that a copy's frames lie between the original's
EXCERPT = 12.0  # seconds of each recording tried
STRONGEST = 5  # offsets at which two unrelated recordings are compared


def leak_table(prepared: list[Prepared], leaks: pd.DataFrame) -> pd.DataFrame:
    """A row for each two splits of a corpus and each two corpora: how many units of either share something with the other.

    Columns: compared, splits, units and other_units (numbers compared), the number of pairs for each of KINDS, and affected and
    other_affected, the units in any of the pairs.
    """
    sizes = {(corpus.corpus_name, split): len(corpus.units(split)) for corpus in prepared for split in corpus.splits}
    rows = []
    for corpus in prepared:
        name = corpus.corpus_name
        for first, second in combinations(corpus.splits, 2):
            part = _between(leaks, leaks["split"].eq(first) & leaks["other_split"].eq(second), name, name)
            rows.append(_row(name, f"{first} – {second}", sizes[name, first], sizes[name, second], part))
    for first, second in combinations([corpus.corpus_name for corpus in prepared], 2):
        totals = [sum(size for (name, _), size in sizes.items() if name == one) for one in (first, second)]
        rows.append(_row(f"{first} – {second}", "all", *totals, _between(leaks, True, first, second)))
    return pd.DataFrame(rows)


def _between(leaks: pd.DataFrame, also, first: str, second: str) -> pd.DataFrame:
    return leaks[leaks["corpus"].eq(first) & leaks["other_corpus"].eq(second) & also]


def _row(compared: str, splits: str, n: int, m: int, part: pd.DataFrame) -> dict:
    counts = {kind: int((part["what"] == kind).sum()) for kind in KINDS}
    affected = {"affected": len(part[["split", "id"]].drop_duplicates())}
    others = {"other_affected": len(part[["other_split", "other_id"]].drop_duplicates())}
    return {"compared": compared, "splits": splits, "units": n, "other_units": m, **counts, **affected, **others}


# --- the trial ---------------------------------------------------------------------------------------------------------


def treatments(rng: np.random.Generator) -> dict:
    """Ways in which a copy may differ, by name, as functions of a mono waveform."""

    def shifted(waveform):
        return waveform[round(SHIFT * HOP_LENGTH) :]

    def noisy(waveform, decibel):
        level = np.sqrt(np.mean(waveform**2)) * 10 ** (-decibel / 20)
        return waveform + rng.normal(0, 1, len(waveform)).astype(np.float32) * level

    return {
        "other offset": shifted,
        "6 dB louder": lambda waveform: waveform * 2,
        "6 dB softer": lambda waveform: waveform / 2,
        "MP3": as_mp3,
        "noise at −20 dB": lambda waveform: noisy(waveform, 20),
        "noise at −10 dB": lambda waveform: noisy(waveform, 10),
        "offset, softer, MP3": lambda waveform: as_mp3(shifted(waveform) / 2),
    }


def as_mp3(waveform: np.ndarray) -> np.ndarray:
    """The waveform after a lossy codec: MP3 at a constant rate of about 56 kbit/s."""
    buffer = io.BytesIO()
    # The format clips samples beyond 1, so the level is reduced and restored.
    peak = max(float(np.abs(waveform).max(initial=0)), 1.0)
    soundfile.write(buffer, waveform / peak, SAMPLE_RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0] * peak


def detection_trial(corpora: dict[str, Corpus], a_corpus: int = 2, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make copies of recordings and search for them: (a row for each treatment, a row for each comparison).

    Used are the first `a_corpus` readable recordings of each corpus with audio, at most 12 s of each. The first table: treatment,
    copies, found, false_alarms (copies matched with another recording). The second: treatment, corpus, similarity of the copy at
    its true offset; treatment "another recording" compares two recordings where their strokes coincide best.
    """
    originals, names = [], []
    for name, corpus in corpora.items():
        for waveform in _excerpts(corpus, a_corpus):
            originals.append(waveform)
            names.append(name)
    units = [_trial_unit(waveform) for waveform in originals]
    summary, points = [], []
    for treatment, change in treatments(np.random.default_rng(seed)).items():
        copies = [_trial_unit(np.ascontiguousarray(change(waveform))) for waveform in originals]
        rows = shared_sounds(units + copies, [0] * len(units) + [1] * len(copies))
        pairs = {(i, j - len(units)) for _, i, j, *_ in rows}
        right = sum(i == j for i, j in pairs)
        summary.append({"treatment": treatment, "copies": len(copies), "found": right, "false_alarms": len(pairs) - right})
        shift = round(SHIFT) if "offset" in treatment else 0
        for name, unit, copy in zip(names, units, copies, strict=True):
            best = max(_median_similarity(unit.features[max(0, shift + d) :], copy.features) for d in range(-4, 5))
            points.append([treatment, name, best])
    for i, j in combinations(range(len(units)), 2):
        points.append(["another recording", names[i], _best_similarity(units[i].features, units[j].features)])
    columns = ["treatment", "copies", "found", "false_alarms"]
    return pd.DataFrame(summary, columns=columns), pd.DataFrame(points, columns=["treatment", "corpus", "similarity"])


def _excerpts(corpus: Corpus, count: int):
    """Waveforms of the first recordings of a corpus, the middle 12 s of each; none without audio."""
    if corpus.info.unit != "track":
        return
    for track in corpus.tracks():
        if count == 0:
            return
        try:
            waveform = corpus.read_audio(track)
        except (AudioError, CorpusError):
            continue  # `adt prepare` reports it
        length = round(EXCERPT * SAMPLE_RATE)
        first = max(0, (len(waveform) - length) // 2)
        if len(waveform) >= 6 * SAMPLE_RATE and np.abs(waveform).max() > 0:
            count -= 1
            yield waveform[first : first + length]


def _trial_unit(waveform: np.ndarray) -> HeldUnit:
    return HeldUnit(log_filter_spectrogram(waveform).astype(np.float16))


def _median_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Median similarity of two aligned recordings over their seconds."""
    values = block_similarity(a[: len(b)], b[: len(a)])
    return float(np.median(values)) if len(values) else 0.0


def _best_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """The similarity that two recordings reach in `MIN_SECONDS` seconds at the offset where their strokes coincide best."""
    flux = [np.maximum(np.diff(np.asarray(x, np.float32), axis=0), 0).sum(axis=1) for x in (a, b)]
    agreement = np.correlate(flux[0] - flux[0].mean(), flux[1] - flux[1].mean(), "full")
    best = 0.0
    for offset in np.argsort(agreement)[-STRONGEST:] - (len(flux[1]) - 1):
        start, end = max(0, offset), min(len(a), len(b) + offset)
        values = np.sort(block_similarity(a[start:end], b[start - offset : end - offset]))
        if len(values) >= MIN_SECONDS:
            best = max(best, float(values[-MIN_SECONDS]))
    return best
