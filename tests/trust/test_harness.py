"""The harnesses notice what they are for: a reader that crashes, hangs, takes memory or is silent; a command; a mutant."""

import json
import os
import subprocess
import sys
import time

import pytest

from adtlib.provenance import hash_of
from trust import fuzz, kills, mutants, report
from trust.readers import READERS, Reader, cut_is_noticed


def lay(folder):
    (folder / "numbers.txt").write_text("1 a\n2 b\n3 c\n")
    return ["numbers.txt"]


def read(folder, path):
    """Refuses what is not text; otherwise a bad reader in four ways."""
    text = path.read_bytes().decode()
    if "nan" in text:
        raise KeyError(text)
    if "1e308" in text:
        os._exit(3)
    if "1e18" in text:
        bytearray(4 << 30)
    return text.split()


BAD = Reader("bad", lay, read, (UnicodeDecodeError,), cut_is_noticed, named=False)


@pytest.mark.slow
def test_a_bad_reader_is_found_and_each_case_can_be_repeated():
    tally = fuzz.fuzz(BAD, 1, 60, most=3_000)
    assert tally.inputs == 3_000 and tally.read > 1_000 and tally.refused > 50
    kinds = sorted(tally.findings)
    assert any(kind.startswith("KeyError") for kind in kinds)
    assert any(kind.startswith("MemoryError") for kind in kinds)
    assert any("died" in kind and "3" in kind for kind in kinds)
    assert any("end is missing" in kind for kind in kinds)
    crash = next(kind for kind in kinds if kind.startswith("KeyError"))
    shown = []
    pid = os.fork()  # the bounds of a process stay
    if not pid:
        os._exit(0 if fuzz.repeat(BAD, tally.first[crash], shown.append) == crash and "FINDING" in shown[1] else 1)
    assert not os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_what_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)

    def slow(folder, path):
        content = path.read_bytes()
        while content.startswith(b"2"):
            time.monotonic()
        return content

    tally = fuzz.fuzz(Reader("slow", lay, slow, ()), 1, 60, workers=1, most=150)
    assert list(tally.findings) == ["TooLong in the harness"]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_valid_files_are_read_and_judged_right(reader, tmp_path):
    bench = fuzz.Bench(reader, tmp_path, reader.lay(tmp_path))
    for name in bench.targets:
        content, found = bench.contents[name], bench.valid[name]
        case = fuzz.Case(tmp_path / name, "none", content, content, found, found, False)
        assert reader.judge(case) == ""
    assert bench.case(5) == bench.case(5) != bench.case(6)


def test_the_strict_reader_of_midi_reads_what_was_written(tmp_path):
    from trust import oracles, readers

    readers.lay_midi(tmp_path)
    notes = oracles.strict_midi((tmp_path / "three.mid").read_bytes())
    assert [(pitch, velocity) for _, pitch, velocity in notes] == [(36, 100), (60, 64), (42, 60), (38, 90)]
    # 96 ticks a beat at 400,000 us a beat, at 600,000 from tick 300 on.
    assert [seconds for seconds, _, _ in notes] == pytest.approx([0, 0.4, 1.0, 300 / 96 * 0.4 + 180 / 96 * 0.6])
    assert oracles.strict_midi((tmp_path / "three.mid").read_bytes()[:-1]) is None


def test_what_a_disturbed_command_made_is_compared(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "metrics.csv").write_text("epoch,seconds\n1,0.5\n")
    (home / "config.json").write_text('{"result": {"seconds": 1, "epochs": 2}}')
    expected = kills.made(home, ("",))
    (home / "metrics.csv").write_text("epoch,seconds\n1,0.7\n")
    (home / "config.json").write_text('{"result": {"seconds": 3, "epochs": 2}}')
    assert kills.difference(expected, kills.made(home, ("",))) == ""
    (home / "metrics.csv").write_text("epoch,seconds\n2,0.7\n")
    assert kills.difference(expected, kills.made(home, ("",))) == "other content: metrics.csv"
    (home / ".metrics.csv.tmp").touch()
    assert kills.difference(expected, kills.made(home, ("",))) == "left behind: .metrics.csv.tmp"


