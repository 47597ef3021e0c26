"""Rendered training data: from kits made here of noise and decays, so that no package of sounds is needed."""

import importlib.util
import os

import mido
import numpy as np
import pytest
import soundfile

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place, rms
from adtlib.cli import main
from adtlib.synthesis import (
    articulations,
    band,
    capture,
    clips,
    drumming,
    edits,
    effects,
    kits as synthesis_kits,
    masking,
    performances,
    sources,
)
from adtlib.synthesis.drumming import Stroke
from adtlib.synthesis.recipe import SHIPPED, Recipe, Streams
from adtlib.synthesis.samples import Bank, BankWriter, find_attack
from adtlib.synthesis.sources import SourceError
from adtlib.synthesis.tones import SILENCE, tone, write_groove, write_hydrogen_kit, write_songs
from adtlib.training import rendered_clips
from adtlib.vocabulary import CLASSES, ROLAND

# --- one-shots ---------------------------------------------------------------------------------------------------------


def test_the_attack_of_a_stroke_is_found_behind_leading_silence():
    assert find_attack(tone(200)) == pytest.approx(SILENCE * SAMPLE_RATE, abs=0.001 * SAMPLE_RATE)


def test_the_attack_of_a_swelling_cymbal_is_where_it_becomes_audible_not_where_it_is_loudest():
    swell = tone(5_000, 1.0) * np.clip(np.arange(round((SILENCE + 1) * SAMPLE_RATE)) / SAMPLE_RATE - SILENCE, 0, 0.02)
    loudest = int(np.abs(swell).argmax()) / SAMPLE_RATE
    assert SILENCE < find_attack(swell) / SAMPLE_RATE < SILENCE + 0.006 < loudest


def test_faint_noise_before_a_stroke_is_not_its_attack():
    noisy = tone(200) + 1e-3 * np.random.default_rng(0).normal(size=len(tone(200)))
    assert find_attack(noisy) == pytest.approx(SILENCE * SAMPLE_RATE, abs=0.001 * SAMPLE_RATE)


def test_a_hydrogen_kit_is_captured_with_its_layers_and_attacks(made):
    bank = Bank(made[1] / "kits" / "GMRockKit")
    (layers,) = bank.voices("kick")
    assert [layer.velocity for layer in layers] == [64, 127]
    for layer in layers:
        waveform = bank.waveform(layer)
        assert np.abs(waveform).max() == pytest.approx(1, abs=1e-3)
        assert layer.attack <= 0.005 * SAMPLE_RATE and np.abs(waveform[: layer.attack]).max() < 0.2
    assert {"snare", "tom_low", "tom_high", "hat_closed", "hat_open", "ride", "crash", "other_bongo_hi"} <= set(bank.by_key)


def test_layers_that_are_the_same_sample_are_kept_once(tmp_path):
    writer = BankWriter()
    for velocity in (40, 80, 127):
        writer.add("snare", "38", velocity, tone(200) * velocity)
    writer.write(tmp_path / "bank")
    assert [one_shot.velocity for one_shot in Bank(tmp_path / "bank").by_key["snare"]] == [127]


def test_a_sample_that_the_package_lacks_is_left_out_with_a_warning(tmp_path):
    kit = write_hydrogen_kit(tmp_path / "kit")
    (kit / "0-1.wav").unlink()
    with pytest.warns(UserWarning, match=r"0-1\.wav.*left out"):
        capture.capture_hydrogen(kit, tmp_path / "bank")
    assert [one_shot.velocity for one_shot in Bank(tmp_path / "bank").by_key["kick"]] == [64]


