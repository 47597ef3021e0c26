"""How each cost grows with its work, on logarithmic scales, and what that predicts for 805 hours in 50,000 files.

    python benchmarks/growth.py                   small sizes, minutes
    python benchmarks/growth.py --size 16         up to 14,592 short files, 64 hours of long ones and 640 hours scored; half an hour
    python benchmarks/growth.py --write docs      growth.csv, growth.svg there, and the table between the marks of speed.md

Each point is the median of three in turn, in a process of its own with one thread for numerical libraries; transcribing has threads
of its own, one for each core up to four. The prediction for more workers is Amdahl's: from the times of one worker and of two
follow the part that is done once and the part that is shared.
"""

import argparse
import csv
import io
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.optimize
from common import apart, machine, seconds_of
from simulated_egmd import simulate

HOURS, FILES = 805, 50_000  # of the four training corpora of the thesis
SHORT, LONG = 4, 300  # seconds of a recording
WORKERS = (1, 2)
SMALLEST = {"files": 57, "hours": 0.25}
STEPS = 4  # amounts of each work
MARKS = "<!-- growth: written by benchmarks/growth.py -->", "<!-- end of growth -->"


class Point(NamedTuple):
    """Seconds that an amount of work takes, by some number of workers."""

    cost: str
    unit: str
    workers: int
    amount: float
    seconds: float


class Line(NamedTuple):
    """seconds = once + each * amount, fitted to the points of a cost; and the slope of the points on logarithmic scales."""

    slope: float
    once: float
    each: float

    def at(self, amount: float) -> float:
        return self.once + self.each * amount


# ---- parts, each in a process of its own, which prints seconds ------------------------------------------------------------


def prepare(root: str, workers: str) -> float:
    from adtlib.corpora.preparation import prepare as run
    from adtlib.corpora.registry import open_corpus

    corpus = open_corpus("E-GMD", Path(root))
    return seconds_of(lambda: run(corpus, workers=int(workers), progress=False))


def open_for_training(root: str) -> float:
    from adtlib.corpora.registry import open_corpus
    from adtlib.corpora.store import Prepared, prepared_folder
    from adtlib.training.segments import Segments

    folder = prepared_folder(open_corpus("E-GMD", Path(root)))
    return seconds_of(lambda: Segments([Prepared(folder)], "train"))


def score(hours: str) -> float:
    from bench_scoring import recording

    from adtlib.evaluation.metrics import count_matches
    from adtlib.onsets.peak_picking import pick_peaks

    y, truth = recording(900, np.random.default_rng(0))
    return seconds_of(lambda: [count_matches(truth, pick_peaks(y)) for _ in range(round(4 * float(hours)))])


def transcribe(hours: str) -> float:
    from bench_transcribe import pretrained, write_song

    from adtlib.transcription.pipeline import transcribe as run

    with tempfile.TemporaryDirectory() as name:
        song, model = Path(name) / "song.wav", pretrained(None)
        write_song(song, 60)
        run(song, model=model, keep_features=False)
        write_song(song, round(3600 * float(hours)))
        return seconds_of(lambda: run(song, model=model, keep_features=False))


def train(hours: str) -> float:
    """Steps of the CRNN of params/thesis.yaml; hours of segments heard."""
    import torch
    from bench_training import stepper
    from training_peers import network

    from adtlib.models.prediction import resolve_precision

    batch = 8
    step = stepper(network("CRNN"), batch, resolve_precision("auto", torch.device("cpu")))
    step()
    return seconds_of(lambda: [step() for _ in range(max(1, round(float(hours) * 3600 / (4 * batch))))])


PARTS = {part.__name__: part for part in (prepare, open_for_training, score, transcribe, train)}


def seconds_apart(home: Path, part: Callable, *given) -> float:
    """The seconds that a part prints in a process of its own, whose cache lies below `home`."""
    (seconds,) = apart(__file__, part, *given, ADT_HOME=str(home), OMP_NUM_THREADS="1")
    return seconds


# ---- points ------------------------------------------------------------------------------------------------------------------


def amounts(smallest: float, size: float) -> list[float]:
    """STEPS amounts from the smallest to 16 * size times it, at equal distances on a logarithmic scale."""
    return [smallest * (16 * size) ** (step / (STEPS - 1)) for step in range(STEPS)]


def corpora(folder: Path, size: float) -> list[Point]:
    """Points of preparing and opening, of short files and of long ones."""
    points = []
    kinds = (("files of 4 s", "files", SHORT), ("files of 300 s", "hours", LONG))
    for kind, unit, seconds in kinds:
        for number, amount in enumerate(amounts(SMALLEST[unit], size)):
            rows = max(2, round(amount if unit == "files" else amount * 3600 / LONG))
            root = folder / f"{unit}-{number}"
            simulate(root, rows=rows, seconds=seconds)
            done = rows if unit == "files" else rows * LONG / 3600
            homes = {workers: folder / f"home-{unit}-{number}-{workers}" for workers in WORKERS}
            for workers, home in homes.items():
                points.append(Point(f"prepare, {kind}", unit, workers, done, seconds_apart(home, prepare, root, workers)))
            if unit == "files":
                points.append(Point("prepare, nothing to do", unit, 1, done, seconds_apart(homes[1], prepare, root, 1)))
                points.append(Point("open for training", unit, 1, done, seconds_apart(homes[1], open_for_training, root)))
    return points


