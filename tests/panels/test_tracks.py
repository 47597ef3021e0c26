"""The browser of tracks: any of 45,537 can be found, what is seen and heard is what is there, and what is missing is named."""

import base64
import io
import shutil

import numpy as np
import pytest
import soundfile
from PIL import Image

from adtlib import paths
from adtlib.audio.clicks import CLICK_FREQUENCIES
from adtlib.audio.features import FPS, HOP_LENGTH, SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.corpora.base import Corpus, CorpusInfo, Track
from adtlib.corpora.enst_mdb import EnstMdb
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.corpora.registry import open_corpus
from adtlib.corpora.tfdata import write_saved_dataset
from adtlib.figures.theme import CLASS_COLOURS
from adtlib.onsets.annotations import write_onsets
from adtlib.panels.tracks import LISTED, SplitIndex, browse_tracks
from adtlib.vocabulary import CLASSES, ROLAND

EMPTY = np.array([])


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")


@pytest.fixture
def songs(tmp_path):
    """Two songs for training, one for testing; song number i has a kick at 2 + i s and a cymbal half a second later."""
    for i, name in enumerate(("train/slow song", "train/quick march", "test/waltz")):
        noise = np.random.default_rng(i).uniform(-0.5, 0.5, 9 * SAMPLE_RATE)
        waveform = np.convolve(noise, np.full(40, 0.1), "same").astype(np.float32)  # dull: an MP3 keeps its shape
        write_audio(tmp_path / "songs" / f"{name}.wav", waveform)
        write_onsets(tmp_path / "songs" / f"{name}.txt", [np.array([2.0 + i]), EMPTY, EMPTY, EMPTY, np.array([2.5 + i])])
    return tmp_path / "songs"


def browser_of(folder):
    corpus = FolderCorpus(folder)
    return browse_tracks({"songs": corpus}, {"songs": prepare(corpus, progress=False)})


def heard(browser) -> np.ndarray:
    """The waveform of the browser's player."""
    return soundfile.read(io.BytesIO(browser.player.value), dtype="float32")[0]


def shown_onsets(browser) -> list[list[float]]:
    """What the rows of onsets in the figure hold."""
    return [list(np.round(line.get_xdata(), 6)) for line in browser.picture.canvas.figure.axes[4].lines]


# --- finding -----------------------------------------------------------------------------------------------------------


class Egmd45537(Corpus):
    """As many tracks as E-GMD has, none of them on disk."""

    splits = ("train",)
    info = CorpusInfo("huge", "huge", "huge", None, None, "track", False, True, "", "", "", "get it", None)

    def _scan(self, split):
        styles, tempi = ("funk", "rock", "jazz", "latin"), range(60, 180)
        names = [f"drummer{i % 9}/session1/{i}_{styles[i % 4]}_{tempi[i % 120]}_beat_4-4_{i % 43}" for i in range(45_537)]
        return [Track("huge", n, split, (self.root / f"{n}.wav",), (self.root / f"{n}.midi",), ROLAND) for n in names], []


def test_a_track_among_45_537_is_found_by_words_and_only_what_is_listed_reaches_the_page(tmp_path, monkeypatch, songs):
    corpus = Egmd45537(tmp_path)
    opened = []
    monkeypatch.setattr(SplitIndex, "open", lambda index, name, real=SplitIndex.open: opened.append(name) or real(index, name))
    # The prepared data of another corpus: of this one nothing is prepared.
    browser = browse_tracks({"huge": corpus}, {"huge": prepare(FolderCorpus(songs), splits=["test"], progress=False)})
    tracks = browser.controls["track"]
    assert len(tracks.options) == LISTED and "45,537" in browser.sentence.value and "are listed" in browser.sentence.value
    browser.controls["search"].value = "ROCK session1/45533_"
    assert tracks.options == ("drummer2/session1/45533_rock_113_beat_4-4_39",) == (tracks.value,)
    assert "1 with these words" in browser.sentence.value
    assert opened == ["drummer0/session1/0_funk_60_beat_4-4_0", tracks.value], "only what is looked at is read"
    assert f"{tmp_path / tracks.value}.midi" in browser.sentence.value, "the missing file is named"


def test_what_matches_nothing_can_be_typed_over(songs):
    browser = browser_of(songs)
    first = browser.image.value
    browser.controls["search"].value = "polka"
    assert browser.controls["track"].value is None and "0 with these words" in browser.sentence.value
    assert browser.player.value == b"" and browser.image.value != first
    browser.controls["search"].value = ""
    assert browser.image.value == first


# --- seeing ------------------------------------------------------------------------------------------------------------