def test_a_folder_of_samples_is_a_kit_with_soft_and_hard_layers(tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_SOUNDS", str(tmp_path))
    kit = sources.SampleFolder("kit", "drums", "*.wav", "package", {"cymbal_open": "hat_open", "zap": None})
    assert kit.files == []
    (tmp_path / "drums").mkdir()
    for number, name in enumerate(("snare_soft", "snare_hard", "hihat_closed01", "hihat_closed02", "cymbal_open", "zap", "notes")):
        soundfile.write(tmp_path / "drums" / f"{name}.wav", 0.5 * tone(200 + 300 * number), SAMPLE_RATE)
    capture.capture_files(kit, tmp_path / "bank")
    bank = Bank(tmp_path / "bank")
    assert set(bank.by_key) == {"snare", "hat_closed", "hat_open"}
    assert [[layer.velocity for layer in voice] for voice in bank.voices("snare")] == [[70, 127]]
    assert len(bank.voices("hat_closed")) == 2


def test_a_damaged_kit_is_named(tmp_path):
    kit = write_hydrogen_kit(tmp_path / "kit")
    (kit / "3-0.wav").write_bytes(b"RIFF")
    with pytest.raises(SourceError, match=r"3-0\.wav cannot be read"):
        capture.capture_hydrogen(kit, tmp_path / "bank")
    (kit / "drumkit.xml").write_text("<drumkit_info>")
    with pytest.raises(SourceError, match=r"drumkit\.xml cannot be read"):
        capture.capture_hydrogen(kit, tmp_path / "bank")


@pytest.mark.parametrize("lost", [None, 200, 0])
def test_a_bank_without_its_sounds_is_refused_with_the_folder_that_says_it_was_captured(tmp_path, lost):
    writer = BankWriter()
    writer.add("snare", "38", 127, tone(200))
    path = tmp_path / "banks" / "kits" / "kit"
    writer.write(path)
    sounds = path.with_name("kit.npy")
    sounds.unlink() if lost is None else os.truncate(sounds, lost)
    with pytest.raises(SourceError, match=rf"kits/kit: this bank cannot be read .*delete {tmp_path / 'banks'} and capture"):
        Bank(path)


def test_missing_sounds_are_named_with_the_command_that_installs_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_SOUNDS", str(tmp_path))
    monkeypatch.setattr(capture.paths, "CACHE", tmp_path / "cache")
    with pytest.raises(SourceError, match=r"apt-get install .*avldrums\.lv2-soundfont hydrogen-drumkits"):
        capture.capture(progress=False)


def test_the_commands_say_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADT_SOUNDS", str(tmp_path))
    monkeypatch.setattr(capture.paths, "CACHE", tmp_path / "cache")
    assert main(["render", "--hours", "1", "--data", str(tmp_path)]) == 1
    assert "apt-get install" in capsys.readouterr().err
    assert main(["train", "--data", str(tmp_path)]) == 1
    assert "render --hours" in capsys.readouterr().err


def test_without_fluidsynth_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fluidsynth", None)
    with (
        pytest.raises(SourceError, match=r"libfluidsynth3.*pip install -e '\.\[train\]'"),
        capture._synthesiser(tmp_path / "x.sf2"),
    ):
        pass


@pytest.mark.skipif(importlib.util.find_spec("fluidsynth") is None, reason="pyfluidsynth is not installed: extra [train]")
@pytest.mark.skipif(not sources.FONTS[2].path.is_file(), reason="timgm6mb-soundfont is not installed")
def test_a_stroke_taken_from_a_real_bank_begins_at_once_and_dies_away():
    with capture._synthesiser(sources.FONTS[2].path) as (synth, number):
        synth.program_select(0, number, 128, 0)
        stroke = capture._record_note(synth, 38, 110, 1.0, 0.9)
    assert len(stroke) == SAMPLE_RATE
    assert find_attack(stroke) < 0.02 * SAMPLE_RATE
    assert rms(stroke[: SAMPLE_RATE // 4]) > 100 * rms(stroke[-SAMPLE_RATE // 10 :]) > 0 or not stroke[-4_410:].any()


def test_articulations_have_the_class_that_the_vocabulary_gives_their_pitch():
    for pitch, articulation in articulations.OF_PITCH.items():
        assert articulations.class_index(articulation) == ROLAND.class_index(pitch), pitch


# --- playing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("blended", [0.0, 1.0])
@pytest.mark.parametrize("articulation", ["kick", "snare", "tom_low", "hat_closed", "ride", "crash"])
def test_a_stroke_sounds_at_its_annotated_time(studio, articulation, blended, seed, monkeypatch):
    monkeypatch.setattr(synthesis_kits, "_BLENDED", blended)
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(seed))
    stems = synthesis_kits.play([Stroke(0.5, articulation, 100, 0.0)], kit, SAMPLE_RATE)
    stem = np.abs(stems[articulations.class_index(articulation)])
    heard = int(np.argmax(stem > 0.1 * stem.max())) / SAMPLE_RATE
    assert heard == pytest.approx(0.5, abs=0.0025)
    assert not np.delete(stems, articulations.class_index(articulation), axis=0).any()


def test_two_kits_sound_at_once_where_they_are_blended(studio, monkeypatch):
    def spectrum(blended):
        monkeypatch.setattr(synthesis_kits, "_BLENDED", blended)
        monkeypatch.setattr(synthesis_kits, "_TUNING", (0.0,) * 6)
        kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
        kit._treatment = {"snare": (0.0, None, [])}
        return np.abs(np.fft.rfft(synthesis_kits.play([Stroke(0.1, "snare", 100, 0.0)], kit, SAMPLE_RATE)[1]))

    alone, both = spectrum(0.0), spectrum(1.0)
    peaks = [float(both[hertz - 4 : hertz + 5].max() / alone[hertz - 4 : hertz + 5].max()) for hertz in (260, 286)]  # two kits
    assert min(peaks) < 1.2 and max(peaks) > 2


def test_a_stick_becomes_a_brush_of_noise_that_swells(studio):
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
    stem = synthesis_kits.play([Stroke(0.5, "brush", 80, 0.0)], kit, SAMPLE_RATE)[CLASSES.index("SD")]
    start = SAMPLE_RATE // 2
    assert not stem[: start - 200].any()
    loudest = int(np.argmax(np.convolve(np.square(stem[start : start + 4000]), np.ones(100), "same"))) / SAMPLE_RATE
    assert 0.001 < loudest < 0.04
    spectrum = np.square(np.abs(np.fft.rfft(stem[start:])))
    high = spectrum[round(500 * len(stem[start:]) / SAMPLE_RATE) :].sum()
    assert high > 0.4 * spectrum.sum(), "the snare here is a tone of 200 Hz: the rest is noise"


def test_what_no_kit_has_is_not_annotated(studio, monkeypatch):
    real = drumming.strokes
    extra = [Stroke(2.0 + step, "cowbell", 100, 0.0) for step in range(3)]  # the kits made here have none
    monkeypatch.setattr(drumming, "strokes", lambda *call: sorted(real(*call) + extra))
    with_extra = clips.render(studio, 0, 2, 3.0)
    assert with_extra.about["kind"] != "no drums"
    times = with_extra.onsets[CLASSES.index("CY")] + clips.PRE_ROLL
    assert not np.isin(np.round(times, 6), [2.0, 3.0, 4.0]).any()


def test_levels_are_those_of_a_mix_on_average(studio):
    kits = [synthesis_kits.ClipKit(studio.drum_kits, Streams(seed)) for seed in range(400)]
    mean = np.mean([kit.levels for kit in kits], axis=0)
    spread = np.std([kit.levels for kit in kits], axis=0)
    np.testing.assert_allclose(mean[:5], [0, 0, -3, -10, -9], atol=0.6)
    np.testing.assert_allclose(spread, 3.5, atol=0.6)
    kit = kits[0]
    stroke = Stroke(0.1, "snare", 100, -12.0)
    soft, loud = (np.abs(synthesis_kits.play([s], kit, 8_000)).max() for s in (stroke, stroke._replace(level=0.0)))
    assert 20 * np.log10(soft / loud) == pytest.approx(-12, abs=4)


def test_a_stroke_of_the_hat_ends_the_one_before(studio):
    def energy(strokes):
        kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
        kit._treatment = dict.fromkeys(("hat_open", "hat_closed"), (0.0, None, []))  # neither damped nor tuned
        stem = synthesis_kits.play(strokes, kit, SAMPLE_RATE)[CLASSES.index("HH")]
        return float(np.square(stem[round(0.28 * SAMPLE_RATE) :]).sum())

    ringing, closing = Stroke(0.1, "hat_open", 100, 0.0), Stroke(0.2, "hat_closed", 100, -60.0)
    assert energy([ringing, closing]) < 0.05 * energy([ringing])


def test_what_lies_outside_the_vocabulary_sounds_and_is_not_annotated(studio):
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
    strokes = [Stroke(0.1, "other_bongo_hi", 100, 0.0)]
    stems = synthesis_kits.play(strokes, kit, SAMPLE_RATE)
    assert stems[synthesis_kits.OTHER].any() and not stems[: synthesis_kits.OTHER].any()
    assert sum(map(len, clips.annotate(strokes, 0.0, 1.0, kit)[0])) == 0


def test_a_flam_is_one_onset_at_its_loud_stroke(studio):
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
    strokes = [Stroke(1.000, "snare", 60, -10.0, True), Stroke(1.020, "snare", 100, 0.0), Stroke(1.5, "snare", 100, -6.0)]
    onsets, kinds = clips.annotate(strokes, 0.5, 3.0, kit)
    assert [len(found) for found in kinds] == [0, 2, 0, 0, 0]
    np.testing.assert_allclose(onsets[CLASSES.index("SD")], [0.52, 1.0])


def test_pads_crosstalk_is_left_out_and_ghost_notes_stay():
    part = performances.Part(-1, np.arange(4.0), np.zeros(4), np.array([38, 38, 49, 49]), np.array([100, 14, 8, 90]))
    strokes = drumming.strokes(drumming.Drumming(part, 60.0), 0.5, np.random.default_rng(0))
    assert [(round(s.seconds), s.articulation) for s in strokes] == [(0, "snare"), (1, "snare"), (3, "crash")]
    assert drumming.FLOOR_DB <= strokes[1].level < -6


def edited(edit, strokes, beat=0.5, seed=0):
    return edit(strokes, beat, np.random.default_rng(seed))


def test_the_foot_closes_the_hat_on_the_second_and_fourth_beat():
    ride = [Stroke(0.5 * step, "hat_closed", 100, 0.0) for step in range(17)]
    found = edited(edits._pedal_on_backbeats, ride)
    pedal = [stroke.seconds for stroke in found if stroke.articulation == "hat_pedal"]
    np.testing.assert_allclose(pedal, np.arange(0.5, 8, 1.0), atol=0.03)
    assert len(found) == len(ride) + len(pedal)


def test_brushes_keep_time_on_the_snare():
    strokes = [Stroke(0.25 * step, name, 100, 0.0) for step, name in enumerate(["kick", "ride", "snare", "tom_low"] * 20)]
    names = [stroke.articulation for stroke in edited(edits._brushes, strokes)]
    assert names.count("kick") == names.count("tom_low") == 20 and names.count("brush") >= 24
    assert articulations.class_index("brush") == CLASSES.index("SD")
    assert articulations.of_pitch(39, True, articulations.BRUSHES) == "brush" != articulations.of_pitch(39)
    assert articulations.of_pitch(40, True, articulations.BRUSHES) is None


def test_ghost_notes_are_soft_and_not_where_the_snare_is_struck():
    strokes = [Stroke(0.5 * step, "snare" if step % 2 else "kick", 100, 0.0) for step in range(40)]
    more = edited(edits._add_ghosts, strokes)[len(strokes) :]
    assert len(more) > 5 and all(stroke.articulation == "snare" and -20 <= stroke.level <= -9 for stroke in more)
    snare = np.array([stroke.seconds for stroke in strokes if stroke.articulation == "snare"])
    assert all(np.abs(snare - stroke.seconds).min() > 0.03 for stroke in more)
    softened = edited(edits._soften_snare, strokes)
    levels = [stroke.level for stroke in softened if stroke.articulation == "snare"]
    assert 0 < np.mean(np.array(levels) < -7) < 1 and min(levels) >= drumming.FLOOR_DB
    assert all(stroke.level == 0 for stroke in softened if stroke.articulation == "kick")


# --- songs and other instruments ----------------------------------------------------------------------------------------


def test_a_song_is_read_in_beats_at_the_tempo_that_holds_longest(tmp_path):
    file = mido.MidiFile(ticks_per_beat=100)
    tempos = mido.MidiTrack(
        [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=400_000, time=200)]
    )
    drums = mido.MidiTrack([mido.Message("note_on", channel=9, note=38, velocity=90, time=150)])
    drums.append(mido.Message("note_off", channel=9, note=38, time=10))
    bass = mido.MidiTrack([mido.Message("program_change", channel=2, program=33)])
    bass.append(mido.Message("note_on", channel=2, note=40, velocity=70, time=400))
    bass.append(mido.Message("note_on", channel=2, note=40, velocity=0, time=600))
    file.tracks.extend([tempos, drums, bass])
    file.save(tmp_path / "song.mid")
    song = performances.read_song(tmp_path / "song.mid", "song", "song", "train")
    assert song.bpm == pytest.approx(150) and song.n_beats == 10
    assert (song.drums.beats.tolist(), song.drums.pitches.tolist(), song.drums.velocities.tolist()) == ([1.5], [38], [90])
    (part,) = song.others
    assert (part.program, part.beats.tolist(), part.lengths.tolist(), part.pitches.tolist()) == (33, [4.0], [6.0], [40])
    assert part.within(3, 5).beats.tolist() == [1.0] and not len(part.within(5, 9).beats)


def test_a_damaged_song_is_named(tmp_path):
    (tmp_path / "song.mid").write_bytes(b"MThd")
    with pytest.raises(SourceError, match=r"song\.mid cannot be read"):
        performances.read_song(tmp_path / "song.mid", "song", "song", "train")


def test_performances_are_those_of_the_folder_that_is_named_and_of_its_files_as_they_are(tmp_path):
    for name in "ab":
        write_groove(tmp_path / name)
    write_songs(tmp_path / "a", 2)
    for read in (performances.gather, performances.gather_tests):
        first = read(tmp_path / "a", tmp_path / "notes")
        assert read(tmp_path / "a", tmp_path / "notes") == first
        with pytest.raises(SourceError, match="holds no MIDI files"):
            read(tmp_path / "b", tmp_path / "notes")
        song = tmp_path / "a" / "groove" / "0.mid"
        os.utime(song, ns=(0, song.stat().st_mtime_ns + 1))
        again = read(tmp_path / "a", tmp_path / "notes")
        assert again != first and again.read_bytes() == first.read_bytes()


def test_the_accompaniment_sounds_on_the_beat_of_the_drums_and_at_its_pitch(made):
    part = performances.Part(0, np.array([2.0]), np.array([1.0]), np.array([64]), np.array([100]))
    banks = (made[1] / "instruments" / "fluid", made[1] / "instruments" / "voices")
    arrangement = band.Arrangement((part,), 5)
    waveform = band.play(arrangement, 120.0, 0.5, banks, 2 * SAMPLE_RATE, Streams(0))
    assert find_attack(waveform) / SAMPLE_RATE == pytest.approx(1.0, abs=0.05)  # players are a little early or late
    assert rms(waveform) == pytest.approx(1, abs=0.01)
    spectrum = np.abs(np.fft.rfft(waveform))
    assert np.argmax(spectrum) / 2 == pytest.approx(440.0, rel=0.02)  # E4 and five semitones


def test_pick_noise_sounds_once_for_each_note_or_chord():
    starts = np.array([0.5, 0.5, 1.2])
    noise = np.abs(band.pick_noise(2 * SAMPLE_RATE, starts, np.random.default_rng(0)))
    loud = np.flatnonzero(noise > 0.05)
    assert loud[0] / SAMPLE_RATE == pytest.approx(0.5, abs=0.02)
    gaps = np.flatnonzero(np.diff(loud) > 0.2 * SAMPLE_RATE)
    assert len(gaps) == 1 and loud[gaps[0] + 1] / SAMPLE_RATE == pytest.approx(1.2, abs=0.02)
    stem = np.ones(2 * SAMPLE_RATE, dtype=np.float32)
    parts = [band.process_part(stem, sung, starts, np.random.default_rng(seed)) for seed in range(20) for sung in (True, False)]
    assert all(np.isfinite(part).all() and len(part) == len(stem) for part in parts)
    assert 5 < sum(np.allclose(part, stem) for part in parts) < 35


def test_a_song_twice_as_fast_is_played_at_half_its_tempo():
    assert [band._tempo_factor(bpm, 80.0) for bpm in (75, 90, 165, 330, 42)] == [1, 1, 2, 2, 0.5]


def test_swing_moves_the_second_eighth_and_leaves_the_beats():
    np.testing.assert_allclose(drumming.swing(np.array([0.0, 0.25, 0.5, 1.0, 3.5]), 2 / 3), [0, 1 / 3, 2 / 3, 1, 3 + 2 / 3])


# --- clips and shards --------------------------------------------------------------------------------------------------


def test_a_clip_is_the_same_whenever_it_is_rendered(made):
    one, other = (clips.Studio(made[1], made[2], "train") for _ in range(2))
    clips.render(other, 0, 4, 3.0)
    first, again = clips.render(one, 0, 7, 3.0), clips.render(other, 0, 7, 3.0)
    assert first.waveform.tobytes() == again.waveform.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first.onsets, again.onsets, strict=True))
    assert first.waveform.tobytes() != clips.render(one, 0, 8, 3.0).waveform.tobytes()
    assert first.waveform.tobytes() != clips.render(one, 1, 7, 3.0).waveform.tobytes()


