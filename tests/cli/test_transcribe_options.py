"""What scripts ask of `adt transcribe`: pipes, JSON, silence, a folder that is watched; and what is said of wrong usage."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import pytest

from adtlib import paths
from adtlib.cli import main
from adtlib.cli.options import command_parsers, option_parser
from adtlib.cli.watch import arrivals
from adtlib.notation.drum_maps import DRUM_MAPS
from adtlib.transcription import extras
from adtlib.transcription.formats import FORMATS
from adtlib.vocabulary import CLASSES


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(paths, "CACHE", home / "cache")
    monkeypatch.setenv("ADT_HOME", str(home))
    return home


@pytest.fixture
def transcribe(transcribe, sound, tmp_path):
    """The command, in a folder that holds a.wav."""
    (tmp_path / "a.wav").write_bytes(sound)
    return transcribe


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def usage_error(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    return capsys.readouterr().err


# --- pipes -------------------------------------------------------------------------------------------------------------


def test_a_recording_from_standard_input_gives_the_file_of_its_path_on_standard_output(model, sound, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    environment = {**os.environ, "PYTHONPATH": str(Path(paths.__file__).parent.parent)}

    def piped(*arguments: str, given: bytes) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "adtlib", "transcribe", *arguments, "--model", model]
        return subprocess.run(command, input=given, capture_output=True, cwd=tmp_path, env=environment)

    ran = piped("-", "--format", "csv", "--out", "-", given=sound)
    assert ran.returncode == 0, ran.stderr
    assert b"standard input (0:02)" in ran.stderr
    assert piped("a.wav", given=b"").returncode == 0
    assert ran.stdout == (tmp_path / "a.csv").read_bytes()
    assert files(tmp_path) == {"a.wav", "a.csv", "a.mid"}, "no folder named - and nothing from the pipe"


def test_standard_input_gives_files_of_its_own_name(transcribe, sound, tmp_path, monkeypatch):
    class Pipe(io.TextIOWrapper):
        pass

    monkeypatch.setattr(sys, "stdin", Pipe(io.BytesIO(sound)))
    assert transcribe("-", "-o", "out")[0] == 0
    assert files(tmp_path / "out") == {"stdin.mid", "stdin.csv"}
    monkeypatch.setattr(sys, "stdin", Pipe(io.BytesIO(b"no sound")))
    status, _, errors = transcribe("-", "-o", "other")
    assert status == 1 and "standard input cannot be read as audio" in errors and "/stdin" not in errors


def test_standard_input_of_the_same_bytes_is_done_already(transcribe, sound, tmp_path, monkeypatch):
    def piped(given: bytes, *options: str):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        return transcribe("-", "-o", "out", *options)

    assert piped(sound)[0] == 0
    status, output, errors = piped(sound)
    assert (status, errors) == (0, "") and output.startswith("1 of 1 was done already")
    status, _, errors = piped(sound + b"another")
    assert status == 1 and "  standard input: not replaced without --overwrite" in errors
    assert "(made before a change of recording)" in errors and "/stdin:" not in errors


def test_what_standard_output_cannot_hold_is_wrong_usage(transcribe, tmp_path, capsys):
    for options, said in (
        ([], "--out - writes one file: give one format, as in --format mid"),
        (["--format", "mid,csv"], "give one format"),
        (["--format", "mid", "--listen"], "without --listen"),
        (["--format", "mid", "--json"], "leave out --json"),
    ):
        assert said in usage_error(capsys, "transcribe", "a.wav", "--out", "-", *options)
    with pytest.raises(SystemExit):
        main(["transcribe", "-", "-"])
    assert "can be read once" in capsys.readouterr().err
    assert main(["transcribe", "a.wav", "b.wav", "--format", "mid", "--out", "-"]) == 2
    assert "--out - writes one file, but 2 are given" in capsys.readouterr().err
    assert files(tmp_path) == {"a.wav"}


# --- JSON, silence -----------------------------------------------------------------------------------------------------


def test_json_lines_hold_what_the_files_hold_one_object_a_recording(transcribe, sound, tmp_path):
    (tmp_path / "b.wav").write_bytes(b"no sound at all" * 99)
    status, out, errors = transcribe("a.wav", "b.wav", "--json", "--format", "mid,csv", "--drum-map", "KD=35")
    assert status == 1
    a, b = map(json.loads, out.splitlines())
    assert a["recording"] == "a.wav" and b["recording"] == "b.wav"
    assert "b.wav cannot be read as audio" in b["problem"] and "b.wav cannot be read as audio" in errors
    rows = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()[1:]]
    assert [(f"{onset['time']:.3f}", onset["class"], str(onset["pitch"]), str(onset["velocity"])) for onset in a["onsets"]] == [
        tuple(row[:4]) for row in rows
    ]
    assert a["counts"] == {name: sum(row[1] == name for row in rows) for name in CLASSES}
    assert a["thresholds"] == dict.fromkeys(CLASSES, 0.5)
    assert a["files"] == ["a.mid", "a.csv"] and a["duration"] == pytest.approx(2.0, abs=0.01)
    assert len(a["beats"]["times"]) == len(a["beats"]["positions"])
    assert set(a["seconds"]) == {"heard", "written"}
    assert "a.wav (0:02)" in errors, "lines for people go to standard error"
    done = json.loads(transcribe("a.wav", "--json", "--drum-map", "KD=35")[1])
    assert done == {"recording": "a.wav", "done": True, "files": ["a.mid", "a.csv"]}


@pytest.mark.parametrize(("meter", "quarters"), [("3/4", 1), ("6/8", 1.5), ("7/8", 0.5)])
def test_json_and_lines_for_people_say_the_time_signature(transcribe, sound, meter, quarters):
    status, out, errors = transcribe("a.wav", "--json", "--format", "none", "--meter", meter)
    beats = json.loads(out)["beats"]
    assert status == 0 and beats["time_signature"] == meter
    assert beats["tempo"] == pytest.approx(beats["bpm"] * quarters, rel=0.001)
    assert f"  {meter}, {beats['tempo']:.0f} {'beats' if quarters == 1 else 'quarter notes'} a minute; heard in" in errors


def test_an_engine_of_beats_that_is_not_installed_is_one_sentence(transcribe, tmp_path, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "beats", ("no_such_module",))
    status, out, errors = transcribe("a.wav", "--beats", "beat_this")
    assert status == 2 and not out
    assert errors == "adt: --beats: beats by beat_this: no_such_module is not installed: pip install -e '.[beats]'\n"
    assert files(tmp_path) == {"a.wav"}


def test_json_without_files(transcribe, tmp_path):
    status, out, _ = transcribe("a.wav", "--json", "--format", "none", "--quiet")
    assert status == 0 and json.loads(out)["files"] == [] and json.loads(out)["onsets"]
    assert files(tmp_path) == {"a.wav"}


def test_quiet_says_nothing_but_problems_and_verbose_says_more(transcribe, tmp_path):
    assert transcribe("a.wav", "-q") == (0, "", "")
    status, out, errors = transcribe("a.wav", "missing.wav", "-q")
    assert (status, out) == (1, "") and "missing.wav does not exist" in errors
    assert "model small" in transcribe("a.wav", "-v", "-o", "out")[1]


def test_a_device_that_is_not_there_is_one_sentence(transcribe):
    assert transcribe("a.wav", "--device", "cpu")[0] == 0
    status, _, errors = transcribe("a.wav", "--device", "nonsense", "-o", "out")
    assert status == 2
    assert errors.startswith("adt: --device nonsense: torch cannot use it") and errors.count("\n") == 1


def test_onnxruntime_on_the_processor_needs_no_torch(transcribe, tmp_path, monkeypatch, capsys):
    from adtlib.transcription.pretrained import Pretrained

    monkeypatch.setattr(Pretrained, "hearing", property(lambda model: pytest.fail("torch's network")))
    assert main(["transcribe", "a.wav", "--engine", "onnxruntime", "--device", "cpu"]) == 0, capsys.readouterr().err


def test_a_stated_tempo_is_said_where_onsets_are_too_few(transcribe):
    assert "too few onsets for a tempo: 96 written" in transcribe("a.wav", "--threshold", "1", "--tempo", "96")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("transcribe", "a.wav", "-o", "~nobody-has-this-name"),
        ("transcribe", "--watch", "~nobody-has-this-name"),
        ("transcribe", "a.wav", "--model", "~nobody-has-this-name/a"),
        ("prepare", "~nobody-has-this-name"),
        ("corpora", "--data", "~nobody-has-this-name"),
        ("verify", "~nobody-has-this-name"),
    ],
)
def test_a_home_that_nobody_has_is_wrong_usage(capsys, arguments):
    assert "~nobody-has-this-name" in (said := usage_error(capsys, *arguments)) and "nobody has this home folder" in said


# --- what is there already ---------------------------------------------------------------------------------------------


def test_existing_results_are_skipped_whoever_wrote_them(transcribe, sound, tmp_path):
    (tmp_path / "b.wav").write_bytes(sound)
    (tmp_path / "a.mid").write_text("MINE")
    status, out, errors = transcribe("a.wav", "b.wav", "--format", "mid", "--skip-existing")
    assert (status, errors) == (0, "")
    assert "1 of 2 were done already" in out
    assert (tmp_path / "a.mid").read_text() == "MINE"
    status, _, errors = transcribe("a.wav", "b.wav", "--skip-existing", "--threshold", "0.4")
    assert (status, errors) == (0, "")
    assert files(tmp_path) == {"a.wav", "b.wav", "a.mid", "a.csv", "b.mid", "b.csv"}, "what is missing is made"
    assert (tmp_path / "a.mid").read_text() == "MINE"


def test_a_repeated_format_is_added(transcribe, tmp_path):
    assert transcribe("a.wav", "--format", "csv", "--format", "labels,csv")[0] == 0
    assert files(tmp_path) == {"a.wav", "a.csv", "a.labels.txt"}


def test_results_keep_their_names_when_another_recording_of_the_name_comes(transcribe, sound, tmp_path):
    assert transcribe(".", "-o", "out")[0] == 0
    (tmp_path / "a.flac").write_bytes(sound)  # what a file is, its content says
    status, output, _ = transcribe(".", "-o", "out")
    assert status == 0 and "1 of 2 were done already" in output
    assert files(tmp_path / "out") == {"a.mid", "a.csv", "a_flac.mid", "a_flac.csv"}


def test_what_an_option_needs_is_said_before_anything_is_heard(transcribe, tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_SOUNDS", str(tmp_path))
    for extra, named in (("guitar-pro", "--format gp5"), ("listen", "--listen"), ("torch", "--engine torch")):
        monkeypatch.setitem(extras.EXTRAS, extra, ("no_such_module",))
        said = f"adt: {named}: no_such_module is not installed: pip install -e '.[{extra}]'\n"
        assert transcribe("a.wav", "--dry-run", *named.split()) == (2, "", said)


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(transcribe, tmp_path):
    status, out, _ = transcribe("a.wav", "missing.wav", "--dry-run", "-o", "out", "--format", "mid,tab")
    assert status == 1, "one would not be transcribed"
    assert "a.wav: would write out/a.mid out/a.tab.txt" in out
    assert files(tmp_path) == {"a.wav"} and not (tmp_path / "out").exists()
    assert transcribe("a.wav")[0] == 0
    assert "1 of 1 was done already" in transcribe("a.wav", "--dry-run")[1]


def test_every_format_is_written_under_its_name(transcribe, tmp_path):
    kinds = [kind for kind in FORMATS if kind not in ("gp5", "svg", "pdf")]
    status, out, errors = transcribe("a.wav", "--format", ",".join(kinds))
    assert (status, errors) == (0, "")
    assert files(tmp_path) == {"a.wav"} | {f"a.{kind}" for kind in kinds}
    assert f"a: {' '.join(f'.{kind}' for kind in kinds)}" in " ".join(out.split())
    assert mido.MidiFile(tmp_path / "a.notes.mid").tracks[1].name == "PART DRUMS"


# --- watch -------------------------------------------------------------------------------------------------------------


def test_a_recording_arrives_when_it_has_stopped_growing(sound, tmp_path):
    """Each pause is a step of somebody who copies files into the folder."""
    steps = [
        lambda: None,
        lambda: (tmp_path / "a.wav").write_bytes(sound[:1000]),
        lambda: (tmp_path / "a.wav").write_bytes(sound[:2000]),
        lambda: (tmp_path / "a.wav").write_bytes(sound),
        lambda: (tmp_path / "notes.txt").write_text("no sound"),
        lambda: (tmp_path / "empty.wav").touch(),
        lambda: None,
        lambda: (tmp_path / "a.wav").write_bytes(sound[:3000]),
        lambda: None,
    ]

    def pause(seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    found = arrivals(tmp_path, pause)
    assert [recording.path.name for recording in next(found)] == ["a.wav"]
    assert len(steps) == 4, "not while it grew"
    assert [recording.path.name for recording in next(found)] == ["a.wav"], "another recording has that name now"
    with pytest.raises(KeyboardInterrupt):
        next(found)


def test_a_watched_folder_is_transcribed_past_a_broken_file_until_it_is_interrupted(transcribe, sound, tmp_path, monkeypatch):
    box = tmp_path / "box"
    box.mkdir()
    steps = [
        lambda: None,
        lambda: (box / "broken.wav").write_bytes(b"no audio" * 99),
        lambda: None,
        lambda: (box / "song.wav").write_bytes(sound),
        lambda: None,
    ]

    def pause(seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("adtlib.cli.watch.time.sleep", pause)
    monkeypatch.setattr("adtlib.cli.watch.arrivals", lambda folder: arrivals(folder, pause))
    status, out, errors = transcribe("--watch", box, "-o", "out", "--format", "mid")
    assert status == 0
    assert files(tmp_path / "out") == {"song.mid"}
    assert "watching" in out and "song.wav (0:02)" in out and "ended" in out
    assert "broken.wav cannot be read as audio" in errors


def test_a_watch_is_of_a_folder_and_of_nothing_else(tmp_path, capsys):
    assert "there is no such folder" in usage_error(capsys, "transcribe", "--watch", str(tmp_path / "none"))
    assert "takes no AUDIO" in usage_error(capsys, "transcribe", "--watch", str(tmp_path), "a.wav")
    assert "leave it out with --watch" in usage_error(capsys, "transcribe", "--watch", str(tmp_path), "--first-bar", "1")


# --- help and wrong usage ----------------------------------------------------------------------------------------------


def test_a_mistyped_option_or_command_shows_the_usage_and_what_was_meant(capsys, tmp_path, monkeypatch):
    said = usage_error(capsys, "transcribe", "a.wav", "--threshhold=0.4")
    assert said.startswith("usage: adt transcribe ") and "did you mean --threshold?" in said
    assert "did you mean transcribe?" in usage_error(capsys, "transcibe", "a.wav")
    assert "did you mean" not in usage_error(capsys, "transcribe", "a.wav", "--zzzz")
    assert usage_error(capsys, "score", "a", "b", "--jsn").startswith("usage: adt score ")
    assert f"did you mean adt transcribe {__file__}?" in usage_error(capsys, __file__)
    assert "did you mean adt transcribe 'not there.mp3'?" in usage_error(capsys, "not there.mp3")
    assert "did you mean adt transcribe score.wav?" in usage_error(capsys, "score.wav")
    monkeypatch.chdir(tmp_path)
    Path("-dash.wav").touch()
    assert "a file whose name begins with - is given as ./-dash.wav" in usage_error(capsys, "transcribe", "-dash.wav")
    assert "did you mean mid?" in usage_error(capsys, "transcribe", "a.wav", "--format", "midd")
    assert "decimals have a point" in usage_error(capsys, "transcribe", "a.wav", "--threshold", "HH=0,4")
    assert "the name is empty" in usage_error(capsys, "transcribe", "a.wav", "-o", "")


def test_a_link_is_answered_with_what_to_do(capsys):
    for link in (
        "https://example.org/a.mp3",
        "ftp://example.org/a.mp3",
        "youtu.be/abc",
        "www.example.org",
        "music.youtube.com/watch",
    ):
        assert f"{link}: links are not fetched; save the recording as a file first" in usage_error(capsys, "transcribe", link)


def test_help_knows_commands_and_topics(capsys):
    for command, parser in command_parsers(option_parser()).items():
        assert main(["help", command]) == 0
        assert capsys.readouterr().out == parser.format_help()
    assert main(["help"]) == 0 and "COMMAND" in capsys.readouterr().out
    assert main(["help", "exit-codes"]) == 0 and "130  interrupted" in capsys.readouterr().out
    assert main(["help", "formats"]) == 0
    formats = capsys.readouterr().out
    assert all(f"song.{kind}" in formats for kind in FORMATS)
    assert main(["help", "drum-maps"]) == 0 and "addictive-drums-2" in capsys.readouterr().out
    assert "did you mean formats?" in usage_error(capsys, "help", "formts")


def test_help_lists_every_format_and_drum_map():
    text = command_parsers(option_parser())["transcribe"].format_help()
    words = set(text.replace(",", " ").replace(";", " ").split())
    assert {entry.name for entry in FORMATS.values()} <= words
    assert set(DRUM_MAPS) <= words


@pytest.mark.parametrize("arguments", [["--debug", "transcribe", "nothere.wav"], ["transcribe", "--debug", "nothere.wav"]])
def test_debug_stands_before_or_after_the_command(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert "Traceback" in capsys.readouterr().err
    assert main([argument for argument in arguments if argument != "--debug"]) == 1
    assert "Traceback" not in capsys.readouterr().err
