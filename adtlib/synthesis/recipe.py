"""Recipes of rendered clips: every cause that the data may owe something to is an option that can be switched alone.

Each purpose (drumming, kit, band, finishing, ...) draws from a random stream of its own, made from the clip's seed. So two recipes
that differ in one option have the rest in common draw for draw: the same strokes under another accompaniment, the same mix through
another codec. Studies of single causes compare such pairs.
"""

import zlib
from dataclasses import dataclass, fields, replace

import numpy as np

PERFORMANCES = {
    "all": "drummers, drum parts of songs, and the groove generator",
    "human": "drummers",
    "grid": "the drummers' strokes programmed on the grid, with two degrees of loudness",
    "generated": "the groove generator",
}
ACCOMPANIMENT = {"none": "drums alone", "instrument": "one part of a song", "songs": "two to seven parts of a song"}
FINISHING = ("dry", "room", "mixed", "mastered", "encoded")  # each includes those before it
MASKED = {"left out": "not annotated", "kept": "annotated like all others"}
CODECS = ("vorbis", "mp3", "opus", "aac")
_CHOICES = {"performances": PERFORMANCES, "accompaniment": ACCOMPANIMENT, "finishing": FINISHING, "masked": MASKED}


@dataclass(frozen=True)
class Recipe:
    """What clips are made of; the defaults are those of the short runs of notebook 81. Shares are of clips unless it says more.

    The playing

    performances      one of PERFORMANCES.
    drummers          how many drummers of Groove MIDI play; 0: all.
    edits             whether performances are edited (`edits`); the next six are edits.
    soft_strokes      factor on the shares of brushes, ghost notes and hi-hats played by foot.
    loose_hats        factor on the share of half-open hi-hats.
    sloshing          share whose hi-hats vary between closed, half-open and open from stroke to stroke.
    cymbals_on_kicks  factor on the share with crashes added to kicks.
    free_cymbals      share whose cymbals are struck apart from kicks, and kicks left out under some.
    tom_runs          factor on the share of runs over the toms.
    rare_share        least share of strokes that toms, and cymbals, have in a clip; 0: as played.

    The kit

    kits              how many kits there are, the first of a fixed order; 0: all.
    variation         whether kits are tuned, damped, equalised and levelled anew in each clip.
    sizes             whether cymbals and hats have all sizes, and two kits may sound at once.
    soft_hats         share whose hi-hat is 3 to 10 dB softer beside the rest of the kit.

    The band

    accompaniment     one of ACCOMPANIMENT.
    balance_db        level of the accompaniment above the drums, by RMS: mean, standard deviation, lowest, highest.
    treble_db         the same above 6 kHz, to which the accompaniment is equalised: mean, standard deviation; (): as it comes.
    voices            share with a sung part.
    percussion        share with percussion outside the vocabulary.
    parts_treated     factor on the chances that a part has picks, equaliser and drive.
    bright            share of parts on distorted guitars, brass, strings and synthesisers, driven hard.
    attacks           share of parts whose attacks are raised, as a compressor does.
    shakers           share with a shaker.
    risers            share with noise that rises over some beats, or falls.
    doubled           share of parts played twice in stereo, heard in mono.

    Finishing

    finishing         one of FINISHING, which ends the chain there.
    far               share recorded in a room, some metres away.
    crowd             share with an audience.
    loud              share mastered loud: compressed in bands, limited, clipped.
    dull              share without what is above 3.5 to 8 kHz.
    encoded           share encoded with a lossy codec.
    codecs            which codecs, some of CODECS.

    Annotation

    masked            what becomes of strokes that the mix masks: one of MASKED.
    """

    performances: str = "all"
    drummers: int = 0
    edits: bool = True
    soft_strokes: float = 1.0
    loose_hats: float = 1.0
    sloshing: float = 0.0
    cymbals_on_kicks: float = 1.0
    free_cymbals: float = 0.0
    tom_runs: float = 1.0
    rare_share: float = 0.0
    kits: int = 0
    variation: bool = True
    sizes: bool = True
    soft_hats: float = 0.0
    accompaniment: str = "songs"
    # Seven real songs of MDB Drums have 1 to 10 dB, median 4.2; here the range is wider.
    balance_db: tuple[float, ...] = (3.0, 5.0, -10.0, 13.0)
    treble_db: tuple[float, ...] = ()
    voices: float = 0.35
    percussion: float = 0.15
    parts_treated: float = 1.0
    bright: float = 0.0
    attacks: float = 0.0
    shakers: float = 0.0
    risers: float = 0.0
    doubled: float = 0.0
    finishing: str = "encoded"
    far: float = 0.0
    crowd: float = 0.0
    loud: float = 0.0
    dull: float = 0.0
    encoded: float = 0.12
    codecs: tuple[str, ...] = ("vorbis",)
    masked: str = "left out"

    def __post_init__(self):
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} = {getattr(self, name)!r}: choose one of {', '.join(known)}")
        for name in ("drummers", "kits"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}: it must be 0 (all) or more")
        for option in fields(self):
            value = getattr(self, option.name)
            if option.type is float and not 0 <= value <= 10:
                raise ValueError(f"{option.name} = {value}: a share or a factor, 0 to 10")
        if len(self.balance_db) != 4 or len(self.treble_db) not in (0, 2):
            raise ValueError(f"balance_db = {self.balance_db} has four numbers, treble_db = {self.treble_db} two or none")
        if not self.codecs or set(self.codecs) - set(CODECS):
            raise ValueError(f"codecs = {self.codecs}: some of {', '.join(CODECS)}")
        if self.rare_share > 0.4:
            raise ValueError(f"rare_share = {self.rare_share}: toms and cymbals cannot have more than 0.4 each")

    def reaches(self, stage: str) -> bool:
        """Whether the finishing gets as far as a stage of FINISHING."""
        return FINISHING.index(self.finishing) >= FINISHING.index(stage)

    def with_options(self, texts: dict[str, str]) -> "Recipe":
        """The recipe with options given as text, lists separated by commas. ValueError for an unknown option or value."""
        changes = {}
        kinds = {option.name: option.type for option in fields(self)}
        for name, text in texts.items():
            if name not in kinds:
                raise ValueError(f"{name!r} is no option of a recipe: choose from {', '.join(kinds)}")
            changes[name] = _parsed(name, text, kinds[name])
        return replace(self, **changes)

    def differences(self, other: "Recipe") -> dict:
        """The options, with their values here, in which it differs from another recipe."""
        return {o.name: getattr(self, o.name) for o in fields(self) if getattr(self, o.name) != getattr(other, o.name)}


