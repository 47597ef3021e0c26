"""The transcriber's panel without a browser: what is seen and heard is what is there, and what cannot be is said."""

import base64
import io
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime

import ipywidgets
import mido
import numpy as np
import pytest
import soundfile
from PIL import Image

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.notebooks.execute import WIDGET_VIEW
from adtlib.onsets.annotations import read_onsets
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.panels.transcriber import panel as panels_transcriber_panel
from adtlib.panels.transcriber.panel import Transcriber
from adtlib.panels.transcriber.shown import ShownRecording
from adtlib.transcription import pretrained
from adtlib.transcription.events import Edit
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


def floats(sent: bytes) -> np.ndarray:
    return np.frombuffer(sent, "<f4")


def by_hand(panel, *edits: Edit) -> None:
    """The browser says that these are the corrections of the recording that it shows."""
    panel.editor.edits = {"of": panel.editor.recording["id"], "made": [edit._asdict() for edit in edits]}


def troubled(panel) -> bool:
    return "adt-problem" in panel._dom_classes


# --- seeing ------------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_what_the_model_hears(panel, songs, models):
    whole = transcribe(songs / "slow song.wav", model=pretrained.load_model(models[0].where))
    assert sum(map(len, whole.onsets)) > 40, "an empty transcription would prove nothing"
    assert panel.controls["recording"].value == "slow song.wav" and panel.transcription.counts == whole.counts
    assert panel._thresholds == CHOSEN and panel.editor.thresholds == list(CHOSEN.values())
    sent = panel.editor.recording
    np.testing.assert_allclose(floats(sent["activations"]), whole.activations.ravel(), atol=1e-4)
    np.testing.assert_allclose(floats(sent["energies"]), whole.energies.ravel(), rtol=1e-3, atol=1e-3)
    assert sent["duration"] == whole.duration and len(floats(sent["peaks"])) == np.ceil(whole.duration * 100)
    assert sent["picking"] == asdict(whole.peak_picking) | {"threshold": list(CHOSEN.values())}
    waveform = soundfile.read(songs / "slow song.wav", dtype="float32")[0]
    peaks = floats(sent["peaks"])
    assert peaks.max() == 1 and peaks[37] == pytest.approx(np.abs(waveform[37 * 441 : 38 * 441]).max() / np.abs(waveform).max())
    start, seconds = panel.editor.view
    assert seconds == 8 and start <= min(times[0] for times in whole.onsets if len(times))
    beats = panel.editor.beats
    assert beats["times"] == whole.beats.times.tolist() and beats["of"] == sent["id"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_threshold_moves_the_onsets_of_its_class_alone(panel, name):
    before = panel.transcription.counts
    panel.controls[f"threshold_{name}"].value = 0.1
    assert panel.editor.thresholds == [0.1 if each == name else CHOSEN[each] for each in CLASSES]
    after = panel.transcription.counts
    assert after[name] > before[name] and all(after[each] == before[each] for each in CLASSES if each != name)
    picked = pick_peaks(panel.transcription.activations, PeakPicking(delta=0.0, threshold=0.1))[CLASSES.index(name)]
    np.testing.assert_array_equal(panel.transcription.onsets[CLASSES.index(name)], picked)
    assert "moved by hand" in panel.parts.summary.value
    panel.reset.click()
    assert panel.transcription.counts == before and "as chosen for the model" in panel.parts.summary.value


def test_a_threshold_is_not_looked_for_beyond_what_is_shown(panel, monkeypatch):
    lengths = []
    monkeypatch.setattr(
        "adtlib.transcription.transcription.pick_peaks", lambda y, *rest, real=pick_peaks: lengths.append(len(y)) or real(y, *rest)
    )
    monkeypatch.setattr(panel, "_follow_up", lambda: None)  # comes later, by itself
    panel.look(5.0, 2.0)
    panel.controls["threshold_HH"].value = 0.2
    assert lengths and max(lengths) < 500 < len(panel.transcription.activations)


def test_along_the_recording_and_to_another_one(panel):
    score = bytes(panel.parts.score.value)
    panel.look(4.0, 2.0)
    inside = sum(4 <= event.seconds < 6 for event in panel.transcription.events)
    assert f"<b>{inside} onsets</b> from 4.0 to 6.0 s" in panel.sentence.value and bytes(panel.parts.score.value) != score
    number = panel.editor.recording["id"]
    panel.controls["recording"].value = "waltz.flac"
    assert "waltz.flac" in panel.sentence.value and panel.transcription.name == "waltz"
    assert panel.editor.recording["id"] == number + 1 == panel.editor.beats["of"] and panel.editor.view[1] == 8
    panel.look(0.0, 100.0)
    assert "to 12.0 s" in panel.sentence.value, "to its end"


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
    assert "no recording has these words" in panel.sentence.value and panel.editor.recording == {"id": 0}
    panel.controls["search"].value = ""
    assert panel.editor.recording["id"] and len(panel.controls["recording"].options) == 2


# --- hearing -----------------------------------------------------------------------------------------------------------


def test_sound_is_sent_in_pieces_that_make_the_recording(panel, songs, monkeypatch):
    waveform = soundfile.read(songs / "slow song.wav", dtype="float32")[0]
    sent = []
    monkeypatch.setattr(panel.editor, "send", lambda content, buffers: sent.append((content, buffers)))
    number = panel.editor.recording["id"]
    for piece in (0, 1):
        panel.editor._handle_custom_msg({"sound": number, "piece": piece}, [])
    panel.editor._handle_custom_msg({"sound": number + 1, "piece": 0}, [])
    assert [content for content, _ in sent] == [{"sound": number, "piece": 0}, {"sound": number, "piece": 1}], "of this recording"
    samples = np.concatenate([np.frombuffer(buffers[0], "<i2") for _, buffers in sent])
    assert len(sent[0][1][0]) == 2 * 10 * SAMPLE_RATE and len(samples) == len(waveform)
    np.testing.assert_allclose(samples / 32_767, 0.9 * waveform / np.abs(waveform).max(), atol=2e-5)


# --- correcting --------------------------------------------------------------------------------------------------------


def test_what_is_corrected_in_the_browser_is_corrected_here(panel):
    before = panel.transcription.onsets
    added = Edit("add", "TT", 3.217)
    by_hand(panel, added)
    assert 3.217 in panel.transcription.onsets[2] and "1 correction by hand" in panel.parts.summary.value
    panel.controls["threshold_TT"].value = 1.0
    assert 3.217 in panel.transcription.onsets[2], "what was set by hand outlasts other thresholds"
    by_hand(panel, added, Edit("remove", "KD", float(before[0][0])))
    np.testing.assert_array_equal(panel.transcription.onsets[0], before[0][1:])
    assert "2 corrections" in panel.parts.summary.value
    panel.reset.click()
    by_hand(panel)
    for now, then in zip(panel.transcription.onsets, before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_what_is_corrected_in_code_is_corrected_in_the_browser(panel):
    panel.transcription = panel.transcription.add("SD", 3.217)
    expected = [{"kind": "add", "name": "SD", "seconds": 3.217, "velocity": 0}]
    assert panel.editor.edits == {"of": panel.editor.recording["id"], "made": expected}
    assert 3.217 in panel.transcription.onsets[1] and "1 correction" in panel.parts.summary.value


def test_corrections_stay_with_their_recording(panel):
    late = {"of": panel.editor.recording["id"], "made": [Edit("add", "SD", 5.0)._asdict()]}
    by_hand(panel, Edit("add", "SD", 3.217))
    panel.controls["recording"].value = "waltz.flac"
    assert panel.transcription.edits == () == tuple(panel.editor.edits["made"])
    panel.editor.edits = late
    assert panel.transcription.edits == (), "a message of the recording before"
    panel.controls["recording"].value = "slow song.wav"
    assert [edit.seconds for edit in panel.transcription.edits] == [3.217]
    assert [edit["seconds"] for edit in panel.editor.edits["made"]] == [3.217]


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
    assert 4.5 < panel.transcription.duration < 5.0 == panel.editor.recording["duration"] + 5.0 - panel.transcription.duration
    assert "no annotation" in panel.parts.summary.value


def test_a_broken_upload_is_said_and_the_panel_lives_on(panel, rng, make_music):
    whole = as_bytes(make_music(rng, 3.0), "WAV")
    for name, content, words in (
        ("half.wav", whole[:100_000], "half.wav is truncated"),
        ("text.mp3", b"no sound at all", "text.mp3 cannot be read as audio"),
        ("empty.ogg", b"", "empty.ogg is empty"),
    ):
        number = panel.editor.recording["id"]
        upload(panel, (name, content))
        assert troubled(panel) and words in panel.sentence.value and str(panel._open.folder) not in panel.sentence.value
        assert panel.editor.recording["id"] == number and name not in panel.controls["recording"].options
    panel.controls["threshold_KD"].value = 0.2
    assert not troubled(panel)
    upload(panel, ("half.wav", whole))
    assert panel.controls["recording"].value == "half.wav" and not troubled(panel)


def test_a_path_is_opened_and_a_wrong_one_is_said(panel, tmp_path, rng, make_music):
    panel.parts.path.value = str(tmp_path / "nowhere.wav")
    assert troubled(panel) and "nowhere.wav is neither" in panel.sentence.value
    panel.parts.path.value = "~nobody-has-this-name/a.wav"
    assert "nobody-has-this-name/a.wav is neither" in panel.sentence.value
    write_audio(tmp_path / "more" / "third.wav", make_music(rng, 3.0))
    panel.parts.path.value = str(tmp_path / "more")
    assert panel.controls["recording"].value == "third.wav" and not troubled(panel)


def test_a_recording_that_breaks_on_the_list_gives_words_and_a_picture_all_the_same(models, tmp_path, rng, make_music):
    write_audio(tmp_path / "a.wav", make_music(rng, 3.0))
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:50_000])
    sources = named_sources([tmp_path])
    panel = Transcriber(sources[::-1], models, tmp_path, 0.05)
    assert "b.wav is truncated" in panel.sentence.value and panel.editor.recording == {"id": 0}
    assert base64.b64decode(panel._repr_mimebundle_()["image/png"]).startswith(b"\x89PNG")
    panel.controls["recording"].value = "a.wav"
    assert panel.editor.recording["id"] and "truncated" not in panel.sentence.value


