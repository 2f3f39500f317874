# What a developer or an operator types; `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help run test check fix bench docs pictures constraints clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin

# The newest Python from 3.11 on that can make virtual environments.
PY ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$name && break; done)

PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --retries 10 -c constraints.txt

# trackers asks for the OpenCV build with windows, which needs libGL and X11; a bare server has
# neither. The build without windows, at the same version, goes over it.
define install
$(PIP_INSTALL) --editable '.[$(1)]'
$(PIP_INSTALL) --quiet --no-deps --force-reinstall opencv-python-headless
$(BIN)/python -c 'import cv2; assert cv2.version.headless'
endef

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/.installed-all ## set up what is missing, then start the app and a worker (PORT=8501)
	@exec $(BIN)/smartpark run $(if $(PORT),--port $(PORT))

test: $(VENV)/.installed-test ## set up what is missing, then run every test
	@scripts/find_browser.sh $(BIN)
	$(BIN)/pytest -m 'not gpu and not network'

check: $(VENV)/.installed-test ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.installed-test ## repair what a machine can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-test ## print the numbers that benchmarks/ promises (DATA=folder)
	@for name in detector runtime media tracking footage; do \
		echo "== $$name" && $(BIN)/python -m benchmarks.$$name $(if $(DATA),--data $(DATA)) || exit 1; done

docs: $(VENV)/.installed-test ## write the parts of docs/ that are made from the program
	$(BIN)/python scripts/make_docs.py

pictures: $(VENV)/.installed-test ## take the pictures of docs/pictures from the running app
	$(BIN)/python scripts/make_pictures.py

constraints: $(VENV)/.installed-test ## pin today's versions of every package
	$(BIN)/python scripts/make_constraints.py

clean: ## remove the environment and all caches; clips and reports stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PY)" || { echo "SmartPark needs Python 3.11 or newer with venv. On Debian or \
	Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PY) -m venv --clear $(VENV)

$(VENV)/.installed-all: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,all)
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,all$(comma)test)
	@touch $(VENV)/.installed-all $@

comma := ,
