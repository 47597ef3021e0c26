"""Runs whose files were damaged or lost: named with the remedy, scored or trained again where that is safe, never believed."""

import dataclasses
import json
import os
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from songs import write_song

from adtlib import paths
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.models.loading import load_network
from adtlib.models.registry import ARCHITECTURES, assemble
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.provenance import unsealed
from adtlib.training import trainer
from adtlib.training.runs import Run, RunError, find_runs, load_run
from adtlib.training.scoring import score_run
from adtlib.training.trainer import TrainingConfig, fit

CONFIG = TrainingConfig("CNN", ("tones",), {"num_convs": 1, "num_layers": 1, "hidden_size": 8}, epochs=3, batch_size=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    for seed, split in enumerate(("train", "validation", "test")):
        write_song(root / "tones" / split, split, seed, seconds=6)
    patch = pytest.MonkeyPatch()
    patch.setattr(paths, "CACHE", root / "cache")
    yield prepare(FolderCorpus(root / "tones"), progress=False)
    patch.undo()


def train(corpus, folder, **changes):
    return fit(dataclasses.replace(CONFIG, **changes), [corpus], [corpus], folder, progress=False)


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    run = train(corpus, tmp_path_factory.mktemp("run") / "run")
    score_run(run, [corpus], validation=[corpus])
    return {path.name: path.read_bytes() for path in run.folder.iterdir()}


@pytest.fixture
def run(finished, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name, content in finished.items():
        (folder / name).write_bytes(content)
    return Run(folder)


def test_a_finished_run_has_the_checksums_of_its_files_and_a_seal(run, finished):
    assert sorted(finished) == ["config.json", "metrics.csv", "model.safetensors", "scores.csv"]
    assert sorted(unsealed(finished["config.json"])["files"]) == ["metrics.csv", "model.safetensors", "scores.csv"]
    assert [run.damage_of(name) for name in finished] == [None] * 4


def change(path, how):
    content = path.read_bytes()
    path.write_bytes(how(content))
    assert path.read_bytes() != content


SCORE_DAMAGE = {
    "cut in a row": lambda content: content[:-20],
    "cut at a row": lambda content: content[: content.rindex(b"\n", 0, -1) + 1],
    "10 bytes": lambda content: content[:10],
    "empty": lambda content: b"",
    "a digit": lambda content: content[:-2] + (b"7" if content[-2:-1] != b"7" else b"8") + b"\n",
    "a column": lambda content: content.replace(b"tp_KD", b"tp_XX"),
    "not text": lambda content: b"\xff\xfe\x00" + content,
}


@pytest.mark.parametrize("how", SCORE_DAMAGE)
def test_damaged_scores_are_refused_and_scored_again_to_equal_bytes(corpus, run, finished, how):
    path = run.folder / "scores.csv"
    change(path, SCORE_DAMAGE[how])
    with pytest.raises(RunError, match=r"scores\.csv is damaged .*: delete it and score the run again"):
        _ = run.scores
    with pytest.warns(UserWarning, match=r"scores\.csv is damaged .*scored again"):
        score_run(run, [corpus], validation=[corpus])
    assert path.read_bytes() == finished["scores.csv"], "0 and not 0.0"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda rows: rows.replace("tp_KD", "tp_XX"), "no column tp_KD"),
        (lambda rows: rows.replace(",0,", ",-1,"), "counts are not those of a test"),
        (lambda rows: rows.replace(",0,", ",0.5,"), "counts are not those of a test"),
        (lambda rows: rows.replace(",0,", ",many,"), "not a number"),
        (lambda rows: rows[: rows.rindex(",")], "counts are not those of a test"),
        (lambda rows: rows.replace("thresholds", "levels"), "counts are not those of a test"),
        (lambda rows: '"' + rows, "damaged"),
        (lambda rows: "", "damaged"),
    ],
)
def test_scores_of_earlier_versions_are_read_by_their_shape(run, how, said):
    record = {key: value for key, value in unsealed((run.folder / "config.json").read_bytes()).items() if key != "files"}
    (run.folder / "config.json").write_text(json.dumps(record))
    assert len(run.scores) == 1
    path = run.folder / "scores.csv"
    path.write_text(how(path.read_text()))
    with pytest.raises(RunError, match=said):
        _ = run.scores


