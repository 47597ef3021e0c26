"""Models in one file: what was packed is what is loaded, and every misuse is said in a sentence."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch
from songs import write_song

from adtlib import paths
from adtlib.cli import main
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.models.ensemble import Ensemble
from adtlib.models.prediction import predict
from adtlib.models.registry import assemble
from adtlib.models.windows import window_frames
from adtlib.onsets.peak_picking import PeakPicking, thresholds_by_class, with_thresholds
from adtlib.training import board, real_songs, rendered_clips
from adtlib.training.runs import Run, load_run, save_weights
from adtlib.training.scoring import predicted_pairs, thresholds_for
from adtlib.transcription import pretrained
from adtlib.transcription.packing import pack
from adtlib.transcription.pretrained import ModelError, load_model
from adtlib.vocabulary import CLASSES

CONFIG = {"architecture": "CRNN", "hyperparameters": {"num_layers": 2, "hidden_size": 12}}
CHOSEN = {"KD": 0.4, "SD": 0.45, "TT": 0.6, "HH": 0.55, "CY": 0.35}


def write_run(folder, seed=0, features="madmom", hidden_size=12, chosen=CHOSEN):
    """A run's folder as training leaves it, with random weights and statistics that are not those of a new network."""
    torch.manual_seed(seed)
    config = CONFIG | {"hyperparameters": {"num_layers": 2, "hidden_size": hidden_size}}
    model = assemble(config, mean=0.3, std=0.6)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
    folder.mkdir(parents=True)
    save_weights(model, folder / "model.safetensors")
    record = {"config": {**config, "features": features, "peak_picking": asdict(PeakPicking())}}
    record["result"] = {"thresholds": {"class": chosen}} if chosen else {}
    (folder / "config.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def runs(tmp_path):
    return [write_run(tmp_path / "runs" / "CRNN" / "Slakh" / f"seed_{seed}", seed) for seed in range(3)]


@pytest.fixture
def some_features(rng):
    return rng.uniform(0, 2, (930, 84)).astype(np.float32)


def test_one_run_packed_gives_the_same_activations(runs, tmp_path, some_features):
    path = tmp_path / "one.safetensors"
    assert main(["pack", str(path), str(runs[0]), "--about", "a test", "--licence", "CC0"]) == 0
    model = load_model(path)
    np.testing.assert_array_equal(predict(model.network, some_features), predict(load_run(runs[0]), some_features))
    assert model.name == "one"
    assert model.thresholds == pytest.approx(CHOSEN)
    assert model.about["about"] == "a test"
    assert model.about["licence"] == "CC0"
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


@pytest.mark.parametrize("average", ["logits", "activations"])
def test_an_ensemble_is_the_average_of_its_members(runs, tmp_path, some_features, average):
    path = tmp_path / "three.safetensors"
    path.write_bytes(pack(runs, 0.5, "three", average=average))
    found = predict(load_model(path).network, some_features, "float32").astype(np.float64)
    single = np.array([predict(load_run(run), some_features, "float32") for run in runs], dtype=np.float64)
    assert np.abs(single[0] - single[1]).max() > 0.01, "the members must differ, or this test says nothing"
    logits = np.log(single / (1 - single)).mean(axis=0)
    wanted = single.mean(axis=0) if average == "activations" else 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_length_of_training_segments_is_kept(tmp_path):
    runs = [write_run(tmp_path / f"run_{seed}", seed) for seed in range(2)]
    record = json.loads((runs[1] / "config.json").read_text())
    record["config"]["segment_frames"] = 800
    (runs[1] / "config.json").write_text(json.dumps(record))
    (tmp_path / "both.safetensors").write_bytes(pack(runs, 0.5, "both"))
    model = load_model(tmp_path / "both.safetensors")
    assert [member.segment_frames for member in model.network.members] == [400, 800]
    assert window_frames(model.network) == window_frames(load_model(runs[1]).network) == 800
    assert "segment_frames" not in model.about["members"][0]


@pytest.mark.parametrize("frames", [0, 10**9, "800", None])
def test_a_length_of_segments_that_cannot_be_is_refused(tmp_path, frames):
    path = tmp_path / "m.safetensors"
    good = pack([write_run(tmp_path / "run")], 0.5, "m")
    path.write_bytes(with_header(good, lambda header: header | {"members": [header["members"][0] | {"segment_frames": frames}]}))
    with pytest.raises(ModelError, match="segment_frames"):
        load_model(path)


def test_float16_halves_the_file_and_hardly_changes_activations(runs, some_features, tmp_path):
    whole, half = pack(runs[:1], 0.5, "m"), pack(runs[:1], 0.5, "m", half=True)
    assert len(half) < 0.6 * len(whole)
    (tmp_path / "half.safetensors").write_bytes(half)
    wanted = predict(load_run(runs[0]), some_features, "float32")
    found = predict(load_model(tmp_path / "half.safetensors").network, some_features, "float32")
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_numbers_that_float16_cannot_hold_are_refused(runs):
    model = load_run(runs[0])
    with torch.no_grad():
        model.network.recurrent.layers.weight_ih_l0[0, 0] = 1e6
    save_weights(model, runs[0] / "model.safetensors")
    with pytest.raises(ModelError, match="float16"):
        pack(runs[:1], 0.5, "m", half=True)


def test_a_run_is_loaded_from_its_folder_with_the_thresholds_chosen_for_it(runs, some_features):
    model = load_model(runs[1])
    np.testing.assert_array_equal(predict(model.network, some_features), predict(load_run(runs[1]), some_features))
    assert model.thresholds == pytest.approx(CHOSEN)
    assert model.name == "CRNN, Slakh, seed_1"
    (runs[1] / "thresholds.json").write_text(json.dumps(dict.fromkeys(CLASSES, 0.7)))  # as a run on rendered clips leaves them
    assert set(load_model(runs[1]).thresholds.values()) == {0.7}


def test_a_shipped_model_is_found_by_its_name_and_the_default_by_none(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "weights")
    with pytest.raises(ModelError, match=r"no trained model is shipped.*--model"):
        load_model()
    for name in ("big", pretrained.DEFAULT):
        assert main(["pack", str(tmp_path / "weights" / f"{name}.safetensors"), str(runs[0])]) == 0
    assert load_model().name == pretrained.DEFAULT
    assert load_model("big").name == "big"
    with pytest.raises(ModelError, match="~nobody-has-this-name/a: no such model"):
        load_model("~nobody-has-this-name/a")
    with pytest.raises(ModelError, match=r"huge: no such model.*adt, big"):
        load_model("huge")


def test_damaged_and_foreign_files_are_refused_by_name(runs, tmp_path):
    good = pack(runs[:1], 0.5, "m")
    path = tmp_path / "m.safetensors"
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(ModelError, match=r"m\.safetensors is damaged"):
        load_model(path)
    with pytest.raises(ModelError, match="no adtlib header"):
        load_model(runs[0] / "model.safetensors")
    path.write_bytes(good.replace(b'\\"format\\": 1', b'\\"format\\": 9'))
    with pytest.raises(ModelError, match="format 9"):
        load_model(path)
    path.write_bytes(good.replace(b'\\"hidden_size\\": 12', b'\\"hidden_size\\": 24'))
    with pytest.raises(ModelError, match="does not fit its own header"):
        load_model(path)


def with_header(content: bytes, change) -> bytes:
    """A packed file with another header."""
    with_size = int.from_bytes(content[:8], "little")
    outer = json.loads(content[8 : 8 + with_size])
    outer["__metadata__"][pretrained.KEY] = json.dumps(change(json.loads(outer["__metadata__"][pretrained.KEY])))
    head = json.dumps(outer).encode()
    return len(head).to_bytes(8, "little") + head + content[8 + with_size :]


def member(**hyperparameters):
    return {"members": [{"architecture": "CRNN", "hyperparameters": hyperparameters}]}


@pytest.mark.parametrize(
    "change",
    [
        member(num_layers=2, hidden_size=90_000),
        member(num_layers=10**6, hidden_size=12),
        member(num_layers=10**12),
        member(num_layers=float("nan")),
        member(num_layers=[2]),
        {"members": []},
        {"members": [3]},
        {"members": 7},
        {"members": [{"architecture": "CRNN"}]},
        {"members": [{"architecture": ["CRNN"], "hyperparameters": {}}]},
        {"members": [{"architecture": "CRNN", "hyperparameters": {}, "seed": 1}]},
        {"peak_picking": {"delta": float("nan")}},
        {"peak_picking": {"threshold": [0.5, 0.5, 0.5, 0.5, 1.5]}},
        {"peak_picking": {"threshold": "high"}},
        {"peak_picking": {"max_window": 10**9}},
        {"peak_picking": {"reach": 2}},
        {"peak_picking": []},
        {"average": "median"},
        {"average": ["logits"]},
        {"features": "mel"},
        {"features": {}},
        {"name": 5},
        {"history": [None, None]},
        {"history": 3},
        {"more": 1},
        {"repetition": 1.5},
        {"repetition": -0.1},
        {"repetition": "0.35"},
        {"rests": 5.1},
        {"rests": -0.1},
        {"checksum": "0-00000000"},
    ],
)
def test_a_header_that_asks_for_what_cannot_be_is_refused(runs, tmp_path, change):
    path = tmp_path / "m.safetensors"
    path.write_bytes(with_header(pack(runs[:1], 0.5, "m"), lambda header: header | change))
    with pytest.raises(ModelError, match=r"m\.safetensors does not fit its own header"):
        load_model(path)


@pytest.mark.parametrize("missing", ["members", "average", "features", "peak_picking"])
def test_a_header_needs_what_makes_a_model(runs, tmp_path, missing):
    path = tmp_path / "m.safetensors"
    path.write_bytes(with_header(pack(runs[:1], 0.5, "m"), lambda header: {k: v for k, v in header.items() if k != missing}))
    with pytest.raises(ModelError, match=f"no {missing}"):
        load_model(path)


def test_headers_of_other_shapes_and_changed_weights_are_refused(runs, tmp_path):
    good, path = pack(runs[:1], 0.5, "m"), tmp_path / "m.safetensors"
    for header in ([], 3, "text"):
        path.write_bytes(with_header(good, lambda _, header=header: header))
        with pytest.raises(ModelError, match="format None"):
            load_model(path)
    path.write_bytes(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:])
    with pytest.raises(ModelError, match="not those that were packed"):
        load_model(path)
    path.write_bytes(with_header(good, lambda header: {k: v for k, v in header.items() if k != "checksum"}))
    assert load_model(path).name == "m", "files of earlier versions have no checksum"


