"""Training steps of a CRNN (forward, backward, optimiser) against plain PyTorch: float32, contiguous, its own dropout.

The peer is the same network as torch's modules give it by default. Seconds of audio a second.
"""

import sys

import torch
from common import best_seconds, show
from torch import nn

from adtlib.models.blocks import ConvFrontEnd, Dropout
from adtlib.models.loss import weighted_bce
from adtlib.models.prediction import autocast, resolve_precision
from adtlib.models.registry import build

CPU = torch.device("cpu")
FRAMES = 400


def plain(model):
    """The same network with torch's dropout and contiguous convolutions."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, Dropout):
                setattr(module, name, nn.Dropout(child.p))
        if isinstance(module, ConvFrontEnd):
            module.blocks.to(memory_format=torch.contiguous_format)
            module.forward = lambda x, blocks=module.blocks: blocks(x.unsqueeze(1)).permute(0, 2, 1, 3).flatten(2)
    return model


def speed(model, batch, precision):
    optimizer = torch.optim.AdamW(model.parameters())
    features = torch.randn(batch, FRAMES, 84)
    targets = (torch.rand(batch, FRAMES, 5) > 0.95).float()
    weights = torch.ones(5)

    def step():
        with autocast(CPU, precision):
            logits = model(features)
        loss = weighted_bce(logits, targets, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2)
        optimizer.step()

    return batch * FRAMES / 100 / best_seconds(step, 4)


def main():
    torch.manual_seed(0)
    chosen = resolve_precision("auto", CPU)
    print(f"{torch.get_num_threads()} threads; precision chosen for this processor: {chosen}")
    sizes = [(72, 2, 8), (60, 3, 16), (288, 3, 64)] if "--all" in sys.argv else [(72, 2, 8), (60, 3, 16)]
    for hidden, layers, batch in sizes:
        for use_gru in (True, False):
            options = {"num_layers": layers, "hidden_size": hidden, "use_gru": use_gru}
            label = f"CRNN, {'GRU' if use_gru else 'LSTM'}, {layers} x {hidden}, batch {batch}"
            peer = speed(plain(build("CRNN", **options)), batch, "float32")
            show(f"plain PyTorch: {label}", peer)
            show(f"adtlib:        {label}", speed(build("CRNN", **options), batch, chosen), peer, "plain PyTorch")


if __name__ == "__main__":
    main()
