"""Text annotations as people and programs write them: each is read as meant, or refused in words; nothing is lost silently."""

import numpy as np
import pytest

from adtlib.onsets.annotations import AnnotationError, read_annotation
from adtlib.onsets.text import decoded
from adtlib.vocabulary import ANY_TEXT, MDB

KD_SD = [[0.5], [1.25], [], [], []]


def read(tmp_path, text, mapping=ANY_TEXT):
    path = tmp_path / "take.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_annotation(path, mapping)


def onsets(tmp_path, text, mapping=ANY_TEXT):
    annotation = read(tmp_path, text, mapping)
    assert not annotation.unknown and not annotation.ignored
    return [times.tolist() for times in annotation.onsets]


@pytest.mark.parametrize(
    "text",
    [
        "0.500000\t0.500000\tKD\n1.250000\t1.250000\tSD\n",
        "0.5\t0.6\tKD\n\\\t100.0\t200.0\n1.25\t2\tSD\n",
        "0,500000\t0,600000\tKD\n1,250000\t1,400000\tSD\n",
        "start,end,label\n0.5,0.7,KD\n1.25,1.5,SD\n",
        "label;onset\nKD;0,5\nSD;1,25\n",
        "Onset (s),Duration (s),Instrument,Velocity\n0.5,0.1,Kick,100\n1.25,0.1,Snare,90\n",
        "# label\ttime\nKD\t0.5\nSD\t1.25\n",
        "time_ms,drum\n500,KD\n1250,SD\n",
        "time,time_ms,drum\n0.5,500,KD\n1.25,1250,SD\n",
        ",time,label\n0,0.5,KD\n1,1.25,SD\n",
        "time,track,pitch\n0.5,Drums,36\n1.25,Drums,38\n",
        "TIME,VALUE,DURATION,LABEL\n0.5,36,0.1,\n1.25,38,0.1,\n",
        "0.5,36,0.1,0.8,\n1.25,38,0.1,0.7,\n",
        "0.5,36,KD\n1.25,38,SD\n",
        "0.5,KD,36,100\n1.25,SD,38,90\n",
        "KD 0.5\nSD 1.25\n",
        "KD,0.5,0.6\nSD,1.25,1.3\n",
        "36,0.5\n38,1.25\n",
        "0.5,0.6,36\n1.25,1.3,38\n",
        "5.0e-01 3.6e+01\n1.25e+00 3.8e+01\n",
        "0,5 KD\n1,25 SD\n",
        "KD 0,5\nSD 1,25\n",
        '"0,5","KD"\n"1,25","SD"\n',
        "'0,5','KD'\n'1,25','SD'\n",
        "0,5;KD\n1,25;SD\n",
        "0.5,KD # the first\n1.25,SD\n",
        "0.5 KD soft\n1.25 SD\n",
        "0.5\tBass Drum 1\n1.25\tAcoustic Snare\n",
        "0.5 Bass Drum\n1.25 Acoustic Snare 90\n",
        "0.5,bass_drum\n1.25,snare-drum\n",
        "0.5,große Trommel\n1.25,Kleine Trommel\n",
        "0.5 BD\n1.25 CP\n",
    ],
)
def test_columns_in_any_usual_order_say_the_same(tmp_path, text):
    assert onsets(tmp_path, text) == KD_SD


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_told_apart(tmp_path, encoding):
    assert onsets(tmp_path, "0.5;Große Trommel\r\n1.25;Snare\r\n".encode(encoding)) == KD_SD


@pytest.mark.parametrize(
    "text",
    [
        '0.5,"KD,HH"\n',
        '0.5;"KD;HH"\n',
        "0.5\tKD, HH\n",
        "0.5 KD,HH\n",
        "0.5\tKD+HH\n",
        '0.5,"36,42"\n',
        "0.5\tBass Drum & Hi-Hat\n",
    ],
)
def test_a_list_of_drums_is_all_of_them(tmp_path, text):
    assert onsets(tmp_path, text) == [[0.5], [], [], [0.5], []]


