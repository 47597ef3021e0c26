"""The readers of what adtlib wrote itself: prepared features, runs, searches, profiles, models, drum maps, notebooks, stamps."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import nbformat
import numpy as np
from songs import write_song

from adtlib import paths
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.corpora.store import Prepared, PreparedError, standardizer
from adtlib.notation.drum_maps import DrumMapError, drum_map
from adtlib.notebooks import uptodate
from adtlib.notebooks.listing import Notebook, RunnerError
from adtlib.profiles import Profile, load_profile
from adtlib.training.runs import Run, RunError
from adtlib.training.scoring import score_run
from adtlib.training.search.folder import Search, SearchError, table_hash
from adtlib.training.trainer import TrainingConfig, fit
from adtlib.transcription.packing import pack
from adtlib.transcription.pretrained import ModelError, load_model
from adtlib.vocabulary import CLASSES
from trust.readers import Case, Reader, all_is_noticed, cut_is_noticed


def tones(folder: Path) -> Prepared:
    """Three short songs in `folder`/tones, prepared in `folder`/cache."""
    for seed, split in enumerate(("train", "validation", "test")):
        write_song(folder / "tones" / split, "song", seed, seconds=1.5)
    for path in (folder / "tones").rglob("song.*"):
        os.utime(path, (1e9, 1e9))  # times are part of what is written: cases have to repeat
    kept, paths.CACHE = paths.CACHE, folder / "cache"
    try:
        return prepare(FolderCorpus(folder / "tones"), progress=False)
    finally:
        paths.CACHE = kept


CONFIG = TrainingConfig("CRNN", ("tones",), {"num_layers": 1, "hidden_size": 4}, epochs=2, batch_size=2, precision="float32")


def trained(folder: Path) -> Run:
    """A run with all its files, in `folder`/run."""
    corpus = tones(folder)
    run = fit(CONFIG, [corpus], [corpus], folder / "run", progress=False)
    score_run(run, [corpus], validation=[corpus])
    return run


# --- prepared features -----------------------------------------------------------------------------------------------------


def lay_prepared(folder: Path) -> list[str]:
    """A prepared corpus of three short songs."""
    files = sorted(path.relative_to(folder).as_posix() for path in tones(folder).folder.rglob("*.*") if path.is_file())
    shutil.rmtree(folder / "tones")
    return files


def read_prepared(folder: Path, path: Path):
    """All that training and scoring read."""
    prepared = Prepared(next((folder / "cache" / "prepared").glob("*")))
    prepared.check()  # as training does when it opens a corpus
    found = []
    for split in ("train", "validation", "test"):
        units = prepared.units(split)
        found.append([[unit.id, np.array(unit.features), unit.onsets, unit.duration] for unit in units])
        found.append(dataclasses.astuple(prepared.totals(split)))
    return *found, prepared.problems, standardizer([prepared]).mean, standardizer([prepared]).std


# --- runs and searches -------------------------------------------------------------------------------------------------------


def lay_run(folder: Path) -> list[str]:
    """A finished, scored run of a very small network."""
    trained(folder)
    for name in ("tones", "cache"):
        shutil.rmtree(folder / name)
    return [f"run/{name}" for name in ("config.json", "metrics.csv", "scores.csv", "model.safetensors")]


def read_run(folder: Path, path: Path):
    """All that tables and figures read of a run, and its weights."""
    run = Run(folder / "run")
    state = run.model().state_dict()
    tables = [table.to_dict("list") for table in (run.metrics, run.all_scores, run.scores_with(0.05, "class"))]
    return {key: value.numpy() for key, value in state.items()}, run.config, run.result, tables


def judge_run(case: Case) -> str:
    """Weights are the stored ones; no table is taken without its end."""
    if case.path.suffix == ".safetensors" and not same_shapes(case):
        return "weights of other shapes"
    return cut_is_noticed(case)


def same_shapes(case: Case) -> bool:
    """Whether the weights have the names and shapes of the valid ones."""
    shapes = [{key: value.shape for key, value in found[0].items()} for found in (case.valid, case.found)]
    return shapes[0] == shapes[1]


def lay_search(folder: Path) -> list[str]:
    """A finished search of two trials."""
    settings = {"hyperparameters": {"num_layers": 1}, "learning_rate": 1e-3, "weight_decay": 1e-4}
    rows = ["trial,num_layers,epochs,val_loss,val_f1_micro,seconds,n_parameters,outcome"]
    rows += [f"{name},1,2,0.{number},0.5,1.5,900,finished" for number, name in enumerate(("aaaa1111", "12345678"))]
    (folder / "trials.csv").write_text("\n".join(rows) + "\n")
    table = table_hash((folder / "trials.csv").read_bytes())
    record = {"search": {"config": {"train": ["tones"]}}, "settings": settings, "table": table}
    (folder / "search.json").write_text(json.dumps(record))
    return ["search.json", "trials.csv"]


def read_search(folder: Path, path: Path):
    """Record, settings and trials; None for a search that is to be made again."""
    found = Search(folder)
    return (found.settings, found.best.folder.name, found.trials.to_dict("list"), sorted(found.curves)) if found.finished else None


# --- profiles, models, drum maps ---------------------------------------------------------------------------------------------


PROFILE = """data: miniature
miniature_size: smoke
seeds: [0, 1]
epochs: 3
batch_size: 4
learning_rate: 2.0e-3
weight_decay: 0.0001
tolerance: 0.05
balance: false
train_corpora: [ENST+MDB, Slakh]
hyperparameters:
  CRNN: {num_layers: 1, hidden_size: 24}
