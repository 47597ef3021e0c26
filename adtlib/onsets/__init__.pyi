from .annotations import (
    AnnotationError as AnnotationError,
)
from .annotations import (
    read_annotation as read_annotation,
)
from .annotations import (
    read_onsets as read_onsets,
)
from .annotations import (
    write_onsets as write_onsets,
)
from .frames import (
    SEGMENT_FRAMES as SEGMENT_FRAMES,
)
from .frames import (
    Onsets as Onsets,
)
from .frames import (
    frame_targets as frame_targets,
)
from .frames import (
    frames_to_seconds as frames_to_seconds,
)
from .frames import (
    seconds_to_frames as seconds_to_frames,
)
from .frames import (
    widen_targets as widen_targets,
)
from .midi import Note as Note
from .midi import read_notes as read_notes
from .peak_picking import PeakPicking as PeakPicking
from .peak_picking import pick_peaks as pick_peaks
