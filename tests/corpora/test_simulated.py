"""E-GMD simulated: the command that shows what the real number of recordings costs, at a fiftieth of it."""

import csv
import pickle
import subprocess
import sys

import pytest

from adtlib import paths
from adtlib.corpora import preparation
from adtlib.corpora.egmd import Egmd
from adtlib.corpora.preparation import prepare


def simulate(folder, share):
    command = [sys.executable, str(paths.ROOT / "benchmarks" / "simulated_egmd.py"), str(folder), "--share", str(share)]
    return folder, subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder, said = simulate(tmp_path_factory.mktemp("simulated"), 50)
    assert said.startswith("911 recordings")
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("few"), 1000)[0]


def test_it_has_the_names_and_splits_of_the_corpus(simulated):
    with open(simulated / "e-gmd-v1.0.0" / "e-gmd-v1.0.0.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 911 and len({row["audio_filename"] for row in rows}) == 911
    corpus = Egmd(simulated)
    assert {split: corpus.found(split) > 0 for split in corpus.splits} == dict.fromkeys(corpus.splits, True)
    assert corpus.found("train") > 5 * corpus.found("test")


def test_it_is_prepared_into_a_few_files_once(simulated, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    prepared = prepare(Egmd(simulated), progress=False)
    assert sum(prepared.totals(split).n_units for split in prepared.splits) == 911 and prepared.problems == []
    assert sum(sum(prepared.totals(split).onset_counts) for split in prepared.splits) > 911 * 20
    assert len([path for path in prepared.folder.rglob("*") if path.is_file()]) == 3 * 6 + 2
    monkeypatch.setattr(preparation, "_computed", lambda *_: pytest.fail("computed again"))
    assert prepare(Egmd(simulated), progress=False).fingerprint == prepared.fingerprint


def test_work_that_is_spread_elsewhere_gives_the_same(few, tmp_path, monkeypatch):
    """As a cluster does it: what is handed over is pickled, and small."""
    sizes = []

    def spread(function, items):
        for item in items:
            sizes.append(len(pickle.dumps((function, item))))
            there, group = pickle.loads(pickle.dumps((function, item)))
            yield pickle.loads(pickle.dumps(there(group)))

    monkeypatch.setattr(paths, "CACHE", tmp_path / "here")
    here = prepare(Egmd(few), progress=False)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "there")
    there = prepare(Egmd(few), progress=False, spread=spread)
    assert there.fingerprint == here.fingerprint and max(sizes) < 20_000
    for path in here.folder.glob("*/*"):
        assert (there.folder / path.relative_to(here.folder)).read_bytes() == path.read_bytes()


def test_a_machine_that_does_not_see_the_files_ends_the_work(few, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    corpus = Egmd(few)

    def spread(function, items):
        for group in items:
            away = [(track.__class__(**vars(track) | {"audio": (tmp_path / "away.wav",)}), source) for track, source in group]
            yield function(away)

    with pytest.raises(preparation.CorpusError, match=r"does not see .*away\.wav: put E-GMD where all machines do"):
        prepare(corpus, progress=False, spread=spread)