peak_picking: {delta: 0.1, threshold: 0.5, wait: 2}
"""


def lay_profiles(folder: Path) -> list[str]:
    """A profile and one that builds on it: small, as yaml is slow."""
    (folder / "own.yaml").write_text(PROFILE)
    (folder / "other.yaml").write_text(
        "base: own\nepochs: 5\nexample_search: {corpus: Slakh, search: random, trials: 2, epochs: 1}\n"
    )
    return ["own.yaml", "own.yaml", "other.yaml"]


def read_profile(folder: Path, path: Path):
    """The values of a profile."""
    kept, paths.PARAMS = paths.PARAMS, folder
    try:
        return dataclasses.asdict(load_profile(path.stem))
    finally:
        paths.PARAMS = kept


def judge_profile(case: Case) -> str:
    """Each value has the type of its default, and numbers are numbers."""
    for field in dataclasses.fields(Profile):
        value, default = case.found[field.name], field.default
        wanted = (int, float) if isinstance(default, float) else type(default)
        if default is dataclasses.MISSING or default is None:
            continue
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            return f"{field.name} = {value!r}"
        if isinstance(value, float) and not 0 <= value < float("inf"):
            return f"{field.name} = {value!r}"
    return ""


def lay_model(folder: Path) -> list[str]:
    """A packed model; an ensemble of two."""
    run = trained(folder).folder
    (folder / "one.safetensors").write_bytes(pack([run], 0.4, "one"))
    (folder / "two.safetensors").write_bytes(pack([run, run], (0.1, 0.2, 0.3, 0.4, 0.5), "two", average="activations", half=True))
    for name in ("tones", "cache", "run"):
        shutil.rmtree(folder / name)
    return ["one.safetensors", "two.safetensors"]


def read_model(folder: Path, path: Path):
    """Peak picking, features, and the shapes of the weights."""
    model = load_model(path)
    return dataclasses.asdict(model.peak_picking), model.features, [tuple(value.shape) for value in model.network.parameters()]


def judge_model(case: Case) -> str:
    """Peak picking that can find onsets, weights of the shapes packed."""
    if not all(np.isfinite(np.asarray(value, float)).all() for value in case.found[0].values()):
        return f"peak picking {case.found[0]}"
    return "" if case.found[2] == case.valid[2] else "weights of other shapes"


def lay_maps(folder: Path) -> list[str]:
    """A drum map in each form."""
    (folder / "map.csv").write_text("class,pitch\nKD,36\nSD,40\nTT,47\nHH,44\nCY,55\n")
    (folder / "map.json").write_text('{"KD": 36, "SD": 38, "TT": 47, "HH": 42, "CY": 49}')
    return ["map.csv", "map.json"]


def judge_map(case: Case) -> str:
    """Five classes, five pitches that MIDI has."""
    right = sorted(case.found) == sorted(CLASSES) and len(set(case.found.values())) == len(CLASSES)
    return "" if right and all(type(pitch) is int and 0 <= pitch <= 127 for pitch in case.found.values()) else f"{case.found}"


# --- notebooks and stamps ----------------------------------------------------------------------------------------------------


def lay_notebook(folder: Path) -> list[str]:
    """A notebook with parameters."""
    cells = [
        nbformat.v4.new_markdown_cell("# Title (thesis, 5)\n\n**Question.** Why?"),
        nbformat.v4.new_code_cell('profile = "smoke"\nepochs = None', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("%matplotlib inline\nprint(epochs)"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "43_one.ipynb")
    return ["43_one.ipynb"]


def read_notebook(folder: Path, path: Path):
    """What a notebook is chosen and hashed by."""
    notebook = Notebook(path)
    return notebook.code(), notebook.parameters(), notebook.own({"epochs": 3})


def lay_stamp(folder: Path) -> list[str]:
    """The stamp of a notebook that is up to date."""
    name = lay_notebook(folder)[0].removesuffix(".ipynb")
    with _home(folder):
        for made in (paths.RESULTS / "smoke" / "notebooks" / f"{name}.ipynb", paths.RESULTS / "smoke" / "tables" / "43_scores.csv"):
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text("{}")
        _stamp(folder).write()
    return [f"cache/stamps/smoke/{name}.json"]


def read_stamp(folder: Path, path: Path):
    """Why the notebook is to run again; None if it is up to date."""
    with _home(folder):
        return _stamp(folder).outdated()


def judge_stamp(case: Case) -> str:
    """Of a cut stamp nothing is believed."""
    return "" if case.found is None or isinstance(case.found, str) else f"{case.found!r}"


def _stamp(folder: Path) -> uptodate.Stamp:
    return uptodate.Stamp(Notebook(folder / "43_one.ipynb"), uptodate.Inputs("smoke", {}, {"the data": "1"}))


class _home:
    """Results, figures and cache below a folder; the hash of the code, which is slow, is not read from a stamp."""

    def __init__(self, folder: Path):
        self.values = {name: folder / name.lower() for name in ("RESULTS", "FIGURES", "CACHE")} | {"HOME": folder}

    def __enter__(self):
        self.kept = {name: getattr(paths, name) for name in self.values}
        self.code_state = uptodate.code_state
        for name, value in self.values.items():
            setattr(paths, name, value)
        uptodate.code_state = lambda **_: "code"

    def __exit__(self, *_):
        uptodate.code_state = self.code_state
        for name, value in self.kept.items():
            setattr(paths, name, value)


READERS = [
    Reader("prepared", lay_prepared, read_prepared, (PreparedError,), all_is_noticed),
    Reader("runs", lay_run, read_run, (RunError,), judge_run),
    Reader("search", lay_search, read_search, (SearchError,), lambda case: "" if case.found is None else cut_is_noticed(case)),
    Reader("profiles", lay_profiles, read_profile, (ValueError,), judge_profile),
    Reader("models", lay_model, read_model, (ModelError,), judge_model),
    Reader("maps", lay_maps, lambda folder, path: dict(drum_map(path).pitches), (DrumMapError,), judge_map),
    Reader("notebooks", lay_notebook, read_notebook, (RunnerError,)),
    Reader("stamps", lay_stamp, read_stamp, (), judge_stamp),
]
