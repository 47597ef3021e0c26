"""Drum maps: the MIDI pitch of each class, for General MIDI, for kits and samplers with other layouts, and for users' own.

A transcription has five classes. Where it does not distinguish open and closed hi-hats, one tom from another, or crash and ride,
each class is written as one pitch, that of its most typical instrument. In General MIDI these are 36 (bass drum 1), 38 (acoustic
snare), 47 (low-mid tom), 42 (closed hi-hat) and 49 (crash cymbal 1). Kinds of strokes have pitches of their own where a map has
them.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adtlib.onsets.text import TextError, decoded
from adtlib.vocabulary import CLASSES, FIVE_CLASS, KIND_PITCH, KINDS, MIDI_PITCH


class DrumMapError(ValueError):
    """A drum map that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True, eq=False)
class DrumMap:
    """The pitch of each class.

    name     for the command line.
    pitches  {class: MIDI pitch, 0 to 127}: all five classes, with different pitches, so that a file can be read back.
    plays    the kits that it is for.
    source   of the pitches.
    kinds    {kind of `vocabulary.KINDS`: MIDI pitch}: other kinds have the pitch of their class.
    """

    name: str
    pitches: Mapping[str, int]
    plays: str = ""
    source: str = ""
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, int]:
        """The pitch of each class and of each kind."""
        return {**self.pitches, **{kind: self.pitches[name] for kind, name in KINDS.items()}, **self.kinds}

    def __post_init__(self):
        if missing := [name for name in CLASSES if name not in self.pitches]:
            raise DrumMapError(f"drum map {self.name}: no pitch for {', '.join(missing)}")
        for name, pitch in self.pitches.items():
            if name not in CLASSES:
                raise DrumMapError(f"drum map {self.name}: {name!r} is not a class: choose from {', '.join(CLASSES)}")
            if not (isinstance(pitch, int) and 0 <= pitch <= 127):
                raise DrumMapError(f"drum map {self.name}: pitch {pitch!r} of {name} must be a whole number in 0 to 127")
        if len(set(self.pitches.values())) < len(CLASSES):
            raise DrumMapError(f"drum map {self.name}: two classes share a pitch and could not be distinguished")


def _named(name: str, pitches: tuple[int, ...], plays: str, source: str, kinds: Mapping[str, int] | None = None) -> DrumMap:
    return DrumMap(name, dict(zip(CLASSES, pitches, strict=True)), plays, source, kinds or {})


# KD, SD, TT, HH, CY.
_MAPS = (
    _named(
        "general-midi",
        tuple(MIDI_PITCH[name] for name in CLASSES),
        "General MIDI instruments; EZdrummer and Superior Drummer, whose layout extends it",
        "General MIDI percussion key map; Toontrack's key map, by which General MIDI files play as they are",
        KIND_PITCH,
    ),
    # 47 is the rim of tom 2 on these modules; 45 is its head.
    _named(
        "roland",
        (36, 38, 45, 42, 49),
        "Roland V-Drums (TD-07, TD-11, TD-17, TD-27 and others at factory settings)",
        "Roland, 'TD-17: Default Factory MIDI Note Map'; Groove MIDI Dataset (Gillick et al. 2019), for the TD-11",
    ),
    _named(
        "alesis", (36, 38, 45, 42, 49), "Alesis Nitro and others at factory settings", "Alesis Nitro user guide: pad MIDI notes"
    ),
    # Closed 1 tip, tom 2 open hit, cymbal 1 hit.
    _named("addictive-drums-2", (36, 38, 69, 49, 77), "Addictive Drums 2", "XLN Audio, 'Addictive Drums 2 Keymap', June 2021"),
    # It has no 47.
    _named(
        "hydrogen", (36, 38, 43, 42, 49), "Hydrogen's GMRockKit", "order and output notes of the instruments in its drumkit.xml"
    ),
)
DRUM_MAPS = {entry.name: entry for entry in _MAPS}


def drum_map(given: "DrumMap | Mapping[str, int] | Path | str | None" = None) -> DrumMap:
    """The drum map for a name, a text, a file or a dictionary.

    given  a name in DRUM_MAPS; "KD=35,SD=40" (the other classes keep the pitches of General MIDI); a .csv (class,pitch) or .json
           ({class: pitch}) file; a dictionary; None for General MIDI.

    Raises DrumMapError for an unknown name, class or pitch, and for a file that cannot be read.
    """
    if given is None:
        return DRUM_MAPS["general-midi"]
    if isinstance(given, DrumMap):
        return given
    if isinstance(given, Mapping):
        return _completed("given", list(given.items()))
    text = str(given)
    if text.lower() in DRUM_MAPS:
        return DRUM_MAPS[text.lower()]
    if Path(text).suffix.lower() in (".csv", ".json"):
        return _completed(Path(text).name, _read(Path(text)))
    if "=" in text:
        return _completed(text, [part.partition("=")[::2] for part in text.split(",") if part.strip()])
    raise DrumMapError(
        f"{text!r} is not a drum map: choose one of {', '.join(DRUM_MAPS)}; or give KD=36,SD=38,TT=47,HH=42,CY=49, "
        "or a .csv or .json file"
    )


def _completed(name: str, given: Iterable[tuple[Any, Any]]) -> DrumMap:
    """A map of the given pairs of class and pitch, completed by General MIDI; classes may have any of their names."""
    pitches: dict[str, int] = {}
    for label, pitch in given:
        found = FIVE_CLASS.class_of(str(label).strip())
        if not found:
            raise DrumMapError(f"drum map {name}: {label!r} is not a class: choose from {', '.join(CLASSES)}")
        if found in pitches:
            raise DrumMapError(f"drum map {name}: {found} has two pitches, {pitches[found]} and {pitch}; leave one")
        try:
            pitches[found] = int(str(pitch).strip())
        except ValueError:
            raise DrumMapError(f"drum map {name}: {pitch!r} of {label} is not a pitch: give a whole number in 0 to 127") from None
    kinds = {kind: pitch for kind, pitch in KIND_PITCH.items() if KINDS[kind] not in pitches}
    return DrumMap(name, MIDI_PITCH | pitches, "your own", "given", kinds)


def _read(path: Path) -> list[tuple[Any, Any]]:
    """(class, pitch) of each entry of a file."""
    try:
        content = decoded(path.expanduser().read_bytes())
    except (OSError, RuntimeError):  # the latter: a home that nobody has
        raise DrumMapError(f"{path}: there is no such drum map; put it there or name another") from None
    except TextError as error:
        raise DrumMapError(f"{path}: {error}") from None
    if path.suffix.lower() == ".json":
        try:
            table = json.loads(content, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError) as error:
            raise DrumMapError(f"{path}: not JSON ({error}); correct it") from None
        if not isinstance(table, _Pairs):
            raise DrumMapError(f'{path}: expected {{"KD": 36, ...}}')
        return table
    separator = next((sign for sign in "\t;" if sign in content), ",")
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(content.splitlines(), delimiter=separator)]
    except csv.Error as error:
        raise DrumMapError(f"{path}: not a table ({error}); correct it") from None
    rows = [row for row in rows if any(row) and not row[0].startswith("#")]
    if rows and rows[0][0].lower() in ("class", "drum", "name"):
        rows = rows[1:]
    if wrong := [row for row in rows if len(row) < 2]:
        raise DrumMapError(f"{path}: the line {separator.join(wrong[0])!r} is not class,pitch; correct or remove it")
    return [(row[0], row[1]) for row in rows]


class _Pairs(list):
    """The pairs of a JSON object: a dictionary would keep only the last of two equal keys."""
