"""Automatic drum transcription: what the notebooks of this project are made of.

`adtlib.transcribe("song.mp3")` hears the drums of a recording; see `adtlib.transcription`.
"""

import os

# GNU OpenMP's threads wait for each other in a busy loop. Beside any other program on the same cores that makes torch ten times
# slower (measured: 9 times real time instead of 149); a short loop costs nothing on an idle machine. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_TRANSCRIBING = ("Transcription", "transcribe")


def __getattr__(name: str):
    """What transcribes is loaded when it is asked for: the package itself stays light."""
    if name in _TRANSCRIBING:
        from adtlib import transcription

        return getattr(transcription, name)
    raise AttributeError(f"module 'adtlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_TRANSCRIBING])
