"""Numbers that the page's JavaScript must reproduce, computed by adtlib: fixtures/*.json, and the tables that src/ has from it.

    PYTHONPATH=. .venv/bin/python page/tests/write_fixtures.py

Run it after a change of what it imports; `make test-page` then says what the page does otherwise.
"""

import base64
import hashlib
import itertools
import json
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import scipy.signal

from adtlib import __version__
from adtlib.audio import defects, downmix, features, normalise
from adtlib.audio.files import resampled_blocks
from adtlib.models.windows import margin_of, windows_of
from adtlib.notation import beat_model, dtx
from adtlib.notation.beats import Beats
from adtlib.onsets import energies, peak_picking
from adtlib.transcription import repetition, rests as transcription_rests
from adtlib.transcription.events import Edit, edited
from adtlib.transcription.transcription import Transcription

HERE = Path(__file__).resolve().parent
RATE = features.SAMPLE_RATE
WEIGHT = 0.35  # of other bars


def numbers(values) -> dict:
    """An array as base64, little-endian."""
    values = np.ascontiguousarray(values)
    values = values.astype("<f4" if values.dtype.kind == "f" and values.itemsize <= 4 else "<f8")
    return {"type": values.dtype.str[1:], "shape": list(values.shape), "data": base64.b64encode(values.tobytes()).decode()}


def whole(values, scale) -> tuple[np.ndarray, dict]:
    """Values rounded to parts of 1 / scale, which take a byte or two: (the rounded values float32, how they are stored)."""
    steps = np.rint(np.asarray(values, dtype=np.float64) * scale)
    stored = steps.astype("u1" if scale < 256 else "<i2")
    assert np.array_equal(stored, steps)
    data = base64.b64encode(stored.tobytes()).decode()
    kept = (steps / scale).astype(np.float32)
    return kept, {"type": stored.dtype.str[1:], "shape": list(stored.shape), "scale": scale, "data": data}


def waveform(seconds, seed=0, loud=0.5):
    """Noise bursts and tones that decay: what a drummer and a bass would leave."""
    rng = np.random.default_rng(seed)
    wave = rng.normal(0, 0.01, int(seconds * RATE))
    for start in np.arange(0.05, seconds - 0.1, 0.21):
        at, t = int(start * RATE), np.arange(3000) / RATE
        wave[at : at + 3000] += loud * np.exp(-t * 60) * (np.sin(2 * np.pi * 80 * t) + 0.4 * rng.normal(size=3000))
    return wave.astype(np.float32)


def audio() -> dict:
    """Waveforms, their mixtures, levels and features."""
    mono, stored = whole(waveform(0.6), 32_768)
    right = mono[::-1].copy()
    wide = np.stack([mono, np.float32(0.05) * right - mono], axis=1)
    three = np.stack([mono, -mono, np.float32(0.3) * right], axis=1)
    soft = np.float32(0.004) * np.resize(mono, 4 * RATE)
    soft[2 * RATE : 2 * RATE + 2_000] = np.resize(np.float32([0.9, -0.9]), 2_000)
    clicked = mono.copy()
    clicked[20_000:20_004] = [9, -30, 25, -12]
    rumbling = np.float32(0.1) * mono + np.float32(0.4)

    def mixture(*channels):
        both = np.stack(channels, axis=1) if len(channels) > 1 else channels[0]
        return numbers(np.concatenate(list(downmix.mixed([both[:15_000], both[15_000:]], RATE)))[::17])

    def level(samples):
        measured = normalise._Measured([samples])
        return {"gain": measured.gain, "rumbles": bool(measured.rumbles)}

    return {
        "mono": stored,
        "features": numbers(features.log_filter_spectrogram(mono)),
        "centres": numbers(features.band_centres()),
        "kept": [downmix.least_kept(np.stack([mono, right], axis=1), RATE), downmix.least_kept(wide, RATE)],
        "stereo": mixture(mono, right),
        "wide": mixture(wide),
        "three": mixture(three),
        "levels": {"mono": level(mono), "soft": level(soft), "clicked": level(clicked), "rumbling": level(rumbling)},
        "repaired": numbers(defects.repaired(clicked, RATE)[0][19_900:20_100]),
        "repaired_at": defects.repaired(clicked, RATE)[1],
        "without_rumble": numbers(np.concatenate(list(defects.without_rumble([rumbling[:9_000], rumbling[9_000:]])))[::17]),
        "resampled": {str(rate): numbers(_resampled(mono, rate)) for rate in (48_000, 22_050, 96_000)},
        "normalised": numbers(np.concatenate(list(normalise.normalised(lambda: iter([mono]))))[::17]),
    }


