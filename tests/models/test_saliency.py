"""Influence and diagrams of the architectures: true to the models, complete, the same at every run."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyBboxPatch

from adtlib.figures.architectures import plot_architecture, plot_patches
from adtlib.figures.saliency import plot_idealised, plot_influence
from adtlib.figures.theme import use_theme
from adtlib.models.registry import ARCHITECTURES, assemble, build, count_parameters
from adtlib.models.saliency import FRAMES_A_BLOCK, Influence, example_inputs, influence
from adtlib.models.summary import output_shapes, stages

SMALL = {name: record.sizes.get("smoke", {}) for name, record in ARCHITECTURES.items()} | {
    "RNN": {"num_layers": 2, "hidden_size": 16},
    "CNN": {"num_convs": 2, "num_layers": 2, "hidden_size": 16},
    "CRNN": {"num_layers": 2, "hidden_size": 16, "use_gru": True},
    "ConvTransformer": {"num_layers": 2, "num_heads": 2, "embed_dim": 24},
    "ViT": {"patch_size": [1, 14], "num_layers": 2, "num_heads": 2, "embed_dim": 24},
}
LARGEST = {name: record.sizes.get("real", {}) for name, record in ARCHITECTURES.items()} | {
    "RNN": {"num_layers": 6, "hidden_size": 576},
    "CNN": {"num_convs": 3, "num_layers": 4, "hidden_size": 576},
    "CRNN": {"num_layers": 5, "hidden_size": 576},
    "ConvTransformer": {"num_layers": 10, "num_heads": 8, "embed_dim": 576},
    "ViT": {"patch_size": [1, 7], "num_layers": 10, "num_heads": 8, "embed_dim": 576},
}


@pytest.fixture(autouse=True)
def theme():
    torch.manual_seed(0)
    use_theme()
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def inputs():
    return example_inputs()[:1]


def picture(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60)
    plt.close(figure)
    return buffer.getvalue()


# --- influence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_cnn_sees_two_frames_a_block_to_either_side_and_nothing_else(blocks, inputs):
    found = influence(build("CNN", num_convs=blocks, num_layers=1, hidden_size=8), inputs)
    edge = FRAMES_A_BLOCK * blocks
    assert found.reaches == (-edge, edge)
    assert np.all(found.by_band[np.abs(found.offsets) > edge] == 0)
    assert found.radius(1) == edge


@pytest.mark.parametrize("architecture", [name for name, record in ARCHITECTURES.items() if record.influence != "window"])
def test_recurrence_and_attention_reach_every_frame(architecture, inputs):
    found = influence(build(architecture, **SMALL[architecture]), inputs)
    assert found.by_frame.min() > 0
    assert found.reaches == (-200, 199)
    assert found.by_band.sum() == pytest.approx(1)
    assert found.offsets[np.argmax(found.by_frame)] in (-1, 0, 1)


def test_influence_of_an_rnn_fades_and_that_of_attention_does_not(inputs):
    far = {}
    for name in ("RNN", "ViT"):
        found = influence(build(name, **SMALL[name]), inputs)
        far[name] = found.by_frame[np.abs(found.offsets) > 150].mean() / found.by_frame.max()
    assert far["RNN"] < 1e-10 < 1e-5 < far["ViT"]


def test_of_a_linear_model_the_influence_is_the_size_of_its_weights(inputs):
    model = torch.nn.Linear(84, 5).double()
    found = influence(model, inputs)
    sizes = model.weight.detach().abs().sum(dim=0).numpy()
    assert np.allclose(found.by_band[200], sizes / sizes.sum())
    assert found.radius(0.5) == 0 and found.reaches == (0, 0)


def test_the_model_stays_as_it_is_and_reruns_agree_to_the_bit(inputs):
    model = build("ConvTransformer", **SMALL["ConvTransformer"]).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = influence(model, inputs), influence(model, inputs)
    assert np.array_equal(first.by_band, second.by_band)
    assert model.training and all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_model_that_standardises_gets_the_features_as_they_are(inputs):
    model = assemble({"architecture": "CNN", "hyperparameters": SMALL["CNN"]}, float(inputs.mean()), float(inputs.std()))
    assert np.allclose(influence(model, inputs).by_band, influence(model.network, inputs).by_band, atol=1e-7)


def test_radius_counts_frames_on_both_sides():
    by_band = np.zeros((400, 84))
    by_band[[199, 200, 203], 0] = 0.25, 0.5, 0.25
    found = Influence(by_band)
    assert [found.radius(share) for share in (0.5, 0.6, 0.75, 0.9, 1)] == [0, 1, 1, 3, 3]
    with pytest.raises(ValueError, match="share 0"):
        found.radius(0)


def test_inputs_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 10, 84\)"):
        influence(build("CNN"), np.zeros((1, 10, 84)))


# --- diagrams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [SMALL, LARGEST])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_parameter_is_in_one_box_and_nothing_leaves_it(architecture, sizes):
    model = build(architecture, **sizes[architecture])
    rows = stages(model)
    assert sum(row.parameters * row.repeats for row in rows) == count_parameters(model)
    assert rows[0].shape == (400, 84) and rows[-1].shape == (400, 5) and "Output" in rows[-1].name
    ax = plot_architecture(model, architecture)
    ax.figure.canvas.draw()
    drawn = {text.get_text() for text in ax.texts}
    assert {" × ".join(map(str, row.shape)) for row in rows} <= drawn
    assert f"{count_parameters(model):,}" in drawn
    for text in ax.texts:
        box, page = text.get_window_extent(), ax.figure.bbox
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    stage_end = max(patch.get_window_extent().x1 for patch in boxes if patch.get_facecolor()[:3] != to_rgb("white"))
    for patch in ax.patches:
        if isinstance(patch, FancyBboxPatch | Circle):
            assert patch.get_window_extent().x1 <= stage_end


def test_repeated_blocks_are_drawn_once_and_counted_each():
    rows = stages(build("ViT", **LARGEST["ViT"]))
    assert [row.repeats for row in rows if row.name == "Transformer block"] == [10]


def test_hooks_are_taken_away_and_the_mode_is_kept():
    model = build("CRNN", **SMALL["CRNN"]).train()
    assert output_shapes(model)[model] == (400, 5)
    assert model.training and not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("form", ["fading", "window", "both", "free"])
def test_the_drawing_of_each_form_has_frames_and_words(form):
    ax = plot_idealised(form, "#4477AA")
    assert {"$t$", "output at\nframe $t$"} < {text.get_text() for text in ax.texts}


def test_reruns_give_the_same_pictures(inputs):
    pictures = []
    for _ in range(2):
        torch.manual_seed(0)
        model = build("ViT", **SMALL["ViT"])
        found = influence(model, inputs)
        figures = (
            plot_influence("ViT", found, found)[0].figure,
            plot_influence("ViT", found)[0].figure,
            plot_architecture(model, "ViT").figure,
            plot_patches(model, inputs[0, 190:230], 10)[0].figure,
        )
        pictures.append([picture(figure) for figure in figures])
    assert pictures[0] == pictures[1]
