"""Headers that say something else than what is in the file: all of it is heard, or it is said what is not."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adtlib.audio import decoding, files, messages, mpeg
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import AudioError, audio_blocks, duration_of, read_audio
from adtlib.audio.pieces import Pieces

RATE = 22_050
SECONDS = 6


@pytest.fixture(scope="module")
def music(make_music):
    return make_music(np.random.default_rng(5), SECONDS)[::2]


def encoded(music, rate: int = RATE, **kind) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, music, rate, **kind)
    return buffer.getvalue()


def heard(path: Path) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.concatenate(list(audio_blocks(path)))


def seconds(path: Path) -> float:
    return len(heard(path)) / SAMPLE_RATE


# --- wav and its kin ---------------------------------------------------------------------------------------------------

STREAMED = {
    "SoX": (0x7FFFF024, 0x7FFFF000),
    "arecord": (0x80000024, 0x80000000),
    "ffmpeg": (0xFFFFFFFF, 0xFFFFFFFF),
    "zeros": (0, 0),
    "31 bits": (0x7FFFFFFF, 0x7FFFFFFF - 36),
    "RIFF 8 too large": (None, None),
}


@pytest.mark.parametrize("sizes", STREAMED.values(), ids=STREAMED.keys())
@pytest.mark.parametrize("tail", [b"", b"LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf"], ids=["", "LIST cut off"])
def test_wav_of_writers_that_cannot_go_back_is_read_whole(tmp_path, music, sizes, tail):
    content = bytearray(encoded(music, format="WAV"))
    at = content.find(b"data") + 4
    riff, data = sizes
    content[4:8] = (len(content) if riff is None else riff).to_bytes(4, "little")
    if data is not None:
        content[at : at + 4] = data.to_bytes(4, "little")
    path = tmp_path / "song.wav"
    path.write_bytes(bytes(content) + (tail if data is None else b""))
    assert seconds(path) == pytest.approx(SECONDS, abs=0.01)


@pytest.mark.parametrize(
    "kind",
    [
        {"format": "WAV"},
        {"format": "WAV", "subtype": "FLOAT"},
        {"format": "WAV", "subtype": "IMA_ADPCM"},
        {"format": "WAVEX"},
        {"format": "AIFF"},
        {"format": "AIFF", "subtype": "FLOAT"},
        {"format": "AU"},
        {"format": "CAF"},
        {"format": "W64"},
        {"format": "RF64"},
        {"format": "SVX"},
        {"format": "FLAC"},
    ],
    ids=lambda kind: "-".join(kind.values()),
)
def test_a_cut_file_is_refused_whatever_its_kind(tmp_path, music, kind):
    content = encoded(music, **kind)
    whole, cut = tmp_path / "song.wav", tmp_path / "cut.wav"  # the suffix does not count
    whole.write_bytes(content)
    assert seconds(whole) == pytest.approx(SECONDS, abs=0.05)
    for share in (0.95, 0.6):
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(AudioError, match=r"cut\.wav is truncated"):
            heard(cut)


def test_streamed_caf_and_flac_are_read_whole(tmp_path, music):
    caf = bytearray(encoded(music, format="CAF"))
    at = caf.find(b"data") + 4
    caf[at : at + 8] = b"\xff" * 8
    flac = bytearray(encoded(music, format="FLAC"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # the number of samples: unknown
    for name, content in (("song.caf", caf), ("song.flac", flac)):
        (tmp_path / name).write_bytes(content)
        assert seconds(tmp_path / name) == pytest.approx(SECONDS, abs=0.01)


def test_samples_after_the_announced_ones_are_said(tmp_path, music):
    content = bytearray(encoded(music, format="WAV"))
    at = content.find(b"data") + 4
    content[at : at + 4] = (2 * RATE).to_bytes(4, "little")
    (tmp_path / "song.wav").write_bytes(content)
    with pytest.warns(UserWarning, match=r"song\.wav: its header announces 44,100 bytes .* 1\.0 s were heard"):
        assert len(read_audio(tmp_path / "song.wav")) == pytest.approx(SAMPLE_RATE, abs=2)


# --- several recordings in one file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        {"format": "MP3", "bitrate_mode": "CONSTANT"},
        {"format": "MP3", "bitrate_mode": "VARIABLE"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "WAV"},
        {"format": "AIFF"},
    ],
    ids=lambda kind: "-".join(kind.values()),
)
def test_recordings_in_a_row_are_all_heard(tmp_path, music, kind, capfd):
    one, other = encoded(music, **kind), encoded(music[: len(music) // 2], **kind)
    single, both = tmp_path / "single.mp3", tmp_path / "both.mp3"
    single.write_bytes(one)
    both.write_bytes(one + other)
    first = heard(single)
    with pytest.warns(UserWarning, match=r"both\.mp3: it holds 2 recordings, one after the other; 9\.0 s were heard"):
        found = read_audio(both)
    assert len(found) / SAMPLE_RATE == pytest.approx(1.5 * SECONDS, abs=0.1)
    np.testing.assert_allclose(found[: len(first) - 50], first[:-50], atol=2e-3)
    np.testing.assert_allclose(found[len(first) + 2_000 :][:80_000], first[2_000:82_000], atol=0.02)
    assert capfd.readouterr() == ("", ""), "libmpg123 has nothing to complain of"


def test_any_number_of_recordings_in_a_row_is_heard(tmp_path, music):
    path = tmp_path / "song.wav"
    path.write_bytes(1_100 * encoded(music[:3_000], format="WAV"))
    with pytest.warns(UserWarning, match=r"song\.wav: it holds 1,?100 recordings, one after the other; 149\.7 s were heard"):
        assert len(read_audio(path)) / SAMPLE_RATE == pytest.approx(1_100 * 3_000 / RATE, abs=0.1)


# --- mp3 ---------------------------------------------------------------------------------------------------------------


def mp3(music, mode: str = "VARIABLE") -> bytes:
    """An mp3 whose bit rate is not that of its first frames: silence first."""
    silence = np.zeros(RATE, dtype=np.float32)
    return encoded(np.concatenate([silence, music]), format="MP3", bitrate_mode=mode, compression_level=0.5)


def without_tag(content: bytes) -> bytes:
    """Without the first frame, which states the number of frames."""
    at = content.find(b"Xing") if b"Xing" in content else content.find(b"Info")
    start = content.rfind(b"\xff", 0, at)
    return content[content.find(content[start : start + 2], at) :]


def test_an_mp3_of_varying_bitrate_that_states_no_length_is_heard_to_its_end(tmp_path, music):
    content = without_tag(mp3(music))
    (tmp_path / "song.mp3").write_bytes(content)
    with soundfile.SoundFile(io.BytesIO(content)) as file:  # what libsndfile alone would read
        assert abs(file.frames / RATE - SECONDS - 1) > 1
    assert seconds(tmp_path / "song.mp3") == pytest.approx(SECONDS + 1, abs=0.2)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("tagged", [True, False])
def test_a_cut_mp3_is_said(tmp_path, music, mode, tagged, capfd):
    content = mp3(music, mode) if tagged else without_tag(mp3(music, mode))
    path = tmp_path / "song.mp3"
    path.write_bytes(content[: int(0.6 * len(content)) + 5])
    match = (
        r"song\.mp3: \d\.\d+ s of the length that its header states are missing" if tagged else r"song\.mp3: it ends within a frame"
    )
    with pytest.warns(UserWarning, match=match + r".*; \d\.\d s were heard"):
        read_audio(path)
    assert capfd.readouterr() == ("", "")


def test_an_mp3_without_its_last_bytes_is_said_to_be_cut(tmp_path, music):
    content = mp3(music[: RATE // 4])
    (tmp_path / "whole.mp3").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_audio(tmp_path / "whole.mp3")
    last = content.rindex(content[:2])
    for end in (-10, last, last + 3):
        (tmp_path / "cut.mp3").write_bytes(content[:end])
        with pytest.warns(UserWarning, match=r"cut\.mp3: 0\.03 s of the length that its header states are missing"):
            read_audio(tmp_path / "cut.mp3")


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_wherever_a_short_mp3_is_cut_that_is_said(tmp_path, music, mode):
    """Until some frames are there libsndfile hears none: that is an error, as is a file of which only the tag is left."""
    content = encoded(music[: RATE // 4], format="MP3", bitrate_mode=mode, compression_level=0.5)
    path = tmp_path / "cut.mp3"
    starts = [at for at in range(len(content)) if content[at : at + 2] == content[:2]]
    for end in (*range(150, len(content) - 5, 97), *(start + extra for start in starts[1:] for extra in (0, 1, 3, 4))):
        path.write_bytes(content[:end])
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                read_audio(path)
            except AudioError as error:
                assert "cut.mp3" in str(error)
                continue
        assert any("cut" in str(warning.message) for warning in heard), end


def test_tags_and_junk_around_an_mp3_are_no_sound(tmp_path, music, rng, capfd):
    content = mp3(music)
    (tmp_path / "plain.mp3").write_bytes(content)
    plain = heard(tmp_path / "plain.mp3")
    id3 = b"ID3\x04\0\0" + bytes([0, 0, 0x0F, 0x20]) + bytes(15 * 128 + 32)
    junk = rng.integers(0, 256, 3_000, dtype=np.uint8).tobytes()
    ape = b"APETAGEX" + (2_000).to_bytes(4, "little") + (100).to_bytes(4, "little") + bytes(2_084)
    for name, around in {
        "id3": id3 + content,
        "twice": id3 + id3 + content,
        "junk": junk + content,
        "end": content + junk,
        "ape": content + ape.replace(bytes([100, 0, 0, 0]), (2_072).to_bytes(4, "little")),
        "id3v1": content + b"TAG" + bytes(125),
    }.items():
        path = tmp_path / f"{name}.mp3"
        path.write_bytes(around)
        np.testing.assert_array_equal(heard(path), plain, err_msg=name)
    assert capfd.readouterr() == ("", "")


def test_any_number_of_tags_before_an_mp3_is_no_sound(tmp_path, music):
    content = mp3(music)
    (tmp_path / "plain.mp3").write_bytes(content)
    (tmp_path / "tags.mp3").write_bytes(3_000 * (b"ID3\x04\0\0" + bytes(4) + 300 * b"junk") + content)
    np.testing.assert_array_equal(heard(tmp_path / "tags.mp3"), heard(tmp_path / "plain.mp3"))


def test_a_hole_in_an_mp3_is_said(tmp_path, music):
    content = without_tag(mp3(music, "CONSTANT"))
    path = tmp_path / "song.mp3"
    path.write_bytes(content[: len(content) // 2] + bytes(20_000) + content[len(content) // 2 :])
    with pytest.warns(UserWarning, match=r"song\.mp3: 2\d,\d\d\d bytes between its frames are no sound"):
        assert len(read_audio(path)) / SAMPLE_RATE == pytest.approx(SECONDS + 1, abs=0.3)


def test_an_mp3_that_announces_years_is_read_for_what_it_holds(tmp_path, music):
    content = bytearray(mp3(music))
    at = content.find(b"Xing") if b"Xing" in content else content.find(b"Info")
    content[at + 8 : at + 12] = b"\x7f\xff\xff\xff"
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="are missing: it is cut"):
        assert len(read_audio(path)) / SAMPLE_RATE == pytest.approx(SECONDS + 1, abs=0.2)
    assert duration_of(path) is None


# --- Ogg ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_cut_ogg_is_said(tmp_path, music, subtype):
    content = encoded(music, 24_000, format="OGG", subtype=subtype)
    path = tmp_path / "song.ogg"
    path.write_bytes(content)
    assert seconds(path) == pytest.approx(SECONDS * RATE / 24_000, abs=0.1)
    path.write_bytes(content[: int(0.6 * len(content))])
    with pytest.warns(UserWarning, match=r"song\.ogg: its last page is missing.*; \d\.\d s were heard"):
        read_audio(path)


# --- content, not suffix -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("WAV", "mp3"),
        ("WAV", "m4a"),
        ("WAV", "raw"),
        ("MP3", "wav"),
        ("MP3", "flac"),
        ("FLAC", "ogg"),
        ("FLAC", "txt"),
        ("OGG", "aiff"),
    ],
)
def test_the_content_says_what_a_file_is(tmp_path, music, kind, suffix, capfd):
    right, wrong = tmp_path / f"right.{kind.lower()}", tmp_path / f"wrong.{suffix}"
    right.write_bytes(encoded(music, format=kind))
    wrong.write_bytes(right.read_bytes())
    np.testing.assert_array_equal(heard(wrong), heard(right))
    assert duration_of(wrong) == duration_of(right)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_sound_is_refused_in_one_sentence(tmp_path, rng, capfd):
    noise = rng.integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    for name, content in {
        "random.mp3": noise,
        "random.wav": noise,
        "zeros.flac": bytes(50_000),
        "page.m4a": b"<!DOCTYPE html>" * 100,
        "samples.raw": noise,
        "picture.mp3": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise,
        "header.wav": b"RIFF\x24\0\0\0WAVEfmt ",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(AudioError) as caught:
            heard(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
        assert duration_of(path) is None
    assert "no header that states" in error_of(tmp_path / "samples.raw")
    assert capfd.readouterr() == ("", "")


def error_of(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        heard(path)
    return str(caught.value)


# --- names, permissions, bounds ----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX systems only")
def test_a_name_that_is_no_text_is_read(tmp_path, music):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Fl\xf6te.wav"))
    try:
        path.write_bytes(encoded(music, format="WAV"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert seconds(path) == pytest.approx(SECONDS, abs=0.01)
    assert duration_of(path) == pytest.approx(SECONDS, abs=0.01)


def test_what_is_no_regular_file_is_said(tmp_path, monkeypatch):
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.wav")
        assert "is no regular file" in error_of(tmp_path / "pipe.wav")
        assert duration_of(tmp_path / "pipe.wav") is None
    assert duration_of(tmp_path / "none.wav") is None
    path = tmp_path / "locked.wav"
    path.write_bytes(b"RIFF")

    def refuse(*arguments, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    assert "cannot be read (Permission denied)" in error_of(path)


@pytest.mark.parametrize("rate", [1, 100, 1_999, 768_001, 10_000_000])
def test_a_rate_that_no_recording_has_is_refused(tmp_path, rate):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.zeros(1000), rate)
    assert f"sampling rate of {rate:,} Hz" in error_of(path)


def test_bounds_of_channels_and_length(tmp_path, monkeypatch, rng):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.zeros((100, 100)), RATE)
    assert "100 channels" in error_of(path)
    soundfile.write(tmp_path / "many.wav", rng.uniform(-0.1, 0.1, (RATE, 40)), RATE)
    assert seconds(tmp_path / "many.wav") == pytest.approx(1, abs=0.01)
    soundfile.write(path, np.zeros(RATE), RATE)
    monkeypatch.setattr(files, "_WHOLE_HOURS", 0.5 / 3600)
    with pytest.raises(AudioError, match="split it"):
        read_audio(path)


def test_a_small_file_cannot_become_hours_of_samples(tmp_path, monkeypatch):
    assert decoding._SMALL_MINUTES == 30
    monkeypatch.setattr(decoding, "_SMALL_MINUTES", 3)
    path = tmp_path / "silent.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(6):
            file.write(np.zeros(60 * SAMPLE_RATE, dtype=np.float32))
    found = 0
    with pytest.raises(AudioError, match=r"silent\.flac holds more than 3 minutes in \d+,\d+ bytes"):
        for block in audio_blocks(path):
            found += len(block)
    assert found <= 180 * SAMPLE_RATE
    monkeypatch.setattr(decoding, "_SMALL_MINUTES", 30)
    monkeypatch.setattr(decoding, "_SMALL_VALUES", 1_000_000)
    with pytest.raises(AudioError, match="it is silent or damaged"):
        list(audio_blocks(path))


def test_pieces_of_a_file_are_read_as_one(rng):
    content = rng.integers(0, 256, 1000, dtype=np.uint8).tobytes()
    pieces = Pieces(io.BytesIO(content), [(10, 200), b"between", (500, 501), (700, 1000)])
    whole = content[10:200] + b"between" + content[500:501] + content[700:]
    assert pieces.read() == whole
    assert pieces.seek(0, io.SEEK_END) == len(whole)
    for offset in rng.integers(0, len(whole), 50):
        pieces.seek(int(offset))
        count = int(rng.integers(0, 400))
        assert pieces.read(count) == whole[offset : offset + count]
        assert pieces.tell() == min(len(whole), offset + count)


# --- messages of libmpg123 ---------------------------------------------------------------------------------------------


def test_damage_in_an_mp3_is_said_with_its_name(tmp_path, music, capfd):
    content = bytearray(mp3(music, "CONSTANT"))
    file = io.BytesIO(content)
    ((_, (start, stop)),) = mpeg.frames_of(file, len(content), searching=False).parts
    window, at, count = mpeg._Window(file, len(content)), start, 0
    while at < stop:
        if count % 30 == 29:
            content[at + 4 : at + 13] = b"\x7f\xfe" * 4 + b"\x7f"  # the side information: sizes that cannot be
        at, count = at + window.frame(at).length, count + 1
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"song\.mp3: parts of it are damaged and were not decoded \(.+\)"):
        read_audio(path)
    assert capfd.readouterr() == ("", "")


def test_what_others_write_meanwhile_reaches_the_terminal(capfd):
    errors: list[str] = []
    with messages.caught(errors):
        os.write(2, b"a bar moves\n[src/libmpg123/layer3.c:f():1804] error: dequantization failed!\nNote: Trying to resync...\n")
        os.write(2, b"Warning: Xing stream size off\nand is redrawn\r")
    assert errors == ["dequantization failed!"]
    assert capfd.readouterr().err == "a bar moves\nand is redrawn\r"
