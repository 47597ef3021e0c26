"""Exercises of notebooks 40 to 45: learning, recurrence, convolution, attention, patches, counting parameters."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from adtlib.audio.features import N_BANDS
from adtlib.models.blocks import KERNELS_PER_BLOCK, POOLING, Recurrent, sinusoidal_positions
from adtlib.models.inspection import receptive_fields
from adtlib.models.registry import count_parameters
from adtlib.models.vit import PatchEmbedding
from adtlib.notebooks.exercises.checking import Verdict, compare, compare_value, with_named_parts
from adtlib.onsets.frames import SEGMENT_FRAMES

# --- 40: how a network learns ------------------------------------------------------------------------------------------


def check_gradient(mine) -> Verdict:
    """`mine(w, b, x, y)`: the gradient `(n,)` of the cross-entropy of one unit, on one frame, with respect to its weights."""
    rng = np.random.default_rng(11)
    inputs = [
        ("a frame of silence", (np.array([1.0, -2.0]), 0.5, np.zeros(2), 1.0)),
        ("a stroke that a new unit knows nothing of", (np.zeros(3), 0.0, np.array([1.0, 2.0, -1.0]), 1.0)),
        ("no stroke, of which the unit is sure that it is one", (np.array([3.0]), 1.0, np.array([2.0]), 0.0)),
        ("random numbers", (rng.normal(size=84), 0.1, rng.normal(size=84), 0.5)),
    ]
    hints = {
        "a stroke that a new unit knows nothing of": "The confidence is 0.5 and the target 1: the factor is 0.5 - 1.",
        "no stroke, of which the unit is sure that it is one": "The factor is the confidence, after the sigmoid, minus the target.",
    }
    return compare(mine, lambda w, b, x, y: (1 / (1 + np.exp(-(w @ x + b))) - y) * x, inputs, hints=hints)


def check_descent(mine) -> Verdict:
    """`mine(w, rate, steps)`: where gradient descent is after some steps on the loss (w - 3)^2."""
    inputs = [
        ("no step", (0.0, 0.1, 0)),
        ("one step from 0", (0.0, 0.1, 1)),
        ("a start in the valley", (3.0, 0.3, 5)),
        ("ten small steps", (10.0, 0.05, 10)),
        ("a rate that is too high", (2.0, 1.1, 6)),
    ]
    hints = {"one step from 0": "The slope of (w - 3)^2 is 2 (w - 3), here -6: downhill is against it, to 0.6."}
    return compare(mine, lambda w, rate, steps: 3 + (w - 3) * (1 - 2 * rate) ** steps, inputs, hints=hints)


def check_composed(mine) -> Verdict:
    """`mine(W1, b1, W2, b2)`: the one layer (W, b) that does what two layers without a nonlinearity between them do."""
    rng = np.random.default_rng(12)
    inputs = [
        ("two numbers", (np.array([[2.0]]), np.array([1.0]), np.array([[3.0]]), np.array([5.0]))),
        ("layers of several units", tuple(rng.normal(size=shape) for shape in ((4, 3), (4,), (2, 4), (2,)))),
    ]
    hints = {
        "two numbers": "3 (2 x + 1) + 5 = 6 x + 8.",
        "layers of several units": "The second layer's matrix stands on the left: W2 (W1 x + b1) + b2.",
    }

    def right(W1, b1, W2, b2) -> dict:
        return {"W": W2 @ W1, "b": W2 @ b1 + b2}

    return compare(with_named_parts(mine, "W", "b"), right, inputs, hints=hints)


# --- 41: recurrent network ---------------------------------------------------------------------------------------------


def check_recurrent_step(mine) -> Verdict:
    """`mine(h, x, W, U, b)`: the next state of a plain recurrent unit."""
    rng = np.random.default_rng(7)
    shapes = ((4,), (3,), (4, 3), (4, 4), (4,))
    inputs = [
        ("a unit that only remembers", (np.array([0.5]), np.zeros(1), np.zeros((1, 1)), np.eye(1), np.zeros(1))),
        ("a unit that only hears", (np.zeros(2), np.array([1.0, -2.0]), np.eye(2), np.zeros((2, 2)), np.zeros(2))),
        ("only the bias", (np.zeros(2), np.zeros(3), np.zeros((2, 3)), np.zeros((2, 2)), np.array([0.3, -0.3]))),
        ("random numbers", tuple(rng.normal(size=shape) for shape in shapes)),
    ]
    hints = {
        "a unit that only remembers": "The new state is tanh of the sum: tanh(0.5) is 0.462.",
        "random numbers": "W belongs to the input, U to the last state; the bias goes inside the tanh.",
    }
    return compare(mine, lambda h, x, W, U, b: np.tanh(W @ x + U @ h + b), inputs, hints=hints)


def check_forget_gate(mine) -> Verdict:
    """The forget gate, the same in every frame, that keeps half of an LSTM's memory over one second."""
    hints = {
        0.5: "That halves the memory in every frame, a hundred times a second.",
        0.995: "Close: 0.995 to the power 100 is 0.606.",
    }
    return compare_value(mine, 0.5 ** (1 / 100), 2.5e-5, hints)


