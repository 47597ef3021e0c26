"""Completion and manual page, as make completion writes them from the parser."""

import shutil
import subprocess
import sys

import pytest

from adtlib.cli.options import command_parsers, option_parser

PARSER = "adtlib.cli.options.option_parser"


def test_bash_completes_commands_and_options(tmp_path):
    pytest.importorskip("shtab", reason="shtab is not installed: make completion installs it")
    if not (bash := shutil.which("bash")):
        pytest.skip("no bash")
    script = tmp_path / "adt.bash"
    script.write_text(subprocess.check_output([sys.executable, "-m", "shtab", "--shell=bash", PARSER], text=True))

    def completed(*words: str) -> list[str]:
        line = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}"
        call = f'source {script}; {line}; $(complete -p adt | sed "s/.*-F \\(\\S*\\) .*/\\1/"); echo "${{COMPREPLY[@]}}"'
        return subprocess.check_output([bash, "-c", call], text=True).split()

    assert completed("adt", "tr") == ["transcribe", "train"]
    assert completed("adt", "transcribe", "--skip") == ["--skip-existing"]
    assert set(completed("adt", "")) >= set(command_parsers(option_parser()))


def test_the_manual_page_holds_every_command(tmp_path):
    pytest.importorskip("argparse_manpage", reason="argparse-manpage is not installed: make completion installs it")
    page = tmp_path / "adt.1"
    code = "from argparse_manpage.cli import main; main()"
    given = ["--module", "adtlib.cli.options", "--function", "option_parser", "--prog", "adt", "--project-name", "adtlib"]
    subprocess.run([sys.executable, "-c", code, *given, "--output", str(page)], check=True)
    text = page.read_text()
    for command in command_parsers(option_parser()):
        assert f"adt {command}" in text
    assert "skip\\-existing" in text
