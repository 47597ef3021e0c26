"""The book holds every notebook, page, figure and table once, and no link of a page leads nowhere. (It is built by `make book`.)"""

import json
import re
import sys

import pytest

from adtlib import paths
from adtlib.notebooks import gallery, saved_figures

sys.path.insert(0, str(paths.ROOT / "docs" / "book"))

import check_links
import executed
import make_book

LISTED = make_book.made_by("showcase")
PAGES = [path for folder in (paths.ROOT, paths.ROOT / "docs") for path in sorted(folder.glob("*.md"))]


@pytest.fixture(scope="module")
def staged() -> dict[str, dict]:
    folder = make_book.copies("showcase")
    return {name: executed.staged(folder / f"{name}.ipynb", LISTED, "showcase") for name in LISTED.notebooks.values()}


def texts(notebook: dict) -> str:
    return "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def test_every_notebook_and_page_is_in_the_table_of_contents_once():
    listed = [page for pages in make_book.contents(LISTED).values() for page in pages]
    named = [re.sub(r".*<(.*)>", r"\1", page) for page in listed]
    assert len(set(named)) == len(named)
    made = {f"notebooks/{copy.stem}" for copy in make_book.copies("showcase").glob("*.ipynb")}
    assert {page for page in named if page.startswith("notebooks/")} == made
    wanted = {path.relative_to(paths.ROOT).with_suffix("").as_posix() for path in PAGES} - {
        "README",
        "docs/package",
    }
    assert wanted <= set(named), "name the page in docs/book/make_book.py, PAGES"


def test_notebooks_are_in_the_order_of_the_thesis():
    headings = list(make_book.contents(LISTED))
    assert headings[:8] == [f"{number} {title}" for number, title in gallery.CHAPTERS.items()]
    assert make_book.contents(LISTED)["3 Architectures"][:2] == [
        "How a network learns <notebooks/40_how_a_network_learns>",
        "Recurrent neural network <notebooks/41_rnn>",
    ]
    assert [make_book.chapter_of(name) for name in ("10_sound_and_fourier", "55_error_anatomy", "80_transcribe")] == ["2", "6", ""]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_of_pages_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)|(?:href|src)=\"([^\"#]+)\"", text):
        address = link[0] or link[1]
        there = page.parent / address
        assert ":" in address or there.is_file() or (page.name == "README.md" and there.is_dir()), address  # the book has no README


def test_every_figure_and_table_of_the_showcase_has_one_place(staged):
    all_text = "\n".join(map(texts, staged.values()))
    for row in saved_figures.read("showcase"):
        (number,) = re.findall(rf":name: {executed.anchor('fig', row['file'])}\n.*?\*\*(Fig\. [^*]+)\.\*\*", all_text, re.S)
        assert number == f"Fig. {row['thesis_number']}"
    for name in {path.stem for path in (paths.RESULTS / "showcase" / "tables").glob("*.md")}:
        assert all_text.count(f"({executed.anchor('tab', name)})=") == 1, name
    numbers = [number for number, _ in LISTED.tables.values()]
    assert len(set(numbers)) == len(numbers)


def test_every_picture_says_what_is_seen(staged):
    for name, notebook in staged.items():
        pictures = re.findall(r":::\{figure\} .*\n:name: .*\n:alt: (.*)\n", texts(notebook))
        assert all(len(alt) > 15 and not re.fullmatch(r"\d\d_\w+", alt) for alt in pictures), name
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):
                    assert len(cell["metadata"]["mystnb"]["image"]["alt"]) > 15, (name, cell["id"])
                for tag in re.findall(r"<img[^>]*>", "".join(output.get("data", {}).get("text/html", ""))):
                    assert re.search(r'alt="[^"]{15,}"', tag), (name, cell["id"])


def test_what_is_named_in_a_text_can_be_followed():
    text = "See `11_stft`, `50_scores`, notebook 12 and `griffin1984`.\n\n```python\nread('`11_stft`')\n```\n"
    text += "[x](../tables/50_scores.csv)"
    linked = executed.with_links(text, LISTED)
    assert "[`11_stft`](#fig-11-stft)" in linked and "[`50_scores`](#tab-50-scores)" in linked
    assert "[notebook 12](../notebooks/12_filterbanks.ipynb)" in linked and "{cite:p}`griffin1984`" in linked
    assert "read('`11_stft`')" in linked and "[x](#tab-50-scores)" in linked
    with pytest.raises(ValueError, match=r"11_gone\.png"):
        executed.with_links("[x](../../../figures/showcase/11_gone.png)", LISTED)


def test_code_that_tells_nothing_is_folded_and_code_to_be_read_is_not(staged):
    tags = {cell["id"]: cell["metadata"].get("tags", []) for cell in staged["11_stft_and_spectrogram"]["cells"]}
    assert "hide-input" in tags["setup"] and "hide-input" in tags["stft"] and "hide-input" in tags["checks"]
    assert "hide-input" not in tags["write-stft"] and "hide-input" not in tags["exercise-hann"]
    assert "parameters" not in tags and json.dumps(staged).count("[panel ") == 0


def test_panels_are_shown_and_missed_where_they_are_not(staged, tmp_path):
    panels = [cell for notebook in staged.values() for cell in notebook["cells"] if 'class=\\"panel' in json.dumps(cell)]
    assert len(panels) > 10 and all(cell["source"] for cell in panels), "myst-nb leaves out a cell without source"
    pages, built = tmp_path / "pages" / "notebooks", tmp_path / "built" / "notebooks"
    for folder in (pages, built):
        folder.mkdir(parents=True)
    name, notebook = next((name, notebook) for name, notebook in staged.items() if panels[0] in notebook["cells"])
    (pages / f"{name}.ipynb").write_text(json.dumps(notebook))
    (built / f"{name}.html").write_text(executed.PANEL)
    count = sum(cell in panels for cell in notebook["cells"])
    assert make_book.lost_panels(tmp_path / "pages", tmp_path / "built") == ([] if count == 1 else [f"{name}: 1 of {count}"])
    (built / f"{name}.html").write_text("")
    assert make_book.lost_panels(tmp_path / "pages", tmp_path / "built") == [f"{name}: 0 of {count}"]


def test_a_table_that_is_stored_only_says_so(staged):
    captions = {name: re.findall(r"\(tab-([\w-]+)\)=\n(.*)\n", texts(notebook)) for name, notebook in staged.items()}
    unprinted = {table for found in captions.values() for table, caption in found if "not printed here" in caption}
    assert {"21-labels", "55-confusions", "60-against-own"} <= unprinted
    assert not {"13-footprints", "20-how-to-get-them", "45-data", "60-f1-by-training-set"} & unprinted


def test_exercises_say_where_they_can_be_done(staged):
    where = "docs/notebooks.md#do-an-exercise"
    assert where in texts(staged["10_sound_and_fourier"]) and where not in texts(staged["50_architecture_study"])


def test_dead_links_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"></p><a href="b.html#there"></a><a href="#here"></a><a href="https://x.org/">x</a>'
    )
    (tmp_path / "b.html").write_text('<a href="a.html#here"></a><img src="gone.png">')
    dead, external = check_links.check(tmp_path)
    assert dead == ["a.html: b.html#there: no such place in the page", "b.html: gone.png: no such file"]
    assert dict(external) == {"https://x.org/": {"a.html"}}
