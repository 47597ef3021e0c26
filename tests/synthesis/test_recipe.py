"""Recipes: options can be switched alone, and what two recipes have in common is the same draw for draw."""

from dataclasses import fields, replace

import numpy as np
import pytest

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import rms
from adtlib.cli import main, render as render_command
from adtlib.synthesis import articulations, band, clips, drumming, edits, effects, finishing, kits as synthesis_kits
from adtlib.synthesis.drumming import Stroke
from adtlib.synthesis.performances import Part, Song
from adtlib.synthesis.recipe import CODECS, FINISHED, FORMER, MEANINGS, RECIPES, SHIPPED, STANDARD, Recipe, Streams
from adtlib.synthesis.tones import tone
from adtlib.vocabulary import CLASSES, KINDS

KIND_NAMES = list(KINDS)


def take_of(made, recipe: Recipe, index: int) -> clips.Take:
    return clips.record(clips.Studio(made[1], made[2], "train", recipe), 0, index, 4.0)


def first(kind: str) -> int:
    return next(index for index in range(50) if clips.kind_of("train", 0, index) == kind)


MIX = first("mix")


def played(take: clips.Take) -> list[tuple]:
    return [stroke[:4] for stroke in take.strokes if not stroke.articulation.startswith("other")]


# --- options -------------------------------------------------------------------------------------------------------------


def test_the_named_recipes_differ_in_what_they_say():
    assert set(RECIPES) == set(MEANINGS) and STANDARD in RECIPES
    assert Recipe() == SHIPPED
    assert set(FORMER.differences(SHIPPED)) == {"soft_strokes", "sizes", "parts_treated", "masked"}
    assert FINISHED.masked == "kept" and FINISHED.balance_db[0] > SHIPPED.balance_db[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"performances": "robots"}, "all, human, grid, generated"),
        ({"finishing": "wet"}, "dry, room, mixed"),
        ({"masked": "half"}, "left out, kept"),
        ({"kits": -1}, "0 .all. or more"),
        ({"voices": -0.1}, "share"),
        ({"codecs": ("wma",)}, "vorbis, mp3, opus, aac"),
        ({"balance_db": (3.0, 5.0)}, "four numbers"),
        ({"rare_share": 0.5}, "0.4"),
    ],
)
def test_an_option_without_sense_is_refused(change, why):
    with pytest.raises(ValueError, match=why):
        Recipe(**change)


def test_options_are_read_from_text():
    given = {"kits": "4", "edits": "false", "voices": "0.5", "balance_db": "6,5,-10,16", "codecs": "mp3,aac", "masked": "kept"}
    recipe = SHIPPED.with_options(given | {"treble_db": ""})
    changes = {"kits": 4, "edits": False, "voices": 0.5, "balance_db": (6, 5, -10, 16), "codecs": ("mp3", "aac"), "masked": "kept"}
    assert recipe == replace(SHIPPED, **changes)
    with pytest.raises(ValueError, match=r"'salt' is no option.*performances"):
        SHIPPED.with_options({"salt": "1"})
    with pytest.raises(ValueError, match="kits = 'many'"):
        SHIPPED.with_options({"kits": "many"})


def test_every_option_is_described():
    text = Recipe.__doc__
    assert [option.name for option in fields(Recipe) if f"{option.name} " not in text] == []


def test_a_stream_begins_again_and_differs_from_others():
    streams = Streams(3, 0, 7)
    one, again = streams("part", 1).random(4), streams("part", 1).random(4)
    np.testing.assert_array_equal(one, again)
    for other in (streams("part", 2), streams("kit"), Streams(3, 0, 8)("part", 1), Streams(3, 1, 7)("part", 1)):
        assert not np.array_equal(one, other.random(4))


