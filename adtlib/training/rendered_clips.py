"""Rendered clips as a prepared corpus on disk: rendered once, in shards, resumably; training reads it like any other corpus.

    cache/rendered/clips/NAME/train/shard-00000.npy     features of 50 clips, float16: log10(1 + x)
    cache/rendered/clips/NAME/train/shard-00000.jsonl   their onsets, exact, each with its kind of stroke
    cache/rendered/clips/NAME/index.json                written last, as in `adtlib.corpora.preparation`

Training recovers the magnitudes x, to augment them. A shard depends only on the seed, its number, the sounds, the performances and
the rendering code. So shards can be rendered in any order, by any number of processes, and more can be added later. Shards of
another recipe are rendered again.
"""

import json
import os
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from tqdm import tqdm

from adtlib import paths
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, write_shard
from adtlib.corpora.store import INDEX, Prepared, write_index
from adtlib.provenance import code_state, hash_of
from adtlib.synthesis import clips, performances
from adtlib.synthesis.capture import capture
from adtlib.synthesis.recipe import RECIPES, STANDARD as STANDARD_RECIPE, Recipe
from adtlib.synthesis.sources import SourceError
from adtlib.training.parallel import call_side_by_side

CLIPS_PER_SHARD = 50
SHARDS_PER_HOUR = 3600 / (CLIPS_PER_SHARD * clips.CLIP_SECONDS)
NAME = "Rendered"
MADE_BY = "adt render"
STANDARD = "standard"  # the default set of clips


def corpus_folder(name: str = STANDARD) -> Path:
    """The folder of a set of rendered clips."""
    return paths.CACHE / "rendered" / "clips" / name


def open_clips(name: str) -> Prepared:
    """The rendered clips of a set. SourceError, with the command that renders them, if there are none."""
    folder = corpus_folder(name)
    if not (folder / INDEX).is_file():
        named = "" if name == STANDARD else f"--name {name} "
        raise SourceError(f"{folder} holds no rendered clips: adt render {named}--hours 22")
    return Prepared(folder, MADE_BY)


def shards_for(hours: float) -> int:
    """Number of shards that hold `hours`, at least one. ValueError for hours that are not positive."""
    if not hours > 0:
        raise ValueError(f"{hours} hours: they must be positive")
    return max(1, round(hours * SHARDS_PER_HOUR))


def render_corpus(
    data: Path,
    train_hours: float,
    validation_hours: float = 0.5,
    seed: int = 0,
    folder: Path | None = None,
    jobs: int | None = None,
    progress: bool = True,
    recipe: Recipe = RECIPES[STANDARD_RECIPE],
    validation: Recipe = RECIPES[STANDARD_RECIPE],
) -> Prepared:
    """Render the missing shards and return the prepared corpus, with splits train and validation.

    data        folder with `groove/` and `midi_songs_freedoom/`.
    jobs        processes; by default one for each core.
    recipe      of training clips.
    validation  recipe of validation clips: the same for sets that are compared.

    The first call captures the sounds, which takes some minutes. SourceError names what is missing.
    """
    folder = folder or corpus_folder()
    banks, notes = capture(progress), performances.gather(data)
    recipes = {"train": recipe, "validation": validation}
    sources = {split: source_of(banks, notes, seed, of) for split, of in recipes.items()}
    counts = {"train": shards_for(train_hours), "validation": shards_for(validation_hours)}
    calls = [
        (folder, split, number, seed, banks, notes, recipes[split], sources[split])
        for split, count in counts.items()
        for number in range(count)
    ]
    checked = Checked(folder)
    whole = {split: _whole_shards(folder, split, count, sources[split], checked) for split, count in counts.items()}
    waiting = [call for call in calls if call[2] not in whole[call[1]]]
    with tqdm(total=len(calls), initial=len(calls) - len(waiting), desc="render", unit="shard", disable=not progress) as bar:
        _render_all(waiting, jobs or os.cpu_count() or 1, bar)
    _write_index(folder, counts, sources, checked)
    return Prepared(folder, MADE_BY)


def _clip_ids(split: str, number: int) -> list[str]:
    return [f"{split}/{index:06d}" for index in range(number * CLIPS_PER_SHARD, (number + 1) * CLIPS_PER_SHARD)]


def _whole_shards(folder: Path, split: str, count: int, source: str, checked: Checked) -> set[int]:
    """The numbers of the shards that are there, of this source, and whole; warns of damage."""
    shards = ShardSet(folder / split, checked)
    ids = {number: _clip_ids(split, number) for number in range(count)}
    kept = shards.keep(dict.fromkeys([name for own in ids.values() for name in own], hash_of(source)))
    return {number for number, own in ids.items() if kept.keys() >= set(own) and number not in shards.broken}


def _render_all(calls: list[tuple], jobs: int, bar: tqdm) -> None:
    if jobs == 1 or len(calls) == 1:
        for call in calls:
            render_shard(*call)
            bar.update()
    elif calls:
        start = bar.n
        call_side_by_side(render_shard, calls, jobs, watch=lambda done: bar.update(start + done - bar.n))


def source_of(banks: Path, notes: Path, seed: int, recipe: Recipe) -> str:
    """All that a shard depends on besides its number: seed, recipe, performances, banks by name and size, the code."""
    bank_files = sorted(f"{path.relative_to(banks)}:{path.stat().st_size}" for path in banks.rglob("*.json"))
    return json.dumps([seed, asdict(recipe), code_state(clips.render, write_shard), notes.stat().st_size, bank_files])


@lru_cache(maxsize=2)
def _studio(banks: Path, notes: Path, split: str, recipe: Recipe) -> clips.Studio:
    return clips.Studio(banks, notes, split, recipe)


def render_shard(folder: Path, split: str, number: int, seed: int, banks: Path, notes: Path, recipe: Recipe, source: str) -> None:
    """Render and write one shard."""
    studio = _studio(banks, notes, split, recipe)
    rendered = ((name, clips.render(studio, seed, int(name.rpartition("/")[2]))) for name in _clip_ids(split, number))
    units = ((name, clip.features, clip.onsets, clip.kinds) for name, clip in rendered)
    write_shard(folder / split, number, units, hash_of(source))


def _write_index(folder: Path, counts: dict[str, int], sources: dict[str, str], checked: Checked) -> None:
    splits = {}
    for split, count in counts.items():
        shards = ShardSet(folder / split, checked)
        names = [name for number in range(count) for name in _clip_ids(split, number)]
        shards.keep(dict.fromkeys(names, hash_of(sources[split])))
        splits[split] = shards.finish(names, {}) | {"problems": [], "missing": 0}
        shards.clean(splits[split])
    about = {"corpus": NAME, "unit": "clip", "quantised": False, "miniature": False, "features": "madmom"}
    write_index(folder, about | {"splits": splits, "recipe": sources}, CLIPS_PER_SHARD)
    checked.save()
