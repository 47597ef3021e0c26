"""The files of a transcription, read back by other programs' readers, and what each carries."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mido
import mir_eval
import numpy as np
import pytest

from adtlib.notation.beats import Beats
from adtlib.notation.guitar_pro import guitar_pro
from adtlib.onsets.annotations import read_onsets
from adtlib.onsets.own import is_own
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.transcription import extras
from adtlib.transcription.formats import FORMATS, kinds_of
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import ANY_TEXT, CLASSES, MIDI_PITCH

TEMPO, FIRST = 104.0, 0.27  # beats a minute; seconds of the first beat


def made(onsets: dict[str, list[float]], duration: float, beats: Beats | None = None) -> Transcription:
    """A transcription with these onsets, all of one loudness."""
    activations = np.zeros((round(duration * 100) + 1, 5), dtype=np.float32)
    for name, times in onsets.items():
        activations[np.rint(np.asarray(times) * 100).astype(int), CLASSES.index(name)] = 0.9
    picking = PeakPicking(threshold=0.5)
    source = Path("a b.wav")
    return Transcription("Tom & “Jerry”", duration, activations, activations, picking, "adt", given_beats=beats, source=source)


@pytest.fixture(scope="module")
def song() -> Transcription:
    """Eight bars that begin with an upbeat: kick, snare, eighths of a hi-hat, crash, and a fill of triplets on the toms."""
    beats = Beats(FIRST + np.arange(40) * 60 / TEMPO, (np.arange(40) + 3) % 4 + 1)  # the first beat is the fourth of its bar
    at = beats.seconds
    onsets = {
        "KD": at(1 + np.arange(0, 32, 2.0)),
        "SD": at([0, *(2 + np.arange(0, 30, 2.0))]),
        "HH": at(1 + np.arange(0, 60) / 2),
        "CY": at([1, 17]),
        "TT": at(31 + np.arange(6) / 3),
    }
    return made(onsets, 21.0, beats)


def seconds_of(song: Transcription, name: str) -> np.ndarray:
    return song.onsets[CLASSES.index(name)]


def grid_seconds(song: Transcription, name: str) -> np.ndarray:
    """Seconds of a class's strokes on the grid."""
    return song.beats.seconds([float(stroke.beat / song.beats.unit) for stroke in song.strokes()[1] if stroke.name == name])


# --- labels on a time line ---------------------------------------------------------------------------------------------


