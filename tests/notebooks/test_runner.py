"""Running notebooks: what is skipped, what is run again, and what a failure or a killed process leaves."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4

from adtlib import paths, profiles, provenance
from adtlib.corpora import base
from adtlib.notebooks import execute, listing, manifest, runner, uptodate
from adtlib.notebooks.progress import Progress

PROFILE = "tiny"
PREFIX = "import os\nfrom pathlib import Path\nhome = Path(os.environ['TINY_HOME'])\n"


def write_notebook(number_and_name: str, *cells: str) -> Path:
    """A notebook with the parameters `profile` and `epochs` and these code cells, each of which knows `home`."""
    parameters = v4.new_code_cell('profile = "smoke"\nepochs = None', metadata={"tags": ["parameters"]})
    body = [v4.new_code_cell(PREFIX + cell) for cell in cells]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), parameters, *body])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = paths.NOTEBOOKS / f"{number_and_name}.ipynb"
    nbformat.write(notebook, path)
    return path


def use_home(home: Path, set_attribute) -> None:
    """Let everything that the runner reads or writes lie in `home`, and a profile of real data there be the only one."""
    for name in ("notebooks", "params", "data", "cache", "results", "figures"):
        (home / name).mkdir(parents=True, exist_ok=True)
        set_attribute(paths, name.upper(), home / name)
    set_attribute(paths, "HOME", home)
    (home / "params" / f"{PROFILE}.yaml").write_text("data: real\n")
    settings = {"name": PROFILE, "data": "real", "data_root": home / "data", "train_corpora": (), "notebook_numbers": ()}
    settings |= {"recordings": (), "model": None}
    set_attribute(profiles, "load_profile", lambda name, **overrides: SimpleNamespace(**settings | overrides))
    set_attribute(profiles, "open_corpora", lambda profile, progress: {})


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    use_home(tmp_path, monkeypatch.setattr)
    monkeypatch.setenv("TINY_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_kernel(monkeypatch) -> None:
    """Cells run in this process, in seconds less: for tests of what the runner does around a notebook that succeeds."""

    def execute_here(job, name, progress) -> None:
        notebook, names = nbformat.read(job["notebook"], as_version=4), {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(cell.source, names)
                if "parameters" in cell.metadata.get("tags", ()):
                    names |= job["parameters"]
        Path(job["copy"]).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, job["copy"])

    monkeypatch.setattr(runner, "_execute", execute_here)


def copies(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "results" / PROFILE / "notebooks").glob("*"))


WRITE_SCORES = """
scores = home / "results" / profile / "runs" / "{run}" / "scores.csv"
scores.parent.mkdir(parents=True, exist_ok=True)
scores.write_text("{text}")
"""


def test_what_is_up_to_date_is_skipped_and_what_has_changed_runs_again(home, no_kernel, capsys):
    figure = "\nfigure = home / 'figures' / profile / '41_curve.png'\nfigure.parent.mkdir(exist_ok=True)\nfigure.touch()"
    write_notebook("41_first", WRITE_SCORES.format(run="a", text="0.5") + figure)
    reader = write_notebook("50_reader", "print(profile, epochs)")
    # A later notebook adds a run and tests to an earlier one: that must not put 50 out of date.
    write_notebook("60_later", WRITE_SCORES.format(run="b", text="1"), WRITE_SCORES.format(run="a", text="0.5, 0.6"))
    assert set(runner.run_notebooks(profile=PROFILE).values()) == {"done"}
    assert copies(home) == ["41_first.ipynb", "50_reader.ipynb", "60_later.ipynb"]
    assert "tiny None" in capsys.readouterr().out
    assert set(runner.run_notebooks(profile=PROFILE).values()) == {"up to date"}
    assert "tiny None" not in capsys.readouterr().out

    reader.write_text(reader.read_text().replace("epochs)", "epochs, 1)"))
    (home / "figures" / PROFILE / "41_curve.png").unlink()
    assert runner.run_notebooks(profile=PROFILE) == {"41_first": "done", "50_reader": "done", "60_later": "done"}


@pytest.mark.slow
def test_scores_that_an_interrupted_notebook_left_are_its_own(home):
    write_notebook("41_first", WRITE_SCORES.format(run="a", text="0.5"))
    write_notebook("50_reader", "1")
    parts = WRITE_SCORES.format(run="b", text="1"), "assert (home / 'go').exists()", WRITE_SCORES.format(run="a", text="0.6")
    write_notebook("60_later", *parts)
    with pytest.raises(runner.NotebookFailed):
        runner.run_notebooks(profile=PROFILE)
    assert runner.run_notebooks(["50"], profile=PROFILE) == {"50_reader": "up to date"}
    (home / "go").touch()
    first, second = "runs/a/scores.csv", "runs/b/scores.csv"
    for force in (False, True):
        runner.run_notebooks(["60"], profile=PROFILE, force=force)
        noted = manifest.read(PROFILE)
        assert noted["41_first"]["scores"] == {first: {"before": None, "after": provenance.hash_of(b"0.5")}}
        assert noted["60_later"]["scores"] == {
            first: {"before": provenance.hash_of(b"0.5"), "after": provenance.hash_of(b"0.6")},
            second: {"before": None, "after": provenance.hash_of(b"1")},
        }
    assert set(runner.run_notebooks(profile=PROFILE).values()) == {"up to date"}
    assert not list((home / "cache" / "stamps").rglob("*.begun"))


def test_each_input_counts(home, monkeypatch):
    monkeypatch.setattr(runner, "_execute", lambda job, name, progress: Path(job["copy"]).write_text("{}"))
    write_notebook("41_first", "1")
    write_notebook("50_reader", "1")
    (home / "results" / PROFILE / "notebooks").mkdir(parents=True)

    def outcome(**options) -> list[str]:
        return list(runner.run_notebooks(profile=PROFILE, **options).values())

    assert outcome() == ["done", "done"]
    assert outcome() == ["up to date", "up to date"]
    assert outcome(force=True) == ["done", "done"]
    assert outcome(parameters={"epochs": 3}) == ["done", "done"]
    assert outcome(parameters={"epochs": 3}) == ["up to date", "up to date"]
    (home / "data" / "song.wav").write_text("sound")
    assert outcome(parameters={"epochs": 3}) == ["done", "done"]
    (home / "params" / f"{PROFILE}.yaml").write_text("data: real\nepochs: 7\n")
    assert outcome(parameters={"epochs": 3}) == ["done", "done"]
    (home / "results" / PROFILE / "notebooks" / "41_first.ipynb").unlink()
    assert outcome(parameters={"epochs": 3}) == ["done", "up to date"]
    scores = home / "results" / PROFILE / "runs" / "a" / "scores.csv"
    scores.parent.mkdir(parents=True)
    scores.write_text("0.5")
    assert outcome(parameters={"epochs": 3}) == ["up to date", "done"]


def test_recordings_are_found_from_any_folder_and_count_for_the_notebook_that_hears_them(home, monkeypatch, tmp_path):
    jobs = []
    monkeypatch.setattr(runner, "_execute", lambda job, *_: jobs.append(job) or Path(job["copy"]).write_text("{}"))
    write_notebook("41_first", "1")
    path = write_notebook("80_last", "1")
    path.write_text(path.read_text().replace("epochs = None", "recordings = None\\nmodel = None"))
    (home / "results" / PROFILE / "notebooks").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.wav").write_text("sound")
    monkeypatch.chdir(tmp_path / "mine")

    def outcome() -> list[str]:
        return list(runner.run_notebooks(profile=PROFILE, parameters={"recordings": ["song.wav"], "model": "adt"}).values())

    assert outcome() == ["done", "done"]
    assert jobs[1]["parameters"] == {"profile": PROFILE, "recordings": [str(tmp_path / "mine" / "song.wav")], "model": "adt"}
    assert outcome() == ["up to date", "up to date"]
    (tmp_path / "mine" / "song.wav").write_text("another sound")
    assert outcome() == ["up to date", "done"]


def test_recordings_and_a_model_of_the_profile_s_file_count_as_those_of_the_command_line_do(home, monkeypatch):
    monkeypatch.setattr(runner, "_execute", lambda job, *_: Path(job["copy"]).write_text("{}"))
    write_notebook("41_first", "1")
    path = write_notebook("80_last", "1")
    path.write_text(path.read_text().replace("epochs = None", "recordings = None\\nmodel = None"))
    (home / "results" / PROFILE / "notebooks").mkdir(parents=True)
    (home / "songs").mkdir()
    song, model = home / "songs" / "song.wav", home / "mine.safetensors"
    song.write_text("sound")
    model.write_text("weights")
    settings = profiles.load_profile(PROFILE, recordings=(str(home / "songs"),), model=str(model))
    monkeypatch.setattr(profiles, "load_profile", lambda name, **overrides: settings)

    def outcome() -> list[str]:
        return list(runner.run_notebooks(profile=PROFILE).values())

    assert outcome() == ["done", "done"]
    assert outcome() == ["up to date", "up to date"]
    for file in (song, model):
        file.write_text("another of these")
        assert outcome() == ["up to date", "done"]


def test_code_counts_for_the_notebooks_that_use_it(home, monkeypatch):
    monkeypatch.setattr(runner, "_execute", lambda job, *_: Path(job["copy"]).write_text("{}"))
    write_notebook("41_first", "1")
    write_notebook("81_last", "from adtlib.audio import normalise\nnormalise.KEPT_SAMPLES")
    (home / "results" / PROFILE / "notebooks").mkdir(parents=True)
    package = home / "package" / "adtlib"
    shutil.copytree(provenance.PACKAGE, package, ignore=shutil.ignore_patterns("weights", "__pycache__"))
    monkeypatch.setattr(uptodate, "code_state", partial(provenance.code_state, package=package))

    def outcome(*change: str) -> list[str]:
        if change:
            path = package / "audio" / "normalise.py"
            path.write_text(path.read_text().replace(*change))
        return list(runner.run_notebooks(profile=PROFILE).values())

    assert outcome() == ["done", "done"]
    assert outcome("KEPT_SAMPLES = ", "# why\nKEPT_SAMPLES =   ") == ["up to date", "up to date"]
    assert outcome("KEPT_SAMPLES =   ", "KEPT_SAMPLES = 1 + ") == ["up to date", "done"]


def age(folder: Path) -> None:
    """Make a folder look untouched for long: a clock that ticks slowly must not hide the next change."""
    os.utime(folder, (1e9, 1e9))


FULL = Path("corpus", "train", "full")


@pytest.fixture
def large_root(tmp_path) -> Path:
    """A data root whose folder `full` is too large to be looked at file by file, with a small one in it."""
    root = tmp_path / "corpora"
    small = root / FULL / "small"
    small.mkdir(parents=True)
    for number in range(uptodate.STAT_LIMIT + 1):
        (small.parent / f"{number}.wav").write_text("sound")
    (small / "notes.txt").write_text("1.0 KD")
    for folder in (small, *small.parents[:4]):
        age(folder)
    return root


def rename_over(path: Path) -> None:
    """Replace a file as programs do that write a new one beside it first; its folder's time says so, if nothing else."""
    new = path.with_name("new")
    new.write_text("noise")
    new.rename(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / FULL / "more.wav").write_text("sound"),
        lambda root: (root / FULL / "7.wav").unlink(),
        lambda root: (root / FULL / "7.wav").rename(root / FULL / "seven.wav"),
        lambda root: rename_over(root / FULL / "7.wav"),
        lambda root: (root / FULL / "small" / "more.txt").write_text("2.0 SD"),
        lambda root: (root / FULL / "small" / "notes.txt").write_text("1.0 SD, 2.0 SD"),
        lambda root: os.utime(root / FULL / "small" / "notes.txt", (1e9, 1e9)),
        lambda root: (root / FULL / "small" / "deeper").mkdir(),
        lambda root: (root / "corpus" / "about.txt").write_text("a corpus"),
    ],
    ids=["added", "removed", "renamed", "replaced", "added below", "written over below", "touched below", "folder", "above"],
)
def test_the_state_of_a_large_data_root_notices_changes_in_nested_folders(large_root, change):
    before = uptodate.data_state(large_root)
    assert uptodate.data_state(large_root) == before
    change(large_root)
    assert uptodate.data_state(large_root) != before


