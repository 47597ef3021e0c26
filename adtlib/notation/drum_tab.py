"""Drum tablature: a song as plain text, a row for each class and a column for each step.

    1e&a2e&a3e&a4e&a
    HH|x-x-x-x-x-x-x-x-|
    SD|----o-------o---|
    BD|o-------o-------|

The numbers above count beats: a beat has four columns, or three where it is played in triplets, so that bars differ in width. The
abbreviations are those that tabs share (C crash and ride, HH, T, SD, BD); `x` is a cymbal, `o` a drum, `g` a ghost note.
"""

from collections.abc import Sequence
from fractions import Fraction

from adtlib.markup import in_line
from adtlib.notation.beats import BEATS_A_BAR
from adtlib.notation.patterns import GridStroke, is_ghost

_ROWS = {"CY": "C ", "HH": "HH", "TT": "T ", "SD": "SD", "KD": "BD"}  # from top to bottom
_COUNTS = {4: "{}e&a", 3: "{}tl", 8: "{}-e-&-a-", 6: "{}-t-l-"}  # columns of a beat, the usual ones first
_WIDTH = 79


def drum_tab(strokes: Sequence[GridStroke], start: int, bpm: float, title: str = "") -> str:
    """The tablature of strokes, in lines of at most 79 characters.

    strokes  as `patterns.song_strokes` sorts them;  start  the beat that begins the first bar.

    Raises ValueError for a stroke that is on none of the grids of `patterns.song_strokes`.
    """
    used = [name for name in _ROWS if any(stroke.name == name for stroke in strokes)]
    bars: dict[int, list[GridStroke]] = {}
    for stroke in strokes:
        bars.setdefault(int((stroke.beat - start) // BEATS_A_BAR), []).append(stroke)
    drawn = [_bar(bars.get(bar, []), start + bar * BEATS_A_BAR, used) for bar in range(max(bars, default=-1) + 1)]
    lines = [
        in_line(title) or "Drums",
        f"{bpm:.0f} beats a minute; x cymbal, o drum, g ghost; 1e&a sixteenths, 1tl triplets",
        "",
    ]
    number = 0
    while number < len(drawn):
        system = [drawn[number]]
        while number + len(system) < len(drawn) and _width([*system, drawn[number + len(system)]]) <= _WIDTH:
            system.append(drawn[number + len(system)])
        lines.append(f"bar {number + 1}")
        lines.append("   " + " ".join(counts for counts, _ in system))
        lines += [f"{_ROWS[name]}|" + "|".join(rows[name] for _, rows in system) + "|" for name in used]
        lines.append("")
        number += len(system)
    return "\n".join(lines) if drawn else "\n".join([*lines[:1], "no strokes", ""])


def _width(system: Sequence[tuple[str, dict[str, str]]]) -> int:
    return 3 + sum(len(counts) + 1 for counts, _ in system)


def _bar(strokes: Sequence[GridStroke], start: int, used: Sequence[str]) -> tuple[str, dict[str, str]]:
    """(line of counts, row of each class) of a bar that begins at beat `start`."""
    counts, rows = "", dict.fromkeys(used, "")
    for beat in range(BEATS_A_BAR):
        inside = [stroke for stroke in strokes if stroke.beat // 1 == start + beat]
        columns = _columns([stroke.beat - start - beat for stroke in inside])
        counts += _COUNTS[columns].format(beat + 1)
        signs = {(stroke.name, int((stroke.beat - start - beat) * columns)): _sign(stroke) for stroke in inside}
        for name in used:
            rows[name] += "".join(signs.get((name, column), "-") for column in range(columns))
    return counts, rows


def _columns(positions: Sequence[Fraction]) -> int:
    fitting = [columns for columns in _COUNTS if all((at * columns).denominator == 1 for at in positions)]
    if not fitting:
        raise ValueError(f"strokes at {', '.join(map(str, positions))} of a beat: quantise to sixteenths or triplets first")
    return fitting[0]


def _sign(stroke: GridStroke) -> str:
    return "g" if is_ghost(stroke) else "x" if stroke.name in ("CY", "HH") else "o"
