"""What is killed goes on: the driver of a search, a node of a cluster; with a real Ray."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from songs import write_song

from adtlib import paths
from adtlib.training.runs import Run
from adtlib.training.search.folder import Search

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(paths.ROOT)}


STUDY = """
import sys
from adtlib.profiles import load_profile
from adtlib.studies.plan import architecture_study
from adtlib.studies.run import run_all

def profile(own):
    return load_profile(
        "thesis", train_corpora=[own], epochs=4, batch_size=2, search="random", search_space="small", trials=3, seeds=[0, 1], jobs=2
    )

if __name__ == "__main__":
    study = profile(sys.argv[1])
    run_all(study, architecture_study(study, "CNN"), progress=False)
"""


@pytest.fixture
def study(tmp_path):
    """A folder of recordings and a script that makes a study with a search of it; (command, environment, home)."""
    for seed, split in enumerate(("train", "validation", "test")):
        write_song(tmp_path / "own" / split, "song", seed, seconds=30 if split == "train" else 8)
    (tmp_path / "study.py").write_text(STUDY)
    home = tmp_path / "home"
    environment = {**ENVIRONMENT, "ADT_HOME": str(home), "ADT_DATA": str(tmp_path / "own")}
    environment.pop("RAY_ADDRESS", None)
    return [sys.executable, str(tmp_path / "study.py"), str(tmp_path / "own")], environment, home


def wait_for(condition, process, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.cluster
def test_a_search_whose_driver_is_killed_goes_on_and_ends_with_the_same_table(study, tmp_path):
    command, environment, home = study
    trials = home / "results" / "thesis" / "searches" / "CNN" / "own" / "trials"
    killed = subprocess.Popen(command, env=environment, start_new_session=True)
    wait_for(lambda: any(trials.glob("*/resume.pt")), killed)
    family = psutil.Process(killed.pid).children(recursive=True)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    gone, left = psutil.wait_procs(family, timeout=60)
    assert gone and not left
    before = {path: len(pd.read_csv(path)) for path in trials.glob("*/metrics.csv")}
    assert not (trials.parent / "trials.csv").exists() and sum(before.values()) >= 1
    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert again.stdout == "" and again.stderr == "", "Ray says nothing"
    found = Search(trials.parent)
    table = found.trials
    assert sorted(path.name for path in trials.iterdir()) == sorted(table["trial"]), "it proposed the same trials again"
    whole = dict(environment, ADT_HOME=str(tmp_path / "whole"))
    assert subprocess.run(command, env=whole).returncode == 0
    expected = Search(tmp_path / "whole" / trials.parent.relative_to(home))
    pd.testing.assert_frame_equal(table.drop(columns="seconds"), expected.trials.drop(columns="seconds"))
    assert found.settings == expected.settings
    for seed in (0, 1):  # the run of the first seed is the best trial's, that of the second trains its settings
        run, other = (Run(root / "results/thesis/runs/CNN/own" / f"seed_{seed}") for root in (home, tmp_path / "whole"))
        assert (run.folder / "scores.csv").read_bytes() == (other.folder / "scores.csv").read_bytes()
        assert run.config["hyperparameters"] == found.settings["hyperparameters"]
        assert run.config["seed"] == seed and len(run.scores) == 1
    assert not any(Path(tmp).name.startswith(f"adt-ray-{killed.pid}-") for tmp in Path("/tmp").glob("adt-ray-*"))


NODES = """
def two_nodes(folder):
    from pathlib import Path
    from adtlib.training.cluster.session import patient_start
    from ray._private.utils import get_ray_address_file
    from ray.cluster_utils import Cluster

    # Cluster notes its address in Ray's usual folder, whatever temp_dir says, and does not make that folder.
    Path(get_ray_address_file(None)).parent.mkdir(parents=True, exist_ok=True)
    with patient_start(Path(folder)):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, "temp_dir": folder})
        return cluster, cluster.add_node(num_cpus=1, temp_dir=folder)
"""


CLUSTER = (
    NODES
    + """
import json, os, sys, threading, time
import torch
from adtlib import paths
from adtlib.profiles import load_profile
from adtlib.studies.plan import architecture_study
from adtlib.studies.run import run_all, run_cell

