"""Players for notebooks and web pages, small enough to be stored with them."""

import base64
import io

import numpy as np
import soundfile
from IPython.display import Audio

from adtlib.audio.features import SAMPLE_RATE


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


def player_html(waveform: np.ndarray) -> str:
    """The same player for waveforms at 44.1 kHz, as an HTML element that contains the sound."""
    return f'<audio controls src="data:audio/mpeg;base64,{base64.b64encode(mp3(waveform)).decode()}"></audio>'
