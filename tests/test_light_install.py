"""The wheel in an environment of its own, outside the clone: it transcribes without torch, writes nothing beside itself, and says
what is missing with the command that installs it.

TRY names the interpreter of that environment, by default this one's.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from songs import write_song
from wheels import build_wheel

from adtlib.transcription.pipeline import transcribe

pytestmark = pytest.mark.wheel

LARGEST = 400  # MB


def run(command, folder: Path, **environment) -> subprocess.CompletedProcess:
    """Without what this environment says of packages and folders; the home of the user is below `folder`."""
    dropped = ("PYTHONPATH", "ADT_HOME", "ADT_DATA", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    kept |= {"HOME": str(folder / "home"), "ADT_SOUNDS": str(folder / "no-sounds"), **environment}
    return subprocess.run(list(map(str, command)), cwd=folder, env=kept, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder outside the clone, with a song, and in `env` the wheel installed."""
    folder = tmp_path_factory.mktemp("light")
    write_song(folder, "song", seed=1)
    python = os.environ.get("TRY") or sys.executable
    wheel = build_wheel(folder)
    started = time.perf_counter()
    install = [folder / "env/bin/python", "-m", "pip", "install", "-q", "--only-binary", ":all:", wheel]
    for command in ([python, "-m", "venv", folder / "env"], install):
        done = run(command, folder)
        assert done.returncode == 0, done.stderr
    print(f"installed in {time.perf_counter() - started:.0f} s with {python}")
    return folder


@pytest.fixture(scope="module")
def adt(folder):
    return lambda *arguments, **environment: run([folder / "env/bin/adt", *arguments], folder, **environment)


def site_packages(folder: Path) -> Path:
    return next((folder / "env/lib").glob("python*/site-packages"))


def test_it_is_light(folder):
    files = [path for path in (folder / "env").rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LARGEST * 1e6
    heavy = ("torch", "pandas", "jupyterlab", "ray", "matplotlib", "yaml", "requests", "librosa")
    assert not [name for name in heavy if (site_packages(folder) / name).exists()]


def test_it_hears_what_the_clone_hears_and_writes_nothing_beside_itself(folder, adt):
    before = {path for path in site_packages(folder).rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"}
    done = adt("transcribe", "song.wav", "--format", "mid,csv,musicxml", "-v")
    assert done.returncode == 0, done.stderr
    assert "computed by onnxruntime" in done.stdout
    song = transcribe(folder / "song.wav", name="song")
    assert sum(song.counts.values()) > 10
    assert (folder / "song.csv").read_text() == song.to_csv()
    assert (folder / "song.mid").read_bytes() == song.to_midi()
    assert "done already" in adt("transcribe", "song.wav", "--format", "mid,csv,musicxml").stdout
    assert before == {path for path in site_packages(folder).rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"}
    assert list((folder / "home").rglob("*.json")), "what was made is noted in the user's folder of caches"
    scored = adt("score", "song.csv", "song.mid")
    assert scored.returncode == 0 and "1.000" in scored.stdout, scored.stderr


def test_no_usage_statistics_are_noted(folder, adt):
    assert adt("transcribe", "song.wav", "--out", "again").returncode == 0
    assert not [path for path in (folder / "home").rglob("*") if "microsoft" in path.name.lower()]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("transcribe", "song.wav", "--format", "pdf"), 2, "verovio is not installed: pip install 'drum-transcriber[score]'"),
        (
            ("transcribe", "song.wav", "--engine", "torch"),
            2,
            "--engine torch: torch is not installed: pip install 'drum-transcriber[",
        ),
        (
            ("transcribe", "song.wav", "--device", "cuda"),
            2,
            "--device cuda: torch is not installed: pip install 'drum-transcriber[",
        ),
        (
            ("transcribe", "song.wav", "--format", "mid,gp5", "--dry-run"),
            2,
            "--format gp5: guitarpro is not installed: pip install",
        ),
        (
            ("transcribe", "song.wav", "--listen"),
            2,
            "--listen: midirenderer is not installed: pip install 'drum-transcriber[listen]'",
        ),
        (("train",), 1, "pip install 'drum-transcriber[train]'"),
        (("prepare",), 1, "pip install 'drum-transcriber[corpora]'"),
        (("pack", "a.onnx", "adt", "--onnx"), 1, "pip install 'drum-transcriber[train]'"),
        (("corpora",), 1, "pip install 'drum-transcriber[corpora]'"),
        (("verify",), 1, "pip install 'drum-transcriber[thesis]'"),
        (("run",), 1, "are files of the repository, not of the installed package: clone it and use 'make env' there"),
        (("corpora", "--profile", "miniature"), 1, "are files of the repository, not of the installed package"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(adt, arguments, status, sentence):
    done = adt(*arguments)
    assert done.returncode == status, done.stderr
    assert sentence in done.stderr and "Traceback" not in done.stderr
