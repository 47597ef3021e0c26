"""A model on real songs, drums alone and full mix, beside a published system: for notebook 81, the README and its benchmark.

The songs are those of MDB Drums that are found at `$ADT_DATA`. No model was trained on them, but the shipped one was chosen on
them, thresholds too: they are its validation data. Where they are not found, `stored_scores` has what was measured when the
shipped weights were made; numbers of the published system are stored ones, too (`published/peers.csv`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from adtlib.comparison import PUBLISHED
from adtlib.error_anatomy import unit_events
from adtlib.evaluation import count_matches, scores
from adtlib.recordings import AUDIO, Source
from adtlib.study_tables import F1_COLUMNS
from adtlib.transcription import Transcription

STORED = PUBLISHED / "shipped.csv"
COLUMNS = ["system", "audio", "songs", *F1_COLUMNS]


def audio_of(source: Source) -> str:
    """`drum_only` or `full_mix`. ValueError for what is no real song."""
    for key, words in AUDIO.items():
        if source.standing == f"real song, {words}":
            return key
    raise ValueError(f"{source.name} is a recording of {source.standing}, not one of MDB Drums")


def song_scores(heard: Mapping[Source, Transcription], tolerance: float, system: str) -> pd.DataFrame:
    """A row for drums alone and one for mixes, counts of all songs pooled: COLUMNS."""
    counts: dict[str, list] = {key: [] for key in AUDIO}
    for source, transcription in heard.items():
        counts[audio_of(source)].append(count_matches(source.reference(), transcription.onsets, tolerance))
    rows = []
    for key, found in counts.items():
        if found:
            pooled = scores(np.array(found))
            rows.append([system, key, len(found), *(pooled[name] for name in F1_COLUMNS)])
    return pd.DataFrame(rows, columns=COLUMNS)


def stored_scores() -> pd.DataFrame:
    """`song_scores` of the shipped model as measured when it was made."""
    return pd.read_csv(STORED)[COLUMNS]


def peer_scores() -> pd.DataFrame:
    """The published system on the same songs: COLUMNS."""
    peers = pd.read_csv(PUBLISHED / "peers.csv").rename(columns={"tracks": "songs"})
    return peers[COLUMNS]


def beside_peer(ours: pd.DataFrame) -> pd.DataFrame:
    """Ours and the published system's rows, drums alone first: what is shown. Index: audio in words, system."""
    rows = pd.concat([ours, peer_scores()], ignore_index=True)
    rows = pd.concat([rows[rows["audio"] == key] for key in AUDIO])
    rows["audio"] = rows["audio"].map(AUDIO)
    return rows.set_index(["audio", "system"])


def song_events(heard: Mapping[Source, Transcription], tolerance: float) -> pd.DataFrame:
    """Each stroke and each estimate with what became of it (`error_anatomy`); `corpus` says drums alone or full mix."""
    parts = [
        unit_events(source.reference(), transcription.onsets, transcription.duration, tolerance).assign(
            corpus=AUDIO[audio_of(source)], id=source.name
        )
        for source, transcription in heard.items()
    ]
    return pd.concat(sorted(parts, key=lambda part: part["corpus"].iloc[0]), ignore_index=True)
