"""JupyterLab on loopback and a headless Chromium that opens a notebook in it, as a user would: fixtures for these tests.

They run only when asked for (`make test-browser`, which is `pytest -m browser tests/browser`): they need a browser, and
minutes. Chromium is `$ADT_CHROMIUM` or the first of NAMES on the path; where it or Playwright is missing each test is
skipped and says so. JupyterLab gets folders of its own, so that neither a user's settings nor their running servers matter,
and ADT_HOME is one of them: what the notebooks write goes there.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from built_page import address, built_page, groove, open_page  # noqa: F401 fixtures

from adtlib import paths

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SETTINGS = {
    # All cells stay in the page: by default JupyterLab takes out what is not in view, and then nothing there can be found.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # No question whether news are wanted, which would lie over the notebook.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}
START_TIMEOUT = 90  # seconds until JupyterLab answers
PROMPTS = ".jp-Notebook .jp-CodeCell .jp-InputPrompt"  # what stands before each code cell: "[7]:"
RUN_TIMEOUT = 300  # seconds for all cells of a notebook, its kernel's start included
UPDATE_TIMEOUT = 40  # seconds for a panel to change; how fast it is, benchmarks/bench_widgets.py measures
SCREENSHOTS = os.environ.get("ADT_SCREENSHOTS")  # a folder: each test leaves pictures of its panels there


# --- browser -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium():
    """A running headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: pip install -e '.[browser]'")
    named = os.environ.get("ADT_CHROMIUM")
    found = next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)
    if found is None:
        where = f"ADT_CHROMIUM = {named} is no program" if named else f"no {', '.join(NAMES)} on the path"
        pytest.skip(f"no browser: {where}; install Debian's chromium or set ADT_CHROMIUM to a Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


# --- JupyterLab --------------------------------------------------------------------------------------------------------


class Lab:
    """A running JupyterLab: `url`, `token`, and `notebooks`, the folder that it serves."""

    def __init__(self, folder: Path) -> None:
        """Start it with all that it writes below `folder`. RuntimeError, with its last words, where it does not answer."""
        self.token, self.notebooks, self.log = secrets.token_hex(16), folder / "notebooks", folder / "lab.log"
        self.notebooks.mkdir()
        for name, values in SETTINGS.items():
            place = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            place.parent.mkdir(parents=True)
            place.write_text(json.dumps(values))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            self._command(port),
            cwd=self.notebooks,
            env=self._environment(folder),
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _command(self, port: int) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            f"--ServerApp.root_dir={self.notebooks}",
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.allow_root=True"),
            *(f"--IdentityProvider.token={self.token}", "--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    @staticmethod
    def _environment(folder: Path) -> dict[str, str]:
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "ADT_HOME": "home",
        }
        # The notebooks are copies in another folder: they import the adtlib that the tests import.
        search = os.pathsep.join(filter(None, (str(paths.ROOT), os.environ.get("PYTHONPATH"))))
        return os.environ | {name: str(folder / place) for name, place in own.items()} | {"PYTHONPATH": search}

    def _wait(self) -> None:
        end = time.monotonic() + START_TIMEOUT
        while self.process.poll() is None and time.monotonic() < end:
            try:
                return self.request("GET", "api/status")
            except OSError:
                time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"JupyterLab did not answer within {START_TIMEOUT} s; it said:\n{self.log.read_text()[-3000:]}")

    def request(self, method: str, path: str):
        """What the server's REST interface answers."""
        headers = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/{path}", method=method, headers=headers), timeout=10
        ) as answer:
            return json.loads(answer.read() or "null")

    def stop_kernels(self) -> None:
        """End every kernel: two cores have better things to do than to keep them."""
        for session in self.request("GET", "api/sessions"):
            self.request("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """JupyterLab on a free port; started only where there is a browser."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


# --- a notebook in the browser -----------------------------------------------------------------------------------------


class OpenNotebook:
    """A notebook in a tab of JupyterLab. `complaints` are the errors of the browser's console so far."""

    def __init__(self, page, lab: Lab, name: str) -> None:
        """Copy notebook `name` to where the server finds it, and open it."""
        self.page, self.name, self.complaints = page, name, []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        source = paths.NOTEBOOKS / f"{name}.ipynb"
        shutil.copy(source, lab.notebooks)
        page.goto(f"{lab.url}/lab/tree/{name}.ipynb?reset&token={lab.token}")
        # Until all cells are there and a kernel is behind them, "Run All Cells" does nothing, and says nothing.
        n_code = sum(cell["cell_type"] == "code" for cell in json.loads(source.read_text(encoding="utf-8"))["cells"])
        expect = f"n => document.querySelectorAll('{PROMPTS}').length === n"
        page.wait_for_function(expect, arg=n_code, timeout=1000 * START_TIMEOUT)
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=1000 * START_TIMEOUT)

    @property
    def prompts(self) -> list[str]:
        """What stands before each code cell: "[7]:", "[*]:" while it waits, "[ ]:" where it never ran."""
        return self.page.locator(PROMPTS).all_inner_texts()

    def run_all(self) -> None:
        """Choose "Run All Cells" and wait for the end. AssertionError where a cell failed, with what it said."""
        # On a busy machine the menu may be there before what it calls is: what was not begun is asked for again, as a user would.
        for _ in range(5):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            self.page.wait_for_timeout(3000)
            if self.errors or set(self.prompts) != {"[ ]:"}:
                break
        end = time.monotonic() + RUN_TIMEOUT
        while not self.errors and not all(re.fullmatch(r"\[\d+\]:", prompt) for prompt in self.prompts):
            assert time.monotonic() < end, f"{self.name} did not end within {RUN_TIMEOUT} s: cells {' '.join(self.prompts)}"
            self.page.wait_for_timeout(300)
        assert not self.errors, f"{self.name}: {self.errors[0]}"

    @property
    def errors(self) -> list[str]:
        """Tracebacks that the cells show."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def panels(self) -> list[str]:
        """Names of the panels in the page, from the top down."""
        classes = self.page.locator("[class*='adt-panel-']").evaluate_all("found => found.map(element => element.className)")
        return [re.search(r"adt-panel-([\w-]+)", text)[1] for text in classes]

    def panel(self, name: str) -> "Panel":
        """The panel of the CSS class `adt-panel-NAME`."""
        return Panel(self, name)


class Panel:
    """A panel of `adtlib.panels` as it stands in the page."""

    def __init__(self, notebook: OpenNotebook, name: str) -> None:
        """Find it and scroll to it."""
        self.notebook, self.name = notebook, name
        self.root = notebook.page.locator(f".adt-panel-{name}")
        self.root.wait_for(timeout=1000 * UPDATE_TIMEOUT)
        self.root.scroll_into_view_if_needed()

    def picture(self) -> str:
        """Fingerprint of the bytes of the panel's picture, once it is loaded and shows something."""
        image = self.root.locator("img").first
        image.wait_for(timeout=1000 * UPDATE_TIMEOUT)
        image.evaluate("image => image.decode()")
        return self._bytes(image)

    def wait_for_another(self, before: str) -> str:
        """Wait until the picture is not that of the fingerprint `before`; returns the new one."""
        return self._wait_for(self.picture, lambda now: now != before, "picture did not change")

    def wait_for_again(self, before: str) -> None:
        """Wait until the picture is that of the fingerprint `before` again."""
        self._wait_for(self.picture, lambda now: now == before, "picture did not come back")

    def sound(self) -> str | None:
        """Fingerprint of the sound that the panel's player holds; None for a panel without a player."""
        audio = self.root.locator("audio")
        return self._bytes(audio) if audio.count() else None

    def wait_for_another_sound(self, before: str) -> None:
        """Wait until the player holds another sound than that of the fingerprint `before`."""
        self._wait_for(self.sound, lambda now: now != before, "sound did not change")

    def seconds_of_sound(self) -> float:
        """How long the player would play, once it has looked at its sound."""
        return self.root.locator("audio").evaluate("""async audio => {
            if (!audio.readyState) await new Promise((done, fail) => { audio.onloadedmetadata = done; audio.onerror = fail; });
            return audio.duration;
        }""")

    @property
    def troubled(self) -> str:
        """What the panel says in red: a combination that is not possible, or an error; "" where all is well."""
        return self.root.locator(".adt-sentence").inner_text() if "adt-problem" in self.root.get_attribute("class") else ""

    def _wait_for(self, look, is_it, complaint: str) -> str:
        from playwright.sync_api import Error

        end = time.monotonic() + UPDATE_TIMEOUT
        while time.monotonic() < end:
            try:
                if is_it(now := look()):
                    return now
            except Error:
                pass  # it is being exchanged at this moment
            self.notebook.page.wait_for_timeout(50)
        raise AssertionError(f"{self.notebook.name}, panel {self.name}: the {complaint}")

    @staticmethod
    def _bytes(element) -> str:
        """Fingerprint of what stands behind the `src` of an element."""
        return element.evaluate("""async element => {
            const bytes = await (await fetch(element.src)).arrayBuffer();
            const hash = await crypto.subtle.digest('SHA-256', bytes);
            return bytes.byteLength + ' ' + [...new Uint8Array(hash)].map(b => b.toString(16).padStart(2, '0')).join('');
        }""")

    def move_slider(self, control: str, times: int = 2) -> None:
        """Press an arrow on the handle of a control: to the right, or to the left where it stands at its end."""
        handle = self.root.locator(f".adt-control-{control} .noUi-handle")
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.focus()
        for _ in range(times):
            handle.press("ArrowLeft" if at_end else "ArrowRight")

    def screenshot(self) -> None:
        """Leave a picture of the panel where one is asked for."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.root.screenshot(path=Path(SCREENSHOTS, f"{self.name}.png"))


@pytest.fixture
def open_notebook(chromium, lab):
    """`open_notebook(name)` opens a notebook in a fresh browser context; kernels end with the test."""
    contexts = []

    def open_one(name: str) -> OpenNotebook:
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 1000}))
        return OpenNotebook(contexts[-1].new_page(), lab, name)

    yield open_one
    for context in contexts:
        context.close()
    lab.stop_kernels()
