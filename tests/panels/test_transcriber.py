"""The transcriber's panel without a browser: what is seen and heard is what is there, and what cannot be is said."""

import base64
import io
import re
import time
from datetime import UTC, datetime

import ipywidgets
import mido
import numpy as np
import pytest
import soundfile
from PIL import Image

from adtlib.audio.clicks import CLICK_FREQUENCIES
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.notebooks.execute import WIDGET_VIEW
from adtlib.onsets.annotations import read_onsets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.panels.transcriber import panel as panels_transcriber_panel
from adtlib.panels.transcriber.panel import Transcriber
from adtlib.transcription import pretrained
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.sources import AvailableModel, named_sources
from adtlib.vocabulary import ANY_TEXT, CLASSES

NOW = datetime.now(UTC)
CHOSEN = {"KD": 0.5, "SD": 0.5, "TT": 0.6, "HH": 0.55, "CY": 0.45}


@pytest.fixture(scope="module")
def models(tmp_path_factory, write_run):
    folders = [write_run(tmp_path_factory.mktemp("runs") / f"seed_{seed}", seed, CHOSEN) for seed in (1, 2)]
    return [AvailableModel(f"model {seed}", str(folder), "run", ("Slakh",), 0.5) for seed, folder in enumerate(folders, start=1)]


@pytest.fixture(scope="module")
def songs(tmp_path_factory, make_music):
    """Two recordings of a user's."""
    folder = tmp_path_factory.mktemp("songs")
    for seed, name in enumerate(("slow song.wav", "waltz.flac")):
        write_audio(folder / name, make_music(np.random.default_rng(seed)))
    return folder


@pytest.fixture
def panel(songs, models, tmp_path):
    return Transcriber(named_sources([songs]), models, tmp_path / "saved", 0.05)


def shown(panel) -> list[list[float]]:
    """What the rows of onsets in the figure hold."""
    return [list(np.round(line.get_xdata(), 6)) for line in panel._drawn.axes[-1].lines[:5]]


def onsets_there(panel) -> list[list[float]]:
    """What the transcription holds in the passage."""
    start = panel.controls["start"].value
    end = start + panel.controls["seconds"].value
    return [[round(t, 6) for t in times.tolist() if start <= t < end] for times in panel.transcription.onsets]


def heard(panel) -> np.ndarray:
    return soundfile.read(io.BytesIO(bytes(panel.player.value)), dtype="float32")[0]


def troubled(panel) -> bool:
    return "adt-problem" in panel._dom_classes


# --- seeing ------------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_what_the_model_hears(panel, songs, models):
    whole = transcribe(songs / "slow song.wav", model=pretrained.load_model(models[0].where))
    assert sum(map(len, whole.onsets)) > 40, "an empty transcription would prove nothing"
    assert panel.controls["recording"].value == "slow song.wav" and panel.transcription.counts == whole.counts
    assert panel._thresholds == CHOSEN
    assert shown(panel) == onsets_there(panel) and sum(map(len, shown(panel))) > 10
    axes = panel._drawn.axes
    start, seconds = panel.controls["start"].value, panel.controls["seconds"].value
    assert {tuple(np.round(ax.get_xlim(), 6)) for ax in axes} == {(start, start + seconds)}
    first = round(100 * start)
    for index, ax in enumerate(axes[2:7]):
        curve = next(line for line in ax.lines if len(line.get_xdata()) == 100 * seconds)
        np.testing.assert_allclose(curve.get_ydata(), whole.activations[first : first + 100 * seconds, index], atol=1e-4)
        assert CHOSEN[CLASSES[index]] in [line.get_ydata()[0] for line in ax.lines if len(line.get_ydata()) == 2]


