"""Sound fonts and sampled kits on this machine, as Debian packages install them: only needed to render training data.

    fluid-soundfont-gm, musescore-general-soundfont, timgm6mb-soundfont   General MIDI banks, MIT and GPL-2
    avldrums.lv2-soundfont                                                two multi-sampled acoustic kits, CC BY-SA 3.0
    csound-soundfont                                                      a General MIDI bank, public domain
    hydrogen-drumkits, hydrogen-data                                      recorded and electronic kits, GPL-2, CC BY (SA), CC0
    sonic-pi-samples                                                      a recorded kit and electronic drums, CC0
    lmms-common                                                           drums of many kinds, GPL-2

`ADT_SOUNDS` names another folder with the same subfolders: `sounds/`, `hydrogen/data/drumkits/`, `sonic-pi/` and `lmms/`. Codecs
need `ffmpeg`.
"""

import os
import shutil
from dataclasses import dataclass, field
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
    SoundFont("csound", "sf2/sf_GMbank.sf2", "csound-soundfont"),
    SoundFont("black-pearl", "sf2/Black_Pearl_4_LV2.sf2", "avldrums.lv2-soundfont", general_midi=False),
    SoundFont("red-zeppelin", "sf2/Red_Zeppelin_4_LV2.sf2", "avldrums.lv2-soundfont", general_midi=False),
)


@dataclass(frozen=True)
class SampleFolder:
    """A folder of drum samples, each a file named after its drum: name of the kit, folder, files, its Debian package.

    names  articulations of files, without suffix, that `articulations.of_name` would take for others; None: not used.
    """

    name: str
    folder: str
    pattern: str
    package: str
    names: dict[str, str | None] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """Its samples by name; empty if the package is not installed."""
        return sorted((sounds_root() / self.folder).glob(self.pattern))


# Soft and hard strokes of Sonic Pi are layers. Toms of LMMS are named by their pitch; its kick04 is damaged.
_SONIC_PI = {
    **dict.fromkeys(("drum_bass", "drum_heavy_kick"), "kick"),
    **{"drum_snare": "snare", "drum_tom_hi": "tom_high", "drum_tom_mid": "tom_mid", "drum_tom_lo": "tom_low"},
    **{"drum_cymbal_closed": "hat_closed", "drum_cymbal_open": "hat_open", "drum_cymbal_pedal": "hat_pedal"},
    **{"drum_cymbal": "ride", "drum_splash": "splash", "drum_cowbell": "cowbell"},
}
_LMMS = {
    **{name: f"other_{name}" for name in ("shaker02", "shaker03", "clav01", "clav02", "wood01")},
    **dict.fromkeys(("tom01", "tom04"), "tom_high"),
    **dict.fromkeys(("tom02", "tom05", "tom_mid01"), "tom_mid"),
    **{"tom03": "tom_low", "rim01": "side_stick", "crash01": "splash"},
    **dict.fromkeys(("nasty_bass01", "nasty_rim01", "ride02", "kick_hardcore01", "kick_distorted01", "kick04")),
}
SAMPLE_FOLDERS = (
    SampleFolder("sonic-pi", "sonic-pi/samples", "drum_*.flac", "sonic-pi-samples", _SONIC_PI),
    SampleFolder("lmms", "lmms/samples/drums", "*.ogg", "lmms-common", _LMMS),
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
    absent += [folder.package for folder in SAMPLE_FOLDERS if not folder.files]
    if shutil.which("ffmpeg") is None:
        absent.append("ffmpeg")
    return list(dict.fromkeys(absent))


def require_all() -> None:
    """SourceError with the command that installs missing packages: without them the data would be different."""
    if absent := missing_packages():
        raise SourceError(f"{sounds_root()}: sounds are missing; install them: apt-get install {' '.join(absent)}")
