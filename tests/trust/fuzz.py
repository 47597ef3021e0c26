"""Damaged files read in bounded processes: 5 s of processor time and 1 GB of memory more than the process has, for each file.

A case is a reader and a number; from it follow file, damage and content. Workers are forked, so that what a case breaks stays in
one of them; a worker that dies or hangs is a finding, and the next one goes on behind the case.
"""

import json
import mmap
import os
import re
import resource
import shutil
import signal
import struct
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from trust import readers as _readers
from trust.damage import damaged
from trust.readers import Case, Reader

SECONDS, BYTES = 5, 1 << 30  # bounds of one input
STUCK = 20  # seconds after which a worker that does not come back is ended
_NUMBER = re.compile(r"(?<![\w#])-?\d[\d.,e+-]*")  # findings that differ in numbers only are of one kind
BATCH = 4_000  # inputs after which a worker is replaced, so that what libraries keep does not add up


class TooLong(BaseException):
    """An input takes more than SECONDS; not an Exception, so that no reader takes it for a reason to refuse a file."""


@dataclass
class Tally:
    """What became of the inputs of one reader."""

    reader: str
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    findings: Counter = field(default_factory=Counter)  # by kind
    first: dict[str, int] = field(default_factory=dict)  # the number of the first case of each kind

    @property
    def inputs(self) -> int:
        """All together."""
        return self.read + self.refused + self.findings.total()


class Bench:
    """Valid files of a reader in a folder of their own, and what it reads from them."""

    def __init__(self, reader: Reader, folder: Path, targets: list[str]):
        self.reader, self.folder, self.targets = reader, folder, targets
        self.contents = {name: (folder / name).read_bytes() for name in targets}
        self.valid = {name: reader.read(folder, folder / name) for name in targets}

    def case(self, number: int) -> tuple[str, bytes, str]:
        """(file, damaged content, kind of damage) of a case."""
        random = Random(f"{self.reader.name} {number}")
        name = random.choice(self.targets)
        return name, *damaged(name, self.contents[name], random)

    def try_case(self, number: int) -> str | None:
        """Read the damaged file: None if it was read, "" if it was refused as it ought to be, else the finding."""
        name, content, kind = self.case(number)
        path = self.folder / name
        path.write_bytes(content)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    found = self.reader.read(self.folder, path)
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
            return self.reader.judge(Case(path, kind, content, self.contents[name], self.valid[name], found, bool(caught))) or None
        except self.reader.refuses as error:
            return self._refusal(error, path)
        except (Exception, TooLong) as error:
            return _place(error)
        finally:
            path.write_bytes(self.contents[name])

    def _refusal(self, error: Exception, path: Path) -> str:
        """What is wrong with the error; "" if it names the file and does not stem from memory that ran out."""
        chain, cause = [], error
        while cause is not None:
            chain.append(cause)
            cause = cause.__cause__ or cause.__context__
        if any(isinstance(cause, MemoryError | TooLong) or "allocate" in str(cause) for cause in chain):
            return f"more than {BYTES >> 30} GB or {SECONDS} s before: {_place(error)}"
        if self.reader.named and not any(part in str(error) for part in (path.name, path.stem, path.parent.name)):
            return f"the file is not named: {_place(error)}"
        return ""


