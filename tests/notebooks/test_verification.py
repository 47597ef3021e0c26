"""Results are up to date while they have the bytes that were written; `adt verify` follows them down to the recordings."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from songs import write_song
from test_runner import PROFILE, use_home, write_notebook

from adtlib import paths
from adtlib.cli import main
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.corpora.verification import BROKEN, HOLDS, UNKNOWN
from adtlib.notebooks import manifest, runner
from adtlib.notebooks.tables import save_table
from adtlib.notebooks.verification import verify, verify_home
from adtlib.training.runs import run_folder
from adtlib.training.scoring import score_run
from adtlib.training.trainer import TrainingConfig, fit

CONFIG = TrainingConfig("CNN", ("tones",), {"num_convs": 1, "num_layers": 1, "hidden_size": 8}, epochs=1, batch_size=2)
TABLE = pd.DataFrame({"architecture": ["CNN"], "f1_micro": [0.5]})


def execute(job, name, progress):
    """What the notebooks do: 41 trains a run on the songs and scores it; each saves a table, a figure and its copy."""
    corpus = prepare(FolderCorpus(paths.HOME / "tones"), progress=False)
    if name == "41_cnn":
        run = fit(CONFIG, [corpus], [corpus], run_folder(PROFILE, "CNN", CONFIG.train, 0), progress=False)
        score_run(run, [corpus], validation=[corpus])
    save_table(TABLE, f"{name[:2]}_scores", PROFILE, "A table.")
    (paths.FIGURES / PROFILE).mkdir(exist_ok=True)
    (paths.FIGURES / PROFILE / f"{name[:2]}_curve.png").write_bytes(b"a picture of some bytes")
    Path(job["copy"]).parent.mkdir(exist_ok=True)
    Path(job["copy"]).write_text('{"cells": []}')


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with songs and two notebooks, 41 that trains a run on them and 50 that reads it, both run; and a copy of it."""
    home, kept = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("kept") / "home"
    with pytest.MonkeyPatch.context() as patch:
        use_home(home, patch.setattr)
        patch.setattr(runner, "_execute", execute)
        for seed, split in enumerate(("train", "validation", "test")):
            write_song(home / "tones" / split, split, seed, seconds=5)
        write_notebook("41_cnn", "1")
        write_notebook("50_study", "1")
        assert set(runner.run_notebooks(profile=PROFILE).values()) == {"done"}
    shutil.copytree(home, kept)
    return home, kept


@pytest.fixture
def home(made, monkeypatch):
    """That home as it was made, whatever an earlier test did to it."""
    home, kept = made
    shutil.rmtree(home)
    shutil.copytree(kept, home)
    use_home(home, monkeypatch.setattr)
    monkeypatch.setattr(runner, "_execute", execute)
    return home


def outcomes():
    return list(runner.run_notebooks(profile=PROFILE).values())


def broken(links):
    return [(link.what, link.why) for link in links if link.state == BROKEN]


OUTPUTS = (
    f"results/{PROFILE}/tables/50_scores.csv",
    f"results/{PROFILE}/tables/50_scores.tex",
    f"results/{PROFILE}/tables/50_scores.md",
    f"results/{PROFILE}/notebooks/50_study.ipynb",
    f"figures/{PROFILE}/50_curve.png",
)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_was_cut_is_named_and_made_anew(home, name, capsys):
    assert outcomes() == ["up to date", "up to date"]
    good = (home / name).read_bytes()
    os.truncate(home / name, 10)
    assert main(["verify", str(home / name)]) == 1
    assert f"{name}: not as 50_study wrote it: 'adt run 50 --profile {PROFILE}'" in capsys.readouterr().out
    assert outcomes() == ["up to date", "done"]
    assert f"({name} is not as it was left)" in capsys.readouterr().out
    assert (home / name).read_bytes() == good
    assert main(["verify", str(home / name)]) == 0


def test_a_table_is_followed_to_its_recordings(home, capsys):
    links = list(verify(home / OUTPUTS[0]))
    assert {link.state for link in links} == {HOLDS}
    kinds = [link.kind for link in links]
    assert list(dict.fromkeys(kinds)) == ["tables and figures", "runs", "prepared files", "recordings and annotations"]
    assert [kinds.count(kind) for kind in dict.fromkeys(kinds)] == [1, 1, 18, 6]
    assert main(["verify"]) == 0
    out = capsys.readouterr().out
    assert "tables and figures:         10 as written" in out and "recordings and annotations: 6 as written" in out


RUN = f"results/{PROFILE}/runs/CNN/tones/seed_0"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (f"{RUN}/scores.csv", "scores.csv"),
        (f"{RUN}/config.json", "config.json is damaged"),
        (f"{RUN}/metrics.csv", "metrics.csv: it is not as it was written"),
        (f"{RUN}/model.safetensors", "model.safetensors: it is not as it was written"),
        ("cache/prepared/*/train/shard-00000.npy", "features of"),
        ("cache/prepared/*/train/shard-00000.jsonl", "adt prepare"),
        ("cache/prepared/*/train/units.npy", "adt prepare"),
        ("cache/prepared/*/train/onset_times.npy", "adt prepare"),
        ("cache/prepared/*/index.json", "index.json is damaged"),
        ("tones/train/train.wav", "changed since it was prepared"),
        ("tones/train/train.txt", "changed since it was prepared"),
    ],
)
def test_the_first_link_that_does_not_hold_is_named(home, pattern, said, capsys):
    (path,) = home.glob(pattern)
    content = path.read_bytes()
    at = len(content) // 2
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert any(said in f"{what}: {why}" for what, why in broken(verify_home()))
    assert main(["verify"]) == 1
    assert said in capsys.readouterr().out
    if "index.json" not in pattern:  # without an index nobody knows which corpus it is
        assert broken(verify(home / OUTPUTS[0]))


