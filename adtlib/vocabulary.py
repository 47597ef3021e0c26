"""The five classes of drums, and the mappings from each corpus's labels to them.

The classes always have the same order: kick drum, snare drum, toms, hi-hat, cymbals (crash and ride together). A mapping
assigns each label of an annotation scheme to one of the five classes, or ignores it as percussion outside the vocabulary. A
label that a mapping does not contain is an error of the data or of the mapping: it is always counted and reported (by
`adtlib.onsets.annotations`).

Sources: thesis, chapter 4, for the assignment to classes; ENST-Drums (Gillet and Richard 2006), MDB Drums (Southall et
al. 2017), the General MIDI percussion key map, and the note numbers of Roland's electronic kits (Groove MIDI Dataset,
Gillick et al. 2019) for the labels themselves.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

CLASSES = ("KD", "SD", "TT", "HH", "CY")
N_CLASSES = len(CLASSES)
CLASS_NAMES = {"KD": "kick drum", "SD": "snare drum", "TT": "toms", "HH": "hi-hat", "CY": "cymbals"}
# Kinds of strokes within the classes, in a fixed order: what a second head tells apart.
KINDS = {
    "kick": "KD",
    **dict.fromkeys(("snare", "side_stick", "brush"), "SD"),
    **dict.fromkeys(("tom_high", "tom_mid", "tom_low"), "TT"),
    **dict.fromkeys(("hat_closed", "hat_half_open", "hat_open", "hat_pedal", "tambourine"), "HH"),
    **dict.fromkeys(("ride", "ride_bell", "crash", "splash", "china", "cowbell"), "CY"),
}
# What an onset is taken for where its kind is not known.
MAIN_KIND = {"KD": "kick", "SD": "snare", "TT": "tom_mid", "HH": "hat_closed", "CY": "crash"}
# The pitch of each class where onsets are written as MIDI; each maps back to its class under General MIDI. Those of kinds are in
# `notation.drum_maps`.
MIDI_PITCH = {"KD": 36, "SD": 38, "TT": 47, "HH": 42, "CY": 49}


class UnknownLabel(KeyError):
    """A label that a mapping neither assigns to a class nor ignores."""

    def __init__(self, label: Hashable, mapping: str):
        super().__init__(label)
        self.label = label
        self.mapping = mapping

    def __str__(self) -> str:
        return f"{self.label!r} is not a label of {self.mapping}"


@dataclass(frozen=True, eq=False)
class Mapping:
    """The mapping from the labels of an annotation scheme to the five classes.

    classes       class of each label (an int for MIDI pitches, else a str).
    ignored       labels of percussion outside the vocabulary.
    source        of both.
    strip_suffix  drop digits (the number of an instrument) and `-` (a soft hit) at the end of a label, as in ENST.
    any_case      upper and lower case are the same; blanks, `-`, `_` and `.` within a label mean nothing ("Closed Hi-Hat").
    """

    name: str
    classes: dict[Hashable, str]
    ignored: frozenset = frozenset()
    source: str = ""
    strip_suffix: bool = False
    any_case: bool = False

    def __post_init__(self):
        """Refuse a table with contradictions."""
        wrong = sorted({name for name in self.classes.values() if name not in CLASSES})
        if wrong:
            raise ValueError(f"mapping {self.name}: {wrong} are not among the classes {CLASSES}")
        both = sorted(self.ignored.intersection(self.classes), key=str)
        if both:
            raise ValueError(f"mapping {self.name}: {both} have a class and are ignored")

    def class_index(self, label: Hashable) -> int | None:
        """Index of the label's class in CLASSES, None for an ignored label; raises UnknownLabel (a KeyError) for others."""
        name = self.class_of(label)
        if not name:
            raise UnknownLabel(label, self.name)
        return CLASSES.index(name) if name in CLASSES else None

    def class_of(self, label: Hashable) -> str:
        """The label's class, "ignored", or "" for an unknown label."""
        for key in self._spellings(label) if isinstance(label, str) else (label,):
            if key in self.classes:
                return self.classes[key]
            if key in self.ignored:
                return "ignored"
        return ""

    def _spellings(self, label: str) -> Iterator[str]:
        """The spellings of a label that may be in the table, the one given first."""
        keys = [label]
        if self.any_case:
            keys.append(label.upper())
            if label[:1].isalpha():
                keys.append(re.sub(r"[\s_.-]+", "", label.upper()))
        for key in dict.fromkeys(keys):
            yield key
            if self.strip_suffix:
                yield key.rstrip("-").rstrip("0123456789").rstrip("-")

    @property
    def labels(self) -> dict[str, list]:
        """The labels of each class, in the order of the table."""
        return {name: [label for label, of in self.classes.items() if of == name] for name in CLASSES}


def _table(**labels: str) -> dict[str, str]:
    """{label: class} from a string of labels, separated by blanks, for each class."""
    return {label: name for name, text in labels.items() for label in text.split()}