def test_all_formats_are_saved_as_corrected_and_can_be_taken_away(panel, tmp_path):
    panel.controls["threshold_HH"].value = 0.8
    by_hand(panel, Edit("add", "TT", 3.217))
    panel.parts.folder.value = str(tmp_path / "mine")
    panel.parts.save.click()
    stems = {path.name for path in (tmp_path / "mine").iterdir()}
    assert stems == {f"slow_song.{kind}" for kind in ("mid", "csv", "musicxml", "svg", "pdf")}
    onsets = read_onsets(tmp_path / "mine" / "slow_song.csv", ANY_TEXT)
    assert 3.217 in onsets[2]
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
    panel.parts.save.click()
    assert "slow_song.mid is in" in panel.parts.saved.value and "tick &#x27;replace" in panel.parts.saved.value
    assert [path.name for path in folder.iterdir()] == ["slow_song.mid"], "nor is anything else written"
    assert (folder / "slow_song.mid").read_bytes() == b"corrected in another program"
    panel.parts.replace.value = True
    assert len(panel.save()) == 5 and (folder / "slow_song.mid").read_bytes().startswith(b"MThd")
    assert panel.parts.replace.value is False, "once"
    assert panel.save() == [] and "slow_song.mid, slow_song.csv" in panel.parts.saved.value


