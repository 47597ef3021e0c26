"""Can the package be installed, from wheels alone, on each platform and Python? `make platforms` asks the package index.

Nothing is installed: uv resolves for other platforms than this one. Exit status 1 where something that is to be had is not.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux ARM64": "aarch64-manylinux_2_28",
    "macOS ARM": "aarch64-apple-darwin",
    "macOS Intel": "x86_64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What has no wheels: onnxruntime for Python 3.14 on Intel Macs; midirenderer for ARM Linux, torch 2.11 for Intel Macs.
NOT_THERE = {("", "macOS Intel", "3.14")}
NOT_THERE |= {("thesis", platform, python) for platform in ("Linux ARM64", "macOS Intel") for python in PYTHONS}
MACOS = "14.0"  # the oldest that onnxruntime has wheels for with Python 3.14


def resolve(platform: str, python: str, extra: str = "") -> str:
    """Why the package with an extra cannot be installed there, empty if it can."""
    command = [str(Path(sys.prefix, "bin", "uv")), "pip", "compile", "--quiet", "--only-binary", ":all:"]
    command += ["--python-platform", platform, "--python-version", python, *(["--extra", extra] if extra else []), str(PROJECT)]
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return "" if found.returncode == 0 else " ".join(found.stderr.split()) or f"exit status {found.returncode}"


def main() -> int:
    """Print a table; 1 if a cell is not what it is to be."""
    wrong = 0
    for extra in ("", "thesis"):
        for name, platform in PLATFORMS.items():
            with ThreadPoolExecutor(len(PYTHONS)) as pool:  # it mostly waits for the index
                found = pool.map(partial(resolve, platform, extra=extra), PYTHONS)
            reasons = dict(zip(PYTHONS, found, strict=True))
            if any("error sending request" in reason or "failed to fetch" in reason.lower() for reason in reasons.values()):
                print("platforms were not resolved: the package index cannot be reached")
                return 0
            cells = "  ".join(f"{python} {'no ' if reason else 'yes'}" for python, reason in reasons.items())
            print(f"{extra or 'light':8} {name:16} {cells}", flush=True)
            for python, reason in reasons.items():
                if reason and (extra, name, python) not in NOT_THERE:
                    wrong += 1
                    print(f"    {python}: {reason}")
    print(f"{wrong} of these are to resolve and do not" if wrong else "what has wheels resolves")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
