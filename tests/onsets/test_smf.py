"""Reading MIDI files: what players play is read, as mido reads it where it can; what may have been lost is said."""

import contextlib
import io

import mido
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.onsets import midi, smf

KICK, SNARE = b"\x99\x24\x50", b"\x99\x26\x50"
END = b"\x00\xff\x2f\x00"
TWO = b"\x00" + KICK + b"\x60" + SNARE  # a kick at tick 0, a snare at tick 96


def chunk(content: bytes, name: bytes = b"MTrk", length: int | None = None) -> bytes:
    return name + (len(content) if length is None else length).to_bytes(4, "big") + content


def file_of(*tracks: bytes, kind: int = 1, announced: int | None = None, division: int = 96, head: bytes = b"") -> bytes:
    count = len(tracks) if announced is None else announced
    content = b"".join(number.to_bytes(2, "big") for number in (kind, count, division % 2**16)) + head
    return chunk(content, b"MThd") + b"".join(tracks)


def notes_of(content: bytes) -> list[tuple[int, int]]:
    """(tick, pitch) of the notes of all tracks."""
    events = [event for track in smf.parse(content).tracks for event in track]
    return [(tick, pitch) for tick, status, pitch, velocity in events if status & 0xF0 == 0x90 and velocity]


def meta(kind: int, content: bytes) -> bytes:
    return b"\x00\xff" + bytes([kind, len(content)]) + content


GOOD = chunk(TWO + END)
EMPTY = chunk(END)


@pytest.mark.parametrize(
    "content",
    [
        file_of(GOOD),
        file_of(EMPTY, GOOD, announced=1),
        file_of(EMPTY, GOOD, announced=0),
        file_of(EMPTY, GOOD, announced=9),
        file_of(chunk(TWO + END, length=0)),
        file_of(chunk(TWO + END, length=3)),
        file_of(chunk(TWO + END, length=10**9), EMPTY),
        file_of(chunk(TWO + END, length=len(TWO + END + EMPTY)), EMPTY),
        file_of(chunk(TWO)),
        file_of(chunk(TWO + END + b"\x00" * 9)),
        file_of(chunk(TWO + END + b"\xff\x00padding")),
        file_of(chunk(b"by a program", b"XFIH"), GOOD, chunk(b"karaoke", b"XFKM"), announced=1),
        file_of(chunk(b"too long a length", b"XFIH", length=30), GOOD, EMPTY, announced=2),
        file_of(EMPTY, b"\x07junk\xff", GOOD, announced=2),
        file_of(GOOD, b"junk that follows the last track"),
        file_of(GOOD, b"\x00" * 50),
        b"\x00" * 128 + file_of(GOOD),
        b"RIFF\x64\x00\x00\x00RMIDdata\x58\x00\x00\x00" + file_of(GOOD) + b"LIST\x04\x00\x00\x00INFO",
        file_of(GOOD, head=b"more"),
        file_of(chunk(meta(0x59, b"\x0c\x05") + meta(0x58, b"\x04\x02") + meta(0x58, b"") + TWO + END)),
        file_of(
            chunk(meta(0x59, b"\x00") + meta(0x54, b"\x01") + meta(0x00, b"\x01") + meta(0x20, b"") + meta(0xFE, b"x") + TWO + END)
        ),
        file_of(chunk(b"\x00\x99\x24\x50\x60\x26\x50" + END)),
        file_of(chunk(b"\x00" + KICK + meta(0x01, b"text") + b"\x60\x26\x50" + END)),
        file_of(chunk(b"\x00\xf0\x03\x01\x02\xf7\x00\xf7\x02\xf3\x01" + TWO + END)),
        file_of(chunk(b"\x00\xf8\x00\xb9\x07\xff" + TWO + END)),
        file_of(chunk(b"\x80\x80\x80\x80\x00" + KICK + b"\x60" + SNARE + END)),
        file_of(chunk(b"\x00\x99\x24\xff\x60" + SNARE + END)),
        file_of(GOOD, kind=0),
        file_of(GOOD, kind=2),
        file_of(GOOD, kind=77),
    ],
)
def test_what_is_contradictory_but_harmless_is_read_as_players_read_it(content):
    assert notes_of(content) == [(0, 36), (96, 38)]


def test_tracks_that_are_announced_but_not_there_are_said():
    assert smf.parse(file_of(GOOD)).remarks == []
    [remark] = smf.parse(file_of(GOOD, announced=3)).remarks
    assert "3 tracks are announced, but there are 1" in remark and "export it again" in remark


