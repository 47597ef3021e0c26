"""The widgets of the transcriber: its controls, the other parts (upload, buttons, notation, links), and their layout."""

from pathlib import Path
from typing import Any

import ipywidgets

from adtlib import paths
from adtlib.panels.panel import menu, slider
from adtlib.transcription.inputs import SUFFIXES
from adtlib.vocabulary import CLASSES

# By default JupyterLab closes the connection to the kernel when a message is larger than 10 MB.
_UPLOADS = "uploads up to 10 MB (1 GB in a JupyterLab started by <code>make lab</code>); a larger file by its path"


def make_controls(models: tuple[str, ...]) -> dict[str, Any]:
    """The controls, first those that others depend on; lists are still empty."""
    thresholds = {f"threshold_{name}": slider(f"{name} threshold", 0.5, 0.0, 1.0) for name in CLASSES}
    return {
        "search": ipywidgets.Text(description="search", placeholder="words of the name, in any order", continuous_update=True),
        "recording": ipywidgets.Select(description="recording", options=(), rows=5),
        "model": menu("model", models[0], models),
        **thresholds,
    }


class Parts:
    """The other widgets: score (notation), summary, upload, path, folder, replace, saved, and the button save."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the initial folder to save results in."""
        self.score = ipywidgets.Image(value=b"", format="svg+xml")
        self.score.layout = ipywidgets.Layout(width="660px", max_width="100%", display="none")
        self.summary, self.saved = ipywidgets.HTML(), ipywidgets.HTML()
        self.upload = ipywidgets.FileUpload(accept=",".join(SUFFIXES), multiple=True, description="Upload")
        self.path = ipywidgets.Text(description="or a path", placeholder="file or folder on this machine", continuous_update=False)
        self.folder = ipywidgets.Text(description="save in", value=paths.relative(folder), continuous_update=False)
        self.replace = ipywidgets.Checkbox(description="replace files of the same name", value=False, indent=False)
        self.save = ipywidgets.Button(description="Save all formats")
        for part in (self.path, self.folder):
            part.style.description_width, part.layout.width = "6em", "36em"
        for name in ("score", "summary", "saved", "upload", "path", "folder", "replace", "save"):
            getattr(self, name).add_class(f"adt-{name}")

    @property
    def target(self) -> Path:
        """The folder to save in; a relative path is below the project's folder."""
        folder = Path(self.folder.value).expanduser()
        return folder if folder.is_absolute() else paths.HOME / folder

    def show_score(self, svg: bytes | None) -> None:
        """Show other notation; None hides it."""
        self.score.value = svg or b""
        self.score.layout.display = "" if svg else "none"


def build_layout(controls: dict[str, Any], parts: Parts, reset: Any, editor: Any, sentence: Any) -> list[Any]:
    """All widgets from top to bottom, in rows that wrap."""
    for name in ("search", "recording", "model"):
        controls[name].layout.width = "60em"
    note = ipywidgets.HTML(f"<small>{_UPLOADS}</small>")
    thresholds = [controls[f"threshold_{name}"] for name in CLASSES]
    rows = (
        [controls["search"], controls["recording"], parts.upload, parts.path, note, controls["model"]],
        [*thresholds, reset],
        [editor],
        [sentence],
        [parts.score],
        [parts.summary],
        [parts.folder, parts.replace, parts.save],
        [parts.saved],
    )
    wrapped = ipywidgets.Layout(flex_flow="row wrap", max_width="62em")
    return [row[0] if len(row) == 1 else ipywidgets.Box(row, layout=wrapped) for row in rows]
