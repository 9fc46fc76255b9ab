# SPDX-License-Identifier: Apache-2.0
# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
PY := .venv/bin/python
MOTET := .venv/bin/motet
BOARDS := stm32f405 virt_rv32
# Further cores below the same port.
TWINS := mps2_an385 mps2_an386 mps3_an547

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run demo flash hil conformance test lint types unit board e2e robot firmware edge components dist bench bench-gateway bench-components bench-nn soak format clean

help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: ## system packages, .venv and fetched sources needed to run
	@tools/setup.sh run

setup-test: ## the same, plus what the tests need
	@tools/setup.sh test

firmware: setup ## build the firmware of the emulated STM32F405
	@$(PY) tools/build.py firmware stm32f405

flash: setup ## put the firmware into a real board: make flash BOARD=esp32c3 [PORT=/dev/ttyUSB0] [IMAGE=file]
	@test -n "$(BOARD)" || { echo "name the board: make flash BOARD=esp32c3 [PORT=/dev/ttyUSB0]; motet boards lists them" >&2; exit 2; }
	@test -n "$(IMAGE)" || $(PY) tools/build.py firmware $(BOARD)
	@[ -x .venv/bin/esptool ] || ! grep -q '"esptool"' boards/$(BOARD)/board.toml || $(PY) -m pip install -q -c tools/constraints.txt esptool
	@$(MOTET) flash $(BOARD) $(if $(PORT),--port $(PORT)) $(if $(IMAGE),--image $(IMAGE)) $(FLAGS)

hil: setup-test ## suites on boards: make hil [BOARDS="stm32f405 virt_rv32"] [ATTACHED="esp32c3=/dev/ttyUSB0"] [SUITES=boot] [FLAGS=--coverage]
	@for b in $(BOARDS); do $(PY) tools/build.py firmware $$b || exit 1; done
	@$(MOTET) hil $(SUITES) $(foreach b,$(BOARDS) $(ATTACHED),--board $(b)) -j2 $(FLAGS)

components: setup ## build the example component
	@$(PY) -m motet.components.build examples/vote

run: firmware components ## start broker, gateway, bridge and one emulated board; serves until Ctrl-C
	@$(MOTET) up --quickstart

demo: firmware components ## the same once, over 100 unseen digits; the last line is one JSON object
	@$(MOTET) demo --json

edge: setup-test ## build the edge node (MicroPython on this machine's CPU); TLS=0 leaves TLS out
	@$(PY) tools/build.py edge $(if $(filter 0,$(TLS)),--no-tls)

test: setup-test ## everything: style, types, import order, unit, dual, board and end-to-end tests
	@tools/test.sh

lint: setup-test ## ruff, mypy, import-linter, clang-format, repository rules
	@tools/lint.sh

unit: setup-test ## unit and dual tests only
	@$(PY) tools/build.py edge && $(PY) -m pytest -q tests/unit tests/dual

board: setup-test ## tests on the emulated boards
	@for b in $(BOARDS) $(TWINS); do $(PY) tools/build.py firmware $$b || exit 1; done && $(PY) -m pytest -q tests/board

e2e: setup-test firmware components ## broker, gateway, bridge, emulated board and a real MCP client
	@$(PY) -m pytest -q tests/e2e

conformance: setup-test ## the official MCP conformance suite: gateway, firmware of an emulated board, edge node, client; writes docs/conformance.md
	@$(PY) tools/build.py firmware virt_rv32 --main firmware/conformance
	@$(PY) tools/build.py edge
	@$(PY) tools/run_conformance.py --table $(FLAGS)

robot: setup-test ## the suites of renode/ on all emulated boards; make robot EMULATOR=renode runs them in Renode [BOARD=...]
	@$(PY) tools/run_robot.py -j2 $(if $(EMULATOR),--emulator $(EMULATOR)) $(if $(BOARD),--board $(BOARD))

bench: setup-test ## measure everything; prints one JSON object and stores it in build/bench.json
	@for b in $(BOARDS) $(TWINS); do $(PY) tools/build.py firmware $$b >&2 || exit 1; done
	@$(PY) tools/build.py edge >&2
	@$(PY) tests/bench/run_all.py

bench-gateway: setup-test ## the gateway: CPU per call, calls a second, bytes of a list; 10,000 devices; the edge node; each with its target
	@$(PY) tools/build.py edge >&2
	@$(PY) tests/bench/run_all.py bench_gateway bench_fleet bench_edge

bench-nn: setup-test ## the models' engine against its anchors: instructions, memory, code
	@$(PY) tests/bench/bench_nn.py

bench-components: setup-test ## components: typed calls, memory, instantiation, messages, admission, deployment, each with its target
	@$(PY) tests/bench/run_all.py bench_components bench_admission bench_messages

soak: setup-test ## long and exhaustive runs; prints one JSON object
	@$(PY) tools/build.py firmware stm32f405 >&2
	@$(PY) tools/soak.py

dist: setup-test ## wheel and sdist under dist/
	@$(PY) -m build --no-isolation --outdir dist . | tail -2

format: setup-test ## format Python and C
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix . && tools/c_files.sh | xargs .venv/bin/clang-format -i

clean: ## remove what was built (not .venv, not the fetched sources)
	rm -rf build dist *.egg-info