def test_the_command_reads_recipes_and_options(made, monkeypatch, capsys):
    asked = {}

    class Asked(Exception):
        pass

    def ask(*_, **options):
        asked.update(options)
        raise Asked

    monkeypatch.setattr(render_command, "render_corpus", ask)
    command = ["render", "--hours", "1", "--recipe", "shipped", "--option", "masked=kept", "kits=4", "--without", "voices"]
    with pytest.raises(Asked):
        main(command)
    assert asked["recipe"] == replace(SHIPPED, masked="kept", kits=4, voices=0.0)
    for wrong, said in (
        (["--recipe", "?"], "finished: of its other 64 hours"),
        (["--option", "kits"], "write NAME=VALUE"),
        (["--option", "salt=1"], "no option of a recipe"),
        (["--without", "?"], "voices: sung parts"),
    ):
        assert main(["render", "--hours", "1", *wrong]) == 1
        assert said in capsys.readouterr().err


# --- pairs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"accompaniment": "none"},
        {"accompaniment": "instrument"},
        {"balance_db": (9.0, 0.0, -10.0, 13.0)},
        {"voices": 0.0},
        {"bright": 1.0, "attacks": 1.0, "doubled": 1.0, "treble_db": (0.0, 0.0)},
        {"shakers": 1.0, "risers": 1.0},
        {"finishing": "mixed"},
        {"loud": 1.0, "far": 1.0, "crowd": 1.0, "dull": 1.0, "encoded": 1.0, "codecs": ("mp3",)},
        {"masked": "kept"},
    ],
)
def test_the_drums_are_the_same_under_another_band_and_finishing(made, change):
    one, other = take_of(made, SHIPPED, MIX), take_of(made, replace(SHIPPED, **change), MIX)
    assert played(one) == played(other) and len(played(one)) > 5
    assert one.about["kits"] == other.about["kits"]
    if not any(stroke.articulation.startswith("other") for stroke in one.strokes):
        np.testing.assert_array_equal(one.drums, other.drums)


@pytest.mark.parametrize(
    "change", [{"sloshing": 1.0, "free_cymbals": 1.0}, {"kits": 1}, {"variation": False}, {"rare_share": 0.2}, {"soft_hats": 1.0}]
)
def test_the_band_is_the_same_over_other_drums(made, change):
    recipe = replace(SHIPPED, percussion=0.0)
    one, other = take_of(made, recipe, MIX), take_of(made, replace(recipe, **change), MIX)
    scaled = [take.others / np.float32(rms(take.others)) for take in (one, other)]
    np.testing.assert_allclose(*scaled, atol=1e-4)
    assert not np.array_equal(one.drums, other.drums)


def test_one_instrument_is_one_of_the_song_s(made):
    def parts(accompaniment):
        studio = clips.Studio(made[1], made[2], "train")
        recipe = Recipe(accompaniment=accompaniment, voices=0.0)
        streams = clips.streams_of("train", 0, MIX)
        drums = drumming.choose(studio.songs, 6.0, streams, recipe)
        return band.arrange(drums, studio.songs, 12.0, streams, recipe).parts

    (alone,), many = parts("instrument"), parts("songs")
    assert len(many) > 1 and alone.pitches.tolist() == many[0].pitches.tolist()


def test_the_band_plays_to_the_end_at_half_its_tempo():
    beats = np.arange(256) / 4
    note = np.ones(256, dtype=np.int64)
    drums, melody = Part(-1, beats, beats * 0, 36 * note, 90 * note), Part(0, beats, beats * 0 + 0.25, 60 * note, 90 * note)
    song = Song("fast", "song", "train", 180.0, 64.0, drums, (melody,))
    played_to = [
        band.arrange(drumming.Drumming(drums, 90.0), (song,), 16.0, Streams(seed), Recipe(voices=0.0)).parts[0].beats[-1]
        for seed in range(30)
    ]
    assert min(played_to) > 15.8


def test_kits_are_counted_in_a_fixed_order(made):
    chosen = [clips.Studio(made[1], made[2], "train", Recipe(kits=kits)).drum_kits for kits in (1, 2, 0)]
    assert [len(kits) for kits in chosen] == [1, 2, 2]
    assert chosen[1][:1] == chosen[0]
    assert clips.Studio(made[1], made[2], "train", Recipe(kits=1)).choose_kits(np.random.default_rng(0)) == 2 * chosen[0]


