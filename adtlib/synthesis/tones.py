"""Kits, songs and performances made of tones and decays, for tests and the profile smoke: no package of sounds is needed."""

from pathlib import Path

import mido
import numpy as np
import pandas as pd
import soundfile

from adtlib.audio.features import SAMPLE_RATE
from adtlib.synthesis import capture
from adtlib.synthesis.samples import BankWriter

SILENCE = 0.05  # seconds before each stroke of the kits here
DRUMS = {
    "Kick": 60,
    "Snare": 200,
    "Tom Low": 110,
    "Tom Hi": 160,
    "Closed HH": 9_000,
    "Open HH": 8_000,
    "Ride": 5_000,
    "Crash": 4_000,
    "Bongo Hi": 300,
    "Bongo Lo": 250,
}


def tone(frequency: float, seconds: float = 0.4) -> np.ndarray:
    """A sine that decays, after SILENCE: `(n,)`."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    burst = np.sin(2 * np.pi * frequency * time + 1) * np.exp(-time / 0.08)
    return np.concatenate([np.zeros(round(SILENCE * SAMPLE_RATE)), burst])


def write_hydrogen_kit(folder: Path, shift: float = 1.0, layers: int = 2) -> Path:
    """A kit as Hydrogen stores it; `shift` is a factor on its frequencies."""
    folder.mkdir(parents=True)
    instruments = []
    for number, (name, frequency) in enumerate(DRUMS.items()):
        parts = []
        for layer in range(layers):
            file = f"{number}-{layer}.wav"
            soundfile.write(folder / file, 0.5 * tone(frequency * shift * (1 + 0.3 * layer)), SAMPLE_RATE)
            top = (layer + 1) / layers
            parts.append(f"<layer><filename>{file}</filename><min>0</min><max>{top}</max><gain>1</gain></layer>")
        instruments.append(f"<instrument><id>{number}</id><name>{name}</name>{''.join(parts)}</instrument>")
    text = f"<drumkit_info><name>made here</name><instrumentList>{''.join(instruments)}</instrumentList></drumkit_info>"
    (folder / "drumkit.xml").write_text(text)
    return folder


def write_groove(root: Path, splits: tuple[str, ...] = ("train", "train", "validation", "validation", "test")) -> None:
    """Performances as Groove MIDI stores them, every second a fill, one for each of `splits`."""
    rows = []
    for number, split in enumerate(splits):
        file = mido.MidiFile(ticks_per_beat=480)
        track = mido.MidiTrack()
        file.tracks.append(track)
        for step in range(32 if number % 2 else 64):
            pitch = (36, 42, 38, 42, 48, 46, 51, 49)[(step + number) % 8]
            track.append(mido.Message("note_on", channel=9, note=pitch, velocity=60 + step % 50, time=0))
            track.append(mido.Message("note_on", channel=9, note=pitch, velocity=0, time=240))
        (root / "groove").mkdir(parents=True, exist_ok=True)
        file.save(root / "groove" / f"{number}.mid")
        kind = "fill" if number % 2 else "beat"
        row = {"id": f"g{number}", "bpm": 100, "beat_type": kind, "time_signature": "4-4", "midi_filename": f"{number}.mid"}
        rows.append(row | {"split": split})
    pd.DataFrame(rows).to_csv(root / "groove" / "info.csv", index=False)


def write_songs(root: Path, count: int = 12) -> None:
    """Songs of a bass, a piano and a bass drum, as Freedoom stores them."""
    folder = root / "midi_songs_freedoom"
    folder.mkdir(parents=True)
    for number in range(count):
        file = mido.MidiFile(ticks_per_beat=96)
        for channel, program, pitch in ((0, 33, 40), (1, 0, 64), (9, 0, 36)):
            track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
            for step in range(80):
                note = pitch + (number + step) % 5
                track.append(mido.Message("note_on", channel=channel, note=note, velocity=90, time=0))
                track.append(mido.Message("note_off", channel=channel, note=note, time=96))
            file.tracks.append(track)
        file.save(folder / f"song{number}.mid")


def write_banks(folder: Path, kits: tuple[str, ...], fonts: tuple[str, ...] = ("fluid", "timgm")) -> None:
    """Banks of kits, each tuned a little higher than the one before, of instruments and of voices, as `capture` writes them."""
    for number, name in enumerate(kits):
        kit = write_hydrogen_kit(folder / "hydrogen" / name, 1 + 0.1 * number)
        capture.capture_hydrogen(kit, folder / "kits" / name)
    for font in fonts:
        writer = BankWriter()
        for program in capture.PROGRAMS:
            for pitch in capture.PITCHES:
                writer.add(f"{program}:{pitch}", "", 127, tone(440 * 2 ** ((pitch - 69) / 12), 0.1))
        writer.write(folder / "instruments" / font)
    writer = BankWriter()
    for pitch in capture.singing.PITCHES:
        writer.add(f"voice:{pitch}", "0", 127, tone(440 * 2 ** ((pitch - 69) / 12)))
    writer.write(folder / "instruments" / "voices")