def test_a_small_file_cannot_ask_for_a_large_network(cases):
    """340 bytes that asked for 10.9 GB."""
    import resource
    import time

    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(ModelError, match=r"membomb\.safetensors does not fit its own header"):
        load_model(cases / "bounds" / "membomb.safetensors")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kB"
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("content", ["[]", "{", "3", '{"KD": "high"}', '{"KD": 2}', '{"XX": 0.5}', "[" * 99_999])
def test_thresholds_of_a_run_that_cannot_be_used_are_named(runs, content):
    (runs[0] / "thresholds.json").write_text(content)
    with pytest.raises(ModelError, match=r"thresholds\.json: its thresholds cannot be used"):
        load_model(runs[0])


def test_what_cannot_be_packed_is_said(runs, tmp_path, capsys):
    out = str(tmp_path / "out.safetensors")
    assert main(["pack", out, *map(str, runs)]) == 1
    assert "--choose-on" in capsys.readouterr().err, "an ensemble has no thresholds of its own yet"
    with pytest.raises(SystemExit):
        main(["pack", out, str(runs[0]), "--thresholds", "0.5,0.5"])
    assert "'0.5,0.5': give 5 numbers in 0 to 1 for KD,SD,TT,HH,CY" in capsys.readouterr().err
    assert main(["pack", out, str(tmp_path / "nowhere")]) == 1
    assert "config.json" in capsys.readouterr().err
    other = write_run(tmp_path / "other", features="thesis")
    with pytest.raises(ModelError, match="madmom, thesis"):
        pack([runs[0], other], 0.5, "m")
    large = [write_run(tmp_path / f"large{n}", n, hidden_size=160) for n in range(2)]
    with pytest.raises(ModelError, match=r"MB, more than 5.*--half"):
        pack(large, 0.5, "m")
    assert not (tmp_path / "out.safetensors").exists()


