"""How a notebook begins: its parameters choose the profile."""

import matplotlib as mpl
import pytest

from adtlib.notebooks import begin


def test_parameters_override_the_profile_and_none_leaves_it():
    chosen = begin({"profile": "smoke", "epochs": 3, "seeds": None, "name": "not a parameter", "print": print})
    assert (chosen.name, chosen.epochs, chosen.seeds) == ("smoke", 3, (0,))


def test_figures_have_the_theme_afterwards():
    mpl.rcdefaults()
    before = dict(mpl.rcParams)
    begin({"profile": "smoke"})
    assert dict(mpl.rcParams) != before


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="epochs"):
        begin({"profile": "smoke", "epochs": "many"})
    with pytest.raises(ValueError, match="unknown profile 'tiny'"):
        begin({"profile": "tiny"})
