"""Corpora on disk: a track in the wrong split, lost or doubled, falsifies every score of its corpus."""

import csv
import shutil
import unicodedata
import warnings

import mido
import numpy as np
import pytest
import soundfile
import yaml

from adtlib import paths
from adtlib.corpora import base
from adtlib.corpora.base import MARKER, CorpusError
from adtlib.corpora.enst_mdb import ENST_NUMBERS, ENST_TRAIN_TRACKS, MDB_NAMES, EnstMdb
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.registry import CORPORA, TRAINABLE, open_corpus
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.vocabulary import ANY_TEXT, ENST, GENERAL_MIDI, MDB, ROLAND


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_wav(path, value=0.25, n_samples=4410):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(n_samples, value), 44100, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def write_drums(path, pitches=(36, 38), channel=9):
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mido.MidiFile(type=0)
    notes = [mido.Message("note_on", note=pitch, channel=channel, velocity=90, time=480) for pitch in pitches]
    file.tracks.append(mido.MidiTrack(notes))
    file.save(path)
    return path


def write_enst(base, drummer, stem, skip=()):
    files = {
        "wet": base / drummer / "audio" / "wet_mix" / f"{stem}.wav",
        "accompaniment": base / drummer / "audio" / "accompaniment" / f"{stem}.wav",
        "annotation": base / drummer / "annotation" / f"{stem}.txt",
    }
    for index, (kind, path) in enumerate(files.items()):
        if kind in skip:
            continue
        if kind == "annotation":
            write(path, "0.01 bd\n0.02 sd-\n")
        else:
            write_wav(path, 0.25 * (index + 1))
    return files


def write_mdb(base, name):
    write_wav(base / "audio" / "full_mix" / f"MusicDelta_{name}_MIX.wav", 0.5)
    write_wav(base / "audio" / "drum_only" / f"MusicDelta_{name}_Drum.wav", 0.125)
    write(base / "annotations" / "subclass" / f"MusicDelta_{name}_subclass.txt", "0.01 \t KD \n")


