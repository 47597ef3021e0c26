"""Any text as HTML, XML, Markdown, LaTeX or a figure's text: names of files, songs and folders come from outside.

A file name may hold every character: control characters, of which XML forbids most; signs that turn the direction of writing, which
make a name look like another; lone surrogates, which stand for bytes that are no UTF-8. `visible` replaces them by their numbers;
the function of each format does so too, and escapes what the format would take for its own.
"""

import functools
import html
import re
import unicodedata

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters, but not white space
    "\u202a-\u202e\u2066-\u2069"  # embedding, override and isolation of directions
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # surrogates, and code points that are no characters
)
_BREAKS = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def visible(text: str) -> str:
    r"""A text that any encoding of Unicode and any XML can hold: what cannot be seen becomes its number, as \x01 or \udcf6.

    Line feeds and tabs stay; other line ends become blanks.
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), _BREAKS.sub(" ", text))


def in_line(text: str) -> str:
    """The same in one line."""
    return re.sub(r"[\n\t]", " ", visible(text))


def in_html(text: str) -> str:
    """A text as HTML or XML, in an element or in a quoted attribute."""
    return html.escape(visible(text), quote=True)


def in_figure(text: str) -> str:
    """A text for a figure: to matplotlib dollar signs enclose a formula, and a legend leaves out what begins with an underscore."""
    text = in_line(text).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


# --- Markdown ----------------------------------------------------------------------------------------------------------

_MARKS = re.compile(
    r"[\\`*\[\]|$~]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore within a word is text
    r"|&(?=#?\w+;)|<"
)
# At the beginning of a line: a list, a rule, a heading, a quotation.
_BLOCK = re.compile(r"^([-+=](?=[-=\s]|$)|#(?=[#\s]|$)|>|\d+(?=[.)](\s|$)))")


def in_markdown(text: str) -> str:
    """A text in one line of Markdown, in a table or a paragraph; formulas, which JupyterLab looks for, are escaped too."""
    entities = {"<": "&lt;", "&": "&amp;"}
    escaped = _MARKS.sub(lambda found: entities.get(found[0], "\\" + found[0]), " ".join(in_line(text).split()))
    return _BLOCK.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", escaped)


# --- LaTeX -------------------------------------------------------------------------------------------------------------

# How a letter that the fonts of plain LaTeX lack is shown: by its number. With other fonts: \newcommand{\othersign}[2]{#1}.
OTHER_SIGN = r"\providecommand{\othersign}[2]{\texttt{U+#2}}"

_LATEX = {
    **{character: "\\" + character for character in "&%_#${}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "`": r"\textasciigrave{}"},
    **{"|": r"\textbar{}", '"': r"{\ttfamily\char34}"},
    **{"<": "$<$", ">": "$>$", "±": r"$\pm$", "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$", "÷": r"$\div$", "−": "$-$"},
    **{"→": r"$\rightarrow$", "≈": r"$\approx$", "·": r"$\cdot$", "µ": r"$\mu$", "²": "$^2$", "°": r"$^\circ$", "Δ": r"$\Delta$"},
    **{"–": "--", "—": "---", "…": r"\ldots{}", "‘": "`", "’": "'", "“": "``", "”": "''", "„": ",,", "‚": ",", "†": r"$\dagger$"},
    **{"«": r"$\ll$", "»": r"$\gg$"},
    **dict.fromkeys("¡¢£¤¥¦§¨©ª¬®¯³´¶¸¹º¼½¾¿ÆØßæøıĲĳŁłŒœ‡•‰€№™", ""),  # as they are
}
# Combining marks that plain LaTeX can set, as its commands.
_ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u0308": '"'},
    **{"\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b"},
}


def in_latex(text: str) -> str:
    """A text in one line of LaTeX, which needs no package; a letter that plain LaTeX lacks becomes `OTHER_SIGN`."""
    text = unicodedata.normalize("NFC", in_line(text))
    # Two of these in a row would become another sign.
    written = "".join(("{}" if pair in ("--", "''") else "") + _latex_sign(pair[-1]) for pair in _pairs(text))
    # At the beginning of a line LaTeX takes a bracket or star for an option of the line break or rule before it.
    return "{}" + written if text.lstrip().startswith(("[", "*")) else written


def _pairs(text: str) -> list[str]:
    """Each character with the one before it."""
    return [text[max(at - 1, 0) : at + 1] for at in range(len(text))]


@functools.cache
def _latex_sign(character: str) -> str:
    if character.isascii():
        return _LATEX.get(character, character)
    if character in _LATEX:
        return _LATEX[character] or character
    kind = unicodedata.category(character)
    if kind in ("Zs", "Cf"):  # a blank of some width; a sign that is not seen
        return " " if kind == "Zs" else ""
    letter, *marks = unicodedata.normalize("NFD", character)
    if letter.isascii() and letter.isalpha() and all(mark in _ACCENTS for mark in marks):
        if character < "\u0180":  # of European alphabets: LaTeX reads these itself
            return character
        for mark in marks:
            letter = rf"\{_ACCENTS[mark]}{{{letter}}}"
        return letter
    return rf"\othersign{{{character}}}{{{ord(character):04X}}}"


def is_other_sign(character: str) -> bool:
    """Whether `in_latex` shows the number of a character in its place."""
    return _latex_sign(character).startswith(r"\othersign")