def check_gru_parameters(mine) -> Verdict:
    """`mine(n_in, hidden)`: the number of parameters of one bidirectional GRU layer."""
    inputs = [(f"{n_in} inputs, {hidden} states", (n_in, hidden)) for n_in, hidden in ((1, 1), (84, 24), (84, 144), (288, 144))]
    hints = {"1 inputs, 1 states": "Three times (input, state, two biases), in two directions: 24."}
    return compare(mine, lambda n_in, hidden: count_parameters(Recurrent(n_in, hidden, 1, use_gru=True)), inputs, hints=hints)


# --- 42: convolutional network -----------------------------------------------------------------------------------------


def check_convolution(mine) -> Verdict:
    """`mine(picture, kernel)`: a 3x3 convolution with zeros around the picture, same shape; the kernel is not turned."""
    rng = np.random.default_rng(8)
    point = np.zeros((5, 5))
    point[2, 2] = 1.0
    edge = np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
    inputs = [
        ("a kernel that copies", (rng.random((4, 6)), np.array([[0, 0, 0], [0, 1.0, 0], [0, 0, 0]]))),
        ("one bright point", (point, np.arange(9.0).reshape(3, 3))),
        ("an edge finder on a flat picture", (np.ones((4, 4)), edge)),
        ("random numbers", (rng.random((7, 9)), rng.normal(size=(3, 3)))),
    ]
    hints = {
        "one bright point": "Networks do not turn the kernel round, as convolution in mathematics does.",
        "an edge finder on a flat picture": "Outside the picture is 0, so that its border counts as an edge.",
    }
    return compare(mine, _convolved, inputs, hints=hints)


