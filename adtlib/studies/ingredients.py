"""Ablation of the rendered training data, and the thesis's architectures trained on it for about equal time.

Each variant is one short run. The architectures are trained with all ingredients. Single ingredients are left out of the training
of the CNN, which had the highest micro F1 on rendered validation clips: those of the clips by rendering a set of clips without
them, those of training by leaving out an augmentation. All variants are scored on the same clips with all ingredients and on the
available real songs; checkpoints and thresholds are chosen on the rendered clips only. The table is committed and shown in
`81_rendered_to_real`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from adtlib import paths
from adtlib.audio.features import FPS
from adtlib.corpora.enst_mdb import SETS
from adtlib.corpora.store import Prepared, Unit
from adtlib.models.registry import ARCHITECTURES
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.synthesis import clips
from adtlib.synthesis.recipe import SHIPPED
from adtlib.training.augmentation import Augmentation
from adtlib.training.long import LongConfig, fit_long
from adtlib.training.parallel import call_side_by_side
from adtlib.training.rendered_clips import corpus_folder, render_corpus
from adtlib.training.scoring import score_table

TABLE = Path(__file__).with_name("ingredients.csv")


CLIP_HOURS, VALIDATION_HOURS = 3.0, 0.25


SEGMENTS = 800  # an epoch, of 4 s


EPOCHS = 11  # of the CNN: 9.8 hours of sound


ALL, ANOTHER_SEED = "all ingredients", "another seed"


CNN = {"num_convs": 3, "num_layers": 2, "hidden_size": 144}


@dataclass(frozen=True)
class Variant:
    """One run; `clips` and `training` name what is left out of the clips and of the augmentation in training."""

    name: str
    clips: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    architecture: str = "CNN"
    hyperparameters: dict = field(default_factory=lambda: dict(CNN))
    epochs: int = EPOCHS
    seed: int = 0

    @property
    def corpus(self) -> str:
        """Name of its set of clips."""
        return "study" + "".join(f"-{name}" for name in self.clips)

    @property
    def is_whole(self) -> bool:
        """Whether it has all ingredients."""
        return not (self.clips or self.training)


# Epochs of the other architectures: as many as take about the CNN's time (a step of 16 segments took the CNN 0.50 s on one core,
# RNN 0.32, CRNN 0.69, convolutional transformer 0.78, vision transformer 0.62); the table has the seconds that it came to.
VARIANTS = (
    Variant(ALL),
    Variant(ANOTHER_SEED, seed=1),  # what chance alone does
    *(
        Variant(name, architecture=name, hyperparameters=dict(record.rendered[0]), epochs=record.rendered[1])
        for name, record in ARCHITECTURES.items()
        if record.rendered
    ),
    Variant("without accompaniment", clips=("accompaniment",)),
    Variant("without many kits", clips=("kits",)),
    Variant("without variation of the kit", clips=("variation",)),
    Variant("without edits of the playing", clips=("edits",)),
    Variant("without studio effects", clips=("studio",)),
    Variant("without voices", clips=("voices",)),
    Variant("without low-pass", training=("low_pass",)),
    Variant("without equaliser", training=("equaliser",)),
    Variant("without transposing", training=("transpose",)),
    Variant("without added clips", training=("add",)),
)


def folder_of(variant: Variant) -> Path:
    """Folder of the run of a variant."""
    return paths.RESULTS / "rendered" / "study" / variant.name.replace(" ", "_")


def study(names: list[str], data: Path, real: dict[str, list[Unit]], jobs: int = 2, table: Path = TABLE) -> pd.DataFrame:
    """Train the variants of these names (ValueError for an unknown one), `jobs` at a time, and write the table.

    data   folder with `groove/` and `midi_songs_freedoom/`.
    real   units of real recordings by the name of their rows: for scoring only, not for training or selection.
    table  file whose rows of other variants are kept.
    """
    if unknown := set(names) - {variant.name for variant in VARIANTS}:
        raise ValueError(f"unknown variant {', '.join(sorted(unknown))}: choose from {', '.join(v.name for v in VARIANTS)}")
    chosen = [variant for variant in VARIANTS if variant.name in names]
    for name, without in {variant.corpus: variant.clips for variant in chosen}.items():
        recipes = {"recipe": clips.without(SHIPPED, without), "validation": SHIPPED}
        render_corpus(data, CLIP_HOURS, VALIDATION_HOURS, folder=corpus_folder(name), jobs=jobs, **recipes)
    call_side_by_side(train, [(variant, real) for variant in chosen], jobs)
    found = {variant.name: pd.read_csv(folder_of(variant) / "table.csv") for variant in chosen}
    if table.is_file():
        found = dict(tuple(pd.read_csv(table).groupby("variant"))) | found
    rows = pd.concat([found[variant.name] for variant in VARIANTS if variant.name in found])
    paths.write_atomically(table, rows.to_csv(index=False).encode())
    return rows


def train(variant: Variant, real: dict[str, list[Unit]]) -> None:
    """Train or resume a variant and score it: `table.csv` in its folder, a row for each set and choice of thresholds."""
    config = LongConfig(
        variant.architecture,
        ("Rendered",),
        variant.hyperparameters,
        seed=variant.seed,
        epochs=variant.epochs,
        segments_per_epoch=SEGMENTS,
        augmentation=Augmentation().without(variant.training),
    )
    rendered = Prepared(corpus_folder(variant.corpus))
    run = fit_long(config, rendered, folder_of(variant), progress=False)
    table = score_table(run.model(), {"rendered": rendered.units("validation")} | real, "rendered", config.peak_picking)
    about = {
        "variant": variant.name,
        "architecture": variant.architecture,
        "parameters": run.result["n_parameters"],
        "hours_seen": round(variant.epochs * SEGMENTS * SEGMENT_FRAMES / FPS / 3600, 2),
        "seconds": round(run.result["seconds"]),
        "seed": variant.seed,
    }
    rows = pd.DataFrame([about | row for row in table.round(4).to_dict("records")])
    paths.write_atomically(folder_of(variant) / "table.csv", rows.to_csv(index=False).encode())


# ---- the table


def study_table(path: Path = TABLE) -> pd.DataFrame:
    """The table written by `study`. FileNotFoundError if it has not run."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: adt study makes it")
    return pd.read_csv(path)


