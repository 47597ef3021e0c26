"""The gallery shows every figure of the showcase, once, with its number and its notebook."""

import io
import re

import pytest
from PIL import Image

from adtlib import paths
from adtlib.cli import main
from adtlib.notebooks import gallery, saved_figures

ROWS = saved_figures.read("showcase")
README = paths.ROOT / "README.md"


def test_the_readme_shows_the_gallery_of_the_showcase():
    text = README.read_text(encoding="utf-8")
    assert gallery.updated(text) == text, "write it anew: adt gallery README.md"


def test_every_figure_is_there_with_its_number_and_its_notebook():
    text = gallery.for_readme()
    for row in ROWS:
        (cell,) = re.findall(rf"<td>[^\n]*?/{row['file']}\.png\"><img[^\n]*?</td>", text)
        assert f"<br>{gallery.label(row['thesis_number'])} · <a" in cell
        assert f'<a href="results/showcase/notebooks/{row["notebook"]}_' in cell
    assert text.count("<img") == len(ROWS)


def test_links_of_the_readme_lead_to_files():
    for link in re.findall(r"\]\(([^)#:]+)\)|(?:href|src)=\"([^\"#:]+)\"", README.read_text(encoding="utf-8")):
        path = link[0] or link[1]
        assert (paths.ROOT / path).exists(), path


def test_chapters_are_in_order_and_numbered_figures_first():
    chapters = gallery.by_chapter("showcase")
    assert sum(map(len, chapters.values())) == len(ROWS)
    numbers = [row["thesis_number"] for row in chapters["2"]]
    assert numbers[:10] == [f"2.{number}" for number in range(1, 11)] and numbers[10] == "2.3.1a"
    assert [row["notebook"] for row in gallery.by_chapter("showcase", until="13")["4"]] == []
    assert gallery.label("2.10") == "Fig. 2.10" and gallery.label("2.3.2a") == "2.3.2a"


def test_only_what_stands_between_the_markers_changes(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{gallery.BEGIN}\nbefore it was written anew\n{gallery.END}\nafter\n")
    assert main(["gallery", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "written anew" not in text
    path.write_text(f"{gallery.END}{gallery.BEGIN}")
    assert main(["gallery", str(path)]) == 1 and "must be there once each" in capsys.readouterr().err


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
    assert 'title="A &quot;quoted&quot; &lt;caption&gt; &amp; more' in gallery.printed_gallery("smoke")
