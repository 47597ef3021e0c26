"""One bad file costs one line, whatever it does; what is there is the user's unless this very command wrote it."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from adtlib import paths
from adtlib.cli import main
from adtlib.cli.terminal import lines, one_line, reason
from adtlib.transcription import kit_playback


@pytest.fixture(scope="module")
def sounds(write_kit, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    write_kit(folder / "hydrogen" / "data" / "drumkits" / "Mine")
    return folder


@pytest.fixture(autouse=True)
def own_home(sounds, tmp_path_factory, monkeypatch) -> Path:
    """A cache of each test, also for processes that it starts, and one kit for all."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(paths, "CACHE", home / "cache")
    monkeypatch.setenv("ADT_HOME", str(home))
    monkeypatch.setenv("ADT_SOUNDS", str(sounds))
    monkeypatch.setenv("PYTHONPATH", str(Path(paths.__file__).parent.parent))
    kit_playback.sampled_kit.cache_clear()
    yield home
    kit_playback.sampled_kit.cache_clear()


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# --- one bad file ---------------------------------------------------------------------------------------------------------


def test_whatever_an_entry_is_the_others_are_transcribed_and_it_is_named(transcribe, sound, tmp_path):
    songs = tmp_path / "songs"
    (songs / "empty").mkdir(parents=True)
    for name in ("first.wav", "last.wav"):
        (songs / name).write_bytes(sound)
    (songs / "headerless.raw").write_bytes(bytes(4_000))
    (songs / "noise.flac").write_bytes(os.urandom(5_000))
    (songs / "nothing.mp3").touch()
    (songs / "page.ogg").write_text("<html>")
    (songs / "gone.wav").symlink_to("nowhere")
    (songs / "circle.wav").symlink_to("circle.wav")
    os.mkfifo(songs / "pipe.wav")
    given = [songs, songs / "headerless.raw", songs / "empty", "", "none.wav", "x" * 300 + ".wav", "~nobody-has-this-name/x.wav"]
    status, _, errors = transcribe(*given, "--out", "out")
    assert status == 1
    assert files(tmp_path / "out") == {"first.mid", "first.csv", "last.mid", "last.csv"}
    named = [line for line in errors.splitlines() if line.startswith("  ")]
    assert "not transcribed (12 of 14):" in errors
    assert len(named) == 12
    for what in (
        "headerless.raw",
        "noise.flac cannot be read as audio",
        "nothing.mp3 is empty",
        "page.ogg cannot be read as audio (it is text)",
        "gone.wav does not exist",
        "circle.wav",
        "pipe.wav is a pipe, not a file: write its sound to a file first",
        "empty: no recording in this folder",
        "a path is empty",
        "none.wav does not exist",
        "xxx.wav",
        "nobody-has-this-name",
    ):
        assert sum(what in line for line in named) == 1, what


@pytest.mark.parametrize("step", ["check_recording", "duration_of", "made_from", "one_line", "_lines", "_look", "_made_from"])
def test_a_bug_before_or_after_transcribing_costs_one_line(step, transcribe, sound, tmp_path, monkeypatch):
    """Each step is made to fail for one of three songs."""
    from adtlib.cli import transcribe as command, transcribe_reports

    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.wav").write_bytes(sound)
    where = transcribe_reports if step == "_lines" else command
    right = getattr(where, step)

    def wrong(*arguments):
        about = arguments[0]
        if "b.wav" in str(getattr(about, "source", getattr(about, "recording", about))) and not failed:
            failed.append(step)
            raise RuntimeError("something nobody thought of")
        return right(*arguments)

    failed = []
    monkeypatch.setattr(where, step, wrong)
    status, _, errors = transcribe("a.wav", "b.wav", "c.wav", "--out", "out")
    assert failed == [step]
    assert {"a.mid", "a.csv", "c.mid", "c.csv"} <= files(tmp_path / "out")
    if step == "duration_of":  # for progress only
        assert (status, errors) == (0, "")
    else:
        assert status == 1
        assert "not transcribed (1 of 3):\n  b.wav: RuntimeError: something nobody thought of" in errors


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_read(transcribe, sound, tmp_path, monkeypatch):
    (tmp_path / "songs" / "closed").mkdir(parents=True)
    (tmp_path / "songs" / "a.wav").write_bytes(sound)
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    status, _, errors = transcribe("songs", "--out", "out")
    assert status == 1
    assert files(tmp_path / "out") == {"a.mid", "a.csv"}
    assert (
        "not transcribed (1 of 2):\n  songs/closed: this folder cannot be read (Permission denied); check its permissions" in errors
    )


