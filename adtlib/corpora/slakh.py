"""Slakh2100-redux: MIDI songs rendered with professional sample libraries, a stem for each instrument, and their mix.

    slakh2100_flac_redux/{train,validation,test}/Track00001/{mix.flac,metadata.yaml,MIDI/S00.mid,stems/S00.flac}

Plain Slakh2100 has some songs in several splits; the redux version leaves the duplicates out. The annotation is the MIDI
of the stem (or stems) whose `is_drum` is true in the metadata; a stem that was not rendered is not in the mix and is
ignored.
"""

from pathlib import Path

import yaml

from adtlib.corpora.base import Corpus, CorpusInfo, Track, first_folder, is_inside, visible
from adtlib.vocabulary import GENERAL_MIDI

FOLDER, METADATA = "slakh2100_flac_redux", "metadata.yaml"
# All values stay text: a name may look like a number or a date. The parser in C is some ten times faster, which matters for 1,710
# files; not every installation has it.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


class Slakh(Corpus):
    """Slakh2100-redux: synthetic songs with melodic instruments."""

    info = CorpusInfo(
        name="Slakh",
        slug="slakh",
        title="Slakh2100-redux",
        hours=115.0,
        n_tracks=1_710,
        unit="track",
        accompaniment=True,
        synthetic=True,
        licence="CC BY 4.0",
        citation="Manilow, Wichern, Seetharaman and Le Roux, Cutting music source separation some Slakh: a dataset to "
        "study the impact of training data quality and quantity, WASPAA 2019",
        url="https://doi.org/10.5281/zenodo.4599666",
        remedy="`adt corpora --fetch Slakh` gets it (104 GB, as much again unpacked); by hand, unpack "
        "slakh2100_flac_redux.tar.gz so that slakh2100_flac_redux/train lies in the data folder",
        disk_gb=104.0,
        sequences={"train": 80_662, "validation": 16_643, "test": 9_963},
        n_units={"train": 1_289, "validation": 270, "test": 151},
    )

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        base = first_folder(self.root, (FOLDER, "."), ("train", "validation", "test")) or self.root / FOLDER
        tracks, missing = [], []
        folders = [path for path in visible(base / split) if path.name.startswith("Track") and path.is_dir()]
        for folder in folders:
            try:
                found = self._track(folder, split)
            except (OSError, ValueError) as error:
                found = f"{self._relative(folder / METADATA)} (damaged: {error})"
                self._leave_out(split, f"{found}; get the track again, or remove its folder")
            if isinstance(found, Track):
                tracks.append(found)
            else:
                missing.append(found)
        where = f"{self._relative(base)}/{split}/Track?????"
        return tracks, missing + self._unnamed(split, len(folders), where)

    def _track(self, folder: Path, split: str) -> Track | str:
        """The track in a folder, or an entry naming its missing files. OSError or ValueError for metadata that cannot be used."""
        mix, metadata = folder / "mix.flac", folder / METADATA
        absent = [path for path in (mix, metadata) if not path.is_file()]
        if absent:
            return self._relative(*absent)
        stems = _drum_stems(metadata)
        if not stems:
            return f"{self._relative(metadata)} (names no rendered drum stem)"
        midi = tuple(folder / "MIDI" / f"{stem}.mid" for stem in stems)
        absent = [path for path in midi if not path.is_file()]
        if absent:
            return self._relative(*absent)
        return Track(self.info.name, f"{split}/{folder.name}", split, (mix,), midi, GENERAL_MIDI)


def _drum_stems(metadata: Path) -> list[str]:
    """Names of the drum stems that were rendered. ValueError for metadata that are damaged or cut."""
    try:
        content = yaml.load(metadata.read_bytes(), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None
    stems = content.get("stems") if isinstance(content, dict) else None
    if not isinstance(stems, dict) or not all(isinstance(stem, dict) for stem in stems.values()):
        raise ValueError("no table of stems")
    drums = [name for name, stem in stems.items() if _stated(name, stem, "is_drum")]
    # A file that was cut may have lost a drum stem, or that one was not rendered.
    if lost := sorted({path.stem for path in visible(metadata.parent / "MIDI") if path.suffix == ".mid"} - set(stems)):
        raise ValueError(f"it does not name the stem {lost[0]}, which is there")
    if outside := [name for name in drums if not is_inside(name) or "/" in name]:
        raise ValueError(f"the stem {outside[0]!r} is not the name of a file")
    return sorted(name for name in drums if _stated(name, stems[name], "audio_rendered"))


def _stated(name: str, stem: dict[str, str], key: str) -> bool:
    value = str(stem.get(key)).lower()
    if value not in _TRUE + _FALSE:
        raise ValueError(f"{key} of the stem {name} is {stem.get(key)!r}, neither true nor false")
    return value in _TRUE
