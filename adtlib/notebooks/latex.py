"""Tables in LaTeX (booktabs) that fit a page: type stays readable, and no float is longer than a page.

Sizes are estimated from the widths of Computer Modern at 10 pt, so that making a table needs no LaTeX. A table that is too wide is
set in panels, one above the other, each with the leading columns; one that is too long is set in several floats.
"""

import math
import re
from dataclasses import dataclass

from adtlib.markup import OTHER_SIGN, in_latex, is_other_sign

# Packages that any table of this module needs; the first line of each file names them.
LATEX_PACKAGES = r"\usepackage{booktabs,graphicx,array}\usepackage[table]{xcolor}"
SET_FOR = "set for a text width of 15 cm"
TEXT_WIDTH = 427.0  # pt: 15 cm
WIDEST = TEXT_WIDTH * 10 / 7.2  # pt, of a panel: scaled down to the text width, 10 pt type is still above 7 pt
HIGHEST = 440.0  # pt, of the tabulars of a float; a page of `article` has 550, captions and panels' spacing the rest
LINE = 12.3  # pt, a row with its share of the rules
WIDE_GAP, NARROW_GAP = 12.0, 8.0  # pt between two columns, the narrow one where the table is wider than the text
LONG_TEXT = 40  # characters from which on a column of text is broken into lines
_LONG_WIDTHS = (85.0, 156.0)  # pt, of a broken column: at least, at most
_SIGN_WIDTH = 33.0  # pt, of the number of a letter that the fonts lack: U+3046


def text_width(text: str) -> float:
    """Width in pt of a text in Computer Modern at 10 pt, accurate to about 10 %."""
    narrow, wide = set("iljtf.,:;|'!()[] -/I"), set("mwMW%±×−→≥≤@")
    known = {**dict.fromkeys(narrow, 3.3), **dict.fromkeys(wide, 8.3)}
    return sum(known.get(c) or (_SIGN_WIDTH if is_other_sign(c) else 7.1 if c.isupper() else 5.0) for c in text)


@dataclass(frozen=True)
class _Layout:
    """For each column its head in lines, whether its text is broken, its width in pt; for each row its lines; the gap in pt."""

    heads: list[list[str]]
    long: list[bool]
    widths: list[float]
    lines: list[int]
    gap: float

    def width(self, columns: list[int]) -> float:
        return sum(self.widths[i] + self.gap for i in columns)


def write_floats(
    head: list[str],
    plain: list[list[str]],
    marked: list[list[str]],
    numbers: list[bool],
    n_lead: int,
    caption: str,
    label: str,
    shade: str,
) -> str:
    """One `table` environment, or several; the first line names the packages that they need.

    head     head of each column, as plain text.
    plain    rows of texts without marks, from which widths are estimated; marked  the same cells as LaTeX.
    numbers  which columns are right-aligned; n_lead  how many leading columns each panel repeats.
    shade    colour of shaded cells, six hexadecimal digits.
    """
    layout = _measure(head, plain, numbers)
    panels = []
    for columns in _column_groups(head, [width + layout.gap for width in layout.widths], n_lead):
        height = LINE * min(1.0, TEXT_WIDTH / layout.width(columns))  # of a line, once scaled down
        top = max(len(layout.heads[i]) for i in columns)
        for rows in _row_groups(layout.lines, HIGHEST / height - top):
            panels.append(((top + sum(layout.lines[r] for r in rows)) * height, _panel(layout, marked, numbers, columns, rows)))
    floats = _pack(panels)
    parts = [rf"% needs {LATEX_PACKAGES}; {SET_FOR}"]
    for index, texts in enumerate(floats):
        which, after = (f" Part {index + 1} of {len(floats)}." if len(floats) > 1 else ""), (f"-{index + 1}" if index else "")
        parts += [r"\begin{table}", r"\centering", rf"\setlength{{\tabcolsep}}{{{layout.gap / 2:g}pt}}"]
        parts += [
            rf"\definecolor{{shade}}{{HTML}}{{{shade}}}",
            rf"\caption{{{in_latex(caption + which)}}}",
            rf"\label{{{label}{after}}}",
        ]
        parts += [line for k, text in enumerate(texts) for line in ([r"\par\medskip"] if k else []) + text]
        parts.append(r"\end{table}")
    if any(r"\othersign" in part for part in parts):
        parts.insert(1, OTHER_SIGN)
    return "\n".join(parts) + "\n"


