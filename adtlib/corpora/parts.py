"""Parts of a prepared corpus: one track, or many sequences or clips, with checksums that show damage.

    NAME.npy    (T, 84) float16 features of its units, one after the other, read through a memory map
    NAME.npz    onsets in seconds from each unit's start (float64), by choice their kinds, and the part's entry: see `write_part`

Each unit's features and onsets have a checksum of their own, whatever files hold them, and the part one of all of these. A part is
read and compared when training opens it, unless that was done within a day and its files are those of then (`Checked`).
"""

import contextlib
import io
import json
import time
from functools import lru_cache
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import N_BANDS
from adtlib.provenance import checksum, sealed, unsealed
from adtlib.vocabulary import N_CLASSES

FORMAT = 2
FRESH = 24 * 3600  # seconds for which a part that was read is trusted while its files are the same
_ARRAYS = {"onset_times": np.float64, "onset_classes": np.uint8, "onset_units": np.uint32}
_KINDS = {"onset_kinds": np.uint8}  # numbers in `vocabulary.KINDS`; only where the kinds of strokes are known


class PreparedError(ValueError):
    """Prepared data that cannot be used; the message names the file and the remedy."""


class OtherFormat(PreparedError):
    """Prepared data of another version of adtlib."""


# ---- reading ------------------------------------------------------------------------------------------------------------


# Only few maps are open at once: with 45,537 tracks a process would run out of file handles.
@lru_cache(maxsize=64)
def map_features(part: Path) -> np.ndarray:
    """Memory map of a part's features. PreparedError if it is damaged or of another version."""
    path = part.with_name(part.name + ".npy")
    try:
        features = np.load(path, mmap_mode="r")
    except Exception as error:  # NumPy raises many kinds for a damaged header
        raise PreparedError(_unreadable(path, error)) from error
    if features.ndim != 2 or features.shape[1] != N_BANDS or features.dtype != np.float16:
        raise OtherFormat(
            f"{path} holds {features.shape} {features.dtype}, not (T, {N_BANDS}) float16: it is damaged or was written by another "
            "version; run 'adt prepare' again"
        )
    return features


@lru_cache(maxsize=256)
def load_part(part: Path) -> dict[str, np.ndarray]:
    """Arrays of a part's .npz. PreparedError if it is damaged or of another version."""
    path = part.with_name(part.name + ".npz")
    try:
        with open(path, "rb") as content, np.load(content, allow_pickle=False) as file:
            loaded = {key: file[key] for key in file.files}
        form = int(loaded["format"])
    except Exception as error:  # zip archives, deflate and NumPy raise many kinds for damaged bytes
        raise PreparedError(_unreadable(path, error)) from error
    if form != FORMAT:
        raise OtherFormat(f"{path} is of format {form}, this version reads {FORMAT}: run 'adt prepare' again")
    times = loaded.get("onset_times", np.empty(0))
    for name, kind in (_ARRAYS | (_KINDS if "onset_kinds" in loaded else {})).items():
        array = loaded.get(name)
        if array is None or array.dtype != kind or array.ndim != 1 or len(array) != len(times):
            raise PreparedError(_unreadable(path, f"no {name} as they are written"))
    return loaded


def _unreadable(path: Path, why: object) -> str:
    text = str(why) or type(why).__name__
    return f"{path} cannot be read ({text}): run 'adt prepare' again, which makes it anew"


# ---- writing ------------------------------------------------------------------------------------------------------------


def write_part(
    part: Path, units, source: str, notes: list[str], unknown: dict[str, int], inputs: tuple = (), kinds: list | None = None
) -> dict:
    """Write one part from `(id, features (T, 84), onsets)` of its units; return its entry for the index.

    source  fingerprint of what the part was computed from: `stored_part` compares it.
    inputs  (path, checksum) of the files that it was computed from.
    kinds   for each unit a list like its onsets, with the number in `vocabulary.KINDS` of each onset.
    """
    features = np.concatenate([feature for _, feature, _ in units]).astype(np.float16)
    # Sums of the rounded values, as training reads them.
    exact = features.astype(np.float64)
    times = [times for _, _, onsets in units for times in onsets]
    classes = [np.full(len(t), c, np.uint8) for _, _, onsets in units for c, t in enumerate(onsets)]
    owners = [np.full(len(t), u, np.uint32) for u, (_, _, onsets) in enumerate(units) for t in onsets]
    arrays = {
        "format": np.int64(FORMAT),
        "onset_times": np.concatenate(times).astype(np.float64),
        "onset_classes": np.concatenate(classes),
        "onset_units": np.concatenate(owners),
    }
    if kinds is not None:
        arrays["onset_kinds"] = np.concatenate([found for unit in kinds for found in unit]).astype(np.uint8)
    listed = [[unit_id, len(feature)] for unit_id, feature, _ in units]
    checksums = _checksums(listed, features, arrays)
    entry = {
        "file": f"{part.parent.name}/{part.name}",
        "source": source,
        "inputs": [[str(path), check] for path, check in inputs],
        "units": listed,
        "onset_counts": np.bincount(arrays["onset_classes"], minlength=N_CLASSES).tolist(),
        "feature_sum": float(exact.sum()),
        "feature_squares": float(np.square(exact).sum()),
        "checksums": checksums,
        "checksum": checksum(json.dumps(checksums).encode()),
        "notes": notes,
        "unknown": unknown,
    }
    arrays["entry"] = np.array(sealed(entry).decode())
    for suffix, save in ((".npy", lambda file: np.save(file, features)), (".npz", lambda file: np.savez(file, **arrays))):
        buffer = io.BytesIO()
        save(buffer)
        paths.write_atomically(part.with_name(part.name + suffix), buffer.getbuffer())
    load_part.cache_clear()
    map_features.cache_clear()
    return entry


