"""Errors by hand: each kind once, their circumstances, and the same counts as in scoring."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from adtlib import paths
from adtlib.corpora.base import velocities
from adtlib.corpora.registry import open_corpus
from adtlib.evaluation.errors import FEW, NOTHING, closest_pairs, confusions, unit_events, unstruck_moments
from adtlib.evaluation.metrics import count_matches
from adtlib.figures.errors import plot_circumstance, plot_confusions, plot_timing
from adtlib.onsets import midi
from adtlib.onsets.energies import broadband_energies
from adtlib.profiles import load_profile
from adtlib.studies import error_tables
from adtlib.studies.error_circumstances import (
    OTHERS,
    QUARTERS,
    circumstances,
    contrast_sentences,
    contrasts,
    loudness_quarters,
    tallies,
)
from adtlib.studies.error_tables import (
    MOMENT_COLUMNS,
    confusion_sentences,
    confusion_table,
    error_counts,
    error_events,
    printed_circumstances,
    printed_confusions,
    timing_table,
)
from adtlib.vocabulary import CLASSES

#                        KD           SD                TT     HH               CY
REFERENCE = [np.array(t) for t in ([1.0, 2.0], [1.0, 3.0, 4.0], [5.0], [1.02, 1.5, 2.0], [])]
# KD 1.0 hit 10 ms late; 2.0 missed, and CY invented 30 ms later: KD heard as CY. SD 1.0 hit; 3.0 missed, an SD 80 ms late: a near
# miss; 4.0 missed, nothing near. TT 5.0 heard as SD and, farther off, as KD: the closer counts. HH 1.02 and 1.5 hit, 2.0 missed.
ESTIMATE = [np.array(t) for t in ([1.01, 5.04], [1.0, 3.08, 5.01], [], [1.02, 1.46], [2.03])]


@pytest.fixture
def events() -> pd.DataFrame:
    return unit_events(REFERENCE, ESTIMATE, 6.0)


def row(events, event, name, time):
    found = events[(events["event"] == event) & (events["class"] == name) & np.isclose(events["time"], time)]
    assert len(found) == 1
    return found.iloc[0]


def test_each_kind_of_error_is_told(events):
    assert events["event"].value_counts().to_dict() == {"hit": 4, "missed": 5, "invented": 4}
    assert np.isclose(row(events, "hit", "KD", 1.0)["difference"], 0.01)
    assert np.isclose(row(events, "hit", "HH", 1.5)["difference"], -0.04)
    partners = {("KD", 2.0): "CY", ("SD", 3.0): NOTHING, ("SD", 4.0): NOTHING, ("TT", 5.0): "SD", ("HH", 2.0): NOTHING}
    assert {key: row(events, "missed", *key)["partner"] for key in partners} == partners
    instead = {("CY", 2.03): "KD", ("SD", 5.01): "TT", ("KD", 5.04): NOTHING, ("SD", 3.08): NOTHING}
    assert {key: row(events, "invented", *key)["partner"] for key in instead} == instead
    assert np.isclose(row(events, "missed", "SD", 3.0)["difference"], 0.08)
    assert np.isnan(row(events, "missed", "SD", 4.0)["difference"])


def test_another_class_at_the_limit_of_the_tolerance_is_a_partner():
    nothing = np.array([])
    table = unit_events([np.array([1.0]), *[nothing] * 4], [nothing, np.array([1.05]), *[nothing] * 3], 3.0)
    assert row(table, "missed", "KD", 1.0)["partner"] == "SD" and row(table, "invented", "SD", 1.05)["partner"] == "KD"


def test_circumstances_of_a_stroke_and_of_an_estimate(events):
    assert row(events, "hit", "KD", 1.0)["others"] == 2 and row(events, "hit", "HH", 1.02)["others"] == 2
    assert row(events, "hit", "HH", 1.5)["others"] == 0
    assert row(events, "invented", "CY", 2.03)["others"] == 2  # KD and HH at 2.0, 30 ms away
    assert not events["doubled"].any()
    # Around 1.5 within half a second: 1.0 twice, 1.02, 2.0 twice, itself not counted.
    assert row(events, "hit", "HH", 1.5)["density"] == 5
    # The first half second of 5.9 reaches past the end at 6.0: 0.6 s are there.
    late = unit_events([np.array([1.0, 5.5, 5.9]), *[np.array([])] * 4], [np.array([])] * 5, 6.0)
    assert np.isclose(late.loc[2, "density"], 1 / 0.6)
    early = unit_events([np.array([0.2, 0.6]), *[np.array([])] * 4], [np.array([])] * 5, 6.0)
    assert np.isclose(early.loc[0, "density"], 1 / 0.7)


def test_a_near_miss_is_at_most_150_ms_away():
    nothing = [np.array([])] * 4
    table = unit_events([np.array([1.0, 2.0]), *nothing], [np.array([1.15, 2.16]), *nothing], 3.0)
    assert np.isclose(row(table, "missed", "KD", 1.0)["difference"], 0.15)
    assert np.isnan(row(table, "missed", "KD", 2.0)["difference"])


def test_bins_of_overlap_leave_the_own_class_out_for_all_kinds_of_events():
    """Kick and snare together at 1 s, a hi-hat alone at 2 s: each kind of event once with one other class, by hand."""
    reference = [np.array(t) for t in ([1.0], [1.0], [], [2.0], [])]
    estimate = [np.array(t) for t in ([1.0, 2.0], [], [1.0], [2.0, 2.03], [3.0])]
    events = unit_events(reference, estimate, 4.0)
    others = {key: row(events, *key)["others"] for key in [("hit", "KD", 1.0), ("missed", "SD", 1.0)]}
    assert set(others.values()) == {1}, "one other drum sounds with each"
    assert row(events, "invented", "KD", 2.0)["others"] == 1, "as much of other drums sounds where a kick is invented"
    assert row(events, "invented", "TT", 1.0)["others"] == 2 and row(events, "invented", "CY", 3.0)["others"] == 0
    twice = row(events, "invented", "HH", 2.03)
    assert twice["others"] == 0 and twice["doubled"] and events["doubled"].sum() == 1
    # 400 frames: 7 about 1 s with two classes struck, 7 about 2 s with one, 386 in silence.
    assert unstruck_moments(reference, 4.0) * 6 == pytest.approx([386 * 5, 7 * 4, 7 * 3, 0, 0])
    named = {"corpus": "Slakh", "id": "a", "group": "a"}
    moments = pd.DataFrame({**named, "others": range(5), "n": unstruck_moments(reference, 4.0)})
    table = tallies(events.assign(**named), moments)
    rates = table[table["measure"] == "invented_per_moment"].set_index("value")
    assert rates["errors"].to_dict() == {"0": 1, "1": 1, "2 or more": 1}, "a stroke heard twice is no drum heard more"
    assert rates["n"].tolist() == pytest.approx([386 * 5 / 6, 28 / 6, 21 / 6])
    missed = table[(table["measure"] == "missed") & (table["circumstance"] == "others")].set_index("value")
    assert missed[["n", "errors"]].to_numpy().tolist() == [[1, 0], [2, 1]] and list(missed.index) == ["0", "1"]


def test_overlap_that_makes_no_difference_shows_none():
    """Kicks alone and with snares, each other class invented in one of eleven: equal rates, where the shares are far apart."""
    kicks = np.arange(2_000) / 2 + 0.25
    struck = [kicks, kicks[1::2], *[np.array([])] * 3]
    free = [np.setdiff1d(kicks, times) for times in struck]
    estimate = [np.sort(np.concatenate([times, other[::11]])) for times, other in zip(struck, free, strict=True)]
    events = unit_events(struck, estimate, 1_000.0)
    named = {"corpus": "Slakh", "id": "a", "group": "a"}
    moments = pd.DataFrame({**named, "others": range(5), "n": unstruck_moments(struck, 1_000.0)})
    table = tallies(events.assign(**named), moments)
    rates = table[table["measure"] == "invented_per_moment"].set_index("value")
    # An invention needs one frame of a moment; there are seven about a stroke that stands on a frame.
    assert (rates["errors"] / rates["n"]).loc[["1", "2 or more"]].tolist() == pytest.approx([6 / 7 / 11] * 2, rel=0.02)
    heard = events[events["event"] != "missed"]
    assert heard.groupby("others")["event"].agg(lambda event: (event == "invented").mean()).loc[[1, 2]].tolist() == pytest.approx(
        [0.154, 1.0], abs=0.01
    )


def test_confusions_are_counted_once(events):
    table = confusions(events)
    expected = pd.DataFrame(0, index=table.index, columns=table.columns)
    expected.loc["KD", "KD"], expected.loc["SD", "SD"], expected.loc["HH", "HH"] = 1, 1, 2
    expected.loc["KD", "CY"] = expected.loc["TT", "SD"] = 1
    expected.loc["SD", NOTHING], expected.loc["HH", NOTHING] = 2, 1
    expected.loc[NOTHING, "KD"] = expected.loc[NOTHING, "SD"] = 1
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)


def test_the_closest_are_paired_first():
    assert closest_pairs(np.array([1.0, 1.04]), np.array([1.03]), 0.05) == [(1, 0)]
    assert sorted(closest_pairs(np.array([1.0, 1.1]), np.array([0.97, 1.06]), 0.05)) == [(0, 0), (1, 1)]
    assert closest_pairs(np.array([1.0]), np.array([1.06]), 0.05) == closest_pairs(np.array([]), np.array([1.0]), 1.0) == []


times = st.lists(st.integers(0, 300), max_size=12).map(lambda frames: np.array(sorted(frames)) / 100)
onsets = st.lists(times, min_size=5, max_size=5)


@given(onsets, onsets)
@settings(max_examples=60, deadline=None)
def test_anatomy_and_scores_count_the_same_errors(reference, estimate):
    table = unit_events(reference, estimate, 3.01)
    counts = count_matches(reference, estimate)
    for name, (hits, false, missed) in zip(CLASSES, counts.tolist(), strict=True):
        mine = table[table["class"] == name]["event"].value_counts()
        assert (mine.get("hit", 0), mine.get("invented", 0), mine.get("missed", 0)) == (hits, false, missed)
    matrix = confusions(table)
    assert np.trace(matrix.to_numpy()) == counts[:, 0].sum()
    assert matrix.loc[list(CLASSES)].to_numpy().sum() == counts[:, [0, 2]].sum()
    assert matrix[list(CLASSES)].to_numpy().sum() == counts[:, [0, 1]].sum()


def test_silence_has_no_errors():
    nothing = [np.array([])] * 5
    assert unit_events(nothing, nothing, 4.0).empty
    assert confusions(unit_events(nothing, nothing, 4.0)).to_numpy().sum() == 0
    assert unstruck_moments(nothing, 4.0) * 6 == pytest.approx([400 * 5, 0, 0, 0, 0])


# --- loudness ----------------------------------------------------------------------------------------------------------


def test_velocities_belong_to_their_strokes(tmp_path):
    """Through E-GMD's own layout: notes out of order, two of one class at one time, an onset that was dropped."""
    folder = tmp_path / "e-gmd-v1.0.0"
    (folder / "d").mkdir(parents=True)
    (folder / "e-gmd-v1.0.0.csv").write_text(
        "split,midi_filename,audio_filename\ntest,d/1_rock_90_beat_4-4_1.midi,d/1_rock_90_beat_4-4_1.wav\n"
    )
    (folder / "d/1_rock_90_beat_4-4_1.wav").touch()
    strokes = [(0.5, 36, 30), (1.0, 36, 110), (1.0, 38, 60), (1.0, 40, 80), (1.5, 42, 20), (2.0, 36, 5)]
    file = midi.mido.MidiFile(type=0, ticks_per_beat=500)
    file.tracks.append(midi.mido.MidiTrack([midi.mido.MetaMessage("set_tempo", tempo=500_000)]))
    last = 0
    for seconds, pitch, velocity in strokes:
        tick = round(seconds * 1000)
        file.tracks[0].append(midi.mido.Message("note_on", channel=9, note=pitch, velocity=velocity, time=tick - last))
        last = tick
    file.save(folder / "d/1_rock_90_beat_4-4_1.midi")
    corpus = open_corpus("E-GMD", tmp_path)
    (track,) = corpus.tracks("test")
    onsets = corpus.read_annotation(track).onsets
    onsets[0] = onsets[0][:2]  # the last lay past the end of the audio
    found = velocities(corpus, track, onsets)
    assert found[0].tolist() == [30, 110]
    assert found[1].tolist() == [80, 80] and len(onsets[1]) == 2
    assert found[3].tolist() == [20] and len(found[2]) == 0


