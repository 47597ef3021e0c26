"""Reading Standard MIDI Files: chunks, delta times, and events (MIDI Manufacturers Association, RP-001).

Players play many files that contradict themselves, and so they are read here: RIFF MIDI and other bytes before the header, unknown
chunks and junk between tracks, more or fewer tracks than announced, lengths of tracks that do not agree with their end, and meta
events of any length, as nothing of them is interpreted here. Where something may have been lost, `remarks` says what.
"""

from pathlib import Path
from typing import NamedTuple

MIDI_SUFFIXES = (".mid", ".midi")
MAX_BYTES = 2**24  # of a file: the longest songs at hand have 2**18, and events need some 50 times their bytes
_LONGEST = 0x0FFFFFFF  # of a number of variable length
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}  # of channel messages
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}  # they mean nothing in a file
META, SYSEX = 0xFF, 0xF0
TEXT, TRACK_NAME, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE = 0x01, 0x03, 0x2F, 0x51, 0x58  # types of meta events

# (tick from the start, status, first, second). Of a channel message: its data bytes, 0 where it has only one. Of a meta event:
# status META, type, content. Of a system exclusive message: status SYSEX, 0, content.
Event = tuple[int, int, int, int | bytes]


class MidiError(ValueError):
    """A MIDI file that cannot be read. The message states reason and remedy; the caller adds the name of the file."""


class MidiFile(NamedTuple):
    """Content of a file.

    kind      0: one track, 1: tracks of one song, 2: independent patterns.
    division  ticks a beat; negative: time code, see `midi.tick_seconds`.
    tracks    the events of each, in order of time.
    remarks   what may have been lost, a clause for each.
    """

    kind: int
    division: int
    tracks: list[list[Event]]
    remarks: list[str]


def read_file(path: Path | str) -> MidiFile:
    """Read a file. Raises MidiError where it cannot be opened, is too large, damaged, or not a MIDI file."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MidiError(f"larger than {MAX_BYTES / 2**20:.0f} MiB, so probably not a MIDI file of a song; name another")
        content = path.read_bytes()
    except OSError as error:
        raise MidiError(f"it cannot be opened ({error.strerror}); check the file") from None
    return parse(content)


def parse(content: bytes) -> MidiFile:
    """The content of a file. Raises MidiError where it is damaged or not a MIDI file."""
    head = content.find(b"MThd")
    if head < 0 or len(content) < head + 14:
        reason = "there is no MThd in it" if head < 0 else "it ends within its header"
        raise MidiError(f"damaged or not a MIDI file ({reason}); export or download it again")
    kind, announced = (int.from_bytes(content[head + at : head + at + 2], "big") for at in (8, 10))
    division = int.from_bytes(content[head + 12 : head + 14], "big", signed=True)
    if not division:
        raise MidiError("damaged MIDI file (time division 0: its times cannot be known); export or download it again")
    first = head + 8 + int.from_bytes(content[head + 4 : head + 8], "big")
    if not _is_chunk(content, first):
        first = head + 14
    tracks, remarks = _read_tracks(content, first, skip_chunks=True)
    if len(tracks) < announced:  # an unknown chunk with a wrong length may hide tracks
        others, their_remarks = _read_tracks(content, first, skip_chunks=False)
        if len(others) > len(tracks):
            tracks, remarks = others, their_remarks
    if not tracks:
        raise MidiError("damaged MIDI file (it holds no track); export or download it again")
    if len(tracks) < announced:
        remarks.append(f"{announced} tracks are announced, but there are {len(tracks)}; if notes are missing, export it again")
    return MidiFile(kind, division, tracks, remarks)


def _is_chunk(content: bytes, at: int) -> bool:
    """Whether a chunk begins here, known or not, that ends within the file."""
    name = content[at : at + 4]
    if name == b"MTrk":
        return True
    length = int.from_bytes(content[at + 4 : at + 8], "big")
    return len(name) == 4 and all(0x20 <= letter < 0x7F for letter in name) and at + 8 + length <= len(content)


def _read_tracks(content: bytes, at: int, skip_chunks: bool) -> tuple[list[list[Event]], list[str]]:
    """(events of each track, remarks); `skip_chunks` believes the lengths of unknown chunks."""
    tracks, remarks, padding = [], [], len(content.rstrip(b"\0"))
    while at < padding:
        if content.startswith(b"MTrk", at):
            if at + 8 > len(content):
                raise MidiError(f"damaged MIDI file (it ends where track {len(tracks) + 1} begins); export or download it again")
            events, at, remark = _Track(content, at + 8, len(tracks) + 1, padding).read()
            tracks.append(events)
            remarks += remark
        elif content.startswith(b"MThd", at):
            remarks.append(f"another MIDI file follows at byte {at:,} and was not read; split them, or export one song")
            break
        elif skip_chunks and _is_chunk(content, at):
            at += 8 + int.from_bytes(content[at + 4 : at + 8], "big")
        elif (at := content.find(b"MTrk", at)) < 0:
            break
    return tracks, remarks


def meter(content: bytes) -> tuple[int, int] | None:
    """(beats, unit) of a time signature's content; None where it states no metre that can be written."""
    if len(content) < 2 or not content[0] or content[1] > 6:
        return None
    return content[0], 2 ** content[1]


