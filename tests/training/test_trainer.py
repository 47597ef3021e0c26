"""Training: learns, repeats bitwise, resumes as if nothing had happened, and says what is wrong."""

import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from songs import write_song

from adtlib import paths
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.evaluation.metrics import f1_micro
from adtlib.models.loss import infrequency_weights, weighted_bce
from adtlib.models.prediction import predict, predict_logits
from adtlib.onsets.frames import frame_targets, widen_targets
from adtlib.training import trainer
from adtlib.training.runs import Run, RunError, counts_of, find_runs, load_run, run_folder, runs_by_cell, write_record
from adtlib.training.scoring import evaluate, score_run
from adtlib.training.trainer import TrainingConfig, fit


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    for seed, (split, name) in enumerate([("train", "a"), ("train", "b"), ("validation", "c"), ("test", "d")]):
        write_song(root / "tones" / split, name, seed)
    patch = pytest.MonkeyPatch()
    patch.setattr(paths, "CACHE", root / "cache")
    yield prepare(FolderCorpus(root / "tones"), progress=False)
    patch.undo()


CONFIG = TrainingConfig(
    "CRNN", ("tones",), {"num_layers": 1, "hidden_size": 24}, seed=3, epochs=3, batch_size=2, learning_rate=5e-3
)


def train(corpus, folder, config=CONFIG, **options):
    return fit(config, [corpus], [corpus], folder, progress=False, **options)


def weights(run):
    return {key: value.clone() for key, value in load_run(run.folder).state_dict().items()}


def same(a, b):
    return all(torch.equal(a[key], b[key]) for key in a)


def test_it_learns_and_is_scored_on_the_test_split(corpus, tmp_path):
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=25))
    assert run.result["val_f1_micro"] > 0.8
    table = score_run(run, [corpus])
    assert f1_micro(counts_of(table)) > 0.8
    assert len(table) == 1
    assert set(table["split"]) == {"test"}
    record = run.record
    assert record["data"][corpus.corpus_name]["units"] == {"train": 2, "validation": 1}
    assert {"torch", "numpy", "adtlib"} <= set(record["libraries"])
    pd.testing.assert_frame_equal(score_run(run, [corpus]), table)


def test_equal_seeds_give_bitwise_equal_results_and_others_do_not(corpus, tmp_path):
    first, second = train(corpus, tmp_path / "1"), train(corpus, tmp_path / "2")
    other = train(corpus, tmp_path / "3", dataclasses.replace(CONFIG, seed=4))
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))
    columns = [column for column in first.metrics if column != "seconds"]
    pd.testing.assert_frame_equal(first.metrics[columns], second.metrics[columns])


def test_an_epoch_of_a_fixed_number_of_segments_goes_round_the_data(corpus, tmp_path):
    config = dataclasses.replace(CONFIG, epochs=1, segments_per_epoch=7)
    made = trainer.Trainer(
        config, [corpus], [corpus], tmp_path, torch.device("cpu"), {"config": dataclasses.asdict(config), "data": {}}
    )
    first, second = made._order(1), made._order(2)
    n = len(made.segments)
    assert n < 7 and len(first) == len(second) == 7
    assert sorted(first[:n]) == list(range(n)) and not np.array_equal(first, second)


def test_training_goes_on_while_its_last_epoch_is_its_best(corpus, tmp_path, monkeypatch):
    f1 = iter([0.1, 0.2, 0.3, 0.25, 0.2])
    monkeypatch.setattr(trainer.Trainer, "selection_score", lambda self, row: next(f1))
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=2, past_best=True))
    assert (run.result["best_epoch"], run.result["epochs"]) == (3, 4)


def test_averaged_weights_are_validated_and_kept(corpus, tmp_path, monkeypatch):
    """A step's share of the average grows in proportion to its number, until the decay is what was asked for."""
    after, real = [], trainer.Trainer._step

    def step(self, *batch):
        loss = real(self, *batch)
        after.append({key: value.clone() for key, value in self.model.state_dict().items()})
        return loss

    monkeypatch.setattr(trainer.Trainer, "_step", step)
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=1, segments_per_epoch=10, averaging=0.6))
    torch.manual_seed(CONFIG.seed)
    initial = trainer.assemble(run.config).state_dict()
    for key in (name for name in initial if name.startswith("network") and initial[name].dtype.is_floating_point):
        states = [initial[key].double(), *(state[key].double() for state in after)]
        # Decays of 1/3, 1/2, 3/5, then 0.6 in place of 2/3.
        expected = 0.6 * (states[0] + 2 * states[1] + 3 * states[2] + 4 * states[3]) / 10 + 0.4 * states[4]
        expected = 0.6 * expected + 0.4 * states[5]
        torch.testing.assert_close(weights(run)[key].double(), expected, rtol=1e-5, atol=1e-6)
    assert len(after) == 5 and not same(weights(run), after[-1])


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_an_interrupted_run_ends_where_it_would_have_ended(corpus, tmp_path, monkeypatch, averaging):
    config = dataclasses.replace(CONFIG, averaging=averaging)
    whole = train(corpus, tmp_path / "whole", config)
    real = trainer.Trainer._train_epoch

    def dies_in_the_third(self, number):
        if number == 3:
            raise KeyboardInterrupt
        return real(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "_train_epoch", dies_in_the_third)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, tmp_path / "cut", config)
    assert len(pd.read_csv(tmp_path / "cut" / "metrics.csv")) == 2
    trained = []
    monkeypatch.setattr(trainer.Trainer, "_train_epoch", lambda self, number: trained.append(number) or real(self, number))
    resumed = train(corpus, tmp_path / "cut", config)
    assert trained == [3]
    assert same(weights(whole), weights(resumed))
    assert not (resumed.folder / "resume.pt").exists()