def test_the_name_of_a_recording_that_ends_like_a_format_is_no_suffix(panel, tmp_path, rng, make_music):
    write_audio(tmp_path / "take.mid.wav", make_music(rng, 3.0))
    panel.parts.path.value = str(tmp_path / "take.mid.wav")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "take.mid").write_bytes(b"corrected in another program")
    panel.parts.folder.value = str(tmp_path / "mine")
    assert [path.name for path in panel.save()] == [f"take.mid.{kind}" for kind in ("mid", "csv", "musicxml", "svg", "pdf")]
    shown = ShownRecording(named_sources([tmp_path / "take.mid.wav"]), list(panel._models.values()))
    assert shown.save(tmp_path / "mine", ["mid"]) == [tmp_path / "mine" / "take.mid.mid"]
    assert (tmp_path / "mine" / "take.mid").read_bytes() == b"corrected in another program"


def test_samples_on_the_scale_of_integers_are_shown_as_any_others(panel, models, songs, tmp_path):
    soundfile.write(tmp_path / "a.wav", 27_000 * soundfile.read(songs / "slow song.wav")[0], SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match="divided by 32,768"):
        loud = Transcriber(named_sources([tmp_path / "a.wav"]), models, tmp_path, 0.05)
    assert loud.transcription.counts == panel.transcription.counts
    np.testing.assert_allclose(floats(loud.editor.recording["peaks"]), floats(panel.editor.recording["peaks"]), atol=1e-4)


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
    panel.parts.folder.value = "~nobody-has-this-name"
    assert panel.save() == [] and "home directory" in panel.parts.saved.value


