"""ENST+MDB: the songs with accompaniment of ENST-Drums, and MDB Drums; real recordings, annotated by hand.

    ENST-drums-public/drummer_{1,2,3}/audio/{wet_mix,accompaniment}/<number>_minus-one_<...>.wav
    ENST-drums-public/drummer_{1,2,3}/annotation/<number>_minus-one_<...>.txt
    MDB Drums/audio/{full_mix,drum_only}/MusicDelta_<name>_{MIX,Drum}.wav
    MDB Drums/annotations/subclass/MusicDelta_<name>_subclass.txt

Both are searched at the root and below `ENST+MDB/`, MDB's folder also inside that of its archive. Of ENST only the
`minus-one` tracks are used, which have an accompaniment: the recording is wet mix + accompaniment. Neither corpus defines
splits; these are the thesis's.
"""

from pathlib import Path

from adtlib.corpora.base import Corpus, CorpusInfo, Track, first_folder, visible
from adtlib.vocabulary import ENST, MDB

DRUMMERS = ("drummer_1", "drummer_2", "drummer_3")
# Numbers of drummer_3's tracks in the two splits; drummers 1 and 2 are for training.
ENST_NUMBERS = {
    "validation": (126, 127, 128, 129, 130, 131, 132, 133, 134, 140),
    "test": (142, 144, 146, 148, 150, 152, 154, 156, 158, 160, 162),
}
ENST_TRAIN_TRACKS = 43  # of the 64 minus-one tracks
MDB_NAMES = {
    "train": (
        *(
            "Punk",
            "CoolJazz",
            "Disco",
            "SwingJazz",
            "Rockabilly",
            "Gospel",
            "BebopJazz",
            "FunkJazz",
            "FreeJazz",
            "Reggae",
        ),
        *("LatinJazz", "Britpop", "FusionJazz", "Shadows", "80sRock"),
    ),
    "validation": ("Beatles", "Grunge", "Zeppelin", "ModalJazz"),
    "test": ("Country1", "SpeedMetal", "Rock", "Hendrix"),
}
MDB_AUDIO = {"full_mix": "MIX", "drum_only": "Drum"}
_ENST_PLACES = ("ENST-drums-public", "ENST+MDB/ENST-drums-public", ".")
_MDB_ARCHIVES = ("", "MDBDrums-master/", "MDBDrums/")
_MDB_PLACES = (*(f"{above}{archive}MDB Drums" for above in ("", "ENST+MDB/") for archive in _MDB_ARCHIVES), ".")


