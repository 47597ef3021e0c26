"""Profiles: every choice of a run of the notebooks, read from `params/NAME.yaml`.

A notebook's `parameters` cell sets `profile = "smoke"` and other names to None; `load_profile(profile, epochs=epochs, ...)`
reads the file and replaces the values for which an argument is not None. `smoke` takes seconds, `miniature` minutes, `showcase` is
`miniature` with three seeds, `thesis` uses all real corpora that are found; `thesis_finished` and `thesis_published` are its
variants. A file with `base: NAME` inherits the values of that file.
"""

import dataclasses
import math
import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from adtlib import paths
from adtlib.corpora.base import MARKER, SPLITS, Corpus, CorpusError
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import CORPORA, TRAINABLE, corpus_name, open_corpus
from adtlib.corpora.store import Prepared
from adtlib.onsets.peak_picking import PeakPicking

SEARCHES = ("random", "grid", "optuna")


@dataclass(frozen=True)
class Profile:
    """The values of one profile; fields have the names of the file's keys and of the notebooks' parameters."""

    name: str
    data: str  # "miniature" or "real"
    seeds: tuple[int, ...] = (0,)
    miniature_size: str | None = None
    miniature_seed: int = 0
    features: str = "madmom"
    train_corpora: tuple[str, ...] = TRAINABLE
    validation_split: str = "validation"
    test_split: str = "test"
    mdb_audio: str = "full_mix"
    # training (thesis 5.3; the finished thesis's values in the comments of params/thesis.yaml)
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    patience: int = 10
    lr_patience: int = 3
    balance: bool = False  # of training sets of several corpora: draw equally often from each, regardless of its size
    augmentation: str = "none"  # of segments in training, none or standard (see `training.augmentation`); the thesis has none
    precision: str = "auto"
    jobs: int = 0  # runs trained in parallel; 0: as many as the machine allows
    hyperparameters: dict[str, dict] = field(default_factory=dict)  # by architecture; for others see `hyperparameters_of`
    # source of hyperparameters, learning rate and weight decay (see `training.search`); a search replaces the values above
    search: str = "none"  # none, random, grid, optuna; published: the values of the finished thesis, without a search
    search_space: str = "draft"  # draft, finished, small (see `training.search.spaces`)
    trials: int = 15  # of a search; a grid search has one for each combination
    trials_enst_mdb: int = 25  # of a search on ENST+MDB alone
    cpus_per_trial: int = 1  # threads of a trial and of a run on a Ray cluster; results are bit-equal only for equal numbers
    gpus_per_trial: float = 1.0  # share of a GPU for each, if there are GPUs
    example_search: dict = field(default_factory=dict)  # of 41 to 45 without a search: corpus, architecture (or all), fields above
    dataset_architecture: str = "CRNN"  # of the dataset study; "best": the best validation micro F1 of the architecture study
    # post-processing (thesis 2.4.3) and scoring (2.5)
    peak_picking: dict = field(default_factory=dict)
    tolerance: float = 0.05
    thresholds: str = "one"  # in tables: "one" for all classes, as in the thesis, or one for each "class", chosen on validation
    # the controlled study (notebooks 52, 65 and 75)
    study: dict = field(default_factory=dict)  # `studies.controlled.Study`; without one, results of the profile `study` are shown
    notebook_numbers: tuple[str, ...] = ()  # that `adt run` runs where none are named; by default all
    # transcribing (notebook 80)
    recordings: tuple[str, ...] = ()  # files or folders to transcribe in addition to those of the corpora
    model: str | None = None  # as for `load_model`; by default the shipped model, else the best CRNN of the profile's runs

    @property
    def data_root(self) -> Path:
        """Folder of the corpora: generated ones below `data/`, real ones at `$ADT_DATA` or `data/`."""
        if self.data == "real":
            return paths.real_data_root()
        return paths.DATA / ("miniature" if self.miniature_size == "standard" else f"miniature-{self.miniature_size}")

    @property
    def peaks(self) -> PeakPicking:
        """Parameters of peak picking."""
        return PeakPicking(**self.peak_picking)

    def hyperparameters_of(self, architecture: str) -> dict:
        """The profile's hyperparameters of an architecture, by default the architecture's own for this size of data."""
        if architecture in self.hyperparameters:
            return self.hyperparameters[architecture]
        from adtlib.models.registry import ARCHITECTURES  # imports torch, which few users of a profile need

        size = "real" if self.data == "real" else self.miniature_size
        return dict(ARCHITECTURES[architecture].sizes.get(size, {}))

    @property
    def searches(self) -> bool:
        """Whether hyperparameters are searched for."""
        return self.search in SEARCHES

    def trials_on(self, train) -> int:
        """Trials of a search on the training corpora with these names."""
        return self.trials_enst_mdb if tuple(train) == ("ENST+MDB",) else self.trials

    def for_example_search(self) -> "Profile":
        """The profile with the values of its `example_search`; ValueError if it has none."""
        if not self.example_search:
            raise ValueError(f"profile {self.name} has no example_search: its searches are those of the studies")
        chosen = {key: value for key, value in self.example_search.items() if key not in ("corpus", "architecture")}
        chosen.setdefault("trials_enst_mdb", chosen.get("trials", self.trials))
        return dataclasses.replace(self, **chosen)

    @property
    def scoring(self) -> str:
        """The tolerance for captions, with the kind of thresholds if it differs from the thesis."""
        return f"±{self.tolerance * 1000:.0f} ms" + (", thresholds by class" if self.thresholds == "class" else "")

    @property
    def note(self) -> str:
        """A note on the data for every caption."""
        if self.data == "real":
            return f"profile {self.name}, real corpora as far as found"
        return f"profile {self.name}: generated miniature corpora, not the corpora of the thesis"