def study_protocol(table: pd.DataFrame) -> str:
    """How the runs were trained and scored, for captions."""
    whole = table[table["variant"] == ALL].iloc[0]
    seen = f"the {whole['architecture']} saw {whole['hours_seen']:.1f} hours, random crops of {CLIP_HOURS:g} hours of clips"
    chosen = "thresholds by class chosen on rendered clips"
    return f"{seen}; one run each, ±50 ms, {chosen}; real songs: those of MDB Drums at hand"


def rows_with_thresholds(table: pd.DataFrame, thresholds: str = "by class") -> pd.DataFrame:
    """The rows of one choice of thresholds."""
    return table[table["thresholds"] == thresholds].reset_index(drop=True)


def ingredient_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Printed form of micro F1 on each set: both runs with all ingredients, then those without one, largest loss first."""
    wide = rows.pivot(index="variant", columns="set", values="f1_micro")
    return _named(wide.loc[[ALL, ANOTHER_SEED, *dict.fromkeys(losses(rows)["variant"])]])


def equal_time_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Printed form of the architectures: parameters, minutes of sound, seconds of training, micro F1 on each set."""
    about = rows.drop_duplicates("architecture").set_index("architecture")[["parameters", "hours_seen", "seconds"]]
    about["hours_seen"] = (60 * about["hours_seen"]).round()
    about.columns = ["parameters", "minutes of sound seen", "seconds of training"]
    return about.astype("Int64").join(_named(rows.pivot(index="architecture", columns="set", values="f1_micro")))


def _named(wide: pd.DataFrame) -> pd.DataFrame:
    """Columns in the order of SETS, with its words as heads."""
    wide = wide[[name for name in SETS if name in wide]].rename(columns=SETS)
    wide.columns.name = None
    return wide


def architectures(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one run of each architecture with all ingredients, in the order of the thesis."""
    names = [variant.name for variant in VARIANTS if variant.is_whole and variant.name != ANOTHER_SEED]
    found, order = rows[rows["variant"].isin(names)], list(ARCHITECTURES)
    return found.sort_values("architecture", key=lambda column: column.map(order.index), kind="stable").reset_index(drop=True)


def losses(rows: pd.DataFrame) -> pd.DataFrame:
    """Loss of F1 of each variant without an ingredient, by set; the largest loss on the mixes (else on the last set) first.

    Relative to the mean of the two runs with all ingredients, which differ by seed. Columns: variant, set, f1_micro, f1_macro,
    f1_KD ... Negative if the variant scored higher.
    """
    values = [column for column in rows if column.startswith("f1_")]
    whole = rows[rows["variant"].isin([ALL, ANOTHER_SEED])].groupby("set")[values].mean()
    names = [variant.name for variant in VARIANTS if not variant.is_whole]
    parts = rows[rows["variant"].isin(names)].set_index(["variant", "set"])[values]
    lost = whole.reindex(parts.index.get_level_values("set")).to_numpy() - parts
    by = [name for name in SETS if name in whole.index][-1]
    order = lost["f1_micro"].xs(by, level="set").sort_values(ascending=False)
    return lost.loc[list(order.index)].reset_index()


def seed_spread(table: pd.DataFrame) -> float:
    """Largest difference in micro F1 between the two runs with all ingredients, over sets and choices of thresholds.

    ValueError if one of them is missing.
    """
    pair = table[table["variant"].isin([ALL, ANOTHER_SEED])].groupby(["set", "thresholds"])["f1_micro"]
    if (pair.size() != 2).any():
        remedy = f"adt study '{ALL}' '{ANOTHER_SEED}'"
        raise ValueError(f"the spread over seeds needs the runs {ALL!r} and {ANOTHER_SEED!r}: {remedy}")
    return float((pair.max() - pair.min()).max())


def loss_sentence(lost: pd.DataFrame, name: str, by_chance: float) -> str:
    """Ingredients without which micro F1 on a set of recordings (of SETS) changes by more than `by_chance`, in Markdown."""
    micro = lost[lost["set"] == name].set_index("variant")["f1_micro"].sort_values(ascending=False)

    def named(part: pd.Series) -> str:
        return ", ".join(f"{variant} ({abs(value):.3f})" for variant, value in part.items()) or "nothing"

    return f"{SETS[name]}: lost {named(micro[micro > by_chance])}; won {named(micro[micro < -by_chance][::-1])}"
