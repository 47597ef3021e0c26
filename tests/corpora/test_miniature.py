"""The miniature corpora: read back through the loaders they are made for, and checked by numbers where one would listen."""

import csv
import io
import shutil
import subprocess
import sys
from collections import defaultdict

import mido
import numpy as np
import pytest
import soundfile
import yaml

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import to_peak
from adtlib.corpora.base import MARKER
from adtlib.corpora.miniature.plan import kit_table, recipes
from adtlib.corpora.miniature.songs import performance_of
from adtlib.corpora.miniature.write import is_written, marker_text, write_miniature
from adtlib.corpora.registry import CORPORA, open_corpus
from adtlib.notation.midi_files import MidiPart, TempoMap, parts_midi
from adtlib.onsets.midi import Note
from adtlib.synthesis.soundfont import KitDesign, build_kit, render_drums
from adtlib.vocabulary import CLASSES, GENERAL_MIDI

SPLITS = ("train", "validation", "test")
WITH_TRACKS = [name for name in CORPORA if name != "ADTOF-YT"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "smoke"
    write_miniature(folder, "smoke", workers=1)
    return folder


def _files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WITH_TRACKS)
def test_every_split_is_there_and_can_be_read(root, name):
    corpus = open_corpus(name, root)
    assert corpus.miniature and corpus.present
    assert corpus.missing() == []
    for split in corpus.splits:
        assert corpus.tracks(split), split
        counts = np.zeros(len(CLASSES), dtype=int)
        for track in corpus.tracks(split):
            waveform, annotation = corpus.read_audio(track), corpus.read_annotation(track)
            assert not annotation.unknown, f"{track.id}: {annotation.unknown}"
            assert 0.1 < np.max(np.abs(waveform)) <= 0.99
            assert np.max(np.concatenate(annotation.onsets)) < len(waveform) / SAMPLE_RATE
            counts += [len(onsets) for onsets in annotation.onsets]
        assert np.all(counts > 0), f"{split}: {counts}"


def test_mdb_has_its_drum_tracks_too(root):
    assert open_corpus("ENST+MDB", root, mdb_audio="drum_only").missing() == []


def test_adtof_sequences(root):
    corpus = open_corpus("ADTOF-YT", root)
    for split in SPLITS:
        sequences = list(corpus.sequences(split))
        assert len(sequences) == corpus.found(split) > 0
        for features, targets in sequences:
            assert features.shape == (400, 84) and targets.shape == (400, 5)
            assert features.min() >= 0 and features.max() > 0.5
            assert set(np.unique(targets)) <= {0.0, 0.5, 1.0}
        assert sum((targets == 1).sum(axis=0) for _, targets in sequences).min() > 0


def test_onsets_lie_where_the_sound_begins(root):
    """E-GMD is drums alone: strokes that stand by themselves rise within 10 ms of their annotation, half of them within 2."""
    corpus = open_corpus("E-GMD", root)
    errors = []
    for track in corpus.tracks():
        onsets = np.sort(np.concatenate(corpus.read_annotation(track).onsets))
        attack = np.abs(np.diff(corpus.read_audio(track).astype(float), prepend=0.0))
        for seconds in onsets:
            start = round(seconds * SAMPLE_RATE)
            if np.sum(np.abs(onsets - seconds) < 0.06) > 1 or start < 2000:
                continue
            window = np.convolve(attack[start - 882 : start + 882], np.ones(22) / 22, "same")  # 20 ms either side
            floor, peak = window[:600].max(), window[600:].max()
            if peak > 2 * floor:
                errors.append(np.argmax(window > floor + 0.1 * (peak - floor)) / SAMPLE_RATE - 0.02)
    assert len(errors) > 20
    assert np.max(np.abs(errors)) < 0.010
    assert np.abs(np.median(errors)) < 0.002


@pytest.mark.parametrize("program", [0, 8, 16, 24, 25, 32, 40, 48])
def test_each_stroke_of_each_kit_starts_at_once(program):
    kit = build_kit(KitDesign("test", program, tilt=2.0))
    for pitch in (36, 37, 38, 42, 44, 46, 43, 47, 50, 49, 51, 53, 57):
        stroke = kit.shot(pitch, 110, 0)
        first = np.argmax(np.abs(stroke) > 0.1 * np.max(np.abs(stroke))) / SAMPLE_RATE
        assert first < 0.002, pitch
        assert np.abs(stroke[-1]) < 1e-3 * np.max(np.abs(stroke))


def test_a_closed_hi_hat_ends_an_open_one():
    kit, rng = build_kit(KitDesign("dry", 0, wet=0.0)), np.random.default_rng(0)
    ringing = render_drums([Note(0.1, 46, 110)], kit, 1.0, rng)
    choked = render_drums([Note(0.1, 46, 110), Note(0.3, 44, 1)], kit, 1.0, rng)
    late = slice(round(0.35 * SAMPLE_RATE), None)
    assert np.sum(choked[late] ** 2) < 0.01 * np.sum(ringing[late] ** 2)
    assert np.max(np.abs(to_peak(ringing, 2.0))) <= 0.981


def test_drums_are_audible_in_the_mix(root):
    """Drums and accompaniment are within 6 dB of each other, as the split files of ENST-Drums show."""
    for path in root.rglob("wet_mix/*.wav"):
        drums, music = soundfile.read(path)[0], soundfile.read(path.parent.parent / "accompaniment" / path.name)[0]
        assert drums.shape == music.shape and drums.shape[1] == 2
        assert abs(10 * np.log10(np.mean(drums**2) / np.mean(music**2))) < 6
        assert np.max(np.abs(drums + music)) <= 0.98


