"""Names come from outside: whatever one holds, each format that it is put into is read as before, and shows it."""

import re
import shutil
import subprocess
import unicodedata
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st
from markdown_it import MarkdownIt

from adtlib import paths
from adtlib.markup import in_figure, in_html, in_latex, in_line, in_markdown, visible
from adtlib.notation.musicxml import to_musicxml
from adtlib.notation.patterns import Hit, Pattern
from adtlib.notebooks.latex import LATEX_PACKAGES
from adtlib.notebooks.tables import save_table, to_latex, to_markdown, to_styled
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.transcription.transcription import Transcription

NASTY = (
    "a\x01b",
    "Fl\udcf6te",  # Latin-1, read as UTF-8
    "\u202egnp.exe",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "' onmouseover='x\" y=\"",
    "[b] and [c](d) ![e](f)",
    "[1in]",
    "*",
    "* a",
    r"\input{/etc/passwd} \\ & % $x$ # _ ^ ~ { }",
    "a | b || `c` **d** _e_ ~~f~~ &lt; &amp;#42;",
    "# a",
    "1. a",
    "- a",
    "=== ",
    "a\nb\tc\r\nd\x0b\x0c\x85\u2028e",
    "夜明けのリズム A1Gう ə ą Đ",
    "cóunter・attàck-mˈænkάɪnd",
    "\ud800",
    "\uffff\ufdd0",
    "😀 👩‍🎤",
    "a--b '' `` ?` !` | \" « » „",
    "]]>",
    "\x00\x7f\x9f",
    "e\u0301 \u0301",
    " [x] ",
    "$a$ and $",
    "_a",
)
# Every character that a file name can hold: lone surrogates stand for bytes.
TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(NASTY)


def nasty(test):
    """The test on each text of `NASTY`, whatever hypothesis tries besides."""
    for text in NASTY:
        test = example(text)(test)
    return test


def words(text: str) -> list[str]:
    """What is to be read of a name."""
    return in_line(text).split()


