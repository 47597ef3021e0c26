"""The data of the controlled study: sets that differ in annotation have the same sound; tests share nothing with training."""

from dataclasses import replace

import numpy as np
import pytest

from adtlib import paths
from adtlib.synthesis import performances
from adtlib.synthesis.tones import write_groove
from adtlib.training import controlled_sets
from adtlib.training.board import AUDIO, ENST_PLACE
from adtlib.training.controlled_sets import RENDERED, REPERTOIRE, Faults, TrainingClips, selection_set, training_sets


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    root = tmp_path_factory.mktemp("controlled")
    patch.setattr(paths, "CACHE", root / "cache")
    patch.setenv("ADT_DATA", str(root))
    yield controlled_sets.made_sounds()
    patch.undo()


def test_sets_with_faults_have_the_same_sound_and_fewer_are_the_first(sounds):
    whole, part, jitter, grid = (
        TrainingClips(0.01),
        TrainingClips(0.005),
        TrainingClips(0.01, faults=Faults(jitter=0.02)),
        TrainingClips(0.01, faults=Faults(sixteenths=True)),
    )
    found = training_sets(sounds, [whole, part, jitter, grid], progress=False)
    units = {name: prepared.units("train") for name, prepared in found.items()}
    assert [len(each) for each in units.values()] == [3, 2, 3, 3]
    for name in (part, jitter, grid):
        for one, other in zip(units[whole], units[name], strict=False):
            np.testing.assert_array_equal(one.features, other.features)
    assert len({prepared.fingerprint for prepared in found.values()}) > 1
    moved = [np.concatenate(unit.onsets) for unit in units[jitter]]
    exact = [np.concatenate(unit.onsets) for unit in units[whole]]
    assert any(len(a) != len(b) or not np.allclose(a, b) for a, b in zip(moved, exact, strict=True))
    for prepared in found.values():
        prepared.check("train")
    again = training_sets(sounds, [jitter], progress=False)
    assert again[jitter].fingerprint == found[jitter].fingerprint


def test_kits_and_performances_of_training_selection_and_tests_are_apart(sounds):
    studios = [
        controlled_sets.studio_of(sounds.banks, notes, split, controlled_sets.REFERENCE)
        for notes, split in ((sounds.notes, "train"), (sounds.notes, "selection"), (sounds.tests, "test"))
    ]
    for index, one in enumerate(studios):
        for other in studios[index + 1 :]:
            assert not {path.name for path in one.kits} & {path.name for path in other.kits}
            assert not {song.name for song in one.songs} & {song.name for song in other.songs}


def test_a_test_is_made_anew_where_its_annotations_changed(sounds, tmp_path):
    data = tmp_path / "data"
    write_groove(data, ("train",))
    song = data / controlled_sets.SADTP / "a" / controlled_sets.ANNOTATION
    labels = data / ENST_PLACE / "labels" / "x.csv"
    for path in (song, labels, *(data / ENST_PLACE / kind / "x.flac" for kind in AUDIO)):
        path.parent.mkdir(parents=True)
    song.write_bytes((data / "groove" / "0.mid").read_bytes())
    labels.write_text("0.5,0\n")
    for kind in AUDIO:
        (data / ENST_PLACE / kind / "x.flac").touch()
    own = replace(sounds, data=data)

    def sources():
        folders = [controlled_sets._repertoire_test(own, 4.0, ("a",)), *controlled_sets._real_tests(own)]
        return [folder.splits["test"].source for folder in folders]

    before = sources()
    assert len(before) == 3 and sources() == before
    song.write_bytes(song.read_bytes().replace(b"\x99\x24", b"\x99\x26", 1))  # a snare for a kick drum, of the same size
    labels.write_text("0.5,1\n")
    assert all(now != then for now, then in zip(sources(), before, strict=True))


def test_each_test_has_a_unit_for_each_performance(sounds):
    tests = controlled_sets.test_sets(sounds, 4.0, progress=False)
    grooves = [song for song in performances.load(sounds.tests) if song.kind == "groove"]
    assert RENDERED in tests and REPERTOIRE not in tests, "no annotations of SADTP are here"
    units = tests[RENDERED].units("test")
    assert 0 < len(units) <= len(grooves) and len({unit.id for unit in units}) == len(units)
    assert selection_set(sounds, 0.005, progress=False).units("validation")
