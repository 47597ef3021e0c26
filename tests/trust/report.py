"""The figures of a run of the harnesses: as a table, as JSON, and in the page of the documentation."""

import json
from pathlib import Path

from trust.fuzz import Tally

HEADS = {
    "fuzz": ("reader", "inputs", "read", "refused", "findings", "inputs a second"),
    "kills": ("command", "disturbed", "equal afterwards", "findings"),
    "mutants": ("", "tried", "killed", "survive", "killed (%)", "no test can tell apart"),
}
TITLES = {"fuzz": "Damaged files", "kills": "Kills and full disks", "mutants": "Mutants"}


def rows(part: str, tallies: list[Tally]) -> list[tuple]:
    """A row for each tally, and their sum where there are several."""
    if len(tallies) > 1:
        total = Tally("all")
        for tally in tallies:
            total.read, total.refused, total.seconds = (
                total.read + tally.read,
                total.refused + tally.refused,
                total.seconds + tally.seconds,
            )
            total.findings += tally.findings
        tallies = [*tallies, total]
    found = []
    for tally in tallies:
        wrong = tally.findings.total()
        if part == "fuzz":
            found.append(
                (tally.reader, tally.inputs, tally.read, tally.refused, wrong, round(tally.inputs / max(tally.seconds, 1e-9)))
            )
        elif part == "kills":
            found.append((tally.reader, tally.inputs, tally.read, wrong))
        else:
            tried = tally.read + wrong
            found.append(("scoring core", tried, tally.read, wrong, round(100 * tally.read / max(tried, 1), 1), tally.refused))
    return found


def markdown(part: str, tallies: list[Tally], first: int, minutes: float) -> str:
    """The table of a part, and the kinds of findings with a case of each."""
    lines = [
        f"**{TITLES[part]}** (cases from {first} on, {minutes:.3g} minutes)",
        "",
        "| " + " | ".join(HEADS[part]) + " |",
        "|:--" + "|--:" * (len(HEADS[part]) - 1) + "|",
    ]
    lines += [
        "| " + " | ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in row) + " |"
        for row in rows(part, tallies)
    ]
    if found := findings({part: tallies}):
        lines += ["", "Findings:", "", *(f"- {line}" for line in found)]
    return "\n".join(lines) + "\n"


def findings(parts: dict[str, list[Tally]]) -> list[str]:
    """A line for each kind, most frequent first: how often, what, and the command that repeats a case."""
    lines = []
    for part, tallies in parts.items():
        for tally in tallies:
            for kind, count in tally.findings.most_common():
                name = {"fuzz": f"READER={tally.reader}", "kills": f"WORK={tally.reader}"}.get(part, "")
                again = f"; `make trust {name} SEED={tally.first[kind]}`" if name else ""
                lines.append(f"{tally.reader}: {kind} ({count}{again})")
    return lines


def write_json(path: Path, parts: dict[str, list[Tally]], first: int, minutes: float) -> None:
    """All counts, kinds and case numbers."""
    stated = {part: [{**vars(tally), "findings": dict(tally.findings)} for tally in tallies] for part, tallies in parts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"first": first, "minutes": minutes, **stated}, indent=1))


def write_page(path: Path, part: str, text: str) -> None:
    """Put a part's table between its two marks of a page. ValueError where it has none."""
    page, (begin, end) = path.read_text(encoding="utf-8"), marks(part)
    if begin not in page or end not in page:
        raise ValueError(f"{path}: the lines {begin} and {end} are missing; put them where the table belongs")
    before, after = page[: page.index(begin)], page[page.index(end) :]
    path.write_text(f"{before}{begin}\n\n{text}\n{after}", encoding="utf-8")


def marks(part: str) -> tuple[str, str]:
    """The lines of a page around a part's table."""
    return f"<!-- {part}: written by `python -m trust --write` -->", f"<!-- end of {part} -->"