@pytest.mark.parametrize("name", ["model.safetensors", "metrics.csv"])
def test_a_finished_run_with_a_damaged_file_is_kept_aside_and_trained_again(corpus, run, finished, name):
    change(run.folder / name, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RunError, match=f"{name} is damaged"):
        _ = run.model() if name == "model.safetensors" else run.metrics
    with pytest.warns(UserWarning, match=rf"{name} is damaged .*kept as run\.previous"):
        again = train(corpus, run.folder)
    assert (again.folder / "model.safetensors").read_bytes() == finished["model.safetensors"]
    assert sorted(path.name for path in (run.folder.parent / "run.previous").iterdir()) == sorted(finished)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"{", b"7", b"\xff", b"[" * 99_999, b'{"config": []}', b'{"config": {"train": 3}}'),
        *(b'{"config": {"train": [3]}}', b'{"config": {}, "result": 1}', b'{"config": {}, "data": {"a": 1}}'),
        b'{"config": {"peak_picking": 5}, "result": {}}',
    ],
)
def test_a_config_of_any_shape_is_named_with_the_remedy(corpus, run, content):
    (run.folder / "config.json").write_bytes(content)
    for use in (lambda: run.record, run.model, lambda: run.scores, lambda: train(corpus, run.folder)):
        with pytest.raises(RunError, match=r"config\.json is damaged .*delete .* and train again"):
            use()


def test_a_changed_config_is_noticed(run):
    change(run.folder / "config.json", lambda content: content.replace(b'"seed": 0', b'"seed": 1'))
    with pytest.raises(RunError, match=r"config\.json is damaged \(it is not as it was written\)"):
        _ = run.record


def test_what_a_config_lacks_is_said(run, monkeypatch):
    record = unsealed((run.folder / "config.json").read_bytes())
    del record["config"]["hyperparameters"], record["files"]
    record["config"]["peak_picking"]["reach"] = 3
    (run.folder / "config.json").write_text(json.dumps(record))
    for use in (lambda: run.config["hyperparameters"], lambda: run.record["data"]["other"], lambda: run.result["f1"]["micro"]):
        with pytest.raises(RunError, match=r"config\.json has no '\w+'"):
            use()
    with pytest.raises(RunError, match="names no architecture with hyperparameters"):
        load_run(run.folder)
    with pytest.raises(RunError, match=r"config\.json: peak_picking: .*reach"):
        _ = run.peak_picking


# --- folders that lost a file --------------------------------------------------------------------------------------------


def interrupted(corpus, folder, monkeypatch, epoch=3):
    real = trainer.Trainer._train_epoch

    def dies(self, number):
        if number == epoch:
            raise KeyboardInterrupt
        return real(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "_train_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, folder)


def test_an_interrupted_run_without_its_config_goes_on(corpus, tmp_path, monkeypatch, finished):
    interrupted(corpus, tmp_path / "run", monkeypatch)
    (tmp_path / "run" / "config.json").unlink()
    done = pd.read_csv(tmp_path / "run" / "metrics.csv")
    run = train(corpus, tmp_path / "run")
    pd.testing.assert_frame_equal(run.metrics.iloc[: len(done)], done)  # the seconds, too: these epochs were not trained again
    assert (run.folder / "model.safetensors").read_bytes() == finished["model.safetensors"]
    assert "result" in run.record and not (run.folder / "resume.pt").exists()


@pytest.mark.parametrize("name", ["resume.pt", "model.safetensors"])
def test_an_interrupted_run_that_cannot_go_on_begins_again_and_says_so(corpus, tmp_path, monkeypatch, finished, name):
    interrupted(corpus, tmp_path / "run", monkeypatch)
    (tmp_path / "run" / name).unlink()
    with pytest.warns(UserWarning, match=rf"{name} is missing: the run is trained from the start"):
        run = train(corpus, tmp_path / "run")
    assert (run.folder / "model.safetensors").read_bytes() == finished["model.safetensors"]


def test_killed_between_weights_and_state_it_ends_where_it_would_have_ended(corpus, tmp_path, monkeypatch, finished):
    real = trainer.Trainer._save_state

    def dies(self):
        if len(self.history) == 2:
            raise KeyboardInterrupt
        real(self)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "_save_state", dies)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, tmp_path / "run")
    run = train(corpus, tmp_path / "run")
    assert (run.folder / "model.safetensors").read_bytes() == finished["model.safetensors"]


def test_weights_that_were_changed_before_the_end_are_no_result(corpus, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "_finish", lambda self: None)
        train(corpus, tmp_path / "run")
    change(tmp_path / "run" / "model.safetensors", lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RunError, match=r"model\.safetensors is not as it was written, with the weights of epoch \d: run it again"):
        train(corpus, tmp_path / "run")
    with pytest.warns(UserWarning, match=r"resume\.pt is missing: the run is trained from the start"):
        assert "result" in train(corpus, tmp_path / "run").record


