"""The page reproduces what the package does today: its fixtures and tables are those that the package would write now."""

import base64
import importlib.util
import json
import re

import numpy as np
import pytest

from adtlib import paths

WRITER = paths.ROOT / "page" / "tests" / "write_fixtures.py"
REMEDY = "run page/tests/write_fixtures.py, then make test-page, and change page/src where it now differs"
FIXTURES = sorted(path.stem for path in (WRITER.parent / "fixtures").glob("*.json"))
MEASURED = ("audio", "energies")  # of sound; the last digits are those of the processor that computed them
FLOATS, DOUBLES = {"rtol": 1e-5, "atol": 1e-6}, {"rtol": 1e-9, "atol": 1e-9}


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


def assert_same(ours, stored, place: str) -> None:
    """Equal texts, names, lengths and numbers; arrays, and numbers of MEASURED, nearly equal."""
    if isinstance(stored, dict) and "data" in stored and "type" in stored:
        assert ours.keys() == stored.keys() and ours["type"] == stored["type"], f"{place}: {REMEDY}"
        found, expected = (np.frombuffer(base64.b64decode(each["data"]), dtype=each["type"]) for each in (ours, stored))
        assert len(found) == len(expected), f"{place}: {REMEDY}"
        near = FLOATS if stored["type"] == "f4" else DOUBLES
        np.testing.assert_allclose(found, expected, **near, err_msg=f"{place}: {REMEDY}")
    elif isinstance(stored, dict):
        assert ours.keys() == stored.keys(), f"{place}: {REMEDY}"
        for name, value in stored.items():
            assert_same(ours[name], value, f"{place}, {name}")
    elif isinstance(stored, list):
        assert len(ours) == len(stored), f"{place}: {REMEDY}"
        for i, (mine, value) in enumerate(zip(ours, stored, strict=True)):
            assert_same(mine, value, f"{place} {i}")
    elif isinstance(stored, float) and place.startswith(MEASURED):
        assert ours == pytest.approx(stored, rel=1e-5, abs=1e-6), f"{place}: {REMEDY}"
    else:
        assert ours == stored, f"{place}: {REMEDY}"


@pytest.mark.parametrize("name", FIXTURES)
def test_its_fixtures_are_those_of_the_package(writer, name):
    stored = json.loads((WRITER.parent / "fixtures" / f"{name}.json").read_text())
    assert_same(json.loads(json.dumps(writer.PARTS[name]())), stored, name)
