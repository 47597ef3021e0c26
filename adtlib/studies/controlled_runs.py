"""The runs of the controlled study: their data, training them side by side or on a cluster, and what they will take.

Everything is resumed: clips by shards, runs by epochs. A run that the stored tables have (`controlled_results`) is finished, even
where its folder is missing: a study may be trained on several machines, or over weeks, with nothing kept but tables. Each process
trains with one thread, so that `jobs` runs share the cores.
"""

import collections
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from adtlib import paths
from adtlib.audio.features import N_BANDS
from adtlib.corpora.store import Prepared
from adtlib.models.prediction import autocast, best_device, resolve_precision
from adtlib.models.registry import build
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.profiles import Profile
from adtlib.provenance import code_state, hash_of
from adtlib.studies.configs import base_config
from adtlib.studies.controlled import (
    PUBLISHED,
    STAGES,
    PlannedRun,
    Study,
    architecture_run,
    planned_runs,
    rate_runs,
    study_of,
)
from adtlib.studies.run import train_on_cluster
from adtlib.training.cluster.jobs import Job, run_job
from adtlib.training.cluster.transfer import refer_to
from adtlib.training.controlled_sets import (
    Sounds,
    TrainingClips,
    folder_of,
    installed_sounds,
    made_sounds,
    selection_set,
    test_sets,
    training_sets,
)
from adtlib.training.parallel import call_side_by_side, default_jobs
from adtlib.training.runs import CONFIG, METRICS, SCORES, Run
from adtlib.training.search.settings import Settings, published_settings
from adtlib.training.steps import make_optimizer, train_step
from adtlib.training.trainer import RESUME, TrainingConfig, finished_run
from adtlib.vocabulary import N_CLASSES

RUNS = "runs.csv"
KEYS = ["stage", "architecture", "trained_on", "seed"]  # of a run in tables
# The corpus, of the thesis's four, whose published hyperparameters are tried: rendered songs, as the clips are.
PUBLISHED_ON = ("Slakh",)


@dataclass(frozen=True)
class Data:
    """The data of a study: the training sets at hand, the selection set, the tests."""

    sets: dict[TrainingClips, Prepared]
    selection: Prepared
    tests: dict[str, Prepared]


def sounds_of(profile: Profile, progress: bool = True) -> Sounds:
    """Where the study's sounds come from. SourceError says what is missing."""
    return made_sounds() if study_of(profile).sounds == "made" else installed_sounds(paths.real_data_root(), progress)


def prepare_data(profile: Profile, runs: Iterable[PlannedRun], jobs: int, progress: bool = True) -> Data:
    """The data of some runs; what is missing is rendered."""
    study, sounds = study_of(profile), sounds_of(profile, progress)
    selection = selection_set(sounds, study.selection_hours, jobs, progress)
    tests = test_sets(sounds, study.test_seconds, study.test_performances, jobs, progress)
    return Data(training_sets(sounds, [clips for run in runs for clips in run.clips], jobs, progress), selection, tests)


def run_folder_of(profile: Profile, run: PlannedRun) -> Path:
    """The folder of a run."""
    return paths.RESULTS / profile.name / "controlled_runs" / run.architecture / folder_of(run.label) / f"seed_{run.seed}"


def trained_here(profile: Profile, run: PlannedRun, settings: str) -> Run | None:
    """The run's folder if it was trained and tested to the end with these settings (`settings_of`); else None."""
    found = Run(run_folder_of(profile, run))
    if not (found.folder / CONFIG).is_file() or (run.is_tested and not (found.folder / SCORES).is_file()):
        return None
    return found if found.record.get("settings") == settings else None


def finished(profile: Profile, run: PlannedRun) -> dict | None:
    """The row of runs.csv of a finished run: of its folder, or of the stored tables, wherever it was trained; else None."""
    try:
        settings = settings_of(profile, study_of(profile), run)
    except FileNotFoundError:  # its learning rate is not chosen yet
        return None
    if here := trained_here(profile, run, settings):
        return row_of(run, here)
    path = tables_of(profile.name) / RUNS
    rows = _stored_rows(path, path.stat().st_mtime_ns) if path.is_file() else {}
    row = rows.get((run.stage, run.architecture, run.label, run.seed))
    return row if row and row["settings"] == settings else None


def tables_of(name: str) -> Path:
    """Where the tables of a profile's study are: a run that its RUNS holds is not trained again."""
    return paths.RESULTS / name / "controlled"


