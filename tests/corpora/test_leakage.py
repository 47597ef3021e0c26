"""The leakage check on planted copies, loops, silence and real recordings."""

import csv

import numpy as np
import pytest

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import write_audio
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.leakage import fingerprints, search
from adtlib.corpora.leakage.fingerprints import FingerprintIndex, find_peaks, hash_peaks
from adtlib.corpora.leakage.report import as_mp3, detection_trial, leak_table
from adtlib.corpora.leakage.rhythms import shared_rhythms
from adtlib.corpora.leakage.search import compare, find_leaks, repetition, shared_sounds
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.store import HeldUnit
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.onsets.annotations import read_onsets, write_onsets
from adtlib.vocabulary import ROLAND

STROKE_SECONDS = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")


def music(seed: int, seconds: float = 12.0) -> tuple[np.ndarray, list[np.ndarray]]:
    """A waveform of decaying tones and bursts of noise at random times, and when its bursts of five kinds begin."""
    rng = np.random.default_rng(seed)
    n_strokes = int(6 * seconds)
    times = np.sort(rng.uniform(0.1, seconds - 0.3, n_strokes))
    classes = rng.integers(0, 5, n_strokes)
    waveform = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    for time, kind in zip(times, classes, strict=True):
        first = round(time * SAMPLE_RATE)
        tone = np.sin(2 * np.pi * 60 * 2 ** rng.uniform(0, 6) * STROKE_SECONDS)
        sound = (tone + (0.2 + 0.1 * kind) * rng.normal(0, 1, len(tone))) * np.exp(-STROKE_SECONDS * 25) * rng.uniform(0.05, 0.15)
        waveform[first : first + len(sound)] += sound[: len(waveform) - first]
    return np.clip(waveform, -1, 1), [times[classes == kind] for kind in range(5)]


def features(waveform: np.ndarray) -> np.ndarray:
    return log_filter_spectrogram(np.ascontiguousarray(waveform, dtype=np.float32)).astype(np.float16)


def write(folder, name: str, waveform, onsets) -> None:
    write_audio(folder / f"{name}.wav", waveform)
    write_onsets(folder / f"{name}.txt", onsets)


@pytest.fixture
def songs(tmp_path):
    """Four recordings for training and two for testing, all different."""
    folder = tmp_path / "songs"
    for number, name in enumerate(["train/a", "train/b", "train/c", "train/d", "test/e", "test/f"]):
        write(folder, name, *music(number))
    return folder


# --- fingerprints ------------------------------------------------------------------------------------------------------


def test_silence_and_a_steady_sound_have_no_peaks():
    assert len(find_peaks(np.zeros((400, 84), np.float16))[0]) == 0
    assert len(find_peaks(np.full((400, 84), 0.7, np.float16))[0]) == 0
    assert len(find_peaks(np.zeros((0, 84), np.float16))[0]) == 0
    assert len(hash_peaks(*find_peaks(np.zeros((0, 84), np.float16)))[0]) == 0


def test_a_peak_is_the_largest_value_around():
    values = np.full((100, 84), 0.1, np.float16)
    values[50, 40], values[57, 40], values[70, 40] = 0.9, 0.8, 0.7
    assert [tuple(pair) for pair in zip(*find_peaks(values), strict=True)] == [(50, 40), (70, 40)]


def test_hashes_do_not_know_offset_or_level():
    waveform, _ = music(1)
    whole = features(waveform)
    hashes, frames = hash_peaks(*find_peaks(whole))
    later, later_frames = hash_peaks(*find_peaks(whole[137:]))
    common, at, later_at = np.intersect1d(hashes, later, return_indices=True)
    assert len(common) > 0.9 * len(np.unique(later))
    assert np.mean(frames[at] - later_frames[later_at] == 137) > 0.95
    softer = hash_peaks(*find_peaks(features(waveform / 2)))[0]
    assert len(np.intersect1d(hashes, softer)) > 0.5 * len(np.unique(hashes))


def test_of_the_hashes_the_same_ones_are_kept_everywhere():
    hashes = np.unique(hash_peaks(*find_peaks(features(music(1)[0])))[0])
    kept = np.unique(hash_peaks(*find_peaks(features(music(1)[0])), one_in=8)[0])
    assert np.isin(kept, hashes).all() and 0.08 < len(kept) / len(hashes) < 0.17


