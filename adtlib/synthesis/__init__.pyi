from .clips import (
    INGREDIENTS as INGREDIENTS,
    Clip as Clip,
    Studio as Studio,
    example_clip as example_clip,
    why_no_clip as why_no_clip,
)
from .examples import (
    bar as bar,
    four_strokes as four_strokes,
    glide as glide,
    play as play,
    play_onsets as play_onsets,
    play_with_strokes as play_with_strokes,
    stroke as stroke,
    task_example as task_example,
    to_listen as to_listen,
    tone as tone,
)
from .groove_styles import STYLES as STYLES
from .grooves import perform as perform
from .soundfont import build_kit as build_kit, render_drums as render_drums
