"""Draws docs/rooms.svg, the rooms of adtlib and their imports, from the code: `python docs/draw_rooms.py`.

A row is a layer of the contract in pyproject.toml, a box a room. An arrow runs from a room to one that it imports; where a longer
way down implies it, the arrow is left out, as are those to the lowest row, which all rooms use. Equal code gives equal bytes.
"""

import tomllib
from pathlib import Path

import grimp
import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parent.parent
DRAWING = ROOT / "docs" / "rooms.svg"
ROW, BOX, WIDTH = 1.0, 0.56, 10.0  # height of a row and of a box, width of the drawing


def layers() -> list[list[str]]:
    """Rooms of each layer, from top to bottom, as the contract of import-linter has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [row.split(" | ") for row in rows]


def imports_between(rooms: list[str]) -> set[tuple[str, str]]:
    """(room, imported room) wherever a module of one imports a module of the other; imports for annotations do not count."""
    graph = grimp.build_graph("adtlib", exclude_type_checking_imports=True, cache_dir=None)
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = tuple([*name.split("."), ""][1] for name in (module, imported))
            if pair[0] != pair[1] and set(pair) <= set(rooms):
                found.add(pair)
    return found


def without_implied(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs that no longer way implies (transitive reduction)."""

    def reaches(start: str, end: str, skip: tuple[str, str]) -> bool:
        waiting, seen = [start], set()
        while waiting:
            here = waiting.pop()
            for pair in pairs:
                if pair[0] == here and pair != skip and pair[1] not in seen:
                    if pair[1] == end:
                        return True
                    seen.add(pair[1])
                    waiting.append(pair[1])
        return False

    return {pair for pair in pairs if not reaches(*pair, skip=pair)}


def arrows(rows: list[list[str]]) -> list[tuple[str, str]]:
    """The imports that are drawn."""
    return sorted(without_implied(imports_between([room for row in rows[:-1] for room in row])))


def in_words(rows: list[list[str]]) -> str:
    """What the drawing shows, for its metadata: by this a test knows whether it is out of date."""
    return f"{' | '.join(', '.join(row) for row in rows)}; {', '.join(f'{upper} > {lower}' for upper, lower in arrows(rows))}"


def draw(rows: list[list[str]]) -> Figure:
    """The drawing."""
    figure = Figure(figsize=(WIDTH, ROW * len(rows) * 0.72))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(-ROW * len(rows) + 0.15, 0.5))
    ax.axis("off")
    centres = {}
    for level, row in enumerate(rows):
        for place, room in enumerate(row):
            centres[room] = (WIDTH * (place + 0.5) / len(row), -ROW * level)
    for room, (x, y) in centres.items():
        is_room = (ROOT / "adtlib" / room).is_dir()
        box = FancyBboxPatch((x - 1.0, y - BOX / 2), 2.0, BOX, boxstyle="round,pad=0,rounding_size=0.08", zorder=2)
        box.set(facecolor="#e8eef5" if is_room else "#f5f2e8", edgecolor="#44546a", linewidth=1)
        ax.add_patch(box)
        ax.text(x, y, room if is_room else f"{room}.py", ha="center", va="center", fontsize=12, fontweight="bold", zorder=3)
    for upper, lower in arrows(rows):
        (x0, y0), (x1, y1) = centres[upper], centres[lower]
        passes = (y0 - y1) / ROW > 1.5 and abs(x0 - x1) < 1  # it would run through the boxes between
        bend = f"arc3,rad={-0.45 if passes else 0}"
        start, end = ((x0 + 1.0, y0), (x1 + 1.0, y1)) if passes else ((x0, y0 - BOX / 2), (x1, y1 + BOX / 2))
        arrow = FancyArrowPatch(start, end, connectionstyle=bend, arrowstyle="-|>", shrinkA=0, shrinkB=0, zorder=1)
        arrow.set(color="#8795a8", linewidth=1, mutation_scale=11)
        ax.add_patch(arrow)
    return figure


def main() -> None:
    """Write the drawing."""
    with matplotlib.rc_context({"svg.hashsalt": "adtlib", "svg.fonttype": "path"}):
        rows = layers()
        draw(rows).savefig(DRAWING, metadata={"Date": None, "Creator": None, "Description": in_words(rows)})


if __name__ == "__main__":
    main()