@pytest.mark.parametrize("name", CLASSES)
def test_a_threshold_moves_the_onsets_of_its_class_alone(panel, name):
    first, before = panel.image.value, shown(panel)
    index = CLASSES.index(name)
    panel.controls[f"threshold_{name}"].value = 0.1
    assert panel.image.value != first and shown(panel) == onsets_there(panel)
    assert len(shown(panel)[index]) > len(before[index])
    assert [row for i, row in enumerate(shown(panel)) if i != index] == [row for i, row in enumerate(before) if i != index]
    picked = pick_peaks(panel.transcription.activations, PeakPicking(delta=0.0, threshold=0.1))[index]
    np.testing.assert_array_equal(panel.transcription.onsets[index], picked)
    assert "moved by hand" in panel.parts.summary.value
    panel.reset.click()
    assert panel.image.value == first and "as chosen for the model" in panel.parts.summary.value


def test_a_threshold_is_not_looked_for_beyond_the_passage(panel, monkeypatch):
    lengths = []
    monkeypatch.setattr(
        "adtlib.transcription.transcription.pick_peaks", lambda y, *rest, real=pick_peaks: lengths.append(len(y)) or real(y, *rest)
    )
    monkeypatch.setattr(panel, "_make_sound", lambda: None)  # comes later, by itself
    panel.set(start=5.0, seconds=2)
    panel.controls["threshold_HH"].value = 0.2
    assert lengths and max(lengths) < 500 < len(panel.transcription.activations)


def test_painting_in_layers_gives_the_picture_that_painting_all_gives(panel):
    panel.set(start=3.0, threshold_KD=0.2)
    quick = panel.picture.png()
    panel.picture.stale()
    assert panel.picture.png() == quick


def test_along_the_recording_and_to_another_one(panel):
    first = panel.image.value
    panel.set(start=4.0, seconds=2)
    assert panel.image.value != first and shown(panel) == onsets_there(panel)
    assert 4.0 <= panel.controls["at"].value <= 6.0
    panel.controls["recording"].value = "waltz.flac"
    assert "waltz.flac" in panel.sentence.value and panel.transcription.name == "waltz"
    assert shown(panel) == onsets_there(panel)
    panel.controls["seconds"].value = 16
    assert panel.controls["start"].value <= 0.1 and panel._drawn.axes[0].get_xlim()[1] == 12.0, "to its end"


def test_another_model_hears_something_else(panel):
    before = panel.transcription
    panel.controls["threshold_KD"].value = 0.9
    panel.controls["model"].value = "model 2"
    assert panel._thresholds == CHOSEN, "thresholds are the model's own"
    assert not np.allclose(before.activations, panel.transcription.activations)
    assert "seed_2" in panel.parts.summary.value


def test_the_list_is_searched(panel):
    panel.controls["search"].value = "WALTZ"
    assert panel.controls["recording"].options == ("waltz.flac",) == (panel.controls["recording"].value,)
    panel.controls["search"].value = "polka"
    assert "no recording has these words" in panel.sentence.value and panel.player.value == b""
    panel.controls["search"].value = ""
    assert shown(panel) == onsets_there(panel) and len(panel.controls["recording"].options) == 2


# --- hearing -----------------------------------------------------------------------------------------------------------


def test_original_drums_both_and_clicks_are_heard(panel, songs):
    panel.set(start=2.0, seconds=2)
    waveform = soundfile.read(songs / "slow song.wav", dtype="float32")[0][2 * SAMPLE_RATE : 4 * SAMPLE_RATE]
    sounds = {}
    for listen in ("original", "drums", "both", "original and clicks"):
        panel.controls["listen"].value = listen
        sounds[listen] = heard(panel)
        assert len(sounds[listen]) == 2 * SAMPLE_RATE and 0.05 < np.abs(sounds[listen]).max() <= 1
    assert np.corrcoef(sounds["original"], waveform)[0, 1] > 0.999
    assert abs(np.corrcoef(sounds["drums"], waveform)[0, 1]) < 0.9
    np.testing.assert_allclose(sounds["both"], 0.5 * sounds["original"] + 0.5 * sounds["drums"], atol=2e-4)
    assert not np.allclose(sounds["original and clicks"], 0.5 * sounds["original"], atol=0.05)


