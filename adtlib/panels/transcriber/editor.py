"""The editor of a transcription as a widget: five lanes under the waveform, corrected with pointer or keys, played in the browser.

Its other half is `editor.js`, made of the modules of `page/` (`page/src/notebook.js`), so that notebook and page draw, pick peaks
and correct with the same code. A recording is sent once; then only thresholds, beats, corrections and the part that is shown go to
and fro. Sound is sent in pieces as it is played, so that an hour opens as fast as a minute.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from adtlib.audio.features import HOP_LENGTH, SAMPLE_RATE
from adtlib.onsets.peak_picking import thresholds_by_class
from adtlib.panels.transcriber.opened import OpenRecording
from adtlib.transcription.events import Edit

PIECE = 10  # seconds of sound in a message: 0.9 MB
_PEAK = 0.9  # of the sound
_HERE = Path(__file__).parent


class LaneEditor(anywidget.AnyWidget):
    """The widget. `view` is (start, seconds) of the part that is shown; `corrections` are those of the recording that is open.

    Observe `edits` and `view` to learn of a correction, or of another part that is shown.
    """

    _esm = _HERE / "editor.js"
    _css = _HERE / "editor.css"
    recording = traitlets.Dict().tag(sync=True)  # id (0: none), duration, rate, piece, picking, and float32 arrays as bytes
    thresholds = traitlets.List().tag(sync=True)  # one a class
    beats = traitlets.Dict().tag(sync=True)  # of (the recording's id), times, positions, found
    edits = traitlets.Dict().tag(sync=True)  # of, made: [{kind, name, seconds, velocity}]
    view = traitlets.List().tag(sync=True)

    def __init__(self) -> None:
        """Without a recording."""
        self.opened: OpenRecording | None = None
        self._count = 0
        super().__init__(recording={"id": 0}, beats={"of": 0}, edits={"of": 0, "made": []}, view=[0.0, 0.0])
        self.on_msg(self._send_sound)

    def show_recording(
        self, opened: OpenRecording | None, edits: Sequence[Edit] = (), view: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Show another recording, or none, with the corrections that it has."""
        self.opened, number = opened, 0
        with self.hold_sync():
            if opened is not None:
                self._count = number = self._count + 1
                self.thresholds = list(thresholds_by_class(opened.transcription.peak_picking).values())
            self.edits = {"of": number, "made": [edit._asdict() for edit in edits]}
            self.view, self.beats = list(view), {"of": 0}
            self.recording = {"id": 0} if opened is None else {"id": number, **_sent(opened)}

    @property
    def corrections(self) -> tuple[Edit, ...]:
        """The corrections, in order."""
        return tuple(Edit(edit["kind"], edit["name"], float(edit["seconds"]), int(edit["velocity"])) for edit in self.edits["made"])

    @property
    def current(self) -> bool:
        """Whether `edits` are of the recording that is open: a message may be late."""
        return self.opened is not None and self.edits["of"] == self.recording["id"]

    def correct(self, edits: Sequence[Edit]) -> None:
        """Show other corrections of the recording."""
        self.edits = {"of": self.recording["id"], "made": [edit._asdict() for edit in edits]}

    def show_beats(self) -> None:
        """Show the beats of the recording that is open."""
        beats = self.opened.beats
        self.beats = {
            "of": self.recording["id"],
            "times": np.asarray(beats.times, dtype=float).tolist(),
            "positions": np.asarray(beats.positions).tolist(),
            "found": bool(beats.found),
        }

    def _send_sound(self, _widget: Any, content: dict, _buffers: list) -> None:
        """Answer for a piece of the sound; pieces of a recording that is no longer open are not asked for again."""
        if self.opened is not None and content.get("sound") == self.recording["id"]:
            self.send(content, [piece_of(self.opened, int(content["piece"]))])


def piece_of(opened: OpenRecording, number: int) -> bytes:
    """Piece `number` of the recording, PIECE seconds at most: 16-bit mono at 44.1 kHz, its peak that of the recording."""
    samples = opened.waveform[number * PIECE * SAMPLE_RATE : (number + 1) * PIECE * SAMPLE_RATE]
    scale = 32_767 * _PEAK / max(opened.peak, 1e-9)
    return np.clip(np.rint(samples * scale), -32_768, 32_767).astype("<i2").tobytes()


def _sent(opened: OpenRecording) -> dict[str, Any]:
    """What the browser is told of a recording."""
    found = opened.transcription
    picking = asdict(found.peak_picking) | {"threshold": list(thresholds_by_class(found.peak_picking).values())}
    arrays = {"peaks": _peaks(opened), "activations": found.activations, "energies": found.energies}
    return {
        "duration": opened.duration,
        "rate": SAMPLE_RATE,
        "piece": PIECE,
        "picking": picking,
        **{name: np.ascontiguousarray(values, dtype="<f4").tobytes() for name, values in arrays.items()},
    }


def _peaks(opened: OpenRecording) -> np.ndarray:
    """The largest magnitude of each frame of 10 ms, 1 at most."""
    waveform, frames = opened.waveform, math.ceil(len(opened.waveform) / HOP_LENGTH)
    starts = np.arange(frames) * HOP_LENGTH
    highest, lowest = np.maximum.reduceat(waveform, starts), np.minimum.reduceat(waveform, starts)
    return np.maximum(highest, -lowest) / max(opened.peak, 1e-9)
