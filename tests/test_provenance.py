import subprocess
import sys

import pytest

from adtlib import provenance
from adtlib.corpora import preparation, registry
from adtlib.provenance import code_state, hash_of
from adtlib.training import trainer

SOURCE = "from pkg import maths\nmaths.double(1)"
MATHS = """
'''About.'''
from pkg import numbers as n
from pkg.text import label

SEEN = []

def double(x: int) -> int:
    "Twice x."
    import pkg.text as text
    return (n.TWO * x + len(text.label(x)) + len(label(x)))

def unused():
    return 1
"""
NUMBERS = "TWO = 2\nTHREE = 3\n"
TEXT = "def label(x):\n    return _Kind(x).name\n\nclass _Kind:\n    def __init__(self, x):\n        self.name = str(x)\n"


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "pkg"
    folder.mkdir()
    for name, text in {"__init__": "", "maths": MATHS, "numbers": NUMBERS, "text": TEXT}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def changed(package, name: str, old: str, new: str) -> bool:
    """Whether a change makes results look out of date; the change is taken back."""
    path = package / name
    before, text = code_state(source=SOURCE, package=package), path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    after = code_state(source=SOURCE, package=package)
    path.write_text(text)
    return after != before


@pytest.mark.parametrize(
    ("name", "old", "new", "counts"),
    [
        ("maths.py", "n.TWO * x +", "(n.TWO  *  x) +  # why\n        ", False),
        ("maths.py", "Twice x.", "Two times x.", False),
        ("maths.py", "x: int) -> int", "x: float) -> float", False),
        ("maths.py", "return 1", "return 2", False),  # of a function that nobody calls
        ("maths.py", "from pkg import numbers as n", "import pkg.numbers as n", False),
        ("maths.py", "n.TWO * x", "n.THREE * x", True),
        ("maths.py", "SEEN = []", "SEEN = []\nprint()", True),  # done whenever the module is loaded
        ("numbers.py", "TWO = 2", "TWO = 4", True),
        ("numbers.py", "THREE = 3", "THREE = 4", False),
        ("text.py", "str(x)", "repr(x)", True),  # three steps away
    ],
)
def test_what_a_result_depends_on_counts_and_nothing_else(package, name, old, new, counts):
    assert changed(package, name, old, new) is counts


def test_a_definition_may_move(package):
    before = code_state(source=SOURCE, package=package)
    (package / "room").mkdir()
    (package / "room" / "__init__.py").write_text('"""A room."""\n')
    (package / "room" / "__init__.pyi").write_text("from .inside import double as double\n")
    (package / "room" / "inside.py").write_text(
        MATHS.replace("from pkg import numbers as n", "from pkg.room import constants")
        .replace("n.TWO", "constants.TWO")
        .replace("pkg.text", "pkg.room.words")
    )
    (package / "room" / "constants.py").write_text(NUMBERS)
    (package / "text.py").rename(package / "room" / "words.py")
    for name in ("maths", "numbers"):
        (package / f"{name}.py").unlink()
    for source in ("from pkg import room\nroom.double(1)", "from pkg.room.inside import double as twice\ntwice(1)"):
        assert code_state(source=source, package=package) == before


def test_data_that_is_named_beside_the_code_counts(package):
    (package / "table.csv").write_text("1,2")
    (package / "numbers.py").write_text("from pathlib import Path\n" + NUMBERS + "TABLE = Path(__file__).with_name('table.csv')\n")
    (package / "maths.py").write_text(MATHS.replace("n.TWO * x", "n.TWO * x * len(n.TABLE.read_text())"))
    before = code_state(source=SOURCE, package=package)
    (package / "table.csv").write_text("1,2,3")
    assert code_state(source=SOURCE, package=package) != before


def test_hashes_are_the_same_in_every_process():
    code = "from adtlib.training import trainer; print(trainer.code_hash())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert printed == trainer.code_hash() and len(printed) == 16


def test_a_run_depends_on_features_targets_network_loss_and_matching_but_on_no_picture_or_table():
    code = provenance._Code(provenance.PACKAGE)
    for function in (registry.open_corpus, preparation.prepare, trainer.fit):
        code.use(function.__module__, function.__name__)
    reached = {name for _, name in code._reached}
    assert {
        "log_filter_spectrogram",
        "widen_targets",
        "CRNN",
        "weighted_bce",
        "count_matches",
        "pick_peaks",
        "read_velocities",
    } <= reached
    assert not any(name.startswith(("plot_", "save_", "load_profile")) for name in reached - {"save_weights"})


def test_parts_of_a_hash_are_apart():
    assert hash_of("ab", "c") != hash_of("a", "bc") and hash_of("a") == hash_of(b"a")


def test_code_that_gives_the_results_of_earlier_code_keeps_its_hash(package, monkeypatch):
    state = code_state(source=SOURCE, package=package)
    monkeypatch.setitem(provenance.SAME_RESULTS, state, "0123456789abcdef")
    assert code_state(source=SOURCE, package=package) == "0123456789abcdef"
    (package / "numbers.py").write_text(NUMBERS.replace("TWO = 2", "TWO = 4"))
    assert code_state(source=SOURCE, package=package) not in (state, "0123456789abcdef"), "not after the next change"
