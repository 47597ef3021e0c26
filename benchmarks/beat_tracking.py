"""How well `adtlib.notation.beats` finds beats and tempi.

    ADT_DATA=FOLDER python benchmarks/beat_tracking.py

Scored on exact or annotated onsets, as a perfect transcription would give them:

    made     kick on 1 and 3, snare on 2 and 4, and a hi-hat in straight eighths, in swung ones and in eighth triplets, at 56 to 180
             beats a minute; and grooves in other time signatures, strokes scattered by 10 ms and one in twenty missing
    MDB      the songs of MDB Drums, whose beats people annotated
    Groove   performances of the Groove MIDI Dataset from its validation and test splits, whose beats the click gave; and all its
             shuffles, of which all but one belong to the training split, from which benchmarks/beat_positions.py counts; and all
             that are not in 4/4, ten of twelve from the training split
    Beat This!   the published tracker (adtlib.transcription.beat_engines) on the mixes of MDB Drums, where its package and weights
             are: BEAT_THIS=FILE names the weights

A tempo is right within 4 %. Beats and bar lines are scored with mir_eval, within 70 ms; AMLt allows half and double tempo.
"""

import csv
import os
from collections import Counter, defaultdict
from pathlib import Path

import mir_eval
import numpy as np
from beat_positions import groove_rows

from adtlib import paths
from adtlib.notation.beats import track_beats
from adtlib.notation.time_signatures import beat_length
from adtlib.onsets.annotations import read_onsets
from adtlib.vocabulary import MDB, ROLAND

BARS, START = 16, 0.5
HATS = {
    "straight eighths": (np.arange(8) / 2, 2),
    "shuffle": (np.array([0, 2, 3, 5, 6, 8, 9, 11]) / 3, 4),
    "triplets": (np.arange(12) / 3, 4),
}
EIGHTHS = np.arange(14) / 2
# By time signature: positions of kick, snare, hi-hat and ride in quarter notes; each is played at nine tempi.
GROOVES = {
    (3, 4): [((0,), (1, 2), (0, 1, 2), ()), ((0, 0.5), (2,), EIGHTHS[:6], ()), ((0,), (), (1,), (0, 1, 5 / 3, 2, 8 / 3))],
    (6, 8): [((0,), (1.5,), EIGHTHS[:6], ()), ((0, 1, 2.5), (1.5,), EIGHTHS[:6], ()), ((0, 2), (1.5,), (), EIGHTHS[:6])],
    (5, 4): [
        ((0, 0.5, 3), (1, 4), EIGHTHS[:10], ()),
        ((0, 2, 2.5), (1, 3), EIGHTHS[:10], ()),
        ((0, 3), (4,), (1, 3), (0, 1, 5 / 3, 2, 3, 4)),
    ],
    (7, 8): [((0, 2), (1, 3), EIGHTHS[:7], ()), ((0, 1.5, 2), (1, 2.5), EIGHTHS[:7], ()), ((0, 2.5), (1.5,), EIGHTHS[:7], ())],
    (4, 4): [
        ((0, 1.5), (2,), EIGHTHS[:8], ()),
        (EIGHTHS[:8], EIGHTHS[:8] + 0.25, EIGHTHS[:8], ()),
        ((0, 1.5, 3), (1, 3), EIGHTHS[:8], ()),
    ],
}
GROOVE_TEMPI = np.arange(80, 161, 10)
RELATIONS = {"right": 1, "double": 2, "half": 1 / 2, "3:2": 3 / 2, "2:3": 2 / 3, "3:4": 3 / 4, "4:3": 4 / 3}
SHORTEST = 20  # seconds of a performance


def relation(found: float, true: float) -> str:
    """The name of the ratio of both tempi."""
    return next((name for name, ratio in RELATIONS.items() if abs(found / true / ratio - 1) < 0.04), "other")


def counted(relations: Counter) -> str:
    return f"{relations['right']} of {relations.total()} tempi right; " + ", ".join(
        f"{name} {count}" for name, count in relations.most_common() if name != "right"
    )


def scores(beats, reference: np.ndarray, downbeats: np.ndarray) -> list[float]:
    """F-measure of beats and of bar lines within 70 ms, and the share of correct beats allowing half and double tempo (AMLt)."""
    end = reference[-1] + 0.1
    found = [times[(times >= reference[0] - 0.1) & (times <= end)] for times in (beats.times, beats.downbeats)]
    amlt = mir_eval.beat.continuity(reference, found[0])[3]
    return [mir_eval.beat.f_measure(reference, found[0]), mir_eval.beat.f_measure(downbeats, found[1]), amlt]


def row(name: str, values) -> None:
    print(f"{name:<24}" + "".join(f"{value:8.3f}" for value in values))


def made() -> None:
    for name, (hat, every) in HATS.items():
        relations = Counter()
        for bpm in range(56, 181, every):
            bars = 4 * np.arange(BARS)
            beats = [np.add.outer(bars, at).ravel() for at in ((0, 2), (1, 3), (), hat, ())]
            onsets = [START + at * 60 / bpm for at in beats]
            relations[relation(track_beats(onsets, START + (4 * BARS + 4) * 60 / bpm).bpm, bpm)] += 1
        print(f"{name:<24}{counted(relations)}")


