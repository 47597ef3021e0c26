"""Prepared data that were damaged: found by content, named, healed by `prepare` alone, refused by training until then."""

import json
import operator
import os
import shutil
import warnings

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.cli import main
from adtlib.corpora import parts, preparation
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.store import Prepared, PreparedError, prepared_folder
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.corpora.verification import BROKEN, HOLDS, INPUTS, UNKNOWN, prepared_links
from adtlib.onsets.frames import widen_targets
from adtlib.provenance import checksum, file_checksum, sealed, unsealed
from adtlib.training.trainer import TrainingConfig, fit


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    parts.map_features.cache_clear()
    parts.load_part.cache_clear()


@pytest.fixture
def songs(tmp_path):
    rng = np.random.default_rng(0)
    for split, names in {"train": "ab", "validation": "c"}.items():
        for name in names:
            folder = tmp_path / "songs" / split
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / f"{name}.wav", rng.normal(0, 0.05, 2 * SAMPLE_RATE), SAMPLE_RATE)
            (folder / f"{name}.txt").write_text(f"0.5 KD\n1.{ord(name)} SD\n")
    return tmp_path / "songs"


def part_of(corpus):
    """The part of song a, without suffix."""
    return next((prepared_folder(corpus) / "train").glob("*a-????????.npy")).with_suffix("")


def flip(path, at, keep_times=False):
    """Flip a bit; the file keeps its size and, if told to, its times."""
    stat = path.stat()
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0x40]))
    if keep_times:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def write_npy(part, change):
    np.save(part.with_suffix(".npy"), change(np.load(part.with_suffix(".npy"))))


def cut(path, share):
    os.truncate(path, int(path.stat().st_size * share))


DAMAGE = {
    "bits flipped": lambda part: flip(part.with_suffix(".npy"), -500),
    "bits flipped, times as before": lambda part: flip(part.with_suffix(".npy"), -500, keep_times=True),
    "zeros": lambda part: write_npy(part, np.zeros_like),
    "shorter than the index": lambda part: write_npy(part, lambda features: features[:-7]),
    "longer than the index": lambda part: write_npy(part, lambda features: np.concatenate([features, features])),
    "another shape": lambda part: write_npy(part, lambda features: features[:, :80]),
    "pickled objects": lambda part: write_npy(part, lambda features: np.array([{}], dtype=object)),
    "npy cut in half": lambda part: cut(part.with_suffix(".npy"), 0.5),
    "npy of 0 bytes": lambda part: cut(part.with_suffix(".npy"), 0),
    "npy header flipped": lambda part: flip(part.with_suffix(".npy"), 20),
    "npz cut": lambda part: cut(part.with_suffix(".npz"), 0.6),
    "npz bit flipped": lambda part: flip(part.with_suffix(".npz"), 150),
    "npz of 0 bytes": lambda part: cut(part.with_suffix(".npz"), 0),
    "npz of other arrays": lambda part: np.savez(part.with_suffix(".npz"), format=parts.FORMAT),
    "onsets moved": lambda part: move_onsets(part),
}


def move_onsets(part):
    with np.load(part.with_suffix(".npz")) as file:
        arrays = dict(file)
    np.savez(part.with_suffix(".npz"), **arrays | {"onset_times": arrays["onset_times"] + 0.1})


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_part_is_refused_named_and_made_again_alone(songs, tmp_path, monkeypatch, damage):
    corpus = FolderCorpus(songs)
    whole = prepare(corpus, progress=False)
    part = part_of(corpus)
    before = {path: path.read_bytes() for path in prepared_folder(corpus).rglob("*.np?")}
    DAMAGE[damage](part)
    config = TrainingConfig("CNN", ("songs",), {"num_convs": 1, "num_layers": 1, "hidden_size": 8}, epochs=1)
    with pytest.raises(PreparedError, match=rf"{part.name}\.np[yz].*'adt prepare'"):
        fit(config, [whole], [whole], tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "model.safetensors").exists()
    written = []
    real = preparation.write_part
    monkeypatch.setattr(preparation, "write_part", lambda path, *rest: written.append(path.name) or real(path, *rest))
    with pytest.warns(UserWarning, match=rf"{part.name}\.np[yz].*made anew") as caught:
        healed = prepare(FolderCorpus(songs), progress=False)
    assert len(caught) == 1 and written == [part.name] and healed.fingerprint == whole.fingerprint
    assert {path: path.read_bytes() for path in prepared_folder(corpus).rglob("*.np?")} == before
    assert healed.problems == [] and healed.damage() == {}
    fit(config, [healed], [healed], tmp_path / "run", progress=False)


