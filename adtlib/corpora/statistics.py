"""Contents of the corpora as data frames: hours, onsets, their pace, splits, missing tracks (thesis, chapter 4).

Numbers stated in the thesis come from `CorpusInfo`; all others are counted on disk. A corpus or split that is absent gives rows of
zeros or no rows, never an error. Times are seconds; a unit is a track or, in ADTOF-YT, a sequence.
"""

import re

import numpy as np
import pandas as pd

from adtlib.audio.features import FPS
from adtlib.corpora.base import Corpus
from adtlib.corpora.store import Prepared, Unit
from adtlib.markup import in_markdown
from adtlib.onsets.frames import SEGMENT_FRAMES, Onsets, seconds_to_frames
from adtlib.vocabulary import CLASSES

TOGETHER = 0.03  # seconds within which a drummer's strokes count as simultaneous
# .../1_jazz-swing_178_beat_4-4_2: number, style (and variety), tempo, kind, metre, recording of E-GMD
_PERFORMANCE = re.compile(r"/\d+_(?P<style>[a-z]+)[^/_]*_(?P<tempo>\d+)_(?P<kind>beat|fill)_(?P<metre>\d+-\d+)")


# --- on disk -----------------------------------------------------------------------------------------------------------


def state(corpus: Corpus) -> str:
    """One word: "generated" for a miniature, else "complete", "incomplete" or "absent"."""
    if corpus.miniature:
        return "generated"
    found = sum(corpus.found(split) for split in corpus.splits)
    if not found:
        return "absent"
    return "complete" if found >= (corpus.expected() or 0) and not corpus.missing() else "incomplete"


