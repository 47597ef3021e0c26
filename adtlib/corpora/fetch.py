"""Download of corpora that have a public address: checked, resumed where it broke off, and unpacked where it is looked for.

The archives have up to 104 GB, so that a transfer has to go on after a break, which pooch does not do. Nothing from outside reaches
a place outside the data folder: an archive is unpacked into a folder of its own, whose contents are moved into place once they are
whole.
"""

import contextlib
import gzip
import hashlib
import shutil
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adtlib.corpora.base import CorpusError

if TYPE_CHECKING:
    import requests

BLOCK = 1 << 20  # bytes read at once
ATTEMPTS = 5  # in a row that bring not one byte
RESERVE = 1 << 30  # bytes of the disk that are left free
TIMEOUT = 60  # s without an answer
Progress = Callable[[str, int, int], None]  # (what is done, bytes done, bytes in all)


class FetchError(CorpusError):
    """A download that failed; the message names address, place and remedy."""


@dataclass(frozen=True)
class Download:
    """An archive with a public address.

    `checksum` is the publisher's, as "sha256:..." or "md5:..."; None where none is published: the checksums within the archive
    count then. `size` and `unpacked` are bytes, `unpacked` an upper bound. `holds` is a file or folder, relative to the data
    folder, that is there once it is unpacked.
    """

    title: str
    url: str
    file: str
    checksum: str | None
    size: int
    unpacked: int
    holds: str
    licence: str


DOWNLOADS = {
    download.title: download
    for download in (
        Download(
            title="MDB Drums",
            url="https://github.com/CarlSouthall/MDBDrums/archive/refs/heads/master.zip",
            file="MDBDrums-master.zip",
            checksum=None,  # packed anew at each request
            size=400_000_000,
            unpacked=2_000_000_000,
            holds="MDBDrums-master/MDB Drums",
            licence="CC BY-NC-SA 4.0",
        ),
        Download(
            title="E-GMD",
            url="https://storage.googleapis.com/magentadata/datasets/e-gmd/v1.0.0/e-gmd-v1.0.0.zip",
            file="e-gmd-v1.0.0.zip",
            checksum="sha256:7d9a264fb4c9eabd9fec09d5f8e333192f529b1a1b845d170279a977ac436053",
            size=96_422_999_145,
            unpacked=145_000_000_000,
            holds="e-gmd-v1.0.0/e-gmd-v1.0.0.csv",
            licence="CC BY 4.0",
        ),
        Download(
            title="Groove MIDI",
            url="https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0.zip",
            file="groove-v1.0.0.zip",
            checksum="md5:99db7e2a087761a913b2abfb19e86181",
            size=4_760_000_000,
            unpacked=8_000_000_000,
            holds="groove/info.csv",
            licence="CC BY 4.0",
        ),
        Download(
            title="Slakh",
            url="https://zenodo.org/records/4599666/files/slakh2100_flac_redux.tar.gz?download=1",
            file="slakh2100_flac_redux.tar.gz",
            checksum="md5:f4b71b6c45ac9b506f59788456b3f0c4",
            size=104_322_767_708,
            unpacked=125_000_000_000,
            holds="slakh2100_flac_redux/train",
            licence="CC BY 4.0",
        ),
    )
}


def fetch(download: Download, root: Path, progress: Progress | None = None) -> Path:
    """Download and unpack an archive into the data folder `root`; return the path of what it holds.

    What is there already is left as it is. An interrupted transfer goes on where it broke off. The archive is deleted once it is
    unpacked. Raises FetchError, with the remedy, where the disk is too small, the address does not answer, the checksum differs,
    or the archive is damaged or holds paths that lead out of it.
    """
    place = root / download.holds
    if place.exists():
        return place
    root.mkdir(parents=True, exist_ok=True)
    archive = root / download.file
    if archive.is_file():
        _check_space(root, download.unpacked, f"unpacking {archive}")
    else:
        there = _size(archive.with_name(f"{archive.name}.part"))
        _check_space(root, download.size - there + download.unpacked, f"{download.title} (archive and unpacked)")
    _retrieve(download, archive, progress)
    _unpack(archive, root, download, progress)
    archive.unlink()
    if not place.exists():
        raise FetchError(f"{download.url} was unpacked in {root}, but {download.holds} is not in it: it has changed its layout")
    return place