def _parsed(name: str, text: str, kind: type):
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if kind == tuple[str, ...]:
            return tuple(filter(None, text.split(",")))
        if kind == tuple[float, ...]:
            return tuple(float(value) for value in text.split(",") if value)
        return kind(text)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name} = {text!r} cannot be read as {getattr(kind, '__name__', kind)}") from error


SHIPPED = Recipe()  # of the short runs of notebook 81; an earlier shipped model learnt from 17.5 h of such clips
# Of 48 h of the shipped model: before brushes and ghost notes, cymbals of all sizes, parts as a studio delivers them, and masking.
FORMER = Recipe(soft_strokes=0.0, sizes=False, parts_treated=0.0, masked="kept")
# Of its other 64 h, as finished records: other instruments 5 to 12 dB above the drums, above 6 kHz 2 dB below to 10 above; loud
# masters, codecs.
FINISHED = Recipe(
    soft_strokes=1.5,
    loose_hats=2.0,
    sloshing=0.2,
    cymbals_on_kicks=0.3,
    free_cymbals=0.35,
    tom_runs=1.25,
    soft_hats=0.3,
    balance_db=(6.5, 5.0, -10.0, 16.0),
    treble_db=(3.0, 6.0),
    percussion=0.2,
    bright=0.3,
    attacks=0.15,
    shakers=0.12,
    risers=0.06,
    doubled=0.2,
    far=0.06,
    crowd=0.06,
    loud=0.4,
    dull=0.06,
    encoded=0.2,
    codecs=CODECS,
    masked="kept",
)
RECIPES = {"former": FORMER, "shipped": SHIPPED, "finished": FINISHED}
MEANINGS = {
    "former": "of 48 hours of the shipped model, its older ones",
    "shipped": "of the short runs of notebook 81, and of an earlier shipped model",
    "finished": "of its other 64 hours, as finished records: loud music, treble, loud masters, codecs, masked strokes annotated",
}
STANDARD = "finished"


class Streams:
    """Random generators of a clip, one for each purpose: asked for twice, a purpose begins again with the same draws."""

    def __init__(self, *key: int):
        """`key`: whole numbers from 0 on that identify the clip."""
        self.key = key

    def __call__(self, *purpose: object) -> np.random.Generator:
        """The generator of a purpose, named in words and numbers."""
        return np.random.default_rng([*self.key, zlib.crc32(repr(purpose).encode())])
