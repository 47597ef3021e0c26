"""The works that notebooks lean on are in references.bib, each once, under the key that the notebook gives."""

import re

import nbformat
import pytest

from adtlib import paths

BIB = (paths.ROOT / "references.bib").read_text(encoding="utf-8")
KEYS = re.findall(r"^@\w+\{([^,\s]+),", BIB, flags=re.MULTILINE)


def cited_keys(path) -> list[str]:
    """Keys in backquotes at the end of the lines of a cell "## References"."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    listed = [source for source in cells if re.match(r"#+ References", source)]
    return [key for source in listed for key in re.findall(r"^[-*].*`([^`\s]+)`\s*$", source, flags=re.MULTILINE)]


def test_no_key_is_there_twice():
    assert len(KEYS) == len(set(KEYS)) > 0


def test_entries_are_closed():
    assert BIB.count("{") == BIB.count("}")


@pytest.mark.parametrize("path", sorted(paths.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_notebook_cites_is_in_the_bibliography(path):
    assert set(cited_keys(path)) <= set(KEYS)


@pytest.mark.parametrize("name", ["10_sound_and_fourier", "11_stft_and_spectrogram", "12_filterbanks"])
def test_a_notebook_on_theory_cites(name):
    assert len(cited_keys(paths.NOTEBOOKS / f"{name}.ipynb")) >= 3