def test_of_two_files_in_one_the_first_is_read_and_the_other_said():
    assert notes_of(file_of(GOOD) * 2) == [(0, 36), (96, 38)]
    assert "another MIDI file follows at byte" in smf.parse(file_of(GOOD) * 2).remarks[0]


def test_notes_after_the_end_of_their_track_are_read_and_said():
    content = file_of(chunk(b"\x00" + KICK + END + b"\x60" + SNARE + END))
    assert notes_of(content) == [(0, 36), (96, 38)]
    assert "track 1: 1 notes follow its end" in smf.parse(content).remarks[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is no MThd"),
        (b"0.5 KD\n" * 30, "there is no MThd"),
        (file_of(GOOD)[:12], "ends within its header"),
        (file_of(announced=1), "holds no track"),
        (file_of(GOOD)[:17], "holds no track"),
        (file_of(GOOD)[:20], "ends where track 1 begins"),
        (file_of(GOOD)[:27], r"ends within track 1, at byte 27"),
        (file_of(GOOD, chunk(TWO + END)[:-5]), "ends within track 2"),
        (file_of(chunk(b"\x00\x24\x50" + END)), "track 1 has a message without a status at byte"),
        (file_of(chunk(b"\x00\xf4" + END)), "undefined status 0xf4"),
        (file_of(chunk(b"\xff\xff\xff\xff\x7f" + KICK + END)), "more than four bytes"),
        (file_of(chunk(b"\x81\x80\x80\x80\x00" + KICK + END)), "more than four bytes"),
        (file_of(chunk(b"\x00\xff\x01\xff\xff\x7f" + END)), "ends within track 1"),
        (file_of(GOOD, division=0), "time division 0"),
    ],
)
def test_what_is_damaged_is_refused_with_its_place_and_the_remedy(content, words):
    with pytest.raises(smf.MidiError, match=words) as error:
        smf.parse(content)
    assert "again" in str(error.value) and "\n" not in str(error.value)


def test_numbers_of_variable_length_are_those_of_the_standard():
    # The examples of RP-001.
    examples = {0: "00", 0x40: "40", 0x7F: "7f", 0x80: "8100", 0x2000: "c000", 0x3FFF: "ff7f", 0x4000: "818000"}
    examples |= {0x1FFFFF: "ffff7f", 0x200000: "81808000", 0x0FFFFFFF: "ffffff7f"}
    for number, digits in examples.items():
        assert smf.variable_length(number).hex() == digits
        [(tick, *_)] = smf.parse(file_of(chunk(bytes.fromhex(digits) + KICK))).tracks[0]
        assert tick == number


def test_a_time_signature_is_beats_and_a_power_of_two():
    assert smf.meter(b"\x06\x03\x18\x08") == (6, 8) and smf.meter(b"\x01\x00") == (1, 1) and smf.meter(b"\xff\x06") == (255, 64)
    for content in (b"", b"\x04", b"\x00\x02", b"\x04\x07"):
        assert smf.meter(content) is None


@pytest.mark.parametrize(("status", "count"), [(0x80, 2), (0x9F, 2), (0xA1, 2), (0xB2, 2), (0xC3, 1), (0xD4, 1), (0xEF, 2)])
def test_channel_messages_have_the_data_bytes_of_the_standard(status, count):
    assert smf.data_bytes(status) == count
    content = bytes([0, status, *range(1, count + 1)])
    assert smf.parse(file_of(chunk(content + b"\x60" + SNARE + END))).tracks[0][:2] == [
        (0, status, 1, 2 if count == 2 else 0),
        (96, 0x99, 38, 80),
    ]