def test_the_label_of_two_cymbals_is_no_list(tmp_path):
    assert onsets(tmp_path, "0.5 CC+RC\n")[4] == [0.5]


@pytest.mark.parametrize(
    ("label", "class_index"),
    [
        ("Closed Hi-Hat", 3),
        ("open hihat", 3),
        ("CH", 3),
        ("OH", 3),
        ("ch", 4),  # the china cymbal of ENST
        ("Hihat offen", 3),
        ("Low-Mid Tom", 2),
        ("Floor Tom", 2),
        ("Standtom", 2),
        ("Crash Cymbal 2", 4),
        ("Ride Bell", 4),
        ("Becken", 4),
        ("Side Stick", 1),
        ("Hand Clap", 1),
        ("22", 3),
    ],
)
def test_names_in_words_have_their_classes(tmp_path, label, class_index):
    assert onsets(tmp_path, f"0.5,{label}\n")[class_index] == [0.5]


def test_percussion_in_words_is_ignored_by_name(tmp_path):
    assert read(tmp_path, "0.5,Low Conga\n1,KD\n").ignored == {"Low Conga": 1}
    assert read(tmp_path, "0.5,3.6\n1,KD\n").unknown == {"3.6": 1}, "a number is no pitch with a point in it"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,49,bd\n0,98,sd\n", "its times have no decimal point, as in 0,49,bd"),
        ("0,36,100\n1,38,90\n", "only whole numbers, as in 0,36,100"),
        ("0,0.5,KD\n1,1.25,SD\n", "may count the lines, as in 0,0.5,KD: .*name the columns"),
        ("1,234.5,KD\n", "whole numbers only"),
        ("tick,label\n480,KD\n", "another unit, 'tick'; give seconds"),
        ("start_sample,label\n22050,KD\n", "another unit, 'start_sample'"),
        ("0.5,KD,HH\n1,SD\n", "line 1: 'KD' and 'HH' are two labels; if both were struck write them in quotes"),
        ("0.5,TT,rim\n1,SD,rim\n", "'TT' and 'rim' are two labels"),
        ("0.5\t0.5\t\n1\t1\tSD\n", "line 1.*the label is missing"),
        ("0.5 KD\n1e18 SD\n", "line 2.*later than 100 hours"),
        ("1:02.5 KD\n", "line 1.*'1:02.5' is not a number"),
        ("1.234,5;KD\n", "not a number"),
        ("notes of the drums\n", "holds only 'notes of the drums'"),
        ("not a time at all\n", "holds only 'not a time at all'"),
        ("not a time KD\n", "line 1.*'not' is not a number"),
        ("<html><body>time</body></html>\n", "line 1.*not a number"),
        ('{"time": 1}\n', "line 1"),
        ("0.5 XX\n1 YY\n2 YY\n", r"not one of its labels is known.*YY \(2\), XX \(1\).*name them KD, SD"),
        ("0.5 0.6\n", "not one of its labels is known"),
        (b"0.5 KD\n\x00\x01\n", "not a text file"),
        (b"\xff\xfe0\x00.\x005\x00 \x00K\x00D", "UTF-16; save it as UTF-8"),
    ],
)
def test_what_could_be_meant_in_two_ways_or_none_is_refused_by_name(tmp_path, text, words):
    with pytest.raises(AnnotationError, match=words) as error:
        read(tmp_path, text)
    assert str(tmp_path / "take.txt") in str(error.value) and "\n" not in str(error.value)


def test_a_heading_makes_doubtful_columns_certain(tmp_path):
    assert onsets(tmp_path, "number,time,label\n0,0.5,KD\n1,1.25,SD\n") == KD_SD
    assert onsets(tmp_path, "time,label,articulation\n0.5,TT,rim\n")[2] == [0.5]
    assert onsets(tmp_path, "onset,pitch,velocity\n0,36,100\n1,38,90\n") == [[0], [1], [], [], []]