def test_another_track_is_another_picture_from_its_first_onset_on(songs):
    browser = browser_of(songs)
    assert browser.controls["track"].options == ("train/quick march", "train/slow song")
    first = browser.image.value
    assert browser.controls["start"].value == 2.9 and shown_onsets(browser) == [[3.0], [], [], [], [3.5]]
    browser.controls["track"].value = "train/slow song"
    assert browser.image.value != first
    assert browser.controls["start"].value == 1.9 and shown_onsets(browser) == [[2.0], [], [], [], [2.5]]
    browser.controls["split"].value = "test"
    assert browser.controls["track"].value == "test/waltz" and shown_onsets(browser)[0] == [4.0]
    browser.reset.click()
    assert browser.controls["track"].value == "train/quick march" and browser.image.value == first


def test_the_window_is_the_one_that_is_asked_for(songs):
    browser = browser_of(songs)
    browser.set(start=2.5, seconds=2)
    top, _, middle, _, bottom, *_ = browser.picture.canvas.figure.axes
    assert {ax.get_xlim() for ax in (top, middle, bottom)} == {(2.5, 4.5)}
    index = SplitIndex(FolderCorpus(songs), prepare(FolderCorpus(songs), progress=False), "train")
    features = index.open("train/quick march").features[250:450]
    picture = middle.images[0]
    assert picture.get_array().shape[1] == 200 and tuple(picture.get_extent()[:2]) == (2.495, 4.495)
    rows, first_rows = np.unique(picture.get_array(), axis=0, return_index=True)
    assert len(rows) == features.shape[1], "each band is seen"
    assert np.array_equal(picture.get_array()[np.sort(first_rows)], features.T.astype(np.float32))
    browser.set(seconds=16)
    assert browser.controls["start"].value < 0.11 and bottom.get_xlim()[1] == 9.0, "what is shorter is shown to its end"