def test_clips_are_whole_and_within_full_scale(studio):
    kinds = set()
    for index in range(25):
        clip = clips.render(studio, 0, index, 2.0)
        kinds.add(clip.about["kind"])
        assert clips.kind_of(studio.split, 0, index) == clip.about["kind"]
        assert clip.waveform.dtype == np.float32 and len(clip.waveform) == 2 * SAMPLE_RATE
        assert np.isfinite(clip.waveform).all() and np.abs(clip.waveform).max() <= 1.05
        assert all(((o >= 0) & (o < 2)).all() and (np.diff(o) >= clips.FLAM).all() for o in clip.onsets)
        if clip.about["kind"] == "no drums":
            assert sum(map(len, clip.onsets)) == 0
    assert kinds == {"drums", "mix", "no drums"} == set(clips.KINDS)


def test_nothing_of_validation_is_trained_on(made):
    train, validation = (clips.Studio(made[1], made[2], split) for split in ("train", "validation"))
    assert not {p.name for p in train.kits} & {p.name for p in validation.kits}
    assert not {p.name for p in train.instruments} & {p.name for p in validation.instruments}
    names = [{song.name for song in studio.songs} for studio in (train, validation)]
    assert not names[0] & names[1] and "g4" not in names[0] | names[1]  # g4: test split
    assert any(song.kind == "song" for song in validation.songs)