def load_profile(name: str, **overrides) -> Profile:
    """Read `params/NAME.yaml`; overrides of None have no effect.

    Raises ValueError, with file and line, for an unknown profile, a file that is not YAML, an unknown key or an impossible value.
    """
    values, places = {}, {}
    for file in reversed(profile_files(name)):
        read, lines = _read(file)
        values |= read
        places |= {key: f"{file.name}, line {line}" for key, line in lines.items()}
    values.pop("base", None)
    given = {key: value for key, value in overrides.items() if value is not None}
    values |= given
    places |= dict.fromkeys(given, f"profile {name}")
    kinds = _kinds()
    if unknown := [key for key in values if key not in kinds]:
        known = ", ".join(sorted(kinds))
        listed = ", ".join(map(str, unknown))
        raise ValueError(f"{places[unknown[0]]}: unknown parameter {listed}; the parameters are {known}")
    if "data" not in values:
        raise ValueError(f"{name}.yaml has no data: add a line 'data: miniature' or 'data: real', or 'base: NAME'")
    for key, kind in kinds.items():
        if key in values and get_origin(kind) is tuple:  # one value stands for a list of one
            values[key] = tuple(values[key]) if isinstance(values[key], list | tuple) else (values[key],)
    profile = Profile(name=name, **values)
    _check(profile, lambda key: places.get(key, f"profile {name}"))
    if profile.search != "none" and (ignored := sorted({"hyperparameters", "learning_rate", "weight_decay"} & set(given))):
        raise ValueError(
            f"profile {name}: {', '.join(ignored)} given, but search = {profile.search!r} chooses it: give search none as well"
        )
    return profile


def profile_files(name: str) -> list[Path]:
    """The file of a profile and those of its bases, its own first; ValueError for a missing file or a circle of bases."""
    files: list[Path] = []
    while name:
        paths.need_clone("profiles")
        path = paths.PARAMS / f"{name}.yaml"
        if not re.fullmatch(r"[\w.-]+", str(name)) or not path.is_file():
            known = ", ".join(sorted(file.stem for file in paths.PARAMS.glob("*.yaml")))
            where = f"{files[-1].name}: base: " if files else ""
            raise ValueError(f"{where}unknown profile {name!r}: choose one of {known}")
        if path in files:
            raise ValueError(f"{path.name} builds on itself: {' on '.join(file.stem for file in files)} on {name}")
        files.append(path)
        name = _read(path)[0].get("base")
    return files