def rest(folder: Path, size: float) -> list[Point]:
    """Points of scoring, transcribing and training."""
    works = ((score, "score", 10 * SMALLEST["hours"]), (transcribe, "transcribe, on all cores", 1 / 60), (train, "train", 2 / 60))
    return [
        Point(cost, "hours", 1, amount, seconds_apart(folder, part, amount))
        for part, cost, least in works
        for amount in amounts(least, size)
    ]


def median_points(rounds: list[list[Point]]) -> list[Point]:
    """Of each point the median of its seconds in all rounds."""
    together = zip(*rounds, strict=True)
    return [same[0]._replace(seconds=float(np.median([point.seconds for point in same]))) for same in together]


def lines(points: list[Point]) -> dict[tuple[str, str, int], Line]:
    """By cost, unit and workers: least squares of relative errors, as amounts differ by a factor of 1,000; no part negative."""
    found = {}
    for key in dict.fromkeys((point.cost, point.unit, point.workers) for point in points):
        x, y = np.array([(point.amount, point.seconds) for point in points if (point.cost, point.unit, point.workers) == key]).T
        slope, _ = np.polyfit(np.log(x), np.log(y), 1)
        (once, each), _ = scipy.optimize.nnls(np.stack([1 / y, x / y], axis=1), np.ones(len(x)))
        found[key] = Line(float(slope), float(once), float(each))
    return found


# ---- what is written ------------------------------------------------------------------------------------------------------


def predictions(fitted: dict[tuple[str, str, int], Line]) -> list[list[str]]:
    """Rows of the table: cost, slope, and all corpora by one worker, two, eight, 64."""
    rows = []
    for (cost, unit, workers), line in fitted.items():
        if workers != 1:
            continue
        amount = FILES if unit == "files" else HOURS
        one = line.at(amount)
        row = [f"{cost}: {amount:,} {unit}", f"{line.slope:.2f}", words(one)]
        if other := fitted.get((cost, unit, 2)):
            two = other.at(amount)
            once = min(max(0.0, 2 * two - one), one)
            row += [words(two), *(words(once + (one - once) / more) for more in (8, 64))]
        else:
            row += ["-"] * 3
        rows.append(row)
    return rows


def words(seconds: float) -> str:
    """A time in the unit that suits it."""
    for limit, unit in ((1, 1e-3), (120, 1), (7200, 60)):
        if seconds < limit:
            return f"{seconds / unit:.3g} {({1e-3: 'ms', 1: 's', 60: 'min'})[unit]}"
    return f"{seconds / 3600:.3g} h" if seconds < 3.6e6 else f"{seconds / 3600:,.0f} h"


def table(rows: list[list[str]]) -> str:
    head = ["cost", "slope", "1 worker", "2 workers", "8", "64"]
    text = io.StringIO()
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |", file=text)
    return text.getvalue()


def draw(points: list[Point], fitted: dict[tuple[str, str, int], Line], path: Path) -> None:
    """Seconds against files, and against hours, both axes logarithmic; dashed where two workers share the work."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "growth"
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharey=True)
    costs = list(dict.fromkeys(point.cost for point in points))
    for unit, ends, ax in (("files", FILES, axes[0]), ("hours", HOURS, axes[1])):
        for (cost, of, workers), line in fitted.items():
            if of != unit:
                continue
            mine = [p for p in points if (p.cost, p.unit, p.workers) == (cost, of, workers)]
            colour = f"C{costs.index(cost)}"
            label = f"{cost}: slope {line.slope:.2f}" if workers == 1 else f"  by {workers} workers: {line.slope:.2f}"
            span = np.geomspace(min(p.amount for p in mine), ends)
            style = "-" if workers == 1 else "--"
            ax.plot(span, [line.at(x) for x in span], style, color=colour, linewidth=1, alpha=0.6, label=label)
            ax.plot([p.amount for p in mine], [p.seconds for p in mine], "o", color=colour, markersize=4)
        ax.axvline(ends, color="0.7", linewidth=0.8)
        ax.set(xscale="log", yscale="log", xlabel=f"{unit} (all corpora: {ends:,})")
        ax.legend(fontsize=7, loc="upper left")
        ax.grid(True, which="major", linewidth=0.3)
    axes[0].set_ylabel("seconds")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(folder: Path, points: list[Point], text: str) -> None:
    """growth.csv and growth.svg, and the table between the marks of speed.md."""
    with open(folder / "growth.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Point._fields)
        writer.writerows(point._replace(amount=f"{point.amount:.6g}", seconds=f"{point.seconds:.4g}") for point in points)
    draw(points, lines(points), folder / "growth.svg")
    page = folder / "speed.md"
    whole = page.read_text(encoding="utf-8")
    first, last = map(re.escape, MARKS)
    if not re.search(f"{first}.*{last}", whole, re.DOTALL):
        sys.exit(f"{page}: the marks {MARKS} are missing")
    new = f"{MARKS[0]}\n{text}\n{MARKS[1]}"
    page.write_text(re.sub(f"{first}.*{last}", lambda found: new, whole, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=1, help="of the largest works; 1 is some minutes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument("--part", nargs="+")
    options = parser.parse_args()
    if options.part:
        print(PARTS[options.part[0]](*options.part[1:]))
        return
    rounds = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as name:
            rounds.append(corpora(Path(name), options.size) + rest(Path(name), options.size))
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    points = median_points(rounds)
    text = f"{machine()}, one thread a worker\n\n{table(predictions(lines(points)))}"
    print(text)
    if options.write:
        write(options.write, points, text)


if __name__ == "__main__":
    main()
