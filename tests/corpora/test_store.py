"""Prepared data: computed once, resumable, complete or absent, with one clear sentence for each kind of damage."""

import json
import os

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio import features as audio_features
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.corpora import preparation, store
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
    store.map_features.cache_clear()
    store.load_part.cache_clear()


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
    assert isinstance(unit.features.base, np.memmap) or isinstance(unit.features, np.memmap)
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


def test_a_writer_killed_between_features_and_onsets_left_nothing(songs):
    corpus = FolderCorpus(songs)
    prepare(corpus, progress=False)
    victim = next((store.prepared_folder(corpus) / "train").glob("*.npz"))
    victim.unlink()  # features are there, onsets not yet
    assert len(prepare(FolderCorpus(songs), progress=False).units("train")) == 3
    assert victim.is_file()


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


def test_files_of_another_version_are_refused_by_name(songs):
    result = prepare(FolderCorpus(songs), progress=False)
    unit = result.units("train")[0]
    features = unit.part.with_name(unit.part.name + ".npy")
    np.save(features, np.zeros((500, 80), dtype=np.float16))
    store.map_features.cache_clear()
    with pytest.raises(PreparedError, match="another version") as caught:
        _ = unit.features
    assert features.name in str(caught.value) and "adt prepare" in str(caught.value)
    index = json.loads((result.folder / "index.json").read_text())
    (result.folder / "index.json").write_text(json.dumps(index | {"format": 99}))
    with pytest.raises(PreparedError, match=r"index\.json is of format 99"):
        Prepared(result.folder)


def test_truncated_feature_file_is_refused_by_name(songs):
    unit = prepare(FolderCorpus(songs), progress=False).units("train")[0]
    features = unit.part.with_name(unit.part.name + ".npy")
    os.truncate(features, 5000)
    store.map_features.cache_clear()
    with pytest.raises(PreparedError, match=r"\.npy cannot be read"):
        _ = unit.features


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
    monkeypatch.setattr(preparation, "SEQUENCES_PER_PART", 4)
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
    # A stream that was cut short goes on where its parts end.
    (result.folder / "index.json").unlink()
    (result.folder / "train" / "part-00002.npz").unlink()
    written = []
    real = preparation.write_part
    monkeypatch.setattr(preparation, "write_part", lambda part, *rest: written.append(part.name) or real(part, *rest))
    assert len(prepare(open_corpus("ADTOF-YT", tmp_path), progress=False).units("train")) == 10
    assert written == ["part-00002"]


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
