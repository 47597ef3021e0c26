"""Typical wrong answers to the exercises, three for each check: what a student gets wrong first."""

import numpy as np

WRONG = {
    # 10
    "check_alias": [
        lambda f, rate: f % rate,  # cut off, not folded
        lambda f, rate: abs(f - rate),  # folded once only
        lambda f, rate: f if f < rate else rate / 2,  # clipped
    ],
    "check_inverse_dft": [
        np.fft.fft,  # the way there
        lambda spectrum: len(spectrum) * np.fft.ifft(spectrum),  # not divided by n
        lambda spectrum: np.fft.fft(spectrum) / len(spectrum),  # the sign of the exponent
    ],
    "check_strongest": [
        lambda x, rate: np.argmax(np.abs(np.fft.rfft(x))) * rate / len(x),  # the mean counts
        lambda x, rate: np.argmax(np.abs(np.fft.rfft(x - x.mean()))),  # a bin, not Hz
        lambda x, rate: np.argmax(np.fft.rfft(x - x.mean()).real) * rate / len(x),  # real part, not magnitude
    ],
    # 11
    "check_frame_count": [
        lambda seconds: int(seconds * 100),
        lambda seconds: round(seconds * 44_100) // 441 + 1,
        lambda seconds: seconds * 100,
    ],
    "check_hann": [np.hanning, lambda size: np.sin(np.pi * np.arange(size) / size), lambda size: np.hanning(size + 1)],
    "check_flux": [
        lambda magnitude: np.concatenate([[0], np.diff(magnitude, axis=0).sum(axis=1)]),
        lambda magnitude: np.concatenate([[0], np.abs(np.diff(magnitude, axis=0)).sum(axis=1)]),
        lambda magnitude: np.maximum(np.diff(magnitude, axis=0), 0).sum(axis=1),
    ],
    # 12
    "check_mel": [
        lambda f: 2595 * np.log(1 + np.asarray(f) / 700),
        lambda f: 2595 * np.log10(np.maximum(f, 1e-9) / 700),
        lambda f: 1127 * np.log10(1 + np.asarray(f) / 700),
    ],
    "check_apply_bank": [
        lambda magnitude, bank: np.log10(magnitude + 1) @ bank,
        lambda magnitude, bank: np.log(magnitude @ bank + 1),
        lambda magnitude, bank: np.log10(np.maximum(magnitude @ bank, 1e-10)),
    ],
    "check_lowest_semitone": [44_100 / 2_048, 440.0, 44_100 / 2_048 * 12],
    # 13
    "check_peak_picking": [
        lambda curve: [n for n, value in enumerate(curve) if value >= 0.5],  # no peaks
        lambda curve: [n for n in range(1, len(curve) - 1) if curve[n - 1] < curve[n] >= curve[n + 1] and curve[n] > 0.5],
        lambda curve: [
            n
            for n in range(2, len(curve) - 2)  # the edges are lost
            if curve[n] == max(curve[n - 2 : n + 3])
            and curve[n] > curve[n - 1]
            and curve[n] >= 0.5
            and curve[n] >= np.mean(curve[n - 2 : n + 3]) + 0.1
        ],
    ],
    "check_class_of_pitch": [
        lambda pitch: {36: "KD", 38: "SD", 42: "HH"}.get(pitch, ""),
        lambda pitch: "KD" if pitch < 37 else "SD" if pitch < 41 else "TT" if pitch < 51 else "CY",
        lambda pitch: None,
    ],
    "check_seconds_of_deltas": [
        lambda deltas, bpm, ticks: np.asarray(deltas) / ticks * 60 / bpm,
        lambda deltas, bpm, ticks: np.cumsum(deltas) / ticks * bpm / 60,
        lambda deltas, bpm, ticks: np.cumsum(deltas) / 480 * 60 / bpm,
    ],
    # 14
    "check_silent_accuracy": [
        lambda n_frames, strokes: 1 - sum(strokes) / n_frames,
        lambda n_frames, strokes: 0.0,
        lambda n_frames, strokes: sum(strokes) / (5 * n_frames),
    ],
    "check_macro_f1": [
        lambda counts: 2 * counts[:, 0].sum() / (2 * counts[:, 0].sum() + counts[:, 1:].sum()),  # micro
        lambda counts: np.mean([2 * tp / max(2 * tp + fp + fn, 1) for tp, fp, fn in counts]),  # absent counts as 0
        lambda counts: np.mean([2 * tp / (2 * tp + fp + fn) for tp, fp, fn in counts if tp + fn]),  # invented only: left out
    ],
    "check_best_threshold": [
        lambda scores, is_onset: 0.5,
        lambda scores, is_onset: scores.min(),
        lambda scores, is_onset: scores.max(),
    ],
    # 00
    "check_tasks": [
        {"a single snare stroke": "DTD", "a drummer alone": "DTD", "drums and congas": "DTP", "a band": "DTM"},
        {"a single snare stroke": "DSC", "a drummer alone": "DTD", "drums and congas": "DTM", "a band": "DTP"},
        "DTM",
    ],
    "check_frames": [
        lambda seconds: (seconds * 100).astype(int),
        lambda seconds: np.rint(seconds * 1000),
        lambda seconds: seconds * 100,
    ],
    "check_chance": [
        lambda n_frames, n_strokes: n_strokes / n_frames,
        lambda n_frames, n_strokes: 100 * n_strokes / (5 * n_frames),
        lambda n_frames, n_strokes: n_frames / max(n_strokes, 1),
    ],
    # 20
    "check_zero_shot": [lambda on, test: test in on, lambda on, test: test == "SADTP", lambda on, test: len(on) > 1],
    "check_pace": [
        lambda times: 1 / np.median(np.diff(times)),
        lambda times: len(times) / (times[-1] - times[0]),
        lambda times: np.median(np.diff(times)),
    ],
    "check_shared": [
        lambda splits: set(splits["train"]) & set(splits["test"]),
        lambda splits: set.intersection(*map(set, splits.values())),
        lambda splits: {song for song in [*splits["train"], *splits["test"]] if song in splits["validation"] + splits["test"]},
    ],
    # 21
    "check_enst_label": [
        lambda label: {"bd": "KD", "sd": "SD", "chh": "HH", "rc": "CY"}.get(label, ""),
        lambda label: label.rstrip("-"),
        lambda label: {"b": "KD", "s": "SD", "c": "HH", "o": "HH", "r": "CY"}.get(label[0], "TT"),
    ],
    "check_enst_split": [
        lambda drummer, number: "train" if drummer < 3 else "test",
        lambda drummer, number: "train" if number < 126 else "validation" if number <= 140 else "test",
        lambda drummer, number: ["train", "validation", "test"][drummer - 1],
    ],
    "check_whole_band": [
        lambda drums, others: (drums + others)[:, 0],
        lambda drums, others: (drums + others).mean(axis=1) / 2,
        lambda drums, others: drums + others,
    ],
    # 22
    "check_egmd_size": [1_059, 1_059 + 43, 444],
    "check_egmd_name": [
        lambda name: (name.split("_")[1], name.split("_")[2], name.split("_")[3]),  # the tempo as a text
        lambda name: (name.split("/")[-1].split("_")[0], 80, "beat"),
        lambda name: ("funk", 80, "beat"),
    ],
    "check_performances": [len, lambda recordings: len({kit for _, kit in recordings}), lambda recordings: len(set(recordings))],
    # 23
    "check_drum_stem": [
        lambda stems: "S00",
        lambda stems: next(name for name, stem in stems.items() if "Drum" in stem["inst_class"]),
        lambda stems: [name for name, stem in stems.items() if stem["is_drum"]],
    ],
    "check_outside": [
        lambda pitches: sum(pitch >= 60 for pitch in pitches),
        lambda pitches: sum(pitch not in (36, 38, 42) for pitch in pitches),
        lambda pitches: len(pitches),
    ],
    "check_level": [
        lambda drums, others: 10 * np.log10(np.sqrt(np.mean(drums**2)) / np.sqrt(np.mean(others**2))),
        lambda drums, others: np.mean(drums**2) / np.mean(others**2),
        lambda drums, others: 20 * np.log10(np.mean(np.square(others)) / np.mean(np.square(drums))),
    ],
    # 24
    "check_hours_of_sequences": [245, (134_332 + 28_984 + 18_650) * 4, 134_332 * 4 / 3600],
    "check_sequence_start": [lambda k: 4.0 * k, lambda k: 4.01 * (k - 1), lambda k: 401 * k],
    "check_shift": [
        lambda annotated, heard: 1000 * np.mean(heard - annotated),
        lambda annotated, heard: np.median(heard - annotated),
        lambda annotated, heard: 1000 * np.median(annotated - heard),
    ],
    # 25
    "check_roland_class": [
        lambda pitch: {36: "KD", 42: "HH", 43: "TT"}.get(pitch, ""),
        lambda pitch: {36: "KD", 22: "HH", 26: "HH", 58: "CY", 42: "HH", 43: "TT"}[pitch],
        lambda pitch: "TT",
    ],
    "check_sequences_of": [lambda seconds: int(seconds // 4), lambda seconds: seconds / 4, lambda seconds: int(seconds // 4) + 1],
    "check_gap": [
        lambda scores, on: scores["SADTP"] - np.mean([scores[name] for name in on]),
        lambda scores, on: max(scores[name] for name in on) - scores["SADTP"],
        lambda scores, on: np.mean(list(scores.values())) - scores["SADTP"],
    ],
    # 30
    "check_onsets_of_targets": [
        lambda targets: [np.flatnonzero(column > 0) / 100 for column in targets.T],  # neighbours too
        lambda targets: [np.flatnonzero(column >= 1) for column in targets.T],  # frames
        lambda targets: np.argwhere(targets >= 1) / 100,
    ],
    "check_frame_weights": [
        lambda targets, weights: targets @ weights,
        lambda targets, weights: np.maximum((targets == 1) @ weights, 0),
        lambda targets, weights: np.where((targets > 0).any(axis=1), (targets > 0) @ weights, 1.0),
    ],
    "check_schedule": [
        lambda losses: (len(losses), 0),
        lambda losses: (int(np.argmin(losses)) + 1 + 10, 3),
        lambda losses: (min(len(losses), int(np.argmin(losses)) + 11), len(losses) // 3),
    ],
    # 40
    "check_gradient": [
        lambda w, b, x, y: (y - 1 / (1 + np.exp(-(w @ x + b)))) * x,
        lambda w, b, x, y: (w @ x + b - y) * x,
        lambda w, b, x, y: (1 / (1 + np.exp(-(w @ x))) - y) * x,
    ],
    "check_descent": [
        lambda w, rate, steps: 3 + (w - 3) * (1 + 2 * rate) ** steps,
        lambda w, rate, steps: 3 + (w - 3) * (1 - rate) ** steps,
        lambda w, rate, steps: 3 + (w - 3) * (1 - 2 * rate) ** (steps + 1),
    ],
    "check_composed": [
        lambda W1, b1, W2, b2: (W2 @ W1, b1.sum() + b2),
        lambda W1, b1, W2, b2: (W1 @ W2, W2 @ b1 + b2),
        lambda W1, b1, W2, b2: (W2 + W1, b1 + b2),
    ],
    # 41
    "check_recurrent_step": [
        lambda h, x, W, U, b: np.tanh(W @ x + b),
        lambda h, x, W, U, b: W @ x + U @ h + b,
        lambda h, x, W, U, b: np.tanh(W @ x) + np.tanh(U @ h) + b,
    ],
    "check_forget_gate": [0.5, 0.993, 0.995],
    "check_gru_parameters": [
        lambda n_in, hidden: 3 * (hidden * n_in + hidden**2 + 2 * hidden),
        lambda n_in, hidden: 2 * 4 * (hidden * n_in + hidden**2 + 2 * hidden),
        lambda n_in, hidden: 2 * 3 * (hidden * n_in + hidden**2 + hidden),
    ],
    # 42
    "check_convolution": [
        lambda picture, kernel: _slide(picture, kernel[::-1, ::-1]),
        lambda picture, kernel: _slide(picture, kernel)[1:-1, 1:-1],
        lambda picture, kernel: picture * kernel.sum(),
    ],
    "check_receptive_field": [lambda n: 3 * n, lambda n: 1 + 2 * n, lambda n: 3**n],
    "check_convolution_parameters": [
        lambda c_in, c_out: 9 * c_in * c_out,
        lambda c_in, c_out: 9 * c_in * c_out + 1,
        lambda c_in, c_out: 9 * c_out + c_out,
    ],
    # 43
    "check_block_shape": [
        lambda frames, n: (frames // 3**n, 32 * n, 84 // 3**n),
        lambda frames, n: (frames, 32, 84 // 3**n),
        lambda frames, n: (frames, 32 * n, 84 // (3 * n)),
    ],
    "check_values_a_frame": [84, 64 * 84, 96 * 3],
    "check_bidirectional": [
        lambda x, step: _read(x, step)[:, None],
        lambda x, step: np.stack([_read(x, step), _read(x[::-1], step)], axis=1),
        lambda x, step: np.stack([_read(x, step), _read(x, step)[::-1]], axis=1),
    ],
    # 44
    "check_attention": [
        lambda q, k, v: _softmax(q @ k.T) @ v,
        lambda q, k, v: _softmax((q @ k.T / np.sqrt(k.shape[1])).T).T @ v,
        lambda q, k, v: np.exp(q @ k.T / np.sqrt(k.shape[1])) @ v,
    ],
    "check_positions": [
        lambda n, dim: np.sin(np.arange(n)[:, None] / 10_000 ** (np.arange(dim) / dim)),
        lambda n, dim: np.zeros((n, dim)),
        lambda n, dim: np.tile(np.arange(n)[:, None] / n, dim),
    ],
    "check_attention_weights": [400, 800, 400 * 84],
    # 45
    "check_patches": [
        lambda features, height: features.reshape(len(features), height, -1),
        lambda features, height: features,
        lambda features, height: features.reshape(-1, height),
    ],
    "check_token": [
        lambda frame, height, weights, positions: (frame.reshape(-1, height) @ weights.T).ravel(),
        lambda frame, height, weights, positions: frame.reshape(-1, height) @ weights.T + positions,
        lambda frame, height, weights, positions: (frame.reshape(-1, height) @ weights.T + positions).mean(axis=0),
    ],
    "check_fits": [
        lambda dim, height, heads: True,
        lambda dim, height, heads: 84 % height == 0,
        lambda dim, height, heads: dim % heads == 0,
    ],
}


def _slide(picture, kernel):
    padded, (rows, columns) = np.pad(picture, 1), picture.shape
    return sum(kernel[i, j] * padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))


def _read(x, step):
    state, states = 0.0, []
    for value in x:
        state = step(state, value)
        states.append(state)
    return np.array(states)


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _lowest_best_threshold(scores, is_onset):
    f1 = {float(t): 2 * np.sum((scores >= t) & is_onset) / (np.sum(scores >= t) + is_onset.sum()) for t in scores}
    return min(t for t, value in f1.items() if value == max(f1.values()))


# Wrong answers of real students that a check once called right.
LET_THROUGH = {
    "check_best_threshold": [_lowest_best_threshold],
    "check_pace": [lambda times: 1 / np.median(np.diff(times[np.diff(times, prepend=-1.0) > 0.03]))],  # by gaps
    "check_level": [
        lambda drums, others: 20 * np.log10(np.abs(drums).max() / np.abs(others).max()),
        lambda drums, others: 20 * np.log10(np.abs(drums).mean() / np.abs(others).mean()),
        lambda drums, others: 20 * np.log10(drums.std() / others.std()),
    ],
}
