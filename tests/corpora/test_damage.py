"""Prepared data that were damaged: found by content, named, healed by `prepare` alone, refused by training until then."""

import json
import os
import warnings

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.cli import main
from adtlib.corpora import preparation, shard_set, shards, store
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


N_FRAMES = 200  # of each song: a comes first in the shard of train, then b
HEAD = 128  # bytes before the features, and before the lines


def shard_of(corpus, suffix=".npy"):
    """A file of the shard that holds songs a and b."""
    return prepared_folder(corpus) / "train" / f"shard-00000{suffix}"


def computed(monkeypatch):
    """The names of the songs that are computed from now on."""
    names, real = [], preparation._computed
    monkeypatch.setattr(preparation, "_computed", lambda corpus, track, *rest: names.append(track.id) or real(corpus, track, *rest))
    return names


def content(prepared):
    """All that is read of a corpus."""
    units = [unit for split in prepared.splits for unit in prepared.units(split)]
    return [(unit.id, unit.features.tobytes(), [times.tobytes() for times in unit.onsets]) for unit in units]


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


def put(path, at, what):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(what)


def cut(path, share):
    os.truncate(path, int(path.stat().st_size * share))


def in_lines(old, new):
    """Change what the lines say of song a."""

    def change(path):
        lines = path.read_bytes().splitlines(keepends=True)
        assert old in lines[1]
        path.write_bytes(b"".join([lines[0], lines[1].replace(old, new, 1), *lines[2:]]))

    return change


NPY, LINES = "shard-00000.npy", "shard-00000.jsonl"
# What is done to which file, and the songs that have to be computed again.
DAMAGE = {
    "bits flipped": (NPY, lambda path: flip(path, HEAD + 500), "a"),
    "bits flipped, times as before": (NPY, lambda path: flip(path, HEAD + 500, keep_times=True), "a"),
    "zeros": (NPY, lambda path: put(path, HEAD, bytes(N_FRAMES * 168)), "a"),
    "shorter than the index": (NPY, lambda path: os.truncate(path, path.stat().st_size - 7 * 168), "b"),
    "longer than the index": (NPY, lambda path: path.write_bytes(path.read_bytes() * 2), ""),
    "another shape": (NPY, lambda path: np.save(path, np.zeros((2 * N_FRAMES, 80), np.float16)), "ab"),
    "pickled objects": (NPY, lambda path: np.save(path, np.array([{}], dtype=object)), "ab"),
    "npy cut in half": (NPY, lambda path: cut(path, 0.5), "ab"),
    "npy cut after the first": (NPY, lambda path: cut(path, 0.7), "b"),
    "npy of 0 bytes": (NPY, lambda path: cut(path, 0), "ab"),
    "npy header flipped": (NPY, lambda path: flip(path, 20), ""),
    "lines cut": (LINES, lambda path: cut(path, 0.8), "b"),
    "lines cut between two": (LINES, lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:2])), "b"),
    "lines bit flipped": (LINES, lambda path: flip(path, HEAD + 30), "a"),
    "lines of 0 bytes": (LINES, lambda path: cut(path, 0), "ab"),
    "first line flipped": (LINES, lambda path: flip(path, 15), ""),
    "lines of something else": (LINES, lambda path: path.write_text("[]\n{}\n"), "ab"),
    "onsets moved": (LINES, in_lines(b'"onsets": "', b'"onsets": "AAAAAAAA'), "a"),
    "units.npy flipped": ("units.npy", lambda path: flip(path, -3), ""),
    "units.npy of objects": ("units.npy", lambda path: np.save(path, np.array([{}], dtype=object)), ""),
    "ids changed": ("ids.json", lambda path: path.write_text('["b", "a"]'), ""),
    "onset times moved": ("onset_times.npy", lambda path: np.save(path, np.load(path) + 0.1), ""),
    "onset times flipped": ("onset_times.npy", lambda path: flip(path, HEAD + 5, keep_times=True), ""),
    "onset classes cut": ("onset_classes.npy", lambda path: cut(path, 0.99), ""),
    "onset classes lost": ("onset_classes.npy", os.unlink, ""),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_refused_named_and_made_again_alone(songs, tmp_path, monkeypatch, damage):
    name, do, lost = DAMAGE[damage]
    whole = prepare(FolderCorpus(songs), progress=False)
    before = content(whole)
    do(whole.folder / "train" / name)
    config = TrainingConfig("CNN", ("songs",), {"num_convs": 1, "num_layers": 1, "hidden_size": 8}, epochs=1)
    with pytest.raises(PreparedError, match=rf"train/{name}.*'adt prepare'"):
        fit(config, [whole], [whole], tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "model.safetensors").exists()
    again = computed(monkeypatch)
    with pytest.warns(UserWarning, match=rf"train/{name}.*made anew"):
        healed = prepare(FolderCorpus(songs), progress=False)
    assert "".join(again) == lost.replace("a", "train/a").replace("b", "train/b")
    assert healed.fingerprint == whole.fingerprint and content(healed) == before
    assert healed.problems == [] and healed.damage(anew=True) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(FolderCorpus(songs), progress=False)
    assert "".join(again) == lost.replace("a", "train/a").replace("b", "train/b"), "and nothing more the next time"
    fit(config, [healed], [healed], tmp_path / "run", progress=False)