def test_the_state_of_a_data_root_leaves_out_what_it_says_it_does(large_root):
    before = uptodate.data_state(large_root)
    (large_root / FULL / "7.wav").write_text("other")  # in place, in a large folder: the price of not looking at each file
    (large_root / "miniature").mkdir()
    (large_root / "miniature" / base.MARKER).touch()  # generated corpora beside the real ones
    assert uptodate.data_state(large_root) == before


def test_a_large_folder_of_own_recordings_is_watched_although_it_is_the_root_itself(large_root):
    before = uptodate.data_state(large_root / FULL)
    (large_root / FULL / "7.wav").rename(large_root / FULL / "seven.wav")
    assert uptodate.data_state(large_root / FULL) != before


def test_progress_says_the_time_first_so_that_a_narrow_terminal_shows_it(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "40")
    news = [json.dumps({"shown": "cell 4/9, " + "epoch 3 of 24, loss 0.1, " * 4}), json.dumps({"failure": {"cell": 4}})]
    progress, clock = Progress(Terminal()), iter([0.0])  # the notebook starts at 0, then it is 185 s
    monkeypatch.setattr(time, "monotonic", lambda: next(clock, 185.0))
    shown, failure = runner._follow(iter(news), "41_rnn", progress)
    assert (shown[:8], failure) == ("cell 4/9", {"cell": 4})
    lines = progress.stream.getvalue().split("\r")
    assert lines[1].startswith("41_rnn, 3 min 05 s: cell 4/9")
    assert {len(line) for line in lines[1:]} == {39}


