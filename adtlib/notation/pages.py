"""Sheet music of many bars: engraved on pages, as one SVG or as PDF."""

import io
import re

import matplotlib as mpl
from matplotlib.path import Path as Curve

from adtlib.markup import in_html, in_line
from adtlib.notation.engraving import STAFF_SPACE, Engraving, layout, placed

A4 = (210, 297)  # millimetres
MARGIN_MM = (15, 18)  # at the sides, above and below
STAFF_SPACE_MM = 1.75
_LINE_WIDTH = (A4[0] - 2 * MARGIN_MM[0]) / STAFF_SPACE_MM  # staff spaces between the margins
_TITLE_MM = 12
_SIZE = re.compile(r'<svg width="([\d.]+)px" height="([\d.]+)px"')
_PIXEL = STAFF_SPACE / 10  # pixels of verovio's pictures in a staff space
_EDGE, _TITLE = 2.0, 4.0  # staff spaces around a picture, and for its title


def engrave_pages(musicxml: str, line_width: float, page_height: float | None = None, embed_font: bool = False) -> list[str]:
    """Engrave sheet music as SVG, one picture for each page; lines are broken and filled.

    line_width   in staff spaces;  page_height  in staff spaces; by default as high as verovio allows.
    embed_font   embed the font of musical symbols in text, for pictures that are shown directly.

    Raises ValueError where verovio cannot read the MusicXML.
    """
    toolkit = layout(musicxml, line_width, page_height, embed_font)
    return [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]


def stacked_svg(pages: list[str], title: str = "") -> str:
    """Pages below each other as one SVG on white, below a title."""
    sizes = [tuple(map(float, _SIZE.search(page).groups())) for page in pages]
    edge, above = _EDGE * _PIXEL, (_TITLE if title else 0) * _PIXEL
    width = max(size[0] for size in sizes) + 2 * edge
    height = sum(size[1] for size in sizes) + 2 * edge + above + (len(pages) - 1) * edge
    parts, y = [], edge + above
    for page, (_, page_height) in zip(pages, sizes, strict=True):
        # Bar numbers extend beyond the edge of the inner picture.
        page = page.replace('class="definition-scale"', 'class="definition-scale" overflow="visible"')
        parts.append(page.replace("<svg ", f'<svg x="{edge:g}" y="{y:g}" ', 1))
        y += page_height + edge
    text = f'<text x="{edge:g}" y="{edge + 1.5 * _PIXEL:g}" font-family="serif" font-size="{2 * _PIXEL:g}">{in_html(title)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{text}\n' + "\n".join(parts) + "\n</svg>\n"
    )


def draw_merged(engraving: Engraving, ax, width: float, height: float, staff_space: float):
    """Draw an engraved page into axes as a few compound shapes in black: a hundred times as fast as one by one.

    width, height  of the page in staff spaces, the limits of the axes;  staff_space  in millimetres, for the width of lines.
    """
    ax.set(xlim=(0, width * STAFF_SPACE), ylim=(height * STAFF_SPACE, 0))
    ax.set_axis_off()
    unit = staff_space / 25.4 * 72 / STAFF_SPACE  # points
    by_line: dict[float | None, list[Curve]] = {}
    for shape in engraving.shapes:
        by_line.setdefault(shape.line, []).append(placed(shape))
    for line, curves in by_line.items():
        style = {"facecolor": "black", "edgecolor": "none", "linewidth": 0}
        if line is not None:
            style = {"facecolor": "none", "edgecolor": "black", "linewidth": line * unit, "capstyle": "butt"}
        ax.add_patch(mpl.patches.PathPatch(Curve.make_compound_path(*curves), clip_on=False, **style))
    return ax


def score_svg(musicxml: str, title: str = "") -> str:
    """Sheet music in systems below each other, as one SVG picture as wide as a page."""
    return stacked_svg(engrave_pages(musicxml, _LINE_WIDTH, embed_font=True), title)


def score_pdf(musicxml: str, title: str = "") -> bytes:
    """Sheet music on A4 pages as PDF, of shapes: only the title uses fonts. Equal arguments give equal bytes."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    from adtlib.notation.engraving import read_svg

    side, above = MARGIN_MM
    height = (A4[1] - 2 * above - _TITLE_MM) / STAFF_SPACE_MM
    pages, title = engrave_pages(musicxml, _LINE_WIDTH, height), in_line(title)
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"CreationDate": None, "Title": title}) as pdf:
        for number, svg in enumerate(pages, start=1):
            figure = Figure(figsize=(A4[0] / 25.4, A4[1] / 25.4))
            ax = figure.add_axes([side / A4[0], above / A4[1], 1 - 2 * side / A4[0], 1 - (2 * above + _TITLE_MM) / A4[1]])
            draw_merged(read_svg(svg), ax, _LINE_WIDTH, height, STAFF_SPACE_MM)
            top = 1 - (above + _TITLE_MM / 3) / A4[1]
            figure.text(side / A4[0], top, title, fontsize=13 if number == 1 else 9, va="center", parse_math=False)
            if len(pages) > 1:
                figure.text(1 - side / A4[0], top, f"{number} / {len(pages)}", fontsize=9, va="center", ha="right")
            pdf.savefig(figure)
    return buffer.getvalue()
