# The profile that compiles everything native: the Wasm runtime is large, and is compiled for it once.
HOST := --profile host --locked
# The command as it is shipped, without the runtime.
DIST := --profile dist --locked --no-default-features
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
FLOOR_DIR := host/floor
FLOOR := target/floor.wasm
USUAL_DIR := host/usual
USUAL := target/usual.wasm
# Of every module. Directories are listed too: theirs is the time stamp that a removed file changes.
SOURCES := $(shell find src json/src) json/Cargo.toml Cargo.toml Cargo.lock scripts/wasm-build
FILES ?= examples/[0-9]*.yaml examples/requests/*.json
NODE_TESTS := e2e-tests/node
NPM_TARBALL := $(TARGET_DIR)/npm/eci-security-context.tgz
FUZZ_TARGETS ?= request settings host_sysctls quantity yaml_edit
# Where the programs that compare engines find them.
ENGINES := POLICY_WASM='$(CURDIR)/policy.wasm' POLICY_OPA_WASM='$(CURDIR)/policy.opa.wasm' NPM_PACKAGE='$(abspath $(dir $(NPM_TARBALL)))/package'
# The command that annotates, pushes and pulls.
ECI_REGISTRY := cargo run -q $(HOST) -p eci-registry --
ECI_REGISTRY_SOURCES := $(shell find registry/src) registry/Cargo.toml
# The tag that the manifests in deploy/ name; the names are those of the modules' ociUrl. Recipes read it, and the
# registry, from the environment: what they are called is never taken for shell.
export TAG ?= v$(shell scripts/workspace-package version)
export REGISTRY
RELEASE_DIR := $(TARGET_DIR)/release-assets
# With which profile the command is built for a release.
DIST_PROFILE ?= dist
# What builds the manifests of deploy/, for their tests.
KUBE_TOOLS := helm=$$(scripts/kube-tool helm) && kubectl=$$(scripts/kube-tool kubectl) && HELM="$$helm" KUBECTL="$$kubectl"

need = command -v $(1) >/dev/null || { echo "$(1) is missing: $(2)" >&2; exit 1; }

.DELETE_ON_ERROR:
.PHONY: all help run test lint fmt fmt-check push pull bless e2e-tests test-opa npm test-npm test-registry test-seeds agreement reproducible deny sbom check-version changelog release-assets dist checksums artifacthub publish-modules publish-signatures publish-release publish-artifacthub publish-npm test-release mutants fuzz fuzz-seeds fuel-budget soak load load-docs bench bench-module profile bench-limits bench-engines bench-check clean cargo engines node registry-named host-runtime

all: policy.wasm ## Builds policy.wasm; the first target

help: ## Lists the targets
	@awk -F ':[^#]*## ' '/^[a-z0-9.-]+:.*## / { printf "  %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

policy.wasm: $(SOURCES) | cargo ## The policy, with whichever compiler this machine has or can get
	scripts/wasm-build wasm32-wasip1 . $@ --no-default-features --features kubewarden

policy.opa.wasm: $(SOURCES) $(shell find opa/src) opa/build.rs opa/Cargo.toml | cargo ## The policy for OPA Wasm hosts
	scripts/wasm-build wasm32-unknown-unknown opa $@

$(FLOOR): $(shell find $(FLOOR_DIR)/src) $(FLOOR_DIR)/Cargo.toml $(FLOOR_DIR)/Cargo.lock scripts/wasm-build | cargo
	scripts/wasm-build wasm32-wasip1 $(FLOOR_DIR) $@

$(USUAL): $(shell find $(USUAL_DIR)/src) $(USUAL_DIR)/Cargo.toml $(USUAL_DIR)/Cargo.lock scripts/wasm-build | cargo
	scripts/wasm-build wasm32-wasip1 $(USUAL_DIR) $@

annotated-policy.wasm: policy.wasm metadata.yml README.md $(ECI_REGISTRY_SOURCES) | cargo ## The policy as a cluster takes it
	$(ECI_REGISTRY) annotate --metadata metadata.yml --readme README.md --output $@ policy.wasm

annotated-policy.opa.wasm: policy.opa.wasm opa/metadata.yml opa/README.md $(ECI_REGISTRY_SOURCES) | cargo ## The same for OPA Wasm hosts
	$(ECI_REGISTRY) annotate --metadata opa/metadata.yml --readme opa/README.md --output $@ policy.opa.wasm

push: registry-named annotated-policy.wasm annotated-policy.opa.wasm ## Pushes both to REGISTRY (ghcr.io/me), under TAG (v and the version)
	$(ECI_REGISTRY) push annotated-policy.wasm "$$REGISTRY/eci-security-context:$$TAG"
	$(ECI_REGISTRY) push annotated-policy.opa.wasm "$$REGISTRY/eci-security-context-opa:$$TAG"

pull: registry-named | cargo ## Pulls the policy of REGISTRY and TAG into pulled-policy.wasm
	$(ECI_REGISTRY) pull "$$REGISTRY/eci-security-context:$$TAG" --output pulled-policy.wasm

# A denial, which ends the command with 1, is no failure here: the examples have some.
run: policy.wasm host-runtime ## Judges FILES (the examples) under SETTINGS (a file) in the embedded Wasm runtime
	@cargo run -q $(HOST) -p eci-policy -- run --module policy.wasm $(if $(SETTINGS),--settings $(SETTINGS)) $(FILES) || [ $$? -eq 1 ]

test: lint ## Everything that can be checked here; what CI runs
	cargo test $(HOST) --workspace --exclude eci-host --exclude eci-policy --exclude eci-e2e-tests --exclude eci-registry
	@$(MAKE) --no-print-directory policy.wasm
	$(KUBE_TOOLS) POLICY_WASM='$(CURDIR)/policy.wasm' cargo test $(HOST) -p eci-host -p eci-policy -p eci-e2e-tests
	@$(MAKE) --no-print-directory test-opa test-npm test-registry test-release test-seeds
	@$(MAKE) --no-print-directory agreement CASES=1500
	@$(MAKE) --no-print-directory reproducible
	@$(MAKE) --no-print-directory e2e-tests
	@if command -v kwctl >/dev/null && command -v bats >/dev/null; then kwctl='passed'; else kwctl='skipped'; fi; \
	echo "make test: formatting, clippy and native tests passed; policy.wasm ($$(($$(wc -c <policy.wasm))) bytes) in the embedded runtime, policy.opa.wasm ($$(($$(wc -c <policy.opa.wasm))) bytes) in Node.js, both in a registry and back, and the npm package in Node.js and Chromium passed; kwctl's tests $$kwctl"

lint: fmt-check ## Formatting and clippy
	@cargo clippy --version >/dev/null 2>&1 || { echo "clippy is missing: rustup component add clippy" >&2; exit 1; }
	cargo clippy $(HOST) --workspace --all-targets -- -D warnings

fmt: | cargo ## Formats the Rust sources
	cargo fmt --all
	cargo fmt --manifest-path $(FLOOR_DIR)/Cargo.toml
	cargo fmt --manifest-path $(USUAL_DIR)/Cargo.toml
	cargo fmt --manifest-path js/bindgen/Cargo.toml
	cargo fmt --manifest-path fuzz/Cargo.toml

fmt-check: | cargo
	@cargo fmt --version >/dev/null 2>&1 || { echo "rustfmt is missing: rustup component add rustfmt" >&2; exit 1; }
	cargo fmt --all --check
	cargo fmt --manifest-path $(FLOOR_DIR)/Cargo.toml --check
	cargo fmt --manifest-path $(USUAL_DIR)/Cargo.toml --check
	cargo fmt --manifest-path js/bindgen/Cargo.toml --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

.PHONY: check lint-wasm doc

# The core and what its tests need: no Wasm runtime, which takes minutes to compile.
CORE := -p eci-security-context -p eci-manifest

check: fmt-check ## Formatting, clippy and the tests of the core: the inner loop
	@cargo clippy --version >/dev/null 2>&1 || { echo "clippy is missing: rustup component add clippy" >&2; exit 1; }
	cargo clippy $(HOST) $(CORE) --all-targets -- -D warnings
	cargo test -q $(HOST) $(CORE)

lint-wasm: | cargo ## Clippy on the guests, for the Wasm targets that they are built for
	@for target in wasm32-wasip1 wasm32-unknown-unknown; do \
	  [ -d "$$(rustc --print sysroot)/lib/rustlib/$$target" ] || rustup target add $$target || { echo "$$target is missing: rustup target add $$target" >&2; exit 1; }; \
	done
	cargo clippy --locked --target wasm32-wasip1 -p eci-security-context --lib --no-default-features --features kubewarden -- -D warnings
	cargo clippy --locked --target wasm32-unknown-unknown -p eci-policy-opa -p eci-security-context-js --lib -- -D warnings

doc: | cargo ## The documentation of the Rust sources with private items; a warning is an error
	RUSTDOCFLAGS='-D warnings' cargo doc $(HOST) --no-deps --workspace --document-private-items

bless: | cargo ## Writes the generated files (rule tables, schema, forms, the command's output in docs) anew
	ECI_BLESS=1 cargo test -q $(HOST) -p eci-security-context --test generated -- --test-threads 1
	ECI_BLESS=1 cargo test -q $(HOST) -p eci-policy --no-default-features --test docs

test-opa: policy.opa.wasm $(NODE_TESTS)/node_modules/.package-lock.json ## The tests of policy.opa.wasm in Node.js
	POLICY_OPA_WASM='$(CURDIR)/policy.opa.wasm' npm test --silent --prefix $(NODE_TESTS)

# What npm writes last.
$(NODE_TESTS)/node_modules/.package-lock.json: $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json | node
	npm ci --silent --prefix $(NODE_TESTS)

e2e-tests: ## kwctl's tests (bats) on the annotated modules, where kwctl and bats are there
	@for tool in kwctl bats; do \
	  command -v $$tool >/dev/null || { echo "skipped: kwctl's tests, as $$tool is not on the PATH"; exit 0; }; \
	done; \
	$(MAKE) --no-print-directory annotated-policy.wasm annotated-policy.opa.wasm && bats e2e-tests/kwctl.bats

npm: $(NPM_TARBALL) ## The npm package, packed in target/npm

$(NPM_TARBALL): $(SOURCES) $(shell find js/src js/lib js/examples js/bindgen/src) $(wildcard js/*.* js/bindgen/Cargo.*) scripts/npm-build | cargo node
	scripts/npm-build $@

test-npm: $(NPM_TARBALL) ## The npm package as a user installs it, in Node and in Chromium
	chromium=$$(scripts/chromium) && NPM_TARBALL='$(abspath $(NPM_TARBALL))' CHROMIUM="$$chromium" node --test js/tests/

test-registry: policy.wasm policy.opa.wasm ## The built modules annotated, and pushed to a registry and pulled
	registry=$$(scripts/docker-registry) && DOCKER_REGISTRY="$$registry" \
	  POLICY_WASM='$(CURDIR)/policy.wasm' POLICY_OPA_WASM='$(CURDIR)/policy.opa.wasm' cargo test $(HOST) -p eci-registry

agreement: engines ## Asks every engine the same: the corpus, and CASES (20,000) generated pods and settings
	$(ENGINES) cargo run -q $(HOST) -p eci-e2e-tests --bin agreement -- --cases $(or $(CASES),20000)

reproducible: policy.wasm ## Builds policy.wasm again in another folder: the bytes are the same
	scripts/reproducible $<

deny: | cargo ## Licences, advisories, sources and duplicates of the dependencies, by deny.toml
	@$(call need,cargo-deny,cargo install cargo-deny --locked)
	cargo deny --workspace --locked check

# Always anew: it has the time of the commit.
sbom: | cargo ## What policy.wasm is built from, as CycloneDX (policy.cdx.json)
	scripts/sbom policy.cdx.json

check-version: ## Whether TAG (as v0.1.0) is the version, with a dated entry in the changelog
	@scripts/changelog check "$$TAG"

changelog: ## The notes of the release TAG
	@scripts/changelog notes "$$TAG"

release-assets: policy.wasm annotated-policy.wasm policy.opa.wasm annotated-policy.opa.wasm sbom $(NPM_TARBALL) ## The files of a release, but for the command
	scripts/release-assets $(RELEASE_DIR) $(NPM_TARBALL)

dist: | cargo ## The command, built and packed for this machine
	scripts/dist $(RELEASE_DIR) --profile $(DIST_PROFILE)

checksums: ## SHA256SUMS of the files of a release
	@[ -n "$$(ls $(RELEASE_DIR) 2>/dev/null)" ] || { echo 'checksums: $(RELEASE_DIR) has no files: run `make release-assets` first' >&2; exit 1; }
	cd $(RELEASE_DIR) && rm -f SHA256SUMS* && sha256sum * >../SHA256SUMS.part && mv ../SHA256SUMS.part SHA256SUMS

# The command is built as the tests are, which takes seconds, not minutes.
test-release: ## The files of a release, made as the workflow makes them, and looked at
	rm -rf $(RELEASE_DIR)
	@$(MAKE) --no-print-directory release-assets dist checksums DIST_PROFILE=host
	helm=$$(scripts/kube-tool helm) && HELM="$$helm" RELEASE_ASSETS='$(abspath $(RELEASE_DIR))' POLICY_WASM='$(CURDIR)/policy.wasm' \
	  cargo test $(HOST) -p eci-e2e-tests --test release

artifacthub: ## What the branch artifacthub holds, in target/artifacthub
	rm -rf $(TARGET_DIR)/artifacthub && mkdir -p $(TARGET_DIR)/artifacthub
	cp artifacthub-repo.yml artifacthub-pkg.yml $(TARGET_DIR)/artifacthub
	scripts/absolute-links <README.md >$(TARGET_DIR)/artifacthub/README.md

# The glue of a release: what these send is made by the targets above.
publish-modules: ## Pushes the modules (kwctl), and signs them (cosign)
	scripts/publish modules $(RELEASE_DIR)

publish-signatures: ## Signs the checksums (cosign)
	scripts/publish signatures $(RELEASE_DIR)

publish-release: ## Makes the release TAG on GitHub, with its files (gh)
	scripts/publish release $(RELEASE_DIR)

publish-artifacthub: artifacthub ## Pushes the branch artifacthub
	scripts/publish artifacthub $(TARGET_DIR)/artifacthub

publish-npm: ## Publishes the npm package
	scripts/publish npm $(RELEASE_DIR)

mutants: | cargo ## Changes the rules and the facts about ECI one by one, and tells what no test notices; takes an hour
	@$(call need,cargo-mutants,cargo install cargo-mutants --locked)
	cargo mutants -p eci-security-context --jobs 1 --output $(TARGET_DIR) $(MUTANTS)

# libFuzzer's marks are taken by stable Rust; its sanitizers are not, and have nothing to find where no code is unsafe.
# What it comes by is kept apart from the committed seeds.
fuzz: | cargo ## Has libFuzzer look for inputs that break what must hold, SECONDS (60) for each target
	@$(call need,cargo-fuzz,cargo install cargo-fuzz --locked)
	@$(call need,g++,install it (Debian: apt-get install g++); libFuzzer is C++)
	cargo fuzz build --sanitizer none
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p $(TARGET_DIR)/fuzz-corpus/$$target; \
	  echo "fuzzing $$target for $(or $(SECONDS),60) s"; \
	  cargo fuzz run --sanitizer none $$target $(abspath $(TARGET_DIR))/fuzz-corpus/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$(or $(SECONDS),60) -dict=fuzz/dictionaries/$$target.dict -max_len=4096 -timeout=10 -print_final_stats=1 || exit 1; \
	done

test-seeds: | cargo ## What the fuzz targets ask, of the seeds and of what was found
	cargo test -q --locked --manifest-path fuzz/Cargo.toml --no-default-features --target-dir $(TARGET_DIR)/fuzz

fuzz-seeds: | cargo ## Makes the committed seeds of fuzz/corpus anew, of tests/cases
	cargo run -q $(HOST) -p eci-corpus --example fuzz-seeds -- tests/cases fuzz/corpus

fuel-budget: policy.wasm host-runtime ## Writes the budget of instructions (e2e-tests/fuel-budget.json) anew, for this compiler
	ECI_BLESS=1 POLICY_WASM='$(CURDIR)/policy.wasm' cargo test -q $(HOST) -p eci-e2e-tests --test fuel

soak: policy.wasm host-runtime ## COUNT (1,000,000) evaluations in one process: no trap, no growth, the same bytes
	POLICY_WASM='$(CURDIR)/policy.wasm' cargo run -q $(HOST) -p eci-e2e-tests --bin soak -- --count $(or $(COUNT),1000000)

load: policy.wasm host-runtime ## Latency at RATES of requests, each for SECONDS, with WORKERS and a DEADLINE in ms; writes OUT (docs)/load.json and .svg
	cargo run -q $(HOST) -p eci-e2e-tests --bin load -- --module policy.wasm $(if $(OUT),--out '$(OUT)') \
	  $(if $(RATES),--rates '$(RATES)') $(if $(SECONDS),--seconds '$(SECONDS)') $(if $(WORKERS),--workers '$(WORKERS)') \
	  $(if $(DEADLINE),--deadline '$(DEADLINE)')

load-docs: host-runtime ## Draws docs/load.svg, and writes the figures in docs/operating.md, of docs/load.json
	cargo run -q $(HOST) -p eci-e2e-tests --bin load -- --draw

bench: bench-module bench-limits bench-engines bench-check ## What an evaluation costs, in each engine too, and what the command does, each beside its floor

bench-module: policy.wasm $(FLOOR) $(USUAL) host-runtime
	@cargo run -q $(HOST) -p eci-host --bin eci-bench -- --module policy.wasm --floor $(FLOOR) --usual $(USUAL)

profile: export PAYLOAD ?= pod, 1 kB, accepted
profile: host-runtime ## Where the instructions of an evaluation go: PAYLOAD, a file or one of bench's ('pod, 1 kB, accepted')
	@CARGO_PROFILE_RELEASE_STRIP=debuginfo scripts/wasm-build wasm32-wasip1 . target/named.wasm --no-default-features --features kubewarden
	@cargo run -q $(HOST) -p eci-host --bin eci-profile -- --module target/named.wasm "$$PAYLOAD"

bench-limits: policy.wasm host-runtime ## The nastiest payloads of 3 MiB, against what policy-server gives
	@cargo run -q $(HOST) -p eci-host --bin eci-limits -- --module policy.wasm

bench-engines: engines
	cargo build -q $(DIST) -p eci-benches
	@$(ENGINES) cargo run -q $(HOST) -p eci-e2e-tests --bin engines-bench -- $(TARGET_DIR)/dist/eci-bench-check

bench-check: | cargo
	cargo build $(DIST) -p eci-policy
	cargo run $(DIST) -p eci-benches -- $(TARGET_DIR)/dist/eci-policy

clean: | cargo ## Removes everything built, the compiled Wasm runtime included
	rm -f policy.wasm annotated-policy.wasm policy.opa.wasm annotated-policy.opa.wasm pulled-policy.wasm policy.cdx.json $(FLOOR) $(USUAL)
	rm -rf $(NODE_TESTS)/node_modules
	cargo clean

cargo:
	@$(call need,cargo,install Rust 1.95 or newer (for example with https://rustup.rs))
	@$(call need,gcc,install it (Debian: apt-get install gcc libc6-dev); Rust links with it)

engines: policy.wasm policy.opa.wasm $(NPM_TARBALL) $(NODE_TESTS)/node_modules/.package-lock.json host-runtime

node:
	@$(call need,node,install Node.js 20 or newer (for example from https://nodejs.org))
	@$(call need,npm,install it with Node.js (Debian: apt-get install npm))

registry-named:
	@[ -n "$$REGISTRY" ] || { echo 'REGISTRY is missing: name a registry and a user or folder of it, as in make push REGISTRY=ghcr.io/me' >&2; exit 1; }

host-runtime: | cargo
	@ls $(TARGET_DIR)/host/deps/libwasmtime-*.rlib >/dev/null 2>&1 || { \
	  echo "Compiling the embedded Wasm runtime: some minutes, once."; \
	  cargo build $(HOST) -p eci-host -p eci-policy; \
	}
