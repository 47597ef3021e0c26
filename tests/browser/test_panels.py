"""The panels in a real browser: open a notebook, run it, move a slider, see another picture, hear no complaint."""

import pytest

pytestmark = pytest.mark.browser


def test_a_notebook_opens_and_runs(open_notebook):
    notebook = open_notebook("14_performance_measures")
    notebook.run_all()
    assert not notebook.complaints
