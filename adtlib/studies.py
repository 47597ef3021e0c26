"""The studies as plain data: which architecture is trained on which corpora and tested on which (thesis, chapters 6 and 7).

A cell is one run and its tests. Cells whose corpora are not there are left out with the reason, so that a study runs on whatever
a user has. Notebooks 41 to 45 make the runs of the architecture study, 50 reads them; 60 makes those of the dataset study. A
run that both have is trained once and tested for both. `study_tables` makes tables of them.
"""

import contextlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from adtlib.corpora import CORPORA, corpus_name, open_corpus
from adtlib.models import ARCHITECTURES
from adtlib.params import Profile, open_corpora
from adtlib.prepared import Prepared
from adtlib.preparing import prepare
from adtlib.remote_runs import Job
from adtlib.runs import Run, find_runs, run_folder, training_set_name
from adtlib.scoring import score_run
from adtlib.settings import Settings, settings_of
from adtlib.shards import refer_to
from adtlib.side_by_side import call_side_by_side, default_jobs
from adtlib.training import TrainingConfig, finished_run, fit

# The training sets of several corpora in the dataset study (thesis, chapter 7); each corpus alone comes before them.
UNIONS = (
    ("ENST+MDB", "Slakh"),
    ("ENST+MDB", "ADTOF-YT"),
    ("Slakh", "ADTOF-YT"),
    ("ENST+MDB", "Slakh", "ADTOF-YT"),
    ("E-GMD", "Slakh", "ADTOF-YT"),
    ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT"),
)


@dataclass(frozen=True)
class Cell:
    """One run of a study and the corpora it is tested on: names, or folders of a user's own recordings."""

    architecture: str
    train: tuple[str, ...]
    seed: int
    tests: tuple[str, ...]

    @property
    def train_names(self) -> tuple[str, ...]:
        """The training corpora as results call them."""
        return tuple(map(corpus_name, self.train))


def architecture_study(profile: Profile, architecture: str | None = None) -> list[Cell]:
    """Each architecture on each corpus alone, tested on that corpus (chapter 6); of one architecture, or of all five."""
    chosen = [architecture] if architecture else list(ARCHITECTURES)
    return [Cell(name, (corpus,), seed, (corpus,)) for name in chosen for corpus in profile.train_corpora for seed in profile.seeds]


def dataset_study(profile: Profile) -> list[Cell]:
    """The selected architecture on each corpus alone and on `UNIONS`, each tested on all five corpora (chapter 7).

    Training sets are those that `profile.train_corpora` has the corpora for; a user's own folder is one more, alone, and a test.
    """
    architecture = selected_architecture(profile)
    own = tuple(corpus for corpus in profile.train_corpora if corpus not in CORPORA)
    sets = [(corpus,) for corpus in profile.train_corpora]
    sets += [union for union in UNIONS if set(union) <= set(profile.train_corpora)]
    tests = (*CORPORA, *own)
    return [Cell(architecture, train, seed, tests) for train in sets for seed in profile.seeds]


def selected_architecture(profile: Profile) -> str:
    """The architecture of the dataset study: named by the profile, or for "best" chosen by the architecture study.

    The best has the highest validation micro F1, mean over corpora and seeds; test scores have no say in it. FileNotFoundError
    where an architecture lacks a run that another has, ValueError for an unknown name.
    """
    named = profile.dataset_architecture
    if named in ARCHITECTURES:
        return named
    if named != "best":
        raise ValueError(f"dataset_architecture = {named!r}: choose best or one of {', '.join(ARCHITECTURES)}")
    cells = {(cell.architecture, cell.train_names, cell.seed) for cell in architecture_study(profile)}
    scores: dict[str, dict] = {name: {} for name in ARCHITECTURES}
    for run in find_runs(profile.name):
        architecture, train, seed = run.config["architecture"], tuple(run.config["train"]), run.config["seed"]
        if (architecture, train, seed) in cells:
            scores[architecture][train, seed] = np.nan_to_num(run.result["val_f1_micro"])
    everywhere = set().union(*scores.values())
    lacking = [name for name in ARCHITECTURES if set(scores[name]) != everywhere or not everywhere]
    if lacking:
        raise FileNotFoundError(
            f"dataset_architecture = 'best', and runs to choose from are missing ({', '.join(lacking)}): "
            f"make them with 'adt run --profile {profile.name} 41-45', then run this again"
        )
    return max(ARCHITECTURES, key=lambda name: np.mean(list(scores[name].values())))


