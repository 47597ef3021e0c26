"""The interactive panels of the notebooks: one function an idea, one line in a notebook. How a panel works: `panel`.

Each draws its figure once, in the theme of all figures, and returns a `Panel`. Its docstring says what there is to see.
"""

from adtlib.panels_signals import explore_aliasing, explore_filterbank, explore_stft
from adtlib.panels_transcription import explore_peak_conditions, explore_peak_picking, explore_tolerance
from adtlib.track_browser import browse_tracks

__all__ = [
    "browse_tracks",
    "explore_aliasing",
    "explore_filterbank",
    "explore_peak_conditions",
    "explore_peak_picking",
    "explore_stft",
    "explore_tolerance",
    "transcribe_recordings",
]


def transcribe_recordings(profile):
    """Transcribe any recording at hand with any model at hand; see `adtlib.transcriber`, which alone of the panels needs torch."""
    from adtlib.transcriber import transcribe_recordings as made

    return made(profile)
