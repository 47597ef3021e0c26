"""A rendered clip to see and hear in notebook 81, where its sounds are on this machine."""

from itertools import count
from pathlib import Path

from adtlib.rendered import clips, performances
from adtlib.rendered.capture import banks_folder, kit_paths
from adtlib.rendered.sources import SourceError, missing_packages

REMEDY = "`python -m adtlib.rendered render --hours 1` captures the sounds and renders clips, some minutes the first time"


def example_clip(kind: str, data: Path, seed: int = 0, split: str = "validation") -> clips.Clip | None:
    """The first clip of this kind (of `clips.KINDS`, ValueError for another) of a seed; None where `why_none` says why.

    Nothing is captured here: that takes minutes.
    """
    if kind not in clips.KINDS:
        raise ValueError(f"no clip is of the kind {kind!r}: choose from {', '.join(clips.KINDS)}")
    if why_none(data):
        return None
    studio = clips.Studio(banks_folder(), performances.gather(data), split)
    return clips.render(studio, seed, next(index for index in count() if clips.kind_of(split, seed, index) == kind))


def why_none(data: Path) -> str:
    """Why no clip can be rendered here, and what to do, in Markdown; "" where it can."""
    if absent := missing_packages():
        return f"No clip is rendered here: sounds are missing. `apt-get install {' '.join(absent)}`; then {REMEDY}."
    if not kit_paths(banks_folder()):
        return f"No clip is rendered here: the sounds are not captured yet. {REMEDY}."
    try:
        performances.gather(data)
    except (SourceError, OSError) as error:
        return f"No clip is rendered here: {error}."
    return ""
