"""Writes docs/licences.md, the licences of what `adtlib` needs to run: `make licences`.

Read from the metadata of the packages that are installed; what a package states in several places is taken from the most exact one:
its licence expression, its classifiers, the first line of its licence field.
"""

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).with_name("licences.md")
PACKAGE, EXTRAS = "drum-transcriber", ("thesis", "train", "onnx", "guitar-pro", "beats")
HEAD = """# Licences of the dependencies

All that `pip install 'drum-transcriber[thesis,train,onnx,guitar-pro,beats]'` brings on Linux, as far as it is installed, with the
licences that the packages state: `make licences`.

`adtlib` itself is under the MIT licence and holds no code of these packages. None is under the GPL, but for a sound font that
pretty_midi carries, TimGM6mb (GPL-2), which `--listen` and the miniature corpora play. soxr, verovio and PyGuitarPro are
under the LGPL and used as they are, as libraries. NVIDIA's packages come with PyTorch on Linux: they may be used, but are not open.

The page without a server holds onnxruntime (MIT) and verovio (LGPL-3 or later), whose texts stand in its `licences.txt`.

ffmpeg, which is run as a program for some formats, and FluidSynth, a library to render training data with, come from the system,
if at all. Builds of ffmpeg may be under the GPL.
"""


def needed(package: str = PACKAGE, extras: tuple[str, ...] = EXTRAS) -> dict[str, metadata.Distribution]:
    """The distributions that a package needs on this machine, and those that they need, by canonical name."""
    found: dict[str, metadata.Distribution] = {}
    waiting, seen = [(package, ("", *extras))], set()
    while waiting:
        name, wanted = waiting.pop()
        for line in metadata.distribution(name).requires or ():
            requirement = Requirement(line)
            key = canonicalize_name(requirement.name)
            applies = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in wanted)
            if not applies or (key, *sorted(requirement.extras)) in seen:
                continue
            seen.add((key, *sorted(requirement.extras)))
            try:
                found[key] = metadata.distribution(key)
            except metadata.PackageNotFoundError:  # of an extra that is not installed
                continue
            waiting.append((key, ("", *requirement.extras)))
    found.pop(package, None)  # its extras name each other
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """The licence that a package states; "" if it states none."""
    about = package.metadata
    kinds = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or () if line.startswith("License :: OSI Approved ::")]
    stated = (about.get("License") or "").strip().splitlines()
    return about.get("License-Expression") or ", ".join(kinds) or (stated[0] if stated else "")


def main() -> None:
    """Write the table."""
    rows = [f"| {package.metadata['Name']} | {licence(package)} |" for package in needed().values()]
    PAGE.write_text("\n".join([HEAD, "| package | licence |", "|:--|:--|", *rows, ""]), encoding="utf-8")
    print(f"{PAGE.name}: {len(rows)} packages")


if __name__ == "__main__":
    main()
