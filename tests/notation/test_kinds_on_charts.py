"""Kinds of strokes on tabs and in charts of games; without them the five classes are written."""

import re
from fractions import Fraction

import numpy as np
import pytest

from adtlib.notation import clone_hero
from adtlib.notation.beats import Beats
from adtlib.notation.drum_tab import drum_tab
from adtlib.notation.dtx import dtx
from adtlib.notation.patterns import GridStroke
from adtlib.notation.tick_map import tick_map
from adtlib.vocabulary import KINDS

BEATS = Beats(np.arange(20) * 0.5, np.arange(20) % 4 + 1)


def strokes(*kinds: str, beat: int = 0) -> list[GridStroke]:
    """One after the other, a quarter note apart; a class stands for a stroke whose kind is not known."""
    return [
        GridStroke(Fraction(beat + at), KINDS.get(kind, kind), 90, kind if kind in KINDS else "") for at, kind in enumerate(kinds)
    ]


def rows(*kinds: str) -> tuple[str, dict[str, str]]:
    """(legend, {row: its first bar without what is between the quarter notes})."""
    lines = drum_tab(strokes(*kinds), Fraction(0), BEATS).splitlines()
    return lines[1], {line[:2]: line[3:19:4] for line in lines if line[2:3] == "|"}


def test_a_tab_has_rows_and_signs_for_the_kinds_that_are_played():
    legend, found = rows("hat_open", "hat_pedal", "hat_closed", "HH")
    assert found == {"HH": "o+xx"}
    assert "x cymbal, o drum, g ghost, o open hi-hat, + pedal; " in legend
    assert rows("ride", "ride_bell", "crash", "CY")[1] == {"R ": "xb--", "C ": "--xx"}
    assert list(rows("tom_low", "tom_mid", "tom_high", "TT")[1].items()) == [
        ("T1", "--o-"),
        ("T2", "-o--"),
        ("T ", "---o"),
        ("FT", "o---"),
    ]
    assert rows("side_stick", "snare", "KD", "SD")[1] == {"SD": "xo-o", "BD": "--o-"}


def lanes(played: list[GridStroke]) -> list[tuple[str, ...]]:
    """Of a .chart file: lanes and flags at each tick."""
    section = clone_hero.chart(played, tick_map(BEATS)).partition("[ExpertDrums]")[2]
    found: dict[int, list[str]] = {}
    for tick, number in re.findall(r"(\d+) = N (\d+) 0", section):
        found.setdefault(int(tick), []).append(number)
    return [tuple(sorted(numbers, key=int)) for _, numbers in sorted(found.items())]


def test_charts_have_a_blue_ride_and_three_toms():
    assert lanes(strokes("ride", "crash", "hat_open", "CY")) == [("3", "67"), ("4", "68"), ("2", "66"), ("4", "68")]
    assert lanes(strokes("tom_high", "tom_mid", "tom_low", "TT")) == [("2",), ("3",), ("4",), ("3",)]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("hat_closed", "tom_high"), ("2", "3", "66")),  # the tom is blue
        (("ride", "tom_mid"), ("3", "4", "67")),  # green
        (("crash", "tom_low"), ("3", "4", "68")),  # blue
        (("hat_closed", "ride", "tom_high"), ("2", "3", "4", "66", "67")),  # green
    ],
)
def test_a_tom_that_is_struck_with_a_cymbal_of_its_colour_takes_another(kinds, expected):
    assert lanes([stroke for kind in kinds for stroke in strokes(kind)]) == [expected]


def test_dtx_has_a_pad_for_each_kind():
    kinds = {"hat_open": "18", "hat_pedal": "1B", "ride": "19", "crash": "16", "tom_high": "14", "tom_mid": "15", "tom_low": "17"}
    for kind, channel in (kinds | {"HH": "11", "TT": "15", "CY": "16", "snare": "12", "kick": "13"}).items():
        objects = re.findall(r"^#000(\w\w): (\w\w)\s*$", dtx(strokes(kind), tick_map(BEATS)).decode(), re.MULTILINE)
        assert [of for of, _ in objects if of != "08"] == [channel], kind
    chips = {kind: dtx(strokes(kind), tick_map(BEATS)).decode().split()[-1] for kind in [*kinds, "snare", "kick", "hat_closed"]}
    assert len(set(chips.values())) == len(chips), "each pad has a chip of its own"