def test_a_format_that_fails_is_named_and_the_others_are_written(transcribe, sound, tmp_path, monkeypatch):
    from adtlib.transcription.transcription import Transcription

    def broken(*_, **__):
        raise RuntimeError("no page is large enough")

    monkeypatch.setattr(Transcription, "to_musicxml", broken)
    (tmp_path / "a.wav").write_bytes(sound)
    status, output, errors = transcribe("a.wav", "--format", "mid,musicxml,csv", "--listen")
    assert status == 1
    assert files(tmp_path) == {"a.wav", "a.mid", "a.csv", "a.clicks.wav", "a.drums.wav"}
    assert "a: .mid .csv .clicks.wav .drums.wav" in output
    assert errors.strip().splitlines() == ["not written (1):", "  a.musicxml: a.wav: RuntimeError: no page is large enough"]


def test_a_file_that_cannot_be_written_stays_and_the_others_are_written(transcribe, sound, tmp_path, monkeypatch):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav")[0] == 0
    before, replace = (tmp_path / "a.mid").read_bytes(), os.replace

    def immutable(source, target):
        if str(target) == "a.mid":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(source), None, str(target))
        replace(source, target)

    options = ["--format", "mid,csv,chart", "--threshold", "1", "--overwrite"]
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", immutable)
        status, output, errors = transcribe("a.wav", *options)
    assert status == 1 and "not written (1):\n  a.mid cannot be written" in errors
    assert "a: .csv .chart" in output
    assert (tmp_path / "a.mid").read_bytes() == before
    assert "a.mid (made before a change of thresholds)" in transcribe("a.wav", *options[:-1])[2], "and is known"
    assert transcribe("a.wav", *options)[0] == 0 and (tmp_path / "a.mid").read_bytes() != before


def test_listening_that_fails_is_no_failed_transcription(transcribe, sound, tmp_path, monkeypatch):
    from adtlib.audio import clicks

    def broken(*_):
        raise OSError(5, "Input/output error", "take.wav")

    monkeypatch.setattr(clicks, "with_clicks", broken)
    (tmp_path / "take.wav").write_bytes(sound)
    status, _, errors = transcribe("take.wav", "--listen")
    assert status == 1
    assert files(tmp_path) == {"take.wav", "take.mid", "take.csv", "take.drums.wav"}
    assert errors.strip().splitlines() == ["not written (1):", "  take.clicks.wav: take.wav: Input/output error"]
    monkeypatch.undo()


def test_where_the_cache_cannot_be_written_the_general_midi_kit_plays(transcribe, sound, own_home, tmp_path):
    shutil.rmtree(own_home)
    own_home.touch()  # a file where the folder should be: no user can write below it
    for name in ("take.wav", "other.wav"):
        (tmp_path / name).write_bytes(sound)
    status, output, errors = transcribe("take.wav", "other.wav", "--listen")
    assert status == 0
    results = {f"{name}.{kind}" for name in ("take", "other") for kind in ("wav", "mid", "csv", "clicks.wav", "drums.wav")}
    assert files(tmp_path) == results
    assert "drums played by the General MIDI kit" in output
    said = errors.splitlines()
    assert len(said) == 2
    assert all("set ADT_HOME to another folder" in each for each in said)
    assert said[1].startswith("adt: warning: the recorded kit Mine cannot be unpacked, the General MIDI kit plays: ")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_while_the_disk_is_full_no_other_kit_plays(number, transcribe, sound, tmp_path, monkeypatch):
    """Else the drums of a song would stay those of the other kit, as its results are there."""

    def full(kit):
        raise paths.write_error(kit, OSError(number, os.strerror(number)))

    (tmp_path / "take.wav").write_bytes(sound)
    with monkeypatch.context() as patched:
        patched.setattr(kit_playback, "_bank", full)
        status, _, errors = transcribe("take.wav", "--listen")
    assert status == 1 and files(tmp_path) == {"take.wav", "take.mid", "take.csv", "take.clicks.wav"}
    assert "not written (1):" in errors and "cannot be written" in errors
    assert transcribe("take.wav", "--listen")[0] == 0
    assert (tmp_path / "take.drums.wav").is_file()


