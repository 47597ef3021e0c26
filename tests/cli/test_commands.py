"""The command adt as a user meets it: what it prints, its exit status, and one sentence for each error."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.cli import main
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.onsets.annotations import write_onsets

EMPTY = np.empty(0)


@pytest.fixture
def own_home(tmp_path, monkeypatch) -> Path:
    """Caches go to a folder of the test."""
    monkeypatch.setattr(paths, "HOME", tmp_path)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    return tmp_path


def error_of(capsys, *arguments: str) -> str:
    """The sentence that a failing command says, without the name of the program before it."""
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("adt: ")
    assert said.count("\n") == 1, said
    return said.removeprefix("adt: ").strip()


def test_without_a_command_help_is_shown_and_wrong_usage_ends_with_2(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    for command in ("transcribe", "corpora", "prepare", "score", "run"):
        assert command in shown
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
    with pytest.raises(SystemExit) as stop:
        main(["transpose"])
    assert stop.value.code == 2


@pytest.mark.parametrize("command", ["corpora", "run", "score"])
def test_commands_that_compute_nothing_large_do_not_load_torch(command, tmp_path):
    pair = write_pair(tmp_path)
    arguments = {"corpora": ["--data", str(tmp_path)], "run": ["99"], "score": [*map(str, pair)]}[command]
    given = [command, *arguments]
    code = f"import sys; from adtlib.cli import main; print(main({given!r}), 'torch' in sys.modules)"
    environment = {**os.environ, "ADT_HOME": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == ("1 False" if command == "run" else "0 False")


# ---- score ----------------------------------------------------------------------------------------------------------


def write_pair(folder: Path) -> tuple[Path, Path]:
    """Truth: KD at 1 and 2 s, SD at 1.5 s. Estimate: one KD within 50 ms, one 60 ms late, the SD, and a CY too many."""
    reference, estimate = folder / "truth.txt", folder / "estimate.mid"
    reference.write_text("1.0 KD\n2.0 KD\n1.5 SD\n")
    write_onsets(estimate, [np.array([1.04, 2.06]), np.array([1.5]), EMPTY, EMPTY, np.array([3.0])])
    return reference, estimate


def test_score_of_two_files(tmp_path, capsys):
    pair = list(map(str, write_pair(tmp_path)))
    assert main(["score", *pair, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scores"]["KD"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "tp": 1, "fp": 1, "fn": 1}
    assert report["scores"]["TT"] == {"precision": None, "recall": None, "f1": None, "tp": 0, "fp": 0, "fn": 0}
    assert report["scores"]["micro"] == pytest.approx({"precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7, "tp": 2, "fp": 2, "fn": 1})
    assert report["f1_macro"] == pytest.approx((0.5 + 1 + 0) / 3)  # CY was estimated, so it counts; TT and HH do not

    assert main(["score", *pair, "--tolerance", "0.1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["KD", "1.000", "1.000", "1.000", "2", "0", "0"] in lines
    assert ["micro", "0.750", "1.000", "0.857", "3", "1", "0"] in lines


def test_score_of_folders_pairs_by_name_and_names_what_is_left(tmp_path, capsys):
    for folder, names in {"truth": ("a.txt", "b.mid", "c.txt"), "found": ("a.mid", "b.csv", "d.txt")}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            write_onsets(tmp_path / folder / name, [np.array([1.0]), EMPTY, EMPTY, EMPTY, EMPTY])
    assert main(["score", str(tmp_path / "truth"), str(tmp_path / "found"), "--json"]) == 1, "c was not answered"
    report = json.loads(capsys.readouterr().out)
    assert report["n_files"] == 2
    assert report["scores"]["KD"]["tp"] == 2
    assert report["unpaired"] == {"reference": ["c.txt"], "estimate": ["d.txt"]}
    write_onsets(tmp_path / "found" / "a.txt", [EMPTY] * 5)
    assert main(["score", str(tmp_path / "truth"), str(tmp_path / "found"), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["n_files"] == 1 and "have the same name but other onsets" in report["not_scored"][0]


def test_score_of_midi_off_channel_10_and_of_an_empty_estimate(tmp_path, capsys):
    import mido

    reference, estimate = write_pair(tmp_path)
    file = mido.MidiFile()
    notes = [mido.Message("note_on", note=note, velocity=90, time=960, channel=0) for note in (58, 36, 36, 36, 36)]
    file.tracks.append(mido.MidiTrack(notes))
    file.save(estimate)
    assert "--all-channels" in error_of(capsys, "score", str(reference), str(estimate))
    tom_counts = {}
    for mapping in ("roland", "general-midi"):  # pitch 58: the rim of a tom on a Roland kit, else a vibraslap
        assert main(["score", str(reference), str(estimate), "--all-channels", "--mapping", mapping, "--json"]) == 0
        tom_counts[mapping] = json.loads(capsys.readouterr().out)["scores"]["TT"]["fp"]
    assert tom_counts == {"roland": 1, "general-midi": 0}

    silent = tmp_path / "silent.txt"
    silent.touch()
    assert main(["score", str(reference), str(silent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["micro"]["fn"] == 3
    assert "silent.txt" in error_of(capsys, "score", str(silent), str(reference))


def test_score_errors_are_one_sentence(tmp_path, capsys):
    reference, estimate = write_pair(tmp_path)
    assert "no such file" in error_of(capsys, "score", str(reference), str(tmp_path / "none.txt"))
    assert "two files or two folders" in error_of(capsys, "score", str(tmp_path), str(reference))
    assert "--tolerance" in error_of(capsys, "score", str(reference), str(estimate), "--tolerance", "-1")
    reference.write_text("1.0 KD\nhalf past SD\n")
    said = error_of(capsys, "score", str(reference), str(estimate))
    assert "truth.txt, line 2" in said


# ---- corpora and prepare --------------------------------------------------------------------------------------------


def test_corpora_of_an_empty_folder_says_how_to_get_them(own_home, capsys):
    root = own_home / "nothing"
    root.mkdir()
    assert main(["corpora", "--data", str(root)]) == 0
    shown = capsys.readouterr().out
    for name in ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT", "SADTP"):
        assert f"\n{name}" in shown
    assert shown.count("not found: 0 of") == 5
    assert shown.count("to get") == 5

    assert main(["corpora", "--data", str(root), "--json"]) == 0
    reports = {report["name"]: report for report in json.loads(capsys.readouterr().out)["corpora"]}
    assert reports["E-GMD"]["expected"] == sum(reports["E-GMD"]["missing"].values()) == 45_537
    assert not any(report["complete"] or report["prepared"] for report in reports.values())
    assert "not a folder" in error_of(capsys, "corpora", "--data", str(root / "deeper"))
    assert "unknown profile 'nope'" in error_of(capsys, "corpora", "--profile", "nope")


def test_fetch_says_what_it_can_get_and_whom_to_ask_for_the_rest(tmp_path, capsys):
    assert "with a public address there are MDB Drums, E-GMD, Groove MIDI, Slakh" in error_of(
        capsys, "corpora", "--fetch", "MAESTRO"
    )
    asked = error_of(capsys, "corpora", "--fetch", "adtof-yt", "--data", str(tmp_path))
    assert "request it at its address" in asked and "Slakh" in asked
    assert "goes with --data" in error_of(capsys, "corpora", "--fetch", "E-GMD", "--profile", "smoke")


def test_fetch_refuses_a_disk_that_is_too_small_before_it_asks_the_network(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=10**10))
    said = error_of(capsys, "corpora", "--fetch", "e-gmd", "--data", str(tmp_path))
    assert said.startswith("E-GMD (archive and unpacked) needs 241.4 GB, but") and "10.0 GB left: make room" in said


def test_corpora_of_real_recordings_counts_them(real_data, own_home, capsys):
    assert main(["corpora", "--data", str(real_data), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["corpora"][0]
    assert report["name"] == "ENST+MDB"
    assert report["found"] + sum(report["missing"].values()) == report["expected"] == 87
    seconds = report["prepare_gb"] * 1e9 / 16_800
    assert 10 * report["found"] < seconds < 600 * report["found"]


def test_prepare_does_the_rest_where_one_recording_is_broken(own_home, rng, capsys):
    folder = own_home / "mine"
    folder.mkdir()
    for name in ("good", "bad"):
        soundfile.write(folder / f"{name}.wav", 0.1 * rng.standard_normal(44_100), 44_100)
        (folder / f"{name}.txt").write_text("0.5 SD\n")
    (folder / "bad.wav").write_bytes(b"RIFF")
    assert main(["prepare", str(folder)]) == 1
    shown = capsys.readouterr().out
    assert "test 1 of 2" in shown
    assert "bad.wav" in shown.partition("Problems (1):")[2]
    assert main(["corpora", "--data", str(own_home)]) == 0  # a folder of one's own is none of the five

    (folder / "bad.wav").unlink()
    (folder / "bad.txt").unlink()
    assert main(["prepare", str(folder)]) == 0
    assert "test 1 of 1" in capsys.readouterr().out


def test_prepare_names_a_sequence_that_is_left_out(own_home, rng, capsys):
    features = rng.random((3, 400, 84, 1), dtype=np.float32)
    features[1, 0] = np.nan
    write_saved_dataset(own_home / "adtof" / "adtof_yt_train", ([f, np.zeros((400, 5), np.float32)] for f in features))
    assert main(["prepare", "ADTOF-YT", "--data", str(own_home)]) == 1
    shown = capsys.readouterr().out
    assert "train 2 of 3" in shown
    assert "sequence 1 holds NaN" in shown.partition("Problems (1):")[2]


def test_prepare_errors_are_one_sentence(own_home, capsys):
    assert "neither a corpus" in error_of(capsys, "prepare", "Slack", "--data", str(own_home))
    assert "was not found" in error_of(capsys, "prepare", "slakh", "--data", str(own_home))
    assert "no corpus was found" in error_of(capsys, "prepare", "--data", str(own_home))
    assert "--workers" in error_of(capsys, "prepare", "--workers", "0")


def own_corpus(folder: Path, rng) -> Path:
    folder.mkdir()
    soundfile.write(folder / "a.wav", 0.1 * rng.standard_normal(44_100), 44_100)
    (folder / "a.txt").write_text("0.5 SD\n")
    return folder


def test_whatever_one_corpus_does_the_others_are_prepared(own_home, rng, monkeypatch, capsys):
    from adtlib.corpora import preparation

    folders = [str(own_corpus(own_home / name, rng)) for name in ("first", "second", "third")]
    right = preparation.prepare

    def wrong(corpus, **options):
        if corpus.info.name == "second":
            raise RuntimeError("something nobody thought of")
        return right(corpus, **options)

    monkeypatch.setattr(preparation, "prepare", wrong)
    (own_home / "empty").mkdir()
    assert main(["prepare", *folders, str(own_home / "empty"), "--data", str(own_home)]) == 1
    shown, _, problems = capsys.readouterr().out.partition("Problems (2):")
    assert "first: prepared" in shown and "third: prepared" in shown
    assert f"second: not prepared: {folders[1]}: RuntimeError: something nobody thought of" in problems
    assert f"empty was not found in {own_home / 'empty'}" in problems


def test_a_corpus_that_cannot_be_looked_at_is_named_and_the_others_are_shown(own_home, rng, monkeypatch, capsys):
    from adtlib.cli import corpora as command

    right = command.open_corpus

    def wrong(name, root):
        if name == "Slakh":
            raise PermissionError(13, "Permission denied", str(own_home / "Slakh\x1b[2J"))
        return right(name, root)

    monkeypatch.setattr(command, "open_corpus", wrong)
    assert main(["corpora", "--data", str(own_home)]) == 1
    shown = capsys.readouterr().out
    assert shown.count("not found: 0 of") == 4
    assert f"Slakh       cannot be read: {own_home}/Slakh\\x1b[2J: Permission denied; change its permissions" in shown
    assert main(["corpora", "--data", str(own_home), "--json"]) == 1
    reports = {report["name"]: report for report in json.loads(capsys.readouterr().out)["corpora"]}
    assert "Permission denied" in reports["Slakh"]["problem"]
    assert reports["E-GMD"]["found"] == 0


def test_a_recording_that_cannot_be_read_is_named_by_corpora(own_home, rng, capsys):
    from adtlib.corpora.miniature.write import write_miniature

    root = own_home / "data"
    write_miniature(root, "smoke")
    broken = next(path for path in sorted((root / "SADTP").rglob("*.wav")))
    broken.write_bytes(b"no audio")
    assert main(["corpora", "--data", str(root), "--json"]) == 1
    reports = {report["name"]: report for report in json.loads(capsys.readouterr().out)["corpora"]}
    assert reports["SADTP"]["unreadable"] == [str(broken)]
    assert not any(reports[name].get("unreadable") for name in reports if name != "SADTP")
    assert main(["corpora", "--data", str(root)]) == 1
    assert f"damaged   {broken}" in capsys.readouterr().out


# ---- errors of writing ----------------------------------------------------------------------------------------------


def test_a_home_that_cannot_be_written_to_is_one_sentence_that_names_it(own_home, rng, monkeypatch, capsys):
    folder = own_corpus(own_home / "mine", rng)
    (own_home / "file").touch()
    monkeypatch.setattr(paths, "CACHE", own_home / "file" / "cache")  # below a file: no user can write there
    monkeypatch.setattr(paths, "DATA", own_home / "file" / "data")
    assert main(["prepare", str(folder)]) == 1
    said = capsys.readouterr()
    assert "set ADT_HOME to another folder" in said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert "set ADT_HOME to another folder" in error_of(capsys, "run", "10", "--profile", "smoke")


def test_errors_of_the_system_that_a_library_passes_on_become_sentences(monkeypatch, capsys):
    import errno

    from adtlib.notebooks import runner

    for error, said in (
        (
            OSError(errno.ENOSPC, "No space left on device"),
            f"{paths.HOME} cannot be written: the disk is full; make room, or set ADT",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", str(paths.CACHE / "x")),
            "change the permissions of its folder, or set ADT",
        ),
        (OSError(errno.EIO, "Input/output error", "a.wav"), "[Errno 5] Input/output error: 'a.wav'"),
    ):

        def failing(*_, error=error):
            raise error

        monkeypatch.setattr(runner, "run_notebooks", failing)
        assert said in error_of(capsys, "run")


# ---- run ------------------------------------------------------------------------------------------------------------


def test_run_errors_are_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    assert "restore the folder" in error_of(capsys, "run")
    (tmp_path / "41_rnn.ipynb").write_text('{"cells": []}')
    assert "there are 41_rnn" in error_of(capsys, "run", "99")
    assert "unknown profile 'nope'" in error_of(capsys, "run", "41", "--profile", "nope")
    assert "a parameter 'epochs': 41_rnn has none" in error_of(capsys, "run", "41", "-p", "epochs", "2")


def test_an_error_of_the_code_itself_keeps_its_traceback(monkeypatch, tmp_path, capsys):
    from adtlib.notebooks import runner

    monkeypatch.setattr(runner, "run_notebooks", lambda *_: np.zeros(3).reshape(2, 2))
    assert main(["run"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_address_of_a_cluster_reaches_the_notebooks(monkeypatch, capsys):
    """A notebook's process finds it in its environment; one of Ray's client is refused before anything runs."""
    from adtlib.notebooks import runner

    monkeypatch.setenv("RAY_ADDRESS", "")
    seen = []
    monkeypatch.setattr(runner, "run_notebooks", lambda *_: seen.append(os.environ["RAY_ADDRESS"]))
    assert main(["run", "41"]) == 0
    assert main(["run", "41", "--ray-address", "head:6379"]) == 0
    assert seen == ["", "head:6379"]
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--ray-address", "ray://head:10001"])
    assert "ray start --address=HOST:PORT" in capsys.readouterr().err
