"""Counts where in a bar drummers strike: adtlib/notation/beat_positions.csv.

    ADT_DATA=FOLDER python benchmarks/beat_positions.py

From performances in 4/4 of the training split of the Groove MIDI Dataset, in passages of eight bars. Each passage is binary or
ternary, whichever fits it better; then the passages of a metre are clustered for each class, by the shares of its strokes at the
positions of a bar (hard EM for mixtures of multinomials). Both begin with what drum books distinguish. Soft strokes on the snare
drum are left out, as they are seldom heard in a recording. What the dataset lacks is added: even triplets on hi-hat and cymbals,
and in ternary bars a backbeat in half time.
"""

import csv
from typing import NamedTuple

import mido
import numpy as np

from adtlib import paths
from adtlib.notation.beat_model import BEATS_A_BAR, METRES, POSITIONS
from adtlib.vocabulary import CLASSES, ROLAND

BARS = 8  # of a passage
FEWEST = 16  # strokes of a passage
SOFTEST_SNARE = 45  # velocity
SCATTER, CHANCE = 0.02, 0.1  # as in beat_model: seconds around a position; share of strokes that are anywhere
LARGEST_OFFSET = 0.04  # seconds by which a passage may be late or early as a whole
FLOOR = 0.03  # share that is spread evenly
OFTEN = {"half time": 0.02, "triplets": 0.1}  # share of beats in which an added way is played: assumed
WAYS = {
    ("binary", "KD"): ("on 1 and 3", "free"),
    ("binary", "SD"): ("backbeat", "free"),
    ("binary", "TT"): ("grooves", "fills"),
    ("binary", "HH"): ("quarters", "eighths", "sixteenths", "off-beats"),
    ("binary", "CY"): ("quarters", "eighths", "sixteenths", "crash"),
    ("ternary", "KD"): ("on 1 and 3", "free"),
    ("ternary", "SD"): ("backbeat", "free"),
    ("ternary", "TT"): ("grooves", "fills"),
    ("ternary", "HH"): ("on 2 and 4", "swung"),
    ("ternary", "CY"): ("quarters", "swung", "crash"),
}


class Passage(NamedTuple):
    beats: np.ndarray  # of strokes, from a bar line
    classes: np.ndarray
    bpm: float