def test_scores_that_a_later_notebook_added_to_are_no_damage(home, monkeypatch):
    """60 adds a test to the run of 41, whose scores 50 read before."""
    write_notebook("60_later", "1")
    corpus = prepare(FolderCorpus(home / "tones"), progress=False)
    first = runner._execute

    def execute(job, name, progress):
        if name == "60_later":
            score_run(manifest_run(), [corpus], "validation")
            Path(job["copy"]).write_text("{}")
        else:
            first(job, name, progress)

    monkeypatch.setattr(runner, "_execute", execute)
    assert outcomes() == ["up to date", "up to date", "done"]
    assert broken(verify_home()) == []
    assert outcomes() == ["up to date"] * 3


def manifest_run():
    from adtlib.training.runs import Run

    return Run(run_folder(PROFILE, "CNN", CONFIG.train, 0))


def test_a_clone_without_cache_and_weights_says_what_it_does_not_know(home, capsys):
    shutil.rmtree(home / "cache")
    (home / RUN / "model.safetensors").unlink()
    assert main(["verify", str(home / OUTPUTS[0])]) == 0
    out = capsys.readouterr().out
    assert "tables and figures:         1 as written" in out
    assert "Unknown, its weights are not here; the rest holds: " in out and "Unknown, not prepared here: tones " in out


def test_results_of_which_nothing_was_noted_are_unknown(home, capsys):
    (home / "results" / PROFILE / manifest.FILE).unlink()
    assert {link.state for link in verify(home / OUTPUTS[0])} == {UNKNOWN}
    assert main(["verify", str(home / OUTPUTS[0])]) == 0
    assert "nothing was noted of it: made elsewhere" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"inputs": 3, "outputs": []}', b"\xff", b'{"seal": 1}'])
def test_stamps_and_manifests_of_any_shape_are_made_anew(home, content):
    for path in (home / "cache" / "stamps" / PROFILE / "50_study.json", home / "results" / PROFILE / manifest.FILE):
        path.write_bytes(content)
    assert "manifest.json is damaged" in str(broken(verify_home()))
    assert outcomes() == ["up to date", "done"]
    assert "50_study" in manifest.read(PROFILE)


def test_what_was_lost_is_broken(home):
    (home / OUTPUTS[0]).unlink()
    assert (OUTPUTS[0], f"No such file or directory: 'adt run 50 --profile {PROFILE}' makes it anew") in broken(verify_home())


def test_runs_and_prepared_corpora_can_be_named_and_other_things_not(home, capsys):
    (prepared,) = (home / "cache" / "prepared").iterdir()
    for path in (home / RUN, home / RUN / "scores.csv", prepared, next(prepared.glob("train/*.npy")), home / "results" / PROFILE):
        assert main(["verify", str(path)]) == 0
        assert "recordings and annotations: 6 as written" in capsys.readouterr().out
    for path in (home / "tones", home / "nothing"):
        assert main(["verify", str(path)]) == 1
        assert "name a table, a figure, an executed notebook, a run or a prepared corpus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "holds"),
    [
        ("figures", "tables and figures:         2 as written"),
        (f"figures/{PROFILE}", "tables and figures:         2 as written"),
        (f"results/{PROFILE}/tables", "tables and figures:         6 as written"),
        (f"results/{PROFILE}/runs", "runs:                       1 as written"),
        ("cache/prepared", "prepared files:             18 as written"),
    ],
)
def test_folders_of_results_can_be_named(home, folder, holds, capsys):
    assert main(["verify", str(home / folder)]) == 0
    out = capsys.readouterr().out
    assert holds in out and "recordings and annotations: 6 as written" in out and "Unknown" not in out


def test_what_is_missing_from_a_named_folder_is_broken(home, capsys):
    (home / OUTPUTS[0]).unlink()
    assert [what for what, _ in broken(verify((home / OUTPUTS[0]).parent))] == [OUTPUTS[0]]
    assert broken(verify(home / "figures")) == []
    (prepared,) = (home / "cache" / "prepared").iterdir()
    (prepared / "index.json").unlink()
    assert main(["verify", str(prepared)]) == 1
    assert "index.json" in capsys.readouterr().out


@pytest.mark.parametrize("name", [f"results/{PROFILE}/manifest.json", "cache/stamps", "notebooks/41_cnn.ipynb"])
def test_what_holds_no_result_is_refused(home, name, capsys):
    assert main(["verify", str(home / name)]) == 1
    assert f"is no result of {home}: name a table" in capsys.readouterr().err


def test_a_folder_of_another_configuration_is_still_a_run(home):
    """A run's links do not depend on the study that it belongs to."""
    folder = home / "results" / "rendered" / "mine"
    corpus = prepare(FolderCorpus(home / "tones"), progress=False)
    fit(dataclasses.replace(CONFIG, seed=5), [corpus], [corpus], folder, progress=False)
    assert {link.state for link in verify(folder)} == {HOLDS}
    assert json.loads((folder / "config.json").read_text())["files"].keys() == {"model.safetensors", "metrics.csv"}
