"""E-GMD without its sound: its 45,537 recordings by name, in its folders and with its table, but of four seconds each.

    python benchmarks/simulated_egmd.py FOLDER                       the full number, 25 MB: nearly all files are hard links
    python benchmarks/simulated_egmd.py FOLDER --share 50            a fiftieth of it, 911 recordings
    python benchmarks/simulated_egmd.py FOLDER --table TABLE         with the rows of a real e-gmd-v1.0.0.csv, as many as it has
    python benchmarks/simulated_egmd.py FOLDER --seconds 3600 --rows 50   the same hours in long files

Then `ADT_DATA=FOLDER adt prepare e-gmd` and whatever else is to be tried at this size. Rows that no table gives are made after the
pattern of the real ones: 1,059 performances of ten drummers, 43 kits each, in the splits of the corpus.
"""

import argparse
import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import write_audio
from adtlib.corpora.egmd import FOLDER, TABLE, Egmd
from adtlib.notation.midi_files import MidiPart, write_parts
from adtlib.onsets.midi import DRUM_CHANNEL

COLUMNS = ["drummer", "session", "id", "style", "bpm", "beat_type", "time_signature", "duration", "split"]
COLUMNS += ["midi_filename", "audio_filename", "kit_name"]
KITS = (*range(1, 7), 8, *range(10, 20), *range(21, 27), 28, *range(31, 38), *range(41, 45), *range(51, 59))
STYLES = ("funk", "soul-motown", "rock-shuffle", "hiphop", "latin-samba", "jazz-funk", "neworleans-secondline", "afrobeat")
PITCHES = (36, 38, 42, 46, 48, 45, 51, 49)
DISTINCT = 16  # recordings; a file system allows tens of thousands of links to each


def rows_after_the_pattern() -> Iterator[dict]:
    """Rows like those of the real table, in its number and with its splits."""
    wanted = {split: count // len(KITS) for split, count in Egmd.info.n_units.items()}
    splits = [split for split, count in wanted.items() for _ in range(count)]
    order = np.random.default_rng(0).permutation(len(splits))
    for number, place in enumerate(order.tolist()):
        drummer, session, take = f"drummer{1 + number % 10}", f"session{1 + number // 400}", 1 + number // 10
        style, bpm, beat = STYLES[number % len(STYLES)], 60 + 7 * number % 120, "beat" if number % 3 else "fill"
        stem = f"{drummer}/{session}/{take}_{style}_{bpm}_{beat}_4-4"
        for kit in KITS:
            audio = f"{stem}_{kit}"
            known = (drummer, f"{drummer}/{session}", f"{drummer}/{session}/{take}", style.replace("-", "/"), bpm, beat, "4-4", 4.0)
            yield dict(zip(COLUMNS, (*known, splits[place], f"{audio}.midi", f"{audio}.wav", f"Kit {kit}"), strict=True))


def write_distinct(folder: Path, seconds: float) -> list[tuple[Path, Path]]:
    """A few recordings with their MIDI files: bursts of noise on a quiet bed, one for each note."""
    rng, pairs = np.random.default_rng(0), []
    for number in range(DISTINCT):
        times = np.sort(rng.uniform(0.05, seconds - 0.5, round(8 * seconds)))
        notes = [(start, start + 0.1, int(rng.choice(PITCHES)), int(rng.integers(40, 120))) for start in times.tolist()]
        wave = rng.normal(0, 1e-3, round(seconds * SAMPLE_RATE)).astype(np.float32)
        burst = np.exp(-np.arange(4410) / 900).astype(np.float32)
        for start, _, _, velocity in notes:
            at = round(start * SAMPLE_RATE)
            wave[at : at + 4410] += velocity / 600 * burst * rng.normal(0, 0.3, 4410).astype(np.float32)
        audio, midi = folder / f"{number}.wav", folder / f"{number}.midi"
        write_audio(audio, np.clip(wave, -1, 1))
        write_parts(midi, [MidiPart("drums", 0, DRUM_CHANNEL, notes)], end=seconds)
        pairs.append((audio, midi))
    return pairs


def simulate(folder: Path, share: int = 1, rows: int | None = None, seconds: float = 4.0, table: Path | None = None) -> int:
    """Write the simulation below `folder`; return its number of recordings.

    share  a `share`-th of the rows; rows: no more than these; table: a real one, whose rows come first.
    """
    root, chosen = folder / FOLDER, []
    if table is not None:
        with open(table, newline="", encoding="utf-8-sig") as file:
            chosen = list(csv.DictReader(file))
    chosen = [*chosen, *rows_after_the_pattern()][: Egmd.info.n_tracks][::share][:rows]
    pairs = write_distinct(folder / "distinct", seconds)
    made: set[Path] = set()
    for number, row in enumerate(chosen):
        for name, source in zip((row["audio_filename"], row["midi_filename"]), pairs[number % DISTINCT], strict=True):
            target = root / name
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            target.unlink(missing_ok=True)
            os.link(source, target)
    with open(root / TABLE, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(chosen)
    return len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--table", type=Path)
    options = vars(parser.parse_args())
    print(f"{simulate(**options):,} recordings in {options['folder']}")


if __name__ == "__main__":
    main()