def _pitch_table(**pitches: str) -> dict[int, str]:
    return {int(pitch): name for pitch, name in _table(**pitches).items()}


ENST = Mapping(
    name="ENST-Drums",
    classes=_table(
        KD="bd",
        SD="sd sweep rs sticks cs",
        TT="mt mtr lmt lt ltr lft",
        HH="chh ohh",
        CY="cr spl ch rc c cb",
    ),
    source="ENST-Drums (Gillet and Richard 2006): labels; thesis, section 4.1: classes",
    strip_suffix=True,
)


MDB = Mapping(
    name="MDB Drums (subclass)",
    classes=_table(
        KD="KD",
        SD="SD SDB SDD SDF SDG SDNS SST",
        TT="HIT MHT HFT LFT",
        HH="CHH OHH PHH TMB",
        CY="RDC RDB CRC CHC SPC",
    ),
    source="MDB Drums (Southall et al. 2017): labels; thesis, section 4.1: classes",
)


# The kind of each label of MDB Drums; drags, flams, ghost notes and snares without wires are strokes on the snare.
MDB_KINDS = {
    **{"KD": "kick", "SST": "side_stick", "SDB": "brush", "HIT": "tom_high", "MHT": "tom_mid", "HFT": "tom_low", "LFT": "tom_low"},
    **dict.fromkeys(("SD", "SDD", "SDF", "SDG", "SDNS"), "snare"),
    **{"CHH": "hat_closed", "OHH": "hat_open", "PHH": "hat_pedal", "TMB": "tambourine"},
    **{"RDC": "ride", "RDB": "ride_bell", "CRC": "crash", "CHC": "china", "SPC": "splash"},
}


_GENERAL_MIDI_CLASSES = _pitch_table(
    KD="35 36",
    SD="37 38 39 40",
    TT="41 43 45 47 48 50",
    HH="42 44 46 54",
    CY="49 51 52 53 55 56 57 59",
)


# Whistles, shakers, congas and others, and the effects below the pitches of the drum set.
_OTHER_PERCUSSION = frozenset(range(27, 35)) | frozenset(range(60, 88))


GENERAL_MIDI = Mapping(
    name="General MIDI",
    classes=_GENERAL_MIDI_CLASSES,
    ignored=_OTHER_PERCUSSION | {58},  # 58: vibraslap
    source="General MIDI percussion key map (27-34 and 82-87 from Level 2): pitches; thesis, section 4.3: classes",
)


ROLAND = Mapping(
    name="Roland kits",
    classes=_GENERAL_MIDI_CLASSES | {58: "TT", 22: "HH", 26: "HH"},  # the rim of a tom, the edge of the hi-hat
    ignored=_OTHER_PERCUSSION,
    source="Groove MIDI Dataset (Gillick et al. 2019), Roland TD-11: pitches; thesis, sections 4.2 and 4.5: classes",
)


# The names of the classes here, and in the papers and tools of the field.
FIVE_CLASS = Mapping(
    name="the five classes",
    classes=_table(
        KD="KD BD KICK BASS_DRUM",
        SD="SD SN SNARE SNARE_DRUM",
        TT="TT TO TOM TOMS",
        HH="HH HIHAT HI-HAT HI_HAT",
        CY="CY CYM CYMBAL CYMBALS CC+RC CY+RD CRASH RIDE CC RC RD",
    ),
    source="thesis, section 2.4; Wu et al. 2018, table I; ADTOF (Zehren et al. 2021); CC+RC: the finished thesis",
    any_case=True,
)


def _union(*mappings: Mapping) -> dict[Hashable, str]:
    """All labels in upper case; where two mappings disagree the first one counts."""
    union = {}
    for mapping in mappings:
        for label, name in mapping.classes.items():
            union.setdefault(label.upper() if isinstance(label, str) else label, name)
    return union


