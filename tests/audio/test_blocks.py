"""Recordings: which files are meant, their samples block by block, and a sentence for each that is broken."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from adtlib.audio import ffmpeg
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import MADE_HERE, AudioError, array_blocks, audio_blocks, read_audio
from adtlib.transcription.inputs import find_recordings


def whole(blocks) -> np.ndarray:
    return np.concatenate(list(blocks))


def noise(rng, seconds: float, rate: int = SAMPLE_RATE, channels: int | None = None) -> np.ndarray:
    shape = round(seconds * rate) if channels is None else (round(seconds * rate), channels)
    return rng.uniform(-0.5, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_of_a_file_are_the_recording(rng, tmp_path, rate, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(rng, 23.7, rate, channels), rate, subtype="FLOAT")
    found, wanted = whole(audio_blocks(path)), read_audio(path)
    assert found.dtype == wanted.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "aiff"])
def test_blocks_of_other_formats(rng, tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(rng, 12.3, channels=2), SAMPLE_RATE)
    np.testing.assert_allclose(whole(audio_blocks(path)), read_audio(path), atol=1e-6)


def test_samples_in_memory_are_treated_as_a_file_is(rng):
    stereo = noise(rng, 21, 48_000, 2)
    wanted = soxr.resample(stereo.mean(axis=1), 48_000, SAMPLE_RATE, quality="HQ")
    found = whole(array_blocks(stereo, 48_000))
    n = min(len(found), len(wanted))
    assert abs(len(found) - len(wanted)) <= 1
    np.testing.assert_allclose(found[:n], wanted[:n], atol=2e-5)
    assert len(whole([np.zeros(0), *array_blocks(np.zeros(0), SAMPLE_RATE)])) == 0


# --- what is wrong with a file -----------------------------------------------------------------------------------------


def error_of(path) -> str:
    with pytest.raises(AudioError) as caught:
        whole(audio_blocks(path))
    assert path.name in str(caught.value)
    return str(caught.value)


def test_each_broken_file_is_named_with_a_remedy(rng, tmp_path):
    good = tmp_path / "good.wav"
    soundfile.write(good, noise(rng, 1), SAMPLE_RATE)
    assert "does not exist" in error_of(tmp_path / "none.wav")
    assert "folder" in error_of(tmp_path)
    for name, content, said in (
        ("empty.wav", b"", "0 bytes"),
        ("text.wav", b"no audio at all" * 100, "cannot be read as audio"),
        ("cut.wav", good.read_bytes()[:-20_000], "truncated"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert said in error_of(path)
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan, 0.2]), SAMPLE_RATE, subtype="FLOAT")
    assert "NaN" in error_of(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "no_samples.wav", np.zeros(0), SAMPLE_RATE)
    assert "no samples" in error_of(tmp_path / "no_samples.wav")


@pytest.mark.parametrize(
    ("waveform", "rate", "said"),
    [
        (np.zeros(10, dtype=np.int16), 44_100, "full scale"),
        (np.zeros((2, 3, 4)), 44_100, "shape"),
        (np.zeros((2, 1000)), 44_100, "transposed"),
        (np.array([0.0, np.inf]), 44_100, "NaN"),
        (np.array([0.0, -9_000.0]), 44_100, "reaches 9,000.*divide those of 16-bit integers by 32768"),
        (["a.wav", "b.wav"], 44_100, "path of one file"),
        (np.zeros(10), 0, "above 0 Hz"),
    ],
)
def test_samples_of_another_kind_are_refused(waveform, rate, said):
    with pytest.raises(ValueError, match=said):
        list(array_blocks(waveform, rate))


# --- through ffmpeg ----------------------------------------------------------------------------------------------------

# Stands in for ffmpeg: writes what it was asked for, as the real one would, or fails as it does, in the words of ffmpeg 5.1.
STAND_IN = """#!{python}
import struct, sys
import numpy as np
arguments = sys.argv[1:]
for pair in (["-map", "0:a:0"], ["-ar", "44100"], ["-c:a", "pcm_f32be"], ["-f", "au"], ["-v", "level+info"]):
    at = arguments.index(pair[0])
    assert arguments[at + 1] == pair[1], arguments
