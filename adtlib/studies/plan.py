"""The studies as plain data: which architecture is trained on which corpora and tested on which (thesis, chapters 6 and 7)."""

from dataclasses import dataclass

import numpy as np

from adtlib.corpora.registry import CORPORA, TRAINABLE, corpus_name
from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import Profile
from adtlib.training.runs import runs_by_cell

# The training sets of several corpora in the dataset study (thesis, chapter 7), and all corpora together; each alone comes before.
_UNIONS_OF_THE_THESIS = (
    ("ENST+MDB", "Slakh"),
    ("ENST+MDB", "ADTOF-YT"),
    ("Slakh", "ADTOF-YT"),
    ("ENST+MDB", "Slakh", "ADTOF-YT"),
    ("E-GMD", "Slakh", "ADTOF-YT"),
    ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT"),
)
UNIONS = tuple(dict.fromkeys((*_UNIONS_OF_THE_THESIS, TRAINABLE)))


@dataclass(frozen=True)
class Cell:
    """One run of a study and the corpora it is tested on: names, or folders of a user's own recordings."""

    architecture: str
    train: tuple[str, ...]
    seed: int
    tests: tuple[str, ...]

    @property
    def train_names(self) -> tuple[str, ...]:
        """The training corpora by their names in results."""
        return tuple(map(corpus_name, self.train))


def architecture_study(profile: Profile, architecture: str | None = None) -> list[Cell]:
    """Each architecture on each corpus alone, tested on that corpus (chapter 6); of one architecture, or of all."""
    chosen = [architecture] if architecture else list(ARCHITECTURES)
    return [Cell(name, (corpus,), seed, (corpus,)) for name in chosen for corpus in profile.train_corpora for seed in profile.seeds]


def dataset_study(profile: Profile) -> list[Cell]:
    """The selected architecture on each corpus alone and on `UNIONS`, each tested on all corpora (chapter 7).

    Training sets are those whose corpora are all in `profile.train_corpora`; a user's own folder is a further training set,
    alone, and a further test.
    """
    architecture = selected_architecture(profile)
    own = tuple(corpus for corpus in profile.train_corpora if corpus not in CORPORA)
    sets = [(corpus,) for corpus in profile.train_corpora]
    sets += [union for union in UNIONS if set(union) <= set(profile.train_corpora)]
    tests = (*CORPORA, *own)
    return [Cell(architecture, train, seed, tests) for train in sets for seed in profile.seeds]


def selected_architecture(profile: Profile) -> str:
    """The architecture of the dataset study: named by the profile, or for "best" chosen by the architecture study.

    The best has the highest validation micro F1, mean over corpora and seeds; test scores are not used. FileNotFoundError if an
    architecture lacks a run that another has, ValueError for an unknown name.
    """
    named = profile.dataset_architecture
    if named in ARCHITECTURES:
        return named
    if named != "best":
        raise ValueError(f"dataset_architecture = {named!r}: choose best or one of {', '.join(ARCHITECTURES)}")
    cells = {(cell.architecture, cell.train_names, cell.seed) for cell in architecture_study(profile)}
    scores: dict[str, dict] = {name: {} for name in ARCHITECTURES}
    for (architecture, train, seed), run in runs_by_cell(profile.name).items():
        if (architecture, train, seed) in cells:
            scores[architecture][train, seed] = np.nan_to_num(run.result["val_f1_micro"])
    everywhere = set().union(*scores.values())
    lacking = [name for name in ARCHITECTURES if set(scores[name]) != everywhere or not everywhere]
    if lacking:
        raise FileNotFoundError(
            f"dataset_architecture = 'best', and runs to choose from are missing ({', '.join(lacking)}): "
            f"make them with 'adt run --profile {profile.name} 41-49', then run this again"
        )
    return max(ARCHITECTURES, key=lambda name: np.mean(list(scores[name].values())))
