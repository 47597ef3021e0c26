"""Prepared corpora on other machines: opened in place if the storage is shared, else transferred file by file and kept.

A file is sent in pieces of up to 64 MB, which fit into the memory of any node; an interrupted transfer resumes with the files that
are missing. Transferred corpora are kept in `cache/transferred/NAME-FINGERPRINT/` of the machine that asked for them. index.json is
written last, as in preparation, so a corpus that has one is complete. With `ADT_COPY_CORPORA=1` where the study is started, corpora
are transferred even from shared storage, which may be slow to read.

Nothing here needs Ray: `source` is any object with the two methods of `CorpusSource`, local or remote.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adtlib import paths
from adtlib.corpora.store import INDEX, Prepared, PreparedError

PIECE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class CorpusReference:
    """What identifies a prepared corpus on another machine."""

    name: str
    folder: Path  # on the machine that made the reference
    fingerprint: str
    copy: bool = False  # transfer it even if the folder can be read


class CorpusSource(Protocol):
    """An object that can read the corpora."""

    def list_files(self, corpus: CorpusReference) -> list[tuple[str, int]]:
        """Name and size of each file, the index last."""

    def read_piece(self, corpus: CorpusReference, name: str, start: int, size: int) -> bytes:
        """Up to `size` bytes of a file."""


def refer_to(corpus: Prepared) -> CorpusReference:
    """The reference to a prepared corpus, for another machine."""
    return CorpusReference(corpus.corpus_name, corpus.folder, corpus.fingerprint, os.environ.get("ADT_COPY_CORPORA") == "1")


def list_files(folder: Path) -> list[tuple[str, int]]:
    """Name and size of each file of a prepared corpus below `folder`, the index last."""
    files = [*Prepared(folder).files(), folder / INDEX]
    return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]


def read_piece(folder: Path, name: str, start: int, size: int) -> bytes:
    """Up to `size` bytes of a file below `folder`."""
    with open(folder / name, "rb") as file:
        file.seek(start)
        return file.read(size)


def open_here(corpus: CorpusReference, source: CorpusSource) -> Prepared:
    """The corpus on this machine: in the folder of its reference if that has the same data, else fetched once from `source`."""
    if not corpus.copy and (found := _open(corpus.folder, corpus.fingerprint)):
        return found
    here = paths.CACHE / "transferred" / f"{corpus.folder.name}-{corpus.fingerprint}"
    with paths.locked(here.name):  # other runs on this machine wait for the one that fetches
        if (found := _open(here, corpus.fingerprint)) and not _remove_damaged(found):
            return found
        for name, size in source.list_files(corpus):
            if name == INDEX or not (here / name).is_file():
                with paths.replacing(here / name) as file:
                    for start in range(0, size, PIECE_BYTES):
                        file.write(source.read_piece(corpus, name, start, PIECE_BYTES))
    if found := _open(here, corpus.fingerprint):
        return found
    raise PreparedError(f"{here} is not the {corpus.name} that was transferred (another fingerprint): delete it and start again")


def _remove_damaged(corpus: Prepared) -> bool:
    """Delete damaged files, so that they are fetched again; return whether there were any."""
    damaged = {each.file for each in corpus.damage()}
    for path in damaged:
        path.unlink(missing_ok=True)
    return bool(damaged)


def _open(folder: Path, fingerprint: str) -> Prepared | None:
    with contextlib.suppress(PreparedError):
        corpus = Prepared(folder)
        if corpus.fingerprint == fingerprint:
            return corpus
    return None
