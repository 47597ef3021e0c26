"""The mappings decide which drum every label of every corpus is: one wrong entry spoils all scores of a class."""

import pytest

from adtlib import vocabulary
from adtlib.vocabulary import ANY_TEXT, CLASSES, ENST, FIVE_CLASS, GENERAL_MIDI, MDB, MIDI_PITCH, ROLAND, Mapping, UnknownLabel

# The table of the thesis, typed a second time and by class.
TABLE = {
    "ENST": (
        ENST,
        {
            "KD": "bd",
            "SD": "sd sweep rs sticks cs",
            "TT": "mt mtr lmt lt ltr lft",
            "HH": "chh ohh",
            "CY": "cr spl ch rc c cb",
        },
    ),
    "MDB": (
        MDB,
        {
            "KD": "KD",
            "SD": "SD SDB SDD SDF SDG SDNS SST",
            "TT": "HIT MHT HFT LFT",
            "HH": "CHH OHH PHH TMB",
            "CY": "RDC RDB CRC CHC SPC",
        },
    ),
    "General MIDI": (
        GENERAL_MIDI,
        {"KD": "35 36", "SD": "37 38 39 40", "TT": "41 43 45 47 48 50", "HH": "42 44 46 54", "CY": "49 51 52 53 55 56 57 59"},
    ),
    "Roland": (
        ROLAND,
        {
            "KD": "35 36",
            "SD": "37 38 39 40",
            "TT": "41 43 45 47 48 50 58",
            "HH": "42 44 46 54 22 26",
            "CY": "49 51 52 53 55 56 57 59",
        },
    ),
}


@pytest.mark.parametrize(("mapping", "table"), TABLE.values(), ids=TABLE)
def test_every_label_of_the_thesis_has_its_class_and_no_other_label_has_one(mapping, table):
    expected = {label: name for name, labels in table.items() for label in labels.split()}
    assert {str(label): name for label, name in mapping.classes.items()} == expected
    for label, name in mapping.classes.items():
        assert CLASSES[mapping.class_index(label)] == name
    assert mapping.source


def test_mdb_has_all_of_its_21_labels():
    assert len(MDB.classes) == 21


@pytest.mark.parametrize(
    ("label", "name"),
    [("sd-", "SD"), ("rc3", "CY"), ("cr1", "CY"), ("ltr-", "TT"), ("bd-", "KD"), ("rc3-", "CY"), ("chh", "HH")],
)
def test_a_soft_or_numbered_hit_of_enst_is_the_same_drum(label, name):
    assert CLASSES[ENST.class_index(label)] == name


@pytest.mark.parametrize("label", ["", "-", "3", "bd+", "tamb", "BD", "OT"])
def test_a_label_that_enst_does_not_have_is_refused_not_guessed(label):
    with pytest.raises(UnknownLabel, match="ENST"):
        ENST.class_index(label)


def test_the_other_drums_of_mdb_class_annotations_are_not_taken_for_any_of_ours():
    with pytest.raises(KeyError):
        MDB.class_index("OT")


def test_pitches_outside_the_vocabulary_are_ignored_and_all_others_unknown():
    for mapping, ignored in ((GENERAL_MIDI, {58}), (ROLAND, set())):
        known = set(mapping.classes)
        ignored = ignored | set(range(27, 35)) | set(range(60, 88))
        for pitch in range(128):
            if pitch in ignored:
                assert mapping.class_index(pitch) is None
            elif pitch not in known:
                with pytest.raises(UnknownLabel):
                    mapping.class_index(pitch)


def test_the_vibraslap_of_general_midi_is_the_tom_rim_of_roland():
    assert GENERAL_MIDI.class_index(58) is None
    assert CLASSES[ROLAND.class_index(58)] == "TT"


def test_what_is_written_as_midi_reads_back_as_the_same_class_under_both_pitch_mappings():
    for name in CLASSES:
        assert CLASSES[GENERAL_MIDI.class_index(MIDI_PITCH[name])] == name
        assert CLASSES[ROLAND.class_index(MIDI_PITCH[name])] == name


@pytest.mark.parametrize(
    ("label", "name"), [("KD", "KD"), ("bd", "KD"), ("Kick", "KD"), ("CC+RC", "CY"), ("hi-hat", "HH"), ("TO", "TT")]
)
def test_the_five_classes_are_known_by_the_names_of_the_field(label, name):
    assert CLASSES[FIVE_CLASS.class_index(label)] == name


@pytest.mark.parametrize(
    ("label", "name"), [("TT", "TT"), ("SDNS", "SD"), ("sd-", "SD"), ("rc3", "CY"), ("47", "TT"), ("42", "HH"), ("cb", "CY")]
)
def test_a_users_text_may_use_the_labels_of_any_corpus_or_pitches(label, name):
    assert CLASSES[ANY_TEXT.class_index(label)] == name


def test_ignored_pitches_in_a_users_text_are_ignored_and_nonsense_is_not():
    assert ANY_TEXT.class_index("60") is None
    with pytest.raises(UnknownLabel):
        ANY_TEXT.class_index("99")


def test_the_union_never_gives_a_label_another_class_than_its_own_corpus_does():
    for mapping in (FIVE_CLASS, MDB, ENST):
        for label in mapping.classes:
            assert ANY_TEXT.class_index(label) == mapping.class_index(label), label


def test_a_mapping_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="among the classes"):
        Mapping("x", {"a": "BD"})
    with pytest.raises(ValueError, match="ignored"):
        Mapping("x", {"a": "KD"}, frozenset({"a"}))


def test_every_class_has_a_name_for_readers():
    assert tuple(vocabulary.CLASS_NAMES) == CLASSES == tuple(MIDI_PITCH)
