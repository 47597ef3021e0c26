from .clips import INGREDIENTS as INGREDIENTS
from .clips import Clip as Clip
from .clips import Studio as Studio
from .clips import example_clip as example_clip
from .clips import why_none as why_none
from .examples import (
    bar as bar,
)
from .examples import (
    four_strokes as four_strokes,
)
from .examples import (
    glide as glide,
)
from .examples import (
    play as play,
)
from .examples import (
    play_with_strokes as play_with_strokes,
)
from .examples import (
    stroke as stroke,
)
from .examples import (
    to_listen as to_listen,
)
from .examples import (
    tone as tone,
)
from .groove_styles import STYLES as STYLES
from .grooves import perform as perform
from .soundfont import build_kit as build_kit
from .soundfont import render_drums as render_drums
