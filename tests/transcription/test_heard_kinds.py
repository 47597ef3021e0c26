"""Kinds of strokes in a transcription and its files: each is read back as its class, and five classes stay what they were."""

import io
import json

import mido
import numpy as np
import pytest
import torch
from test_pretrained import with_header, write_run
from test_transcription import made

from adtlib.audio.features import SAMPLE_RATE
from adtlib.cli import main
from adtlib.models.ensemble import WithKinds
from adtlib.models.kinds import KindsHead
from adtlib.models.prediction import predict_logits
from adtlib.notation.musicxml import PLACES
from adtlib.onsets.annotations import read_annotation
from adtlib.onsets.own import is_own
from adtlib.transcription.excerpts import events_between, passage_pattern
from adtlib.transcription.kinds import HeardKinds
from adtlib.transcription.packing import pack, with_kinds
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import ModelError, load_model
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import ANY_TEXT, CLASSES, GENERAL_MIDI, KIND_PITCH, KINDS, MDB, MDB_KINDS, MIDI_PITCH

NAMES = list(KINDS)


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
    assert KIND_PITCH.keys() == KINDS.keys()
    for kind, name in KINDS.items():
        assert GENERAL_MIDI.classes[KIND_PITCH[kind]] == name
        assert KIND_PITCH[kind] in PLACES
    assert MIDI_PITCH == {"KD": 36, "SD": 38, "TT": 47, "HH": 42, "CY": 49}
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
    assert pitches == sorted(KIND_PITCH[kind] for kind, times in GROOVE.items() for _ in times)
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


def test_strokes_of_a_class_that_fall_on_one_place_of_the_grid_are_one_note():
    song = heard({"hat_closed": [1.0, 2.0, 3.0], "hat_open": [1.06], "kick": [1.0, 2.0, 3.0]})
    hats = [hit for hit in song.to_pattern(4).hits if GENERAL_MIDI.classes[hit.pitch] == "HH"]
    assert len(hats) == 3


def test_a_passage_has_the_kinds_of_the_whole():
    song = heard(GROOVE | {"hat_open": [2.25, 8.5], "ride": [7.0]})
    wanted = [(event.seconds, event.kind) for event in song.events if event.seconds >= 3]
    assert [(event.seconds, event.kind) for event in events_between(song, 3.0, 10.0)] == wanted
    assert {46, 51} <= {hit.pitch for hit in passage_pattern(song, song.beats, 6.0, 9.0).hits}


def test_drum_maps_without_pitches_for_kinds_keep_those_of_classes():
    song, five = heard(GROOVE), heard(GROOVE).with_five_classes()
    assert song.to_midi(drum_map="alesis") == five.to_midi(drum_map="alesis")
    own = [int(row.split(",")[2]) for row in song.to_csv(drum_map="HH=22").splitlines()[1:]]
    assert 46 not in own and own.count(22) == 6 and 51 in own


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
    assert plain.kinds is None and plain.hearing is plain.network
    assert isinstance(model.hearing, WithKinds) and model.confidences == {"hat_open": 0.6, "china": None}
    assert {key: value for key, value in model.about.items() if key not in ("kinds", "checksum")} == {
        key: value for key, value in plain.about.items() if key != "checksum"
    }
    again = packed[0].with_name("again.safetensors")
    again.write_bytes(with_kinds(packed[1], model.kinds, model.confidences, "a test"))
    assert again.read_bytes() == packed[1].read_bytes()


def test_a_recording_is_heard_with_kinds_or_without(packed, rng):
    waveform = rng.normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    plain, with_head = (transcribe(waveform, SAMPLE_RATE, load_model(path), thresholds=0.3) for path in packed)
    np.testing.assert_array_equal(with_head.activations, plain.activations)
    assert plain.kinds is None and with_head.kinds.probabilities.shape == (300, len(KINDS))
    by_hand = with_head.add("HH", 1.0).add("CY", 2.0)
    assert [KINDS[event.kind] for event in by_hand.events if event.seconds in (1.0, 2.0)] == ["HH", "CY"]
    assert with_head.with_five_classes().to_midi() == plain.to_midi()


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


def test_the_command_writes_kinds_or_five_classes(packed, tmp_path, rng):
    import soundfile

    soundfile.write(tmp_path / "song.wav", rng.normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32), SAMPLE_RATE)
    call = ["transcribe", str(tmp_path / "song.wav"), "--format", "csv", "--threshold", "0.3", "--model", str(packed[1])]
    assert main([*call, "--out", str(tmp_path / "kinds")]) == 0
    assert main([*call, "--out", str(tmp_path / "five"), "--classes", "5"]) == 0
    with_kinds_, five = ((tmp_path / name / "song.csv").read_text().splitlines() for name in ("kinds", "five"))
    assert with_kinds_[0].endswith(",kind,kind_confidence") and five[0].endswith(",confidence")
    drop_pitch = [line.split(",")[:2] + line.split(",")[3:5] for line in with_kinds_]
    assert drop_pitch == [line.split(",")[:2] + line.split(",")[3:5] for line in five]


def test_onnx_has_a_second_output(packed, rng):
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is missing: pip install -e '.[onnx]'")
    from adtlib.transcription.onnx_export import metadata, to_onnx

    plain, model = map(load_model, packed)
    session = onnxruntime.InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"])
    windows = rng.uniform(0, 2, (2, 400, 84)).astype(np.float32)
    logits, kinds = session.run(["logits", "kinds"], {"features": windows})
    with torch.inference_mode():
        wanted = model.hearing(torch.from_numpy(windows)).numpy()
    np.testing.assert_allclose(np.concatenate([logits, kinds], axis=-1), wanted, atol=1e-3)
    assert metadata(model)["kinds"] == {"classes": KINDS, "confidences": {"hat_open": 0.6, "china": None}}
    assert "kinds" not in metadata(plain)
    assert json.dumps(metadata(model))
    alone = onnxruntime.InferenceSession(to_onnx(plain), providers=["CPUExecutionProvider"])
    assert [output.name for output in alone.get_outputs()] == ["logits"]
