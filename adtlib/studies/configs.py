"""From a profile and a cell of a study to the configuration that is trained."""

from adtlib.corpora.registry import CORPORA
from adtlib.profiles import Profile, prepared_corpus
from adtlib.studies.plan import Cell
from adtlib.training.augmentation import AUGMENTATIONS
from adtlib.training.runs import training_set_name
from adtlib.training.search.settings import Settings, settings_of
from adtlib.training.trainer import TrainingConfig


def training_config(profile: Profile, architecture: str, train, seed: int) -> TrainingConfig:
    """The configuration of a cell's run; ValueError if its settings depend on a search that has not run yet."""
    return base_config(profile, architecture, train, seed, settings_of(profile, architecture, train))


def base_config(profile: Profile, architecture: str, train, seed: int, settings: Settings) -> TrainingConfig:
    """The configuration of a run with given settings."""
    return TrainingConfig(
        architecture=architecture,
        train=tuple(train),
        hyperparameters=settings.hyperparameters,
        seed=seed,
        epochs=profile.epochs,
        batch_size=profile.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        patience=profile.patience,
        lr_patience=profile.lr_patience,
        features=profile.features,
        precision=profile.precision,
        validation_split=profile.validation_split,
        peak_picking=profile.peaks,
        tolerance=profile.tolerance,
        balance=profile.balance and len(train) > 1,  # a corpus alone is the same run either way
        augmentation=AUGMENTATIONS[profile.augmentation],
    )


def why_not(profile: Profile, cell: Cell, progress: bool = True) -> str | None:
    """Why a cell cannot be trained with the corpora found, in one sentence; None if it can.

    A union needs all its corpora: without one of them it would be a different training set.
    """
    for name in cell.train:
        corpus = prepared_corpus(profile, name, progress)
        for split in ("train", profile.validation_split):
            if not corpus.totals(split).n_units:
                own = "recordings go into train/, validation/ and test/ of the folder"
                remedy = "'adt corpora' says how to get it" if name in CORPORA else own
                where = f" of {corpus.corpus_name}" if len(cell.train) > 1 else ""
                return f"{training_set_name(cell.train_names)}: nothing usable found of the {split} split{where}; {remedy}"
    return None