def test_many_files_find_what_one_finds(monkeypatch):
    takes = [features(music(seed)[0]) for seed in range(3)]
    takes += [takes[0][250:], takes[2][:700]]

    def pairs():
        with FingerprintIndex(sum(map(len, takes))) as index:
            for number, take in enumerate(takes):
                index.add(take, int(number > 2))
            return index.n_files, index.pairs(20)

    n_files, expected = pairs()
    assert n_files == 1 and {tuple(row[:3]) for row in expected.tolist()} >= {(0, 3, 250), (2, 4, 0)}
    monkeypatch.setattr(fingerprints, "ENTRIES_A_FILE", 3_000)
    n_files, found = pairs()
    assert n_files > 5 and np.array_equal(found, expected)


def test_of_too_many_pairs_the_likeliest_are_compared(monkeypatch):
    """Two real copies among pairs that share little are found with room for two comparisons; a warning counts the others."""
    takes = [HeldUnit(features(music(seed)[0])) for seed in range(4)]
    part = music(2)[0]
    part[5 * SAMPLE_RATE :] = music(50)[0][5 * SAMPLE_RATE :]
    copies = [HeldUnit(takes[0].features[250:]), HeldUnit(takes[1].features[:900]), HeldUnit(features(part))]
    arguments = takes + copies, [0] * 4 + [1] * 3
    everything = {(i, j) for _, i, j, *_ in shared_sounds(*arguments)}
    assert everything == {(0, 4), (1, 5), (2, 6)}
    monkeypatch.setattr(search, "MAX_COMPARED", 2)
    with pytest.warns(UserWarning, match="the 2 that share most were compared"):
        found = {(i, j) for _, i, j, *_ in shared_sounds(*arguments)}
    assert found == {(0, 4), (1, 5)}


def test_an_index_leaves_no_files_behind():
    with FingerprintIndex(1_000) as index:
        index.add(features(music(0)[0]), 0)
        assert list(paths.CACHE.iterdir())
    assert not list(paths.CACHE.iterdir())


# --- the check ---------------------------------------------------------------------------------------------------------


def test_different_recordings_do_not_alarm(songs):
    prepared = prepare(FolderCorpus(songs), progress=False)
    leaks = find_leaks([prepared], progress=False)
    assert leaks.empty
    table = leak_table([prepared], leaks)
    assert table.iloc[0].tolist() == ["songs", "train – test", 4, 2, 0, 0, 0, 0, 0, 0]


def test_a_copy_is_found_to_the_last_bit(songs):
    write(songs, "test/again", *music(0))
    prepared = prepare(FolderCorpus(songs), progress=False)
    leaks = find_leaks([prepared], progress=False)
    assert leaks["what"].tolist() == ["copy", "rhythm"]
    assert leaks.loc[0, ["split", "id", "other_split", "other_id"]].tolist() == ["train", "train/a", "test", "test/again"]
    assert leaks.loc[0, ["offset", "seconds", "similarity"]].tolist() == [0.0, 12.0, 1.0]
    row = leak_table([prepared], leaks).iloc[0]
    assert (row["copy"], row["rhythm"], row["affected"], row["other_affected"]) == (1, 1, 1, 1)


def test_the_same_recording_later_softer_and_through_a_codec_is_found(songs):
    waveform, onsets = music(1)
    cut = 1.2345  # s: the copy's frames lie between the original's
    copy = as_mp3(waveform[round(cut * SAMPLE_RATE) :] / 2)
    write(songs, "test/again", np.clip(copy, -1, 1), [times[times > cut] - cut for times in onsets])
    leaks = find_leaks([prepare(FolderCorpus(songs), progress=False)], progress=False)
    assert leaks["what"].tolist() == ["sound", "rhythm"]
    assert set(leaks["id"]) == {"train/b"} and set(leaks["other_id"]) == {"test/again"}
    assert np.allclose(leaks["offset"], cut, atol=0.05)  # the codec adds some delay
    assert leaks.loc[0, "seconds"] >= 9 and leaks.loc[0, "similarity"] > 0.85


def test_a_passage_of_another_recording_is_found(songs):
    waveform, onsets = music(8)
    waveform[: 4 * SAMPLE_RATE] = music(2)[0][3 * SAMPLE_RATE : 7 * SAMPLE_RATE]
    write(songs, "test/quotes", waveform, onsets)
    leaks = find_leaks([prepare(FolderCorpus(songs), progress=False)], progress=False)
    assert leaks["what"].tolist() == ["sound"]
    assert leaks.loc[0, ["id", "other_id"]].tolist() == ["train/c", "test/quotes"]
    assert 3 <= leaks.loc[0, "seconds"] <= 4 and abs(leaks.loc[0, "offset"] - 3) < 0.02


