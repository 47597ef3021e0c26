from .pipeline import transcribe as transcribe
from .pretrained import load_model as load_model
from .sources import (
    about_model as about_model,
    available_models as available_models,
    find_sources as find_sources,
    mdb_songs as mdb_songs,
    transcriptions_folder as transcriptions_folder,
)
from .transcription import Transcription as Transcription
