"""What the controlled study and the published numbers say, in sentences: each is made of numbers of a table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from adtlib.evaluation.significance import FEWEST_GROUPS
from adtlib.studies.comparison import published_results
from adtlib.studies.controlled import FACTORS
from adtlib.studies.controlled_results import TOGETHER, Results
from adtlib.studies.controlled_tables import (
    EQUAL,
    MEAN,
    best_on_validation,
    costs,
    effects,
    f1_by_architecture,
    pairs_of_architectures,
    what_makes_a_corpus_good,
)
from adtlib.training.controlled_sets import RENDERED, REPERTOIRE


def between(low: float, high: float, signed: bool = True) -> str:
    """An interval in words."""
    form = "{:+.3f} to {:+.3f}" if signed else "{:.3f} to {:.3f}"
    return "no interval" if np.isnan(low) else form.format(low, high)


# ---- chapter 6 ----------------------------------------------------------------------------------------------------------


def ranking_sentences(pairs: pd.DataFrame, test: str = RENDERED) -> list[str]:
    """Who is better than whom on a test, and by how much, and what is not decided, from `pairs_of_architectures`."""
    mine = pairs[pairs["test"] == test]
    said = []
    for verdict, words in (("higher", "is better than"), ("equal", f"equals, within {EQUAL:g},")):
        for row in mine[mine["verdict"] == verdict].itertuples():
            said.append(
                f"{row.first} {words} {row.second}: {row.difference:+.3f} micro F1 (95 %: {between(row.ci_low, row.ci_high)}; "
                f"{row.n_groups} performances or recordings, p = {row.p_holm:.3g} after Holm)."
            )
    for row in mine[mine["verdict"] == "not decided"].itertuples():
        why = (
            f"{row.n_groups} groups are too few"
            if row.n_groups < FEWEST_GROUPS
            else f"the interval is {between(row.ci_low, row.ci_high)}"
        )
        said.append(f"{row.first} and {row.second}: not decided; the difference is {row.difference:+.3f}, {why}.")
    return said


def decided(pairs: pd.DataFrame, test: str = RENDERED) -> str:
    """How many of `pairs_of_architectures` a test decides."""
    mine = pairs[pairs["test"] == test]
    counts = mine["verdict"].value_counts()
    return (
        f"{test}: of {len(mine)} pairs {counts.get('higher', 0)} differ, {counts.get('equal', 0)} are equal within {EQUAL:g}, "
        f"{counts.get('not decided', 0)} are not decided"
    )


def published_architectures() -> str:
    """What the published table says of the five architectures: the highest on each corpus, and the range of the others."""
    table = published_results()
    table = table[table["study"] == "architecture"]
    parts = []
    for corpus, part in table.groupby("test", sort=False):
        ordered = part.sort_values("f1_micro", ascending=False)
        first, second, last = ordered.iloc[0], ordered.iloc[1], ordered.iloc[-1]
        parts.append(
            f"on {corpus} {first['architecture']} ({first['f1_micro']:.3f}), then {second['architecture']} "
            f"({second['f1_micro']:.3f}), last {last['architecture']} ({last['f1_micro']:.3f})"
        )
    return "; ".join(parts)


# ---- chapter 7 ----------------------------------------------------------------------------------------------------------


def effect_sentences(table: pd.DataFrame, test: str = RENDERED) -> list[str]:
    """For each factor what its levels cost or gain where intervals say so; else that none is told apart."""
    found, said = effects(table, test), []
    for factor, words in FACTORS.items():
        mine = found[found["factor"] == factor]
        if mine.empty:
            continue
        clear = mine[mine["clear"]].sort_values("difference")
        listed = [f"{row.level} {row.difference:+.3f} ({between(row.ci_low, row.ci_high)})" for row in clear.itertuples()]
        unclear = mine[~mine["clear"]]["level"].tolist()
        text = f"**{words}**: "
        text += "; ".join(listed) if listed else "no level is told apart from the reference"
        if listed and unclear:
            text += f"; not told apart: {', '.join(unclear)}"
        said.append(text + ".")
    return said


def picking_sentences(chosen: pd.DataFrame, thesis: pd.DataFrame, test: str = RENDERED) -> list[str]:
    """Where the thesis's peak picking changes an effect by more than EQUAL, the largest change first.

    chosen, thesis  `what_makes_a_corpus_good` with peak picking chosen on validation, and with the thesis's delta.
    """
    both = effects(chosen, test).merge(effects(thesis, test), on=["factor", "level"], suffixes=("", "_thesis"))
    both["change"] = (both["difference_thesis"] - both["difference"]).abs()
    both = both[both["change"] > EQUAL].sort_values("change", ascending=False)
    said = [
        f"{row.level}: {row.difference:+.3f} ({between(row.ci_low, row.ci_high)}) becomes {row.difference_thesis:+.3f} "
        f"({between(row.ci_low_thesis, row.ci_high_thesis)})."
        for row in both.itertuples()
    ]
    return said or [f"No effect on {test} changes by more than {EQUAL:g}."]


def gap_sentences(table: pd.DataFrame) -> list[str]:
    """The published gaps beside the factors that could explain them."""
    published = published_results()
    published = published[published["study"] == "dataset"].set_index(["train", "test"])["f1_micro"]
    said = [
        f"E-GMD, drums alone, reaches {published['E-GMD', 'ENST+MDB']:.3f} on ENST+MDB, whose own model has "
        f"{published['ENST+MDB', 'ENST+MDB']:.3f}. " + _effect(table, "accompaniment", "none", TOGETHER["mix"]),
        f"Slakh, programmed songs with accompaniment, reaches {published['Slakh', 'ENST+MDB']:.3f} there. "
        + _effect(table, "performances", "programmed on the grid", TOGETHER["mix"]),
        f"The union of ENST+MDB, Slakh and ADTOF-YT reaches {published['ENST+MDB + Slakh + ADTOF-YT', 'ENST+MDB']:.3f}, more than "
        f"each alone. At equal hours, one of two instead of half of each: "
        + " ".join(_effect(table, "mixture", level, RENDERED) for level in ("drums alone", "programmed songs")),
    ]
    return said


def _effect(table: pd.DataFrame, factor: str, level: str, test: str) -> str:
    mine = table[(table["factor"] == factor) & (table["level"] == level) & (table["test"] == test) & (table["seed"] == MEAN)]
    if mine.empty or np.isnan(mine["difference"].iloc[0]):
        return f"({factor}, {level}: not measured on {test}.)"
    row = mine.iloc[0]
    return f"Alone, {factor}: {level} changes {row['difference']:+.3f} on {test} ({between(row['ci_low'], row['ci_high'])})."


ADVICE = {
    "hours": "how much to record",
    "kits": "how many drum kits",
    "accompaniment": "whether other instruments must play",
    "level": "how loud they should be",
    "performances": "whether people must play",
    "drummers": "how many drummers",
    "finishing": "whether it must be mixed, mastered and encoded",
    "annotation": "how exactly to annotate",
    "masked strokes": "whether to annotate what is not heard",
    "class balance": "whether to raise rare drums",
    "mixture": "whether one corpus or two",
}


def advice(table: pd.DataFrame, tests: tuple[str, ...]) -> list[str]:
    """What to mind when a corpus is recorded, ranked by the largest clear difference on any of the tests, a loss or a gain."""
    ranked = []
    for factor, question in ADVICE.items():
        mine = pd.concat([effects(table, test) for test in tests], ignore_index=True)
        mine = mine[mine["factor"] == factor]
        if mine.empty:
            continue
        clear = mine[mine["clear"]]
        if clear.empty:
            widest = (mine["ci_high"] - mine["ci_low"]).max() / 2
            ranked.append((0.0, f"**{question}**: this study does not tell; its intervals are up to ±{widest:.3f} wide."))
            continue
        row = clear.loc[clear["difference"].abs().idxmax()]
        verb = "costs" if row["difference"] < 0 else "gains"
        text = f"**{question}**: {row['level']} {verb} {abs(row['difference']):.3f} micro F1 on {row['test']} "
        ranked.append((abs(row["difference"]), f"{text}({between(row['ci_low'], row['ci_high'])})."))
    return [text for _, text in sorted(ranked, key=lambda each: -each[0])]


# ---- chapter 8 ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A sentence with the number that it is bound to, its interval (NaN where it has none) and its source."""

    sentence: str
    number: float
    low: float
    high: float
    source: str


