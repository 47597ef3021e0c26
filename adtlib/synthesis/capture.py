"""Recording one-shots from sound fonts, kits and samples, once: `capture` writes a bank for each into `cache/rendered/banks/`.

Drum kits of the General MIDI banks are those at programs 0 to 42 of bank 128 (48 and above are orchestral and marching drums).
Melodic instruments are recorded at every fourth semitone, held for three seconds; pitches between are made by resampling.
"""

import contextlib
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.synthesis import singing
from adtlib.synthesis.articulations import of_name, of_pitch
from adtlib.synthesis.samples import BankWriter
from adtlib.synthesis.sources import FONTS, SAMPLE_FOLDERS, SampleFolder, SoundFont, SourceError, hydrogen_kits, require_all

KIT_PROGRAMS = range(43)
VELOCITIES = (20, 44, 68, 92, 110, 127)
# Without programs like drums and cymbals (116 to 119) and sound effects (120 and above); with woodblock and agogo.
PROGRAMS = range(116)
PITCHES = range(28, 97, 4)
STROKE_SECONDS, NOTE_SECONDS = 3.5, 3.0
_GAIN = 0.8
_STRENGTHS = {"soft": 70, "hard": 127}  # highest velocities of files whose names say how hard the stroke was
VERSION = 2  # of the captured banks


def banks_folder() -> Path:
    """Folder of captured banks."""
    return paths.CACHE / "rendered" / "banks"


def capture(progress: bool = True) -> Path:
    """Capture what is not captured yet; returns the folder. SourceError names the packages that are missing."""
    folder = banks_folder()
    require_all()
    jobs = [("kits", kit.name, partial(capture_hydrogen, kit, folder / "kits" / kit.name)) for kit in hydrogen_kits()]
    jobs += [("kits", kit.name, partial(capture_files, kit, folder / "kits" / kit.name)) for kit in SAMPLE_FOLDERS]
    jobs += [("fonts", font.name, partial(_capture_font, font, folder)) for font in FONTS]
    jobs.append(("voices", "voices", partial(_capture_voices, folder / "instruments" / "voices")))
    for kind, name, job in tqdm(jobs, desc="capture sounds", unit="source", disable=not progress):
        done = folder / kind / f"{name}-{VERSION}.done"
        if not done.is_file():
            job()
            paths.write_atomically(done, b"")
    return folder


def kit_paths(folder: Path) -> list[Path]:
    """Banks of drum kits, without suffix, by name: `kits/<hydrogen kit>` and `kits/<font>-<program>`."""
    return sorted(path.with_suffix("") for path in (folder / "kits").glob("*.json"))


# --- sound fonts -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _synthesiser(path: Path) -> Iterator:
    """FluidSynth with a font loaded, without reverb and chorus: (synth, font id)."""
    try:
        import fluidsynth
    except ImportError as error:
        raise SourceError(
            f"FluidSynth cannot be loaded ({error}): apt-get install libfluidsynth3, then {paths.install('train')}"
        ) from error
    synth = fluidsynth.Synth(gain=_GAIN, samplerate=float(SAMPLE_RATE))
    try:
        for effect in ("reverb", "chorus"):
            synth.setting(f"synth.{effect}.active", 0)
        number = synth.sfload(str(path))
        if number < 0:
            raise SourceError(f"{path} cannot be loaded as a sound font: install its package again")
        yield synth, number
    finally:
        synth.delete()


def _record_note(synth, pitch: int, velocity: int, seconds: float, held: float) -> np.ndarray:
    """One note, held for `held` of its `seconds`: mono `(n,)` float32."""
    synth.noteon(0, pitch, velocity)
    parts = [synth.get_samples(round(held * SAMPLE_RATE))]
    synth.noteoff(0, pitch)
    parts.append(synth.get_samples(round((seconds - held) * SAMPLE_RATE)))
    synth.all_sounds_off(0)
    synth.get_samples(64)
    return np.concatenate(parts).reshape(-1, 2).mean(axis=1, dtype=np.float32) / 32768


