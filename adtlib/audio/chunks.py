"""What wav, aiff, au, caf, w64, rf64 and ogg files announce, compared with the bytes that are there.

libsndfile believes headers: of a file that is cut it reads what is left, and of two in a row the first, both without a word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from adtlib.audio.pieces import Contents, Piece, Pieces

_SLACK = 64  # bytes: some writers count a header or a padding byte too much
_UNNOTICED = 4096  # bytes after the samples that are no cause for a warning
# Sizes that writers leave which cannot go back to the header (SoX, arecord, ffmpeg and others); some take off the header's length.
_STREAMED = (0x7F000008, 0x7FFFF000, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def is_known(start: bytes) -> bool:
    """Whether the first four bytes of a file say what it is: wav, aiff, au, caf, w64, rf64, ogg or flac, not MPEG."""
    return start in _LAYOUTS or start in _AU_ORDERS or start in (b"OggS", b"fLaC")


def announced_contents(file: BinaryIO, size: int, start: bytes) -> Contents:
    """Look through a file of `size` bytes whose first four are `start`. Other kinds of files are taken as they are."""
    if start in _LAYOUTS:
        return _in_a_row(file, size, start)
    if start in _AU_ORDERS:
        return _au(file, size, _AU_ORDERS[start])
    return _ogg(file, size) if start == b"OggS" else Contents()


# --- chunks --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """How a format writes chunks: a name, a size, the content, padding."""

    order: str
    first: int  # where the first chunk begins
    samples: bytes | tuple[bytes, ...]  # how the name of the chunk with the samples begins
    name_bytes: int = 4
    size_bytes: int = 4
    padding: int = 2
    counts_itself: bool = False  # whether the size includes name and size


_LAYOUTS = {
    b"RIFF": _Layout("little", 12, b"data"),
    b"RIFX": _Layout("big", 12, b"data"),
    b"RF64": _Layout("little", 12, b"data"),
    b"BW64": _Layout("little", 12, b"data"),
    b"FORM": _Layout("big", 12, (b"SSND", b"BODY")),
    b"riff": _Layout("little", 40, b"data", name_bytes=16, size_bytes=8, padding=8, counts_itself=True),  # Sony Wave64
    b"caff": _Layout("big", 8, b"data", size_bytes=8, padding=1),
}

_AU_ORDERS = {b".snd": "big", b"dns.": "little"}


def _chunks(file: BinaryIO, size: int, layout: _Layout, at: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, where its content begins, its size) of each chunk, until something else follows."""
    head = layout.name_bytes + layout.size_bytes
    while at + head <= size:
        file.seek(at)
        header = file.read(head)
        name, length = header[: layout.name_bytes], int.from_bytes(header[layout.name_bytes :], layout.order)
        length -= head if layout.counts_itself else 0
        if length < 0 or name[:4] in _LAYOUTS or not all(32 <= letter < 127 for letter in name[:4]):
            return
        yield name, at + head, length
        at += head + -(-length // layout.padding) * layout.padding


def _in_a_row(file: BinaryIO, size: int, start: bytes) -> Contents:
    """The recording that begins with these four bytes, and others that were put behind it."""
    parts, at = [], 0
    while isinstance(found := _chunked(Pieces(file, [(at, size)]), size - at, _LAYOUTS[start]), int):
        parts.append(((at, at + found),))
        at += found
        file.seek(at)
        start = file.read(4)
    if not parts:
        return found
    rest = found.parts or (((0, size - at),),)
    moved = [tuple(piece if isinstance(piece, bytes) else (piece[0] + at, piece[1] + at) for piece in part) for part in rest]
    return Contents((*parts, *moved), f"it holds {len(parts) + len(moved)} recordings, one after the other", found.broken)


def _chunked(file: BinaryIO, size: int, layout: _Layout) -> Contents | int:
    """What is found of one recording, or where it ends and the next begins."""
    long = None  # the size of the samples in RF64, whose chunk has no room for it
    for name, begin, length in _chunks(file, size, layout, layout.first):
        if name == b"ds64":
            file.seek(begin + 8)
            long = int.from_bytes(file.read(8), "little")
        elif name.startswith(layout.samples):
            announced = long if long is not None and length == 0xFFFFFFFF else length
            return _samples(file, size, layout, begin, announced)
    return Contents()


def _samples(file: BinaryIO, size: int, layout: _Layout, begin: int, announced: int) -> Contents | int:
    """Compare the announced size of the samples, which begin here, with the bytes that are there; returns as `_chunked`."""
    there = size - begin
    streamed = _is_streamed(announced)
    if streamed and layout is _LAYOUTS[b"caff"]:  # libsndfile refuses it
        return Contents((_with_size(begin, layout, there, size),))
    if announced > there:
        return Contents() if streamed else _cut(there, announced)
    end = begin + -(-announced // layout.padding) * layout.padding
    for _, start, length in _chunks(file, size, layout, end):
        end = start + -(-length // layout.padding) * layout.padding
    if size - end <= _UNNOTICED:
        return Contents()
    if announced == 0:  # streamed, too
        return Contents((_with_size(begin, layout, there, size),))
    file.seek(end)
    if file.read(4) in _LAYOUTS:
        return end
    return Contents((), f"its header announces {announced:,} bytes of samples, and {size - end:,} bytes follow that were not read")


def _with_size(begin: int, layout: _Layout, there: int, size: int) -> tuple[Piece, ...]:
    """The file with the size of its samples in the header."""
    return (0, begin - layout.size_bytes), there.to_bytes(layout.size_bytes, layout.order), (begin, size)


def _au(file: BinaryIO, size: int, order: str) -> Contents:
    file.seek(4)
    begin, announced = (int.from_bytes(file.read(4), order) for _ in range(2))
    return _cut(size - begin, announced) if announced > size - begin and not _is_streamed(announced) else Contents()


def _is_streamed(announced: int) -> bool:
    return any(0 <= mark - announced <= 4096 for mark in _STREAMED)


def _cut(there: int, announced: int) -> Contents:
    cut = announced - there > _SLACK
    return Contents(broken=f"is truncated ({there:,} of {announced:,} bytes of samples)" if cut else "")


# --- Ogg -----------------------------------------------------------------------------------------------------------------


def _ogg(file: BinaryIO, size: int) -> Contents:
    """The streams that follow each other (RFC 3533): pages with flags for the first and the last of a stream."""
    starts, running, at, whole = [], set(), 0, True
    while at + 27 <= size:
        file.seek(at)
        header = file.read(27)
        if header[:4] != b"OggS":
            break  # a tag that something put at the end
        lengths = file.read(header[26])
        first, last, stream = header[5] & 2, header[5] & 4, header[14:18]
        if first and not running:
            starts.append(at)
        if first:
            running.add(stream)
        at += 27 + len(lengths) + sum(lengths)
        whole = at <= size
        if last and whole:
            running.discard(stream)
    ends = [*starts[1:], size]
    parts = tuple(((start, end),) for start, end in zip(starts, ends, strict=True)) if len(starts) > 1 else ()
    several = [f"it holds {len(parts)} recordings, one after the other"] if parts else []
    cut = [] if whole and not running else ["its last page is missing: it is cut, or was never finished"]
    return Contents(parts, "; ".join(several + cut))
