"""The shipped model beside a published system, on real recordings: MDB Drums songs in $ADT_DATA, drums alone and full mix.

    ADT_DATA=FOLDER python benchmarks/shipped_model.py [MODEL] [--store]

Each song is transcribed from its file as `adt transcribe` does it, with the thresholds that the model comes with. F1 pooled over
songs, +-50 ms. The songs were never trained on; they are validation data of the shipped model (see adtlib/weights/MODEL_CARD.md).
The published system's numbers are stored ones (adtlib/published/peers.csv), of the seven songs that are named there. --store
keeps the scores for those who have no songs (adtlib/published/shipped.csv): to be done whenever other weights are shipped.
"""

import sys
import time

import pandas as pd

import adtlib
from adtlib.evaluation import TOLERANCE
from adtlib.pretrained import load
from adtlib.real_song_tables import STORED, beside_peer, song_scores
from adtlib.recordings import mdb_songs
from adtlib.transcription_tables import score_table


def main(*arguments):
    model = load(next((argument for argument in arguments if not argument.startswith("--")), None))
    heard, took = {}, 0.0
    for source in mdb_songs():
        started = time.perf_counter()
        heard[source] = adtlib.transcribe(source.track.audio[0], model=model)
        took += time.perf_counter() - started
    if not heard:
        sys.exit("no MDB Drums songs found: set ADT_DATA to a folder that holds them")
    seconds = sum(song.duration for song in heard.values())
    ours = song_scores(heard, TOLERANCE, model.name)
    with pd.option_context("display.width", 200, "display.max_rows", None):
        print(f"{model.name}: {', '.join(f'{name} {value:g}' for name, value in model.thresholds.items())}")
        print(score_table(heard, TOLERANCE).round(3).to_string(index=False))
        print("\n", beside_peer(ours).round(3).to_string(), sep="")
    print(
        f"\n{seconds:.0f} s in {took:.1f} s from file to onsets: {seconds / took:.0f} times real time; published system, stored: 20"
    )
    if "--store" in arguments:
        ours.assign(date=model.about.get("date", "")).round(4).to_csv(STORED, index=False)
        print(f"stored in {STORED}")


if __name__ == "__main__":
    main(*sys.argv[1:])
