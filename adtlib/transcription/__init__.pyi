from .pipeline import transcribe as transcribe
from .pretrained import load_model as load_model
from .sources import (
    about_model as about_model,
)
from .sources import (
    find_sources as find_sources,
)
from .sources import (
    mdb_songs as mdb_songs,
)
from .sources import (
    models_at_hand as models_at_hand,
)
from .sources import (
    transcriptions_folder as transcriptions_folder,
)
from .transcription import Transcription as Transcription
