"""`adt transcribe` as its user meets it: what it writes, says and returns, and what it does not load."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.cli import main
from adtlib.onsets.annotations import read_onsets
from adtlib.vocabulary import CLASSES, GENERAL_MIDI


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """A cache of these tests, with a recorded kit that is unpacked once."""
    return tmp_path_factory.mktemp("home") / "cache"


@pytest.fixture(autouse=True)
def own_home(cache, monkeypatch) -> None:
    """What is noted of results goes to a folder of the tests, also that of processes that they start."""
    monkeypatch.setattr(paths, "CACHE", cache)
    monkeypatch.setenv("ADT_HOME", str(cache.parent))


def write_song(path: Path, seconds: float = 8.0, seed: int = 0, rate: int = SAMPLE_RATE) -> Path:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.02, round(seconds * rate))
    for start in rng.integers(0, len(samples) - 2_000, round(6 * seconds)):
        samples[start : start + 2_000] += rng.normal(0, 0.3, 2_000) * np.exp(-np.arange(2_000) / 300)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.clip(-1, 1), rate)
    return path


def events(path: Path) -> list[dict]:
    with open(path) as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_song_gives_midi_and_a_table_that_agree(model, tmp_path, capsys):
    song = write_song(tmp_path / "song.wav")
    assert main(["transcribe", str(song), "--out", str(tmp_path / "out"), "--model", model]) == 0
    assert files(tmp_path / "out") == {"song.mid", "song.csv"}
    rows = events(tmp_path / "out" / "song.csv")
    assert len(rows) > 5
    found = read_onsets(tmp_path / "out" / "song.mid", GENERAL_MIDI, drum_channel_only=True)
    for name, times in zip(CLASSES, found, strict=True):
        np.testing.assert_allclose(times, [float(row["time_seconds"]) for row in rows if row["class"] == name], atol=0.001)
    said = capsys.readouterr()
    assert said.err == ""
    assert f"{len(rows)} onsets: KD" in said.out
    assert "times real time" in said.out
    assert "song: .mid .csv" in " ".join(said.out.split())
    assert "model: small" in said.out


def test_lines_fit_80_columns(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_song(Path("song.wav"))
    write_song(Path("other.wav"), seed=1)
    assert main(["transcribe", "song.wav", "other.wav", "--out", "out", "--model", model, "--listen"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert any(line.startswith("2 recordings") for line in lines)


def test_folders_keep_their_structure_and_a_broken_file_stops_nothing(model, tmp_path, capsys):
    music = tmp_path / "music"
    write_song(music / "a.wav")
    write_song(music / "deep" / "b.flac", seed=1)
    (music / "broken.wav").write_bytes(b"no audio at all" * 99)
    out = tmp_path / "out"
    given = ["transcribe", str(music), str(tmp_path / "missing.wav"), "--out", str(out), "--model", model, "--format", "csv"]
    assert main(given) == 1
    assert files(out) == {"a.csv", "deep/b.csv"}
    said = capsys.readouterr()
    assert "2 recordings" in said.out
    assert "not transcribed (2 of 4)" in said.err
    assert "broken.wav cannot be read as audio" in said.err
    assert "missing.wav does not exist" in said.err


def test_a_bug_in_one_file_does_not_stop_the_others(model, tmp_path, capsys, monkeypatch):
    from adtlib.transcription import pipeline

    hear = pipeline.transcribe

    def fails_on_one(path, **options):
        if path.stem == "a":
            raise RuntimeError("something nobody thought of")
        return hear(path, **options)

    monkeypatch.setattr(pipeline, "transcribe", fails_on_one)
    write_song(tmp_path / "a.wav")
    write_song(tmp_path / "b.wav", seed=1)
    assert main(["transcribe", str(tmp_path), "--out", str(tmp_path / "out"), "--model", model]) == 1
    assert files(tmp_path / "out") == {"b.mid", "b.csv"}
    assert "a.wav: RuntimeError: something nobody thought of" in capsys.readouterr().err


def test_thresholds_drum_map_and_grid_do_what_they_say(model, tmp_path, capsys):
    song = str(write_song(tmp_path / "song.wav"))

    def rows(*options: str) -> list[dict]:
        assert main(["transcribe", song, "--out", str(tmp_path / "out"), "--model", model, "--overwrite", *options]) == 0
        return events(tmp_path / "out" / "song.csv")

    every = rows()
    busiest = max(CLASSES, key=lambda name: sum(row["class"] == name for row in every))
    fewer = rows("--threshold", f"{busiest}=0.9", "--threshold", "KD=1")
    assert all(float(row["confidence"]) >= 0.9 for row in fewer if row["class"] == busiest)
    assert 0 < len(fewer) < len(every)
    assert rows("--threshold", "0.3,kick=1", "--threshold", f"{busiest.lower()}=0.9")
    said = capsys.readouterr().out.splitlines()
    assert "model: small; thresholds KD 0.5, SD 0.5, TT 0.5, HH 0.5, CY 0.5" in said
    wanted = dict.fromkeys(CLASSES, 0.3) | {"KD": 1, busiest: 0.9}
    assert said[-1] == "model: small; thresholds " + ", ".join(f"{name} {value}" for name, value in wanted.items())
    mapped = rows("--drum-map", "addictive-drums-2", "--quantize", "1/16")
    assert {row["pitch"] for row in mapped} <= {"36", "38", "69", "49", "77"}
    file = mido.MidiFile(tmp_path / "out" / "song.mid")
    assert {m.note for m in file.tracks[1] if m.type == "note_on"} == {int(row["pitch"]) for row in mapped}
    ticks, tick = [], 0
    for message in file.tracks[1]:
        tick += message.time
        if message.type == "note_on":
            ticks.append(tick)
    assert all(at % (file.ticks_per_beat // 4) == 0 for at in ticks)
    gone = len(mapped) - len(ticks)
    assert gone > 0
    assert (
        f"MIDI: {gone} stroke{'s' * (gone != 1)} left out, closer to another than its notes can lie (--quantise 16)"
        in capsys.readouterr().out
    )


def test_a_first_bar_is_that_of_one_recording(model, tmp_path, capsys):
    for name in ("a", "b"):
        write_song(tmp_path / "in" / f"{name}.wav", 4)
    out = ["--out", str(tmp_path / "out"), "--model", model, "--first-bar", "1.3"]
    assert main(["transcribe", str(tmp_path / "in"), *out]) == 2
    assert "--first-bar is a time in one recording, but 2 are given" in capsys.readouterr().err
    assert main(["transcribe", str(tmp_path / "in" / "a.wav"), *out]) == 0
    assert files(tmp_path / "out") == {"a.mid", "a.csv"}
    assert main(["transcribe", str(tmp_path / "in" / "a.wav"), *out[:-1], "0:4.5", "--overwrite"]) == 1
    assert "4.5 s lies outside the recording" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["transcribe", str(tmp_path / "in" / "a.wav"), *out[:-1], "1:x"])
    assert "'1:x' is no time: give seconds, or minutes and seconds as in 2:10.5" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--meter", "--metre"])
def test_a_time_signature_is_that_of_all_recordings(model, tmp_path, capsys, option):
    write_song(tmp_path / "in" / "a.wav", 8)
    given = ["transcribe", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--model", model]
    assert main([*given, option, "7/8"]) == 0
    signatures = [m for m in mido.MidiFile(tmp_path / "out" / "a.mid").tracks[0] if m.type == "time_signature"]
    assert (signatures[-1].numerator, signatures[-1].denominator) == (7, 8)
    assert main([*given, option, "7/8"]) == 0
    assert "done already" in capsys.readouterr().out
    for contradicting in ([option, "7/8"], ["--tempo", "96"]):
        with pytest.raises(SystemExit):
            main([*given, *contradicting, "--beats", "beat_this"])
        assert "leave --tempo and --meter out" in capsys.readouterr().err
    for wrong in ("3", "3/2", "1/4", "waltz"):
        with pytest.raises(SystemExit):
            main([*given, option, wrong])
        assert f"{wrong!r} is no time signature: give 2 to 16 quarters or eighths" in capsys.readouterr().err


def test_a_tempo_is_that_of_all_recordings(model, tmp_path, capsys):
    for name in ("a", "b"):
        write_song(tmp_path / "in" / f"{name}.wav", 8)
    given = ["transcribe", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--model", model]
    assert main([*given, "--tempo", "96"]) == 0
    for name in ("a", "b"):
        tempi = [m.tempo for m in mido.MidiFile(tmp_path / "out" / f"{name}.mid").tracks[0] if m.type == "set_tempo"]
        # The network hears noise, on each processor a little else, and single beats follow it; the first may be an upbeat's.
        assert 60e6 / np.median(tempi) == pytest.approx(96, rel=0.11)
    for wrong in ("19", "500", "fast", "nan"):
        with pytest.raises(SystemExit) as stopped:
            main([*given, "--tempo", wrong])
        assert stopped.value.code == 2
        assert f"'{wrong}' is no tempo: give quarter notes a minute, 20 to 400" in capsys.readouterr().err


def test_all_formats_and_sounds_of_a_song_and_of_silence(model, tmp_path, capsys):
    write_song(tmp_path / "in" / "song.wav", 12, rate=22_050)
    soundfile.write(tmp_path / "in" / "silence.wav", np.zeros(2 * SAMPLE_RATE), SAMPLE_RATE)
    given = ["transcribe", str(tmp_path / "in"), "--out", str(tmp_path / "in"), "--model", model, "--listen"]
    given += ["--format", "mid,csv,musicxml,svg,pdf", "--threshold", "KD=0.5", "--overwrite"]
    for _ in range(2):  # the second time the sounds that were written lie in the folder, and are not taken for recordings
        assert main(given) == 0
        made = {
            f"{name}.{kind}"
            for name in ("song", "silence")
            for kind in ("mid", "csv", "musicxml", "svg", "pdf", "clicks.wav", "drums.wav")
        }
        assert files(tmp_path / "in") == made | {"song.wav", "silence.wav"}
    assert "drums played by" in capsys.readouterr().out
    assert (tmp_path / "in" / "song.pdf").read_bytes().startswith(b"%PDF")
    for name in ("song", "silence"):
        clicks, rate = soundfile.read(tmp_path / "in" / f"{name}.clicks.wav")
        drums, _ = soundfile.read(tmp_path / "in" / f"{name}.drums.wav")
        seconds = soundfile.info(tmp_path / "in" / f"{name}.wav").duration
        assert rate == SAMPLE_RATE
        assert len(clicks) == pytest.approx(seconds * rate, abs=2)
        assert len(drums) == pytest.approx(seconds * rate, abs=2)
        assert np.abs(clicks).max(initial=0) < 1
    assert 0.9 < np.abs(soundfile.read(tmp_path / "in" / "song.drums.wav")[0]).max() < 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threshold", "HH=0.2,XX=0.5"], "'XX=0.5': give a number in 0 to 1"),
        (["--threshold", "KD=2"], "0 to 1"),
        (["--threshold", "half"], "0 to 1"),
        (["--format", "mid,wma"], "'wma' is not a format"),
        (["--quantise", "5"], "'5' is not a grid: choose from 4, 8, 12"),
        (["--drum-map", "td-99"], "argument --drum-map: 'td-99' is not a drum map"),
        ([], "AUDIO"),
    ],
)
def test_wrong_usage_ends_with_2(options, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["transcribe", *options, *(["song.wav"] if options else [])])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_an_option_that_cannot_be_used_is_one_sentence_and_ends_with_2(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_song(Path("song.wav"), 1)
    Path("s8.wav").touch()
    for options, said in (
        (["--model", "no-such-model"], "adt: --model: no-such-model: no such model"),
        (["--out", "s8.wav"], "adt: --out s8.wav: this is a file; name a folder"),
        (["--out", "/proc/x"], "adt: --out /proc/x: this folder cannot be created (No such file or directory); name another"),
    ):
        assert main(["transcribe", "song.wav", "--model", model, *options]) == 2
        shown = capsys.readouterr().err
        assert shown.startswith(said)
        assert shown.count("\n") == 1


def test_a_folder_without_recordings_is_one_sentence(tmp_path, capsys):
    assert main(["transcribe", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("adt: ")
    assert "no recording in this folder" in shown
    assert shown.count("\n") == 1


def test_what_is_there_is_replaced_only_when_asked_for(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a", "b", "c")):
        write_song(Path(f"{name}.wav"), 2, seed)
    Path("a.mid").write_text("MINE")
    Path("c.csv").mkdir()
    given = ["transcribe", "a.wav", "b.wav", "c.wav", "--model", model]
    assert main(given) == 1
    said = capsys.readouterr().err
    assert "not transcribed (2 of 3)" in said
    assert "a.wav: not replaced without --overwrite, or choose another --out: a.mid" in said
    assert "c.wav: c.csv is a folder with the name of a result; rename it" in said
    assert Path("a.mid").read_text() == "MINE"
    assert files(tmp_path) == {"a.wav", "b.wav", "c.wav", "a.mid", "b.mid", "b.csv"}
    Path("c.csv").rmdir()
    assert main([*given, "--overwrite"]) == 0
    assert Path("a.mid").read_bytes().startswith(b"MThd")


def test_what_a_file_tells_at_once_is_said_before_torch_is_loaded(tmp_path):
    """And once, without lines that libmpg123 prints of its own."""
    page = tmp_path / "page.mp3"
    page.write_text("<html>Not found \N{HEAVY BLACK HEART}</html>\n" * 200)
    arguments = ["transcribe", str(tmp_path / "nothere.wav"), str(page), "--out", str(tmp_path)]
    code = f"import sys; from adtlib.cli import main; print(main({arguments!r})); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert ran.stdout.splitlines() == ["1", "False"]
    assert "nothere.wav does not exist: check the path of the recording" in ran.stderr
    assert "page.mp3 cannot be read as audio (it is text): download it again" in ran.stderr
    assert "libmpg123" not in ran.stderr


def test_an_earlier_file_stays_where_writing_fails(model, tmp_path, monkeypatch):
    song = write_song(tmp_path / "song.wav")
    out = tmp_path / "out"
    assert main(["transcribe", str(song), "--out", str(out), "--model", model]) == 0
    before = (out / "song.mid").read_bytes()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["transcribe", str(song), "--out", str(out), "--model", model, "--overwrite", "--threshold", "KD=1"]) == 1
    assert (out / "song.mid").read_bytes() == before
    assert files(out) == {"song.mid", "song.csv"}


def test_nothing_heavy_is_loaded_beside_torch(model, tmp_path):
    song = write_song(tmp_path / "song.wav", 2)
    heavy = ("ray", "torchaudio", "matplotlib", "verovio", "pandas", "librosa", "mir_eval", "IPython", "optuna")
    arguments = ["transcribe", str(song), "--out", str(tmp_path / "out"), "--model", model]
    code = f"import sys; from adtlib.cli import main; print(main({arguments!r})); print([m for m in {heavy} if m in sys.modules])"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    assert printed[-2:] == ["0", "[]"]


def test_no_more_of_the_package_is_loaded_than_transcribing_needs(tmp_path):
    """With a shipped model and MIDI alone; none of it is a corpus, a notebook, a profile or a picture."""
    song = write_song(tmp_path / "song.wav", 2)
    arguments = ["transcribe", str(song), "--out", str(tmp_path / "out"), "--format", "mid"]
    code = f"import sys; from adtlib.cli import main; print(main({arguments!r}))"
    code += "; print(*(m for m in sys.modules if m.startswith('adtlib')))"
    *_, status, loaded = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    modules = loaded.split()
    rooms = {name.split(".")[1] for name in modules if "." in name}
    assert status == "0" and len(modules) <= 50
    assert rooms == {"audio", "cli", "models", "notation", "onsets", "paths", "provenance", "transcription", "vocabulary"}


def test_the_package_itself_stays_light():
    code = "import sys, adtlib; print([m for m in ('numpy', 'torch') if m in sys.modules]); print('transcribe' in dir(adtlib))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).splitlines() == ["[]", "True"]
