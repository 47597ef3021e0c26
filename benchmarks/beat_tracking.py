"""How well `adtlib.notation.beats` finds beats, and where its table of positions comes from.

    ADT_DATA=FOLDER python benchmarks/beat_tracking.py            # scores
    ADT_DATA=FOLDER python benchmarks/beat_tracking.py --write    # counts adtlib/beat_positions.csv again

Scored with mir_eval on annotated onsets, as a perfect transcription would give them: the songs of MDB Drums, whose beats people
annotated, and performances of the Groove MIDI Dataset from its validation and test splits, whose beats the click gave. Counted are
the performances of its training split in 4/4.
"""

import csv
import heapq
import sys
from pathlib import Path

import mir_eval
import numpy as np

from adtlib import paths
from adtlib.notation.beats import POSITIONS, count_positions, track_beats
from adtlib.onsets import smf
from adtlib.onsets.annotations import read_onsets
from adtlib.vocabulary import CLASSES, MDB, ROLAND


def groove_rows(root: Path, training: bool) -> list[dict]:
    with open(root / "info.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["time_signature"] == "4-4" and row["beat_type"] == "beat"]
    return [row for row in rows if (row["split"] == "train") == training]


def performance(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(positions in beats, class indices) of a file's notes."""
    file = smf.read_file(path)
    struck = [
        (tick / file.division, ROLAND.class_index(pitch))
        for tick, status, pitch, velocity in heapq.merge(*file.tracks, key=lambda event: event[0])
        if status & 0xF0 == 0x90 and velocity and pitch in ROLAND.classes
    ]
    beats, classes = np.array(struck, dtype=float).reshape(-1, 2).T
    return beats, classes.astype(int)


def scores(beats, reference: np.ndarray, downbeats: np.ndarray) -> list[float]:
    """F-measure of beats and of bar lines within 70 ms, and the share of correct beats allowing half and double tempo (AMLt)."""
    end = reference[-1] + 0.1
    found = [times[(times >= reference[0] - 0.1) & (times <= end)] for times in (beats.times, beats.downbeats)]
    amlt = mir_eval.beat.continuity(reference, found[0])[3]
    return [mir_eval.beat.f_measure(reference, found[0]), mir_eval.beat.f_measure(downbeats, found[1]), amlt]


def main(*arguments: str) -> None:
    root = paths.real_data_root()
    groove, mdb = root / "groove", root / "ENST+MDB" / "MDBDrums-master" / "MDB Drums" / "annotations"
    if "--write" in arguments:
        counts = count_positions([performance(groove / row["midi_filename"]) for row in groove_rows(groove, training=True)])
        lines = [",".join(map(str, [index, *row])) for index, row in enumerate(counts.T.tolist())]
        POSITIONS.write_text("\n".join([",".join(["twelfth", *CLASSES]), *lines]) + "\n")
        print(f"{POSITIONS.name}: {counts.sum():,} onsets")
    rows = []
    for path in sorted((mdb / "beats").glob("*.beats")):
        table = np.loadtxt(path)
        onsets = read_onsets(mdb / "subclass" / path.name.replace("_MIX.beats", "_subclass.txt"), MDB)
        beats = track_beats(onsets, max(table[-1, 0], *(times.max(initial=0) for times in onsets)))
        rows.append(scores(beats, table[:, 0], table[table[:, 1] == 1, 0]))
        print(f"{path.stem.split('_')[1]:<14}" + "".join(f"{value:8.3f}" for value in rows[-1]) + f"  {beats.bpm:.0f} a minute")
    print(f"{'MDB Drums, ' + str(len(rows)):<14}" + "".join(f"{value:8.3f}" for value in np.mean(rows, axis=0)))
    rows = []
    for row in groove_rows(groove, training=False):
        if float(row["duration"]) >= 20:
            onsets = read_onsets(groove / row["midi_filename"], ROLAND)
            reference = np.arange(0, max(times.max(initial=0) for times in onsets), 60 / float(row["bpm"]))
            rows.append(scores(track_beats(onsets, reference[-1]), reference, reference[::4]))
    print(f"{'Groove, ' + str(len(rows)):<14}" + "".join(f"{value:8.3f}" for value in np.mean(rows, axis=0)))
    print("columns: F-measure of beats, of bar lines, AMLt")


if __name__ == "__main__":
    main(*sys.argv[1:])
