"""`make trust`: damaged files, killed commands and mutants, for some minutes; exit status 1 if anything was found."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adtlib import paths
from trust import fuzz, kills, mutants, report

SHARES = {"fuzz": 0.4, "kills": 0.3, "mutants": 0.3}  # of the time


def main() -> int:
    """See `--help`."""
    options = _options()
    if options.seed is not None and (options.reader or options.work):
        return _repeat(options)
    first = options.seed if options.seed is not None else int(time.strftime("%y%m%d%H%M")) * 10**6
    chosen = options.only or (["fuzz"] if options.reader else ["kills"] if options.work else list(SHARES))
    print(f"cases from {first} on: {', '.join(chosen)}", flush=True)
    seconds = {part: 60 * options.minutes * SHARES[part] / sum(SHARES[name] for name in chosen) for part in chosen}
    runs = {"fuzz": _fuzz, "kills": _kills, "mutants": _mutants}
    parts: dict[str, list[fuzz.Tally]] = {}
    for part in chosen:
        began = time.monotonic()
        parts[part] = runs[part](options, first, seconds[part])
        text = report.markdown(part, parts[part], first, (time.monotonic() - began) / 60)
        print(f"\n{text}", end="")
        if options.write:
            report.write_page(options.write, part, text)
    report.write_json(paths.CACHE / "trust.json", parts, first, options.minutes)
    return 1 if report.findings(parts) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trust", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, metavar="M", help="of all parts together (default: 5)")
    parser.add_argument("--seed", type=int, metavar="N", help="first case; with --reader or --work: the one case to repeat")
    parser.add_argument("--reader", metavar="R", help="fuzz this reader only")
    parser.add_argument("--work", choices=[work.name for work in kills.WORKS], help="kill this command only")
    parser.add_argument("--only", nargs="+", choices=list(SHARES), help="parts to run (default: all)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into this page of the documentation")
    return parser.parse_args()


def _repeat(options: argparse.Namespace) -> int:
    if options.reader:
        return 1 if fuzz.repeat(_readers(options)[0], options.seed) else 0
    (work,) = [work for work in kills.WORKS if work.name == options.work]
    found = kills.trials(work, options.seed, float("inf"), most=1).findings
    print("\n".join(found) or "as undisturbed")
    return 1 if found else 0


def _readers(options: argparse.Namespace) -> list[fuzz.Reader]:
    known = fuzz.all_readers()
    if options.reader and options.reader not in known:
        sys.exit(f"no reader {options.reader!r}: choose from {', '.join(known)}")
    return [known[options.reader]] if options.reader else list(known.values())


def _fuzz(options: argparse.Namespace, first: int, seconds: float) -> list[fuzz.Tally]:
    """Readers one after the other, for equal times: so that slow ones get fewer inputs, not less care."""
    chosen, tallies = _readers(options), []
    for reader in chosen:
        tallies.append(fuzz.fuzz(reader, first, seconds / len(chosen)))
        print(f"{reader.name}: {tallies[-1].inputs:,} inputs, {tallies[-1].findings.total():,} findings", flush=True)
    return tallies


def _kills(options: argparse.Namespace, first: int, seconds: float) -> list[fuzz.Tally]:
    works = [work for work in kills.WORKS if options.work in (None, work.name)]
    with ThreadPoolExecutor(2) as pool:  # a command uses one processor
        jobs = [pool.submit(kills.trials, work, first, seconds * min(2, len(works)) / len(works)) for work in works]
        return [job.result() for job in jobs]


def _mutants(options: argparse.Namespace, first: int, seconds: float) -> list[fuzz.Tally]:
    return [mutants.trials(mutants.all_mutants(), first, seconds)]


if __name__ == "__main__":
    sys.exit(main())
