"""SADTP, the thesis's own small corpus: 16 songs with MIDI annotations, read as a Roland kit's; test only.

    SADTP/<song>/{mix.wav,annotation.mid}

It is never trained on: it tests models outside the distribution of all other corpora. The names of its folders hold many
kinds of characters; ids are the names in Unicode's composed form, as systems differ in the form that they store.
"""

import os
import unicodedata

from adtlib.corpora.base import Corpus, CorpusInfo, Track, visible
from adtlib.vocabulary import ROLAND

FOLDER = "SADTP"
AUDIO, ANNOTATION = "mix.wav", "annotation.mid"


class Sadtp(Corpus):
    """SADTP ("personal dataset" in the thesis): real songs, annotated by playing along."""

    splits = ("test",)
    info = CorpusInfo(
        name="SADTP",
        slug="sadtp",
        title="Small Automatic Drum Transcription Performance dataset",
        hours=1.08,
        n_tracks=16,
        unit="track",
        accompaniment=True,
        synthetic=False,
        licence="none stated",
        citation="Fosse, master's thesis, University of Bergen, 2025",
        url="see the thesis",
        remedy="get the corpus from the author of the thesis, so that SADTP/<song>/mix.wav and annotation.mid lie in the "
        "data folder",
        disk_gb=0.7,
        sequences={"test": 977},
        n_units={"test": 16},
    )

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        tracks, missing, n_songs = [], [], 0
        folders = [path for path in visible(self.root / FOLDER) if path.is_dir()]
        for name, folder in sorted((unicodedata.normalize("NFC", path.name), path) for path in folders):
            files = folder / AUDIO, folder / ANNOTATION
            if not any(map(os.path.isfile, files)):
                self._leave_out(split, f"{self._relative(folder)}: neither {AUDIO} nor {ANNOTATION} can be found; move it away")
                continue
            n_songs += 1
            self._sort_in(Track(self.info.name, name, split, files[:1], files[1:], ROLAND), tracks, missing)
        where = self._relative(self.root / FOLDER / "*" / AUDIO)
        return tracks, missing + self._unnamed(split, n_songs, where)
