"""Real recordings transcribed and scored: for notebooks 80 and 81, the README and its benchmark.

The songs are those of MDB Drums at `$ADT_DATA`. No model was trained on them, but the shipped model and its thresholds were chosen
on them: they are its validation data. If they are missing, `stored_scores` has the scores measured when the shipped weights were
made. The published system's numbers are stored, too (`published/peers.csv`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.evaluation.errors import unit_events
from adtlib.evaluation.metrics import count_matches, scores
from adtlib.studies.tables import F1_COLUMNS
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.sources import AUDIO, AvailableModel, Source
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import CLASSES

SCORES = ["f1_micro", *(f"f1_{name}" for name in CLASSES)]


SOURCE_COLUMNS = ["recording", "kind", "seconds", "annotated", "reported", *SCORES]


ALL = "all of them"


def to_be_scored(sources: Sequence[Source]) -> list[Source]:
    """All real songs, all of the user's own recordings, and the first annotated recording of each other kind."""
    chosen, seen = [], set()
    for source in sources:
        own, real = source.track is None, source.provenance.startswith("real song")
        if own or real or (source.provenance not in seen and source.reference() is not None):
            chosen.append(source)
            seen.add(source.provenance)
    return chosen


def transcribe_sources(sources: Sequence[Source], models: Sequence[AvailableModel]) -> dict[Source, Transcription]:
    """Transcriptions of each recording by the first of the models; empty without a model. Raises AudioError or ModelError."""
    if not models:
        return {}
    model = models[0].load()
    transcribed = {}
    for source in sources:
        waveform = np.concatenate(list(source.blocks()))
        transcribed[source] = transcribe(waveform, SAMPLE_RATE, model, name=source.file_name)
    return transcribed


def source_scores(transcribed: dict[Source, Transcription], tolerance: float) -> pd.DataFrame:
    """A row for each annotated recording, and one of the pooled counts after several of one kind.

    Columns: SOURCE_COLUMNS; `annotated` and `reported` count onsets, undefined scores are NaN.
    """
    by_kind: dict[str, list[tuple]] = {}
    for source, transcription in transcribed.items():
        reference = source.reference()
        if reference is not None:
            counts = count_matches(reference, transcription.onsets, tolerance)
            by_kind.setdefault(source.provenance, []).append((source.name, transcription.duration, counts))
    rows = []
    for kind, entries in by_kind.items():
        if len(entries) > 1:
            entries = [*entries, (ALL, sum(entry[1] for entry in entries), np.stack([entry[2] for entry in entries]))]
        for name, seconds, counts in entries:
            found = scores(counts)
            tp, fp, fn = counts.reshape(-1, 3).sum(axis=0).tolist()
            rows.append([name, kind, seconds, tp + fn, tp + fp, *(found[column] for column in SCORES)])
    return pd.DataFrame(rows, columns=SOURCE_COLUMNS)


STORED = paths.PUBLISHED / "shipped.csv"


COLUMNS = ["system", "audio", "songs", *F1_COLUMNS]


def audio_of(source: Source) -> str:
    """`drum_only` or `full_mix`. ValueError for a recording that is not a real song."""
    for key, words in AUDIO.items():
        if source.provenance == f"real song, {words}":
            return key
    raise ValueError(f"{source.name} is a recording of {source.provenance}, not one of MDB Drums")


def song_scores(transcribed: Mapping[Source, Transcription], tolerance: float, system: str) -> pd.DataFrame:
    """A row for drums alone and one for mixes, counts of all songs pooled: COLUMNS."""
    counts: dict[str, list] = {key: [] for key in AUDIO}
    for source, transcription in transcribed.items():
        counts[audio_of(source)].append(count_matches(source.reference(), transcription.onsets, tolerance))
    rows = []
    for key, found in counts.items():
        if found:
            pooled = scores(np.array(found))
            rows.append([system, key, len(found), *(pooled[name] for name in F1_COLUMNS)])
    return pd.DataFrame(rows, columns=COLUMNS)


def stored_scores() -> pd.DataFrame:
    """`song_scores` of the shipped model, measured when it was made."""
    return pd.read_csv(STORED)[COLUMNS]


def peer_scores() -> pd.DataFrame:
    """The published system on the same songs: COLUMNS."""
    peers = pd.read_csv(paths.PUBLISHED / "peers.csv").rename(columns={"tracks": "songs"})
    return peers[COLUMNS]


def peer_speed() -> float:
    """How many times faster than real time the published system is on two cores."""
    (speed,) = pd.read_csv(paths.PUBLISHED / "peers.csv")["times_real_time_2_cores"].unique()
    return float(speed)


def beside_peer(ours: pd.DataFrame) -> pd.DataFrame:
    """Printed form of our scores and the published system's, drums alone first. Index: audio in words, system."""
    rows = pd.concat([ours, peer_scores()], ignore_index=True)
    rows = pd.concat([rows[rows["audio"] == key] for key in AUDIO])
    rows["audio"] = rows["audio"].map(AUDIO)
    return rows.set_index(["audio", "system"])


def song_events(transcribed: Mapping[Source, Transcription], tolerance: float) -> pd.DataFrame:
    """Hits, missed strokes and invented estimates of the songs (`unit_events`); `corpus` is drums alone or full mix."""
    parts = [
        unit_events(source.reference(), transcription.onsets, transcription.duration, tolerance).assign(
            corpus=AUDIO[audio_of(source)], id=source.name
        )
        for source, transcription in transcribed.items()
    ]
    return pd.concat(sorted(parts, key=lambda part: part["corpus"].iloc[0]), ignore_index=True)
