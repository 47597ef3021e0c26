"""A search whose files are damaged: made again, or refused with the file's name."""

import json

import pytest

from adtlib.training.search.folder import Search, SearchError, best_row, table_hash

TABLE = "trial,num_layers,outcome\n12345678,1,finished\n1234e567,2,finished\n"
SETTINGS = {"hyperparameters": {"num_layers": 1}, "learning_rate": 1e-3, "weight_decay": 1e-4}


@pytest.fixture
def search(tmp_path):
    (tmp_path / "trials.csv").write_text(TABLE)
    write(tmp_path, settings=SETTINGS, table=table_hash(TABLE.encode()))
    return Search(tmp_path)


def write(folder, **more):
    (folder / "search.json").write_text(json.dumps({"search": {}, **more}))


def test_a_trial_that_diverged_cannot_win():
    finished, diverged = (
        {"outcome": how, "val_f1_micro": f1, "val_loss": 1.0} for how, f1 in (("finished", 0.5), ("diverged", 0.9))
    )
    assert best_row([diverged, finished]) is finished
    with pytest.raises(SearchError, match="all 1 trials diverged"):
        best_row([diverged])


def test_names_of_trials_are_text_though_they_look_like_numbers(search):
    assert search.finished and search.trials["trial"].tolist() == ["12345678", "1234e567"]


def test_a_search_of_an_earlier_version_states_no_hash(search):
    write(search.folder, settings=SETTINGS)
    assert search.finished and len(search.trials) == 2


@pytest.mark.parametrize("content", [TABLE[:40].encode(), b"", b"\xff\xfe", b"a,b\n1,2\n"])
def test_a_damaged_table_is_noticed(search, content):
    (search.folder / "trials.csv").write_bytes(content)
    assert not search.finished, "it is made again, from its trials"
    with pytest.raises(SearchError, match=r"trials\.csv is damaged .*: delete it"):
        _ = search.trials
    (search.folder / "trials.csv").unlink()
    with pytest.raises(SearchError, match=r"trials\.csv is damaged"):
        _ = search.trials


@pytest.mark.parametrize("record", ["[]", '{"settings": 1}', "[" * 100_000, '{"search": [], "settings": {}}', "{"])
def test_a_damaged_record_is_none(search, record):
    (search.folder / "search.json").write_text(record)
    assert search.record == {} and not search.finished


@pytest.mark.parametrize("wrong", [None, [], {}, SETTINGS | {"learning_rate": "1e-3"}, SETTINGS | {"hyperparameters": []}])
def test_settings_of_another_shape_are_none(search, wrong):
    write(search.folder, settings=wrong, table=table_hash(TABLE.encode()))
    assert not search.finished
