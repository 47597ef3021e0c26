"""Slakh2100-redux: MIDI songs rendered with professional sample libraries, a stem for each instrument, and their mix.

    slakh2100_flac_redux/{train,validation,test}/Track00001/{mix.flac,metadata.yaml,MIDI/S00.mid,stems/S00.flac}

Plain Slakh2100 has some songs in several splits; the redux version leaves the duplicates out. The annotation is the MIDI
of the stem (or stems) whose `is_drum` is true in the metadata; a stem that was not rendered is not in the mix and is
ignored.
"""

from pathlib import Path

import yaml

from adtlib.corpora.base import Corpus, CorpusInfo, Track, first_folder, visible
from adtlib.vocabulary import GENERAL_MIDI

FOLDER = "slakh2100_flac_redux"
# The parser in C is some ten times faster, which matters for 1,710 files; not every installation has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
            found = self._track(folder, split)
            if isinstance(found, Track):
                tracks.append(found)
            else:
                missing.append(found)
        where = f"{self._relative(base)}/{split}/Track?????"
        return tracks, missing + self._unnamed(split, len(folders), where)

    def _track(self, folder: Path, split: str) -> Track | str:
        """The track in a folder, or an entry naming its missing files."""
        mix, metadata = folder / "mix.flac", folder / "metadata.yaml"
        absent = [path for path in (mix, metadata) if not path.is_file()]
        if absent:
            return self._relative(*absent)
        try:
            stems = _drum_stems(metadata)
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            return f"{self._relative(metadata)} (damaged: {reason})"
        if not stems:
            return f"{self._relative(metadata)} (names no rendered drum stem)"
        midi = tuple(folder / "MIDI" / f"{stem}.mid" for stem in stems)
        absent = [path for path in midi if not path.is_file()]
        if absent:
            return self._relative(*absent)
        return Track(self.info.name, f"{split}/{folder.name}", split, (mix,), midi, GENERAL_MIDI)


def _drum_stems(metadata: Path) -> list[str]:
    content = yaml.load(metadata.read_text(encoding="utf-8"), _Loader)
    stems = content.get("stems") if isinstance(content, dict) else None
    if not isinstance(stems, dict) or not all(isinstance(stem, dict) for stem in stems.values()):
        raise ValueError("no table of stems")
    return sorted(name for name, stem in stems.items() if stem.get("is_drum") and stem.get("audio_rendered", True))