@lru_cache(maxsize=64)
def _prepared(root, features: str, mdb_audio: str, name: str, progress: bool) -> Prepared:
    options = {"mdb_audio": mdb_audio} if name == "ENST+MDB" else {}
    return prepare(open_corpus(name, root, **options), version=features, progress=progress)


def prepared_corpus(profile: Profile, name: str, progress: bool = True) -> Prepared:
    """A corpus of the profile, by name or folder, with features and onsets on disk; computed where they are not yet."""
    open_corpora(profile)  # writes or checks what the profile's data root must hold
    features = "madmom" if name == "ADTOF-YT" else profile.features
    # Generated corpora take a second: a bar would only make executed copies differ from run to run.
    return _prepared(profile.data_root, features, profile.mdb_audio, name, progress and profile.data == "real")


def training_config(profile: Profile, architecture: str, train, seed: int) -> TrainingConfig:
    """The configuration of a cell's run; ValueError where its settings are to be searched for and were not yet."""
    return base_config(profile, architecture, train, seed, settings_of(profile, architecture, train))


def base_config(profile: Profile, architecture: str, train, seed: int, settings: Settings) -> TrainingConfig:
    """The configuration of a run with given settings."""
    return TrainingConfig(
        architecture=architecture,
        train=tuple(train),
        hyperparameters=settings.hyperparameters,
        seed=seed,
        epochs=profile.epochs,
        batch_size=profile.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        patience=profile.patience,
        lr_patience=profile.lr_patience,
        features=profile.features,
        precision=profile.precision,
        validation_split=profile.validation_split,
        peak_picking=profile.peaks,
        tolerance=profile.tolerance,
        balance=profile.balance and len(train) > 1,  # a corpus alone is the same run either way
    )


def why_not(profile: Profile, cell: Cell, progress: bool = True) -> str | None:
    """Why a cell cannot be trained with what is there, in one sentence; None where it can.

    A union needs all its corpora: without one of them it would be another training set under its name.
    """
    for name in cell.train:
        corpus = prepared_corpus(profile, name, progress)
        for split in ("train", profile.validation_split):
            if not corpus.totals(split).n_units:
                own = "recordings go into train/, validation/ and test/ of the folder"
                remedy = "'adt corpora' says how to get it" if name in CORPORA else own
                where = f" of {corpus.corpus_name}" if len(cell.train) > 1 else ""
                return f"{training_set_name(cell.train_names)}: nothing usable found of the {split} split{where}; {remedy}"
    return None


def run_cell(profile: Profile, cell: Cell, progress: bool = True) -> Run:
    """Train the run of a cell, or take up or reuse what is there of it, and test it. ValueError where `why_not` gives a reason."""
    if reason := why_not(profile, cell, progress):
        raise ValueError(reason)
    corpora = [prepared_corpus(profile, name, progress) for name in cell.train]
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    run = fit(config, corpora, corpora, folder, progress=progress)
    score_run(run, [prepared_corpus(profile, name, progress) for name in cell.tests], profile.test_split, validation=corpora)
    return run


def run_all(profile: Profile, cells: list[Cell], progress: bool = True) -> tuple[list[Run], list[str]]:
    """Run every cell that can be run: (runs, reasons for those that cannot, each once). ValueError where none can."""
    ready, reasons = [], []
    for cell in cells:
        if reason := why_not(profile, cell, progress):
            reasons.append(reason)
        else:
            ready.append(cell)
    jobs = profile.jobs or default_jobs()
    reasons = list(dict.fromkeys(reasons))
    if cells and not ready:
        raise ValueError(f"nothing can be trained with what is in {profile.data_root}: {'; '.join(reasons)}")
    if profile.searches:
        from adtlib.study_searches import search_cells  # with it comes Ray, which only a search needs

        search_cells(profile, ready, progress)
    if os.environ.get("RAY_ADDRESS"):
        return _run_on_cluster(profile, ready, progress), reasons
    if jobs > 1:
        return _run_side_by_side(profile, ready, jobs, progress), reasons
    return [run_cell(profile, cell, progress) for cell in ready], reasons


