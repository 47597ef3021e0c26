"""The validation board, on two pieces made here: its forms, rows, scores, and what it keeps."""

import shutil

import numpy as np
import pytest
import soundfile

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.onsets.frames import frame_targets
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.training import board

SECONDS = 3.0
TONES = (60, 220, 500, 9_000, 4_000)


def strokes(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(np.arange(0.2, SECONDS - 0.4, 0.15), 4, replace=False)) for _ in TONES]


def drums_of(onsets) -> np.ndarray:
    waveform = np.zeros(round(SECONDS * SAMPLE_RATE))
    time = np.arange(6_000) / SAMPLE_RATE
    for frequency, times in zip(TONES, onsets, strict=True):
        for start in np.rint(times * SAMPLE_RATE).astype(int):
            waveform[start : start + 6_000] += 0.2 * np.sin(2 * np.pi * frequency * time) * np.exp(-time / 0.03)
    return waveform


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A data folder with two pieces of ENST drummer 2, and one whose mix is missing."""
    folder = tmp_path_factory.mktemp("data")
    place = folder / board.ENST_PLACE
    for kind in ("labels", *board.AUDIO):
        (place / kind).mkdir(parents=True)
    hum = 0.1 * np.sin(2 * np.pi * 330 * np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE)
    for number, name in enumerate(("one", "two", "without_mix")):
        onsets = strokes(number)
        soundfile.write(place / "drums" / f"{name}.flac", drums_of(onsets), SAMPLE_RATE)
        if name != "without_mix":
            soundfile.write(place / "mix" / f"{name}.flac", drums_of(onsets) + hum, SAMPLE_RATE)
        lines = [f"{time:.4f},{index}" for index, times in enumerate(onsets) for time in times]
        (place / "labels" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def rows(root, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board.paths, "CACHE", tmp_path_factory.mktemp("cache"))
        yield board.board(root)


def test_pieces_are_those_with_drums_mix_and_annotation(root, tmp_path):
    found = board.pieces(root)
    assert [piece.name for piece in found] == ["ENST/one", "ENST/two"]
    for piece, wanted in zip(found, (strokes(0), strokes(1)), strict=True):
        for times, right in zip(piece.onsets, wanted, strict=True):
            np.testing.assert_allclose(times, right, atol=1e-4)
    assert board.pieces(tmp_path) == [] and board.board(tmp_path) == {}


def test_every_piece_is_in_every_row(rows):
    names = {f"{audio}, {form}" for audio in board.AUDIO for form in board._forms()} | {"mix, drums lower"}
    assert set(rows) == names and len(names) == (21 if shutil.which("ffmpeg") else 17)
    assert all([unit.id for unit in units] == ["ENST/one", "ENST/two"] for units in rows.values())


def test_only_pitching_moves_the_onsets(rows):
    plain = rows["mix, plain"][0]
    for row, units in rows.items():
        factor = 2 ** (board.SEMITONES / 12) if row.endswith("pitched") else 1
        for times, right in zip(units[0].onsets, plain.onsets, strict=True):
            np.testing.assert_allclose(times * factor, right)
        assert units[0].n_frames == pytest.approx(plain.n_frames / factor, abs=1)


def test_features_are_computed_once(root, rows, monkeypatch):
    state = board.code_state(board._computed)
    monkeypatch.setattr(board, "_computed", lambda piece: pytest.fail("computed again"))
    monkeypatch.setattr(board, "code_state", lambda function: "of other code")
    with pytest.raises(pytest.fail.Exception):
        board.board(root)  # nothing of what was kept is used
    monkeypatch.setattr(board, "code_state", lambda function: state)
    again = board.board(root)
    np.testing.assert_array_equal(again["drums, room"][1].features, rows["drums, room"][1].features)


def spectrum_share(waveform: np.ndarray, above: float) -> float:
    power = np.square(np.abs(np.fft.rfft(waveform)))
    return float(power[round(above * len(waveform) / SAMPLE_RATE) :].sum() / power.sum())


@pytest.fixture(scope="module")
def heard() -> tuple[np.ndarray, np.ndarray]:
    drums = drums_of(strokes(0)).astype(np.float32)
    return drums, drums + 0.1 * np.sin(2 * np.pi * 330 * np.arange(len(drums)) / SAMPLE_RATE).astype(np.float32)


def test_forms_do_what_their_names_say(heard):
    drums, mix = heard
    forms = {name: form(mix) for name, form in board._forms().items()}
    assert forms.pop("pitched").size < mix.size
    assert all(found.shape == mix.shape and np.isfinite(found).all() for found in forms.values())
    assert 20 * np.log10(rms(forms["loud master"])) == pytest.approx(board.LOUD_DB, abs=0.5)
    assert spectrum_share(forms["low-pass 5 kHz"], 7_000) < 1e-3 < spectrum_share(mix, 7_000)
    crowd = rms(forms["crowd"] - mix) / rms(mix)
    assert 20 * np.log10(crowd) == pytest.approx(board.CROWD_DB, abs=0.1)
    assert rms(board.in_a_room(drums)) > 1.2 * rms(drums)


def test_lower_drums_are_lower_by_6_db_and_the_rest_stays(heard):
    drums, mix = heard
    lower = board.drums_lower(drums, mix)
    np.testing.assert_allclose(lower, mix - drums * (1 - 10 ** (board.LOWER_DB / 20)), atol=0.02)
    longer = np.append(mix, np.ones(100, dtype=np.float32))
    np.testing.assert_array_equal(board.drums_lower(drums, longer)[-100:], 1)


def pairs_of(onsets, missed: int = 0) -> list:
    """One recording whose activations are right but for the first `missed` hi-hats."""
    heard = [times[missed:] if index == 3 else times for index, times in enumerate(onsets)]
    return [(frame_targets(heard, 300), onsets)]


def test_the_table_ends_with_the_mean_and_the_worst_row():
    table = board.board_table({"good": pairs_of(strokes(0)), "bad": pairs_of(strokes(0), missed=4)}, PeakPicking()).set_index("row")
    assert list(table.index) == ["good", "bad", "mean of rows", "worst: bad"]
    assert table.loc["good", "f1_micro"] == 1 and table.loc["bad", "f1_HH"] == 0
    assert table.loc["bad", "f1_micro"] == pytest.approx(2 * 16 / (2 * 16 + 4))
    assert table.loc["mean of rows", "f1_micro"] == pytest.approx((1 + 32 / 36) / 2)


def test_thresholds_are_shared_by_all_rows():
    onsets = strokes(0)
    soft, loud = ([(factor * frame_targets(onsets, 300), onsets)] for factor in (0.42, 1.0))
    noise = loud[0][0].copy()
    noise[5::37, 2] = 0.36  # false peaks, softer than the softest stroke
    found = board.shared_thresholds({"soft": soft, "loud": [(noise, onsets)]}, PeakPicking())
    assert 0.36 < found.threshold[2] <= 0.42 and all(threshold <= 0.42 for threshold in found.threshold)
    table = board.board_table({"soft": soft, "loud": [(noise, onsets)]}, found)
    assert (table["f1_micro"] == 1).all()