# --- performances --------------------------------------------------------------------------------------------------------


def test_what_is_programmed_is_on_the_grid_and_human_playing_is_not():
    human = Part(
        -1, np.array([0.02, 0.03, 0.49, 1.31, 1.98]), np.zeros(5), np.array([36, 36, 42, 38, 42]), np.array([90, 80, 30, 75, 127])
    )
    grid = drumming._on_the_grid(human)
    np.testing.assert_allclose(grid.beats, [0, 0.5, 4 / 3, 2])
    assert grid.pitches.tolist() == [36, 42, 38, 42] and grid.velocities.tolist() == [105, 72, 105, 105]


def test_performances_are_of_the_wanted_kind(made):
    studio = clips.Studio(made[1], made[2], "train")

    def drummings(**options):
        recipe = Recipe(**options)
        return [drumming.choose(studio.songs, 6.0, Streams(index), recipe) for index in range(20)]

    assert any(found.song is not None for found in drummings())
    assert all(found.song is None for found in drummings(performances="human"))
    places = np.concatenate([found.part.beats * 12 for found in drummings(performances="grid")])
    np.testing.assert_allclose(places, np.round(places), atol=1e-9)
    assert {len(set(found.part.velocities)) for found in drummings(performances="grid")} <= {1, 2}


def test_drummers_are_counted_by_name(made):
    songs = clips.Studio(made[1], made[2], "train").songs
    named = tuple(
        replace(song, name=f"drummer{1 + number % 3}/{number}") if song.kind != "song" else song
        for number, song in enumerate(songs)
    )
    one = drumming.of_drummers(named, 1)
    assert {song.name.split("/")[0] for song in one if song.kind != "song"} == {"drummer1"}
    assert [song for song in one if song.kind == "song"] == [song for song in named if song.kind == "song"]
    assert drumming.of_drummers(named, 0) == named


# --- edits ---------------------------------------------------------------------------------------------------------------


_BAR = {0: ("kick", "crash"), 4: ("kick",), 8: ("kick",), 12: ("kick",)} | dict.fromkeys((2, 6, 10, 14), ("snare",))
GROOVE = [Stroke(0.25 * step, name, 100, 0.0) for step in range(64) for name in (*_BAR.get(step % 16, ()), "hat_closed")]


def share_of_class(strokes, name: str) -> float:
    classes = [articulations.CLASS_OF[stroke.articulation] for stroke in strokes]
    return classes.count(name) / len(classes)


def test_without_edits_strokes_stay_as_played():
    assert edits.edited(GROOVE, 0.5, Streams(0), Recipe(edits=False)) == sorted(GROOVE)
    assert any(edits.edited(GROOVE, 0.5, Streams(seed), Recipe()) != sorted(GROOVE) for seed in range(5))


def test_an_edit_leaves_the_draws_of_the_others_as_they_are():
    chosen = [edits.edited(GROOVE, 0.5, Streams(seed), Recipe(sloshing=1.0)) for seed in range(12)]
    plain = [edits.edited(GROOVE, 0.5, Streams(seed), Recipe()) for seed in range(12)]
    for one, other in zip(chosen, plain, strict=True):
        kicks = [[s.seconds for s in strokes if s.articulation == "kick"] for strokes in (one, other)]
        assert kicks[0] == kicks[1]


def test_sloshing_hats_are_more_and_less_open_and_nothing_else_changes():
    found = edits._slosh(GROOVE, 0.5, np.random.default_rng(0))
    names = {stroke.articulation for stroke in found}
    assert {"hat_half_open", "hat_closed", "hat_open"} <= names and len(found) == len(GROOVE)
    assert [s for s in found if not s.articulation.startswith("hat")] == [s for s in GROOVE if not s.articulation.startswith("hat")]


