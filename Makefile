# Each line is a command that can be typed by hand. PROFILE names a file in params/; PYTHON an interpreter, 3.11 or newer; LOCK the
# versions to install (empty: the newest).
PROFILE ?= miniature
PYTHON ?= python3
LOCK ?= constraints.txt

NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 300 --nbval-kernel-startup-timeout 180
# Of 00 to 30 what each cell shows is compared with what is stored of it: tests/stored_outputs.py. After a change that is meant,
# make stored-outputs writes it anew.
STORED := -p stored_outputs --nbval-sanitize-with tests/stored_outputs.cfg

.PHONY: help env thesis test test-slow stored-outputs test-rerun test-results test-study test-browser test-cluster test-page test-wheel page book wheel platforms
.PHONY: completion lab lint lock bench licences audit trust

help:
	@echo "make env      create .venv and install the project in it"
	@echo "make thesis   run every notebook: figures/, results/ (PROFILE=miniature, showcase or thesis)"
	@echo "make test     ruff, pytest, and every notebook at its smallest size"
	@echo "make test-slow   what kills and restarts, trains side by side, or hears every recording at hand"
	@echo "make test-browser   the interactive panels, in JupyterLab in a headless Chromium"
	@echo "make test-cluster   what runs on Ray, on this machine"
	@echo "make page     the transcriber as a page without a server, in build/page; it needs Node.js 20"
	@echo "make book     all notebooks as executed, the guide and the API as a web book, in build/book (PROFILE=showcase)"
	@echo "make test-page   its JavaScript against numbers of adtlib"
	@echo "make wheel    build what a package index takes, in dist, and check it"
	@echo "make test-wheel  the wheel in an environment of its own, outside the clone, without torch"
	@echo "make platforms   ask the package index whether it installs on each platform and Python"
	@echo "make completion   completion for bash, zsh and tcsh, and the manual page of adt, in build/completion"
	@echo "make lab      open the notebooks in JupyterLab"
	@echo "make lint     check style, formatting, and that imports run one way"
	@echo "make lock     resolve the versions of constraints.txt anew"
	@echo "make bench    measure speed against named peers"
	@echo "make trust    damaged files, killed commands, mutants (MINUTES=5); READER= or WORK= with SEED= repeats one"
	@echo "make licences list the licences of all dependencies in docs/licences.md"
	@echo "make audit    ask for known vulnerabilities of the versions in constraints.txt"

env: .venv/.installed

