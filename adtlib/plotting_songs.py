"""A transcription to look at: spectrogram, activations and onsets of a passage over the same seconds, beats and bar lines below."""

import matplotlib as mpl
import numpy as np

from adtlib.features import FPS
from adtlib.plotting import plot_activations, plot_onsets, use_theme
from adtlib.plotting_passages import features_with_bar, stacked_figure
from adtlib.transcription import Transcription
from adtlib.vocabulary import CLASSES

PASSAGE = 10.0  # seconds shown where no end is given


def passage_of(song: Transcription, start: float | None = None, end: float | None = None) -> tuple[float, float]:
    """(start, end) in seconds: by default ten seconds from a little before the first onset, within the recording.

    ValueError where the end is not after the start or nothing of the recording lies between.
    """
    if start is None:
        start = max(0.0, song.events[0].seconds - 0.3) if song.events else 0.0
    end = min(start + PASSAGE if end is None else end, song.duration)
    if not 0 <= start < end:
        raise ValueError(f"{start:g} to {end:g} s: not a passage of a recording of {song.duration:.2f} s")
    return start, end


def plot_transcription(song: Transcription, start: float | None = None, end: float | None = None):
    """The seconds from `start` to `end` of a transcription, by default ten from its first onset: the axes, seven below each other.

    Raises ValueError for a passage outside the recording, and where the features were not kept.
    """
    start, end = passage_of(song, start, end)
    if song.features is None:
        raise ValueError(f"{song.name}: its features were not kept; transcribe it with keep_features=True")
    first, last = int(start * FPS), max(int(np.ceil(end * FPS)), int(start * FPS) + 1)
    begin = first / FPS
    with mpl.rc_context():
        use_theme()
        _, axes, sides = stacked_figure([2.0, *[0.45] * len(CLASSES), 1.1], 0.78)
        features_with_bar(song.features[first:last], begin, axes[0], sides[0])
        shown = [times[(times >= begin) & (times < end)] for times in song.onsets]
        plot_activations(song.activations[first:last], shown, begin, song.peak_picking, axes[1:-1])
        plot_onsets(shown, begin, end, axes[-1])
        _beat_lines(song, begin, end, axes[-1])
        for ax in axes[:-1]:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
        axes[-1].set_xlabel("time (s); lines: beats, bar lines thick" if song.beats.found else "time (s)")
        axes[-1].set_xlim(begin, end)
    return axes


def _beat_lines(song: Transcription, start: float, end: float, ax) -> None:
    if not song.beats.found:
        return
    for seconds, position in zip(song.beats.times, song.beats.positions, strict=True):
        if start <= seconds <= end:
            ax.axvline(seconds, color="#888888", linewidth=1.3 if position == 1 else 0.5, zorder=0)
