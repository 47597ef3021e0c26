"""Drum maps: MIDI pitches of classes and of kinds of strokes, for General MIDI, for kits and samplers, and for users' own.

Where a model does not distinguish open and closed hi-hats, one tom from another, or crash and ride, each class has one pitch, that
of its main kind of stroke. In General MIDI these are 36 (bass drum 1), 38 (acoustic snare), 47 (low-mid tom),
42 (closed hi-hat) and 49 (crash cymbal 1). Each kind of stroke (`vocabulary.KINDS`) has a pitch of its own where the kit has one.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adtlib.onsets.text import TextError, decoded
from adtlib.vocabulary import CLASSES, FIVE_CLASS, KINDS, MAIN_KIND, MIDI_PITCH

# What is played instead where a kit lacks a kind of stroke; without an entry here it is the pitch of its class.
_NEAREST = {"hat_half_open": "hat_open", "ride_bell": "ride", "splash": "crash", "china": "crash", "cowbell": "ride_bell"}


class DrumMapError(ValueError):
    """A drum map that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True, eq=False)
class DrumMap:
    """The pitch of each class, and of the kinds of strokes that a kit tells apart.

    name     for the command line.
    pitches  {class: MIDI pitch, 0 to 127}: all five classes, with different pitches, so that a file can be read back.
    plays    the kits that it is for.
    source   of the pitches.
    kinds    {kind of `vocabulary.KINDS`: MIDI pitch}: those that the kit has. No pitch is of two classes.
    """

    name: str
    pitches: Mapping[str, int]
    plays: str = ""
    source: str = ""
    kinds: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self):
        if missing := [name for name in CLASSES if name not in self.pitches]:
            raise DrumMapError(f"drum map {self.name}: no pitch for {', '.join(missing)}")
        for known, given in ((CLASSES, self.pitches), (KINDS, self.kinds)):
            for name, pitch in given.items():
                if name not in known:
                    what = "class" if known is CLASSES else "kind of stroke"
                    raise DrumMapError(f"drum map {self.name}: {name!r} is not a {what}: choose from {', '.join(known)}")
                if not (isinstance(pitch, int) and 0 <= pitch <= 127):
                    raise DrumMapError(f"drum map {self.name}: pitch {pitch!r} of {name} must be a whole number in 0 to 127")
        if len(set(self.pitches.values())) < len(CLASSES):
            raise DrumMapError(f"drum map {self.name}: two classes share a pitch and could not be distinguished")
        owner = {pitch: name for name, pitch in self.pitches.items()}
        for kind, pitch in self.kinds.items():
            if owner.setdefault(pitch, KINDS[kind]) != KINDS[kind]:
                raise DrumMapError(f"drum map {self.name}: {kind} shares pitch {pitch} with another class; give it one of its own")

    def pitch(self, name: str) -> int:
        """The pitch of a class, or of a kind of stroke; where the kit lacks the kind, that of the nearest one, or of its class."""
        while name not in self.pitches:
            if name in self.kinds:
                return self.kinds[name]
            name = _NEAREST.get(name, KINDS[name])
        return self.pitches[name]


# (kits, source of the pitches) of the columns of drum_maps.csv.
_MAPS = {
    "general-midi": ("General MIDI instruments", "General MIDI percussion key map"),
    # General MIDI files play as they are, but for its china, tambourine and cowbell. 55 is a third cymbal, as a rule a splash.
    "toontrack": (
        "EZdrummer 3 and Superior Drummer 3",
        "key maps of both programs, as github.com/nullcrimson/remidi lists them (engines/ezdrummer.toml, superior_drummer3.toml)",
    ),
    # On these modules 47, 50 and 58 are rims of toms, 52 and 55 edges of crashes, 57 the second crash.
    "roland": (
        "Roland V-Drums (TD-07, TD-11, TD-17, TD-27 and others at factory settings)",
        "Roland, 'TD-17: Default Factory MIDI Note Map'; Groove MIDI Dataset (Gillick et al. 2019), for the TD-11",
    ),
    "alesis": (
        "Alesis Nitro and others at factory settings",
        "Alesis, 'Nitro Drum Module User Guide v1.2', p. 38: pad MIDI note numbers",
    ),
    # Closed 1 tip, open A and C, toms 1 to 3, cymbal 1, ride 1 tip. Which cymbals there are besides, the kit decides.
    "addictive-drums-2": ("Addictive Drums 2", "XLN Audio, 'Addictive Drums 2 Keymap', June 2021"),
    # Other kits of GGD have other mappings, and most a preset for General MIDI.
    "ggd": (
        "GetGood Drums Modern & Massive 2, default mapping",
        "the plug-in's mapping, as github.com/nullcrimson/remidi lists it (engines/ggd_modernmassive2.toml)",
    ),
    # It begins an octave below General MIDI.
    "bfd": (
        "BFD3, default key map",
        "the program's key map, as github.com/nullcrimson/remidi lists it (engines/bfd3.toml); that 36 is a mid tom, also "
        "mitsubamushi.hatenablog.com/entry/20190512/p1",
    ),
    "hydrogen": ("Hydrogen's GMRockKit", "names and output notes of the instruments in its drumkit.xml"),
}


