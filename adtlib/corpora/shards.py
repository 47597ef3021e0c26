"""Shards of a prepared corpus: files of up to 256 MB with the features and onsets of many units, each with its checksums.

    shard-00000.npy     (T, 84) float16 features of its units, one after the other, read through a memory map
    shard-00000.jsonl   its format, number of units and of frames; then a sealed line a unit, with its onsets: see `describe`

A shard is whole or not there, and it is never written to again: a unit that is computed anew goes into a later shard, and of two
units with one id that in the later shard counts. Damage costs the unit that it hits: each line is sealed by itself, and the
features of each unit have their own checksum.
"""

import base64
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import N_BANDS
from adtlib.onsets.frames import Onsets
from adtlib.provenance import checksum, file_checksum, sealed, unsealed
from adtlib.vocabulary import N_CLASSES

FORMAT = 3
FRAME_BYTES = N_BANDS * 2
FULL = 256 * 2**20 // FRAME_BYTES  # frames of a shard: 4.4 h
HEADER_BYTES = 128  # of a .npy file as it is written here
FRESH = 24 * 3600  # seconds for which a file that was read is trusted while it is the same
FEATURES, UNITS = ".npy", ".jsonl"
NOT_WRITTEN = "it is not as it was written"


class PreparedError(ValueError):
    """Prepared data that cannot be used; the message names the file and the remedy."""


class OtherFormat(PreparedError):
    """Prepared data of another version of adtlib."""


def shard_path(folder: Path, number: int, suffix: str = FEATURES) -> Path:
    """A file of a shard in the folder of a split."""
    return folder / f"shard-{number:05d}{suffix}"


def shard_numbers(folder: Path) -> list[int]:
    """The numbers of the shards in the folder of a split, rising: of those with lines, which are written last."""
    names = (path.stem.removeprefix("shard-") for path in folder.glob(f"shard-*{UNITS}"))
    return sorted(int(name) for name in names if name.isdigit())


def damaged(path: Path, what: str) -> str:
    """The sentence on a damaged file."""
    return f"{path} is damaged ({what}): run 'adt prepare' again, which makes it anew"


def npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The first 128 bytes of a .npy file (version 1.0), whatever its shape: it can be written when the rest is."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(HEADER_BYTES - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


# ---- writing ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit is stored, and what is known of it without reading its features and onsets.

    start, frames  in the shard's features
    features       their checksum
    n_onsets       number of its onsets
    source         what it was computed from, as a text
    seal           of its line, which begins at byte `at` of the shard's lines
    notes          sentences for the user
    unknown        labels outside the mapping, with their counts
    """

    shard: int
    start: int
    frames: int
    features: str
    n_onsets: int
    source: str
    seal: str
    at: int
    notes: tuple[str, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()


def describe(features: np.ndarray, onsets: Onsets, kinds: list[np.ndarray] | None = None) -> dict:
    """What a line says of a unit's content: features `(T, 84)` float16 as they are stored, onsets in seconds by class.

    kinds  where they are known, the number in `vocabulary.KINDS` of each onset, by class like the onsets.
    """
    exact = features.astype(np.float64)  # sums of the rounded values, as training reads them
    return {
        "frames": len(features),
        "features": checksum(features),
        "sum": float(exact.sum()),
        "squares": float(np.square(exact, out=exact).sum()),
    } | _stored_onsets(onsets, kinds)


def _stored_onsets(onsets: Onsets, kinds: list[np.ndarray] | None) -> dict:
    times = np.concatenate(onsets).astype("<f8")
    classes = np.repeat(np.arange(N_CLASSES, dtype=np.uint8), [len(each) for each in onsets])
    order = np.argsort(times, kind="stable")
    stored = {"onsets": times[order].tobytes() + classes[order].tobytes()}
    if kinds is not None:
        stored["kinds"] = np.concatenate(kinds).astype(np.uint8)[order].tobytes()
    encoded = {name: base64.b64encode(content).decode() for name, content in stored.items()}
    return {"counts": [len(each) for each in onsets]} | encoded


def onsets_in(line: dict) -> tuple[bytes, bytes]:
    """Times (float64) and classes (uint8) of a line's onsets, sorted by time."""
    content = base64.b64decode(line["onsets"])
    edge = len(content) // 9 * 8
    return content[:edge], content[edge:]


