"""The validation board: real pieces in the forms in which people have them. Models are chosen by it; none is trained on it.

Pieces are the songs of MDB Drums and the pieces of ENST drummer 2 in the data folder, each as drums alone and as mix. A row is one
kind of audio in one form (as it is, mastered loud, through a lossy codec, ...), its score micro F1 pooled over pieces. A model and
its thresholds are chosen by the mean of the rows and by the worst one: seven songs in one form, which chose earlier models, called
a model better that is worse in every kind of mix.

Forms change the sound, never the onsets, except for `pitched`, which moves both. Everything is drawn from fixed seeds.
"""

import hashlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.signal
import soxr
from torch import nn

from adtlib import paths
from adtlib.audio.codecs import through_codec
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import read_audio
from adtlib.audio.mixing import rms, to_peak
from adtlib.audio.normalise import PEAK, loudness_gain
from adtlib.corpora.enst_mdb import EnstMdb
from adtlib.corpora.store import HeldUnit
from adtlib.evaluation.metrics import scores
from adtlib.onsets.frames import Onsets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.provenance import code_state
from adtlib.synthesis import effects
from adtlib.training.scoring import Pairs, counts_at, predicted_pairs, thresholds_for
from adtlib.vocabulary import N_CLASSES

AUDIO = ("drums", "mix")
ENST_PLACE = "validation/ENST2"
LOUD_DB = -9.0  # RMS of a loud master, of full scale
LOWER_DB = -6.0
DULL_HZ = 5_000.0
SEMITONES = 2
CROWD_DB = -12.0  # relative to the music


@dataclass(frozen=True)
class Piece:
    """A recording as drums alone and as mix, with its onsets in seconds for each class."""

    name: str
    drums: Path
    mix: Path
    onsets: Onsets


def pieces(root: Path) -> list[Piece]:
    """The pieces below a data folder, as far as they are there: songs of MDB Drums, then those of ENST drummer 2."""
    kinds = [EnstMdb(root, mdb_audio=audio) for audio in ("drum_only", "full_mix")]
    drums, mixes = ({track.id: track for track in kind.tracks() if track.id.startswith("MDB/")} for kind in kinds)
    found = [
        Piece(name, drums[name].audio[0], mixes[name].audio[0], kinds[1].read_annotation(mixes[name]).onsets)
        for name in sorted(drums.keys() & mixes.keys())
    ]
    for labels in sorted((root / ENST_PLACE / "labels").glob("*.csv")):
        drum_track, mix = (root / ENST_PLACE / kind / f"{labels.stem}.flac" for kind in AUDIO)
        if drum_track.is_file() and mix.is_file():
            found.append(Piece(f"ENST/{labels.stem}", drum_track, mix, _numbered_onsets(labels)))
    return found


def _numbered_onsets(labels: Path) -> Onsets:
    """Onsets of lines "seconds,class", the class a number from 0 on in the order of CLASSES."""
    seconds, classes = np.loadtxt(labels, delimiter=",", unpack=True, ndmin=2)
    return [np.sort(seconds[classes == number]) for number in range(N_CLASSES)]


# ---- forms ----------------------------------------------------------------------------------------------------------


def mastered_loud(waveform: np.ndarray) -> np.ndarray:
    """Driven into soft clipping until its RMS is that of a loud master; peak 0.95."""
    loud, low, high = waveform, 0.0, 60.0  # dB of drive
    while high - low > 0.1:
        drive = (low + high) / 2
        loud = to_peak(np.tanh(to_peak(waveform, 1.0) * np.float32(10 ** (drive / 20))), PEAK)
        low, high = (drive, high) if 20 * np.log10(rms(loud)) < LOUD_DB else (low, drive)
    return loud


def dull(waveform: np.ndarray) -> np.ndarray:
    """Without what is above 5 kHz: old records, telephones, low-rate encoders."""
    return scipy.signal.sosfilt(scipy.signal.butter(8, DULL_HZ, fs=SAMPLE_RATE, output="sos"), waveform).astype(np.float32)


def in_a_room(waveform: np.ndarray) -> np.ndarray:
    """Recorded from some metres away: the room is as loud as the direct sound."""
    response = effects.room_response(np.random.default_rng(1))
    return waveform + scipy.signal.fftconvolve(waveform, response)[: len(waveform)].astype(np.float32)