def test_what_is_heard_follows_a_threshold_and_a_correction(panel):
    panel.set(start=2.0, seconds=2, listen="original and clicks", **{f"threshold_{name}": 1.0 for name in CLASSES})
    clean = heard(panel)
    panel.set(drum="CY", at=3.0)
    panel.add()
    first = round(1.0 * SAMPLE_RATE)
    click = (heard(panel) - clean)[first : first + 1_000]
    assert abs(np.abs(np.fft.rfft(click, SAMPLE_RATE)).argmax() - CLICK_FREQUENCIES["CY"]) < 60
    panel.set(**{f"threshold_{name}": 0.1 for name in CLASSES})
    assert np.abs(heard(panel) - clean).sum() > 2 * np.abs(click).sum()


def test_keep_playing_plays_each_change_at_once(panel):
    assert not panel.player.loop
    panel.controls["keep_playing"].value = True
    assert panel.player.loop and panel.player.autoplay


# --- correcting --------------------------------------------------------------------------------------------------------


def test_an_onset_is_added_and_removed_and_all_is_taken_back(panel):
    first, before = panel.image.value, shown(panel)
    panel.set(start=panel.controls["start"].value, drum="TT", at=round(before[0][0] + 0.005, 2))
    at = panel.controls["at"].value
    panel.parts.buttons["add"].click()
    assert at in shown(panel)[2] and shown(panel) == onsets_there(panel) and "1 correction by hand" in panel.parts.summary.value
    assert list(panel._drawn._by_hand.get_xdata()) == [at]
    panel.controls["threshold_TT"].value = 1.0
    assert shown(panel)[2] == [at], "what was set by hand outlasts other thresholds"
    panel.set(drum="KD", at=round(before[0][0], 2), threshold_TT=CHOSEN["TT"])
    panel.parts.buttons["remove"].click()
    assert shown(panel)[0] == before[0][1:] and "2 corrections" in panel.parts.summary.value
    panel.parts.buttons["undo"].click()
    panel.parts.buttons["undo"].click()
    assert shown(panel) == before
    panel.reset.click()
    assert panel.image.value == first
    panel.parts.buttons["undo"].click()
    assert troubled(panel) and "no correction" in panel.sentence.value


def test_what_cannot_be_removed_is_said_and_the_panel_lives_on(panel):
    panel.set(drum="CY", threshold_CY=1.0)
    panel.remove()
    assert troubled(panel) and "no onset of CY within 50 ms" in panel.sentence.value
    panel.set(threshold_CY=0.3)
    assert not troubled(panel)


def test_corrections_stay_with_their_recording(panel):
    panel.set(drum="SD", at=panel.controls["at"].value)
    panel.add()
    panel.controls["recording"].value = "waltz.flac"
    assert panel.transcription.edits == ()
    panel.controls["recording"].value = "slow song.wav"
    assert len(panel.transcription.edits) == 1


# --- files -------------------------------------------------------------------------------------------------------------