def read_table(path: Path) -> pd.DataFrame:
    """A stored table; an empty one if there is none. "none" is a level, and no missing number."""
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values=[""]) if path.is_file() else pd.DataFrame()


@lru_cache(maxsize=4)
def _stored_rows(path: Path, changed: int) -> dict[tuple, dict]:
    return {tuple(row[key] for key in KEYS): row for row in read_table(path).to_dict("records")}


def settings_of(profile: Profile, study: Study, run: PlannedRun) -> str:
    """A hash of all that a run was told: its configuration, and what it is selected and tested on."""
    measured = study.sounds, study.selection_hours, study.test_seconds, study.test_performances, study.deltas
    return hash_of(json.dumps(_comparable(config_of(profile, study, run)), sort_keys=True), repr(measured))


def _comparable(config: TrainingConfig) -> dict:
    """The options that are not a configuration's own defaults; without the precision, which is the machine's."""
    values, usual = (json.loads(json.dumps(asdict(each))) for each in (config, TrainingConfig("", ())))
    return {name: value for name, value in values.items() if name != "precision" and value != usual[name]}


# ---- configurations -----------------------------------------------------------------------------------------------------


def chosen_rate(profile: Profile, study: Study, architecture: str) -> float:
    """The learning rate with the lowest validation loss, which depends less on chance than F1 at one threshold does.

    FileNotFoundError if one of its short runs is missing.
    """
    losses = {}
    for run in rate_runs(study):
        if run.architecture == architecture:
            done = finished(profile, run)
            if done is None:
                raise FileNotFoundError(f"{run_folder_of(profile, run)} is not finished: adt study --profile {profile.name}")
            losses[run.learning_rate] = np.nan_to_num(done["validation_loss"], nan=np.inf)  # of a run that diverged
    return min(losses, key=losses.get)


def config_of(profile: Profile, study: Study, run: PlannedRun) -> TrainingConfig:
    """The configuration of a run."""
    rate = run.learning_rate or chosen_rate(profile, study, run.architecture)
    settings = Settings(profile.hyperparameters_of(run.architecture), rate, profile.weight_decay)
    config = base_config(profile, run.architecture, [each.name for each in run.clips], run.seed, settings)
    own = {"segments_per_epoch": study.segments_per_epoch, "past_best": run.is_tested, "averaging": study.averaging}
    return replace(config, **own | run.settings)


def published_runs(profile: Profile, study: Study) -> list[PlannedRun]:
    """The best architectures on validation, mean over seeds, with hyperparameters that the finished thesis published."""
    if not study.published:
        return []
    whole = (TrainingClips(study.architecture_hours),)
    scored = {}
    for name in profile.hyperparameters:
        runs = [finished(profile, architecture_run(name, whole, seed)) for seed in profile.seeds]
        if any(run is None for run in runs):
            raise FileNotFoundError(f"the runs of {name} on {whole[0].name} are not finished: adt study --profile {profile.name}")
        scored[name] = np.mean([np.nan_to_num(run["validation_f1"]) for run in runs])
    found = []
    for name in sorted(scored, key=scored.get, reverse=True)[: study.published]:
        settings = published_settings(name, PUBLISHED_ON)
        own = {"hyperparameters": settings.hyperparameters, "weight_decay": settings.weight_decay}
        label = f"{whole[0].name}, published hyperparameters"
        found.append(PlannedRun(PUBLISHED, name, label, whole, profile.seeds[0], settings.learning_rate, own))
    return found


# ---- running ------------------------------------------------------------------------------------------------------------


def run_controlled(profile: Profile, wanted: Callable[[PlannedRun], bool] | None = None, progress: bool = True) -> int:
    """Train and test the study's runs, stage after stage; those that are finished are left as they are. Returns how many are.

    wanted  which runs; None for all. What chooses their learning rates must be finished or wanted, and for those of the last stage
            what chooses their architectures.
    """
    study, jobs = study_of(profile), profile.jobs or default_jobs()
    for stages in STAGES:
        runs = [run for run in all_runs(profile) if run.stage in stages and (wanted is None or wanted(run))]
        waiting = [run for run in runs if finished(profile, run) is None]
        if waiting:
            data = prepare_data(profile, waiting, jobs, progress)
            _run_all(profile, study, waiting, data, jobs, progress)
    return sum(finished(profile, run) is not None for run in all_runs(profile))


