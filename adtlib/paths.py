"""All folders of the project.

Notebooks start in different working directories (papermill: the caller's; JupyterLab and nbval: the notebook's), so no path
depends on it. The environment variable `ADT_HOME` moves everything that is written (cache, results, figures, generated corpora)
out of the clone; `ADT_DATA` is the folder of the real corpora, which is never written to.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("ADT_HOME") or ROOT).expanduser().resolve()

PUBLISHED = Path(__file__).with_name("published")  # results of the thesis and of other systems, each with its source
WEIGHTS = Path(__file__).with_name("weights")  # of the shipped models

NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"

DATA = HOME / "data"
CACHE = HOME / "cache"
RESULTS = HOME / "results"
FIGURES = HOME / "figures"


def real_data_root() -> Path:
    """Folder of the real corpora: `$ADT_DATA` if it is set, else `data/`. FileNotFoundError if ADT_DATA is not a folder."""
    named = os.environ.get("ADT_DATA")
    root = Path(named or DATA).expanduser().resolve()
    if named and not root.is_dir():
        raise FileNotFoundError(f"ADT_DATA = {named}: no such folder; name the folder that holds the corpora, or unset it")
    return root


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, so that an incomplete file never has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(name: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of this name against other processes with the same cache; the system frees the lock of a dead process.

    Without `wait` filelock.Timeout is raised if another process holds the lock.
    """
    from filelock import FileLock  # slow to import, and most commands need no lock

    path = CACHE / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path, timeout=-1 if wait else 0):
        yield


def move_aside(folder: Path) -> Path:
    """Rename a folder to `<folder>.previous`, `.previous-2` and so on, and return its new path."""
    previous, number = folder.with_name(folder.name + ".previous"), 1
    while previous.exists():
        number += 1
        previous = folder.with_name(f"{folder.name}.previous-{number}")
    return folder.rename(previous)


def relative(path: Path) -> str:
    """`path` for display: relative to the clone or to `ADT_HOME` if it lies inside, else absolute."""
    path = Path(path)
    for base in (HOME, ROOT):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return str(path)