def test_a_cell_may_train_for_an_hour_on_generated_corpora():
    assert runner.CELL_TIMEOUTS["miniature"] >= 3600


def test_failure_names_cell_source_and_error_and_stops(home, capsys):
    from adtlib.cli import main

    write_notebook("41_first", "print('fine')", "value = 6\nraise ValueError(f'no {value * 7}')")
    write_notebook("42_second", "1")
    assert main(["run", "--profile", PROFILE]) == 1
    shown = capsys.readouterr().err
    assert "41_first failed at cell 4 of 4" in shown
    assert "    value = 6" in shown
    assert "ValueError: no 42" in shown
    assert "Traceback" not in shown
    assert copies(home) == ["41_first.failed.ipynb"]
    write_notebook("41_first", "print(profile, epochs)")
    assert runner.run_notebooks(["41"], PROFILE, {"epochs": 3}) == {"41_first": "done"}
    assert copies(home) == ["41_first.ipynb"]
    assert "tiny 3" in (home / "results" / PROFILE / "notebooks" / "41_first.ipynb").read_text()


def test_a_cell_that_takes_too_long_and_a_kernel_that_dies(home):
    write_notebook("41_slow", "import time\ntime.sleep(60)")
    with pytest.raises(runner.NotebookFailed, match=r"41_slow failed at cell 3 of 3(.|\n)*took longer than 2 s"):
        runner.run_notebooks(profile=PROFILE, timeout=2)
    write_notebook("41_slow", "os._exit(3)")
    with pytest.raises(runner.NotebookFailed, match="process died"):
        runner.run_notebooks(profile=PROFILE)
    assert copies(home) == ["41_slow.failed.ipynb"]


