"""The works that notebooks lean on are in references.bib, each once, and each notebook lists exactly what its text cites.

A citation is names and year, "Strang (1993)" or "(Wu et al. 2018)"; a listed reference ends in its key in backquotes.
"""

import re

import nbformat
import pytest

from adtlib import paths

BIB = (paths.ROOT / "references.bib").read_text(encoding="utf-8")
ENTRIES = {re.match(r"@\w+\{([^,\s]+),", entry)[1]: entry for entry in re.split(r"\n+(?=@)", BIB)}
KEYS = re.findall(r"^@\w+\{([^,\s]+),", BIB, flags=re.MULTILINE)
ACCENTS = {r"{\"o}": "ö", r"{\"u}": "ü", r"{\"e}": "ë", r"{\o}": "ø", r"{\L}": "Ł", r"{\c{c}}": "ç", r"{\c{C}}": "Ç"}

FILES = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
TELLING = [path for path in FILES if "10" <= path.stem[:2] <= "60"]  # theory, corpora, architectures, studies
each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

# The name before a year, with what may stand between: "et al.", "and Bello", ", Volkmann and Newman".
NAME = r"[A-Z][\w'’-]+"
CITATION = re.compile(rf"({NAME})(?: et al\.|(?:, {NAME})* and {NAME})? \(?((?:19|20)\d\d)((?:(?:,| and) (?:19|20)\d\d)*)")
NOT_A_NAME = {"In", "January", "April", "May", "June", "July", "August", "September", "October", "November", "December"}


def first_author(key: str) -> str:
    """The last word of the first author's surname: Oord of "van den Oord", Army of "Department of the Army"."""
    author = re.search(r"^\s*author\s*=\s*\{(.*?)\},?$", ENTRIES[key], flags=re.MULTILINE | re.DOTALL)[1]
    for code, letter in ACCENTS.items():
        author = author.replace(code, letter)
    surname = author.strip("{}") if author.startswith("{") else author.split(",")[0]
    return surname.replace("{", "").replace("}", "").split()[-1]


def year(key: str) -> str:
    return re.search(r"^\s*year\s*=\s*\{(\d{4})\}", ENTRIES[key], flags=re.MULTILINE)[1]


def markdown(path) -> tuple[str, str]:
    """Text of a notebook: (all but the references, the cell "## References")."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    listed = [source for source in cells if re.match(r"#+ References", source)]
    assert len(listed) <= 1
    return "\n\n".join(source for source in cells if source not in listed), "".join(listed)


def listed_keys(path) -> list[str]:
    return re.findall(r"^[-*].*`([^`\s]+)`\s*$", markdown(path)[1], flags=re.MULTILINE)


def cited_works(path) -> set[tuple[str, str]]:
    """(surname, year) of all citations in the text."""
    found = set()
    text = markdown(path)[0].replace("**", "").replace("\n", " ")  # names may be bold
    for name, first, more in CITATION.findall(text):
        if name not in NOT_A_NAME:
            found |= {(name, one) for one in [first, *re.findall(r"\d{4}", more)]}
    return found


def test_no_key_is_there_twice():
    assert len(KEYS) == len(set(KEYS)) == len(ENTRIES) > 0


def test_entries_are_closed_and_in_order():
    assert all(entry.count("{") == entry.count("}") for entry in ENTRIES.values())
    assert sorted(KEYS) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_says_who_what_and_when_and_its_key_agrees(key):
    entry = ENTRIES[key]
    assert re.search(r"^\s*title\s*=\s*\{\S", entry, flags=re.MULTILINE) and first_author(key)
    assert key.endswith(year(key))


@each
def test_what_a_notebook_lists_is_in_the_bibliography(path):
    keys = listed_keys(path)
    assert set(keys) <= set(KEYS)
    assert len(keys) == len(set(keys))
    assert len(keys) == len(re.findall(r"^[-*] ", markdown(path)[1], flags=re.MULTILINE)), "a reference without its key"


@each
def test_a_notebook_lists_exactly_what_it_cites(path):
    assert cited_works(path) == {(first_author(key), year(key)) for key in listed_keys(path)}


@pytest.mark.parametrize("path", TELLING, ids=lambda path: path.stem)
def test_a_notebook_ends_with_its_references(path):
    cells = nbformat.read(path, as_version=4).cells
    at = [index for index, cell in enumerate(cells) if re.match(r"#+ References", cell.source)]
    assert at == [len(cells) - 3], "the references stand before the checks"
    assert listed_keys(path)


def test_a_citation_is_found_however_it_is_written():
    text = "Stevens, Volkmann and Newman (1937), O'Shaughnessy 1987; Vogl et al. (2017, 2018); van den Oord et al. 2016. In 1990"
    found = {(name, one, more) for name, one, more in CITATION.findall(text)}
    assert {("Stevens", "1937", ""), ("O'Shaughnessy", "1987", ""), ("Vogl", "2017", ", 2018"), ("Oord", "2016", "")} < found
