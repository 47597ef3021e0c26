"""`adt verify`: whether what was computed still has the bytes that were written."""

import argparse
from collections import Counter

from tqdm import tqdm

from adtlib import paths
from adtlib.corpora.verification import BROKEN, HOLDS, UNKNOWN, Link
from adtlib.notebooks.verification import verify, verify_home

NAMED = 3  # links that are unknown for one reason are named, unless --all is given


def run(options: argparse.Namespace) -> int:
    """Print whether each link holds; exit status 1 if one does not."""
    found: dict[Link, None] = {}  # in order, each once
    for links in [verify(path) for path in options.paths] or [verify_home()]:
        for link in tqdm(links, unit="link", disable=None, leave=False):
            found[link] = None
    if not found:
        print(f"nothing was computed in {paths.HOME}")
        return 0
    for kind in dict.fromkeys(link.kind for link in found):
        counts = Counter(link.state for link in found if link.kind == kind)
        print(f"{kind + ':':<28}" + ", ".join(f"{counts[state]:,} {state}" for state in (HOLDS, BROKEN, UNKNOWN) if counts[state]))
    broken = [link for link in found if link.state == BROKEN]
    if broken:
        print("\nDamaged:")
        print("\n".join(f"  {link.why}" if link.what in link.why else f"  {link.what}: {link.why}" for link in broken))
    _print_unknown([link for link in found if link.state == UNKNOWN], options.all)
    return 1 if broken else 0


def _print_unknown(links: list[Link], every: bool) -> None:
    """What is unknown, by the reason."""
    for kind, why in dict.fromkeys((link.kind, link.why) for link in links):
        names = [link.what for link in links if (link.kind, link.why) == (kind, why)]
        shown = names if every else names[:NAMED]
        more = f" and {len(names) - len(shown):,} more (--all lists them)" if len(shown) < len(names) else ""
        print(f"\nUnknown, {why}: {', '.join(shown)}{more}")