def test_unknown_parameter_is_refused_before_anything_runs(home):
    write_notebook("41_first", "(home / 'ran').touch()")
    with pytest.raises(listing.RunnerError, match=r"has a parameter 'epoch': 41_first has epochs"):
        runner.run_notebooks(profile=PROFILE, parameters={"epoch": 3})
    with pytest.raises(listing.RunnerError, match="--profile"):
        runner.run_notebooks(profile=PROFILE, parameters={"profile": "thesis"})
    assert not (home / "ran").exists()


def test_names_numbers_ranges_and_paths(home):
    for name in ("00_start", "41_a", "43_b", "50_c"):
        write_notebook(name, "1")

    def names(*chosen) -> list[str]:
        return [notebook.name for notebook in listing.find_notebooks(chosen)]

    assert names() == ["00_start", "41_a", "43_b", "50_c"]
    assert names("50", "41-45") == ["41_a", "43_b", "50_c"]
    assert names("0", "43_b", home / "notebooks" / "43_b.ipynb") == ["00_start", "43_b"]
    for unknown in ("44", "a", "43_b.py", home / "43_b.ipynb"):
        with pytest.raises(listing.RunnerError, match=r"there are 00_start, 41_a"):
            names(unknown)


def test_two_runs_of_one_profile_do_not_meet(home):
    write_notebook("41_first", "1")
    with (
        uptodate.locked(PROFILE),
        pytest.raises(listing.RunnerError, match=f"process {os.getpid()}"),
    ):
        runner.run_notebooks(profile=PROFILE)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_runner