def _resampled(samples, rate) -> np.ndarray:
    return np.concatenate(list(resampled_blocks([samples], rate)))[1_000:9_000:7]


def windows() -> list[dict]:
    """[first frame, low, high] of the windows of recordings of some numbers of frames, for networks with two lengths of windows."""
    found = []
    for frames, count in itertools.product((400, 800), (1, 399, 400, 401, 700, 701, 1_250, 2_300)):
        column = np.arange(1, count + 1, dtype=np.float32)[:, None] * np.ones((1, 84), dtype=np.float32)
        cut = [[int(w.features[0, 0]) - 1, w.low, w.high] for w in windows_of([column], frames)]
        found.append({"frames": frames, "margin": margin_of(frames), "count": count, "windows": cut})
    return found


def song(seed=0, bars=8, tempo=104.0, swing=False, lead=1.37):
    """A song that nobody played exactly, and its activations and energies as they are stored, (T, 5) each."""
    rng = np.random.default_rng(seed)
    beat = 60 / tempo
    duration = lead + bars * 4 * beat + 1.1
    count = int(np.ceil(duration * 100))
    activations = rng.uniform(0, 0.12, (count, 5)).astype(np.float32)
    rises = rng.uniform(0, 0.2, (count, 5)).astype(np.float32)
    third = 2 / 3 if swing else 0.5
    for bar in range(bars):
        strokes = [(0, 0), (0, 2), (1, 1), (1, 3), *((3, at) for at in range(4)), *((3, at + third) for at in range(4))]
        strokes += [(4, 0)] if bar % 4 == 0 else []
        strokes += [(2, 3), (2, 3 + third), (1, 3.75)] if bar % 4 == 3 else []
        for column, position in strokes:
            seconds = lead + (bar * 4 + position) * beat * (1 + 0.002 * np.sin(bar)) + rng.normal(0, 0.006)
            frame = int(np.clip(round(seconds * 100), 1, count - 3))
            peak = activations[frame - 1 : frame + 2, column]
            np.maximum(peak, [0.3, rng.uniform(0.62, 1), 0.35], out=peak, casting="same_kind")
            rises[frame : frame + 3, column] += rng.uniform(0.5, 5)
    (activations, stored), (rises, stored_rises) = whole(activations, 250), whole(rises, 20)
    picking = peak_picking.PeakPicking(threshold=(0.6, 0.6, 0.7, 0.6, 0.5))
    return Transcription(f"Song <{seed}> & more", duration, activations, rises, picking), stored, stored_rises


def notation() -> list:
    """Songs with what is found in them, and their files."""
    found = []
    for seed, how in enumerate(
        ({}, {"swing": True, "tempo": 128.0, "lead": 0.03}, {"tempo": 71.0, "bars": 7, "lead": 9.2}, {"bars": 0})
    ):
        heard, activations, rises = song(seed, **how)
        events = [{"seconds": e.seconds, "name": e.name, "velocity": e.velocity, "confidence": e.confidence} for e in heard.events]
        found.append(
            {
                "name": heard.name,
                "duration": heard.duration,
                "activations": activations,
                "energies": rises,
                "picking": asdict(heard.peak_picking),
                "events": events,
                "beats": numbers(heard.beats.times),
                "positions": heard.beats.positions.tolist(),
                "found": heard.beats.found,
                "second_look": numbers(repetition.with_repetition(heard.activations, heard.beats, WEIGHT)[::17]),
                "midi": base64.b64encode(heard.to_midi()).decode(),
                "midi16": base64.b64encode(heard.to_midi(quantise=16)).decode(),
                "midi12": base64.b64encode(heard.to_midi(quantise=12)).decode(),
                "csv": heard.to_csv(),
                "musicxml": heard.to_musicxml(),
                "musicxml8": heard.to_musicxml(quantise=8),
            }
        )
    return found