name = arguments[arguments.index("-i") + 1]
assert name.startswith("file:")
def say(*lines):
    sys.stderr.write("".join(line + chr(10) for line in lines))
if "broken" in name:
    say(*["[info] noise"] * 50_000, "[mov @ 0x5] [error] moov atom not found", "[error] " + name + ": Invalid data found")
    sys.exit(1)
say("[info] Input #0, mov, from '" + name + "':", "[info]     title           : Duration: 99:99:99.99",
    "[info]   Duration: 00:00:22.68, start: 0.000000, bitrate: 31 kb/s")
if "video" in name:
    say("[info]   Stream #0:0: Video: h264", "[fatal] Stream map '0:a:0' matches no streams.")
    sys.exit(1)
say("[info]   Stream #0:0: Audio: aac (LC), 48000 Hz, stereo, fltp, 49 kb/s")
if "dubbed" in name:
    say("[info]   Stream #0:1(deu): Audio: aac (LC), 48000 Hz, stereo, fltp, 49 kb/s")
say("[info] Stream mapping:", "[info] Output #0, au, to 'pipe:':", "[info]   Stream #0:0: Audio: pcm_f32be, 44100 Hz, stereo")
if "guessed" in name:
    say("[aac @ 0x5] [warning] Estimating duration from bitrate, this may be inaccurate")
samples = np.arange(500_000 if "cut" in name or "guessed" in name else 1_000_000) % 1000 / 1000
if "cut" in name:
    say("[aac @ 0x5] [error] Input buffer exhausted before END element found", "[error] Error while decoding")
