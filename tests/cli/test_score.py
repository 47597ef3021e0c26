"""`adt score` and `adt prepare` on users' files: what they hold is read, and what is left out shows in the exit status."""

import json
import shutil

import mido
import numpy as np
import pytest

from adtlib import paths
from adtlib.cli import main
from adtlib.onsets.annotations import write_onsets

EMPTY = np.empty(0)
TRUTH = [np.array([0.5, 1.0]), np.array([0.75]), EMPTY, EMPTY, EMPTY]


def score(capsys, *arguments) -> tuple[int, dict, str]:
    """(exit status, report, what was printed beside it)."""
    status = main(["score", *map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if printed.out else {}, printed.err


@pytest.mark.parametrize("name", ["midi_key_signature", "midi_time_signature_2_bytes", "midi_track_count", "midi_rmid"])
def test_midi_that_players_play_is_scored(cases, capsys, name):
    for path in sorted((cases / name).glob("*.mid")):
        status, report, said = score(capsys, cases / name / "truth.txt", path)
        assert (status, report["f1_micro"], said) == (0, 1.0, ""), path


@pytest.mark.parametrize(
    ("name", "reference", "estimate"),
    [("labels_audacity", "truth.tsv", "take.txt"), ("labels_quoted_comma", "truth.tsv", "take.csv")],
)
def test_labels_as_programs_write_them_are_scored(cases, capsys, name, reference, estimate):
    for pair in ((reference, estimate), (estimate, reference)):
        status, report, said = score(capsys, *(cases / name / file for file in pair))
        assert (status, report["f1_micro"], said) == (0, 1.0, "")


def test_files_out_of_bounds_are_named(cases, capsys):
    truth = cases / "midi_rmid" / "truth.txt"
    status, _, said = score(capsys, truth, cases / "bounds" / "hugedelta.mid")
    assert status == 1 and "hugedelta.mid: damaged MIDI file" in said and "Traceback" not in said
    status, report, _ = score(capsys, truth, cases / "bounds" / "keysig.mid")
    assert status == 0 and report["scores"]["KD"]["fp"] + report["scores"]["KD"]["tp"] == 1


def test_the_kit_that_was_played_can_be_named(cases, capsys):
    folder = cases / "folder_roland_hats"
    assert score(capsys, folder / "truth.txt", folder / "take.mid")[:2][1]["f1_micro"] == 1.0
    status, report, said = score(capsys, folder / "truth.txt", folder / "take.mid", "--mapping", "general-midi")
    assert status == 1 and report["f1_micro"] < 1 and "take.mid: 8 onsets left out" in said and "22 (4), 26 (4)" in said
    status, _, said = score(capsys, folder / "truth.txt", folder / "ezd.mid")
    assert status == 1 and "ezd.mid: 8 of 12 onsets are percussion outside the five classes" in said and "60=HH" in said
    own = ",".join(f"{pitch}=HH" for pitch in range(60, 66))
    status, report, said = score(capsys, folder / "truth.txt", folder / "ezd.mid", "--mapping", own)
    assert (status, report["f1_micro"], said) == (0, 1.0, "")


@pytest.mark.parametrize("mapping", ["td-50", "60", "60=cowbell", "200=HH", "roland,hat=HH"])
def test_a_mapping_that_is_none_is_wrong_usage(tmp_path, capsys, mapping):
    for command in (["score", "a.txt", "b.txt"], ["prepare", str(tmp_path)]):
        with pytest.raises(SystemExit) as stopped:
            main([*command, "--mapping", mapping])
        assert stopped.value.code == 2 and "as in 60=HH" in capsys.readouterr().err


def test_a_file_of_which_no_label_is_known_is_an_error_on_either_side(tmp_path, capsys):
    write_onsets(tmp_path / "truth.txt", TRUTH)
    (tmp_path / "odd.txt").write_text("0.5 boom\n1.0 bang\n1.5 bang\n")
    for pair in (("truth.txt", "odd.txt"), ("odd.txt", "truth.txt")):
        status, report, said = score(capsys, *(tmp_path / name for name in pair))
        assert status == 1 and not report and "odd.txt: not one of its labels is known" in said and "bang (2), boom (1)" in said


def test_labels_that_are_left_out_show_in_the_exit_status(tmp_path, capsys):
    write_onsets(tmp_path / "truth.txt", TRUTH)
    (tmp_path / "a.txt").write_text("0.5 KD\n0.75 SD\n1.0 KD\n1.2 boom\n")
    status, report, said = score(capsys, tmp_path / "truth.txt", tmp_path / "a.txt")
    assert (status, report["f1_micro"]) == (1, 1.0) and "a.txt: 1 onsets left out" in said and "boom (1)" in said
    (tmp_path / "a.txt").write_text("0.5 KD\n0.75 SD\n1.0 KD\n" + "1.1 KD\n" * 6 + "1.2 shaker\n")
    status, _, said = score(capsys, tmp_path / "truth.txt", tmp_path / "a.txt")
    assert status == 0 and "estimate: percussion outside the five classes, not counted: 1 onsets, shaker (1)" in said


@pytest.fixture
def folders(tmp_path):
    """Folders of references and estimates: songs a and b, the estimates as `adt transcribe` writes them, table and MIDI."""
    for name in "ab":
        write_onsets(tmp_path / f"{name}.mid", TRUTH)
        for folder in ("truth", "est"):
            (tmp_path / folder).mkdir(exist_ok=True)
        write_onsets(tmp_path / "truth" / f"{name}.txt", TRUTH)
        rows = ["time_seconds,class,pitch,velocity,confidence", "0.500,KD,36,90,0.9", "0.750,SD,38,90,0.9", "1.000,KD,36,90,0.9"]
        (tmp_path / "est" / f"{name}.csv").write_text("\n".join(rows) + "\n")
        shutil.move(tmp_path / f"{name}.mid", tmp_path / "est")
    return tmp_path / "truth", tmp_path / "est"


def test_the_table_and_the_midi_file_of_one_transcription_are_one_answer(folders, capsys):
    status, report, said = score(capsys, *folders)
    assert (status, report["n_files"], report["f1_micro"], said) == (0, 2, 1.0, "")


def test_two_answers_that_differ_are_not_scored_and_the_others_are(folders, capsys):
    for name in ("a.csv", "a.mid"):
        (folders[1] / name).unlink()
    write_onsets(folders[1] / "a.mid", TRUTH)
    write_onsets(folders[1] / "a.txt", [TRUTH[0], *[EMPTY] * 4])
    status, report, _ = score(capsys, *folders)
    assert status == 1 and report["n_files"] == 1
    [reason] = report["not_scored"]
    assert "a.txt and" in reason and "a.mid have the same name but other onsets: remove one of them" in reason
    assert main(["score", *map(str, folders)]) == 1
    assert f"NOT SCORED: {reason}" in capsys.readouterr().out


def test_a_corrected_file_counts_rather_than_the_transcription_it_came_from(folders, capsys):
    write_onsets(folders[1] / "a.mid", [np.array([0.5]), *[EMPTY] * 4])
    status, report, said = score(capsys, *folders)
    assert status == 0 and report["scores"]["micro"]["fn"] == 2
    assert "a.mid is read, and not a.csv, which adt transcribe wrote" in said


def test_one_file_that_cannot_be_read_costs_one_line(folders, capsys):
    (folders[0] / "a.txt").write_text("not an annotation\n")
    status, report, _ = score(capsys, *folders)
    assert status == 1 and report["n_files"] == 1 and report["f1_micro"] == 1.0
    assert "a.txt, line 1" in report["not_scored"][0]
    (folders[0] / "b.txt").write_text("neither\n")
    status, report, said = score(capsys, *folders)
    assert status == 1 and not report and "a.txt" in said and "b.txt" in said


def test_the_default_outputs_of_transcribe_can_be_scored(cases, tmp_path, capsys):
    folder = cases / "score_default_outputs"
    assert main(["transcribe", str(folder / "album"), "--out", str(tmp_path / "est")]) == 0
    assert {path.name for path in (tmp_path / "est").iterdir()} == {"take.mid", "take.csv"}
    capsys.readouterr()
    status, report, said = score(capsys, folder / "annotations", tmp_path / "est")
    assert (status, report["n_files"], said) == (0, 1, "") and report["f1_micro"] > 0.9


# --- adt prepare -------------------------------------------------------------------------------------------------------


@pytest.fixture
def prepare(tmp_path, monkeypatch, capsys):
    """`prepare(folder, *options)`: (exit status, onset counts of each prepared track, what was printed)."""
    from adtlib.corpora.registry import open_corpus
    from adtlib.corpora.store import Prepared, prepared_folder
    from adtlib.vocabulary import pitch_mapping

    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")

    def run(folder, *options: str) -> tuple[int, dict, str]:
        status = main(["prepare", str(folder), *options])
        mapping = {"midi_mapping": pitch_mapping(options[1])} if options else {}
        prepared = Prepared(prepared_folder(open_corpus(folder, **mapping)))
        units = [unit for split in prepared.splits for unit in prepared.units(split)]
        return status, {unit.id: [len(times) for times in unit.onsets] for unit in units}, capsys.readouterr().out

    return run


def copied(cases, name, tmp_path):
    """A copy of a case without its description."""
    return shutil.copytree(cases / name, tmp_path / name, ignore=shutil.ignore_patterns("cmd.txt", "expected.txt"))


def test_a_label_track_is_prepared_with_its_drums(cases, prepare, tmp_path):
    status, counts, _ = prepare(copied(cases, "labels_audacity", tmp_path))
    assert status == 0 and counts == {"take": [2, 2, 0, 4, 0]}


def test_an_odd_key_signature_is_no_reason_to_leave_a_track_out(cases, prepare, tmp_path):
    status, counts, _ = prepare(copied(cases, "midi_key_signature", tmp_path))
    assert status == 0 and sum(counts["drums"]) == 12 and sum(counts["good"]) > 0


def test_the_mapping_of_prepare_is_that_of_score(cases, prepare, tmp_path):
    folder = copied(cases, "folder_roland_hats", tmp_path)
    status, counts, said = prepare(folder)
    assert status == 1 and counts["take"][3] == 8 and counts["ezd"][3] == 0 and "ezd.mid: 8 of 12 onsets are percussion" in said
    status, counts, said = prepare(folder, "--mapping", "general-midi")
    assert status == 1 and counts["take"][3] == 0 and "22 (4), 26 (4)" in said
    status, counts, said = prepare(folder, "--mapping", "60=HH,61=HH,62=HH,63=HH,64=HH,65=HH")
    assert status == 0 and counts["take"][3] == 8 and counts["ezd"][3] == 8


def test_splits_of_a_folder_are_told_and_what_is_outside_is_named(cases, prepare, tmp_path):
    status, counts, said = prepare(copied(cases, "folder_split_names", tmp_path))
    assert status == 1 and set(counts) == {"Train/x", "valid/z", "Test/y"}
    assert "train 1 of 1, validation 1 of 1, test 1 of 1" in said and "left out: loose.flac: outside the folders of splits" in said


def test_a_transcription_beside_its_recording_does_not_become_the_truth(cases, prepare, tmp_path, capsys):
    folder = copied(cases, "own_output_as_truth", tmp_path)
    _, before, _ = prepare(folder)
    assert main(["transcribe", str(folder / "take.wav"), "--out", str(folder)]) == 0
    capsys.readouterr()
    status, after, said = prepare(folder)
    assert status == 0 and after == before and before["take"][2] == 1
    assert "take.csv, take.mid: not taken as annotations, as adt transcribe wrote them" in said


def test_two_annotations_are_an_error_for_their_recording_only(cases, prepare, tmp_path):
    folder = copied(cases, "own_output_as_truth", tmp_path)
    shutil.copy(folder / "take.wav", folder / "other.wav")
    shutil.copy(folder / "take.txt", folder / "other.txt")
    mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", channel=9, note=36)])]).save(folder / "other.mid")
    status, counts, said = prepare(folder)
    assert status == 1 and set(counts) == {"take"}
    assert "left out: other: 2 annotations, other.mid and other.txt; leave one of them in the folder" in said


def test_a_folder_in_which_nothing_can_be_used_says_why(tmp_path, prepare, cases):
    shutil.copy(cases / "own_output_as_truth" / "take.wav", tmp_path / "alone.wav")
    status, counts, said = prepare(tmp_path)
    assert status == 1 and not counts and "alone.wav: without an annotation" in said
