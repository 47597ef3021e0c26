"""Profiles: what the files say, what may be overridden, what is refused."""

import dataclasses

import pytest

from adtlib import paths, profiles
from adtlib.corpora.base import MARKER, CorpusError
from adtlib.models.registry import ARCHITECTURES, build
from adtlib.profiles import load_profile, open_corpora, open_profile_corpus

PROFILES = ["smoke", "miniature", "showcase", "study", "thesis", "thesis_finished", "thesis_published"]


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
    with pytest.raises(ValueError, match="miniature, showcase, smoke, study, thesis, thesis_finished, thesis_published"):
        load_profile("mini")


def test_a_profile_that_builds_on_itself_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    (tmp_path / "a.yaml").write_text("base: b\n")
    (tmp_path / "b.yaml").write_text("base: a\n")
    with pytest.raises(ValueError, match="a on b on a"):
        load_profile("a")
    (tmp_path / "b.yaml").write_text("data: real\nepochs: 3\n")
    (tmp_path / "a.yaml").write_text("base: b\nepochs: 4\n")
    assert (load_profile("a").data, load_profile("a").epochs) == ("real", 4)
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: miniature\nlearning_rate: 1e-3\n", r"x\.yaml, line 2: learning_rate = '1e-3', expected a number; .*1\.0e-3"),
        ("data: miniature\n\ntolerance: a\n", r"x\.yaml, line 3: tolerance = 'a', expected a number"),
        ("data: miniature\n", "profile x: miniature_size = None, expected standard or smoke"),
        ("base: smoke\nminiature_size:\n", r"x\.yaml, line 2: miniature_size = None, expected standard or smoke"),
        ("base: smoke\nepochs: 1.5\n", r"x\.yaml, line 2: epochs = 1\.5, expected a whole number"),
        ("base: smoke\nepochs: true\n", "line 2: epochs = True, expected a whole number"),
        ("base: smoke\nepochs:\n", "line 2: epochs = None"),
        ("base: smoke\nseeds: [0, a]\n", r"line 2: seeds = .*, expected a list, each a whole number"),
        ("base: smoke\ntrain_corpora: [1]\n", "line 2: train_corpora = .*, expected a list, each text"),
        ("base: smoke\nbalance: 1\n", "line 2: balance = 1, expected true or false"),
        ("base: smoke\nlearning_rate: .nan\n", "line 2: learning_rate = nan"),
        ("base: smoke\nlearning_rate: 0\n", "line 2: learning_rate = 0, expected a number above 0"),
        ("base: smoke\nhyperparameters: 3\n", "line 2: hyperparameters = 3, expected names with values"),
        ("base: smoke\nhyperparameters: {CRNN: 3}\n", "line 2: hyperparameters = .*, expected names with values"),
        ("base: smoke\npeak_picking: {reach: 3}\n", "line 2: peak_picking: .*reach"),
        ("base: smoke\npeak_picking: {delta: 1e-1}\n", "line 2: peak_picking: delta = '1e-1'"),
        ("base: smoke\nexample_search: {corpus: Slakh, epochs: many}\n", "line 2: example_search: epochs = 'many'"),
        ("base: smoke\nprecision: half\n", "line 2: precision = 'half', expected auto or float32 or bfloat16"),
        ("base: smoke\nepochs: 3\nepochs: 4\n", "line 3: epochs is given again, after line 2"),
        ("base: smoke\nepoch: 3\n", "line 2: unknown parameter epoch"),
        ("base: smoke\n3: 4\n", "line 2: unknown parameter 3"),
        ("epochs: 3\n", "x.yaml has no data"),
        ("", "x.yaml has no data"),
        ("base: nowhere\n", "x.yaml: base: unknown profile 'nowhere'"),
        ("base: ../params/smoke\n", "unknown profile"),
        ("base: [smoke]\n", "unknown profile"),
        ("data: [miniature\n", r"x\.yaml, line 2: not YAML"),
        ("data: miniature\nepochs: {\n  a: ]\n", r"x\.yaml, line 3: not YAML"),
        ("- data\n- miniature\n", "line 1: expected lines of a name, a colon and a value"),
        ("data miniature\n", "line 1: expected lines"),
        ("data: !!python/object:os.system miniature\n", "line 1: not YAML"),
        ("data: 2001-99-99\n", "x.yaml is not YAML|data"),
        ("[" * 5_000, "x.yaml"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b, *b]\n", "unknown parameter a, b, c"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_line(tmp_path, monkeypatch, text, message):
    for file in paths.PARAMS.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_profile("x")


def test_bytes_that_are_no_text_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    for content in (b"\xff\xfe\x00", b"data: \x00\n"):
        (tmp_path / "x.yaml").write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.yaml"):
            load_profile("x")
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfdata: real\r\nepochs: 3\r\n")
    assert load_profile("x").epochs == 3


def test_every_parameter_has_a_type_that_is_checked():
    kinds = profiles._kinds()
    assert set(kinds) == {field.name for field in dataclasses.fields(profiles.Profile)} - {"name"}
    for name, kind in kinds.items():
        assert profiles._is(getattr(load_profile("showcase"), name), kind)
        assert not profiles._is(object(), kind), name
