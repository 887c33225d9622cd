# What to do here: make setup, run, test, check, format, lock, bench, soak, clean.

PYTHON ?= python3
# One more than there are cores: tests wait, too, for servers that start and disks that write.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
export UV_PYTHON_DOWNLOADS := never
# What a process compiled, the next one reads: every command of the tests would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
UV := $(BIN)/uv
READY := .venv/.ready
VENDOR := src/tradehall/web/assets/vendor
ASSETS := $(VENDOR)/tabler.min.css
EXAMPLE := $(wildcard examples/bicycles/pyproject.toml)
CODE := hatch_build.py $(wildcard src tests bench examples)

.PHONY: setup run test check format lock bench soak screenshots clean
.DELETE_ON_ERROR:

setup: $(READY) $(ASSETS)  ## everything that the other targets need, in .venv; and Chromium, where apt may install it
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { apt-get install --yes chromium || { apt-get update && apt-get install --yes chromium; }; } >/dev/null 2>&1; } || echo "The tests of pages in a browser are skipped without Chromium, which the apt package chromium has."

$(READY): pyproject.toml requirements.lock $(EXAMPLE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tradehall needs Python 3.11 or newer; name one with: make PYTHON=...")'
	@echo "Setting up .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix --editable ./,. $(patsubst %/pyproject.toml,%,$(EXAMPLE)))
	@touch $@

$(ASSETS): package.json package-lock.json hatch_build.py | $(READY)
	@echo "Building the web assets ..."
	@$(BIN)/python hatch_build.py

run: setup  ## a believable business to look at, on http://127.0.0.1:8000
	@echo "phoneshop: a phone shop with its customers, stock, sales and figures."
	@echo "bicycles: the example trade, a page of Python that hires out bicycles."
	@echo "laundry: the washers and dryers of a house, with who waits for one."
	@$(BIN)/tradehall demo phoneshop bicycles laundry --port 8000

test: check  ## everything that must hold
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --ignore=tests/house tests

check: setup  ## format, lint, types and the rules of the house; fast
	@$(BIN)/ruff format --quiet --check $(CODE) || { echo "make format mends this."; exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --strict --no-error-summary $(CODE) & types=$$!; $(BIN)/python -m pytest --quiet tests/house; house=$$?; wait $$types && exit $$house

format: setup
	@$(BIN)/ruff check --quiet --fix-only $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

lock: setup  ## choose the newest versions that pyproject.toml and package.json allow; no registry's address gets in
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --extra dev --no-header --no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml
	@$(BIN)/python hatch_build.py lock

bench: setup  ## the side-by-side measurements
	@command -v wrk >/dev/null || { echo "make bench needs wrk, which the apt package wrk has."; exit 1; }
	@$(BIN)/python -m bench

soak: setup  ## what takes minutes: crashes, power loss, load
	@command -v strace >/dev/null || { echo "make soak needs strace, which the apt package strace has."; exit 1; }
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || { echo "make soak needs libfaketime, which the apt package libfaketime has."; exit 1; }
	@$(BIN)/python -m pytest -m soak tests
	@EVERY_ROUTE=1 $(BIN)/python -m pytest --numprocesses=auto --dist=load tests/reliability/test_row_16_injection.py tests/reliability/test_row_22_mass_assignment.py

screenshots: setup  ## the pages in a real browser, at the widths of a desk and of a phone
	@command -v chromium >/dev/null || { echo "make screenshots needs Chromium, which the apt package chromium has."; exit 1; }
	@SCREENSHOTS=1 $(BIN)/python -m pytest -m browser tests/browser/test_pages.py tests/browser/test_shop_day.py

clean:
	rm -rf .venv node_modules $(VENDOR) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
