"""The panels in a real browser: open a notebook, run it, move a slider, see another picture, hear no complaint."""

import pytest

pytestmark = pytest.mark.browser

# Of each notebook the panels from the top down, of each panel a slider with which its picture must change.
PANELS = {
    "10_sound_and_fourier": {"aliasing": "rate"},
    "11_stft_and_spectrogram": {"stft": "hop"},
    "12_filterbanks": {"filterbank": "bands-per-octave"},
    "13_drum_set_and_transcription": {"peak-conditions": "threshold", "peak-picking": "threshold"},
    "14_performance_measures": {"tolerance": "late"},
    "30_methodology": {"widening": "late", "weights": "TT", "threshold": "threshold"},
}


@pytest.mark.parametrize("name", PANELS)
def test_a_slider_moves_the_picture_and_reset_brings_it_back(open_notebook, name):
    notebook = open_notebook(name)
    notebook.run_all()
    assert notebook.panels() == list(PANELS[name])
    for panel, control in zip(map(notebook.panel, PANELS[name]), PANELS[name].values(), strict=True):
        first, sound = panel.picture(), panel.sound()
        panel.move_slider(control)
        panel.wait_for_another(first)
        if sound:
            assert panel.seconds_of_sound() > 0
        panel.screenshot()
        panel.root.locator("button.adt-reset").click()
        panel.wait_for_again(first)
        assert not panel.troubled
    assert not notebook.complaints


def test_the_browser_of_tracks(open_notebook):
    notebook = open_notebook("21_enst_mdb")
    notebook.run_all()
    assert notebook.panels() == ["tracks"]
    panel = notebook.panel("tracks")
    first = panel.picture()
    options = panel.root.locator(".adt-control-track select option")
    assert options.count() > 1
    panel.root.locator(".adt-control-track select").select_option(index=1)
    second = panel.wait_for_another(first)
    panel.root.locator(".adt-control-search input").fill(options.first.inner_text()[-6:])
    panel.wait_for_another(second)
    assert options.count() == 1, "the list follows the search"
    at_start = panel.sound()
    panel.root.get_by_role("button", name="clicks").click()
    panel.wait_for_another_sound(at_start)
    assert panel.seconds_of_sound() > 0
    panel.screenshot()
    now = panel.picture()
    panel.move_slider("start")
    panel.wait_for_another(now)
    assert not panel.troubled
    assert not notebook.complaints
