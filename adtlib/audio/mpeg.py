"""The frames of mp3 files, counted: their headers often state another length, or none, and libmpg123 hears no more than is stated.

A file may be several recordings in a row (`cat a.mp3 b.mp3`), hold tags and junk between frames, or be cut. Each recording is given
to the decoder as its frames alone, with a header that states their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO

from adtlib.audio.pieces import Contents, Piece

_BITRATES = {  # kbit/s, by (MPEG 1, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # Hz, by the version's bits
_SEARCHED = 1 << 18  # bytes of junk before or between frames
_IN_A_ROW = 4  # frames that follow each other are no accident
_SHARE = 0.5  # of a file; other formats contain what looks like some frames
_MISCOUNTED = 1  # frame: so far tags of whole files are off, as some writers count the tag


@dataclass(frozen=True)
class _Frame:
    """A header: what is the same in all frames of a recording, and the size of this one."""

    kind: tuple[int, int, int, bool]  # version, layer, rate, mono
    length: int  # bytes
    samples: int

    @property
    def tag_at(self) -> int:
        """Where the tag of the first frame lies that states the number of frames: after the side information."""
        version, _, _, mono = self.kind
        return 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))


@lru_cache(maxsize=1 << 14)
def _frame(header: bytes) -> _Frame | None:
    """The frame of a header of four bytes, of which the last counts for mono only; None where it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate == 3 or bitrate in (0, 15):
        return None
    hertz, bits = _RATES[version][rate], 1000 * _BITRATES[version == 3, layer][bitrate - 1]
    samples = {1: 384, 2: 1152, 3: 1152 if version == 3 else 576}[layer]
    length = (12 * bits // hertz + padding) * 4 if layer == 1 else samples // 8 * bits // hertz + padding
    return _Frame((version, layer, hertz, header[3] >> 6 == 3), length, samples)


class _Window:
    """Reads of a few bytes anywhere in a file, a megabyte at a time."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size, self._start, self._data = file, size, 0, b""

    def at(self, offset: int, count: int) -> bytes:
        begin = offset - self._start
        if begin < 0 or begin + count > len(self._data):
            self.file.seek(offset)
            self._start, self._data = offset, self.file.read(max(count, 1 << 20))
            begin = 0
        return self._data[begin : begin + count]

    def frame(self, offset: int) -> _Frame | None:
        header = self.at(offset, 4)
        return _frame(header[:3] + bytes([header[3] & 0xC0])) if len(header) == 4 else None

    def in_a_row(self, offset: int) -> bool:
        """Whether frames of one kind begin here and follow each other, to the end of the file if there are few."""
        kind, at = None, offset
        for count in range(_IN_A_ROW):
            frame = self.frame(at)
            if frame is None or (kind is not None and frame.kind != kind):
                return False
            kind, at = frame.kind, at + frame.length
            if at > self.size - 4:  # no whole header is left
                return at == self.size or count > 0
        return True

    def next_frame(self, offset: int) -> int | None:
        """Where the next frames begin, after tags and junk."""
        searched = offset
        while True:
            while tag := self.tag_length(offset):
                offset += tag
            data = self.at(offset, _SEARCHED)[:_SEARCHED]
            at = max(0, searched - offset)
            while (at := data.find(b"\xff", at)) >= 0:
                if self.in_a_row(offset + at):
                    return offset + at
                at += 1
            searched = offset + len(data)
            tag = data.find(b"ID3", 1)
            if tag < 0 or not self.tag_length(offset + tag):
                return None
            offset += tag

    def tag_length(self, offset: int) -> int:
        """The length of a tag that begins here, else 0."""
        header = self.at(offset, 32)
        if header[:3] == b"ID3" and len(header) > 9 and max(header[6:10]) < 128:
            length = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
            return 10 + length + (10 if header[5] & 0x10 else 0)
        if header[:8] == b"APETAGEX":
            return 32 + int.from_bytes(header[12:16], "little")
        return 128 if header[:3] == b"TAG" and offset + 128 == self.size else 0


@dataclass
class _Recording:
    """Frames that belong together."""

    first: _Frame
    header: bytes  # of the first frame
    stated: int | None = None  # number of frames, in the tag
    tag: bytes = b""  # the frame with the tag, which holds no sound
    pieces: list[list[int]] = field(default_factory=list)
    count: int = 0
    lengths: set[int] = field(default_factory=set)

    def add(self, offset: int, frame: _Frame) -> None:
        if self.pieces and self.pieces[-1][1] == offset:
            self.pieces[-1][1] = offset + frame.length
        else:
            self.pieces.append([offset, offset + frame.length])
        self.count += 1
        self.lengths.add(frame.length)

    @property
    def part(self) -> tuple[Piece, ...]:
        """The pieces for the decoder. Without a tag it takes the first frames' bitrate for that of all."""
        pieces = tuple((start, stop) for start, stop in self.pieces)
        varies = len(self.lengths) > 1 and max(self.lengths) - min(self.lengths) > 4
        tag = self.tag or (self._made_tag() if varies and self.first.kind[1] == 3 else b"")
        if not tag:
            return pieces
        size = len(tag) + sum(stop - start for start, stop in pieces)
        return _stating(tag, self.first.tag_at, self.count, size), *pieces

    @property
    def lacks(self) -> int:
        """Frames that the tag states and that are not there."""
        return self.stated - self.count if self.stated else 0

    @property
    def missing(self) -> float:
        """The same in seconds."""
        return self.lacks * self.first.samples / self.first.kind[2]

    def _made_tag(self) -> bytes:
        """A silent frame with an empty tag, at a bitrate that has room for it."""
        for bits in range(0x10, 0xF0, 0x10):
            header = bytes([0xFF, self.header[1] | 1, bits | self.header[2] & 0x0C, self.header[3]])
            frame = _frame(header[:3] + bytes([header[3] & 0xC0]))
            if frame.length >= frame.tag_at + 16:
                break
        content = bytearray(header).ljust(frame.length, b"\0")
        content[frame.tag_at : frame.tag_at + 8] = b"Xing\0\0\0\3"
        return bytes(content)


def _stating(tag: bytes, at: int, count: int, size: int) -> bytes:
    """The tag with the number of frames and, where it has them, of bytes."""
    content = bytearray(tag)
    content[at + 8 : at + 12] = count.to_bytes(4, "big")
    if content[at + 7] & 2:
        content[at + 12 : at + 16] = size.to_bytes(4, "big")
    return bytes(content)


def frames_of(file: BinaryIO, size: int, searching: bool) -> Contents | None:
    """The recordings in a file of MPEG frames, None where it is none.

    searching  skip junk at the start; without it the file begins with a frame or with tags.
    """
    window = _Window(file, size)
    begins = window.at(0, 3) == b"ID3" or window.in_a_row(0)
    first = window.next_frame(0) if begins or searching else None
    if first is None or not window.in_a_row(first):
        return None
    recordings, framed, skipped, cut = _recordings(window, first)
    if framed < _SHARE * (size - first):
        return None
    if not recordings:
        return Contents(broken="ends before its first frame of sound does")
    remarks = []
    if len(recordings) > 1:
        remarks.append(f"it holds {len(recordings)} recordings, one after the other")
    if missing := sum(each.missing for each in recordings if each.lacks > (0 if cut and each is recordings[-1] else _MISCOUNTED)):
        remarks.append(f"{missing:.2f} s of the length that its header states are missing: it is cut or damaged")
    elif cut and recordings[-1].stated is None:
        remarks.append("it ends within a frame: it is cut")
    if skipped:
        remarks.append(f"{skipped:,} bytes between its frames are no sound and were skipped")
    return Contents(tuple(each.part for each in recordings), "; ".join(remarks))


def _recordings(window: _Window, at: int) -> tuple[list[_Recording], int, int, bool]:
    """(the recordings, bytes in frames, bytes of junk between frames, whether the end is missing)."""
    found: list[_Recording] = []
    framed, skipped, cut, end = 0, 0, False, 0
    for offset, frame, junk in _frames(window, at):
        framed += min(frame.length, window.size - offset)
        skipped += junk
        if offset + frame.length > window.size:
            cut = True
            break
        tag = _tag_of(window, offset, frame)
        if tag is not None or not found or frame.kind != found[-1].first.kind:
            found.append(_Recording(frame, window.at(offset, 4), *(tag or ())))
        if tag is None:
            found[-1].add(offset, frame)
        else:
            end = offset + _stated_bytes(tag[1], frame.tag_at)  # of the last recording that states one
    cut = cut or end > window.size
    return [each for each in found if each.count], framed, skipped, cut


def _frames(window: _Window, at: int) -> Iterator[tuple[int, _Frame, int]]:
    """(offset, frame, bytes of junk before it)."""
    kind = None
    while at + 4 <= window.size:
        frame, junk = window.frame(at), 0
        if frame is None or (kind is not None and frame.kind != kind and not window.in_a_row(at)):
            tagged = window.tag_length(at)
            following = window.next_frame(at)
            if following is None:
                return
            junk, at = (0 if tagged else following - at), following
            frame = window.frame(at)
        yield at, frame, junk
        kind, at = frame.kind, at + frame.length


def _tag_of(window: _Window, offset: int, frame: _Frame) -> tuple[int | None, bytes] | None:
    """(stated number of frames, the frame) if a frame holds a tag in place of sound; without bytes if it must be made anew."""
    head = window.at(offset, frame.tag_at + 16)
    if head[frame.tag_at : frame.tag_at + 4] in (b"Xing", b"Info") and frame.kind[1] == 3:
        if not head[frame.tag_at + 7] & 1:
            return None, b""
        return int.from_bytes(head[frame.tag_at + 8 : frame.tag_at + 12], "big"), window.at(offset, frame.length)
    vbri = window.at(offset + 36, 18)
    return (int.from_bytes(vbri[14:18], "big"), b"") if vbri[:4] == b"VBRI" else None


def _stated_bytes(tag: bytes, at: int) -> int:
    """The length of a recording from its tag on, 0 where the tag does not state it."""
    return int.from_bytes(tag[at + 12 : at + 16], "big") if tag and tag[at + 7] & 2 else 0


def estimated_seconds(file: BinaryIO) -> float | None:
    """The duration of an mp3 by its first frame: the number of frames in its tag, or the bitrate. None where it is no mp3."""
    size = file.seek(0, 2)
    window = _Window(file, size)
    first = window.next_frame(0) if window.at(0, 3) == b"ID3" or window.in_a_row(0) else None
    if first is None or not window.in_a_row(first):
        return None
    frame = window.frame(first)
    stated = (_tag_of(window, first, frame) or (None,))[0]
    return (stated or (size - first) / frame.length) * frame.samples / frame.kind[2]
