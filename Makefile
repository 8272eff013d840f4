# make run: the example region on http://127.0.0.1:8000.  make test: everything CI runs.  make help: the rest.
PY ?= python3
PORT ?= 8000
RENKEI_HOME ?= var
RENKEI_EXAMPLE ?= 1
BIN := .venv/bin
TEMPLATES := $(wildcard renkei/*/templates)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help run test lint types browser own-cluster bench measure-route simulate-quarter simulate-year night lock messages pictures

help:
	@echo "make run            例示の県を動かす (PORT, RENKEI_HOME)"
	@echo "make test           すべての検査"
	@echo "make lint           書き方の検査だけ"
	@echo "make bench          速さを測る (docs/performance.md)"
	@echo "make measure-route  支援ルートの当たりを測る"
	@echo "make simulate-quarter  四半期をまねて、1日のメールの数を数える"
	@echo "make simulate-year     年度をまねて、数字をすべて数え直す (SIZE)"
	@echo "make messages       英語の言葉を集め直す (gettext の xgettext が要る)"
	@echo "make pictures       動いている例示の県 (PORT) から図を撮り直す"
	@echo "make night          長い検査 (競り合い、落とす)"

run: .venv/.ok
	@PORT='$(PORT)' RENKEI_HOME='$(RENKEI_HOME)' RENKEI_EXAMPLE='$(RENKEI_EXAMPLE)' exec $(BIN)/python -m renkei.run.cli serve

.venv/bin/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 以上が要ります。PY=python3.12 make のように指定してください。"; exit 1; }
	@echo "Python の環境を作ります（はじめの一度だけ）。"
	@$(PY) -m venv --without-pip .venv

.venv/.ok: requirements/run.txt requirements/vectors.txt | .venv/bin/python
	@echo "部品を入れます（ハッシュを確かめながら）。"
	@PY='$(PY)' sh requirements/install.sh requirements/run.txt
	@PY='$(PY)' sh requirements/install.sh requirements/vectors.txt --no-deps
	@sh requirements/launcher.sh
	@touch $@

.venv/.dev-ok: requirements/dev.txt .venv/.ok
	@echo "検査の道具を入れます（ハッシュを確かめながら）。"
	@PY='$(PY)' sh requirements/install.sh requirements/dev.txt
	@touch $@

lint: .venv/.dev-ok
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --quiet --lint $(TEMPLATES)

types: .venv/.dev-ok
	$(BIN)/mypy

# Chromium waits more than it works, so two of these run side by side: each session of pytest has its own database.
test: .venv/.dev-ok
	@$(MAKE) --no-print-directory -j2 browser lint types own-cluster simulate-year
	$(BIN)/python -m pytest -n 2 -m 'not own_cluster and not browser'

browser: .venv/.dev-ok
	$(BIN)/python -m pytest tests/browser -rs

# It looks through all tests, so that they are compiled once here, beside the browser, and not by both processes that come after.
own-cluster: .venv/.dev-ok
	$(BIN)/python -m pytest -rs -m own_cluster

bench: .venv/.dev-ok
	$(BIN)/python -m bench

measure-route: .venv/.ok
	@$(BIN)/python -m bench.route

simulate-quarter: .venv/.dev-ok
	@$(BIN)/python -m bench.simulate

SIZE ?= 300
simulate-year: .venv/.dev-ok
	@$(BIN)/python -m bench.simulate_year $(SIZE)

night: .venv/.dev-ok
	$(BIN)/python -m bench.simulate_year 3000
	RENKEI_NIGHT=1 $(BIN)/python -m pytest tests/storm -n 0

messages: .venv/.dev-ok
	$(BIN)/python -m bench.messages

pictures: .venv/.dev-ok
	$(BIN)/python -m bench.pictures http://127.0.0.1:$(PORT)

lock: .venv/.dev-ok
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url requirements/dev.in -o requirements/dev.txt
	awk '/^uv==/{found=1} found{print} found&&!/\\$$/{exit}' requirements/dev.txt > requirements/uv.txt
