"""Text annotations: which columns hold times and labels, and their values.

A line has a time and a label, separated by tabs, semicolons, commas or blanks; fields may be quoted. Columns are found by a heading
that names them, else by their contents: the first column of numbers holds the times (of a label track, start, end and label, the
starts), and the column with the most known labels holds the labels. A reading that would be a guess is refused.
"""

import csv
import math
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adtlib.onsets.frames import LATEST

# The class of a label, "ignored", or "" for an unknown one.
ClassOf = Callable[[str], str]

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
# The name of a column, and words in it.
_NAME = re.compile(r"[\w\s().\[\]/%#-]*")
_TIME = re.compile(r"time|onset|second|start|begin|sec$|secs$|t$|tmin$|ms$|msec|millisecond|zeit$")
_NO_TIME = re.compile(r"end|stop|duration|length|signature|offset")
_MILLISECONDS = re.compile(r"ms$|msec|millisecond")
_NO_SECONDS = re.compile(r"(tick|frame|sample|beat|bar|measure)s?$|us$|ns$|microsecond|minute")
_LABEL = re.compile(r"(label|class|drum|instrument|name|event|type|sound|pitch|note|value)s?$|midi$|klasse$")
_COMMENT = re.compile(r"\s#")
_MAX_WORDS, _MAX_COLUMNS = 4, 40  # of a label; of a line
_NAME_COLUMNS = "write times with a decimal point, and name the columns in the first line, such as time,label"
_LISTED, _JOINED = re.compile("[,;]"), re.compile("[+/&|]")  # between strokes of one time


class TextError(ValueError):
    """Text that is no annotation. The message states line, reason and remedy; the caller adds the name of the file."""


class _Line(NamedTuple):
    number: int
    text: str
    fields: list[str]

    def wrong(self, reason: str) -> TextError:
        return TextError(
            f"line {self.number}: {self.text[:200]!r} is not '<seconds> <label>': {reason}; correct or remove the line"
        )


class _Columns(NamedTuple):
    """Columns of times and labels, and seconds of one unit of time."""

    time: int
    label: int
    unit: float = 1.0


def decoded(content: bytes) -> str:
    """Text in UTF-8, UTF-16, or else Windows-1252. Raises TextError for what is no text."""
    encoding = "utf-8-sig"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif len(content) > 1 and 0 in content[:2]:  # UTF-16 without its mark: text begins with a letter or a digit
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise TextError("it is cut or damaged UTF-16; save it as UTF-8") from None
        text = content.decode("cp1252", "replace")
    if re.search(r"[\x00-\x08\x0e-\x1b\x7f]", text):
        raise TextError("not a text file, as it holds control characters; save it as text in UTF-8")
    return text


def read_text(text: str, known: ClassOf) -> tuple[np.ndarray, np.ndarray, bool]:
    """(seconds float64, labels, whether there is any content) of all lines of a text.

    known  what a label means in the annotation scheme: it decides between columns, and between a name of several words and a
           comment. Unknown labels are returned as they stand.

    Raises TextError for a line without a time or a label, and where it cannot be told which columns hold them.
    """
    heading, lines, has_content = _lines(text, known)
    if not lines:
        named = [_is_named(name, _TIME) or _is_named(name, _LABEL) for name in heading]
        if heading and not (all(named) or any(map(_TIME.match, _words_of(heading[0])[:1]))):
            raise TextError(f"it holds only {' '.join(heading)[:80]!r}; write lines of '<seconds> <label>' below a heading")
        return np.empty(0), np.empty(0, dtype=object), has_content
    columns = _named_columns(heading, lines, known) if heading else None
    columns = columns or _found_columns(lines, known)
    times, labels = [], []
    for line in lines:
        time = _time(line, columns)
        found = _labels(line.fields[columns.label], known) if columns.label < len(line.fields) else []
        if not found:
            raise line.wrong("the label is missing")
        times += [time] * len(found)
        labels += found
    return np.array(times, dtype=np.float64), np.array(labels, dtype=object), True


def _lines(text: str, known: ClassOf) -> tuple[list[str], list[_Line], bool]:
    """(fields of the heading, lines of data, whether there is any content)."""
    heading, lines, has_content = [], [], False
    for number, whole in enumerate(text.splitlines(), start=1):
        content = whole.strip()
        if not content or content.startswith("\\"):  # of a label track: the frequencies of the label before
            continue
        comment = content.startswith("#")
        fields = split(content.lstrip("# ") if comment else _COMMENT.split(content, maxsplit=1)[0], known)[:_MAX_COLUMNS]
        if not has_content and _is_heading(fields, comment, known):
            heading = fields
        elif not comment:
            lines.append(_Line(number, content, fields))
        has_content = True
    return heading, lines, has_content