def executed(home, number: str, seconds: str) -> dict:
    """What an executed copy and its manifest leave to compare; the copy shows a number and a time."""
    copy, manifest = home / "results" / "smoke" / "43.ipynb", home / "results" / "smoke" / "manifest.json"
    copy.parent.mkdir(parents=True, exist_ok=True)
    progress = {"name": "stderr", "output_type": "stream", "text": f"1 it/s {seconds}"}
    cell = {"source": "runs", "outputs": [{"output_type": "stream", "name": "stdout", "text": f"{number} runs  {seconds} s"}]}
    copy.write_text(json.dumps({"cells": [cell, cell | {"outputs": [progress]}]}))
    outputs = {"results/smoke/43.ipynb": hash_of(copy.read_bytes())}
    manifest.write_text(json.dumps({"notebooks": {"43": {"outputs": outputs, "scores": {}}}, "seal": seconds}))
    return kills.made(home, ("",))


def test_times_in_executed_copies_are_no_difference_and_wrong_hashes_are(tmp_path):
    expected = executed(tmp_path, "3", "0.25")
    assert kills.difference(expected, executed(tmp_path, "3", "10.5")) == ""
    assert kills.difference(expected, executed(tmp_path, "4", "0.25")) == "other content: results/smoke/43.ipynb"
    executed(tmp_path, "3", "0.25")
    with (tmp_path / "results/smoke/43.ipynb").open("a") as copy:
        copy.write(" ")
    assert kills.difference(expected, kills.made(tmp_path, ("",))) == "other content: results/smoke/manifest.json"


TRIALS = """
import os
from trust import mutants

found = {mutant.after: mutant for mutant in mutants.all_mutants(["onsets/peak_picking"])}
assert len(found) > 70 and all(mutant.before != mutant.after for mutant in found.values())
distance, threshold = "distance = config.wait - config.strict_wait", "threshold: float | tuple[float, ...] = 1.0"
trials = [found[distance], found[threshold], mutants.Mutant("onsets/peak_picking", "", "", "")]
print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in map(mutants.start, trials)])
tally = mutants.trials(trials[:2], 1, float("inf"), workers=1)
print(tally.read, [finding for finding in tally.findings if not finding.startswith("equivalent.csv")])
"""


@pytest.mark.slow
def test_a_mutant_is_killed_and_one_that_no_test_sees_survives():
    """In a process of its own: in this one test files are loaded that have the code as it is."""
    *_, alone, together = subprocess.check_output(
        [sys.executable, "-c", TRIALS], cwd=mutants.ROOT / "tests", text=True
    ).splitlines()
    assert alone == "[1, 1, 0]"
    assert together == "2 []"


def test_only_tests_that_go_through_the_changed_lines_are_run_at_first():
    plan = mutants.Plan({"slow": [3, 4], "": [1, 2], "quick": [4, 9]})
    assert plan.tests_through(range(4, 6)) == ["slow", "quick"]
    assert plan.tests_through(range(9, 10)) == ["quick"]
    assert plan.tests_through(range(2, 5)) == plan.tests_through(range(6, 8)) == []  # all are run


def test_the_lines_of_a_change_are_those_of_its_statement_alone():
    found = mutants.mutants_of("evaluation/metrics", "if a < b:\n    c = (a +\n         b)\n")
    assert [(mutant.after, mutant.lines) for mutant in found] == [("if a <= b", range(1, 2)), ("c = a - b", range(2, 4))]


def test_mutants_that_are_listed_are_there_and_have_a_reason():
    known = {mutant.key for mutant in mutants.all_mutants()}
    for key, reason in mutants.listed().items():
        assert key in known, f"{key}: correct or remove the line in equivalent.csv"
        assert len(reason) > 10


def test_the_page_gets_the_figures_between_its_marks(tmp_path):
    tally = fuzz.Tally("midi", read=1_200, refused=34, seconds=2.0)
    fuzz.add(tally, "KeyError in onsets/midi.py:read", 4711)
    text = report.markdown("fuzz", [tally], 1, 0.5)
    assert "| midi | 1,235 | 1,200 | 34 | 1 | 618 |" in text and "`make trust READER=midi SEED=4711`" in text
    page, (begin, end) = tmp_path / "trust.md", report.marks("fuzz")
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    report.write_page(page, "fuzz", text)
    assert "old" not in page.read_text() and page.read_text().startswith("before\n") and page.read_text().endswith("\nafter\n")
    ours = (mutants.ROOT / "docs" / "trust.md").read_text()
    assert all(mark in ours for part in report.TITLES for mark in report.marks(part))