@pytest.mark.parametrize("ingredient", [*clips.INGREDIENTS])
def test_a_clip_can_be_rendered_without_each_ingredient(made, ingredient, monkeypatch):
    def never(*_, **__):
        raise AssertionError("played all the same")

    recipe = clips.without(SHIPPED, (ingredient,))
    assert len(recipe.differences(SHIPPED)) == 1
    studio = clips.Studio(made[1], made[2], "train", recipe)
    if ingredient == "kits":
        assert len(studio.drum_kits) == 2
        return
    forbidden = {
        "accompaniment": (band, "arrange"),
        "voices": (band, "_sing"),
        "edits": (edits, "_rename"),
        "variation": (synthesis_kits, "sosfilt"),
        "studio": (effects, "room_response"),
    }
    monkeypatch.setattr(*forbidden[ingredient], never)
    assert all(np.isfinite(clips.render(studio, 0, index, 2.0).waveform).all() for index in range(8))


def test_an_unknown_ingredient_is_named():
    with pytest.raises(ValueError, match="salt: choose from accompaniment"):
        clips.without(SHIPPED, ("salt",))


@pytest.fixture
def small_shards(made, tmp_path, monkeypatch):
    monkeypatch.setattr(rendered_clips, "CLIPS_PER_SHARD", 2)
    monkeypatch.setattr(rendered_clips, "SHARDS_PER_HOUR", 1)
    monkeypatch.setattr(rendered_clips, "capture", lambda progress: made[1])
    monkeypatch.setattr(performances, "songs_folder", lambda: made[2].parent)
    return lambda hours, folder="clips", **recipes: rendered_clips.render_corpus(
        made[0], hours, 1, 0, tmp_path / folder, jobs=1, progress=False, **({"recipe": SHIPPED, "validation": SHIPPED} | recipes)
    )


