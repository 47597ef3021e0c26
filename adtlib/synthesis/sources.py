"""Sound fonts and sampled kits on this machine, as Debian packages install them: only needed to render training data.

    fluid-soundfont-gm, musescore-general-soundfont, timgm6mb-soundfont   General MIDI banks, MIT and GPL-2
    avldrums.lv2-soundfont                                                two multi-sampled acoustic kits, CC BY-SA 3.0
    hydrogen-drumkits, hydrogen-data                                      recorded and electronic kits, GPL-2, CC BY (SA), CC0

`ADT_SOUNDS` names another folder with the same two subfolders: `sounds/` and `hydrogen/data/drumkits/`.
"""

import os
from dataclasses import dataclass
from pathlib import Path


class SourceError(ValueError):
    """A sound font or kit that is missing or cannot be read; the message names the file and the remedy."""


@dataclass(frozen=True)
class SoundFont:
    """A sound font: short name, file below `sounds/`, its Debian package, whether it is a General MIDI bank."""

    name: str
    file: str
    package: str
    general_midi: bool = True

    @property
    def path(self) -> Path:
        """The file, whether or not it is installed."""
        return sounds_root() / "sounds" / self.file


FONTS = (
    SoundFont("fluid", "sf2/FluidR3_GM.sf2", "fluid-soundfont-gm"),
    SoundFont("musescore", "sf3/MuseScore_General_Full.sf3", "musescore-general-soundfont"),
    SoundFont("timgm", "sf2/TimGM6mb.sf2", "timgm6mb-soundfont"),
    SoundFont("black-pearl", "sf2/Black_Pearl_4_LV2.sf2", "avldrums.lv2-soundfont", general_midi=False),
    SoundFont("red-zeppelin", "sf2/Red_Zeppelin_4_LV2.sf2", "avldrums.lv2-soundfont", general_midi=False),
)


def sounds_root() -> Path:
    """Folder that holds `sounds/` and `hydrogen/`."""
    return Path(os.environ.get("ADT_SOUNDS") or "/usr/share")


def hydrogen_kits() -> list[Path]:
    """Folders of the installed Hydrogen kits, by name."""
    return sorted(path.parent for path in (sounds_root() / "hydrogen" / "data" / "drumkits").glob("*/drumkit.xml"))


def missing_packages() -> list[str]:
    """Packages that are not installed, in the order of the module's docstring."""
    absent = [font.package for font in FONTS if not font.path.is_file()]
    found = {path.name for path in hydrogen_kits()}
    if "Millo-Drums_v.1" not in found:
        absent.append("hydrogen-drumkits")
    if "GMRockKit" not in found:
        absent.append("hydrogen-data")
    return list(dict.fromkeys(absent))


def require_all() -> None:
    """SourceError with the command that installs missing packages: without them the data would be different."""
    if absent := missing_packages():
        raise SourceError(f"{sounds_root()}: sounds are missing; install them: apt-get install {' '.join(absent)}")
