"""Automatic drum transcription: what the notebooks of this project are made of."""

import os

# GNU OpenMP's threads wait for each other in a busy loop. Beside any other program on the same cores that makes torch ten times
# slower (measured: 9 times real time instead of 149); a short loop costs nothing on an idle machine. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
