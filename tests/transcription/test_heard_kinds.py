"""Kinds of strokes in a transcription and its files: each is read back as its class, and five classes stay what they were."""

import contextlib
import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
import torch
from test_pretrained import with_header, write_run
from test_transcription import made

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.cli import main
from adtlib.cli.options import option_parser
from adtlib.cli.transcribe_reports import Report
from adtlib.models.engines import logit_blocks
from adtlib.models.kinds import KindsHead
from adtlib.models.prediction import TorchEngine, predict_logits
from adtlib.notation.beats import Beats
from adtlib.notation.drum_maps import drum_map
from adtlib.notation.musicxml import PLACES
from adtlib.onsets.annotations import read_annotation
from adtlib.onsets.own import is_own
from adtlib.transcription.excerpts import events_between, passage_pattern
from adtlib.transcription.kinds import HeardKinds
from adtlib.transcription.packing import pack, with_kinds
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import ModelError, load_model
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import ANY_TEXT, CLASSES, GENERAL_MIDI, KINDS, MAIN_KIND, MDB, MDB_KINDS

NAMES = list(KINDS)
PITCH = {kind: drum_map().pitch(kind) for kind in KINDS}


def heard(strokes: dict, least=None, duration: float = 10.0) -> Transcription:
    """A transcription with strokes {kind: seconds}, each heard with probability 0.8 in its class."""
    by_class = {name: sorted(t for kind, times in strokes.items() if KINDS[kind] == name for t in times) for name in CLASSES}
    song = made(by_class, duration)
    probabilities = np.zeros((len(song.activations), len(NAMES)), dtype=np.float16)
    for kind, times in strokes.items():
        own = [number for number, name in enumerate(NAMES) if KINDS[name] == KINDS[kind]]
        frames = np.round(np.array(times) * 100).astype(int)
        probabilities[np.ix_(frames, own)] = 0.2 / max(len(own) - 1, 1)
        probabilities[frames, NAMES.index(kind)] = 0.8
    return Transcription(**vars(song) | {"kinds": HeardKinds(probabilities, least or {})})


GROOVE = {
    "kick": [1.0, 2.0, 3.0],
    "snare": [1.5, 2.5],
    "side_stick": [3.5],
    "hat_closed": [1.0, 1.25, 1.5, 1.75],
    "hat_open": [2.25],
    "hat_pedal": [2.75],
    "ride": [3.0, 3.25],
    "china": [4.0],
    "tom_high": [4.25],
    "tom_low": [4.5],
}


def test_every_kind_is_read_back_as_its_class():
    for kind, name in KINDS.items():
        assert GENERAL_MIDI.classes[PITCH[kind]] == name
        assert PITCH[kind] in PLACES
        assert ANY_TEXT.class_of(kind) == name
    assert all(KINDS[kind] == name for name, kind in MAIN_KIND.items())
    assert MDB_KINDS.keys() == MDB.classes.keys()
    assert all(KINDS[kind] == MDB.classes[label] for label, kind in MDB_KINDS.items())


def test_the_likeliest_kind_is_told_where_it_is_believed():
    found = heard(GROOVE, {"hat_open": 0.9, "china": None, "ride": 0.7})
    told = {(event.seconds, event.name): (event.kind, round(event.kind_confidence, 2)) for event in found.events}
    assert told[3.0, "CY"] == ("ride", 0.8)
    assert told[2.25, "HH"] == ("hat_closed", 0.05)  # not sure enough: its class's main kind
    assert told[4.0, "CY"] == ("crash", 0.04)  # never believed
    assert told[3.5, "SD"] == ("side_stick", 0.8)
    assert told[1.0, "KD"] == ("kick", 0.8)


