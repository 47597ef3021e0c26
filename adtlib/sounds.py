"""Single strokes and patterns as sound, from the renderer of the generated corpora, and players small enough for a notebook."""

import io
from collections.abc import Sequence

import numpy as np
import soundfile
from IPython.display import Audio

from adtlib.corpora.grooves import Note
from adtlib.corpora.rendering import ROOM, KitDesign, build_kit, master, render_drums
from adtlib.features import SAMPLE_RATE

KIT = KitDesign("studio", ROOM, tune={"toms": 0.94}, wet=0.04)


def play(notes: Sequence[Note], duration: float, seed: int = 0, design: KitDesign = KIT, peak: float = 0.9) -> np.ndarray:
    """Notes on a kit: `(round(duration * 44100),)` float32 whose highest sample is `peak`; the same for the same seed."""
    return master(render_drums(notes, build_kit(design), duration, np.random.default_rng(seed)), peak)


def play_with_strokes(
    notes: Sequence[Note], duration: float, pitches: Sequence[int], seed: int = 0, design: KitDesign = KIT
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """As `play`, and one second of a single stroke of each pitch, as loud as a stroke of velocity 110 is in the recording."""
    recording = render_drums(notes, build_kit(design), duration, np.random.default_rng(seed))
    gain = np.float32(0.9 / max(float(np.abs(recording).max(initial=0.0)), 1e-9))
    return recording * gain, {pitch: stroke(pitch, 1.0, design=design) * gain for pitch in pitches}


def stroke(pitch: int, duration: float, velocity: int = 110, lead_in: float = 0.0, design: KitDesign = KIT) -> np.ndarray:
    """One stroke of a General MIDI pitch after `lead_in` seconds of silence: `(round(duration * 44100),)` float32.

    Strokes are as loud as they are beside each other on the kit.
    """
    return render_drums([Note(lead_in, pitch, velocity)], build_kit(design), duration, np.random.default_rng(0))


def mp3(waveform: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """A mono waveform as an MP3 file, at its own level: up to 16 kHz, a fifteenth of the size of plain samples."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(waveform, -1, 1), sample_rate, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.8)
    return buffer.getvalue()


def player(waveform: np.ndarray, sample_rate: int = SAMPLE_RATE) -> Audio:
    """A player of a mono waveform, as `mp3` writes it."""
    audio = Audio(data=mp3(waveform, sample_rate))
    audio.mimetype = "audio/mpeg"
    return audio