def test_onsets_of_another_song_are_refused_and_replaced(songs):
    whole = prepare(FolderCorpus(songs), progress=False)
    part = part_of(FolderCorpus(songs))
    shutil.copy(next(part.parent.glob("*b-????????.npz")), part.with_suffix(".npz"))
    with pytest.raises(PreparedError, match=r"onsets of .* are not those written"):
        whole.check("train")
    assert prepare(FolderCorpus(songs), progress=False).damage() == {}


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_a_lost_file_is_made_again_and_refused_until_then(songs, suffix):
    corpus = FolderCorpus(songs)
    whole = prepare(corpus, progress=False)
    part_of(corpus).with_suffix(suffix).unlink()
    with pytest.raises(PreparedError, match="adt prepare"):
        whole.check("train")
    whole.check("validation")
    assert prepare(FolderCorpus(songs), progress=False).damage() == {}


CUT = operator.itemgetter(slice(0, -20))
CHANGED = operator.methodcaller("replace", b"200", b"201", 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"3",
        b"{}",
        b'{"format": 2}',
        b"[" * 100_000,
        b"\xff\xfe",
        lambda good: good[:-20],
        lambda good: good.replace(b"200", b"201", 1),
    ],
)
def test_an_index_of_any_shape_is_named_and_made_anew(songs, content):
    corpus = FolderCorpus(songs)
    whole = prepare(corpus, progress=False)
    index = whole.folder / "index.json"
    good = index.read_bytes()
    index.write_bytes(content(good) if callable(content) else content)
    assert index.read_bytes() != good
    with pytest.raises(PreparedError, match=r"index\.json is damaged .*'adt prepare'"):
        Prepared(whole.folder)
    with pytest.warns(UserWarning, match=r"index\.json is damaged .*made anew"):
        healed = prepare(FolderCorpus(songs), progress=False)
    assert index.read_bytes() == good and healed.fingerprint == whole.fingerprint


def test_prepared_data_of_an_earlier_version_are_made_anew(songs):
    corpus = FolderCorpus(songs)
    whole = prepare(corpus, progress=False)
    index = json.loads((whole.folder / "index.json").read_text())
    (whole.folder / "index.json").write_text(json.dumps(index | {"format": 1}))
    for path in whole.folder.rglob("*.npz"):
        with np.load(path) as file:
            arrays = dict(file)
        np.savez(path, **arrays | {"format": 1})
    with pytest.raises(PreparedError, match=r"format 1, this version reads 2.*'adt prepare'"):
        Prepared(whole.folder)
    with pytest.warns(UserWarning, match="format 1"):
        assert prepare(FolderCorpus(songs), progress=False).fingerprint == whole.fingerprint


def test_what_was_read_is_not_read_again_within_a_day_and_unless_asked(songs, monkeypatch):
    whole = prepare(FolderCorpus(songs), progress=False)
    read = []
    real = parts.check_part
    monkeypatch.setattr(parts, "check_part", lambda part, entry: read.append(part) or real(part, entry))
    prepare(FolderCorpus(songs), progress=False)
    Prepared(whole.folder).check("train", "validation")
    assert read == [], "parts that were just written are known"
    assert whole.damage(anew=True) == {} and len(read) == 3
    now = parts.time.time()
    monkeypatch.setattr(parts.time, "time", lambda: now + parts.FRESH + 1)
    whole.check("train")
    assert len(read) == 5
    (whole.folder / "checked.json").write_text('{"parts": 3}')
    whole.check("train")
    assert len(read) == 7, "a list of another shape is as good as none"


def test_a_damaged_sequence_is_found_and_only_its_part_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "SEQUENCES_PER_PART", 4)
    rng = np.random.default_rng(0)
    targets = np.zeros((400, 5), dtype=np.float32)
    targets[[10, 200], [0, 1]] = 1
    elements = [[rng.random((400, 84, 1), dtype=np.float32), widen_targets(targets)] for _ in range(10)]
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", iter(elements))
    whole = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    victim = whole.folder / "train" / "part-00001.npy"
    good = victim.read_bytes()
    flip(victim, -10)
    with pytest.raises(PreparedError, match=r"part-00001\.npy is damaged \(features of train/000007 "):
        whole.check("train")
    written = []
    real = preparation.write_part
    monkeypatch.setattr(preparation, "write_part", lambda part, *rest: written.append(part.name) or real(part, *rest))
    with pytest.warns(UserWarning, match="part-00001.*made anew"):
        healed = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    assert written == ["part-00001", "part-00002"], "the last, which is not full, is written as the stream passes it"
    assert victim.read_bytes() == good and healed.fingerprint == whole.fingerprint and healed.problems == []


