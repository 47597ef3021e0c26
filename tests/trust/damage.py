"""A valid file, damaged at random. Everything follows from the generator that is given, so that a seed repeats a case.

`damaged_bytes` knows nothing of formats but that they hold numbers, tags of four letters and chunks. `damaged_text` works on lines
and numbers, `damaged_value` on what JSON and YAML hold; `damaged` chooses by a file's suffix.
"""

import copy
import io
import json
import re
import struct
from random import Random
from typing import Any

import numpy as np
import yaml

CUT = "cut"  # the only kind that every reader can notice: the end is missing

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**62, 2**63, 2**64 - 1)
_NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e308",
    "1e18",
    "-0.0",
    "1e-3",
    "1,5",
    "0x10",
    "1_000",
    "99999999999999999999",
    "",
    "x",
)
_VALUES = (
    None,
    True,
    False,
    0,
    -1,
    3,
    2**31,
    2**63,
    10**30,
    0.5,
    1e308,
    -1e18,
    float("nan"),
    float("inf"),
    "",
    "x",
    "1e-3",
    "../../x",
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TAG = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}")


# --- bytes ---------------------------------------------------------------------------------------------------------------


def _flip(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(data: bytearray, random: Random) -> None:
    start, size = random.randrange(len(data)), random.choice((1, 2, 4, 8, 64))
    fill = random.choice((b"\0", b"\xff", b"\x80", bytes([random.randrange(256)])))
    data[start : start + size] = fill * len(data[start : start + size])


def _number(data: bytearray, random: Random) -> None:
    """An integer of 1 to 8 bytes somewhere becomes an extreme one, or its neighbour: lengths, counts, rates."""
    size, order = random.choice((1, 2, 4, 4, 8)), random.choice(("little", "big"))
    start = random.randrange(max(1, min(len(data), random.choice((48, len(data))))))  # headers more often
    old = int.from_bytes(data[start : start + size], order)
    new = random.choice((*_EDGES, old + 1, old - 1, old * 2, old // 2)) % (1 << 8 * size)
    data[start : start + size] = new.to_bytes(size, order)


def _real(data: bytearray, random: Random) -> None:
    start, form = random.randrange(len(data)), random.choice(("<f", ">f", "<d"))
    value = struct.pack(form, random.choice((float("nan"), float("inf"), 1e30, -1e30, 0.0)))
    data[start : start + len(value)] = value


def _remove(data: bytearray, random: Random) -> None:
    start = random.randrange(len(data))
    del data[start : start + random.choice((1, 2, 4, 16, 256))]


def _insert(data: bytearray, random: Random) -> None:
    start, size = random.randrange(len(data) + 1), random.choice((1, 2, 4, 16, 256))
    data[start:start] = random.choice((bytes(size), random.randbytes(size)))


def _double(data: bytearray, random: Random) -> None:
    start, to = random.randrange(len(data)), random.randrange(len(data) + 1)
    data[to:to] = data[start : start + random.choice((1, 4, 16, 64, 1024))]


def _chunks(data: bytearray, random: Random) -> None:
    """Chunks, which begin with a tag of four letters, are doubled, removed, swapped, or get another tag."""
    places = [match.start() for match in _TAG.finditer(bytes(data[:65_536]))]
    if len(places) < 2:
        return _flip(data, random)
    first = random.randrange(len(places) - 1)
    start, end = places[first], places[random.randrange(first + 1, len(places))]
    what, chunk = random.randrange(4), data[start:end]
    if what == 0:
        data[end:end] = chunk
    elif what == 1:
        del data[start:end]
    elif what == 2:
        data[start:end] = data[end : 2 * end - start] + chunk
    else:
        data[start : start + 4] = data[end : end + 4]
    return None


_BYTE_DAMAGES = (_flip, _flip, _overwrite, _number, _number, _real, _remove, _insert, _double, _chunks)


def damaged_bytes(content: bytes, random: Random) -> tuple[bytes, str]:
    """(content with one to three damages, their kinds)."""
    data = bytearray(content)
    if random.random() < 0.15:
        return bytes(data[: random.randrange(len(data))]), CUT
    kinds = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        damage = random.choice(_BYTE_DAMAGES)
        if data:
            damage(data, random)
            kinds.append(damage.__name__.strip("_"))
    return bytes(data), " ".join(kinds)


# --- text ----------------------------------------------------------------------------------------------------------------


def damaged_text(content: bytes, random: Random) -> tuple[bytes, str]:
    """(UTF-8 text with one to three damages of lines, words and numbers, their kinds); one time in four the bytes are damaged."""
    if random.random() < 0.25:
        return damaged_bytes(content, random)
    lines, kinds = content.decode().splitlines(), []
    for _ in range(random.choice((1, 1, 2, 3))):
        kinds.append(_damage_lines(lines, random))
    text = random.choice(("\n", "\n", "\n", "\r\n", "\r")).join(lines) + random.choice(("\n", ""))
    return text.encode(random.choice(("utf-8",) * 6 + ("utf-8-sig", "utf-16", "cp1252")), errors="replace"), " ".join(kinds)


def _damage_lines(lines: list[str], random: Random) -> str:
    if not lines:
        return "nothing"
    what, at = (
        random.choice(("drop", "double", "move", "number", "number", "separator", "word", "join", "junk")),
        random.randrange(len(lines)),
    )
    if what == "drop":
        del lines[at]
    elif what == "double":
        lines.insert(random.randrange(len(lines) + 1), lines[at])
    elif what == "move":
        lines.insert(random.randrange(len(lines)), lines.pop(at))
    elif what == "number" and (found := list(_NUMBER.finditer(lines[at]))):
        match = random.choice(found)
        lines[at] = lines[at][: match.start()] + random.choice(_NUMBERS) + lines[at][match.end() :]
    elif what == "separator":
        lines[at] = re.sub(r"[\t,;: ]", lambda _: random.choice(("\t", ",", ";", ":", "  ", "\0", "|")), lines[at], count=1)
    elif what == "word":
        words = lines[at].split(" ")
        words[random.randrange(len(words))] = random.choice((*_NUMBERS, '"', "'", "KD,SD", "?" * 300, "é", "../../x", "/x", "# x"))
        lines[at] = " ".join(words)
    elif what == "join":
        lines[at] += random.choice(("", " ", ",")) + lines[random.randrange(len(lines))]
    else:
        lines.insert(at, random.choice(("", "#", "time,label", "\0", "[", "{", "- - -", "a: b: c", "%PDF", "<html>", "\x1b[31m")))
    return what


# --- values --------------------------------------------------------------------------------------------------------------


def damaged_value(value: Any, random: Random) -> Any:
    """A copy of what JSON or YAML hold, with one to three values replaced, left out, doubled or renamed."""
    root = {"": copy.deepcopy(value)}
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(_places(root))
        holder, key = random.choice(places[1:] or places) if random.random() < 0.97 else places[0]
        what = random.randrange(6)
        if what == 0 and holder is not root:
            del holder[key]
        elif what == 1 and isinstance(holder, dict) and holder is not root:
            holder[random.choice(("x", 1, None, f"{key}s", "1"))] = holder.pop(key)
        elif what == 2 and isinstance(holder, list):
            holder.insert(key, holder[key])
        elif what == 3:
            other, name = random.choice(places)
            holder[key] = copy.deepcopy(other[name]) if name in (other if isinstance(other, dict) else range(len(other))) else None
        else:
            holder[key] = random.choice((*_VALUES, [], {}, [[]], {"x": 1}, [None], [1, "x"], str(holder[key])))
    return root[""]


def _places(holder: dict | list):
    """(dictionary or list, key or index) of every value, outer ones first."""
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)


# --- files -----------------------------------------------------------------------------------------------------------------


def damaged(name: str, content: bytes, random: Random) -> tuple[bytes, str]:
    """(content of a file damaged as its suffix allows, kind of the damage)."""
    suffix = name.rpartition(".")[2]
    structured = {"json": _json, "ipynb": _json, "yaml": _yaml, "safetensors": _safetensors, "npz": _npz}.get(suffix)
    if structured and random.random() < 0.5:
        return structured(content, random), "value"
    return (damaged_text if suffix in ("json", "ipynb", "yaml", "txt", "csv", "tsv", "beats") else damaged_bytes)(content, random)


def _json(content: bytes, random: Random) -> bytes:
    return json.dumps(damaged_value(json.loads(content), random)).encode()


def _yaml(content: bytes, random: Random) -> bytes:
    return yaml.safe_dump(damaged_value(yaml.safe_load(content), random)).encode()


def _safetensors(content: bytes, random: Random) -> bytes:
    """Another header: of the tensors, or the JSON that adtlib stores in it."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    stated = header.get("__metadata__", {})
    if stated and random.random() < 0.7:
        key = next(iter(stated))
        stated[key] = json.dumps(damaged_value(json.loads(stated[key]), random))
    else:
        header = damaged_value(header, random)
    written = json.dumps(header).encode()
    return len(written).to_bytes(8, "little") + written + content[8 + size :]


def _npz(content: bytes, random: Random) -> bytes:
    """One array of another type, shape or value, or none; checksums of the archive are right."""
    arrays = dict(np.load(io.BytesIO(content)))
    key = random.choice(list(arrays))
    old = arrays.pop(key)
    if old.dtype.kind == "U" and old.ndim == 0 and random.random() < 0.7:
        arrays[key] = np.array(json.dumps(damaged_value(json.loads(str(old)), random)))
    elif random.random() < 0.85:
        flat = old.ravel()
        arrays[key] = random.choice((flat[:0], flat[:-1], old[None], np.array("x"), np.array([np.nan, 1e300]), np.float64(-1)))
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