def split_table(corpus: Corpus, prepared: Prepared) -> pd.DataFrame:
    """A row for each split of one corpus.

    Columns: corpus, split, unit; units_thesis and sequences_thesis as stated in the thesis; found (on disk), usable (prepared
    without error), sequences (of 4 s, the last of a track filled up), hours, onsets, and the onsets of each class.
    """
    rows = []
    for split in corpus.splits:
        totals = prepared.totals(split)
        units = prepared.units(split) if split in prepared.splits else []
        rows.append(
            {
                "corpus": corpus.info.name,
                "split": split,
                "unit": corpus.info.unit,
                "units_thesis": corpus.info.n_units.get(split),
                "found": corpus.found(split),
                "usable": totals.n_units,
                "sequences_thesis": corpus.info.sequences.get(split),
                "sequences": sum(-(-unit.n_frames // SEGMENT_FRAMES) for unit in units),
                "hours": totals.hours,
                "onsets": sum(totals.onset_counts),
                **dict(zip(CLASSES, totals.onset_counts, strict=True)),
            }
        )
    whole = {"units_thesis": "Int64", "sequences_thesis": "Int64"}  # a user's own corpus has neither
    return pd.DataFrame(rows).astype(whole)


def overview_table(corpora: dict[str, Corpus], splits: pd.DataFrame) -> pd.DataFrame:
    """A row for each corpus: its kind, its size in the thesis, and how much of it was found.

    splits  the concatenated `split_table`s of all corpora.
    """
    rows = []
    for name, corpus in corpora.items():
        found, info = splits[splits["corpus"] == name], corpus.info
        rows.append(
            {
                "corpus": name,
                "accompaniment": "yes" if info.accompaniment else "no",
                "synthetic": "yes" if info.synthetic else "no",
                "unit": info.unit,
                "hours_thesis": info.hours,
                "hours": found["hours"].sum(),
                "tracks_thesis": info.n_tracks,
                "usable": int(found["usable"].sum()),
                "onsets": int(found["onsets"].sum()),
                "state": state(corpus),
            }
        )
    return pd.DataFrame(rows)


def remedy_table(corpora: dict[str, Corpus]) -> pd.DataFrame:
    """A row for each corpus: its state, the first missing track, licence, download in GB, how to get it and where."""
    rows = []
    for name, corpus in corpora.items():
        missing = corpus.missing()
        rows.append(
            {
                "corpus": name,
                "state": state(corpus),
                "missing": len(missing),
                "first_missing": missing[0] if missing else "–",
                "licence": corpus.info.licence,
                "download_gb": corpus.info.disk_gb,
                "how_to_get_it": corpus.info.remedy,
                "address": corpus.info.url,
            }
        )
    return pd.DataFrame(rows)


def class_counts(splits: pd.DataFrame, by: str = "corpus") -> pd.DataFrame:
    """Onsets of each class (columns) by corpus or split (index), without corpora or splits that have none."""
    counts = splits.groupby(by, sort=False)[list(CLASSES)].sum()
    return counts[counts.sum(axis=1) > 0]


def frequency_sentences(counts: pd.DataFrame) -> list[str]:
    """A sentence on the most and the least frequent class for each row of `class_counts`."""
    sentences = []
    for corpus, row in counts.iterrows():
        share = 100 * row[list(CLASSES)].astype(float) / max(row[list(CLASSES)].sum(), 1)
        most, least = share.idxmax(), share.idxmin()
        sentences.append(f"{corpus}: most strokes are {most} ({share[most]:.0f} %), fewest {least} ({share[least]:.0f} %)")
    return sentences


def data_sentence(corpus: Corpus, units: pd.DataFrame) -> str:
    """What is shown of a corpus, in Markdown: generated or real, how many units, how long they are, which class is rare."""
    name, what = in_markdown(corpus.info.name), f"{corpus.info.unit}s"
    if units.empty:
        return f"Nothing of {name} was found, so nothing of it is shown here."
    seconds = units["seconds"]
    if corpus.miniature:
        start = f"**What is shown here is generated.** {len(units):,} {what} stand in for {name}"
    else:
        start = f"**What is shown here is {name} itself**, {len(units):,} {what} of it"
    length = f"{seconds.min():.0f} s" if seconds.nunique() == 1 else f"{seconds.min():.1f} to {seconds.max():.1f} s"
    (classes,) = frequency_sentences(units[list(CLASSES)].sum().to_frame("").T.rename(index={"": "in them"}))
    classes = classes.replace("in them: ", "")
    return f"{start}, {length} long, {seconds.sum() / 3600:.2f} h in all; {classes}."


# --- playing -----------------------------------------------------------------------------------------------------------


def simultaneous_onsets(onsets: Onsets) -> tuple[np.ndarray, np.ndarray]:
    """Strokes that sound together: (times in seconds, number of classes at each), for onsets of one recording.

    A group lasts `TOGETHER` seconds from its first stroke.
    """
    times = np.concatenate(onsets)
    classes = np.repeat(np.arange(len(CLASSES)), [len(part) for part in onsets])
    order = np.argsort(times, kind="stable")
    starts, members = [], []
    for time, index in zip(times[order].tolist(), classes[order].tolist(), strict=True):
        if not starts or time >= starts[-1] + TOGETHER:
            starts.append(time)
            members.append(set())
        members[-1].add(index)
    return np.array(starts), np.array([len(group) for group in members], dtype=np.int64)


def unit_table(*corpora: Prepared) -> pd.DataFrame:
    """A row for each unit: corpus, split, id, seconds, onsets of each class, density, rate, together_1 to together_5.

    density     onsets a second.
    rate        1 / median interval between successive groups of `simultaneous_onsets`, in Hz: the pace. NaN below 3 groups.
    together_k  number of groups of k classes.
    """
    together = [f"together_{k}" for k in range(1, len(CLASSES) + 1)]
    columns = ["corpus", "split", "id", "seconds", *CLASSES, "density", "rate", *together]
    rows = []
    for prepared in corpora:
        for split, unit in _units(prepared):
            onsets = unit.onsets
            times, sizes = simultaneous_onsets(onsets)
            counts = [len(part) for part in onsets]
            rate = 1 / np.median(np.diff(times)) if len(times) > 2 else np.nan
            sizes = np.bincount(sizes, minlength=len(CLASSES) + 1)[1:].tolist()
            density = sum(counts) / unit.duration if unit.n_frames else np.nan
            rows.append([prepared.corpus_name, split, unit.id, unit.duration, *counts, density, rate, *sizes])
    return pd.DataFrame(rows, columns=columns)


def _units(prepared: Prepared) -> list[tuple[str, Unit]]:
    return [(split, unit) for split in prepared.splits for unit in prepared.units(split)]


def polyphony(units: pd.DataFrame) -> pd.DataFrame:
    """Share of groups of 1 to 5 simultaneous classes (columns) in each corpus (index); rows sum to 1."""
    sums = units.groupby("corpus", sort=False)[[f"together_{k}" for k in range(1, len(CLASSES) + 1)]].sum()
    sums.columns = range(1, len(CLASSES) + 1)
    sums = sums[sums.sum(axis=1) > 0]
    return sums.div(sums.sum(axis=1), axis=0)


def performance_table(prepared: Prepared) -> pd.DataFrame:
    """Facts in the names of E-GMD's recordings: split, id, style, tempo (beats a minute), kind (beat or fill), metre, seconds."""
    rows = []
    for split, unit in _units(prepared):
        if found := _PERFORMANCE.search(unit.id):
            rows.append([split, unit.id, found["style"], int(found["tempo"]), found["kind"], found["metre"], unit.duration])
    return pd.DataFrame(rows, columns=["split", "id", "style", "tempo", "kind", "metre", "seconds"])


def annotation_offsets(prepared: Prepared, reach: int = 5, limit: int = 2_000) -> np.ndarray:
    """Delay of the sound behind its annotation in seconds, exact to a frame: an entry for each group of `simultaneous_onsets`.

    The sound begins at the frame of the steepest rise: of the frames within `reach` of the annotation, the one with the largest
    sum of increases over the bands (spectral flux). At most `limit` units are used, evenly spread.
    """
    units = [unit for _, unit in _units(prepared)]
    if len(units) > limit:
        units = [units[index] for index in np.linspace(0, len(units) - 1, limit).astype(int)]
    found = []
    for unit in units:
        frames = seconds_to_frames(simultaneous_onsets(unit.onsets)[0])
        flux = np.maximum(np.diff(np.asarray(unit.features, dtype=np.float32), axis=0), 0).sum(axis=1)  # (T - 1,): into frame t + 1
        frames = frames[(frames > reach) & (frames < len(flux) - reach)]
        if len(frames):
            around = flux[frames[:, None] - 1 + np.arange(-reach, reach + 1)]  # (groups, 2 reach + 1)
            found.append((around.argmax(axis=1) - reach) / FPS)
    return np.concatenate(found) if found else np.empty(0)
