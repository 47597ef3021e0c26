"""The model that is shipped beside a published system, on real recordings: MDB Drums songs in $ADT_DATA, drums alone and full mix.

    ADT_DATA=FOLDER python benchmarks/shipped_model.py [MODEL]

Each song is transcribed from its file as `adt transcribe` does it, with the thresholds that the model comes with. F1 pooled over
songs, +-50 ms. The songs were never trained on; they are validation data of the shipped model (see adtlib/weights/MODEL_CARD.md).
The published system's numbers are stored ones (adtlib/published/peers.csv), of the seven songs that are named there.
"""

import sys
import time

import numpy as np
import pandas as pd

import adtlib
from adtlib.comparison import PUBLISHED
from adtlib.corpora import open_corpus
from adtlib.evaluation import TOLERANCE, count_matches, scores
from adtlib.pretrained import load
from adtlib.study_tables import F1_COLUMNS

AUDIO = ("drum_only", "full_mix")


def main(name=None):
    model = load(name)
    rows, took, heard = [], 0.0, 0.0
    for audio in AUDIO:
        corpus = open_corpus("ENST+MDB", mdb_audio=audio)
        tracks = [track for track in corpus.tracks() if track.id.startswith("MDB/")]
        if not tracks:
            sys.exit("no MDB Drums songs found: set ADT_DATA to a folder that holds them")
        counts = []
        for track in tracks:
            started = time.perf_counter()
            song = adtlib.transcribe(track.audio[0], model=model)
            took, heard = took + time.perf_counter() - started, heard + song.duration
            counts.append(count_matches(corpus.read_annotation(track).onsets, song.onsets, TOLERANCE))
            rows.append({"audio": audio, "recording": track.id.removeprefix("MDB/")} | scores(np.array(counts[-1:])))
        rows.append({"audio": audio, "recording": f"all {len(tracks)}"} | scores(np.array(counts)))
    table = pd.DataFrame(rows)[["audio", "recording", *F1_COLUMNS]]
    peers = pd.read_csv(PUBLISHED / "peers.csv")
    with pd.option_context("display.width", 200, "display.max_rows", None):
        print(f"{model.name}: {', '.join(f'{name} {value:g}' for name, value in model.thresholds.items())}")
        print(table.round(3).to_string(index=False))
        print("\n", peers[["system", "audio", *F1_COLUMNS]].to_string(index=False), sep="")
    print(f"\n{heard:.0f} s in {took:.1f} s from file to onsets: {heard / took:.0f} times real time; published system, stored: 20")


if __name__ == "__main__":
    main(*sys.argv[1:])
