"""Edits of a clip's strokes: they add what performances lack.

Hi-hat and ride exchanged, snare strokes moved to toms, side stick, brushes, ghost notes, loose and sloshing hi-hats, hi-hats played
by foot, cymbals apart from kicks, flams, a tambourine. An edit takes strokes, the length of a beat in seconds and a random
generator, and returns other strokes in any order.
"""

import numpy as np

from adtlib.synthesis.articulations import CLASS_OF
from adtlib.synthesis.drumming import FLOOR_DB, Stroke
from adtlib.synthesis.recipe import Recipe, Streams


def edited(strokes: list[Stroke], beat: float, streams: Streams, recipe: Recipe) -> list[Stroke]:
    """The strokes of a clip after those edits that its streams choose, sorted by time; `beat` in seconds."""
    if recipe.edits:
        for share, option, edit in _EDITS:
            rng = streams("edit", edit.__name__)
            if rng.random() < share * (getattr(recipe, option) if option else 1.0):
                strokes = edit(strokes, beat, rng)
    if recipe.rare_share:
        strokes = _raise_rare(strokes, recipe.rare_share, streams("rare"))
    return sorted(strokes)


def _rename(strokes, names: dict[str, str], share: float, rng) -> list[Stroke]:
    chosen = rng.random(len(strokes)) < share
    return [
        stroke._replace(articulation=names.get(stroke.articulation, stroke.articulation)) if take else stroke
        for stroke, take in zip(strokes, chosen, strict=True)
    ]


def _exchange_hat_and_ride(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "ride", "hat_open": "crash", "ride": "hat_closed", "ride_bell": "hat_open"}, 1.0, rng)


def _loosen_hats(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "hat_half_open"}, rng.choice([0.3, 1.0]), rng)


def _ride_the_crash(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "crash", "ride": "crash", "hat_half_open": "crash"}, 1.0, rng)


def _side_stick(strokes, beat, rng):
    return _rename(strokes, {"snare": "side_stick", "snare_edge": "side_stick"}, 1.0, rng)


def _snare_to_toms(strokes, beat, rng):
    """Single strokes, or all strokes of some beats, which makes a run over the toms."""
    toms = ["tom_high", "tom_mid", "tom_low"]
    if rng.random() < 0.5:
        return _rename(strokes, {"snare": str(rng.choice(toms))}, rng.uniform(0.15, 0.5), rng)
    moved = []
    for stroke in strokes:
        position = stroke.seconds / beat % 8
        if stroke.articulation.startswith("snare") and position >= 6:
            stroke = stroke._replace(articulation=toms[min(2, int((position - 6) * 1.5))], level=stroke.level / 2)
        moved.append(stroke)
    return moved


def _hat_to_tom(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "tom_low", "ride": "tom_low"}, 1.0, rng)


def _to_tambourine(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "tambourine"}, 1.0, rng)


def _add_tambourine(strokes, beat, rng):
    step = beat * rng.choice([0.5, 1.0, 2.0])
    times = _steady_times(strokes, step * rng.choice([0.0, 0.5, 1.0]), step, rng)
    return strokes + [Stroke(time, "tambourine", 90, rng.uniform(-6, 0)) for time in times]


def _steady_times(strokes, first: float, step: float, rng) -> list[float]:
    """Seconds from `first` to the last of the strokes, `step` apart, each a little early or late."""
    times = np.arange(first, max((stroke.seconds for stroke in strokes), default=0.0), step)
    return np.maximum(times + rng.normal(0, 0.006, len(times)), 0.0).tolist()


def _brushes(strokes, beat, rng):
    """Brushes on the snare keep time, as in ballads and swing, mostly with the hi-hat played by foot."""
    taps = dict.fromkeys(("snare", "snare_edge", "hat_closed", "ride"), "brush")
    brushed = _rename(strokes, taps, rng.uniform(0.7, 1.0), rng)
    return _pedal_on_backbeats(brushed, beat, rng) if rng.random() < 0.7 else brushed


def _pedal_on_backbeats(strokes, beat, rng):
    """The foot closes the hi-hat on the second and fourth beat; its other strokes mostly move to the ride."""
    if rng.random() < 0.7:
        strokes = _rename(strokes, {"hat_closed": "ride", "hat_half_open": "ride", "hat_pedal": "ride"}, 1.0, rng)
    times = _steady_times(strokes, beat, 2 * beat, rng)
    return strokes + [Stroke(time, "hat_pedal", 80, rng.uniform(-5, 1)) for time in times]


def _soften_snare(strokes, beat, rng):
    """Some strokes of the snare become ghost notes."""
    ghosts, softer = rng.random(len(strokes)) < rng.uniform(0.2, 0.7), rng.uniform(8, 18, len(strokes))
    return [
        stroke._replace(velocity=0.45 * stroke.velocity, level=max(FLOOR_DB, stroke.level - by))
        if ghost and stroke.articulation.startswith("snare")
        else stroke
        for stroke, ghost, by in zip(strokes, ghosts, softer.tolist(), strict=True)
    ]


