"""Searching for hyperparameters with Ray Tune.

A trial is a run like any other (`training.fit`), in the search's folder (`training.search.folder`). Ray decides which machine
trains it. The state after each epoch is saved in this machine's results, not in Ray's storage, before the trial reports the epoch.
So a trial that dies resumes from its last epoch wherever Ray restarts it, and no storage has to be shared. A search that is
restarted after `kill -9` proposes the same trials, finds the finished ones and resumes the others.

`RAY_ADDRESS` in the environment names a cluster that this machine is a node of; without it Ray is started here for the duration of
the search.
"""

import dataclasses
import json
import shutil
from functools import partial

import pandas as pd
from tqdm import tqdm

from adtlib import paths
from adtlib.training.cluster.configured_ray import BasicVariantGenerator, FIFOScheduler, Searcher, tune
from adtlib.training.cluster.jobs import Job, train_remotely
from adtlib.training.cluster.session import MAX_FAILURES, RemoteServer, Resources, session_folder
from adtlib.training.search.folder import SETTINGS, Search, SearchError, best_row, table_hash, trial_name, trial_row
from adtlib.training.search.spaces import LEARNING_RATE, WEIGHT_DECAY, as_hyperparameters, check_space, count_combinations
from adtlib.training.trainer import Diverged, code_hash

METRIC = "best_val_f1_micro"


BATCH = 5  # trials that Optuna proposes at once: 15 and 25 are whole batches


@dataclasses.dataclass(frozen=True)
class Plan:
    """A search: `kind` is random, grid or optuna; a grid has one trial for each combination, whatever `trials` says."""

    kind: str
    space: dict[str, list]
    trials: int
    seed: int = 0

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return count_combinations(self.space) if self.kind == "grid" else self.trials


# ---- searches -------------------------------------------------------------------------------------------------------


def search(plan: Plan, job: Job, resources: Resources, server: RemoteServer, progress: bool = True) -> Search:
    """Search for the settings of `job.config` by `plan` and return the finished search; `job.folder` is the search's folder.

    A finished search of the same plan, configuration and data is returned as it is, and an interrupted one is resumed; one of
    another space, configuration or data is moved aside. A trial that diverges (its loss becomes NaN or infinite) has no score.
    """
    if done := finished_search(plan, job):
        return done
    found, identity = Search(job.folder), _identity(plan, job)
    if found.record and _but_trials(found.record["search"]) != _but_trials(identity):
        paths.move_aside(job.folder)
    check_space(job.config.architecture, plan.space)
    paths.write_atomically(job.folder / "search.json", json.dumps({"search": identity}, indent=1).encode())
    job = dataclasses.replace(job, threads=resources.cpus, code=code_hash())
    label = f"search of the {job.config.architecture} on {' + '.join(job.config.train)}"
    with tqdm(total=plan.n_trials, desc=label, unit="trial", disable=not progress) as bar:
        drawn = _tune(plan, job, resources, server, bar)
    rows = [trial_row(found.trial_folder(_settings(values)), values) for values in drawn]
    best = best_row(rows)
    table = pd.DataFrame(rows).to_csv(index=False).encode()
    paths.write_atomically(job.folder / "trials.csv", table)
    record = {"search": identity, "settings": _settings(drawn[rows.index(best)]), "table": table_hash(table)}
    paths.write_atomically(job.folder / "search.json", json.dumps(record, indent=1).encode())
    return found


def finished_search(plan: Plan, job: Job) -> Search | None:
    """The search in `job.folder` if it is finished and of this plan, configuration and data, else None."""
    found = Search(job.folder)
    return found if found.finished and found.record["search"] == _identity(plan, job) else None


def _identity(plan: Plan, job: Job) -> dict:
    config = {key: value for key, value in dataclasses.asdict(job.config).items() if key not in (*SETTINGS, "hyperparameters")}
    data = {corpus.name: corpus.fingerprint for corpus in job.train}
    stated = {"kind": plan.kind, "space": plan.space, "trials": plan.n_trials, "seed": plan.seed, "config": config, "data": data}
    return json.loads(json.dumps(stated))


def _but_trials(identity: dict) -> dict:
    return {key: value for key, value in identity.items() if key != "trials"}


def _settings(drawn: dict) -> dict:
    """Settings of a run, from the values drawn for a trial."""
    hyperparameters = as_hyperparameters({key: value for key, value in drawn.items() if key not in SETTINGS})
    return {"hyperparameters": hyperparameters} | {key: drawn[key] for key in SETTINGS}