def kinds_in(line: dict) -> bytes | None:
    """The kinds (uint8) of a line's onsets, sorted as they are; None where they are not known."""
    return base64.b64decode(line["kinds"]) if "kinds" in line else None


def _place(line: dict, shard: int, seal: str, at: int) -> Place:
    known = tuple(line[key] for key in ("start", "frames", "features"))
    notes, unknown = tuple(line.get("notes", ())), tuple(line.get("unknown", {}).items())
    return Place(shard, *known, sum(line["counts"]), line["source"], seal, at, notes, unknown)


class Shard:
    """A new shard; it has its names once it was closed."""

    def __init__(self, folder: Path, number: int):
        """Begin it. Raises paths.WriteError, as all methods do."""
        self.folder, self.number, self.frames = folder, number, 0
        self._lines: list[bytes] = []
        self._bytes = HEADER_BYTES
        self._writing = contextlib.ExitStack()
        self._file = self._writing.enter_context(paths.replacing(shard_path(folder, number)))
        self._write(npy_header("<f2", (0, N_BANDS)))

    def add(self, unit_id: str, features: np.ndarray, content: dict, about: dict) -> Place:
        """Append a unit.

        features  `(T, 84)` float16, of which `content` is what `describe` says.
        about     source: what it was computed from; where known inputs: (path, checksum) of its files, and notes and unknown.
        """
        line = {"id": unit_id, "start": self.frames} | content | about
        self._write(memoryview(np.ascontiguousarray(features)).cast("B") if len(features) else b"")
        self.frames += len(features)
        self._lines.append(sealed(line) + b"\n")
        place = _place(line, self.number, _seal(self._lines[-1]), self._bytes)
        self._bytes += len(self._lines[-1])
        return place

    def _write(self, content) -> None:
        try:
            self._file.write(content)
        except BaseException:
            self._writing.__exit__(*sys.exc_info())  # removes it, and says why in words
            raise

    def close(self) -> None:
        """Give it its names, features first: a shard with lines is complete."""
        try:
            self._file.seek(0)
            self._file.write(npy_header("<f2", (self.frames, N_BANDS)))
        except BaseException:
            self._writing.__exit__(*sys.exc_info())
            raise
        self._writing.close()
        head = sealed({"format": FORMAT, "units": len(self._lines), "frames": self.frames})
        content = head.ljust(HEADER_BYTES - 1) + b"\n" + b"".join(self._lines)
        paths.write_atomically(shard_path(self.folder, self.number, UNITS), content)


class Shards:
    """New shards, one after the other: when one is full, it is closed in the background and the next is begun."""

    def __init__(self, folder: Path, first: int):
        """`first` is the number of the first; nothing is written before there is a unit."""
        self.folder, self.numbers = folder, [first - 1]
        self._open: Shard | None = None
        self._closing = ThreadPoolExecutor(1)
        self._closed: list[Future] = []

    def add(self, unit_id: str, features: np.ndarray, content: dict, about: dict) -> Place:
        """Append a unit: see `Shard.add`."""
        for future in self._closed:
            if future.done():
                future.result()  # raises what closing raised
        if self._open is not None and self._open.frames + len(features) > FULL:
            self._closed.append(self._closing.submit(self._open.close))
            self._open = None
        if self._open is None:
            self.numbers.append(self.numbers[-1] + 1)
            self._open = Shard(self.folder, self.numbers[-1])
        try:
            return self._open.add(unit_id, features, content, about)
        except BaseException:
            self._open = None  # it removed itself
            raise

    def close(self) -> None:
        """Close the last, and wait until all are on the disk."""
        if self._open is not None:
            self._closed.append(self._closing.submit(self._open.close))
        self._open = None
        self._closing.shutdown()
        closed, self._closed = self._closed, []
        for future in closed:
            future.result()