def write_egmd(base, rows, with_files=True):
    """`rows`: (split, stem); real columns."""
    base.mkdir(parents=True, exist_ok=True)
    columns = "drummer,session,id,style,bpm,beat_type,time_signature,duration,split,midi_filename,audio_filename,kit_name"
    with (base / "e-gmd-v1.0.0.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split(","))
        for split, stem in rows:
            writer.writerow(["d", "s", "i", "x", 120, "beat", "4-4", 1.0, split, f"{stem}.midi", f"{stem}.wav", "Kit, Acoustic"])
            if with_files:
                write(base / f"{stem}.midi")
                write(base / f"{stem}.wav")


def write_slakh(folder, stems, midi):
    """`stems`: {name: its metadata}; `midi`: names of the stems whose MIDI is written."""
    write_wav(folder / "mix.flac")
    write(folder / "metadata.yaml", yaml.safe_dump({"UUID": "x", "stems": stems}))
    for name in midi:
        write_drums(folder / "MIDI" / f"{name}.mid")


def ids(tracks):
    return [track.id for track in tracks]


# --- all -------------------------------------------------------------------------------------------------------------


def test_the_five_corpora_have_the_names_of_the_published_results():
    assert tuple(CORPORA)[:5] == ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT", "SADTP")
    assert TRAINABLE[:4] == ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT") and "SADTP" not in TRAINABLE


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_that_is_not_there_says_what_is_missing_and_how_to_get_it(tmp_path, name):
    corpus = open_corpus(name, tmp_path)
    assert not corpus.present and not corpus.miniature
    assert len(corpus.missing()) == corpus.expected()
    for split in corpus.splits:
        assert len(corpus.missing(split)) == corpus.expected(split) > 0
        assert corpus.found(split) == 0
        assert corpus.info.sequences[split] > 0
    for text in (corpus.info.licence, corpus.info.citation, corpus.info.url, corpus.info.remedy):
        assert text
    assert corpus.info.unit == "sequence" or corpus.expected() == corpus.info.n_tracks


@pytest.mark.parametrize("name", CORPORA)
def test_a_split_that_does_not_exist_is_refused_with_those_that_do(tmp_path, name):
    with pytest.raises(ValueError, match=r"choose from .*test"):
        open_corpus(name, tmp_path).missing("dev")


def test_the_marker_at_the_root_or_above_tells_miniature_corpora_from_real_ones(tmp_path):
    write(tmp_path / MARKER)
    (tmp_path / "deeper").mkdir()
    for root in (tmp_path, tmp_path / "deeper"):
        for name in CORPORA:
            corpus = open_corpus(name, root)
            assert corpus.miniature and corpus.expected() is None and corpus.missing() == []


def test_where_data_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("ADT_DATA", str(tmp_path))
    assert open_corpus("E-GMD").root == tmp_path
    monkeypatch.delenv("ADT_DATA")
    assert open_corpus("E-GMD").root == paths.DATA


def test_what_is_neither_corpus_nor_folder_is_refused_with_the_names(tmp_path):
    with pytest.raises(CorpusError, match=r"neither a corpus \(ENST\+MDB, E-GMD, Slakh"):
        open_corpus(str(tmp_path / "nothing"))


# --- ENST+MDB --------------------------------------------------------------------------------------------------------


def test_the_split_of_the_thesis_holds_87_tracks_and_none_twice():
    names = [name for split in MDB_NAMES.values() for name in split]
    assert len(names) == len(set(names)) == 23
    numbers = [number for split in ENST_NUMBERS.values() for number in split]
    assert len(numbers) == len(set(numbers)) == 21
    assert len(numbers) + ENST_TRAIN_TRACKS == 64
    assert sum(EnstMdb.info.n_units.values()) == EnstMdb.info.n_tracks == 87
    for split, total in EnstMdb.info.n_units.items():
        assert total == len(MDB_NAMES[split]) + len(ENST_NUMBERS.get(split, range(ENST_TRAIN_TRACKS)))


@pytest.mark.parametrize("below", ["", "ENST+MDB"])
def test_enst_tracks_go_to_the_split_of_their_drummer_and_number(tmp_path, below):
    base = tmp_path / below / "ENST-drums-public"
    for drummer, stem in [
        ("drummer_1", "107_minus-one_salsa_sticks"),
        ("drummer_2", "115_minus-one_rock_sticks"),
        ("drummer_3", "134_minus-one_funk_sticks"),
        ("drummer_3", "142_minus-one_metal_sticks"),
        ("drummer_3", "099_phrase_rock_simple_fast_sticks"),
        ("drummer_1", "001_hits_snare-drum_sticks_x6"),
    ]:
        write_enst(base, drummer, stem)
    write(base / "drummer_1" / "annotation" / "._107_minus-one_salsa_sticks.txt")
    corpus = open_corpus("ENST+MDB", tmp_path)
    assert ids(corpus.tracks("train")) == [
        "ENST/drummer_1/107_minus-one_salsa_sticks",
        "ENST/drummer_2/115_minus-one_rock_sticks",
    ]
    assert ids(corpus.tracks("validation")) == ["ENST/drummer_3/134_minus-one_funk_sticks"]
    assert ids(corpus.tracks("test")) == ["ENST/drummer_3/142_minus-one_metal_sticks"]
    assert [len(corpus.missing(split)) + len(corpus.tracks(split)) for split in corpus.splits] == [58, 14, 15]
    assert any("drummer_3/annotation/126_minus-one" in entry for entry in corpus.missing("validation"))


def test_enst_audio_is_the_sum_of_drums_and_accompaniment(tmp_path):
    write_enst(tmp_path / "ENST-drums-public", "drummer_1", "107_minus-one_salsa_sticks")
    corpus = open_corpus("ENST+MDB", tmp_path)
    [track] = corpus.tracks("train")
    assert track.mapping is ENST
    np.testing.assert_allclose(corpus.read_audio(track), 0.75, atol=1e-6)
    assert [len(times) for times in corpus.read_annotation(track).onsets] == [1, 1, 0, 0, 0]


def test_an_enst_track_without_accompaniment_is_missing_by_the_name_of_the_file(tmp_path):
    write_enst(tmp_path / "ENST-drums-public", "drummer_3", "142_minus-one_metal_sticks", skip=("accompaniment",))
    corpus = open_corpus("ENST+MDB", tmp_path)
    assert corpus.tracks() == []
    named = "ENST-drums-public/drummer_3/audio/accompaniment/142_minus-one_metal_sticks.wav"
    assert corpus.missing("test").count(named) == 1 and len(corpus.missing("test")) == 15


def test_an_enst_track_in_no_split_of_the_thesis_is_not_slipped_into_one(tmp_path):
    write_enst(tmp_path / "ENST-drums-public", "drummer_3", "177_minus-one_metal_sticks")
    corpus = open_corpus("ENST+MDB", tmp_path)
    assert corpus.tracks() == []
    [left_out] = corpus.left_out()
    assert "177_minus-one_metal_sticks.txt: drummer_3's track 177 is in no split" in left_out


@pytest.mark.parametrize(
    "place", ["MDB Drums", "ENST+MDB/MDB Drums", "ENST+MDB/MDBDrums-master/MDB Drums", "MDBDrums-master/MDB Drums"]
)
def test_mdb_is_found_in_each_place_it_is_unpacked_to(tmp_path, place):
    for name in ("Punk", "Grunge", "Hendrix"):
        write_mdb(tmp_path / place, name)
    corpus = open_corpus("ENST+MDB", tmp_path)
    assert ids(corpus.tracks()) == ["MDB/MusicDelta_Punk", "MDB/MusicDelta_Grunge", "MDB/MusicDelta_Hendrix"]
    assert {track.mapping for track in corpus.tracks()} == {MDB}
    assert open_corpus("ENST+MDB", tmp_path / place).present


def test_the_drums_of_mdb_alone_are_a_named_option_that_prepares_apart(tmp_path):
    write_mdb(tmp_path / "MDB Drums", "Punk")
    mix, drums = (open_corpus("ENST+MDB", tmp_path, mdb_audio=kind) for kind in ("full_mix", "drum_only"))
    np.testing.assert_allclose(mix.read_audio(mix.tracks()[0]), 0.5, atol=1e-6)
    np.testing.assert_allclose(drums.read_audio(drums.tracks()[0]), 0.125, atol=1e-6)
    assert mix.options != drums.options
    with pytest.raises(ValueError, match="full_mix, drum_only"):
        open_corpus("ENST+MDB", tmp_path, mdb_audio="vocals")


def test_of_a_miniature_only_what_was_lost_is_missing(tmp_path):
    write(tmp_path / MARKER)
    write_mdb(tmp_path / "MDB Drums", "Punk")
    write_mdb(tmp_path / "MDB Drums", "Disco")
    (tmp_path / "MDB Drums/audio/full_mix/MusicDelta_Disco_MIX.wav").unlink()
    corpus = open_corpus("ENST+MDB", tmp_path)
    assert ids(corpus.tracks()) == ["MDB/MusicDelta_Punk"]
    assert corpus.missing() == ["MDB Drums/audio/full_mix/MusicDelta_Disco_MIX.wav"]


# --- E-GMD -----------------------------------------------------------------------------------------------------------


def test_the_rows_of_the_egmd_table_are_its_tracks_in_order(tmp_path):
    rows = [("test", "drummer1/eval_session/1_x_1"), ("train", "drummer1/session1/2_x_1"), ("train", "drummer1/session1/1_x_1")]
    write_egmd(tmp_path / "e-gmd-v1.0.0", rows)
    (tmp_path / "e-gmd-v1.0.0" / "drummer1/session1/1_x_1.midi").unlink()
    for root in (tmp_path, tmp_path / "e-gmd-v1.0.0"):
        corpus = open_corpus("E-GMD", root)
        assert ids(corpus.tracks("train")) == ["drummer1/session1/2_x_1"]
        [track] = corpus.tracks("test")
        assert track.audio[0].is_file() and track.annotation[0].suffix == ".midi" and track.mapping is ROLAND
        assert corpus.missing("train")[0].endswith("drummer1/session1/1_x_1.midi")
        assert [len(corpus.missing(split)) for split in corpus.splits] == [35_217 - 1, 5_031, 5_289 - 1]


def test_rows_of_a_damaged_egmd_table_are_named_and_the_others_are_used(tmp_path):
    write_egmd(tmp_path / "e-gmd-v1.0.0", [("train", "a"), ("holdout", "b")])
    table = tmp_path / "e-gmd-v1.0.0" / "e-gmd-v1.0.0.csv"
    table.write_text(table.read_text() + "drummer1,session")
    corpus = open_corpus("E-GMD", tmp_path)
    assert ids(corpus.tracks()) == ["a"]
    [left_out] = corpus.left_out()
    assert "e-gmd-v1.0.0.csv: 2 rows without a split or a file name, in lines 3, 4; `adt corpora --fetch E-GMD`" in left_out
    for content, words in (("split,kit_name\ntrain,x\n", "no column midi_filename, audio_filename"), ("", "no column split")):
        table.write_text(content)
        corpus = open_corpus("E-GMD", tmp_path)
        assert not corpus.present and words in corpus.left_out()[0]


def test_of_double_rows_one_counts_and_no_row_leaves_the_corpus(tmp_path):
    folder = tmp_path / "e-gmd-v1.0.0"
    write_egmd(folder, [("train", "a"), ("test", "a"), ("train", "b")])
    write_wav(tmp_path / "outside.wav")
    write_drums(tmp_path / "outside.midi")
    table = folder / "e-gmd-v1.0.0.csv"
    first = table.read_text().splitlines()[1]
    for place in ("../outside", str(tmp_path / "outside"), "b/../../outside", "..\\outside"):
        table.write_text(table.read_text() + first.replace("a.midi", f"{place}.midi").replace("a.wav", f"{place}.wav") + "\n")
    table.write_text(table.read_text() + first.replace("a.wav", "a.midi") + "\n")  # two columns mixed up
    corpus = open_corpus("E-GMD", tmp_path)
    assert ids(corpus.tracks()) == ["a", "b"] and [track.split for track in corpus.tracks()] == ["train", "train"]
    double, outside = sorted(corpus.left_out())
    assert "2 rows with a recording of an earlier row, in lines 3, 9" in double
    assert "4 rows with a file outside the corpus, in lines 5, 6, 7, 8" in outside


# --- Slakh -----------------------------------------------------------------------------------------------------------

GUITAR, DRUMS = {"is_drum": False, "audio_rendered": True}, {"is_drum": True, "audio_rendered": True}


def test_the_annotation_of_slakh_is_every_drum_stem_that_is_heard(tmp_path):
    base = tmp_path / "slakh2100_flac_redux"
    unheard = {"is_drum": True, "audio_rendered": False}
    write_slakh(base / "train/Track00002", {"S00": GUITAR, "S01": DRUMS}, ["S00", "S01"])
    write_slakh(base / "train/Track00001", {"S00": DRUMS, "S01": GUITAR, "S02": DRUMS, "S03": unheard}, ["S00", "S02"])
    write_slakh(base / "test/Track01900", {"S05": {"is_drum": "True", "audio_rendered": "yes"}}, ["S05"])
    corpus = open_corpus("Slakh", tmp_path)
    assert ids(corpus.tracks()) == ["train/Track00001", "train/Track00002", "test/Track01900"]
    one, two = corpus.tracks("train")
    assert [path.name for path in one.annotation] == ["S00.mid", "S02.mid"] and one.mapping is GENERAL_MIDI
    assert [path.name for path in two.annotation] == ["S01.mid"]
    assert corpus.read_annotation(one).n_events == 2 * corpus.read_annotation(two).n_events == 4
    assert [len(corpus.missing(split)) for split in corpus.splits] == [1_287, 270, 150]


def test_what_is_wrong_with_a_slakh_track_is_named_and_the_others_go_on(tmp_path):
    base = tmp_path / "slakh2100_flac_redux" / "validation"
    write_slakh(base / "Track01501", {"S00": DRUMS}, [])
    write_slakh(base / "Track01502", {"S00": GUITAR}, ["S00"])
    write_slakh(base / "Track01503", {"S00": DRUMS}, ["S00"])
    (base / "Track01503/mix.flac").unlink()
    write_slakh(base / "Track01504", {"S00": DRUMS}, ["S00"])
    write(base / "Track01504/metadata.yaml", "stems: [unclosed")
    write_slakh(base / "Track01505", {"S00": DRUMS}, ["S00"])
    write(base / "Track01505/metadata.yaml", "")
    write_slakh(base / "Track01506", {"S00": DRUMS}, ["S00"])
    corpus = open_corpus("Slakh", tmp_path)
    assert ids(corpus.tracks()) == ["validation/Track01506"]
    named = corpus.missing("validation")[:5]
    for entry, words in zip(
        named, ["MIDI/S00.mid", "no rendered drum stem", "mix.flac", "damaged", "no table of stems"], strict=True
    ):
        assert words in entry and entry.startswith("slakh2100_flac_redux/validation/Track0150")
    assert len(corpus.missing("validation")) == 269


# --- SADTP -----------------------------------------------------------------------------------------------------------


def test_sadtp_songs_may_have_any_name_and_are_for_testing_only(tmp_path):
    names = [
        "Call Your Name <Gv>",
        "Wake Up, Get Up",
        "cóunter・attàck-mˈænkάɪnd",
        "A1Gう",
        unicodedata.normalize("NFD", "Bauklötze"),
    ]
    for name in names:
        write_wav(tmp_path / "SADTP" / name / "mix.wav")
        write_drums(tmp_path / "SADTP" / name / "annotation.mid", (22, 26, 58))
    write_drums(tmp_path / "SADTP" / "Escape" / "annotation.mid")
    (tmp_path / "SADTP" / "notes").mkdir()
    corpus = open_corpus("SADTP", tmp_path)
    assert corpus.splits == ("test",)
    assert ids(corpus.tracks()) == sorted(unicodedata.normalize("NFC", name) for name in names)
    assert [len(times) for times in corpus.read_annotation(corpus.tracks()[0]).onsets] == [0, 0, 1, 2, 0]
    assert corpus.missing()[0] == "SADTP/Escape/mix.wav" and len(corpus.missing()) == 11


# --- ADTOF-YT --------------------------------------------------------------------------------------------------------


def write_adtof(folder, number, features=(400, 84, 1), targets=(400, 5), broken=()):
    rng = np.random.default_rng(1)
    elements = []
    for index in range(number):
        x, y = rng.random(features, dtype=np.float32), np.zeros(targets, np.float32)
        y[index, 0] = 1
        if index in broken:
            x[3, 4] = np.nan
        elements.append([x, y])
    write_saved_dataset(folder, elements)
    return elements


def test_adtof_sequences_stream_without_their_channel_and_count_without_reading(tmp_path):
    elements = write_adtof(tmp_path / "adtof" / "adtof_yt_train", 3)
    write_adtof(tmp_path / "adtof_yt_test", 1)
    corpus = open_corpus("ADTOF-YT", tmp_path)
    assert corpus.present and corpus.quantised
    assert [corpus.found(split) for split in corpus.splits] == [3, 0, 1]
    got = list(corpus.sequences("train"))
    assert len(got) == 3
    for (features, targets), (x, y) in zip(got, elements, strict=True):
        np.testing.assert_array_equal(features, x[:, :, 0])
        np.testing.assert_array_equal(targets, y)
    assert len(corpus.missing("train")) == 134_332 - 3
    assert corpus.missing("validation")[0] == "adtof/adtof_yt_validation, sequence 0"


def test_adtof_has_no_tracks_and_says_what_to_use(tmp_path):
    with pytest.raises(CorpusError, match=r"sequences\(split\)"):
        open_corpus("ADTOF-YT", tmp_path).tracks()


def test_an_absent_adtof_split_names_the_remedy_when_it_is_read(tmp_path):
    with pytest.raises(CorpusError, match=r"adtof_yt_test: no such folder; request it"):
        next(open_corpus("ADTOF-YT", tmp_path).sequences("test"))


def test_sequences_of_other_shapes_are_refused(tmp_path):
    write_adtof(tmp_path / "adtof_yt_train", 1, features=(400, 80, 1))
    with pytest.raises(CorpusError, match=r"sequence 0 has the shapes .*80.* not \(400, 84, 1\)"):
        list(open_corpus("ADTOF-YT", tmp_path).sequences("train"))


def test_a_sequence_with_nan_is_left_out_and_the_others_go_on(tmp_path):
    write_adtof(tmp_path / "adtof_yt_train", 4, broken=(1,))
    with pytest.warns(UserWarning, match="sequence 1 holds NaN"):
        assert len(list(open_corpus("ADTOF-YT", tmp_path).sequences("train"))) == 3


def test_sequences_with_flipped_bytes_are_left_out_and_named(tmp_path):
    write_adtof(tmp_path / "adtof_yt_train", 4)
    [path] = (tmp_path / "adtof_yt_train").glob("*/*/*.snapshot")
    content = bytearray(path.read_bytes())
    content[len(content) // 4 + 1_000] ^= 0x10
    path.write_bytes(content)
    corpus = open_corpus("ADTOF-YT", tmp_path)
    with pytest.warns(UserWarning, match=r"left out: .*snapshot: damaged in the record at byte \d+ .*checksum.*download"):
        assert len(list(corpus.sequences("train"))) == 3
    assert corpus.found("train") == 4, "so that the exit status of preparing shows it"


def test_a_truncated_split_gives_its_whole_sequences_first(tmp_path):
    write_adtof(tmp_path / "adtof_yt_train", 3)
    [path] = (tmp_path / "adtof_yt_train").glob("*/*/*.snapshot")
    path.write_bytes(path.read_bytes()[:-10])
    corpus, got = open_corpus("ADTOF-YT", tmp_path), []
    with pytest.raises(CorpusError, match="truncated"):
        got.extend(corpus.sequences("train"))
    assert len(got) == 2


def test_a_split_without_usable_metadata_is_warned_of_and_does_not_hide_the_others(tmp_path):
    write_adtof(tmp_path / "adtof_yt_train", 1)
    write_adtof(tmp_path / "adtof_yt_test", 2)
    (tmp_path / "adtof_yt_train" / "snapshot.metadata").write_bytes(b"\xff")
    corpus = open_corpus("ADTOF-YT", tmp_path)
    with pytest.warns(UserWarning, match=r"snapshot\.metadata: damaged"):
        assert corpus.found("train") == 0
    assert corpus.present and corpus.found("test") == 2


def test_the_fingerprint_of_a_split_changes_with_its_files(tmp_path):
    corpus = open_corpus("ADTOF-YT", tmp_path)
    assert corpus.source_fingerprint("train") == ""
    write_adtof(tmp_path / "adtof_yt_train", 1)
    one = corpus.source_fingerprint("train")
    shutil.rmtree(tmp_path / "adtof_yt_train")
    write_adtof(tmp_path / "adtof_yt_train", 2)
    assert one and corpus.source_fingerprint("train") not in ("", one)


# --- a user's folder -------------------------------------------------------------------------------------------------


def test_recordings_with_annotations_of_the_same_name_are_a_corpus(tmp_path):
    write_wav(tmp_path / "My Song.WAV")
    write(tmp_path / "My Song.txt", "0.01 kick\n0.02 sd-\n0.03 42\n")
    write_wav(tmp_path / "album" / "two.flac")
    write_drums(tmp_path / "album" / "two.mid", (36, 49))
    write_wav(tmp_path / "lonely.ogg", n_samples=44100)
    write_drums(tmp_path / "unheard.midi")
    write(tmp_path / "README.txt", "my recordings")
    corpus = open_corpus(tmp_path)
    assert isinstance(corpus, FolderCorpus) and corpus.splits == ("test",) and corpus.present
    one, two = corpus.tracks()
    assert (one.id, one.mapping, two.id, two.mapping) == ("My Song", ANY_TEXT, "album/two", ROLAND)
    assert [len(times) for times in corpus.read_annotation(one).onsets] == [1, 1, 0, 1, 0]
    assert corpus.missing() == ["lonely.mid or .txt (annotation of lonely.ogg)", "unheard.wav (recording of unheard.midi)"]
    assert corpus.expected() is None


def test_subfolders_named_as_splits_are_splits(tmp_path):
    for split in ("train", "test"):
        write_wav(tmp_path / split / "a.wav")
        write(tmp_path / split / "a.csv", "time,label\n0.01,KD\n")
    corpus = FolderCorpus(tmp_path)
    assert corpus.splits == ("train", "test")
    assert [(track.id, track.split) for track in corpus.tracks()] == [("train/a", "train"), ("test/a", "test")]


def test_melodies_in_a_users_midi_are_not_drums_and_the_kit_can_be_named(tmp_path):
    write_wav(tmp_path / "a.wav")
    write_drums(tmp_path / "a.mid", (22, 58, 36, 38, 38))
    write_wav(tmp_path / "piano.wav")
    write_drums(tmp_path / "piano.mid", (60,), channel=0)
    general, roland = FolderCorpus(tmp_path, midi_mapping=GENERAL_MIDI), FolderCorpus(tmp_path)
    assert general.read_annotation(general.tracks()[0]).unknown == {22: 1}
    assert sum(map(len, roland.read_annotation(roland.tracks()[0]).onsets)) == 5
    assert general.options != roland.options
    with pytest.raises(ValueError, match=r"piano\.mid.*channel 10"):
        general.read_annotation(general.tracks()[1])


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        FolderCorpus(tmp_path / "nowhere")


# --- Slakh, damaged ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stems", "words"),
    [
        ("S00: {is_drum: true}\n  S01: {is_drum: no}", "audio_rendered of the stem S00 is None, neither true nor false"),
        ("S00: {is_drum: maybe, audio_rendered: true}", "is_drum of the stem S00 is 'maybe'"),
        ("S00: {is_drum: true, audio_rendered: true}", "does not name the stem S01, which is there"),
        ("S01: {}\n  ../../x: {is_drum: true, audio_rendered: true}", "is_drum of the stem S01"),
        ("S00: {is_drum: no}\n  S01: {is_drum: no}\n  ../../x: {is_drum: true, audio_rendered: true}", "not the name of a file"),
        ("S00: [1, 2]", "no table of stems"),
        ("? [1, 2]\n  : {is_drum: true}", "unhashable"),
        ("{" * 50 + "}" * 50, ""),
    ],
)
def test_metadata_of_slakh_that_are_damaged_or_cut_cost_one_track(tmp_path, stems, words):
    base = tmp_path / "slakh2100_flac_redux" / "test"
    for name in ("Track01901", "Track01902"):
        write_slakh(base / name, {"S00": DRUMS, "S01": GUITAR}, ["S00", "S01"])
    write(base / "Track01901" / "metadata.yaml", f"stems:\n  {stems}\n")
    corpus = open_corpus("Slakh", tmp_path)
    assert ids(corpus.tracks()) == ["test/Track01902"]
    [left_out] = corpus.left_out()
    assert "Track01901/metadata.yaml (damaged: " in left_out and words in left_out and left_out.endswith("remove its folder")
    assert corpus.missing("test")[0].startswith("slakh2100_flac_redux/test/Track01901/metadata.yaml")


def test_names_and_values_of_slakhs_metadata_are_text(tmp_path):
    base = tmp_path / "slakh2100_flac_redux" / "test" / "Track01901"
    write_slakh(base, {"S00": DRUMS}, ["S00"])
    lines = 'S00: {is_drum: "True", audio_rendered: true}\n  1: {is_drum: "False", date: 2021-99-99}\n  2021-01-01: {is_drum: no}'
    write(base / "metadata.yaml", f"stems:\n  {lines}\n")
    corpus = open_corpus("Slakh", tmp_path)
    assert [path.name for path in corpus.tracks()[0].annotation] == ["S00.mid"] and not corpus.left_out()


# --- the real data ---------------------------------------------------------------------------------------------------


def test_the_seven_real_mdb_songs_are_six_for_training_and_one_for_validation(real_data):
    corpus = open_corpus("ENST+MDB", real_data)
    assert [len(corpus.tracks(split)) for split in corpus.splits] == [6, 1, 0]
    assert ids(corpus.tracks("validation")) == ["MDB/MusicDelta_Beatles"]
    annotations = [corpus.read_annotation(track) for track in corpus.tracks()]
    assert sum(annotation.n_events for annotation in annotations) == 1128
    assert not any(annotation.unknown for annotation in annotations)
    assert len(corpus.missing()) == 80
    drums = open_corpus("ENST+MDB", real_data, mdb_audio="drum_only")
    assert ids(drums.tracks()) == ids(corpus.tracks())


def test_the_real_excerpts_are_seen_as_what_they_are(real_data):
    egmd, slakh, sadtp = (open_corpus(name, real_data) for name in ("E-GMD", "Slakh", "SADTP"))
    assert not egmd.present and len(egmd.missing()) == 45_537
    assert sum("_138_beat_4-4_" in entry for entry in egmd.missing("test")) > 10
    assert ids(slakh.tracks()) == ["train/Track00001"]
    assert [path.name for path in slakh.tracks()[0].annotation] == ["S01.mid"]
    assert not slakh.read_annotation(slakh.tracks()[0]).unknown
    assert not sadtp.present and len(sadtp.missing()) == 16
    assert all(entry.endswith("/mix.wav") and "*" not in entry for entry in sadtp.missing())


def test_the_sixteen_real_sadtp_annotations_hold_no_unknown_pitch(real_data):
    files = sorted((real_data / "SADTP").glob("*/annotation.mid"))
    assert len(files) == 16
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        totals = sum(np.array([len(times) for times in base.read_annotation(path, ROLAND).onsets]) for path in files)
    assert (totals > 0).all()


def test_the_real_adtof_samples_stream(real_data):
    corpus = open_corpus("ADTOF-YT", real_data)
    assert [corpus.found(split) for split in corpus.splits] == [13, 7, 6]
    for split in corpus.splits:
        sequences = list(corpus.sequences(split))
        assert len(sequences) == corpus.found(split)
        for features, targets in sequences:
            assert features.shape == (400, 84) and features.min() >= 0
            assert set(np.unique(targets)) <= {0.0, 0.5, 1.0}
