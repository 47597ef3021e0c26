"""Commands that are killed, or run out of disk, at random moments; then the same command is run to its end.

Afterwards tables and files are those of an undisturbed run, but for columns that measure time; nothing else is left behind: no
temporary file, no process, no shared memory. A trial is a work and a number, from which its moment and kind follow.
"""

import contextlib
import csv
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from songs import write_song

from adtlib import paths
from adtlib.provenance import hash_of
from trust.fuzz import Tally, add

TIMES = {"seconds", "training_seconds", "training (s)", "times_real_time"}  # keys and columns that measure time
WHEN = ("checked.json",)  # files that say when something was looked at
# The checksums of tables that hold times, and the seals of records that hold them.
TIMES |= {"metrics.csv", "table", "seal"}
SHOWN_TIMES = re.compile(r"\d+\.\d+|\s+")  # what an executed copy shows of them; other numbers are in tables, which are compared
PATIENCE = 90  # seconds for what a killed command started to end; Ray's agents report before they do
ADT = (sys.executable, "-m", "adtlib")


@dataclass(frozen=True)
class Work:
    """A command that is disturbed. Words of it in braces are folders: `{songs}` of recordings, `{home}` of what is made."""

    name: str
    command: tuple[str, ...]
    compared: tuple[str, ...]  # folders below home; "" for all
    full_disk: bool = True


WORKS = [  # the longest first: two are disturbed at a time
    Work("run", (*ADT, "run", "20", "43", "--profile", "smoke"), ("results", "figures", "data"), full_disk=False),
    Work("prepare", (*ADT, "prepare", "{songs}"), ("cache/prepared",)),
    Work("generate", (*ADT, "prepare", "--profile", "smoke"), ("data",)),
    Work("train", (sys.executable, "-m", "trust.kills", "{songs}"), ("run",)),
    Work(
        "transcribe",
        (*ADT, "transcribe", "{songs}", "--out", "{home}/out", "--format", "mid,csv,musicxml,svg", "--listen"),
        ("out",),
    ),
]


# --- what a command made ---------------------------------------------------------------------------------------------------


def made(home: Path, folders: tuple[str, ...]) -> dict[str, object]:
    """{path: content without measured times} of all files below some folders, hidden ones included."""
    found = {}
    for path in sorted(
        path for folder in folders for path in (home / folder).rglob("*") if path.is_file() and path.name not in WHEN
    ):
        found[path.relative_to(home).as_posix()] = _content(path)
    return found


def _content(path: Path) -> object:
    try:
        if path.suffix == ".csv":
            rows = list(csv.reader(io.StringIO(path.read_text())))
            kept = [column for column, name in enumerate(rows[0]) if name not in TIMES]
            return [[row[column] for column in kept] for row in rows]
        if path.name == "manifest.json":
            return _checked(json.loads(path.read_text()), path.parents[2])
        if path.suffix == ".json":
            return _timeless(json.loads(path.read_text()))
        if path.suffix == ".ipynb":
            return _shown(json.loads(path.read_text()))
    except (ValueError, LookupError, OSError):
        pass  # not a table: its bytes count
    return path.read_bytes()


def _checked(manifest: dict, home: Path) -> dict:
    """A manifest that says of each file whether its hash is right: executed copies show times."""
    for made_of in manifest["notebooks"].values():
        made_of["outputs"] = {name: hash_of((home / name).read_bytes()) == noted for name, noted in made_of["outputs"].items()}
    return _timeless(manifest)


def _shown(copy: dict) -> list:
    """Cells of an executed copy, each with its results but for times, progress and warnings."""
    results = [[part for part in cell.get("outputs", []) if part.get("name") != "stderr"] for cell in copy["cells"]]
    return [[cell["source"], SHOWN_TIMES.sub(" ", json.dumps(parts))] for cell, parts in zip(copy["cells"], results, strict=True)]


def _timeless(value):
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if key not in TIMES}
    return [_timeless(part) for part in value] if isinstance(value, list) else value