def _train_in_child(corpus, folder):
    fit(dataclasses.replace(CONFIG, epochs=8), [corpus], [corpus], folder, progress=False)


@pytest.mark.slow
def test_a_killed_process_loses_at_most_one_epoch(corpus, tmp_path):
    """kill -9 while it trains: what is on disk is whole, and training goes on from it."""
    folder = tmp_path / "killed"
    child = multiprocessing.get_context("spawn").Process(target=_train_in_child, args=(corpus, folder))
    child.start()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (folder / "resume.pt").exists():
        assert child.is_alive()
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    state = torch.load(folder / "resume.pt", weights_only=True)
    epochs = len(state["history"])
    assert epochs >= 1
    run = train(corpus, folder, dataclasses.replace(CONFIG, epochs=8))
    assert run.metrics["epoch"].tolist() == list(range(1, len(run.metrics) + 1))
    done = pd.DataFrame(state["history"])  # the seconds, too: these epochs were not trained again
    pd.testing.assert_frame_equal(run.metrics.iloc[:epochs], done, check_exact=False, rtol=1e-9)


def test_a_finished_run_is_reused_and_another_configuration_moves_it_aside(corpus, tmp_path, monkeypatch):
    run = train(corpus, tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "train", lambda *_: pytest.fail("trained again"))
        assert train(corpus, tmp_path / "run") == run
    before = weights(run)
    other = SimpleNamespace(**{name: getattr(corpus, name) for name in ("miniature", "unit", "totals", "missing")})
    other.corpus_name, other.fingerprint = "selection", "another"
    shutil.copytree(run.folder, tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match=r"elsewhere was of another configuration or data"):
        assert trainer.finished_run(CONFIG, [corpus], [other], tmp_path / "elsewhere") is None
    with pytest.warns(UserWarning, match=r"run\.previous"):
        train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=1))
    with pytest.warns(UserWarning, match=r"run\.previous-2"):
        train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=2))
    assert same(weights(Run(tmp_path / "run.previous")), before), "a later change must not cost the first run"


def test_a_run_without_weights_is_trained_anew_and_its_old_scores_go(corpus, tmp_path):
    """As in a fresh clone, where results are committed and weights are not."""
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=1))
    score_run(run, [corpus])
    (run.folder / "model.safetensors").unlink()
    again = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=1))
    assert again.scores.empty and again.model() is not None
    assert not (tmp_path / "run.previous").exists()


def test_checkpoint_of_the_best_validation_f1_is_kept(corpus, tmp_path, monkeypatch):
    """Of epochs with validation F1 .5, .9, .7 the second is kept, whatever the loss."""
    results = iter([(0.5, 3.0), (0.9, 4.0), (0.7, 2.0)])

    def scripted(model, units, config, weights):
        hits, loss = next(results)
        counts = np.zeros((1, 5, 3), dtype=int)
        counts[0, 0] = [int(hits * 100), 100 - int(hits * 100), 100 - int(hits * 100)]
        return counts, loss

    monkeypatch.setattr(trainer, "evaluate", scripted)
    assert train(corpus, tmp_path / "run").result["best_epoch"] == 2


def test_schedule_and_early_stopping_watch_the_validation_loss(corpus, tmp_path, monkeypatch):
    losses = iter([5.0, 4.0] + [4.5] * 20)
    monkeypatch.setattr(trainer, "evaluate", lambda *_: (np.ones((1, 5, 3), dtype=int), next(losses)))
    monkeypatch.setattr(trainer.Trainer, "_train_epoch", lambda *_: 1.0)
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=100, learning_rate=1.0, patience=10, lr_patience=3))
    rates = run.metrics["learning_rate"]
    # Lowest in epoch 2; the rate falls after three, six and nine epochs without a lower one; the tenth is the last.
    np.testing.assert_allclose(rates, [1.0] * 5 + [0.2] * 3 + [0.04] * 3 + [0.008])
    assert run.result["epochs"] == 12


