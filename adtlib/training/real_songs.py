"""Real songs to validate on what was trained on rendered clips: never trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adtlib.audio.files import audio_blocks
from adtlib.audio.normalise import loudness_gain
from adtlib.corpora.enst_mdb import EnstMdb
from adtlib.corpora.preparation import prepare
from adtlib.corpora.store import Unit
from adtlib.training.augmentation import attenuation, magnitudes

STEEPNESS = 16.0  # of a low-pass: 48 dB an octave


@dataclass(frozen=True)
class NormalisedUnit(Unit):
    """A unit at the level at which it is transcribed.

    gain      that of `levels`.
    low_pass  Hz: what is above is taken away. None: nothing is.
    """

    gain: float = 1.0
    low_pass: float | None = None

    @property
    def features(self) -> np.ndarray:
        """`(n_frames, 84)` float32."""
        heard = np.float32(self.gain) * magnitudes(super().features)
        if self.low_pass:
            heard /= attenuation(self.low_pass, STEEPNESS).astype(np.float32)
        return np.log10(1 + heard)


def real_units(root: Path, low_pass: float | None = None) -> dict[str, list[Unit]]:
    """The songs of MDB Drums at hand, whatever their split: `drum_only` and `full_mix`, as far as they are there.

    low_pass  Hz: as if they came from old records or a low-rate encoder, which hold little above it.
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
