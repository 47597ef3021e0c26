"""Training on a GPU, in one script of eight minutes at most: speed, waiting for input, memory, and whether it is the same training.

    python benchmarks/bench_gpu.py                        where there is a GPU with CUDA
    python benchmarks/bench_gpu.py --device cpu --quick   the same code with little to do, on any machine

1. Equality: logits and gradients of each architecture in float32 against the processor's, within 0.1 % of the largest; in bfloat16
   within 5 % and 15 %.
2. A short training on the processor and on the device: the last losses within 5 %.
3. Share of time that training waits for input, from a simulated corpus in prepared features, with `adtlib.training.trainer.fit`.
4. Several trainings at once on one device: steps a second of all together.
5. Steps a second of each architecture at batch 128 in float32, in the chosen precision, and compiled; largest memory.

What no time is left for is named. No figures from a GPU have been committed: none could be had when this was written.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from common import machine
from torch import nn
from training_peers import CLIP_NORM, LEARNING_RATE, WEIGHT_DECAY, WEIGHTS, batches, losses, network, thesis_sizes, without_dropout

from adtlib.audio.features import SAMPLE_RATE
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.models.loss import weighted_bce
from adtlib.models.prediction import autocast, resolve_precision
from adtlib.training.steps import make_optimizer, train_step
from adtlib.training.trainer import Trainer, TrainingConfig, fit
from adtlib.vocabulary import CLASSES

CPU = torch.device("cpu")
SECONDS = 480  # of the whole script
TOLERANCES = {"float32": (1e-3, 1e-3), "bfloat16": (5e-2, 15e-2)}  # of logits and gradients, as shares of the largest


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def steps_a_second(step: Callable[[], object], device: torch.device, seconds: float) -> float:
    """After three steps that warm up, as many as fit into `seconds`."""
    for _ in range(3):
        step()
    wait_for(device)
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step()
        done += 1
        if done % 10 == 0 or device.type == "cpu":
            wait_for(device)  # so that the clock is not far ahead of the device
    wait_for(device)
    return done / (time.perf_counter() - start)


def stepper(model: nn.Module, batch: int, device: torch.device, precision: str, compiled: bool = False):
    model.to(device)
    optimizer = make_optimizer(model, LEARNING_RATE, WEIGHT_DECAY)
    call = torch.compile(model) if compiled else model
    features, targets = (each.to(device) for each in next(batches(batch)))
    weights = WEIGHTS.to(device)
    return lambda: train_step(call, optimizer, features, targets, weights, precision, CLIP_NORM)


# ---- 1. equality --------------------------------------------------------------------------------------------------------


def logits_and_gradients(label: str, device: torch.device, precision: str) -> tuple[torch.Tensor, torch.Tensor]:
    model = without_dropout(network(label)).to(device)
    features, targets = (each.to(device) for each in next(batches(4)))
    with autocast(device, precision):
        logits = model(features)
    weighted_bce(logits, targets, WEIGHTS.to(device)).backward()
    gradients = torch.cat([p.grad.float().flatten() for p in model.parameters()])
    return logits.detach().float().cpu(), gradients.cpu()


def equality(device: torch.device, labels: list[str]) -> bool:
    equal = True
    for label in labels:
        expected = logits_and_gradients(label, CPU, "float32")
        for precision, tolerances in TOLERANCES.items():
            found = logits_and_gradients(label, device, precision)
            errors = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, expected, strict=True)]
            good = all(error <= most for error, most in zip(errors, tolerances, strict=True))
            equal &= good
            print(
                f"  {label:18} {precision:9} logits {errors[0]:.1e}, gradients {errors[1]:.1e}: {'equal' if good else 'DIFFERENT'}"
            )
    return equal


# ---- 2. the same training -----------------------------------------------------------------------------------------------


def same_training(device: torch.device, steps: int, batch: int) -> bool:
    precision = resolve_precision("auto", device)
    ends = [
        np.mean(losses(without_dropout(network("CNN")), steps, batch, kind, place)[-max(1, steps // 5) :])
        for place, kind in ((CPU, "float32"), (device, precision))
    ]
    same = abs(ends[1] / ends[0] - 1) <= 0.05
    print(
        f"  CNN, {steps} steps of {batch}: loss {ends[0]:.4f} on the processor, {ends[1]:.4f}: {'equal' if same else 'DIFFERENT'}"
    )
    return same


# ---- 3. waiting for input -----------------------------------------------------------------------------------------------


def waiting(device: torch.device, files: int, seconds: int, batch: int) -> None:
    """In a process of its own, whose cache is in a folder that is deleted."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--device", device.type, "--batch", str(batch), "--corpus", folder]
        subprocess.run([*command, str(files), str(seconds)], check=True, env=os.environ | {"ADT_HOME": str(Path(folder) / "home")})


