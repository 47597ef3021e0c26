"""Profiles: what the files say, what may be overridden, what is refused."""

import pytest

from adtlib import paths, profiles
from adtlib.corpora.base import MARKER, CorpusError
from adtlib.models.registry import ARCHITECTURES, build
from adtlib.profiles import load_profile, open_corpora, open_profile_corpus

PROFILES = ["smoke", "miniature", "showcase", "thesis", "thesis_finished", "thesis_published"]


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_builds_every_architecture(name):
    profile = load_profile(name)
    for architecture in ARCHITECTURES:
        build(architecture, **profile.hyperparameters_of(architecture))
    assert ("miniature" in profile.note) == (profile.data == "miniature")


def test_thesis_profile_has_the_drafts_values():
    profile = load_profile("thesis")
    assert (profile.epochs, profile.batch_size, profile.patience, profile.lr_patience) == (100, 128, 10, 3)
    peaks = profile.peaks
    assert (peaks.max_window, peaks.mean_window, peaks.wait, peaks.delta, peaks.threshold) == (2, 2, 2, 0.1, 0.5)
    assert profile.tolerance == 0.05
    assert (profile.search, profile.search_space, profile.searches) == ("random", "draft", True)
    assert profile.trials_on(("ENST+MDB",)) == 25
    assert profile.trials_on(("Slakh",)) == profile.trials_on(("ENST+MDB", "Slakh")) == 15


def test_captions_say_which_thresholds_where_they_are_not_the_thesis_s():
    assert load_profile("thesis").thresholds == "one" and load_profile("thesis").scoring == "±50 ms"
    assert load_profile("smoke", thresholds="class").scoring == "±50 ms, thresholds by class"


def test_showcase_is_miniature_with_three_seeds():
    showcase, miniature = load_profile("showcase"), load_profile("miniature", seeds=[0, 1, 2])
    assert {**vars(showcase), "name": ""} == {**vars(miniature), "name": ""}


def test_the_finished_thesis_differs_in_its_patience_and_its_search():
    draft, finished = vars(load_profile("thesis")), vars(load_profile("thesis_finished"))
    assert {key: finished[key] for key in draft if draft[key] != finished[key]} == {
        "name": "thesis_finished",
        "patience": 15,
        "lr_patience": 5,
        "search": "optuna",
        "search_space": "finished",
    }
    published = vars(load_profile("thesis_published"))
    assert {key: published[key] for key in draft if published[key] != finished[key]} == {
        "name": "thesis_published",
        "search": "published",
    }


def test_overrides_replace_single_values_and_none_leaves_them():
    profile = load_profile("miniature", epochs=3, batch_size=None, seeds=7)
    assert profile.epochs == 3 and profile.batch_size == load_profile("miniature").batch_size and profile.seeds == (7,)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"epoch": 3}, "unknown parameter epoch"),
        ({"epochs": 0}, "epochs = 0"),
        ({"seeds": [-1]}, "seeds"),
        ({"train_corpora": ["ENST"]}, "'ENST'"),
        ({"data": "some"}, "miniature or real"),
        ({"test_split": "testing"}, "train, validation, test"),
        ({"peak_picking": {"threshold": 2}}, "threshold"),
        ({"search": "bayes"}, "none or published or random or grid or optuna"),
        ({"search_space": "large"}, "draft or finished or small"),
        ({"trials": 0}, "trials = 0"),
        ({"thresholds": "both"}, "thresholds = 'both', expected one or class"),
        ({"gpus_per_trial": -1}, "gpus_per_trial"),
        ({"search": "random", "learning_rate": 1e-3}, "learning_rate given, but search"),
        ({"example_search": {"corpus": "SADTP"}}, "example_search needs a corpus"),
        ({"example_search": {"corpus": "Slakh", "epoch": 1}}, "no 'epoch'"),
        ({"example_search": {"corpus": "Slakh", "trials": 0}}, "trials = 0"),
    ],
)
def test_values_that_cannot_be_are_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        load_profile("smoke", **overrides)


def test_unknown_profile_lists_the_known():
    with pytest.raises(ValueError, match="miniature, showcase, smoke, thesis, thesis_finished, thesis_published"):
        load_profile("mini")


def test_a_profile_that_builds_on_itself_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    (tmp_path / "a.yaml").write_text("base: b\n")
    (tmp_path / "b.yaml").write_text("base: a\n")
    with pytest.raises(ValueError, match="a on b on a"):
        load_profile("a")
    (tmp_path / "b.yaml").write_text("data: miniature\nepochs: 3\n")
    (tmp_path / "a.yaml").write_text("base: b\nepochs: 4\n")
    assert (load_profile("a").data, load_profile("a").epochs) == ("miniature", 4)
    assert [file.stem for file in profiles.profile_files("a")] == ["a", "b"]


def test_thesis_refuses_generated_corpora(tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_DATA", str(tmp_path / "deeper"))
    (tmp_path / "deeper").mkdir()
    assert not any(corpus.present for name, corpus in open_corpora(load_profile("thesis")).items())
    (tmp_path / MARKER).write_text("generated")
    with pytest.raises(CorpusError, match=r"generated miniature corpora.*--profile miniature"):
        open_corpora(load_profile("thesis"))


def test_missing_miniature_corpora_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "DATA", tmp_path)
    seen = []
    corpora = open_corpora(load_profile("smoke"), progress=lambda done, total: seen.append((done, total)))
    assert all(corpus.present and corpus.miniature for corpus in corpora.values())
    assert seen and seen[-1][0] == seen[-1][1]
    seen.clear()
    profiles.open_corpora(load_profile("smoke"), progress=lambda *_: seen.append(1))
    assert seen == []


def test_a_corpus_of_a_profile_has_the_profiles_audio(tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_DATA", str(tmp_path))
    assert open_profile_corpus(load_profile("thesis"), "ENST+MDB").mdb_audio == "full_mix"
    drums = open_profile_corpus(load_profile("thesis", mdb_audio="drum_only"), "ENST+MDB")
    assert drums.mdb_audio == "drum_only" and drums.root == tmp_path
    assert open_profile_corpus(load_profile("thesis"), "Slakh").info.name == "Slakh"
