"""Contents of the miniature corpora: kits, songs and splits, as plain data (`recipes`).

Each corpus has a character. E-GMD: drums alone, each performance on several kits, all in one split. Slakh: three to six melodic
instruments, dry kits. ENST+MDB: three drummers with a kit each, and songs on kits of their own. ADTOF-YT: many kits, modern mixes.
SADTP: bright, compressed kits that no other corpus has, under loud and dense music. Programs of the sound font overlap between
corpora, tuning, balance and rooms do not, so that a model trained on one generalises to another in part, as in reality.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from adtlib.corpora.miniature.songs import Recipe
from adtlib.synthesis.groove_styles import STYLES
from adtlib.synthesis.soundfont import BRUSH, ELECTRONIC, JAZZ, ORCHESTRA, POWER, ROOM, STANDARD, TR_808, KitDesign

SIZES = ("standard", "smoke")
PROGRAM_NAMES = {STANDARD: "standard", ROOM: "room", POWER: "power", ELECTRONIC: "electronic"}
PROGRAM_NAMES |= {TR_808: "TR-808", JAZZ: "jazz", BRUSH: "brush", ORCHESTRA: "orchestra"}

# E-GMD's kits by their names in its table. Each performance is recorded on several, in this order from a random start.
EGMD_KITS = (
    KitDesign("Acoustic Kit", STANDARD, room=0.3, wet=0.06),
    KitDesign("Studio (Live Room)", ROOM, tune={"toms": 0.94}, room=0.7, wet=0.22),
    KitDesign("Classic Rock", POWER, tune={"snare": 0.95, "kick": 0.95}, level={"cymbals": 1.0}, wet=0.1),
    KitDesign("Jazz Funk", JAZZ, tune={"snare": 1.14, "toms": 1.12, "kick": 1.1}, damp={"kick": 0.7}, tilt=1.5, wet=0.08),
    KitDesign("Heavy Metal", POWER, tune={"kick": 1.05, "toms": 0.9}, damp={"toms": 0.7}, tilt=3.0, drive=0.5),
    KitDesign("808 Simple", TR_808, wet=0.02),
    KitDesign("Alternative (Rock)", ELECTRONIC, level={"snare": 1.0}, tilt=1.0, drive=0.3),
)
# ENST-Drums: one kit for each drummer.
ENST_KITS = {
    "drummer_1": KitDesign("drummer 1", JAZZ, tune={"snare": 1.08, "toms": 1.06}, room=0.5, wet=0.16, tilt=-1.0),
    "drummer_2": KitDesign("drummer 2", ROOM, tune={"kick": 0.95, "toms": 0.95}, room=0.4, wet=0.12, tilt=0.5),
    "drummer_3": KitDesign("drummer 3", STANDARD, tune={"snare": 0.96, "cymbals": 1.05}, room=0.45, wet=0.14),
}
# SADTP: kits and mixes of its own.
SADTP_KITS = (
    KitDesign("arena", POWER, {"snare": 1.2, "kick": 1.12}, {"toms": 0.6}, {"cymbals": -1.5}, 4.5, 0.9, 0.25, 1.4),
    KitDesign("orchestral", ORCHESTRA, {"snare": 1.12, "cymbals": 0.92}, {"kick": 0.6}, {"toms": 1.0}, 3.5, 1.1, 0.22, 0.9),
)

# (name, style, bpm); the names are those of the real tracks that the thesis puts into these splits.
_ENST = {
    "train": (
        ("drummer_1/111_minus-one_funky_rods", "funk", 104),
        ("drummer_2/116_minus-one_rock-60s_sticks", "rock", 138),
        ("drummer_1/127_MIDI-minus-one_disco-108_sticks", "disco", 110),
        ("drummer_2/132_MIDI-minus-one_blues-102_sticks", "shuffle", 102),
    ),
    "validation": (("drummer_3/126_minus-one_salsa_sticks", "latin", 112),),
    "test": (
        ("drummer_3/154_MIDI-minus-one_rock-113_sticks", "rock", 113),
        ("drummer_3/156_MIDI-minus-one_rock'n'roll-188_sticks", "punk", 188),
    ),
}
_MDB = {
    "train": (
        ("80sRock", "rock", 126),
        ("FunkJazz", "funk", 98),
        ("SwingJazz", "jazz", 152),
        ("Britpop", "rock", 104),
        ("LatinJazz", "latin", 116),
        ("Punk", "punk", 168),
        ("Reggae", "reggae", 84),
        ("Disco", "disco", 120),
    ),
    "validation": (("Grunge", "rock", 96), ("ModalJazz", "jazz", 132)),
    "test": (("Rock", "rock", 118), ("SpeedMetal", "metal", 160)),
}
_SADTP = (
    ("Überschall", "metal", 152),
    ("夜明けのリズム", "punk", 178),
    ("Última Danza, parte 2", "latin", 108),
    ("Černá řeka", "rock", 134),
)
# (tracks, seconds of each) for each corpus and split.
_AMOUNTS = {
    "standard": {
        "E-GMD": {"train": (18, 9.5), "validation": (4, 6.5), "test": (6, 8.0)},
        "Slakh": {"train": (18, 20.0), "validation": (3, 16.0), "test": (5, 18.0)},
        "ENST": {"train": (3, 10.5), "validation": (1, 9.0), "test": (2, 9.0)},
        "MDB": {"train": (8, 13.5), "validation": (2, 12.0), "test": (2, 19.0)},
        "ADTOF-YT": {"train": (16, 22.0), "validation": (3, 16.2), "test": (4, 20.2)},
        "SADTP": {"test": (4, 20.0)},
    },
    "smoke": {
        "E-GMD": {"train": (3, 5.5), "validation": (1, 4.5), "test": (1, 4.5)},
        "Slakh": {"train": (2, 6.0), "validation": (1, 6.0), "test": (1, 6.0)},
        "ENST": {"train": (1, 3.2), "validation": (1, 3.0), "test": (1, 3.0)},
        "MDB": {"train": (1, 4.7), "validation": (1, 4.7), "test": (1, 4.7)},
        "ADTOF-YT": {"train": (2, 9.0), "validation": (1, 9.0), "test": (1, 9.0)},
        "SADTP": {"test": (1, 6.0)},
    },
}
_SLAKH_FIRST = {"train": 1, "validation": 1501, "test": 1876}  # the redux split's first track numbers
_KITS_EACH = {"standard": 2, "smoke": 1}  # recordings of each performance in E-GMD
# Ordered so that even few songs differ much; ADTOF-YT is popular music.
_ORDER = ("rock", "funk", "jazz", "punk", "latin", "hiphop", "disco", "shuffle", "metal", "bossa", "ballad", "reggae", "tribal")
_POPULAR = ("rock", "punk", "disco", "metal", "funk", "hiphop", "rock", "ballad", "shuffle")


def recipes(size: str, seed: int) -> list[Recipe]:
    """Every performance of the five corpora, in a fixed order. Raises ValueError for a size that is not in SIZES."""
    if size not in SIZES:
        raise ValueError(f"unknown size {size!r}: choose one of {', '.join(SIZES)}")
    amounts = _AMOUNTS[size]
    return [
        *_egmd(amounts["E-GMD"], seed, _KITS_EACH[size]),
        *_slakh(amounts["Slakh"], seed),
        *_enst(amounts["ENST"], seed),
        *_mdb(amounts["MDB"], seed),
        *_adtof(amounts["ADTOF-YT"], seed),
        *_sadtp(amounts["SADTP"], seed),
    ]


def kit_table(size: str, seed: int = 0) -> pd.DataFrame:
    """What each miniature corpus is made of: corpus, performances, styles, kits of the sound font, melodic instruments."""
    by_corpus: dict[str, list[Recipe]] = {}
    for recipe in recipes(size, seed):
        by_corpus.setdefault(recipe.corpus, []).append(recipe)
    rows = []
    for corpus, made in by_corpus.items():
        programs = {design.program for recipe in made for design in recipe.designs}
        programs |= {program for recipe in made if not recipe.designs for program in recipe.programs}
        parts = sorted({recipe.n_parts for recipe in made})
        with_parts = f"{parts[0]} to {parts[-1]}" if len(parts) > 1 else f"{parts[0] or 'none'}"
        styles = len({recipe.style for recipe in made})
        rows.append([corpus, len(made), styles, ", ".join(PROGRAM_NAMES[program] for program in sorted(programs)), with_parts])
    return pd.DataFrame(rows, columns=["corpus", "performances", "styles", "kits", "melodic instruments"])


def _tempo(style: str, rng: np.random.Generator) -> int:
    low, high = STYLES[style].bpm
    return int(rng.integers(low, high + 1))


def _egmd(amounts: dict, seed: int, kits_each: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 1])
    counters: dict[str, int] = {}
    styles = itertools.cycle(_ORDER)
    for split, (n, seconds) in amounts.items():
        for index in range(n):
            style = next(styles)
            drummer = int(rng.choice((1, 3, 5, 7, 8) if split == "train" else (1, 7)))
            session = f"drummer{drummer}/{'eval_session' if split == 'test' else f'session{int(rng.integers(1, 3))}'}"
            counters[session] = counters.get(session, 0) + 1
            first = (index * kits_each + 2 * len(split)) % len(EGMD_KITS)
            kits = tuple(EGMD_KITS[(first + 3 * k) % len(EGMD_KITS)] for k in range(kits_each))
            fill_only = split == "train" and index % 7 == 6  # a few takes of fills alone, as in the real corpus
            length = 6.0 if fill_only else seconds
            name = f"{session}/{counters[session]}"
            bpm = _tempo(style, rng)
            yield Recipe("E-GMD", name, split, style, bpm, length, seed, designs=kits, fill_only=fill_only)


def _slakh(amounts: dict, seed: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 2])
    styles = itertools.cycle(_ORDER)
    for split, (n, seconds) in amounts.items():
        for index in range(n):
            style = next(styles)
            yield Recipe(
                *("Slakh", f"Track{_SLAKH_FIRST[split] + index:05d}", split, style, _tempo(style, rng), seconds, seed),
                n_parts=int(rng.integers(3, 7)),
                drums_above=float(rng.uniform(-2.0, 5.0)),
                masked=index % 4 == 2,
                programs=(STANDARD, POWER, ROOM, JAZZ),
            )


def _enst(amounts: dict, seed: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 3])
    for split, (n, seconds) in amounts.items():
        for name, style, bpm in _ENST[split][:n]:
            kits = (ENST_KITS[name.partition("/")[0]],)
            level = float(rng.uniform(0.0, 5.0))
            yield Recipe("ENST", name, split, style, bpm, seconds, seed, int(rng.integers(2, 5)), level, designs=kits)


def _mdb(amounts: dict, seed: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 4])
    for split, (n, seconds) in amounts.items():
        for name, style, bpm in _MDB[split][:n]:
            programs = (BRUSH, JAZZ) if style == "jazz" else (STANDARD, ROOM, POWER)
            level = float(rng.uniform(-1.0, 4.0))
            parts = int(rng.integers(2, 5))
            yield Recipe("MDB", name, split, style, bpm, seconds, seed, parts, level, programs=programs)


def _adtof(amounts: dict, seed: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 5])
    styles = itertools.cycle(_POPULAR)
    for split, (n, seconds) in amounts.items():
        for index in range(n):
            style = next(styles)
            yield Recipe(
                *("ADTOF-YT", f"{split}/{index}", split, style, _tempo(style, rng), seconds, seed),
                n_parts=int(rng.integers(3, 6)),
                drums_above=float(rng.uniform(-1.0, 5.0)),
                programs=(POWER, STANDARD, ROOM, ELECTRONIC),
            )


def _sadtp(amounts: dict, seed: int) -> Iterator[Recipe]:
    rng = np.random.default_rng([seed, 6])
    for split, (n, seconds) in amounts.items():
        for index, (name, style, bpm) in enumerate(_SADTP[:n]):
            kits = (SADTP_KITS[index % len(SADTP_KITS)],)
            level = float(rng.uniform(-4.0, 0.0))
            yield Recipe("SADTP", name, split, style, bpm, seconds, seed, 6, level, masked=index % 2 == 0, designs=kits)
