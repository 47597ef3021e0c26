"""The kits, instruments and performances that the clips of one split are made from."""

import zlib
from pathlib import Path

import numpy as np

from adtlib.synthesis import performances
from adtlib.synthesis.capture import kit_paths
from adtlib.synthesis.drumming import of_drummers
from adtlib.synthesis.recipe import SHIPPED, Recipe
from adtlib.synthesis.samples import open_bank
from adtlib.synthesis.sources import SourceError

# Used in validation only. Kits of one maker share samples and stay together; the whole bank timgm is for validation.
VALIDATION_KITS = ("red-zeppelin", "timgm-", "Millo", "ColomboAcousticDrumkit")
ACOUSTIC = (
    "black-pearl",
    "red-zeppelin",
    "The Black Pearl",
    "GMRockKit",
    "ForzeeStereo",
    "BJA_Pacific",
    "ColomboAcoustic",
    "Millo",
    "sonic-pi",
)
ELECTRONIC = ("lmms", "TR808", "HardElectro", "ElectricEmpire", "VariBreaks", "rumpf", "Audiophob", "-024", "-025")
PERCUSSION_ONLY = ("circAfrique", "Gimme A Hand")
# Of the kits that no training clip has, those on which a controlled study tests; the others of VALIDATION_KITS select for it.
TEST_KITS = ("red-zeppelin", "timgm-")
_FIRST = ("fluid-000", "fluid-008", "timgm-000", "timgm-008")  # of the order in which a recipe counts kits
# "selection" and "test" divide the kits of "validation": a study that selects on some of them tests on the others.
SPLIT_SEEDS = {"train": 0, "validation": 1, "selection": 2, "test": 3}


class Studio:
    """The kits, instruments and performances that clips of one split are made from."""

    def __init__(self, banks: Path, notes: Path, split: str, recipe: Recipe = SHIPPED):
        """`banks` of `capture`; `notes` of `performances.gather`, or of `gather_tests` for the split "test".

        SourceError if there are too few banks or performances.
        """
        if split not in SPLIT_SEEDS:
            raise ValueError(f"unknown split {split!r}: choose one of {', '.join(SPLIT_SEEDS)}")
        self.split, self.recipe = split, recipe
        selects, of_split = split == "selection", "validation" if split == "selection" else split
        songs = [song for song in performances.load(notes) if song.split == of_split]
        self.songs = of_drummers(tuple(s for s in songs if not (selects and performances.accompanies_tests(s))), recipe.drummers)
        held_out = split != "train"
        self.kits = [path for path in kit_paths(banks) if _is_of(path.name, split)]
        drums = [path for path in self.kits if not path.name.startswith(PERCUSSION_ONLY)]
        self.drum_kits = sorted(drums, key=_place)[: recipe.kits or None]
        self.weights = _weights(self.drum_kits)
        self.percussion = [path for path in self.kits if any(key.startswith("other") for key in open_bank(path).by_key)]
        fonts = sorted(path.with_suffix("") for path in (banks / "instruments").glob("*.json"))
        self.instruments = [p for p in fonts if p.name != "voices" and p.name.startswith("timgm") == held_out]
        self.voices = banks / "instruments" / "voices"
        if not self.drum_kits or not self.instruments or not self.songs:
            raise SourceError(
                f"{banks}: {len(self.drum_kits)} kits, {len(self.instruments)} banks of instruments and {len(self.songs)} "
                f"performances for {split}: delete the folder and capture the sounds again"
            )

    def choose_kits(self, rng: np.random.Generator) -> list[Path]:
        """Two kits, and two more for articulations that they lack; one kit twice where there is no other."""
        count = min(4, len(self.drum_kits))
        chosen = [self.drum_kits[i] for i in rng.choice(len(self.drum_kits), count, False, self.weights)]
        return chosen if count > 1 else 2 * chosen


def _is_of(kit: str, split: str) -> bool:
    """Whether clips of a split have the kit of this name."""
    held_out, tests = kit.startswith(VALIDATION_KITS), kit.startswith(TEST_KITS)
    return {"train": not held_out, "validation": held_out, "selection": held_out and not tests, "test": tests}[split]


def _place(kit: Path) -> tuple[bool, int]:
    """Where a kit is in the order in which a recipe counts kits: standard kits of a General MIDI bank, then mixed by a hash."""
    first = kit.name in _FIRST
    return not first, _FIRST.index(kit.name) if first else zlib.crc32(kit.name.encode())


def _weights(kits: list[Path]) -> np.ndarray:
    """Probability of each kit: multi-sampled acoustic kits 45 % together, electronic ones 10 %, General MIDI kits the rest."""
    kinds = ["acoustic" if p.name.startswith(ACOUSTIC) else "electronic" if _electronic(p.name) else "bank" for p in kits]
    share = {"acoustic": 0.45, "electronic": 0.10, "bank": 0.45}
    weights = np.array([share[kind] / kinds.count(kind) for kind in kinds])
    return weights / weights.sum()


def _electronic(name: str) -> bool:
    return name.startswith(ELECTRONIC) or name.endswith(ELECTRONIC)