def _run_all(profile: Profile, study: Study, runs: list[PlannedRun], data: Data, jobs: int, progress: bool) -> None:
    jobs_of = [job_of(profile, study, run, data) for run in runs]

    def watch(done: int) -> None:
        if progress:
            print(f"\r{done} of {len(runs)} runs of {runs[0].stage} to {runs[-1].stage}", end="", flush=True)

    if os.environ.get("RAY_ADDRESS"):
        train_on_cluster(profile, jobs_of, watch)
    elif jobs == 1:
        for job in jobs_of:
            train_job(job)
    else:
        call_side_by_side(train_job, [(job,) for job in jobs_of], jobs, watch)


def job_of(profile: Profile, study: Study, run: PlannedRun, data: Data) -> Job:
    """A run as a job for another process or machine; a finished run with other settings in its folder is moved aside."""
    train, tests = [data.sets[each] for each in run.clips], list(data.tests.values()) if run.is_tested else []
    folder, config = run_folder_of(profile, run), config_of(profile, study, run)
    finished_run(config, train, [data.selection], folder)
    corpora = {"train": train, "tests": tests, "validation": [data.selection]}
    references = {name: tuple(map(refer_to, each)) for name, each in corpora.items()}
    return Job(folder, config, **references, deltas=study.deltas, settings=settings_of(profile, study, run))


def train_job(job: Job) -> None:
    """Train and test the run of a job in this process, in its own folder."""
    torch.set_num_threads(job.threads)
    train, tests, selection = ([Prepared(each.folder) for each in of] for of in (job.train, job.tests, job.validation))
    run_job(job, job.folder, train, tests, selection)


# ---- the plan -----------------------------------------------------------------------------------------------------------

EPOCHS_GUESSED = 30  # until early stopping, for runs of which none is finished
RENDERED_PER_SECOND = 45.0  # seconds of clips that one core renders in a second


def plan_table(profile: Profile, only: str = "") -> pd.DataFrame:
    """A row for each planned run: stage, architecture, label, seed, state, epochs (guessed), core_hours (from measured speeds)."""
    study = study_of(profile)
    rows, typical = [], _typical_epochs(profile, study)
    for run in all_runs(profile):
        if only not in run.words:
            continue
        done = finished(profile, run)
        epochs = run.settings.get("epochs") or typical.get(run.architecture, EPOCHS_GUESSED)
        seconds = epochs * epoch_seconds(profile, study, run)
        state = "finished" if done else "begun" if (run_folder_of(profile, run) / RESUME).is_file() else "waits"
        if done:
            epochs, seconds = done["last_epoch"], 3600 * done["core_hours"]
        rows.append([run.stage, run.architecture, run.label, run.seed, state, epochs, seconds / 3600])
    return pd.DataFrame(rows, columns=["stage", "architecture", "label", "seed", "state", "epochs", "core_hours"])


def plan_lines(profile: Profile, only: str = "") -> list[str]:
    """The plan in words: each run, sums by stage, rendering."""
    table = plan_table(profile, only)
    at_once = profile.jobs or default_jobs()
    shown = table[["architecture", "seed", "state", "epochs", "core_hours", "label"]].round(3)
    shown["label"] = shown["label"].str.ljust(shown["label"].str.len().max())  # pandas sets cells right
    lines = [*(line.rstrip() for line in shown.to_string(index=False, justify="left").splitlines()), ""]
    for stage, part in table.groupby("stage", sort=False):
        left = part.loc[part["state"] != "finished", "core_hours"].sum()
        lines.append(f"{stage}: {len(part)} runs, {part['core_hours'].sum():.1f} core-hours, of which {left:.1f} are left")
    if study_of(profile).published and PUBLISHED not in set(table["stage"]):
        lines.append(f"{PUBLISHED}: which, the architectures' runs decide; not in the sum below")
    hours, rendering = rendering_hours(profile)
    total = table["core_hours"].sum() + rendering
    lines.append(f"rendering: {hours:.1f} h of clips, {rendering:.1f} core-hours if none is there")
    lines.append(
        f"in all {total:.1f} core-hours, {total / at_once:.1f} h with {at_once} at once; epochs of unfinished runs are guessed"
    )
    return lines


def rendering_hours(profile: Profile) -> tuple[float, float]:
    """(hours of clips that the study needs, core-hours of rendering them)."""
    study = study_of(profile)
    most: dict = {}
    for run in planned_runs(profile, study):
        for clips in run.clips:
            most[clips.recipe] = max(most.get(clips.recipe, 0.0), clips.hours)
    hours = sum(most.values()) + study.selection_hours + 100 * 3 * study.test_seconds / 3600
    return hours, hours / RENDERED_PER_SECOND


