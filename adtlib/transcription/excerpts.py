"""A passage of a transcription: its onsets, and its bars as drum notation.

Both look only at the passage and a second around it, so a slider responds at once however long the recording is.
"""

from dataclasses import replace

import numpy as np

from adtlib.audio.features import FPS
from adtlib.notation.beats import Beats
from adtlib.notation.patterns import EARLY, Pattern, song_pattern
from adtlib.transcription.events import SAME, Event
from adtlib.transcription.transcription import Transcription

CONTEXT = 1.0  # seconds around a passage that, with the windows of peak picking, decide on peaks at its edges


def events_between(transcription: Transcription, start: float, end: float) -> tuple[Event, ...]:
    """The onsets of `transcription.events` from `start` to before `end`, in seconds of the recording.

    Their velocities differ: here they are relative to the passage.
    """
    picking = transcription.peak_picking
    reach = round(CONTEXT * FPS) + max(picking.max_window, picking.mean_window, picking.wait, picking.double)
    first = max(0, int(np.floor(start * FPS)) - reach)
    last = max(first, min(len(transcription.activations), int(np.ceil(end * FPS)) + reach))
    shift = first / FPS
    near = [edit for edit in transcription.edits if start - SAME - 1 <= edit.seconds <= end + SAME + 1]
    part = replace(
        transcription,
        activations=transcription.activations[first:last],
        energies=transcription.energies[first:last],
        peak_picking=replace(picking, skip_first=max(0, picking.skip_first - first)),
        edits=tuple(edit._replace(seconds=edit.seconds - shift) for edit in near),
        features=None,
        kinds=transcription.kinds and transcription.kinds.between(first, last),
    )
    # Rounded to a nanosecond: subtracting and adding the shift would make 12.31 12.310000000000002.
    moved = (event._replace(seconds=round(event.seconds + shift, 9)) for event in part.events)
    return tuple(event for event in moved if start <= event.seconds < end)


def passage_pattern(transcription: Transcription, beats: Beats, start: float, end: float) -> Pattern:
    """Drum notation of the bars that contain a passage, on the grid of `beats`, from the bar of the first onset in them."""
    first, last = beats.at(np.array([start, end]))
    bars = np.floor((first + beats.phase) / beats.a_bar), np.ceil((last + beats.phase) / beats.a_bar)
    lines = [beats.seconds(bar * beats.a_bar - beats.phase - EARLY / float(beats.unit)) for bar in bars]
    events = events_between(transcription, *map(float, lines))
    return song_pattern([(event.seconds, event.label, event.velocity) for event in events], beats)
