"""Kinds of strokes that a model tells apart on real songs: MDB Drums in $ADT_DATA, drums alone and full mix.

    ADT_DATA=FOLDER python benchmarks/kinds.py [MODEL] [--clips SET]

Each song is transcribed as `adt transcribe` does it. Where an onset of the right class was found within 50 ms of an annotated one,
the kind that is told is compared with the annotation's subclass. Precision and recall are of these onsets alone; intervals are
over songs. The songs chose nothing of the head for kinds; --clips adds the validation clips of a rendered set, which chose its
confidences.
"""

import argparse
import sys

import numpy as np
import pandas as pd

import adtlib
from adtlib.audio.features import FPS
from adtlib.evaluation.metrics import match_onsets
from adtlib.evaluation.significance import percentile_interval
from adtlib.onsets.peak_picking import pick_peaks
from adtlib.transcription.kinds import HeardKinds
from adtlib.transcription.pretrained import load_model
from adtlib.transcription.sources import mdb_songs
from adtlib.vocabulary import CLASSES, KINDS, MAIN_KIND, MDB_KINDS

NAMES = list(KINDS)
RESAMPLES = 2_000


def confusion(true, told):
    """Counts `(K, K)` of pairs of kinds: rows the annotation, columns what was told."""
    counts = np.zeros((len(NAMES), len(NAMES)), dtype=int)
    np.add.at(counts, (true, told), 1)
    return counts


def annotated_kinds(path):
    """(seconds, number in KINDS) of each line of a subclass annotation, sorted."""
    times, labels = np.loadtxt(path, dtype=str, unpack=True, ndmin=2)
    order = np.argsort(times.astype(float), kind="stable")
    return times.astype(float)[order], np.array([NAMES.index(MDB_KINDS[label]) for label in labels[order]])


def song_confusion(song, annotation):
    times, kinds = annotated_kinds(annotation)
    classes = np.array([CLASSES.index(KINDS[NAMES[kind]]) for kind in kinds])
    counts = 0
    for number, name in enumerate(CLASSES):
        found = [event for event in song.events if event.name == name]
        mine = np.flatnonzero(classes == number)
        pairs = match_onsets(times[mine], [event.seconds for event in found])
        counts = counts + confusion(kinds[mine[pairs[:, 0]]], [NAMES.index(found[each].kind) for each in pairs[:, 1]])
    return counts


def clip_confusions(model, name):
    """Of each validation clip, as far as its units have onsets."""
    from adtlib.models.prediction import predict_logits
    from adtlib.models.windows import to_activations
    from adtlib.training.rendered_clips import open_clips

    units = open_clips(name).units("validation")
    for unit, logits in zip(units, predict_logits(model.hearing, (unit.features for unit in units)), strict=True):
        heard = HeardKinds.of_logits(logits[:, len(CLASSES) :], model.confidences)
        picked = pick_peaks(to_activations(logits[:, : len(CLASSES)]), model.peak_picking)
        counts = np.zeros((len(NAMES), len(NAMES)), dtype=int)
        for name, times, kinds, found in zip(CLASSES, unit.onsets, unit.kinds, picked, strict=True):
            pairs = match_onsets(times, found)
            told = [NAMES.index(heard.at(round(found[each] * FPS), name)[0]) for each in pairs[:, 1]]
            counts += confusion(kinds[pairs[:, 0]], told)
        yield counts


def table(counts):
    """A row a kind: how many were annotated and told, precision and recall with 95 % intervals over songs."""
    counts = np.array(counts)  # (songs, K, K)
    draws = np.random.default_rng(0).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLES)
    drawn = np.tensordot(draws, counts, 1)  # (RESAMPLES, K, K)
    rows = []
    for number, kind in enumerate(NAMES):
        row = {"class": KINDS[kind], "kind": kind, "annotated": counts[:, number].sum(), "told": counts[:, :, number].sum()}
        row["songs"] = int((counts[:, number].sum(axis=1) > 0).sum())
        if not row["annotated"] + row["told"] or kind == "kick":
            continue
        for measure, axis in (("precision", 1), ("recall", 2)):
            with np.errstate(invalid="ignore"):
                values = drawn[:, number, number] / (drawn[:, :, number] if axis == 1 else drawn[:, number]).sum(axis=1)
                whole = counts[:, number, number].sum() / (row["told"] if axis == 1 else row["annotated"])
            row[measure] = f"{whole:.2f} [{'{:.2f}, {:.2f}'.format(*percentile_interval([values]))}]"
        rows.append(row)
    return pd.DataFrame(rows)


def by_class(counts):
    """A row a class: the share of found onsets whose kind is right, beside that of always telling the main kind."""
    total = np.array(counts).sum(axis=0)
    rows = []
    for name in CLASSES[1:]:
        own = [number for number, kind in enumerate(NAMES) if KINDS[kind] == name]
        of_class, main = total[np.ix_(own, own)], NAMES.index(MAIN_KIND[name])
        if of_class.sum():
            right, always = np.trace(of_class), total[main].sum()
            rows.append(
                {"class": name, "found": of_class.sum(), "kind right": right / of_class.sum(), "main kind": always / of_class.sum()}
            )
    return pd.DataFrame(rows)


def show(title, counts):
    print(f"\n{title}: {len(counts)} recordings\n")
    print(by_class(counts).round(3).to_string(index=False))
    print("\n", table(counts).to_string(index=False), sep="")
    total = np.array(counts).sum(axis=0)
    used = np.flatnonzero(total.sum(axis=0) + total.sum(axis=1))[1:]  # without kicks
    names = [NAMES[number] for number in used]
    print("\nannotated (rows), told (columns)\n", pd.DataFrame(total[np.ix_(used, used)], names, names).to_string(), sep="")


def main(*arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--clips", metavar="SET")
    options = parser.parse_args(arguments)
    model = load_model(options.model)
    if model.kinds is None:
        sys.exit(f"{model.name} has no head for kinds: adt train --kinds-for makes one")
    print(f"{model.name}: confidences {model.confidences}")
    by_audio: dict[str, list] = {}
    for source in mdb_songs():
        song = adtlib.transcribe(source.track.audio[0], model=model, keep_features=False)
        by_audio.setdefault(source.provenance, []).append(song_confusion(song, source.track.annotation[0]))
    if not by_audio:
        sys.exit("no MDB Drums songs found: set ADT_DATA to a folder that holds them")
    with pd.option_context("display.width", 250, "display.max_columns", None):
        for audio, counts in by_audio.items():
            show(audio, counts)
        if options.clips:
            show(f"validation clips of the rendered set {options.clips}", list(clip_confusions(model, options.clips)))


if __name__ == "__main__":
    main(*sys.argv[1:])