def _measure(head: list[str], plain: list[list[str]], numbers: list[bool]) -> _Layout:
    texts = [[row[i] for row in plain] for i in range(len(head))]
    long = [not number and max(map(len, column), default=0) > LONG_TEXT for number, column in zip(numbers, texts, strict=True)]
    bodies = [max(map(text_width, column), default=0.0) for column in texts]
    heads = [_broken_head(text, body) for text, body in zip(head, bodies, strict=True)]
    widths = [max(body, *map(text_width, parts)) for body, parts in zip(bodies, heads, strict=True)]
    short = [width for width, broken in zip(widths, long, strict=True) if not broken]
    gap = WIDE_GAP
    if sum(short) + gap * len(head) + sum(long) * _LONG_WIDTHS[0] > TEXT_WIDTH:
        gap = NARROW_GAP
    if any(long):
        room = (TEXT_WIDTH - sum(short) - gap * len(head)) / sum(long)
        broken = min(max(room, _LONG_WIDTHS[0]), _LONG_WIDTHS[1])
        widths = [broken if is_long else width for width, is_long in zip(widths, long, strict=True)]
    lines = [max((_n_lines(row[i], widths[i]) for i in range(len(head)) if long[i]), default=1) for row in plain]
    return _Layout(heads, long, widths, lines, gap)


def _panel(layout: _Layout, marked: list[list[str]], numbers: list[bool], columns: list[int], rows: list[int]) -> list[str]:
    body = [[_may_break(marked[r][i]) if layout.long[i] else marked[r][i] for i in columns] for r in rows]
    align = "".join(_column_type(numbers[i], layout.long[i], layout.widths[i]) for i in columns)
    return [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        " & ".join(_set_head(layout.heads[i], numbers[i]) for i in columns) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}}",
    ]


def _pack(panels: list[tuple[float, list[str]]]) -> list[list[list[str]]]:
    """Panels grouped into floats, as many in each as fit a page."""
    floats: list[list[list[str]]] = [[]]
    left = HIGHEST
    for height, text in panels:
        if floats[-1] and height > left:
            floats.append([])
            left = HIGHEST
        floats[-1].append(text)
        left -= height + LINE
    return floats


def _column_groups(head: list[str], widths: list[float], n_lead: int) -> list[list[int]]:
    """Columns of each panel, panels being of similar width; columns of one name before a comma ("Slakh, here") stay together.

    widths  with the gaps between columns.
    """
    lead, others = list(range(n_lead)), range(n_lead, len(head))
    start = sum(widths[i] for i in lead)
    total = sum(widths[i] for i in others)
    room = max(WIDEST - start, 1.0)
    if total <= room:
        return [list(range(len(head)))]
    blocks: list[list[int]] = []
    for i in others:
        name = head[i].split(", ")[0] if ", " in head[i] else None
        if blocks and name is not None and head[blocks[-1][-1]].split(", ")[0] == name:
            blocks[-1].append(i)
        else:
            blocks.append([i])
    aim = total / math.ceil(total / room)
    groups: list[list[int]] = [[]]
    used = 0.0
    for block in blocks:
        width = sum(widths[i] for i in block)
        if groups[-1] and (used + width > room or used + width / 2 > aim):
            groups.append([])
            used = 0.0
        groups[-1] += block
        used += width
    return [lead + group for group in groups]


def _row_groups(lines: list[int], most: float) -> list[list[int]]:
    """Rows of each float, with about equally many lines."""
    total = sum(lines)
    aim = total / math.ceil(total / max(most, 1.0)) if total else 0
    groups: list[list[int]] = [[]]
    used = 0
    for row, count in enumerate(lines):
        if groups[-1] and (used + count > most or used >= aim):
            groups.append([])
            used = 0
        groups[-1].append(row)
        used += count
    return groups


def _broken_head(text: str, body: float) -> list[str]:
    """A head in lines, broken at blanks where it is wider than the cells below it."""
    parts: list[str] = []
    for word in text.split():
        if parts and text_width(f"{parts[-1]} {word}") <= max(body, 30.0):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts or [""]


def _set_head(parts: list[str], number: bool) -> str:
    stacked = r"\\".join(map(in_latex, parts))
    return stacked if len(parts) == 1 else rf"\shortstack[{'r' if number else 'l'}]{{{stacked}}}"


def _n_lines(text: str, width: float) -> int:
    return max(1, math.ceil(1.15 * text_width(text) / width))


def _may_break(text: str) -> str:
    """Allow breaks after slash, underscore and dot: to LaTeX an address or a file name is one word."""
    return re.sub(r"(/|\\_|(?<=[a-z])\.(?=[a-z]))", r"\1\\allowbreak{}", text)


def _column_type(number: bool, long: bool, width: float) -> str:
    return "r" if number else rf">{{\raggedright\arraybackslash}}p{{{width:.0f}pt}}" if long else "l"
