"""The page without a server, built for the tests and opened in a browser: fixtures of the tests that use it.

Skipped where Node.js, the packages of page/ (`make page` installs them) or onnx are missing.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.transcription.pretrained import load_model

PAGE = paths.ROOT / "page"
SCREENSHOTS = os.environ.get("ADT_SCREENSHOTS")  # a folder: pictures of the page are left there
HEARD = 240_000  # milliseconds for a song
_HAND = {"has_touch": True, "is_mobile": True}
SCREENS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, **_HAND},
    "sideways": {"viewport": {"width": 844, "height": 390}, **_HAND},
    "small": {"viewport": {"width": 320, "height": 700}, **_HAND},
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def built_page(tmp_path_factory):
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
def address(built_page):
    """The address of a plain server of static files."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=built_page))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class OpenPage:
    """The page in a browser context. `complaints`: errors of the console, and requests to other places."""

    def __init__(self, chromium, address, folder, script="", **options) -> None:
        self.context = chromium.new_context(accept_downloads=True, **options)
        if script:
            self.context.add_init_script(script)
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
        return self._saved(self.page.get_by_role("button", name=label, exact=True).click)

    def save_for(self, program) -> bytes:
        """What "Save" gives for another program, chosen with the keyboard."""
        choice = self.page.get_by_label("Other programs")
        choice.focus()
        choice.select_option(label=program)
        choice.press("Tab")
        return self._saved(lambda: self.page.keyboard.press("Enter"))

    def _saved(self, press) -> bytes:
        with self.page.expect_download(timeout=120_000) as caught:
            press()
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

    def barriers(self) -> list:
        """What axe finds wrong."""
        self.page.evaluate((PAGE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]

    def screenshot(self, name) -> None:
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(SCREENSHOTS, f"page_{name}.png"), full_page=True)


@pytest.fixture
def open_page(chromium, address, tmp_path):
    pages = []

    def open_one(screen="desk", **options) -> OpenPage:
        pages.append(OpenPage(chromium, address, tmp_path, **SCREENS[screen], **options))
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
