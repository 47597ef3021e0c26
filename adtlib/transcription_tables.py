"""Recordings transcribed and scored against their annotations, for notebook 80."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from adtlib.evaluation import count_matches, scores
from adtlib.features import SAMPLE_RATE
from adtlib.recordings import ModelAtHand, Source
from adtlib.transcription import Transcription, transcribe
from adtlib.vocabulary import CLASSES

SCORES = ["f1_micro", *(f"f1_{name}" for name in CLASSES)]
SOURCE_COLUMNS = ["recording", "kind", "seconds", "annotated", "found", *SCORES]
ALL = "all of them"


def to_be_scored(sources: Sequence[Source]) -> list[Source]:
    """Of each kind of recording but the real songs the first that has an annotation; of these all; and a user's own."""
    chosen, seen = [], set()
    for source in sources:
        own, real = source.track is None, source.standing.startswith("real song")
        if own or real or (source.standing not in seen and source.reference() is not None):
            chosen.append(source)
            seen.add(source.standing)
    return chosen


def transcribe_sources(sources: Sequence[Source], models: Sequence[ModelAtHand]) -> dict[Source, Transcription]:
    """What the first of the models hears in each recording; nothing where there is no model. Raises AudioError or ModelError."""
    if not models:
        return {}
    model = models[0].load()
    heard = {}
    for source in sources:
        waveform = np.concatenate(list(source.blocks()))
        heard[source] = transcribe(waveform, SAMPLE_RATE, model, name=source.file_name)
    return heard


def source_scores(heard: dict[Source, Transcription], tolerance: float) -> pd.DataFrame:
    """A row for each annotated recording, and after those of one kind, where they are several, one of their pooled counts.

    Columns: SOURCE_COLUMNS; `annotated` and `found` count onsets, scores are NaN where they are not defined.
    """
    by_kind: dict[str, list[tuple]] = {}
    for source, transcription in heard.items():
        reference = source.reference()
        if reference is not None:
            counts = count_matches(reference, transcription.onsets, tolerance)
            by_kind.setdefault(source.standing, []).append((source.name, transcription.duration, counts))
    rows = []
    for kind, entries in by_kind.items():
        if len(entries) > 1:
            entries = [*entries, (ALL, sum(entry[1] for entry in entries), np.stack([entry[2] for entry in entries]))]
        for name, seconds, counts in entries:
            found = scores(counts)
            tp, fp, fn = counts.reshape(-1, 3).sum(axis=0).tolist()
            rows.append([name, kind, seconds, tp + fn, tp + fp, *(found[column] for column in SCORES)])
    return pd.DataFrame(rows, columns=SOURCE_COLUMNS)