def _place(error: BaseException) -> str:
    """The error and the innermost function of adtlib in which it was raised: one kind of finding."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/adtlib/" in frame.filename]
    where = f"{frames[-1].filename.rpartition('/adtlib/')[2]}:{frames[-1].name}" if frames else "the harness"
    return f"{type(error).__name__} in {where}"


def all_readers() -> dict[str, Reader]:
    """By name. Those of results load torch, which takes seconds."""
    from trust import results

    return {reader.name: reader for reader in (*_readers.READERS, *results.READERS)}


# --- workers -----------------------------------------------------------------------------------------------------------------


def fuzz(reader: Reader, first: int, seconds: float, workers: int = 2, most: int | None = None) -> Tally:
    """Try the cases from number `first` on for so many seconds, or `most` of them."""
    tally = Tally(reader.name)
    with tempfile.TemporaryDirectory(prefix="adt-trust-", dir=_memory()) as place:
        base = Path(place, "valid")
        base.mkdir()
        try:
            bench = Bench(reader, base, reader.lay(base))  # what it imports, and what is read, is there for all workers
        except Exception as error:
            add(tally, f"valid files are not read: {_place(error)}", first)
            return tally
        crew = [_Worker(bench, Path(place, str(number)), first + number, workers) for number in range(workers)]
        started = time.monotonic()
        limit = started + seconds
        while crew:
            for worker in list(crew):
                if not worker.alive():
                    worker.collect(tally)
                    if time.monotonic() < limit and (most is None or worker.next < first + most):
                        worker.start(limit, None if most is None else first + most)
                    elif worker.done:
                        crew.remove(worker)
            time.sleep(0.01)
        tally.seconds = time.monotonic() - started
    return tally


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class _Worker:
    """Every `step`-th case from `first` on, in forked processes, one after the other."""

    def __init__(self, bench: Bench, folder: Path, first: int, step: int):
        self.bench, self.folder, self.next, self.step = bench, folder, first, step
        self.shared = mmap.mmap(-1, 32)  # 1 + the case under way, cases read, refused, whether the process came to its end
        self.pid, self.done, self.seen, self.since = 0, True, -1, 0.0

    def start(self, limit: float, end: int | None) -> None:
        """Fork a process that goes on with the next case."""
        self.shared[:32] = bytes(32)
        self.log = self.folder.with_suffix(".log")
        self.log.write_text("")
        self.pid, self.done, self.seen, self.since = os.fork(), False, -1, time.monotonic()
        if not self.pid:
            status = 1
            try:
                self._work(limit, end)
                status = 0
            finally:
                os._exit(status)

    def _work(self, limit: float, end: int | None) -> None:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.bench.folder, self.folder)
        self.bench.folder = self.folder
        bound()
        read = refused = 0
        with open(self.log, "a", buffering=1) as log:
            for number in range(self.next, self.next + BATCH * self.step, self.step):
                if time.monotonic() >= limit or (end is not None and number >= end):
                    break
                struct.pack_into("<QQQ", self.shared, 0, number + 1, read, refused)
                outcome = self.bench.try_case(number)
                read, refused = read + (outcome is None), refused + (outcome == "")
                if outcome:
                    log.write(json.dumps([number, _NUMBER.sub("#", outcome)]) + "\n")
            struct.pack_into("<QQQQ", self.shared, 0, number + 1, read, refused, 1)

    def alive(self) -> bool:
        """Whether its process still runs; one that is stuck is ended."""
        if self.done:
            return False
        case = struct.unpack_from("<Q", self.shared)[0]
        if case != self.seen:
            self.seen, self.since = case, time.monotonic()
        elif time.monotonic() - self.since > STUCK:
            os.kill(self.pid, signal.SIGKILL)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return not pid

    def collect(self, tally: Tally) -> None:
        """Add what the process found; go on behind its last case."""
        if self.done:
            return
        self.done = True
        number, read, refused, whole = struct.unpack("<QQQQ", self.shared[:32])
        last = number - 1 if number else self.next  # without a number it died before the first case
        tally.read, tally.refused = tally.read + read, tally.refused + refused
        for line in self.log.read_text().splitlines():
            case, kind = json.loads(line)
            add(tally, kind, case)
        if not whole:
            add(tally, f"the process died or hung (status {self.status})", last)
        self.next = last + self.step


def add(tally: Tally, kind: str, number: int) -> None:
    """Count a finding."""
    tally.findings[kind] += 1
    tally.first[kind] = min(number, tally.first.get(kind, number))


def bound() -> None:
    """Limit this process: memory to what it has and BYTES more, processor time of a case to SECONDS."""

    def stop(*_) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, stop)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    resource.setrlimit(resource.RLIMIT_AS, (size + BYTES, resource.RLIM_INFINITY))


def repeat(reader: Reader, number: int, show: Callable[[str], None] = print) -> str | None:
    """One case again, with its traceback; the damaged file is kept."""
    with tempfile.TemporaryDirectory(prefix="adt-trust-") as place:
        bench = Bench(reader, Path(place), reader.lay(Path(place)))
        name, content, kind = bench.case(number)
        kept = Path(tempfile.gettempdir(), f"adt-trust-{reader.name}-{number}-{Path(name).name}")
        kept.write_bytes(content)
        bound()
        outcome = bench.try_case(number)
        show(f"{reader.name} {number}: {name} damaged ({kind}), kept as {kept}")
        show({None: "read", "": "refused"}.get(outcome, f"FINDING: {outcome}"))
        (bench.folder / name).write_bytes(content)
        try:
            show(f"{bench.reader.read(bench.folder, bench.folder / name)!r}"[:2_000])
        except Exception:
            show(traceback.format_exc())
    return outcome