class Page(HTMLParser):
    """Texts and attributes of a page; all its elements."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.texts, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def read_html(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


@settings(deadline=None)
@nasty
@given(TEXTS)
def test_what_is_visible_can_be_written_anywhere(text):
    shown = visible(text)
    shown.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert all(character in shown for character in text if unicodedata.category(character)[0] in "LNPS"), "all else stays"
    assert visible(shown) == shown


def test_what_cannot_be_seen_becomes_its_number():
    assert visible("a\x01b Fl\udcf6te \u202ecod") == r"a\x01b Fl\udcf6te \u202ecod"
    assert in_line("a\nb\tc\x85d") == "a b c d"
    assert visible("Ü 夜 👩‍🎤 \u200f") == "Ü 夜 👩‍🎤 \u200f", "joiners and marks of right-to-left writing belong to words"


@settings(deadline=None)
@nasty
@given(TEXTS)
def test_html_and_xml(text):
    page = read_html(f"<p title=\"{in_html(text)}\" class='{in_html(text)}'>{in_html(text)}</p><b>after</b>")
    assert [tag for tag, _ in page.tags] == ["p", "b"]
    assert page.tags[0][1]["title"] == visible(text) == page.tags[0][1]["class"]
    assert "".join(page.texts) == f"{visible(text)}after"
    element = ET.fromstring(f'<p title="{in_html(text)}">{in_html(text)}</p>')
    assert (element.text or "") == visible(text)


MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


def read_markdown(tokens) -> str:
    """The text of inline Markdown; any other element than text is named."""
    kinds = {"text": lambda token: token.content, "text_special": lambda token: token.content}
    return "".join(kinds.get(token.type, lambda token: f"<{token.type}>")(token) for token in tokens)


@settings(deadline=None)
@nasty
@given(TEXTS)
def test_markdown(text):
    (opened, inside, closed) = MARKDOWN.parse(f"{in_markdown(text)} end") if words(text) else ("", None, "")
    if inside is not None:
        assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
        assert read_markdown(inside.children) == " ".join([*words(text), "end"])


# --- tables ------------------------------------------------------------------------------------------------------------


def table_of(text: str) -> pd.DataFrame:
    """A name in each place of a table: the head of the index, the index, a head, a cell."""
    index = pd.Index([text, "second"], name=f"{text}i", dtype=object)  # the strings of pandas hold no surrogates
    return pd.DataFrame([[f"{text}c"], ["x"]], index, pd.Index([f"{text}h"], dtype=object), dtype=object)


@settings(max_examples=50, deadline=None)
@nasty
@given(TEXTS)
def test_a_table_on_a_page(text):
    page = read_html(to_styled(table_of(text), f"{text}caption").to_html())
    assert not {tag for tag, _ in page.tags} - {"style", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    shown = [part.strip() for part in page.texts]
    for place in ("h", "c", "i", "caption", ""):
        assert visible(f"{text}{place}").strip() in shown


@settings(max_examples=50, deadline=None)
@nasty
@given(TEXTS)
def test_a_table_in_markdown(text):
    tokens = MARKDOWN.parse(to_markdown(table_of(text), f"{text}caption"))
    inside = [read_markdown(token.children) for token in tokens if token.type == "inline"]
    wanted = [f"{text}i", f"{text}h", text, f"{text}c", "second", "x", f"{text}caption"]
    assert inside == [" ".join(words(each)) for each in wanted]
    assert [token.type for token in tokens if token.type.startswith("table")] == ["table_open", "table_close"]


@pytest.fixture
def latex(tmp_path):
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex on this machine")

    def compiled(bodies: list[str]) -> None:
        for number, body in enumerate(bodies):
            (tmp_path / f"{number}.tex").write_text(body, encoding="utf-8")
        inputs = "".join(f"\\input{{{number}.tex}}\\clearpage\n" for number in range(len(bodies)))
        document = f"\\documentclass{{article}}\n{LATEX_PACKAGES}\n\\begin{{document}}\n\\listoftables\n{inputs}\\end{{document}}\n"
        (tmp_path / "all.tex").write_text(document)
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "all.tex"]
        for _ in range(2):  # captions are read again in the second run
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=300)
            assert done.returncode == 0, done.stdout[-1500:]

    return compiled


def test_tables_with_any_name_compile(latex):
    rows = [to_latex(table_of(text), f"{text}caption", f"tab:{number}") for number, text in enumerate(NASTY)]
    index = pd.Index(NASTY, name="*", dtype=object)
    long = pd.DataFrame({"why [it] is": [f"{text}, " * 12 for text in NASTY]}, index, dtype=object)
    latex([*rows, to_latex(long, "", "tab:long", "columns")])


def test_every_letter_of_the_first_planes_compiles(latex):
    letters = [chr(code) for code in (*range(1, 0x600), *range(0x1E00, 0x2300), 0x3046, 0xAC00, 0x1F600, 0xD800, 0xFFFF)]
    rows = ["".join(letters[start : start + 16]) for start in range(0, len(letters), 16)]
    tables = [pd.DataFrame({"row": rows[start : start + 30]}, dtype=object) for start in range(0, len(rows), 30)]
    latex([to_latex(table, "", f"tab:{number}") for number, table in enumerate(tables)])


@settings(deadline=None)
@nasty
@given(TEXTS)
def test_no_row_begins_with_an_option_of_the_line_break(text):
    written = in_latex(text)
    written.encode()
    assert not written.lstrip().startswith(("[", "*")) and "\n" not in written
    table = to_latex(table_of(text), text, "tab:x")
    for line in table[table.index(r"\toprule") :].splitlines():
        assert not line.lstrip().startswith(("[", "*"))
    assert (r"\providecommand{\othersign}" in table) == (r"\othersign{" in table.replace(r"\providecommand{\othersign}", ""))


def test_letters_that_latex_lacks_are_shown_by_their_number():
    assert in_latex("A1Gう") == r"A1G\othersign{う}{3046}"
    assert in_latex("Bauklötze Čeř") == "Bauklötze Čeř" and in_latex("ế") == r"\'{\^{e}}"
    assert in_latex("[a] * -- b") == "{}[a] * -{}- b" and in_latex("a\x01") == r"a\textbackslash{}x01"


@pytest.mark.parametrize("text", NASTY)
def test_tables_with_any_name_are_saved(tmp_path, monkeypatch, text):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    columns = pd.Index(["song", f"{text}h"], dtype=object)
    save_table(pd.DataFrame([[text, 1.0], [f"{text}b", 2.0]], columns=columns, dtype=object), "50_x", "smoke", text)
    for kind in ("csv", "tex", "md"):
        (tmp_path / "smoke" / "tables" / f"50_x.{kind}").read_text(encoding="utf-8")


# --- sheet music and figures -------------------------------------------------------------------------------------------

BAR = Pattern((Hit(0, 36, 90), Hit(1, 38, 90)), 1)


@settings(max_examples=60, deadline=None)
@nasty
@given(TEXTS)
def test_the_title_of_a_score(text):
    root = ET.fromstring(to_musicxml(BAR, title=text).split("\n", 2)[2])
    assert (root.findtext("work/work-title") or "") == in_line(text)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", NASTY)
def test_a_song_of_any_name_is_saved_and_shown(name, tmp_path):
    activations = np.zeros((300, 5), np.float32)
    activations[100::50] = 0.9
    song = Transcription(name, 3.0, activations, activations, PeakPicking(delta=0.0), model=f"{name}m")
    for path in song.save(tmp_path / "song"):
        assert path.stat().st_size > 0
        if path.suffix in (".musicxml", ".svg"):
            shown = ET.tostring(ET.parse(path).getroot(), "unicode", method="text").split()
            assert " ".join(words(name)) in " ".join(shown)
    assert visible(name) in [text.text or "" for text in ET.parse(tmp_path / "song.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert (tmp_path / "song.pdf").read_bytes().startswith(b"%PDF")
    page = read_html(song._repr_html_())
    assert visible(name) in page.texts and {tag for tag, _ in page.tags} <= {"div", "p", "b", "br", "img", "audio"}


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_in_a_figure_are_no_formulas_and_stay_in_the_legend():
    import matplotlib.pyplot as plt

    from adtlib.figures.training import plot_learning_curves

    curve = pd.DataFrame({"epoch": [1, 2], "train_loss": [1.0, 0.5], "val_loss": [1.0, 0.5], "val_f1_micro": [0.1, 0.2]})
    names = [*NASTY, r"$\nonsense$"]
    axes = plot_learning_curves(dict.fromkeys(names, curve))
    handles, labels = axes[0].get_legend_handles_labels()
    assert labels == [in_figure(name) for name in names] and len(handles) == len(names)
    axes[0].legend(handles, labels)
    axes[0].figure.canvas.draw()
    plt.close(axes[0].figure)
