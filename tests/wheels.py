"""The wheel of the package, built from a copy: what an earlier build left in the clone is not in it, and nothing is left there."""

import shutil
import subprocess
import sys
from pathlib import Path

from adtlib import paths

SOURCE = ("pyproject.toml", "LICENSE", "docs/package.md")


def build_wheel(folder: Path) -> Path:
    """Build it in a folder, and return its path."""
    source = folder / "source"
    shutil.copytree(paths.ROOT / "adtlib", source / "adtlib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCE:
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(paths.ROOT / name, source / name)
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run([sys.executable, "-m", *build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
