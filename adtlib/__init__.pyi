from . import (
    audio as audio,
    corpora as corpora,
    evaluation as evaluation,
    figures as figures,
    models as models,
    notation as notation,
    notebooks as notebooks,
    onsets as onsets,
    panels as panels,
    paths as paths,
    profiles as profiles,
    studies as studies,
    synthesis as synthesis,
    training as training,
    transcription as transcription,
    vocabulary as vocabulary,
)
from .transcription import Transcription as Transcription, transcribe as transcribe

__version__: str
