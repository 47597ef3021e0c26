"""The page without a server, in a headless Chromium: it hears what `adt transcribe --classes 5` hears, corrects, saves, offline."""

import json
import os
import re
from dataclasses import replace

import mido
import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import load_model

pytestmark = pytest.mark.browser
SONGS = sorted(paths.real_data_root().glob("**/MDB Drums/audio/*/MusicDelta_*.wav"))[
    :: 1 if os.environ.get("ADT_SCREENSHOTS") else 5
]


@pytest.fixture
def in_python():
    """What `adt transcribe --classes 5` hears, in float32 as the browser does."""
    return lambda path: transcribe(path, keep_features=False, engine="onnxruntime").with_five_classes()


def onsets(found: dict, name: str) -> np.ndarray:
    return np.array([onset["seconds"] for onset in found["onsets"] if onset["class"] == name])


def assert_same_onsets(found: dict, song) -> None:
    for name, times in zip(song.counts, song.onsets, strict=True):
        np.testing.assert_allclose(onsets(found, name), times, atol=1e-3, err_msg=name)


def test_a_groove_is_heard_saved_and_engraved_as_in_python(open_page, groove, in_python, tmp_path):
    page, song = open_page(), in_python(groove)
    page.hear(groove)
    found = page.heard()
    assert song.counts["KD"] >= 6 and song.counts["HH"] >= 20
    assert_same_onsets(found, song)
    np.testing.assert_allclose(found["beats"], song.beats.times, atol=1e-6)
    assert page.save("MIDI") == song.to_midi()
    assert page.save("MusicXML").decode() == song.to_musicxml()
    assert page.save("Table (CSV)").decode() == song.to_csv()
    assert len(page.save("Audacity labels").decode().splitlines()) == len(song.events)
    page.save("Song with clicks (WAV)")
    page.save("Synthetic drums (WAV)")
    clicks, drums = (soundfile.read(tmp_path / f"groove.{kind}.wav")[0] for kind in ("clicks", "drums"))
    assert len(clicks) == 9 * SAMPLE_RATE and 0.1 < np.abs(drums).max() <= 0.96
    assert b"<svg" in page.save("Sheet music (SVG)")
    page.page.click("#engrave")
    page.page.wait_for_selector("#score img", timeout=60_000)
    assert page.page.evaluate("document.querySelector('#score img').decode().then(() => true)")
    page.screenshot("desk")
    assert page.complaints == []


def test_it_works_without_a_network_once_it_is_loaded(open_page, groove, in_python):
    page, song = open_page("phone"), in_python(groove)
    page.wait_offline()
    page.context.set_offline(True)
    page.page.goto(page.page.url + "index.html")
    page.hear(groove)
    assert_same_onsets(page.heard(), song)
    page.page.click("#engrave")
    page.page.wait_for_selector("#score img", timeout=60_000)
    page.screenshot("phone")
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than a phone"
    assert page.complaints == []


