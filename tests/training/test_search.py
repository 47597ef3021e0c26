"""Searches and clusters with a real Ray: every kind of search, kill -9 of the driver, the loss of a node, no Ray at all."""

import os
import random
import subprocess
import sys
import textwrap

import pandas as pd
import pytest
import torch
from songs import write_song
from test_trainer import corpus  # noqa: F401

from adtlib import paths
from adtlib.training.cluster import session
from adtlib.training.cluster.jobs import Job
from adtlib.training.cluster.session import Resources
from adtlib.training.cluster.transfer import refer_to
from adtlib.training.runs import load_run
from adtlib.training.search import tune
from adtlib.training.search.folder import Search, trial_name
from adtlib.training.search.spaces import LEARNING_RATE, WEIGHT_DECAY, as_hyperparameters
from adtlib.training.search.tune import Batches, Plan
from adtlib.training.trainer import TrainingConfig, fit

SPACE = {"num_convs": [1], "num_layers": [1, 2], "hidden_size": [8, 16]}
BASE = TrainingConfig("CNN", ("tones",), seed=1, epochs=2, batch_size=2)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(paths.ROOT)}


# ---- without Ray ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_but_tuning_works_where_ray_is_not_installed(tmp_path):
    """A user who only transcribes: the import of Ray fails, all modules load, a model loads and transcribes."""
    script = """
        import pkgutil, sys, importlib
        import numpy as np
        sys.modules["ray"] = None  # as if it were not installed
        import adtlib
        from adtlib import models
        from adtlib.training.runs import load_run
        CLUSTER = "adtlib.training.cluster."
        NEED_RAY = ("adtlib.training.search.tune", *(CLUSTER + name for name in ("session", "private_ray", "configured_ray")))
        names = [m.name for m in pkgutil.walk_packages(adtlib.__path__, "adtlib.")]
        assert "adtlib.training.search.tune" in names and len(names) > 60
        for name in names:
            if name not in NEED_RAY:
                importlib.import_module(name)
        activations = models.predict(load_run(sys.argv[1]), np.zeros((500, 84), np.float16))
        assert activations.shape == (500, 5)
        try:
            import adtlib.training.search.tune
        except ImportError:
            print("no ray")
    """
    write_song(tmp_path / "tones" / "train", "a", 0, seconds=4)
    write_song(tmp_path / "tones" / "validation", "b", 1, seconds=4)
    home = {**ENVIRONMENT, "ADT_HOME": str(tmp_path)}
    make = """
        import sys
        from adtlib.corpora.folder import FolderCorpus
        from adtlib.corpora.preparation import prepare
        from adtlib.training.trainer import TrainingConfig, fit
        corpus = prepare(FolderCorpus(sys.argv[1]), progress=False)
        config = TrainingConfig("RNN", ("tones",), {"num_layers": 1, "hidden_size": 8}, epochs=1)
        fit(config, [corpus], [corpus], sys.argv[2], progress=False)
    """
    run = [sys.executable, "-c"]
    subprocess.run([*run, textwrap.dedent(make), str(tmp_path / "tones"), str(tmp_path / "run")], env=home, check=True)
    done = subprocess.run([*run, textwrap.dedent(script), str(tmp_path / "run")], env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "no ray"


class Recorder:
    """A searcher that numbers its proposals by what it was told before."""

    def __init__(self):
        self.told, self.asked = [], 0

    def suggest(self, name):
        self.asked += 1
        return {"x": (self.asked, tuple(self.told))}

    def on_trial_complete(self, name, result, error):
        self.told.append(result["f1"])


@pytest.mark.parametrize("order", range(5))
def test_what_is_proposed_does_not_depend_on_which_trial_ends_first(order):
    """Trials of random length, up to three at once: always the same twelve proposals, in batches of five."""
    shuffled, inner = random.Random(order), Recorder()
    searcher, proposals, under_way, number = Batches(inner, 5, 12), [], {}, 0
    while True:
        proposed = searcher.suggest(f"t{number}") if len(under_way) < 3 else None
        if proposed == "FINISHED":
            break
        if proposed is not None:
            proposals.append(proposed["x"])
            under_way[f"t{number}"] = len(proposals)
            number += 1
        if under_way and (proposed is None or shuffled.random() < 0.5):
            name = shuffled.choice(list(under_way))
            searcher.on_trial_complete(name, {"f1": under_way.pop(name)})
    told = (*range(1, 11),)
    assert proposals == [(n, told[: 5 * ((n - 1) // 5)]) for n in range(1, 13)]


def test_an_address_outside_the_cluster_is_refused_with_the_remedy(monkeypatch):
    with pytest.raises(session.ClusterError, match=r"ray start --address"):
        session.check_address("ray://head:10001")


# ---- searches -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    patch = pytest.MonkeyPatch()
    patch.delenv("RAY_ADDRESS", raising=False)
    with session.session(2) as far:
        yield far
    patch.undo()


def job_for(corpus, folder, **config):  # noqa: F811
    return Job(folder, TrainingConfig(**{**vars(BASE), **config}), (refer_to(corpus),))


@pytest.mark.cluster
@pytest.mark.parametrize(("kind", "trials"), [("random", 3), ("grid", 4), ("optuna", 6)])
def test_a_search_of_each_kind(corpus, tmp_path, server, kind, trials, monkeypatch):  # noqa: F811
    plan = Plan(kind, SPACE, 6 if kind == "optuna" else 3, seed=1)
    job = job_for(corpus, tmp_path / "search")
    found = tune.search(plan, job, Resources(), server, progress=False)
    table = found.trials
    assert len(table) == trials and (table["epochs"] == 2).all() and (table["outcome"] == "finished").all()
    assert table["learning_rate"].between(*LEARNING_RATE).all() and table["weight_decay"].between(*WEIGHT_DECAY).all()
    assert table["trial"].is_unique
    for name, values in SPACE.items():
        assert set(table[name]) <= set(values)
    if kind == "grid":
        assert not table.duplicated(list(SPACE)).any(), "each combination once"
    # Every trial reported and kept each epoch, and is what training those settings here gives.
    assert {name: len(curve) for name, curve in found.curves.items()} == dict.fromkeys(table["trial"], 2)
    best = table.sort_values(["val_f1_micro", "val_loss"], ascending=[False, True], kind="stable").iloc[0]
    assert found.best.folder.name == best["trial"] == trial_name(found.settings)
    assert found.settings["hyperparameters"] == as_hyperparameters({name: best[name] for name in SPACE})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        here = fit(TrainingConfig(**{**vars(BASE), **found.settings}), [corpus], [corpus], tmp_path / "here", progress=False)
    finally:
        torch.set_num_threads(threads)
    assert (here.result["val_loss"], here.result["val_f1_micro"]) == (best["val_loss"], best["val_f1_micro"])
    assert load_run(found.best.folder) is not None
    # Again: nothing is trained.
    monkeypatch.setattr(tune, "_tune", lambda *_: pytest.fail("searched again"))
    assert tune.search(plan, job, Resources(), server, progress=False) == found


@pytest.mark.cluster
def test_more_trials_keep_those_there_are_and_another_search_moves_them_aside(corpus, tmp_path, server):  # noqa: F811
    job = job_for(corpus, tmp_path / "search", epochs=1)
    first = tune.search(Plan("random", SPACE, 2), job, Resources(), server, progress=False).trials
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "search" / "trials").glob("*/model.safetensors")}
    more = tune.search(Plan("random", SPACE, 3), job, Resources(), server, progress=False).trials
    pd.testing.assert_frame_equal(more.iloc[:2], first)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in written.items())
    tune.search(Plan("random", {**SPACE, "num_layers": [1]}, 1), job, Resources(), server, progress=False)
    assert Search(tmp_path / "search.previous").trials.equals(more)


@pytest.mark.cluster
def test_a_network_that_cannot_be_built_ends_the_search(corpus, tmp_path, server):  # noqa: F811
    job = job_for(corpus, tmp_path / "search")
    (tmp_path / "search" / "trials").mkdir(parents=True)
    with pytest.raises(ValueError, match="cannot be built"):
        tune.search(Plan("random", {**SPACE, "num_convs": [9]}, 1), job, Resources(), server, progress=False)
