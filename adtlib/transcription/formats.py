"""The files that a transcription can be written to, and the programs that read them. docs/formats.md tells more.

A kind of file is the end of its name: "mid", "labels.txt". Each is loaded when it is written.
"""

import difflib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adtlib.transcription.transcription import Transcription


@dataclass(frozen=True)
class Format:
    """A format.

    kind     the end of its files' names;  name  short, for the command line;  also  other names.
    what     it is, and which program reads it.
    on_grid  whether strokes are placed on the grid of sheet music, so that several may become one.
    extra    that writing it needs, "" if none.
    make     (transcription, drum map, grid) to its content.
    """

    kind: str
    name: str
    what: str
    make: "Callable[[Transcription, object, int | None], str | bytes]"
    also: tuple[str, ...] = ()
    on_grid: bool = False
    extra: str = ""


def _labels(song, drum_map, quantise) -> str:
    from adtlib.transcription.labels import audacity_labels

    return audacity_labels(song.events)


def _markers(song, drum_map, quantise) -> str:
    from adtlib.transcription.labels import reaper_markers

    return reaper_markers(song.events)


def _layer(song, drum_map, quantise) -> str:
    from adtlib.transcription.labels import sonic_visualiser_layer

    return sonic_visualiser_layer(song.events, song.duration, f"drums of {song.name}")


def _jams(song, drum_map, quantise) -> str:
    from adtlib.transcription.jams_file import jams

    return jams(song.events, song.beats, song.duration, song.name, song.model, song.pitches(drum_map))


def _tab(song, drum_map, quantise) -> str:
    from adtlib.notation.drum_tab import drum_tab

    start, strokes = song.strokes(quantise)
    return drum_tab(strokes, start, song.beats, song.name)


def _chart(song, drum_map, quantise) -> str:
    from adtlib.notation.clone_hero import chart

    return chart(song.strokes(quantise)[1], song.ticks, song.name, song.source.name if song.source else "", song.duration)


def _chart_midi(song, drum_map, quantise) -> bytes:
    from adtlib.notation.clone_hero import chart_midi

    return chart_midi(song.strokes(quantise)[1], song.ticks, song.name, song.duration)


def _dtx(song, drum_map, quantise) -> bytes:
    from adtlib.notation.dtx import dtx

    return dtx(song.strokes(quantise)[1], song.ticks, song.name, song.source.name if song.source else "")


def _guitar_pro(song, drum_map, quantise) -> bytes:
    from adtlib.notation.guitar_pro import guitar_pro

    return guitar_pro(song.to_pattern(quantise), song.name)


def _arrays(song, drum_map, quantise) -> bytes:
    import numpy as np

    from adtlib.audio.features import FPS
    from adtlib.onsets.peak_picking import thresholds_by_class
    from adtlib.vocabulary import CLASSES

    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        activations=song.activations,
        fps=np.float64(FPS),
        classes=np.array(CLASSES),
        thresholds=np.array(list(thresholds_by_class(song.peak_picking).values())),
        onset_seconds=np.array([event.seconds for event in song.events], dtype=np.float64),
        onset_classes=np.array([CLASSES.index(event.name) for event in song.events], dtype=np.int64),
        **({"onset_kinds": np.array([event.kind for event in song.events])} if song.kinds else {}),
        velocities=np.array([event.velocity for event in song.events], dtype=np.int64),
        beats=song.beats.times,
        beat_positions=song.beats.positions,
    )
    return buffer.getvalue()


_ALL = (
    Format("mid", "mid", "MIDI, for sequencers and notation programs", lambda s, m, q: s.to_midi(None, m, q), ("midi",)),
    Format("csv", "csv", "table of onsets", lambda s, m, q: s.to_csv(None, m)),
    Format("musicxml", "musicxml", "sheet music for notation programs", lambda s, m, q: s.to_musicxml(None, q), ("xml",), True),
    Format("svg", "svg", "sheet music as a picture", lambda s, m, q: s.to_svg(None, q), (), True, "score"),
    Format("pdf", "pdf", "sheet music to print", lambda s, m, q: s.to_pdf(None, q), (), True, "score"),
    Format("labels.txt", "labels", "labels for Audacity", _labels, ("audacity",)),
    Format("markers.csv", "markers", "markers for Reaper", _markers, ("reaper",)),
    Format("svl", "svl", "layer for Sonic Visualiser", _layer, ("sonic-visualiser",)),
    Format("jams", "jams", "annotations for research tools", _jams),
    Format("tab.txt", "tab", "drum tablature, plain text", _tab, ("ascii",), True),
    Format("chart", "chart", "chart for Clone Hero and YARG", _chart, ("clone-hero",), True),
    Format("notes.mid", "notes.mid", "the same as MIDI", _chart_midi, ("notes",), True),
    Format("dtx", "dtx", "chart for DTXMania", _dtx, ("dtxmania",), True),
    Format("gp5", "gp5", "tablature for Guitar Pro", _guitar_pro, ("guitar-pro", "guitarpro", "gp"), True, "guitar-pro"),
    Format("npz", "npz", "activations, onsets and beats as NumPy arrays", _arrays, ("activations",)),
)
FORMATS = {entry.kind: entry for entry in _ALL}
_NAMES = {name: entry.kind for entry in _ALL for name in (entry.kind, entry.name, *entry.also)}


def kinds_of(names: Iterable[str] | str) -> list[str]:
    """The kinds that names stand for, each once: "mid", "audacity", ".PDF". ValueError for an unknown one, naming all."""
    wanted = [name.strip().lower().lstrip(".") for name in ([names] if isinstance(names, str) else names)]
    if unknown := [name for name in wanted if name not in _NAMES]:
        near = difflib.get_close_matches(unknown[0], _NAMES, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{unknown[0]!r} is no format: choose of {', '.join(entry.name for entry in _ALL)}{meant}")
    return list(dict.fromkeys(_NAMES[name] for name in wanted))