def test_free_cymbals_stand_apart_from_kicks():
    found = edits._free_cymbals(GROOVE, 0.5, np.random.default_rng(1))
    kicks = np.array([s.seconds for s in found if s.articulation == "kick"])
    added = [s.seconds for s in found if articulations.CLASS_OF[s.articulation] == "CY" and s not in GROOVE]
    assert len(added) >= 2 and all(np.abs(kicks - second).min() > 0.05 for second in added)

    def together(strokes):
        cymbals = [s.seconds for s in strokes if articulations.CLASS_OF[s.articulation] == "CY"]
        kicks = np.array([s.seconds for s in strokes if s.articulation == "kick"])
        return np.mean([np.abs(kicks - second).min() < 0.03 for second in cymbals])

    assert together(found) < together(GROOVE) == 1


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_toms_and_cymbals_are_raised_to_their_share(share):
    found = edits.edited(GROOVE, 0.5, Streams(0), Recipe(edits=False, rare_share=share))
    assert len(found) == len(GROOVE)
    for name in ("TT", "CY"):
        assert share_of_class(found, name) == pytest.approx(share, abs=1 / len(GROOVE))
    assert share_of_class(found, "KD") == share_of_class(GROOVE, "KD")


# --- kinds of strokes ----------------------------------------------------------------------------------------------------


def test_every_kind_belongs_to_the_class_of_its_articulation():
    assert {name: articulations.CLASS_OF[name] for name in KINDS} == KINDS
    assert set(articulations.KIND_OF.values()) == set(KINDS)
    assert {KINDS[kind] == articulations.CLASS_OF[name] for name, kind in articulations.KIND_OF.items()} == {True}


def test_a_substitute_is_of_the_kind_that_sounds(studio):
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))  # its kits have crashes and no chinas, snares and no side sticks
    assert (kit.kind("china"), kit.kind("crash"), kit.kind("side_stick")) == ("crash", "crash", "snare")
    assert kit.kind("hat_half_open") == "hat_half_open", "made by damping an open one"
    assert kit.kind("brush") == "brush", "made of noise"
    assert kit.kind("other_bongo_hi") is None


def test_each_onset_of_a_clip_has_a_kind_of_its_class(studio):
    for index in range(8):
        clip = clips.render(studio, 0, index, 3.0)
        for name, times, kinds in zip(CLASSES, clip.onsets, clip.kinds, strict=True):
            assert len(times) == len(kinds)
            assert {KINDS[KIND_NAMES[number]] for number in kinds} <= {name}


def test_kinds_follow_their_onsets(studio):
    kit = synthesis_kits.ClipKit(studio.drum_kits, Streams(0))
    strokes = [Stroke(1.0, "hat_closed", 90, 0.0), Stroke(1.5, "hat_open", 90, 0.0), Stroke(1.51, "hat_closed", 90, -9.0)]
    onsets, kinds = clips.annotate(strokes, 0.5, 3.0, kit)
    assert onsets[3].tolist() == [0.5, 1.0]
    assert [KIND_NAMES[number] for number in kinds[3]] == ["hat_closed", "hat_open"]


# --- the band ------------------------------------------------------------------------------------------------------------


def levels(take: clips.Take) -> tuple[float, float]:
    """Of the band above the drums in dB: in all, and above 6 kHz."""
    high = [effects.filtered(part, clips.TREBLE_HZ, "highpass") for part in (take.drums, take.others)]
    return 20 * np.log10(rms(take.others) / rms(take.drums)), 20 * np.log10(rms(high[1]) / rms(high[0]))


def test_balance_is_as_the_recipe_says(made):
    recipe = Recipe(balance_db=(9.0, 0.0, -10.0, 13.0), percussion=0.0)
    assert levels(take_of(made, recipe, MIX))[0] == pytest.approx(9, abs=0.01)


def test_treble_is_raised_and_lowered_to_what_the_recipe_says():
    rng = np.random.default_rng(0)
    drums = rng.standard_normal(SAMPLE_RATE, dtype=np.float32)
    dark = 3 * effects.filtered(rng.standard_normal(SAMPLE_RATE, dtype=np.float32), 4_000, "lowpass")
    for wanted in (-10.0, -6.0, 0.0):
        other = clips._with_treble(drums, dark, wanted)
        high = [rms(effects.filtered(part, clips.TREBLE_HZ, "highpass")) for part in (drums, other)]
        assert 20 * np.log10(high[1] / high[0]) == pytest.approx(wanted, abs=2.5)
        below = [rms(effects.filtered(part, 1_500, "lowpass", 4)) for part in (dark, other)]
        assert below[0] == pytest.approx(below[1], rel=0.1)


