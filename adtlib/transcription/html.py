"""A transcription in a notebook: a summary, a picture of its first seconds, two players and the first bars of its notation."""

import base64
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from adtlib.audio.clicks import with_clicks
from adtlib.audio.defects import peak_of
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import audio_blocks
from adtlib.audio.normalise import PEAK, scaled_to_peak
from adtlib.audio.playback import player_html
from adtlib.figures.passages import passage_of, plot_transcription
from adtlib.markup import in_html
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.pages import score_svg
from adtlib.transcription.kit_playback import played, sampled_kit
from adtlib.vocabulary import CLASS_NAMES, CLASSES

if TYPE_CHECKING:
    from adtlib.transcription.transcription import Transcription

BARS = 4  # of the notation


def song_html(song: "Transcription") -> str:
    """The HTML shown for a transcription; it contains its pictures and sounds and refers to no files."""
    parts = [f"<p><b>{in_html(song.name)}</b>: {summary(song)}</p>"]
    if song.duration > 0.1:
        start, end = passage_of(song)
        if song.features is not None:
            parts.append(_picture(song, start, end))
        parts += _players(song, start, end)
    if song.events:
        parts.append(f"<p>The first {BARS} bars:</p>{_score(song)}")
    return f'<div class="adt-transcription" style="max-width:62em">{"".join(parts)}</div>'


def summary(song: "Transcription") -> str:
    """One sentence: length, number of onsets of each class, tempo, model."""
    minutes, rest = divmod(round(song.duration), 60)
    counts = song.counts
    found = ", ".join(f"{CLASS_NAMES[name]} {counts[name]:,}" for name in CLASSES if counts[name]) or "no drums"
    tempo = f"; {song.beats.in_words}" if song.beats.found else ""
    by = f"; heard by the model {song.model}" if song.model else ""
    edited = f"; corrected by hand: {len(song.edits)}" if song.edits else ""
    return in_html(f"{minutes}:{rest:02d} min; {found}{tempo}{by}{edited}.")


def _picture(song: "Transcription", start: float, end: float) -> str:
    figure = plot_transcription(song, start, end)[0].figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    plt.close(figure)
    return f'<img style="max-width:100%" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def _players(song: "Transcription", start: float, end: float) -> list[str]:
    """Players of the passage: the recording with clicks, if its file is still there, and the drums alone."""
    events = [(seconds - start, name, velocity) for seconds, name, velocity in song.drum_events if start <= seconds < end]
    players = []
    if song.source is not None and song.source.is_file():
        recording = _part(song, start, end)
        peak = peak_of(recording)
        clicked = np.concatenate(list(scaled_to_peak(lambda: with_clicks([recording], events, peak))))
        players.append(_player("the recording with clicks", clicked))
    players.append(_player(f"the drums, on {sampled_kit().name}", played(events, end - start) * PEAK))
    return players


def _part(song: "Transcription", start: float, end: float) -> np.ndarray:
    """Samples of the passage; the recording is read only up to its end."""
    parts, here = [], 0
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    for block in audio_blocks(song.source):
        parts.append(block[max(first - here, 0) : max(last - here, 0)])
        here += len(block)
        if here >= last:
            break
    return np.concatenate(parts)


def _player(words: str, waveform: np.ndarray) -> str:
    return f"<p>{in_html(words)}<br>{player_html(waveform)}</p>"


def _score(song: "Transcription") -> str:
    pattern = song.to_pattern()
    bars = min(BARS, pattern.n_bars)
    hits = tuple(hit for hit in pattern.hits if hit.beat < bars * pattern.bar_length)
    picture = score_svg(to_musicxml(replace(pattern, hits=hits, n_bars=bars)))
    # As an image, so that the ids in it do not clash with those of another on the page.
    return f'<img style="max-width:100%" src="data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}">'
