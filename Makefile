# The workshop. `make` alone prints the targets.
#
#   make run     build and start Anabranch on this machine
#   make test    everything that CI runs
#   make check   what only reads and takes a minute or two
#   make fix     the only target that writes to the sources
#
# Everything that is built or downloaded goes to one cache, so that a fresh clone does not compile RocksDB again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export ANABRANCH_CACHE ?= $(HOME)/.cache/anabranch
export CARGO_TARGET_DIR ?= $(ANABRANCH_CACHE)/target
export ANABRANCH_BIN ?= $(CARGO_TARGET_DIR)/release/anabranch

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what a build needs (Debian packages; says so first)
	@tests/setup/packages.sh build
	@tests/setup/rust.sh

# RocksDB is compiled apart and kept: see the script.
ROCKSDB = ROCKSDB_STATIC=1 ROCKSDB_LIB_DIR="$$(tests/setup/rocksdb.sh)"

.PHONY: build
build: setup ## Build the release binary
	@$(ROCKSDB) cargo build --release --locked --workspace
	@echo "built $(ANABRANCH_BIN)"

.PHONY: run
run: build ## Build, start on 127.0.0.1:4567, print what to type next
	@tests/setup/run.sh

.PHONY: check
check: setup ## Format, lints, walls and unit tests: reads only
	@tests/setup/step.sh "format" cargo fmt --all --check
	@tests/setup/step.sh "format, Python" tests/setup/ruff.sh
	@tests/setup/step.sh "walls" tests/walls/walls.sh
	@tests/setup/step.sh "dependencies" tests/walls/deny.sh
	@tests/setup/step.sh "generated files" tests/walls/generated.sh
	@tests/setup/step.sh "mutations, whether they apply" tests/mutations/run --check
	@$(ROCKSDB) tests/setup/step.sh "lints" cargo clippy --release --locked --workspace --all-targets -- -D warnings
	@tests/setup/step.sh "simulation, format" cargo fmt --manifest-path tests/simulation/Cargo.toml --all --check
	@$(ROCKSDB) tests/setup/step.sh "simulation, lints" cargo clippy --manifest-path tests/simulation/Cargo.toml --release --locked --all-targets -- -D warnings
	@BOTOCORE_KINESIS_MODEL=$$(tests/setup/model.sh) $(ROCKSDB) tests/setup/step.sh "unit tests" cargo test --release --locked --workspace

.PHONY: test
test: ## Everything that CI runs
	@tests/all.sh

.PHONY: demo
demo: build ## A year of flights through a stream that is resharded under way, every record checked
	@tests/demo/demo.sh

.PHONY: api
api: build ## The API tests with every SDK
	@tests/all.sh api

.PHONY: durability
durability: build ## Crashes, full disks and torn files with the real binary
	@tests/all.sh durability

.PHONY: sim
sim: setup ## Whole clusters with faults in simulated time, by seed: SEEDS=1..1000
	@$(ROCKSDB) tests/simulation/run $(or $(SEEDS),1..1000)

.PHONY: mutations
mutations: setup ## Break the code on purpose, a patch at a time, and show which test notices (NAMES="a b" for some)
	@tests/setup/packages.sh test
	@tests/mutations/run $(NAMES)

.PHONY: e2e
e2e: build ## Anabranch on a real Kubernetes: one made for the run, or KUBECONFIG=FILE
	@cd tests && CARGO_TARGET_DIR="$(CARGO_TARGET_DIR)" "$$(setup/python.sh requirements.txt)/bin/python" -m pytest e2e

.PHONY: chaos
chaos: build ## Every fault many times under load on a real cluster, and a judge of what clients saw (root; ARGS="--rounds 20 --seed 1")
	@tests/setup/packages.sh cluster
	@cd tests && python3 -m cluster build && "$$(setup/python.sh requirements.txt)/bin/python" -m e2e.chaos $(ARGS)

.PHONY: bench
bench: build ## Every server of this API beside ours, on this machine (ARGS=--full for the long run)
	@tests/bench/run $(ARGS)

.PHONY: bench-replicated
bench-replicated: build ## Three copies beside one, NATS JetStream and Kafka, on this machine (root; ARGS="--only nats,kafka")
	@tests/setup/packages.sh cluster
	@cd tests && python3 -m cluster build && "$$(setup/python.sh requirements.txt)/bin/python" -m bench.replicated $(ARGS)

.PHONY: autoscale-report
autoscale-report: setup ## The autoscaler beside the rules of others, into its page (TRACES=FOLDER, ARGS=--seeds 1,2)
	@tests/autoscale/run $(if $(TRACES),--traces "$(abspath $(TRACES))") $(ARGS)

.PHONY: cluster-up
cluster-up: ## A real Kubernetes of three nodes on this machine (root; NODES=N, the first time 10 minutes)
	@cd tests && python3 -m cluster up --nodes $(or $(NODES),3)

.PHONY: cluster-down
cluster-down: ## Take it away, with everything that it had on this machine
	@cd tests && python3 -m cluster down

.PHONY: image
image: build ## An OCI image of the release binaries, without a container engine
	@tests/setup/packages.sh cluster
	@cd tests && python3 -m image

.PHONY: fix
fix: setup ## Format and apply what clippy can: writes to the sources
	@cargo fmt --all
	@tests/setup/ruff.sh --fix
	@$(ROCKSDB) cargo clippy --release --locked --workspace --all-targets --fix --allow-dirty --allow-staged

.PHONY: generate
generate: setup ## Make the definitions of the Kubernetes kinds anew from their types: writes crds/yaml and the chart's copy
	@tests/walls/generated.sh --write

.PHONY: deny
deny: ## Install cargo-deny into the cache (some minutes, once)
	@tests/walls/install-deny.sh
