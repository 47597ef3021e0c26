"""The page without a server, in a headless Chromium: a song is heard as `adt transcribe` hears it, corrected and saved, offline.

Its folder is built for the tests. Skipped where Node.js, the packages of page/ (`make page` installs them) or onnx are missing.
"""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

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
PAGE = paths.ROOT / "page"
SCREENSHOTS = os.environ.get("ADT_SCREENSHOTS")  # a folder: pictures of the page are left there
HEARD = 240_000  # milliseconds for a song
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
SONGS = sorted(paths.real_data_root().glob("**/MDB Drums/audio/*/MusicDelta_*.wav"))[:: 1 if SCREENSHOTS else 5]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The built page."""
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    if not shutil.which("node") or not (PAGE / "node_modules").is_dir():
        pytest.skip("Node.js or the page's packages are missing: make page installs them")
    from adtlib.transcription.onnx_export import to_onnx

    built = tmp_path_factory.mktemp("built")
    (built / "adt.onnx").write_bytes(to_onnx(load_model("adt")))
    command = ["node", str(PAGE / "build.mjs"), str(built / "adt.onnx"), str(built / "page")]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    return built / "page"


@pytest.fixture(scope="session")
def address(folder):
    """The address of a plain server of static files."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class OpenPage:
    """The page in a browser context. `complaints`: errors of the console, and requests to other places."""

    def __init__(self, chromium, address, folder, **options) -> None:
        self.context = chromium.new_context(accept_downloads=True, **options)
        self.page, self.folder, self.complaints = self.context.new_page(), folder, []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", lambda request: self._request(request.url, address))
        self.page.goto(address)

    def _request(self, url, address):
        if not url.startswith((address, "blob:", "data:")):
            self.complaints.append(f"asked for {url}")

    def hear(self, path) -> None:
        """Give it a recording and wait until it is heard, or refused."""
        self.page.evaluate("document.body.dataset.state = ''")
        self.page.set_input_files("#file", path)
        self.page.wait_for_selector("body[data-state=heard], body[data-state=failed]", timeout=HEARD)

    def save(self, label) -> bytes:
        """What a button of "Save" gives."""
        with self.page.expect_download(timeout=120_000) as caught:
            self.page.get_by_role("button", name=label, exact=True).click()
        target = self.folder / caught.value.suggested_filename
        caught.value.save_as(target)
        return target.read_bytes()

    def heard(self) -> dict:
        return json.loads(self.save("JSON"))

    @property
    def problem(self) -> str:
        return self.page.inner_text("#problem")

    def wait_offline(self) -> None:
        self.page.get_by_text("This page now works without a network.").wait_for(timeout=60_000)

    def screenshot(self, name) -> None:
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(SCREENSHOTS, f"page_{name}.png"), full_page=True)


@pytest.fixture
def open_page(chromium, address, tmp_path):
    pages = []

    def open_one(**options) -> OpenPage:
        pages.append(OpenPage(chromium, address, tmp_path, **(options or DESK)))
        return pages[-1]

    yield open_one
    for each in pages:
        each.context.close()


@pytest.fixture(scope="session")
def groove(tmp_path_factory):
    """Two bars of kick, snare and hi-hat made of tones and noise, twice."""
    rng, beat = np.random.default_rng(3), 0.5
    wave = rng.normal(0, 0.001, int(9 * SAMPLE_RATE))
    t = np.arange(SAMPLE_RATE // 3) / SAMPLE_RATE
    bright = np.diff(rng.normal(size=len(t) + 2), n=2)
    kick = 0.8 * np.exp(-t * 12) * np.sin(2 * np.pi * (50 * t + 2.5 * (1 - np.exp(-t * 35))))
    snare = np.exp(-t * 18) * (0.3 * np.sin(2 * np.pi * 190 * t) + 0.25 * rng.normal(size=len(t)))
    hat = 0.06 * np.exp(-t * 45) * bright
    for step in range(32):
        sounds = [hat] + [kick] * (step % 4 == 0) + [snare] * (step % 4 == 2)
        at = int((0.4 + step * beat / 2) * SAMPLE_RATE)
        for sound in sounds:
            wave[at : at + len(t)] += sound
    path = tmp_path_factory.mktemp("songs") / "groove.wav"
    soundfile.write(path, np.clip(wave, -1, 1), SAMPLE_RATE)
    return path


@pytest.fixture
def in_python():
    """What `adt transcribe` hears, in float32 as the browser does."""
    return lambda path: transcribe(path, keep_features=False, engine="onnxruntime")


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
    assert len(page.save("Table (CSV)").decode().splitlines()) == len(song.events) + 1
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
    page, song = open_page(**PHONE), in_python(groove)
    page.wait_offline()
    page.context.set_offline(True)
    page.page.reload()
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


def test_it_plays_with_clicks_and_drums(open_page, groove):
    page = open_page()
    page.hear(groove)
    page.page.get_by_label("clicks").check()
    page.page.get_by_label("drums").check()
    page.page.get_by_role("button", name="Play", exact=True).click()
    page.page.locator(".time", has_text=re.compile(r"0:0[1-9]\.\d /")).wait_for(timeout=30_000)
    page.page.get_by_role("button", name="Pause", exact=True).click()
    assert page.complaints == []


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_barrier(open_page, groove, options):
    page = open_page(**options)
    script = (PAGE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

    def violations():
        page.page.evaluate(script)
        found = page.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]

    assert violations() == []
    page.hear(groove)
    page.page.locator("#table-box summary").click()
    page.page.click("#engrave")
    page.page.wait_for_selector("#score img", timeout=60_000)
    assert violations() == []


@pytest.mark.parametrize("path", SONGS, ids=lambda path: path.stem)
def test_real_songs_are_heard_as_in_python(open_page, in_python, path):
    page, song = open_page(), in_python(path)
    page.hear(path)
    assert_same_onsets(page.heard(), song)


def test_the_page_picks_peaks_as_the_model_says(folder):
    from adtlib.transcription.onnx_export import metadata

    model = load_model("adt")
    assert PeakPicking(**metadata(model)["peak_picking"]) == model.peak_picking
    assert sum(path.stat().st_size for path in folder.iterdir()) < 25e6