# --- without a kernel --------------------------------------------------------------------------------------------------


def test_a_static_picture_with_the_score_stands_in_its_place(panel):
    bundle = panel._repr_mimebundle_()
    assert WIDGET_VIEW in bundle and "image/png" in bundle
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert still.width > 600 and np.asarray(still.convert("L")).std() > 20
    with_score = still.height
    panel._pattern = None
    without = Image.open(io.BytesIO(panel.still()))
    assert with_score > without.height + 30, "the score lies below"
    below = np.asarray(still.convert("L"))[without.height :]
    assert (below < 80).sum() > 500 and np.median(below) == 255
    assert len(bundle["image/png"]) < 150_000
    svg = bytes(panel.parts.score.value)
    assert svg.startswith(b"<?xml") or svg.startswith(b"<svg")
    start, seconds = panel.editor.view
    there = sum(start <= event.seconds < start + seconds for event in panel.transcription.events)
    assert there > 10 and svg.count(b'class="note"') >= there // 2


def test_the_score_follows_a_correction_and_goes_where_nothing_is_left(panel):
    before = bytes(panel.parts.score.value)
    by_hand(panel, Edit("add", "TT", panel.editor.view[0] + 1.03))
    assert bytes(panel.parts.score.value) != before and panel.parts.score.layout.display == ""
    by_hand(panel)
    assert bytes(panel.parts.score.value) == before
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
    names = ("score", "summary", "saved", "upload", "path", "folder", "save")
    assert all(f"adt-{name}" in getattr(panel.parts, name)._dom_classes for name in names)
    assert "adt-control-threshold-HH" in {name for control in panel.controls.values() for name in control._dom_classes}

    def below(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from below(child)

    everything = list(below(panel))
    parts = [getattr(panel.parts, name) for name in names]
    for part in (*panel.controls.values(), *parts, panel.editor):
        assert everything.count(part) == 1
    assert isinstance(everything[0], ipywidgets.VBox)


def test_sliders_answer_at_once(panel, monkeypatch):
    """Not a benchmark: ten times what it takes on a quiet machine, so that work on the whole recording would show."""
    monkeypatch.setattr(panel, "_follow_up", lambda: None)
    start = time.process_time()
    for value in np.linspace(0.05, 0.95, 10):
        panel.controls["threshold_SD"].value = float(value)
    assert time.process_time() - start < 10 * 0.3
