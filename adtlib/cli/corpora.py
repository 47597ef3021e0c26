"""`adt corpora`: the found and missing files of each corpus, how to get it, and the cost of preparing it."""

import argparse
import json
import shutil
import textwrap
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from tqdm import tqdm

from adtlib import paths, profiles
from adtlib.audio.features import FPS, N_BANDS
from adtlib.audio.files import check_file, duration_of
from adtlib.cli.terminal import one_line, reason
from adtlib.corpora.base import Corpus
from adtlib.corpora.registry import CORPORA, open_corpus

# Real-time factor from wav to stored features on two cores. Measured: 960 to 1,170 in five runs over seven songs of MDB Drums
# (216 s of audio).
PREPARE_SPEED = 1000
SEQUENCE_SECONDS = 4.0
NAMES_SHOWN = 3  # of a list of missing files
COUNT_LENGTHS = 500  # tracks up to which all durations are read; for more, the duration is estimated from their number


def run(options: argparse.Namespace) -> int:
    """Print the state of the corpora, for people or as JSON; with --fetch, download one first."""
    root = data_root(options)
    if options.fetch:
        if options.profile:
            raise ValueError("--fetch goes with --data: the corpora of a profile are generated, or lie where --data says")
        return _fetch(options.fetch, root)
    reports = [_report(name, root, options.debug) for name in CORPORA]
    status = 1 if any(report.get(key) for report in reports for key in ("problem", "unreadable", "left_out")) else 0
    if options.json:
        print(json.dumps({"root": str(root), "corpora": reports}, indent=2))  # ASCII: any terminal and any file takes it
        return status
    print(f"Corpora in {one_line(paths.relative(root) if paths.IN_CLONE else root)}\n")
    for report in reports:
        print("\n".join(map(one_line, _lines(report, options.missing))) + "\n")
    print("`adt prepare` computes features of all that is found; `adt corpora --missing` names all that is missing.")
    print(f"Times to prepare: real-time factor about {PREPARE_SPEED}x on two cores.")
    return status


def _fetch(name: str, root: Path) -> int:
    """Download the corpus called `name` into `root`. ValueError for a name without a public address."""
    from adtlib.corpora.fetch import DOWNLOADS, fetch

    download = {title.lower(): download for title, download in DOWNLOADS.items()}.get(name.lower())
    if download is None:
        asked = {corpus.lower(): open_corpus(corpus).info.remedy for corpus in CORPORA}.get(name.lower())
        known = ", ".join(DOWNLOADS)
        raise ValueError(f"--fetch {name}: " + (f"{asked}; " if asked else "") + f"with a public address there are {known}")
    with tqdm(unit="B", unit_scale=True, unit_divisor=1000, disable=None, dynamic_ncols=True) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if bar.desc != f"{what}: ":
                bar.set_description(what)
            bar.total = total or None
            bar.update(done - bar.n)

        place = fetch(download, root, progress)
    print(f"{download.title}: {paths.relative(place)} ({download.licence})")
    return 0


def data_root(options: argparse.Namespace) -> Path:
    """The folder of corpora chosen by --data or --profile, resolved; ValueError if --data is not a folder."""
    if options.profile:
        return profiles.load_profile(options.profile).data_root
    root = (options.data or paths.real_data_root()).resolve()
    if options.data and not root.is_dir():
        raise ValueError(f"{options.data} is not a folder: give the folder of the corpora")
    return root


def _report(name: str, root: Path, debug: bool) -> dict[str, Any]:
    """The report on one corpus, as plain data; of one that cannot be looked at, its `name` and `problem`."""
    try:
        return _inspect(open_corpus(name, root))
    except Exception as error:  # the other corpora are still shown
        if debug:
            traceback.print_exc()
        return {"name": name, "problem": reason(root, error)}


def _inspect(corpus: Corpus) -> dict[str, Any]:
    """The report on one corpus, as plain data."""
    info = corpus.info
    splits = {split: {"found": corpus.found(split), "expected": corpus.expected(split)} for split in corpus.splits}
    found = sum(split["found"] for split in splits.values())
    expected, (seconds, unreadable) = corpus.expected(), _found_seconds(corpus, found)
    # Thousands of missing units can have one entry, where their names are unknown or only the numbers of sequences differ.
    missing = Counter(entry.partition(", sequence ")[0] for entry in corpus.missing())
    return {
        "name": info.name,
        "title": info.title,
        "unit": info.unit,
        "root": str(corpus.root),
        "miniature": corpus.miniature,
        "found": found,
        "expected": expected,
        # A generated corpus has no expected size: it is complete if no written file is missing.
        "complete": found > 0 and not missing and (expected is None or found >= expected),
        "splits": splits,
        "missing": dict(missing),
        "left_out": corpus.left_out(),
        "unreadable": unreadable,
        "licence": info.licence,
        "url": info.url,
        "remedy": info.remedy,
        "download_gb": info.disk_gb,
        "prepare_gb": seconds * FPS * N_BANDS * 2 / 1e9,  # float16
        "prepare_seconds": seconds / PREPARE_SPEED,
        "prepared": _prepared_counts(corpus),
    }


