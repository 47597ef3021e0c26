"""Drum tablature: a song as plain text, a row for each drum and a column for each step.

    1e&a2e&a3e&a4e&a
    HH|x-x-x-x-x-x-x-x-|
    SD|----o-------o---|
    BD|o-------o-------|

The numbers above count quarter notes: one has four columns, or three where it is played in triplets, so that bars differ in width.
In metres of eighths they count eighths, of two columns: `1&2&3&4&5&6&`. The abbreviations are those that tabs share (C crash, HH,
SD, BD; T all toms); `x` is a cymbal, `o` a drum, `g` a ghost note. Where kinds of strokes are known the ride has a row of its
own, R, and so have the toms, T1, T2 and FT; open and pedal hi-hats, bells and side sticks have signs of their own.
"""

from collections.abc import Sequence
from fractions import Fraction

from adtlib.markup import in_line
from adtlib.notation.beats import Beats
from adtlib.notation.patterns import GridStroke, is_ghost
from adtlib.notation.time_signatures import COMMON, Meter, bar_length

_ROWS = ("C ", "R ", "HH", "T1", "T2", "T ", "FT", "SD", "BD")  # from top to bottom
_OF_CLASS = {"CY": "C ", "HH": "HH", "TT": "T ", "SD": "SD", "KD": "BD"}
_OF_KIND = {"ride": "R ", "ride_bell": "R ", "tom_high": "T1", "tom_mid": "T2", "tom_low": "FT"}
# Signs of kinds, and what the legend says of them.
_SIGNS = {
    "hat_open": ("o", "o open hi-hat"),
    "hat_half_open": ("o", "o open hi-hat"),
    "hat_pedal": ("+", "+ pedal"),
    "ride_bell": ("b", "b bell"),
    "side_stick": ("x", "x on SD side stick"),
}
# By denominator: columns of what is counted, the usual ones first.
_COUNTS = {4: {4: "{}e&a", 3: "{}tl", 8: "{}-e-&-a-", 6: "{}-t-l-"}, 8: {2: "{}&", 4: "{}-&-"}}
_LEGENDS = {4: "1e&a sixteenths, 1tl triplets", 8: "1& sixteenths"}
_WIDTH = 79


def drum_tab(strokes: Sequence[GridStroke], start: Fraction, beats: Beats, title: str = "") -> str:
    """The tablature of strokes, in lines of at most 79 characters, or of one bar where it is longer.

    strokes, start  as `patterns.song_strokes` gives them;  beats  of the song.

    Raises ValueError for a stroke that is on none of the grids of `patterns.song_strokes`.
    """
    used = [row for row in _ROWS if any(_row(stroke) == row for stroke in strokes)]
    signs = dict.fromkeys(said for kind, (_, said) in _SIGNS.items() if any(stroke.kind == kind for stroke in strokes))
    length = bar_length(beats.meter)
    bars: dict[int, list[GridStroke]] = {}
    for stroke in strokes:
        bars.setdefault(int((stroke.beat - start) // length), []).append(stroke)
    drawn = [_bar(bars.get(bar, []), start + bar * length, beats.meter, used) for bar in range(max(bars, default=-1) + 1)]
    tempo = f"{beats.bpm:.0f} beats a minute; " if beats.meter == COMMON else f"{beats.in_words}\n"
    lines = [
        in_line(title) or "Drums",
        f"{tempo}{', '.join(['x cymbal, o drum, g ghost', *signs])}; {_LEGENDS[beats.meter[1]]}",
        "",
    ]
    number = 0
    while number < len(drawn):
        system = [drawn[number]]
        while number + len(system) < len(drawn) and _width([*system, drawn[number + len(system)]]) <= _WIDTH:
            system.append(drawn[number + len(system)])
        lines.append(f"bar {number + 1}")
        lines.append("   " + " ".join(counts for counts, _ in system))
        lines += [f"{row}|" + "|".join(rows[row] for _, rows in system) + "|" for row in used]
        lines.append("")
        number += len(system)
    return "\n".join(lines) if drawn else "\n".join([*lines[:1], "no strokes", ""])


def _width(system: Sequence[tuple[str, dict[str, str]]]) -> int:
    return 3 + sum(len(counts) + 1 for counts, _ in system)


def _bar(strokes: Sequence[GridStroke], start: Fraction, meter: Meter, used: Sequence[str]) -> tuple[str, dict[str, str]]:
    """(line of counts, its rows) of a bar that begins `start` quarter notes into the song."""
    counts, rows = "", dict.fromkeys(used, "")
    for number in range(meter[0]):
        placed = [((stroke.beat - start) * meter[1] / 4 - number, stroke) for stroke in strokes]  # in what is counted
        inside = [(at, stroke) for at, stroke in placed if 0 <= at < 1]
        columns = _columns([at for at, _ in inside], meter[1])
        counts += _COUNTS[meter[1]][columns].format((number + 1) % 10)  # one character
        signs = {(_row(stroke), int(at * columns)): _sign(stroke) for at, stroke in inside}
        for row in used:
            rows[row] += "".join(signs.get((row, column), "-") for column in range(columns))
    return counts, rows


def _columns(positions: Sequence[Fraction], unit: int) -> int:
    fitting = [columns for columns in _COUNTS[unit] if all((at * columns).denominator == 1 for at in positions)]
    if not fitting:
        raise ValueError(f"strokes at {', '.join(map(str, positions))} of a beat: quantise to sixteenths or triplets first")
    return fitting[0]


def _row(stroke: GridStroke) -> str:
    return _OF_KIND.get(stroke.kind, _OF_CLASS[stroke.name])


def _sign(stroke: GridStroke) -> str:
    if is_ghost(stroke):
        return "g"
    return _SIGNS[stroke.kind][0] if stroke.kind in _SIGNS else "x" if stroke.name in ("CY", "HH") else "o"