.venv/.installed: pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit("adtlib needs Python 3.11 or newer, $(PYTHON) is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Installing the project into .venv: some minutes and several gigabytes the first time."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -qq --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --editable '.[thesis,dev]'
	@touch .venv/.installed

thesis: env
	.venv/bin/adt run --profile $(PROFILE)

lint: env
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports

# Resolves for all platforms; needs uv, which is installed for it.
lock: env
	.venv/bin/python -m pip install -qq --disable-pip-version-check uv
	head -2 constraints.txt > constraints.new
	.venv/bin/uv pip compile --universal --python-version 3.11 --extra thesis --extra dev --extra onnx --extra completion --extra guitar-pro --extra beats --extra train --extra browser --no-annotate --no-header --quiet pyproject.toml docs/book/requirements.txt >> constraints.new
	mv constraints.new constraints.txt

# Two processes on two cores: one thread each, or they slow each other down. Files come in the order of tests/conftest.py, long ones
# first, not by their number of tests. The smoke corpora are written before the notebooks share them; notebooks from 50 on read what
# those before them left in results/, but for those on the controlled study, which run beside the others.
EARLY := $(sort $(wildcard notebooks/4[1-5]*.ipynb)) $(sort $(wildcard notebooks/[0-3]*.ipynb)) $(wildcard notebooks/40*.ipynb)
STUDY := $(wildcard notebooks/52*.ipynb notebooks/65*.ipynb notebooks/75*.ipynb)

test: lint
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=12
	.venv/bin/adt prepare --profile smoke
	PYTHONPATH=tests OMP_NUM_THREADS=1 .venv/bin/python -m pytest $(NBVAL) $(STORED) -n 2 --dist loadfile --no-loadscope-reorder $(EARLY)
	OMP_NUM_THREADS=1 $(MAKE) --jobs=2 --output-sync=target test-results test-study
	OMP_NUM_THREADS=1 $(MAKE) test-rerun

stored-outputs: env
	.venv/bin/adt prepare --profile smoke
	PYTHONPATH=tests OMP_NUM_THREADS=1 .venv/bin/python -m pytest $(NBVAL) $(STORED) --write-outputs -n 2 --dist loadfile notebooks/[0-3]*.ipynb

# Some ten minutes on one core; what make test leaves out, and .ci/run does not.
test-slow: env
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder --durations=5 \
		$$(grep -rl 'mark\.slow' tests --include='test_*.py')

test-rerun:
	.venv/bin/python -m pytest -m rerun tests/notebooks/test_rerun.py

test-results:
	.venv/bin/python -m pytest $(NBVAL) $(filter-out $(STUDY),$(sort $(wildcard notebooks/[5-9]*.ipynb)))

test-study:
	.venv/bin/python -m pytest $(NBVAL) $(sort $(STUDY))

# What starts and stops Ray takes longer than any other test, and concerns only those who change adtlib/training or Ray's version.
# ONLY="random or two_nodes" runs the tests of these names.
test-cluster: env
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m cluster $(if $(ONLY),-k "$(ONLY)") -n 2 --dist loadfile tests/training

# Skipped, saying why, where there is no Chromium or no Playwright. ADT_SCREENSHOTS=FOLDER keeps pictures of the panels.
test-browser: .venv/.browser
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m browser -ra tests/browser

.venv/.browser: .venv/.installed
	.venv/bin/python -m pip install -qq --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --editable '.[browser]' \
		&& touch .venv/.browser || echo "Playwright could not be installed: the tests in a browser will be skipped."

# Any server of static files serves the folder: python3 -m http.server --directory build/page
page: .venv/.onnx page/node_modules/.installed
	.venv/bin/adt pack build/adt.onnx adt --onnx
	node page/build.mjs build/adt.onnx build/page

test-page: page/node_modules/.installed
	cd page && node --test tests/*.test.js

# From the parser alone. Their tools are installed for it.
completion: env
	.venv/bin/python -m pip install -qq --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --editable '.[completion]'
	mkdir -p build/completion
	.venv/bin/shtab --shell=bash adtlib.cli.options.option_parser > build/completion/adt.bash
	.venv/bin/shtab --shell=zsh adtlib.cli.options.option_parser > build/completion/_adt
	.venv/bin/shtab --shell=tcsh adtlib.cli.options.option_parser > build/completion/adt.tcsh
	.venv/bin/argparse-manpage --module adtlib.cli.options --function option_parser --prog adt --project-name adtlib \
		--description "transcribe the drums of recordings" --output build/completion/adt.1

.venv/.onnx: .venv/.installed
	.venv/bin/python -m pip install -qq --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --editable '.[onnx]'
	@touch .venv/.onnx

page/node_modules/.installed: page/package-lock.json
	npm ci --prefix page --ignore-scripts --no-audit --no-fund
	@touch page/node_modules/.installed

# In an environment of its own, without torch and Jupyter. Any server of static files shows it: python3 -m http.server --directory build/book
book: PROFILE := showcase
book: build/book-env/.installed
	build/book-env/bin/python docs/book/make_book.py --profile $(PROFILE) --out build/book

build/book-env/.installed: docs/book/requirements.txt $(LOCK)
	$(PYTHON) -m venv build/book-env
	build/book-env/bin/python -m pip install -qq --disable-pip-version-check $(if $(LOCK),--constraint $(LOCK)) --requirement docs/book/requirements.txt
	@touch build/book-env/.installed

# Nothing is uploaded. build makes the wheel from the source archive, so that both are whole.
wheel:
	$(PYTHON) -m venv build/publish
	build/publish/bin/python -m pip install -qq --disable-pip-version-check build twine
	rm -rf dist
	build/publish/bin/python -m build --outdir dist . > build/publish/log || { cat build/publish/log; exit 1; }
	build/publish/bin/twine check --strict dist/*
	@ls -l dist

# TRY names the interpreter that the wheel is tried with.
TRY ?= $(PYTHON)
test-wheel: env
	TRY=$(TRY) OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m wheel tests/test_light_install.py

platforms: env
	.venv/bin/python -m pip install -qq --disable-pip-version-check uv
	.venv/bin/python docs/platforms.py

# By default a message to a kernel holds 10 MB, which a recording that is uploaded may pass.
lab: env
	.venv/bin/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks \
		--ServerApp.tornado_settings="{'websocket_max_message_size': 1073741824}"

bench: env
	for bench in benchmarks/bench_*.py; do .venv/bin/python $$bench || exit 1; done

licences: env
	.venv/bin/python docs/list_licences.py

# Asks the package index; fails where it has no data, too, as no answer is no good news. Its tool has an environment of its own.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit
	build/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

# What is found is one line to repeat: make trust READER=midi SEED=4711.
MINUTES ?= 5
trust: env
	cd tests && OMP_NUM_THREADS=1 ../.venv/bin/python -m trust --minutes $(MINUTES) $(if $(ONLY),--only $(ONLY)) \
		$(if $(SEED),--seed $(SEED)) $(if $(READER),--reader $(READER)) $(if $(WORK),--work $(WORK)) $(if $(WRITE),--write $(abspath $(WRITE)))
