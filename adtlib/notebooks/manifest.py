"""What the notebooks of a profile made, with hashes: `results/<profile>/manifest.json`, which stays beside the results.

The file holds, for each notebook that has succeeded:

    outputs   executed copy, figures and tables, by path below the home, with the hash of each
    scores    scores.csv of the runs that it trained or tested, by path below `results/<profile>`: {before, after} of its hash
    reads     scores.csv that it read, as they then were, for notebooks that read results

So a table can be followed to the runs behind it, even in a clone without the cache (`verification`).
"""

from typing import Any

from adtlib import paths
from adtlib.provenance import hash_of, sealed, unsealed

FILE = "manifest.json"


def read(profile: str) -> dict[str, dict[str, Any]]:
    """What was noted of each notebook, by its name; empty where there is no manifest. ValueError if it is damaged."""
    path = paths.RESULTS / profile / FILE
    try:
        found = unsealed(path.read_bytes())["notebooks"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as error:
        remedy = f"'adt run --profile {profile} --force' makes it anew"
        raise ValueError(f"{paths.relative(path)} is damaged ({error}): {remedy}") from error
    return found


def note(profile: str, notebook: str, entry: dict[str, Any]) -> None:
    """Replace what is noted of a notebook; a damaged manifest is begun anew."""
    try:
        noted = read(profile)
    except ValueError:
        noted = {}
    notebooks = dict(sorted((noted | {notebook: entry}).items()))
    paths.write_atomically(paths.RESULTS / profile / FILE, sealed({"notebooks": notebooks}, indent=1))


def score_hashes(profile: str) -> dict[str, str]:
    """Hash of the scores.csv of every run of a profile, by path below `results/<profile>`."""
    root = paths.RESULTS / profile
    return {path.relative_to(root).as_posix(): hash_of(path.read_bytes()) for path in root.glob("runs/**/scores.csv")}


def before(scores: dict[str, str], notebook: str, changes: dict[str, dict[str, Any]], own: bool) -> dict[str, str]:
    """Hashes of scores as they were before a notebook ran, or with `own` after it: what later notebooks changed is undone.

    changes  what is noted of each notebook, by its name.
    """
    scores: dict[str, str | None] = dict(scores)
    for name in sorted(changes, reverse=True):
        if name > notebook or (name == notebook and not own):
            for path, change in changes[name].get("scores", {}).items():
                if scores.get(path) == change["after"]:
                    scores[path] = change["before"]
    return {path: value for path, value in scores.items() if value is not None}
