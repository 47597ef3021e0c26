"""The widgets of the transcriber: its controls, the other parts (upload, buttons, notation, links), and their layout."""

from pathlib import Path
from typing import Any

import ipywidgets

from adtlib import paths
from adtlib.panels.panel import menu, slider
from adtlib.panels.transcriber.opened import LISTEN, ORIGINAL
from adtlib.transcription.inputs import SUFFIXES
from adtlib.vocabulary import CLASS_NAMES, CLASSES

LENGTHS = (2, 4, 8, 16)  # seconds to see and hear
BUTTONS = {"add": "Add", "remove": "Remove", "undo": "Undo", "save": "Save all formats"}
# By default JupyterLab closes the connection to the kernel when a message is larger than 10 MB.
_UPLOADS = "uploads up to 10 MB (1 GB in a JupyterLab started by <code>make lab</code>); a larger file by its path"


def make_controls(models: tuple[str, ...]) -> dict[str, Any]:
    """The controls, first those that others depend on; lists and limits are still empty."""
    thresholds = {f"threshold_{name}": slider(f"{name} threshold", 0.5, 0.0, 1.0) for name in CLASSES}
    return {
        "search": ipywidgets.Text(description="search", placeholder="words of the name, in any order", continuous_update=True),
        "recording": ipywidgets.Select(description="recording", options=(), rows=5),
        "model": menu("model", models[0], models),
        "seconds": ipywidgets.Dropdown(description="length (s)", options=LENGTHS, value=4),
        "start": slider("start (s)", 0.0, 0.0, 1.0, 0.1),
        **thresholds,
        "drum": menu("edit: class", CLASSES[0], [(f"{name}, {CLASS_NAMES[name]}", name) for name in CLASSES]),
        "at": slider("edit: at (s)", 0.0, 0.0, 1.0, 0.01),
        "listen": ipywidgets.ToggleButtons(description="listen to", options=LISTEN, value=ORIGINAL),
        "keep_playing": ipywidgets.Checkbox(description="keep playing", value=False),
    }


class Parts:
    """The other widgets: score (notation), summary, upload, path, folder, replace, saved, and `buttons` by name."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the initial folder to save results in."""
        self.score = ipywidgets.Image(value=b"", format="svg+xml")
        self.score.layout = ipywidgets.Layout(width="660px", max_width="100%", display="none")
        self.summary, self.saved = ipywidgets.HTML(), ipywidgets.HTML()
        self.upload = ipywidgets.FileUpload(accept=",".join(SUFFIXES), multiple=True, description="Upload")
        self.path = ipywidgets.Text(description="or a path", placeholder="file or folder on this machine", continuous_update=False)
        self.folder = ipywidgets.Text(description="save in", value=paths.relative(folder), continuous_update=False)
        self.replace = ipywidgets.Checkbox(description="replace files of the same name", value=False, indent=False)
        self.buttons = {name: ipywidgets.Button(description=text) for name, text in BUTTONS.items()}
        for part in (self.path, self.folder):
            part.style.description_width, part.layout.width = "6em", "36em"
        for name in ("score", "summary", "saved", "upload", "path", "folder", "replace"):
            getattr(self, name).add_class(f"adt-{name}")
        for name, button in self.buttons.items():
            button.add_class(f"adt-{name}")

    @property
    def target(self) -> Path:
        """The folder to save in; a relative path is below the project's folder."""
        folder = Path(self.folder.value).expanduser()
        return folder if folder.is_absolute() else paths.HOME / folder

    def show_score(self, svg: bytes | None) -> None:
        """Show other notation; None hides it."""
        self.score.value = svg or b""
        self.score.layout.display = "" if svg else "none"


def build_layout(controls: dict[str, Any], parts: Parts, reset: Any, image: Any, sentence: Any, player: Any) -> list[Any]:
    """All widgets from top to bottom, in rows that wrap."""
    for name in ("search", "recording", "model"):
        controls[name].layout.width = "60em"
    controls["listen"].style.button_width = "11em"
    controls["listen"].layout = ipywidgets.Layout(width="60em", display="flex", align_items="baseline")
    controls["keep_playing"].tooltip = "in a circle, and each change at once"
    controls["keep_playing"].layout.width = "22em"
    note = ipywidgets.HTML(f"<small>{_UPLOADS}</small>")
    thresholds = [controls[f"threshold_{name}"] for name in CLASSES]
    edits = [parts.buttons[name] for name in ("add", "remove", "undo")]
    rows = (
        [controls["search"], controls["recording"], parts.upload, parts.path, note, controls["model"]],
        [controls["seconds"], controls["start"], *thresholds, reset],
        [image],
        [sentence],
        [controls["drum"], controls["at"], *edits],
        [controls["listen"], controls["keep_playing"], player],
        [parts.score],
        [parts.summary],
        [parts.folder, parts.replace, parts.buttons["save"]],
        [parts.saved],
    )
    wrapped = ipywidgets.Layout(flex_flow="row wrap", max_width="62em")
    return [row[0] if len(row) == 1 else ipywidgets.Box(row, layout=wrapped) for row in rows]
