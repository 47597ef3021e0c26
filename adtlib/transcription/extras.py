"""What an installation may lack, and sentences that say what to do: the extras of pyproject.toml.

`pip install .` brings what transcribing to MIDI and text needs; everything else imports packages of an extra.
"""

import importlib.util

from adtlib import paths

# Modules by the extra that brings them, the least extra first.
EXTRAS = {
    "score": ("verovio", "matplotlib", "PIL"),
    "listen": ("midirenderer", "pretty_midi"),
    "torch": ("torch",),
    "corpora": ("pandas", "yaml", "requests"),
    "search": ("optuna",),
    "cluster": ("ray", "psutil"),
    "train": ("fluidsynth",),
    "notebooks": (
        *("jupyterlab", "ipykernel", "ipywidgets", "papermill", "nbclient", "nbformat", "IPython", "anywidget"),
        *("jinja2", "seaborn", "librosa", "mir_eval"),
    ),
    "guitar-pro": ("guitarpro",),
    "onnx": ("onnx",),
    "beats": ("beat_this",),
}
# Commands that need more than one extra, and the one that brings all of it.
_COMMANDS = {"run": "thesis", "verify": "thesis", "study": "thesis", "pack": "train"}
_COMMANDS |= {"train": "train", "render": "train"}


def missing(extra: str) -> str:
    """A sentence that names the first module of an extra that is not installed, and the command that installs it; "" if none is."""
    absent = next((name for name in EXTRAS[extra] if importlib.util.find_spec(name) is None), "")
    return _sentence(absent, extra) if absent else ""


def explained(error: ImportError, command: str | None = None) -> str:
    """The same for a module that could not be imported by a command of `adt`; "" for a module of no extra."""
    name = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if name in modules), "")
    return _sentence(name, _COMMANDS.get(command, extra)) if extra else ""


def require(extra: str) -> None:
    """ModuleNotFoundError with the sentence of `missing` if there is one."""
    if sentence := missing(extra):
        raise ModuleNotFoundError(sentence, name=sentence.partition(" ")[0])


def _sentence(module: str, extra: str) -> str:
    return f"{module} is not installed: {paths.install(extra)}"
