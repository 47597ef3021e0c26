"""Automatic drum transcription: what the notebooks of this project are made of, in rooms.

`adtlib.transcribe("song.mp3")` hears the drums of a recording and returns a `Transcription`. The rooms, each of which imports only
those after it: `panels` and `notebooks`, `studies`, `transcription`, `training`, `figures`, `models` and `corpora`, `evaluation`,
`synthesis`, `notation`, `onsets`, `audio`. A room exports what is used from outside; it is loaded when it is asked for.
"""

import os
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from adtlib.transcription import Transcription as Transcription, transcribe as transcribe

__version__ = "0.2.0"

# GNU OpenMP's threads wait for each other in a busy loop. Beside any other program on the same cores that makes torch ten times
# slower (measured: 9 times real time instead of 149); a short loop costs nothing on an idle machine. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_ROOMS = ["audio", "corpora", "evaluation", "figures", "models", "notation", "notebooks", "onsets", "panels", "studies"]
_ROOMS += ["synthesis", "training", "transcription", "paths", "profiles", "vocabulary"]
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, _ROOMS, {"transcription": ["Transcription", "transcribe"]})