def _read(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Values and lines of a file's keys; ValueError if it is not YAML of names with values."""
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        values = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{file.name}{line}: not YAML ({error.problem}): write a name, a colon, a blank and a value") from error
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{file.name} is not YAML ({' '.join(str(error).split())}): see params/miniature.yaml for one") from error
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{file.name}, line 1: expected lines of a name, a colon and a value, as in params/miniature.yaml")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.value in lines:
            raise ValueError(f"{file.name}, line {line}: {key.value} is given again, after line {lines[key.value]}: leave one")
        lines[key.value] = line
    return values, {key: lines.get(str(key), 1) for key in values}


# ---- what values must be ------------------------------------------------------------------------------------------------


def _kinds() -> dict[str, Any]:
    """The type of each parameter, as the fields of `Profile` are annotated."""
    kinds = get_type_hints(Profile)
    return {each.name: kinds[each.name] for each in dataclasses.fields(Profile) if each.name != "name"}


def _is(value: Any, kind: Any) -> bool:
    if get_origin(kind) is UnionType:
        return any(_is(value, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is(each, get_args(kind)[0]) for each in value)
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(_is(k, str) and _is(each, get_args(kind)[1]) for k, each in value.items())
    if kind in (int, float):
        numbers = int if kind is int else int | float
        return isinstance(value, numbers) and not isinstance(value, bool) and (isinstance(value, int) or math.isfinite(value))
    return isinstance(value, kind)


def _in_words(kind: Any) -> str:
    if get_origin(kind) is UnionType:
        return " or ".join(_in_words(each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list, each {_in_words(get_args(kind)[0])}"
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false", NoneType: "nothing"}
    return words.get(kind, "names with values, as in {name: value}")


def _remedy(value: Any) -> str:
    """What to write in place of a number that YAML takes as text."""
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+[eE][-+]?\d+\s*", value):
        return "; YAML takes it as text: write it with a point, as in " + value.strip().lower().replace("e", ".0e")
    return ""


def _check(profile: Profile, where: Callable[[str], str]) -> None:
    """ValueError for a value that cannot be; `where` gives the place of a parameter."""

    def refuse(key: str, expected: str) -> None:
        value = getattr(profile, key)
        raise ValueError(f"{where(key)}: {key} = {reprlib.repr(value)}, expected {expected}{_remedy(value)}")

    for key, kind in _kinds().items():
        if not _is(getattr(profile, key), kind):
            refuse(key, _in_words(kind))
    choices = {"data": ("miniature", "real"), "features": ("madmom", "thesis"), "mdb_audio": ("full_mix", "drum_only")}
    choices |= {"search": ("none", "published", *SEARCHES), "search_space": ("draft", "finished", "small")}
    choices |= {"thresholds": ("one", "class"), "precision": ("auto", "float32", "bfloat16"), "augmentation": ("none", "standard")}
    if profile.data == "miniature":
        choices["miniature_size"] = ("standard", "smoke")
    for key, allowed in choices.items():
        if getattr(profile, key) not in allowed:
            refuse(key, " or ".join(allowed))
    for key in ("validation_split", "test_split"):
        if getattr(profile, key) not in SPLITS:
            refuse(key, f"one of {', '.join(SPLITS)}")
    for key in ("epochs", "batch_size", "patience", "lr_patience", "trials", "trials_enst_mdb", "cpus_per_trial"):
        if getattr(profile, key) < 1:
            refuse(key, "a whole number of at least 1")
    for key in ("jobs", "miniature_seed", "gpus_per_trial", "weight_decay"):
        if getattr(profile, key) < 0:
            refuse(key, "0 or more" if key != "jobs" else "a whole number, 0 for as many as the machine allows")
    for key in ("learning_rate", "tolerance"):
        if not getattr(profile, key) > 0:
            refuse(key, "a number above 0")
    if not profile.seeds or min(profile.seeds) < 0:
        refuse("seeds", "whole numbers of 0 or more")
    try:
        _ = profile.peaks
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where('peak_picking')}: peak_picking: {error}") from error
    _check_names(profile, where)


def _check_names(profile: Profile, where: Callable[[str], str]) -> None:
    """ValueError for a corpus, recording or search that is not there."""
    if unknown := [c for c in profile.train_corpora if c not in CORPORA and not Path(c).is_dir()]:
        known = ", ".join(CORPORA)
        raise ValueError(f"{where('train_corpora')}: unknown corpus {unknown[0]!r}: choose from {known} or a folder")
    if missing := [name for name in profile.recordings if not Path(name).expanduser().exists()]:
        raise ValueError(f"{where('recordings')}: recordings: {missing[0]!r} is neither a file nor a folder")
    if profile.example_search:
        place, wanted = where("example_search"), ("corpus", "architecture", "search", "search_space", "trials", "epochs")
        if unknown := [key for key in profile.example_search if key not in wanted]:
            raise ValueError(f"{place}: example_search has no {unknown[0]!r}: {', '.join(wanted)}")
        if profile.example_search.get("corpus") not in TRAINABLE:
            raise ValueError(f"{place}: example_search needs a corpus, one of {', '.join(TRAINABLE)}")
        _check(dataclasses.replace(profile.for_example_search(), example_search={}), lambda key: f"{place}: example_search")


# ---- corpora ------------------------------------------------------------------------------------------------------------


def open_corpora(profile: Profile, progress=None) -> dict[str, Corpus]:
    """The corpora of a profile by name, found or not; missing generated corpora are written first.

    `progress(done, total)` is called while they are written.

    Raises CorpusError if a profile for real corpora would use generated ones.
    """
    root = profile.data_root
    if profile.data == "miniature":
        from adtlib.corpora.miniature.write import write_miniature  # the renderer is needed only to write

        write_miniature(root, size=profile.miniature_size, seed=profile.miniature_seed, progress=progress)
    elif any((folder / MARKER).is_file() for folder in (root, *root.parents)):
        raise CorpusError(
            f"{root} holds generated miniature corpora and profile {profile.name!r} is for real ones: "
            "set ADT_DATA to the folder of the real corpora, or choose --profile miniature"
        )
    return {name: open_profile_corpus(profile, name) for name in CORPORA}


def open_profile_corpus(profile: Profile, name: str) -> Corpus:
    """A corpus of the profile, by name or folder, with the profile's audio of MDB Drums; found or not."""
    return _open(profile.data_root, profile.mdb_audio, _as_given(profile, name))


def _as_given(profile: Profile, name: str) -> str:
    """A training corpus as the profile gives it: results know a folder by its name, and only its path can be opened."""
    return next((given for given in profile.train_corpora if corpus_name(given) == name), name)


def _open(root: Path, mdb_audio: str, name: str) -> Corpus:
    options = {"mdb_audio": mdb_audio} if name == "ENST+MDB" else {}
    return open_corpus(name, root, **options)


@lru_cache(maxsize=64)
def _prepared(root: Path, features: str, mdb_audio: str, name: str, progress: bool) -> Prepared:
    return prepare(_open(root, mdb_audio, name), version=features, progress=progress)


def prepared_corpus(profile: Profile, name: str, progress: bool = True) -> Prepared:
    """A corpus of the profile, by name or folder, with features and onsets on disk; missing ones are computed."""
    open_corpora(profile)  # writes generated corpora, or checks that the data root has none
    # A corpus that is distributed as features has only those of madmom.
    features = "madmom" if name in CORPORA and CORPORA[name].info.unit == "sequence" else profile.features
    # Generated corpora take a second, and a progress bar would make executed copies differ between runs.
    return _prepared(profile.data_root, features, profile.mdb_audio, _as_given(profile, name), progress and profile.data == "real")