def made_meters() -> None:
    rng = np.random.default_rng(0)
    for meter, grooves in GROOVES.items():
        found, rows, quarters = Counter(), [], 4 * meter[0] / meter[1]
        for groove in grooves:
            for bpm in GROOVE_TEMPI:
                lines = START + quarters * 60 / bpm * np.arange(2 * BARS + 1)
                kick, snare, hat, ride = (np.add.outer(lines[:-1], np.array(at) * 60 / bpm).ravel() for at in groove)
                cymbals = np.unique(np.concatenate([ride, lines[:-1:8]]))
                onsets = [np.sort(times[rng.random(len(times)) > 0.05]) for times in (kick, snare, lines[:0], hat, cymbals)]
                onsets = [np.sort(times + rng.normal(0, 0.01, len(times))) for times in onsets]
                beats = track_beats(onsets, lines[-1])
                found["{}/{}".format(*beats.meter)] += 1
                reference = np.arange(START, lines[-1], 60 / bpm * float(beat_length(meter)))
                rows.append(scores(beats, reference, lines))
        row("{}/{}, made".format(*meter), np.mean(rows, axis=0))
        print("    found: " + ", ".join(f"{name} {count}" for name, count in found.most_common()))


def mdb(annotations: Path) -> None:
    rows = []
    for path in sorted((annotations / "beats").glob("*.beats")):
        table = np.loadtxt(path)
        onsets = read_onsets(annotations / "subclass" / path.name.replace("_MIX.beats", "_subclass.txt"), MDB)
        beats = track_beats(onsets, max(table[-1, 0], *(times.max(initial=0) for times in onsets)))
        rows.append(scores(beats, table[:, 0], table[table[:, 1] == 1, 0]))
        true = 60 / np.median(np.diff(table[:, 0]))
        row(f"{path.stem.split('_')[1]}, {beats.bpm:.0f} for {true:.0f}", rows[-1])
    row(f"MDB Drums, {len(rows)}", np.mean(rows, axis=0))


def groove(root: Path) -> None:
    rows, relations, shuffles = [], Counter(), Counter()
    for training in (False, True):
        for performance in groove_rows(root, training):
            shuffle = "shuffle" in performance["style"]
            if float(performance["duration"]) < SHORTEST or (training and not shuffle):
                continue
            onsets, bpm = read_onsets(root / performance["midi_filename"], ROLAND), float(performance["bpm"])
            reference = np.arange(0, max(times.max(initial=0) for times in onsets), 60 / bpm)
            beats = track_beats(onsets, reference[-1])
            right = relation(beats.bpm, bpm)
            if shuffle:
                shuffles[right] += 1
            if not training:
                rows.append(scores(beats, reference, reference[::4]))
                relations[right] += 1
    row(f"Groove 4/4, {len(rows)}", np.mean(rows, axis=0))
    print(f"{'Groove':<24}{counted(relations)}")
    print(f"{'Groove, shuffles':<24}{counted(shuffles)}")


def other_meters(root: Path) -> None:
    """The performances of Groove that are not in 4/4."""
    with open(root / "info.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["time_signature"] != "4-4" and row["beat_type"] == "beat"]
    by_split = defaultdict(list)
    for performance in rows:
        onsets, quarter = read_onsets(root / performance["midi_filename"], ROLAND), 60 / float(performance["bpm"])
        meter, end = tuple(map(int, performance["time_signature"].split("-"))), max(times.max(initial=0) for times in onsets)
        beats = track_beats(onsets, end)
        downbeats = np.arange(0, end, quarter * 4 * meter[0] / meter[1])
        by_split[performance["split"]].append(scores(beats, np.arange(0, end, quarter * float(beat_length(meter))), downbeats))
        name = f"{performance['style']}, {meter[0]}/{meter[1]}"
        row(f"{name[:23]}", by_split[performance["split"]][-1])
        print(f"    found: {beats.in_words}")
    for split, values in by_split.items():
        row(f"Groove, {split}, {len(values)}", np.mean(values, axis=0))


def beat_this(folder: Path, weights: str) -> None:
    from adtlib.audio.files import read_audio
    from adtlib.transcription.beat_engines import load_engine

    engine, rows = load_engine(f"beat_this:{weights}"), []
    for path in sorted((folder / "audio" / "full_mix").glob("*.wav")):
        table = np.loadtxt(folder / "annotations" / "beats" / f"{path.stem}.beats")
        rows.append(scores(engine(read_audio(path)), table[:, 0], table[table[:, 1] == 1, 0]))
    row(f"Beat This!, {len(rows)}", np.mean(rows, axis=0))


def main() -> None:
    made()
    print("columns: F-measure of beats, of bar lines, AMLt")
    made_meters()
    root = paths.real_data_root()
    songs = root / "ENST+MDB" / "MDBDrums-master" / "MDB Drums"
    mdb(songs / "annotations")
    if weights := os.environ.get("BEAT_THIS"):
        beat_this(songs, weights)
    groove(root / "groove")
    other_meters(root / "groove")


if __name__ == "__main__":
    main()
