"""The transcriber in a real browser: thresholds, an upload, corrections by pointer and by keys, playing, saving."""

import io

import numpy as np
import pytest
import soundfile

from adtlib.onsets.midi import Note
from adtlib.synthesis.examples import play

pytestmark = pytest.mark.browser

THRESHOLDS = {"KD": 0.5, "SD": 0.5, "TT": 0.6, "HH": 0.55, "CY": 0.45}


@pytest.fixture
def notebook(lab, write_run, open_notebook):
    """Notebook 80, run to its end, with the run of an untrained network where it looks for one."""
    folder = lab.notebooks.parent / "home" / "results" / "smoke" / "runs" / "CRNN" / "Slakh" / "seed_0"
    if not folder.is_dir():
        write_run(folder, 0, THRESHOLDS)
    opened = open_notebook("80_transcribe")
    opened.run_all()
    return opened


def a_file_of_drums(seconds: float = 6.0) -> bytes:
    """What a user might have: four strokes a second on a kit, as a WAV file."""
    notes = [
        Note(0.1 + 0.25 * step, pitch, 110) for step in range(round(4 * seconds) - 1) for pitch in (42, 38 if step % 4 else 36)
    ]
    buffer = io.BytesIO()
    soundfile.write(buffer, play(sorted(notes), seconds), 44_100, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def wait_for_words(panel, part: str, words: str) -> str:
    """Wait until a part of the panel says these words; all that it says."""
    return panel._wait_for(panel.root.locator(f".adt-{part}").inner_text, lambda now: words in now, f"{part} never said {words!r}")


def choose(panel, *files: dict) -> None:
    """Upload files, as the dialog of the browser hands them over."""
    with panel.notebook.page.expect_file_chooser() as dialog:
        panel.root.locator("button.adt-upload").click()
    dialog.value.set_files(list(files))


class Lanes:
    """The editor in the panel: its canvas, with rows as page/src/editor/lanes.js lays them out."""

    TOP, LANE, WAVE = 110, 50, 80  # pixels: the first lane, the height of each, the middle of the waveform

    def __init__(self, panel) -> None:
        self.panel, self.page = panel, panel.notebook.page
        self.canvas = panel.root.locator("canvas.lanes")
        self.canvas.wait_for()
        self.canvas.scroll_into_view_if_needed()

    def counts(self) -> dict[str, int]:
        """Onsets of each class in the recording, as the canvas is described to a screen reader."""
        _, _, listed = self.canvas.get_attribute("aria-label").partition(": ")
        return {name: int(count) for name, count in (part.rsplit(" ", 1) for part in listed.split(", "))}

    def wait_for_counts(self, **changes: int) -> dict[str, int]:
        """Wait until the canvas has these counts."""
        wanted = {name.replace("_", " ").replace("hi hat", "hi-hat"): count for name, count in changes.items()}
        return self.panel._wait_for(self.counts, lambda now: now.items() >= wanted.items(), f"lanes never had {wanted}")

    def said(self) -> str:
        """What was last announced."""
        return self.panel.root.locator("[aria-live]").inner_text()

    def at(self, lane: int, share: float) -> tuple[float, float]:
        """Where to point for a lane, at a share of the width."""
        box = self.canvas.bounding_box()
        return box["x"] + share * box["width"], box["y"] + self.TOP + (lane + 0.6) * self.LANE

    def time(self) -> float:
        """Seconds at which the playhead stands."""
        minutes, seconds = self.panel.root.locator(".time").inner_text().split(" / ")[0].split(":")
        return 60 * int(minutes) + float(seconds)


def test_the_transcriber(notebook, tmp_path):
    assert notebook.panels() == ["transcriber"]
    panel = notebook.panel("transcriber")
    cells = len(notebook.prompts)
    # The network that was not trained hears something everywhere, so that each threshold matters.
    for control, part in (("model", "CRNN"), ("recording", "Slakh")):
        select = panel.root.locator(f".adt-control-{control} select")
        label = next(text for text in select.locator("option").all_inner_texts() if part in text)
        select.select_option(label=label)
    wait_for_words(panel, "sentence", label.split()[0])
    wait_for_words(panel, "summary", "CRNN")

    # A threshold is moved: lanes and words follow, and Reset leads back.
    lanes = Lanes(panel)
    first = lanes.counts()
    panel.move_slider("threshold-KD", times=25)
    panel._wait_for(lanes.counts, lambda now: now["kick drum"] != first["kick drum"], "kick drums stayed")
    wait_for_words(panel, "summary", "moved by hand")
    panel.root.locator("button.adt-reset").click()
    panel._wait_for(lanes.counts, lambda now: now == first, "Reset did not lead back")

    # The score is there, as large as the panel is wide.
    score = panel.root.locator("img.adt-score")
    assert score.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300

    # What is no sound is said, and the panel lives on: the next file is heard.
    choose(panel, {"name": "broken.wav", "mimeType": "audio/wav", "buffer": a_file_of_drums()[:50_000]})
    wait_for_words(panel, "sentence", "broken.wav is truncated")
    choose(panel, {"name": "mine.wav", "mimeType": "audio/wav", "buffer": a_file_of_drums()})
    wait_for_words(panel, "sentence", "mine.wav")
    assert not panel.troubled
    wait_for_words(panel, "summary", "no annotation")

    # By the pointer: a click on a lane adds, a drag moves, a click on an onset deletes, and all is undone.
    models = panel.root.locator(".adt-control-model select")
    models.select_option(label=next(text for text in models.locator("option").all_inner_texts() if "CRNN" not in text))
    wait_for_words(panel, "summary", "Model: adt")
    for name in ("KD", "SD", "TT", "HH", "CY"):
        panel.root.locator(f".adt-control-threshold-{name} .noUi-handle").press("End")  # nothing is heard
    lanes.wait_for_counts(kick_drum=0, snare_drum=0, toms=0, hi_hat=0, cymbals=0)
    lanes.canvas.scroll_into_view_if_needed()
    notebook.page.mouse.click(*lanes.at(2, 0.5))
    lanes.wait_for_counts(toms=1)
    wait_for_words(panel, "summary", "1 correction by hand")
    added = lanes.said()
    notebook.page.mouse.move(*lanes.at(2, 0.5))
    notebook.page.mouse.down()
    notebook.page.mouse.move(*lanes.at(2, 0.7), steps=5)
    notebook.page.mouse.up()
    panel._wait_for(lanes.said, lambda now: now.startswith("Moved: toms"), "no onset was moved")
    assert lanes.said() != added.replace("Added", "Moved")
    panel.screenshot()
    notebook.page.mouse.click(*lanes.at(2, 0.7))
    lanes.wait_for_counts(toms=0)
    panel.root.get_by_role("button", name="Undo", exact=True).click()
    lanes.wait_for_counts(toms=1)

    # By the keys: to a time, to a lane, add, select, move, delete, undo, redo; JupyterLab's own keys do not interfere.
    lanes.canvas.focus()
    for key in ("Home", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "Enter"):
        lanes.canvas.press(key)
    lanes.wait_for_counts(snare_drum=1, toms=1)
    for _ in range(3):
        lanes.canvas.press("Shift+ArrowRight")
    panel._wait_for(lanes.said, lambda now: "0:00.015" in now, "Shift and an arrow did not move by 5 ms")
    lanes.canvas.press("Delete")
    lanes.wait_for_counts(snare_drum=0)
    lanes.canvas.press("Control+z")
    lanes.wait_for_counts(snare_drum=1)
    lanes.canvas.press("Control+y")
    lanes.wait_for_counts(snare_drum=0)
    lanes.canvas.press("Control+z")
    lanes.wait_for_counts(snare_drum=1)
    assert len(notebook.prompts) == cells, "no cell was added or deleted"

    # It plays from where the waveform is clicked.
    box = lanes.canvas.bounding_box()
    notebook.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + Lanes.WAVE)
    start = panel._wait_for(lanes.time, lambda now: 2 < now < 4, "the playhead did not go there")
    lanes.canvas.press(" ")
    panel._wait_for(lanes.time, lambda now: start + 0.3 < now < start + 3, "it did not play")
    lanes.canvas.press(" ")

    # All formats are saved, and can be taken away with a click.
    panel.root.locator(".adt-folder input").fill(str(tmp_path / "saved"))
    panel.root.locator(".adt-folder input").press("Enter")
    panel.root.locator("button.adt-save").click()
    wait_for_words(panel, "saved", "mine.mid")
    (_, *rows) = (tmp_path / "saved" / "mine.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows] == ["SD", "TT"] and rows[0].startswith("0.015,SD"), "as corrected"
    written = sorted(path.suffix for path in (tmp_path / "saved").iterdir())
    assert written == [".csv", ".mid", ".musicxml", ".pdf", ".svg"]
    with notebook.page.expect_download() as download:
        panel.root.locator(".adt-saved a", has_text="mine.csv").click()
    assert np.array_equal(np.fromfile(download.value.path(), np.uint8), np.fromfile(tmp_path / "saved" / "mine.csv", np.uint8))
    panel.screenshot()
    assert not notebook.complaints
