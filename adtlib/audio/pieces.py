"""A sound file as it is to be decoded: the recordings in it, and where its header contradicts what is there."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

Piece = tuple[int, int] | bytes  # a range of the file, or bytes in place of one


class AudioError(ValueError):
    """A recording that cannot be used; the message names the file and the remedy."""


_TOLD: ContextVar[list[str] | None] = ContextVar("told", default=None)


def tell(remark: str) -> None:
    """Say what is wrong with a recording that is read all the same: a warning, or within `told` an entry of its list."""
    if (remarks := _TOLD.get()) is None:
        warnings.warn(remark, stacklevel=3)
    else:
        remarks.append(remark)


@contextmanager
def told() -> Iterator[list[str]]:
    """A list of what `tell` is given meanwhile in this thread: of warnings it could not be said which thread gave them."""
    token = _TOLD.set([])
    try:
        yield _TOLD.get()
    finally:
        _TOLD.reset(token)


@dataclass
class Stream:
    """Sound of one rate, in Hz: `blocks` are float32 `(n, channels)`, ten seconds at most."""

    rate: int
    channels: int
    blocks: Iterator[np.ndarray]


@dataclass(frozen=True)
class Contents:
    """What was found in a file.

    parts   recordings that follow each other, each as its pieces; empty: the file as it is
    remark  how the content differs from what the header says; to be said when the file is read
    broken  why the file is not to be read
    """

    parts: tuple[tuple[Piece, ...], ...] = ()
    remark: str = ""
    broken: str = ""


class Pieces(io.RawIOBase):
    """A file made of pieces of another; for reading only."""

    def __init__(self, file: BinaryIO, pieces: Sequence[Piece]) -> None:
        self._file, self._at, self._size = file, 0, 0
        self._pieces: list[tuple[int, int, Piece]] = []  # where it begins and ends here
        for piece in pieces:
            end = self._size + (len(piece) if isinstance(piece, bytes) else piece[1] - piece[0])
            self._pieces.append((self._size, end, piece))
            self._size = end

    def seekable(self) -> bool:
        """Whether a position can be chosen."""
        return True

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Choose the position, in bytes from the start, from here, or from the end."""
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def readinto(self, buffer) -> int:
        """Fill the buffer from the position on; returns how many bytes there were."""
        wanted, content = len(buffer), bytearray()
        for begin, end, piece in self._pieces:
            if begin <= self._at < end and wanted > len(content):
                start = self._at - begin
                length = min(end - self._at, wanted - len(content))
                if isinstance(piece, bytes):
                    content += piece[start : start + length]
                else:
                    self._file.seek(piece[0] + start)
                    content += self._file.read(length)
                self._at = begin + start + length
        buffer[: len(content)] = content
        return len(content)
