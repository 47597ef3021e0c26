from .pipeline import transcribe as transcribe
from .pretrained import load_model as load_model
from .sources import (
    about_model as about_model,
    find_sources as find_sources,
    mdb_songs as mdb_songs,
    models_at_hand as models_at_hand,
    transcriptions_folder as transcriptions_folder,
)
from .transcription import Transcription as Transcription
