"""Which results are this program's own: so that interrupted work goes on, and nothing of the user's is replaced.

Before a file gets its name, the hash of its bytes is noted in the cache, with all that decided them. So whenever a process is
killed, each file that it leaves is known. One that is not noted, or has other bytes, is the user's: written or edited by hand.
Where the cache was deleted, all are.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from adtlib import paths

if TYPE_CHECKING:
    from adtlib.transcription.pretrained import Pretrained


class Results:
    """The results of one recording, `target`.mid and so on.

    made_from  what decided the noted files, as plain data; empty if none is noted.
    """

    def __init__(self, target: Path) -> None:
        """`target`: path of the results without suffix."""
        self.target, self._whole = target, Path(os.path.realpath(target.parent), target.name)
        self._note = paths.CACHE / "transcribed" / f"{hashlib.sha256(os.fsencode(self._whole)).hexdigest()[:32]}.json"
        self.made_from, self._hashes = _read(self._note)

    def path(self, kind: str) -> Path:
        """The file of a kind, such as "mid" or "drums.wav"."""
        return self.target.with_name(f"{self.target.name}.{kind}")

    def own(self, kinds: Iterable[str]) -> set[str]:
        """The kinds whose files are there, with the bytes that were noted."""
        return {kind for kind in kinds if kind in self._hashes and self._hashes[kind] == _hash_of_file(self.path(kind))}

    @property
    def noted(self) -> set[str]:
        """All kinds of which this is so."""
        return self.own(self._hashes)

    def foreign(self, kinds: Iterable[str]) -> list[Path]:
        """The files (or folders, or links) of some kinds that are there and not this program's own: not to be replaced unasked."""
        kinds = list(kinds)
        own = self.own(kinds)
        return [self.path(kind) for kind in kinds if kind not in own and os.path.lexists(self.path(kind))]

    def write(self, contents: Mapping[str, bytes], made_from: Mapping[str, Any]) -> list[Path]:
        """Note and write files of some kinds, replacing what is there. Raises WriteError."""
        self.note({kind: hashlib.sha256(content).hexdigest() for kind, content in contents.items()}, made_from)
        for kind, content in contents.items():
            paths.write_atomically(self.path(kind), content)
        return [self.path(kind) for kind in contents]

    def note_file(self, kind: str, file: BinaryIO, made_from: Mapping[str, Any]) -> None:
        """Note a file that was written under a temporary name and is still open."""
        file.seek(0)
        self.note({kind: hashlib.file_digest(file, "sha256").hexdigest()}, made_from)

    def note(self, hashes: Mapping[str, str], made_from: Mapping[str, Any]) -> None:
        """Note files that are about to get their names. Where the cache cannot be written to, a warning says what that means.

        Raises WriteError where the disk is full: a file of which nothing is noted would be taken for the user's.
        """
        made_from = plain(made_from)
        kept = self._hashes if made_from == self.made_from else {}
        self.made_from, self._hashes = made_from, {**kept, **hashes}
        noted = {"target": str(self._whole), "made_from": made_from, "sha256": self._hashes}
        try:
            paths.write_atomically(self._note, json.dumps(noted, indent=1).encode())
        except OSError as error:
            if error.errno in paths.FULL:
                raise
            reason = paths.write_error(self._note.parent, error)
            _say_once(f"{reason}. Without it, work that is interrupted cannot go on")


def made_from(recording: Path, model: "Pretrained", options: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the bytes of results, as plain data: recording (by size and time of change), model, engine, options, code."""
    about = recording.stat()
    return plain(
        {
            "recording": [os.path.realpath(recording), about.st_size, about.st_mtime_ns],
            "model": _fingerprint(model),
            "engine": model.engine.name,
            "adtlib": _code(),
            **options,
        }
    )


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Data as JSON keeps them; other objects as text."""
    return json.loads(json.dumps(data, default=str))


@cache
def _say_once(text: str) -> None:
    warnings.warn(text, stacklevel=3)


def _read(note: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """(what decided them, hashes by kind) of a note; empty where there is none, or none that can be read."""
    try:
        stored = json.loads(note.read_bytes())
        return dict(stored["made_from"]), {str(kind): str(value) for kind, value in stored["sha256"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}


def _hash_of_file(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@cache
def _fingerprint(model: "Pretrained") -> str:
    """Hash of a model's architecture and weights."""
    built = [
        model.about.get("members"),
        model.about.get("average"),
        model.features,
        model.confidences,
        model.repetition,
        model.rests,
    ]
    digest = hashlib.sha256(json.dumps(built, default=str).encode())
    for name, values in sorted(model.weights.items()):
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """Hash of this package's code."""
    digest = hashlib.sha256()
    for path in sorted(Path(paths.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