def test_guitars_of_the_bright_parts_play_power_chords():
    part = Part(0, np.array([0.0, 1.0]), np.ones(2), np.array([52, 55]), np.array([90, 80]))
    chords = [band._brighten(part, np.random.default_rng(seed)) for seed in range(12)]
    assert {chord.program for chord in chords} <= set(band.BRIGHT)
    for chord in chords:
        wanted = [52, 59, 64, 55, 62, 67] if chord.program in band.GUITARS else [52, 55]
        assert chord.pitches.tolist() == wanted and len(chord.beats) == len(chord.velocities) == len(wanted)


def spectrum_share(waveform: np.ndarray, above: float) -> float:
    power = np.square(np.abs(np.fft.rfft(waveform)))
    return float(power[round(above * len(waveform) / SAMPLE_RATE) :].sum() / power.sum())


def test_an_amplifier_adds_overtones():
    plain = tone(400, 1.0).astype(np.float32)
    shares = [spectrum_share(effects.amplify(plain, np.random.default_rng(seed)), 1_000) for seed in range(5)]
    assert min(shares) > 5 * spectrum_share(plain, 1_000) and max(shares) > 0.05


def test_attacks_are_raised_at_the_notes_and_nowhere_else():
    flat = np.ones(SAMPLE_RATE, dtype=np.float32)
    raised = effects.raise_attacks(flat, np.array([0.5]), np.random.default_rng(0))
    assert raised[round(0.505 * SAMPLE_RATE)] > 1.3 and abs(raised[round(0.45 * SAMPLE_RATE)] - 1) < 0.01
    assert abs(raised[-1] - 1) < 0.01


def test_a_doubled_part_is_a_comb():
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    doubled = effects.double(noise, np.random.default_rng(1))
    gain = np.abs(np.fft.rfft(doubled)) / np.abs(np.fft.rfft(noise))
    smooth = gain[1_000:9_000]
    assert smooth.max() / smooth.min() > 2 and len(doubled) == len(noise)


def test_shakers_and_risers_are_treble(studio):
    shaker = band.shaker(120.0, 4 * SAMPLE_RATE, np.random.default_rng(0))
    assert rms(shaker) == pytest.approx(1, abs=0.01) and spectrum_share(shaker, 2_000) > 0.7
    riser = band.riser(120.0, 4 * SAMPLE_RATE, np.random.default_rng(0))
    assert np.abs(riser).max() == pytest.approx(1, abs=0.01) and len(riser) == 4 * SAMPLE_RATE
    assert band.riser(60.0, SAMPLE_RATE, np.random.default_rng(1)).shape == (SAMPLE_RATE,), "longer than the clip"


# --- finishing -----------------------------------------------------------------------------------------------------------


def drum_beat(seconds: float = 4.0) -> np.ndarray:
    mix = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    sound = tone(150)[2_205:] + 0.3 * tone(7_000, 0.4)[2_205:]
    for start in range(2_000, len(mix) - len(sound), 11_025):
        mix[start : start + len(sound)] += sound.astype(np.float32)
    return mix


def lag(reference: np.ndarray, late: np.ndarray) -> int:
    size = 2 * len(reference)
    found = np.fft.irfft(np.conj(np.fft.rfft(reference, size)) * np.fft.rfft(late, size))
    place = int(np.argmax(found))
    return place if place < len(reference) else place - size


ALWAYS = {"far": 0.0, "crowd": 0.0, "loud": 0.0, "dull": 0.0, "encoded": 0.0}