def conclusions(results: Results) -> list[Claim]:
    """Ten sentences that answer the thesis's questions, each with its number; what no table holds is said to be not known."""
    architectures, pairs = f1_by_architecture(results), pairs_of_architectures(results)
    corpora, cost = what_makes_a_corpus_good(results), costs(results, architectures)
    claims = [_highest(results, architectures, test) for test in (RENDERED, *TOGETHER.values())]
    claims += [_pairs_claim(pairs), _curve_claim(results, architectures), _cost_claim(cost)]
    claims += [_largest(corpora, RENDERED, "rendered performances"), _largest(corpora, TOGETHER["mix"], "real recordings")]
    claims += [_published_claim(), _repertoire_claim(corpora)]
    return claims


_UNKNOWN = "not known: {} has no result"


def _highest(results: Results, table: pd.DataFrame, test: str) -> Claim:
    source = "real recordings" if test in TOGETHER.values() else "rendered performances"
    mine = table[(table["test"] == test) & (table["seed"] == MEAN) & (table["hours"] == results.study.architecture_hours)]
    if mine.empty:
        return Claim(f"Which architecture is best on {test} is {_UNKNOWN.format(test)}.", np.nan, np.nan, np.nan, source)
    row = mine.loc[mine["f1_micro"].idxmax()]
    text = f"On {test} the {row['level']} has the highest micro F1, {row['f1_micro']:.3f}, after {row['hours']:g} h of clips."
    return Claim(text, row["f1_micro"], row["f1_low"], row["f1_high"], source)


