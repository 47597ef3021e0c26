"""Layers that the architectures share: the convolutional front end, recurrent layers, the transformer block.

Shapes in comments: B segments, T frames, F bands, C kernels, D embedding, H heads.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from adtlib.audio.features import N_BANDS

KERNELS_PER_BLOCK = 32  # block i has 32 i


POOLING = 3  # over frequency only: the time resolution is kept


class Dropout(nn.Module):
    """Dropout whose mask costs a quarter of torch's on a CPU: one 64-bit draw serves four values.

    The masks of torch took a fifth of a CRNN's training step. `p` is exact to 1 / 65,536. On other devices torch's dropout is used.
    """

    def __init__(self, p: float):
        """`p`: the share of values set to 0 while training."""
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The same shape; the values kept are scaled by 1 / (1 - p)."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.p)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        # With the strides of x, mask and values are read in the same order in memory, whatever the layout.
        bits = words.view(torch.int16).as_strided(x.shape, x.stride()) if _is_dense(x) else None
        if bits is None:
            bits = words.view(torch.int16)[: x.numel()].view(x.shape)
        keep = bits >= round(self.p * 65_536) - 32_768
        return x * keep.to(x.dtype).div_(1 - self.p)

    def extra_repr(self) -> str:
        """Shown by `print(model)`."""
        return f"p={self.p}"


def _is_dense(x: Tensor) -> bool:
    return x.is_contiguous() or (x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last))


class Standardize(nn.Module):
    """Subtract the mean and divide by the standard deviation of the training features: the first layer of a trained model.

    One scalar each, stored with the weights, so that a model always scales its input as in training.
    """

    def __init__(self, mean: float = 0.0, std: float = 1.0):
        """ValueError for a standard deviation that is not positive."""
        super().__init__()
        if not std > 0:
            raise ValueError(f"standard deviation {std}: it must be positive")
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.register_buffer("std", torch.tensor(float(std)))

    def forward(self, features: Tensor) -> Tensor:
        """Any shape."""
        return (features - self.mean) / self.std


class Convolution(nn.Conv2d):
    """A 3x3 convolution that keeps height and width; its gradient is our own on processors with AVX2 alone.

    There torch's gradient of the weights takes five times as long as the convolution itself with channels last, ours twice as
    long: a training step takes 0.7 to 0.8 of the time. Results are equal but for rounding.
    """

    def __init__(self, in_channels: int, out_channels: int):
        """Make the layer."""
        super().__init__(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C_in, T, F)` to `(B, C_out, T, F)`."""
        if self.training and self.in_channels > 1 and _is_slow_here(x):
            return ByProducts.apply(x, self.weight, self.bias)
        return super().forward(x)


def _is_slow_here(x: Tensor) -> bool:
    single = x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return single and torch.backends.cpu.get_cpu_capability() == "AVX2"


class ByProducts(torch.autograd.Function):
    """`conv2d` with a 3x3 kernel and padding 1 whose gradient of the weights is made of matrix products."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Shapes as in `Convolution`."""
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, bias, padding=1)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        """Gradients of input, weights and bias."""
        x, weight = ctx.saved_tensors
        return conv2d_input(x.shape, weight, gradient, padding=1), gradient_of_weights(x, gradient), gradient.sum((0, 2, 3))


ROWS_AT_ONCE = 4096  # of the products: what fits into the second cache


def gradient_of_weights(x: Tensor, gradient: Tensor) -> Tensor:
    """`(C_out, C_in, 3, 3)` from the input `(B, C_in, T, F)` of a 3x3 convolution with padding 1 and its output's gradient.

    With a border of zeros and all positions in one row, what lies under a place of the kernel is the input moved by a fixed number
    of positions: no copy for each of the nine, as im2col makes.
    """
    inputs, outputs = (functional.pad(each.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).flatten(0, 2) for each in (x, gradient))
    width = x.shape[3] + 2
    moves = [row * width + column for row in (-1, 0, 1) for column in (-1, 0, 1)]
    found = x.new_zeros(9, outputs.shape[1], inputs.shape[1])
    first, last = width + 1, len(inputs) - width - 1  # outside are borders alone
    for start in range(first, last, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, last)
        rows = outputs[start:stop].t()
        for place, move in zip(found, moves, strict=True):
            place.addmm_(rows, inputs[start + move : stop + move])
    return found.permute(1, 2, 0).unflatten(2, (3, 3))


class ConvBlock(nn.Sequential):
    """Two 3x3 convolutions, each followed by ReLU and batch normalisation, pooling by 3 over frequency, dropout 0.3.

    `(B, C_in, T, F)` to `(B, C_out, T, F // 3)`. Thesis 3.2.1, after Vogl et al. (2017).
    """

    def __init__(self, in_channels: int, out_channels: int):
        """Make the block."""
        super().__init__(
            Convolution(in_channels, out_channels),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(out_channels),
            Convolution(out_channels, out_channels),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(out_channels),
            nn.MaxPool2d((1, POOLING)),
            Dropout(0.3),
        )