def _found_seconds(corpus: Corpus, found: int) -> tuple[float, list[str]]:
    """(seconds of the found tracks of a corpus, recordings that cannot be read): exact for a few tracks, else estimated."""
    if corpus.info.unit == "sequence":
        return found * SEQUENCE_SECONDS, []
    if found > COUNT_LENGTHS:
        return corpus.info.hours * 3600 * found / max(corpus.expected() or found, 1), []
    seconds, unreadable = 0.0, []
    for track in corpus.tracks():
        try:
            check_file(track.audio[0])
            seconds += duration_of(track.audio[0]) or 0.0  # not every format states one
        except Exception:  # `adt prepare` says why
            unreadable.append(str(track.audio[0]))
    return seconds, unreadable


def _prepared_counts(corpus: Corpus) -> dict[str, int]:
    """Numbers of prepared units by split; empty if nothing is prepared."""
    if not any((paths.CACHE / "prepared").glob(f"{corpus.info.slug}-*")):
        return {}
    from adtlib.corpora.store import Prepared, PreparedError, prepared_folder

    folder = prepared_folder(corpus)
    if not (folder / "index.json").is_file():
        return {}
    try:
        prepared = Prepared(folder)
        return {split: prepared.totals(split).n_units for split in prepared.splits}
    except PreparedError:  # of another version: it must be prepared again
        return {}


def _lines(report: dict[str, Any], all_missing: bool) -> list[str]:
    """The printed lines on one corpus, wrapped to the width of the terminal."""
    width = max(shutil.get_terminal_size().columns - 22, 40)
    if "problem" in report:
        return [f"{report['name']:<12}cannot be read: {report['problem']}"]
    state, *rows = _rows(report, all_missing)
    lines = [f"{report['name']:<12}{state[1]}"]
    for label, text in rows:
        sentence = label in ("licence", "to get", "prepare")  # the others are file names, which are not wrapped
        parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) if sentence else [text]
        lines += [f"{'':<12}{'' if index else label:<10}{part}" for index, part in enumerate(parts)]
    return lines


def _rows(report: dict[str, Any], all_missing: bool) -> list[tuple[str, str]]:
    """(label, text) of each row; a row without a label continues the previous one."""

    def of(part: dict[str, Any]) -> str:
        return f"{part['found']:,}" + (f" of {part['expected']:,}" if part["expected"] is not None else "")

    state = "complete" if report["complete"] else "incomplete" if report["found"] else "not found"
    splits = ", ".join(f"{name} {of(split)}" for name, split in report["splits"].items())
    rows = [("", f"{state}: {of(report)} {report['unit']}s ({splits})")]
    if report["miniature"]:
        rows.append(("note", "generated miniature, not the corpus of the thesis"))
    missing = list(report["missing"].items())
    shown = missing if all_missing else missing[:NAMES_SHOWN]
    for index, (name, n_units) in enumerate(shown):
        several = f", {n_units:,} {report['unit']}s" if n_units > 1 else ""
        rows.append(("" if index else "missing", f"{name}{several}"))
    if len(missing) > len(shown):
        rows.append(("", f"and {sum(n_units for _, n_units in missing[len(shown) :]):,} {report['unit']}s more"))
    rows += [("" if index else "left out", entry) for index, entry in enumerate(report["left_out"])]
    for index, name in enumerate(report["unreadable"] if all_missing else report["unreadable"][:NAMES_SHOWN]):
        rows.append(("" if index else "damaged", name))
    if len(report["unreadable"]) > NAMES_SHOWN and not all_missing:
        rows.append(("", f"and {len(report['unreadable']) - NAMES_SHOWN:,} more that cannot be read"))
    rows.append(("licence", report["licence"]))
    if not report["complete"]:
        size = f"{report['download_gb']:g} GB, " if report["download_gb"] else ""
        rows.append(("to get", f"{report['remedy']} ({size}{report['url']})"))
    if report["found"]:
        cost = f"{_size(report['prepare_gb'])} in cache/, {_duration(report['prepare_seconds'])}"
        done = ", ".join(f"{split} {n_units:,}" for split, n_units in report["prepared"].items())
        rows.append(("prepare", f"{cost}; " + (f"prepared: {done}" if done else "not prepared yet")))
    return rows


def _size(gigabytes: float) -> str:
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{max(gigabytes * 1000, 1):.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute"
    return f"about {seconds / 3600:.1f} h" if seconds >= 3600 else f"about {round(seconds / 60)} min"