def _typical_epochs(profile: Profile, study: Study) -> dict[str, float]:
    """Mean epochs of the finished runs of an architecture."""
    found: dict[str, list[int]] = {}
    for run in planned_runs(profile, study):
        if run.is_tested and (done := finished(profile, run)):
            found.setdefault(run.architecture, []).append(done["last_epoch"])
    return {name: round(float(np.mean(epochs))) for name, epochs in found.items()}


def epoch_seconds(profile: Profile, study: Study, run: PlannedRun) -> float:
    """Core-seconds of an epoch of a run: steps of training, and predicting the selection set."""
    hyperparameters = run.settings.get("hyperparameters") or profile.hyperparameters_of(run.architecture)
    step, predicting = measured_speed(run.architecture, json.dumps(hyperparameters), profile.batch_size)
    steps = study.segments_per_epoch / profile.batch_size
    segments = study.selection_hours * 3600 / (SEGMENT_FRAMES / 100)
    return steps * step + segments * predicting


def measured_speed(architecture: str, hyperparameters: str, batch_size: int) -> tuple[float, float]:
    """(core-seconds of a step of training, core-seconds of predicting a segment) of one thread; measured once."""
    state = hash_of(architecture, hyperparameters, str(batch_size), torch.__version__, code_state(_measure))
    path = paths.CACHE / "speeds" / f"{state}.json"
    if not path.is_file():
        measure = partial(_measure, architecture, json.loads(hyperparameters), batch_size)
        paths.write_atomically(path, json.dumps(measure()).encode())
    return tuple(json.loads(path.read_text()))


def _measure(architecture: str, hyperparameters: dict, batch_size: int) -> tuple[float, float]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    precision = resolve_precision("auto", best_device())
    model = build(architecture, 0, **hyperparameters)
    optimizer, weights = make_optimizer(model, 1e-3, 1e-4), torch.ones(N_CLASSES)
    features = torch.randn(batch_size, SEGMENT_FRAMES, N_BANDS)
    targets = (torch.rand(batch_size, SEGMENT_FRAMES, N_CLASSES) > 0.97).float()

    def step() -> None:
        train_step(model.train(), optimizer, features, targets, weights, precision, 2.0)

    @torch.inference_mode()
    def predict() -> None:
        with autocast(features.device, precision):
            model.eval()(features)

    found = []
    for action in (step, predict):
        action()
        times = []
        for _ in range(3):
            started = time.process_time()
            action()
            times.append(time.process_time() - started)
        found.append(min(times))
    torch.set_num_threads(threads)
    return found[0], found[1] / batch_size


def how_ended(run: Run) -> str:
    """How a run's training ended, in words."""
    result, config = run.result, run.config
    if result["epochs"] < config["epochs"] or _stale(run) >= config["patience"]:
        return "early stopping"
    return "last epoch allowed" if result["epochs"] == config["epochs"] else "went on past the last epoch allowed"


def _stale(run: Run) -> int:
    """Epochs since the lowest validation loss, at the end."""
    losses = pd.read_csv(run.folder / METRICS)["val_loss"].to_numpy()
    return len(losses) - 1 - int(np.argmin(losses))


def row_of(run: PlannedRun, found: Run) -> dict:
    """How a run was trained and how it ended: a row of runs.csv."""
    config, diverged = found.config, "diverged" in found.result
    result = collections.defaultdict(lambda: np.nan) if diverged else found.result
    return {
        "stage": run.stage,
        "architecture": run.architecture,
        "trained_on": run.label,
        "seed": run.seed,
        "learning_rate": config["learning_rate"],
        "parameters": result["n_parameters"],
        "best_epoch": result["best_epoch"],
        "last_epoch": result["epochs"],
        "ended": "diverged" if diverged else how_ended(found),
        "validation_f1": result["val_f1_micro"],
        "validation_loss": result["val_loss"],
        "core_hours": result["seconds"] / 3600,
        "precision": config["precision"],
        "torch": found.record["libraries"]["torch"],
        "settings": found.record["settings"],
    }


def all_runs(profile: Profile) -> list[PlannedRun]:
    """The runs of all stages, those of the last as far as they can be known."""
    study = study_of(profile)
    try:
        published = published_runs(profile, study)
    except FileNotFoundError:
        published = []
    return [*planned_runs(profile, study), *published]