def test_classes_keep_their_colours_in_the_static_picture(songs):
    bundle = browser_of(songs)._repr_mimebundle_()
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("RGB")).astype(int)
    for name in ("KD", "CY"):
        colour = np.array([int(CLASS_COLOURS[name][i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(pixels - colour).max(axis=2).min() <= 4, f"no point of the colour of {name}"


# --- hearing -----------------------------------------------------------------------------------------------------------


def test_recording_clicks_and_both_are_heard(songs):
    browser = browser_of(songs)
    browser.set(start=2.5, seconds=2)
    waveform = soundfile.read(songs / "train" / "quick march.wav", dtype="float32")[0][250 * HOP_LENGTH : 450 * HOP_LENGTH]
    sounds = {}
    for listen in ("recording", "clicks", "both"):
        browser.controls["listen"].value = listen
        sounds[listen] = heard(browser)
        assert abs(len(sounds[listen]) - 2 * SAMPLE_RATE) <= 2 * 1152  # an MP3 is made of frames of 1,152 samples
    n = min(map(len, (waveform, *sounds.values())))
    assert np.corrcoef(sounds["recording"][:n], waveform[:n])[0, 1] > 0.9
    mixed = sounds["both"][:n], 0.5 * sounds["recording"][:n] + 0.5 / 0.7 * sounds["clicks"][:n]
    assert np.corrcoef(*mixed)[0, 1] > 0.95


def test_a_click_sounds_when_its_onset_is_and_tells_its_class(songs):
    browser = browser_of(songs)
    browser.set(start=2.5, seconds=2, listen="clicks")
    clicks = heard(browser)
    for time, frequency in ((3.0, CLICK_FREQUENCIES["KD"]), (3.5, CLICK_FREQUENCIES["CY"])):
        first = round((time - 2.5) * SAMPLE_RATE)
        before, after = clicks[first - 2_000 : first - 200], clicks[first : first + 2_000]
        assert np.abs(after).max() > 0.3 > 10 * np.abs(before).max()
        loudest = np.abs(np.fft.rfft(after, 44_100)).argmax()  # Hz
        assert abs(loudest - frequency) < 30
    pitches = list(CLICK_FREQUENCIES.values())
    assert sorted(set(pitches)) == pitches and len(pitches) == len(CLASSES), "rising from kick to cymbal"


# --- what is missing ---------------------------------------------------------------------------------------------------


def test_a_sequence_without_sound_offers_its_clicks_and_says_why(tmp_path):
    targets = np.zeros((400, 5), dtype=np.float32)
    targets[[100, 150], 0] = 1
    element = [np.random.default_rng(0).random((400, 84, 1), dtype=np.float32), targets]
    write_saved_dataset(tmp_path / "adtof" / "adtof_yt_train", [element, element])
    corpus = open_corpus("ADTOF-YT", tmp_path)
    browser = browse_tracks({"ADTOF-YT": corpus}, {"ADTOF-YT": prepare(corpus, progress=False)})
    assert "features only" in browser.sentence.value and "2 sequences" in browser.sentence.value
    assert shown_onsets(browser)[0] == [1.0, 1.5]
    assert np.abs(heard(browser)).max() > 0.3, "clicks are chosen"
    browser.controls["listen"].value = "recording"
    assert browser.player.value == b""


def test_damaged_sound_is_named_and_the_rest_is_shown(songs):
    browser = browser_of(songs)
    path = songs / "train" / "slow song.wav"
    path.write_bytes(path.read_bytes()[:100_000])
    browser.controls["track"].value = "train/slow song"
    assert f"{path} is truncated" in browser.sentence.value
    assert shown_onsets(browser)[0] == [2.0] and browser.picture.canvas.figure.axes[2].images[0].get_visible()
    browser.controls["track"].value = "train/quick march"
    assert "truncated" not in browser.sentence.value and len(browser.player.value) > 1_000


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_track_that_could_not_be_prepared_is_on_the_list_and_says_why(songs):
    (songs / "train" / "quick march.txt").write_text("1.0 KD\nnonsense\n")
    browser = browser_of(songs)
    assert browser.controls["track"].value == "train/quick march"
    assert f"{songs / 'train' / 'quick march.txt'}" in browser.sentence.value
    browser.controls["track"].value = "train/slow song"
    assert shown_onsets(browser)[0] == [2.0]


def test_a_corpus_that_is_not_there_gives_the_remedy_and_a_picture_all_the_same(tmp_path, songs):
    corpora = {"SADTP": open_corpus("SADTP", tmp_path)}
    (tmp_path / "SADTP" / "Song <1>").mkdir(parents=True)
    shutil.copy(songs / "train" / "quick march.wav", tmp_path / "SADTP" / "Song <1>" / "mix.wav")
    browser = browse_tracks(corpora, {"SADTP": prepare(corpora["SADTP"], progress=False)})
    assert "SADTP/Song &lt;1&gt;/annotation.mid and 15 more" in browser.sentence.value
    assert "get the corpus from the author" in browser.sentence.value and browser.player.value == b""
    assert base64.b64decode(browser._repr_mimebundle_()["image/png"]).startswith(b"\x89PNG")


# --- real recordings ---------------------------------------------------------------------------------------------------


def test_a_real_song_is_seen_and_heard_with_its_annotation(real_data):
    corpora = {"ENST+MDB": EnstMdb(real_data)}
    browser = browse_tracks(corpora, {"ENST+MDB": prepare(corpora["ENST+MDB"], progress=False)})
    browser.set(search="reggae", start=2.0, seconds=4, listen="both")
    assert browser.controls["track"].value == "MDB/MusicDelta_Reggae"
    (track,) = (track for track in corpora["ENST+MDB"].tracks("train") if "Reggae" in track.id)
    onsets = corpora["ENST+MDB"].read_annotation(track).onsets
    expected = [times[(times >= 2) & (times < 6 - 0.5 / FPS)] for times in onsets]
    assert sum(map(len, expected)) > 10
    for shown, times in zip(shown_onsets(browser), expected, strict=True):
        np.testing.assert_allclose(shown, times, atol=1e-5)
    assert len(heard(browser)) > 3.9 * SAMPLE_RATE
    browser.set(search="", split="validation")
    assert browser.controls["track"].value == "MDB/MusicDelta_Beatles" and "of " in browser.sentence.value


# --- names -------------------------------------------------------------------------------------------------------------


def test_a_folder_and_a_song_of_any_name_are_shown_and_run_nothing(songs):
    named = songs.rename(songs.parent / "<img src=x onerror=alert(1)> & \x02")
    for suffix in (".wav", ".txt"):
        (named / "test" / f"waltz{suffix}").rename(named / "test" / f"<b>w\x01{suffix}")
    corpus = FolderCorpus(named)
    browser = browse_tracks({corpus.info.name: corpus}, {corpus.info.name: prepare(corpus, progress=False)})
    browser.set(split="test")
    assert browser.controls["track"].options == (r"test/<b>w\x01",) and shown_onsets(browser)[0]
    words = browser.sentence.value
    assert r"&lt;img src=x onerror=alert(1)&gt; &amp; \x02" in words and r"test/&lt;b&gt;w\x01" in words
    assert "<img" not in words and "<b>" not in words
    for control in browser.controls.values():
        str(control.get_state()).encode()  # what is sent to the browser