def test_a_name_that_is_too_long_for_one_result_is_named_with_the_remedy(transcribe, sound, tmp_path):
    long = "太" * 82 + "1"  # 247 bytes
    (tmp_path / f"{long}.wav").write_bytes(sound)
    (tmp_path / "ok.wav").write_bytes(sound)
    assert transcribe(".", "--out", "two")[0] == 0
    assert files(tmp_path / "two") == {f"{name}.{kind}" for name in (long, "ok") for kind in ("mid", "csv")}
    status, _, errors = transcribe(".", "--out", "three", "--format", "mid,csv,musicxml")
    assert status == 1
    assert files(tmp_path / "three") == files(tmp_path / "two") | {"ok.musicxml"}
    assert errors.count("this name has 256 bytes, the file system takes 255; rename the recording") == 1
    longer = "太" * 83 + "12"  # 251 bytes: not even .mid fits
    (tmp_path / f"{longer}.wav").write_bytes(sound)
    status, _, errors = transcribe(f"{longer}.wav", "ok.wav", "--out", "four", "--format", "csv,musicxml")
    assert files(tmp_path / "four") == {f"{longer}.csv", "ok.csv", "ok.musicxml"}


def test_no_recording_is_replaced_by_a_result(transcribe, sound, tmp_path):
    for name in ("song.wav", "song.drums.wav"):  # a user's own track of drums
        (tmp_path / name).write_bytes(sound)
    status, _, errors = transcribe(".", "--listen", "--overwrite", "--out", ".")
    assert status == 1
    assert "song.wav: song.drums.wav is a recording with the name of a result; rename it" in errors
    assert (tmp_path / "song.drums.wav").read_bytes() == sound
    assert (tmp_path / "song.drums.mid").is_file()


def test_recordings_whose_results_would_have_one_name_get_names_of_their_own(transcribe, sound, tmp_path):
    for name in ("take.wav", "take.notes.wav"):
        (tmp_path / name).write_bytes(sound)
    status, output, _ = transcribe(".", "--out", "out", "--format", "mid,notes.mid")
    assert status == 0
    assert files(tmp_path / "out") == {f"{name}.{kind}" for name in ("take_wav", "take.notes_wav") for kind in ("mid", "notes.mid")}
    assert "out/take.notes_wav: .mid .notes.mid" in output
    assert "out/take.notes: .mid .notes.mid" in transcribe("take.notes.wav", "--out", "out", "--format", "mid,notes.mid")[1]


# --- names ----------------------------------------------------------------------------------------------------------------


def run(arguments: list, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "adtlib", *map(str, arguments)], env=os.environ | environment, capture_output=True)