def formats() -> dict:
    """Songs with onsets, beats and odd names, and their files for other programs; numbers and texts as Python writes them."""

    def heard(seed, title, source, moved=0, **how):
        found = replace(song(seed, **how)[0], name=title, source=Path(source), model="adt").with_meter((4, 4))
        return found.with_first_bar(float(found.beats.times[moved])) if moved else found

    swung = heard(1, "東京 – 拍手\u202e\t〜¥①", "東京 〜 (take 2).wav", swing=True, tempo=128.0, lead=0.03, bars=4)
    for at, name in ((2.4, "SD"), (3.1, "SD"), (3.97, "SD"), (4.2, "TT")):  # ghost notes, and a soft tom
        swung = swung.add(name, at, 20)
    plain = heard(0, "Say \"yes\" & 'no' <b>\\", "my song.wav", moved=2, bars=3).add("SD", 2.01, 31)
    plain = replace(plain, activations=plain.activations * np.float32(0.98724))  # confidences of many decimals
    assert any(f"{event.confidence:.3f}" != f"{round(event.confidence, 4):.3f}" for event in plain.events)
    rushed = heard(3, "", "a.b.flac", bars=4, lead=0.7, tempo=71.0)
    grown = np.cumsum(np.linspace(0.85, 0.6, 30))
    rushed = replace(rushed, given_beats=Beats(grown - 0.2, np.arange(1, 31) % 4 + 1))
    late = replace(
        heard(4, "Late", "late.ogg", bars=2, lead=4.4), given_beats=Beats(np.arange(8) * 0.577 + 4.4, np.arange(8) % 4 + 1)
    )
    silent = heard(5, "Nothing \x07♥", "♥.mp3", bars=0).with_thresholds(1.0)
    on_grid = ("tab.txt", "chart", "notes.mid", "dtx")
    songs = []
    for found in (plain, swung, rushed, late, silent):
        assert found.beats.meter == (4, 4)
        kinds = [(kind, None) for kind in ("csv", "labels.txt", "markers.csv", "svl", "jams", *on_grid)]
        kinds += itertools.product(on_grid, (8, 12, 24, 32)) if found is plain or found is late else []
        with warnings.catch_warnings(category=UserWarning, action="ignore"):  # of a name that no .dtx can hold
            files = [(kind, grid, found.content(kind, quantise=grid)) for kind, grid in kinds]
        songs.append(
            {
                "name": found.name,
                "sound": found.source.name,
                "duration": found.duration,
                "model": found.model,
                "events": [
                    {"seconds": e.seconds, "name": e.name, "velocity": e.velocity, "confidence": e.confidence} for e in found.events
                ],
                "beats": numbers(found.beats.times),
                "positions": found.beats.positions.tolist(),
                "files": [{"kind": k, "quantise": grid, "data": base64.b64encode(content).decode()} for k, grid, content in files],
            }
        )
    decimals = [
        (0.5, 0),
        (1.5, 0),
        (119.5, 0),
        (0.0625, 3),
        (0.1875, 3),
        (0.65625, 4),
        (1.00005, 4),
        (0.03125, 4),
        (2.0, 6),
        (0.1, 20),
    ]
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11000)]))
    return {
        "songs": songs,
        "decimals": [[value, digits, f"{value:.{digits}f}"] for value, digits in decimals],
        "shift_jis": hashlib.sha256(every.encode(dtx.ENCODING, "replace")).hexdigest(),
    }


def picking() -> dict:
    """Onsets of noise, by kinds of peak picking."""
    rng = np.random.default_rng(7)
    values = np.round(rng.uniform(0, 1, (300, 5)), 2)
    values[100:104] = 0.8  # a plateau
    activations, stored = whole(values, 100)
    kinds = [
        {},
        {"wait": 5, "delta": 0.0},
        {"strict_wait": True, "strict_threshold": True, "skip_first": 2},
        {"max_window": 4, "mean_window": 6},
        {"max_window": 1, "mean_window": 1, "delta": 0.0, "double": 5, "strong": 0.85},
    ]
    found = []
    for kind in kinds:
        config = peak_picking.PeakPicking(threshold=(0.3, 0.4, 0.5, 0.6, 0.7), **kind)
        onsets = [times.tolist() for times in peak_picking.pick_peaks(activations, config)]
        found.append({"picking": asdict(config), "onsets": onsets})
    return {"activations": stored, "cases": found}


