"""How well `adtlib.notation.beats` finds beats and tempi.

    ADT_DATA=FOLDER python benchmarks/beat_tracking.py

Scored on exact or annotated onsets, as a perfect transcription would give them:

    made     kick on 1 and 3, snare on 2 and 4, and a hi-hat in straight eighths, in swung ones and in eighth triplets, at 56 to 180
             beats a minute
    MDB      the songs of MDB Drums, whose beats people annotated
    Groove   performances of the Groove MIDI Dataset from its validation and test splits, whose beats the click gave; and all its
             shuffles, of which all but one belong to the training split, from which benchmarks/beat_positions.py counts

A tempo is right within 4 %. Beats and bar lines are scored with mir_eval, within 70 ms; AMLt allows half and double tempo.
"""

from collections import Counter
from pathlib import Path

import mir_eval
import numpy as np
from beat_positions import groove_rows

from adtlib import paths
from adtlib.notation.beats import track_beats
from adtlib.onsets.annotations import read_onsets
from adtlib.vocabulary import MDB, ROLAND

BARS, START = 16, 0.5
HATS = {
    "straight eighths": (np.arange(8) / 2, 2),
    "shuffle": (np.array([0, 2, 3, 5, 6, 8, 9, 11]) / 3, 4),
    "triplets": (np.arange(12) / 3, 4),
}
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
    row(f"Groove, {len(rows)}", np.mean(rows, axis=0))
    print(f"{'Groove':<24}{counted(relations)}")
    print(f"{'Groove, shuffles':<24}{counted(shuffles)}")


def main() -> None:
    made()
    print("columns: F-measure of beats, of bar lines, AMLt")
    root = paths.real_data_root()
    mdb(root / "ENST+MDB" / "MDBDrums-master" / "MDB Drums" / "annotations")
    groove(root / "groove")


if __name__ == "__main__":
    main()
