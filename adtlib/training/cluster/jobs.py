"""Training a run on another machine: its folder travels there and comes back after every epoch.

The machine that started it keeps the folder, in its results; a worker trains in a folder of its own and sends what has changed. A
worker that dies is replaced by one that is sent the folder as it was after the last epoch, and ends with the same numbers: training
is seeded by epoch. Equal bits need an equal number of threads, which is therefore part of a job.

Nothing here needs Ray: `home` is a `Home`, or something that passes its methods on to one.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from adtlib import paths
from adtlib.training.cluster.shards import CorpusReference, list_shards, open_here, read_shard
from adtlib.training.runs import RunError
from adtlib.training.scoring import score_run
from adtlib.training.trainer import TrainingConfig, code_hash, fit

# In the order of writing: what a file refers to is there before it.
RUN_FILES = ("model.safetensors", "metrics.csv", "scores.csv", "resume.pt", "config.json")


@dataclass(frozen=True)
class Job:
    """One run to be trained, and tested where there is something to test it on."""

    folder: Path  # of the run, at home
    config: TrainingConfig
    train: tuple[CorpusReference, ...]
    tests: tuple[CorpusReference, ...] = ()
    test_split: str = "test"
    threads: int = 1
    code: str = ""  # hash of the code that decides a run's numbers, as it is at home; "" accepts any


class Home:
    """Keeps the folders of runs and the corpora, on the machine that started the study."""

    def load(self, folder: Path) -> dict[str, bytes]:
        """The files of a run's folder."""
        return {name: (folder / name).read_bytes() for name in RUN_FILES if (folder / name).is_file()}

    def save(self, folder: Path, changed: dict[str, bytes | None]) -> None:
        """Write the files that changed; None for those that are gone."""
        for name in RUN_FILES:
            if name in changed and changed[name] is not None:
                paths.write_atomically(folder / name, changed[name])
        for name, content in changed.items():
            if content is None:
                (folder / name).unlink(missing_ok=True)

    def list_shards(self, corpus: CorpusReference) -> list[list[str]]:
        """Names of the files of each shard of a corpus."""
        return list_shards(corpus.folder)

    def read_shard(self, corpus: CorpusReference, names: list[str]) -> dict[str, bytes]:
        """The files of one shard."""
        return read_shard(corpus.folder, names)


class _Copy:
    """The copy of a run's folder on this machine."""

    def __init__(self, folder: Path, job: Job, home: Home):
        self.folder, self.job, self.home = folder, job, home
        for name, content in home.load(job.folder).items():
            paths.write_atomically(folder / name, content)
        self.sent = self._state()

    def _state(self) -> dict[str, tuple[int, int]]:
        found = {name: self.folder / name for name in RUN_FILES if (self.folder / name).is_file()}
        return {name: (path.stat().st_mtime_ns, path.stat().st_ino) for name, path in found.items()}

    def send(self) -> None:
        """Send home what has changed since the last time."""
        now = self._state()
        changed = {name: (self.folder / name).read_bytes() for name in now if now[name] != self.sent.get(name)}
        changed |= dict.fromkeys(self.sent.keys() - now.keys())
        if changed:
            self.home.save(self.job.folder, changed)
        self.sent = now


def train_away(job: Job, home: Home, on_epoch: Callable[[dict], None] | None = None) -> dict:
    """Train the run of a job on this machine, or go on with what `home` has of it; its result, as in config.json.

    `on_epoch(row)` is called when an epoch is safe at home. Raises RunError where this machine has other code than home, and what
    `fit` raises, with the folder at home in its message.
    """
    if job.code not in ("", code_hash()):
        raise RunError(f"{job.folder}: this machine has another version of adtlib than the one that started it: install the same")
    torch.set_num_threads(job.threads)
    train, tests = ([open_here(corpus, home) for corpus in corpora] for corpora in (job.train, job.tests))
    scratch = scratch_folder("adt-run")
    copy = _Copy(scratch / "run", job, home)
    try:

        def after(row: dict) -> None:
            copy.send()
            if on_epoch:
                on_epoch(row)

        run = fit(job.config, train, train, copy.folder, progress=False, on_epoch=after)
        if tests:
            score_run(run, tests, job.test_split, validation=train)
        copy.send()
        return run.result
    except RunError as error:
        raise type(error)(str(error).replace(str(copy.folder), str(job.folder))) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def scratch_folder(name: str, root: Path | None = None) -> Path:
    """A new folder for what need not stay; those of processes that were killed are removed."""
    root = root or Path(tempfile.gettempdir())
    for left in root.glob(f"{name}-*-*"):
        process = left.name.removeprefix(f"{name}-").split("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=root))
