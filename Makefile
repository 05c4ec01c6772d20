# `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
PORT ?= 8787
export PORT

# What a build depends on. The folders are among it, so that a file that went away counts too.
shared := Cargo.toml Cargo.lock package-lock.json tools/versions.env tools/build.sh $(shell find core/src core/Cargo.toml)
worker := $(shared) $(shell find worker/src worker/Cargo.toml)
dashboard := $(shared) tools/headers.mjs tools/shrink.mjs tools/imports.mjs tools/order.mjs tools/leb128.mjs $(shell find dashboard)

.PHONY: help setup setup-test build agent dev test fuzz tour-nsq check soak soak-crash soak-simulation bench bench-nsq bench-edge bench-dashboard fmt clean deploy-dry-run

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is missing for building, under the project
	@tools/setup.sh build

build: worker/build/index.js dist/_headers ## Build the worker (worker/build) and the dashboard (dist/ui), optimised

worker/build/index.js: $(worker) | setup
	@tools/build.sh worker

dist/_headers: $(dashboard) | setup
	@tools/build.sh dashboard

target/gallery/_headers: dist/_headers
	@tools/build.sh gallery

agent: dist/_headers ## Build the native agent, dashboard included (target/native/lookupd-agent)
	@tools/build.sh agent

dev: build ## Build, and serve on http://127.0.0.1:8787 (PORT=…) until Ctrl-C, open to everyone on this machine
	@tools/dev.sh

test: setup-test build target/gallery/_headers ## Build, and run every test: of the core, of the worker on workerd, of the dashboard in Chromium
	@tools/test.sh

setup-test: setup
	@tools/setup.sh test

fuzz: setup-test ## Fuzz whatever takes bytes from outside, each target for FUZZ_SECONDS=30 (tests/fuzz)
	@tools/fuzz.sh

check: setup ## Formatting, lints, docs, the no_std proof, and the sizes against their limits
	@tools/check.sh
	@$(MAKE) build
	@tools/build.sh limits

soak: SOAK_MINUTES ?= 30
soak: export SOAK_MINUTES := $(SOAK_MINUTES)
soak: setup-test build ## A thousand agents on the edge for SOAK_MINUTES=30, with everything going wrong that can, and what readers see
	@. tools/env.sh && ulimit -n $$(ulimit -Hn) && cargo build -p lookupd-agent && \
		cargo test -p lookupd-tests --test soak -- --nocapture

soak-crash: LIVES ?= 50
soak-crash: export LIVES := $(LIVES)
soak-crash: ## Kill the agent LIVES=50 times under load, and look for what was acknowledged
	@. tools/env.sh && cargo build -p lookupd-agent && cargo test -p lookupd-tests --test crashes -- --nocapture

soak-simulation: MINUTES ?= 60
soak-simulation: ## Simulate everybody for MINUTES=60, from SEED= on, and check every invariant after each event
	@SIMULATION_SECONDS=$$(($(MINUTES) * 60)) SIMULATION_SEED=$${SEED:-$$(date +%s)} \
		cargo test -p lookupd-tests --test simulation -- --nocapture

tour-nsq: setup-test ## NSQ's own programs around the agent, each command as it is run with what it shows
	@tools/tour-nsq.sh

bench: ## Measure the core
	cargo bench -p lookupd-core

bench-nsq: agent ## Measure the agent beside the real nsqlookupd, and write BENCHMARKS.md (ONLY="lookup idle": print some of it)
	@tools/setup.sh bench
	@. tools/env.sh && ulimit -n $$(ulimit -Hn) && LOOKUPD_AGENT_BIN=$$LOOKUPD_ROOT/target/native/lookupd-agent \
		cargo bench --quiet -p lookupd-tests --bench nsq -- $(ONLY)

bench-edge: build agent ## Measure the worker beside an empty one on the same runtime, and write BENCHMARKS.md (ONLY="reads cost": print some of it)
	@tools/setup.sh bench
	@. tools/env.sh && LOOKUPD_AGENT_BIN=$$LOOKUPD_ROOT/target/native/lookupd-agent \
		cargo bench --quiet -p lookupd-tests --bench edge -- $(ONLY)

bench-dashboard: build agent ## Measure the dashboard in Chromium beside nsqadmin, and write BENCHMARKS.md (ONLY="table seen": print some of it)
	@tools/setup.sh bench
	@. tools/env.sh && LOOKUPD_AGENT_BIN=$$LOOKUPD_ROOT/target/native/lookupd-agent \
		node tests/browser/bench/run.mjs $(ONLY)

fmt: ## Format the Rust sources
	cargo fmt --all
	cargo fmt --manifest-path tests/clients/rust/Cargo.toml

deploy-dry-run: build ## Bundle as `wrangler deploy` does, without uploading
	@. tools/env.sh && wrangler deploy --dry-run --outdir .wrangler/bundle

clean: ## Remove what was built; tools and npm packages stay
	rm -rf target dist worker/build .wrangler/bundle .wrangler/tmp
