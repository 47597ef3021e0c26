"""Sheet music as shapes: verovio engraves MusicXML, and its drawing is converted to paths for matplotlib.

So sheet music is as sharp in a PDF as the curves beside it, needs no font on the reader's machine, and can be stretched along a
time axis. Coordinates are verovio's: 180 units between two staff lines, y downwards.
"""

import functools
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.path import Path as Curve
from matplotlib.textpath import TextPath

STAFF_SPACE = 180  # units between two lines of a staff
MUSIC_FONT = "Leland"
_LARGEST_PAGE = 60_000  # that verovio allows, in tenths of a pixel
_AROUND = 130  # units beside a notehead that are not stretched: room for parentheses and accents
_PARENTHESIS = 45  # units that a closing parenthesis is moved away from the stem
_LEDGER = 48  # units that a ledger line begins before its notehead or rest
TEXT_FONT = "DejaVu Serif"  # matplotlib ships it
TEXT_SIZE = 0.75  # relative to the size that verovio assumes
_LINK = "{http://www.w3.org/1999/xlink}href"
_SVG = "{http://www.w3.org/2000/svg}"
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtZz])([^MmLlHhVvCcSsQqTtZz]*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSFORM = re.compile(r"(translate|scale)\(([^)]*)\)")
_HIT = re.compile(r"hit-(\d+)$")


@dataclass(frozen=True, eq=False)
class Shape:
    """One glyph or line: `line` is its width in units, None where it is filled.

    Glyphs are rigid: their `curve` is relative to `anchor`. Lines and beams have no anchor and can be stretched.
    `hit` is the index of the stroke of a notehead, `role` the kind of the element ("notehead", "barLine", ...).
    """

    curve: Curve
    anchor: tuple[float, float] | None
    line: float | None
    role: str
    hit: int | None = None


@dataclass(frozen=True, eq=False)
class Engraving:
    """An engraved page: its shapes, and the left edge of each stroke's notehead (x in units by the index of the stroke)."""

    shapes: tuple[Shape, ...]
    note_x: Mapping[int, float]
    svg: str

    @functools.cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all shapes, in units."""
        boxes = [placed(shape).get_extents() for shape in self.shapes]
        corners = np.array([[box.x0, box.y0, box.x1, box.y1] for box in boxes])
        return (*map(float, corners[:, :2].min(axis=0)), *map(float, corners[:, 2:].max(axis=0)))


# --- verovio -----------------------------------------------------------------------------------------------------------


def engrave(musicxml: str, line_width: float | None = None) -> Engraving:
    """Engrave MusicXML on one page.

    line_width  in staff spaces: lines are broken and filled to that width; by default they break only where the MusicXML says so.

    Raises ValueError where verovio cannot read the MusicXML.
    """
    return read_svg(layout(musicxml, line_width).renderToSVG(1))


def layout(musicxml: str, line_width: float | None = None, page_height: float | None = None, embed_font: bool = False):
    """A verovio toolkit that has laid out the MusicXML. Widths and heights are in staff spaces.

    embed_font  embed the font of musical symbols in text, for pictures that are shown directly.

    Raises ValueError where verovio cannot read the MusicXML.
    """
    import verovio  # only sheet music needs it

    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit(False)
    # verovio finds its fonts only in the thread that imported it; JupyterLab calls panels from other threads.
    toolkit.setResourcePath(str(Path(verovio.__file__).parent / "data"))
    toolkit.resetXmlIdSeed(1)
    margins = dict.fromkeys(("pageMarginLeft", "pageMarginRight", "pageMarginTop", "pageMarginBottom"), 0)
    toolkit.setOptions(
        {
            "adjustPageHeight": True,
            "adjustPageWidth": line_width is None,
            "breaks": "encoded" if line_width is None else "auto",
            "pageHeight": _LARGEST_PAGE if page_height is None else round(page_height * STAFF_SPACE / 10),
            "pageWidth": _LARGEST_PAGE if line_width is None else round(line_width * STAFF_SPACE / 10),
            "beamMaxSlope": 0,  # as in drum books
            "minLastJustification": 0.5,
            "header": "none",
            "footer": "none",
            "font": MUSIC_FONT,
            "smuflTextFont": "embedded" if embed_font else "none",
            "scale": 100,
            **margins,
        }
    )
    if not toolkit.loadData(musicxml):
        raise ValueError("verovio cannot read the MusicXML: write it with adtlib.notation.to_musicxml")
    return toolkit


# --- from SVG to shapes ------------------------------------------------------------------------------------------------


def read_svg(svg: str) -> Engraving:
    """The shapes of verovio's SVG, which is simple: translated groups, glyphs by reference, straight lines, text."""
    root = ET.fromstring(svg)
    glyphs = {}
    for group in root.iter(f"{_SVG}g"):
        path = group.find(f"{_SVG}path")
        if path is not None and group.get("id") and path.get("transform"):
            glyphs[group.get("id")] = svg_curve(path.get("d")).transformed(_affine(path.get("transform")))
    shapes: list[Shape] = []
    page = root.find(f"{_SVG}svg")
    _collect(page, mpl.transforms.IdentityTransform(), "", None, glyphs, shapes)
    # The parentheses of a ghost note have the role of its notehead; the first glyph is the head itself.
    note_x: dict[int, float] = {}
    for shape in shapes:
        if shape.role == "notehead" and shape.hit is not None and shape.anchor is not None:
            note_x.setdefault(shape.hit, shape.anchor[0])
    for index, shape in enumerate(shapes):
        if shape.role == "notehead" and shape.hit in note_x and shape.anchor[0] > note_x[shape.hit]:
            shapes[index] = replace(shape, anchor=(shape.anchor[0] + _PARENTHESIS, shape.anchor[1]))
    return Engraving(tuple(shapes), note_x, svg)


def _collect(element, transform, role: str, hit: int | None, glyphs: dict[str, Curve], shapes: list[Shape]) -> None:
    """Add the shapes below an SVG element."""
    for child in element:
        tag = child.tag.removeprefix(_SVG)
        words = child.get("class", "").split()
        if "placeholder" in words:
            continue
        if tag == "g":
            found = _HIT.match(child.get("id", ""))
            inner = _affine(child.get("transform", "")) + transform
            _collect(child, inner, words[0] if words else role, int(found[1]) if found else hit, glyphs, shapes)
        elif tag == "use":
            matrix = (_affine(child.get("transform", "")) + transform).get_matrix()
            scale = mpl.transforms.Affine2D().scale(matrix[0, 0], matrix[1, 1])
            curve = glyphs[child.get(_LINK).lstrip("#")].transformed(scale)
            shapes.append(Shape(curve, (matrix[0, 2], matrix[1, 2]), None, role, hit if role == "notehead" else None))
        elif tag in ("path", "polygon", "polyline", "rect", "ellipse"):
            line = float(child.get("stroke-width", 0)) or None
            if tag != "path" or child.get("fill", "none" if line else "") != "none":
                line = line if tag == "polyline" else None
            shapes.append(Shape(_outline(child, tag).transformed(transform), None, line, role))
        elif tag == "text" and role != "label":
            shapes += _text_shapes(child, transform, role)


def _affine(text: str) -> mpl.transforms.Affine2D:
    """SVG's `translate(x, y) scale(x, y)` as a transform: the last one is applied first."""
    affine = mpl.transforms.Affine2D()
    for kind, numbers in reversed(_TRANSFORM.findall(text)):
        values = [float(number) for number in _NUMBER.findall(numbers)]
        affine = getattr(affine, kind)(values[0], values[1] if len(values) > 1 else (0 if kind == "translate" else values[0]))
    return affine


def _outline(element, tag: str) -> Curve:
    if tag == "path":
        return svg_curve(element.get("d"))
    if tag in ("polygon", "polyline"):
        points = np.array([float(number) for number in _NUMBER.findall(element.get("points"))]).reshape(-1, 2)
        return Curve(points if tag == "polyline" else [*points, points[0]], closed=tag == "polygon")
    if tag == "rect":
        x, y, width, height = (float(element.get(key, 0)) for key in ("x", "y", "width", "height"))
        return Curve([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], closed=True)
    x, y, rx, ry = (float(element.get(key)) for key in ("cx", "cy", "rx", "ry"))
    return Curve.unit_circle().transformed(mpl.transforms.Affine2D().scale(rx, ry).translate(x, y))


def svg_curve(text: str) -> Curve:
    """The `d` of an SVG path (all commands but arcs) as a matplotlib path."""
    points: list[np.ndarray] = []
    codes: list[int] = []
    here = start = control = np.zeros(2)

    def add(code: int, *added: np.ndarray) -> None:
        points.extend(added)
        codes.extend([code] * len(added))

    for command, rest in _COMMAND.findall(text):
        numbers = np.array([float(number) for number in _NUMBER.findall(rest)])
        kind, relative = command.upper(), command.islower()
        if kind == "Z":
            add(Curve.CLOSEPOLY, start)
            here = control = start
            continue
        if kind in "HV":
            for number in numbers:
                axis = int(kind == "V")
                here = here.copy()
                here[axis] = number + relative * here[axis]
                add(Curve.LINETO, here)
            control = here
            continue
        count = {"M": 1, "L": 1, "T": 1, "S": 2, "Q": 2, "C": 3}[kind]
        for index, step in enumerate(numbers.reshape(-1, count, 2)):
            step = step + here if relative else step
            if kind in "ST":  # the first control point mirrors the last one of the previous curve
                step = np.concatenate([[2 * here - control], step])
            if kind == "M" and index == 0:
                start = step[0]
                add(Curve.MOVETO, step[0])
            else:
                add({1: Curve.LINETO, 2: Curve.CURVE3, 3: Curve.CURVE4}[len(step)], *step)
            here = step[-1]
            control = step[-2] if len(step) > 1 else here
    return Curve(np.array(points).reshape(-1, 2), codes)


def _text_shapes(text, transform, role: str) -> list[Shape]:
    """A line of text as glyphs: words in the text font, musical symbols in the music font."""
    x, y = transform.transform((float(text.get("x", 0)), float(text.get("y", 0))))
    curves, across = [], 0.0
    for span in text.iter(f"{_SVG}tspan"):
        # White space between elements is formatting, blanks within words are text.
        content = (span.text or "").replace("\n", "") if len(span) == 0 else ""
        if not content:
            continue
        size = TEXT_SIZE * float(span.get("font-size", "405px").removesuffix("px"))
        for part in re.findall(r"[\ue000-\uf8ff]|[^\ue000-\uf8ff]+", content):
            curve, width = _sign(part, size) if part >= "\ue000" else _words(part, size)
            curves.append(curve.transformed(mpl.transforms.Affine2D().translate(across, 0)))
            across += width
    if not curves:
        return []
    shift = {"end": -across, "middle": -across / 2}.get(text.get("text-anchor"), 0.0)
    return [Shape(Curve.make_compound_path(*curves), (x + shift, y), None, role)]


def _words(text: str, size: float) -> tuple[Curve, float]:
    font = mpl.font_manager.FontProperties(family=TEXT_FONT, size=100)
    # Blanks have no outline: the width is what the text adds to that of a letter.
    width = TextPath((0, 0), f"{text}n", prop=font).get_extents().x1 - TextPath((0, 0), "n", prop=font).get_extents().x1
    scale = mpl.transforms.Affine2D().scale(size / 100, -size / 100)
    # matplotlib 3.11 refuses a path of blanks alone.
    path = TextPath((0, 0), text, prop=font).transformed(scale) if text.strip() else Curve(np.zeros((0, 2)))
    return path, width * size / 100


def _sign(character: str, size: float) -> tuple[Curve, float]:
    """A musical symbol of verovio's font, from the file of its glyph."""
    import verovio

    file = Path(verovio.__file__).parent / "data" / MUSIC_FONT / f"{ord(character):04X}.xml"
    path = ET.fromstring(file.read_text(encoding="utf-8")).find("path")
    curve = svg_curve(path.get("d")).transformed(_affine(path.get("transform", "")))
    curve = curve.transformed(mpl.transforms.Affine2D().scale(size / 1000))
    return curve, curve.get_extents().x1


# --- stretching and drawing --------------------------------------------------------------------------------------------


def stretched(engraving: Engraving, columns: Mapping[float, float], head: float = 235.0, end: float | None = None) -> Engraving:
    """The engraving with its noteheads moved; lines and beams are stretched, glyphs keep their width.

    columns  {x of the left side of noteheads: new x}, in units and in the same order. Simultaneous noteheads, a little apart, keep
             their distance. Shapes before the first and after the last notehead move with it.
    head     width of a notehead: the space around it is not stretched, as far as its neighbours allow.
    end      new x of the end of the last line; by default it keeps its distance from the last notehead.
    """
    chords: list[tuple[float, float]] = []  # (x, new x) of simultaneous noteheads
    for x, to in sorted(columns.items()):
        if not chords or x - chords[-1][0] > head / 2:
            chords.append((x, to))
    old, new = [], []
    for index, (x, to) in enumerate(chords):
        before, after = _gap(chords, index - 1, index), _gap(chords, index, index + 1)
        following = chords[index + 1][0] if index + 1 < len(chords) else np.inf
        # Two noteheads a step apart are side by side: the chord is as wide as both.
        wide = head + max((at - x for at in engraving.note_x.values() if x <= at < min(following, x + 1.25 * head)), default=0.0)
        left, right = max(0.0, min(_AROUND, 0.45 * (before - head))), min(wide + _AROUND, wide + 0.45 * (after - wide), 0.9 * after)
        old += [x - left, x + right]
        new += [to - left, to + right]
    if not chords:  # only rests: the line keeps its beginning
        old.append(engraving.bounds[0])
        new.append(engraving.bounds[0])
    if end is not None:
        old.append(engraving.bounds[2])
        new.append(end)
    old, new = np.array(old), np.maximum.accumulate(new)

    def move(x):
        return np.interp(x, old, new) + np.minimum(x - old[0], 0) + np.maximum(x - old[-1], 0)

    shapes = []
    for shape in engraving.shapes:
        if shape.anchor is not None:
            shapes.append(replace(shape, anchor=(float(move(shape.anchor[0])), shape.anchor[1])))
        elif shape.role == "ledgerLines":  # keep their length and move with their glyph
            at = shape.curve.vertices[:, 0].min() + _LEDGER
            shapes.append(replace(shape, curve=Curve(np.add(shape.curve.vertices, [move(at) - at, 0]), shape.curve.codes)))
        else:
            vertices = np.column_stack([move(shape.curve.vertices[:, 0]), shape.curve.vertices[:, 1]])
            shapes.append(replace(shape, curve=Curve(vertices, shape.curve.codes)))
    return Engraving(tuple(shapes), {hit: float(move(x)) for hit, x in engraving.note_x.items()}, engraving.svg)


def _gap(chords: list[tuple[float, float]], one: int, other: int) -> float:
    """The smaller distance between two chords, before or after stretching; infinity where one of them does not exist."""
    if one < 0 or other >= len(chords):
        return np.inf
    return min(b - a for a, b in zip(chords[one], chords[other], strict=True))


def placed(shape: Shape) -> Curve:
    """The curve of a shape at its position on the page."""
    if shape.anchor is None:
        return shape.curve
    return shape.curve.transformed(mpl.transforms.Affine2D().translate(*shape.anchor))


def draw(engraving: Engraving, ax, transform=None, unit: float = 1.0, colour: Callable[[int], str] | None = None):
    """Draw the shapes into axes.

    transform  from units to data coordinates; by default both are equal.
    unit       points in a unit, for the width of lines.
    colour     of the notehead of a stroke by its index; by default all shapes are black.
    """
    transform = (transform or mpl.transforms.IdentityTransform()) + ax.transData
    for shape in engraving.shapes:
        ink = "black" if colour is None or shape.hit is None else colour(shape.hit)
        style = {"facecolor": ink, "edgecolor": "none", "linewidth": 0}
        if shape.line is not None:
            style = {"facecolor": "none", "edgecolor": ink, "linewidth": shape.line * unit, "capstyle": "butt"}
        ax.add_patch(mpl.patches.PathPatch(placed(shape), transform=transform, clip_on=False, **style))
    return ax
