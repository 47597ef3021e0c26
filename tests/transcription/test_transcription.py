"""From a recording to onsets, corrected, picked again, and written."""

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

import adtlib
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.normalise import loudness_gain
from adtlib.models.ensemble import Ensemble
from adtlib.models.prediction import predict
from adtlib.models.registry import assemble
from adtlib.notation.beats import Beats
from adtlib.onsets.annotations import read_onsets
from adtlib.onsets.energies import SOFTEST_VELOCITY, band_energies, velocities
from adtlib.onsets.midi import Note
from adtlib.onsets.own import is_own
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.synthesis.examples import play
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import Pretrained
from adtlib.transcription.transcription import Transcription
from adtlib.vocabulary import ANY_TEXT, CLASSES, GENERAL_MIDI, MIDI_PITCH


@pytest.fixture(scope="module")
def model() -> Pretrained:
    """A small network with fixed weights, its output shifted so that it finds some onsets in noise."""
    torch.manual_seed(1)
    member = assemble({"architecture": "CRNN", "hyperparameters": {"num_layers": 2, "hidden_size": 12}}, 0.3, 0.3).eval()
    with torch.no_grad():
        member.network.output.weight *= 12
    return Pretrained.of_network("small", Ensemble([member]).requires_grad_(False), PeakPicking(threshold=0.5, delta=0.0))


@pytest.fixture
def waveform(rng) -> np.ndarray:
    """21 seconds of noise with clicks."""
    samples = rng.normal(0, 0.02, 21 * SAMPLE_RATE)
    for start in rng.integers(0, len(samples) - 2_000, 90):
        samples[start : start + 2_000] += rng.normal(0, 0.2, 2_000) * np.exp(-np.arange(2_000) / 300)
    return samples.clip(-1, 1).astype(np.float32)


def made(onsets: dict, duration: float = 10.0, height: float = 0.9) -> Transcription:
    """A transcription with peaks at given seconds (multiples of 10 ms)."""
    n_frames = round(duration * 100)
    activations = np.zeros((n_frames, 5), dtype=np.float32)
    energies = np.zeros((n_frames, 5), dtype=np.float32)
    for name, times in onsets.items():
        for time in times:
            activations[round(time * 100), CLASSES.index(name)] = height
            energies[round(time * 100), CLASSES.index(name)] = 1.0
    return Transcription("song", duration, activations, energies, PeakPicking())


# --- listening ---------------------------------------------------------------------------------------------------------


