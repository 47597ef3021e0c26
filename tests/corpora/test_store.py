"""Prepared data: computed once, resumable, complete or absent, with one clear sentence for each kind of damage."""

import json
import mmap
import os
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio import features as audio_features
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.corpora import preparation, shard_set, shards, store
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.store import Prepared, PreparedError, standardizer
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.onsets.frames import frame_targets, widen_targets
from adtlib.training.segments import Segments


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")


def write_song(folder, name, seconds=5.0, onsets=((0.5, "KD"), (1.0, "SD")), seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 0.05, int(seconds * SAMPLE_RATE))
    soundfile.write(folder / f"{name}.wav", noise, SAMPLE_RATE)
    (folder / f"{name}.txt").write_text("".join(f"{time} {label}\n" for time, label in onsets))


@pytest.fixture
def songs(tmp_path):
    for split, names in {"train": "abc", "validation": "d", "test": "e"}.items():
        for seed, name in enumerate(names):
            write_song(tmp_path / "songs" / split, name, seed=seed)
    return tmp_path / "songs"


def test_features_and_onsets_come_back(songs):
    unit = prepare(FolderCorpus(songs), progress=False).units("train")[1]
    waveform, _ = soundfile.read(songs / "train" / "b.wav", dtype="float32")
    expected = log_filter_spectrogram(waveform)
    assert unit.features.dtype == np.float16
    np.testing.assert_allclose(unit.features.astype(np.float32), expected, atol=2e-3)
    base = unit.features
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap) and not unit.features.flags.writeable
    assert [times.tolist() for times in unit.onsets] == [[0.5], [1.0], [], [], []]
    assert unit.duration == 5


def test_nothing_is_computed_twice_and_a_changed_source_is(songs, monkeypatch):
    first = prepare(FolderCorpus(songs), progress=False)
    calls = []
    real = audio_features.log_filter_spectrogram
    monkeypatch.setattr(preparation, "log_filter_spectrogram", lambda w, version: calls.append(1) or real(w, version=version))
    again = prepare(FolderCorpus(songs), progress=False)
    assert calls == [] and again.fingerprint == first.fingerprint
    write_song(songs / "train", "b", onsets=((0.7, "HH"),), seed=9)
    changed = prepare(FolderCorpus(songs), progress=False)
    assert len(calls) == 1 and changed.fingerprint != first.fingerprint
    assert changed.units("train")[1].onsets[3].tolist() == [0.7]


def test_interrupted_work_resumes_and_leaves_nothing_half(songs, monkeypatch):
    done = []
    real = audio_features.log_filter_spectrogram

    def dies_at_the_third(waveform, version):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return real(waveform, version=version)

    monkeypatch.setattr(preparation, "log_filter_spectrogram", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        prepare(FolderCorpus(songs), progress=False, workers=1)
    folder = store.prepared_folder(FolderCorpus(songs))
    with pytest.raises(PreparedError, match="adt prepare"):
        Prepared(folder)
    monkeypatch.setattr(preparation, "log_filter_spectrogram", lambda w, version: done.append(1) or real(w, version=version))
    assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 3
    assert len(done) == 5, "the two tracks that were finished are not computed again"
    assert not list(paths.CACHE.rglob("*.tmp"))


def test_a_writer_killed_between_features_and_lines_left_nothing(songs):
    corpus = FolderCorpus(songs)
    before = whole_content(prepare(corpus, progress=False))
    lines = store.prepared_folder(corpus) / "train" / "shard-00000.jsonl"
    lines.unlink()  # features are there, lines not yet
    content = lines.with_suffix(".npy").read_bytes()
    assert whole_content(prepare(FolderCorpus(songs), progress=False)) == before
    assert lines.is_file() and lines.with_suffix(".npy").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "breaks", "message"),
    [
        ("silent", lambda f: soundfile.write(f / "b.wav", np.zeros(9999), SAMPLE_RATE), "silent"),
        ("empty", lambda f: (f / "b.wav").write_bytes(b""), "empty"),
        ("malformed", lambda f: (f / "b.txt").write_text("0.5 KD\nnever SD\n"), "line 2"),
        ("late", lambda f: (f / "b.txt").write_text("0.5 KD\n99.0 SD\n"), "past the end"),
    ],
)
def test_a_broken_track_is_left_out_and_named(songs, name, breaks, message):
    breaks(songs / "train")
    with pytest.warns(UserWarning, match=message):
        result = prepare(FolderCorpus(songs), progress=False)
    assert len(result.units("train")) == 2
    (problem,) = result.problems
    assert "b." in problem and message in problem
    # Said again to whoever opens it later.
    assert Prepared(result.folder).problems == [problem]