def _run_side_by_side(profile: Profile, cells: list[Cell], jobs: int, progress: bool) -> list[Run]:
    """Run cells in processes of their own."""
    with _watching(profile, cells, f"{jobs} at once", progress) as watch:
        return call_side_by_side(run_cell, [(profile, cell, False) for cell in cells], jobs, watch)


def _run_on_cluster(profile: Profile, cells: list[Cell], progress: bool) -> list[Run]:
    """Run cells on the Ray cluster of RAY_ADDRESS; the runs' folders are here, as if they had been trained here."""
    from adtlib import tuning

    jobs = [job_of(profile, cell) for cell in cells]
    resources = tuning.Resources(profile.cpus_per_trial, profile.gpus_per_trial)
    with tuning.session() as home, _watching(profile, cells, "on the cluster", progress) as watch:
        tuning.train_jobs(jobs, resources, home, watch)
    return [Run(job.folder) for job in jobs]


def job_of(profile: Profile, cell: Cell) -> Job:
    """A cell as a job for another machine; a finished run of other settings in its place is moved aside."""
    train, tests = ([prepared_corpus(profile, name, False) for name in names] for names in (cell.train, cell.tests))
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    finished_run(config, train, folder)
    return Job(folder, config, tuple(map(refer_to, train)), tuple(map(refer_to, tests)), profile.test_split)


@contextlib.contextmanager
def _watching(profile: Profile, cells: list[Cell], where: str, progress: bool):
    """A bar of runs; yields what to call with the number that have ended. It tells epochs trained from runs taken over."""
    folders = [run_folder(profile.name, cell.architecture, cell.train_names, cell.seed) for cell in cells]
    label = " and ".join(dict.fromkeys(cell.architecture for cell in cells))
    progress_of = Progress(folders)
    with tqdm(total=len(cells), desc=f"{label}, {where}", unit="run", disable=not progress) as bar:

        def watch(ended: int) -> None:
            bar.set_postfix_str(progress_of.text(ended), refresh=False)
            bar.update(ended - bar.n)
            bar.refresh()

        yield watch


class Progress:
    """What is done of some runs since this was made, as their folders tell: metrics.csv has a line an epoch."""

    def __init__(self, folders: list[Path]):
        self.before = {folder: (_changed(folder), _begun_epochs(folder), _is_finished(folder)) for folder in folders}

    def text(self, ended: int) -> str:
        """ "96 epochs, 6 taken over": epochs trained; runs, of `ended`, that were finished before and are as they were."""
        epochs = taken_over = 0
        for folder, (changed, count, finished) in self.before.items():
            if _changed(folder) == changed:
                taken_over += finished
            else:
                epochs += max(0, _count_epochs(folder) - count)
        taken_over = min(taken_over, ended)
        parts = [f"{epochs} epochs"] if epochs or not taken_over else []
        return ", ".join(parts + ([f"{taken_over} taken over"] if taken_over else []))


def _changed(folder: Path) -> int | None:
    path = folder / "metrics.csv"
    return path.stat().st_mtime_ns if path.is_file() else None


def _is_finished(folder: Path) -> bool:
    """Whether it need not be trained: a repository has the scores of runs, but not their weights."""
    return (folder / "model.safetensors").is_file() and (folder / "config.json").is_file() and "result" in Run(folder).record


def _begun_epochs(folder: Path) -> int:
    """Epochs with which it goes on; a run that has nothing to resume from begins at its first."""
    return _count_epochs(folder) if (folder / "resume.pt").is_file() else 0


def _count_epochs(folder: Path) -> int:
    path = folder / "metrics.csv"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.is_file() else 0
