"""The page on architecture tells what is there: files it names, and the drawing as the imports are."""

import html
import re

from adtlib import paths

PAGE = (paths.ROOT / "docs" / "architecture.md").read_text()


def test_every_file_that_the_page_names_is_there():
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py|[a-z_]+(?:/[a-z_]+)*/)`", PAGE))
    assert len(named) > 15
    missing = [name for name in named if not (paths.ROOT / "adtlib" / name).exists() and not (paths.ROOT / name).exists()]
    rooms = ("miniature/", "leakage/", "transcriber/", "search/", "cluster/", "exercises/")  # within a room that stands beside them
    assert not [name for name in missing if name not in rooms]


def test_the_package_has_few_entries():
    assert len([path for path in (paths.ROOT / "adtlib").iterdir() if path.name != "__pycache__"]) <= 24


def test_the_drawing_and_the_table_have_all_rooms(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(paths.ROOT / "docs"))
    import draw_rooms

    rooms = [room for row in draw_rooms.layers() for room in row]
    table = PAGE[PAGE.index("| room |") : PAGE.index("A room's door")]
    listed = [name for row in re.findall(r"^\| (`.*?) \|", table, flags=re.M) for name in re.findall(r"`(\w+)", row)]
    assert sorted(listed) == sorted(rooms)
    shown = re.search(r"<dc:description>(.*?)</dc:description>", draw_rooms.DRAWING.read_text())[1]
    assert html.unescape(shown) == draw_rooms.in_words(draw_rooms.layers()), "out of date: python docs/draw_rooms.py"
    monkeypatch.setattr(draw_rooms, "DRAWING", tmp_path / "rooms.svg")
    draw_rooms.main()
    assert (tmp_path / "rooms.svg").stat().st_size > 10_000
    found = draw_rooms.imports_between(rooms)
    assert ("studies", "training") in found and not any(rooms.index(upper) > rooms.index(lower) for upper, lower in found)