test_runner.use_home(Path({home!r}), setattr)
test_runner.runner.run_notebooks(profile="tiny")
"""


def wait_for(condition, seconds: float = 60.0):
    """What `condition` gives as soon as it gives anything; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"nothing happened within {seconds} s")


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc whether the kernel has ended")
def test_a_killed_run_leaves_nothing_that_passes_for_a_result(home):
    write_notebook("41_first", "import time\n(home / 'kernel').write_text(str(os.getpid()))\ntime.sleep(300)")
    script = KILLED.format(tests=str(Path(__file__).parent), home=str(home))
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL)
    kernel = int(wait_for(lambda: (home / "kernel").exists() and (home / "kernel").read_text()))
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_for(lambda: is_gone(kernel))
    assert copies(home) == []
    assert list((home / "cache" / "stamps").rglob("*.json")) == []
    # A kernel that is killed as well cannot remove the file by which it is reached; the next run does.
    (home / "cache" / "kernels" / PROFILE / "41_first.1.json").touch()
    write_notebook("41_first", "1")
    assert runner.run_notebooks(profile=PROFILE) == {"41_first": "done"}
    assert list((home / "cache" / "kernels").rglob("*.json")) == []
    with uptodate.locked(PROFILE):  # its lock went with it
        pass


def executed_notebook(*outputs) -> nbformat.NotebookNode:
    cell = v4.new_code_cell("1", outputs=list(outputs), metadata={"papermill": {"duration": 3}, "execution": {}})
    return v4.new_notebook(cells=[cell], metadata={"papermill": {"input_path": "x"}, "widgets": {"state": {}}})


def test_executed_copies_speak_of_the_project_alone():
    notebook = executed_notebook(
        v4.new_output("stream", name="stderr", text="\repoch 1"),
        v4.new_output("stream", name="stderr", text=f"\repoch 2\nsee {paths.ROOT}/params/x.yaml\n"),
        v4.new_output("stream", name="stderr", text=f"{tempfile.gettempdir()}/ipykernel_12/345.py:3: UserWarning"),
        v4.new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Box()"}),
        v4.new_output("display_data", {"text/plain": f"<Axes at 0x7f0011223344> in {paths.ROOT}"}),
    )
    execute.normalise(notebook)
    first, second = notebook.cells[0].outputs
    assert first.text == "epoch 2\nsee params/x.yaml\n<cell>:3: UserWarning"
    assert second.data["text/plain"] == "<Axes> in ."
    assert notebook.cells[0].metadata == {}
    assert set(notebook.metadata) == {"language_info"}


