"""What is written is whole or not there, has the rights that files have, and leaves nothing behind, whoever dies."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from adtlib import paths

ROOT = Path(paths.__file__).parent.parent


@pytest.fixture(autouse=True)
def folders_not_swept_yet(monkeypatch):
    monkeypatch.setattr(paths, "_swept", set())


def run(code: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    given = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(given, env=environment, capture_output=True, text=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    paths.write_atomically(path, b"one")
    with pytest.raises(RuntimeError), paths.replacing(path) as file:
        file.write(b"half")
        file.flush()
        assert path.read_bytes() == b"one"
        raise RuntimeError("something nobody thought of")
    assert path.read_bytes() == b"one"
    with paths.replacing(path) as file:
        file.write(b"two")
    assert path.read_bytes() == b"two"
    assert names(tmp_path / "deep") == ["file"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_it_has_the_rights_that_the_umask_leaves(mask, tmp_path):
    before = os.umask(mask)
    try:
        paths.write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


def test_a_name_as_long_as_the_file_system_takes_is_written(tmp_path):
    longest = "é" * 127 + "x"
    paths.write_atomically(tmp_path / longest, b"content")
    assert names(tmp_path) == [longest]
    with pytest.raises(paths.WriteError, match=r"xx cannot be written: the name is too long for .*; give a shorter one"):
        paths.write_atomically(tmp_path / f"{longest}x", b"content")


def test_no_link_is_followed_and_no_name_can_be_guessed(tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").symlink_to(mine)
    paths.write_atomically(tmp_path / "out" / "file", b"new")
    assert mine.read_bytes() == b"mine"
    assert (tmp_path / "out" / "file").read_bytes() == b"new"
    monkeypatch.setattr(paths.secrets, "token_hex", lambda _: "0123456789abcdef")  # even if it were
    (tmp_path / "out" / ".adt-0123456789abcdef.tmp").symlink_to(mine)
    with pytest.raises(paths.WriteError):
        paths.write_atomically(tmp_path / "out" / "file", b"newer")
    assert mine.read_bytes() == b"mine"


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from adtlib import paths
        folder = Path(sys.argv[1])
        with paths.new_folder(folder / "corpus") as new, paths.replacing(folder / "file") as file:
            (new / "half").write_bytes(b"half")
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(code, str(tmp_path)).returncode == -signal.SIGKILL
    left = set(names(tmp_path))
    assert len(left) == 2
    with paths.replacing(tmp_path / "other", durable=False) as file:  # its user lives while another process sweeps
        mine = Path(file.name).name
        (tmp_path / ".adt-of-the-user.tmp").touch()
        assert mine in names(tmp_path)
        assert not left & set(names(tmp_path))
        ran = run(
            "import sys; from pathlib import Path; from adtlib import paths; paths.write_atomically(Path(sys.argv[1]), b'')",
            f"{tmp_path}/third",
        )
        assert ran.returncode == 0, ran.stderr
        file.write(b"whole")
    assert names(tmp_path) == [".adt-of-the-user.tmp", "other", "third"]
    assert (tmp_path / "other").read_bytes() == b"whole"


def test_a_new_folder_is_removed_unless_it_got_a_name(tmp_path):
    with pytest.raises(RuntimeError), paths.new_folder(tmp_path / "corpus") as folder:
        (folder / "deep").mkdir()
        raise RuntimeError
    with paths.new_folder(tmp_path / "corpus") as folder:
        (folder / "file").touch()
        folder.rename(tmp_path / "corpus")
    assert names(tmp_path) == ["corpus"]
    assert names(tmp_path / "corpus") == ["file"]


def test_a_full_disk_is_one_sentence_also_where_a_library_writes(tmp_path):
    """A limit of the size of files stands for the disk: libsndfile says "System error." of both."""
    code = """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from adtlib import paths
        from adtlib.audio import files
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, -1))
        noise = np.random.default_rng(0).uniform(-1, 1, 100_000).astype(np.float32)
        folder = Path(sys.argv[1])

        def write_wav():
            with paths.replacing(folder / "b.wav") as file:
                files.write_blocks(file, [noise, noise])

        for write in (
            lambda: paths.write_atomically(folder / "a.mid", bytes(100_000)),
            write_wav,
            lambda: files.write_audio(folder / "c.flac", noise),
        ):
            try:
                write()
            except OSError as error:
                print(error)
    """
    ran = run(code, str(tmp_path))
    why = "cannot be written: files may not be that large here; raise the limit (ulimit -f), or choose another folder"
    assert ran.stdout.splitlines() == [f"{tmp_path}/{name} {why}" for name in ("a.mid", "b.wav", "c.flac")], ran.stderr
    assert names(tmp_path) == []


def test_errors_name_what_helps(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(paths.WriteError, match=r"file/x cannot be written: a file has the name of its folder; .* another"):
        paths.write_atomically(tmp_path / "file" / "x", b"")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "file" / "cache")
    for write in (lambda: paths.write_atomically(paths.CACHE / "x", b""), lambda: paths.locked("x").__enter__()):
        with pytest.raises(paths.WriteError, match="or set ADT_HOME to another folder"):
            write()


def test_an_error_of_a_file_that_is_read_meanwhile_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, paths.replacing(tmp_path / "file"):
        (tmp_path / "nothing").read_bytes()
    assert raised.value.filename == str(tmp_path / "nothing")
    assert names(tmp_path) == []