def test_energy_is_the_rise_at_the_onset():
    features = np.zeros((100, 84), np.float16)
    features[50:55, 10], features[80:85, 10:14] = 0.5, 0.25
    energies = broadband_energies(features, [np.array([0.5]), np.array([0.8]), np.array([0.2]), np.array([0.0]), np.array([])])
    assert [values.tolist() for values in energies] == [[0.5], [1.0], [0.0], [0.0], []]


# --- tables ------------------------------------------------------------------------------------------------------------


NO_MOMENTS = pd.DataFrame(columns=MOMENT_COLUMNS)


@pytest.fixture
def many() -> pd.DataFrame:
    """Eight recordings of forty snare strokes: the softest ten of each are missed, in two recordings more."""
    parts = []
    for number in range(8):
        strokes = np.arange(40) / 5 + 0.1
        found = strokes[10:] if number > 1 else strokes[14:]
        reference = [np.array([]), strokes, np.array([]), np.array([]), np.array([])]
        estimate = [np.array([]), found, np.array([]), np.array([]), np.array([1.0])]
        loudness = [np.array([]), np.arange(40.0), np.array([]), np.array([]), np.array([])]
        part = unit_events(reference, estimate, 8.2, velocity=loudness)
        parts.append(part.assign(corpus="E-GMD", id=str(number), group=str(number // 2)))
    return pd.concat(parts, ignore_index=True)


def test_shares_by_loudness_with_their_intervals(many):
    quarters = loudness_quarters(many)
    assert quarters[many["event"] != "invented"].value_counts().to_dict() == dict.fromkeys(QUARTERS, 80)
    assert quarters[many["event"] == "invented"].isna().all()
    by_group = tallies(many, NO_MOMENTS)
    table = circumstances(by_group)
    loud = table[table["circumstance"] == "loudness"].set_index("value")
    assert loud["n"].tolist() == [80] * 4 and loud["errors"].tolist() == [80, 8, 0, 0]
    assert loud["share"].tolist() == [1.0, 0.1, 0.0, 0.0] and loud[["ci_low", "ci_high"]].isna().all(axis=None), "four groups"
    table = circumstances(tallies(many.assign(group=many["id"]), NO_MOMENTS))
    loud = table[table["circumstance"] == "loudness"].set_index("value")
    assert loud.loc["softest", ["share", "ci_low", "ci_high"]].tolist() == [1.0, 1.0, 1.0]
    # Two of eight groups have more misses: drawn never, or several times.
    assert loud.loc["soft", "ci_low"] == 0 and 0.1 < loud.loc["soft", "ci_high"] <= 0.4
    (sentence,) = contrast_sentences(contrasts(by_group), "loudness", "missed")
    assert "100.0 % (softest, n = 80) against 0.0 % (loudest, n = 80); 4 independent performances are too few" in sentence


def test_of_one_recording_there_is_no_interval(many):
    by_group = tallies(many[many["id"] == "5"], NO_MOMENTS)
    table, ends = circumstances(by_group), contrasts(by_group)
    assert table["ci_low"].isna().all() and table["share"].notna().all()
    assert not ends["told_apart"].any() and len(contrast_sentences(ends, "loudness", "missed")) == 1


def ends(errors, n=20):
    """Tallies of the softest and loudest strokes: of each group the errors among `n` in both; what `contrasts` says of them."""
    rows = [
        ["Slakh", "loudness", "missed", value, str(group), n, wrong]
        for group, pair in enumerate(errors)
        for value, wrong in zip(("softest", "loudest"), pair, strict=True)
    ]
    columns = ["corpus", "circumstance", "measure", "value", "group", "n", "errors"]
    return contrasts(pd.DataFrame(rows, columns=columns)).iloc[0]


def test_ends_are_told_apart_by_the_interval_of_their_difference():
    # Recordings differ more than their ends: intervals of the two shares overlap widely, that of the difference leaves out 0.
    paired = ends([(4 + 2 * k, 1 + 2 * k) for k in range(8)])
    assert paired["told_apart"] and paired[["difference", "ci_low", "ci_high"]].tolist() == pytest.approx([-0.15] * 3)
    assert (paired["share_first"], paired["share_last"]) == pytest.approx((0.55, 0.4)) and paired["n_groups"] == 8
    mixed = ends([(4, 9), (9, 4), (5, 3), (3, 6), (7, 6), (2, 5), (6, 5), (4, 4)])
    assert not mixed["told_apart"] and mixed["ci_low"] < 0 < mixed["ci_high"] and "do not tell them apart" in mixed["why_not"]


def test_nothing_is_told_apart_by_few_groups_few_events_or_an_interval_without_width():
    errors = [(8, 2), (9, 1), (7, 3), (10, 2), (8, 1), (9, 3)]
    assert ends(errors)["told_apart"]
    assert ends(errors[:5])["why_not"].startswith("5 independent recordings are too few")
    assert ends([(2, 1)] * 6, n=3)["why_not"].startswith(f"fewer than {FEW} cases")
    assert "has no bootstrap interval" in ends([(first, 0) for first, _ in errors])["why_not"], "[0, 0] decides nothing"
    assert "has no bootstrap interval" in ends([(20, last) for _, last in errors])["why_not"]


def test_equal_ends_are_seldom_told_apart():
    rng = np.random.default_rng(4)
    said = [ends(rng.binomial(20, rng.beta(4, 8, (12, 1)), (12, 2)).tolist())["told_apart"] for _ in range(100)]
    assert sum(said) <= 14, "5 % and somewhat more: of 12 groups the percentile interval is a little narrow"


def test_counts_and_sentences(events):
    table = events.assign(corpus="Slakh", id="a", group="a")
    assert error_counts(table).iloc[0].tolist() == ["Slakh", 9, 4, 5, 4, 2, 1]
    (sentence,) = confusion_sentences(table)
    assert "of 9 strokes 5 were missed, 2 of them heard as another class" in sentence
    assert "4 were invented, 2 of them where no stroke was missed" in sentence
    timing = timing_table(table).iloc[0]
    assert timing["hits"] == 4 and (timing["near_early"], timing["near_late"]) == (0, 1) and timing["within_25_ms"] == 0.75


def test_pictures_show_what_the_tables_hold(many, events):
    both = pd.concat([many, events.assign(corpus="Slakh", id="a", group="a")], ignore_index=True)
    axes = plot_confusions(confusion_table(both))
    texts = {text.get_text() for text in axes.flat[0].texts}
    assert "232" in texts and "8" in texts and "88" in texts  # hit, invented, missed snares
    ((first, second),) = plot_circumstance(circumstances(tallies(both, NO_MOMENTS)), "loudness", "loudness", QUARTERS)
    assert (first.get_title(), second.get_title()) == ("E-GMD", "Slakh")
    assert [bar.get_height() for bar in first.patches] == pytest.approx([100, 10, 0, 0]) and first.get_ylim()[1] > 100
    titles = [ax.get_title() for ax in plot_timing(both, 0.05)]
    assert titles[0].startswith("E-GMD\nn = 320") and titles[1] == "Slakh\nn = 9\nnear misses: 1"


def test_few_strokes_are_drawn_open_and_each_stroke_counts_once(many, events):
    both = pd.concat([many, events.assign(corpus="Slakh", id="a", group="a")], ignore_index=True)
    table = circumstances(tallies(both, NO_MOMENTS))
    (axes,) = plot_circumstance(table, "loudness", "loudness", QUARTERS)
    opened = [sum(bar.get_facecolor() == (1, 1, 1, 1) for bar in ax.patches) for ax in axes]
    loud = table[table["circumstance"] == "loudness"]
    assert opened == [int((part["n"] < FEW).sum()) for _, part in loud.groupby("corpus", sort=False)] and sum(opened)
    slakh = plot_timing(both, 0.05)[1]
    assert sum(bar.get_height() for bar in slakh.patches) == pytest.approx(100 * 4 / 9), "the hits; the near miss is a number"


def test_printed_tables_hold_what_the_csv_does(many, events):
    both = pd.concat([many, events.assign(corpus="Slakh", id="a", group="a")], ignore_index=True)
    confused, table = confusion_table(both), circumstances(tallies(both, NO_MOMENTS))
    matrix = printed_confusions(confused)
    assert matrix.shape == (12, 6) and matrix.sum().sum() == confused["n"].sum()
    one = confused.set_index(["corpus", "struck", "heard"])["n"]
    assert matrix.loc[("E-GMD", "SD"), "SD"] == one["E-GMD", "SD", "SD"] == 232
    assert matrix.loc[("Slakh", "struck nothing"), "HH"] == one["Slakh", NOTHING, "HH"]
    assert pd.isna(matrix.loc[("Slakh", "struck nothing"), "heard nothing"])
    shares = printed_circumstances(table)
    assert list(shares.columns) == ["E-GMD", "Slakh"] and len(shares) == len(
        table[["circumstance", "value", "measure"]].drop_duplicates()
    )
    assert shares.loc[("loudness", "softest", "missed"), "E-GMD"] == "100.0 %", "of four groups there is no interval"
    assert shares["Slakh"].str.endswith(("†", "–")).all(), "a handful of strokes"
    assert printed_confusions(confused.iloc[:0]).empty and printed_circumstances(table.iloc[:0]).empty


def test_a_corpus_without_estimates_has_no_invented_ones_to_draw(events):
    silent = events[events["event"] == "missed"].assign(corpus="Slakh", id="b", group="b")
    heard = events.assign(corpus="E-GMD", id="a", group="a")
    n = unstruck_moments(REFERENCE, 6.0)
    moments = pd.DataFrame({"corpus": "E-GMD", "id": "a", "group": "a", "others": range(5), "n": n})
    table = circumstances(tallies(pd.concat([heard, silent], ignore_index=True), moments))
    axes = plot_circumstance(table, "others", "others", OTHERS)
    assert axes.shape == (2, 2) and [ax.get_title() for ax in axes[0]] == ["E-GMD", "Slakh"]
    assert axes[1, 0].get_ylabel() == "invented in 100 moments" and axes[0, 0].get_ylim() != axes[1, 0].get_ylim()
    assert axes[0, 0].get_ylim() == axes[0, 1].get_ylim() and not axes[1, 1].patches


def test_what_loudness_is_by_is_said_class_by_class(many, tmp_path, monkeypatch):
    """Velocities of the snares are known, of other drums they are not: their quarters are by energy, and both is said."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "model.safetensors").touch()
    about = {"folder": folder, "config": {"architecture": "CNN", "seed": 0}, "result": {"val_f1_micro": 0.5}}
    units = type("P", (), {"splits": ("test",), "units": lambda self, split: [type("U", (), {"id": "a"})]})()
    monkeypatch.setattr(error_tables, "chosen_runs", lambda profile: {"Slakh": type("R", (), about)})
    monkeypatch.setattr(error_tables, "prepared_corpus", lambda *_, **__: units)
    partly = pd.concat([many, many.assign(**{"class": "TT", "velocity": np.nan})], ignore_index=True)
    for found, said in ((many, "velocity"), (partly, "velocity or energy"), (many.assign(velocity=np.nan), "energy")):
        monkeypatch.setattr(error_tables, "_events_of", lambda *_, found=found: (found, NO_MOMENTS))
        assert error_events(load_profile("smoke"))[2]["loudness"].tolist() == [said]


def test_without_weights_it_says_what_to_run(tmp_path, monkeypatch):
    """As in a fresh clone, whose runs have scores and no weights: nothing is invented, and pictures say why they are empty."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    profile = load_profile("smoke")
    table, moments, models, reasons = error_events(profile)
    assert table.empty and models.empty and "adt run --profile smoke 41-49" in reasons[0]
    run = type("R", (), {"folder": tmp_path / "CRNN/Slakh/seed_0"})
    monkeypatch.setattr(error_tables, "chosen_runs", lambda profile: {"Slakh": run})
    units = type("P", (), {"splits": ("test",), "units": lambda self, split: ["one"]})()
    monkeypatch.setattr(error_tables, "prepared_corpus", lambda *_, **__: units)
    table, moments, models, (reason,) = error_events(profile)
    assert table.empty and models.empty and "no weights" in reason and "adt run --profile smoke 41-49" in reason
    assert error_counts(table).empty and confusion_table(table).empty and timing_table(table).empty
    assert circumstances(tallies(table, moments)).empty and confusion_sentences(table) == []
    assert contrast_sentences(contrasts(tallies(table, moments)), "others", "missed") == []
    assert plot_confusions(confusion_table(table)).flat[0].texts
    assert plot_circumstance(circumstances(tallies(table, moments)), "others", "others", ("0", "1")).flat[0].texts
    assert plot_timing(table, 0.05).flat[0].texts