def test_executed_copies_keep_the_picture_that_stands_for_a_panel():
    panel = {execute.WIDGET_VIEW: {"model_id": "1"}, "image/png": "AAAA", "text/plain": "[panel]"}
    notebook = executed_notebook(v4.new_output("execute_result", panel))
    execute.normalise(notebook)
    (kept,) = notebook.cells[0].outputs
    assert kept.data == {"image/png": "AAAA", "text/plain": "[panel]"}


def test_executed_copies_stay_small_and_give_up_sounds_before_pictures():
    sound, picture = "<audio src='data:audio/wav;base64," + "A" * 900_000, "B" * 400_000
    notebook = executed_notebook(
        v4.new_output("display_data", {"image/png": picture, "text/plain": "<Figure>"}),
        v4.new_output("display_data", {"text/html": sound}),
    )
    execute.normalise(notebook)
    kept, replaced = notebook.cells[0].outputs
    assert kept.data["image/png"] == picture
    assert "sound left out" in replaced.data["text/plain"]
    assert len(json.dumps(notebook)) < execute.COPY_LIMIT


def test_links_of_a_copy_lead_to_the_files_that_the_notebook_s_lead_to():
    markdown = "[picture](../figures/tiny/10_x.png) [notebook](10_x.ipynb) [web](https://example.org/../x)"
    page = '<a href="../figures/tiny/10_x.png" title="a"><img src="../figures/tiny/10_x.png"></a>'
    notebook = executed_notebook(v4.new_output("display_data", {"text/html": page, "text/markdown": markdown}))
    notebook.cells.append(v4.new_markdown_cell(markdown))
    execute.relink(notebook, paths.ROOT / "results" / "tiny" / "notebooks")
    moved = markdown.replace("](../", "](../../../")
    data = notebook.cells[0].outputs[0].data
    assert notebook.cells[1].source == data["text/markdown"] == moved
    assert data["text/html"] == page.replace('="../', '="../../../')


def test_what_a_notebook_no_longer_makes_goes_when_it_has_run(home, no_kernel, capsys):
    write_notebook("10_first", "for kind in ('png', 'pdf'):\n    (home / 'figures' / profile / f'10_new.{kind}').write_text('x')")
    folder = home / "figures" / PROFILE
    folder.mkdir(parents=True)
    for name in ("10_old.png", "10_old.pdf", "10_notes.txt", "99_gone.png"):
        (folder / name).write_text("x")
        os.utime(folder / name, (1000, 1000))
    runner.run_notebooks(["10"], PROFILE)
    assert sorted(path.name for path in folder.glob("[0-9]*")) == ["10_new.pdf", "10_new.png", "10_notes.txt"]
    assert "10_old.png removed, as no notebook makes it any more" in capsys.readouterr().out


def test_a_notebook_that_lists_figures_runs_again_when_an_earlier_one_changed(home, no_kernel):
    write_notebook("70_list", "print('list')")
    folder = home / "figures" / PROFILE
    folder.mkdir(parents=True)
    (folder / "10_x.png").write_text("one")
    write_notebook("10_first", "print('first')")
    assert runner.run_notebooks(["70"], PROFILE) == {"70_list": "done"}
    (folder / "80_later.png").write_text("made after it")
    assert runner.run_notebooks(["70"], PROFILE) == {"70_list": "up to date"}
    (folder / "10_x.png").write_text("two")
    assert runner.run_notebooks(["70"], PROFILE) == {"70_list": "done"}


def test_a_parameter_goes_to_the_notebooks_that_have_it(home, no_kernel, capsys):
    write_notebook("41_first", "print('epochs', epochs)")
    other = write_notebook("50_other", "print('other')")
    cells = nbformat.read(other, 4)
    cells.cells[1].source = 'profile = "smoke"'
    nbformat.write(cells, other)
    runner.run_notebooks(profile=PROFILE, parameters={"epochs": 3})
    assert "epochs 3" in capsys.readouterr().out
    # Without the parameter only the notebook that has it is out of date.
    assert runner.run_notebooks(profile=PROFILE) == {"41_first": "done", "50_other": "up to date"}
