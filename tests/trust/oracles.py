"""What is right, stated independently of adtlib: a strict reader of MIDI, one of annotated lines, and equality of results."""

import re

import numpy as np

LATEST = 400_000.0  # seconds: nothing that is read as an onset lies later
_LINE = re.compile(r"(\d{1,5}(?:\.\d{1,9})?)[\t ]+([A-Za-z]{2,4})")


def same(one, other) -> bool:
    """Whether two results are equal: arrays by shape and value, containers by their parts; NaN equals NaN."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    return one == other or (one != one and other != other)


def strict_lines(content: bytes) -> list[tuple[float, str]] | None:
    """(seconds, label) of each line of "<seconds> <label>"; None where any line is not exactly that."""
    if not content.isascii() or not content.strip() or b"\r" in content:
        return None
    found = [_LINE.fullmatch(line) for line in content.decode().rstrip("\n").split("\n")]
    return [(float(match[1]), match[2]) for match in found] if all(found) else None


def strict_midi(data: bytes) -> list[tuple[float, int, int]] | None:
    """(seconds, pitch, velocity) of each note-on, sorted; None where the file does not follow the standard to the letter."""
    try:
        if data[:8] != b"MThd\0\0\0\6" or int.from_bytes(data[8:10]) > 1:
            return None
        n_tracks, division, place = int.from_bytes(data[10:12]), int.from_bytes(data[12:14]), 14
        notes, tempos = [], []
        for _ in range(n_tracks):
            size = int.from_bytes(data[place + 4 : place + 8])
            if data[place : place + 4] != b"MTrk" or place + 8 + size > len(data):
                return None
            _strict_track(data[place + 8 : place + 8 + size], notes, tempos)
            place += 8 + size
        if place != len(data) or not 0 < division < 0x8000 or not n_tracks or (data[9] == 0 and n_tracks != 1):
            return None
        return sorted((_seconds(tick, tempos, division), pitch, velocity) for tick, pitch, velocity in notes)
    except (IndexError, ValueError):
        return None


def _strict_track(track: bytes, notes: list, tempos: list) -> None:
    place = tick = status = 0

    def number() -> int:
        nonlocal place
        value = 0
        for _ in range(4):
            value, more = value << 7 | track[place] & 0x7F, track[place] & 0x80
            place += 1
            if not more:
                return value
        raise ValueError

    while True:
        tick += number()
        if track[place] >= 0x80:
            status, place = track[place], place + 1
        if status == 0xFF:
            kind, place = track[place], place + 1
            size = number()
            payload, place = track[place : place + size], place + size
            if kind == 0x2F:
                if size or place != len(track):
                    raise ValueError
                return
            if kind == 0x51:
                if size != 3 or not any(payload):
                    raise ValueError
                tempos.append((tick, int.from_bytes(payload)))
            status = 0
        elif status in (0xF0, 0xF7):
            size = number()
            place, status = place + size, 0
        elif 0x80 <= status < 0xF0:
            values = track[place : place + (1 if 0xC0 <= status < 0xE0 else 2)]
            place += len(values)
            if max(values) >= 0x80 or place >= len(track):
                raise ValueError
            if 0x90 <= status < 0xA0 and values[1]:
                notes.append((tick, values[0], values[1]))
        else:
            raise ValueError


def _seconds(tick: int, tempos: list[tuple[int, int]], division: int) -> float:
    seconds, last, tempo = 0.0, 0, 500_000
    for at, new in sorted(tempos, key=lambda change: change[0]):
        if at > tick:
            break
        seconds, last, tempo = seconds + (at - last) * tempo / division / 1e6, at, new
    return seconds + (tick - last) * tempo / division / 1e6