def _convolved(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    tensors = [torch.as_tensor(values)[None, None] for values in (picture, kernel)]
    return functional.conv2d(*tensors, padding=1)[0, 0].numpy()


def check_receptive_field(mine) -> Verdict:
    """`mine(n_blocks)`: frames that one output sees after some convolutional blocks."""
    inputs = [(f"{n} block{'s' * (n > 1)}", (n,)) for n in (1, 2, 3)]
    hints = {"1 block": "Two 3x3 convolutions: each adds a frame on either side."}
    return compare(mine, lambda n_blocks: receptive_fields(n_blocks)[-1][0], inputs, hints=hints)


def check_convolution_parameters(mine) -> Verdict:
    """`mine(c_in, c_out)`: the number of parameters of a 3x3 convolution, with biases."""
    inputs = [(f"{c_in} to {c_out} kernels", (c_in, c_out)) for c_in, c_out in ((1, 1), (1, 32), (32, 64))]
    hints = {"1 to 1 kernels": "Nine weights and a bias."}
    return compare(mine, lambda c_in, c_out: count_parameters(nn.Conv2d(c_in, c_out, 3)), inputs, hints=hints)


# --- 43: convolutional recurrent network -------------------------------------------------------------------------------


def check_block_shape(mine) -> Verdict:
    """`mine(n_frames, n_blocks)`: (frames, kernels, bands) after some convolutional blocks."""
    inputs = [(f"{frames} frames, {n} block{'s' * (n > 1)}", (frames, n)) for frames, n in ((400, 1), (400, 2), (400, 3), (37, 2))]
    hints = {"400 frames, 1 block": "Pooling is over frequency only: all frames are kept."}
    return compare(mine, lambda frames, n: (frames, KERNELS_PER_BLOCK * n, N_BANDS // POOLING**n), inputs, hints=hints)


def check_bidirectional(mine) -> Verdict:
    """`mine(x, step)`: states of a unit that reads a sequence forwards and backwards, `(T, 2)`."""
    rng = np.random.default_rng(9)

    def remember(state: float, value: float) -> float:
        return 0.5 * state + value

    inputs = [
        ("one value", (np.array([1.0]), remember)),
        ("a stroke at the start", (np.array([1.0, 0, 0, 0]), remember)),
        ("a stroke at the end", (np.array([0, 0, 0, 1.0]), remember)),
        ("random numbers", (rng.normal(size=20), remember)),
    ]
    hints = {
        "a stroke at the start": "Each step gets the state that the step before it returned; the first gets 0.",
        "a stroke at the end": "The states of the backward reading have to be put back in the order of time.",
    }
    return compare(mine, _both_ways, inputs, hints=hints)


def _both_ways(x: np.ndarray, step) -> np.ndarray:
    columns = []
    for values in (x, x[::-1]):
        state, states = 0.0, []
        for value in values:
            state = step(state, value)
            states.append(state)
        columns.append(states)
    return np.stack([columns[0], columns[1][::-1]], axis=1)


def check_values_a_frame(mine) -> Verdict:
    """How many numbers describe a frame when it enters the recurrent layers of the CRNN."""
    right = 2 * KERNELS_PER_BLOCK * (N_BANDS // POOLING**2)
    hints = {84: "That is what enters the convolutions.", 2 * KERNELS_PER_BLOCK * N_BANDS: "Each block pools the bands by three."}
    return compare_value(mine, right, hints=hints)


# --- 44: convolutional transformer -------------------------------------------------------------------------------------


def check_attention(mine) -> Verdict:
    """`mine(q, k, v)`: scaled dot-product attention of one head."""
    rng = np.random.default_rng(10)
    one = np.ones((3, 2))
    inputs = [
        ("equal keys", (one, one, np.arange(6.0).reshape(3, 2))),
        ("a key that is asked for", (np.array([[9.0, 0]]), np.array([[9.0, 0], [0, 9]]), np.array([[1.0], [2.0]]))),
        ("random numbers", tuple(rng.normal(size=(6, 4)) for _ in range(3))),
        ("large numbers", tuple(300 * rng.normal(size=(5, 4)) for _ in range(3))),
    ]
    hints = {
        "random numbers": "Divided by the root of the length of a key? Softmax over the keys, so that rows sum to 1?",
        "large numbers": "exp overflows: subtract the largest score of the row first.",
    }
    return compare(mine, _attention, inputs, hints=hints)


def _attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return functional.scaled_dot_product_attention(*(torch.as_tensor(part)[None] for part in (q, k, v)))[0].numpy()


def check_positions(mine) -> Verdict:
    """`mine(n_frames, dim)`: sinusoidal positions, `(n_frames, dim)`."""
    inputs = [(f"{n} frame{'s' * (n > 1)}, {dim} values", (n, dim)) for n, dim in ((1, 4), (3, 4), (400, 72))]
    hints = {"1 frame, 4 values": "Frame 0 is 0, 1, 0, 1: sines in the even, cosines in the odd columns."}
    return compare(mine, lambda n, dim: sinusoidal_positions(n, dim).numpy(), inputs, within=1e-4, hints=hints)


def check_attention_weights(mine) -> Verdict:
    """How many weights one head of one layer computes for a segment of four seconds."""
    hints = {SEGMENT_FRAMES: "Each frame looks at each frame.", 2 * SEGMENT_FRAMES: "Each frame looks at each frame."}
    return compare_value(mine, SEGMENT_FRAMES**2, hints=hints)


# --- 45: vision transformer --------------------------------------------------------------------------------------------


def check_patches(mine) -> Verdict:
    """`mine(features, height)`: patches of one frame by `height` bands, `(T, 84 / height, height)`."""
    rng = np.random.default_rng(11)
    sizes = ((1, 84), (2, 21), (5, 7))
    inputs = [
        (f"{frames} frame{'s' * (frames > 1)}, patches of {height}", (rng.random((frames, 84)), height)) for frames, height in sizes
    ]
    return compare(mine, lambda features, height: features.reshape(len(features), -1, height), inputs)


def check_token(mine) -> Verdict:
    """`mine(frame, height, weights, positions)`: the token of a frame."""
    rng = np.random.default_rng(12)
    inputs = []
    for height, size in ((21, 2), (14, 3), (7, 6)):
        n_patches = 84 // height
        given = (rng.random(84), height, rng.normal(size=(size, height)), rng.normal(size=(n_patches, size)))
        inputs.append((f"patches of {height} bands", given))
    hints = {"patches of 21 bands": "Cut, project each with the same weights, add each its position, put them side by side."}
    return compare(mine, _token, inputs, hints=hints)


def _token(frame: np.ndarray, height: int, weights: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return (frame.reshape(-1, height) @ weights.T + positions).ravel()


def check_fits(mine) -> Verdict:
    """`mine(embed_dim, height, heads)`: whether such a vision transformer can be built."""
    cases = ((144, 14, 4), (72, 7, 8), (72, 10, 4), (100, 14, 4), (144, 21, 5), (288, 7, 6), (576, 21, 8), (74, 7, 2))
    inputs = [(f"embedding {dim}, patches of {height}, {heads} heads", (dim, height, heads)) for dim, height, heads in cases]
    hints = {
        inputs[2][0]: "84 bands cannot be cut into patches of 10.",
        inputs[3][0]: "The embedding is shared out evenly among the 84 / 14 = 6 patches of a frame.",
        inputs[4][0]: "The embedding is shared out evenly among the heads.",
    }
    return compare(mine, _fits, inputs, hints=hints)


def _fits(embed_dim: int, height: int, heads: int) -> bool:
    try:
        PatchEmbedding(height, embed_dim)
    except ValueError:
        return False
    return embed_dim % heads == 0
