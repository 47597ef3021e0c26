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
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from tqdm import tqdm

from adtlib import paths
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, write_shard
from adtlib.corpora.store import INDEX, Prepared, write_index
from adtlib.provenance import code_state, file_checksum, hash_of
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


@dataclass(frozen=True)
class Split:
    """A split that is to be rendered.

    shards   the ids of the units of each shard.
    source   all that the units depend on besides their ids, as a text: they are made anew where it changed.
    make     `make(number)` yields the units of a shard, as `shards.write_shard` takes them; other processes can import it.
    """

    shards: tuple[tuple[str, ...], ...]
    source: str
    make: Callable[[int], Iterable[tuple]]

    @property
    def ids(self) -> list[str]:
        """Of all units, in order."""
        return [name for shard in self.shards for name in shard]


@dataclass(frozen=True)
class ClipFolder:
    """A prepared corpus to be rendered: its folder, its name, its splits, what a unit is, how many units its fingerprint groups."""

    folder: Path
    name: str
    splits: dict[str, Split] = field(default_factory=dict)
    unit: str = "clip"
    group: int = CLIPS_PER_SHARD


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
    banks, notes = capture(progress), performances.gather(data)
    splits = {
        "train": clips_of(banks, notes, "train", clips_for(train_hours), seed, recipe),
        "validation": clips_of(banks, notes, "validation", clips_for(validation_hours), seed, validation),
    }
    (prepared,) = render_folders([ClipFolder(folder or corpus_folder(), NAME, splits)], jobs, progress)
    return prepared


def clips_for(hours: float) -> int:
    """Number of clips of the shards that hold `hours`."""
    return shards_for(hours) * CLIPS_PER_SHARD


def clips_of(banks: Path, notes: Path, split: str, n_clips: int, seed: int, recipe: Recipe, of: str | None = None) -> Split:
    """The first clips of a seed and a recipe; `of` is the split of their studio where it has another name."""
    starts = range(0, n_clips, CLIPS_PER_SHARD)
    shards = tuple(tuple(_clip_ids(split, start, min(start + CLIPS_PER_SHARD, n_clips))) for start in starts)
    return Split(shards, source_of(banks, notes, seed, recipe), partial(_clips, banks, notes, of or split, recipe, seed, shards))


def _clip_ids(split: str, start: int, end: int) -> list[str]:
    return [f"{split}/{index:06d}" for index in range(start, end)]


def _clips(banks: Path, notes: Path, of: str, recipe: Recipe, seed: int, shards: tuple, number: int) -> Iterable[tuple]:
    studio = studio_of(banks, notes, of, recipe)
    rendered = ((name, clips.render(studio, seed, int(name.rpartition("/")[2]))) for name in shards[number])
    return ((name, clip.features, clip.onsets, clip.kinds) for name, clip in rendered)


def render_folders(folders: list[ClipFolder], jobs: int | None = None, progress: bool = True) -> list[Prepared]:
    """Render the missing shards of several corpora, `jobs` at a time, and return these."""
    checked = {each.folder: Checked(each.folder) for each in folders}
    whole = {(each.folder, name): _whole_shards(each, name, checked[each.folder]) for each in folders for name in each.splits}
    calls = [(each, name, number) for each in folders for name, split in each.splits.items() for number in range(len(split.shards))]
    waiting = [call for call in calls if call[2] not in whole[call[0].folder, call[1]]]
    with tqdm(total=len(calls), initial=len(calls) - len(waiting), desc="render", unit="shard", disable=not progress) as bar:
        _render_all(waiting, jobs or os.cpu_count() or 1, bar)
    for each in folders:
        write_clip_index(each, checked[each.folder])
    return [Prepared(each.folder, MADE_BY) for each in folders]


def _whole_shards(each: ClipFolder, name: str, checked: Checked) -> set[int]:
    """The numbers of the shards of a split that are there, of this source, and whole; warns of damage."""
    split, shards = each.splits[name], ShardSet(each.folder / name, checked)
    kept = shards.keep(dict.fromkeys(split.ids, hash_of(split.source)))
    return {number for number, own in enumerate(split.shards) if kept.keys() >= set(own) and number not in shards.broken}


def _render_all(calls: list[tuple], jobs: int, bar: tqdm) -> None:
    if jobs == 1 or len(calls) == 1:
        for call in calls:
            render_shard(*call)
            bar.update()
    elif calls:
        start = bar.n
        call_side_by_side(render_shard, calls, jobs, watch=lambda done: bar.update(start + done - bar.n))


def source_of(banks: Path, notes: Path, seed: int, recipe: Recipe, *more: object) -> str:
    """All that a shard depends on besides its number: seed, recipe, performances, banks by name and size, code."""
    bank_files = sorted(f"{path.relative_to(banks)}:{path.stat().st_size}" for path in banks.rglob("*.json"))
    code = code_state(clips.render, write_shard)
    return json.dumps([seed, asdict(recipe), code, file_checksum(notes), bank_files, *more])


@lru_cache(maxsize=2)
def studio_of(banks: Path, notes: Path, split: str, recipe: Recipe) -> clips.Studio:
    """The studio of a split; the last two are kept."""
    return clips.Studio(banks, notes, split, recipe)


def render_shard(each: ClipFolder, name: str, number: int) -> None:
    """Render and write one shard of a split."""
    split = each.splits[name]
    write_shard(each.folder / name, number, split.make(number), hash_of(split.source))


def write_clip_index(each: ClipFolder, checked: Checked) -> None:
    """Write tables and index of a corpus whose shards are there."""
    splits = {}
    for name, split in each.splits.items():
        shards = ShardSet(each.folder / name, checked)
        shards.keep(dict.fromkeys(split.ids, hash_of(split.source)))
        splits[name] = shards.finish(split.ids, {}) | {"problems": [], "missing": 0}
        shards.clean(splits[name])
    about = {"corpus": each.name, "unit": each.unit, "quantised": False, "miniature": False, "features": "madmom"}
    sources = {name: split.source for name, split in each.splits.items()}
    write_index(each.folder, about | {"splits": splits, "recipe": sources}, each.group)
    checked.save()