def test_what_is_wrong_with_a_recording_is_told_each_time(songs):
    noise = np.random.default_rng(0).normal(0, 0.05, 5 * SAMPLE_RATE)
    (songs / "train" / "b.wav").unlink()
    path = songs / "train" / "b.mp3"
    soundfile.write(path, noise, SAMPLE_RATE)
    os.truncate(path, int(0.6 * path.stat().st_size))
    for _ in range(2):
        with pytest.warns(UserWarning) as said:
            (problem,) = prepare(FolderCorpus(songs), progress=False).problems
        assert "b.mp3: " in problem and "s of the length that its header states are missing" in problem
        assert [str(each.message) for each in said] == [problem]
    (songs / "train" / "b.txt").write_text("0.5 KD\n99.0 SD\n")
    with pytest.warns(UserWarning, match=r"left out: .*past the end.*b\.mp3: .* are missing"):
        assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 2


def test_few_late_onsets_are_dropped_with_a_word(songs):
    lines = [f"{0.1 * i:.1f} HH\n" for i in range(1, 45)] + ["5.3 CY\n"]
    (songs / "train" / "b.txt").write_text("".join(lines))
    with pytest.warns(UserWarning, match=r"1 of 45 onsets lie past the end"):
        result = prepare(FolderCorpus(songs), progress=False)
    assert [len(times) for times in result.units("train")[1].onsets] == [0, 0, 0, 44, 0]


def test_unknown_labels_are_counted(songs):
    (songs / "train" / "b.txt").write_text("0.5 KD\n1.0 saucepan\n2.0 saucepan\n")
    with pytest.warns(UserWarning, match=r"saucepan \(2\)"):
        prepare(FolderCorpus(songs), progress=False)


def test_an_index_of_another_version_is_refused_by_name(songs):
    result = prepare(FolderCorpus(songs), progress=False)
    index = json.loads((result.folder / "index.json").read_text())
    (result.folder / "index.json").write_text(json.dumps(index | {"format": 99}))
    with pytest.raises(PreparedError, match=r"index\.json is of format 99"):
        Prepared(result.folder)


@pytest.mark.parametrize("left", [5000, None])
def test_features_that_are_cut_or_lost_are_refused_by_name(songs, left):
    unit = prepare(FolderCorpus(songs), progress=False).units("train")[0]
    features = unit.table.folder / "shard-00000.npy"
    features.unlink() if left is None else os.truncate(features, left)
    with pytest.raises(PreparedError, match=r"shard-00000\.npy .*'adt prepare'"):
        _ = unit.features


def test_one_table_opens_all_recordings_in_any_process(songs):
    """Units travel to other processes by their table, without the maps."""
    units = prepare(FolderCorpus(songs), progress=False).units("train")
    there = pickle.loads(pickle.dumps(units))
    assert len(pickle.dumps(units)) < 10_000 and there[0].table is there[2].table
    for mine, its in zip(units, there, strict=True):
        np.testing.assert_array_equal(mine.features, its.features)


# --- shards --------------------------------------------------------------------------------------------------------------


def whole_content(prepared):
    return [(unit.id, unit.features.tobytes(), [times.tolist() for times in unit.onsets]) for unit in prepared.units("train")]


def shard_names(folder):
    return [path.stem for path in sorted((folder / "train").glob("*.jsonl"))]


