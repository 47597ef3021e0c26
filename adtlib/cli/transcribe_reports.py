"""What `adt transcribe` says: lines for people, or a line of JSON for each recording."""

import argparse
import json
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from adtlib import paths
from adtlib.cli.terminal import one_line
from adtlib.notation.time_signatures import in_words
from adtlib.onsets.peak_picking import thresholds_by_class, with_thresholds
from adtlib.vocabulary import CLASSES, KINDS

if TYPE_CHECKING:
    from adtlib.transcription.transcription import Transcription


class Report:
    """Says what was done, where the options want it: files and JSON have standard output for themselves."""

    def __init__(self, options: argparse.Namespace) -> None:
        """`options`: those of `adt transcribe`."""
        self._options = options
        self.json = options.json

    def say(self, text: str) -> None:
        """Print lines for people."""
        if not self._options.quiet:
            print(text, file=self._stream, flush=True)

    def detail(self, text: str) -> None:
        """Print a line that -v asks for."""
        if self._options.verbose:
            self.say(one_line(text))

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self.json or str(self._options.out) == "-" else sys.stdout

    def record(self, recording: str, **about: Any) -> None:
        """Print a line of JSON on a recording, if they are wanted."""
        if self.json:
            print(json.dumps({"recording": recording, **about}, default=str), flush=True)

    def transcribed(
        self, song: "Transcription", recording: str, target: Path, written: list[Path], seconds: dict[str, float], more: list[str]
    ) -> None:
        """Say what was heard in a recording.

        target   of its results, without suffix;  written  its new files.
        seconds  that hearing and writing took;  more  further lines.
        """
        lines = _lines(song, recording, target, written, seconds)
        self.say("\n".join(map(one_line, [*lines, *_merged(song, self._options), *more])))
        if self.json:
            self.record(recording, **_as_data(song, written, seconds, self._options))


def times_real_time(sound: float, took: float) -> str:
    """How many times faster than real time so many seconds of sound were heard, in words; slow ones with a decimal."""
    speed = sound / max(took, 1e-9)
    return f"{speed:.{0 if speed >= 10 else 1}f} times real time"


def _lines(song: "Transcription", recording: str, target: Path, written: list[Path], seconds: dict[str, float]) -> list[str]:
    """Three lines or more on one recording, for 80 columns."""
    counts = song.counts
    total = sum(counts.values())
    onsets = (
        f"{total:,} onset{'s' * (total != 1)}: " + "  ".join(f"{name} {counts[name]:,}" for name in CLASSES)
        if total
        else "no onsets"
    )
    minutes, rest = divmod(round(song.duration), 60)
    tempo = song.beats.in_words if song.beats.found else f"too few onsets for a tempo: {song.beats.tempo:.0f} written"
    speed = f"heard in {seconds['heard']:.1f} s, {times_real_time(song.duration, seconds['heard'])}"
    speed += f"; written in {seconds['written']:.1f} s" if written else ""
    kinds = ", ".join(f"{count:,} {kind}".replace(" ", "_") for kind, count in _kinds(song).items())  # a line ends after a comma
    of_kinds = [line.replace("_", " ") for line in textwrap.wrap(kinds, 78, initial_indent="  ", subsequent_indent="  ")]
    lines = [f"{recording} ({minutes}:{rest:02d})", f"  {onsets}", *of_kinds, f"  {tempo}; {speed}"]
    if written:
        kinds = " ".join(path.name.removeprefix(target.name) for path in written)
        named = textwrap.wrap(f"{paths.relative(target)}: {kinds}", 78, break_long_words=False, break_on_hyphens=False)
        lines += [f"  {line}" for line in named]
    return lines


def _kinds(song: "Transcription") -> dict[str, int]:
    """How many onsets are of each kind, but for the kick; those of a class together."""
    counts = Counter(event.kind for event in song.events)
    return {kind: counts[kind] for kind in KINDS if counts[kind] and kind != "kick"}


def _merged(song: "Transcription", options: argparse.Namespace) -> list[str]:
    """Lines for a MIDI file, or for sheet music and charts, with fewer notes than onsets."""
    from adtlib.transcription.formats import FORMATS

    grid = f" (--quantise {options.quantise})" if options.quantise else ""
    lines = []
    for what, kinds in {"MIDI": ("mid",), "score": [kind for kind, entry in FORMATS.items() if entry.on_grid]}.items():
        kind = next((kind for kind in kinds if kind in options.format), None)
        if kind and (count := song.count_merged(kind, options.quantise, options.drum_map)):
            lines.append(f"  {what}: {count:,} stroke{'s' * (count != 1)} left out, closer to another than its notes can lie{grid}")
    return lines


def _as_data(song: "Transcription", written: list[Path], seconds: dict[str, float], options: argparse.Namespace) -> dict[str, Any]:
    """A transcription as plain data."""
    pitches = song.pitches(options.drum_map)
    return {
        "duration": round(song.duration, 4),
        "model": song.model,
        "thresholds": thresholds_by_class(song.peak_picking),
        "counts": song.counts,
        **({"kinds": _kinds(song)} if song.kinds else {}),
        "onsets": [
            {
                "time": round(event.seconds, 4),
                "class": event.name,
                "pitch": pitches[event.label],
                "velocity": event.velocity,
                "confidence": round(event.confidence, 4),
                **({"kind": event.kind, "kind_confidence": round(event.kind_confidence, 4)} if event.kind else {}),
            }
            for event in song.events
        ],
        "beats": {
            "found": song.beats.found,
            "time_signature": in_words(song.beats.meter),
            "tempo": round(song.beats.tempo, 3),
            "bpm": round(song.beats.bpm, 3),
            "times": [round(float(time), 4) for time in song.beats.times],
            "positions": song.beats.positions.tolist(),
        },
        "files": list(map(str, written)),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def about_model(model, options: argparse.Namespace) -> list[str]:
    """The model and its thresholds, in lines of 80 columns."""
    values = thresholds_by_class(with_thresholds(model.peak_picking, options.threshold)).items()
    thresholds = ", ".join(f"{name} {value:.3g}" for name, value in values)
    return textwrap.wrap(f"model: {model.name}; thresholds {thresholds}", 78, subsequent_indent="  ")
