"""Which notebooks are up to date: hashes of the inputs of each, stored as stamps.

A notebook is up to date when all its inputs are unchanged (its own cells, the parameters, the package's code, the data, the
library versions and, from 50 on, the scores of earlier notebooks) and every file it made still has the bytes that were written. The
hashes are written to `cache/stamps/<profile>/NN_name.json` once it has succeeded, and those of the files to the profile's
`manifest` as well; a process killed half-way leaves no stamp, so an unfinished run cannot pass for a result, but what the scores
were before it: NN_name.begun.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import Timeout

from adtlib import paths
from adtlib.corpora.base import MARKER
from adtlib.notebooks import manifest
from adtlib.notebooks.listing import Notebook, RunnerError
from adtlib.profiles import Profile, profile_files
from adtlib.provenance import code_state, hash_of, sealed, unsealed

FIRST_READER = 50  # notebooks from this number on read scores of earlier ones in results/
FIRST_LISTER = 70  # notebooks from this number on also show the figures and tables of earlier ones
LIBRARIES = ("numpy", "torch")
EXECUTING = "\nfrom adtlib.notebooks.execute import main\nmain"  # the code that executes a notebook
STAT_LIMIT = 64  # files of a folder that are checked one by one; in larger folders only the folder's own time counts
MAX_DEPTH, MAX_LINES = 6, 100_000  # limits of the walk through a data root


# ---- hashes ---------------------------------------------------------------------------------------------------------


def data_state(root: Path) -> str:
    """Hash of the contents of a data root: the marker of generated corpora, else folders, file sizes and times.

    Checking two hundred thousand files one by one would take too long. For a folder with more than STAT_LIMIT files only their
    number and the folder's own time count: that detects a file added, removed, renamed or replaced, but not one overwritten
    in place.
    """
    if (root / MARKER).is_file():
        return hash_of((root / MARKER).read_bytes())
    lines: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=True):
        here = Path(folder).relative_to(root)
        if MARKER in files:  # generated corpora beside the real ones do not belong to this root
            folders.clear()
            continue
        # Limits for a root that holds more than corpora, and for circular links.
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if len(here.parts) < MAX_DEPTH else []
        # The root's own time also changes when other things are put there, such as generated corpora.
        timed = here.parts or len(files) > STAT_LIMIT
        lines.append(f"{here} {len(files)} {os.stat(folder).st_mtime_ns if timed else ''}")
        if len(lines) > MAX_LINES:
            break
        if len(files) <= STAT_LIMIT:
            for name in sorted(files):
                with contextlib.suppress(OSError):  # a dangling link
                    state = os.stat(os.path.join(folder, name))
                    lines.append(f"{name} {state.st_size} {state.st_mtime_ns}")
    return hash_of(*lines)


def _named_state(names: Sequence[str]) -> str:
    """Hash of named files and folders, as far as they are there, and of the shipped models."""
    named = [Path(name).expanduser() for name in names]
    files = [*sorted(path for path in named if path.is_file()), *sorted(paths.WEIGHTS.glob("*"))]
    states = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hash_of(*states, *(data_state(path) for path in sorted(named) if path.is_dir()))


def _library_state() -> str:
    versions = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    for library in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{library} {metadata.version(library)}")
    return hash_of(*versions)


@dataclass(frozen=True)
class Inputs:
    """Inputs shared by all notebooks of one `adt run`: name of the profile, parameters of the command line, hashes of the rest."""

    profile: str
    parameters: dict[str, Any]
    hashes: dict[str, str]  # by the name shown to the user when it has changed
    named: tuple[str, ...] = ()  # recordings and a model, by the profile or the command line


def collect_inputs(settings: Profile, parameters: dict[str, Any]) -> Inputs:
    """The present inputs, for a profile and the parameters of the command line."""
    own = [Path(corpus).resolve() for corpus in settings.train_corpora if Path(corpus).is_dir()]  # a user's recordings
    hashes = {
        "the profile": hash_of(*(file.read_bytes() for file in profile_files(settings.name))),
        "the data": hash_of(*map(data_state, [settings.data_root, *own])),
        "the library versions": _library_state(),
    }
    return Inputs(settings.name, parameters, hashes, tuple(filter(None, (*settings.recordings, settings.model))))


# ---- scores ---------------------------------------------------------------------------------------------------------


def _stamp_path(notebook: Notebook, profile: str) -> Path:
    return paths.CACHE / "stamps" / profile / f"{notebook.name}.json"


def _read_stamp(path: Path) -> dict[str, Any] | None:
    """A stamp as it was written; None where there is none, or anything else."""
    try:
        return unsealed(path.read_bytes())
    except (OSError, ValueError):
        return None


def _changes(profile: str, scores: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The scores that each notebook changed, by its name: {"scores": {path: {before, after} of its hash}}.

    Of a notebook that was interrupted, what is otherwise than it was before it and is no other notebook's.

    scores  the present hashes, by path.
    """
    folder = paths.CACHE / "stamps" / profile
    changes = {path.stem: _read_stamp(path) or {} for path in folder.glob("*.json")}
    for path in folder.glob("*.begun"):
        if (begun := _read_stamp(path)) is None:
            continue
        others = {
            (run, change["after"])
            for name, made in changes.items()
            if name != path.stem
            for run, change in made.get("scores", {}).items()
        }
        changes[path.stem] = {
            "scores": {
                run: {"before": begun["scores"].get(run), "after": value}
                for run, value in scores.items()
                if begun["scores"].get(run) != value and (run, value) not in others
            }
        }
    return changes