class EnstMdb(Corpus):
    """ENST+MDB; with `mdb_audio="drum_only"` the drum tracks of MDB instead of its full mixes (ENST stays as it is)."""

    info = CorpusInfo(
        name="ENST+MDB",
        slug="enst_mdb",
        title="ENST-Drums (minus-one) and MDB Drums",
        hours=1.37,
        n_tracks=87,
        unit="track",
        accompaniment=True,
        synthetic=False,
        licence="ENST-Drums: for research, on request; MDB Drums: CC BY-NC-SA 4.0",
        citation="Gillet and Richard, ENST-Drums: an extensive audio-visual database for drum signals processing, ISMIR "
        "2006; Southall, Wu, Lerch and Hockman, MDB Drums: an annotated subset of MedleyDB for automatic drum "
        "transcription, ISMIR 2017",
        url="https://doi.org/10.5281/zenodo.7432188 https://github.com/CarlSouthall/MDBDrums",
        remedy="request ENST-Drums at its address and unpack it so that ENST-drums-public/drummer_1 lies in the data "
        "folder; `adt corpora --fetch 'MDB Drums'` gets MDB Drums, or unpack its archive there by hand (MDBDrums-master/)",
        disk_gb=1.5,  # of the files read; the archives also hold videos and single microphones
        sequences={"train": 896, "validation": 236, "test": 152},
        n_units={"train": 58, "validation": 14, "test": 15},
    )

    def __init__(self, root: Path | str, mdb_audio: str = "full_mix"):
        """`mdb_audio`: "full_mix" (the thesis) or "drum_only"."""
        super().__init__(root)
        if mdb_audio not in MDB_AUDIO:
            raise ValueError(f"mdb_audio has to be one of {', '.join(MDB_AUDIO)}, got {mdb_audio!r}")
        self.mdb_audio = mdb_audio

    @property
    def options(self) -> dict[str, str]:
        """Which audio of MDB is read."""
        return {"mdb_audio": self.mdb_audio}

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        enst, enst_missing = self._scan_enst(split)
        mdb, mdb_missing = self._scan_mdb(split)
        return enst + mdb, enst_missing + mdb_missing

    def _scan_enst(self, split: str) -> tuple[list[Track], list[str]]:
        base = first_folder(self.root, _ENST_PLACES, DRUMMERS) or self.root / _ENST_PLACES[0]
        tracks, missing, numbers = [], [], set()
        for drummer in DRUMMERS:
            for stem in _minus_one_stems(base / drummer):
                number = _number(stem)
                of = _enst_split(drummer, number)
                if of is None and split == self.splits[0]:
                    place = self._relative(base / drummer / "annotation" / f"{stem}.txt")
                    self._leave_out(split, f"{place}: drummer_3's track {number} is in no split of the thesis; move it away")
                if of != split:
                    continue
                numbers.add((drummer, number))
                track = self._track(f"ENST/{drummer}/{stem}", split, *_enst_files(base / drummer, stem), ENST)
                self._sort_in(track, tracks, missing)
        if not self.miniature:
            folder = self._relative(base)
            if split == "train":
                where = f"{folder}/drummer_[12]/annotation/*minus-one*.txt (name not known)"
                missing += [where] * max(0, ENST_TRAIN_TRACKS - len(numbers))
            else:
                absent = [number for number in ENST_NUMBERS[split] if ("drummer_3", number) not in numbers]
                missing += [f"{folder}/drummer_3/annotation/{number}_minus-one_*.txt" for number in absent]
        return tracks, missing

    def _scan_mdb(self, split: str) -> tuple[list[Track], list[str]]:
        base = first_folder(self.root, _MDB_PLACES, ("annotations/subclass",)) or self.root / _MDB_PLACES[0]
        tracks, missing = [], []
        for name in MDB_NAMES[split]:
            song = f"MusicDelta_{name}"
            audio = base / "audio" / self.mdb_audio / f"{song}_{MDB_AUDIO[self.mdb_audio]}.wav"
            annotation = base / "annotations" / "subclass" / f"{song}_subclass.txt"
            if self.miniature and not (audio.is_file() or annotation.is_file()):
                continue  # not part of the miniature
            self._sort_in(self._track(f"MDB/{song}", split, (audio,), (annotation,), MDB), tracks, missing)
        return tracks, missing

    def _track(self, track_id, split, audio, annotation, mapping) -> Track:
        return Track(self.info.name, track_id, split, audio, annotation, mapping)


def _enst_files(drummer: Path, stem: str) -> tuple[tuple[Path, Path], tuple[Path]]:
    audio = tuple(drummer / "audio" / mix / f"{stem}.wav" for mix in ("wet_mix", "accompaniment"))
    return audio, (drummer / "annotation" / f"{stem}.txt",)


def _minus_one_stems(drummer: Path) -> list[str]:
    """Names of a drummer's minus-one tracks with at least one file, in order of their numbers."""
    folders = [drummer / "annotation", drummer / "audio" / "wet_mix", drummer / "audio" / "accompaniment"]
    stems = {path.stem for folder in folders for path in visible(folder) if path.suffix in (".txt", ".wav")}
    return sorted((stem for stem in stems if "minus-one" in stem), key=lambda stem: (_number(stem), stem))


def _number(stem: str) -> int:
    digits = stem.split("_")[0]
    return int(digits) if digits.isdigit() else -1


def _enst_split(drummer: str, number: int) -> str | None:
    if drummer != "drummer_3":
        return "train"
    for split, numbers in ENST_NUMBERS.items():
        if number in numbers:
            return split
    return None


# Test recordings of models trained on rendered clips: set and its name in figures; MDB's audio decides between the real ones.
SETS = {"rendered": "rendered clips", "drum_only": "real drum tracks", "full_mix": "real mixes"}