def upload(panel, *files: tuple[str, bytes]) -> None:
    """As the browser hands files over."""
    panel.parts.upload.value = tuple(
        {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": NOW}
        for name, content in files
    )


def as_bytes(waveform, kind: str, rate: int = SAMPLE_RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_recording_is_uploaded(panel, rng, kind, make_music):
    upload(panel, (f"mine.{kind}", as_bytes(np.stack([make_music(rng, 5.0)] * 2, axis=1), kind.upper(), 48_000)))
    assert not troubled(panel) and panel.parts.upload.value == ()
    assert panel.controls["recording"].value == f"mine.{kind}" == panel.controls["recording"].options[0]
    assert 4.5 < panel.transcription.duration < 5.0 and shown(panel) == onsets_there(panel)
    assert "no annotation" in panel.parts.summary.value


def test_a_broken_upload_is_said_and_the_panel_lives_on(panel, rng, make_music):
    whole = as_bytes(make_music(rng, 3.0), "WAV")
    for name, content, words in (
        ("half.wav", whole[:100_000], "half.wav is truncated"),
        ("text.mp3", b"no sound at all", "text.mp3 cannot be read as audio"),
        ("empty.ogg", b"", "empty.ogg is empty"),
    ):
        picture = panel.image.value
        upload(panel, (name, content))
        assert troubled(panel) and words in panel.sentence.value and str(panel._open.folder) not in panel.sentence.value
        assert panel.image.value == picture and name not in panel.controls["recording"].options
    panel.controls["threshold_KD"].value = 0.2
    assert not troubled(panel)
    upload(panel, ("half.wav", whole))
    assert panel.controls["recording"].value == "half.wav" and not troubled(panel)


def test_a_path_is_opened_and_a_wrong_one_is_said(panel, tmp_path, rng, make_music):
    panel.parts.path.value = str(tmp_path / "nowhere.wav")
    assert troubled(panel) and "nowhere.wav is neither" in panel.sentence.value
    write_audio(tmp_path / "more" / "third.wav", make_music(rng, 3.0))
    panel.parts.path.value = str(tmp_path / "more")
    assert panel.controls["recording"].value == "third.wav" and not troubled(panel)


def test_a_recording_that_breaks_on_the_list_gives_words_and_a_picture_all_the_same(models, tmp_path, rng, make_music):
    write_audio(tmp_path / "a.wav", make_music(rng, 3.0))
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:50_000])
    sources = named_sources([tmp_path])
    panel = Transcriber(sources[::-1], models, tmp_path, 0.05)
    assert "b.wav is truncated" in panel.sentence.value and panel.player.value == b""
    assert base64.b64decode(panel._repr_mimebundle_()["image/png"]).startswith(b"\x89PNG")
    panel.controls["recording"].value = "a.wav"
    assert shown(panel) == onsets_there(panel) and "truncated" not in panel.sentence.value


def test_all_formats_are_saved_as_corrected_and_can_be_taken_away(panel, tmp_path):
    panel.set(drum="TT", at=panel.controls["at"].value, threshold_HH=0.8)
    panel.add()
    panel.parts.folder.value = str(tmp_path / "mine")
    panel.parts.buttons["save"].click()
    stems = {path.name for path in (tmp_path / "mine").iterdir()}
    assert stems == {f"slow_song.{kind}" for kind in ("mid", "csv", "musicxml", "svg", "pdf")}
    onsets = read_onsets(tmp_path / "mine" / "slow_song.csv", ANY_TEXT)
    for there, shown_ones in zip(onsets, panel.transcription.onsets, strict=True):
        np.testing.assert_allclose(there, shown_ones, atol=6e-4)
    notes = [message for message in mido.MidiFile(tmp_path / "mine" / "slow_song.mid") if message.type == "note_on"]
    assert len(notes) == len(panel.transcription.events)
    links = re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', panel.parts.saved.value)
    assert len(links) == 5
    for name, data in links:
        assert base64.b64decode(data) == (tmp_path / "mine" / name).read_bytes()


def test_a_file_of_the_same_name_is_replaced_only_where_the_box_is_ticked(panel, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "slow_song.mid").write_bytes(b"corrected in another program")
    panel.parts.folder.value = str(folder)
    panel.parts.buttons["save"].click()
    assert "slow_song.mid is in" in panel.parts.saved.value and "tick &#x27;replace" in panel.parts.saved.value
    assert [path.name for path in folder.iterdir()] == ["slow_song.mid"], "nor is anything else written"
    assert (folder / "slow_song.mid").read_bytes() == b"corrected in another program"
    panel.parts.replace.value = True
    assert len(panel.save()) == 5 and (folder / "slow_song.mid").read_bytes().startswith(b"MThd")
    assert panel.parts.replace.value is False, "once"
    assert panel.save() == [] and "slow_song.mid, slow_song.csv" in panel.parts.saved.value