def _pairs_claim(pairs: pd.DataFrame) -> Claim:
    mine = pairs[pairs["test"] == RENDERED]
    n = int((mine["verdict"] != "not decided").sum())
    top = mine.loc[mine["difference"].idxmax()]
    text = f"{n} of {len(mine)} pairs of architectures are decided; the largest difference is {top['first']} over {top['second']}."
    return Claim(text, top["difference"], top["ci_low"], top["ci_high"], "rendered performances")


def _curve_claim(results: Results, table: pd.DataFrame) -> Claim:
    mine = table[(table["test"] == RENDERED) & (table["seed"] == MEAN)]
    hours, name = sorted(mine["hours"].unique()), best_on_validation(results)
    own = mine[mine["level"] == name].set_index("hours")
    winners = [f"{each:g} h: {mine.loc[mine[mine['hours'] == each]['f1_micro'].idxmax(), 'level']}" for each in hours]
    low, high = own.loc[hours[0]], own.loc[hours[-1]]
    gain = high["f1_micro"] - low["f1_micro"]
    text = f"The highest by amount of data: {', '.join(winners)}; from {hours[0]:g} to {hours[-1]:g} h the {name} gains {gain:.3f}."
    return Claim(text, gain, np.nan, np.nan, "rendered performances")


def _cost_claim(cost: pd.DataFrame) -> Claim:
    best, cheap = cost.loc[cost["f1_micro"].idxmax()], cost.loc[cost["training_minutes"].idxmin()]
    times = best["training_minutes"] / cheap["training_minutes"]
    less = best["f1_micro"] - cheap["f1_micro"]
    text = (
        f"The {cheap['architecture']} trains fastest, {times:.1f} times as fast as the {best['architecture']}, which has the "
        f"highest micro F1; its F1 is {less:.3f} lower."
        if cheap["architecture"] != best["architecture"]
        else f"The {best['architecture']} has the highest micro F1 and trains fastest."
    )
    return Claim(text, less, np.nan, np.nan, "rendered performances, this machine")


