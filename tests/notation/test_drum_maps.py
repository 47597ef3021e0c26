"""Drum maps: every form in which one is given, and a sentence for each that cannot be used."""

import json
import re
from pathlib import Path

import pytest

from adtlib.notation.drum_maps import DRUM_MAPS, DrumMapError, drum_map
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, KINDS, MIDI_PITCH, ROLAND


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


@pytest.mark.parametrize("name", DRUM_MAPS)
def test_every_kind_of_stroke_has_a_pitch_that_belongs_to_its_class_alone(name):
    entry = drum_map(name)
    owners: dict[int, set[str]] = {}
    for kind, of in KINDS.items():
        owners.setdefault(entry.pitch(kind), set()).add(of)
    assert all(len(of) == 1 for of in owners.values())
    assert all(entry.pitch(of) == pitch for of, pitch in entry.pitches.items())
    assert entry.pitch("hat_open") != entry.pitch("hat_closed")
    assert len({entry.pitch(tom) for tom in ("tom_high", "tom_mid", "tom_low")}) == 3
    assert entry.pitch("ride") != entry.pitch("crash")


def test_kinds_of_general_midi_and_roland_kits_read_back_as_their_class():
    for mapping, name in ((GENERAL_MIDI, "general-midi"), (ROLAND, "roland"), (GENERAL_MIDI, "toontrack")):
        for kind, of in KINDS.items():
            pitch = drum_map(name).pitch(kind)
            if name == "toontrack" and pitch < 35:
                continue  # below the drum set of General MIDI
            assert CLASSES[mapping.class_index(pitch)] == of, kind


def test_the_map_of_hydrogens_kit_is_that_of_its_file():
    path = Path("/usr/share/hydrogen/data/drumkits/GMRockKit/drumkit.xml")
    if not path.is_file():
        pytest.skip("Hydrogen's GMRockKit is not installed (Debian: hydrogen-data)")
    text = path.read_text(errors="replace")
    notes = dict(re.findall(r"<instrument>.*?<name>(.*?)</name>.*?<midiOutNote>(\d+)</midiOutNote>", text, re.DOTALL))
    wanted = {"hat_half_open": "Hat Semi-Open", "hat_open": "Hat Open", "hat_pedal": "Hat Pedal", "hat_closed": "Hat Closed"}
    wanted |= {"tom_low": "Floor Tom", "tom_mid": "Tom 2", "tom_high": "Tom 1", "ride_bell": "Bell", "side_stick": "Stick"}
    assert {kind: drum_map("hydrogen").pitch(kind) for kind in wanted} == {kind: int(notes[of]) for kind, of in wanted.items()}


def test_own_maps_may_name_kinds_of_strokes():
    own = drum_map("KD=35,hat_open=26,Hat-Pedal=21,CY=49,ride=51")
    assert own.pitches["CY"] == 49
    assert {
        kind: own.pitch(kind) for kind in ("kick", "hat_open", "hat_half_open", "hat_pedal", "hat_closed", "ride", "ride_bell")
    } == {
        "kick": 35,
        "hat_open": 26,
        "hat_half_open": 26,
        "hat_pedal": 21,
        "hat_closed": 42,
        "ride": 51,
        "ride_bell": 51,
    }
    assert drum_map("ride=51").pitches["CY"] == 51, "alone it is the class, as before"


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
        ("hat_open=36", "hat_open shares pitch 36 with another class"),
        ("hat_ajar=46", "'hat_ajar' is not a class: .* or a kind of stroke: kick, snare"),
        ("hat_open=46,hat-open=26", "hat_open has two pitches, 46 and 26"),
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
        ("j.csv", "", "there is no pitch in it"),
        ("k.csv", "class;pitch\n# mine\n", "there is no pitch in it"),
        ("l.json", "{}", "there is no pitch in it"),
        ("m.csv", "class,pitch\nKD;36\nSD 38\n", "the line 'SD 38' is not class,pitch"),
    ):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DrumMapError, match=said) as caught:
            drum_map(path)
        assert name in str(caught.value)
