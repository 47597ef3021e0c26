from .annotations import (
    AnnotationError as AnnotationError,
    read_annotation as read_annotation,
    read_onsets as read_onsets,
    write_onsets as write_onsets,
)
from .frames import (
    SEGMENT_FRAMES as SEGMENT_FRAMES,
    Onsets as Onsets,
    frame_targets as frame_targets,
    frames_to_seconds as frames_to_seconds,
    onsets_from_targets as onsets_from_targets,
    seconds_to_frames as seconds_to_frames,
    widen_targets as widen_targets,
)
from .midi import Note as Note, read_notes as read_notes
from .peak_picking import PeakPicking as PeakPicking, pick_peaks as pick_peaks
