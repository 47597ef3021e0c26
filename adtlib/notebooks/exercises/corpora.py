"""Exercises of notebooks 20 to 25: splits, labels, what the names and files of a corpus say."""

import numpy as np

from adtlib.audio.features import FPS, SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.corpora.statistics import simultaneous_onsets
from adtlib.notebooks.exercises.checking import Verdict, compare, compare_value, with_named_parts
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.vocabulary import CLASSES, ENST, GENERAL_MIDI, ROLAND

# --- 20: the corpora ---------------------------------------------------------------------------------------------------


def check_zero_shot(mine) -> Verdict:
    """`mine(trained_on, tested_on)`: whether a test is zero-shot; `trained_on` is a list of corpora."""
    inputs = [
        ("Slakh, tested on Slakh", (["Slakh"], "Slakh")),
        ("Slakh, tested on E-GMD", (["Slakh"], "E-GMD")),
        ("ENST+MDB and Slakh, tested on Slakh", (["ENST+MDB", "Slakh"], "Slakh")),
        ("all four, tested on SADTP", (["ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT"], "SADTP")),
    ]
    return compare(mine, lambda trained_on, tested_on: tested_on not in trained_on, inputs)


def check_pace(mine) -> Verdict:
    """`mine(times)`: moments a second, from the sorted times of strokes of all classes."""
    flams = np.sort(np.concatenate([np.arange(16) * 0.25, np.arange(8) * 0.5 + 0.01]))
    inputs = [
        ("eighths at 120", (np.arange(16) * 0.25,)),
        ("eighths with a kick 10 ms after each second one", (flams,)),
        ("eighths and one long pause", (np.concatenate([np.arange(12) * 0.25, 30 + np.arange(12) * 0.25]),)),
        ("three strokes 20 ms apart on each quarter", (np.add.outer(np.arange(9) / 2, [0, 0.02, 0.04]).ravel(),)),
    ]
    hints = {
        "three strokes 20 ms apart on each quarter": "The third comes 40 ms after the first, and so begins a moment of its own.",
        "eighths with a kick 10 ms after each second one": "Strokes within 30 ms are one moment.",
        "eighths and one long pause": "The median is not moved by one pause, the mean is.",
    }
    return compare(mine, _pace, inputs, hints=hints)


def _pace(times: np.ndarray) -> float:
    moments, _ = simultaneous_onsets([np.asarray(times), *[np.empty(0)] * (len(CLASSES) - 1)])
    return 1 / np.median(np.diff(moments))


def check_shared(mine) -> Verdict:
    """`mine(splits)`: the songs that are in more than one split, a set; `splits` maps a split to a list of songs."""
    inputs = [
        ("three separate splits", ({"train": ["a", "b"], "validation": ["c"], "test": ["d"]},)),
        ("a training song in the test", ({"train": ["a", "b"], "validation": ["c"], "test": ["b"]},)),
        ("validation and test overlap", ({"train": ["a"], "validation": ["c", "d"], "test": ["d", "e", "c"]},)),
        ("a song twice in one split", ({"train": ["a", "a"], "validation": [], "test": ["d"]},)),
    ]
    hints = {"a song twice in one split": "That is no leak between splits."}
    return compare(mine, _shared, inputs, hints=hints)


def _shared(splits: dict[str, list[str]]) -> set[str]:
    songs = {song for names in splits.values() for song in names}
    return {song for song in songs if sum(song in names for names in splits.values()) > 1}


# --- 21: ENST+MDB ------------------------------------------------------------------------------------------------------


def check_enst_label(mine) -> Verdict:
    """`mine(label)`: the class of a label of ENST-Drums, with or without its suffix."""
    inputs = [(f"{label!r}", (label,)) for label in ("bd", "sd-", "rc3", "chh", "mt", "cb", "sweep", "lft", "cr2", "ohh-")]
    hints = {
        "'sd-'": "A minus marks a soft stroke.",
        "'rc3'": "A number counts instruments.",
        "'cb'": "A cowbell counts as cymbal.",
    }
    return compare(mine, ENST.class_of, inputs, hints=hints)


