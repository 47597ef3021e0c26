"""The page in use: corrections are kept and brought back, bars and title are set, nothing is lost, everyone sees and reaches it."""

import io
import json
import re

import mido
import numpy as np
import pytest
import soundfile
from PIL import Image

from adtlib.audio.features import SAMPLE_RATE

pytestmark = pytest.mark.browser
LANE = {name: 110 + 50 * row + 30 for row, name in enumerate(("KD", "SD", "TT", "HH", "CY"))}  # pixels, as in lanes.js
NO_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })"


class Lanes:
    """The canvas of a page on which nine seconds are in view."""

    def __init__(self, page) -> None:
        self.canvas, self.said = page.page.locator("canvas"), page.page.locator(".said")
        self.width = self.canvas.bounding_box()["width"]

    def at(self, seconds, name) -> dict:
        return {"x": seconds / 9 * self.width, "y": LANE[name]}

    def press(self, *keys) -> str:
        """Press keys; what is said then."""
        self.canvas.focus()
        for key in keys:
            self.canvas.press(key)
        return self.said.inner_text()


def delete_the_first(page) -> str:
    return Lanes(page).press("ArrowRight", "Delete")


def written(found: dict) -> list:
    return [(onset["class"], onset["seconds"], onset["velocity"]) for onset in found["onsets"]]


# --- nothing is lost ---------------------------------------------------------------------------------------------------


def test_corrections_come_back_with_their_recording_and_can_be_forgotten(open_page, groove, tmp_path):
    page = open_page()
    page.hear(groove)
    as_found = page.heard()
    assert not page.page.locator("#kept").is_visible()
    delete_the_first(page)
    page.page.locator("#threshold-HH").fill("0.9")
    page.page.get_by_label("Title").fill("Mine")
    corrected = page.heard()
    assert "kept on this device" in page.page.inner_text("#kept")
    page.page.reload()
    renamed = tmp_path / "another name.wav"
    renamed.write_bytes(groove.read_bytes())
    page.hear(renamed)
    assert "are back" in page.page.inner_text("#kept")
    again = page.heard()
    assert again["name"] == "Mine" and written(again) == written(corrected)
    page.page.locator("canvas").press("Control+z")
    assert len(page.heard()["onsets"]) == len(corrected["onsets"]) + 1, "what came back can be undone, too"
    page.page.locator("canvas").press("Control+y")
    page.page.get_by_role("button", name="Forget them").click()
    assert written(page.heard()) == written(as_found)
    page.page.reload()
    page.hear(groove)
    assert not page.page.locator("#kept").is_visible()
    assert page.complaints == []


def test_its_json_brings_corrections_to_another_device_before_or_after_the_recording(open_page, groove, tmp_path):
    page = open_page()
    page.hear(groove)
    lanes = Lanes(page)
    lanes.press("ArrowRight", "Delete", "End", "ArrowDown", "Enter", "Home")
    page.page.get_by_role("button", name="Tempo ÷ 2").click()
    page.page.locator("#threshold-HH").fill("0.9")
    corrected = page.heard()
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(corrected))

    before = open_page()
    before.page.set_input_files("#file", saved)
    before.page.get_by_text("saved.json: now choose its recording, groove.wav").wait_for()
    before.hear(groove)
    after = open_page()
    after.hear(groove)
    after.page.set_input_files("#file", saved)
    after.page.get_by_text("Corrections of saved.json").wait_for()
    for other in (before, after):
        found = other.heard()
        assert found["onsets"] == corrected["onsets"] and found["thresholds"] == corrected["thresholds"]
        np.testing.assert_allclose(found["beats"], corrected["beats"])
    lanes = Lanes(after)
    lanes.press("Control+z")
    assert len(after.heard()["onsets"]) == 48, "what a file brought is one step"

    # That of another recording, one that was cut, and what is no JSON of the page.
    another = tmp_path / "another.json"
    another.write_text(json.dumps(corrected | {"duration": 100.0, "recording": {"file": "other.wav", "sha256": "0"}}))
    after.page.set_input_files("#file", [another, groove])
    after.page.get_by_text("another.json holds corrections of another recording, other.wav").wait_for(timeout=60_000)
    for name, content, reason in (
        ("cut.json", saved.read_text()[:200], "no JSON"),
        ("other.json", "[1]", "no JSON that this page saved"),
    ):
        (tmp_path / name).write_text(content)
        after.page.set_input_files("#file", tmp_path / name)
        after.page.locator("#problem", has_text=reason).wait_for()