# --- one bad track -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "b.wav"), "b.wav: Permission denied"),
        (KeyError("label"), r"b\.wav.*KeyError: 'label'"),
        (MemoryError("too long"), r"b\.wav.*MemoryError: too long"),
        (RecursionError(), r"b\.wav.*RecursionError"),
        (UnicodeEncodeError("utf-8", "\udcf6", 0, 1, "surrogates not allowed"), r"b\.wav.*UnicodeEncodeError"),
    ],
)
def test_whatever_one_track_does_it_is_left_out_and_named_and_the_others_go_on(songs, monkeypatch, capsys, error, said):
    real = FolderCorpus.read_audio

    def read(self, track):
        if track.audio[0].stem == "b":
            raise error
        return real(self, track)

    monkeypatch.setattr(FolderCorpus, "read_audio", read)
    with pytest.warns(UserWarning, match=said):
        found = prepare(FolderCorpus(songs), progress=False)
    assert len(found.units("train")) == 1 and len(found.units("validation")) == 1
    assert main(["prepare", str(songs)]) == 1
    assert "train 1 of 2" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
@pytest.mark.parametrize("name", ["b.wav", "b.txt"])
def test_a_file_that_may_not_be_read_is_left_out(songs, name):
    (songs / "train" / name).chmod(0)
    with pytest.warns(UserWarning, match=rf"left out: .*{name}"):
        assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 1


def test_a_name_in_latin_1_has_a_part_of_its_own():
    odd = os.fsdecode(b"Fl\xf6te")
    assert preparation._file_name(odd) != preparation._file_name(os.fsdecode(b"Fl\xe4te"))
    assert preparation._file_name("a/b").startswith("a_b-")


def test_unknown_labels_are_noted_with_their_files(songs):
    (songs / "train" / "a.txt").write_text("0.5 KD\n1.0 triangle\n1.2 triangle\n")
    (songs / "train" / "b.txt").write_text("0.5 KD\n1.0 gong\n")
    with pytest.warns(UserWarning):
        problems = prepare(FolderCorpus(songs), progress=False).problems
    assert [("a.txt: " in p, "triangle (2)" in p, "b.txt: " in p, "gong (1)" in p) for p in problems] == [
        (True, True, False, False),
        (False, False, True, True),
    ]


def test_beyond_some_files_unknown_labels_are_counted_together():
    said = list(preparation._unknown_labels({f"{number}.txt": {"gong": 2} for number in range(13)}))
    assert len(said) == 11 and said[-1].startswith("3 more files: ") and said[-1].endswith("gong (6)")


# --- verifying -----------------------------------------------------------------------------------------------------------


def test_recordings_and_annotations_are_compared_with_what_was_prepared(songs):
    folder = prepare(FolderCorpus(songs), progress=False).folder
    assert {link.state for link in prepared_links(folder)} == {HOLDS}
    assert sum(link.kind == INPUTS for link in prepared_links(folder)) == 6
    flip(songs / "train" / "a.wav", -100, keep_times=True)
    (songs / "train" / "b.wav").unlink()
    states = {link.what.rpartition("/")[2]: link.state for link in prepared_links(folder) if link.kind == INPUTS}
    assert states == {"a.wav": BROKEN, "a.txt": HOLDS, "b.wav": UNKNOWN, "b.txt": HOLDS, "c.wav": HOLDS, "c.txt": HOLDS}


def test_checksums_and_seals(tmp_path):
    features = np.arange(1000, dtype=np.float16).reshape(-1, 4)
    assert checksum(features) == checksum(features[:100], features[100:]) == checksum(features.tobytes())
    (tmp_path / "file").write_bytes(features.tobytes())
    assert file_checksum(tmp_path / "file") == checksum(features)
    assert checksum(b"") != checksum(b"\0") != checksum(b"\0\0")
    for indent in (None, 1):
        record = {"a": [1.5, 'ü\udcf6 "seal": "x"'], "b": {"c": None}}
        content = sealed(record, indent)
        assert unsealed(content) == record == unsealed(content.replace(b"\n", b"\r\n"))
        for at in range(len(content)):
            with pytest.raises(ValueError, match=r"\w"):
                unsealed(content[:at])
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with pytest.raises(ValueError, match=r"\w"):
                assert unsealed(changed) == record, "what is read is never another record"
                raise ValueError("a blank beside the seal")
    with pytest.raises(ValueError, match="not as it was written"):
        unsealed(b'{"a": 1}')
    assert unsealed(b'{"a": 1}', older=True) == {"a": 1}


def test_a_whole_corpus_says_nothing(songs):
    prepare(FolderCorpus(songs), progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(FolderCorpus(songs), progress=False)
