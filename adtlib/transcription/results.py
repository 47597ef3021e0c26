"""Which results are this program's own: so that interrupted work goes on, and nothing of the user's is replaced.

Before a file gets its name, the hash of its bytes is noted in the cache, with all that decided them. So whenever a process is
killed, each file that it leaves is known. One that is not noted, or has other bytes, is the user's: written or edited by hand.
Where the cache was deleted, all are. A note states what decided the files, and of those where that differs, once more.
"""

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from adtlib import paths

if TYPE_CHECKING:
    from adtlib.transcription.pretrained import Pretrained


class Results:
    """The results of one recording, `target`.mid and so on.

    made_from  what decided each noted file, as plain data, by kind.
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

    def foreign(self, kinds: Iterable[str]) -> list[str]:
        """The kinds whose files (or folders, or links) are there and not this program's own: not to be replaced unasked."""
        kinds = list(kinds)
        own = self.own(kinds)
        return [kind for kind in kinds if kind not in own and os.path.lexists(self.path(kind))]

    @contextlib.contextmanager
    def writing(self, kind: str, made_from: Mapping[str, Any]) -> Iterator[BinaryIO]:
        """A new file, open for writing, that is noted and replaces what is there when the block ends. Raises WriteError.

        Where it cannot be written, what is there stays, and so does what is noted of it.
        """
        before = dict(self.made_from), dict(self._hashes)
        try:
            with paths.replacing(self.path(kind)) as file:
                yield file
                file.seek(0)
                self.made_from[kind], self._hashes[kind] = plain(made_from), hashlib.file_digest(file, "sha256").hexdigest()
                self._write_note()
        except BaseException:
            if (self.made_from, self._hashes) != before:
                self.made_from, self._hashes = before
                with contextlib.suppress(OSError):
                    self._write_note()
            raise

    def _write_note(self) -> None:
        """Note files before they get their names. Where the cache cannot be written to, a warning says what that means.

        Raises WriteError where the disk is full: a file of which nothing is noted would be taken for the user's.
        """
        most = next(iter(self.made_from.values()), {})
        others = {kind: made_from for kind, made_from in self.made_from.items() if made_from != most}
        noted = {"target": str(self._whole), "made_from": most, "sha256": self._hashes, "others": others}
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


def _read(note: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """(what decided them, hashes) by kind of a note; empty where there is none, or none that can be read."""
    try:
        stored = json.loads(note.read_bytes())
        hashes = {str(kind): str(value) for kind, value in stored["sha256"].items()}
        others = stored.get("others", {})  # notes of earlier versions have none
        return {kind: dict(others.get(kind, stored["made_from"])) for kind in hashes}, hashes
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