def test_corpora_are_compared_with_each_other(songs, tmp_path):
    write(tmp_path / "other", "train/same", music(5)[0] * 0.7, music(5)[1])
    write(tmp_path / "other", "train/new", *music(9))
    both = [prepare(FolderCorpus(folder), progress=False) for folder in (songs, tmp_path / "other")]
    leaks = find_leaks(both, progress=False)
    assert leaks[["corpus", "split", "id", "other_corpus", "other_id"]].drop_duplicates().to_numpy().tolist() == [
        ["songs", "test", "test/f", "other", "train/same"]
    ]
    table = leak_table(both, leaks)
    assert table["compared"].tolist() == ["songs", "songs – other"]
    assert table.iloc[-1][["sound", "affected", "other_affected"]].tolist() == [1, 1, 1]


def test_two_recordings_of_one_loop_are_told_from_one_recording_twice():
    loop = music(3, 2.0)[0]
    first, second = (np.tile(loop, 6) + 0.004 * np.random.default_rng(seed).normal(0, 1, 6 * len(loop)) for seed in (0, 1))
    takes = [HeldUnit(features(first)), HeldUnit(features(second))]
    assert {what for what, *_ in shared_sounds(takes, [0, 1])} == {"loop"}
    once = features(music(4)[0])
    assert repetition(features(first)) > 0.8 > repetition(once)


def test_silence_and_hum_do_not_alarm():
    rng = np.random.default_rng(0)
    hum = np.sin(2 * np.pi * 50 * np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE)
    takes = [HeldUnit(features(x)) for x in (hum * 0, hum * 0, rng.normal(0, 1e-5, len(hum)), rng.normal(0, 1e-5, len(hum)))]
    assert shared_sounds(takes, [0, 1, 0, 1]) == []
    assert compare(takes[0], takes[1], [0]) is None


def test_windows_of_adtof_yt_in_two_splits_are_found(tmp_path):
    """Sequences start every 401 frames; another upload of the song has its sequences elsewhere, at another level."""
    song, other = (log_filter_spectrogram(np.ascontiguousarray(music(seed, 30)[0])) for seed in (20, 21))
    again = log_filter_spectrogram(np.ascontiguousarray(music(20, 30)[0][round(1.7 * SAMPLE_RATE) :] * 0.6))

    def sequences(matrix):
        return [[matrix[k : k + 400, :, None], np.zeros((400, 5), np.float32)] for k in range(0, len(matrix) - 400, 401)]

    train, test = sequences(song), sequences(other)
    for split, elements in {"train": train, "validation": sequences(again), "test": test + train[2:3]}.items():
        write_saved_dataset(tmp_path / f"adtof/adtof_yt_{split}", elements)
    prepared = prepare(open_corpus("ADTOF-YT", tmp_path), progress=False)
    leaks = find_leaks([prepared], progress=False)
    copies = leaks[leaks["what"] == "copy"]
    assert copies[["id", "other_id"]].to_numpy().tolist() == [["train/000002", f"test/{len(test):06d}"]]
    shifted = leaks[leaks["other_split"] == "validation"]
    assert (shifted["what"] == "sound").all() and shifted["other_id"].nunique() >= 0.8 * len(sequences(again))
    assert not leaks["other_id"].isin([f"test/{index:06d}" for index in range(len(test))]).any()


def test_one_performance_on_two_kits_in_two_splits_is_found(songs):
    _, onsets = music(0)
    write(songs, "test/kit_2", music(31)[0], [times + 0.2 for times in onsets])
    leaks = find_leaks([prepare(FolderCorpus(songs), progress=False)], progress=False)
    assert leaks["what"].tolist() == ["rhythm"]
    assert leaks.loc[0, ["id", "other_id"]].tolist() == ["train/a", "test/kit_2"]
    assert abs(leaks.loc[0, "offset"] + 0.2) < 0.01 and leaks.loc[0, "similarity"] == 1.0


class Played:
    """Onsets as the comparison of rhythms reads them."""

    n_frames = 3_000

    def __init__(self, onsets):
        self.onsets = [np.asarray(times, dtype=float) for times in onsets]


def test_a_beat_that_a_machine_repeats_is_no_performance():
    bars = np.arange(0, 32, 2.0)
    beat = [np.sort(np.concatenate([bars, bars + 1])), bars + 0.5, [], np.arange(0, 32, 0.25), []]
    longer = [beat[0], beat[1], [31.0], beat[3], [31.5]]
    assert shared_rhythms([Played(beat), Played(beat)], [0, 1]) == []
    assert shared_rhythms([Played(beat), Played(longer)], [0, 1]) == []