# --- fields ------------------------------------------------------------------------------------------------------------


def split(content: str, known: ClassOf) -> list[str]:
    """The fields of a line, without quotes. Blanks separate them where nothing else does, but not the words of a known label."""
    tokens = content.split()
    separator = next((sign for sign in "\t;," if sign in content), None)
    if separator:
        fields = _split_at(separator, content)
        first = fields[0].split()
        blanks = separator != ";" and len(first) > 1 and number_in(first[0]) is not None  # "0.5 KD,HH"
        decimal_comma = separator == "," and len(tokens) > 1 and any(map(_DECIMAL_COMMA.fullmatch, tokens[:_MAX_COLUMNS]))
        if not (blanks or decimal_comma):
            return fields
    return _words(_split_at(" ", " ".join(tokens)), known)


def _split_at(separator: str, content: str) -> list[str]:
    if '"' not in content and "'" not in content:
        return [field.strip() for field in content.split(separator)]
    quote = "'" if '"' not in content else '"'
    try:
        fields = next(csv.reader([content], delimiter=separator, quotechar=quote, skipinitialspace=True))
    except csv.Error as error:
        raise TextError(f"the line {content[:80]!r} cannot be read ({error}); correct or remove it") from None
    return [field.strip(" \t\"'") for field in fields]


def _words(tokens: list[str], known: ClassOf) -> list[str]:
    """Fields of tokens between blanks: neighbours that are no numbers are one field if together they are a known label."""
    fields, at = [], 0
    worded = [number_in(token) is None for token in tokens[:_MAX_COLUMNS]]
    while at < len(worded):
        stop = at + 1
        while worded[at] and stop < min(len(worded), at + _MAX_WORDS) and worded[stop]:
            stop += 1
        while stop > at + 1 and not known(" ".join(tokens[at:stop])):
            stop -= 1
        fields.append(tokens[at] if stop == at + 1 else " ".join(tokens[at:stop]))
        at = stop
    return fields


def number_in(field: str) -> float | None:
    """The number in a field, with a decimal point or comma; None if it is none."""
    try:
        return float(field) if "_" not in field else None
    except ValueError:
        return float(field.replace(",", ".")) if "," in field and _DECIMAL_COMMA.fullmatch(field) else None


# --- columns -----------------------------------------------------------------------------------------------------------


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _is_named(name: str, after: re.Pattern) -> bool:
    return any(map(after.match, _words_of(name)))


def _is_heading(fields: list[str], comment: bool, known: ClassOf) -> bool:
    """Whether the fields name columns, of times or labels, in a comment of both; a line with a number or a label does not."""
    if not all(_NAME.fullmatch(field) and number_in(field) is None and not known(field) for field in fields):
        return False
    named = [any(_is_named(field, pattern) for field in fields) for pattern in (_TIME, _LABEL)]
    return all(named) if comment else any(named)


def _named_columns(heading: list[str], lines: list[_Line], known: ClassOf) -> _Columns | None:
    """The columns that a heading names; None where it names none of times that the lines have. TextError for other units."""
    width = max(len(line.fields) for line in lines)
    times, foreign, labels = [], [], []
    for column, name in enumerate(heading):
        if _is_named(name, _NO_SECONDS) and not _is_named(name, _LABEL):
            foreign.append(name)
        elif _is_named(name, _TIME):
            if not _is_named(name, _NO_TIME):
                times.append((1e-3 if _is_named(name, _MILLISECONDS) else 1.0, column))
        elif _is_named(name, _LABEL):
            labels.append(column)
    if not 2 <= len(heading) <= width:  # a sentence is no heading
        return None
    if foreign and not times:
        raise TextError(f"its heading states times in another unit, {foreign[0][:40]!r}; give seconds in a column named time")
    if not times:
        return None
    unit, time = max(times, key=lambda entry: (entry[0], -entry[1]))
    labels = labels or [column for column in range(width) if column != time]
    return _Columns(time, max(labels, key=lambda column: (_n_known(lines, column, known), -column)), unit)


