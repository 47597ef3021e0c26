"""A user's folder: what is there is used, or named; what two readings could be is never chosen silently."""

import unicodedata

import mido
import numpy as np
import pytest
import soundfile

from adtlib.audio.files import write_blocks
from adtlib.corpora.folder import FolderCorpus
from adtlib.notation.beats import track_beats
from adtlib.notation.midi_files import song_midi
from adtlib.onsets.own import COLUMNS, is_own
from adtlib.vocabulary import GENERAL_MIDI, MIDI_PITCH, ROLAND, pitch_mapping

TABLE = ",".join(COLUMNS) + "\n0.500,KD,36,100,0.900\n"


def recording(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(4410, 0.25), 44100)
    return path


def text(path, content="0.01 KD\n0.05 SD\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def own_midi(path):
    notes = [(0.5, "KD", 100), (1.0, "SD", 90)]
    beats = track_beats([np.array([0.5]), np.array([1.0]), *[np.empty(0)] * 3], 2.0)
    path.write_bytes(song_midi(notes, beats, MIDI_PITCH, 2.0, "song", marked=True))
    return path


def ids(corpus, split=None):
    return [track.id for track in corpus.tracks(split)]


def test_splits_are_folders_in_any_case_and_usual_spelling(tmp_path):
    for name in ("Train/a", "training/b", "VALID/c", "Test/d"):
        text(recording(tmp_path / f"{name}.wav").with_suffix(".txt"))
    corpus = FolderCorpus(tmp_path)
    assert corpus.splits == ("train", "validation", "test") and not corpus.left_out()
    assert [ids(corpus, split) for split in corpus.splits] == [["Train/a", "training/b"], ["VALID/c"], ["Test/d"]]


def test_recordings_outside_the_splits_are_left_out_by_name(tmp_path):
    for name in ("train/a", "loose", "other/b"):
        text(recording(tmp_path / f"{name}.wav").with_suffix(".txt"))
    text(tmp_path / "notes.txt", "what to record next\n")
    corpus = FolderCorpus(tmp_path)
    assert ids(corpus) == ["train/a"]
    assert corpus.left_out() == ["loose.wav, other/b.wav: outside the folders of splits (train); move them into one of these"]


def test_folders_of_splits_that_lie_too_deep_are_named(tmp_path):
    text(recording(tmp_path / "data" / "train" / "a.wav").with_suffix(".txt"))
    corpus = FolderCorpus(tmp_path)
    assert ids(corpus, "test") == ["data/train/a"]
    assert f"data/train: its tracks count as test, as it lies too deep; prepare {tmp_path / 'data'}" in corpus.left_out()[0]
    assert not FolderCorpus(tmp_path / "data").left_out()


@pytest.mark.parametrize(
    ("names", "what"),
    [(("a.wav", "a.txt", "a.mid"), "annotations, a.mid and a.txt"), (("a.wav", "a.flac", "a.txt"), "recordings, a.flac and a.wav")],
)
def test_of_two_answers_none_is_chosen(tmp_path, names, what):
    for name in names:
        if name.endswith(".mid"):
            mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", channel=9, note=36)])]).save(tmp_path / name)
        else:
            (text if name.endswith(".txt") else recording)(tmp_path / name)
    text(recording(tmp_path / "b.wav").with_suffix(".txt"))
    corpus = FolderCorpus(tmp_path)
    assert ids(corpus) == ["b"]
    assert corpus.left_out() == [f"a: 2 {what}; leave one of them in the folder"]
    assert len(corpus.missing()) == 1


def test_suffixes_that_differ_in_case_are_two_answers_too(tmp_path):
    text(recording(tmp_path / "a.wav").with_suffix(".txt"))
    text(tmp_path / "a.TXT", "0.02 SD\n")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system does not distinguish upper and lower case")
    assert "a.TXT and a.txt" in FolderCorpus(tmp_path).left_out()[0]


def test_names_in_either_form_of_unicode_are_one(tmp_path):
    recording(tmp_path / f"{unicodedata.normalize('NFD', 'Café')}.wav")
    text(tmp_path / f"{unicodedata.normalize('NFC', 'Café')}.txt")
    assert ids(FolderCorpus(tmp_path)) == [unicodedata.normalize("NFC", "Café")], "one id on every machine"


def test_what_adt_transcribe_wrote_is_no_annotation_and_no_recording(tmp_path):
    text(recording(tmp_path / "take.wav").with_suffix(".txt"))
    own_midi(tmp_path / "take.mid")
    text(tmp_path / "take.csv", TABLE)
    for kind in ("clicks", "drums"):
        with open(tmp_path / f"take.{kind}.wav", "w+b") as file:
            write_blocks(file, [np.zeros(100, np.float32)])
    corpus = FolderCorpus(tmp_path)
    [track] = corpus.tracks()
    assert track.annotation == (tmp_path / "take.txt",)
    assert not corpus.left_out() and not corpus.missing()
    [remark] = corpus.remarks()
    assert remark.startswith("take.csv, take.mid: not taken as annotations, as adt transcribe wrote them")
    (tmp_path / "take.txt").unlink()
    corpus = FolderCorpus(tmp_path)
    assert not corpus.present and "take.wav: without an annotation" in corpus.left_out()[0]


def test_what_was_corrected_by_hand_is_its_editors(tmp_path):
    path = own_midi(tmp_path / "a.mid")
    assert is_own(path)
    file = mido.MidiFile(path)
    note = next(message for message in file.tracks[1] if message.type == "note_on")
    note.note = 47
    file.save(path)
    assert not is_own(path)
    table = text(tmp_path / "a.csv", TABLE)
    assert is_own(table) and not is_own(text(tmp_path / "b.csv", TABLE.replace(",confidence", "").replace(",0.900", "")))
    assert not is_own(recording(tmp_path / "c.drums.wav")) and not is_own(text(tmp_path / "d.mid", "no MIDI"))


def test_a_recording_without_an_annotation_is_left_out_and_other_texts_are_not_spoken_of(tmp_path):
    recording(tmp_path / "lonely.flac")
    text(tmp_path / "unheard.txt")
    text(tmp_path / "shopping.txt", "milk\nbread\n")
    text(tmp_path / "readme.txt", "0.5 KD\n")
    corpus = FolderCorpus(tmp_path)
    assert corpus.left_out() == ["lonely.flac: without an annotation (.mid, .midi, .txt, .csv, .tsv) of this name; put it there"]
    assert corpus.remarks() == ["unheard.txt: without a recording of the same name"]


def test_percussion_outside_the_classes_is_told_once(tmp_path):
    for name in "ab":
        text(recording(tmp_path / f"{name}.wav").with_suffix(".txt"), "0.01 KD\n" * 9 + "0.02 shaker\n")
    corpus = FolderCorpus(tmp_path)
    assert not corpus.left_out()
    assert corpus.remarks() == ["percussion outside the five classes, not counted: 2 onsets, shaker (2)"]


def test_each_mapping_is_prepared_apart(tmp_path):
    mappings = (ROLAND, GENERAL_MIDI, pitch_mapping("60=HH"), pitch_mapping("general-midi,60=HH"), pitch_mapping("60=SD"))
    assert len({str(FolderCorpus(tmp_path, mapping).options) for mapping in mappings}) == 5
    assert FolderCorpus(tmp_path).midi_mapping is ROLAND
