from .architecture import Architecture as Architecture
from .decomposition import activations_from_strokes as activations_from_strokes
from .inspection import (
    attention_maps as attention_maps,
    gradient_through_time as gradient_through_time,
    receptive_fields as receptive_fields,
)
from .loss import infrequency_weights as infrequency_weights, weighted_bce as weighted_bce
from .prediction import predict as predict
from .registry import ARCHITECTURES as ARCHITECTURES, assemble as assemble, build as build, count_parameters as count_parameters
from .saliency import FRAMES_A_BLOCK as FRAMES_A_BLOCK, example_inputs as example_inputs, influence as influence
from .summary import stages as stages
