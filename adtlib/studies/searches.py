"""The searches of a study: one for each architecture and training set, before its runs (thesis 5.3).

The best trial of a search becomes the run of its cell and is not trained again. A search has one seed, the profile's first; runs of
other seeds are trained with the settings found. For a profile without searches, `example_search` shows one on a small space.
"""

import shutil

from adtlib import paths
from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import Profile, prepared_corpus
from adtlib.studies.configs import base_config, training_config, why_not
from adtlib.studies.plan import Cell
from adtlib.training.cluster.transfer import refer_to
from adtlib.training.runs import run_folder
from adtlib.training.search.folder import Search, search_folder
from adtlib.training.search.settings import Settings, settings_of
from adtlib.training.search.spaces import search_space
from adtlib.training.trainer import finished_run


def search_cells(profile: Profile, cells: list[Cell], progress: bool = True) -> list[Search]:
    """Search for the settings of every architecture and training set of `cells`, or resume or reuse existing searches.

    The run of the best trial becomes that of its cell if the cell has the seed of the search.
    """
    _search(profile, list(dict.fromkeys((cell.architecture, cell.train) for cell in cells)), progress)
    for cell in cells:
        if cell.seed == profile.seeds[0]:
            _adopt(profile, cell)


def architecture_searches(profile: Profile, architecture: str) -> list[Search]:
    """The searches that the notebook of an architecture shows: those of the study, or the profile's example.

    Missing corpora are left out. Empty if hyperparameters are published or fixed and the profile has no example.
    """
    corpora = profile.train_corpora
    if not profile.searches:
        if not profile.example_search:
            return []
        if (named := profile.example_search.get("architecture", architecture)) not in ARCHITECTURES:
            raise ValueError(f"example_search: architecture = {named!r}: choose one of {', '.join(ARCHITECTURES)}")
        if named != architecture:
            return []
        corpora, profile = (profile.example_search["corpus"],), profile.for_example_search()
    cells = [Cell(architecture, (corpus,), profile.seeds[0], (corpus,)) for corpus in corpora]
    return _search(profile, [(cell.architecture, cell.train) for cell in cells if not why_not(profile, cell)])


def _search(profile: Profile, wanted: list[tuple[str, tuple[str, ...]]], progress: bool = True) -> list[Search]:
    from adtlib.training.cluster import session
    from adtlib.training.cluster.jobs import Job
    from adtlib.training.search import tune

    resources = session.Resources(profile.cpus_per_trial, profile.gpus_per_trial)
    tasks = []
    for architecture, train in wanted:
        corpora = [prepared_corpus(profile, name, progress) for name in train]
        names = tuple(corpus.corpus_name for corpus in corpora)
        config = base_config(profile, architecture, names, profile.seeds[0], Settings({}, 1.0, 0.0))  # each trial has its own
        space = search_space(profile.search_space, architecture)
        plan = tune.Plan(profile.search, space, profile.trials_on(names), profile.seeds[0])
        job = Job(search_folder(profile.name, architecture, names), config, tuple(map(refer_to, corpora)))
        tasks.append((plan, job))
    found = [tune.finished_search(plan, job) for plan, job in tasks]
    if all(found):  # Ray takes seconds to start
        return found
    with session.session(profile.jobs * profile.cpus_per_trial) as server:
        return [tune.search(plan, job, resources, server, progress) for plan, job in tasks]


def _adopt(profile: Profile, cell: Cell) -> None:
    """Make the best trial of a search the run of its cell, unless this has been done."""
    settings = settings_of(profile, cell.architecture, cell.train_names)
    folder = run_folder(profile.name, cell.architecture, cell.train_names, cell.seed)
    corpora = [prepared_corpus(profile, name, False) for name in cell.train]
    config = training_config(profile, cell.architecture, cell.train_names, cell.seed)
    if finished_run(config, corpora, corpora, folder):
        return
    best = Search(search_folder(profile.name, cell.architecture, cell.train_names)).trial_folder(vars(settings))
    shutil.rmtree(folder, ignore_errors=True)  # at most an unfinished run, or one without weights
    copy = paths.RESULTS / profile.name / "searches" / f".{folder.parent.name}.copy"
    shutil.rmtree(copy, ignore_errors=True)  # left by a killed process
    shutil.copytree(best, copy)
    folder.parent.mkdir(parents=True, exist_ok=True)
    copy.rename(folder)