def write_shard(folder: Path, number: int, units: Iterable[tuple], source: str) -> None:
    """Write one shard from `(id, features (T, 84), onsets)` of its units, or `(id, features, onsets, kinds)`: see `describe`."""
    shard = Shard(folder, number)
    for unit_id, features, *strokes in units:
        stored = features.astype(np.float16)
        shard.add(unit_id, stored, describe(stored, *strokes), {"source": source})
    shard.close()


def copy_with_onsets(source: Path, folder: Path, number: int, change: Callable[[str, Onsets], Onsets] | None, made_of: str) -> None:
    """A shard of another folder with the same features, by a hard link where the file system has them.

    change   the onsets of each unit from its id and its onsets, in seconds for each class; None: they stay, with their kinds. Of
             changed onsets the kinds are not known.
    made_of  what its units are made of, as a text.
    """
    to = shard_path(folder, number)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    try:
        os.link(shard_path(source, number), to)
    except OSError:
        shutil.copyfile(shard_path(source, number), to)
    lines = list(whole_lines(source, number))
    for line in lines if change else ():
        times, classes = (np.frombuffer(part, kind) for part, kind in zip(onsets_in(line), ("<f8", np.uint8), strict=True))
        onsets = change(line["id"], [times[classes == index] for index in range(N_CLASSES)])
        line.update(_stored_onsets(onsets, None))
        line.pop("kinds", None)
    head = sealed({"format": FORMAT, "units": len(lines), "frames": max(line["start"] + line["frames"] for line in lines)})
    written = [sealed(line | {"source": made_of}) + b"\n" for line in lines]
    paths.write_atomically(shard_path(folder, number, UNITS), head.ljust(HEADER_BYTES - 1) + b"\n" + b"".join(written))


# ---- reading ------------------------------------------------------------------------------------------------------------


def _seal(line: bytes) -> str:
    return line[-19:-3].decode("latin-1")  # before the quote, the brace and the end of the line


def read_places(folder: Path, number: int) -> tuple[dict[str, Place], int, list[str]]:
    """(places by id, frames in all, what is damaged) of a shard's lines; OtherFormat where it is of another version."""
    path = shard_path(folder, number, UNITS)
    places: dict[str, Place] = {}
    problems, frames, units, at, found = [], 0, None, HEADER_BYTES, 0
    try:
        with open(path, "rb") as file:
            try:
                head = unsealed(file.read(HEADER_BYTES).rstrip())
                units, frames = head["units"], head["frames"]
            except (ValueError, KeyError):
                problems.append(damaged(path, "its first line is not as it was written"))
            else:
                if head["format"] != FORMAT:
                    raise OtherFormat(f"{path} is of format {head['format']}, this version reads {FORMAT}: run 'adt prepare' again")
            for row, line in enumerate(file, 2):
                try:
                    content = unsealed(line.rstrip(b"\n"))
                    places[content["id"]] = _place(content, number, _seal(line), at)
                    found += 1
                except (ValueError, KeyError):
                    problems.append(damaged(path, f"line {row} is not as it was written"))
                at += len(line)
    except OSError as error:
        problems.append(f"{path} cannot be read ({error.strerror or error}): run 'adt prepare' again, which makes it anew")
    if units is not None and not problems and found != units:
        problems.append(damaged(path, f"{found:,} of {units:,} units"))
    if not frames:
        frames = max((place.start + place.frames for place in places.values()), default=0)
    return places, frames, problems


def read_lines(folder: Path, places: Iterable[Place]) -> Iterator[dict]:
    """The lines of units, in the order given. PreparedError where one is not that of its place any more."""
    with contextlib.ExitStack() as opened:
        files: dict[int, object] = {}
        for place in places:
            path = shard_path(folder, place.shard, UNITS)
            if place.shard not in files:
                files[place.shard] = opened.enter_context(open(path, "rb"))
            file = files[place.shard]
            file.seek(place.at)
            line = file.readline()
            try:
                content = unsealed(line.rstrip(b"\n"))
            except ValueError as error:
                raise PreparedError(damaged(path, str(error))) from error
            if _seal(line) != place.seal:
                raise PreparedError(damaged(path, "it was written to while it was read"))
            yield content


