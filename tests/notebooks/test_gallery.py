"""The gallery shows every figure of a profile, once, by chapter, with its number and what is seen."""

import io
import re

import pytest
from PIL import Image

from adtlib import paths
from adtlib.notebooks import gallery, saved_figures

ROWS = saved_figures.read("showcase")


def test_chapters_are_in_order_and_numbered_figures_first():
    chapters = gallery.by_chapter("showcase")
    assert sum(map(len, chapters.values())) == len(ROWS)
    numbers = [row["thesis_number"] for row in chapters["2"]]
    assert numbers[:10] == [f"2.{number}" for number in range(1, 11)] and numbers[10] == "2.3.1a"
    assert [row["notebook"] for row in gallery.by_chapter("showcase", until="13")["4"]] == []
    assert gallery.label("2.10") == "Fig. 2.10" and gallery.label("2.3.2a") == "2.3.2a"


def test_what_is_seen_is_the_first_clause_of_the_caption():
    assert gallery.seen("Waves of 1.5 Hz. Below, the same.") == "Waves of 1.5 Hz"
    assert gallery.seen("A passage (a track: 3 s; KD 5); profile smoke: generated.") == "A passage (a track: 3 s; KD 5)"
    assert gallery.seen("One stroke each.") == "One stroke each"


def test_thumbnails_in_a_notebook_are_small_and_lead_to_the_pictures():
    page = gallery.printed_gallery("showcase")
    assert page.count("<img") == len(ROWS) and len(page) < 700_000
    for link in re.findall(r'href="([^"]+)"', page):
        assert (paths.NOTEBOOKS / link).resolve().is_file(), link
    picture = Image.open(io.BytesIO(gallery.thumbnail(paths.FIGURES / "showcase" / "10_aliasing.png", 160)))
    assert picture.width == 160 and 40 < picture.height < 200


def test_a_profile_without_figures_has_an_empty_gallery():
    assert gallery.printed_gallery("nowhere") == ""


@pytest.mark.parametrize("caption", ['A "quoted" <caption> & more, long enough.'])
def test_captions_cannot_break_the_page(caption, tmp_path, monkeypatch):
    for name in ("FIGURES", "CACHE"):
        monkeypatch.setattr(paths, name, tmp_path / name)
    (tmp_path / "FIGURES" / "smoke").mkdir(parents=True)
    Image.new("RGB", (300, 200)).save(tmp_path / "FIGURES" / "smoke" / "10_x.png")
    saved_figures.note("smoke", "2.3", "10_x", caption)
    page = gallery.printed_gallery("smoke")
    assert 'title="A &quot;quoted&quot; &lt;caption&gt; &amp; more' in page
    assert 'alt="A &quot;quoted&quot; &lt;caption&gt; &amp; more, long enough"' in page
