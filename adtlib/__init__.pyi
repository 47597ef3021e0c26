from . import audio as audio
from . import corpora as corpora
from . import evaluation as evaluation
from . import figures as figures
from . import models as models
from . import notation as notation
from . import notebooks as notebooks
from . import onsets as onsets
from . import panels as panels
from . import paths as paths
from . import profiles as profiles
from . import studies as studies
from . import synthesis as synthesis
from . import training as training
from . import transcription as transcription
from . import vocabulary as vocabulary
from .transcription import Transcription as Transcription
from .transcription import transcribe as transcribe

__version__: str
