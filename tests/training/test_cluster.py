"""Remote runs, tested on one machine: corpora are transferred in shards, folders are sent back after every epoch."""

import dataclasses
import shutil

import pytest
from test_trainer import CONFIG, corpus, same, train, weights  # noqa: F401

from adtlib import paths
from adtlib.corpora.store import Prepared, PreparedError
from adtlib.training.cluster import transfer
from adtlib.training.cluster.jobs import Job, Server, train_remotely
from adtlib.training.cluster.transfer import list_files, open_here, refer_to
from adtlib.training.runs import Run, RunError
from adtlib.training.scoring import score_run
from adtlib.training.segments import Segments
from adtlib.training.trainer import Diverged


class CountingServer(Server):
    """Counts what is asked of it."""

    def __init__(self):
        self.pieces, self.saved = 0, []

    def read_piece(self, reference, name, start, size):
        self.pieces += 1
        return super().read_piece(reference, name, start, size)

    def save(self, folder, changed):
        self.saved.append(sorted(name for name, content in changed.items() if content is not None))
        super().save(folder, changed)


@pytest.fixture
def away(tmp_path, monkeypatch):
    """The cache of the other machine."""
    monkeypatch.setattr(paths, "CACHE", tmp_path / "away")
    return tmp_path / "away" / "transferred"


def test_a_corpus_that_can_be_seen_is_opened_where_it_is(corpus, away):  # noqa: F811
    server = CountingServer()
    assert open_here(refer_to(corpus), server).folder == corpus.folder
    assert server.pieces == 0 and not away.exists()


def test_a_corpus_that_cannot_be_seen_travels_once_and_is_the_same(corpus, away, monkeypatch):  # noqa: F811
    monkeypatch.setenv("ADT_COPY_CORPORA", "1")
    monkeypatch.setattr(transfer, "PIECE_BYTES", 5000)
    there = refer_to(corpus)
    server = CountingServer()
    found = open_here(there, server)
    assert found.folder.parent == away and found.fingerprint == corpus.fingerprint
    mine, theirs = Segments([corpus], "train"), Segments([found], "train")
    assert len(mine) == len(theirs) > 1
    assert all((a == b).all() for i in range(len(mine)) for a, b in zip(mine[i], theirs[i], strict=True))
    asked = server.pieces
    assert asked > 1 and open_here(there, server).folder == found.folder and server.pieces == asked
    # Another folder of that name on the other machine is not mistaken for it.
    other = dataclasses.replace(there, folder=found.folder, fingerprint="0" * 16, copy=False)
    with pytest.raises(PreparedError, match="another fingerprint"):
        open_here(other, Server())


def test_pieces_are_bounded_and_the_index_comes_last(corpus, away, monkeypatch):  # noqa: F811
    monkeypatch.setenv("ADT_COPY_CORPORA", "1")
    monkeypatch.setattr(transfer, "PIECE_BYTES", 5000)
    files = list_files(corpus.folder)
    names = [name for name, _ in files]
    assert names[-1] == "index.json" and len(names) == len(set(names)) == 3 * 6 + 1
    assert all((corpus.folder / name).stat().st_size == size for name, size in files)
    sizes = []

    class Watched(Server):
        def read_piece(self, *asked):
            piece = super().read_piece(*asked)
            sizes.append(len(piece))
            return piece

    found = open_here(refer_to(corpus), Watched())
    assert max(sizes) == 5000 and sum(sizes) == sum(size for _, size in files)
    assert all((found.folder / name).read_bytes() == (corpus.folder / name).read_bytes() for name in names)


def test_a_fetch_that_was_interrupted_goes_on_with_what_is_missing(corpus, away, monkeypatch):  # noqa: F811
    monkeypatch.setenv("ADT_COPY_CORPORA", "1")
    found = open_here(refer_to(corpus), Server())
    (found.folder / "index.json").unlink()
    gone = next(found.folder.glob("train/*.npy"))
    gone.unlink()
    asked = []

    class Watched(Server):
        def read_piece(self, reference, name, start, size):
            asked.append(name)
            return super().read_piece(reference, name, start, size)

    assert isinstance(open_here(refer_to(corpus), Watched()), Prepared)
    assert asked == [gone.relative_to(found.folder).as_posix(), "index.json"]


def test_a_remote_run_equals_a_local_one(corpus, tmp_path):  # noqa: F811
    near = train(corpus, tmp_path / "near")
    score_run(near, [corpus], validation=[corpus])
    server, there = CountingServer(), refer_to(corpus)
    job = Job(tmp_path / "far", CONFIG, (there,), (there,))
    seen = []
    result = train_remotely(job, server, lambda row: seen.append((row["epoch"], (job.folder / "resume.pt").is_file())))
    assert seen == [(1, True), (2, True), (3, True)], "an epoch is reported once the server has written it"
    far = Run(job.folder)
    assert result == far.result and same(weights(near), weights(far))
    assert (far.folder / "scores.csv").read_bytes() == (near.folder / "scores.csv").read_bytes()
    assert not (far.folder / "resume.pt").exists()
    # Only what changed travels; a finished run is not trained again.
    server.saved.clear()
    assert train_remotely(job, server, lambda row: pytest.fail("trained again")) == result
    assert server.saved == []


def test_a_worker_that_dies_is_replaced_and_ends_with_the_same_numbers(corpus, tmp_path):  # noqa: F811
    near = train(corpus, tmp_path / "near")
    job = Job(tmp_path / "far", CONFIG, (refer_to(corpus),))

    class Lost(Exception):
        pass

    class DyingServer(Server):
        def save(self, folder, changed):
            if len(self.load(folder)) > 1:  # the server has the first epoch
                raise Lost
            super().save(folder, changed)

    with pytest.raises(Lost):
        train_remotely(job, DyingServer())
    assert (job.folder / "resume.pt").is_file()
    epochs = []
    train_remotely(job, Server(), lambda row: epochs.append(row["epoch"]))
    assert epochs == [2, 3] and same(weights(near), weights(Run(job.folder)))


def test_errors_name_the_folder_on_the_server_and_other_code_is_refused(corpus, tmp_path, monkeypatch):  # noqa: F811
    job = Job(tmp_path / "far", CONFIG, (refer_to(corpus),))
    with pytest.raises(RunError, match=r"far: this machine has another version of adtlib"):
        train_remotely(dataclasses.replace(job, code="other"), Server())
    monkeypatch.setattr("adtlib.training.trainer.Trainer._train_epoch", lambda *_: float("nan"))
    with pytest.raises(Diverged, match=str(tmp_path / "far")):
        train_remotely(job, Server())
    shutil.rmtree(job.folder, ignore_errors=True)
