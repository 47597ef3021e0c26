"""What several test files share: the real data, where it is, and a small seeded random generator."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest


def _real_root() -> Path:
    return Path(os.environ.get("ADT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real recordings and annotations; tests that need it are skipped, saying so, where it is not."""
    root = _real_root()
    if not (root / "ENST+MDB").is_dir():
        pytest.skip(f"no real recordings at {root}: set ADT_DATA to a folder that holds the corpora")
    return root


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with a fixed seed: a failing random case can be repeated."""
    return np.random.default_rng(20250421)


@pytest.fixture(autouse=True)
def no_corpus_of_an_earlier_test():
    """What a process keeps of prepared corpora points into the folders of the test that prepared them."""
    if "adtlib.studies" in sys.modules:
        sys.modules["adtlib.studies"]._prepared.cache_clear()
