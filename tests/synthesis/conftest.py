"""A data folder and captured banks, made here."""

from pathlib import Path

import pytest
from made_sounds import tone, write_groove, write_hydrogen_kit, write_songs

from adtlib.synthesis import capture, clips, performances
from adtlib.synthesis.samples import BankWriter


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path, Path]:
    """(data, banks, notes): a data folder and captured banks, small."""
    root = tmp_path_factory.mktemp("rendered")
    write_groove(root / "data")
    write_songs(root / "data")
    banks = root / "banks"
    for number, name in enumerate(["GMRockKit", "ForzeeStereo", "Millo-Drums_v.1", "ColomboAcousticDrumkit"]):
        kit = write_hydrogen_kit(root / "kits" / name, 1 + 0.1 * number)
        capture.capture_hydrogen(kit, banks / "kits" / name)
    for font in ("fluid", "timgm"):
        writer = BankWriter()
        for program in range(116):
            for pitch in capture.PITCHES:
                writer.add(f"{program}:{pitch}", "", 127, tone(440 * 2 ** ((pitch - 69) / 12), 0.1))
        writer.write(banks / "instruments" / font)
    writer = BankWriter()
    for pitch in capture.voices.PITCHES:
        writer.add(f"voice:{pitch}", "0", 127, tone(440 * 2 ** ((pitch - 69) / 12)))
    writer.write(banks / "instruments" / "voices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(performances, "songs_folder", lambda: root / "notes")
        notes = performances.gather(root / "data")
    return root / "data", banks, notes


@pytest.fixture
def studio(made) -> clips.Studio:
    return clips.Studio(made[1], made[2], "train")
