"""A data folder and captured banks, made here."""

from pathlib import Path

import pytest

from adtlib.synthesis import clips, performances
from adtlib.synthesis.tones import write_banks, write_groove, write_songs


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path, Path]:
    """(data, banks, notes): a data folder and captured banks, small."""
    root = tmp_path_factory.mktemp("rendered")
    write_groove(root / "data")
    write_songs(root / "data")
    banks = root / "banks"
    write_banks(banks, ("GMRockKit", "ForzeeStereo", "Millo-Drums_v.1", "ColomboAcousticDrumkit"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(performances, "songs_folder", lambda: root / "notes")
        notes = performances.gather(root / "data")
    return root / "data", banks, notes


@pytest.fixture
def studio(made) -> clips.Studio:
    return clips.Studio(made[1], made[2], "train")
