"""Which recordings and models there are to transcribe with, and which come first."""

import json

import numpy as np
import pytest

from adtlib import paths
from adtlib.audio.files import write_audio
from adtlib.corpora.folder import FolderCorpus
from adtlib.profiles import load_profile
from adtlib.transcription import sources as transcription_sources
from adtlib.transcription.sources import (
    Source,
    about_model,
    available_models,
    corpus_sources,
    find_sources,
    named_sources,
    real_songs,
)


@pytest.fixture(autouse=True)
def nothing_shipped(tmp_path, monkeypatch):
    """Neither weights nor runs but those that a test makes."""
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paths, "HOME", tmp_path)


def made_run(architecture: str, train: tuple[str, ...], f1: float, weights: bool = True) -> None:
    folder = paths.RESULTS / "smoke" / "runs" / architecture / "_".join(train) / "seed_0"
    folder.mkdir(parents=True)
    record = {"config": {"architecture": architecture, "train": list(train), "seed": 0}, "result": {"val_f1_micro": f1}}
    (folder / "config.json").write_text(json.dumps(record))
    if weights:
        (folder / "model.safetensors").write_bytes(b"")


# --- models ------------------------------------------------------------------------------------------------------------


def test_without_a_model_it_is_said_what_to_do():
    profile = load_profile("smoke")
    assert available_models(profile) == []
    words = about_model([], profile)
    assert "no model" in words and "adt run 43 --profile smoke" in words and "results/smoke/runs" in words


def test_the_best_crnn_speaks_where_none_is_shipped():
    made_run("RNN", ("Slakh",), 0.99)
    made_run("CRNN", ("E-GMD",), 0.98)
    made_run("CRNN", ("ENST+MDB",), 0.80)
    made_run("CRNN", ("Slakh",), 0.90)
    made_run("CRNN", ("ADTOF-YT",), 0.95, weights=False)
    profile = load_profile("smoke")
    names = [model.name for model in available_models(profile)]
    # Drums alone come after whole mixes, whatever their score; other architectures last.
    assert names == ["CRNN, Slakh, seed 0", "CRNN, ENST+MDB, seed 0", "CRNN, E-GMD, seed 0", "RNN, Slakh, seed 0"]
    words = about_model(available_models(profile), profile)
    assert "No trained model is shipped" in words and "**CRNN, Slakh, seed 0**" in words and "miniature" in words
    made_run("CRNN", ("ENST+MDB", "Slakh"), 0.7)
    assert available_models(profile)[0].train == ("ENST+MDB", "Slakh")


def test_a_shipped_model_comes_before_runs_and_a_given_one_before_all(monkeypatch):
    made_run("CRNN", ("Slakh",), 0.9)
    paths.WEIGHTS.mkdir()
    for name in ("adt", "aaa"):
        (paths.WEIGHTS / f"{name}.safetensors").write_bytes(b"")
    assert [model.name for model in available_models(load_profile("smoke"))] == ["adt", "aaa", "CRNN, Slakh, seed 0"]
    given = available_models(load_profile("smoke", model="mine/best.safetensors"))
    assert [(model.name, model.origin) for model in given[:2]] == [("best (given)", "given"), ("adt", "shipped")]
    assert "not known" in about_model(given, load_profile("smoke"))


# --- recordings --------------------------------------------------------------------------------------------------------


def test_files_and_folders_of_a_user_are_found_and_told_apart(tmp_path):
    sound = np.full(4410, 0.1, dtype=np.float32)
    for name in ("a.wav", "set/a.wav", "set/deep/B.FLAC", "set/notes.txt", "set/.hidden.wav"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no sound")
        else:
            write_audio(tmp_path / name, sound)
    found = named_sources([tmp_path / "a.wav", tmp_path / "set", tmp_path / "a.wav"])
    assert [source.name for source in found] == [f"{tmp_path.name}/a.wav", "set/a.wav", "B.FLAC"]
    assert found[1].path == tmp_path / "set" / "a.wav"
    assert len({source.file_name for source in found}) == 3 and found[2].file_name == "deep_B"
    np.testing.assert_allclose(np.concatenate(list(found[2].blocks())), sound, atol=1e-4)
    assert found[0].reference() is None
    with pytest.raises(FileNotFoundError, match=r"b\.wav is neither a file nor a folder"):
        named_sources([tmp_path / "b.wav"])
    with pytest.raises(ValueError, match=r"recordings: .*b\.wav"):
        load_profile("smoke", recordings=str(tmp_path / "b.wav"))
    profile = load_profile("smoke", recordings=str(tmp_path / "a.wav"))
    assert profile.recordings == (str(tmp_path / "a.wav"),)


def test_only_test_splits_are_offered_the_trained_corpora_first():
    profile = load_profile("smoke")
    sources = corpus_sources(profile, ("Slakh",))
    assert {source.track.split for source in sources} == {"test"}
    corpora = list(dict.fromkeys(source.track.corpus for source in sources))
    assert corpora == ["Slakh", "ENST+MDB", "E-GMD", "SADTP"]  # ADTOF-YT has no sound
    assert len({source.name for source in sources}) == len(sources)
    assert sources[0].provenance == "generated music, test split of Slakh"
    for source in (sources[0], next(source for source in sources if len(source.track.audio) > 1)):  # one file; a sum of two
        waveform = np.concatenate(list(source.blocks()))
        np.testing.assert_array_equal(waveform, source.corpus.read_audio(source.track))
        assert sum(map(len, source.reference())) > 10


def test_real_songs_are_offered_where_training_was_on_generated_ones(real_data, monkeypatch):
    monkeypatch.setenv("ADT_DATA", str(real_data))
    songs = real_songs(load_profile("smoke"))
    assert {song.provenance for song in songs} == {"real song, full mix", "real song, drums alone"}
    assert len(songs) == 14 and songs[0].provenance == "real song, full mix"
    assert real_songs(load_profile("thesis")) == []
    listed = find_sources(load_profile("smoke"))
    assert [source.name for source in listed[-14:]] == [song.name for song in songs]
    assert transcription_sources.find_sources(load_profile("smoke"), ("SADTP",))[0].track.corpus == "SADTP"


def test_a_damaged_annotation_is_said_and_the_recording_is_shown_without(tmp_path):
    folder = tmp_path / "mine" / "test"
    folder.mkdir(parents=True)
    write_audio(folder / "song.wav", np.full(4_410, 0.1, dtype=np.float32))
    (folder / "song.txt").write_text("not a time KD\n")
    corpus = FolderCorpus(tmp_path / "mine")
    (track,) = corpus.tracks()
    source = Source("song", "test split of mine", track=track, corpus=corpus)
    with pytest.warns(UserWarning, match=r"song\.txt.*song is shown without its annotation"):
        assert source.reference() is None