def test_files_tell_kinds_and_are_read_back_as_classes(tmp_path):
    song = heard(GROOVE)
    file = mido.MidiFile(file=io.BytesIO(song.to_midi()))
    pitches = sorted(message.note for track in file.tracks for message in track if message.type == "note_on" and message.velocity)
    assert pitches == sorted(PITCH[kind] for kind, times in GROOVE.items() for _ in times)
    song.save(tmp_path / "song", ("mid", "csv"))
    assert is_own(tmp_path / "song.csv") and is_own(tmp_path / "song.mid")
    for name, mapping in (("song.mid", GENERAL_MIDI), ("song.csv", ANY_TEXT)):
        read = read_annotation([tmp_path / name], mapping)
        for found, wanted in zip(read.onsets, song.onsets, strict=True):
            np.testing.assert_allclose(found, wanted, atol=0.001)
    rows = song.to_csv().splitlines()
    assert rows[0] == "time_seconds,class,pitch,velocity,confidence,kind,kind_confidence"
    assert "3.500,SD,37," in song.to_csv() and ",side_stick,0.800" in song.to_csv()
    assert list(song.table().columns)[-2:] == ["kind", "kind_confidence"]
    pattern = song.to_pattern()
    assert sorted(hit.pitch for hit in pattern.hits) == pitches
    assert "circle-x" in song.to_musicxml() and "open-string" in song.to_musicxml()


def test_strokes_that_a_drum_map_puts_on_one_pitch_are_counted():
    song = heard({"kick": [0.5, 1.0, 1.5, 2.0], "snare": [1.0], "side_stick": [1.05]})
    song = dataclasses.replace(song, given_beats=Beats(np.arange(20) * 0.5, np.arange(20) % 4 + 1))
    assert song.count_merged("mid", 4) == 0 and song.count_merged("mid", 4, "alesis") == 1


@pytest.mark.parametrize("meter", [(3, 4), (6, 8)])
def test_notation_tells_kinds_in_every_metre(meter):
    song = heard(GROOVE).with_meter(meter)
    pattern = song.to_pattern()
    assert pattern.meter == meter
    assert sorted(hit.pitch for hit in pattern.hits) == sorted(PITCH[event.label] for event in song.events)


def test_strokes_of_a_class_that_fall_on_one_place_of_the_grid_are_one_note():
    song = heard({"hat_closed": [1.0, 2.0, 3.0], "hat_open": [1.06], "kick": [1.0, 2.0, 3.0]})
    hats = [hit for hit in song.to_pattern(4).hits if GENERAL_MIDI.classes[hit.pitch] == "HH"]
    assert len(hats) == 3


def test_a_passage_has_the_kinds_of_the_whole():
    song = heard(GROOVE | {"hat_open": [2.25, 8.5], "ride": [7.0]})
    wanted = [(event.seconds, event.kind) for event in song.events if event.seconds >= 3]
    assert [(event.seconds, event.kind) for event in events_between(song, 3.0, 10.0)] == wanted
    assert {46, 51} <= {hit.pitch for hit in passage_pattern(song, song.beats, 6.0, 9.0).hits}


def test_drum_maps_decide_the_pitch_of_each_kind():
    song, five = heard(GROOVE), heard(GROOVE).with_five_classes()
    hats = [event.kind for event in song.events if event.name == "HH"]
    rows = list(csv.DictReader(io.StringIO(song.to_csv(drum_map="bfd"))))
    assert [int(row["pitch"]) for row in rows if row["class"] == "HH"] == [drum_map("bfd").pitch(kind) for kind in hats]
    assert len({row["pitch"] for row in rows if row["class"] == "HH"}) == 3
    classes = "KD=36,SD=38,TT=47,HH=42,CY=49"
    assert song.to_midi(drum_map=classes) == five.to_midi(drum_map=classes) == five.to_midi()
    own = [int(row.split(",")[2]) for row in song.to_csv(drum_map="HH=22").splitlines()[1:]]
    assert 46 not in own and own.count(22) == 6 and 51 in own