def groove_rows(root, training: bool) -> list[dict]:
    """Rows of the dataset's table: performances in 4/4, of the training split or of the others."""
    with open(root / "info.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["time_signature"] == "4-4" and row["beat_type"] == "beat"]
    return [row for row in rows if (row["split"] == "train") == training]


def passages(root) -> list[Passage]:
    found = []
    for row in groove_rows(root, training=True):
        file, tick, struck = mido.MidiFile(root / row["midi_filename"]), 0, []
        for message in mido.merge_tracks(file.tracks):
            tick += message.time
            if message.type == "note_on" and message.velocity and message.note in ROLAND.classes:
                index = ROLAND.class_index(message.note)
                if CLASSES[index] != "SD" or message.velocity >= SOFTEST_SNARE:
                    struck.append((tick / file.ticks_per_beat, index))
        beats, classes = np.array(struck, dtype=float).reshape(-1, 2).T
        number = beats // (BARS * BEATS_A_BAR)
        for value in np.unique(number) if len(beats) >= FEWEST else ():
            inside = number == value
            if inside.sum() >= FEWEST:
                found.append(Passage(beats[inside], classes[inside].astype(int), float(row["bpm"])))
    return found


def placed(passage: Passage, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """(position in the bar, of `parts`; distance from it in seconds) of each stroke, without the passage's offset."""
    steps, seconds = parts / BEATS_A_BAR, 60 / passage.bpm
    offset = np.angle(np.exp(2j * np.pi * passage.beats * steps).sum()) / (2 * np.pi) / steps
    beats = passage.beats - (offset if abs(offset) * seconds <= LARGEST_OFFSET else 0)
    nearest = np.rint(beats * steps)
    return nearest.astype(int) % parts, (beats - nearest / steps) * seconds


def counted(passage: Passage, parts: int) -> np.ndarray:
    """Strokes at each position: `(5, parts)`."""
    positions, away = placed(passage, parts)
    near = np.abs(away) < 2.5 * SCATTER
    counts = np.zeros((len(CLASSES), parts))
    np.add.at(counts, (passage.classes[near], positions[near]), 1)
    return counts


def metres(found: list[Passage]) -> np.ndarray:
    """The metre of each passage, 0 binary, 1 ternary: hard EM; at first all positions are equally likely."""
    at = [[placed(passage, parts) for parts in METRES.values()] for passage in found]
    counts = [np.array([counted(passage, parts) for passage in found]) for parts in METRES.values()]
    shares = [np.full((len(CLASSES), parts), 1 / parts) for parts in METRES.values()]
    labels = None
    for _ in range(12):
        fit = np.zeros((len(found), len(METRES)))
        for row, passage in enumerate(found):
            peak = 60 * BEATS_A_BAR / passage.bpm / (SCATTER * np.sqrt(2 * np.pi))
            for metre, (positions, away) in enumerate(at[row]):
                density = shares[metre][passage.classes, positions] * peak * np.exp(-0.5 * (away / SCATTER) ** 2)
                fit[row, metre] = np.log((1 - CHANCE) * density + CHANCE).sum()
        before, labels = labels, fit.argmax(axis=1)
        if before is not None and (before == labels).all():
            break
        sums = [part[labels == metre].sum(axis=0) + 2 for metre, part in enumerate(counts)]
        shares = [total / total.sum(axis=1, keepdims=True) for total in sums]
    return labels


def first_guess(counts: np.ndarray, metre: str, name: str) -> np.ndarray:
    """The way of each passage, as an index of WAYS, from the shares of some positions. counts: `(passages, positions)`."""
    beats = counts.reshape(len(counts), BEATS_A_BAR, -1) / np.maximum(counts.sum(axis=1), 1)[:, None, None]
    on, half = beats[:, :, 0].sum(axis=1), beats[:, :, beats.shape[2] // 2].sum(axis=1)
    if name == "KD":
        return (beats[:, 0, 0] + beats[:, 2, 0] < 0.6).astype(int)
    if name == "SD":
        return (beats[:, 1, 0] + beats[:, 3, 0] < 0.7).astype(int)
    if name == "TT":
        return (beats[:, 3].sum(axis=1) > 0.5).astype(int)
    kept = np.where(on + half < 0.8, 2, np.where(half < 0.2, 0, 1)) if metre == "binary" else (on < 0.7).astype(int)
    if name == "CY":
        return np.where(beats[:, 0, 0] > 0.6, WAYS[metre, name].index("crash"), kept)
    return np.where(half > 0.7, WAYS[metre, name].index("off-beats"), kept) if metre == "binary" else kept


def clustered(counts: np.ndarray, labels: np.ndarray, n_ways: int) -> tuple[np.ndarray, np.ndarray]:
    """(share of passages of each way, its shares of strokes `(ways, positions)`). Each passage has the same weight."""
    enough = counts.sum(axis=1) >= 4
    counts, labels, parts = counts[enough], labels[enough], counts.shape[1]
    own = counts / counts.sum(axis=1, keepdims=True)
    for _ in range(30):
        size = np.bincount(labels, minlength=n_ways)
        sums = np.array([own[labels == way].sum(axis=0) for way in range(n_ways)])
        shares = (sums + 3 / parts) / (size + 3)[:, None]
        before, labels = labels, (counts @ np.log(shares).T + np.log(size / len(labels) + 1e-9)).argmax(axis=1)
        if (before == labels).all():
            break
    return size / len(labels), shares


def added(metre: str, name: str) -> dict[str, np.ndarray]:
    """Ways that the dataset lacks."""
    if metre == "binary":
        return {}
    triplets = np.tile([1.0, 0.0], METRES[metre] // 2) / (METRES[metre] // 2)
    if name == "SD":
        return {"half time": 0.85 * (np.arange(METRES[metre]) == METRES[metre] // 2) + 0.15 * triplets}
    return {"triplets": triplets} if name in ("HH", "CY") else {}


def main() -> None:
    found = passages(paths.real_data_root() / "groove")
    labels, rows = metres(found), []
    for index, (metre, parts) in enumerate(METRES.items()):
        counts = np.array([counted(passage, parts) for passage, own in zip(found, labels, strict=True) if own == index])
        print(f"{metre}: {len(counts):,} passages, {counts.sum():,.0f} strokes")
        for name, of_class in zip(CLASSES, counts.transpose(1, 0, 2), strict=True):
            ways = WAYS[metre, name]
            played, shares = clustered(of_class, first_guess(of_class, metre, name), len(ways))
            table = list(zip(ways, played, shares, strict=True))
            table += [(way, OFTEN[way], share) for way, share in added(metre, name).items()]
            for way, often, share in table:
                rows.append([metre, name, way, f"{often:.2f}", *(f"{part:.4f}" for part in (1 - FLOOR) * share + FLOOR / parts)])
    with open(POSITIONS, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["metre", "class", "way", "often", *range(1, max(METRES.values()) + 1)])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