def check_enst_split(mine) -> Verdict:
    """`mine(drummer, number)`: the split of a minus-one track of ENST-Drums."""
    tracks = ((1, 111), (2, 132), (3, 126), (3, 134), (3, 140), (3, 142), (3, 162))
    inputs = [(f"drummer {drummer}, track {number}", (drummer, number)) for drummer, number in tracks]
    return compare(mine, lambda drummer, number: "train" if drummer < 3 else "validation" if number <= 140 else "test", inputs)


def check_whole_band(mine) -> Verdict:
    """`mine(drums, accompaniment)`: two stereo recordings `(n, 2)` to the mono waveform `(n,)` of the whole band."""
    rng = np.random.default_rng(13)
    inputs = [
        ("silent accompaniment", (np.array([[0.2, 0.4]]), np.zeros((1, 2)))),
        ("one sample each", (np.array([[0.2, 0.4]]), np.array([[0.1, -0.1]]))),
        ("random samples", (rng.normal(size=(50, 2)), rng.normal(size=(50, 2)))),
    ]
    hints = {
        "silent accompaniment": "Mono is the mean of the two channels, and nothing else is halved.",
        "one sample each": "The two recordings are added.",
    }
    return compare(mine, lambda drums, accompaniment: (drums + accompaniment).mean(axis=1), inputs, hints=hints)


# --- 22: E-GMD ---------------------------------------------------------------------------------------------------------


def check_egmd_size(mine) -> Verdict:
    """The number of recordings of E-GMD."""
    return compare_value(mine, 1_059 * 43, hints={1_059 + 43: "Each performance was recorded with each kit."})


def check_egmd_name(mine) -> Verdict:
    """`mine(name)`: (style, tempo, kind) as the name of a recording states them."""
    named = {
        "drummer1/session1/1_funk_80_beat_4-4_1": ("funk", 80, "beat"),
        "drummer7/session3/12_rock-halftime_140_fill_4-4_9": ("rock-halftime", 140, "fill"),
        "drummer3/eval_session/5_jazz-swing_185_beat_4-4_5": ("jazz-swing", 185, "beat"),
    }
    facts = ("style", "tempo", "kind")
    right = with_named_parts(named.get, *facts)
    return compare(with_named_parts(mine, *facts), right, [(name, (name,)) for name in named])


def check_performances(mine) -> Verdict:
    """`mine(recordings)`: the number of performances among (performance, kit) pairs."""
    inputs = [
        ("one performance on three kits", ([("1_funk", "Jazz Funk"), ("1_funk", "808 Simple"), ("1_funk", "Heavy Metal")],)),
        ("two performances on one kit", ([("1_funk", "Jazz Funk"), ("2_rock", "Jazz Funk")],)),
        ("nothing", ([],)),
    ]
    return compare(mine, lambda recordings: len({performance for performance, _ in recordings}), inputs)


# --- 23: Slakh ---------------------------------------------------------------------------------------------------------


def check_drum_stem(mine) -> Verdict:
    """`mine(stems)`: the name of the stem that is the drums; `stems` as in `metadata.yaml`."""
    inputs = [
        ("drums first", ({"S00": {"is_drum": True, "inst_class": "Drums"}, "S01": {"is_drum": False, "inst_class": "Bass"}},)),
        ("drums last", ({"S00": {"is_drum": False, "inst_class": "Piano"}, "S07": {"is_drum": True, "inst_class": "Drums"}},)),
        (
            "a synth called drums",
            ({"S02": {"is_drum": False, "inst_class": "Synth Drums"}, "S03": {"is_drum": True, "inst_class": "Kit"}},),
        ),
    ]
    hints = {"a synth called drums": "`is_drum` decides, not a name."}
    return compare(mine, lambda stems: next(name for name, stem in stems.items() if stem["is_drum"]), inputs, hints=hints)


def check_outside(mine) -> Verdict:
    """`mine(pitches)`: how many strokes lie outside the five classes."""
    inputs = [
        ("a rock beat", ([36, 42, 38, 42],)),
        ("with congas and a shaker", ([36, 63, 64, 70, 42],)),
        ("a cowbell and a tambourine", ([56, 54, 38],)),
        ("a vibraslap", ([58, 36],)),
    ]
    return compare(mine, lambda pitches: sum(GENERAL_MIDI.class_index(pitch) is None for pitch in pitches), inputs)


