"""`make book`: lays out the pages of the book in build/book-pages and builds them into build/book.

    python docs/book/make_book.py [--profile showcase] [--out build/book]

The pages are the executed notebooks of a profile, the Markdown files of docs/ and of the root, and what is generated here: lists of
figures and tables, the bibliography, the API. Sphinx's warnings are errors; then each link of the built pages is followed, those to
other sites are listed in `book-external.txt` beside the book. Nothing is executed, imported heavily, or fetched.
"""

import argparse
import csv
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

import check_links  # noqa: E402
import executed  # noqa: E402

from adtlib.notebooks import gallery, saved_figures  # noqa: E402

# Every Markdown page of the repository that the book holds, in its order, under its heading in the table of contents.
PAGES = {
    "Use it": [
        "docs/transcribe",
        "docs/formats",
        "docs/command",
        "docs/page",
        "docs/corpora",
        "docs/results",
        "adtlib/weights/MODEL_CARD",
    ],
    "Look up": ["docs/notebooks", "figures", "tables", "bibliography", "api/index"],
    "The project": ["docs/architecture", "CONTRIBUTING", "docs/speed", "docs/trust", "SECURITY", "CHANGELOG", "docs/licences"],
}
GENERATED = {"figures", "tables", "bibliography", "api/index"}
BEYOND = "Beyond the thesis"
THUMBNAIL = 400  # pixels wide, twice the width at which it is shown


def main() -> int:
    """Lay out, build, check; the exit status is Sphinx's, or 1 for a dead link or a lost panel."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="showcase", help="whose executed notebooks (default: showcase)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book")
    parser.add_argument("--only", nargs="*", help="numbers of notebooks, for a quick look; links to others are then dead")
    options = parser.parse_args()
    began = time.monotonic()
    pages = options.out.with_name(f"{options.out.name}-pages")
    lay_out(pages, options.profile, options.only)

    from sphinx.cmd.build import main as sphinx

    shutil.rmtree(options.out, ignore_errors=True)
    strict = [] if options.only else ["--fail-on-warning", "--keep-going"]
    cache = options.out.with_name(f"{options.out.name}-cache")
    status = sphinx(["-q", *strict, "-c", str(HERE), "-d", str(cache), "-b", "html", str(pages), str(options.out)])
    if status or options.only:
        return status
    dead, external = check_links.check(options.out)
    lost = lost_panels(pages, options.out)
    paths_of = "\n".join(f"{address}\t{', '.join(sorted(found))}" for address, found in sorted(external.items()))
    options.out.with_name(f"{options.out.name}-external.txt").write_text(paths_of + "\n", encoding="utf-8")
    for line in dead:
        print(f"dead link: {line}", file=sys.stderr)
    for line in lost:
        print(f"lost panel: {line}", file=sys.stderr)
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    count = len(list(options.out.rglob("*.html")))
    print(
        f"{options.out}: {count} pages, {size / 1e6:.0f} MB, {time.monotonic() - began:.0f} s; {len(external)} links to other sites"
    )
    return 1 if dead or lost else 0


def lost_panels(pages: Path, built: Path) -> list[str]:
    """Where a built page has not as many panels as the notebook that it was built from."""
    found = []
    for source in sorted((pages / "notebooks").glob("*.ipynb")):
        outputs = [output for cell in json.loads(source.read_text("utf-8"))["cells"] for output in cell.get("outputs", ())]
        wanted = sum("".join(output.get("data", {}).get("text/html", "")).count(executed.PANEL) for output in outputs)
        shown = (built / "notebooks" / f"{source.stem}.html").read_text("utf-8").count(executed.PANEL)
        if shown != wanted:
            found.append(f"{source.stem}: {shown} of {wanted}")
    return found


# --- laying out ----------------------------------------------------------------------------------------------------------


def lay_out(out: Path, profile: str, only: list[str] | None = None) -> None:
    """Write the sources of all pages into a folder, which is made anew."""
    listed = made_by(profile, only)
    if not listed.notebooks:
        raise SystemExit(f"no executed notebooks in results/{profile}/notebooks: run 'adt run --profile {profile}' first")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in listed.notebooks.values():
        page = executed.staged(copies(profile) / f"{name}.ipynb", listed, profile)
        _write(out / "notebooks" / f"{name}.ipynb", json.dumps(page, ensure_ascii=False))
    shutil.copytree(ROOT / "figures" / profile, out / "figures" / profile, ignore=shutil.ignore_patterns("*.pdf", "*.csv"))
    for page in [page for part in PAGES.values() for page in part if page not in GENERATED]:
        _copy_page(ROOT / f"{page}.md", out, listed)
    _write(out / "figures.md", figures_page(profile, out, listed))
    _write(out / "tables.md", tables_page(profile, listed))
    _write(out / "bibliography.md", "# Bibliography\n\n```{bibliography}\n:all:\n```\n")
    import api_pages  # griffe is in the book's environment only

    for name, text in api_pages.pages(ROOT / "adtlib").items():
        _write(out / "api" / f"{name}.md", text)
    _write(out / "index.md", _index(listed))


def copies(profile: str) -> Path:
    """The folder of a profile's executed notebooks."""
    return ROOT / "results" / profile / "notebooks"


def made_by(profile: str, only: list[str] | None = None) -> executed.Listed:
    """What the notebooks of a profile made."""
    found = sorted(path.stem for path in copies(profile).glob("[0-9][0-9]_*.ipynb") if not path.stem.endswith(".failed"))
    names = {name[:2]: name for name in found if not only or name[:2] in only}
    figures = {row["file"]: row for row in saved_figures.read(profile) if row["notebook"] in names}
    tables = {name: row for name, row in table_captions(profile).items() if name[:2] in names}
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "references.bib").read_text(encoding="utf-8"), re.M))
    return executed.Listed(figures, tables, names, keys)