def _check_space(root: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(root).free
    if needed + RESERVE > free:
        raise FetchError(
            f"{what} needs {needed / 1e9:.1f} GB, but {root} has {free / 1e9:.1f} GB left: make room, or choose another folder "
            "with --data"
        )


# ---- transfer -------------------------------------------------------------------------------------------------------


def _retrieve(download: Download, archive: Path, progress: Progress | None) -> None:
    """The archive, whole and with the right checksum, in its place."""
    import requests  # few commands need it

    partial = archive.with_name(f"{archive.name}.part")
    if not archive.is_file():
        try:
            _transfer(download.url, partial, progress)
        except requests.RequestException as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise FetchError(
                f"{download.url} cannot be read ({reason}): try again later; {_size(partial) / 1e9:.1f} GB are here and stay"
            ) from error
        except OSError as error:
            raise FetchError(f"{partial} cannot be written ({error.strerror}): make room; the same command goes on") from error
        _version_of(partial).unlink(missing_ok=True)
        partial.replace(archive)
    if download.checksum is None:
        return
    if progress:
        progress("comparing the checksum", 0, 0)
    kind, _, expected = download.checksum.partition(":")
    with open(archive, "rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    if found != expected:
        archive.unlink()
        raise FetchError(
            f"{download.url} has the {kind} checksum {found}, its publisher states {expected}; it was deleted: run the command "
            "again, and if this is repeated, the address holds something else"
        )


def _version_of(partial: Path) -> Path:
    """The file that says which version of the archive a partial file is of."""
    return partial.with_name(f"{partial.name}.version")


def _transfer(url: str, partial: Path, progress: Progress | None) -> None:
    """Download `url` into `partial`, from where it ends; the connection may break several times, not ATTEMPTS times in vain."""
    import requests

    failures, there = 0, _size(partial)
    with requests.Session() as session:
        while True:
            try:
                if _receive(session, url, partial, progress):
                    return
                raise requests.ConnectionError("the connection broke off")
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                failures = 0 if _size(partial) > there else failures + 1
                there = _size(partial)
                if failures >= ATTEMPTS:
                    raise
                time.sleep(failures)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _receive(session: "requests.Session", url: str, partial: Path, progress: Progress | None) -> bool:
    """One request: append what comes to `partial`; whether it is whole now. FetchError if the server says no."""
    tag = _version_of(partial)
    start = _size(partial) if tag.is_file() else 0
    # If the file behind the address has changed, the server sends the new one from its beginning.
    headers = {"Range": f"bytes={start}-", "If-Range": tag.read_text()} if start else {}
    with session.get(url, headers=headers | {"Accept-Encoding": "identity"}, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416 and start:  # nothing after the end
            return True
        if answer.status_code not in (200, 206):
            raise FetchError(f"{url} answers {answer.status_code} {answer.reason}: the address may have changed; see `adt corpora`")
        start = start if answer.status_code == 206 else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else 0
        _check_space(partial.parent, total - start, url)
        version = answer.headers.get("ETag", answer.headers.get("Last-Modified"))
        if version and not version.startswith("W/"):  # a weak tag does not promise equal bytes
            tag.write_text(version)
        with open(partial, "r+b" if start else "wb") as file:
            file.seek(start)
            done = start
            answer.raw.enforce_content_length = False  # or the last bytes before a break are lost
            for block in answer.iter_content(BLOCK):
                file.write(block)
                done += len(block)
                if progress:
                    progress("downloading", done, total)
    return not total or done == total


# ---- unpacking ------------------------------------------------------------------------------------------------------


def _unpack(archive: Path, root: Path, download: Download, progress: Progress | None) -> None:
    """Unpack the archive into a folder beside it, then move its contents into `root`. FetchError if it is damaged."""
    folder = root / f".{archive.name}.unpacking"
    shutil.rmtree(folder, ignore_errors=True)  # of an interrupted run
    folder.mkdir()
    try:
        written = 0
        for name, size, read in _members(archive):
            written += size
            if written > download.unpacked:
                raise FetchError(
                    f"{archive} holds more than {download.unpacked / 1e9:.0f} GB: it is not what it should be; delete it"
                )
            target = _inside(folder, name, archive)
            target.parent.mkdir(parents=True, exist_ok=True)
            with read() as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, BLOCK)
            if progress:
                progress("unpacking", written, download.unpacked)
        for path in sorted(folder.iterdir()):
            if (root / path.name).exists():
                raise FetchError(
                    f"{root / path.name} is there already, without {download.holds}: rename or delete it, then run again"
                )
            path.replace(root / path.name)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FetchError(f"{archive} cannot be unpacked ({reason}): delete it and run the command again") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], contextlib.AbstractContextManager[IO[bytes]]]]]:
    """(name, bytes, how to open) of each file of a .zip or .tar.gz; FetchError for links and devices, which no corpus has."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise FetchError(f"{archive} holds a link ({entry.filename!r}): it is not what it should be; delete it")
                if not entry.is_dir():
                    yield entry.filename, entry.file_size, lambda entry=entry: file.open(entry)
        return
    # As a stream: 100 GB are not read twice.
    with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as file:
        for entry in file:
            if not (entry.isfile() or entry.isdir()):
                raise FetchError(f"{archive} holds a link or device ({entry.name!r}): it is not what it should be; delete it")
            if entry.isfile():
                yield entry.name, entry.size, lambda entry=entry: file.extractfile(entry)
        while content.read(BLOCK):  # gzip compares its checksum at the end
            pass


def _inside(folder: Path, name: str, archive: Path) -> Path:
    """The place of a member below `folder`; FetchError for a name that leads out of it."""
    parts = Path(name.replace("\\", "/")).parts
    if not parts or Path(name).is_absolute() or ".." in parts or ":" in parts[0]:
        raise FetchError(f"{archive} holds a path that leads out of it ({name!r}): it is not what it should be; delete it")
    return folder.joinpath(*parts)