def _checksums(units: list, features: np.ndarray, arrays: dict[str, np.ndarray]) -> list[list[str]]:
    """The checksum of each unit's features, and that of its onsets with their classes and kinds."""
    found, start = [], 0
    order = np.argsort(arrays["onset_units"], kind="stable")
    edges = np.searchsorted(arrays["onset_units"][order], np.arange(len(units) + 1))
    for index, (_, n_frames) in enumerate(units):
        mine = order[edges[index] : edges[index + 1]]
        onsets = checksum(*(arrays[name][mine] for name in ("onset_times", "onset_classes", "onset_kinds") if name in arrays))
        found.append([checksum(features[start : start + n_frames]), onsets])
        start += n_frames
    return found


# ---- checking -----------------------------------------------------------------------------------------------------------


def check_part(part: Path, entry: dict) -> None:
    """PreparedError, naming file and unit, unless the files of a part hold what its entry says was written; all is read."""
    # Not the maps that are open: those of a file that was replaced would still show the old one.
    features, arrays = map_features.__wrapped__(part), load_part.__wrapped__(part)
    named, n_frames = part.with_name(part.name + ".npy"), sum(n for _, n in entry["units"])
    if len(features) != n_frames:
        raise PreparedError(_damaged(named, f"{len(features):,} frames instead of {n_frames:,}"))
    if len(arrays["onset_units"]) and int(arrays["onset_units"].max()) >= len(entry["units"]):
        raise PreparedError(_damaged(part.with_name(part.name + ".npz"), "onsets of units that it does not have"))
    for (unit_id, _), found, wanted in zip(
        entry["units"], _checksums(entry["units"], features, arrays), entry["checksums"], strict=True
    ):
        for what, suffix, one, other in zip(("features", "onsets"), (".npy", ".npz"), found, wanted, strict=True):
            if one != other:
                raise PreparedError(_damaged(part.with_name(part.name + suffix), f"{what} of {unit_id} are not those written"))


def _damaged(path: Path, what: str) -> str:
    return f"{path} is damaged ({what}): run 'adt prepare' again, which makes it anew"


def stored_part(part: Path, source: str, checked: "Checked") -> dict | None:
    """The index entry of a part, or None if it is incomplete or of another source. PreparedError if it is damaged."""
    if not (part.with_name(part.name + ".npz").is_file() and part.with_name(part.name + ".npy").is_file()):
        return None
    try:
        entry = unsealed(str(load_part.__wrapped__(part)["entry"]).encode())
    except OtherFormat:
        return None
    except (KeyError, ValueError) as error:
        if isinstance(error, PreparedError):
            raise
        raise PreparedError(_unreadable(part.with_name(part.name + ".npz"), error)) from error
    if entry["source"] != source:
        return None
    checked.check(part, entry)
    return entry


class Checked:
    """Which parts of a folder were read and found whole: by the state of their files, in `checked.json`; not of record."""

    def __init__(self, folder: Path) -> None:
        """Read what is known of a prepared corpus; a file of any other shape is as good as none."""
        self.folder, self._path = folder, folder / "checked.json"
        self._known: dict[str, list] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError, KeyError):
            self._known = unsealed(self._path.read_bytes())["parts"]

    def check(self, part: Path, entry: dict, anew: bool = False) -> None:
        """`check_part`, unless its files are those that were read within a day; `anew` reads them all the same."""
        name, state = part.relative_to(self.folder).as_posix(), _state(part)
        known, now = self._known.get(name), time.time()
        if not anew and known and known[:2] == [entry["checksum"], state] and 0 <= now - known[2] < FRESH:
            return
        self._known.pop(name, None)
        self._changed = True
        check_part(part, entry)
        self._known[name] = [entry["checksum"], state, now]

    def note(self, part: Path, entry: dict) -> None:
        """A part that was just written is whole."""
        self._known[part.relative_to(self.folder).as_posix()] = [entry["checksum"], _state(part), time.time()]
        self._changed = True

    def save(self) -> None:
        """Keep it for the next process, if the folder can be written to."""
        if self._changed:
            try:
                paths.write_atomically(self._path, sealed({"parts": self._known}))
            except OSError:
                return  # a cache of somebody else: it is read again next time
            self._changed = False


def _state(part: Path) -> list[int]:
    """Sizes, times and numbers of a part's files; a file that was written to, replaced or touched has another state."""
    found = []
    for suffix in (".npy", ".npz"):
        try:
            stat = part.with_name(part.name + suffix).stat()
        except OSError:
            return []
        found += [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    return found
