"""Follows every link of the built pages that stays within them: the file is there, and the place in it."""

from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The places in a page, and what it links to."""

    def __init__(self, text: str):
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.places.add(value)
            elif name in ("href", "src") and value and not value.startswith("data:"):
                self.links.append(value)


def check(book: Path) -> tuple[list[str], dict[str, set[str]]]:
    """Dead links as sentences, and links to other sites with the pages that they are on."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(book.rglob("*.html")) if "_static" not in path.parts}
    dead: list[str] = []
    external: dict[str, set[str]] = defaultdict(set)
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                external[link].add(path.relative_to(book).as_posix())
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file():
                dead.append(f"{path.relative_to(book)}: {link}: no such file")
            elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].places:
                dead.append(f"{path.relative_to(book)}: {link}: no such place in the page")
    return sorted(set(dead)), external
