"""The controlled study as plain data: which models are trained on which rendered clips (thesis, chapters 6 and 7, decided).

Chapter 6 trains the five architectures on one training set until early stopping, with the learning rate of each chosen on
validation, and on less data. Chapter 7 trains one architecture on training sets that differ from a reference in one factor. All
models are selected on the same clips, and tested on the same tests (`training.controlled_sets`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import Profile
from adtlib.training.controlled_sets import REFERENCE, Faults, TrainingClips

# The stages of runs; a group of them is trained when the runs that it depends on are.
RATES, PUBLISHED = "learning rates", "published settings"
STAGES = ((RATES,), ("architectures", "factors"), (PUBLISHED,))


@dataclass(frozen=True)
class Study:
    """A profile's `study`, with training options from the profile itself.

    sounds              "installed" (Debian's packages, see `synthesis.sources`) or "made" (tones, for tests).
    architecture_hours  of clips on which the architectures are compared; `curve_hours` the fewer hours of the learning curve.
    learning_rates      of which one is chosen for each architecture, after `rate_epochs` on `architecture_hours`.
    published           how many of the architectures, the best on validation, are trained as the finished thesis was, too.
    factor_architecture of chapter 7, on `factor_hours` of clips, with `factor_seeds`, the reference with `reference_seeds`.
    factors             which of FACTORS are studied; by default all.
    hours               levels of the factor hours.
    leave_out           levels, "factor: level", that are not trained.
    averaging           of weights (`TrainingConfig`), so that chance in a short epoch does not end training.
    selection_hours     of clips for selection; tests have `test_performances` (0: all) of `test_seconds`.
    deltas              of peak picking: one is chosen on validation for each run, with thresholds by class.
    """

    sounds: str = "installed"
    architecture_hours: float = 8.0
    curve_hours: tuple[float, ...] = (0.5, 2.0)
    learning_rates: tuple[float, ...] = (5e-4, 1e-3, 2e-3)
    rate_epochs: int = 8
    published: int = 2
    factor_architecture: str = "CRNN"
    factor_hours: float = 2.0
    factor_seeds: tuple[int, ...] = (0, 1)
    reference_seeds: tuple[int, ...] = (0, 1, 2)
    factors: tuple[str, ...] = ()
    hours: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    leave_out: tuple[str, ...] = ()
    selection_hours: float = 0.25
    segments_per_epoch: int = 640
    averaging: float = 0.0
    test_seconds: float = 24.0
    test_performances: int = 0
    deltas: tuple[float, ...] = (0.1, 0.05, 0.02, 0.0)

    def __post_init__(self):
        for option in fields(self):
            if isinstance(value := getattr(self, option.name), list):
                object.__setattr__(self, option.name, tuple(value))
        if self.sounds not in ("installed", "made"):
            raise ValueError(f"sounds = {self.sounds!r}: choose installed or made")
        if self.factor_architecture not in ARCHITECTURES:
            raise ValueError(f"factor_architecture = {self.factor_architecture!r}: choose one of {', '.join(ARCHITECTURES)}")
        if unknown := set(self.factors) - set(FACTORS):
            raise ValueError(f"factors = {sorted(unknown)}: choose from {', '.join(FACTORS)}")
        known = {f"{level.factor}: {level.level}" for level in _levels(self)}
        if unknown := set(self.leave_out) - known:
            raise ValueError(f"leave_out = {sorted(unknown)}: choose from {', '.join(sorted(known))}")
        levels = factor_levels(self)
        if alone := {level.factor for level in levels} - {level.factor for level in levels if level.is_reference}:
            raise ValueError(f"{sorted(alone)} have no level to compare with: mind leave_out, and factor_hours among hours")


def study_of(profile: Profile) -> Study:
    """The study of a profile. ValueError if it has none, or one with an unknown option."""
    if not profile.study:
        raise ValueError(f"profile {profile.name} has no study: use --profile study")
    known = [option.name for option in fields(Study)]
    if unknown := [name for name in profile.study if name not in known]:
        raise ValueError(f"profile {profile.name}: study has no {unknown[0]!r}: {', '.join(known)}")
    try:
        return Study(**profile.study)
    except (TypeError, ValueError) as error:
        raise ValueError(f"profile {profile.name}: study: {error}") from error


# ---- factors ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """One level of a factor: what its models are trained on. With the reference the other levels of the factor are compared."""

    factor: str
    level: str
    clips: tuple[TrainingClips, ...]
    is_reference: bool = False


FACTORS = {
    "hours": "hours of clips",
    "kits": "drum kits",
    "accompaniment": "what plays beside the drums",
    "level": "level of the accompaniment",
    "performances": "who plays",
    "drummers": "drummers",
    "finishing": "how far sound is finished",
    "annotation": "faults of annotation",
    "masked strokes": "strokes that the mix masks",
    "class balance": "share of toms and cymbals",
    "mixture": "one corpus or two",
}
# Corpora of different character, as E-GMD and Slakh have: drums alone in a room, played by drummers; songs programmed on few kits.
LIKE_EGMD = replace(REFERENCE, performances="human", edits=False, accompaniment="none", finishing="room")
LIKE_SLAKH = replace(REFERENCE, performances="grid", edits=False, kits=8, accompaniment="songs", finishing="mixed")


def factor_levels(study: Study) -> list[Level]:
    """The levels of all factors, in the order of tables; a level that is the reference is listed with each factor."""
    chosen = [level for level in _levels(study) if level.factor in (study.factors or FACTORS)]
    return [level for level in chosen if f"{level.factor}: {level.level}" not in study.leave_out]


def _levels(study: Study) -> list[Level]:
    hours = study.factor_hours
    reference = TrainingClips(hours)

    def level(factor: str, name: str, is_reference: bool = False, faults: Faults | None = None, **options) -> Level:
        clips = replace(reference, recipe=replace(REFERENCE, **options), faults=faults or Faults())
        return Level(factor, name, (clips,), is_reference)

    def balance(mean: float) -> dict:
        return {"balance_db": (mean, *REFERENCE.balance_db[1:])}

    found = [Level("hours", f"{each:g} h", (replace(reference, hours=each),), each == hours) for each in study.hours]
    found += [level("kits", f"{count} kit{'s' * (count > 1)}", kits=count) for count in (1, 2, 4, 8)]
    found.append(level("kits", "all kits", True))
    found.append(level("accompaniment", "none", accompaniment="none"))
    found.append(level("accompaniment", "one instrument", accompaniment="instrument"))
    found.append(level("accompaniment", "songs", True))
    found += [level("level", f"{mean:+g} dB", **balance(mean)) for mean in (-6.0, 0.0)]
    found += [level("level", f"{REFERENCE.balance_db[0]:+g} dB", True), level("level", "+13 dB", **balance(13.0))]
    found.append(level("performances", "programmed on the grid", performances="grid"))
    found.append(level("performances", "generated", performances="generated"))
    found.append(level("performances", "human", performances="human"))
    found.append(level("performances", "all kinds", True))
    found += [level("drummers", "one drummer", drummers=1), level("drummers", "all drummers", True)]
    found += [level("finishing", name, finishing=name) for name in ("dry", "room", "mixed", "mastered")]
    found.append(level("finishing", "encoded", True))
    found.append(level("annotation", "exact", True))
    found += [level("annotation", f"jitter of {1000 * each:.0f} ms", faults=Faults(jitter=each)) for each in (0.01, 0.02, 0.04)]
    found += [level("annotation", f"{100 * each:.0f} % missing", faults=Faults(missing=each)) for each in (0.05, 0.1, 0.2)]
    found.append(level("annotation", "5 % of another class", faults=Faults(wrong=0.05)))
    found.append(level("annotation", "on sixteenths", faults=Faults(sixteenths=True)))
    found += [level("masked strokes", "annotated", True), level("masked strokes", "left out", masked="left out")]
    found += [level("class balance", "as played", True), level("class balance", "a fifth each", rare_share=0.2)]
    halves = tuple(TrainingClips(hours / 2, recipe) for recipe in (LIKE_EGMD, LIKE_SLAKH))
    found.append(Level("mixture", "drums alone", (TrainingClips(hours, LIKE_EGMD),)))
    found.append(Level("mixture", "programmed songs", (TrainingClips(hours, LIKE_SLAKH),)))
    found.append(Level("mixture", "half and half", halves, True))
    return found


# ---- runs ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlannedRun:
    """One model to train.

    stage          of STAGES.
    label          what it is trained on and for, the name of its folder.
    learning_rate  None: the one chosen for the architecture.
    settings       options of its `TrainingConfig` that differ from the study's.
    """

    stage: str
    architecture: str
    label: str
    clips: tuple[TrainingClips, ...]
    seed: int
    learning_rate: float | None = None
    settings: dict = field(default_factory=dict, hash=False)

    @property
    def is_tested(self) -> bool:
        """Whether it is scored on the tests."""
        return self.stage != RATES

    @property
    def words(self) -> str:
        """Stage, architecture and label, in which `adt study --only` looks for its text."""
        return f"{self.stage} {self.architecture} {self.label}"


def planned_runs(profile: Profile, study: Study) -> list[PlannedRun]:
    """The runs of all stages but the last, whose architectures depend on results, the most valuable first."""
    runs = rate_runs(study)
    whole = (TrainingClips(study.architecture_hours),)
    runs += [architecture_run(name, whole, seed) for seed in profile.seeds for name in ARCHITECTURES]
    runs += [
        architecture_run(name, (TrainingClips(hours),), profile.seeds[0]) for hours in study.curve_hours for name in ARCHITECTURES
    ]
    levels = factor_levels(study)
    seeds = {(TrainingClips(study.factor_hours),): study.reference_seeds}
    order = sorted({seed for each in (study.factor_seeds, study.reference_seeds) for seed in each})
    runs += [
        factor_run(study, clips, seed)
        for seed in order
        for clips in dict.fromkeys(level.clips for level in levels)
        if seed in seeds.get(clips, study.factor_seeds)
    ]
    unique: dict = {}
    for run in runs:
        unique.setdefault((run.architecture, run.label, run.seed), run)
    return list(unique.values())


def is_of_factors(study: Study, run: PlannedRun) -> bool:
    """Whether chapter 7 needs a run: a level's, in whichever stage it is planned, or one that chooses its learning rate."""
    levels = {label_of(level.clips) for level in factor_levels(study)}
    return run.architecture == study.factor_architecture and (not run.is_tested or run.label in levels)


def rate_runs(study: Study) -> list[PlannedRun]:
    """The short runs that choose learning rates."""
    clips = (TrainingClips(study.architecture_hours),)
    return [
        PlannedRun(RATES, name, f"rate {rate:g} for {study.rate_epochs} epochs", clips, 0, rate, {"epochs": study.rate_epochs})
        for name in ARCHITECTURES
        for rate in study.learning_rates
    ]


def architecture_run(architecture: str, clips: tuple[TrainingClips, ...], seed: int) -> PlannedRun:
    """A run of chapter 6."""
    return PlannedRun("architectures", architecture, label_of(clips), clips, seed)


def factor_run(study: Study, clips: tuple[TrainingClips, ...], seed: int) -> PlannedRun:
    """A run of chapter 7; where chapter 6 has the same, it is the same."""
    return PlannedRun("factors", study.factor_architecture, label_of(clips), clips, seed)


def label_of(clips: Iterable[TrainingClips]) -> str:
    """Training clips in words."""
    return " and ".join(each.name for each in clips)