def table_captions(profile: str) -> dict[str, tuple[str, str]]:
    """Number and caption of each table of a profile: its section, and a letter where a section has several."""
    with open(ROOT / "adtlib" / "notebooks" / "catalogue.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "table"]
    sections = [row["number"] for row in rows]
    found = {}
    for position, row in enumerate(rows):
        path = ROOT / "results" / profile / "tables" / f"{row['file']}.md"
        if path.is_file():
            letter = chr(ord("a") + sections[:position].count(row["number"])) if sections.count(row["number"]) > 1 else ""
            below = [part for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip() and not part.startswith("|")]
            found[row["file"]] = (row["number"] + letter, " ".join(" ".join(below).split()))
    return found


def _copy_page(path: Path, out: Path, listed: executed.Listed) -> None:
    """A Markdown file, its links turned to where things are in the book, and the files that it links to."""
    text = path.read_text(encoding="utf-8")

    def turned(found: re.Match) -> str:
        address, part = found[1], found[2] or ""
        linked = (path.parent / address).resolve()
        if not linked.is_file():
            problem = "is a folder, which the book cannot show: link to a file in it" if linked.is_dir() else "does not exist"
            raise SystemExit(f"{path.relative_to(ROOT)}: {address} {problem}")
        name, suffix = linked.stem, linked.suffix[1:]
        within = linked.relative_to(ROOT)
        if within.parts[0] == "results" and (suffix == "ipynb" or name in listed.tables):
            where = executed.target(name, suffix, listed)
            return f"]({where if where.startswith('#') else os.path.relpath(ROOT / 'notebooks' / where, path.parent)})"
        if within == Path("README.md"):
            return f"]({os.path.relpath(ROOT / 'index.md', path.parent)})"
        if suffix not in ("md", "ipynb") and not (out / within).exists():
            (out / within).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(linked, out / within)
        return f"]({address}{part})"

    _write(out / path.relative_to(ROOT), re.sub(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)", turned, text))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# --- generated pages -----------------------------------------------------------------------------------------------------


def figures_page(profile: str, out: Path, listed: executed.Listed) -> str:
    """All figures as thumbnails, by chapter; each leads to its place in its notebook."""
    parts = ["# Figures", FIGURES_TEXT]
    for chapter, rows in gallery.by_chapter(profile).items():
        rows = [row for row in rows if row["file"] in listed.figures]
        if not rows:
            continue
        parts += [f"## Chapter {chapter}: {gallery.CHAPTERS[chapter]}", "::::{grid} 2 3 4 4", ":gutter: 2", ""]
        for row in rows:
            small = out / "thumbnails" / f"{row['file']}-small.png"
            small.parent.mkdir(exist_ok=True)
            small.write_bytes(gallery.thumbnail(ROOT / "figures" / profile / f"{row['file']}.png", THUMBNAIL))
            parts += [
                ":::{grid-item-card}",
                f":img-top: thumbnails/{small.name}",
                f":img-alt: {executed.in_line(gallery.seen(row['caption']))}",
                f":link: {executed.anchor('fig', row['file'])}",
                ":link-type: ref",
                f":link-alt: {executed.figure_number(row)}",
                f"{executed.figure_number(row)}",
                ":::",
            ]
        parts.append("::::\n")
    return "\n".join(parts) + "\n"


FIGURES_TEXT = """
A picture leads to its place in its notebook, with its caption. Figures 2.1 to 3.8 are those that the thesis's draft
numbers; others have the section that they belong to and a letter. All are stored as PDF and PNG in `figures/` of the
repository.
"""


def tables_page(profile: str, listed: executed.Listed) -> str:
    """All tables: number and what they hold."""
    lines = ["# Tables", "", f"Stored as CSV, LaTeX and Markdown in `results/{profile}/tables` of the repository.", ""]
    for name, (number, caption) in listed.tables.items():
        lines.append(f"- [Table {number}](#{executed.anchor('tab', name)}): {gallery.seen(caption)}.")
    return "\n".join(lines) + "\n"


def chapter_of(name: str) -> str:
    """The chapter of the thesis that a notebook belongs to, from its title; "" beyond the thesis."""
    found = re.search(r"\(thesis (?:chapters?|sections?) (?:\d[\d.]* to )?(\d)", title_of(name))
    return found[1] if found else ""


def title_of(name: str) -> str:
    """The title of a notebook."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).split("\n")[0].removeprefix("# ")


def contents(listed: executed.Listed) -> dict[str, list[str]]:
    """The table of contents: heading and pages."""
    parts = {f"{number} {title}": [] for number, title in gallery.CHAPTERS.items()} | {BEYOND: []}
    for name in listed.notebooks.values():
        chapter = chapter_of(name)
        short = re.sub(r" \((?:thesis|beyond) [^)]*\)$", "", title_of(name))
        parts[f"{chapter} {gallery.CHAPTERS[chapter]}" if chapter else BEYOND].append(f"{short} <notebooks/{name}>")
    return {heading: pages for heading, pages in (parts | PAGES).items() if pages}


def _index(listed: executed.Listed) -> str:
    text = (HERE / "index.md").read_text(encoding="utf-8")
    trees = []
    for heading, pages in contents(listed).items():
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```"]))
    return text + "\n\n" + "\n\n".join(trees) + "\n"


if __name__ == "__main__":
    sys.exit(main())
