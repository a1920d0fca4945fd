# Every target makes its own virtual environment from nothing.
PY = .venv/bin/python
SAMPLE = corpora/linux-v3-damaged/enospc-misaligned.pacct

.PHONY: demo test check bench evaluate fuzz clean

.venv/ready: pyproject.toml acctrecover/search.c
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# scan and repair end with 1 when they found damage, which is what the demo shows.
demo: .venv/ready
	.venv/bin/acctrecover scan $(SAMPLE); test $$? -eq 1
	mkdir -p build/demo
	.venv/bin/acctrecover repair $(SAMPLE) -o build/demo/pacct.recovered --force; test $$? -eq 1
	@if command -v dump-acct >/dev/null; then \
		echo "dump-acct reads $$(dump-acct build/demo/pacct.recovered | wc -l) records from it; the first three:"; \
		dump-acct build/demo/pacct.recovered | head -n 3; \
	else echo "dump-acct (Debian package acct) is not installed: nothing reads the result here"; fi

test: .venv/ready
	$(PY) -m pytest -n 2

check: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: .venv/ready
	$(PY) tests/bench/bench.py

# The test bench: seeded damage, counted. More of it: .venv/bin/python -m tests.evaluate --help
evaluate: .venv/ready
	$(PY) -m tests.evaluate

# Ten minutes of mutated inputs; another SEED gives others. What it finds stays in tests/fuzz/corpus. More: -m tests.fuzz --help
SEED = 0
fuzz: .venv/ready
	nice -n 19 $(PY) -m tests.fuzz --seconds 600 --seed $(SEED)

clean:
	rm -rf .venv build dist *.egg-info