@pytest.mark.parametrize(
    "message",
    [b"\xf1\x12", b"\xf2\x12\x34", b"\xf3\x12", b"\xf6", b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xfe"],
    ids=lambda message: f"{message[0]:#x}",
)
def test_messages_between_devices_are_passed_over_with_their_bytes(message):
    assert notes_of(file_of(chunk(b"\x00" + message + TWO + END))) == [(0, 36), (96, 38)]


def test_what_is_not_a_note_is_kept_by_its_type():
    messages = {
        smf.TEXT: mido.MetaMessage("text", text="abc"),
        smf.TRACK_NAME: mido.MetaMessage("track_name", name="abc"),
        smf.SET_TEMPO: mido.MetaMessage("set_tempo", tempo=0x616263),
        smf.TIME_SIGNATURE: mido.MetaMessage("time_signature", numerator=6, denominator=8),
        smf.END_OF_TRACK: mido.MetaMessage("end_of_track"),
    }
    content = b"".join(b"\x00" + bytes(message.bytes()) for message in messages.values())
    events = smf.parse(file_of(chunk(b"\x05\xf0\x03\x01\x02\xf7\x00\xf7\x01\x09" + content))).tracks[0]
    assert events[:2] == [(5, smf.SYSEX, 0, b"\x01\x02\xf7"), (5, smf.SYSEX, 0, b"\x09")]
    assert [(tick, status, kind) for tick, status, kind, _ in events[2:]] == [(5, smf.META, kind) for kind in messages]
    assert [content for *_, content in events[2:5]] == [b"abc"] * 3 and smf.meter(events[5][3]) == (6, 8)


def test_a_time_code_is_negative_and_the_format_is_that_of_the_header():
    file = smf.parse(file_of(GOOD, kind=0, division=-25 * 256 + 40))
    assert (file.kind, file.division, file.remarks) == (0, -25 * 256 + 40, [])


def test_what_a_longer_header_holds_is_no_track():
    file = smf.parse(file_of(GOOD, head=EMPTY, kind=0x0102))
    assert len(file.tracks) == 1 and file.kind == 0x0102 and not file.remarks


def test_what_an_unknown_chunk_holds_is_no_track():
    for name in (b"XFIH", b"    ", b"~~~~"):
        assert notes_of(file_of(chunk(b"by a program" + GOOD, name), GOOD, announced=1)) == [(0, 36), (96, 38)]


@pytest.mark.parametrize("length", [0, 5, 7, 100, 2**32 - 1])
def test_a_header_of_another_length_than_it_states_is_read(length):
    content = file_of(GOOD)
    assert notes_of(content[:4] + length.to_bytes(4, "big") + content[8:]) == [(0, 36), (96, 38)]


def test_a_header_alone_holds_no_track_and_a_shorter_one_is_cut():
    header = file_of(GOOD)[:14]
    for content, words in (
        (header, "holds no track"),
        (header[:13], "within its header"),
        (b"xy" + header[:13], "within its header"),
    ):
        with pytest.raises(smf.MidiError, match=words):
            smf.parse(content)


def test_a_file_as_large_as_is_allowed_is_looked_into(tmp_path):
    with (tmp_path / "large.mid").open("wb") as file:
        file.truncate(2**24)
    with pytest.raises(smf.MidiError, match="no MThd"):
        smf.read_file(tmp_path / "large.mid")


def test_every_beginning_of_a_file_is_refused():
    content = file_of(EMPTY, chunk(TWO + END), kind=1)
    for length in range(len(content)):
        with contextlib.suppress(smf.MidiError):
            assert smf.parse(content[:length]).remarks, f"nothing is said of a file cut at byte {length}"


def read(tmp_path, content: bytes) -> midi.Notes:
    (tmp_path / "a.mid").write_bytes(content)
    return midi.read_velocities(tmp_path / "a.mid")


@pytest.mark.parametrize("tempo", [b"", b"\x07\xa1", b"\x00\x07\xa1\x20", b"\x00\x00\x00"])
def test_a_tempo_that_states_no_time_is_refused(tmp_path, tempo):
    with pytest.raises(midi.MidiError, match=r"track 1 has a tempo of \d bytes, .* at tick 0.*set the tempo"):
        read(tmp_path, file_of(chunk(meta(0x51, tempo) + TWO + END)))


def test_a_note_after_years_is_refused(tmp_path):
    late = b"\xff\xff\xff\x7f" + KICK
    with pytest.raises(midi.MidiError, match=r"a note at 1\.4e\+06 s, later than 100 hours"):
        read(tmp_path, file_of(chunk(late + END)))
    assert len(read(tmp_path, file_of(chunk(b"\x00" + KICK + b"\xff\xff\xff\x7f\xff\x2f\x00"))).seconds) == 1, "only an end is late"


def test_pitches_that_midi_does_not_have_are_not_made_into_others(tmp_path):
    notes = read(tmp_path, file_of(chunk(b"\x00\x99\xa4\x50\x00\x99\x24\xff" + END)))
    assert notes.pitches.tolist() == [164, 36] and notes.velocities.tolist() == [80, 127]


def test_a_file_that_cannot_be_opened_or_is_no_song_is_refused(tmp_path):
    with pytest.raises(midi.MidiError, match="cannot be opened"):
        midi.read_velocities(tmp_path / "none.mid")
    with (tmp_path / "large.mid").open("wb") as file:
        file.truncate(smf.MAX_BYTES + 1)
    with pytest.raises(midi.MidiError, match="larger than 16 MiB"):
        midi.read_velocities(tmp_path / "large.mid")


@pytest.mark.parametrize(
    "track",
    [
        b"MTrk\0\0\0\0",
        b"MTrk\0\x0f\0\0\0\x90\x24\x40\0\xff\x2f\0x",
        b"MTrk\0\0\0\0\0\xff\x2f\0",
        b"ABCD\0\0\0\0",
        b"\xff" * 15 + b"MTr",
    ],
)
def test_time_grows_with_the_length_of_a_malicious_file_only(track, monkeypatch):
    looked_at = []
    find = smf._is_chunk
    monkeypatch.setattr(smf, "_is_chunk", lambda content, at: looked_at.append(at) or find(content, at))
    content = file_of(track * 2_000, EMPTY)
    events = sum(map(len, smf.parse(content).tracks))
    assert len(looked_at) <= 4 * 2_000 and events <= len(content)


# --- beside mido -------------------------------------------------------------------------------------------------------

_byte = st.integers(0, 127)
_channel = st.integers(0, 15)
_messages = st.one_of(
    st.builds(mido.Message, st.sampled_from(["note_on", "note_off"]), channel=_channel, note=_byte, velocity=_byte),
    st.builds(mido.Message, st.just("polytouch"), channel=_channel, note=_byte, value=_byte),
    st.builds(mido.Message, st.just("control_change"), channel=_channel, control=_byte, value=_byte),
    st.builds(mido.Message, st.just("program_change"), channel=_channel, program=_byte),
    st.builds(mido.Message, st.just("aftertouch"), channel=_channel, value=_byte),
    st.builds(mido.Message, st.just("pitchwheel"), channel=_channel, pitch=st.integers(-8192, 8191)),
    st.builds(mido.Message, st.just("sysex"), data=st.lists(_byte, max_size=200)),
    st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(1, 2**24 - 1)),
    st.builds(mido.MetaMessage, st.just("text"), text=st.text("abc MTrk", max_size=150)),
    st.builds(mido.MetaMessage, st.just("key_signature"), key=st.sampled_from(["C", "F#m", "Bb"])),
    st.builds(
        mido.MetaMessage,
        st.just("time_signature"),
        numerator=st.integers(1, 255),
        denominator=st.sampled_from([1, 2, 4, 8, 16, 32]),
    ),
)
_tracks = st.lists(st.tuples(st.one_of(st.integers(0, 300), st.integers(0, 10**6)), _messages), max_size=25)