def _add_ghosts(strokes, beat, rng):
    """Ghost notes on the snare between the strokes, on sixteenths or triplets."""
    step = beat * rng.choice([1 / 4, 1 / 3])
    last = max((stroke.seconds for stroke in strokes), default=0.0)
    taken = np.array([stroke.seconds for stroke in strokes if stroke.articulation.startswith(("snare", "brush"))])
    times = np.arange(0, last, step)
    times = times[rng.random(len(times)) < rng.uniform(0.1, 0.4)]
    free = [time for time in times.tolist() if not len(taken) or np.abs(taken - time).min() > 0.06]
    return strokes + [Stroke(abs(time + rng.normal(0, 0.006)), "snare", 40, rng.uniform(-20, -9)) for time in free]


def _add_crashes(strokes, beat, rng):
    near = [s for s in strokes if s.articulation == "kick" and s.seconds / beat % 8 < 0.1]
    return strokes + [Stroke(s.seconds + rng.normal(0, 0.004), "crash", 100, rng.uniform(-4, 2)) for s in near]


def _add_flams(strokes, beat, rng):
    """A grace note before some strokes of snare and toms: audible, but one onset with the stroke, as in annotations."""
    graces = [
        Stroke(max(s.seconds - rng.uniform(0.014, 0.034), 0.0), s.articulation, s.velocity / 2, s.level - rng.uniform(4, 12), False)
        for s in strokes
        if s.articulation.startswith(("snare", "tom")) and s.level > -8 and rng.random() < 0.15
    ]
    return strokes + graces


def _leave_out(strokes, beat, rng):
    """One kind of drum is not played at all."""
    absent = str(rng.choice(["kick", "snare", "hat", "hat", "ride", "crash"]))
    return [stroke for stroke in strokes if not stroke.articulation.startswith(absent)]


def _slosh(strokes, beat, rng):
    """Hi-hats that are held loosely: each stroke sounds more or less open, some softly."""
    closed, half, softer = rng.uniform(0, 0.5), rng.uniform(0.3, 0.9), rng.uniform(0, 5)
    found = []
    for stroke, draw in zip(strokes, rng.random(len(strokes)).tolist(), strict=True):
        if stroke.articulation in ("hat_closed", "hat_half_open", "hat_open"):
            name = "hat_closed" if draw < closed else "hat_half_open" if draw < closed + (1 - closed) * half else "hat_open"
            stroke = stroke._replace(articulation=name, level=max(FLOOR_DB, stroke.level - softer))
        found.append(stroke)
    return found


def _free_cymbals(strokes, beat, rng):
    """Cymbals apart from kicks: some kicks under a cymbal are left out, and cymbals are struck alone, between or with the snare."""
    cymbals = np.array([s.seconds for s in strokes if CLASS_OF.get(s.articulation) == "CY"] or [-1.0])
    draws = rng.random(len(strokes)).tolist()
    share = rng.uniform(0.3, 0.9)
    strokes = [
        stroke
        for stroke, draw in zip(strokes, draws, strict=True)
        if stroke.articulation != "kick" or draw > share or np.abs(cymbals - stroke.seconds).min() > 0.03
    ]
    kicks = np.array([stroke.seconds for stroke in strokes if stroke.articulation == "kick"] or [-1.0])
    names = ("crash", "crash", "crash", "splash", "china", "ride_bell")
    often = rng.uniform(0.03, 0.15)
    places = [time for time in _steady_times(strokes, 0.0, beat / 2, rng) if rng.random() < often]
    return strokes + [
        Stroke(time, str(rng.choice(names)), float(rng.uniform(50, 120)), rng.uniform(-12, 1))
        for time in places
        if np.abs(kicks - time).min() > 0.06
    ]


def _raise_rare(strokes, share, rng):
    """Snare and hi-hat strokes become toms and cymbals, until each has `share` of all strokes or there are none left to take."""
    strokes = list(strokes)
    classes = np.array([CLASS_OF.get(stroke.articulation, "") for stroke in strokes])
    toms, cymbals = ("tom_high", "tom_mid", "tom_low"), ("ride", "ride", "crash", "splash", "china")
    for name, taken, names in (("TT", ("SD", "HH"), toms), ("CY", ("HH", "SD"), cymbals)):
        wanted = int(np.ceil(share * np.count_nonzero(classes != ""))) - np.count_nonzero(classes == name)
        free = rng.permutation(np.flatnonzero(np.isin(classes, taken)))
        for index in free[: max(wanted, 0)].tolist():
            strokes[index] = strokes[index]._replace(articulation=str(rng.choice(names)))
            classes[index] = name
    return strokes


# Share of clips, the option of the recipe that it is multiplied by, and the edit.
_EDITS = (
    (0.13, None, _exchange_hat_and_ride),
    (0.14, "loose_hats", _loosen_hats),
    (1.00, "sloshing", _slosh),
    (0.04, None, _ride_the_crash),
    (0.08, None, _side_stick),
    (0.16, "tom_runs", _snare_to_toms),
    (0.03, "tom_runs", _hat_to_tom),
    (0.03, None, _to_tambourine),
    (0.05, None, _add_tambourine),
    (0.15, "cymbals_on_kicks", _add_crashes),
    (1.00, "free_cymbals", _free_cymbals),
    (0.12, None, _add_flams),
    (0.06, "soft_strokes", _brushes),
    (0.06, "soft_strokes", _pedal_on_backbeats),
    (0.10, "soft_strokes", _soften_snare),
    (0.08, "soft_strokes", _add_ghosts),
    (0.06, None, _leave_out),
)