def test_thresholds_of_an_ensemble_are_chosen_on_validation_clips(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    out = tmp_path / "three.safetensors"
    given = [str(out), *map(str, runs), "--choose-on", "clips", "--half"]
    assert main(["pack", *given]) == 1
    assert "holds no rendered clips: adt render --name clips" in capsys.readouterr().err
    for seed, split in enumerate(("train", "validation")):
        write_song(tmp_path / "songs" / split, "a", seed, 6.0)
    prepared = prepare(FolderCorpus(tmp_path / "songs"), progress=False)
    monkeypatch.setattr(rendered_clips, "corpus_folder", lambda name: prepared.folder)
    assert main(["pack", *given]) == 0
    model, units = load_model(out), prepared.units("validation")
    wanted = thresholds_for([predicted_pairs(model.network, units)], PeakPicking())
    assert tuple(model.thresholds.values()) == wanted
    assert model.about["chosen_on"] == "rendered validation clips, set clips"
    assert [path.name for path in tmp_path.glob(".*")] == [], "the draft is gone"
    monkeypatch.setattr(paths, "real_data_root", lambda: tmp_path)
    assert main(["pack", *given[:4], "--choose-on", "clips", "real-songs"]) == 1
    assert "contains no songs of MDB Drums: set ADT_DATA" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr(
        real_songs, "real_units", lambda root, low_pass: asked.append(low_pass) or {"drum_only": units, "full_mix": units[:1]}
    )
    assert main(["pack", *given[:4], "--choose-on", "clips", "real-songs", "dull-songs"]) == 0
    told = "set clips; the MDB Drums songs at hand, drums alone and mixes; the MDB Drums songs at hand without what is above 11 kHz"
    assert load_model(out).about["chosen_on"].endswith(f"{told}, drums alone and mixes") and asked == [None, 11_000.0]
    monkeypatch.setattr(board, "board", lambda root: {"drums, plain": units, "mix, plain": units[:1]})
    assert main(["pack", *given[:4], "--choose-on", "board"]) == 0
    assert tuple(load_model(out).thresholds.values()) == thresholds_for(
        [predicted_pairs(model.network, units), predicted_pairs(model.network, units[:1])], PeakPicking()
    )


def test_a_member_may_be_the_mean_of_the_weights_of_runs(runs, tmp_path, capsys):
    out, both = tmp_path / "mean.safetensors", f"{runs[0]}+{runs[1]}"
    assert main(["pack", str(out), both, "--thresholds", "0.5,0.5,0.5,0.5,0.5"]) == 0
    (member,) = load_model(out, engine="torch").network.members
    first, second = (Run(folder).model().state_dict() for folder in runs[:2])
    for key, value in member.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (first[key] + second[key]) / 2)
    assert not all(torch.equal(first[key], second[key]) for key in first)
    assert main(["pack", str(out), both]) == 1
    assert "a mean of weights, has thresholds of its own" in capsys.readouterr().err
    other = write_run(tmp_path / "larger", hidden_size=16)
    assert main(["pack", str(out), f"{runs[0]}+{other}", "--thresholds", "0.5,0.5,0.5,0.5,0.5"]) == 1
    assert "average weights of one architecture only" in capsys.readouterr().err


