"""`adt verify`: from a result to the runs, prepared features and recordings behind it, and whether each link holds.

    table, figure or executed copy  <-  the profile's manifest: hash of the file; hashes of the scores that its notebook read
    scores.csv of a run             <-  checksums in its config.json: scores, metrics, weights
    run                             <-  fingerprints of the prepared corpora that it was trained and tested on
    prepared corpus                 <-  checksums of its parts, and of the recordings and annotations

A link is unknown, not broken, where nothing was noted (results of earlier versions) or where its end is not here: a clone has the
results of `showcase`, but neither weights nor corpora.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from adtlib import paths
from adtlib.corpora.store import INDEX, Prepared, PreparedError
from adtlib.corpora.verification import BROKEN, UNKNOWN, Link, prepared_folders, prepared_links
from adtlib.notebooks import manifest
from adtlib.provenance import hash_of
from adtlib.training.runs import CONFIG, METRICS, SCORES, WEIGHTS, Run, RunError

RESULT, RUN, CORPUS = "tables and figures", "runs", "prepared corpora"
NAMES = "name a table, a figure, an executed notebook, a run or a prepared corpus"


def verify_home() -> Iterator[Link]:
    """Links of all that was computed below the home: results, runs, prepared corpora."""
    return _links(_Chain())


def verify(path: Path) -> Iterator[Link]:
    """Links of one thing and of all behind it: a table, figure or executed copy, a run, a prepared corpus, or a folder of these.

    ValueError if nothing at or below `path` was computed by adtlib.
    """
    path = Path(path).expanduser().resolve()
    if not path.exists():
        raise ValueError(f"{path} is not there: {NAMES}")
    if path in (paths.HOME, paths.RESULTS, paths.CACHE):
        return verify_home()
    links = _links_of(path, _Chain())
    first = next(links, None)
    if first is None:
        raise ValueError(f"{path} is no result of {paths.HOME}: {NAMES}")
    return itertools.chain([first], links)


def _links_of(path: Path, chain: "_Chain") -> Iterator[Link]:
    """Links of the run or prepared corpus that `path` is or lies in, else of all results, runs and corpora at or below it."""
    for folder in (path, *path.parents[:2]):
        if (folder / CONFIG).is_file():
            return chain.run(folder)
        if (folder / INDEX).is_file():
            return chain.prepared(folder)
    return _links(chain, path)


def _links(chain: "_Chain", below: Path | None = None) -> Iterator[Link]:
    """Links of all results, runs and prepared corpora, or of those at or below a path."""
    for profile in _profiles():
        if _outputs(profile, below):
            yield from chain.results(profile, below)
    for config in sorted(paths.RESULTS.rglob(CONFIG)):
        if _is_in(config, below):
            yield from chain.run(config.parent)
    for folder, _ in prepared_folders():
        if _is_in(folder, below):
            yield from chain.prepared(folder)


def _is_in(path: Path, below: Path | None) -> bool:
    return below is None or path.is_relative_to(below)


def _profiles() -> list[str]:
    names = {folder.name for root in (paths.RESULTS, paths.FIGURES) for folder in root.glob("*") if folder.is_dir()}
    return sorted(name for name in names if _outputs(name))


def _outputs(profile: str, below: Path | None = None) -> list[Path]:
    """Tables, executed copies and figures of a profile that notebooks made; only those at or below a path."""
    folders = (paths.RESULTS / profile / "tables", paths.RESULTS / profile / "notebooks", paths.FIGURES / profile)
    files = [path for folder in folders for path in sorted(folder.glob("[0-9][0-9]_*")) if path.is_file()]
    files = [path for path in files if not path.name.endswith(".failed.ipynb")]
    return [path for path in files if _is_in(path, below)]


class _Chain:
    """Walks from results to recordings, through each run and each prepared corpus once."""

    def __init__(self) -> None:
        self._seen: set[Path] = set()
        self._corpora: dict[tuple[str, str], Path] = {}
        self._commands = dict(prepared_folders())
        for folder, command in self._commands.items():
            try:
                prepared = Prepared(folder, command)
            except PreparedError:
                continue
            self._corpora.setdefault((prepared.corpus_name, prepared.fingerprint), folder)

    # ---- results ----

    def results(self, profile: str, below: Path | None = None) -> Iterator[Link]:
        """Links of a profile's results, or of those at or below a path, and of all behind them."""
        chosen = _outputs(profile, below)
        try:
            noted = manifest.read(profile)
        except ValueError as error:
            yield Link(RESULT, f"results/{profile}", BROKEN, str(error))
            return
        known = {name: (notebook, value) for notebook, entry in noted.items() for name, value in entry["outputs"].items()}
        gone = [name for name in known if _is_in(paths.HOME / name, below) and not (paths.HOME / name).is_file()]
        names = [os.path.relpath(path, paths.HOME) for path in chosen]
        for name in [*names, *gone]:
            yield _result_link(name, *known.get(name, (None, None)), profile)
        notebooks = sorted({known[name][0] for name in names if name in known})
        yield from self._scores(profile, notebooks, noted)

    def _scores(self, profile: str, notebooks: list[str], noted: dict) -> Iterator[Link]:
        """Whether the scores that notebooks read or made are as they were then, and the runs of these."""
        root, now, wanted = paths.RESULTS / profile, manifest.score_hashes(profile), {}
        for notebook in notebooks:
            made = {name: change["after"] for name, change in noted[notebook]["scores"].items()}
            for when, own in ((noted[notebook]["reads"], False), (made, True)):
                then = manifest.before(now, notebook, noted, own)
                for name, value in when.items():
                    wanted[name] = wanted.get(name, True) and then.get(name) == value
        for name, holds in sorted(wanted.items()):
            if not holds:
                what = "not as they were when results were made of them" if (root / name).is_file() else "missing"
                yield Link(RUN, paths.relative(root / name), BROKEN, f"{what}: 'adt run --profile {profile}' makes them anew")
            yield from self.run((root / name).parent)

    # ---- runs ----

    def run(self, folder: Path) -> Iterator[Link]:
        """Links of a run: its files, and the prepared corpora that it was trained and tested on."""
        if not self._is_new(folder):
            return
        run, what = Run(folder), paths.relative(folder)
        try:
            record, data = run.record, _data_of(run)
        except RunError as error:
            yield Link(RUN, what, BROKEN, str(error))
            return
        files, problems = record.get("files", {}), []
        for name in (WEIGHTS, METRICS, SCORES):
            if name != WEIGHTS or (folder / name).is_file():
                why = run.damage_of(name)
                problems += [f"{name}: {why}"] if why else []
        if problems:
            yield Link(RUN, what, BROKEN, f"{'; '.join(problems)}: 'adt run' scores or trains it again")
        elif "result" in record and METRICS not in files:
            yield Link(RUN, what, UNKNOWN, "made by an earlier version, which noted no checksums")
        elif "result" in record and not (folder / WEIGHTS).is_file():
            yield Link(RUN, what, UNKNOWN, "its weights are not here; the rest holds")
        else:
            yield Link(RUN, what)
        yield from self._corpora_of(data)

    def _corpora_of(self, data: Iterable[tuple[str, str]]) -> Iterator[Link]:
        for name, fingerprint in data:
            folder = self._corpora.get((name, fingerprint))
            if folder is None:
                here = any(corpus == name for corpus, _ in self._corpora)
                if self._is_new(Path(name) / fingerprint):
                    why = "prepared from other data or damaged here" if here else "not prepared here"
                    yield Link(CORPUS, f"{name} {fingerprint}", UNKNOWN, why)
            else:
                yield from self.prepared(folder)

    # ---- prepared corpora ----

    def prepared(self, folder: Path) -> Iterator[Link]:
        """Links of a prepared corpus: parts, recordings, annotations."""
        if self._is_new(folder):
            yield from prepared_links(folder, self._commands.get(folder, "adt prepare"))

    def _is_new(self, what: Path) -> bool:
        new = what not in self._seen
        self._seen.add(what)
        return new


def _result_link(name: str, notebook: str | None, noted: str | None, profile: str) -> Link:
    if notebook is None:
        return Link(RESULT, name, UNKNOWN, "nothing was noted of it: made elsewhere, or by an earlier version")
    remedy = f"'adt run {notebook[:2]} --profile {profile}' makes it anew"
    try:
        holds = hash_of((paths.HOME / name).read_bytes()) == noted
    except OSError as error:
        return Link(RESULT, name, BROKEN, f"{error.strerror or error}: {remedy}")
    return Link(RESULT, name) if holds else Link(RESULT, name, BROKEN, f"not as {notebook} wrote it: {remedy}")


def _data_of(run: Run) -> list[tuple[str, str]]:
    """(corpus, fingerprint) of what a run was trained and tested on. RunError where its files are damaged."""
    trained = [(name, content["fingerprint"]) for name, content in run.record.get("data", {}).items()]
    scores = run.all_scores if "result" in run.record else None
    tested = [] if scores is None else scores[["test", "data"]].drop_duplicates().itertuples(index=False, name=None)
    return list(dict.fromkeys([*trained, *tested]))