def test_broken_files_are_refused_in_a_sentence_and_the_next_is_heard(open_page, groove, tmp_path):
    page, content = open_page(), groove.read_bytes()
    broken = {
        "empty.mp3": (b"", "empty"),
        "page.mp3": (b"<html>404 not found</html>", "text"),
        "song.mid": (b"MThd\0\0\0\x06", "the JSON can be opened again"),
        "cut.wav": (content[: len(content) // 2], "cut"),
        "noise.ogg": (np.random.default_rng(0).bytes(5_000), "cannot decode"),
        "no_samples.wav": (content[:40] + bytes(4), "cannot decode"),
    }
    for name, (data, reason) in broken.items():
        (tmp_path / name).write_bytes(data)
        page.hear(tmp_path / name)
        assert name in page.problem and reason in page.problem, f"{name}: {page.problem!r}"
    page.screenshot("broken")
    page.hear(groove)
    assert page.problem == "" and page.heard()["onsets"]


def test_onsets_are_corrected_with_the_keyboard(open_page, groove):
    page = open_page()
    page.hear(groove)
    before = page.heard()["onsets"]
    lanes, said = page.page.locator("canvas"), page.page.locator("[aria-live=polite]")
    lanes.focus()
    lanes.press("ArrowRight")
    assert "kick drum at 0:00.4" in said.inner_text() and "1 of" in said.inner_text()
    lanes.press("Delete")
    assert said.inner_text().startswith("Deleted: kick drum")
    lanes.press("ArrowDown")
    lanes.press("ArrowDown")
    lanes.press("End")
    lanes.press("Enter")
    lanes.press("Shift+ArrowLeft")
    after = page.heard()["onsets"]
    assert len(after) == len(before)
    (added,) = [onset for onset in after if onset["class"] == "TT" and onset["confidence"] == 1]
    assert added["seconds"] == pytest.approx(8.995, abs=1e-3)
    for _ in range(3):
        lanes.press("Control+z")
    assert said.inner_text().startswith("Undone (deleted: kick drum")
    assert page.heard()["onsets"] == before
    for _ in range(3):
        lanes.press("Control+y")
    assert page.heard()["onsets"] == after
    assert page.complaints == []


def test_onsets_are_corrected_with_a_pointer(open_page, groove):
    page = open_page()
    page.hear(groove)
    before = page.heard()["onsets"]
    lanes = page.page.locator("canvas")
    box = lanes.bounding_box()
    lane = {name: 110 + 50 * row + 30 for row, name in enumerate(("KD", "SD", "TT", "HH", "CY"))}

    def at(seconds, name):  # nine seconds are in view
        return {"x": seconds / 9 * box["width"], "y": lane[name]}

    page.page.get_by_role("button", name="Correct by clicking").click()
    lanes.click(position=at(2.15, "CY"))
    lanes.click(position=at(before[0]["seconds"], before[0]["class"]))
    kick = [onset["seconds"] for onset in before if onset["class"] == "KD"][-1]
    lanes.drag_to(lanes, source_position=at(kick, "KD"), target_position=at(kick + 0.12, "KD"))
    after = page.heard()["onsets"]
    assert len(after) == len(before)
    added = [onset["seconds"] for onset in after if onset["class"] == "CY" and onset["confidence"] == 1]
    assert added == [pytest.approx(2.15, abs=0.01)]
    assert [onset["seconds"] for onset in after if onset["class"] == "KD"][-1] == pytest.approx(kick + 0.12, abs=0.01)
    page.screenshot("corrected")


def test_thresholds_act_at_once_and_corrected_midi_is_not_marked_as_found(open_page, groove, in_python, tmp_path):
    page, song = open_page(), in_python(groove)
    page.hear(groove)
    page.page.locator("#threshold-HH").fill("0.99")
    assert onsets(page.heard(), "HH").size == song.with_thresholds({"HH": 0.99}).counts["HH"] < song.counts["HH"]
    page.page.get_by_role("button", name="Thresholds as they were").click()
    assert_same_onsets(page.heard(), song)
    lanes = page.page.locator("canvas")
    lanes.focus()
    lanes.press("ArrowRight")
    lanes.press("Delete")
    page.save("MIDI")
    texts = [message.text for track in mido.MidiFile(tmp_path / "groove.mid").tracks for message in track if message.type == "text"]
    assert texts == []


PROGRAMS = {
    "markers.csv": "Markers for Reaper",
    "tab.txt": "Drum tablature, plain text",
    "chart": "Chart for Clone Hero and YARG",
    "notes.mid": "Chart for Clone Hero and YARG, as MIDI",
    "dtx": "Chart for DTXMania",
    "svl": "Layer for Sonic Visualiser",
}


def test_files_for_other_programs_follow_what_is_corrected_and_are_those_of_python(open_page, groove, in_python, tmp_path):
    page, song = open_page(), in_python(groove)
    page.hear(groove)
    page.page.locator("#threshold-HH").fill("0.99")
    page.page.get_by_label("Title").fill('A "new" title: 東京')
    lanes = page.page.locator("canvas")
    lanes.focus()
    lanes.press("ArrowRight")
    lanes.press("ArrowRight")
    lanes.press("b")  # a bar begins at the second onset of the kick, in the middle of a bar
    changed = song.with_thresholds({"HH": 0.99})
    changed = replace(changed, name='A "new" title: 東京').with_first_bar(changed.onsets[0][1])
    page.page.get_by_label("Notes in").select_option("8")
    for kind, program in PROGRAMS.items():
        assert page.save_for(program) == changed.content(kind, quantise=8), kind
        assert (tmp_path / f"groove.{kind}").is_file() and page.page.inner_text("#saved").startswith(f"Saved: groove.{kind}")
    assert page.save("Audacity labels") == changed.content("labels.txt")
    ours, theirs = json.loads(page.save_for("Annotations for research tools (JAMS)")), json.loads(changed.content("jams"))
    for values, expected in zip(ours["annotations"], theirs["annotations"], strict=True):
        for one, other in zip(values["data"], expected["data"], strict=True):
            assert one == other | {"confidence": other["confidence"] and pytest.approx(other["confidence"], abs=1e-3)}
        assert values | {"data": []} == expected | {"data": []}
    assert ours["file_metadata"] == theirs["file_metadata"]
    assert page.complaints == []


def test_it_plays_with_clicks_and_drums(open_page, groove):
    page = open_page()
    page.hear(groove)
    page.page.get_by_label("clicks").check()
    page.page.get_by_label("drums").check()
    page.page.get_by_role("button", name="Play", exact=True).click()
    page.page.locator(".time", has_text=re.compile(r"0:0[1-9]\.\d /")).wait_for(timeout=30_000)
    page.page.get_by_role("button", name="Pause", exact=True).click()
    assert page.complaints == []


@pytest.mark.parametrize(("screen", "scheme"), [("desk", "light"), ("desk", "dark"), ("phone", "light")])
def test_axe_finds_no_barrier(open_page, groove, screen, scheme):
    page = open_page(screen, color_scheme=scheme)
    assert page.barriers() == []
    page.hear(groove)
    page.page.locator("#table-box summary").click()
    page.page.locator("#table").get_by_role("button", name="Delete").first.click()
    page.page.click("#engrave")
    page.page.wait_for_selector("#score img", timeout=60_000)
    page.screenshot(f"{screen}_{scheme}")
    assert page.barriers() == []


@pytest.mark.parametrize("path", SONGS, ids=lambda path: path.stem)
def test_real_songs_are_heard_as_in_python(open_page, in_python, path):
    page, song = open_page(), in_python(path)
    page.hear(path)
    found = page.heard()
    assert_same_onsets(found, song)
    assert [onset["velocity"] for onset in found["onsets"]] == [event.velocity for event in song.events]
    if song.beats.meter == (4, 4):
        np.testing.assert_allclose(found["beats"], song.beats.times, atol=1e-6)
        assert page.save_for("Chart for Clone Hero and YARG") == song.content("chart")


def test_the_page_picks_peaks_as_the_model_says(built_page):
    from adtlib.transcription.onnx_export import metadata

    model = load_model("adt")
    assert PeakPicking(**metadata(model)["peak_picking"]) == model.peak_picking
    assert sum(path.stat().st_size for path in built_page.iterdir()) < 25e6
