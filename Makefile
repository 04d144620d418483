# Every target works from a fresh clone: it makes .venv when there is none and installs what it
# needs. Paths are relative, so that the checkout folder may have any name, with blanks too.
PYTHON ?= python3
RUN = .venv/bin/python
INSTALL = $(RUN) -m pip install --quiet --disable-pip-version-check --editable
# Extra arguments for pytest: make test TESTS="tests/unit -k url"
TESTS ?=

.PHONY: demo test check bench clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

demo: .venv/all.stamp
	.venv/bin/agavepy demo

test: .venv/plans.stamp .cache/corpus.stamp
	$(RUN) -m pytest -n 2 $(TESTS)

check: .venv/plans.stamp
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/contract/test_imports.py

bench: .venv/plans.stamp
	$(RUN) -m benchmarks

clean:
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	rm -f specs/*.plan.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps tell which extras are installed; dev includes all. The test for pip mends a .venv whose
# making was interrupted.
.venv/all.stamp: setup.cfg pyproject.toml agavepy/build.py
	test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	$(INSTALL) '.[all]'
	touch $@

.venv/dev.stamp: setup.cfg pyproject.toml agavepy/build.py
	test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	$(INSTALL) '.[dev]'
	touch .venv/all.stamp $@

# The installation compiles the plans; this does it again after a description, or what compiles
# it, was edited: a plan file knows the digests of its documents and not of our code.
.venv/plans.stamp: .venv/dev.stamp $(wildcard agavepy/*.py specs/*.yaml)
	$(RUN) -m agavepy.build specs specs
	touch $@

# Descriptions that others wrote. Their scripts are not run, nor what they depend on installed: they
# are only read. Without npm, or its registry, the tests that need them say that they are skipped.
.cache/corpus.stamp: .venv/dev.stamp $(wildcard tests/corpus/*)
	mkdir -p .cache/corpus
	cp tests/corpus/package.json tests/corpus/package-lock.json .cache/corpus
	rm -f .cache/corpus/unreachable
	! command -v npm >/dev/null || npm ci --prefix .cache/corpus --ignore-scripts --no-audit --no-fund --loglevel=error || touch .cache/corpus/unreachable
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .cache/corpus/python -r tests/corpus/requirements.txt
	touch $@