@pytest.mark.parametrize("name", [*list(ALWAYS)[1:], "nothing"])
def test_no_finishing_moves_the_onsets(name):
    mix = drum_beat()
    for seed in range(4):
        recipe = Recipe(**ALWAYS | ({name: 1.0} if name in ALWAYS else {}), codecs=CODECS[:3])
        finished = finishing.finish(mix, Streams(seed), recipe)
        assert finished.shape == mix.shape and finished.dtype == np.float32 and np.isfinite(finished).all()
        assert abs(lag(mix, finished)) <= 0.002 * SAMPLE_RATE


def test_from_far_the_direct_sound_still_comes_first():
    mix = drum_beat()
    for seed in range(4):
        finished = finishing.finish(mix, Streams(seed), Recipe(**ALWAYS | {"far": 1.0}, finishing="mastered"))
        heard = np.abs(finished) > 0.1 * np.abs(finished).max()
        assert abs(int(np.argmax(heard)) - 2_000) < 0.005 * SAMPLE_RATE


def test_the_ladder_ends_where_the_recipe_says():
    mix = drum_beat(1.0)
    full = {"far": 1.0, "crowd": 1.0, "loud": 1.0, "dull": 1.0, "encoded": 1.0}
    for finishing_of in ("dry", "room", "mixed"):
        finished = finishing.finish(mix, Streams(0), Recipe(finishing=finishing_of, **full))
        np.testing.assert_allclose(finished / np.abs(finished).max(), mix / np.abs(mix).max(), atol=1e-5)
    mastered, encoded = (finishing.finish(mix, Streams(0), Recipe(finishing=name, **full)) for name in ("mastered", "encoded"))
    assert not np.array_equal(mastered, encoded)


def test_a_loud_master_is_louder_for_its_peak_and_within_full_scale(monkeypatch):
    monkeypatch.setattr(finishing, "LOUD_DB", (-8.0, -6.0))
    mix = drum_beat()

    def crest(waveform):
        return 20 * np.log10(np.abs(waveform).max() / rms(waveform))

    masters = [finishing.loud_master(mix, np.random.default_rng(seed)) for seed in range(8)]
    assert all(np.abs(master).max() <= 1 for master in masters)
    assert all(crest(master) < crest(mix) - 1 for master in masters)
    assert not finishing.loud_master(np.zeros(1_000, dtype=np.float32), np.random.default_rng(0)).any()


def test_the_limiter_keeps_to_its_ceiling_and_leaves_the_rest():
    mix = drum_beat()
    limited = finishing.limit(mix, 0.3, 0.05)
    assert np.abs(limited).max() <= 0.3 * 1.02
    soft = np.abs(mix) < 1e-6
    np.testing.assert_allclose(finishing.limit(0.1 * mix, 0.3, 0.05), 0.1 * mix, atol=1e-6)
    assert np.abs(limited[soft]).max() < 1e-6


def test_gains_between_steps_lie_on_straight_lines():
    values = np.random.default_rng(0).random(20)
    wanted = np.interp(np.arange(20 * 32), np.arange(20) * 32, values)
    np.testing.assert_allclose(effects.between(values, 32), wanted, atol=1e-6)


def test_dull_clips_have_no_treble():
    recipe = Recipe(**ALWAYS | {"dull": 1.0})
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    shares = [spectrum_share(finishing.finish(noise, Streams(seed), recipe), 12_000) for seed in range(4)]
    assert max(shares) < 0.1 < spectrum_share(noise, 12_000)


def test_an_audience_is_noise_and_claps():
    crowd = finishing.audience(2 * SAMPLE_RATE, np.random.default_rng(0))
    assert rms(crowd) == pytest.approx(1, abs=0.01) and spectrum_share(crowd, 10_000) < 0.1


# --- clips of every recipe -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*RECIPES])
def test_clips_of_every_recipe_are_whole(made, name):
    recipe = replace(RECIPES[name], codecs=tuple(codec for codec in RECIPES[name].codecs if codec != "aac"))
    studio = clips.Studio(made[1], made[2], "train", recipe)
    for index in range(12):
        clip = clips.render(studio, 0, index, 2.0)
        assert np.isfinite(clip.waveform).all() and 0 < np.abs(clip.waveform).max() <= 1.2
        assert all(((times >= 0) & (times < 2)).all() for times in clip.onsets)