def _hash_of_file(path: Path) -> str | None:
    try:
        return hash_of(path.read_bytes())
    except OSError:
        return None


def _earlier_outputs(notebook: Notebook, profile: str) -> Iterator[str | bytes]:
    """Names and contents of the figures and tables made by earlier notebooks."""
    folders = (paths.FIGURES / profile, paths.RESULTS / profile / "tables")
    for path in sorted(path for folder in folders for path in folder.glob("[0-9][0-9]_*")):
        if path.suffix in (".png", ".csv") and int(path.name[:2]) < notebook.number:
            yield path.name
            yield path.read_bytes()


# ---- stamps ---------------------------------------------------------------------------------------------------------


class Stamp:
    """The stored stamp of one notebook (its inputs when it last succeeded) beside its present inputs."""

    def __init__(self, notebook: Notebook, shared: Inputs) -> None:
        """Read the stamp and hash the inputs; to be made just before the notebook's turn."""
        self.notebook, self.shared = notebook, shared
        self.copy = paths.RESULTS / shared.profile / "notebooks" / f"{notebook.name}.ipynb"
        self._path = _stamp_path(notebook, shared.profile)
        self._begun = self._path.with_suffix(".begun")
        self._stored = _read_stamp(self._path)
        # What later notebooks changed is undone: a run, or tests of an earlier one, that they add would put this one out of date.
        now = manifest.score_hashes(shared.profile)
        changes = _changes(shared.profile, now)
        self._reads = manifest.before(now, notebook.name, changes, own=False) if notebook.number >= FIRST_READER else {}
        self._inputs = self._input_hashes()
        self._scores = manifest.before(now, notebook.name, changes, own=True)
        # Scores that an earlier run of this notebook made, whole or interrupted, are its own.
        own = changes.get(notebook.name, {}).get("scores", {})
        self._before = self._scores | {name: change["before"] for name, change in own.items()}

    def _input_hashes(self) -> dict[str, str]:
        cells = [[cell["cell_type"], cell["source"], cell["metadata"].get("tags")] for cell in self.notebook.cells()]
        own = self.notebook.own(self.shared.parameters)
        inputs = {"the notebook": hash_of(json.dumps(cells)), "the parameters": hash_of(json.dumps(own, sort_keys=True))}
        inputs["the code of adtlib"] = code_state(source=self.notebook.code() + EXECUTING)
        inputs |= self.shared.hashes
        if "model" in self.notebook.parameters():
            inputs["the recordings or models"] = _named_state(self.shared.named)
        if self.notebook.number >= FIRST_READER:
            inputs["the scores of earlier notebooks"] = hash_of(json.dumps(self._reads, sort_keys=True))
        if self.notebook.number >= FIRST_LISTER:
            inputs["the figures and tables of earlier notebooks"] = hash_of(*_earlier_outputs(self.notebook, self.shared.profile))
        return inputs

    def outdated(self) -> str | None:
        """Why the notebook must run, in words, or None if it is up to date."""
        if self._stored is None:
            return "not run yet"
        changed = [name for name, value in self._inputs.items() if self._stored["inputs"].get(name) != value]
        if changed:
            return f"{' and '.join(changed)} changed"
        noted = [*self._stored["outputs"], *map(self._below_home, self._stored["scores"])]
        if missing := [name for name in noted if not (paths.HOME / name).is_file()]:
            return f"{missing[0]} is missing"
        others = [name for name, value in self._stored["outputs"].items() if _hash_of_file(paths.HOME / name) != value]
        others += [name for name, change in self._stored["scores"].items() if self._scores.get(name) != change["after"]]
        return f"{others[0]} is not as it was left" if others else None

    def _below_home(self, name: str) -> str:
        return os.path.relpath(paths.RESULTS / self.shared.profile / name, paths.HOME)

    def begin(self) -> None:
        """Replace the stamp by what the scores were before the notebook: from here on it is out of date, whatever happens."""
        scores = {name: value for name, value in self._before.items() if value is not None}
        paths.write_atomically(self._begun, sealed({"scores": scores}))
        self._path.unlink(missing_ok=True)

    def write(self) -> None:
        """Write the stamp of a notebook that has succeeded: its inputs, the files it made, the scores it changed."""
        profile = self.shared.profile
        now = manifest.score_hashes(profile)
        after = manifest.before(now, self.notebook.name, _changes(profile, now), own=True)
        before = {name: self._before.get(name) for name, value in after.items() if self._before.get(name) != value}
        outputs = [self.copy]
        for folder in (paths.FIGURES / profile, paths.RESULTS / profile / "tables"):
            outputs += sorted(folder.glob(f"{self.notebook.name[:2]}_*"))
        made = {
            "outputs": {os.path.relpath(path, paths.HOME): hash_of(path.read_bytes()) for path in outputs},
            "scores": {name: {"before": value, "after": after[name]} for name, value in before.items()},
        }
        manifest.note(profile, self.notebook.name, made | {"reads": self._reads})
        paths.write_atomically(self._path, sealed({"inputs": self._inputs} | made, indent=1))
        self._begun.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(profile: str) -> Iterator[None]:
    """Hold the profile's lock; RunnerError, with process and time, if another process holds it."""
    holder = paths.CACHE / "locks" / f"{profile}.holder"
    try:
        with paths.locked(profile, wait=False):
            paths.write_atomically(holder, f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M')}".encode())
            yield
    except Timeout as error:
        holder_text = holder.read_text() if holder.is_file() else "just started"
        raise RunnerError(
            f"another adt run of the profile {profile} is running ({holder_text}): wait for it to end or stop it"
        ) from error