@pytest.mark.parametrize(("name", "content"), [("resume.pt", b"nonsense"), ("config.json", b"{")])
def test_damaged_files_are_named(corpus, tmp_path, name, content):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_bytes(content)
    with pytest.raises(RunError, match=f"{name} is damaged.*delete"):
        train(corpus, tmp_path / "run")


def test_weights_that_do_not_fit_are_named(corpus, tmp_path):
    run = train(corpus, tmp_path / "run", dataclasses.replace(CONFIG, epochs=1))
    record = run.record
    record["config"]["hyperparameters"]["hidden_size"] = 48
    write_record(run.folder, record)
    with pytest.raises(RunError, match=r"model\.safetensors does not fit"):
        run.model()
    (run.folder / "model.safetensors").write_bytes(b"12345678")
    with pytest.raises(RunError, match=r"model\.safetensors is damaged"):
        run.model()
    (run.folder / "model.safetensors").unlink()
    with pytest.raises(RunError, match="missing"):
        run.model()


def test_divergence_is_said(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "_train_epoch", lambda *_: float("nan"))
    with pytest.raises(RunError, match="diverged; lower the learning rate"):
        train(corpus, tmp_path / "run")


def test_an_empty_split_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    write_song(tmp_path / "tones" / "train", "a", 0, seconds=4)
    lonely = prepare(FolderCorpus(tmp_path / "tones"), progress=False)
    with pytest.raises(ValueError, match="validation split is empty"):
        train(lonely, tmp_path / "run")


# --- predicting ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory):
    return train(corpus, tmp_path_factory.mktemp("run") / "run", dataclasses.replace(CONFIG, epochs=1)).model()


@pytest.mark.parametrize("n_frames", [0, 1, 399, 400, 401, 700, 701, 1234])
def test_every_frame_gets_a_prediction_of_a_window_around_it(model, rng, n_frames):
    features = rng.random((n_frames, 84)).astype(np.float32)
    activations = predict(model, features, precision="float32")
    assert activations.shape == (n_frames, 5)
    assert np.all((activations >= 0) & (activations <= 1))
    for frame in {0, n_frames // 2, n_frames - 1} if n_frames else ():
        start = max(0, min((max(frame - 50, 0) // 300) * 300, 300 * max(0, -(-(n_frames - 400) // 300))))
        window = np.zeros((400, 84), dtype=np.float32)
        window[: len(features[start : start + 400])] = features[start : start + 400]
        with torch.inference_mode():
            expected = torch.sigmoid(model(torch.from_numpy(window)[None]))[0, frame - start]
        np.testing.assert_allclose(activations[frame], expected, atol=1e-5)


def test_recordings_of_any_length_share_batches(model, rng):
    recordings = [rng.random((n, 84)).astype(np.float32) for n in (900, 0, 100, 2000, 401)]
    together = list(predict_logits(model, iter(recordings), batch_size=3, precision="float32"))
    assert [len(logits) for logits in together] == [900, 0, 100, 2000, 401]
    for features, logits in zip(recordings, together, strict=True):
        (alone,) = predict_logits(model, [features], precision="float32")
        np.testing.assert_allclose(logits, alone, atol=1e-4)


def test_bfloat16_changes_activations_by_rounding_only(model, rng):
    features = rng.random((400, 84)).astype(np.float32)
    np.testing.assert_allclose(predict(model, features, "bfloat16"), predict(model, features, "float32"), atol=0.03)


def test_validation_loss_is_the_training_loss_of_whole_tracks(corpus, model):
    unit = corpus.units("validation")[0]
    w = torch.tensor(infrequency_weights(corpus.totals("train").onset_counts, corpus.totals("train").n_frames)).float()
    config = dataclasses.replace(CONFIG, precision="float32")
    _, loss = evaluate(model, [unit], config, w)
    (logits,) = predict_logits(model, [unit.features], precision="float32")
    targets = torch.from_numpy(widen_targets(frame_targets(unit.onsets, unit.n_frames)))
    assert loss == pytest.approx(float(weighted_bce(torch.from_numpy(logits)[None], targets[None], w)), rel=1e-5)


# --- folders -------------------------------------------------------------------------------------------------------------


def test_runs_are_found_by_their_folders(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    folder = run_folder("smoke", "CRNN", ("ENST+MDB", "Slakh"), 3)
    assert folder.relative_to(tmp_path).as_posix() == "results/smoke/runs/CRNN/ENST+MDB_+_Slakh/seed_3"
    assert find_runs("smoke") == []
    run = train(corpus, folder, dataclasses.replace(CONFIG, epochs=1))
    (folder.parent / "seed_4").mkdir()
    (folder.parent / "seed_4" / "config.json").write_text(json.dumps({"config": {}}))  # not finished
    assert find_runs("smoke") == [run]
    assert runs_by_cell("smoke") == {(CONFIG.architecture, CONFIG.train, CONFIG.seed): run}
