"""Training and scoring the runs of a study: in parallel processes on this machine, or on a Ray cluster."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from adtlib.profiles import Profile, prepared_corpus
from adtlib.studies.configs import training_config, why_not
from adtlib.studies.plan import Cell
from adtlib.training.cluster.jobs import Job
from adtlib.training.cluster.transfer import refer_to
from adtlib.training.parallel import call_side_by_side, default_jobs
from adtlib.training.runs import Run, run_folder
from adtlib.training.scoring import score_run
from adtlib.training.trainer import finished_run, fit


def run_cell(profile: Profile, cell: Cell, progress: bool = True) -> Run:
    """Train the run of a cell, or resume or reuse an existing one, and test it. ValueError if `why_not` gives a reason."""
    if reason := why_not(profile, cell, progress):
        raise ValueError(reason)
    corpora = [prepared_corpus(profile, name, progress) for name in cell.train]
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    run = fit(config, corpora, corpora, folder, progress=progress)
    score_run(run, [prepared_corpus(profile, name, progress) for name in cell.tests], profile.test_split, validation=corpora)
    return run


def run_all(profile: Profile, cells: list[Cell], progress: bool = True) -> tuple[list[Run], list[str]]:
    """Run every cell that can be run: (runs, distinct reasons for the others). ValueError if no cell can be run."""
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
        from adtlib.studies.searches import search_cells  # imports Ray, which only a search needs

        search_cells(profile, ready, progress)
    if os.environ.get("RAY_ADDRESS"):
        return _run_on_cluster(profile, ready, progress), reasons
    if jobs > 1:
        return _run_side_by_side(profile, ready, jobs, progress), reasons
    return [run_cell(profile, cell, progress) for cell in ready], reasons


def _run_side_by_side(profile: Profile, cells: list[Cell], jobs: int, progress: bool) -> list[Run]:
    """Run each cell in its own process."""
    with _watching(profile, cells, f"{jobs} at once", progress) as watch:
        return call_side_by_side(run_cell, [(profile, cell, False) for cell in cells], jobs, watch)


def _run_on_cluster(profile: Profile, cells: list[Cell], progress: bool) -> list[Run]:
    """Run cells on the Ray cluster of RAY_ADDRESS; the runs' folders are on this machine, as after local training."""
    jobs = [job_of(profile, cell) for cell in cells]
    with _watching(profile, cells, "on the cluster", progress) as watch:
        train_on_cluster(profile, jobs, watch)
    return [Run(job.folder) for job in jobs]


def train_on_cluster(profile: Profile, jobs: list[Job], watch: Callable[[int], None]) -> None:
    """Train jobs on the Ray cluster of RAY_ADDRESS; `watch` is called with the number of those that are done."""
    from adtlib.training.cluster import session  # imports Ray

    resources = session.Resources(profile.cpus_per_trial, profile.gpus_per_trial)
    with session.session() as server:
        session.train_jobs(jobs, resources, server, watch)


def job_of(profile: Profile, cell: Cell) -> Job:
    """A cell as a job for another machine; a finished run with other settings in its folder is moved aside."""
    train, tests = ([prepared_corpus(profile, name, False) for name in names] for names in (cell.train, cell.tests))
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    finished_run(config, train, train, folder)
    return Job(folder, config, tuple(map(refer_to, train)), tuple(map(refer_to, tests)), profile.test_split)


@contextlib.contextmanager
def _watching(profile: Profile, cells: list[Cell], where: str, progress: bool):
    """A progress bar of runs; yields a function to call with the number of runs that have ended."""
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
    """Progress of some runs since this object was made, read from their folders: metrics.csv has a line for each epoch."""

    def __init__(self, folders: list[Path]):
        self.before = {folder: (_changed(folder), _begun_epochs(folder), _is_finished(folder)) for folder in folders}

    def text(self, ended: int) -> str:
        """ "96 epochs, 6 taken over": epochs trained, and how many of the `ended` runs were finished before and are unchanged."""
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
    """Whether it is trained, with weights: a repository has the scores of runs, but not their weights."""
    return (folder / "model.safetensors").is_file() and (folder / "config.json").is_file() and "result" in Run(folder).record


def _begun_epochs(folder: Path) -> int:
    """Epochs that a resumed run keeps; a run without resume.pt starts over."""
    return _count_epochs(folder) if (folder / "resume.pt").is_file() else 0


def _count_epochs(folder: Path) -> int:
    path = folder / "metrics.csv"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.is_file() else 0