@pytest.mark.parametrize("alone", [False, True])
def test_damage_of_what_is_no_longer_wanted_stops_nothing(songs, monkeypatch, alone):
    """Of a recording that was removed, in the shard of others or in one of its own that was to be put together with theirs."""
    monkeypatch.setattr(shard_set, "MANY", 2)
    before = content(prepare(FolderCorpus(songs), progress=False)) if alone else []
    soundfile.write(songs / "train" / "z.wav", np.random.default_rng(1).normal(0, 0.05, 2 * SAMPLE_RATE), SAMPLE_RATE)
    (songs / "train" / "z.txt").write_text("0.5 KD\n")
    monkeypatch.setattr(shard_set.ShardSet, "copy_together", lambda *_: None)
    folder = prepare(FolderCorpus(songs), progress=False).folder
    monkeypatch.undo()
    monkeypatch.setattr(paths, "CACHE", folder.parents[1])
    monkeypatch.setattr(shard_set, "MANY", 2)
    for suffix in (".wav", ".txt"):
        (songs / "train" / f"z{suffix}").unlink()
    cut(folder / "train" / f"shard-0000{int(alone)}.npy", 0.5)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        healed = prepare(FolderCorpus(songs), progress=False)
    assert len(said) == (0 if alone else 1), "only what is wanted is spoken of"
    assert [unit.id for unit in healed.units("train")] == ["train/a", "train/b"] and healed.damage(anew=True) == []
    assert not before or content(healed) == before


def test_what_damage_left_unused_is_removed(songs):
    """The shard that was damaged goes once what was whole in it is elsewhere."""
    folder = prepare(FolderCorpus(songs), progress=False).folder
    flip(folder / "train" / NPY, 20)
    with pytest.warns(UserWarning, match="header"):
        prepare(FolderCorpus(songs), progress=False)
    assert sorted(path.name for path in (folder / "train").glob("shard*")) == ["shard-00001.jsonl", "shard-00001.npy"]


def test_onsets_of_another_song_are_refused_and_replaced(songs):
    whole = prepare(FolderCorpus(songs), progress=False)
    lines = shard_of(FolderCorpus(songs), ".jsonl").read_bytes().splitlines(keepends=True)
    onsets = [json.loads(line)["onsets"].encode() for line in lines[1:]]
    shard_of(FolderCorpus(songs), ".jsonl").write_bytes(lines[0] + lines[1].replace(*onsets) + lines[2])
    with pytest.raises(PreparedError, match=r"shard-00000\.jsonl is damaged"):
        whole.check("train")
    with pytest.warns(UserWarning, match="line 2 is not as it was written"):
        assert prepare(FolderCorpus(songs), progress=False).damage() == []


