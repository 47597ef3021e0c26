"""Single strokes and notes on disk: mono, 44.1 kHz, each with its attack, so that onsets can be placed exactly.

A bank is two files: `<name>.npy`, all one-shots one after the other as int16 at equal peak, read through a memory map; and
`<name>.json`, a table of what they are and where each begins. A recorded one-shot begins some milliseconds before it is audible,
a sampled cymbal some milliseconds before it is loud: `attack` is the sample where an annotator would place the onset.
"""

import io
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.synthesis.articulations import SUBSTITUTES
from adtlib.synthesis.sources import SourceError

FORMAT = 1
LEAD = round(0.004 * SAMPLE_RATE)  # samples kept before the attack: the first movement of the skin
_BLOCK = 22  # samples: 0.5 ms
_FADE = round(0.02 * SAMPLE_RATE)


@dataclass(frozen=True)
class OneShot:
    """One stored stroke or note.

    key       articulation ("snare") or instrument and pitch ("33:40").
    voice     which of several sources of that key: "38", "Snare Jazz".
    velocity  highest MIDI velocity that it plays; the layers of a voice are sorted by it.
    start, length, attack  samples; `attack` counts from the start.
    """

    key: str
    voice: str
    velocity: int
    start: int
    length: int
    attack: int


def find_attack(waveform: np.ndarray) -> int:
    """Sample at which a stroke becomes audible: where its envelope passes a tenth of the peak of its first 60 ms of sound.

    The envelope is the highest magnitude in each 0.5 ms. 0 for silence.
    """
    n_blocks = len(waveform) // _BLOCK
    if n_blocks == 0:
        return 0
    envelope = np.abs(waveform[: n_blocks * _BLOCK]).reshape(n_blocks, _BLOCK).max(axis=1)
    loudest = envelope.max()
    if loudest == 0:
        return 0
    first = int(np.argmax(envelope > 0.01 * loudest))
    early = envelope[first : first + round(0.06 * SAMPLE_RATE / _BLOCK)]
    return (first + int(np.argmax(early > 0.1 * early.max()))) * _BLOCK


def trim(waveform: np.ndarray, attack: int, floor_db: float = -60.0) -> tuple[np.ndarray, int]:
    """Cut all more than 4 ms before the attack, and the end below `floor_db` of the peak: (waveform, attack).

    The end is faded over 20 ms; the peak is 1.
    """
    start = max(0, attack - LEAD)
    waveform = waveform[start:].astype(np.float32)
    peak = float(np.abs(waveform).max())
    loud = np.flatnonzero(np.abs(waveform) > peak * 10 ** (floor_db / 20))
    waveform = waveform[: min(len(waveform), loud[-1] + _FADE)] / peak
    fade = min(_FADE, len(waveform))
    waveform[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return waveform, attack - start


def same_sample(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two one-shots at equal peak are the same sample: differing by less than 2 % of the energy of the first 50 ms."""
    n = min(len(one), len(other), round(0.05 * SAMPLE_RATE))
    return float(np.square(one[:n] - other[:n]).sum()) < 0.02 * float(np.square(one[:n]).sum())


class BankWriter:
    """Gathers one-shots and writes a bank; identical layers of a voice are stored once."""

    def __init__(self):
        """Start empty."""
        self.waveforms, self.entries, self.position = [], [], 0

    def add(self, key: str, voice: str, velocity: int, waveform: np.ndarray) -> None:
        """Add `(n,)` mono floats of any scale; silence is skipped. Add the layers of one voice by rising velocity."""
        if not len(waveform) or float(np.abs(waveform).max()) < 1e-4:
            return
        waveform, attack = trim(waveform, find_attack(waveform))
        last = self.entries[-1] if self.entries else None
        if last and (last.key, last.voice) == (key, voice) and same_sample(self.waveforms[-1], waveform):
            self.entries[-1] = replace(last, velocity=int(velocity))
            return
        self.entries.append(OneShot(key, voice, int(velocity), self.position, len(waveform), attack))
        self.waveforms.append(waveform)
        self.position += len(waveform)

    def write(self, path: Path) -> None:
        """Write `<path>.npy`, then `<path>.json`. SourceError if there is nothing to write."""
        if not self.entries:
            raise SourceError(f"{path.name}: no sound was found; install its package again")
        buffer = io.BytesIO()
        np.save(buffer, np.rint(np.concatenate(self.waveforms) * 32767).astype(np.int16))
        paths.write_atomically(path.with_name(path.name + ".npy"), buffer.getbuffer())
        table = {"format": FORMAT, "one_shots": [asdict(entry) for entry in self.entries]}
        paths.write_atomically(path.with_name(path.name + ".json"), json.dumps(table).encode())


class Bank:
    """A stored kit or set of instruments."""

    def __init__(self, path: Path):
        """Open `<path>.npy` and `<path>.json`. SourceError if they are missing, damaged or of another version."""
        self.path, self.name = Path(path), Path(path).name
        remedy = f"delete {_captured(self.path)} and capture the sounds again"
        try:
            stored = json.loads(path.with_name(path.name + ".json").read_text())
            self._samples = np.load(path.with_name(path.name + ".npy"), mmap_mode="r")
            self.by_key: dict[str, list[OneShot]] = {}
            for entry in stored["one_shots"]:
                self.by_key.setdefault(entry["key"], []).append(OneShot(**entry))
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path}: this bank cannot be read ({error}): {remedy}") from error
        if stored.get("format") != FORMAT:
            raise SourceError(f"{path} is of format {stored.get('format')}, not {FORMAT}: {remedy}")

    def waveform(self, one_shot: OneShot) -> np.ndarray:
        """`(length,)` float32 whose peak is 1, a copy."""
        part = self._samples[one_shot.start : one_shot.start + one_shot.length]
        return part.astype(np.float32) * np.float32(1 / 32767)

    def voices(self, key: str) -> list[list[OneShot]]:
        """The voices of a key, each a list of layers by rising velocity; empty if the bank has none."""
        voices: dict[str, list[OneShot]] = {}
        for one_shot in self.by_key.get(key, []):
            voices.setdefault(one_shot.voice, []).append(one_shot)
        return list(voices.values())

    def voices_or_substitutes(self, articulation: str) -> list[list[OneShot]]:
        """The voices of an articulation, or of the first of its SUBSTITUTES that the bank has; empty if it has none."""
        return next(filter(None, map(self.voices, (articulation, *SUBSTITUTES.get(articulation, ())))), [])


def _captured(path: Path) -> Path:
    """The folder to delete for a bank to be captured again: that of all banks, as it also holds the marks of what was captured."""
    return path.parents[1] if path.parent.name in ("kits", "instruments") else path.parent


def layer_at(layers: list[OneShot], velocity: float) -> int:
    """Index of the layer that plays a velocity: the first that reaches up to it, else the loudest."""
    return int(np.searchsorted([one_shot.velocity for one_shot in layers[:-1]], velocity))


@lru_cache(maxsize=256)
def open_bank(path: Path) -> Bank:
    """The bank at a path, opened once per process."""
    return Bank(path)