def test_part_of_a_performance_is_found_and_of_one_split_none():
    _, onsets = music(40, 30.0)
    half = [times[times > 14] - 14 for times in onsets]
    ((i, j, offset, seconds, share),) = shared_rhythms([Played(onsets), Played(half)], [0, 1])
    assert (i, j, share) == (0, 1, 1.0) and abs(offset - 14) < 0.01 and 14 < seconds < 16.1
    assert shared_rhythms([Played(onsets), Played(half)], [0, 0]) == []


def test_the_trial_finds_its_copies(songs):
    summary, points = detection_trial({"songs": FolderCorpus(songs)}, a_corpus=4)
    assert (summary["copies"] == 4).all() and (summary["false_alarms"] == 0).all()
    assert summary["found"].sum() >= 0.9 * summary["copies"].sum()
    others = points[points["treatment"] == "another recording"]["similarity"]
    assert len(others) == 6 and others.max() < 0.8
    empty, nothing = detection_trial({"ADTOF-YT": open_corpus("ADTOF-YT", songs)})
    assert (empty["copies"] == 0).all() and nothing.empty


def test_performances_of_the_table_are_told_by_their_names(tmp_path):
    folder = tmp_path / "e-gmd-v1.0.0"
    folder.mkdir()
    names = [("train", "1_funk_80_beat_4-4_1"), ("train", "1_funk_80_beat_4-4_17"), ("test", "1_funk_80_beat_4-4_3")]
    names += [("test", "2_funk_80_beat_4-4_1")]
    lines = [f"{split},drummer1/s/{name}.midi,drummer1/s/{name}.wav" for split, name in names]
    (folder / "e-gmd-v1.0.0.csv").write_text("\n".join(["split,midi_filename,audio_filename", *lines]) + "\n")
    performances = open_corpus("E-GMD", tmp_path).performance_splits()
    assert performances == {"drummer1/s/1_funk_80_beat_4-4": ["train", "test"], "drummer1/s/2_funk_80_beat_4-4": ["test"]}


# --- real recordings ---------------------------------------------------------------------------------------------------


def test_sequences_made_of_songs_of_another_corpus_are_found(real_data):
    """The sequences in ADTOF-YT's form were made of four of the songs of MDB Drums: each is found, at its place, and no more."""
    both = [prepare(open_corpus(name, real_data), progress=False) for name in ("ENST+MDB", "ADTOF-YT")]
    leaks = find_leaks(both, progress=False)
    assert set(leaks["what"]) == {"sound"} and len(leaks) == leaks["other_id"].nunique() == 26
    assert (leaks["corpus"] == "ENST+MDB").all() and (leaks["other_corpus"] == "ADTOF-YT").all()
    assert leaks.groupby("id").size().to_dict() == {
        "MDB/MusicDelta_80sRock": 9,
        "MDB/MusicDelta_Punk": 7,
        "MDB/MusicDelta_Reggae": 4,
        "MDB/MusicDelta_Rockabilly": 6,
    }
    places = leaks["offset"] * 100 % 401
    assert (np.minimum(places, 401 - places) < 1.5).all()


def test_no_performance_of_the_groove_midi_dataset_is_in_two_splits(real_data):
    folder = real_data / "groove"
    if not (folder / "info.csv").is_file():
        pytest.skip(f"no Groove MIDI Dataset in {folder}")
    rows = list(csv.DictReader((folder / "info.csv").open()))
    played = [Played(read_onsets(folder / row["midi_filename"], ROLAND)) for row in rows]
    splits = ["train", "validation", "test"]
    assert shared_rhythms(played, [splits.index(row["split"]) for row in rows]) == []
    # Two of its files hold one performance; both are of the training split.
    twice = shared_rhythms(played, list(range(len(rows))))
    assert [{rows[i]["id"], rows[j]["id"]} for i, j, *_ in twice] == [{"drummer2/session2/7", "drummer2/session2/8"}]
    # A test performance that is put into training, later and only in part, is found again.
    test = [onsets for onsets, row in zip(played, rows, strict=True) if row["split"] == "test"]
    long = [p for p in test if sum(map(len, p.onsets)) >= 64]
    moved = [Played([times[times > 3] - 2.3337 for times in p.onsets]) for p in long]
    found = shared_rhythms(long + moved, [0] * len(long) + [1] * len(long))
    assert all(j - len(long) == i for i, j, *_ in found) and len(found) >= 0.9 * len(long)