def test_egmd_table(root):
    with open(root / "e-gmd-v1.0.0" / "e-gmd-v1.0.0.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["drummer", "session", "id"] and list(rows[0])[-1] == "kit_name"
    for row in rows:
        audio = soundfile.info(root / "e-gmd-v1.0.0" / row["audio_filename"])
        assert (audio.samplerate, audio.channels, audio.subtype) == (44100, 1, "PCM_16")
        assert float(row["duration"]) == pytest.approx(audio.duration, abs=0.001)
        midi = mido.MidiFile(root / "e-gmd-v1.0.0" / row["midi_filename"])
        assert midi.type == 0 and midi.ticks_per_beat == 480
        assert {message.channel for message in midi if message.type == "note_on"} == {9}


def test_slakh_metadata_names_its_stems(root):
    for path in root.rglob("metadata.yaml"):
        metadata = yaml.safe_load(path.read_text(encoding="utf-8"))
        stems = metadata["stems"]
        rendered = [name for name, stem in stems.items() if stem["audio_rendered"]]
        assert sum(stem["is_drum"] for stem in stems.values()) == 1
        assert 3 <= len(rendered) - 1 <= 6
        assert all((path.parent / "MIDI" / f"{name}.mid").is_file() for name in rendered)
        assert soundfile.info(path.parent / "mix.flac").samplerate == 44100


@pytest.mark.parametrize("size", ["smoke", "standard"])
def test_no_performance_is_in_two_splits(size):
    splits = defaultdict(set)
    for recipe in recipes(size, 0):
        if size == "smoke" or recipe.corpus in ("E-GMD", "Slakh"):
            notes = performance_of(recipe).notes
            splits[tuple(note.pitch for note in notes)].add((recipe.corpus, recipe.split, recipe.name))
    assert all(len(owners) == 1 for owners in splits.values())


@pytest.mark.parametrize("seed", [0, 1])
def test_test_splits_of_standard_size_hold_enough_of_each_class(seed):
    counts = defaultdict(lambda: np.zeros(len(CLASSES), dtype=int))
    for recipe in recipes("standard", seed):
        corpus = {"ENST": "ENST+MDB", "MDB": "ENST+MDB"}.get(recipe.corpus, recipe.corpus)
        for note in performance_of(recipe).notes:
            counts[corpus, recipe.split][GENERAL_MIDI.class_index(note.pitch)] += max(len(recipe.designs), 1)
    for name in {corpus for corpus, _ in counts}:
        assert counts[name, "test"].min() >= 20, (name, counts[name, "test"])
        total = sum(counts[name, split] for split in SPLITS)
        assert total[CLASSES.index("TT")] >= 0.06 * total.sum(), (name, total)
        assert total[CLASSES.index("CY")] >= 0.08 * total.sum(), (name, total)


def test_equal_seeds_give_equal_bytes_for_any_number_of_processes(root, tmp_path):
    write_miniature(tmp_path / "again", "smoke", workers=2)
    first, second = _files(root), _files(tmp_path / "again")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_finished_folder_is_left_alone(root):
    before = (root / MARKER).stat().st_mtime_ns
    write_miniature(root, "smoke", progress=lambda done, total: pytest.fail("something was written"))
    assert (root / MARKER).stat().st_mtime_ns == before
    assert is_written(root, "smoke") and not is_written(root, "smoke", seed=1) and not is_written(root)


def test_something_else_is_never_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="not a miniature"):
        write_miniature(tmp_path, "smoke")
    with pytest.raises(ValueError, match="unknown size"):
        write_miniature(tmp_path / "x", "huge")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_broken_writer_leaves_nothing_and_keeps_what_was_there(root, tmp_path):
    old = tmp_path / "miniature"
    shutil.copytree(root / "SADTP", old / "SADTP")
    (old / MARKER).write_text(marker_text("smoke", 99))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_miniature(old, "smoke", progress=stop, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["miniature"]
    assert is_written(old, "smoke", seed=99)


def test_a_killed_writer_leaves_nothing_that_reads_as_whole(tmp_path):
    script = (
        "import os\nfrom adtlib.corpora.miniature.write import write_miniature\n"
        f"write_miniature({str(tmp_path / 'miniature')!r}, 'smoke', workers=1, progress=lambda done, total: os._exit(9))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert not (tmp_path / "miniature").exists()


def test_midi_times_survive_tempo_changes():
    tempo = TempoMap.following(np.cumsum([0.3, *np.linspace(0.4, 0.6, 16)]))
    times = [0.1, 1.234, 3.333, 7.9]
    data = parts_midi([MidiPart("drums", 0, 9, [(t, t + 0.1, 38, 90) for t in times])], tempo=tempo, kind=1)
    now, found = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append(now)
    assert found == pytest.approx(times, abs=0.001)


def test_the_table_of_kits_says_what_corpora_share():
    table = kit_table("standard").set_index("corpus")
    assert table.loc["E-GMD", "melodic instruments"] == "none" and table.loc["Slakh", "melodic instruments"] == "3 to 6"
    kits = {corpus: set(names.split(", ")) for corpus, names in table["kits"].items()}
    assert kits["E-GMD"] & kits["ENST"], "the text of notebook 20 says that corpora share kits"
    assert table["performances"].sum() == len(recipes("standard", 0))
