"""Kinds of strokes in prepared data: stored beside the onsets where they are known; nothing else of a corpus changes."""

import numpy as np
import pytest

from adtlib.corpora import shard_set, shards
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, write_shard
from adtlib.corpora.store import Prepared, PreparedError, write_index
from adtlib.vocabulary import KINDS

NAMES = list(KINDS)
SNARE, BRUSH, CLOSED, OPEN = (NAMES.index(name) for name in ("snare", "brush", "hat_closed", "hat_open"))
NONE = np.empty(0)
UNITS = [
    ("one", 6, [NONE, np.array([0.5, 2.0]), NONE, np.array([0.5, 1.0]), NONE], [[], [BRUSH, SNARE], [], [OPEN, CLOSED], []]),
    ("two", 7, [NONE] * 5, [[]] * 5),
    ("three", 8, [NONE, np.array([0.1]), NONE, NONE, NONE], [[], [SNARE], [], [], []]),
]


def write(folder, kinds="all", groups=((0, 1, 2),)) -> Prepared:
    """A corpus of UNITS in a shard for each group; `kinds` says of which units kinds are known: all, some or none."""
    for number, group in enumerate(groups):
        units = []
        for index in group:
            name, seed, onsets, of_onsets = UNITS[index]
            features = np.random.default_rng(seed).random((300, 84), dtype=np.float32)
            known = kinds == "all" or (kinds == "some" and index == 0)
            units.append((name, features, onsets, *([[np.array(each, np.uint8) for each in of_onsets]] if known else [])))
        write_shard(folder / "train", number, units, "made here")
    return index_of(folder)


def index_of(folder) -> Prepared:
    stored = ShardSet(folder / "train", Checked(folder))
    names = [name for name, *_ in UNITS]
    stored.copy_together(names)
    stated = stored.finish(names, {})
    stored.clean(stated)
    about = {"corpus": "Rendered", "unit": "clip", "quantised": False, "miniature": False, "features": "madmom"}
    write_index(folder, about | {"splits": {"train": stated | {"problems": [], "missing": 0}}})
    return Prepared(folder)


def kinds_of(prepared) -> list:
    return [[each.tolist() for each in unit.kinds] for unit in prepared.units("train")]


def test_kinds_come_back_for_each_class_and_are_checked(tmp_path):
    prepared = write(tmp_path)
    assert kinds_of(prepared) == [kinds for *_, kinds in UNITS]
    assert [unit.onsets[1].tolist() for unit in prepared.units("train")] == [[0.5, 2.0], [], [0.1]]
    prepared.check()
    path = tmp_path / "train" / "onset_kinds.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([OPEN]))
    with pytest.raises(PreparedError, match=r"onset_kinds\.npy is damaged"):
        Prepared(tmp_path).check()
    path.write_bytes(content[:-1])
    with pytest.raises(PreparedError, match=r"onset_kinds\.npy is damaged \(not the size of 5 onsets\)"):
        kinds_of(Prepared(tmp_path))


@pytest.mark.parametrize("known", ["none", "some"])
def test_where_kinds_are_not_known_of_all_units_asking_for_them_is_refused(tmp_path, known):
    prepared = write(tmp_path, known)
    assert not (tmp_path / "train" / "onset_kinds.npy").exists()
    with pytest.raises(PreparedError, match=r"train does not say of what kind its strokes are.*adt render"):
        prepared.units("train")[0].kinds  # noqa: B018


def test_nothing_else_of_a_corpus_depends_on_whether_kinds_are_known(tmp_path):
    plain, known = write(tmp_path / "plain", "none"), write(tmp_path / "known")
    assert plain.fingerprint == known.fingerprint
    for path in (tmp_path / "plain" / "train").iterdir():
        if path.suffix == ".jsonl":
            assert b"kinds" not in path.read_bytes()
        else:
            assert path.read_bytes() == (tmp_path / "known" / "train" / path.name).read_bytes()


def test_kinds_stay_with_their_onsets_when_shards_are_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_set, "MANY", 2)
    prepared = write(tmp_path, groups=((0,), (1, 2)))
    assert shards.shard_numbers(tmp_path / "train") == [2]
    assert kinds_of(prepared) == [kinds for *_, kinds in UNITS]


def test_kinds_that_are_no_longer_known_are_removed(tmp_path):
    write(tmp_path)
    assert (tmp_path / "train" / "onset_kinds.npy").is_file()
    write_shard(tmp_path / "train", 1, [(name, np.zeros((10, 84)), onsets) for name, _, onsets, _ in UNITS], "made without")
    index_of(tmp_path)
    assert not (tmp_path / "train" / "onset_kinds.npy").exists()
