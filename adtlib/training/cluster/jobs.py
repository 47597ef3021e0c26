"""Training a run on another machine: its folder is copied there, and changed files are sent back after every epoch.

The machine that started the study is the server: it keeps the folder in its results. A worker trains in a temporary copy. If a
worker dies, another one is sent the folder as it was after the last epoch and ends with the same numbers, as training is seeded by
epoch. Equal bits need an equal number of threads, which is therefore part of a job.

Nothing here needs Ray: `server` is a `Server`, or an object that passes its methods on to one.
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
from adtlib.corpora.store import Prepared
from adtlib.training.cluster.transfer import CorpusReference, list_files, open_here, read_piece
from adtlib.training.runs import Run, RunError, write_record
from adtlib.training.scoring import score_run
from adtlib.training.trainer import RESUME, Diverged, TrainingConfig, code_hash, fit

# In the order of writing: a file is written after those that it refers to.
RUN_FILES = ("model.safetensors", "metrics.csv", "scores.csv", "resume.pt", "config.json")


@dataclass(frozen=True)
class Job:
    """One run to train, and to test on `tests` if there are any."""

    folder: Path  # of the run, on the server
    config: TrainingConfig
    train: tuple[CorpusReference, ...]
    tests: tuple[CorpusReference, ...] = ()
    test_split: str = "test"
    validation: tuple[CorpusReference, ...] = ()  # corpora to validate on; () for those of `train`
    deltas: tuple[float, ...] = ()  # of peak picking, to choose from on validation: `score_run`
    settings: str = ""  # noted in config.json once the run is trained and tested, so that it is known to be whole
    threads: int = 1
    code: str = ""  # hash of the server's code that decides a run's numbers; "" accepts any


class Server:
    """Reads and writes the folders of runs and reads the corpora, on the machine that started the study."""

    def load(self, folder: Path) -> dict[str, bytes]:
        """The files of a run's folder."""
        return {name: (folder / name).read_bytes() for name in RUN_FILES if (folder / name).is_file()}

    def save(self, folder: Path, changed: dict[str, bytes | None]) -> None:
        """Write the files that changed; None stands for a deleted file."""
        for name in RUN_FILES:
            if name in changed and changed[name] is not None:
                paths.write_atomically(folder / name, changed[name])
        for name, content in changed.items():
            if content is None:
                (folder / name).unlink(missing_ok=True)

    def list_files(self, corpus: CorpusReference) -> list[tuple[str, int]]:
        """Name and size of each file of a corpus."""
        return list_files(corpus.folder)

    def read_piece(self, corpus: CorpusReference, name: str, start: int, size: int) -> bytes:
        """Up to `size` bytes of a file of a corpus."""
        return read_piece(corpus.folder, name, start, size)


class _Copy:
    """The copy of a run's folder on this machine."""

    def __init__(self, folder: Path, job: Job, server: Server):
        self.folder, self.job, self.server = folder, job, server
        for name, content in server.load(job.folder).items():
            paths.write_atomically(folder / name, content)
        self.sent = self._state()

    def _state(self) -> dict[str, tuple[int, int]]:
        found = {name: self.folder / name for name in RUN_FILES if (self.folder / name).is_file()}
        return {name: (path.stat().st_mtime_ns, path.stat().st_ino) for name, path in found.items()}

    def send(self) -> None:
        """Send the server the files that have changed since the last call."""
        now = self._state()
        changed = {name: (self.folder / name).read_bytes() for name in now if now[name] != self.sent.get(name)}
        changed |= dict.fromkeys(self.sent.keys() - now.keys())
        if changed:
            self.server.save(self.job.folder, changed)
        self.sent = now


def train_remotely(job: Job, server: Server, on_epoch: Callable[[dict], None] | None = None) -> dict:
    """Train the run of a job on this machine, or resume it from the server's files; return its result, as in config.json.

    `on_epoch(row)` is called once the server has written an epoch. Raises RunError where this machine has other code than the
    server, and what `fit` raises, with the server's folder in its message.
    """
    if job.code not in ("", code_hash()):
        raise RunError(f"{job.folder}: this machine has another version of adtlib than the server: install the same")
    torch.set_num_threads(job.threads)
    train, tests, validation = ([open_here(each, server) for each in corpora] for corpora in (job.train, job.tests, job.validation))
    validation = validation or train
    scratch = scratch_folder("adt-run")
    copy = _Copy(scratch / "run", job, server)
    try:

        def after(row: dict) -> None:
            copy.send()
            if on_epoch:
                on_epoch(row)

        run = run_job(job, copy.folder, train, tests, validation, after)
        copy.send()
        return run.result
    except RunError as error:
        raise type(error)(str(error).replace(str(copy.folder), str(job.folder))) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_job(
    job: Job,
    folder: Path,
    train: list[Prepared],
    tests: list[Prepared],
    validation: list[Prepared],
    on_epoch: Callable[[dict], None] | None = None,
) -> Run:
    """Train and test the run of a job in a folder of this machine, and note its settings where all is done.

    A run with settings and no tests was only to say how well it trains: that it diverged is its result. Raises what `fit` raises.
    """
    try:
        run = fit(job.config, train, validation, folder, progress=False, on_epoch=on_epoch)
    except Diverged as error:
        if tests or not job.settings:
            raise
        run = Run(folder)
        (folder / RESUME).unlink(missing_ok=True)
        write_record(folder, run.record | {"result": {"diverged": str(error)}})
    if tests:
        score_run(run, tests, job.test_split, validation, job.deltas)
    if job.settings:
        write_record(folder, run.record | {"settings": job.settings})
    return run


def scratch_folder(name: str, root: Path | None = None) -> Path:
    """A new temporary folder; those of processes that were killed are removed."""
    root = root or Path(tempfile.gettempdir())
    for old in root.glob(f"{name}-*-*"):
        process = old.name.removeprefix(f"{name}-").split("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=root))