@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_a_lost_file_is_made_again_and_refused_until_then(songs, suffix):
    whole = prepare(FolderCorpus(songs), progress=False)
    shard_of(FolderCorpus(songs), suffix).unlink()
    with pytest.raises(PreparedError, match="adt prepare"):
        whole.check("train")
    whole.check("validation")
    assert prepare(FolderCorpus(songs), progress=False).damage() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"3",
        b"{}",
        b'{"format": 3}',
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


def test_prepared_data_of_an_earlier_version_are_named_made_anew_and_removed(songs):
    corpus = FolderCorpus(songs)
    whole = prepare(corpus, progress=False)
    before = content(whole)
    index = json.loads((whole.folder / "index.json").read_text())
    for path in whole.folder.glob("*/*"):
        path.unlink()
    (whole.folder / "index.json").write_text(json.dumps(index | {"format": 2}))
    old = [whole.folder / "train" / name for name in ("a-0123abcd.npy", "a-0123abcd.npz")]
    for path in old:
        path.write_bytes(b"of format 2")
    with pytest.raises(PreparedError, match=r"format 2, this version reads 3.*'adt prepare'"):
        Prepared(whole.folder)
    with pytest.warns(UserWarning, match="format 2"):
        healed = prepare(FolderCorpus(songs), progress=False)
    assert content(healed) == before and healed.fingerprint == whole.fingerprint and not any(path.exists() for path in old)


def test_a_shard_of_another_version_is_no_damage(songs):
    lines = prepare(FolderCorpus(songs), progress=False).folder / "train" / LINES
    head = sealed({"format": 99, "units": 2, "frames": 400}).ljust(127) + b"\n"
    lines.write_bytes(head + lines.read_bytes()[128:])
    (lines.parent.parent / "index.json").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 2


def test_what_was_read_is_not_read_again_within_a_day_and_unless_asked(songs, monkeypatch):
    whole = prepare(FolderCorpus(songs), progress=False)
    read, real = [], store.damaged_features
    monkeypatch.setattr(store, "damaged_features", lambda path, *rest: read.append(path.parent.name) or real(path, *rest))
    Prepared(whole.folder).check("train", "validation")
    prepare(FolderCorpus(songs), progress=False)
    assert read == [], "what was just written is known"
    assert whole.damage(anew=True) == [] and sorted(read) == ["train", "validation"]
    now = shards.time.time()
    monkeypatch.setattr(shards.time, "time", lambda: now + shards.FRESH + 1)
    whole.check("train")
    assert len(read) == 3
    (whole.folder / "checked.json").write_text('{"files": 3}')
    whole.check("train")
    assert len(read) == 4, "a list of another shape is as good as none"


def test_a_damaged_sequence_is_found_and_only_it_is_written_again(tmp_path):
    rng = np.random.default_rng(0)
    targets = np.zeros((400, 5), dtype=np.float32)
    targets[[10, 200], [0, 1]] = 1
    elements = [[rng.random((400, 84, 1), dtype=np.float32), widen_targets(targets)] for _ in range(10)]
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", iter(elements))
    whole = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    before = content(whole)
    flip(whole.folder / "train" / NPY, HEAD + 7 * 400 * 168 + 10)
    with pytest.raises(PreparedError, match=r"shard-00000\.npy is damaged \(features of train/000007 "):
        whole.check("train")
    with pytest.warns(UserWarning, match="train/000007.*made anew"):
        healed = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    assert len((whole.folder / "train" / "shard-00001.jsonl").read_bytes().splitlines()) == 2, "a head and one sequence"
    assert content(healed) == before and healed.fingerprint == whole.fingerprint and healed.problems == []


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
