"""The page reproduces what the package does today: its fixtures and tables are those that the package would write now."""

import importlib.util
import json
import re

import pytest

from adtlib import paths

WRITER = paths.ROOT / "page" / "tests" / "write_fixtures.py"
REMEDY = "run page/tests/write_fixtures.py, then make test-page, and change page/src where it now differs"


@pytest.fixture(scope="module")
def writer():
    spec = importlib.util.spec_from_file_location("write_fixtures", WRITER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tables_are_those_of_the_package(writer):
    number = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")  # their last digits are those of the processor that computed them
    for path, text in writer.tables().items():
        stored = path.read_text()
        assert number.sub("", stored) == number.sub("", text), f"{path.name}: {REMEDY}"
        ours, expected = ([float(digits) for digits in number.findall(each)] for each in (text, stored))
        assert ours == pytest.approx(expected, rel=1e-12), f"{path.name}: {REMEDY}"


def test_its_files_are_those_of_the_package(writer):
    stored = json.loads((WRITER.parent / "fixtures" / "notation.json").read_text())
    for ours, expected in zip(writer.notation(), stored, strict=True):
        for kind in ("events", "positions", "csv", "musicxml", "musicxml8", "midi", "midi12", "midi16"):
            assert ours[kind] == expected[kind], f"{ours['name']}, {kind}: {REMEDY}"


def test_its_peaks_and_corrections_are_those_of_the_package(writer):
    for name in ("picking", "corrections", "windows", "rests"):
        stored = json.loads((WRITER.parent / "fixtures" / f"{name}.json").read_text())
        assert json.loads(json.dumps(getattr(writer, name)())) == stored, f"{name}: {REMEDY}"


def test_its_files_for_other_programs_are_those_of_the_package(writer):
    stored, ours = json.loads((WRITER.parent / "fixtures" / "formats.json").read_text()), writer.formats()
    for song, expected in zip(ours.pop("songs"), stored.pop("songs"), strict=True):
        for made, file in zip(song["files"], expected["files"], strict=True):
            assert made == file, f"{song['name']}, {file['kind']}: {REMEDY}"
    assert json.loads(json.dumps(ours)) == stored, REMEDY
