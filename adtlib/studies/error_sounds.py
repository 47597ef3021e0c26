"""An example of each kind of error as sound: the recording around it, then again with a click at the stroke or estimate.

Recordings have sound only in corpora of tracks; ADTOF-YT holds features, and its errors cannot be heard.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from adtlib.audio.clicks import click_track
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import to_peak
from adtlib.corpora.base import Corpus
from adtlib.evaluation.errors import NOTHING
from adtlib.profiles import Profile, open_profile_corpus
from adtlib.vocabulary import CLASS_NAMES

AROUND = 1.0  # seconds of the recording on each side
_PAUSE = 0.3  # seconds of silence between the two times
_CLICK, _CLICK_PEAK = 2_500.0, 0.5  # Hz, level
_PEAK = 0.9

KINDS = {
    "missed": lambda events: (events["event"] == "missed") & (events["partner"] == NOTHING) & events["difference"].isna(),
    "invented": lambda events: (events["event"] == "invented") & (events["partner"] == NOTHING) & ~events["doubled"].astype(bool),
    "heard as another drum": lambda events: (events["event"] == "missed") & (events["partner"] != NOTHING),
    "heard too early or too late": lambda events: (events["event"] == "missed") & events["difference"].notna(),
    "heard twice": lambda events: (events["event"] == "invented") & events["doubled"].astype(bool),
}


@dataclass(frozen=True, eq=False)
class ErrorExample:
    """One error: its kind, a sentence about it, and its sound, mono float32 at 44.1 kHz in [-1, 1]."""

    kind: str
    sentence: str
    waveform: np.ndarray


def error_examples(profile: Profile, events: pd.DataFrame) -> list[ErrorExample]:
    """An example of each kind of KINDS that occurs in a recording with sound, in their order.

    events  of `error_tables.error_events`. Of the errors of a kind the middle one is taken, in the order of the table.
    """
    corpora = {name: open_profile_corpus(profile, name) for name in events["corpus"].unique()}
    heard = {name: corpus for name, corpus in corpora.items() if corpus.info.unit == "track"}
    with_sound, found = events[events["corpus"].isin(heard)], []
    for kind, is_one in KINDS.items():
        rows = with_sound[is_one(with_sound)]
        if len(rows):
            row = rows.iloc[len(rows) // 2]
            waveform = _sound(profile, heard[row["corpus"]], row)
            if waveform is not None:
                found.append(ErrorExample(kind, _sentence(kind, row), waveform))
    return found


def _sound(profile: Profile, corpus: Corpus, row: pd.Series) -> np.ndarray | None:
    """The passage twice, the second time with a click; None where the recording is no longer there."""
    track = next((track for track in corpus.tracks(profile.test_split) if track.id == row["id"]), None)
    if track is None:
        return None
    recording = corpus.read_audio(track)
    first = max(0, round((row["time"] - AROUND) * SAMPLE_RATE))
    passage = to_peak(recording[first : round((row["time"] + AROUND) * SAMPLE_RATE)], _PEAK)
    clicks = click_track([np.array([row["time"] - first / SAMPLE_RATE])], len(passage) / SAMPLE_RATE, frequencies=[_CLICK])
    again = 0.7 * passage
    again[: len(clicks)] += _CLICK_PEAK * clicks[: len(again)]
    return np.clip(np.concatenate([passage, np.zeros(round(_PAUSE * SAMPLE_RATE), np.float32), again]), -1, 1)


def _sentence(kind: str, row: pd.Series) -> str:
    side = "late" if row["difference"] > 0 else "early"
    what = {
        "heard as another drum": f"heard as {CLASS_NAMES.get(row['partner'])}",
        "heard too early or too late": f"heard {1000 * abs(row['difference']):.0f} ms too {side}",
    }.get(kind, kind)
    return f"{CLASS_NAMES[row['class']]} {what} ({row['corpus']}, {row['id']}, at {row['time']:.2f} s)"
