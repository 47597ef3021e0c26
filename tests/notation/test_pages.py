"""A song as a score: onsets on the beats' grid, from the first bar that has any, on as many pages as it takes."""

import re
import xml.etree.ElementTree as ET
from fractions import Fraction

import numpy as np
import pytest

from adtlib.notation.beats import Beats
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.pages import engrave_pages, score_pdf, score_svg
from adtlib.notation.patterns import song_pattern


def steady(first: float = 0.3, bpm: float = 100.0, count: int = 400, position: int = 1) -> Beats:
    return Beats(first + np.arange(count) * 60 / bpm, (position - 1 + np.arange(count)) % 4 + 1)


def rock(n_bars: int, beats: Beats, from_bar: int = 0) -> list[tuple[float, str, int]]:
    struck = []
    for beat in range(4 * from_bar, 4 * (from_bar + n_bars)):
        struck.append((float(beats.seconds(beat)), "KD" if beat % 2 == 0 else "SD", 90))
        struck += [(float(beats.seconds(beat + half)), "HH", 90) for half in (0, 0.5)]
    return sorted(struck)


def test_strokes_stand_on_their_beats(rng):
    beats = steady()
    struck = [(seconds + rng.normal(0, 0.008), name, velocity) for seconds, name, velocity in rock(8, beats)]
    pattern = song_pattern(sorted(struck), beats)
    assert pattern.n_bars == 8
    assert len(pattern.hits) == 8 * 12
    assert [hit.beat for hit in pattern.hits if hit.pitch == 36] == [Fraction(beat) for beat in range(0, 32, 2)]
    assert [hit.beat for hit in pattern.hits if hit.pitch == 38] == [Fraction(beat) for beat in range(1, 32, 2)]
    assert pattern.bpm == pytest.approx(100)


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_the_score_begins_with_the_bar_of_the_first_onset(position):
    beats = steady(position=position)
    line = (5 - position) % 4 + 8  # a beat that begins the third bar
    pattern = song_pattern([(float(beats.seconds(line + 2)), "KD", 90), (float(beats.seconds(line + 4)), "SD", 90)], beats)
    assert [(hit.pitch, hit.beat) for hit in pattern.hits] == [(36, 2), (38, 4)]
    assert pattern.n_bars == 2


def test_an_onset_a_little_before_the_bar_line_and_one_before_the_first_beat():
    beats = steady(first=1.0)
    early = song_pattern([(float(beats.seconds(4)) - 0.04, "KD", 90)], beats)
    assert [(hit.pitch, hit.beat) for hit in early.hits] == [(36, 0)]
    before = song_pattern([(0.4, "SD", 90), (1.0, "KD", 90)], beats)  # a beat before the first that is known
    assert [(hit.pitch, hit.beat) for hit in before.hits] == [(38, 3), (36, 4)]


def test_a_first_stroke_a_little_early_belongs_to_its_bar_also_where_the_song_speeds_up():
    """Early by the tempo at the bar line, an eighth of a beat at most; by the median tempo of the song it is more."""
    beats = Beats(np.cumsum([1.0, *[0.6] * 4, *[0.5] * 36]), np.arange(41) % 4 + 1)
    pattern = song_pattern([(1.0 - 0.11 * 0.6, "SD", 90), (float(beats.seconds(8)), "KD", 90)], beats)
    assert [(hit.pitch, hit.beat) for hit in pattern.hits] == [(38, 0), (36, 8)]


def test_soft_snares_are_ghost_notes_and_nothing_else_is():
    beats = steady()
    struck = [
        (float(beats.seconds(beat)), name, velocity) for beat, name, velocity in ((0, "SD", 20), (1, "SD", 90), (2, "KD", 20))
    ]
    assert len(re.findall('parentheses="yes"', to_musicxml(song_pattern(struck, beats)))) == 1


@pytest.mark.parametrize("quantise", [4, 8, 12, 16, 24, 32, 48])
def test_the_grid_of_midi_is_that_of_the_score(rng, quantise):
    beats = steady()
    struck = [(seconds, "HH", 90) for seconds in np.sort(rng.uniform(1, 30, 80)).tolist()]
    pattern = song_pattern(struck, beats, quantise)
    assert all((hit.beat * quantise / 4).denominator == 1 for hit in pattern.hits)
    to_musicxml(pattern)  # any of these grids can be written
    with pytest.raises(ValueError, match="quantise = 5"):
        song_pattern(struck, beats, 5)


def test_a_song_of_many_bars_takes_several_pages_and_loses_no_note():
    beats = steady()
    pattern = song_pattern(rock(70, beats), beats)
    text = to_musicxml(pattern, title="A <song> & more")
    root = ET.fromstring(text.split("\n", 2)[2])
    assert root.findtext("work/work-title") == "A <song> & more"
    assert len(root.findall("part/measure")) == 70
    pages = engrave_pages(text, 100, 80)
    assert len(pages) > 2
    assert {int(hit) for page in pages for hit in re.findall(r'id="hit-(\d+)"', page)} == set(range(len(pattern.hits)))
    pdf = score_pdf(text, "A $ong")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2


def test_the_picture_is_one_svg_that_any_program_parses():
    beats = steady()
    text = to_musicxml(song_pattern(rock(60, beats), beats), title="t")
    picture = score_svg(text, title="Rock & roll <live>")
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Rock & roll <live>" in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    width, height = float(root.get("width")), float(root.get("height"))
    assert height > width


def test_an_empty_song_is_one_empty_bar():
    pattern = song_pattern([], steady())
    assert pattern.n_bars == 1
    text = to_musicxml(pattern)
    assert 'measure="yes"' in text
    pdf = score_pdf(text)
    assert pdf.startswith(b"%PDF")
    assert pdf == score_pdf(text), "equal scores give equal bytes"
    ET.fromstring(score_svg(text))