study = load_profile(
    "thesis", train_corpora=[sys.argv[1]], epochs=24, patience=24, batch_size=2, search="none", seeds=[0, 1],
    hyperparameters={"CNN": {"num_convs": 1, "num_layers": 1, "hidden_size": 16}},
)
cells = architecture_study(study, "CNN")

def on_two_nodes():
    cluster, second = two_nodes(sys.argv[3])
    os.environ["RAY_ADDRESS"] = cluster.address
    runs, under_way = paths.RESULTS / "thesis" / "runs", []

    def kill():
        while len(list(runs.glob("*/*/*/resume.pt"))) < 2:  # both nodes are at work: each has one processor
            time.sleep(0.02)
        cluster.remove_node(second, allow_graceful=False)
        under_way.extend(sorted(path.parent.name for path in runs.glob("*/*/*/resume.pt")))

    threading.Thread(target=kill, daemon=True).start()
    run_all(study, cells, progress=False)
    print(json.dumps(under_way))
    cluster.shutdown()

if __name__ == "__main__":
    if sys.argv[2] == "cluster":
        on_two_nodes()
    else:
        torch.set_num_threads(1)
        for cell in cells:
            run_cell(study, cell, False)
"""
)


@pytest.mark.cluster
def test_a_study_on_two_nodes_survives_the_loss_of_one_with_the_same_table(study, tmp_path):
    """Two raylets on this machine; corpora travel as shards; the runs are bitwise those of one process on one thread."""
    command, environment, home = study
    (tmp_path / "study.py").write_text(CLUSTER)
    away = {**environment, "ADT_COPY_CORPORA": "1"}
    with tempfile.TemporaryDirectory(prefix="adt-cluster-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        done = subprocess.run([*command, "cluster", folder], env=away, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["seed_0", "seed_1"], "both were under way when the node was killed"
    assert list((home / "cache" / "transferred").glob("*/index.json"))
    whole = tmp_path / "whole"
    subprocess.run([*command, "here"], env={**environment, "ADT_HOME": str(whole)}, check=True)
    for seed in (0, 1):
        far, near = (Run(root / "results/thesis/runs/CNN/own" / f"seed_{seed}") for root in (home, whole))
        pd.testing.assert_frame_equal(far.metrics.drop(columns="seconds"), near.metrics.drop(columns="seconds"))
        for name in ("scores.csv", "model.safetensors"):
            assert (far.folder / name).read_bytes() == (near.folder / name).read_bytes()
        assert not (far.folder / "resume.pt").exists()


PREPARE = (
    NODES
    + """
import sys
from adtlib.cli import main

if __name__ == "__main__":
    cluster, _ = two_nodes(sys.argv[2])
    status = main(["prepare", sys.argv[1], "--ray-address", cluster.address])
    cluster.shutdown()
    sys.exit(status)
"""
)


@pytest.mark.cluster
def test_preparing_on_two_nodes_gives_the_files_of_one_process(study, tmp_path):
    command, environment, home = study
    broken = tmp_path / "own" / "train" / "broken.wav"
    broken.write_bytes(next(broken.parent.glob("*.wav")).read_bytes()[:3_000])
    broken.with_suffix(".txt").write_bytes(next(broken.parent.glob("*.txt")).read_bytes())
    (tmp_path / "study.py").write_text(PREPARE)
    with tempfile.TemporaryDirectory(prefix="adt-cluster-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        done = subprocess.run([*command, folder], env=environment, capture_output=True, text=True)
    here = dict(environment, ADT_HOME=str(tmp_path / "here"))
    alone = subprocess.run([sys.executable, "-m", "adtlib", "prepare", command[2]], env=here, capture_output=True, text=True)
    assert done.returncode == alone.returncode == 1, done.stderr
    assert "broken.wav is truncated" in done.stdout and done.stdout == alone.stdout
    files = {path.relative_to(home) for path in (home / "cache" / "prepared").rglob("*") if path.is_file()}
    assert len(files) > 10
    for file in files:
        if file.name != "checked.json":  # says when
            assert (home / file).read_bytes() == (tmp_path / "here" / file).read_bytes(), file