def difference(expected: dict[str, object], found: dict[str, object]) -> str:
    """The first file that is missing, left behind, or not equal; "" if there is none."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            return f"missing: {name}"
        if name not in expected:
            return f"left behind: {name}"
        if expected[name] != found[name]:
            return f"other content: {name}"
    return ""


# --- a place for one work ----------------------------------------------------------------------------------------------------


class Place:
    """Folders for one work, always the same ones, so that paths and times of its recordings are, too."""

    def __init__(self, work: Work, root: Path):
        self.work, self.home, self.songs, self.temporary = work, root / "home", root / "songs", root / "t"
        self.kept: set[str] = set()
        self.mark = f"ADT_TRUST={root}"  # in the environment of all processes that the command starts
        for number, split in enumerate(("train", "validation", "test")):
            write_song(self.songs / split, f"song {number}", number, seconds=6.0)
            (self.songs / split / f"song {number}.txt").rename(self.songs / split / f"song {number}.tsv")
        self.command = [word.format(songs=self.songs, home=self.home) for word in work.command]
        variables = {
            "ADT_HOME": self.home,
            "ADT_DATA": self.songs,
            "TMPDIR": self.temporary,
            "PYTHONPATH": f"{paths.ROOT}:{paths.ROOT / 'tests'}",
        }
        self.environment = {**os.environ, **{name: str(value) for name, value in variables.items()}, "OMP_NUM_THREADS": "1"}
        self.environment |= dict([self.mark.split("=", 1)])
        self.environment.pop("RAY_ADDRESS", None)

    def clear(self) -> None:
        """Make the folders empty."""
        for folder in (self.home, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def start(self, **options) -> subprocess.Popen:
        """Start the command in a session of its own."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        return subprocess.Popen(
            self.command, env=self.environment, cwd=self.songs.parent, start_new_session=True, **pipes, **options
        )

    def finish(self) -> tuple[int, str, dict[str, object]]:
        """Run the command to its end: (exit status, what it printed, what it made)."""
        process = self.start()
        text = process.communicate(timeout=1_800)[0]
        return process.returncode, text, made(self.home, self.work.compared)

    def processes(self) -> list[int]:
        """Processes that the command started, children of children too."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def end_of_processes(self) -> str:
        """Wait until all have ended; the name of one that does not, which is then ended, else ""."""
        limit, left = time.monotonic() + PATIENCE, self.processes()
        while left and time.monotonic() < limit:
            time.sleep(0.2)
            left = self.processes()
        names = []
        for pid in left:
            with contextlib.suppress(OSError):
                names.append(Path(f"/proc/{pid}/comm").read_text().strip())
                os.kill(pid, signal.SIGKILL)
        return f"still running: {names[0]}" if names else ""


# --- disturbances ------------------------------------------------------------------------------------------------------------


def kill(place: Place, random: Random, seconds: float) -> str:
    """Kill the command, or all its processes, at a random moment; what is left running."""
    process = place.start()
    try:
        process.communicate(timeout=random.uniform(0, 1.05) * seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if random.random() < 0.5 else os.kill)(process.pid, signal.SIGKILL)
    left = place.end_of_processes()
    process.communicate()
    return left


def full_disk(place: Place, random: Random, seconds: float) -> str:
    """Run the command where little fits: a small file system if that can be mounted, else files of limited size."""
    size = round(10 ** random.uniform(2.5, 6.3))
    mounted = random.random() < 0.5 and _mounted(place.home, max(size, 20_000))
    limit = None if mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        process = place.start(preexec_fn=limit)
        text = process.communicate(timeout=1_800)[0]
    finally:
        if mounted:
            _unmount(place.home)
    if "Traceback" in text:
        return f"full disk: a traceback: {text.strip().splitlines()[-1][:100]}"
    files = [path.name for path in place.songs.rglob("*") if path.is_file()]
    if process.returncode and not any(name in text for name in ("home", *files)):
        return f"full disk: no file is named: {text.strip().splitlines()[-1][:100]}"
    return place.end_of_processes()


def _mounted(folder: Path, size: int) -> bool:
    if os.geteuid():
        return False
    return not subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode


def _unmount(folder: Path) -> None:
    """Take the small file system away; what is on it is moved to where it was mounted."""
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept, symlinks=True)
    subprocess.run(["umount", "--lazy", folder], check=True)
    shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(kept)


def _orphans(before: set[str]) -> list[str]:
    """Shared memory that is new and that no process holds."""
    folder = Path("/dev/shm")
    new = {path.name for path in folder.glob("*") if path.is_file()} - before if folder.is_dir() else set()
    if new:
        held = ""
        for maps in Path("/proc").glob("[0-9]*/maps"):
            with contextlib.suppress(OSError):
                held += maps.read_text()
        new = {name for name in new if name not in held and not name.startswith("adt-trust-")}
    return sorted(new)


# --- trials --------------------------------------------------------------------------------------------------------------------


def trials(work: Work, first: int, seconds: float, most: int | None = None) -> Tally:
    """Disturb the work with the numbers from `first` on, once at least, for so many seconds or `most` times."""
    tally, started, number = Tally(work.name), time.monotonic(), first
    with _workplace() as root:
        place = Place(work, root)
        place.clear()
        begun = time.monotonic()
        status, text, expected = place.finish()
        took = time.monotonic() - begun
        place.kept = set(os.listdir(place.temporary))  # what torch keeps there
        if status or not expected:
            add(tally, f"undisturbed it fails with status {status}: {text.strip().splitlines()[-1][:100]}", first)
            return tally
        while number == first or ((most is None or number - first < most) and time.monotonic() - started < seconds):
            if problem := _trial(place, number, took, expected):
                add(tally, problem, number)
            else:
                tally.read += 1
            number += 1
    tally.seconds = time.monotonic() - started
    return tally


def _trial(place: Place, number: int, seconds: float, expected: dict[str, object]) -> str:
    random, shared = Random(f"{place.work.name} {number}"), set(os.listdir("/dev/shm"))
    place.clear()
    disturb: Callable[[Place, Random, float], str] = kill
    if place.work.full_disk and random.random() < 0.3:
        disturb = full_disk
    if problem := disturb(place, random, seconds):
        return problem
    status, text, found = place.finish()
    if status:
        return f"run again it fails with status {status}: {(text.strip().splitlines() or ['nothing printed'])[-1][:100]}"
    problem = difference(expected, found) or place.end_of_processes()
    left = sorted(set(os.listdir(place.temporary)) - place.kept)
    if not problem and left:
        problem = f"left behind in the folder of temporary files: {left[0]}"
    if not problem and (orphans := _orphans(shared)):
        problem = f"left behind in shared memory: {orphans[0]}"
    return f"{disturb.__name__}: {problem}" if problem else ""


@contextlib.contextmanager
def _workplace() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="adt-trust-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def main(songs: str) -> None:
    """The work "train": prepare recordings, train on them and score, in $ADT_HOME."""
    import dataclasses

    from adtlib.corpora.folder import FolderCorpus
    from adtlib.corpora.preparation import prepare
    from adtlib.training.scoring import score_run
    from adtlib.training.trainer import fit
    from trust.results import CONFIG

    corpus = prepare(FolderCorpus(songs), progress=False)
    run = fit(dataclasses.replace(CONFIG, epochs=12), [corpus], [corpus], paths.HOME / "run", progress=False)
    score_run(run, [corpus], validation=[corpus])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (ValueError, OSError) as error:
        sys.exit(f"{error}")
