"""The shipped model beside a published system, on real recordings: MDB Drums songs in $ADT_DATA, drums alone and full mix.

    ADT_DATA=FOLDER python benchmarks/shipped_model.py [MODEL] [--store] [--clips SET]

Each song is transcribed from its file as `adt transcribe` does it, with the thresholds that the model comes with. F1 pooled over
songs, +-50 ms. The songs were never trained on; they are validation data of the shipped model (see adtlib/weights/MODEL_CARD.md).
The published system's numbers are stored ones (adtlib/published/peers.csv), of the seven songs that are named there. --store
keeps the scores for those who have no songs (adtlib/published/shipped.csv): to be done whenever other weights are shipped. --clips
scores the validation clips of a rendered set, too, and counts what is heard in those without drums.
"""

import argparse
import sys
import time

import numpy as np
import pandas as pd

import adtlib
from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import TOLERANCE, count_matches, scores
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.studies.real_songs import STORED, beside_peer, peer_speed, song_scores, source_scores
from adtlib.transcription.pretrained import load_model
from adtlib.transcription.sources import mdb_songs
from adtlib.vocabulary import CLASSES


def score_clips(model, name):
    from adtlib.training.rendered_clips import open_clips
    from adtlib.training.scoring import predicted_pairs

    units = open_clips(name).units("validation")
    heard = [model.looked_again(activations) for activations, _ in predicted_pairs(model.network, units)]
    found = [pick_peaks(activations, model.peak_picking) for activations in heard]
    counts = np.array([count_matches(unit.onsets, onsets, TOLERANCE) for unit, onsets in zip(units, found, strict=True)])
    without = [not any(map(len, unit.onsets)) for unit in units]
    minutes = sum(unit.n_frames for unit, none in zip(units, without, strict=True) if none) / FPS / 60
    false = counts[without, :, 1].sum(axis=0)
    told = ", ".join(f"{key} {value:.0f}" for key, value in zip(CLASSES, false / minutes, strict=True))
    print(f"\nvalidation clips of the rendered set {name}: micro F1 {scores(counts)['f1_micro']:.3f}")
    print(f"{sum(without)} of them without drums: {false.sum() / minutes:.0f} onsets a minute ({told})")


def main(*arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--clips", metavar="SET")
    options = parser.parse_args(arguments)
    model = load_model(options.model)
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
        print(source_scores(heard, TOLERANCE).round(3).to_string(index=False))
        print("\n", beside_peer(ours).round(3).to_string(), sep="")
    print(f"\n{seconds:.0f} s in {took:.1f} s from file to onsets: {seconds / took:.0f} times real time; ", end="")
    print(f"published system, stored: {peer_speed():g}")
    if options.clips:
        score_clips(model, options.clips)
    if options.store:
        ours.assign(date=model.about.get("date", "")).round(4).to_csv(STORED, index=False)
        print(f"stored in {STORED}")


if __name__ == "__main__":
    main(*sys.argv[1:])
