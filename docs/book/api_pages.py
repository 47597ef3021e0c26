"""The API of every room as Markdown, read from the sources by griffe: nothing is imported.

A page a room: its docstring, then each name on its door (`__init__.pyi`) with signature and docstring; a page for each module that
stands outside the rooms.
"""

import re
from pathlib import Path

import griffe

ALONE = ["profiles", "vocabulary", "paths", "provenance", "markup"]
_ITEM = re.compile(r"^(\s*)([\w.*, /()`\[\]:-]+?)\s{2,}(\S.*)$")


def pages(package: Path) -> dict[str, str]:
    """The text of each page by its name; `index` lists the others."""
    root = griffe.load(package.name, search_paths=[str(package.parent)])
    rooms = sorted(path.parent.name for path in package.glob("*/__init__.pyi"))
    found = {name: _room(root[name]) for name in rooms} | {name: _module(root[name]) for name in ALONE}
    lines = ["# API", "", "What each room of the package offers to notebooks and users: `from adtlib import onsets`, then"]
    lines += ["`onsets.pick_peaks(...)`. How the rooms depend on each other: [architecture](../docs/architecture.md).", ""]
    lines += [f"- [`adtlib.{name}`]({name}.md): {_first(root[name])}" for name in found]
    lines += ["", "```{toctree}", ":hidden:", "", *found, "```"]
    return found | {"index": "\n".join(lines) + "\n"}


def _first(module: griffe.Module) -> str:
    return " ".join(module.docstring.value.split("\n\n")[0].split()) if module.docstring else ""


def _room(room: griffe.Module) -> str:
    # The door's names are imported in its stub, which griffe merges into the module as aliases.
    names = [
        name for name, member in room.members.items() if member.is_alias and not name.startswith("_") and name != "lazy_loader"
    ]
    here, others = [], []
    for name in names:
        try:
            here.append((name, room[name].final_target))
        except griffe.AliasResolutionError:  # passed on from another package
            others.append(f"`{name}`")
    return _page(room, here) + (f"\nPassed on from other packages: {', '.join(others)}.\n" if others else "")


def _module(module: griffe.Module) -> str:
    members = [(name, member) for name, member in module.members.items() if not member.is_alias and not name.startswith("_")]
    return _page(module, members)


def _page(module: griffe.Module, members: list[tuple[str, griffe.Object]]) -> str:
    parts = [f"# {module.path}", f"```{{py:module}} {module.path}\n```", _text(module)]
    for kind, heading in (("function", "Functions"), ("class", "Classes"), ("attribute", "Constants"), ("module", "Modules")):
        those = [(name, member) for name, member in members if member.kind.value == kind]
        if those:
            parts += [f"## {heading}", *(_entry(name, member) for name, member in those)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _entry(name: str, member: griffe.Object) -> str:
    match member.kind.value:
        case "function":
            return _directive("py:function", f"{name}{_signature(member)}", _text(member))
        case "class":
            inside = [one for key, one in member.members.items() if not key.startswith("_") and one.is_function and one.docstring]
            methods = [_method(one) for one in inside]
            return _directive("py:class", f"{name}{_signature(member)}", "\n\n".join([_text(member), _fields(member), *methods]))
        case "attribute":
            value = str(member.value) if member.value is not None else ""
            shown = f"\n:value: {value}" if value and len(value) < 60 and "\n" not in value else ""
            return _directive("py:data", f"{name}{shown}", _text(member))
    return f"`{name}`: {_first(member)}"


def _method(method: griffe.Function) -> str:
    if "property" in method.labels:
        return _directive("py:property", method.name, _text(method))
    return _directive("py:method", f"{method.name}{_signature(method)}", _text(method), ":::")


def _fields(made: griffe.Class) -> str:
    """The attributes of a data class that are fields, with what the comment of their line says being in the source only."""
    fields = [one for one in made.members.values() if one.is_attribute and not one.name.startswith("_") and one.annotation]
    if not fields or not made.has_labels("dataclass"):
        return ""
    return "\n".join(f"- `{one.name}: {one.annotation}`" + (f" = `{one.value}`" if one.value is not None else "") for one in fields)


def _signature(member: griffe.Object) -> str:
    if member.is_class and not member.has_labels("dataclass"):
        initial = member.members.get("__init__")
        member = initial if initial is not None and initial.is_function else None
    if member is None or member.is_class:
        return ""
    shown, seen_star = [], False
    for one in member.parameters:
        if one.name in ("self", "cls"):
            continue
        star = {"variadic positional": "*", "variadic keyword": "**"}.get(one.kind.value, "")
        if one.kind.value == "keyword-only" and not seen_star:
            shown.append("*")
            seen_star = True
        seen_star |= star == "*"
        noted = f": {one.annotation}" if one.annotation is not None else ""
        default = f" = {one.default}" if one.default is not None and not star else ""
        shown.append(f"{star}{one.name}{noted}{default}")
    returned = f" -> {member.returns}" if getattr(member, "returns", None) is not None else ""
    return f"({', '.join(shown)}){returned}"


def _directive(kind: str, head: str, body: str, fence: str = "::::") -> str:
    body = body.strip()
    return f"{fence}{{{kind}}} {head}\n\n{body}\n{fence}" if body else f"{fence}{{{kind}}} {head}\n{fence}"


# --- docstrings ----------------------------------------------------------------------------------------------------------


def _text(member: griffe.Object) -> str:
    """A docstring as Markdown. Lines `name  what it is` become a list, indented blocks code, as they are read in the source."""
    if not member.docstring:
        return ""
    return "\n\n".join(_paragraph(part) for part in re.split(r"\n\s*\n", member.docstring.value.strip("\n")) if part.strip())


def _paragraph(part: str) -> str:
    lines = part.split("\n")
    if all(line.startswith("    ") for line in lines):
        return "```text\n" + "\n".join(line[4:] for line in lines) + "\n```"
    if not _ITEM.match(lines[0]) or (len(lines) > 1 and not (_ITEM.match(lines[1]) or lines[1].startswith(" "))):
        return _escaped(" ".join(line.strip() for line in lines))
    items: list[str] = []
    for line in lines:
        found = _ITEM.match(line)
        if found and not found[1]:
            items.append(f"- `{found[2].strip('`')}`: {_escaped(found[3])}")
        else:
            items[-1] += " " + _escaped(line.strip())
    return "\n".join(items)


def _escaped(text: str) -> str:
    """Text whose only marks are those around code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if position % 2 else re.sub(r"([*_<\[\]$\\#|{}~^])", r"\\\1", part) for position, part in enumerate(parts))