def test_a_file_gives_what_features_network_and_peak_picking_give(model, waveform, tmp_path):
    path = tmp_path / "My song.wav"
    soundfile.write(path, waveform, SAMPLE_RATE, subtype="FLOAT")
    found = transcribe(path, model=model)
    features = log_filter_spectrogram(waveform * np.float32(loudness_gain([waveform])))
    wanted = predict(model.network, features)
    np.testing.assert_allclose(found.activations, wanted, atol=1e-4)
    softer = transcribe(waveform / 100, SAMPLE_RATE, model)
    np.testing.assert_allclose(softer.activations, wanted, atol=1e-2)
    np.testing.assert_allclose(found.features, features, atol=2e-3)
    picked = pick_peaks(found.activations, model.peak_picking)
    assert sum(map(len, picked)) > 20, "an empty transcription would prove nothing"
    for ours, theirs in zip(found.onsets, picked, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.duration == pytest.approx(21)
    assert (found.name, found.model, found.source) == ("My song", "small", path)
    for event in found.events:
        assert event.confidence == found.activations[round(event.seconds * 100), CLASSES.index(event.name)]
        assert SOFTEST_VELOCITY <= event.velocity <= 127


def test_samples_give_what_their_file_gives(model, waveform, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, waveform, SAMPLE_RATE, subtype="FLOAT")
    one, other = transcribe(path, model=model), adtlib.transcribe(waveform, sample_rate=SAMPLE_RATE, model=model, name="a")
    assert one.events == other.events
    assert other.source is None
    second = waveform[:SAMPLE_RATE]
    listed = transcribe(second.tolist(), SAMPLE_RATE, model)
    np.testing.assert_allclose(listed.activations, transcribe(second, SAMPLE_RATE, model).activations, atol=1e-6)
    lean = transcribe(path, model=model, keep_features=False)
    assert lean.features is None
    assert lean.events == one.events


def test_progress_reaches_the_end(model, waveform):
    heard = []
    transcribe(waveform, SAMPLE_RATE, model, progress=heard.append)
    assert heard == [10.0, 20.0, 21.0]


def test_rates_and_files_are_not_confused(model, waveform, tmp_path):
    with pytest.raises(ValueError, match="without sample_rate"):
        transcribe(waveform, model=model)
    with pytest.raises(ValueError, match="files state their own"):
        transcribe(tmp_path / "a.wav", 44_100, model)


@pytest.mark.parametrize("n_samples", [0, 1, 500, 44_100])
def test_silence_and_next_to_nothing_have_no_onsets(model, n_samples, tmp_path):
    found = transcribe(np.zeros(n_samples, dtype=np.float32), SAMPLE_RATE, model, thresholds=1.0)
    assert found.events == ()
    assert found.counts == dict.fromkeys(CLASSES, 0)
    assert found.to_csv() == "time_seconds,class,pitch,velocity,confidence\n"
    assert found.activations.shape == (-(-n_samples // 441), 5)


# --- other onsets ------------------------------------------------------------------------------------------------------


def test_other_thresholds_pick_again(model, waveform):
    found = transcribe(waveform, SAMPLE_RATE, model)
    high = found.with_thresholds({"KD": 0.9, "CY": 0.2})
    wanted = pick_peaks(found.activations, PeakPicking(threshold=(0.9, 0.5, 0.5, 0.5, 0.2), delta=0.0))
    for ours, theirs in zip(high.onsets, wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert high.with_thresholds(0.5).events == found.events
    again = transcribe(waveform, SAMPLE_RATE, model, thresholds={"KD": 0.9, "CY": 0.2})
    assert again.events == high.events


def test_corrections_by_hand():
    song = made({"KD": [1, 2, 3], "SD": [1.5]})
    found = song.add("SD", 2.5, 30).remove("KD", 2.01).move("KD", 3.0, 3.25)
    assert [list(times) for times in found.onsets] == [[1.0, 3.25], [1.5, 2.5], [], [], []]
    assert song.onsets[0].tolist() == [1.0, 2.0, 3.0], "the first one is as it was"
    added = next(event for event in found.events if event.seconds == 2.5)
    assert (added.velocity, added.confidence) == (30, 1.0)
    moved = next(event for event in found.events if event.seconds == 3.25)
    assert moved.velocity == song.events[-1].velocity
    assert found.remove("SD", 2.5).counts["SD"] == 1, "what was added can be removed"
    assert found.add("KD", 2.0).counts["KD"] == 3, "what was removed can be put back"


def test_corrections_outlast_other_thresholds():
    song = made({"KD": [1, 2]}, height=0.6)
    edited = song.remove("KD", 2).add("HH", 4.0).add("KD", 1.02)
    assert edited.with_thresholds(0.9).onsets[0].tolist() == [1.02]
    back = edited.with_thresholds(0.9).with_thresholds(0.5)
    assert back.onsets[0].tolist() == [1.02], "one set by hand stands for the one picked beside it; one removed stays away"
    assert back.onsets[3].tolist() == [4.0]


def test_impossible_corrections_are_said():
    song = made({"KD": [1]})
    with pytest.raises(ValueError, match=r"no onset of KD within 50 ms of 1\.2 s"):
        song.remove("KD", 1.2)
    with pytest.raises(ValueError, match="outside the recording"):
        song.add("KD", 11)
    with pytest.raises(ValueError, match="'kick' is not a class"):
        song.add("kick", 1)
    with pytest.raises(ValueError, match="1 to 127"):
        song.add("KD", 1, 200)


# --- velocities --------------------------------------------------------------------------------------------------------


def test_velocities_follow_how_hard_drums_were_struck():
    rng = np.random.default_rng(3)
    pitches = {"KD": 36, "SD": 38, "TT": 45, "HH": 42, "CY": 49}
    for name, pitch in pitches.items():
        truth = rng.integers(25, 127, 24)
        times = 0.5 + np.arange(24) * (1.2 if name == "CY" else 0.4)
        notes = [Note(float(time), pitch, int(velocity)) for time, velocity in zip(times, truth, strict=True)]
        features = log_filter_spectrogram(play(notes, times[-1] + 1))
        onsets = [times if other == name else np.empty(0) for other in CLASSES]
        found = velocities(band_energies(features), onsets)[CLASSES.index(name)]
        assert np.corrcoef(np.argsort(np.argsort(truth)), np.argsort(np.argsort(found)))[0, 1] > 0.8, name
        assert found.min() >= SOFTEST_VELOCITY
        assert found.max() <= 127
        assert np.quantile(found, 0.75) == pytest.approx(100, abs=3)


@pytest.mark.parametrize("gap", [0.03, 0.05, 0.08])
def test_the_second_stroke_of_a_flam_is_as_loud_as_it_was_struck(gap):
    singles = 0.5 + 0.5 * np.arange(10)
    notes = [Note(time, 38, 90) for time in singles] + [Note(6.0, 38, 70), Note(6.0 + gap, 38, 110), Note(7.0, 38, 110)]
    energies = band_energies(log_filter_spectrogram(play(notes, 8.0)))
    snare = np.array([*singles, 6.0, 6.0 + gap, 7.0])
    found = velocities(energies, [np.empty(0), snare, np.empty(0), np.empty(0), np.empty(0)])[1]
    assert found[-2] > found[0]
    assert found[-2] == pytest.approx(found[-1], rel=0.15)


def test_a_stroke_of_which_nothing_rises_is_audible_yet():
    energies = np.full((300, 5), 50.0, dtype=np.float32)
    energies[100:110] = 500
    found = velocities(energies, [np.array([1.0, 2.0])] + [np.empty(0)] * 4)[0]
    assert found[1] == SOFTEST_VELOCITY < found[0]


def test_a_correction_leaves_the_velocities_of_the_other_onsets():
    song = made({"SD": [1, 2, 2.06, 3, 4]})
    song.energies[:, 1] *= np.linspace(1, 20, len(song.energies), dtype=np.float32)
    before = {event.seconds: event.velocity for event in song.events}
    assert len(set(before.values())) > 2
    for corrected in (song.remove("SD", 4), song.remove("SD", 2), song.add("SD", 3.5), song.add("SD", 1.95)):
        assert {e.seconds: e.velocity for e in corrected.events if e.confidence < 1}.items() <= before.items()


# --- files -------------------------------------------------------------------------------------------------------------


def test_csv_holds_the_events_and_is_read_by_the_scorer(tmp_path):
    song = made({"KD": [0, 2], "CY": [2], "HH": [0.51]})
    path = tmp_path / "deep" / "song.csv"
    text = song.to_csv(path)
    assert path.read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["time_seconds"], row["class"], row["pitch"]) for row in rows] == [
        ("0.000", "KD", "36"),
        ("0.510", "HH", "42"),
        ("2.000", "KD", "36"),
        ("2.000", "CY", "49"),
    ]
    assert all(float(row["confidence"]) == 0.9 for row in rows)
    for ours, theirs in zip(read_onsets(path, ANY_TEXT), song.onsets, strict=True):
        np.testing.assert_allclose(ours, theirs)
    assert ",77," in song.to_csv(drum_map="addictive-drums-2")
    table = song.table()
    assert list(table.columns) == ["time_seconds", "class", "pitch", "velocity", "confidence"]
    assert table["pitch"].tolist() == [MIDI_PITCH[name] for name in table["class"]]
    unsure = made({"KD": [1]}, height=0.71248)
    assert unsure.to_csv().endswith(",0.712\n"), "rounded once: 0.7125 would be 0.713"
    assert unsure.table()["confidence"].tolist() == [0.7125]


def test_midi_holds_the_onsets_on_channel_10(tmp_path):
    song = made({"KD": np.arange(1, 9, 1.0), "SD": np.arange(1.5, 9, 1.0), "HH": np.arange(1, 9, 0.25)})
    content = song.to_midi(tmp_path / "song.mid")
    assert (tmp_path / "song.mid").read_bytes() == content
    found = read_onsets(tmp_path / "song.mid", GENERAL_MIDI, drum_channel_only=True)
    for ours, theirs in zip(found, song.onsets, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.0006)
    assert song.beats.bpm == pytest.approx(120, rel=0.01)
    assert song.to_midi(drum_map="KD=35") != content
    other = replace(song, given_beats=Beats(np.arange(30) * 0.6, np.arange(30) % 4 + 1))
    assert other.beats.bpm == pytest.approx(100)


def test_files_are_recognised_as_written_here_unless_they_were_corrected(tmp_path):
    song = made({"KD": np.arange(0.5, 9, 1.0), "SD": np.arange(1.0, 9, 1.0)}, 10.0)
    assert all(map(is_own, song.save(tmp_path / "song", ("mid", "csv"))))
    song.add("TT", 2.25).to_midi(tmp_path / "corrected.mid")
    song.to_midi(tmp_path / "grid.mid", quantise=16)
    assert not is_own(tmp_path / "corrected.mid") and is_own(tmp_path / "grid.mid")
    assert song.to_midi() == song.to_midi(), "the mark depends on the notes alone"


def test_a_bar_that_is_named_moves_the_bar_lines_of_all_files(tmp_path):
    song = made({"KD": np.arange(1, 9, 1.0), "SD": np.arange(1.5, 9, 1.0), "HH": np.arange(1, 9, 0.25)})
    moved = song.with_first_bar(5.02)
    assert moved.beats.downbeats.round(2)[:3].tolist() == [1.0, 3.0, 5.0]
    assert song.beats.downbeats.round(2)[:3].tolist() == [0.0, 2.0, 4.0]
    assert moved.with_thresholds(0.8).beats.phase == moved.beats.phase
    assert moved.onsets[0].tolist() == song.onsets[0].tolist()
    assert moved.to_musicxml() != song.to_musicxml()
    with pytest.raises(ValueError, match="outside the recording"):
        song.with_first_bar(10.5)


def test_a_tempo_that_is_named_is_that_of_all_files():
    song = made({"KD": np.arange(1, 9, 1.0), "SD": np.arange(1.5, 9, 1.0), "HH": np.arange(1, 9, 0.25)})
    half = song.with_tempo(60)
    assert song.beats.bpm == pytest.approx(120, rel=0.01)
    assert half.beats.bpm == pytest.approx(60, rel=0.01)
    assert half.with_thresholds(0.8).beats.bpm == pytest.approx(60, rel=0.01)
    assert half.to_pattern().n_bars < song.to_pattern().n_bars
    assert half.to_midi() != song.to_midi()
    given = replace(song, given_beats=Beats(np.arange(30) * 0.6, np.arange(30) % 4 + 1))
    assert given.with_tempo(60).beats.bpm == pytest.approx(60, rel=0.01)
    for wrong in (5, 1000, float("nan")):
        with pytest.raises(ValueError, match="quarter notes a minute, 20 to 400"):
            song.with_tempo(wrong)


@pytest.mark.parametrize("name, bpm", [("trip120", 120), ("shuffle096", 96), ("trip080", 80)])
def test_recordings_in_triplets_are_written_in_triplets(cases, name, bpm):
    song = transcribe(cases / "tempo_triplets" / f"{name}.ogg", keep_features=False)
    assert song.beats.bpm == pytest.approx(bpm, rel=0.02)
    hits = song.to_pattern().hits
    thirds = sum(hit.beat.denominator == 3 for hit in hits)
    others = sum(hit.beat.denominator not in (1, 3) for hit in hits)
    assert thirds > len(hits) / 5
    assert others < len(hits) / 20
    score = ET.fromstring(song.to_musicxml())
    assert len(list(score.iter("time-modification"))) >= thirds / 2


@pytest.mark.parametrize("bpm", [74, 75, 76])
def test_the_tempo_of_a_slow_recording_is_not_doubled(cases, bpm):
    assert transcribe(cases / "tempo_75_doubled" / f"rock{bpm}.ogg", keep_features=False).beats.bpm == pytest.approx(bpm, rel=0.01)


def test_strokes_that_fall_together_are_counted(tmp_path):
    """A flam on a snare drum at 120 beats a minute, and a kick drum beside it, which is another note."""
    song = made({"KD": np.arange(1, 9, 0.5), "SD": [*np.arange(1, 9, 1.0), 4.03]})
    song = replace(song, given_beats=Beats(np.arange(30) * 0.5, np.arange(30) % 4 + 1))
    assert {kind: song.count_merged(kind) for kind in ("mid", "csv", "pdf")} == {"mid": 0, "csv": 0, "pdf": 1}
    assert song.count_merged("musicxml", 48) == 1
    song.to_midi(tmp_path / "song.mid", quantise=4)
    left = sum(map(len, read_onsets(tmp_path / "song.mid", GENERAL_MIDI, drum_channel_only=True)))
    assert song.count_merged("mid", 4) == len(song.events) - left == 1


def test_saving_takes_names_with_and_without_suffix_and_writes_all_or_nothing(tmp_path):
    song = made({"KD": [1, 2], "SD": [1.5]})
    both = [tmp_path / "song.mid", tmp_path / "song.csv"]
    assert song.save(tmp_path / "song", ["mid", "csv"]) == song.save(tmp_path / "song.mid", ("mid", "csv")) == both
    assert song.save(str(tmp_path / "No. 5.mid"), "csv") == [tmp_path / "No. 5.mid.csv"]
    take = replace(song, name="take.mid")
    assert take.save_in(tmp_path, ["mid", "csv"]) == [tmp_path / "take.mid.mid", tmp_path / "take.mid.csv"], "a name is no suffix"
    for formats, options, said in (
        (["mid", "nope"], {}, "'nope' is no format: choose of mid, csv, musicxml, svg, pdf"),
        ("docx", {}, "'docx' is no format"),
        (["csv", "mid"], {"quantise": 5}, "quantise = 5"),
        (["csv", "mid"], {"drum_map": "td-99"}, "not a drum map"),
    ):
        with pytest.raises(ValueError, match=said):
            song.save(tmp_path / "other", formats, **options)
    assert not list(tmp_path.glob("other*"))


# --- pictures and sound ------------------------------------------------------------------------------------------------


@pytest.fixture
def rock(tmp_path) -> Transcription:
    """Sixteen bars at 120 beats a minute, with their recording."""
    onsets = {"KD": np.arange(0.5, 32, 1.0), "SD": np.arange(1.0, 32, 1.0), "HH": np.arange(0.5, 32, 0.25)}
    song = made(onsets, 33.0)
    path = tmp_path / "rock & roll.wav"
    soundfile.write(path, song.play_drums(), SAMPLE_RATE)
    features = log_filter_spectrogram(soundfile.read(path, dtype="float32")[0])
    return replace(song, name="rock & roll", source=path, features=features.astype(np.float16))


def test_sounds_are_as_long_as_the_recording_and_do_not_clip(rock):
    for waveform in (rock.click_track(), rock.play_drums(), rock.click_track(np.zeros(33 * SAMPLE_RATE))):
        assert waveform.shape == (33 * SAMPLE_RATE,)
        assert 0.1 < np.abs(waveform).max() <= 0.951
    alone = replace(rock, source=None).click_track()
    loud = np.abs(alone) > 0.05
    assert loud[round(0.5 * SAMPLE_RATE) :][:2_000].any()
    assert not loud[: round(0.49 * SAMPLE_RATE)].any()


def test_clicks_are_heard_beside_samples_on_the_scale_of_integers(rock, tmp_path):
    loud = replace(rock, source=tmp_path / "loud.wav")
    soundfile.write(loud.source, 27_000 * soundfile.read(rock.source)[0], SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match="divided by 32,768"):
        heard = loud.click_track()
    np.testing.assert_allclose(heard, loud.click_track(soundfile.read(rock.source)[0] * 27_000 / 32_768), atol=1e-5)


def test_the_picture_shows_a_passage_aligned(rock):
    axes = rock.plot(3.0, 7.0)
    assert len(axes) == 7
    assert all(ax.get_xlim() == pytest.approx((3.0, 7.0)) for ax in axes)
    kicks = next(line for line in axes[-1].lines if line.get_marker() == "o")
    assert kicks.get_xdata().tolist() == [3.5, 4.5, 5.5, 6.5]
    bars = [line for line in axes[-1].lines if line.get_linewidth() == 1.3]
    assert [round(float(line.get_xdata()[0]), 1) for line in bars] == [4.5, 6.5]
    assert rock.plot()[0].get_xlim() == pytest.approx((0.2, 10.2))
    with pytest.raises(ValueError, match="not a passage"):
        rock.plot(40, 50)
    with pytest.raises(ValueError, match="keep_features=True"):
        replace(rock, features=None).plot()


def test_a_notebook_shows_summary_picture_players_and_score(rock):
    shown = rock.remove("KD", 0.5)._repr_html_()
    assert "rock &amp; roll" in shown
    assert "0:33 min; kick drum 31, snare drum 31, hi-hat 126; 4/4, 120 beats a minute" in shown
    assert "corrected by hand: 1" in shown
    assert shown.count("data:image/png") == 1
    assert shown.count("data:audio/mpeg") == 2
    assert shown.count("data:image/svg+xml") == 1
    assert len(shown) < 1_500_000
    empty = made({}, 3.0)._repr_html_()
    assert "no drums" in empty
    assert "svg" not in empty
    assert "KD 32" in repr(rock)