def whole_lines(folder: Path, number: int) -> Iterator[dict]:
    """The lines of a shard that are as they were written, but for the first."""
    with open(shard_path(folder, number, UNITS), "rb") as file:
        file.seek(HEADER_BYTES)
        for line in file:
            with contextlib.suppress(ValueError):
                yield unsealed(line.rstrip(b"\n"))


def map_features(path: Path, frames: int) -> np.ndarray:
    """Memory map of a shard's features `(T, 84)` float16. PreparedError where the file is missing or ends too early."""
    try:
        if path.stat().st_size < HEADER_BYTES + frames * FRAME_BYTES:
            raise PreparedError(damaged(path, f"it ends before its frame {frames:,}"))
        mapped = np.memmap(path, "<f2", "r", HEADER_BYTES, (frames, N_BANDS)) if frames else np.zeros((0, N_BANDS), "<f2")
    except OSError as error:
        raise PreparedError(f"{path} cannot be read ({error.strerror or error}): run 'adt prepare' again") from error
    return mapped


# ---- checking -----------------------------------------------------------------------------------------------------------


def damaged_features(path: Path, frames: int, units: list[tuple[int, int, str]]) -> tuple[list[int], str]:
    """(places in `units` of those that are damaged, what is wrong with the whole file) of a shard's features; all is read.

    frames  in the whole file
    units   (start, frames, checksum) of those that matter
    """
    bad = []
    try:
        with open(path, "rb") as file:
            whole = "" if file.read(HEADER_BYTES) == npy_header("<f2", (frames, N_BANDS)) else "its header is not as it was written"
            size = (path.stat().st_size - HEADER_BYTES) / FRAME_BYTES
            if size != frames:
                whole = f"{size:,.12g} frames instead of {frames:,}"
            for index in sorted(range(len(units)), key=lambda index: units[index][0]):
                start, length, wanted = units[index]
                file.seek(HEADER_BYTES + start * FRAME_BYTES)
                if checksum(file.read(length * FRAME_BYTES)) != wanted:
                    bad.append(index)
    except OSError as error:
        return list(range(len(units))), f"it cannot be read: {error.strerror or error}"
    return sorted(bad), whole


class Checked:
    """Which files of a folder were read and found whole: by their state, in `checked.json`; not of record."""

    def __init__(self, folder: Path) -> None:
        """Read what is known of a prepared corpus; a file of any other shape is as good as none."""
        self.folder, self._path = folder, folder / "checked.json"
        self._known: dict[str, list] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError, KeyError):
            self._known = unsealed(self._path.read_bytes())["files"]

    def is_known(self, path: Path, content: str) -> bool:
        """Whether a file was found to hold `content` (a checksum) within a day, and is still the one that was read."""
        known, now = self._known.get(self._name(path)), time.time()
        return bool(known) and known[:2] == [content, _state(path)] and 0 <= now - known[2] < FRESH

    def note(self, path: Path, content: str) -> None:
        """It was just read, or written, and holds `content`."""
        self._known[self._name(path)] = [content, _state(path), time.time()]
        self._changed = True

    def holds(self, path: Path, content: str, anew: bool = False) -> bool:
        """Whether a whole file has this checksum; it is read unless that is known, or always if `anew`."""
        if not anew and self.is_known(path, content):
            return True
        try:
            found = file_checksum(path) == content
        except OSError:
            found = False
        if found:
            self.note(path, content)
        return found

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def save(self) -> None:
        """Keep it for the next process, if the folder can be written to."""
        if self._changed:
            known = {name: value for name, value in self._known.items() if (self.folder / name).is_file()}
            try:
                paths.write_atomically(self._path, sealed({"files": known}))
            except OSError:
                return  # a cache of somebody else: it is read again next time
            self._changed = False


def _state(path: Path) -> list[int]:
    """Size, times and number of a file; one that was written to, replaced or touched has another state."""
    try:
        stat = path.stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