def check_level(mine) -> Verdict:
    """`mine(drums, others)`: how many decibels the drums' RMS lies above the others'."""
    rng, t = np.random.default_rng(14), np.arange(SAMPLE_RATE // 10) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 200 * t)
    inputs = [
        ("equally loud", (tone, tone)),
        ("ten times the amplitude", (tone, 0.1 * tone)),
        ("half the amplitude", (0.5 * tone, tone)),
        ("few loud clicks against noise", (np.where(np.arange(len(t)) % 400 == 0, 1.0, 0.0), 0.1 * rng.normal(size=len(t)))),
    ]
    hints = {
        "ten times the amplitude": "Ten times the amplitude is 20 dB.",
        "few loud clicks against noise": "RMS: square the samples, take the mean, then the root.",
    }
    return compare(mine, lambda drums, others: 20 * np.log10(rms(drums) / rms(others)), inputs, within=1e-3, hints=hints)


# --- 24: ADTOF-YT ------------------------------------------------------------------------------------------------------


def check_hours_of_sequences(mine) -> Verdict:
    """The hours that the sequences of ADTOF-YT add up to."""
    right = (134_332 + 28_984 + 18_650) * SEGMENT_FRAMES / FPS / 3600
    return compare_value(mine, right, 5e-3, {245: "That is what is told of its tracks; what do the sequences add up to?"}, "h")


def check_sequence_start(mine) -> Verdict:
    """`mine(k)`: the second at which sequence k of a song begins, counted from 0."""
    inputs = [(f"sequence {k}", (k,)) for k in (0, 1, 2, 10, 100)]
    hints = {"sequence 1": "Between two sequences one frame is lost."}
    return compare(mine, lambda k: k * (SEGMENT_FRAMES + 1) / FPS, inputs, hints=hints)


def check_shift(mine) -> Verdict:
    """`mine(annotated, heard)`: the constant shift in milliseconds, robust against single wrong pairs."""
    rng = np.random.default_rng(14)
    times = np.sort(rng.uniform(0, 60, 200))
    wrong = times + 0.012
    wrong[::20] += 0.2
    inputs = [
        ("an exact annotation", (times, times)),
        ("a sound 12 ms later", (times, times + 0.012)),
        ("a sound 8 ms earlier", (times, times - 0.008)),
        ("one pair in twenty wrong", (times, wrong)),
    ]
    hints = {
        "one pair in twenty wrong": "A mean follows outliers.",
        "a sound 12 ms later": "In milliseconds, later is positive.",
    }
    return compare(mine, lambda annotated, heard: 1000 * np.median(heard - annotated), inputs, hints=hints)


# --- 25: SADTP ---------------------------------------------------------------------------------------------------------


def check_roland_class(mine) -> Verdict:
    """`mine(pitch)`: the class of a pitch of a Roland kit, for those that General MIDI reads otherwise and some others."""
    inputs = [(str(pitch), (pitch,)) for pitch in (36, 22, 26, 58, 42, 43)]
    hints = {"22": "The edge of the closed hi-hat.", "26": "The edge of the open hi-hat.", "58": "The rim of a tom."}
    return compare(mine, ROLAND.class_of, inputs, hints=hints)


def check_sequences_of(mine) -> Verdict:
    """`mine(seconds)`: the number of sequences of 4 s of a song that is padded with silence."""
    inputs = [(f"{seconds} s", (seconds,)) for seconds in (4.0, 4.01, 240.0, 1.0)]
    hints = {"4.01 s": "What is begun is padded with silence to a whole one."}
    return compare(mine, lambda seconds: -(-round(seconds * FPS) // SEGMENT_FRAMES), inputs, hints=hints)


def check_gap(mine) -> Verdict:
    """`mine(scores, trained_on)`: how much lower F1 is on SADTP than the mean on the corpora trained on."""
    one = {"ENST+MDB": 0.81, "Slakh": 0.78, "SADTP": 0.50}
    inputs = [("one corpus", (one, ["ENST+MDB"])), ("two corpora", (one, ["ENST+MDB", "Slakh"]))]
    return compare(mine, lambda scores, trained_on: np.mean([scores[name] for name in trained_on]) - scores["SADTP"], inputs)
