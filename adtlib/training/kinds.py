"""Training a head for kinds of strokes (`models.kinds`) on a network that stays as it is, from rendered clips.

The network hears the clips once, varied as in its own training. At each stroke that it hears, what its output layers see is kept,
with the spectrogram around; of frequent kinds as many strokes as are enough. The head is trained on these examples in minutes.

Kinds are not equally frequent: a splash is one of 40 cymbals. Examples are drawn with their frequencies evened out, the loss
corrects logits by the frequencies in which they were drawn (Menon et al. 2021), and the trained head's bias contains those of the
clips.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import nn

from adtlib.corpora.store import Prepared
from adtlib.models.ensemble import Ensemble
from adtlib.models.kinds import AFTER, BEFORE, CLASS_OF_KIND, N_KINDS, KindsHead, within_classes
from adtlib.models.prediction import autocast, resolve_precision
from adtlib.models.windows import window_frames
from adtlib.training.augmentation import Augmentation, augment
from adtlib.training.segments import Crops, Gathering, in_batches
from adtlib.vocabulary import CLASSES, KINDS, MAIN_KIND

FEWEST = 10  # strokes on which a confidence can be chosen
HEARD = 0.3  # activation of a class from which on a stroke can be found at all
_TOGETHER = 16  # segments that the network hears at once


@dataclass(frozen=True)
class KindsConfig:
    """How a head is trained.

    segments    that the network hears, at most.
    most        examples of a kind that are kept.
    evened      exponent of the number of a kind's examples, to which its share of a batch is proportional: 1 as they are, 0 equal.
    jitter      share of examples a frame before the stroke, and a frame after it, as onsets are found.
    precision   on validation clips, from which on a kind is believed rather than its class's main kind.
    """

    width: int = 64
    segments: int = 4_500
    most: int = 8_000
    evened: float = 0.5
    jitter: float = 0.2
    batch_size: int = 128
    steps: int = 1_600
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    precision: float = 0.8
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, eq=False)
class Examples:
    """Strokes: features around each `(N, 31, 84)` and hidden `(N, D)`, float16; kinds `(N,)`; `counts` `(K,)` of all there were."""

    features: np.ndarray
    hidden: np.ndarray
    kinds: np.ndarray
    counts: np.ndarray


def gather_examples(
    network: Ensemble,
    clips: Prepared,
    split: str,
    config: KindsConfig,
    augmented: bool,
    progress=lambda segments: segments,
) -> Examples:
    """What the network hears at the strokes of a split, segments in random order; with `augmented` at most `config.most` of a kind.

    Left out: strokes that the network does not hear, those less than 50 ms from the start or 250 ms from the end of a segment, and
    those that another kind of the same class coincides with.
    """
    rng = np.random.default_rng([config.seed, 3])
    frames = window_frames(network)
    source = Gathering([clips], split, frames, kinds=True)
    crops = Crops(source) if augmented else None
    parts = np.concatenate([np.arange(0, size, frames) for size in source.frames])
    units = np.repeat(np.arange(len(source.frames)), -(-source.frames // frames))
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    counts, have = np.zeros(N_KINDS, dtype=np.int64), np.zeros(N_KINDS, dtype=np.int64)
    order = rng.permutation(len(units))[: config.segments]
    for batch in progress(list(in_batches(order, _TOGETHER))):
        features, _, kinds = source.gather(units[batch], parts[batch])
        if crops is not None:
            features = augment(features, crops.extra(len(batch), rng), config.augmentation, rng)
        hidden, activations = _heard(network, features)
        row, frame, kind = _strokes(kinds, activations)
        counts += np.bincount(kind, minlength=N_KINDS)
        if augmented:
            frame = frame + rng.choice([-1, 0, 1], len(frame), p=[config.jitter, 1 - 2 * config.jitter, config.jitter])
            rank = _rank(kind) + have[kind]
            row, frame, kind = (each[rank < config.most] for each in (row, frame, kind))
            have += np.bincount(kind, minlength=N_KINDS)
        inside = (frame >= BEFORE) & (frame < frames - AFTER)
        row, frame, kind = row[inside], frame[inside], kind[inside]
        around = frame[:, None] + np.arange(-BEFORE, AFTER + 1)
        kept.append((features[row[:, None], around].astype(np.float16), hidden[row, frame], kind.astype(np.uint8)))
    return Examples(*map(np.concatenate, zip(*kept, strict=True)), counts)


@torch.inference_mode()
def _heard(network: Ensemble, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(hidden `(B, T, D)` float16, activations `(B, T, 5)` float32) of segments."""
    device = next(network.parameters()).device
    with autocast(device, resolve_precision("auto", device)):
        hidden = network.hidden(torch.from_numpy(features).to(device))
        activations = torch.sigmoid(network.averaged(hidden))
    return torch.cat(hidden, dim=-1).half().cpu().numpy(), activations.cpu().numpy()


