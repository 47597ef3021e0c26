"""Preparing and training input at the size of E-GMD: the bars that it is to keep, each against a plain way in the same minutes.

    python benchmarks/bench_input.py              a fiftieth of E-GMD, minutes
    python benchmarks/bench_input.py --share 1    all 45,537 recordings, an hour and 6 GB

Rounds alternate, and the median counts: three of preparing (`--rounds`), five of reading; opening and waiting are done once. Memory
is a process's own, without the pages of mapped files, which the system takes back when it needs them.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np
import psutil
from common import apart, in_turn, machine, seconds_of
from simulated_egmd import simulate

LONG = 300  # seconds of a long file


def home(folder: Path) -> None:
    """The parts that are started from here on have their cache below `folder`."""
    os.environ["ADT_HOME"] = str(folder)


class Memory(threading.Thread):
    """Watches this process and its children: peaks of `own` memory and, with pages of files, `resident`, in MB. Linux only."""

    def __init__(self):
        super().__init__(daemon=True)
        self.own = self.resident = 0.0
        self.start()

    def run(self):
        while True:
            me = psutil.Process()
            own = resident = 0.0
            for each in (me, *me.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    memory = each.memory_info()
                    own += (memory.rss - memory.shared) / 2**20
                    resident += memory.rss / 2**20
            self.own, self.resident = max(self.own, own), max(self.resident, resident)
            time.sleep(0.05)


def show(what: str, value: str, bar: str) -> None:
    print(f"{what:<64} {value:>24}   bar: {bar}", flush=True)


def show_memory(own: float, resident: float) -> None:
    show("  peak memory: its own / with pages of files", f"{own:,.0f} / {resident:,.0f} MB", "1,000 MB")


# ---- parts that run in processes of their own ---------------------------------------------------------------------------


def prepare(root: Path) -> None:
    """Seconds and peak memory in MB of preparing E-GMD below a root, the workers' included."""
    from adtlib.corpora.preparation import prepare as run
    from adtlib.corpora.registry import open_corpus

    memory = Memory()
    took = seconds_of(lambda: run(open_corpus("E-GMD", root), progress=False))
    print(took, memory.own, memory.resident)


def train(root: Path) -> None:
    """Seconds to open it for training, share of an epoch that waits for input, and peak memory in MB: the smallest RNN there is."""
    import torch

    from adtlib.corpora.registry import open_corpus
    from adtlib.corpora.store import Prepared, prepared_folder
    from adtlib.training.search.spaces import search_space
    from adtlib.training.segments import Segments
    from adtlib.training.trainer import Trainer, TrainingConfig

    folder = prepared_folder(open_corpus("E-GMD", root))
    opening = seconds_of(lambda: Segments([Prepared(folder)], "train"))
    corpus, space = Prepared(folder), search_space("draft", "RNN")
    smallest = {name: min(values) for name, values in space.items() if name != "use_gru"}
    config = TrainingConfig("RNN", ("E-GMD",), smallest, precision="auto")
    record = {"config": {"architecture": "RNN", "hyperparameters": smallest}}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer(config, [corpus], [corpus], root / "run", device, record)
    waited, real = [0.0], trainer.input

    def timed(*given, **options):
        batches = iter(real(*given, **options))
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            waited[0] += time.perf_counter() - start
            if batch is None:
                return
            yield batch

    trainer.input = timed
    memory = Memory()
    took = seconds_of(lambda: trainer._train_epoch(1))
    print(opening, waited[0] / took, memory.own, memory.resident)


def read(root: Path) -> None:
    """Seconds for a random segment and for a batch of 128, and the same by torch's DataLoader, all from the page cache."""
    from torch.utils.data import DataLoader

    from adtlib.corpora.registry import open_corpus
    from adtlib.corpora.store import Prepared, prepared_folder
    from adtlib.training.segments import Segments

    segments = Segments([Prepared(prepared_folder(open_corpus("E-GMD", root)))], "train")
    rng = np.random.default_rng(0)
    one, many = rng.integers(len(segments), size=2000), rng.integers(len(segments), size=(20, 128))
    loader = DataLoader(segments, 128, sampler=many.ravel().tolist())
    for start in range(0, len(segments), 128):
        segments.batch(np.arange(start, min(start + 128, len(segments))))
    works = {
        "one": lambda: deque(map(segments.__getitem__, one.tolist()), maxlen=0),  # which keeps nothing
        "batch": lambda: deque(map(segments.batch, many), maxlen=0),
        "plain": lambda: deque(loader, maxlen=0),
    }
    found = {name: statistics.median(seconds) for name, seconds in in_turn(works).items()}
    print(found["one"] / len(one), found["batch"] / len(many), found["plain"] / len(many))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3, help="of preparing")
    parser.add_argument("--part", nargs=2)
    options = parser.parse_args()
    if options.part:
        {"prepare": prepare, "train": train, "read": read}[options.part[0]](Path(options.part[1]))
        return
    print(f"E-GMD, one recording of {options.share}; {machine()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = simulate(folder / "short", options.share)
        hours = count * 4 / 3600
        simulate(folder / "long", rows=max(2, round(hours * 3600 / LONG)), seconds=LONG)
        taken = {"short": [], "long": []}
        for number in range(options.rounds):
            for kind, times in taken.items():
                home(folder / f"home-{kind}-{number}")
                times.append(apart(__file__, prepare, folder / kind))
        short, long = (statistics.median(took for took, *_ in taken[kind]) for kind in taken)
        show(
            f"preparing {count:,} files of 4 s, against the same {hours:.1f} h in long files",
            f"{short / long:.2f} times",
            "1.5 times",
        )
        show("  hours of sound a second", f"{hours / short:.3f}", "-")
        show_memory(*(max(peaks) for peaks in list(zip(*taken["short"], strict=True))[1:]))
        home(folder / "home-short-0")
        show("prepare, nothing to do", f"{apart(__file__, prepare, folder / 'short')[0]:.2f} s", "5 s")
        files = sum(path.is_file() for path in (folder / "home-short-0" / "cache" / "prepared").rglob("*"))
        show("files", f"{files:,}", "400")
        opening, waiting, *memory = apart(__file__, train, folder / "short")
        show("opening for training", f"{opening:.3f} s", "0.3 s")
        show("share of an epoch that waits for input, smallest RNN", f"{waiting:.2%}", "2 %")
        show_memory(*memory)
        one, batch, plain = apart(__file__, read, folder / "short")
        show("a random segment with its targets", f"{one * 1e6:,.0f} us", "50 us")
        show("a batch of 128", f"{batch * 1e3:.2f} ms", "3 ms")
        show("  by torch's DataLoader, segment by segment", f"{plain / batch:.1f} times as long", "-")


if __name__ == "__main__":
    main()