def data_bytes(status: int) -> int:
    """Number of data bytes of a channel message."""
    return _DATA_BYTES[status & 0xF0]


def variable_length(number: int) -> bytes:
    """A number as files state lengths and delta times."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


class _Track:
    """One track chunk. Its end-of-track event and its length can disagree; then the one that leaves nothing unread is believed."""

    def __init__(self, content: bytes, start: int, number: int, padding: int):
        """A track whose events begin at `start`; from `padding` on the file has only zeros."""
        self.content, self.start, self.number, self.padding = content, start, number, padding
        self.end = start + int.from_bytes(content[start - 4 : start], "big")

    def read(self) -> tuple[list[Event], int, list[str]]:
        """(events, position after the track, remarks)."""
        events: list[Event] = []
        at, tick, status = self._until_end(events, self.start, 0, 0)
        if at >= min(self.end, self.padding) or self.end > len(self.content) or self.content.find(b"MTrk", at, self.end) >= 0:
            return events, at, []
        # Bytes between the end-of-track event and the end of the chunk: events of a careless program, or anything.
        later: list[Event] = []
        position = at
        try:
            while position < self.end:
                position, tick, status = self._until_end(later, position, tick, status)
        except MidiError:
            return events, at, []
        notes = sum(1 for _, status, _, second in later if status & 0xF0 == 0x90 and second)
        if position != self.end or not notes:
            return events, at, []
        return events + later, self.end, [f"track {self.number}: {notes} notes follow its end, where players stop; they were read"]

    def _until_end(self, events: list[Event], at: int, tick: int, status: int) -> tuple[int, int, int]:
        """Append events up to an end-of-track event, or the chunk's end where there is none: (position, tick, running status)."""
        try:
            return self._events(events, at, tick, status)
        except IndexError:
            place = f"it ends within track {self.number}, at byte {len(self.content):,}"
            raise MidiError(f"damaged MIDI file ({place}); export or download it again") from None

    def _events(self, events: list[Event], at: int, tick: int, status: int) -> tuple[int, int, int]:
        content, end, size = self.content, self.end, len(self.content)
        while True:
            if at == end and (at >= self.padding or _is_chunk(content, at)):
                return at, tick, status
            delta = content[at]
            at += 1
            if delta > 0x7F:
                delta, at = self._number(at - 1)
            tick += delta
            byte = content[at]
            if byte > 0x7F:
                at += 1
                if byte < 0xF0:
                    status = byte
            elif status:
                byte = status
            else:
                raise self._damaged("a message without a status", at)
            if byte < 0xF0:
                if _DATA_BYTES[byte & 0xF0] == 2:
                    events.append((tick, byte, content[at], content[at + 1]))
                    at += 2
                else:
                    events.append((tick, byte, content[at], 0))
                    at += 1
                continue
            if byte in _SYSTEM_BYTES:
                at += _SYSTEM_BYTES[byte]
                continue
            if byte not in (META, SYSEX, 0xF7):
                raise self._damaged(f"an undefined status {byte:#x}", at - 1)
            kind = 0
            if byte == META:
                kind = content[at]
                at += 1
            length, at = self._number(at)
            if at + length > size:
                raise IndexError
            events.append((tick, META if byte == META else SYSEX, kind, content[at : at + length]))
            at += length
            if byte == META and kind == END_OF_TRACK:
                return at, tick, status

    def _number(self, at: int) -> tuple[int, int]:
        """(a number of variable length, position after it)."""
        value = 0
        while value <= _LONGEST:
            byte = self.content[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                break
        if value > _LONGEST:
            raise self._damaged("a number of more than four bytes", at)
        return value, at

    def _damaged(self, what: str, at: int) -> MidiError:
        return MidiError(f"damaged MIDI file (track {self.number} has {what} at byte {at:,}); export or download it again")