def rests() -> dict:
    """What is lowered where nobody drums: noise that is clear at first, and at places that are whole seconds apart."""
    rng = np.random.default_rng(13)
    values = rng.uniform(0, 1, (3_600, 5)) ** 6
    values[1_000:] *= 0.8
    values[::500] = np.round(values[::500] / 2 + 0.5, 2)
    activations, stored = whole(np.clip(np.round(values, 2), 0.01, 1), 100)
    picking = peak_picking.PeakPicking(threshold=(0.3, 0.4, 0.5, 0.6, 0.7))
    rates = (0.0, 0.2, 0.5, 1.7)
    seen = [np.flatnonzero(transcription_rests.rests(activations, picking, rate)).tolist() for rate in rates]
    edges = [[frames[0], frames[-1], len(frames)] if frames else [] for frames in seen]
    lowered = numbers(transcription_rests.with_rests(activations, picking, 0.5)[::37])
    return {"activations": stored, "picking": asdict(picking), "rates": rates, "edges": edges, "lowered": lowered}


def corrections() -> dict:
    """Onsets before and after corrections by hand."""
    picked = [np.array([0.1, 0.5, 0.52, 1.0]), np.array([0.2]), np.array([]), np.array([0.3, 0.6]), np.array([])]
    edits = [
        Edit("remove", "KD", 0.51),
        Edit("add", "SD", 0.21, 90),
        Edit("add", "TT", 0.7),
        Edit("remove", "TT", 0.7),
        Edit("add", "HH", 0.9),
    ]
    times, by_hand = edited(picked, edits)
    return {
        "picked": [each.tolist() for each in picked],
        "edits": [each._asdict() for each in edits],
        "times": [each.tolist() for each in times],
        "by_hand": [[index, seconds, edit.velocity] for (index, seconds), edit in by_hand.items()],
    }


def spectra() -> dict:
    """Energies and velocities of onsets."""
    rng = np.random.default_rng(11)
    features_ = rng.uniform(0, 2, (40, 84)).astype(np.float32)
    onsets = [np.array([0.0, 0.05, 0.2]), np.array([0.1]), np.array([]), np.array([0.01, 0.39]), np.array([0.3])]
    summed = energies.band_energies(features_)
    return {
        "features": numbers(features_),
        "energies": numbers(summed),
        "onsets": [each.tolist() for each in onsets],
        "risen": [np.asarray(each, dtype=float).tolist() for each in energies.onset_energies(summed, onsets)],
        "velocities": [each.tolist() for each in energies.velocities(summed, onsets)],
    }


def tables() -> dict[Path, str]:
    """The modules of the page that hold tables of the package."""
    head = "// Written by page/tests/write_fixtures.py: change its source, {}.\n\n"
    ways = [
        {"metre": metre, "label": label, "name": way.name, "often": way.often, "shares": way.shares.tolist()}
        for (metre, label), of_class in beat_model.ways().items()
        for way in of_class
    ]
    positions = "export const BEAT_POSITIONS = [\n" + "".join(f"  {json.dumps(way)},\n" for way in ways) + "];\n"
    sections = scipy.signal.butter(8, defects.RUMBLE_HZ, "highpass", fs=RATE, output="sos")
    states = scipy.signal.sosfilt_zi(sections)
    rows = "".join(
        f"  {{ b: {row[:3]}, a: {row[4:]}, zi: {state} }},\n" for row, state in zip(sections.tolist(), states.tolist(), strict=True)
    )
    filters = "// a[0], which is 1, is left out.\nexport const RUMBLE_SECTIONS = [\n" + rows + "];\n"
    source = HERE.parent / "src"
    return {
        source / "notation" / "beat_positions.js": head.format("adtlib/notation/beat_positions.csv") + positions,
        source / "version.js": head.format("adtlib/__init__.py") + f'export const VERSION = "{__version__}";\n',
        source / "audio" / "rumble_filter.js": head.format("without_rumble of adtlib/audio/defects.py") + filters,
    }


PARTS = {
    "audio": audio,
    "notation": notation,
    "formats": formats,
    "picking": picking,
    "rests": rests,
    "windows": windows,
    "corrections": corrections,
    "energies": spectra,
}


def main() -> None:
    """Write everything."""
    for path, text in tables().items():
        path.write_text(text)
    for name, make in PARTS.items():
        (HERE / "fixtures" / f"{name}.json").write_text(json.dumps(make(), indent=0) + "\n")


if __name__ == "__main__":
    main()