def _table() -> dict[str, DrumMap]:
    """The maps of drum_maps.csv by name."""
    with open(Path(__file__).with_suffix(".csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for name, (plays, source) in _MAPS.items():
        kinds = {row["kind"]: int(row[name]) for row in rows if row[name]}
        found[name] = DrumMap(name, {label: kinds[kind] for label, kind in MAIN_KIND.items()}, plays, source, kinds)
    return found


DRUM_MAPS = _table()
# Other names of maps.
_ALSO = {"ezdrummer": "toontrack", "superior-drummer": "toontrack", "superior": "toontrack", "gm": "general-midi", "bfd3": "bfd"}


def drum_map(given: "DrumMap | Mapping[str, int] | Path | str | None" = None) -> DrumMap:
    """The drum map for a name, a text, a file or a dictionary.

    given  a name in DRUM_MAPS; "KD=35,SD=40" (the other classes keep the pitches of General MIDI); a .csv (class,pitch) or .json
           ({class: pitch}) file; a dictionary; None for General MIDI. Beside classes there may be kinds of strokes ("hat_open=46").

    Raises DrumMapError for an unknown name, class, kind or pitch, and for a file that cannot be read.
    """
    if given is None:
        return DRUM_MAPS["general-midi"]
    if isinstance(given, DrumMap):
        return given
    if isinstance(given, Mapping):
        return _completed("given", list(given.items()))
    text = str(given)
    if (name := _ALSO.get(text.lower(), text.lower())) in DRUM_MAPS:
        return DRUM_MAPS[name]
    if Path(text).suffix.lower() in (".csv", ".json"):
        return _completed(Path(text).name, _read(Path(text)))
    if "=" in text:
        return _completed(text, [part.partition("=")[::2] for part in text.split(",") if part.strip()])
    raise DrumMapError(
        f"{text!r} is not a drum map: choose one of {', '.join(DRUM_MAPS)}; or give KD=36,SD=38,TT=47,HH=42,CY=49, "
        "or a .csv or .json file"
    )


def _completed(name: str, given: Iterable[tuple[Any, Any]]) -> DrumMap:
    """A map of the given pairs of class or kind and pitch, completed by General MIDI; classes may have any of their names.

    Kinds of classes that are not given keep the pitches of General MIDI, unless another class has them now; other kinds that are
    not given have the pitch of their class. A word that names both, such as "ride", means the class, unless the pitch of the class
    is given by its abbreviation.
    """
    pairs = [(str(label).strip(), pitch) for label, pitch in given]
    abbreviated = {label.upper() for label, _ in pairs}
    classes: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for label, pitch in pairs:
        kind, of = label.lower().replace("-", "_"), FIVE_CLASS.class_of(label)
        is_kind = kind in KINDS and (not of or (kind in ("ride", "crash") and "CY" in abbreviated))
        if not (of or is_kind):
            raise DrumMapError(
                f"drum map {name}: {label!r} is not a class: choose from {', '.join(CLASSES)}, or a kind of stroke: "
                f"{', '.join(KINDS)}"
            )
        found, of = (kinds, kind) if is_kind else (classes, of)
        if of in found:
            raise DrumMapError(f"drum map {name}: {of} has two pitches, {found[of]} and {pitch}; leave one")
        try:
            found[of] = int(str(pitch).strip())
        except ValueError:
            raise DrumMapError(f"drum map {name}: {pitch!r} of {label} is not a pitch: give a whole number in 0 to 127") from None
    owner = {pitch: of for of, pitch in (MIDI_PITCH | classes).items()} | {pitch: KINDS[kind] for kind, pitch in kinds.items()}
    usual = {
        kind: pitch
        for kind, pitch in DRUM_MAPS["general-midi"].kinds.items()
        if KINDS[kind] not in classes and owner.get(pitch, KINDS[kind]) == KINDS[kind]
    }
    return DrumMap(name, MIDI_PITCH | classes, "your own", "given", usual | kinds)


def _read(path: Path) -> list[tuple[Any, Any]]:
    """(class, pitch) of each entry of a file."""
    try:
        content = decoded(path.expanduser().read_bytes())
    except (OSError, RuntimeError):  # the latter: a home that nobody has
        raise DrumMapError(f"{path}: there is no such drum map; put it there, or choose from {', '.join(DRUM_MAPS)}") from None
    except TextError as error:
        raise DrumMapError(f"{path}: {error}") from None
    pairs = _of_json(path, content) if path.suffix.lower() == ".json" else _of_table(path, content)
    if not pairs:
        raise DrumMapError(f"{path}: there is no pitch in it; write lines like KD,36, or leave --drum-map out")
    return pairs


def _of_json(path: Path, content: str) -> list[tuple[Any, Any]]:
    try:
        table = json.loads(content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise DrumMapError(f"{path}: not JSON ({error}); correct it") from None
    if not isinstance(table, _Pairs):
        raise DrumMapError(f'{path}: expected {{"KD": 36, ...}}')
    return table


def _of_table(path: Path, content: str) -> list[tuple[Any, Any]]:
    lines = [line for line in content.splitlines() if line.strip("\t;, ") and not line.lstrip().startswith("#")]
    try:
        rows = [[cell.strip() for cell in next(csv.reader([line], delimiter=_separator(line)))] for line in lines]
    except csv.Error as error:
        raise DrumMapError(f"{path}: not a table ({error}); correct it") from None
    if rows and rows[0][0].lower() in ("class", "drum", "name"):
        lines, rows = lines[1:], rows[1:]
    if wrong := [line for line, row in zip(lines, rows, strict=True) if len(row) < 2]:
        raise DrumMapError(f"{path}: the line {wrong[0]!r} is not class,pitch; correct or remove it")
    return [(row[0], row[1]) for row in rows]


def _separator(line: str) -> str:
    return next((sign for sign in "\t;" if sign in line), ",")


class _Pairs(list):
    """The pairs of a JSON object: a dictionary would keep only the last of two equal keys."""