def _tune(plan: Plan, job: Job, resources: Resources, server: RemoteServer, bar: tqdm) -> list[dict]:
    """Train the trials with Ray Tune; the values drawn for each, in the order in which they were proposed."""
    options = resources.options()
    storage = session_folder()  # for Ray's own records, which are not read
    try:
        tuner = tune.Tuner(
            tune.with_resources(partial(_trial, job=job, server=server), {"cpu": options["num_cpus"], "gpu": options["num_gpus"]}),
            param_space=_as_domains(plan),
            tune_config=tune.TuneConfig(
                metric=METRIC,
                mode="max",
                search_alg=_searcher(plan),
                scheduler=FIFOScheduler(),
                num_samples=1 if plan.kind == "grid" else plan.trials,
                reuse_actors=True,  # a process that has loaded torch runs several trials
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(storage),
                failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
                callbacks=[_Bar(bar)],
                verbose=0,
                progress_reporter=_Silent(),
            ),
        )
        results = tuner.fit()
    finally:
        shutil.rmtree(storage, ignore_errors=True)
    for error in results.errors:
        raise SearchError(f"{job.folder}: a trial failed: {error}") from error
    return [dict(result.config) for result in results]


def _trial(drawn: dict, job: Job, server: RemoteServer) -> None:
    """One trial, in a worker: train, and report each epoch and the best score so far."""
    settings, best = _settings(drawn), 0.0
    folder = job.folder / "trials" / trial_name(settings)
    config = dataclasses.replace(job.config, **settings)

    def report(row: dict) -> None:
        nonlocal best
        best = max(best, row["val_f1_micro"])  # if one is NaN, the other
        tune.report({"epoch": row["epoch"], "val_loss": row["val_loss"], "val_f1_micro": row["val_f1_micro"], METRIC: best})

    try:
        result = train_remotely(dataclasses.replace(job, folder=folder, config=config), server, report)
    except Diverged:
        tune.report({METRIC: 0.0})
        return
    # A search learns from the last report, also of a trial that had finished before the search was restarted.
    tune.report({METRIC: max(0.0, result["val_f1_micro"])})


def _as_domains(plan: Plan) -> dict:
    choose = tune.grid_search if plan.kind == "grid" else tune.choice
    domains = {name: choose(values) for name, values in plan.space.items()}
    return domains | {"learning_rate": tune.loguniform(*LEARNING_RATE), "weight_decay": tune.loguniform(*WEIGHT_DECAY)}


def _searcher(plan: Plan):
    if plan.kind == "optuna":
        import optuna
        from ray.tune.search.optuna import OptunaSearch

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        return Batches(OptunaSearch(seed=plan.seed), BATCH, plan.trials)
    return BasicVariantGenerator(random_state=plan.seed)


class Batches(Searcher):
    """A searcher that proposes a whole batch of trials and learns their results together, in the order of proposing.

    Its proposals depend only on its seed and the scores, not on which trial ends first, so a restarted search proposes the same
    trials. Ray's own limiter passes results on as soon as none of the trials proposed so far is running, even within a batch.
    """

    def __init__(self, searcher: Searcher, size: int, total: int):
        """`total` proposals in batches of `size`."""
        super().__init__(metric=METRIC, mode="max")
        self.searcher, self.size, self.total, self.asked = searcher, size, total, 0
        self.waiting: list[tuple[str, dict]] = []  # proposed, not yet started
        self.names: dict[str, str] = {}  # the searcher's name of each trial of the batch that is running or done
        self.done: dict[str, tuple] = {}

    def set_search_properties(self, metric, mode, config, **spec) -> bool:
        """Pass metric and space on."""
        return self.searcher.set_search_properties(metric, mode, config, **spec)

    def get_state(self) -> dict:
        """Empty: Ray would store it, but a restarted search begins with its seed and finds its trials."""
        return {}

    def suggest(self, trial_id: str) -> dict | None:
        """The next proposal of the batch; None while the previous batch is running."""
        if not self.waiting:
            if self.names:
                return None
            names = [f"{number:05d}" for number in range(self.asked, min(self.asked + self.size, self.total))]
            if not names:
                return Searcher.FINISHED
            self.asked += len(names)
            self.waiting = [(name, self.searcher.suggest(name)) for name in names]
        self.names[trial_id], proposed = self.waiting.pop(0)
        return proposed

    def on_trial_complete(self, trial_id: str, result: dict | None = None, error: bool = False) -> None:
        """Keep the result until the batch is done."""
        self.done[self.names[trial_id]] = (result, error)
        if not self.waiting and len(self.done) == len(self.names):
            for name in sorted(self.done):  # the order of proposing
                self.searcher.on_trial_complete(name, *self.done[name])
            self.names, self.done = {}, {}


class _Bar(tune.Callback):
    """Shows how many trials have ended, and the best score so far."""

    def __init__(self, bar: tqdm):
        self.bar, self.best = bar, 0.0

    def __getstate__(self):
        return {}  # Ray stores the search with its callbacks, and a bar in a notebook cannot be pickled

    def on_trial_result(self, iteration, trials, trial, result, **info):
        self.best = max(self.best, result.get(METRIC, 0.0))
        self.bar.set_postfix(best_f1=f"{self.best:.3f}")

    def on_trial_complete(self, iteration, trials, trial, **info):
        self.bar.update()


class _Silent(tune.ProgressReporter):
    """Keeps Ray from showing a table of its own, which would remain empty in a notebook."""

    def should_report(self, trials, done=False) -> bool:
        return False

    def report(self, trials, done, *sys_info) -> None:
        pass