class Timed(Trainer):
    """Knows how long it waited between steps. The device ends each step, so that what waits is the device."""

    waited, worked, ended = 0.0, 0.0, None

    def _train_epoch(self, number: int) -> float:
        self.ended = None  # what comes before the first batch of an epoch is no waiting between steps
        found = super()._train_epoch(number)
        print(f"  epoch {number}: {self.waited / (self.waited + self.worked):.1%} of the time waits for input")
        return found

    def _step(self, *arguments):
        begun = time.perf_counter()
        self.waited += begun - self.ended if self.ended else 0.0
        loss = super()._step(*arguments)
        wait_for(self.device)
        self.ended = time.perf_counter()
        self.worked += self.ended - begun
        return loss


def train_on_noise(device: torch.device, folder: Path, files: int, seconds: int, batch: int) -> None:
    """The smallest RNN of the search space, which leaves input the least time, on files of noise with onsets."""
    rng, root = np.random.default_rng(0), folder / "songs"
    for split, count in (("train", files), ("validation", 1)):
        (root / split).mkdir(parents=True)
        for index in range(count):
            soundfile.write(root / split / f"{index}.wav", rng.normal(0, 0.1, seconds * SAMPLE_RATE), SAMPLE_RATE)
            lines = (f"{at:.2f} {label}\n" for at in np.arange(0.5, seconds - 1, 0.5) for label in CLASSES)
            (root / split / f"{index}.txt").write_text("".join(lines))
    prepared = prepare(FolderCorpus(root), progress=False)
    options = {"num_layers": 2, "hidden_size": 72, "use_gru": True}
    print(f"  RNN 2 x 72 GRU, batch {batch}, {files} files of {seconds} s")
    config = TrainingConfig("RNN", ("songs",), options, epochs=3, batch_size=batch)
    fit(config, [prepared], [prepared], folder / "run", device=device, progress=False, trainer=Timed)


# ---- 4. several at once -------------------------------------------------------------------------------------------------


def together(device: torch.device, counts: tuple[int, ...], batch: int, seconds: float) -> None:
    for count in counts:
        command = [sys.executable, __file__, "--device", device.type, "--worker", str(seconds), "--batch", str(batch)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        rates = [float(process.communicate()[0].split()[-1]) for process in running]
        if any(process.returncode for process in running):
            sys.exit(f"a training of {count} at once failed")
        print(f"  CRNN, {count} at once: {sum(rates):.2f} steps a second together", flush=True)


# ---- 5. speed -----------------------------------------------------------------------------------------------------------


def speeds(device: torch.device, labels: list[str], batch: int, seconds: float, compiling: bool, end: float) -> None:
    precision = resolve_precision("auto", device)
    for label in labels:
        told = []
        for kind, compiled in (("float32", False), (precision, False), *([(precision, True)] if compiling else [])):
            name = f"{kind} compiled" if compiled else kind
            if time.perf_counter() > end:
                told.append(f"{name}: no time left")
                continue
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            begun = time.perf_counter()
            rate = steps_a_second(stepper(network(label), batch, device, kind, compiled), device, seconds)
            first = time.perf_counter() - begun - seconds
            memory = f", {torch.cuda.max_memory_allocated(device) / 1e6:,.0f} MB" if device.type == "cuda" else ""
            told.append(f"{name} {rate:.2f}{memory}" + (f", after {first:.0f} s" if compiled else ""))
        print(f"  {label:18} {'; '.join(told)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="little to do: shows that everything runs, measures nothing")
    parser.add_argument("--batch", type=int, help="128; with --quick 2")
    parser.add_argument("--worker", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        return print("torch finds no GPU with CUDA here: nothing was measured; --device cpu --quick tries the script")
    device, quick = torch.device(options.device), options.quick
    batch = options.batch or (2 if quick else 128)
    if options.worker:
        rate = steps_a_second(stepper(network("CRNN"), batch, device, resolve_precision("auto", device)), device, options.worker)
        return print(rate)
    if options.corpus:
        folder, files, length = options.corpus
        return train_on_noise(device, Path(folder), int(files), int(length), batch)
    begun = time.perf_counter()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU, the processor"
    print(f"{name}; {machine()}; torch {torch.__version__}; precision {resolve_precision('auto', device)}")
    labels = ["CNN"] if quick else list(thesis_sizes())
    seconds = 0.1 if quick else 3.0

    def time_left(what: str, needed: float) -> bool:
        enough = time.perf_counter() - begun + needed <= SECONDS
        print(f"{what}{'' if enough else ': left out, no time left'}  [{time.perf_counter() - begun:.0f} s]", flush=True)
        return enough

    good = True
    if time_left("1. equality with the processor in float32", 60):
        good &= equality(device, labels)
    if time_left("2. a short training", 60):
        good &= same_training(device, 2 if quick else 60, 2 if quick else 16)
    if time_left("3. waiting for input", 60):
        waiting(device, *((2, 12) if quick else (30, 60)), batch)
    if time_left("4. several trainings at once", 90):
        together(device, (1,) if quick else (1, 2, 4), batch, seconds)
    if time_left(f"5. steps a second at batch {batch}", 30):
        speeds(device, labels, batch, seconds, device.type == "cuda", begun + SECONDS - 40)
    print(f"done after {time.perf_counter() - begun:.0f} s")
    sys.exit(0 if good else "results of the device differ from the processor's: see above")


if __name__ == "__main__":
    main()