# Names of General MIDI and of users in words, in capitals and without blanks and hyphens.
_WORDS = _table(
    KD="KICKDRUM BASSDRUM ACOUSTICBASSDRUM ELECTRICBASSDRUM BASSTROMMEL GROSSETROMMEL",
    SD="SNAREDRUM ACOUSTICSNARE ELECTRICSNARE SNAREGHOST GHOSTSNARE SNARERIM SIDESTICK CROSSSTICK XSTICK RIM RIMSHOT RIMCLICK "
    "HANDCLAP CLAP KLEINETROMMEL",
    TT="TOMTOM HIGHTOM HITOM MIDTOM MIDDLETOM LOWTOM HIMIDTOM HIGHMIDTOM LOWMIDTOM FLOORTOM LOWFLOORTOM HIGHFLOORTOM RACKTOM HT FT "
    "HÄNGETOM STANDTOM",
    HH="HAT HATS HIHATS CLOSEDHIHAT OPENHIHAT PEDALHIHAT HALFOPENHIHAT FOOTHIHAT HIHATCLOSED HIHATOPEN HIHATPEDAL HIHATFOOT "
    "HIHATOFFEN HIHATGESCHLOSSEN OFFENEHIHAT GESCHLOSSENEHIHAT "
    "CLOSEDHAT OPENHAT PEDALHAT HATCLOSED HATOPEN HATPEDAL CLOSEDHH OPENHH PEDALHH HHCLOSED HHOPEN HHPEDAL HHC HHO HHP TAMBOURINE",
    CY="CRASHCYMBAL RIDECYMBAL RIDEBELL RIDECUP CHINESECYMBAL CHINACYMBAL CHINA SPLASHCYMBAL SPLASH COWBELL BECKEN",
)
_OTHER_WORDS = frozenset(
    _table(
        other="VIBRASLAP BONGO HIBONGO HIGHBONGO LOWBONGO CONGA MUTEHICONGA MUTEHIGHCONGA OPENHICONGA OPENHIGHCONGA LOWCONGA "
        "TIMBALE HIGHTIMBALE LOWTIMBALE AGOGO HIGHAGOGO LOWAGOGO CABASA MARACAS WHISTLE SHORTWHISTLE LONGWHISTLE GUIRO SHORTGUIRO "
        "LONGGUIRO CLAVES WOODBLOCK HIWOODBLOCK HIGHWOODBLOCK LOWWOODBLOCK CUICA MUTECUICA OPENCUICA TRIANGLE MUTETRIANGLE "
        "OPENTRIANGLE SHAKER"
    )
)


# Labels of drum machines. Of ENST's labels "ch" is a china cymbal, in small letters.
_DRUM_MACHINES = _table(HH="CH OH", SD="CP")


# For users' own files, whose annotation scheme is not known: class names first, then the labels of MDB, then those of ENST, names
# in words, kinds of strokes, and the numbers 22 to 87 as pitches, which some tools write into text files.
ANY_TEXT = Mapping(
    name="any text annotation",
    classes=_union(FIVE_CLASS, MDB, ENST)
    | _WORDS
    | {kind.replace("_", "").upper(): name for kind, name in KINDS.items()}
    | _DRUM_MACHINES
    | {label: name for label, name in ENST.classes.items() if label.upper() in _DRUM_MACHINES}
    | {str(pitch): name for pitch, name in ROLAND.classes.items()},
    ignored=_OTHER_WORDS | frozenset(str(pitch) for pitch in ROLAND.ignored),
    source="union of the five classes, MDB Drums, ENST-Drums, and General MIDI in words and numbers",
    strip_suffix=True,
    any_case=True,
)


PITCH_MAPPINGS = {"roland": ROLAND, "general-midi": GENERAL_MIDI}


def pitch_mapping(text: str) -> Mapping:
    """What MIDI pitches mean: "roland", "general-midi", or one of them with pitches of one's own kit, as in "roland,60=HH".

    Pitches alone, as in "60=HH,61=HH", are added to Roland's. Raises ValueError for another name, class or pitch.
    """
    first, *rest = [part.strip() for part in text.split(",") if part.strip()] or [""]
    pairs = [first, *rest] if "=" in first else rest
    base = ROLAND if "=" in first else PITCH_MAPPINGS.get(first.lower())
    if base is None:
        raise ValueError(f"{first!r} is not a mapping: choose from {', '.join(PITCH_MAPPINGS)}, or give classes, as in 60=HH,61=HH")
    own: dict[Hashable, str] = {}
    for pair in pairs:
        pitch, _, name = (part.strip() for part in pair.partition("="))
        if not (pitch.isdecimal() and int(pitch) <= 127) or FIVE_CLASS.class_of(name) not in CLASSES:
            raise ValueError(f"{pair!r} is not a pitch of 0 to 127 and one of {', '.join(CLASSES)}, as in 60=HH")
        own[int(pitch)] = FIVE_CLASS.class_of(name)
    if not own:
        return base
    listed = ", ".join(f"{pitch}={name}" for pitch, name in sorted(own.items()))
    return Mapping(f"{base.name} with {listed}", base.classes | own, base.ignored - set(own), base.source + "; the rest given")


# The instruments of the drum set in the General MIDI percussion key map, under the names of this project.
INSTRUMENTS = {35: "kick drum", 36: "kick drum", 37: "side stick", 38: "snare drum", 39: "hand clap", 40: "snare drum"}
INSTRUMENTS |= {41: "floor tom", 43: "floor tom", 45: "middle tom", 47: "middle tom", 48: "high tom", 50: "high tom"}
INSTRUMENTS |= {42: "hi-hat", 44: "pedal hi-hat", 46: "open hi-hat", 54: "tambourine", 49: "crash", 57: "crash", 52: "china"}
INSTRUMENTS |= {55: "splash", 51: "ride", 59: "ride", 53: "ride bell"}