def _found_columns(lines: list[_Line], known: ClassOf) -> _Columns:
    """The columns as their contents show them. TextError where two readings are possible."""
    width = max(len(line.fields) for line in lines)
    columns = [
        [line.fields[column] for line in lines if column < len(line.fields) and line.fields[column]] for column in range(width)
    ]
    numeric = [2 * sum(number_in(field) is not None for field in fields) > len(fields) for fields in columns]
    whole = [numeric[column] and all(field.isdecimal() for field in columns[column]) for column in range(width)]
    time = numeric.index(True) if any(numeric) else 0
    worded = [column for column in range(width) if columns[column] and not numeric[column] and column != time]
    if not worded:
        return _columns_of_numbers(columns, whole, known)
    label = max(worded, key=lambda column: (_n_known(lines, column, known), -column))
    _refuse_two_labels(lines, label, [column for column in worded if column > label and all(map(known, columns[column]))], known)
    before = [column for column in range(label) if numeric[column]]
    if len(before) > 1 and whole[before[0]]:
        _refuse_doubtful_times(lines, before[0], before[1], whole[before[1]], label, known)
    return _Columns(time, label)


def _columns_of_numbers(columns: list[list[str]], whole: list[bool], known: ClassOf) -> _Columns:
    """The columns where labels are pitches: time and pitch, pitch and time, or the first whole numbers that are known pitches."""
    width = len(columns)
    if width == 2 and whole[0] and all(map(known, columns[0])) and not any(map(known, columns[1])):
        return _Columns(1, 0)
    if width > 2 and all(whole[:3]):
        first = ",".join(fields[0] for fields in columns)[:80]
        raise TextError(f"its columns hold only whole numbers, as in {first}: {_NAME_COLUMNS}")
    pitches = [column for column in range(1, width) if whole[column]]
    known_pitches = [column for column in pitches if any(map(known, columns[column]))]
    return _Columns(0, (known_pitches or pitches or [1])[0])


def _refuse_two_labels(lines: list[_Line], label: int, others: list[int], known: ClassOf) -> None:
    """TextError for a line with labels of two classes, which may both have been struck."""
    for line in lines:
        for column in others:
            if _contradict(line.fields, label, column, known):
                both = f"line {line.number}: {line.fields[label][:40]!r} and {line.fields[column][:40]!r} are two labels"
                remedy = "if both were struck write them in quotes, else name the columns in the first line: time,label,comment"
                raise TextError(f"{both}; {remedy}")


def _contradict(fields: list[str], one: int, other: int, known: ClassOf) -> bool:
    """Whether two fields of a line are known labels of different classes, or the second is unknown."""
    return other < len(fields) and bool(fields[other] and known(fields[one])) and known(fields[one]) != known(fields[other])


def _refuse_doubtful_times(lines: list[_Line], first: int, second: int, second_whole: bool, label: int, known: ClassOf) -> None:
    """TextError where the whole numbers of the first column may be parts of decimal commas, or count the lines."""
    rows = [line.fields for line in lines if len(line.fields) > label]
    shown = f"as in {','.join(rows[0])[:80]}"
    if not second_whole:
        raise TextError(f"its first column holds whole numbers only and may count the lines, {shown}: {_NAME_COLUMNS}")
    if any(_contradict(row, label, second, known) for row in rows):
        raise TextError(f"its times have no decimal point, {shown}: {_NAME_COLUMNS}")


def _n_known(lines: list[_Line], column: int, known: ClassOf) -> int:
    """Number of lines whose field in this column is a known label, or a list that begins with one."""
    fields = [line.fields[column] for line in lines if column < len(line.fields) and line.fields[column]]
    return sum(any(map(known, _labels(field, known))) for field in fields)


# --- values ------------------------------------------------------------------------------------------------------------


def _time(line: _Line, columns: _Columns) -> float:
    field = line.fields[columns.time] if columns.time < len(line.fields) else ""
    time = number_in(field)
    if time is None:
        raise line.wrong(f"{field[:80]!r} is not a number")
    if not math.isfinite(time):
        raise line.wrong("the time is not finite")
    if time < 0:
        raise line.wrong("the time is negative")
    if time * columns.unit > LATEST:
        raise line.wrong(f"the time is later than {LATEST / 3600:g} hours")
    return time if columns.unit == 1 else time * columns.unit


def _labels(field: str, known: ClassOf) -> list[str]:
    """The labels in a field: one, or a list of several strokes; a whole number may be written as 36.0."""
    if not field:
        return []
    if known(field):
        return [field]
    if "," in field or ";" in field:
        return [label for part in _LISTED.split(field) for label in _labels(part.strip(), known)]
    joined = [part.strip() for part in _JOINED.split(field)]
    if len(joined) > 1 and all(map(known, joined)):
        return joined
    number = number_in(field)
    if number is not None and number.is_integer() and known(str(int(number))):
        return [str(int(number))]
    return [field]