sys.stdout.buffer.write(struct.pack(">4s5I8x", b".snd", 32, 0xFFFFFFFF, 6, 44_100, 2))
sys.stdout.buffer.write(np.repeat(samples, 2).astype(">f4").tobytes())
"""
MP4 = b"\0\0\0\x20ftypM4A \0\0\0\0"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def mp4(path: Path) -> Path:
    path.write_bytes(MP4)
    return path


@pytest.mark.parametrize("name", ["song.m4a", "really_mp4.mp3", "really_mp4.wav"])
def test_what_libsndfile_does_not_know_is_read_through_ffmpeg(stand_in, tmp_path, name, recwarn):
    path = mp4(tmp_path / name)
    np.testing.assert_array_equal(whole(audio_blocks(path)), (np.arange(1_000_000) % 1000 / 1000).astype(np.float32))
    next(audio_blocks(path))  # a reader that stops early leaves no process that waits
    assert not recwarn.list


def test_what_ffmpeg_says_of_a_file_is_heard(stand_in, tmp_path, recwarn):
    assert "moov atom not found" in error_of(mp4(tmp_path / "broken.m4a"))
    assert "has no sound" in error_of(mp4(tmp_path / "video.mp4"))
    assert len(whole(audio_blocks(mp4(tmp_path / "guessed.aac")))) == 500_000  # its duration is an estimate
    assert not recwarn.list
    with pytest.warns(UserWarning, match=r"dubbed\.mp4: the first of its 2 sound tracks was heard"):
        whole(audio_blocks(mp4(tmp_path / "dubbed.mp4")))
    with pytest.warns(UserWarning, match=r"cut\.m4a: 11\.3 s were heard of the 22\.7 s .* \(Input buffer exhausted.* and 1 more\)"):
        assert len(whole(audio_blocks(mp4(tmp_path / "cut.m4a")))) == 500_000


@pytest.mark.parametrize("name", ["song.m4a", "really_mp4.mp3"])
def test_without_ffmpeg_the_command_to_convert_is_said(tmp_path, monkeypatch, name):
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: None)
    path = mp4(tmp_path / name)
    assert f"ffmpeg -i '{name}' '{path.stem}.wav'" in error_of(path)


# --- which files -------------------------------------------------------------------------------------------------------


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(10), SAMPLE_RATE)
    return folder


def targets(*given) -> dict[str, str]:
    return {"/".join(entry.path.parts[-2:]): entry.target.as_posix() for entry in find_recordings(given)}


def test_folders_keep_their_subfolders_and_leave_out_what_is_no_recording(tmp_path):
    folder = made(tmp_path / "songs", "a.wav", "deep/er/b.flac", "deep/C.MP3", ".hidden.wav", ".trash/d.wav")
    (folder / "notes.txt").write_text("no audio")
    assert targets(folder) == {"songs/a.wav": "a", "deep/C.MP3": "deep/C", "er/b.flac": "deep/er/b"}
    assert targets(folder, folder / "a.wav", folder) == targets(folder), "each once, however often it is named"


def test_sounds_made_here_are_left_out_and_a_users_own_are_not(tmp_path):
    folder = made(tmp_path / "songs", "a.wav", "own.drums.wav")
    with soundfile.SoundFile(folder / "a.drums.wav", "w", SAMPLE_RATE, 1) as file:
        file.comment = MADE_HERE
        file.write(np.zeros(10))
    assert targets(folder) == {"songs/a.wav": "a", "songs/own.drums.wav": "own.drums"}
    with pytest.warns(UserWarning, match=r"left out.*: a\.drums\.wav; rename"):  # as `songs/*.wav` names them
        assert targets(*sorted(folder.iterdir())) == targets(folder)
    with pytest.raises(AudioError, match=r"left out.*: a\.drums\.wav; rename"):
        find_recordings([folder / "a.drums.wav"])
    (folder / "a.drums.wav").rename(folder / "b.wav")
    assert targets(folder / "b.wav") == {"songs/b.wav": "b"}


def test_recordings_of_one_name_are_told_apart(tmp_path):
    one, other = made(tmp_path / "one", "x.wav", "x.flac", "y.wav"), made(tmp_path / "other", "x.wav", "Y.wav", "z.wav")
    found = targets(one, other)
    assert found["one/x.flac"] == "x_flac"
    assert found["other/z.wav"] == "z"
    assert {found["one/x.wav"], found["other/x.wav"]} == {"one_x_wav", "other_x_wav"}
    assert len({target.casefold() for target in found.values()}) == 6
    third = made(tmp_path / "again" / "one", "x.wav")
    assert len({entry.target for entry in find_recordings([one / "x.wav", third / "x.wav", other / "x.wav"])}) == 3


def test_a_target_that_only_one_recording_has_stays_its_own(tmp_path):
    """Also where two others, told apart by their suffixes, would take it."""
    folder = tmp_path / "fmt"
    folder.mkdir()
    for name in ("rock.opus", "rock.ogg", "rock_opus.ogg", "fmt_rock_ogg.wav", "rock_ogg.flac"):
        (folder / name).touch()
    assert targets(folder) == {
        "fmt/rock_opus.ogg": "rock_opus",
        "fmt/rock_ogg.flac": "rock_ogg",
        "fmt/fmt_rock_ogg.wav": "fmt_rock_ogg",
        "fmt/rock.opus": "fmt_rock_opus",
        "fmt/rock.ogg": "fmt_rock_ogg_2",
    }


def test_a_folder_that_holds_none_does_not_stop_the_others(tmp_path):
    folder = made(tmp_path / "songs", "a.wav")
    (tmp_path / "empty").mkdir()
    with pytest.warns(UserWarning, match="empty: no recording in this folder"):
        assert targets(tmp_path / "empty", folder) == {"songs/a.wav": "a"}
    with pytest.raises(AudioError, match=r"one: no recording.*; .*two: no recording"):
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        find_recordings([tmp_path / "one", tmp_path / "two"])


def test_an_empty_folder_is_said_and_a_missing_file_is_left_to_its_reader(tmp_path):
    with pytest.raises(AudioError, match="no recording in this folder"):
        find_recordings([tmp_path])
    assert targets(tmp_path / "none.wav")[f"{tmp_path.name}/none.wav"] == "none"