def test_a_model_carries_the_history_of_its_members(runs, tmp_path):
    (runs[1] / "history.csv").write_text("stage,epoch,hours,val_f1_micro\n1,1,3.5,0.25\n1,2,7.0,0.5\n")
    path = tmp_path / "two.safetensors"
    path.write_bytes(pack(runs[:2], 0.5, "two"))
    history = load_model(path).about["history"]
    assert history == [None, {"stage": [1, 1], "epoch": [1, 2], "hours": [3.5, 7], "val_f1_micro": [0.25, 0.5]}]


def test_thresholds_in_every_form():
    picking = with_thresholds(PeakPicking(), {"HH": 0.3})
    assert thresholds_by_class(picking) == {"KD": 0.5, "SD": 0.5, "TT": 0.5, "HH": 0.3, "CY": 0.5}
    assert with_thresholds(picking, 0.7).threshold == 0.7
    assert with_thresholds(picking, [0.1, 0.2, 0.3, 0.4, 0.5]).threshold == (0.1, 0.2, 0.3, 0.4, 0.5)
    with pytest.raises(ValueError, match="'XX' is not a class"):
        with_thresholds(picking, {"XX": 0.5})
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        with_thresholds(picking, {"KD": 1.5})


def test_an_ensemble_needs_a_member():
    with pytest.raises(ValueError, match="needs a member"):
        Ensemble([])


def test_loading_needs_no_pandas_no_ray_no_torchaudio(runs, tmp_path):
    path = tmp_path / "one.safetensors"
    path.write_bytes(pack(runs[:1], 0.5, "one"))
    heavy = ("pandas", "ray", "torchaudio", "matplotlib", "librosa")
    for model in (path, runs[0]):
        code = f"from adtlib.transcription.pretrained import load_model; load_model({str(model)!r})"
        code += f"; import sys; print([m for m in {heavy} if m in sys.modules])"
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