def test_an_upload_of_any_name_is_shown_or_refused(panel, rng, make_music):
    content = as_bytes(make_music(rng, 3.0), "WAV")
    upload(panel, ("<i>\x01&.wav", content))
    assert panel.controls["recording"].value == r"<i>\x01&.wav" and not troubled(panel)
    assert r"&lt;i&gt;\x01&amp;.wav" in panel.sentence.value and "<i>" not in panel.sentence.value
    upload(panel, ("x" * 300 + ".wav", content))
    assert troubled(panel) and "rename it" in panel.sentence.value
    upload(panel, ("..", content))
    assert troubled(panel)


def test_a_folder_that_cannot_be_written_is_said(panel, tmp_path):
    (tmp_path / "file").write_text("no folder")
    panel.parts.folder.value = str(tmp_path / "file")
    assert panel.save() == [] and "Not saved" in panel.parts.saved.value


# --- without a kernel --------------------------------------------------------------------------------------------------


def test_a_static_picture_with_the_score_stands_in_its_place(panel):
    bundle = panel._repr_mimebundle_()
    assert WIDGET_VIEW in bundle and "image/png" in bundle
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    width, height = panel.picture.canvas.get_width_height()
    assert still.width >= width and still.height > height + 30, "the score lies below"
    below = np.asarray(still.convert("L"))[height:]
    assert (below < 80).sum() > 500 and np.median(below) == 255
    assert len(bundle["image/png"]) < 150_000
    svg = bytes(panel.parts.score.value)
    assert svg.startswith(b"<?xml") or svg.startswith(b"<svg")
    assert svg.count(b'class="note"') >= sum(map(len, shown(panel))) // 2


def test_the_score_follows_a_correction_and_goes_where_nothing_is_left(panel):
    panel.set(threshold_TT=1.0, drum="TT", at=panel.controls["start"].value + 1.03)
    before = bytes(panel.parts.score.value)
    panel.add()
    assert bytes(panel.parts.score.value) != before and panel.parts.score.layout.display == ""
    panel.undo()
    activations = panel._result.transcription.activations
    np.minimum(activations, 0.99, out=activations)
    panel.set(**{f"threshold_{name}": 1.0 for name in CLASSES})
    assert panel.parts.score.layout.display == "none" and panel._pattern is None
    assert "0 onsets" in panel.sentence.value


def test_without_a_model_a_sentence_stands_in_its_place(monkeypatch):
    from adtlib.profiles import load_profile

    monkeypatch.setattr(panels_transcriber_panel, "available_models", lambda profile: [])
    assert "no model" in panels_transcriber_panel.transcribe_recordings(load_profile("smoke")).data


def test_every_part_can_be_found_by_its_class(panel):
    names = ("score", "summary", "saved", "upload", "path", "folder")
    assert all(f"adt-{name}" in getattr(panel.parts, name)._dom_classes for name in names)
    assert all(f"adt-{name}" in panel.parts.buttons[name]._dom_classes for name in ("add", "remove", "undo", "save"))
    assert {"adt-control-threshold-HH", "adt-control-keep-playing"} <= {
        name for control in panel.controls.values() for name in control._dom_classes
    }

    def below(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from below(child)

    everything = list(below(panel))
    parts = [getattr(panel.parts, name) for name in names]
    for part in (*panel.controls.values(), *parts, *panel.parts.buttons.values(), panel.image, panel.player):
        assert everything.count(part) == 1
    assert isinstance(everything[0], ipywidgets.VBox)


def test_sliders_answer_at_once(panel, monkeypatch):
    """Not a benchmark: ten times what it takes on a quiet machine, so that work on the whole recording would show."""
    monkeypatch.setattr(panel, "_make_sound", lambda: None)
    start = time.process_time()
    for value in np.linspace(0.05, 0.95, 10):
        panel.controls["threshold_SD"].value = float(value)
    assert time.process_time() - start < 10 * 0.3