def _largest(table: pd.DataFrame, test: str, source: str) -> Claim:
    found = effects(table, test)
    found = found[found["clear"]]
    if found.empty:
        return Claim(
            f"Which factor of a corpus matters most on {test} is {_UNKNOWN.format('no factor')}.", np.nan, np.nan, np.nan, source
        )
    row = found.iloc[found["difference"].abs().argmax()]
    text = f"On {test} what matters most in a corpus is {FACTORS[row['factor']]}: {row['level']}, {row['difference']:+.3f}."
    return Claim(text, row["difference"], row["ci_low"], row["ci_high"], source)


def _published_claim() -> Claim:
    table = published_results()
    table = table[(table["study"] == "dataset") & (table["test"] == "SADTP")]
    row = table.loc[table["f1_micro"].idxmax()]
    text = f"On SADTP, unlike any training corpus, the best published model has {row['f1_micro']:.3f}, trained on {row['train']}."
    return Claim(text, row["f1_micro"], np.nan, np.nan, "published")


def _repertoire_claim(table: pd.DataFrame) -> Claim:
    mine = table[(table["test"].isin([REPERTOIRE, RENDERED])) & (table["seed"] == MEAN) & (table["factor"] == "kits")]
    wide = mine[mine["level"] == "all kits"].set_index("test")
    if not {REPERTOIRE, RENDERED} <= set(wide.index):
        text = f"What a repertoire that nobody trained on costs is {_UNKNOWN.format(REPERTOIRE)}."
        return Claim(text, np.nan, np.nan, np.nan, "rendered from SADTP's annotations")
    own, other = wide.loc[REPERTOIRE], wide.loc[RENDERED]
    text = (
        f"SADTP's songs on kits that nobody trained on: {own['f1_micro']:.3f}, beside {other['f1_micro']:.3f} on drummers' grooves."
    )
    return Claim(text, own["f1_micro"], own["f1_low"], own["f1_high"], "rendered from SADTP's annotations")


def abstract(results: Results, claims: list[Claim]) -> str:
    """The abstract: the questions, how they were put, and what `conclusions` found, its `claims`; two paragraphs."""
    counts = results.counts
    groups = {test: counts.loc[counts["test"] == test, "id"].nunique() for test in (RENDERED, *TOGETHER.values())}
    real = max(groups[test] for test in TOGETHER.values())
    asked = (
        "Automatic drum transcription finds in a recording when kick, snare, toms, hi-hat and cymbals are struck. Which "
        "architecture does it best, and what makes a corpus that a model generalises from? The published scores cannot tell: their "
        "models differ in size and settings, their corpora in hours, kits, music, sound and annotation at once. So networks of "
        f"about equal size were trained until early stopping on {results.study.architecture_hours:g} hours of rendered clips, and "
        "others on clips that differ in one thing alone. All were tested on "
        f"{groups[RENDERED]} performances on kits that no training clip has"
        + (f", and on {real} real pieces, as drums alone and as mixes." if real else ".")
    )
    found = " ".join(claim.sentence for claim in claims if not np.isnan(claim.number))
    return f"{asked}\n\n{found} Whether this holds on hundreds of hours of real music is not known."


def claim_table(claims: list[Claim]) -> pd.DataFrame:
    """Claims as a table: sentence, number, 95 %, source."""
    rows = [[each.sentence, each.number, each.low, each.high, each.source] for each in claims]
    return pd.DataFrame(rows, columns=["sentence", "number", "ci_low", "ci_high", "source"])