def test_a_console_of_one_language_shows_question_marks(model, sound, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("1日本.wav", "2.wav"):
        Path(name).write_bytes(sound)
    ran = run(["transcribe", ".", "--out", "out", "--model", model], PYTHONIOENCODING="cp1252")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode("cp1252").splitlines()[0].startswith("1??.wav (0:02)")
    assert files(tmp_path / "out") == {"1日本.mid", "1日本.csv", "2.mid", "2.csv"}


def test_names_that_a_terminal_would_obey_are_shown_as_escapes(transcribe, sound, tmp_path):
    name = "a\x1b[2J\n\u202eb\r.wav"
    (tmp_path / name).write_bytes(sound)
    (tmp_path / os.fsdecode(b"Fl\xf6te.wav")).write_bytes(b"no audio" * 99)
    status, output, errors = transcribe(".", "--out", "out")
    assert status == 1
    assert "a\\x1b[2J\\n\\u202eb\\r.wav (0:02)" in output
    assert "Fl\\xf6te.wav" in errors
    for shown in (output, errors):
        assert not set("\x1b\r\u202e") & set(shown)
        shown.encode()  # and no half of a character


def test_a_name_that_is_not_utf_8_is_written_with_its_bytes(transcribe, sound, tmp_path, monkeypatch):
    from adtlib.transcription import pipeline

    name = os.fsdecode(b"Fl\xf6te.wav")
    (tmp_path / "plain.wav").write_bytes(sound)
    (tmp_path / name).write_bytes(sound)
    hear = pipeline.transcribe

    def hear_another(path, **options):  # whether libsndfile opens such a name is not tested here
        return hear("plain.wav", name=pipeline._readable(path.stem), **options)

    monkeypatch.setattr(pipeline, "transcribe", hear_another)
    status, _, errors = transcribe(name, "--format", "mid,csv,musicxml")
    assert (status, errors) == (0, "")
    assert (tmp_path / os.fsdecode(b"Fl\xf6te.mid")).read_bytes().startswith(b"MThd")
    assert "Fl\N{REPLACEMENT CHARACTER}te" in (tmp_path / os.fsdecode(b"Fl\xf6te.musicxml")).read_text()


def test_text_for_terminals():
    assert one_line("é 日本 e\u0301 \N{DRUM WITH DRUMSTICKS}") == "é 日本 e\u0301 \N{DRUM WITH DRUMSTICKS}"
    assert one_line("a\tb\nc\x9b\u2028") == "a\\tb\\nc\\x9b\\u2028"
    assert lines("a\tb\nc\x07\udcf6\ud800") == "a\tb\nc\\x07\\xf6\\ud800"
    assert reason("x", KeyError("y")) == "x: KeyError: 'y'"
    assert (
        reason("x", PermissionError(13, "Permission denied", "y"))
        == "y: Permission denied; change its permissions, or leave it out"
    )
    assert reason("x", ValueError("y is wrong")) == "y is wrong"


# --- going on -------------------------------------------------------------------------------------------------------------


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def test_the_same_command_goes_on_and_keeps_what_was_edited(transcribe, sound, tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.wav").write_bytes(sound)
    command = ["a.wav", "b.wav", "c.wav", "--out", "out", "--format", "mid,csv"]
    assert transcribe(*command)[0] == 0
    out, before = tmp_path / "out", times(tmp_path / "out")
    status, output, errors = transcribe(*command)
    assert (status, errors) == (0, "")
    assert "3 of 3 were done already" in output
    assert times(out) == before

    (out / "b.csv").unlink()
    (out / "c.mid").write_bytes(b"edited by hand")
    status, output, errors = transcribe(*command)
    assert status == 1
    assert "1 of 3 were done already" in output
    assert "c.wav: not replaced without --overwrite, or choose another --out: out/c.mid" in errors
    after = times(out)
    assert {name for name in after if after[name] != before[name]} == {"b.csv", "c.mid"}
    assert (out / "c.mid").read_bytes() == b"edited by hand"

    status, output, errors = transcribe(*command, "--overwrite")
    assert (status, errors) == (0, "")
    assert "2 of 3 were done already" in output
    assert (out / "c.mid").read_bytes().startswith(b"MThd")


def test_more_formats_are_added_to_what_the_command_wrote(transcribe, sound, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav")[0] == 0
    before = times(tmp_path)
    assert transcribe("a.wav", "--format", "mid,csv,musicxml", "--listen")[0] == 0
    after = times(tmp_path)
    assert set(after) - set(before) == {"a.musicxml", "a.clicks.wav", "a.drums.wav"}
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--threshold", "KD=0.9"], "thresholds"),
        (["--quantise", "16"], "quantise"),
        (["--first-bar", "0.5"], "first bar"),
        (["--drum-map", "roland"], "drum map"),
        ("recording", "recording"),
        ("program", "adtlib"),
    ],
)
def test_what_another_command_wrote_is_not_replaced(change, said, transcribe, sound, tmp_path, monkeypatch):
    from adtlib.transcription import results

    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav")[0] == 0
    before = times(tmp_path)
    options = change if isinstance(change, list) else []
    if change == "recording":
        os.utime(tmp_path / "a.wav", (1, 1))
        before["a.wav"] = 10**9
    if change == "program":
        monkeypatch.setattr(results, "_code", lambda: "another")
    status, _, errors = transcribe("a.wav", *options)
    assert status == 1
    assert (
        f"a.wav: not replaced without --overwrite, or choose another --out: a.csv, a.mid (made before a change of {said})" in errors
    )
    assert times(tmp_path) == before
    assert transcribe("a.wav", *options, "--overwrite")[0] == 0
    assert transcribe("a.wav", *options)[1].startswith("1 of 1 was done already")


def test_results_that_stay_from_before_a_change_are_named(transcribe, sound, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert "from before" not in transcribe("a.wav")[1]
    options = ["--threshold", "KD=0.9", "--overwrite"]
    again = transcribe("a.wav", "--format", "mid", *options)[1]
    hint = "a.csv: from before a change of thresholds; the same command with --format csv --overwrite makes it anew"
    assert hint in " ".join(again.split())
    status, _, errors = transcribe("a.wav", *options[:2])
    assert status == 1 and "a.csv (made before a change of thresholds)" in errors, "nobody changed it"
    before = times(tmp_path)
    status, output, errors = transcribe("a.wav", "--format", "mid", "--format", "csv", *options)
    assert (status, errors) == (0, "") and "from before" not in output
    assert [name for name, time in times(tmp_path).items() if time != before[name]] == ["a.csv"]
    assert transcribe("a.wav", *options[:2])[1].startswith("1 of 1 was done already")


def test_sounds_that_stay_from_before_a_change_are_made_anew_by_listening(transcribe, sound, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav", "--format", "none", "--listen")[0] == 0
    again = transcribe("a.wav", "--format", "mid", "--threshold", "0.6")[1]
    assert "the same command with --format none --listen --overwrite makes it anew" in " ".join(again.split())
    assert transcribe("a.wav", "--format", "none", "--listen", "--threshold", "0.6", "--overwrite")[0] == 0
    assert transcribe("a.wav", "--format", "mid", "--listen", "--threshold", "0.6")[1].startswith("1 of 1 was done already")


def test_a_note_of_an_earlier_version_is_read(transcribe, sound, own_home, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav")[0] == 0
    [note] = (own_home / "cache" / "transcribed").iterdir()
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({key: noted[key] for key in ("target", "made_from", "sha256")}))
    assert transcribe("a.wav")[1].startswith("1 of 1 was done already")


def test_without_the_cache_nothing_is_known_and_nothing_replaced(transcribe, sound, own_home, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav")[0] == 0
    before = times(tmp_path)
    [note] = (own_home / "cache" / "transcribed").iterdir()
    for damage in (note.unlink, lambda: note.write_text("[]"), lambda: note.write_text('{"made_from": 1, "sha256": []}')):
        damage()
        status, _, errors = transcribe("a.wav")
        assert status == 1
        assert "a.mid, a.csv (nothing is noted of how they were made)" in errors
        assert times(tmp_path) == before


def test_notes_are_plain_and_few(transcribe, sound, own_home, tmp_path):
    (tmp_path / "a.wav").write_bytes(sound)
    assert transcribe("a.wav", "--listen")[0] == 0
    [note] = (own_home / "cache" / "transcribed").iterdir()
    noted = json.loads(note.read_text())
    assert noted["target"] == str(tmp_path / "a")
    assert set(noted["sha256"]) == {"mid", "csv", "clicks.wav", "drums.wav"}


@pytest.mark.parametrize("number", sorted(paths.FULL))
def test_while_the_disk_is_full_nothing_is_left_that_is_not_noted(number, transcribe, sound, own_home, tmp_path, monkeypatch):
    """Else what little still fits would later be taken for the user's."""
    (tmp_path / "a.wav").write_bytes(sound)
    write = paths.write_atomically

    def full(path, content):
        if path.is_relative_to(own_home):
            raise paths.write_error(path, OSError(number, os.strerror(number)))
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(paths, "write_atomically", full)
        status, _, errors = transcribe("a.wav")
    assert status == 1 and files(tmp_path) == {"a.wav"}
    assert "cache/transcribed" in errors and "cannot be written" in errors
    assert transcribe("a.wav")[0] == 0


def test_a_full_disk_costs_the_songs_that_do_not_fit_and_then_goes_on(model, sound, make_music, rng, tmp_path, monkeypatch):
    """A limit of the size of files stands for the disk."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("long.wav", make_music(rng, 5.0), 44_100)
    Path("short.wav").write_bytes(sound)
    command = ["transcribe", ".", "--out", "out", "--model", model, "--listen"]
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, -1)); "
    code += f"from adtlib.cli import main; print(main({command}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "1"
    assert "Traceback" not in ran.stderr
    for kind in ("clicks", "drums"):
        assert f"  out/long.{kind}.wav cannot be written: files may not be that large here" in ran.stderr
    assert files(tmp_path / "out") == {"long.mid", "long.csv"} | {
        f"short.{kind}" for kind in ("mid", "csv", "clicks.wav", "drums.wav")
    }
    assert main(command) == 0
    assert len(files(tmp_path / "out")) == 8