def with_crowd(waveform: np.ndarray) -> np.ndarray:
    """An audience 12 dB below the music: voices as noise from 200 Hz to 4 kHz that swells, and hands that clap out of time."""
    rng = np.random.default_rng(2)
    seconds = np.arange(len(waveform) // SAMPLE_RATE + 2)
    swell = np.interp(np.arange(len(waveform)), seconds * SAMPLE_RATE, rng.uniform(0.3, 1, len(seconds)))
    crowd = effects.burst(swell.astype(np.float32), 200, 4_000, rng)
    clap = effects.burst(np.exp(-np.arange(1_500) / 300).astype(np.float32), 900, 6_000, rng)
    for start in rng.integers(0, max(1, len(crowd) - len(clap)), 8 * len(crowd) // SAMPLE_RATE):
        crowd[start : start + len(clap)] += np.float32(rng.uniform(0.05, 0.4)) * clap[: len(crowd) - start]
    return waveform + crowd * np.float32(10 ** (CROWD_DB / 20) * rms(waveform) / max(rms(crowd), 1e-9))


def pitched(waveform: np.ndarray) -> np.ndarray:
    """Played two semitones higher, and faster by the same factor."""
    return soxr.resample(waveform, 2 ** (SEMITONES / 12) * SAMPLE_RATE, SAMPLE_RATE).astype(np.float32)


def encoded(codec: str, kilobits: int) -> Callable[[np.ndarray], np.ndarray]:
    """Encoded at a constant bit rate and decoded."""
    return lambda waveform: through_codec(to_peak(waveform, PEAK), codec, kilobits)


def _forms() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    forms: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "plain": lambda waveform: waveform,
        "loud master": mastered_loud,
        "MP3 64": encoded("mp3", 64),
        "MP3 128": encoded("mp3", 128),
        "AAC 64": encoded("aac", 64),
        "AAC 128": encoded("aac", 128),
        "low-pass 5 kHz": dull,
        "room": in_a_room,
        "pitched": pitched,
        "crowd": with_crowd,
    }
    return {name: form for name, form in forms.items() if not name.startswith("AAC") or shutil.which("ffmpeg")}


def drums_lower(drums: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """The mix with its drums 6 dB lower. The share of the drum track in the mix is estimated by least squares."""
    length = min(len(drums), len(mix))
    share = float(np.dot(drums[:length], mix[:length])) / max(float(np.dot(drums[:length], drums[:length])), 1e-9)
    lower = mix.copy()
    lower[:length] -= np.float32(share * (1 - 10 ** (LOWER_DB / 20))) * drums[:length]
    return lower


# ---- rows -----------------------------------------------------------------------------------------------------------


def board(root: Path) -> dict[str, list[HeldUnit]]:
    """The rows of the board, "mix, plain" and so on: each piece in that form. Features are computed once and kept in the cache.

    Rows that need ffmpeg are left out where it is not installed. Empty if there are no pieces below `root`.
    """
    rows: dict[str, list[HeldUnit]] = {}
    for piece in pieces(root):
        for row, features in _features_of(piece).items():
            onsets = [times / 2 ** (SEMITONES / 12) for times in piece.onsets] if row.endswith("pitched") else piece.onsets
            rows.setdefault(row, []).append(HeldUnit(features, piece.name, onsets))
    return rows


def _features_of(piece: Piece) -> dict[str, np.ndarray]:
    """Features of a piece in each row, from the cache where code and recordings are unchanged."""
    forms = _forms()
    files = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in (piece.drums, piece.mix)]
    state = [code_state(_computed), *forms, *files]
    path = paths.CACHE / "board" / f"{hashlib.sha256(repr(state).encode()).hexdigest()[:24]}.npz"
    if not path.is_file():
        buffer = io.BytesIO()
        np.savez(buffer, **_computed(piece))
        paths.write_atomically(path, buffer.getbuffer())
    with np.load(path) as stored:
        return dict(stored)


def _computed(piece: Piece) -> dict[str, np.ndarray]:
    heard = {"drums": read_audio(piece.drums), "mix": read_audio(piece.mix)}
    rows = {f"{audio}, {name}": form(heard[audio]) for audio in AUDIO for name, form in _forms().items()}
    rows["mix, drums lower"] = drums_lower(heard["drums"], heard["mix"])
    return {row: log_filter_spectrogram(wave * np.float32(loudness_gain([wave]))).astype(np.float16) for row, wave in rows.items()}


# ---- scores ---------------------------------------------------------------------------------------------------------


def board_pairs(model: nn.Module, rows: dict[str, list[HeldUnit]]) -> dict[str, Pairs]:
    """Activations and onsets of every piece, by row."""
    return {row: predicted_pairs(model, units) for row, units in rows.items()}


def board_table(pairs: dict[str, Pairs], picking: PeakPicking) -> pd.DataFrame:
    """F1 of each row, micro, macro and by class, then the mean over rows and the worst row by micro F1."""
    lines = []
    for row, recordings in pairs.items():
        found = scores(counts_at(recordings, picking))
        lines.append({"row": row} | {key: value for key, value in found.items() if key.startswith("f1_")})
    table = pd.DataFrame(lines)
    mean = {"row": "mean of rows"} | table.drop(columns="row").mean().to_dict()
    worst = table.loc[table["f1_micro"].idxmin()].to_dict()
    return pd.concat([table, pd.DataFrame([mean, worst | {"row": f"worst: {worst['row']}"}])], ignore_index=True)


def shared_thresholds(pairs: dict[str, Pairs], picking: PeakPicking) -> PeakPicking:
    """Peak picking with the thresholds by class of the best mean F1 over all rows."""
    return replace(picking, threshold=thresholds_for(list(pairs.values()), picking))