@pytest.mark.parametrize("workers", [1, 3])
def test_shards_are_closed_when_full_and_do_not_depend_on_who_computed(songs, monkeypatch, workers):
    monkeypatch.setattr(shards, "FULL", 1000)  # two songs
    folder = prepare(FolderCorpus(songs), progress=False, workers=workers).folder
    assert shard_names(folder) == ["shard-00000", "shard-00001"]
    found = {path.name: path.read_bytes() for path in folder.glob("*/*")}
    (first,) = np.load(folder / "train" / "shard-00000.npy", mmap_mode="r")[:1, :1]
    assert first == prepare(FolderCorpus(songs), progress=False).units("train")[0].features[0, 0]
    shutil.rmtree(folder)
    prepare(FolderCorpus(songs), progress=False, workers=2)
    assert {path.name: path.read_bytes() for path in folder.glob("*/*")} == found


def test_many_small_changes_are_put_together(songs, monkeypatch):
    monkeypatch.setattr(shard_set, "MANY", 3)
    for seed in range(3):
        write_song(songs / "train", "b", seed=10 + seed)
        result = prepare(FolderCorpus(songs), progress=False)
    folder, before = result.folder, whole_content(result)
    # The second version of b is nowhere needed, nor is its shard.
    assert shard_names(folder) == ["shard-00000", "shard-00002"]
    for name in "ac":
        write_song(songs / "train", name, seed=ord(name))
        result = prepare(FolderCorpus(songs), progress=False)
    assert shard_names(folder) == ["shard-00004", "shard-00005"]
    expected = [unit.id for unit in result.units("train")]
    assert expected == ["train/a", "train/b", "train/c"] and whole_content(result)[1] == before[1]
    assert result.damage(anew=True) == []


def test_a_recording_that_is_away_for_a_while_is_not_computed_again(songs, monkeypatch):
    first = prepare(FolderCorpus(songs), progress=False)
    before = whole_content(first)
    (songs / "train" / "b.wav").rename(songs / "b.away")
    assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 2
    (songs / "b.away").rename(songs / "train" / "b.wav")
    monkeypatch.setattr(preparation, "_computed", lambda *_: pytest.fail("computed again"))
    assert whole_content(prepare(FolderCorpus(songs), progress=False)) == before


def test_processes_give_the_same_and_pass_on_what_they_warn_of(songs, monkeypatch):
    loud = np.random.default_rng(0).normal(0, 0.3, 5 * SAMPLE_RATE) * 32768
    soundfile.write(songs / "train" / "b.wav", loud, SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match="they were divided by"):
        expected = prepare(FolderCorpus(songs), progress=False)
    before = whole_content(expected)
    shutil.rmtree(expected.folder)
    monkeypatch.setattr(preparation, "MANY_TRACKS", 2)
    with pytest.warns(UserWarning, match="they were divided by"):
        assert whole_content(prepare(FolderCorpus(songs), progress=False, workers=2)) == before


def test_two_that_prepare_at_once_do_the_work_once(songs, monkeypatch):
    count, real = [], preparation._computed
    monkeypatch.setattr(preparation, "_computed", lambda *given: count.append(1) or real(*given))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: prepare(FolderCorpus(songs), progress=False), range(2))
    assert first.fingerprint == second.fingerprint and len(count) == 5


def test_unknown_split_and_version_are_refused(songs):
    with pytest.raises(ValueError, match="no split"):
        prepare(FolderCorpus(songs), splits=["tset"], progress=False)
    with pytest.raises(ValueError, match="mel"):
        prepare(FolderCorpus(songs), version="mel", progress=False)


# --- sequences -----------------------------------------------------------------------------------------------------------


