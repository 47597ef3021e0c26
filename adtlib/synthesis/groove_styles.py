"""Patterns of each style, as plain data for the groove generator (`adtlib.synthesis.grooves`).

A pattern is a string of one or two bars in 4/4, one character a step: 16 a bar where a beat has four steps (sixteenths), 12
where it has three (triplets). `X` is an accent, `x` a normal stroke, `-` a soft one, `g` a ghost note, `.` silence. Two letters
are special to a voice: `o` is an open hi-hat, `b` the bell of the ride. In `toms`, `h`, `m` and `l` name the high, the
middle and the floor tom. Each voice lists variants; a performance draws one for each phrase and varies it from bar to bar.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Style:
    """One style: its patterns and playing habits.

    bpm          range of tempi in beats a minute.
    steps        steps a beat: 4 or 3.
    swing        how late every second step is, as a fraction of a step (0: even); triplets need none.
    timekeepers  relative frequency of the voice that keeps time: "hat", "loose" (half-open hat), "ride", "crash", "floor".
    ghosts       probability of a ghost note on the snare in a free step of sixteenths.
    busy         probability that a bar departs from its pattern in the kick drum.
    open_hat     probability that a bar's last off-beat hi-hat opens.
    fill_every   bars in a phrase; its last one ends in a fill.
    late         delay of the snare behind the beat, in milliseconds.
    two_handed   both hands play the hi-hat's sixteenths, so it pauses while the snare is hit.
    snare_pitch  General MIDI pitch of the backbeat: 38, or 37 for a side stick.
    """

    name: str
    bpm: tuple[int, int]
    kick: tuple[str, ...]
    snare: tuple[str, ...]
    hat: tuple[str, ...]
    ride: tuple[str, ...]
    pedal: tuple[str, ...] = ("....",)
    toms: tuple[str, ...] = ("....",)
    steps: int = 4
    swing: float = 0.0
    timekeepers: dict[str, float] = field(default_factory=lambda: {"hat": 0.55, "loose": 0.08, "ride": 0.37})
    ghosts: float = 0.0
    busy: float = 0.3
    open_hat: float = 0.15
    fill_every: tuple[int, ...] = (2, 4, 4)
    late: float = 2.0
    two_handed: bool = False
    snare_pitch: int = 38


_BACKBEAT = "....X.......X..."
_EIGHTHS = "X.x.X.x.X.x.X.x."
_QUARTERS = "X...X...X...X..."
_SHUFFLE = "X.xX.xX.xX.x"

_ALL = (
    Style(
        name="rock",
        bpm=(92, 148),
        kick=("X.......X.......", "X.......X.x.....", "X.....x.X.......", "X......xX.x.....", "X.x.....X.....x."),
        snare=(_BACKBEAT,),
        hat=(_EIGHTHS, _EIGHTHS, _QUARTERS),
        ride=(_EIGHTHS, _QUARTERS, "b.x.b.x.b.x.b.x."),
        timekeepers={"hat": 0.45, "loose": 0.12, "ride": 0.28, "crash": 0.07, "floor": 0.04},
        ghosts=0.03,
    ),
    Style(
        name="funk",
        bpm=(86, 112),
        kick=("X..x......x..x..", "X.x....x..x.....", "X......x..X..x..", "X..X..x...x....."),
        snare=("....X..g.g..X..g", "....X....g.gX...", "....X..g....X.g.", "...gX..g.g.gX..g"),
        hat=("XxxxXxxxXxxxXxxx", "X-x-X-x-X-x-X-x-", _EIGHTHS, "X.xxX.xxX.xxX.xx"),
        ride=(_EIGHTHS, "x.b.x.b.x.b.x.b."),
        timekeepers={"hat": 0.7, "loose": 0.05, "ride": 0.25},
        swing=0.08,
        ghosts=0.12,
        busy=0.4,
        open_hat=0.4,
        late=4.0,
    ),
    Style(
        name="shuffle",
        bpm=(88, 140),
        steps=3,
        kick=("X.....X.....", "X....xX.....", "X....xX....x", "X..x..X..x.."),
        snare=("...X.....X..", "..gX....gX..", "...X.g...X.g"),
        hat=(_SHUFFLE,),
        ride=(_SHUFFLE, "X..X.xX..X.x"),
        ghosts=0.08,
        late=3.0,
    ),
    Style(
        name="hiphop",
        bpm=(74, 98),
        kick=("X..x......x..x..", "X.........X..x..", "X......x..x.....", "X.x.......xx...."),
        snare=(_BACKBEAT, "....X..g....X..."),
        hat=(_EIGHTHS, "X-x-X-x-X-xxX-x-", "X.x.X.xxX.x.X.x."),
        ride=(_EIGHTHS,),
        timekeepers={"hat": 0.85, "ride": 0.15},
        swing=0.28,
        open_hat=0.3,
        late=8.0,
    ),
    Style(
        name="punk",
        bpm=(160, 190),
        kick=("X...x.x.X...x.x.", "X.....x.X.x.....", "X...X...X...X..."),
        snare=(_BACKBEAT, "..X...X...X...X."),
        hat=(_EIGHTHS, _QUARTERS),
        ride=(_EIGHTHS, _QUARTERS),
        timekeepers={"hat": 0.3, "loose": 0.25, "ride": 0.25, "crash": 0.14, "floor": 0.06},
        busy=0.15,
        fill_every=(4, 4, 8),
        late=-1.0,
    ),
    Style(
        name="ballad",
        bpm=(70, 84),
        kick=("X.......X.x.....", "X......xX.......", "X.........x....."),
        snare=(_BACKBEAT,),
        hat=(_EIGHTHS, "X-x-X-x-X-x-X-x-"),
        ride=(_EIGHTHS, "b...x...b...x..."),
        toms=("....", "..............l.", "............m.l."),
        fill_every=(2, 2, 4),
        snare_pitch=37,
        late=5.0,
    ),
    Style(
        name="disco",
        bpm=(110, 128),
        kick=(_QUARTERS,),
        snare=(_BACKBEAT, "....X.......X..x"),
        hat=("x.o.x.o.x.o.x.o.", "xxoxxxoxxxoxxxox", "X.o.X.o.X.o.X.o."),
        ride=("x.b.x.b.x.b.x.b.", _EIGHTHS),
        timekeepers={"hat": 0.75, "ride": 0.25},
        busy=0.1,
        two_handed=True,
    ),
    Style(
        name="bossa",
        bpm=(116, 150),
        kick=("X.....x.X.....x.",),
        snare=("x.....x.....x.......x.....x.....",),
        hat=("x.x.x.x.x.x.x.x.", "x-x-x-x-x-x-x-x-"),
        ride=("x.x.x.x.x.x.x.x.", "X.x-X.x-X.x-X.x-"),
        pedal=("....x.......x...",),
        toms=("....", "..............l.", "..........m.................l.l."),
        timekeepers={"hat": 0.5, "ride": 0.5},
        busy=0.1,
        snare_pitch=37,
    ),
    Style(
        name="latin",
        bpm=(96, 124),
        kick=("X..x....X..x....", "...x..x....x..x.", "X.....x.X.....x."),
        snare=("......g.....X...", "....x..g......g.", "...g..x....g...."),
        hat=("X.xxX.xxX.x.X.xx", _EIGHTHS),
        ride=("b.bxb.xxb.bxb.xx", "b.x.b.b.x.b.x.b."),
        pedal=("x...x...x...x...",),
        toms=("............h.h.", "....h.......l.l.", "......m.....h..l", "............l.m."),
        timekeepers={"hat": 0.3, "ride": 0.6, "floor": 0.1},
    ),
    Style(
        name="metal",
        bpm=(130, 176),
        kick=("xxxxxxxxxxxxxxxx", "xxx.xxx.xxx.xxx.", "X.xxX.xxX.xxX.xx", "XxxxX...XxxxX..."),
        snare=(_BACKBEAT, "........X.......", "..x...x...x...x."),
        hat=(_QUARTERS, _EIGHTHS),
        ride=(_QUARTERS, "b...b...b...b...", _EIGHTHS),
        timekeepers={"hat": 0.25, "loose": 0.25, "ride": 0.3, "crash": 0.2},
        busy=0.05,
        late=-1.0,
    ),
    Style(
        name="jazz",
        bpm=(112, 186),
        steps=3,
        kick=("-..-..-..-..", "..........-.", "-.....-....x", "............"),
        snare=("....g....g..", "..g....g....", ".....x......", "........g..x"),
        hat=("X..X.xX..X.x",),
        ride=("X..X.xX..X.x", "X..X.xX..X..", "X.xX.xX..X.x"),
        pedal=("...x.....x..",),
        toms=("....", "....", "..........m.", ".....l......"),
        timekeepers={"hat": 0.12, "ride": 0.88},
        ghosts=0.1,
        busy=0.3,
    ),
    Style(
        name="reggae",
        bpm=(70, 92),
        steps=3,
        kick=("......X.....", "X.....X.....", "X..X..X..X.."),
        snare=("......X.....", "......X...g."),
        hat=("x.Xx.Xx.Xx.X", "X.xX.xX.xX.x"),
        ride=("X.xX.xX.xX.x",),
        timekeepers={"hat": 0.8, "ride": 0.2},
        toms=("....", ".........m.l"),
        open_hat=0.35,
        late=6.0,
        snare_pitch=37,
    ),
    Style(
        name="tribal",
        bpm=(100, 150),
        kick=("X.......X.......", "X...X...X...X...", "X.....x.X......."),
        snare=("........X.......", _BACKBEAT, "............X..."),
        hat=(_QUARTERS, _EIGHTHS),
        ride=(_QUARTERS, _EIGHTHS),
        toms=("l.lll.l.l.lll.m.", "l..l..l.m..m..h.", "ll.lm.lmll.lh.m.", "l.l.m.l.l.l.h.m."),
        timekeepers={"hat": 0.25, "ride": 0.3, "floor": 0.1, "crash": 0.1},
        fill_every=(4,),
    ),
)

STYLES: dict[str, Style] = {style.name: style for style in _ALL}
