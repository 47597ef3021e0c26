"""What is installed: a wheel with everything in it, versions that agree, and libraries that load together."""

import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata

import pytest
from wheels import build_wheel

import adtlib
from adtlib import paths
from adtlib.cli import main
from adtlib.transcription import extras

PROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]


def names_of(requirements) -> dict[str, str]:
    """Requirement by normalised name."""
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower(): line for line in requirements}


def test_the_wheel_holds_all_modules_doors_tables_and_weights(tmp_path):
    wheel = build_wheel(tmp_path)
    assert wheel.name == f"drum_transcriber-{adtlib.__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < 5e6
    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if name.startswith("adtlib/")}
        about = file.read(f"drum_transcriber-{adtlib.__version__}.dist-info/METADATA").decode()
    package = paths.ROOT / "adtlib"
    suffixes = {".py", ".pyi", ".csv", ".js", ".css", ".safetensors", ".onnx"}
    wanted = {path for path in package.rglob("*") if path.is_file() and path.suffix in suffixes}
    assert {path.relative_to(paths.ROOT).as_posix() for path in wanted} | {"adtlib/py.typed"} <= inside
    assert "License-Expression: MIT" in about and "License-File: LICENSE" in about


def test_every_requirement_is_locked_for_all_platforms():
    locked = names_of(line for line in (paths.ROOT / "constraints.txt").read_text().splitlines() if line[:1].isalnum())
    stated = PROJECT["optional-dependencies"]
    wanted = names_of([*PROJECT["dependencies"], *(line for name in stated for line in stated[name])])
    assert set(wanted) - {PROJECT["name"]} <= set(locked), "make lock"
    assert {"pywinpty", "appnope", "triton"} <= set(locked), "of Windows, macOS and Linux alone"


def test_torch_and_torchaudio_are_a_pair_that_loads():
    torch, torchaudio = importlib.import_module("torch"), importlib.import_module("torchaudio")
    assert torch.__version__.split("+")[0] == torchaudio.__version__.split("+")[0]
    pair = [line for line in PROJECT["optional-dependencies"]["thesis"] if line.startswith("torch")]
    assert [line.partition("==")[2] for line in pair] == ["2.11.0"] * 2
    resampled = torchaudio.functional.resample(torch.ones(1, 441), 44_100, 22_050)
    assert resampled.shape == (1, 221)


def test_every_extra_brings_the_modules_that_it_is_said_to():
    stated = PROJECT["optional-dependencies"]
    assert PROJECT["name"] == paths.DISTRIBUTION and extras.EXTRAS.keys() <= stated.keys()
    other = {"PIL": "pillow", "yaml": "pyyaml", "fluidsynth": "pyfluidsynth", "guitarpro": "pyguitarpro"}
    for extra, modules in extras.EXTRAS.items():
        brought = names_of(stated[extra])
        assert {other.get(module, module).replace("_", "-") for module in modules} - {"IPython"} <= brought.keys(), extra


def test_what_is_missing_is_said_with_the_command_that_installs_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(extras.EXTRAS, "score", ("verovio", "no_such_module"))
    assert extras.missing("listen") == ""
    assert extras.missing("score") == "no_such_module is not installed: pip install -e '.[score]'"
    with pytest.raises(ModuleNotFoundError, match=r"no_such_module is not installed: pip install"):
        extras.require("score")
    monkeypatch.setattr(paths, "IN_CLONE", False)
    assert extras.missing("score").endswith("pip install 'drum-transcriber[score]'")
    (tmp_path / "song.wav").write_bytes(b"")
    assert main(["transcribe", str(tmp_path / "song.wav"), "--format", "mid,pdf"]) == 2
    assert "--format pdf: no_such_module is not installed" in capsys.readouterr().err


def test_the_text_for_an_index_page_links_to_nothing_in_the_repository():
    text = (paths.ROOT / PROJECT["readme"]).read_text()
    assert not re.search(r"\]\((?!https?://)|<img", text)
    assert f"pip install {PROJECT['name']}\n" in text
    listed = set(re.findall(r"`([a-z-]+)`", "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))))
    assert set(PROJECT["optional-dependencies"]) - listed == {"dev", "browser", "completion", "onnx"}


def test_the_version_is_stated_once():
    assert PROJECT["dynamic"] == ["version"] and adtlib.__version__ == metadata.version(PROJECT["name"])
    assert f"## {adtlib.__version__}" in (paths.ROOT / "CHANGELOG.md").read_text()
    assert f"version: {adtlib.__version__}" in (paths.ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("room", [path.parent.name for path in sorted((paths.ROOT / "adtlib").glob("*/__init__.pyi"))])
def test_every_name_on_a_door_is_there(room):
    door = importlib.import_module(f"adtlib.{room}")
    assert len([getattr(door, name) for name in door.__all__]) > 5


def test_the_door_of_the_package_is_light():
    code = "import sys, adtlib; print(adtlib.__version__, [m for m in ('numpy', 'torch', 'pandas') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == f"{adtlib.__version__} []"
    listed = subprocess.check_output([sys.executable, "-m", "adtlib", "--version"], text=True)
    assert listed.strip() == f"adt {adtlib.__version__}"


def test_what_is_needed_is_listed_with_a_licence_that_users_of_mit_code_expect(monkeypatch):
    """Weak copyleft, of libraries that are used as they are, by name; the GPL, which reaches the programs that use it, nowhere."""
    monkeypatch.syspath_prepend(str(paths.ROOT / "docs"))
    import list_licences

    packages = list_licences.needed()
    assert {"numpy", "torch", "ray", "jupyterlab", "torchaudio"} <= set(packages)
    found = {name: list_licences.licence(package) for name, package in packages.items()}
    assert {name for name, text in found.items() if not text} <= {"cuda-toolkit"}, "no licence is stated"
    copyleft = {name for name, text in found.items() if re.search(r"GPL|General Public|EUPL|CeCILL", text)}
    expected = {"soxr", "verovio", *({"pyguitarpro"} & packages.keys())}  # the last is of an extra that may not be installed
    assert copyleft == expected and all("LGPL" in found[name] for name in copyleft)
    closed = {name for name, text in found.items() if re.search(r"Proprietary|Commercial|NonCommercial|-NC", text, re.IGNORECASE)}
    assert all(name.startswith("nvidia-") for name in closed)
    listed = set(re.findall(r"^\| ([\w.-]+) \|", list_licences.PAGE.read_text(), flags=re.M))
    missing = {package.metadata["Name"] for package in packages.values()} - listed
    assert not missing, "make licences"
