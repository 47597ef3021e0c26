"""Training steps of the five architectures (forward, backward, optimiser) against plain PyTorch: float32, contiguous, its dropout.

    python benchmarks/bench_training.py [--batch 64] [--rounds 5] [--only LABEL ...]
    python benchmarks/bench_training.py --losses 60    the loss, step by step, in float32 and in the precision that is chosen here

Sizes are the thesis's (params/thesis.yaml), and a CRNN of 3 x 288 with LSTM and with GRU. Rounds alternate; ratios are the median
of the rounds' ratios. The limit is that of arithmetic: the matrix products and convolutions of a forward pass, three times, at the
speed that this processor has for large matrices. Bars: CRNN 3 x 288 4 times plain PyTorch, each other 2.
"""

import argparse
import statistics

import torch
from arithmetic import operations, speed_of_products
from common import in_turn, machine, times_faster
from torch import nn
from training_peers import CLIP_NORM, LEARNING_RATE, WEIGHT_DECAY, WEIGHTS, batches, losses, network, plain, thesis_sizes

from adtlib.models.prediction import resolve_precision
from adtlib.training.steps import make_optimizer, train_step

CPU = torch.device("cpu")
BARS = {"CRNN 3 x 288 LSTM": 4, "CRNN 3 x 288 GRU": 4}


def stepper(model: nn.Module, batch: int, precision: str):
    optimizer = make_optimizer(model, LEARNING_RATE, WEIGHT_DECAY)
    features, targets = next(batches(batch))
    return lambda: train_step(model, optimizer, features, targets, WEIGHTS, precision, CLIP_NORM)


def products(model: nn.Module, batch: int) -> int:
    """Floating-point operations of a step: three times those of a forward pass."""
    return 3 * operations(model, next(batches(batch))[0])


def show_losses(steps: int, labels: list[str], precision: str) -> None:
    for label in labels:
        curves = [losses(network(label, seed), steps, 8, kind, CPU) for seed in (0, 1) for kind in ("float32", precision)]
        print(f"\n{label}: loss of float32 and {precision} with seed 0, then with seed 1")
        for first in range(0, steps, max(1, steps // 6)):
            part = [statistics.mean(curve[first : first + max(1, steps // 6)]) for curve in curves]
            print(f"  steps from {first + 1:4d}: " + "  ".join(f"{value:.4f}" for value in part))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=list(thesis_sizes()), choices=list(thesis_sizes()))
    parser.add_argument("--losses", type=int, default=0, metavar="STEPS")
    options = parser.parse_args()
    precision = resolve_precision("auto", CPU)
    print(f"{machine()}; torch uses {torch.get_num_threads()}; precision chosen for this processor: {precision}")
    if options.losses:
        return show_losses(options.losses, options.only, precision)
    fastest, single = speed_of_products(precision) / 1e9, speed_of_products("float32") / 1e9
    print(f"products of large matrices: {single:.0f} GFLOP/s in float32, {fastest:.0f} in {precision}")
    columns = ("plain", "adtlib", "times", "bar", "limit", "reached")
    print(f"batch {options.batch}; segments a second\n{'':20}" + "".join(f"{name:>9}" for name in columns))
    for label in options.only:
        works = {
            "adtlib": stepper(network(label), options.batch, precision),
            "plain": stepper(plain(network(label)), options.batch, "float32"),
        }
        found = in_turn(works, options.rounds)
        ours, theirs = (options.batch / statistics.median(found[name]) for name in ("adtlib", "plain"))
        limit = options.batch * fastest * 1e9 / products(network(label), options.batch)
        ratio = times_faster(found["adtlib"], found["plain"])
        print(
            f"{label:20}{theirs:9.1f}{ours:9.1f}{ratio:9.2f}{BARS.get(label, 2):9d}{limit:9.1f}{ours / limit:9.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
