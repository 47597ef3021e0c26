"""All folders of the project, and how files are written.

Notebooks start in different working directories (papermill: the caller's; JupyterLab and nbval: the notebook's), so no path
depends on it. Where the package was installed without the clone, the user's own folders for data and caches take what is written.
The environment variable `ADT_HOME` moves everything that is written (cache, results, figures, generated corpora); `ADT_DATA` is
the folder of the real corpora, into which only `adt corpora --fetch` writes.

What is written has a temporary name, `.adt-<random>.tmp` in the same folder, until it is complete. Its writer holds a lock on it,
which the system frees when the writer dies; who writes into that folder next removes what nobody holds.
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where the system itself refuses to remove a file that is open
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
IN_CLONE = (ROOT / "pyproject.toml").is_file()  # else the package lies in site-packages
DISTRIBUTION = "drum-transcriber"  # the name in pyproject.toml; `adtlib` and `adt` are other projects on the package index


def _home() -> tuple[Path, Path]:
    """The folders of data and of the cache."""
    if os.environ.get("ADT_HOME") or IN_CLONE:
        home = Path(os.environ.get("ADT_HOME") or ROOT).expanduser().resolve()
        return home, home / "cache"
    import platformdirs

    return platformdirs.user_data_path("adt", appauthor=False), platformdirs.user_cache_path("adt", appauthor=False)


HOME, CACHE = _home()

PUBLISHED = Path(__file__).with_name("published")  # results of the thesis and of other systems, each with its source
WEIGHTS = Path(__file__).with_name("weights")  # of the shipped models

NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"

DATA = HOME / "data"
RESULTS = HOME / "results"
FIGURES = HOME / "figures"


def real_data_root() -> Path:
    """Folder of the real corpora: `$ADT_DATA` if it is set, else `data/`. FileNotFoundError if ADT_DATA is not a folder."""
    named = os.environ.get("ADT_DATA")
    root = Path(named or DATA).expanduser().resolve()
    if named and not root.is_dir():
        raise FileNotFoundError(f"ADT_DATA = {named}: no such folder; name the folder that holds the corpora, or unset it")
    return root


# --- clone or installed package ------------------------------------------------------------------------------------------


def need_clone(what: str) -> None:
    """FileNotFoundError, with the remedy, where the package was installed without the clone that holds `what`."""
    if not IN_CLONE:
        remedy = "clone it and use 'make env' there"
        raise FileNotFoundError(f"{what} are files of the repository, not of the installed package: {remedy}")


def install(extra: str) -> str:
    """The command that installs an extra of pyproject.toml."""
    return "pip install " + (f"-e '.[{extra}]'" if IN_CLONE else f"'{DISTRIBUTION}[{extra}]'")


# --- writing -------------------------------------------------------------------------------------------------------------

_TEMPORARY = re.compile(r"\.adt-[0-9a-f]{16}\.tmp")
_swept: set[str] = set()  # folders whose leftovers this process has removed

# What the system says, in words, and the remedy.
_REASONS = {
    errno.ENOSPC: ("the disk is full", "make room"),
    errno.EDQUOT: ("your share of the disk is used up", "make room"),
    errno.EFBIG: ("files may not be that large here", "raise the limit (ulimit -f)"),
    errno.EROFS: ("its file system is read-only", "make it writable"),
    errno.EACCES: ("permission denied", "change the permissions of its folder"),
    errno.EPERM: ("this is not permitted", "change the permissions of its folder"),
    errno.ENAMETOOLONG: ("the name is too long for the file system", "give a shorter one"),
    errno.EISDIR: ("a folder has this name", "rename the folder"),
    errno.EEXIST: ("a file has the name of its folder", "rename the file"),
    errno.ENOTDIR: ("a file has the name of its folder", "rename the file"),
    errno.EIO: ("the disk reports an error", "check it"),
}
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # states that pass: the same command may then succeed


class WriteError(OSError):
    """Something cannot be written; the message names it, the reason and the remedy."""


def write_error(path: Path | str, error: OSError) -> WriteError:
    """An error of the system as a sentence; of a file in a folder that `ADT_HOME` moves, the remedy names that."""
    reason, remedy = _REASONS.get(error.errno, (error.strerror or str(error), ""))
    moved = Path(path) == HOME or any(Path(path).is_relative_to(folder) for folder in (CACHE, RESULTS, FIGURES, DATA))
    elsewhere = "set ADT_HOME to another folder" if moved else "choose another folder"
    explained = WriteError(f"{path} cannot be written: {reason}; {remedy + ', or ' if remedy else ''}{elsewhere}")
    explained.errno = error.errno
    return explained


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it never has its name while it is incomplete. Raises WriteError."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """A new file, open for writing, that gets the name `path` when the block ends, and is removed if the block fails.

    durable  its bytes are on the disk before it gets its name, so that a power cut leaves the earlier file or the new one, and none
             that is empty. It takes some milliseconds a file; what is of no use by itself can do without.

    Raises WriteError, also where a library hides the system's reason from Python, as libsndfile does.
    """
    path, file = Path(path), None
    try:
        file = _new_file(path.parent)
        try:
            yield file
        except Exception as error:
            if not isinstance(error, OSError) and (hidden := _refusal(file)):
                raise hidden from error
            raise
        file.flush()
        if durable:
            os.fsync(file.fileno())
        if fcntl is None:
            file.close()  # Windows renames no open file; elsewhere it is held until it has its name
        os.replace(file.name, path)
    except OSError as error:
        if isinstance(error, WriteError) or not _concerns(path, error):
            raise
        raise write_error(path, error) from error
    finally:
        if file is not None:
            with contextlib.suppress(OSError):  # what could not be written cannot be flushed either
                file.close()
            Path(file.name).unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(beside: Path) -> Iterator[Path]:
    """A new, empty folder beside another, to be filled and renamed in the block; it is removed if it still has its name then."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    _sweep(beside.parent)
    folder, holder = _temporary_in(beside.parent), None
    folder.mkdir()
    try:
        if fcntl is not None:
            holder = os.open(folder, os.O_RDONLY)
            _hold(holder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if holder is not None:
            os.close(holder)


def _concerns(path: Path, error: OSError) -> bool:
    """Whether an error is about writing `path`, not about another file that is read meanwhile."""
    if error.filename is None:
        return error.errno in _REASONS
    name = Path(os.fsdecode(error.filename))
    return path.is_relative_to(name) or (name.parent == path.parent and bool(_TEMPORARY.fullmatch(name.name)))


def _temporary_in(folder: Path) -> Path:
    return folder / f".adt-{secrets.token_hex(8)}.tmp"


def _new_file(folder: Path) -> BinaryIO:
    """A new file in a folder, which is made if need be, held until it is closed. Mode x follows no link."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    while True:
        file = open(_temporary_in(folder), "x+b")  # noqa: SIM115 (its user closes it)
        if _hold(file.fileno()):
            return file
        file.close()  # another process swept the folder between the two lines above


def _hold(descriptor: int, wait: bool = True) -> bool:
    """Lock a file or folder until it is closed; whether it is held and still has a name. True where nothing can be locked."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return wait  # who does not wait met a living writer, or a file system without locks, where none is taken for dead
    return os.fstat(descriptor).st_nlink > 0


def _sweep(folder: Path) -> None:
    """Remove what killed writers left in a folder, once in the life of this process."""
    name = os.path.abspath(folder)
    if name in _swept:
        return
    _swept.add(name)
    with contextlib.suppress(OSError), os.scandir(name) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and not entry.is_symlink():
                with contextlib.suppress(OSError):
                    _remove_if_dead(entry)


def _remove_if_dead(entry: os.DirEntry) -> None:
    if fcntl is None:
        if entry.is_file():
            os.unlink(entry.path)
        return
    descriptor = os.open(entry.path, (os.O_RDONLY if entry.is_dir() else os.O_RDWR) | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _hold(descriptor, wait=False):
            shutil.rmtree(entry.path) if entry.is_dir() else os.unlink(entry.path)
    finally:
        os.close(descriptor)


def _refusal(file: BinaryIO) -> OSError | None:
    """The system's reason to take no more bytes, or None if it takes more."""
    try:
        os.lseek(file.fileno(), 0, os.SEEK_END)
        for _ in range(2):  # the first may be taken in part
            os.write(file.fileno(), bytes(1 << 16))
    except OSError as error:
        return error
    return None


# --- locks, names --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(name: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of this name against other processes with the same cache; the system frees the lock of a dead process.

    Without `wait` filelock.Timeout is raised if another process holds the lock.
    """
    from filelock import FileLock  # slow to import, and most commands need no lock

    lock = FileLock(CACHE / "locks" / f"{name}.lock", timeout=-1 if wait else 0)
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        if isinstance(error, TimeoutError):  # filelock's own
            raise
        raise write_error(lock.lock_file, error) from error
    try:
        yield
    finally:
        lock.release()


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