@pytest.mark.parametrize("lost", ["model.safetensors", "all"])
def test_a_folder_that_is_deleted_while_it_trains_says_so_at_once_and_the_next_run_ends(corpus, tmp_path, finished, lost):
    folder, epochs = tmp_path / "run", []

    def deletes(row):
        epochs.append(row["epoch"])
        for path in list(folder.iterdir()):
            if lost in ("all", path.name):
                path.unlink()

    scripted = dataclasses.replace(CONFIG, learning_rate=1e-9)  # no epoch is better than the first
    with pytest.raises(RunError, match=r"model\.safetensors is missing.*run it again"):
        fit(scripted, [corpus], [corpus], folder, progress=False, on_epoch=deletes)
    assert epochs == [1]
    warnings.simplefilter("ignore")  # that it begins again, where metrics are left
    run = fit(scripted, [corpus], [corpus], folder, progress=False)
    assert run.result["epochs"] == 3


def test_weights_without_a_config_are_kept_aside(corpus, run, finished):
    (run.folder / "config.json").unlink()
    with pytest.warns(UserWarning, match=r"has weights and no config\.json.*kept as run\.previous"):
        train(corpus, run.folder)
    assert (run.folder.parent / "run.previous" / "model.safetensors").read_bytes() == finished["model.safetensors"]


def test_a_finished_run_keeps_no_state(corpus, run):
    (run.folder / "resume.pt").write_bytes(b"left by a process that was killed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(corpus, run.folder)
    assert not (run.folder / "resume.pt").exists()


def test_runs_of_earlier_versions_are_read(run, monkeypatch):
    record = {key: value for key, value in unsealed((run.folder / "config.json").read_bytes()).items() if key != "files"}
    folder = run.folder.parent / "results" / "old" / "runs" / "CNN" / "tones" / "seed_0"
    folder.parent.mkdir(parents=True)
    os.rename(run.folder, folder)
    (folder / "config.json").write_text(json.dumps(record, indent=1))
    monkeypatch.setattr(paths, "RESULTS", run.folder.parent / "results")
    (found,) = find_runs("old")
    assert len(found.scores) == 1 and len(found.metrics) == 3 and found.model() is not None


# --- networks from files of others ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_network_gets_its_weights_bit_by_bit(architecture):
    config = {"architecture": architecture, "hyperparameters": dict(ARCHITECTURES[architecture].sizes.get("smoke", {}))}
    model = assemble(config, 0.3, 0.6)
    loaded = load_network(config, model.state_dict()).state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("hyperparameters", "said"),
    [
        ({"hidden_size": 90_000}, "no size in the weights is above"),
        ({"num_layers": 10**6}, "no size in the weights is above"),
        ({"num_layers": 200}, "more than .* parameters"),
        ({"num_layers": -1}, "no size"),
        ({"num_layers": float("nan")}, "finite number"),
        ({"num_layers": 2.0}, "does not take|num_layers"),
        ({"num_layers": "2"}, "does not take|num_layers"),
        ({"num_layers": None}, "finite number"),
        ({"layers": 2}, "does not take"),
        ({"num_layers": 1, "hidden_size": 24}, "is .* not"),
    ],
)
def test_a_configuration_that_asks_for_more_than_the_weights_is_refused_before_it_is_built(hyperparameters, said):
    weights = assemble({"architecture": "CRNN", "hyperparameters": {"num_layers": 1, "hidden_size": 12}}).state_dict()
    with pytest.raises(ValueError, match=said):
        load_network({"architecture": "CRNN", "hyperparameters": hyperparameters}, weights)


def test_weights_that_are_no_numbers_are_refused():
    config = {"architecture": "CNN", "hyperparameters": {"num_convs": 1, "num_layers": 1, "hidden_size": 8}}
    for name, value in (("network.output.bias", np.nan), ("standardize.std", 0.0), ("standardize.mean", np.inf)):
        weights = assemble(config).state_dict()
        weights[name] = torch.full_like(weights[name], value)
        with pytest.raises(ValueError, match=r"finite|deviation"):
            load_network(config, weights)


@pytest.mark.parametrize(
    "values",
    [
        *({"delta": float("nan")}, {"delta": "0.1"}, {"max_window": True}, {"max_window": 10**9}, {"mean_window": float("inf")}),
        *({"threshold": "0.5"}, {"threshold": [0.5, 0.5, 0.5, 0.5, None]}, {"threshold": float("nan")}, {"wait": -1}),
        {"strict_wait": 1},
    ],
)
def test_parameters_of_peak_picking_are_numbers_in_their_range(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        PeakPicking(**values)