def as_mido_reads(content: bytes) -> tuple[np.ndarray, list[int], list[int]]:
    """Seconds, pitches and velocities of all notes."""
    file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    ticks, pitches, velocities, tempos = [], [], [], []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                ticks.append(tick)
                pitches.append(message.note)
                velocities.append(message.velocity)
            elif message.type == "set_tempo":
                tempos.append((tick, message.tempo))
    return midi.tick_seconds(np.array(ticks, dtype=np.int64), tempos, file.ticks_per_beat), pitches, velocities


@settings(max_examples=150, deadline=None)
@given(tracks=st.lists(_tracks, min_size=1, max_size=4), division=st.integers(24, 32767))
def test_valid_files_are_read_as_mido_reads_them(tmp_path_factory, tracks, division):
    file = mido.MidiFile(type=1, ticks_per_beat=division)
    file.tracks += [mido.MidiTrack(message.copy(time=time) for time, message in track) for track in tracks]
    buffer = io.BytesIO()
    file.save(file=buffer)
    seconds, pitches, velocities = as_mido_reads(buffer.getvalue())
    if len(seconds) and seconds.max() > 360_000:
        return
    notes = read(tmp_path_factory.mktemp("valid"), buffer.getvalue())
    assert notes.seconds.tobytes() == seconds.tobytes() and not notes.remarks
    assert notes.pitches.tolist() == pitches and notes.velocities.tolist() == velocities


def test_real_files_are_read_as_mido_reads_them(real_data):
    folders = {"groove/drummer*/eval_session": "*.mid", "midi_songs_freedoom": "d_*.mid", "slakh2100_flac_redux/*/*/MIDI": "*.mid"}
    files = [path for folder, names in folders.items() for path in sorted(real_data.glob(f"{folder}/{names}"))[:25]]
    assert files
    for path in files:
        seconds, pitches, velocities = as_mido_reads(path.read_bytes())
        notes = midi.read_velocities(path)
        assert notes.seconds.tobytes() == seconds.tobytes(), path
        assert (notes.pitches.tolist(), notes.velocities.tolist(), notes.remarks) == (pitches, velocities, []), path
