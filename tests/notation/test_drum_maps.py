"""Drum maps: every form in which one is given, and a sentence for each that cannot be used."""

import json

import pytest

from adtlib.notation.drum_maps import DRUM_MAPS, DrumMapError, drum_map
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, MIDI_PITCH, ROLAND


def test_the_default_is_general_midi_and_reads_back_as_the_same_classes():
    assert dict(drum_map().pitches) == MIDI_PITCH
    for name, pitch in drum_map("general-midi").pitches.items():
        assert CLASSES[GENERAL_MIDI.class_index(pitch)] == name
    for name, pitch in drum_map("roland").pitches.items():
        assert CLASSES[ROLAND.class_index(pitch)] == name


@pytest.mark.parametrize("name", DRUM_MAPS)
def test_every_named_map_tells_the_classes_apart_and_names_its_source(name):
    entry = drum_map(name.upper())
    assert sorted(entry.pitches) == sorted(CLASSES)
    assert len(set(entry.pitches.values())) == 5
    assert entry.source
    assert entry.plays


def test_own_maps_as_text_dictionary_and_files(tmp_path):
    wanted = MIDI_PITCH | {"KD": 35, "SD": 40}
    assert dict(drum_map("KD=35, SD=40").pitches) == wanted
    assert dict(drum_map("kick=35,snare=40").pitches) == wanted
    assert dict(drum_map({"KD": 35, "SD": 40}).pitches) == wanted
    (tmp_path / "kit.json").write_text(json.dumps({"KD": 35, "SD": 40}))
    (tmp_path / "kit.csv").write_text("class,pitch\nKD,35\n\n# comment\nSD, 40\n")
    (tmp_path / "excel.csv").write_text("Class;Pitch\nKD;35\nSD;40\n", encoding="utf-16")
    for file in ("kit.json", "kit.csv", "excel.csv"):
        assert dict(drum_map(str(tmp_path / file)).pitches) == wanted
        assert drum_map(tmp_path / file).name == file


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("td-99", "not a drum map: choose one of general-midi"),
        ("XX=36", "'XX' is not a class"),
        ("KD=128", "0 to 127"),
        ("KD=high", "'high' of KD is not a pitch"),
        ("KD=38", "share a pitch"),
        ("KD=35,kick=36", "KD has two pitches"),
        ("~nobody/kit.csv", "no such drum map"),
        ("nowhere.csv", "no such drum map"),
    ],
)
def test_what_cannot_be_used_is_said(given, said):
    with pytest.raises(DrumMapError, match=said):
        drum_map(given)


def test_damaged_files_are_named(tmp_path):
    for name, text, said in (
        ("a.json", "{", "not JSON"),
        ("b.json", "[1]", "expected"),
        ("c.csv", "KD\n", "not class,pitch"),
        ("d.csv", b"\xff\xfe\xff", "UTF-8"),
        ("e.csv", "KD,36\nkick,35\n", "KD has two pitches, 36 and 35"),
        ("f.json", '{"KD": 36, "KD": 35}', "KD has two pitches"),
        ("g.json", "[" * 100_000, "not JSON"),
        ("h.csv", b"KD,36\x00", "control characters"),
        ("i.json", '{"KD": [36]}', "not a pitch"),
    ):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DrumMapError, match=said) as caught:
            drum_map(path)
        assert name in str(caught.value)