def test_formats_tell_kinds_where_they_can(tmp_path):
    song = heard(GROOVE)
    labels = [event.label for event in song.events]
    assert {"hat_open", "tom_low", "side_stick"} <= set(labels)
    assert [line.split("\t")[2] for line in song.content("labels").decode().splitlines()] == labels
    assert re.findall(r'label="(\w+)"', song.content("svl").decode()) == labels
    assert [line.split(",")[1] for line in song.content("markers").decode().splitlines()[1:]] == labels
    tags, notes, _ = json.loads(song.content("jams"))["annotations"]
    assert [entry["value"] for entry in tags["data"]] == labels
    assert [entry["value"] for entry in notes["data"]] == [PITCH[label] for label in labels]
    assert np.load(io.BytesIO(song.content("npz")))["onset_kinds"].tolist() == labels
    song.save(tmp_path / "song", "labels")
    read = read_annotation([tmp_path / "song.labels.txt"], ANY_TEXT)
    for found, wanted in zip(read.onsets, song.onsets, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    five = song.with_five_classes()
    for kind in ("tab", "chart", "notes.mid", "dtx"):  # how: tests/notation/test_kinds_on_charts.py
        assert song.content(kind) != five.content(kind)


def test_what_is_printed_counts_the_kinds():
    options = option_parser().parse_args(["transcribe", "song.wav"])
    heard_in, out = {"heard": 1.0, "written": 0.0}, io.StringIO()
    with contextlib.redirect_stdout(out):
        Report(options).transcribed(heard(GROOVE), "song.wav", Path("song"), [], heard_in, [])
    _, onsets, *kinds, _ = out.getvalue().splitlines()
    assert onsets.startswith("  17 onsets: KD 3  SD 3")
    counted = [f"{len(times)} {kind.replace('_', ' ')}" for kind, times in GROOVE.items() if kind != "kick"]
    assert set(re.split(r",\s+", " ".join(kinds).strip())) == set(counted)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        options = option_parser().parse_args(["transcribe", "song.wav", "--json"])
        Report(options).transcribed(heard(GROOVE), "", Path(), [], heard_in, [])
    assert json.loads(out.getvalue())["kinds"] == {kind: len(times) for kind, times in GROOVE.items() if kind != "kick"}


def test_guitar_pro_has_the_kinds_on_the_strings_of_their_classes():
    guitarpro = pytest.importorskip("guitarpro", reason="PyGuitarPro is missing: pip install -e '.[guitar-pro]'")
    song = heard({"hat_open": [1.0], "ride": [1.0], "side_stick": [1.0], "kick": [1.0], "tom_low": [1.5]})
    (track,) = guitarpro.parse(io.BytesIO(song.content("gp5"))).tracks
    notes = [note for measure in track.measures for beat in measure.voices[0].beats for note in beat.notes]
    assert sorted(note.value for note in notes) == [36, 37, 43, 46, 51]
    assert {note.value: note.string for note in notes} == {51: 1, 46: 2, 43: 3, 37: 4, 36: 5}


def test_five_classes_are_what_they_were(tmp_path):
    song = heard(GROOVE)
    plain = Transcription(**vars(song) | {"kinds": None})
    five = song.with_five_classes()
    for kind in ("mid", "csv", "musicxml"):
        assert five.content(kind) == plain.content(kind)
    assert {event.kind for event in five.events} == {""}


# ---- models -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(tmp_path):
    """A packed model, and the same with a head for kinds."""
    path = tmp_path / "plain.safetensors"
    path.write_bytes(pack([write_run(tmp_path / "run_0"), write_run(tmp_path / "run_1", 1)], 0.4, "plain", half=True))
    torch.manual_seed(3)
    head = KindsHead(48, 8, 0.3, 0.6).eval()
    with_head = tmp_path / "kinds.safetensors"
    with_head.write_bytes(with_kinds(path, head, {"hat_open": 0.6, "china": None}, "a test"))
    return path, with_head


def test_a_head_is_added_to_a_file_and_changes_nothing_else(packed, rng):
    plain, model = map(load_model, packed)
    features = rng.uniform(0, 2, (930, 84)).astype(np.float32)
    wanted, found = (next(predict_logits(each.network, [features], precision="float32")) for each in (plain, model))
    np.testing.assert_array_equal(found, wanted)
    assert plain.kinds is None and plain.confidences is None and plain.hearing is plain.network
    assert model.confidences == {"hat_open": 0.6, "china": None} and model.network.kinds is None
    assert next(predict_logits(model.hearing, [features])).shape == (930, len(CLASSES) + len(KINDS))
    assert {key: value for key, value in model.about.items() if key not in ("kinds", "checksum")} == {
        key: value for key, value in plain.about.items() if key != "checksum"
    }
    again = packed[0].with_name("again.safetensors")
    again.write_bytes(with_kinds(packed[1], model.kinds, model.confidences, "a test"))
    assert again.read_bytes() == packed[1].read_bytes()


@pytest.fixture(scope="module")
def shipped_with_head(tmp_path_factory):
    """The shipped model with an untrained head for kinds: it finds real onsets; their kinds are arbitrary."""
    plain = load_model("adt")
    path = tmp_path_factory.mktemp("shipped") / "kinds.safetensors"
    torch.manual_seed(5)
    hidden_size = sum(member.network.output.in_features for member in plain.network.members)
    scale = plain.network.members[0].standardize
    head = KindsHead(hidden_size, 16, float(scale.mean), float(scale.std))
    with torch.no_grad():
        head.output[-1].weight *= 8
    path.write_bytes(with_kinds(paths.WEIGHTS / "adt.safetensors", head.eval(), {"hat_pedal": None}, "a test"))
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "song.wav"
    seconds = [0.5 + beat / 2 for beat in range(18)]
    beat = {"KD": seconds[::2], "SD": seconds[1::2], "HH": [s for s in seconds if s < 7], "TT": [7.75, 8.75], "CY": [7.5, 8.5]}
    soundfile.write(path, made(beat, 10.0).play_drums(), SAMPLE_RATE)
    return path


def test_a_recording_is_heard_with_kinds_or_without(shipped_with_head, recording):
    found = transcribe(recording, model=shipped_with_head, engine="torch")
    plain = transcribe(recording, model="adt", engine="torch").with_five_classes()
    assert len(plain.events) > 10
    np.testing.assert_array_equal(found.activations, plain.activations)
    assert found.kinds.probabilities.shape == (len(found.activations), len(KINDS))
    assert [event[:4] for event in found.events] == [event[:4] for event in plain.events]
    assert all(KINDS[event.kind] == event.name for event in found.events)
    assert {event.kind for event in found.events} - set(MAIN_KIND.values()), "some are other kinds than the main ones"
    assert "hat_pedal" not in {event.kind for event in found.events}
    likeliest = [
        max((kind for kind in KINDS if KINDS[kind] == e.name), key=lambda kind: probabilities[NAMES.index(kind)])
        for e in found.events
        for probabilities in [found.kinds.probabilities[round(e.seconds * 100)]]
    ]
    told = [MAIN_KIND["HH"] if kind == "hat_pedal" else kind for kind in likeliest]
    assert [event.kind for event in found.events] == told
    assert found.with_five_classes().to_midi() == plain.to_midi() != found.to_midi()
    by_hand = found.add("HH", 1.0).add("CY", 2.0)
    assert [KINDS[event.kind] for event in by_hand.events if event.seconds in (1.0, 2.0) and event.confidence == 1] == ["HH", "CY"]


def test_both_engines_hear_the_same_kinds(shipped_with_head, recording, tmp_path):
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    path = tmp_path / "kinds.safetensors"
    path.write_bytes(shipped_with_head.read_bytes())
    assert main(["pack", str(path.with_suffix(".onnx")), str(path), "--graph"]) == 0
    model = load_model(path)
    assert model.engine.name == "onnxruntime"
    frames = model.engine.frames
    assert model.engine.logits(np.zeros((2, frames, 84), dtype=np.float32)).shape == (2, frames, len(CLASSES) + len(KINDS))
    in_torch = dataclasses.replace(model, engine=TorchEngine(model.hearing, "float32"))
    one, other = (transcribe(recording, model=each) for each in (model, in_torch))
    np.testing.assert_allclose(one.activations, other.activations, atol=1e-4)
    np.testing.assert_allclose(one.kinds.probabilities.astype(float), other.kinds.probabilities.astype(float), atol=5e-3)
    alone = transcribe(recording)  # the shipped model in the same engine
    np.testing.assert_allclose(one.activations, alone.activations, atol=1e-5)
    (tmp_path / "kinds.onnx").write_bytes((paths.WEIGHTS / "adt.onnx").read_bytes())
    with pytest.raises(ModelError, match="does not fit these weights"):
        load_model(path)


def test_windows_follow_the_segments_of_training_in_both_engines(tmp_path, rng):
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    runs = [write_run(tmp_path / "short"), write_run(tmp_path / "long", 1)]
    record = json.loads((runs[1] / "config.json").read_text())
    record["config"]["segment_frames"] = 800
    (runs[1] / "config.json").write_text(json.dumps(record))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(pack(runs, 0.4, "mine"))
    assert main(["pack", str(tmp_path / "mine.onnx"), str(path), "--graph"]) == 0
    model = load_model(path)
    engines = model.engine, TorchEngine(model.hearing, "float32")
    assert [engine.name for engine in engines] == ["onnxruntime", "torch"]
    assert [engine.frames for engine in engines] == [800, 800]
    features = rng.uniform(0, 2, (1_900, 84)).astype(np.float32)
    one, other = (np.concatenate(list(logit_blocks(engine, [features], 3))) for engine in engines)
    np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda header: {key: value for key, value in header.items() if key != "kinds"}, "header says nothing"),
        (lambda header: header | {"kinds": header["kinds"] | {"width": 16}}, "is .* not"),
        (lambda header: header | {"kinds": header["kinds"] | {"width": 10**9}}, "no size"),
        (lambda header: header | {"kinds": header["kinds"] | {"hidden_size": "48"}}, "hidden_size"),
        (lambda header: header | {"kinds": header["kinds"] | {"confidences": {"gong": 0.5}}}, "gong"),
        (lambda header: header | {"kinds": header["kinds"] | {"confidences": {"china": 2}}}, "china"),
        (lambda header: header | {"kinds": {}}, "kinds"),
        (lambda header: header | {"kinds": header["kinds"] | {"hidden_size": 24}}, "is .* not"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(packed, change, reason):
    path = packed[1]
    path.write_bytes(with_header(path.read_bytes(), change))
    with pytest.raises(ModelError, match=reason):
        load_model(path)


def test_a_head_for_another_network_is_refused(packed):
    other = KindsHead(50, 8)
    path = packed[1]
    path.write_bytes(with_kinds(packed[0], other, {}, ""))
    with pytest.raises(ModelError, match="50"):
        load_model(path)


def test_the_command_writes_kinds_or_five_classes(shipped_with_head, recording, tmp_path, capsys):
    call = ["transcribe", str(recording), "--format", "csv", "--model", str(shipped_with_head), "--json"]
    assert main([*call, "--out", str(tmp_path / "kinds")]) == 0
    (said,) = capsys.readouterr().out.splitlines()
    assert main([*call, "--out", str(tmp_path / "five"), "--classes", "5"]) == 0
    assert all("kind" not in onset for onset in json.loads(capsys.readouterr().out)["onsets"])
    told, five = (list(csv.DictReader((tmp_path / name / "song.csv").open())) for name in ("kinds", "five"))
    assert len(told) == len(five) > 10
    assert all("kind" not in row for row in five)
    assert {row["kind"] for row in told} - set(MAIN_KIND.values()), "some are other kinds than the main ones"
    for row, plain in zip(told, five, strict=True):
        assert KINDS[row["kind"]] == row["class"] and 0 < float(row["kind_confidence"]) <= 1
        assert int(row["pitch"]) == PITCH[row["kind"]]
        assert int(plain["pitch"]) == PITCH[MAIN_KIND[plain["class"]]]
        assert all(row[name] == plain[name] for name in ("time_seconds", "class", "velocity", "confidence"))
    onsets = json.loads(said)["onsets"]
    assert [(onset["kind"], onset["pitch"]) for onset in onsets] == [(row["kind"], int(row["pitch"])) for row in told]


def test_onnx_files_have_the_logits_of_kinds_after_those_of_classes(packed, rng):
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is missing: pip install -e '.[onnx]'")
    from adtlib.transcription.onnx_export import metadata, to_onnx

    plain, model = map(load_model, packed)
    session = onnxruntime.InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"])
    windows = rng.uniform(0, 2, (2, 400, 84)).astype(np.float32)
    (logits,) = session.run(["logits"], {"features": windows})
    with torch.inference_mode():
        wanted = model.hearing(torch.from_numpy(windows)).numpy()
    assert logits.shape == (2, 400, len(CLASSES) + len(KINDS))
    np.testing.assert_allclose(logits, wanted, atol=1e-3)
    assert metadata(model)["kinds"] == {"classes": KINDS, "confidences": {"hat_open": 0.6, "china": None}}
    assert "kinds" not in metadata(plain)
    assert json.dumps(metadata(model))
    alone = onnxruntime.InferenceSession(to_onnx(plain), providers=["CPUExecutionProvider"])
    assert alone.run(["logits"], {"features": windows})[0].shape == (2, 400, len(CLASSES))
