"""What training reads: batches gathered from the maps equal a slow, obvious version, in an order that depends on the seed alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

from adtlib.corpora.ahead import in_order
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, write_shard
from adtlib.corpora.store import Prepared, PreparedError, write_index
from adtlib.onsets.frames import frame_targets, widen_targets
from adtlib.profiles import load_profile
from adtlib.studies.configs import training_config
from adtlib.training import trainer as training
from adtlib.training.augmentation import Augmentation
from adtlib.training.segments import Crops, Gathering, Segments, in_batches
from adtlib.training.trainer import Trainer, TrainingConfig
from adtlib.vocabulary import CLASSES, KINDS

LENGTHS = [1, 399, 400, 401, 950, 5000, 4000]
EDGES = [0.0, 0.004, 0.005, 3.985, 3.99, 3.994, 3.995, 4.0, 4.01, 7.99, 8.0, 8.005]


def write_corpus(folder, seed, lengths, name="Made", kinds=True):
    """Units in two shards: random features, onsets at random and at the edges of segments, their kinds; the last has none."""
    rng, of_kinds = np.random.default_rng(seed), np.random.default_rng(seed + 100)
    units = []
    for number, length in enumerate(lengths):
        end = (length - 1) / 100
        drawn = [np.concatenate([rng.uniform(0, end, 8 * length // 100), EDGES]) for _ in range(5)]
        onsets = [np.unique(times[times <= end]) if number < len(lengths) - 1 else np.empty(0) for times in drawn]
        units.append((f"train/{number}", rng.random((length, 84), dtype=np.float32), onsets))
        if kinds:
            units[-1] += ([of_kinds.choice(of_class(label), len(times)) for label, times in zip(CLASSES, onsets, strict=True)],)
    write_shard(folder / "train", 0, units[::2], "made")
    write_shard(folder / "train", 1, units[1::2], "made")
    stated = ShardSet(folder / "train", Checked(folder)).finish([name for name, *_ in units], {})
    about = {"corpus": name, "unit": "track", "quantised": False, "miniature": False, "features": "madmom"}
    write_index(folder, about | {"splits": {"train": stated | {"problems": [], "missing": 0}}})
    return Prepared(folder)


def of_class(label):
    """The numbers of the kinds of a class."""
    return [number for number, of in enumerate(KINDS.values()) if of == label]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    return [write_corpus(folder / "a", 0, LENGTHS), write_corpus(folder / "b", 1, [777, 1234])]


def slowly(unit, first, n_frames=400):
    """The frames from `first` on, by the targets of the whole unit; last those of kinds."""
    features = np.zeros((n_frames, 84), dtype=np.float32)
    part = unit.features[first : first + n_frames]
    features[: len(part)] = part
    targets = widen_targets(frame_targets(unit.onsets, unit.n_frames + 2 * n_frames))
    times, kinds = np.concatenate(unit.onsets), np.concatenate(unit.kinds)
    struck = np.zeros((len(targets), len(KINDS)), dtype=np.float32)
    struck[np.rint(times * 100).astype(int), kinds] = 1
    of_kinds = widen_targets(struck)
    return features, targets[first : first + n_frames], of_kinds[first : first + n_frames]


def test_batches_of_segments_equal_a_slow_version(corpora):
    segments = Segments(corpora, "train")
    units = [unit for corpus in corpora for unit in corpus.units("train")]
    expected = [slowly(unit, first) for unit in units for first in range(0, unit.n_frames, 400)]
    assert len(segments) == len(expected) == sum(-(-unit.n_frames // 400) for unit in units)
    assert max(sum(map(len, unit.onsets)) for unit in units) > 1000, "enough to be searched through"
    order = np.random.default_rng(2).permutation(len(segments))
    features, targets = segments.batch(order)
    assert features.dtype == targets.dtype == np.float32 and targets.flags.c_contiguous
    for row, index in enumerate(order):
        np.testing.assert_array_equal(features[row], expected[index][0])
        np.testing.assert_array_equal(targets[row], expected[index][1])
        alone = segments[int(index)]
        np.testing.assert_array_equal(alone[0], features[row])
        np.testing.assert_array_equal(alone[1], targets[row])


def test_any_frames_of_any_units_can_be_gathered(corpora):
    source, rng = Gathering(corpora, "train"), np.random.default_rng(3)
    units = [unit for corpus in corpora for unit in corpus.units("train")]
    chosen = rng.integers(len(units), size=200)
    firsts = np.array([int(rng.integers(units[unit].n_frames)) for unit in chosen])
    features, targets = source.gather(chosen, firsts)
    for row, (unit, first) in enumerate(zip(chosen, firsts, strict=True)):
        expected = slowly(units[unit], first)
        np.testing.assert_array_equal(features[row], expected[0])
        np.testing.assert_array_equal(targets[row], expected[1])
    assert source.without_drums.tolist() == [len(LENGTHS) - 1, len(units) - 1]


@pytest.mark.parametrize("n_frames", [1, 250, 1000])
def test_other_lengths_and_the_kinds_of_strokes_can_be_gathered(corpora, n_frames):
    source, rng = Gathering(corpora, "train", n_frames, kinds=True), np.random.default_rng(4)
    units = [unit for corpus in corpora for unit in corpus.units("train")]
    chosen = rng.integers(len(units), size=60)
    firsts = np.array([int(rng.integers(units[unit].n_frames)) for unit in chosen])
    found = source.gather(chosen, firsts)
    for row, (unit, first) in enumerate(zip(chosen, firsts, strict=True)):
        for array, expected in zip(found, slowly(units[unit], first, n_frames), strict=True):
            assert array.dtype == np.float32
            np.testing.assert_array_equal(array[row], expected)


def test_crops_are_as_long_and_have_as_many_targets_as_their_source(corpora, tmp_path):
    crops = Crops(Gathering(corpora, "train", 600, kinds=True))
    features, targets, of_kinds = crops.draw(crops.every, 50, np.random.default_rng(5))
    assert features.shape == (50, 600, 84) and targets.shape == (50, 600, 5) and of_kinds.shape == (50, 600, len(KINDS))
    for number, label in enumerate(CLASSES):
        np.testing.assert_array_equal(targets[..., number], of_kinds[..., of_class(label)].max(axis=-1))
    assert crops.extra(3, np.random.default_rng(5)).shape == (3, 600, 84)
    drums = np.setdiff1d(crops.every, crops.without_drums)
    longest = drums[np.argmax(crops.source.frames[drums])]
    many = Crops(Gathering(corpora, "train", int(crops.source.frames[longest]))).draw(
        np.array([longest]), 4, np.random.default_rng(6)
    )
    assert len(many) == 2 and (many[0] == many[0][0]).all(), "a whole unit has one place"
    plain = write_corpus(tmp_path, 3, [500, 600], kinds=False)
    with pytest.raises(PreparedError, match=r"does not say of what kind.*adt render"):
        Gathering([*corpora, plain], "train", kinds=True)


@pytest.mark.parametrize("balance", [False, True])
def test_orders_are_those_of_a_data_loader_with_the_same_seed(corpora, balance):
    segments = Segments(corpora, "train")
    for seed in (1, 2_000_009):
        draws = torch.Generator().manual_seed(seed)
        chosen = {"shuffle": True}
        if balance:
            chosen = {"sampler": WeightedRandomSampler(segments.balancing_weights(), len(segments), generator=draws)}
        loader = DataLoader(range(len(segments)), 7, generator=draws, **chosen)
        batches = list(in_batches(segments.order(seed, balance), 7))
        assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in loader]
    if balance:
        drawn = segments.corpora[segments.order(0, True)]
        assert 0.2 < np.mean(drawn == 1) < 0.8, "two corpora of unequal size, equally often"


def test_results_come_in_order_and_items_are_taken_as_they_are_needed():
    taken, done = [], []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    def work(number):
        if number == 20:
            raise KeyError("twenty")
        done.append(number)
        return number**2

    with ThreadPoolExecutor(3) as pool:
        results = in_order(pool, work, items(), ahead=5)
        assert [next(results) for _ in range(10)] == [number**2 for number in range(10)]
        assert len(taken) <= 15
        with pytest.raises(KeyError, match="twenty"):
            list(results)
    assert max(done) < 30, "what had not begun was cancelled"


def batches_of(corpora, folder, workers, **changes):
    config = TrainingConfig("RNN", ("Made",), {"num_layers": 1, "hidden_size": 4}, batch_size=8, **changes)
    record = {"config": {"architecture": "RNN", "hyperparameters": config.hyperparameters}}
    made = Trainer(config, corpora, [], folder, torch.device("cpu"), record)
    items = enumerate(in_batches(made.segments.order(5), 8))
    return [(x.numpy(), y.numpy()) for x, y in made.input(lambda item: made._batch(3, item), items, workers)]


def test_batches_do_not_depend_on_the_number_of_threads_that_gather_them(corpora, tmp_path):
    plain = batches_of(corpora, tmp_path, 1)
    varied = batches_of(corpora, tmp_path, 1, augmentation=Augmentation())
    for workers in (2, 4):
        for expected, changes in ((plain, {}), (varied, {"augmentation": Augmentation()})):
            for one, other in zip(expected, batches_of(corpora, tmp_path, workers, **changes), strict=True):
                np.testing.assert_array_equal(one[0], other[0])
                np.testing.assert_array_equal(one[1], other[1])
    assert all(not np.array_equal(one, other) for (one, _), (other, _) in zip(plain, varied, strict=True))
    other_seed = batches_of(corpora, tmp_path, 1, augmentation=Augmentation(), seed=1)
    assert not np.array_equal(varied[0][0], other_seed[0][0]), "another seed varies the same segments otherwise"


def test_input_that_fails_ends_training_with_its_reason(corpora, tmp_path, monkeypatch):
    monkeypatch.setattr(Gathering, "gather", lambda *_: (_ for _ in ()).throw(OSError("the disk is gone")))
    with pytest.raises(OSError, match="the disk is gone"):
        batches_of(corpora, tmp_path, 2)
    assert training.INPUT_THREADS == 1


def test_augmentation_is_chosen_by_name_and_off_in_the_thesis():
    chosen = training_config(load_profile("smoke", augmentation="standard"), "CNN", ("E-GMD",), 0)
    assert chosen.augmentation == Augmentation()
    for name in ("miniature", "thesis", "thesis_finished", "thesis_published"):
        assert load_profile(name).augmentation == "none"
    with pytest.raises(ValueError, match="augmentation = 'loud', expected none or standard"):
        load_profile("smoke", augmentation="loud")
