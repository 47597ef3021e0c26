"""Formulas as MathML, which browsers draw themselves: a page needs no script and no network to show them."""

from docutils import nodes
from latex2mathml.converter import convert


def _formula(self, node: nodes.Element, display: str) -> str:
    return convert(node.astext().strip(), display=display)


def inline(self, node: nodes.Element) -> None:
    """A formula in a line of text."""
    self.body.append(_formula(self, node, "inline"))
    raise nodes.SkipNode


def block(self, node: nodes.Element) -> None:
    """A formula in lines of its own, which scrolls where it is wider than the page."""
    self.body.append(f'<div class="formula" tabindex="0">{_formula(self, node, "block")}</div>')
    raise nodes.SkipNode


def setup(app):
    """Add the renderer `mathml` to Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