def elements(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        targets = np.zeros((400, 5), dtype=np.float32)
        targets[rng.integers(0, 400, 6), rng.integers(0, 5, 6)] = 1
        yield [rng.random((400, 84, 1), dtype=np.float32), widen_targets(targets)]


def test_sequences_of_a_saved_dataset(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "FULL", 1600)
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", elements(10))
    result = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    assert result.unit == "sequence" and result.quantised
    units = result.units("train")
    assert [unit.n_frames for unit in units] == [400] * 10
    segments = Segments([result], "train")
    assert len(segments) == 10
    for (features, targets), (x, y) in zip((segments[i] for i in range(10)), elements(10), strict=True):
        np.testing.assert_allclose(features, x[..., 0], atol=1e-3)
        np.testing.assert_array_equal(targets == 1, y == 1)
    # A stream that was cut short goes on with what is missing.
    (result.folder / "index.json").unlink()
    (result.folder / "train" / "shard-00002.jsonl").unlink()
    assert len(prepare(open_corpus("ADTOF-YT", tmp_path), progress=False).units("train")) == 10
    assert shard_names(result.folder) == ["shard-00000", "shard-00001", "shard-00002"]


def test_a_stream_read_to_its_end_is_not_read_again(tmp_path, monkeypatch):
    broken = list(elements(3))
    broken[1][0][5, 5] = np.nan
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", broken)
    with pytest.warns(UserWarning, match="NaN"):
        result = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    assert len(result.units("train")) == 2 and "sequence 1 holds NaN" in result.problems[0]
    corpus = open_corpus("ADTOF-YT", tmp_path)
    monkeypatch.setattr(corpus, "sequences", lambda split: pytest.fail("read again"))
    with pytest.warns(UserWarning, match="NaN"):
        assert prepare(corpus, progress=False).problems == result.problems


def test_a_truncated_stream_keeps_what_came_before(tmp_path):
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", elements(5))
    snapshot = next((tmp_path / "adtof").rglob("*.snapshot"))
    os.truncate(snapshot, int(snapshot.stat().st_size * 0.7))
    with pytest.warns(UserWarning, match="cut short"):
        result = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    assert len(result.units("train")) == 3


# --- segments ------------------------------------------------------------------------------------------------------------


def test_segments_cover_every_frame_once_and_end_in_silence(songs):
    write_song(songs / "train", "b", seconds=9.3, onsets=((3.99, "KD"), (4.0, "SD"), (7.995, "CY"), (9.2, "TT")))
    result = prepare(FolderCorpus(songs), progress=False)
    unit = result.units("train")[1]
    segments = Segments([result], "train")
    assert len(segments) == 2 + 3 + 2
    features = np.concatenate([segments[i][0] for i in (2, 3, 4)])
    targets = np.concatenate([segments[i][1] for i in (2, 3, 4)])
    np.testing.assert_array_equal(features[:930], unit.features.astype(np.float32))
    assert not features[930:].any()
    np.testing.assert_array_equal(targets[:930], widen_targets(frame_targets(unit.onsets, 1200))[:930])
    assert targets[400, 0] == 0.5, "the neighbour of an onset just before the cut is widened across it"
    assert targets[399, 1] == 0.5


def test_segment_index_is_bounded(songs):
    segments = Segments([prepare(FolderCorpus(songs), progress=False)], "test")
    with pytest.raises(IndexError):
        segments[len(segments)]


def test_standardizer_equals_numpy_over_two_corpora(songs, tmp_path):
    write_song(tmp_path / "more" / "train", "x", seed=5)
    corpora = [prepare(FolderCorpus(folder), progress=False) for folder in (songs, tmp_path / "more")]
    values = np.concatenate([u.features.astype(np.float64).ravel() for c in corpora for u in c.units("train")])
    found = standardizer(corpora)
    assert found.mean == pytest.approx(values.mean())
    assert found.std == pytest.approx(values.std())


def test_real_songs_are_prepared(real_data):
    result = prepare(open_corpus("ENST+MDB", real_data), progress=False)
    totals = [result.totals(split) for split in ("train", "validation", "test")]
    assert [t.n_units for t in totals] == [6, 1, 0]
    assert sum(sum(t.onset_counts) for t in totals) == 1128
    assert result.problems == []
