"""Annotations: a wrong time or class here is a wrong truth for training and for scoring."""

import warnings
from collections import Counter

import mido
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.onsets import annotations, midi
from adtlib.onsets.annotations import (
    Annotation,
    AnnotationError,
    count_labels,
    describe_ignored,
    listed_labels,
    read_annotation,
    read_onsets,
    read_users_annotation,
    write_onsets,
)
from adtlib.onsets.frames import frame_targets, frames_to_seconds, onsets_from_targets, seconds_to_frames, widen_targets
from adtlib.vocabulary import ANY_TEXT, CLASSES, ENST, FIVE_CLASS, GENERAL_MIDI, MDB, ROLAND, pitch_mapping

KD, SD, TT, HH, CY = range(5)
EMPTY = [np.empty(0) for _ in CLASSES]
times = st.lists(st.integers(0, 60_000).map(lambda milliseconds: milliseconds / 1000), max_size=30).map(sorted)
all_onsets = st.tuples(times, times, times, times, times).map(lambda lists: [np.array(t, dtype=float) for t in lists])


def as_lists(onsets):
    return [list(map(float, class_onsets)) for class_onsets in onsets]


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_midi(path, tracks, ticks_per_beat=480, kind=1):
    """`tracks`: for each a list of (tick, message or meta message)."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat)
    for events in tracks:
        track, last = mido.MidiTrack(), 0
        for tick, message in sorted(events, key=lambda event: event[0]):
            track.append(message.copy(time=tick - last))
            last = tick
        file.tracks.append(track)
    file.save(path)
    return path


def note(pitch, channel=9, velocity=80):
    return mido.Message("note_on", note=pitch, channel=channel, velocity=velocity)


def tempo(microseconds):
    return mido.MetaMessage("set_tempo", tempo=microseconds)


# --- text ------------------------------------------------------------------------------------------------------------


def test_mdb_lines_as_they_are_distributed(tmp_path):
    path = write(tmp_path / "a.txt", "0.528254 \t SD \n0.04 \t CHC \n1.5 \t OHH \n0.2 \t SDNS \n")
    annotation = read_annotation(path, MDB)
    assert as_lists(annotation.onsets) == [[], [0.2, 0.528254], [], [1.5], [0.04]]
    assert not annotation.unknown and not annotation.ignored and annotation.n_events == 4


def test_enst_lines_with_suffixed_labels(tmp_path):
    path = write(tmp_path / "a.txt", "0.49 bd\n0.80 sd-\n1.1 rc3\n1.1 chh\n")
    assert as_lists(read_onsets(path, ENST)) == [[0.49], [0.8], [], [1.1], [1.1]]


@pytest.mark.parametrize(
    "text",
    [
        "time_seconds,class\n0.5,KD\n1.0,SD\n",
        "﻿time_seconds,class,velocity\r\n0.5,KD,80\r\n1.0,SD,70\r\n",
        "# made by hand\n\n0.5 KD\n   \n1.0 SD\n# the end",
        '"onset","label"\n"0.5","KD"\n"1.0","SD"\n',
        "Seconds\tclass\n0.5\tkick\n1e0\tsnare",
        "0.5, KD\n1.0 , SD,",
    ],
    ids=["csv", "BOM and CRLF", "comments", "quotes", "tabs", "blanks around commas"],
)
def test_the_forms_that_text_annotations_take_all_say_the_same(tmp_path, text):
    assert as_lists(read_onsets(write(tmp_path / "a.csv", text), FIVE_CLASS)) == [[0.5], [1.0], [], [], []]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc SD", "not a number"),
        ("0.5", "label is missing"),
        ("0.5,", "label is missing"),
        ("nan SD", "not finite"),
        ("inf SD", "not finite"),
        ("-0.1 SD", "negative"),
        ("SD 0.5", "not a number"),
    ],
)
def test_a_malformed_line_is_named_with_its_file_number_text_and_remedy(tmp_path, line, reason):
    path = write(tmp_path / "broken.txt", f"0.1 KD\n\n{line}\n0.7 KD\n")
    with pytest.raises(AnnotationError) as error:
        read_annotation(path, FIVE_CLASS)
    message = str(error.value)
    assert str(path) in message and "line 3" in message and repr(line) in message and reason in message
    assert "correct or remove the line" in message and "\n" not in message


def test_a_heading_counts_as_one_only_in_the_first_line(tmp_path):
    with pytest.raises(AnnotationError, match="line 2"):
        read_annotation(write(tmp_path / "a.txt", "0.1 KD\ntime class\n"), FIVE_CLASS)


def test_unknown_and_ignored_labels_are_counted_and_no_line_is_lost(tmp_path):
    path = write(tmp_path / "a.txt", "0.1 KD\n0.2 OT\n0.3 OT\n0.4 saucepan\n0.5 60\n")
    annotation = read_annotation(path, ANY_TEXT)
    assert annotation.unknown == Counter({"OT": 2, "saucepan": 1})
    assert annotation.ignored == Counter({"60": 1})
    assert annotation.n_events == 5


def test_eight_labels_are_listed_and_the_others_counted():
    counts = Counter({f"label{number}": 10 - number for number in range(8)})
    assert listed_labels(counts).startswith("label0 (10), label1 (9)") and listed_labels(counts).endswith("label7 (3)")
    assert listed_labels(counts + Counter(rare=1, other=1)).endswith("label7 (3) and 2 more")


def test_an_annotation_has_at_least_one_file():
    with pytest.raises(AnnotationError, match="no annotation file"):
        read_annotation([], FIVE_CLASS)


def test_labels_of_a_blank_file_cannot_be_counted(tmp_path):
    (tmp_path / "a.txt").write_text("0.5 KD\n1.0 KD\n")
    (tmp_path / "b.txt").write_text("\n\n")
    assert count_labels(tmp_path / "a.txt", FIVE_CLASS) == Counter(KD=2)
    with pytest.raises(AnnotationError, match="only blank lines"):
        count_labels([tmp_path / "a.txt", tmp_path / "b.txt"], FIVE_CLASS)


def test_notes_of_all_channels_count_unless_the_drum_channel_is_asked_for(tmp_path):
    notes = [(480, mido.Message("note_on", channel=0, note=36, velocity=90)), (480, mido.Message("note_on", channel=9, note=38))]
    path = write_midi(tmp_path / "a.mid", [notes])
    assert count_labels(path, GENERAL_MIDI) == Counter([36, 38])
    assert count_labels(path, GENERAL_MIDI, drum_channel_only=True) == Counter([38])
    assert read_users_annotation(path, GENERAL_MIDI).n_events == 2
    assert read_users_annotation(path, GENERAL_MIDI, drum_channel_only=True).n_events == 1


def test_a_users_file_without_events_is_an_error_unless_that_is_allowed(tmp_path):
    for name, content in (("empty.mid", b""), ("blank.txt", b"\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AnnotationError, match="broken download"):
            read_users_annotation(tmp_path / name, GENERAL_MIDI)
        assert as_lists(read_users_annotation(tmp_path / name, GENERAL_MIDI, allow_empty=True).onsets) == [[]] * 5
        with pytest.raises(AnnotationError, match="broken download"):
            read_onsets(tmp_path / name, GENERAL_MIDI)
        assert as_lists(read_onsets(tmp_path / name, GENERAL_MIDI, allow_empty=True)) == [[]] * 5


def test_an_empty_file_among_several_adds_nothing(tmp_path):
    write(tmp_path / "empty.mid", "")
    write_midi(tmp_path / "kick.mid", [[(480, note(36))]])
    both = read_annotation([tmp_path / "empty.mid", tmp_path / "kick.mid"], GENERAL_MIDI, allow_empty=True)
    assert as_lists(both.onsets) == [[0.5], [], [], [], []] and both.n_events == 1


def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("0.5 KD\n")

    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(AnnotationError, match=r"a\.txt: it cannot be opened \(Permission denied\)"):
        read_annotation(tmp_path / "a.txt", FIVE_CLASS)


def test_what_is_ignored_is_counted_in_words():
    assert describe_ignored(Counter(cowbell=1500, tambourine=2)) == (
        "percussion outside the five classes, not counted: 1,502 onsets, cowbell (1500), tambourine (2)"
    )


def test_a_text_file_of_a_size_that_no_annotation_has_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("0.5 KD\n")
    monkeypatch.setattr(annotations, "_MAX_BYTES", 7)
    assert count_labels(tmp_path / "a.txt", FIVE_CLASS) == Counter(KD=1)
    monkeypatch.setattr(annotations, "_MAX_BYTES", 6)
    with pytest.raises(AnnotationError, match="larger than 0 MiB"):
        count_labels(tmp_path / "a.txt", FIVE_CLASS)
    monkeypatch.undo()
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(2**24 + 1)
    with pytest.raises(AnnotationError, match="larger than 16 MiB"):
        read_annotation(tmp_path / "large.txt", FIVE_CLASS)


def test_many_are_ignored_from_a_quarter_of_the_events_on():
    onsets = [np.arange(3.0), *EMPTY[1:]]
    assert Annotation(onsets, Counter(), Counter(cowbell=1)).many_ignored
    assert not Annotation([np.arange(4.0), *EMPTY[1:]], Counter(), Counter(cowbell=1)).many_ignored
    assert not Annotation(onsets, Counter(), Counter()).many_ignored


def test_unknown_labels_are_warned_of_by_name_and_number(tmp_path):
    path = write(tmp_path / "a.txt", "0.1 KD\n0.2 OT\n0.3 OT\n")
    with pytest.warns(UserWarning, match=r"a\.txt: 2 onsets left out.*MDB.*OT \(2\)"):
        assert as_lists(read_onsets(path, MDB))[KD] == [0.1]


def test_an_empty_file_is_an_error_but_a_heading_alone_says_that_there_are_no_onsets(tmp_path):
    for name, text in (("zero.txt", ""), ("blank.txt", "\n \n\n"), ("zero.mid", "")):
        path = write(tmp_path / name, text)
        with pytest.raises(AnnotationError, match=r"broken download; get it again"):
            read_annotation(path, FIVE_CLASS)
        assert as_lists(read_annotation(path, FIVE_CLASS, allow_empty=True).onsets) == [[]] * 5
    assert as_lists(read_onsets(write(tmp_path / "heading.txt", "# seconds\tclass\n"), FIVE_CLASS)) == [[]] * 5


def test_files_that_are_no_annotations_are_refused_by_name(tmp_path):
    with pytest.raises(AnnotationError, match=r"absent\.txt.*no such"):
        read_annotation(tmp_path / "absent.txt", MDB)
    with pytest.raises(AnnotationError, match="suffix"):
        read_annotation(write(tmp_path / "song.wav", "RIFF"), MDB)
    with pytest.raises(AnnotationError, match="not a text file"):
        read_annotation(write(tmp_path / "a.txt", b"0.5\x01KD"), MDB)


def test_annotations_in_several_files_are_merged_in_time(tmp_path):
    one = write(tmp_path / "1.txt", "0.1 KD\n0.5 KD\n0.2 XX\n")
    two = write(tmp_path / "2.txt", "0.3 KD\n0.4 CY\n0.2 XX\n")
    annotation = read_annotation((one, two), FIVE_CLASS)
    assert as_lists(annotation.onsets) == [[0.1, 0.3, 0.5], [], [], [], [0.4]]
    assert annotation.unknown == Counter({"XX": 2})


# --- MIDI ------------------------------------------------------------------------------------------------------------


def test_onsets_follow_the_tempo_map_across_tracks(tmp_path):
    # 1 beat at 120 bpm, 2 beats at 60 bpm, then 240 bpm; the changes stand in another track than the notes.
    tempi = [(0, tempo(500_000)), (480, tempo(1_000_000)), (3 * 480, tempo(250_000))]
    notes = [(0, note(36)), (480, note(38)), (960, note(42)), (1440, note(49)), (1920, note(47))]
    path = write_midi(tmp_path / "a.mid", [tempi, notes])
    assert as_lists(read_onsets(path, GENERAL_MIDI)) == [[0.0], [0.5], [2.75], [1.5], [2.5]]


def test_without_a_tempo_120_beats_a_minute_hold_and_the_last_of_several_at_one_tick_counts(tmp_path):
    notes = [(960, note(36))]
    assert as_lists(read_onsets(write_midi(tmp_path / "a.mid", [notes], kind=0), ROLAND))[KD] == [1.0]
    doubled = [(0, tempo(300_000)), (0, tempo(1_000_000)), *notes]
    assert as_lists(read_onsets(write_midi(tmp_path / "b.mid", [doubled], kind=0), ROLAND))[KD] == [2.0]


def test_every_sounding_note_on_is_an_onset_and_silent_ones_are_note_offs(tmp_path):
    events = [
        (0, note(36)),
        (10, note(36, velocity=0)),
        (20, note(36, velocity=1)),
        (480, mido.Message("note_off", note=36, channel=9)),
    ]
    assert len(read_onsets(write_midi(tmp_path / "a.mid", [events]), GENERAL_MIDI)[KD]) == 2


def test_melodic_notes_are_not_taken_for_drums(tmp_path):
    path = write_midi(tmp_path / "song.mid", [[(0, note(36, channel=0)), (480, note(36))]])
    assert as_lists(read_onsets(path, GENERAL_MIDI, drum_channel_only=True))[KD] == [0.5]
    assert as_lists(read_onsets(path, GENERAL_MIDI))[KD] == [0.0, 0.5]


def test_a_midi_file_without_drums_says_so_and_what_to_do(tmp_path):
    path = write_midi(tmp_path / "song.mid", [[(0, note(60, channel=0)), (9, note(61, channel=3))]])
    with pytest.raises(AnnotationError, match=r"song\.mid: 2 notes, but none on channel 10.*move the drums"):
        read_annotation(path, GENERAL_MIDI, drum_channel_only=True)
    silent = write_midi(tmp_path / "silent.mid", [[(0, tempo(500_000))]])
    with pytest.raises(AnnotationError, match=r"silent\.mid: a MIDI file without notes; export"):
        read_annotation(silent, GENERAL_MIDI)
    assert as_lists(read_annotation(silent, GENERAL_MIDI, allow_empty=True).onsets) == [[]] * 5


def test_drums_outside_the_vocabulary_alone_are_no_error(tmp_path):
    annotation = read_annotation(write_midi(tmp_path / "a.mid", [[(0, note(75)), (1, note(20))]]), GENERAL_MIDI)
    assert annotation.ignored == Counter({75: 1}) and annotation.unknown == Counter({20: 1})


@pytest.mark.parametrize("keep", [3, 13, 20, 35])
def test_a_truncated_midi_file_is_named(tmp_path, keep):
    whole = write_midi(tmp_path / "whole.mid", [[(0, note(36)), (480, note(38)), (960, note(42))]])
    cut = write(tmp_path / "cut.mid", whole.read_bytes()[:keep])
    with pytest.raises(AnnotationError, match=r"cut\.mid: damaged.*again"):
        read_annotation(cut, GENERAL_MIDI)


def test_text_that_calls_itself_midi_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"a\.mid: damaged or not a MIDI file"):
        read_annotation(write(tmp_path / "a.mid", "0.5 KD\n" * 20), GENERAL_MIDI)


def test_patterns_without_a_common_time_are_refused(tmp_path):
    path = write_midi(tmp_path / "a.mid", [[(0, note(36))], [(0, note(38))]], kind=2)
    with pytest.raises(AnnotationError, match=r"format 2.*export"):
        read_annotation(path, GENERAL_MIDI)


def test_one_pattern_of_format_2_is_a_song(tmp_path):
    path = write_midi(tmp_path / "a.mid", [[(480, note(36))]], kind=2)
    assert as_lists(read_onsets(path, GENERAL_MIDI))[KD] == [0.5]


def test_the_last_moment_of_the_longest_recording_holds_a_note(tmp_path):
    # One tick a second: the coarsest division there is.
    for tick, refused in ((360_000, False), (360_001, True)):
        path = write_midi(tmp_path / "a.mid", [[(0, tempo(1_000_000)), (tick, note(36))]], ticks_per_beat=1)
        if refused:
            with pytest.raises(AnnotationError, match="later than 100 hours"):
                read_onsets(path, GENERAL_MIDI)
        else:
            assert as_lists(read_onsets(path, GENERAL_MIDI))[KD] == [360_000.0]


def test_time_code_divisions_ignore_the_tempo():
    ticks = np.array([0, 25 * 40, 2 * 25 * 40])
    division = -25 * 256 + 40  # 25 frames a second, 40 ticks a frame
    np.testing.assert_allclose(midi.tick_seconds(ticks, [(0, 123)], division), [0, 1, 2])
    drop = -29 * 256 + 100
    np.testing.assert_allclose(midi.tick_seconds(np.array([3000]), [], drop), [1.001])
    with pytest.raises(midi.MidiError, match="division 0"):
        midi.tick_seconds(ticks, [], 0)


@settings(max_examples=40, deadline=None)
@given(
    ticks=st.lists(st.integers(0, 5000), min_size=1, max_size=20),
    tempi=st.lists(st.tuples(st.integers(0, 5000), st.integers(100_000, 2_000_000)), max_size=6),
)
def test_tick_seconds_equals_walking_tick_by_tick(ticks, tempi):
    def walk(until):
        current, seconds = 500_000, 0.0
        ordered = sorted(tempi, key=lambda change: change[0])
        for tick in range(until):
            for at, microseconds in ordered:
                if at == tick:
                    current = microseconds
            seconds += current / 480 / 1e6
        return seconds

    np.testing.assert_allclose(midi.tick_seconds(np.array(ticks), tempi, 480), [walk(tick) for tick in ticks], atol=1e-9)


def test_a_midi_file_of_which_no_pitch_is_known_is_an_error(tmp_path):
    path = write_midi(tmp_path / "a.mid", [[(0, note(1)), (1, note(2)), (2, note(2))]])
    with pytest.raises(
        AnnotationError, match=r"a\.mid: not one of its labels is known.*2 \(2\), 1 \(1\); move the drums.*--mapping"
    ):
        read_annotation(path, ROLAND)
    known = write_midi(tmp_path / "b.mid", [[(0, note(36))]])
    assert read_annotation((path, known), ROLAND).unknown == Counter({2: 2, 1: 1}), "of several files one may have none"


def test_pitches_of_another_kit_are_told_to_its_user(tmp_path):
    hats = [(tick, note(60 + tick % 3)) for tick in range(6)]
    path = write_midi(tmp_path / "kit.mid", [[*hats, (7, note(36)), (8, note(38))]])
    [remark] = read_users_annotation(path, ROLAND).remarks
    assert "kit.mid: 6 of 8 onsets are percussion outside the five classes to Roland kits: 60 (2), 61 (2), 62 (2)" in remark
    assert "--mapping, as in 60=HH" in remark and not read_annotation(path, ROLAND).remarks
    mapping = pitch_mapping("60=HH,61=HH,62=HH")
    annotation = read_users_annotation(path, mapping)
    assert [len(times) for times in annotation.onsets] == [1, 1, 0, 6, 0] and not annotation.remarks and not annotation.ignored
    with pytest.raises(AnnotationError, match=r"6 of 6 onsets are percussion.*--mapping"):
        read_users_annotation(write_midi(tmp_path / "hats.mid", [hats]), ROLAND)
    few = read_users_annotation(
        write_midi(tmp_path / "few.mid", [[(0, note(60)), *((tick, note(36)) for tick in range(9))]]), ROLAND
    )
    assert not few.remarks and few.ignored == {60: 1}


def test_what_midi_may_have_lost_is_warned_of(tmp_path):
    path = write_midi(tmp_path / "a.mid", [[(0, note(36))]])
    path.write_bytes(path.read_bytes()[:10] + b"\0\3" + path.read_bytes()[12:])
    with pytest.warns(UserWarning, match=r"a\.mid: 3 tracks are announced, but there are 1"):
        assert as_lists(read_onsets(path, ROLAND))[KD] == [0.0]


# --- writing ---------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(onsets=all_onsets)
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".mid"])
def test_what_is_written_reads_back_at_the_same_times(tmp_path_factory, onsets, suffix):
    path = tmp_path_factory.mktemp("written") / f"a{suffix}"
    write_onsets(path, onsets)
    mapping = GENERAL_MIDI if suffix == ".mid" else FIVE_CLASS
    read = read_annotation(path, mapping, drum_channel_only=True, allow_empty=suffix == ".mid")
    assert not read.unknown and not read.ignored
    for wanted, got in zip(onsets, read.onsets, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_written_midi_is_heard_by_another_reader(tmp_path):
    import pretty_midi

    write_onsets(tmp_path / "a.mid", [np.array([0.5, 0.51, 3.0]), *EMPTY[1:]])
    [instrument] = pretty_midi.PrettyMIDI(str(tmp_path / "a.mid")).instruments
    assert instrument.is_drum
    np.testing.assert_allclose([n.start for n in instrument.notes], [0.5, 0.51, 3.0], atol=1e-6)
    assert all(n.end > n.start for n in instrument.notes)


def test_times_that_cannot_be_are_not_written(tmp_path):
    for bad in (np.nan, -1.0, np.inf):
        with pytest.raises(ValueError, match="SD"):
            write_onsets(tmp_path / "a.txt", [EMPTY[0], np.array([bad]), *EMPTY[2:]])
    with pytest.raises(ValueError, match="5 arrays"):
        write_onsets(tmp_path / "a.txt", EMPTY[:3])
    with pytest.raises(ValueError, match="written as one of"):
        write_onsets(tmp_path / "a.wav", EMPTY)


# --- frames and targets ----------------------------------------------------------------------------------------------


def test_a_frame_is_the_nearest_hundredth_of_a_second():
    assert seconds_to_frames([0, 0.004, 0.006, 0.0149, 0.0151, 1.0, 3.996]).tolist() == [0, 0, 1, 1, 2, 100, 400]
    assert seconds_to_frames(np.empty(0)).dtype == np.int64
    np.testing.assert_allclose(frames_to_seconds([0, 1, 399]), [0, 0.01, 3.99])


@given(frames=st.lists(st.integers(0, 10_000_000), max_size=50))
def test_frames_survive_the_way_through_seconds(frames):
    assert seconds_to_frames(frames_to_seconds(frames)).tolist() == frames


def test_the_first_and_last_frame_hold_onsets_and_later_ones_are_left_out():
    targets = frame_targets([np.array([0.0, 0.03, 0.04, 9.0]), *EMPTY[1:]], 4)
    assert targets.dtype == np.float32
    assert targets[:, KD].tolist() == [1, 0, 0, 1]
    assert frame_targets(EMPTY, 0).shape == (0, 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2.0**62 / 100, 1e18, 1e300, -1e18])
def test_times_that_no_frame_can_have_are_refused(bad):
    with pytest.raises(ValueError, match="to lie on frames"):
        seconds_to_frames([0.5, bad])
    assert seconds_to_frames([360_000.0]).tolist() == [36_000_000]


def test_onsets_later_than_any_recording_are_neither_written_nor_targets(tmp_path):
    late = [EMPTY[0], np.array([1.0, 1e9]), *EMPTY[2:]]
    for use in (lambda: write_onsets(tmp_path / "a.txt", late), lambda: frame_targets(late, 10)):
        with pytest.raises(ValueError, match=r"an onset of SD at 1e\+09 s"):
            use()


def test_impossible_times_do_not_wrap_round_to_the_end():
    with pytest.raises(ValueError, match="not negative"):
        frame_targets([np.array([-0.01]), *EMPTY[1:]], 4)


def test_widening_at_the_edges_between_neighbours_and_across_classes():
    targets = np.zeros((6, 5), np.float32)
    targets[[0, 2, 3, 5], KD] = 1
    targets[1, SD] = 1
    widened = widen_targets(targets)
    assert widened[:, KD].tolist() == [1, 0.5, 1, 1, 0.5, 1]
    assert widened[:, SD].tolist() == [0.5, 1, 0.5, 0, 0, 0]
    assert not widened[:, TT:].any()
    assert targets[1, KD] == 0, "the targets given were changed"
    assert widen_targets(targets[:1])[:, KD].tolist() == [1]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n_frames=st.integers(0, 25), neighbour=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_widening_equals_the_slow_way_and_targets_survive_it(data, n_frames, neighbour):
    hits = data.draw(st.lists(st.tuples(st.integers(0, max(n_frames - 1, 0)), st.integers(0, 4)), max_size=30))
    targets = np.zeros((n_frames, 5), np.float32)
    for frame, index in hits if n_frames else []:
        targets[frame, index] = 1
    slow = targets.copy()
    for frame in range(n_frames):
        for index in range(5):
            if targets[frame, index] == 1:
                for beside in (frame - 1, frame + 1):
                    if 0 <= beside < n_frames:
                        slow[beside, index] = max(slow[beside, index], neighbour)
    widened = widen_targets(targets, neighbour)
    assert widened.dtype == targets.dtype
    np.testing.assert_array_equal(widened, slow)
    np.testing.assert_array_equal(widen_targets(np.stack([targets, targets]), neighbour)[1], slow)
    if neighbour < 1:
        again = frame_targets(onsets_from_targets(widened), n_frames)
        np.testing.assert_array_equal(again, targets)


def test_wrong_arguments_of_targets_are_named():
    with pytest.raises(ValueError, match=r"1\.5"):
        widen_targets(np.zeros((3, 5)), 1.5)
    with pytest.raises(ValueError, match=r"\(3, 4\)"):
        onsets_from_targets(np.zeros((3, 4)))


# --- the real files --------------------------------------------------------------------------------------------------


def test_every_line_of_the_real_mdb_annotations_is_accounted_for(real_data):
    files = sorted(real_data.glob("ENST+MDB/MDBDrums-master/MDB Drums/annotations/subclass/*.txt"))
    assert files
    for path in files:
        annotation = read_annotation(path, MDB)
        assert not annotation.unknown and annotation.n_events == len(path.read_text().split("\n")) - path.read_text().endswith("\n")


def test_the_other_drums_of_the_real_mdb_class_annotations_are_reported(real_data):
    files = sorted(real_data.glob("ENST+MDB/MDBDrums-master/MDB Drums/annotations/class/*.txt"))
    total = sum((read_annotation(path, FIVE_CLASS).unknown for path in files), Counter())
    assert set(total) == {"OT"}


def test_real_midi_files_have_the_times_that_mido_plays(real_data):
    files = [
        *sorted(real_data.glob("SADTP/*/annotation.mid"))[:2],
        *sorted(real_data.glob("slakh2100_flac_redux/train/*/all_src.mid")),
    ]
    assert files
    for path in files:
        seconds, played = 0.0, []
        for message in mido.MidiFile(path):
            seconds += message.time
            if message.type == "note_on" and message.velocity > 0 and message.channel == 9:
                played.append((seconds, message.note))
        got, pitches, _ = midi.read_notes(path, channel=9)
        order = np.lexsort((pitches, got))
        np.testing.assert_allclose(got[order], [t for t, _ in sorted(played)], atol=1e-6)


def test_real_groove_performances_hold_no_pitch_that_roland_kits_do_not_have(real_data):
    files = sorted(real_data.glob("groove/drummer*/eval_session/*.mid"))
    assert files
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(sum(map(len, read_onsets(path, ROLAND))) for path in files)