def test_a_sentence_before_the_lines_is_no_heading_of_columns(tmp_path):
    assert onsets(tmp_path, "# the time and the label of each drum\n0.5 KD\n1.25 SD\n") == KD_SD
    assert onsets(tmp_path, "time of each stroke, and its drum\n0.5 KD\n1.25 SD\n") == KD_SD


def test_columns_of_a_corpus_are_those_of_its_labels(tmp_path):
    assert onsets(tmp_path, "0.5 \t KD \n1.25 \t SDNS \n", MDB) == KD_SD
    assert read(tmp_path, "0.5 KD\n1 bass drum\n", MDB).unknown == {"bass": 1}


def test_of_columns_with_as_good_a_claim_the_first_is_read(tmp_path):
    assert onsets(tmp_path, "time,label,instrument\n0.5,KD,SD\n1.25,SD,KD\n") == KD_SD
    assert onsets(tmp_path, "onset,time,label\n0.5,9,KD\n1.25,9,SD\n") == KD_SD
    assert onsets(tmp_path, "time,label,instrument\n0.5,one,KD\n1.25,two,SD\n") == KD_SD, "the one with known labels"


def test_the_latest_time_is_100_hours_in_either_unit(tmp_path):
    assert onsets(tmp_path, "0 KD\n360000 KD\n")[0] == [0, 360_000]
    assert onsets(tmp_path, "time_ms,label\n360000000,KD\n")[0] == [360_000]
    for text in ("360000.5 KD\n", "time_ms,label\n360000500,KD\n"):
        with pytest.raises(AnnotationError, match="later than 100 hours"):
            read(tmp_path, text)


def test_digits_joined_by_an_underscore_are_no_number(tmp_path):
    with pytest.raises(AnnotationError, match="'1_5' is not a number"):
        read(tmp_path, "0.5 KD\n1_5 SD\n")


def test_times_are_those_that_are_written(tmp_path):
    times = np.round(np.random.default_rng(1).uniform(0, 400, 500), 6)
    text = "".join(f"{time:.6f}\t{time + 0.1:.6f}\tKD\n" for time in times)
    np.testing.assert_array_equal(read(tmp_path, text).onsets[0], np.sort(times))


@pytest.mark.parametrize("line", ["0.5" + ",KD" * 50_000, "0.5 KD" + " " * 200_000 + "x;y", "1" * 200_000 + " KD", '"' * 100_000])
def test_long_lines_are_bounded(tmp_path, line):
    try:
        assert sum(map(len, read(tmp_path, line).onsets)) == 1
    except AnnotationError as error:
        assert len(str(error)) < 600


def test_whole_seconds_and_pitches_are_times_and_labels(tmp_path):
    assert onsets(tmp_path, "1\t36\n2\t38\n") == [[1], [2], [], [], []]


def test_a_quoted_list_may_follow_a_blank_and_hold_nothing_between_two_commas(tmp_path):
    assert onsets(tmp_path, '0.5, "KD,SD"\n') == [[0.5], [0.5], [], [], []]
    assert onsets(tmp_path, '0.5;"KD,,SD"\n') == [[0.5], [0.5], [], [], []]


def test_the_columns_of_a_heading_without_labels_are_those_of_the_lines(tmp_path):
    assert onsets(tmp_path, "time,what\n0.5,KD\n1.25,SD\n") == KD_SD
    with pytest.raises(AnnotationError, match="the label is missing"):
        read(tmp_path, "time,label\n0.5,\n1.25,\n")


def test_a_heading_alone_is_an_annotation_without_strokes_and_a_word_alone_is_none(tmp_path):
    assert onsets(tmp_path, "time,label\n") == onsets(tmp_path, "time remark\n") == [[]] * 5
    with pytest.raises(AnnotationError, match="holds only 'label of a drum'"):
        read(tmp_path, "label of a drum\n")


@pytest.mark.parametrize("text", ["0", "KD"])
def test_two_bytes_are_text_in_utf_16_if_one_of_them_is_0(text):
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decoded(text.encode(encoding)) == text
    assert decoded(text.encode()) == text