class ConvFrontEnd(nn.Module):
    """`num_blocks` convolutional blocks of 32, 64, 96 kernels: `(B, T, 84)` to `(B, T, out_features)`."""

    def __init__(self, num_blocks: int):
        """ValueError unless there are 1 to 3 blocks: more would pool 84 bands to nothing."""
        super().__init__()
        if not 1 <= num_blocks <= 3:
            raise ValueError(f"{num_blocks} convolutional blocks: 1 to 3 fit {N_BANDS} bands")
        channels = [1] + [KERNELS_PER_BLOCK * (i + 1) for i in range(num_blocks)]
        self.blocks = nn.Sequential(*(ConvBlock(a, b) for a, b in pairwise(channels)))
        self.out_features = channels[-1] * (N_BANDS // POOLING**num_blocks)
        # Channels last in memory: several times faster on CPUs with bfloat16 units, with the same results.
        self.blocks.to(memory_format=torch.channels_last)

    def forward(self, features: Tensor) -> Tensor:
        """`(B, T, 84)` to `(B, T, C * F')`."""
        x = features.unsqueeze(1)  # (B, 1, T, 84)
        x = self.blocks(x.contiguous(memory_format=torch.channels_last))  # (B, C, T, F')
        return x.permute(0, 2, 1, 3).flatten(2)  # (B, T, C * F')


class Recurrent(nn.Module):
    """Bidirectional GRU or LSTM layers with dropout 0.1 between them: `(B, T, D)` to `(B, T, 2 * hidden_size)`."""

    def __init__(self, in_features: int, hidden_size: int, num_layers: int, use_gru: bool):
        """Make the layers."""
        super().__init__()
        layer = nn.GRU if use_gru else nn.LSTM
        self.layers = layer(
            in_features,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=0.1 if num_layers > 1 else 0.0,
        )
        self.out_features = 2 * hidden_size

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, D)` to `(B, T, 2 * hidden_size)`."""
        return self.layers(x)[0]


def sinusoidal_positions(n_frames: int, dim: int, device=None) -> Tensor:
    """Positional encoding of Vaswani et al. (2017), section 3.5: `(n_frames, dim)`; sine in even, cosine in odd columns."""
    position = torch.arange(n_frames, device=device, dtype=torch.float32).unsqueeze(1)  # (T, 1)
    rate = torch.exp(torch.arange(0, dim, 2, device=device, dtype=torch.float32) * (-math.log(10_000.0) / dim))
    encoding = torch.zeros(n_frames, dim, device=device)
    encoding[:, 0::2] = torch.sin(position * rate)
    encoding[:, 1::2] = torch.cos(position * rate)[:, : dim // 2]
    return encoding


class SelfAttention(nn.Module):
    """Multi-head self-attention over all frames of the segment: `(B, T, D)` to `(B, T, D)`."""

    def __init__(self, embed_dim: int, num_heads: int):
        """ValueError if `embed_dim` is not divisible by `num_heads`."""
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"embedding of {embed_dim} is not divisible by {num_heads} heads")
        self.num_heads = num_heads
        self.project_in = nn.Linear(embed_dim, 3 * embed_dim)
        self.project_out = nn.Linear(embed_dim, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Each frame attends to all frames."""
        batch, frames, dim = x.shape
        qkv = self.project_in(x)
        if qkv.device.type == "cpu":  # torch's kernel for bfloat16 takes a quarter more time there than that for float32
            qkv = qkv.float()
        q, k, v = qkv.view(batch, frames, 3, self.num_heads, dim // self.num_heads).permute(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
        with torch.autocast("cpu", enabled=False):
            x = functional.scaled_dot_product_attention(q, k, v)  # (B, H, T, D / H)
        return self.project_out(x.transpose(1, 2).reshape(batch, frames, dim))


class TransformerBlock(nn.Module):
    """Pre-norm transformer block (Xiong et al., 2020): attention and a feed-forward layer of factor 4 with GELU, dropout 0.1."""

    def __init__(self, embed_dim: int, num_heads: int):
        """Make the block."""
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_dim)
        self.attention = SelfAttention(embed_dim, num_heads)
        self.feed_forward_norm = nn.LayerNorm(embed_dim)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed_dim, 4 * embed_dim),
            nn.GELU(),
            Dropout(0.1),
            nn.Linear(4 * embed_dim, embed_dim),
        )
        self.dropout = Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`."""
        x = x + self.dropout(self.attention(self.attention_norm(x)))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Transformer(nn.Module):
    """Sinusoidal positions over time, `num_layers` pre-norm blocks, a last normalisation: `(B, T, D)` to `(B, T, D)`."""

    def __init__(self, embed_dim: int, num_layers: int, num_heads: int):
        """Make the blocks."""
        super().__init__()
        self.dropout = Dropout(0.1)
        self.blocks = nn.Sequential(*(TransformerBlock(embed_dim, num_heads) for _ in range(num_layers)))
        self.norm = nn.LayerNorm(embed_dim)  # the residual sum of pre-norm blocks is not normalised

    def forward(self, x: Tensor) -> Tensor:
        """Add positions, attend."""
        x = self.dropout(x + sinusoidal_positions(x.shape[1], x.shape[2], x.device))
        return self.norm(self.blocks(x))
