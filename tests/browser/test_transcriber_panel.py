"""The transcriber in a real browser: a slider moves the picture, a file is uploaded, an onset corrected, files are saved."""

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


def test_the_transcriber(notebook, tmp_path):
    assert notebook.panels() == ["transcriber"]
    panel = notebook.panel("transcriber")
    # The network that was not trained hears something everywhere, so that each threshold matters.
    for control, part in (("model", "CRNN"), ("recording", "Slakh")):
        select = panel.root.locator(f".adt-control-{control} select")
        label = next(text for text in select.locator("option").all_inner_texts() if part in text)
        before = panel.picture()
        select.select_option(label=label)
        panel.wait_for_another(before)
    panel._wait_for(panel.seconds_of_sound, lambda now: abs(now - 4) < 0.05, "the sound is not of 4 s")
    panel.root.locator("button.adt-reset").click()
    notebook.page.wait_for_timeout(2_000)  # the picture may follow the sound
    first, sound = panel.picture(), panel.sound()

    # A threshold is moved: picture, words and sound follow, and Reset leads back.
    panel.root.get_by_role("button", name="drums", exact=True).click()
    panel.wait_for_another_sound(sound)
    drums = panel.sound()
    panel.move_slider("threshold-KD", times=25)
    panel.wait_for_another(first)
    panel.wait_for_another_sound(drums)
    wait_for_words(panel, "summary", "moved by hand")
    panel.root.locator("button.adt-reset").click()
    panel.wait_for_again(first)

    # The score is there, as large as the picture is wide.
    score = panel.root.locator("img.adt-score")
    assert score.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300

    # An onset is added where the line is, and taken back.
    panel.root.locator(".adt-control-drum select").select_option(label="TT, toms")
    panel.root.locator("button.adt-add").click()
    wait_for_words(panel, "summary", "1 correction by hand")
    corrected = panel.picture()
    panel.root.locator("button.adt-undo").click()
    panel.wait_for_another(corrected)
    panel.screenshot()

    # What is no sound is said, and the panel lives on: the next file is heard.
    choose(panel, {"name": "broken.wav", "mimeType": "audio/wav", "buffer": a_file_of_drums()[:50_000]})
    wait_for_words(panel, "sentence", "broken.wav is truncated")
    choose(panel, {"name": "mine.wav", "mimeType": "audio/wav", "buffer": a_file_of_drums()})
    wait_for_words(panel, "sentence", "mine.wav")
    assert not panel.troubled
    wait_for_words(panel, "summary", "no annotation")

    # All formats are saved, and can be taken away with a click.
    panel.root.locator(".adt-folder input").fill(str(tmp_path / "saved"))
    panel.root.locator(".adt-folder input").press("Enter")
    panel.root.locator("button.adt-save").click()
    wait_for_words(panel, "saved", "mine.mid")
    written = sorted(path.suffix for path in (tmp_path / "saved").iterdir())
    assert written == [".csv", ".mid", ".musicxml", ".pdf", ".svg"]
    with notebook.page.expect_download() as download:
        panel.root.locator(".adt-saved a", has_text="mine.csv").click()
    assert np.array_equal(np.fromfile(download.value.path(), np.uint8), np.fromfile(tmp_path / "saved" / "mine.csv", np.uint8))
    panel.screenshot()
    assert not notebook.complaints