def test_it_asks_before_leaving_only_where_nothing_can_be_kept(open_page, groove):
    asked = []
    for script in ("", NO_STORAGE):
        page = open_page(script=script)
        page.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.hear(groove)
        delete_the_first(page)
        if script:
            assert "cannot keep" in page.page.inner_text("#kept")
        page.page.set_input_files("#file", groove)
        page.page.wait_for_timeout(300)
        if not script:
            page.page.wait_for_selector("body[data-state=heard]")
            assert asked == []
    assert asked == ["confirm"]
    assert len(page.heard()["onsets"]) == 47, "the answer was no: it stays"
    page.page.close(run_before_unload=True)
    page.context.pages and page.page.wait_for_timeout(500)
    assert asked == ["confirm", "beforeunload"]


def test_a_bad_file_leaves_the_song_that_is_open_and_others_are_counted(open_page, groove, tmp_path):
    page = open_page()
    page.hear(groove)
    assert page.page.title().startswith("groove · ")
    (tmp_path / "bad.mp3").write_bytes(b"nothing")
    page.page.set_input_files("#file", tmp_path / "bad.mp3")
    page.page.locator("#problem", has_text="groove stays open").wait_for()
    assert page.page.inner_text("#editor-title") == "groove" and page.page.title().startswith("groove · ")
    delete_the_first(page)
    assert "47 onsets" in page.page.inner_text("#summary")
    other = tmp_path / "other.wav"
    soundfile.write(other, np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    page.page.evaluate("document.body.dataset.state = ''")
    page.page.set_input_files("#file", [groove, other])
    page.page.wait_for_selector("body[data-state=heard]")
    assert "Files left: other.wav" in page.problem and page.page.inner_text(".said") == ""


# --- bars, tempo, title ------------------------------------------------------------------------------------------------


def test_bars_tempo_and_title_are_set_and_all_files_follow(open_page, groove):
    page = open_page()
    page.hear(groove)
    lanes = Lanes(page)
    page.page.get_by_label("Title").fill("A <groove>")
    lanes.canvas.click(position={"x": 0.9 / 9 * lanes.width, "y": 80})  # the second beat
    page.page.get_by_role("button", name="A bar begins here").click()
    assert "bar begins at 0:00.9" in lanes.said.inner_text()
    found = page.heard()
    assert found["name"] == "A <groove>"
    bars = [time for time, position in zip(found["beats"], found["positions"], strict=True) if position == 1]
    assert min(abs(time - 0.9) for time in bars) < 0.02
    page.page.get_by_role("button", name="Tempo × 2").click()
    assert "240 beats a minute" in page.page.inner_text("#summary")
    midi = mido.MidiFile(file=io.BytesIO(page.save("MIDI")))
    tempos = [message.tempo for message in midi.tracks[0] if message.type == "set_tempo"]
    assert mido.tempo2bpm(tempos[-1]) == pytest.approx(240, rel=0.02) and midi.tracks[0].name == "A <groove>"
    score = page.save("MusicXML").decode()
    assert "<per-minute>240</per-minute>" in score and "A &lt;groove&gt;" in score
    assert b"groove" in page.save("Sheet music (SVG)")
    lanes.press("Control+z", "Control+z")
    assert "120 beats a minute" in page.page.inner_text("#summary")
    assert page.heard()["positions"] != found["positions"]
    page.page.get_by_label("Title").fill("")
    assert page.page.inner_text("#editor-title") == page.heard()["name"] == "groove", "without a title it is called like its file"
    assert page.page.title().startswith("groove · ")


def test_sheet_music_follows_corrections(open_page, groove):
    page = open_page()
    page.hear(groove)
    page.page.click("#engrave")
    first = page.page.locator("#score img").get_attribute("src")
    delete_the_first(page)
    page.page.locator("#score.stale").wait_for()
    page.page.wait_for_function("src => document.querySelector('#score img')?.src !== src", arg=first)
    page.page.locator("#score:not(.stale)").wait_for()
    before = page.page.locator("#score img").get_attribute("src")
    page.page.get_by_label("Notes in MIDI, sheet music, tabs and charts").select_option("as they were played")
    page.page.get_by_label("Title").fill("Other")
    page.page.wait_for_function("src => document.querySelector('#score img')?.src !== src", arg=before)
    assert page.complaints == []


# --- correcting --------------------------------------------------------------------------------------------------------


def test_a_drag_into_another_lane_moves_an_onset_there_and_deletes_nothing(open_page, groove):
    page = open_page()
    page.hear(groove)
    before, lanes = page.heard()["onsets"], Lanes(page)
    page.page.get_by_role("button", name="Correct by clicking").click()
    kick = [onset for onset in before if onset["class"] == "KD"][1]
    source, target = (lanes.at(kick["seconds"], name) for name in ("KD", "TT"))
    lanes.canvas.drag_to(lanes.canvas, source_position=source, target_position=target)
    after = page.heard()["onsets"]
    assert len(after) == len(before)
    (tom,) = [onset for onset in after if onset["class"] == "TT"]
    assert (tom["seconds"], tom["velocity"]) == (kick["seconds"], kick["velocity"])
    lanes.canvas.drag_to(lanes.canvas, source_position=target, target_position=target | {"y": target["y"] + 12})
    assert page.heard()["onsets"] == after, "a press that moves within the lane is no click"


def test_keys_act_where_one_is_and_say_so(open_page, groove):
    page = open_page()
    page.hear(groove)
    lanes = Lanes(page)
    assert "bar 1, beat 1" in lanes.press("ArrowRight")
    assert lanes.press("End") == "At 0:09.000"
    lanes.press("Delete")
    assert len(page.heard()["onsets"]) == 48, "nothing is selected at the end"
    assert "8 of 8" in lanes.press("ArrowLeft"), "from the end back"
    assert lanes.press("Enter").startswith("Already there: kick drum")
    before = int(page.page.get_by_label("Velocity").input_value())
    assert f"velocity {before - 5}" in lanes.press(",")
    page.page.get_by_label("Velocity").fill("64")
    page.page.get_by_label("Velocity").press("Tab")
    assert "velocity 64" in lanes.said.inner_text()
    assert "snare drum" in lanes.press("Shift+ArrowDown")
    found = [onset for onset in page.heard()["onsets"] if onset["velocity"] == 64]
    assert [onset["class"] for onset in found] == ["SD"]
    assert lanes.press("Control+z").startswith("Undone (moved: snare drum")


def test_undo_covers_thresholds_and_works_outside_the_lanes(open_page, groove):
    page = open_page()
    page.hear(groove)
    slider, as_found = page.page.locator("#threshold-HH"), page.heard()["thresholds"]["HH"]
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    assert page.heard()["thresholds"]["HH"] == pytest.approx(as_found + 0.03)
    slider.press("Control+z")
    assert page.heard()["thresholds"]["HH"] == as_found, "three steps of one slider are one"
    page.page.get_by_role("button", name="Do again").click()
    page.page.get_by_role("button", name="Thresholds as they were").click()
    assert page.page.inner_text(".said") == "Thresholds of the model"


def test_the_focus_stays_where_it_is(open_page, groove):
    page = open_page()
    page.hear(groove)
    page.page.locator("#table-box summary").click()
    second = page.page.locator("#table button").nth(1)
    second.press("Enter")
    focused = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == page.page.locator("#table button").nth(1).get_attribute("aria-label")
    undo = page.page.get_by_role("button", name="Undo")
    undo.press("Enter")
    assert undo.get_attribute("aria-disabled") == "true"
    assert page.page.evaluate("document.activeElement.title") == "Undo"
    assert len(page.heard()["onsets"]) == 48
    assert page.page.inner_text("#table tr:nth-child(3)").split("\t")[1:3] == ["1", "1"], "bar and beat"


def test_a_screen_reader_corrects_in_the_table(open_page, groove):
    page = open_page("phone")
    page.hear(groove)
    page.page.locator("#table-box summary").click()
    page.page.get_by_role("button", name="Select kick drum at 0:00.4").first.click()
    assert "1 of 8" in page.page.inner_text(".said")
    page.page.get_by_label("Velocity").fill("64")
    page.page.get_by_label("Velocity").press("Tab")
    page.page.get_by_label("Time", exact=True).fill("0:02.2")
    page.page.get_by_label("Drum", exact=True).select_option("cymbals")
    page.page.get_by_role("button", name="Add an onset").click()
    assert page.page.inner_text(".said").startswith("Added: cymbals at 0:02.200")
    found = page.heard()["onsets"]
    assert [onset["class"] for onset in found if onset["seconds"] == 2.2] == ["CY"]
    assert [onset["class"] for onset in found if onset["velocity"] == 64] == ["KD"]
    page.page.get_by_label("Time", exact=True).fill("9:00")
    page.page.get_by_label("Time", exact=True).press("Enter")
    assert "is no time in this recording" in page.page.inner_text(".said")
    assert page.complaints == []


def test_sheet_music_and_files_wait_for_the_end_and_say_so(open_page, groove, tmp_path):
    page, wave = open_page(), soundfile.read(groove)[0]
    soundfile.write(tmp_path / "long.wav", np.tile(wave, 12), SAMPLE_RATE)
    page.page.set_input_files("#file", tmp_path / "long.wav")
    page.page.locator("#result").wait_for()
    page.page.evaluate("document.querySelector('#engrave').click(), document.querySelector('#save button').click()")
    for place in ("#score-status", "#problem"):
        page.page.locator(place, has_text="not heard to its end: wait a moment").wait_for()
    page.page.set_input_files("#file", groove)  # the long one is left, and nobody waits for it
    page.page.locator("#status", has_text="groove.wav is heard").wait_for(timeout=60_000)
    assert page.problem == "" and page.page.inner_text("#score-status") == ""
    assert page.complaints == []


def test_a_click_in_the_overview_goes_there(open_page, groove):
    page = open_page()
    page.hear(groove)
    lanes = Lanes(page)
    lanes.canvas.click(position={"x": lanes.width / 2, "y": 10})
    assert lanes.said.inner_text().startswith("At 0:04.5")
    page.page.locator(".time", has_text="0:04.5 /").wait_for()


def test_what_is_in_view_is_repeated(open_page, groove):
    page = open_page()
    page.hear(groove)
    page.page.get_by_label("clicks").check()
    page.page.get_by_label("loop").check()
    for _ in range(4):
        page.page.get_by_role("button", name="Zoom in").click()
    page.page.evaluate("""() => {
        window.times = [];
        new MutationObserver(([{ target }]) => window.times.push(parseFloat(target.textContent.split(":")[1])))
            .observe(document.querySelector(".time"), { childList: true });
    }""")
    page.page.get_by_role("button", name="Play", exact=True).click()
    back = "() => window.times.filter((time, i, all) => i && time < all[i - 1] - 0.5).length >= 2"
    page.page.wait_for_function(back, timeout=30_000)
    page.page.get_by_role("button", name="Pause", exact=True).click()
    times = page.page.evaluate("window.times")
    assert 1.0 < max(times) < 1.6, "nine seconds by 1.6 four times are 1.4"
    assert page.complaints == []


# --- what is said ------------------------------------------------------------------------------------------------------


def test_silence_and_low_rates_are_said_and_clicks_are_in_stereo(open_page, groove, tmp_path):
    page, wave = open_page(), soundfile.read(groove)[0]
    for name, samples, rate, words in (
        ("silent", np.zeros(3 * SAMPLE_RATE), SAMPLE_RATE, "it is silent"),
        ("dull", wave[::4], SAMPLE_RATE // 4, "nothing above 5.5125 kHz"),
    ):
        soundfile.write(tmp_path / f"{name}.wav", samples, rate)
        page.hear(tmp_path / f"{name}.wav")
        assert words in page.page.inner_text("#summary"), name
        assert words in page.page.inner_text("#status"), name
    soundfile.write(tmp_path / "whole.mp3", wave, SAMPLE_RATE)
    content = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(content[: len(content) // 2])
    for name in ("whole", "cut"):
        page.hear(tmp_path / f"{name}.mp3")
        assert ("it is cut: its header says 0:09" in page.page.inner_text("#summary")) == (name == "cut")
    soundfile.write(tmp_path / "stereo.wav", np.stack([wave, 0.2 * wave], axis=1), SAMPLE_RATE)
    page.hear(tmp_path / "stereo.wav")
    page.save("Song with clicks (WAV)")
    clicks, _ = soundfile.read(tmp_path / "stereo.clicks.wav")
    assert clicks.shape == (len(wave), 2) and np.abs(clicks[:, 0] - clicks[:, 1]).max() > 0.1
    assert page.page.inner_text("#saved") == "Saved: stereo.clicks.wav"


def test_nothing_but_a_few_words_is_announced_while_it_hears(open_page, groove):
    page = open_page()
    page.page.evaluate("""() => {
        window.announced = [];
        const live = "[role=status], [role=alert], [aria-live], output";
        new MutationObserver((all) => all.forEach(({ target }) => {
            const element = (target.nodeType === 1 ? target : target.parentElement).closest(live);
            if (element?.textContent) window.announced.push(element.textContent);
        })).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""")
    page.hear(groove)
    assert 2 <= len(page.page.evaluate("window.announced")) <= 8


# --- everyone sees and reaches it --------------------------------------------------------------------------------------


def shades(page, selector) -> np.ndarray:
    """Brightness of the pixels of an element, 0 to 255."""
    element = page.page.locator(selector).first
    element.scroll_into_view_if_needed()
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("L")).ravel()


def test_dark_schemes_and_forced_colours_show_everything(open_page, groove):
    for name, options in {
        "dark": {"color_scheme": "dark"},
        "forced": {"color_scheme": "dark", "forced_colors": "active"},
        "light": {"color_scheme": "light"},
    }.items():
        page = open_page(**options)
        page.hear(groove)
        page.page.get_by_role("button", name="Correct by clicking").click()
        page.page.click("#engrave")
        page.page.locator("#score img").wait_for()
        page.page.mouse.move(0, 0)
        page.screenshot(name)
        lanes, score, ground = shades(page, "canvas"), shades(page, "#score img"), shades(page, "header + main")
        assert (np.median(lanes) < 60) == (name != "light"), f"{name}: the lanes"
        assert np.ptp(lanes) > 120 and np.ptp(score) > 150, f"{name}: something is invisible"
        assert (np.median(ground) < 60) == (name != "light"), f"{name}: the page"
        pressed, free = (
            page.page.get_by_role("button", name=label).evaluate("e => getComputedStyle(e).backgroundColor")
            for label in ("Correct by clicking", "Zoom in")
        )
        assert pressed != free, f"{name}: a pressed button looks like another"


@pytest.mark.parametrize("screen", ["phone", "sideways", "small"])
def test_everything_is_in_reach_on_a_phone(open_page, groove, screen):
    page = open_page(screen)
    page.hear(groove)
    delete_the_first(page)
    page.page.locator("#table-box summary").click()
    page.screenshot(screen)
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.page.evaluate("document.querySelector('#table').scrollWidth <= document.querySelector('#table').clientWidth")
    small = """() => [...document.querySelectorAll("button, summary, select, a:not(.skip), input:not(#file, [type=checkbox])")]
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 43.9).map((each) => each.outerHTML)"""
    assert page.page.evaluate(small) == []
    if screen == "sideways":
        page.page.locator("canvas").evaluate("canvas => scrollTo(0, canvas.getBoundingClientRect().bottom + scrollY - innerHeight)")
        for label in ("Play", "Correct by clicking", "Undo"):
            box = page.page.get_by_role("button", name=re.compile(label)).bounding_box()
            assert 0 <= box["y"] < 150, f"{label} is scrolled away"
