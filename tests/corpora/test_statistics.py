"""The tables of the corpora, on small corpora whose every onset is known."""

import numpy as np
import pandas as pd
import pytest

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.corpora.base import MARKER
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.labels import annotation_files, label_name, label_table
from adtlib.corpora.leakage.search import find_leaks
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.statistics import (
    annotation_offsets,
    class_counts,
    data_sentence,
    frequency_sentences,
    overview_table,
    performance_table,
    polyphony,
    remedy_table,
    simultaneous_onsets,
    split_table,
    state,
    unit_table,
)
from adtlib.notebooks.tables import printed_table
from adtlib.onsets.annotations import write_onsets
from adtlib.vocabulary import CLASSES, MDB, ROLAND

BEAT = [np.arange(0.5, 5, 0.5), np.arange(1.0, 5, 1.0), np.array([4.75]), np.arange(0.5, 5, 0.25), np.array([])]


def _noise(onsets, seconds, seed):
    """A burst of noise at each onset."""
    rng = np.random.default_rng(seed)
    waveform = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    for time in np.concatenate(onsets):
        first = round(time * SAMPLE_RATE)
        burst = rng.normal(0, 0.1, 2_000) * np.exp(-np.arange(2_000) / 400)
        waveform[first : first + 2_000] += burst[: len(waveform) - first]
    return np.clip(waveform, -1, 1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two tracks for training and one for testing, of different rhythms."""
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    for name, shift in (("train/a", 0.0), ("train/b", 0.031), ("test/c", 0.0)):
        path = tmp_path / "songs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onsets = [np.sort(times + shift * np.arange(len(times)) / 9) for times in BEAT]
        if name == "test/c":
            onsets[4] = np.array([0.5])
        write_audio(path.with_suffix(".wav"), _noise(onsets, 5.5, seed=len(name)))
        write_onsets(path.with_suffix(".txt"), onsets)
    return tmp_path / "songs"


def test_strokes_within_30_ms_are_one_moment():
    onsets = [np.array([1.0, 2.0]), np.array([1.02]), np.array([]), np.array([1.04, 2.0]), np.array([])]
    times, sizes = simultaneous_onsets(onsets)
    assert times.tolist() == [1.0, 1.04, 2.0]
    assert sizes.tolist() == [2, 1, 2]
    assert len(simultaneous_onsets([np.array([])] * 5)[0]) == 0


def test_a_flam_is_one_moment_of_one_class():
    _, sizes = simultaneous_onsets([np.array([]), np.array([1.0, 1.02]), np.array([]), np.array([]), np.array([])])
    assert sizes.tolist() == [1]


def test_tables_count_what_was_written(folder):
    corpus = FolderCorpus(folder)
    prepared = prepare(corpus, progress=False)
    splits = split_table(corpus, prepared)
    assert splits["split"].tolist() == ["train", "test"]
    assert splits["found"].tolist() == splits["usable"].tolist() == [2, 1]
    assert splits["units_thesis"].isna().all()
    assert splits["sequences"].tolist() == [4, 2]  # 550 frames are two sequences of 400
    assert splits.loc[0, list(CLASSES)].tolist() == [18, 8, 2, 36, 0]
    assert class_counts(splits, by="split").loc["test"].tolist() == [9, 4, 1, 18, 1]

    units = unit_table(prepared)
    assert len(units) == 3
    assert np.allclose(units["seconds"], 5.5)
    assert np.isclose(units.loc[units["split"] == "test", "rate"].item(), 4)  # eighths at 120 beats a minute
    shares = polyphony(units)
    assert np.allclose(shares.sum(axis=1), 1)
    # Of the test track's 18 moments 9 are hi-hat alone but for one with a tom, 5 with the kick, 4 with kick and snare.
    together = units.loc[units["split"] == "test", [f"together_{k}" for k in range(1, 6)]].iloc[0]
    assert together.tolist() == [8, 5, 5, 0, 0]
    overview = overview_table({"mine": corpus}, splits.assign(corpus="mine"))
    assert overview["usable"].item() == 3 and overview["onsets"].item() == splits["onsets"].sum()


def test_a_corpus_that_is_not_there_gives_rows_of_zeros(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    for name in ("E-GMD", "ADTOF-YT", "SADTP"):
        corpus = open_corpus(name, tmp_path)
        prepared = prepare(corpus, progress=False)
        splits = split_table(corpus, prepared)
        assert state(corpus) == "absent"
        assert (splits[["found", "usable", "onsets", "hours"]] == 0).all(axis=None)
        assert splits["units_thesis"].sum() == corpus.expected()
        assert unit_table(prepared).empty and find_leaks([prepared], progress=False).empty and polyphony(unit_table(prepared)).empty
        assert class_counts(splits).empty and len(annotation_offsets(prepared)) == 0
        assert performance_table(prepared).empty and label_table(corpus).empty
        assert remedy_table({name: corpus})["missing"].item() == corpus.expected()


def test_which_class_is_rare_is_read_from_the_counts():
    counts = pd.DataFrame([[50, 20, 15, 10, 5], [1, 1, 6, 1, 1]], columns=list(CLASSES), index=["Slakh", "mine"])
    first, second = frequency_sentences(counts)
    assert first == "Slakh: most strokes are KD (50 %), fewest CY (5 %)"
    assert second.startswith("mine: most strokes are TT (60 %)")


def test_what_is_shown_is_said_to_be_generated(tmp_path):
    units = pd.DataFrame({"seconds": [4.0, 6.5], **{name: [0, 1] for name in CLASSES}, "HH": [5, 5]})
    start = "**What is shown here is Slakh itself**, 2 tracks of it"
    assert data_sentence(open_corpus("Slakh", tmp_path), units).startswith(start)
    (tmp_path / MARKER).touch()
    sentence = data_sentence(open_corpus("Slakh", tmp_path), units)
    assert sentence.startswith("**What is shown here is generated.** 2 tracks stand in for Slakh")
    assert "4.0 to 6.5 s long" in sentence and "most strokes are HH (71 %)" in sentence
    assert "Nothing of Slakh was found" in data_sentence(open_corpus("Slakh", tmp_path), units.iloc[:0])


def test_readable_shows_a_dash_for_what_is_not_stated(folder):
    corpus = FolderCorpus(folder)
    shown = printed_table(split_table(corpus, prepare(corpus, progress=False)).drop(columns="corpus"))
    assert shown.index.tolist() == ["train", "test"]
    assert shown["units, thesis"].tolist() == ["–", "–"]
    assert shown["found"].dtype == "int64"


def test_offsets_tell_a_late_annotation(folder):
    for late in (0.0, 0.03):
        for path in folder.rglob("*.txt"):
            write_onsets(path, [times - late for times in BEAT])
            write_audio(path.with_suffix(".wav"), _noise(BEAT, 5.5, seed=1))
        offsets = annotation_offsets(prepare(FolderCorpus(folder), progress=False))
        assert np.abs(np.median(offsets) - late) <= 0.0101


def test_names_of_e_gmd_are_read():
    class Named:
        splits = ("train",)

        def units(self, split):
            names = ("drummer1/session1/1_funk_80_beat_4-4_1", "drummer3/session2/9_jazz-swing_178_fill_6-8_12", "song")
            return [type("U", (), {"id": name, "duration": 2.0}) for name in names]

    table = performance_table(Named())
    assert table["style"].tolist() == ["funk", "jazz"] and table["tempo"].tolist() == [80, 178]
    assert table["kind"].tolist() == ["beat", "fill"] and table["metre"].tolist() == ["4-4", "6-8"]


def test_labels_are_counted_with_their_class(tmp_path):
    song = tmp_path / "MDB Drums"
    (song / "annotations/subclass").mkdir(parents=True)
    (song / "audio/full_mix").mkdir(parents=True)
    (song / "audio/full_mix/MusicDelta_Punk_MIX.wav").write_bytes(b"not read")
    (song / "annotations/subclass/MusicDelta_Punk_subclass.txt").write_text("0.5 \t SDG \n1.0 \t SDG \n1.5 \t KD \n2.0 \t TRI \n")
    labels = label_table(open_corpus("ENST+MDB", tmp_path)).set_index("label")
    assert labels.loc["SDG", ["class", "onsets", "name"]].tolist() == ["SD", 2, "snare, ghost note"]
    assert labels.loc["TRI", ["class", "onsets"]].tolist() == ["unknown", 1]
    assert labels.loc["TMB", ["class", "onsets"]].tolist() == ["HH", 0]
    assert len(labels) == len(MDB.classes) + 1


def test_names_of_labels():
    assert label_name("rc3") == "ride"
    assert label_name("sd-") == "snare drum, soft"
    assert label_name(58) == "tom 3, rim" and label_name(36) == "bass drum 1"
    assert label_name("nonsense") == ""
    assert all(label_name(label) for label in [*MDB.classes, *ROLAND.classes])


def test_real_annotations_without_recordings_are_counted(real_data):
    corpus = open_corpus("SADTP", real_data)
    labels = label_table(corpus)
    assert len(annotation_files(corpus)) == 16
    assert labels["onsets"].sum() == 21_137 and not (labels["class"] == "unknown").any()