def test_audacity_labels_are_read_by_mir_eval_and_by_the_scorer(song, tmp_path):
    (path,) = song.save(tmp_path / "song", "audacity")
    assert path.name == "song.labels.txt"
    starts, ends, labels = mir_eval.io.load_delimited(str(path), [float, float, str], delimiter="\t")
    assert labels == [event.name for event in song.events]
    assert starts == ends
    np.testing.assert_allclose(starts, [event.seconds for event in song.events], atol=1e-6)
    for ours, theirs in zip(read_onsets(path, ANY_TEXT), song.onsets, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_reaper_markers_have_its_header_and_minutes(song):
    rows = list(csv.reader(io.StringIO(made({"KD": [0.5, 75.25]}, 80.0).content("reaper").decode())))
    assert rows[0] == ["#", "Name", "Start", "End", "Length", "Color"]
    assert [row[:3] for row in rows[1:]] == [["M1", "KD", "0:00.500"], ["M2", "KD", "1:15.250"]]
    assert all(re.fullmatch("[0-9A-F]{6}", row[5]) for row in rows[1:])
    assert len(list(csv.reader(io.StringIO(song.content("markers").decode())))) == 1 + len(song.events)


def test_a_layer_of_sonic_visualiser_points_to_the_samples_of_the_onsets(song):
    root = ET.fromstring(song.content("svl"))
    model, dataset, layer = root.find("data/model"), root.find("data/dataset"), root.find("display/layer")
    assert model.get("dataset") == dataset.get("id") and layer.get("model") == model.get("id")
    assert model.get("name") == "drums of Tom & “Jerry”"
    found = [(int(point.get("frame")) / int(model.get("sampleRate")), point.get("label")) for point in dataset]
    assert [label for _, label in found] == [event.name for event in song.events]
    np.testing.assert_allclose([seconds for seconds, _ in found], [event.seconds for event in song.events], atol=1e-4)


def test_jams_is_valid_and_holds_onsets_and_beats(song, tmp_path):
    jams = pytest.importorskip("jams", reason="JAMS is not installed: pip install jams")
    (path,) = song.save(tmp_path / "song", "jams", drum_map="addictive-drums-2")
    read = jams.load(str(path), validate=True, strict=True)
    tags, notes, beats = (read.search(namespace=name)[0] for name in ("tag_open", "note_midi", "beat"))
    assert read.file_metadata.title == song.name and read.file_metadata.duration == song.duration
    for name in CLASSES:
        times = [entry.time for entry in tags.data if entry.value == name]
        np.testing.assert_allclose(times, seconds_of(song, name), atol=1e-4)
    assert {entry.value for entry in notes.data} == {36, 38, 69, 49, 77}
    assert all(0 <= entry.confidence <= 1 for entry in notes.data)
    heard = song.beats.times[(song.beats.times >= 0) & (song.beats.times <= song.duration)]
    np.testing.assert_allclose([entry.time for entry in beats.data], heard, atol=1e-4)
    assert [entry.value for entry in beats.data][:6] == [4, 1, 2, 3, 4, 1]


def test_arrays_hold_what_peaks_were_picked_from(song):
    arrays = np.load(io.BytesIO(song.content("activations")))
    np.testing.assert_array_equal(arrays["activations"], song.activations)
    assert arrays["fps"] == 100 and arrays["classes"].tolist() == list(CLASSES)
    for index, times in enumerate(song.onsets):
        np.testing.assert_allclose(arrays["onset_seconds"][arrays["onset_classes"] == index], times)
    assert song.content("npz") == song.content("npz"), "equal songs give equal bytes"


# --- on the grid -------------------------------------------------------------------------------------------------------


def test_a_tab_shows_the_upbeat_the_backbeat_and_the_triplets(song):
    text = song.content("tab").decode()
    lines = text.splitlines()
    assert lines[0] == "Tom & “Jerry”"
    assert max(map(len, lines)) <= 79
    rows = {name: "".join(line[3:] for line in lines if line[:3] == f"{name}|") for name in ("C ", "HH", "T ", "SD", "BD")}
    first, second, *_, last = zip(*(row.rstrip("|").split("|") for row in rows.values()), strict=True)
    assert first == ("----------------",) * 3 + ("------------o---", "----------------"), "the upbeat: a snare on the fourth beat"
    assert second == ("x---------------", "x-x-x-x-x-x-x-x-", "----------------", "----o-------o---", "o-------o-------")
    assert last[2] == "--------oooooo", "two quarter notes, then six triplets"
    assert "1e&a2e&a3tl4tl" in text
    assert {name: row.count("o") + row.count("x") for name, row in rows.items()} == {
        "C ": 2,
        "HH": 60,
        "T ": 6,
        "SD": 16,
        "BD": 16,
    }


def test_a_chart_is_read_by_another_parser_at_the_times_of_the_recording(song):
    chparse = pytest.importorskip("chparse", reason="chparse is not installed: pip install chparse")
    text = song.content("clone-hero").decode()
    read = chparse.load(io.StringIO(text))
    drums = read.instruments[chparse.EXPERT][chparse.DRUMS]
    bpms = [event for event in read.sync_track if event.kind is chparse.NoteTypes.BPM]
    tempos = [(event.time, 60e9 / float(event.value)) for event in bpms]
    lanes = {"KD": 0, "SD": 1, "HH": 2, "TT": 3, "CY": 4}
    for name, lane in lanes.items():
        ticks = [note.time for note in drums if note.kind is chparse.NoteTypes.NOTE and note.fret == lane]
        np.testing.assert_allclose(in_seconds(ticks, tempos, 480), grid_seconds(song, name), atol=0.007)
    for lane, flag in ((2, 66), (4, 68)):
        assert all(chparse.flags.Flags(flag) in note.flags for note in drums if note.fret == lane), "yellow and green are cymbals"
    assert read.Offset == 0 and 'MusicStream = "a b.wav"' in text


def in_seconds(ticks, tempos, division) -> np.ndarray:
    """Seconds of ticks, by a straightforward walk through the tempos."""
    found = []
    for tick in ticks:
        seconds, last, tempo = 0.0, 0, 500_000
        for at, new in tempos:
            if at > tick:
                break
            seconds, last, tempo = seconds + (at - last) * tempo / 1e6 / division, at, new
        found.append(seconds + (tick - last) * tempo / 1e6 / division)
    return np.array(found)


def test_notes_mid_is_read_by_pretty_midi_with_its_lanes_and_toms(song, tmp_path):
    import pretty_midi

    (path,) = song.save(tmp_path / "song", "notes.mid")
    read = pretty_midi.PrettyMIDI(str(path))
    (part,) = read.instruments
    assert part.name == "PART DRUMS"
    assert {note.pitch for note in part.notes} == {96, 97, 98, 99, 100, 111}
    for name, pitch in {"KD": 96, "SD": 97, "HH": 98, "TT": 99, "CY": 100}.items():
        times = sorted(note.start for note in part.notes if note.pitch == pitch)
        np.testing.assert_allclose(times, grid_seconds(song, name), atol=0.007)
    toms, markers = ([note.start for note in part.notes if note.pitch == pitch] for pitch in (99, 111))
    assert sorted(toms) == sorted(markers)
    assert read.get_downbeats()[1] == pytest.approx(song.beats.downbeats[0], abs=0.002)
    assert not is_own(path), "it is no transcription of another program, but no annotation either"


def dtx_objects(text: str) -> tuple[dict[str, str], list[tuple[float, str, str]]]:
    """(headers, (seconds, channel, object) sorted) of a .dtx file, as its format says."""
    headers = dict(re.findall(r"^#([A-Z]+[0-9A-Z]*): (.*?)\r?$", text, re.MULTILINE))
    placed, lengths = [], {}
    for measure, channel, content in re.findall(r"^#(\d{3})([0-9A-Z]{2}): (.*?)\r?$", text, re.MULTILINE):
        if channel == "02":
            lengths[int(measure)] = float(content)
            continue
        parts = [content[i : i + 2] for i in range(0, len(content), 2)]
        placed += [(int(measure), Fraction(i, len(parts)), channel, part) for i, part in enumerate(parts) if part != "00"]
    placed.sort(key=lambda entry: (entry[0], entry[1], entry[2] != "08"))
    now, seconds, bpm, beats_before, length, measure = 0.0, 0.0, float(headers["BPM"]), 0.0, lengths.get(0, 1.0), 0
    found = []
    for number, at, channel, what in placed:
        while measure < number:
            beats_before, measure = beats_before + 4 * length, measure + 1
            length = lengths.get(measure, length)
        beat = beats_before + float(at) * 4 * length
        seconds += (beat - now) * 60 / bpm
        now = beat
        if channel == "08":
            bpm = float(headers[f"BPM{what}"])
        else:
            found.append((seconds, channel, what))
    return headers, found


def test_dtx_has_pads_music_and_the_times_of_the_recording(song):
    headers, objects = dtx_objects(song.content("dtx").decode("shift_jis"))
    assert headers["WAV01"] == "a b.wav" and headers["TITLE"] == "Tom & “Jerry”"
    assert [entry for entry in objects if entry[1] == "01"] == [(0.0, "01", "01")], "the music begins at once"
    for name, channel in {"HH": "11", "SD": "12", "KD": "13", "TT": "15", "CY": "16"}.items():
        times = [seconds for seconds, of, _ in objects if of == channel]
        np.testing.assert_allclose(times, grid_seconds(song, name), atol=0.007)


def test_a_name_that_a_dtx_cannot_hold_is_said(song):
    renamed = replace(song, source=Path("Café.wav"))
    with pytest.warns(UserWarning, match=r"Café.wav: a .dtx cannot hold this name"):
        assert b"#WAV01: Caf?.wav" in renamed.content("dtx")


def test_guitar_pro_files_are_read_back_bar_by_bar(song):
    guitarpro = pytest.importorskip("guitarpro", reason="PyGuitarPro is not installed: pip install pyguitarpro")
    read = guitarpro.parse(io.BytesIO(song.content("guitar-pro")))
    (track,) = read.tracks
    assert track.isPercussionTrack and track.channel.channel == 9
    assert read.tempo == round(TEMPO)
    pattern = song.to_pattern()
    found = []
    for index, measure in enumerate(track.measures):
        position = Fraction(index * 4)
        for beat in measure.voices[0].beats:
            found += [(position, note.value) for note in beat.notes]
            position += Fraction(beat.duration.time, guitarpro.models.Duration.quarterTime)
        assert position == (index + 1) * 4, "each bar is full"
    assert sorted(found) == sorted((hit.beat, hit.pitch) for hit in pattern.hits)


def test_guitar_pro_says_what_to_install(song, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "guitar-pro", ("no_such_module",))
    with pytest.raises(ModuleNotFoundError, match=r"no_such_module is not installed: pip install -e '\.\[guitar-pro\]'"):
        song.content("gp5")


def test_music21_reads_midi_and_musicxml(song, tmp_path):
    """MIDI at the times of the recording; sheet music with the upbeat in its bar, and all strokes."""
    music21 = pytest.importorskip("music21", reason="music21 is not installed: pip install music21")
    middle, score = song.save(tmp_path / "song", ["mid", "musicxml"])
    count = sum(len(getattr(struck, "notes", [struck])) for struck in music21.converter.parse(score).recurse().notes)
    assert count == len(song.strokes()[1])
    read = music21.midi.MidiFile()
    read.open(str(middle))
    read.read()
    read.close()
    ons = [event.pitch for track in read.tracks for event in track.events if event.isNoteOn()]
    assert sorted(ons) == sorted(MIDI_PITCH[event.name] for event in song.events)


# --- in other time signatures ------------------------------------------------------------------------------------------

BARS = 8
# In quarter notes: strokes of a bar, which begins with its kick.
IN_A_BAR = {
    (3, 4): {"KD": (0,), "SD": (1, 2), "HH": np.arange(6) / 2},
    (6, 8): {"KD": (0,), "SD": (1.5,), "HH": np.arange(6) / 2},
    (7, 8): {"KD": (0,), "SD": (1, 2), "HH": np.arange(7) / 2},
}
METERS = pytest.mark.parametrize("meter", IN_A_BAR, ids=lambda meter: "{}/{}".format(*meter))


def in_meter(meter: tuple[int, int]) -> Transcription:
    """Bars of this time signature after an upbeat: a snare on the last beat of the bar before them."""
    silent = Beats(np.arange(2.0), np.arange(2) + 1, True, meter)
    unit, a_bar = float(silent.unit), silent.a_bar
    count = BARS * a_bar + 3
    beats = Beats(0.4 + np.arange(count) * unit * 60 / TEMPO, (np.arange(count) - 1) % a_bar + 1, True, meter)
    lines = unit + 4 * meter[0] / meter[1] * np.arange(BARS)  # quarter notes from the first beat
    at = {name: np.add.outer(lines, places).ravel() for name, places in IN_A_BAR[meter].items()}
    at["SD"] = np.concatenate([[0.0], at["SD"]])
    duration = float(beats.times[-2])
    return made({name: beats.seconds(places / unit) for name, places in at.items()}, duration, beats)


def bar_lines(song: Transcription) -> np.ndarray:
    """Seconds of the bar lines within the song."""
    return song.beats.downbeats[song.beats.downbeats < song.duration]


@METERS
@pytest.mark.parametrize("kind", ["mid", "notes.mid"])
def test_bars_of_midi_have_the_time_signature_and_begin_with_the_kick(meter, kind, tmp_path):
    import pretty_midi

    song = in_meter(meter)
    (path,) = song.save(tmp_path / "song", kind, quantise=16)
    file, tick, signatures, kicks = mido.MidiFile(path), 0, [], []
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "time_signature":
            signatures.append((tick, message.numerator, message.denominator))
    assert signatures[-1][1:] == meter
    assert [length * 4 * file.ticks_per_beat / unit for _, length, unit in signatures[:-1]] == [signatures[-1][0]]
    tick = 0
    for message in file.tracks[1]:
        tick += message.time
        if message.type == "note_on" and message.note == (36 if kind == "mid" else 96) and message.velocity:
            kicks.append(tick)
    bar = file.ticks_per_beat * 4 * meter[0] // meter[1]
    assert kicks == [signatures[-1][0] + bar * number for number in range(BARS)]
    read = pretty_midi.PrettyMIDI(str(path))
    found = [read.tick_to_time(at) for at in kicks]
    np.testing.assert_allclose(found, bar_lines(song)[:BARS], atol=0.001)
    tempi = read.get_tempo_changes()[1]
    assert tempi[1:] == pytest.approx([TEMPO] * (len(tempi) - 1), rel=0.01), "in quarter notes a minute"


@METERS
def test_bars_of_a_chart_have_the_time_signature(meter):
    chparse = pytest.importorskip("chparse", reason="chparse is not installed: pip install chparse")
    song = in_meter(meter)
    text = song.content("chart").decode()
    read = chparse.load(io.StringIO(text))
    tempos = [(event.time, 60e9 / float(event.value)) for event in read.sync_track if event.kind is chparse.NoteTypes.BPM]
    signatures = [(int(tick), int(beats), 2 ** int(power)) for tick, beats, power in re.findall(r"(\d+) = TS (\d+) (\d+)", text)]
    assert signatures[-1][1:] == meter
    drums = read.instruments[chparse.EXPERT][chparse.DRUMS]
    kicks = [note.time for note in drums if note.kind is chparse.NoteTypes.NOTE and note.fret == 0]
    assert kicks == [signatures[-1][0] + 480 * 4 * meter[0] // meter[1] * number for number in range(BARS)]
    for name, lane in {"KD": 0, "SD": 1, "HH": 2}.items():
        ticks = [note.time for note in drums if note.kind is chparse.NoteTypes.NOTE and note.fret == lane]
        np.testing.assert_allclose(in_seconds(ticks, tempos, 480), grid_seconds(song, name), atol=0.007)


@METERS
def test_measures_of_dtx_are_as_long_as_the_bars(meter):
    song = in_meter(meter)
    text = song.content("dtx").decode("shift_jis")
    lengths = dict(re.findall(r"^#(\d{3})02: (.*?)\r?$", text, re.MULTILINE))
    assert set(lengths) == {"000", "001"} and float(lengths["001"]) == meter[0] / meter[1]
    assert re.findall(r"^#(\d{3})13: (.*?)\r?$", text, re.MULTILINE) == [(f"{number + 1:03d}", "04") for number in range(BARS)]
    _, objects = dtx_objects(text)
    for name, channel in {"HH": "11", "SD": "12", "KD": "13"}.items():
        times = [seconds for seconds, of, _ in objects if of == channel]
        np.testing.assert_allclose(times, grid_seconds(song, name), atol=0.007)


def test_a_dtx_that_begins_with_a_bar_of_three_states_its_length_once():
    waltz = made({"KD": [0.0, 1.5, 3.0]}, 4.0, Beats(np.arange(12) * 0.5, np.arange(12) % 3 + 1, True, (3, 4)))
    text = waltz.content("dtx").decode("shift_jis")
    assert re.findall(r"^#(\d{3})02: (.*?)\r?$", text, re.MULTILINE) == [("000", "0.750000")]
    assert re.findall(r"^#(\d{3})13: (.*?)\r?$", text, re.MULTILINE) == [("000", "04"), ("001", "04"), ("002", "04")]


@pytest.mark.parametrize(
    ("meter", "tempo", "counts", "bar"),
    [
        ((3, 4), "3/4, 104 beats a minute", "1e&a2e&a3e&a", ("x-x-x-x-x-x-", "----o---o---", "o-----------")),
        ((6, 8), "6/8, 104 quarter notes a minute", "1&2&3&4&5&6&", ("x-x-x-x-x-x-", "------o-----", "o-----------")),
        ((7, 8), "7/8, 104 quarter notes a minute", "1&2&3&4&5&6&7&", ("x-x-x-x-x-x-x-", "----o---o-----", "o-------------")),
    ],
)
def test_bars_of_a_tab_count_the_time_signature(meter, tempo, counts, bar):
    lines = in_meter(meter).content("tab").decode().splitlines()
    assert lines[1] == tempo and max(map(len, lines)) <= 79
    assert all(set(line.split()) == {counts} for line in lines if line.startswith("   "))
    rows = ["".join(line[3:] for line in lines if line[:3] == f"{name}|").rstrip("|").split("|") for name in ("HH", "SD", "BD")]
    upbeat, *bars = zip(*rows, strict=True)
    assert upbeat[0] == upbeat[2] == "-" * len(counts) and upbeat[1].count("o") == 1
    assert bars == [bar] * BARS


@METERS
def test_measures_of_guitar_pro_have_the_time_signature_and_are_full(meter):
    """Also one without a stroke, the fourth."""
    guitarpro = pytest.importorskip("guitarpro", reason="PyGuitarPro is not installed: pip install pyguitarpro")
    bar, found, pattern = Fraction(4 * meter[0], meter[1]), [], in_meter(meter).to_pattern()
    pattern = replace(pattern, hits=tuple(hit for hit in pattern.hits if hit.beat // bar != 3))
    read = guitarpro.parse(io.BytesIO(guitar_pro(pattern)))
    assert read.tempo == round(TEMPO)
    for index, measure in enumerate(read.tracks[0].measures):
        signature, position = measure.timeSignature, index * bar
        assert (signature.numerator, signature.denominator.value) == meter
        assert sum(signature.beams) == 2 * bar, "eighths are beamed by beats"
        for beat in measure.voices[0].beats:
            found += [(position, note.value) for note in beat.notes]
            position += Fraction(beat.duration.time, guitarpro.models.Duration.quarterTime)
        assert position == (index + 1) * bar
    assert sorted(found) == sorted((hit.beat, hit.pitch) for hit in pattern.hits)
    assert [at for at, pitch in found if pitch == 36] == [bar * number for number in range(1, BARS + 1) if number != 3]


@METERS
def test_measures_of_musicxml_have_the_time_signature_and_begin_with_the_kick(meter):
    root = ET.fromstring(in_meter(meter).content("musicxml").split(b'dtd">')[1])
    assert (root.findtext(".//time/beats"), root.findtext(".//time/beat-type")) == tuple(map(str, meter))
    assert float(root.find(".//sound").get("tempo")) == pytest.approx(TEMPO, rel=0.01)
    upbeat, *measures = root.iter("measure")
    assert len(measures) == BARS and not [note for note in upbeat.iter("note") if note.findtext("voice") == "2"]
    for measure in measures:
        first = next(note for note in measure.iter("note") if note.findtext("voice") == "2")
        assert first.find("instrument").get("id") == "P1-36"
        hats = [note for note in measure.iter("note") if note.find("instrument") is not None]
        assert sum(note.find("instrument").get("id") == "P1-42" for note in hats) == 2 * 4 * meter[0] // meter[1]


@METERS
def test_beats_of_jams_and_arrays_are_counted_in_the_bar(meter):
    song = in_meter(meter)
    (beats,) = [part for part in json.loads(song.content("jams"))["annotations"] if part["namespace"] == "beat"]
    places = [entry["value"] for entry in beats["data"]]
    assert places[1 : 1 + song.beats.a_bar] == list(range(1, song.beats.a_bar + 1)) and max(places) == song.beats.a_bar
    np.testing.assert_array_equal(np.load(io.BytesIO(song.content("npz")))["beat_positions"], song.beats.positions)


@METERS
@pytest.mark.parametrize("quantise", [4, 8, 12, 16, 24, 32, 48])
def test_every_grid_can_be_written_and_bars_begin_on_it(meter, quantise):
    song = in_meter(meter)
    for kind in [kind for kind, entry in FORMATS.items() if entry.on_grid and kind not in ("svg", "pdf", "gp5")]:
        assert song.content(kind, None, quantise)
    start, strokes = song.strokes(quantise)
    bar = Fraction(4 * meter[0], meter[1])
    assert [stroke.beat - start for stroke in strokes if stroke.name == "KD"] == [bar * (number + 1) for number in range(BARS)]


@pytest.mark.parametrize("quantise", [None, 12, 24, 48])
def test_swung_strokes_in_four_eight_are_written_in_sixteenths(quantise):
    beats = Beats(0.3 + np.arange(42) * 0.4, np.arange(42) % 4 + 1, True, (4, 8))
    eighths = 2 * np.arange(20.0)  # of quarters
    song = made({"HH": beats.seconds(np.sort([*eighths, *(eighths + 4 / 3)])), "KD": beats.seconds(eighths)}, 17.0, beats)
    assert b"1& sixteenths" in song.content("tab", None, quantise)
    assert {stroke.beat.denominator for stroke in song.strokes(quantise)[1]} == {1, 4}


# --- all ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "gp5"])
def test_an_empty_song_one_stroke_at_the_start_and_odd_names_give_every_format(kind):
    nothing = made({}, 3.0).content(kind)
    assert nothing or kind == "labels.txt"
    at_once = replace(made({"KD": [0.0, 0.5], "SD": [0.0]}, 2.0), name='a "quoted"\n名前 <&>', source=None)
    assert at_once.content(kind)
    early = Beats(np.arange(20) * 0.5 - 0.3, (np.arange(20) + 2) % 4 + 1)
    assert replace(at_once, given_beats=early).content(kind)


def test_strokes_that_fall_together_are_counted_for_all_formats_on_the_grid(song):
    flam = song.add("SD", float(song.beats.seconds(2)) + 0.03)
    counts = {kind: flam.count_merged(kind) for kind in FORMATS}
    assert {kind for kind, count in counts.items() if count} == {kind for kind, entry in FORMATS.items() if entry.on_grid}


def test_names_of_formats_are_found_and_an_unknown_one_is_said():
    assert kinds_of(["MIDI", ".pdf", "audacity", "labels", "tab"]) == ["mid", "pdf", "labels.txt", "tab.txt"]
    with pytest.raises(
        ValueError, match="'wma' is no format: choose of mid, csv, musicxml, svg, pdf, labels, markers, svl, jams, tab"
    ):
        kinds_of("wma")


def test_a_suffix_of_two_parts_is_one_suffix(song, tmp_path):
    assert song.save(tmp_path / "x.labels.txt", "labels") == [tmp_path / "x.labels.txt"]
    assert song.save(tmp_path / "x.notes.mid", ["notes", "mid"]) == [tmp_path / "x.notes.mid", tmp_path / "x.mid"]
    assert mido.MidiFile(tmp_path / "x.mid").ticks_per_beat == 960