def _strokes(kinds: np.ndarray, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(segment, frame, kind) of strokes that are heard and alone in their class; `kinds`: widened targets `(B, T, K)`."""
    row, frame, kind = np.nonzero(kinds == 1)
    of_class = np.array(CLASS_OF_KIND)
    same = of_class[:, None] == of_class  # (K, K)
    alone = ((kinds[row, frame] > 0) & same[kind]).sum(axis=1) == 1
    near = np.clip(frame[:, None] + np.arange(-2, 3), 0, activations.shape[1] - 1)
    heard = activations[row[:, None], near, of_class[kind][:, None]].max(axis=1) >= HEARD
    return tuple(each[alone & heard] for each in (row, frame, kind))


def _rank(kind: np.ndarray) -> np.ndarray:
    """For each entry how many equal ones come before it."""
    order = np.argsort(kind, kind="stable")
    rank = np.empty(len(kind), dtype=np.int64)
    rank[order] = np.arange(len(kind)) - np.searchsorted(kind[order], kind[order])
    return rank


# ---- training -----------------------------------------------------------------------------------------------------------


def fit_kinds(network: Ensemble, examples: Examples, config: KindsConfig, progress=lambda steps: steps) -> KindsHead:
    """A trained head, in evaluation mode; the network is not changed."""
    torch.manual_seed(config.seed)
    scale = network.members[0].standardize
    head = KindsHead(examples.hidden.shape[1], config.width, float(scale.mean), float(scale.std))
    shares, draw = _draws(examples.kinds, config)
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=config.steps)
    drawn = _prior(shares)
    head.train()
    for _ in progress(range(config.steps)):
        features, hidden, kinds = _batch(examples, draw())
        found = within_classes(head.of_surroundings(features, hidden)[:, 0] + drawn)
        loss = -found.gather(1, kinds[:, None]).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        head.output[-1].bias += _prior(examples.counts)
    return head.eval().requires_grad_(False)


def _batch(examples: Examples, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features `(B, 31, 84)`, hidden `(B, 1, D)`, kinds `(B,)`."""
    features, hidden = (torch.from_numpy(each[rows].astype(np.float32)) for each in (examples.features, examples.hidden))
    return features, hidden[:, None], torch.from_numpy(examples.kinds[rows].astype(np.int64))


def _draws(kinds: np.ndarray, config: KindsConfig):
    """(number of each kind in proportion to how often it is drawn, a function that draws a batch)."""
    rng = np.random.default_rng([config.seed, 4])
    present = np.bincount(kinds, minlength=N_KINDS)
    shares = present.astype(np.float64) ** config.evened * (present > 0)
    shares[0] = 0  # there is one kind of kick
    ends = np.cumsum(shares[kinds] / present[kinds])
    return shares, lambda: np.searchsorted(ends, rng.random(config.batch_size) * ends[-1], side="right").clip(max=len(kinds) - 1)


def _prior(counts: np.ndarray) -> torch.Tensor:
    """Log of each kind's share of its class; of kinds that there are not, that of half a stroke."""
    counts = np.maximum(counts, 0.5)
    of_class = np.bincount(CLASS_OF_KIND, counts)
    return torch.from_numpy(np.log(counts / of_class[list(CLASS_OF_KIND)])).float()


# ---- confidence ---------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def probabilities(head: KindsHead, examples: Examples, size: int = 1_024) -> np.ndarray:
    """Probability `(N, K)` of each kind within its class at each example."""
    rows = in_batches(np.arange(len(examples.kinds)), size)
    batches = (_batch(examples, each) for each in rows)
    return np.concatenate([within_classes(head.of_surroundings(x, h)[:, 0]).exp().numpy() for x, h, _ in batches])


def least_confidences(found: np.ndarray, kinds: np.ndarray, precision: float) -> dict[str, float | None]:
    """The lowest confidence from which on each kind, where it is the likeliest of its class, is right this often; None if never.

    found  probabilities `(N, K)` at examples;  kinds  `(N,)`, what they are.

    Main kinds need none.
    """
    of_class = np.array(CLASS_OF_KIND)
    own = np.where(of_class[kinds][:, None] == of_class, found, -1.0)  # (N, K): of the kinds of its class
    best, confidence = own.argmax(axis=1), own.max(axis=1)
    least: dict[str, float | None] = {}
    for number, (kind, name) in enumerate(KINDS.items()):
        if kind == MAIN_KIND[name]:
            continue
        mine = np.flatnonzero(best == number)
        mine = mine[np.argsort(-confidence[mine], kind="stable")]
        right = np.cumsum(kinds[mine] == number) / np.arange(1, len(mine) + 1)
        last = np.diff(confidence[mine], append=-1) < 0  # of equal confidences
        enough = np.flatnonzero((right >= precision) & last)
        few = len(enough) == 0 or enough[-1] + 1 < FEWEST
        least[kind] = None if few else math.floor(1e4 * float(confidence[mine][enough[-1]])) / 1e4
    return least


def believed(found: np.ndarray, kinds: np.ndarray, least: dict[str, float | None]) -> np.ndarray:
    """The kind `(N,)` that is told at each example: the likeliest of its class, or the main one where it is not believed."""
    of_class, names = np.array(CLASS_OF_KIND), list(KINDS)
    own = np.where(of_class[kinds][:, None] == of_class, found, -1.0)
    best, confidence = own.argmax(axis=1), own.max(axis=1)
    bounds = np.array([np.inf if (value := least.get(name, 0.0)) is None else value for name in names])
    main = np.array([names.index(MAIN_KIND[name]) for name in CLASSES])
    return np.where(confidence >= bounds[best], best, main[of_class[kinds]])


def score_table(found: np.ndarray, kinds: np.ndarray, least: dict[str, float | None]) -> pd.DataFrame:
    """A row a kind: how many examples, how often it is told, precision and recall given the class."""
    told = believed(found, kinds, least)
    rows = []
    for number, name in enumerate(KINDS):
        right = np.count_nonzero((told == number) & (kinds == number))
        examples, said = np.count_nonzero(kinds == number), np.count_nonzero(told == number)
        row = {"kind": name, "examples": examples, "told": said, "from confidence": least.get(name, 0.0)}
        rows.append(row | {"precision": right / said if said else np.nan, "recall": right / examples if examples else np.nan})
    return pd.DataFrame(rows)
