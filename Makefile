# For FreeBSD's make and GNU make alike.

PYTHON = python3
VENV = .venv
RUN = $(VENV)/bin/python3

# Where `make install` puts everything, and the Python that commands then run with.
PREFIX = /usr/local
DESTDIR =

.PHONY: demo test test-slow test-again test-freebsd lint bench test-guest test-vm manual clean
.PHONY: install deinstall port screens

demo: $(VENV)/ready
	$(RUN) examples/demo.py

test: $(VENV)/ready
	$(RUN) -m pytest -q -n 2 -m "not slow and not guest and not bench and not vm"

# Whatever takes long: end-to-end cases, replays of captures, the package, walks through crashes.
test-slow: $(VENV)/ready
	$(RUN) -m pytest -q -n 2 --dist loadfile -m "slow and not guest and not bench and not vm"

# Only what failed in the last run, one after another.
test-again: $(VENV)/ready
	$(RUN) -m pytest -q --last-failed --last-failed-no-failures none

# The end-to-end cases on this very FreeBSD host, as root: nothing is installed, so the Python is the
# host's own, with plumbum, configobj and pytest; without FreeBSD's package python3 there is no
# program of that name.
test-freebsd:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14; do \
		$$python -c 'import configobj, plumbum, pytest' 2>/dev/null || continue; \
		exec env CHYVES_TEST_HOST=freebsd \
			$$python -m pytest -q -p no:cacheprovider tests/endtoend; \
	done; \
	echo 'test-freebsd: no Python with configobj, plumbum and pytest; PYTHON= names one' >&2; exit 1

lint: $(VENV)/ready
	$(RUN) -m pytest -q tests/lint

bench: $(VENV)/ready
	$(RUN) -m pytest -q -s -m bench tests/bench

test-guest: $(VENV)/ready
	sh tests/guest/iso/build.sh
	$(RUN) -m pytest -q -s -m guest tests/guest

# On the real OpenZFS, in a small machine that is built once: what the lab's zfs is measured by, and
# the end-to-end cases about what is stored.
test-vm: $(VENV)/ready
	sh tests/vm/run.sh python3 -m pytest -q -o timeout=1800 -p no:cacheprovider \
		tests/vm tests/endtoend --durations=10 \
		--ignore=tests/endtoend/test_network.py --ignore=tests/endtoend/test_refused.py

# The commands and the properties in chyves(8), from where they are declared.
manual: $(VENV)/ready
	$(RUN) man/generate.py

# The traditional way; the packages that chyves needs are installed by other means.
install:
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" PYTHON="$(PYTHON)" sh packaging/install.sh install

# Exactly what was installed goes.
deinstall:
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" sh packaging/install.sh deinstall

# The sdist, and a port of it in dist/port.
port: $(VENV)/ready
	rm -rf dist
	$(RUN) -m hatchling build -t sdist -d dist
	$(RUN) packaging/freebsd/port.py dist/chyves-*.tar.gz dist/port

# What commands look like on a terminal of 80 columns and 24 lines.
screens: $(VENV)/ready
	$(RUN) docs/screens.py

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check --upgrade pip
	$(VENV)/bin/pip install -q --disable-pip-version-check --group test
	touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