def test_shards_are_read_as_a_prepared_corpus(small_shards, studio):
    prepared = small_shards(2)
    units = prepared.units("train")
    assert [unit.id for unit in units] == [f"train/{index:06d}" for index in range(4)]
    clip = clips.render(studio, 0, 3)
    np.testing.assert_allclose(units[3].features, clip.features, atol=2e-3)
    assert all(np.array_equal(a, b) for a, b in zip(units[3].onsets, clip.onsets, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(units[3].kinds, clip.kinds, strict=True))
    assert prepared.totals("validation").n_units == 2


def test_rendering_is_resumed_and_only_what_is_missing_is_rendered(small_shards, monkeypatch):
    folder = small_shards(2).folder
    before = {path.name: path.read_bytes() for path in (folder / "train").glob("shard*.npy")}
    (folder / "train" / "shard-00001.jsonl").unlink()
    (folder / "index.json").unlink()
    rendered, real = [], rendered_clips.render_shard
    monkeypatch.setattr(rendered_clips, "render_shard", lambda *call: rendered.append(call[1:3]) or real(*call))
    assert small_shards(3).totals("train").n_units == 6
    assert rendered == [("train", 1), ("train", 2)]
    assert {name: (folder / "train" / name).read_bytes() for name in before} == before


def test_shards_of_another_recipe_are_rendered_again(small_shards, monkeypatch):
    small_shards(1)
    rendered, real = [], rendered_clips.render_shard
    monkeypatch.setattr(rendered_clips, "render_shard", lambda *call: rendered.append(call[1:3]) or real(*call))
    small_shards(1)
    assert rendered == []
    small_shards(1, recipe=Recipe(voices=0.3))
    assert rendered == [("train", 0)], "validation clips keep their recipe"


# --- what is heard -----------------------------------------------------------------------------------------------------


def test_a_stroke_is_audible_unless_louder_sounds_mask_all_of_its_bands():
    rng = np.random.default_rng(0)
    stem = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    for start in (0.5, 1.0):
        burst = tone(200, 0.3)[round(SILENCE * SAMPLE_RATE) :].astype(np.float32)
        place(burst, stem, round(start * SAMPLE_RATE), 0.1)
    noise = rng.normal(0, 20, len(stem)).astype(np.float32)
    hum = np.sin(2 * np.pi * 3_000 * np.arange(len(stem)) / SAMPLE_RATE).astype(np.float32)
    times = np.array([0.5, 1.0])
    assert masking.audible(stem, stem, times).all()
    assert masking.audible(stem, stem + hum, times).all(), "another band, however loud, masks nothing"
    assert not masking.audible(stem, stem + noise, times).any()
    late = stem + np.where(np.arange(len(stem)) < 0.8 * SAMPLE_RATE, 0, noise)
    assert masking.audible(stem, late, times).tolist() == [True, False]
    assert masking.audible(stem, stem, np.array([0.6, 1.9, 5.0])).tolist() == [False, False, False], "a drum that rings on"
    assert masking.audible(stem, stem, np.empty(0)).shape == (0,)


def test_masked_strokes_sound_and_are_not_annotated(studio, monkeypatch):
    whole = clips.render(studio, 0, 2, 3.0)
    monkeypatch.setattr(clips, "audible", lambda stem, mix, seconds: np.asarray(seconds) > 2.5)
    part = clips.render(studio, 0, 2, 3.0)
    assert part.waveform.tobytes() == whole.waveform.tobytes()
    for times, all_times in zip(part.onsets, whole.onsets, strict=True):
        assert set(times) <= set(all_times) and all(time + clips.PRE_ROLL > 2.5 for time in times)
    assert sum(map(len, whole.onsets)) > sum(map(len, part.onsets)) > 0


# --- an example to show ------------------------------------------------------------------------------------------------


def test_an_example_is_rendered_where_the_sounds_are_and_else_it_is_said_why(made, monkeypatch, tmp_path):
    data, banks, notes = made
    monkeypatch.setattr(performances, "songs_folder", lambda: notes.parent)
    monkeypatch.setattr(clips, "missing_packages", lambda: [])
    monkeypatch.setattr(clips, "banks_folder", lambda: banks)
    clip = clips.example_clip("drums", data)
    assert clip.about["kind"] == "drums" and clip.features.shape == (1200, 84)
    assert clips.why_no_clip(data) == ""
    with pytest.raises(ValueError, match="choose from drums, mix, no drums"):
        clips.example_clip("silence", data)
    monkeypatch.setattr(performances, "songs_folder", lambda: tmp_path / "none")
    assert clips.example_clip("mix", tmp_path) is None and "--fetch 'Groove MIDI'" in clips.why_no_clip(tmp_path)
    monkeypatch.setattr(clips, "banks_folder", lambda: tmp_path)
    assert "render --hours 1" in clips.why_no_clip(data)
    monkeypatch.setattr(clips, "missing_packages", lambda: ["hydrogen-data"])
    assert clips.example_clip("mix", data) is None and "apt-get install hydrogen-data" in clips.why_no_clip(data)
