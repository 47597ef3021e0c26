"""Real songs that validate models trained on rendered clips; no model is trained on them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adtlib.audio.files import audio_blocks
from adtlib.audio.normalise import loudness_gain
from adtlib.corpora.enst_mdb import EnstMdb
from adtlib.corpora.preparation import prepare
from adtlib.corpora.store import Unit
from adtlib.training.augmentation import attenuation, magnitudes

STEEPNESS = 16.0  # of the low-pass filter: 48 dB an octave


@dataclass(frozen=True)
class NormalisedUnit(Unit):
    """A unit at the level at which recordings are transcribed.

    gain      that of `audio.normalise.loudness_gain`.
    low_pass  Hz: edge of a low-pass filter; None for no filter.
    """

    gain: float = 1.0
    low_pass: float | None = None

    @property
    def features(self) -> np.ndarray:
        """`(n_frames, 84)` float32."""
        bands = np.float32(self.gain) * magnitudes(super().features)
        if self.low_pass:
            bands /= attenuation(self.low_pass, STEEPNESS).astype(np.float32)
        return np.log10(1 + bands)


def real_units(root: Path, low_pass: float | None = None) -> dict[str, list[Unit]]:
    """The songs of MDB Drums below `root`, of all splits, by audio: `drum_only` and `full_mix`, as far as they are found.

    low_pass  Hz: simulates old records or low-rate encoders, which have little above it.
    """
    found = {}
    for audio in ("drum_only", "full_mix"):
        corpus = EnstMdb(root, mdb_audio=audio)
        if corpus.present:
            prepared = prepare(corpus, progress=False)
            files = {track.id: track.audio[0] for track in corpus.tracks()}
            units = [unit for split in prepared.splits for unit in prepared.units(split) if unit.id.startswith("MDB/")]
            found[audio] = [
                NormalisedUnit(**vars(unit), gain=loudness_gain(audio_blocks(files[unit.id])), low_pass=low_pass) for unit in units
            ]
    return {name: units for name, units in found.items() if units}