def _capture_font(font: SoundFont, folder: Path) -> None:
    with _synthesiser(font.path) as (synth, number):
        for program in KIT_PROGRAMS if font.general_midi else (0,):
            bank = 128 if font.general_midi else 0
            if synth.sfpreset_name(number, bank, program):
                synth.program_select(0, number, bank, program)
                _capture_kit(synth, font, program, folder / "kits" / f"{font.name}-{program:03d}")
        if font.general_midi:
            _capture_instruments(synth, number, folder / "instruments" / font.name)


def _capture_kit(synth, font: SoundFont, program: int, path: Path) -> None:
    writer = BankWriter()
    for pitch in range(22, 82):
        articulation = of_pitch(pitch, font.general_midi, program)
        if articulation is None:
            continue
        for velocity in VELOCITIES:
            writer.add(
                articulation, str(pitch), velocity, _record_note(synth, pitch, velocity, STROKE_SECONDS, STROKE_SECONDS - 0.1)
            )
    writer.write(path)


def _capture_instruments(synth, number: int, path: Path) -> None:
    writer = BankWriter()
    for program in PROGRAMS:
        if not synth.sfpreset_name(number, 0, program):
            continue
        synth.program_select(0, number, 0, program)
        for pitch in PITCHES:
            writer.add(f"{program}:{pitch}", "", 127, _record_note(synth, pitch, 100, NOTE_SECONDS + 0.2, NOTE_SECONDS))
    writer.write(path)


# --- Hydrogen ----------------------------------------------------------------------------------------------------------


def capture_hydrogen(kit: Path, path: Path) -> None:
    """Write a bank of the Hydrogen kit in folder `kit`. SourceError where its drumkit.xml or a sample cannot be read."""
    try:
        root = ElementTree.parse(kit / "drumkit.xml").getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise SourceError(f"{kit / 'drumkit.xml'} cannot be read ({error}): install its package again") from error
    writer = BankWriter()
    for number, instrument in enumerate(element for element in root.iter() if _tag(element) == "instrument"):
        name = instrument.findtext("{*}name") or ""
        articulation = of_name(name)
        if articulation is None:
            continue
        for velocity, file in _layers(instrument):
            if (kit / file).is_file():
                writer.add(articulation, f"{number} {name}", velocity, _read(kit / file))
            else:  # Debian removed some samples because of their licences
                warnings.warn(f"{kit / 'drumkit.xml'} names {file}, which is missing: left out", stacklevel=2)
    writer.write(path)


def capture_files(kit: SampleFolder, path: Path) -> None:
    """Write a bank of a folder of samples: "snare_soft" and "snare_hard" are layers of a voice, all others voices of their own."""
    found = []
    for file in kit.files:
        voice, _, strength = file.stem.rpartition("_")
        if strength not in _STRENGTHS:
            voice, strength = file.stem, "hard"
        if articulation := kit.names.get(voice, of_name(voice.replace("_", " "))):
            found.append((articulation, voice, _STRENGTHS[strength], file))
    writer = BankWriter()
    for articulation, voice, velocity, file in sorted(found):
        writer.add(articulation, voice, velocity, _read(file))
    writer.write(path)


def _tag(element) -> str:
    return element.tag.split("}")[-1]


def _layers(instrument) -> list[tuple[int, str]]:
    """(highest velocity, file) of the layers of an instrument, softest first; old kits name one file without layers."""
    layers = []
    for element in instrument.iter():
        if _tag(element) == "layer" and element.findtext("{*}filename"):
            layers.append((round(127 * float(element.findtext("{*}max") or 1)), element.findtext("{*}filename")))
    if not layers and instrument.findtext("{*}filename"):
        layers = [(127, instrument.findtext("{*}filename"))]
    return sorted(layers)


def _read(path: Path) -> np.ndarray:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise SourceError(f"{path} cannot be read ({error}): install its package again") from error
    mono = samples[: round(rate * STROKE_SECONDS)].mean(axis=1)
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")


# --- voices ------------------------------------------------------------------------------------------------------------


def _capture_voices(path: Path) -> None:
    writer = BankWriter()
    for key, voice, waveform in singing.syllables():
        writer.add(key, voice, 127, waveform)
    writer.write(path)
