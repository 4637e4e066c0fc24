# The profile for everything native, so that the large Wasm runtime is compiled once.
HOST := --profile host --locked
# The profile of a release, for the command without the runtime.
DIST := --profile dist --locked --no-default-features
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# The packages that never need the Wasm runtime; and with the command, which can be built without it.
NATIVE := -p eci-security-context -p eci-manifest -p eci-text -p eci-corpus -p eci-policy-opa -p eci-security-context-js -p xtask
CORE := $(NATIVE) -p eci-policy --no-default-features \
  --features eci-security-context/kubewarden,eci-security-context/docs,eci-security-context/cel,eci-security-context-js/types
# The sources of every module. Folders are listed too: a removed file changes their time stamp.
SOURCES := $(shell find src) Cargo.toml Cargo.lock scripts/wasm-build
JS_SOURCES := $(shell find manifest/src text/src guests/js/src guests/js/lib guests/js/examples guests/js/bindgen/src) $(wildcard manifest/Cargo.toml text/Cargo.toml guests/js/*.* guests/js/bindgen/Cargo.*)
FILES ?= examples/[0-9]*.yaml examples/requests/*.json
NODE_TESTS := e2e-tests/node
NODE_MODULES := $(NODE_TESTS)/node_modules/.package-lock.json
VSIX := $(TARGET_DIR)/eci-policy.vsix
VSIX_SOURCES := $(addprefix editors/vscode/,extension.js package.json package-lock.json README.md .vscodeignore) LICENSE
NPM_TARBALL := $(TARGET_DIR)/npm/eci-security-context.tgz
PLAYGROUND := $(TARGET_DIR)/playground
PLAYGROUND_SOURCES := $(shell find playground/src playground/examples playground/public) $(wildcard playground/*.*)
OPA := $(abspath $(TARGET_DIR))/go/opa
GATOR := $(abspath $(TARGET_DIR))/go/gator
RELEASE_DIR := $(TARGET_DIR)/release-assets
FUZZ_TARGETS ?= request settings host_sysctls quantity yaml_edit
# The tests find what they test in the environment.
export POLICY_WASM := $(CURDIR)/policy.wasm
export POLICY_OPA_WASM := $(CURDIR)/policy.opa.wasm
export NPM_PACKAGE := $(abspath $(dir $(NPM_TARBALL)))/package
CLUSTER_PROGRAMS := $(abspath $(TARGET_DIR))/cluster
CEL_CASES := $(abspath $(TARGET_DIR))/cel-cases.jsonl
# The programs that build the manifests of deploy/, for their tests.
KUBE_TOOLS := helm=$$(scripts/kube-tool helm) && kubectl=$$(scripts/kube-tool kubectl) && HELM="$$helm" KUBECTL="$$kubectl"
BENCH := cargo run -q $(HOST) -p eci-bench --
ANNOTATE := cargo run -q $(HOST) -p xtask --features registry -- annotate
# The packages outside the workspace.
OTHER_MANIFESTS := bench/floor/Cargo.toml bench/usual/Cargo.toml guests/js/bindgen/Cargo.toml fuzz/Cargo.toml

need = command -v $(1) >/dev/null || { echo "$(1) is missing: $(2)" >&2; exit 1; }

.DELETE_ON_ERROR:
.PHONY: lint-wasm doc deny all help run check test test-modules test-opa test-opa-program test-gatekeeper gator test-cluster cluster-programs test-npm test-playground playground playground-serve test-editors test-registry test-release test-seeds fmt fmt-check bench bench-module bench-limits bench-engines bench-command bench-load bench-profile agreement agreement-cel soak fuzz bless e2e-tests npm vsix clean cargo engines node runtime

all: policy.wasm

help: ## Lists the targets
	@awk -F ':[^#]*## ' '/^[a-z0-9.-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo '  cargo xtask --help     the tasks for once in a while: a new rule, annotate, push and pull'

policy.wasm: $(SOURCES) | cargo ## The policy (the default)
	scripts/wasm-build wasm32-wasip1 . $@ --no-default-features --features kubewarden

annotated-policy.wasm: policy.wasm metadata.yml README.md $(shell find xtask/src/registry) xtask/Cargo.toml | cargo ## The policy with its metadata, as a cluster takes it
	$(ANNOTATE) --metadata metadata.yml --readme README.md --output $@ policy.wasm

# Built for size: the two modules that people load into other programs.
policy.opa.wasm: $(SOURCES) $(shell find guests/opa/src) guests/opa/build.rs guests/opa/Cargo.toml | cargo ## The policy for OPA Wasm hosts
	CARGO_PROFILE_RELEASE_OPT_LEVEL=s scripts/wasm-build wasm32-unknown-unknown guests/opa $@

annotated-policy.opa.wasm: policy.opa.wasm guests/opa/metadata.yml guests/opa/README.md $(shell find xtask/src/registry) xtask/Cargo.toml | cargo
	$(ANNOTATE) --metadata guests/opa/metadata.yml --readme guests/opa/README.md --output $@ policy.opa.wasm

npm: $(NPM_TARBALL) ## The npm package, in target/npm

$(NPM_TARBALL): $(SOURCES) $(JS_SOURCES) scripts/npm-build | cargo node
	scripts/npm-build $@

playground: $(PLAYGROUND)/index.html ## The playground, a static page, in target/playground

$(PLAYGROUND)/index.html: $(NPM_TARBALL) $(PLAYGROUND_SOURCES) scripts/playground-build
	scripts/playground-build $(PLAYGROUND)

playground-serve: playground ## Serves the playground on this machine
	playground/node_modules/.bin/vite preview playground --outDir '$(abspath $(PLAYGROUND))' --host 127.0.0.1

vsix: $(VSIX) ## The extension for VS Code, in target

$(VSIX): $(VSIX_SOURCES) scripts/vscode-build | node
	scripts/vscode-build $@

target/floor.wasm target/usual.wasm: target/%.wasm: bench/%/src/lib.rs bench/%/Cargo.toml bench/%/Cargo.lock scripts/wasm-build | cargo
	scripts/wasm-build wasm32-wasip1 bench/$* $@

# The command ends with 1 if it denies an object, as some of the examples are; that is not a failure here.
run: policy.wasm runtime ## Judges FILES (the examples) under SETTINGS (a file) in the embedded Wasm runtime
	@cargo run -q $(HOST) -p eci-policy -- run --module policy.wasm $(if $(SETTINGS),--settings $(SETTINGS)) $(FILES) || [ $$? -eq 1 ]

check: fmt-check ## Formatting, clippy and the core's tests, without the Wasm runtime
	@scripts/component clippy
	cargo clippy $(HOST) $(CORE) --all-targets -- -D warnings
	cargo test -q $(HOST) $(NATIVE)

# Clippy on the guests, for the Wasm targets that they are built for.
lint-wasm: | cargo
	@for target in wasm32-wasip1 wasm32-unknown-unknown; do \
	  [ -d "$$(rustc --print sysroot)/lib/rustlib/$$target" ] || rustup target add $$target || { echo "$$target is missing: rustup target add $$target" >&2; exit 1; }; \
	done
	cargo clippy --locked --target wasm32-wasip1 -p eci-security-context --lib --no-default-features --features kubewarden -- -D warnings
	cargo clippy --locked --target wasm32-unknown-unknown -p eci-policy-opa -p eci-security-context-js --lib -- -D warnings

# The documentation of the Rust sources with private items.
doc: | cargo
	RUSTDOCFLAGS='-D warnings' cargo doc $(HOST) --no-deps --workspace --document-private-items

deny: | cargo ## Licences, advisories, sources and duplicates of the dependencies, by deny.toml
	@$(call need,cargo-deny,cargo install cargo-deny --locked)
	cargo deny --workspace --locked check

# Package by package, so that the runtime has the features with which it is compiled already.
test: fmt-check ## Everything that can be checked here; CI runs it. Parts of it: test-{modules,opa,npm,playground,editors,registry,release,seeds}
	@scripts/component clippy
	cargo clippy $(HOST) --workspace --all-targets --features xtask/registry -- -D warnings
	cargo test $(HOST) $(NATIVE)
	@$(MAKE) --no-print-directory test-modules test-opa test-npm test-playground test-editors test-registry test-release test-seeds
	@$(MAKE) --no-print-directory agreement CASES=1500
	scripts/reproducible policy.wasm
	@$(MAKE) --no-print-directory e2e-tests
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory test-gatekeeper test-cluster; \
	else echo 'skipped: the control plane (make test-cluster) and Gatekeeper (make test-gatekeeper), as go is not on the PATH' >&2; fi
	@if command -v kwctl >/dev/null && command -v bats >/dev/null; then kwctl='passed'; else kwctl='skipped'; fi; \
	if command -v go >/dev/null; then opa=' and in OPA' cluster='and Gatekeeper passed'; else opa= cluster='and Gatekeeper skipped'; fi; \
	echo "make test: formatting, clippy and native tests passed; policy.wasm ($$(($$(wc -c <policy.wasm))) bytes) in the embedded runtime, policy.opa.wasm ($$(($$(wc -c <policy.opa.wasm))) bytes) in Node.js$$opa, both in a registry and back, the npm package in Node.js and Chromium, the playground in Chromium, and the extension for VS Code in Node.js passed; kwctl's tests $$kwctl; the control plane $$cluster"

test-modules: policy.wasm runtime
	$(KUBE_TOOLS) cargo test $(HOST) -p eci-host -p eci-policy -p eci-e2e-tests
	cargo test $(HOST) -p eci-bench
	$(BENCH) fuel

test-opa: policy.opa.wasm $(NODE_MODULES) runtime
	npm test --silent --prefix $(NODE_TESTS)
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory test-opa-program; \
	else echo "skipped: policy.opa.wasm in OPA itself, as go is not on the PATH" >&2; fi

# OPA with its Wasm engine. The first build takes some minutes.
test-opa-program: policy.opa.wasm
	CGO_ENABLED=0 go -C e2e-tests/opa build -tags opa_wasm -o '$(OPA)' github.com/open-policy-agent/opa
	OPA='$(OPA)' cargo test $(HOST) -p eci-e2e-tests --test opa

# The evaluator of Gatekeeper. The first build takes some minutes.
gator:
	@$(call need,go,install Go 1.26 or newer (https://go.dev/dl))
	go -C e2e-tests/gatekeeper build -gcflags all=-dwarf=false -ldflags '-s -w' -o '$(GATOR)' github.com/open-policy-agent/gatekeeper/v3/cmd/gator

# The manifests for Gatekeeper in its own evaluator.
test-gatekeeper: gator
	'$(GATOR)' verify e2e-tests/gatekeeper/suite.yaml

# The programs of a control plane, from their Go modules. The first build takes about ten minutes of two cores.
cluster-programs:
	@$(call need,go,install Go 1.26 or newer (https://go.dev/dl))
	@ls $(CLUSTER_PROGRAMS)/kube-apiserver >/dev/null 2>&1 || echo "Compiling etcd and Kubernetes: about ten minutes, once."
	cd e2e-tests/cluster && version=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes) && \
	  go build -gcflags all=-dwarf=false -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$version" -o '$(CLUSTER_PROGRAMS)/' k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kubectl && \
	  go build -gcflags all=-dwarf=false -ldflags '-s -w' -o '$(CLUSTER_PROGRAMS)/etcd' go.etcd.io/etcd/server/v3

test-cluster: cluster-programs policy.wasm runtime ## The policy in a real control plane (etcd and Kubernetes, built with Go)
	cargo build $(HOST) -p eci-webhook
	cargo build $(HOST) -p eci-policy --no-default-features
	cp '$(TARGET_DIR)/host/eci-webhook' '$(TARGET_DIR)/host/eci-policy' '$(CLUSTER_PROGRAMS)/'
	cd e2e-tests/cluster && go vet ./... && CLUSTER_PROGRAMS='$(CLUSTER_PROGRAMS)' go test -count 1 -timeout 20m .
	$(MAKE) --no-print-directory agreement-cel CASES=300

# CASES generated requests in a CEL evaluator, and in the API server's own where Go is.
agreement-cel: | cargo
	CASES=$(CASES) CEL_CASES='$(CEL_CASES)' cargo test -q $(HOST) -p eci-security-context --test cel generated_requests -- --nocapture
	@if command -v go >/dev/null; then mkdir -p '$(CLUSTER_PROGRAMS)' && cargo build -q $(HOST) -p eci-policy --no-default-features && \
	  cp '$(TARGET_DIR)/host/eci-policy' '$(CLUSTER_PROGRAMS)/' && cd e2e-tests/cluster && \
	  CLUSTER_PROGRAMS='$(CLUSTER_PROGRAMS)' CEL_CASES='$(CEL_CASES)' go test -v -count 1 -timeout 2h ./cel; \
	else echo "skipped: the expressions in the API server's evaluator, as go is not on the PATH" >&2; fi

# The file that npm writes last.
$(NODE_MODULES): $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json | node
	npm ci --silent --prefix $(NODE_TESTS)

test-npm: $(NPM_TARBALL) | cargo
	cargo build -q $(HOST) -p eci-policy --no-default-features
	cargo xtask fuzz-seeds $(TARGET_DIR)/fuzz-seeds
	chromium=$$(scripts/chromium) && ECI_POLICY='$(abspath $(TARGET_DIR))/host/eci-policy' FUZZ_SEEDS='$(abspath $(TARGET_DIR))/fuzz-seeds' \
	  NPM_TARBALL='$(abspath $(NPM_TARBALL))' CHROMIUM="$$chromium" node --test guests/js/tests/

# Each file has a browser of its own.
test-playground: playground
	chromium=$$(scripts/chromium) && PLAYGROUND='$(abspath $(PLAYGROUND))' CHROMIUM="$$chromium" node --test --test-concurrency 2 playground/tests/*.test.js

test-editors: $(VSIX) | cargo
	@$(call need,python3,install it (Debian: apt-get install python3))
	cargo build -q $(HOST) -p eci-policy --no-default-features
	ECI_POLICY='$(abspath $(TARGET_DIR))/host/eci-policy' VSIX='$(abspath $(VSIX))' node --test editors/vscode/tests/extension.test.js

test-registry: policy.wasm policy.opa.wasm
	registry=$$(scripts/docker-registry) && DOCKER_REGISTRY="$$registry" cargo test $(HOST) -p xtask --features registry

# The files of a release, made as the workflow makes them. The command is built as the tests are, in seconds.
test-release: policy.wasm
	rm -rf $(RELEASE_DIR)
	scripts/release-assets $(RELEASE_DIR)
	scripts/dist $(RELEASE_DIR) --profile host
	scripts/checksums $(RELEASE_DIR)
	helm=$$(scripts/kube-tool helm) && HELM="$$helm" RELEASE_ASSETS='$(abspath $(RELEASE_DIR))' cargo test $(HOST) -p eci-e2e-tests --test release

test-seeds: | cargo
	cargo xtask fuzz-seeds $(TARGET_DIR)/fuzz-seeds
	FUZZ_SEEDS='$(abspath $(TARGET_DIR))/fuzz-seeds' cargo test -q --locked --manifest-path fuzz/Cargo.toml --no-default-features --target-dir $(TARGET_DIR)/fuzz

fmt: | cargo ## Formats the Rust sources
	@scripts/component fmt
	cargo fmt --all
	@for manifest in $(OTHER_MANIFESTS); do cargo fmt --manifest-path $$manifest || exit 1; done

fmt-check: | cargo
	@scripts/component fmt
	cargo fmt --all --check
	@for manifest in $(OTHER_MANIFESTS); do cargo fmt --manifest-path $$manifest --check || exit 1; done

bench: bench-module bench-limits bench-engines bench-command ## All benchmarks; one of them: bench-{module,limits,engines,command}, bench-load, bench-profile

bench-module: policy.wasm target/floor.wasm target/usual.wasm runtime
	@$(BENCH) module

bench-limits: policy.wasm runtime
	@$(BENCH) limits

bench-engines: engines
	cargo build -q $(DIST) -p eci-bench
	@$(BENCH) engines --native $(TARGET_DIR)/dist/eci-bench --npm '$(NPM_PACKAGE)'

bench-command: | cargo
	cargo build $(DIST) -p eci-policy
	cargo run $(DIST) -p eci-bench -- command $(TARGET_DIR)/dist/eci-policy

# Latency at RATES of requests, each for SECONDS, with WORKERS and a DEADLINE in ms; writes OUT (docs)/load.json and .svg.
bench-load: policy.wasm runtime
	@$(BENCH) load $(if $(OUT),--out '$(OUT)') $(if $(RATES),--rates '$(RATES)') $(if $(SECONDS),--seconds '$(SECONDS)') \
	  $(if $(WORKERS),--workers '$(WORKERS)') $(if $(DEADLINE),--deadline '$(DEADLINE)')

# The functions in which an evaluation of PAYLOAD, a file or a payload of bench-module, spends its instructions.
bench-profile: export PAYLOAD ?= pod, 1 kB, accepted
bench-profile: runtime
	@CARGO_PROFILE_RELEASE_STRIP=debuginfo scripts/wasm-build wasm32-wasip1 . target/named.wasm --no-default-features --features kubewarden
	@$(BENCH) profile --module target/named.wasm "$$PAYLOAD"

agreement: engines ## Compares the answers of every engine, for the corpus and CASES (20,000) generated pods
	cargo test -q $(HOST) -p eci-e2e-tests --test agreement -- --cases $(or $(CASES),20000)
	@# `make test` compares 300 cases.
	$(if $(CASES),,$(MAKE) --no-print-directory agreement-cel CASES=20000)

soak: policy.wasm runtime ## COUNT (1,000,000) evaluations in one process: no trap, no growth, the same bytes
	@$(BENCH) soak --count $(or $(COUNT),1000000)

# Stable Rust has libFuzzer's instrumentation, but not its sanitizers, which find nothing where no code is unsafe.
# The inputs that libFuzzer finds stay in target/fuzz-corpus.
fuzz: | cargo ## Fuzzes FUZZ_TARGETS (all), each for SECONDS (60)
	@$(call need,cargo-fuzz,cargo install cargo-fuzz --locked)
	@$(call need,g++,install it (Debian: apt-get install g++); libFuzzer is C++)
	cargo xtask fuzz-seeds $(TARGET_DIR)/fuzz-seeds
	cargo fuzz build --sanitizer none
	@for target in $(FUZZ_TARGETS); do \
	  corpus=$(abspath $(TARGET_DIR))/fuzz-corpus/$$target; mkdir -p $$corpus fuzz/found/$$target; \
	  echo "fuzzing $$target for $(or $(SECONDS),60) s"; \
	  cargo fuzz run --sanitizer none $$target $$corpus $(abspath $(TARGET_DIR))/fuzz-seeds/$$target fuzz/found/$$target -- \
	    -max_total_time=$(or $(SECONDS),60) -dict=fuzz/dictionaries/$$target.dict -max_len=4096 -timeout=10 -print_final_stats=1 || exit 1; \
	done

bless: | cargo ## Writes the generated files (rule tables, schema, forms, output in the docs) again
	ECI_BLESS=1 cargo test -q $(HOST) -p eci-security-context --test generated -- --test-threads 1
	ECI_BLESS=1 cargo test -q $(HOST) -p eci-policy --no-default-features --test docs --test generate --test schemas

e2e-tests: ## kwctl's tests (bats) on the annotated modules, where kwctl and bats are installed
	@for tool in kwctl bats; do \
	  command -v $$tool >/dev/null || { echo "skipped: kwctl's tests, as $$tool is not on the PATH"; exit 0; }; \
	done; \
	$(MAKE) --no-print-directory annotated-policy.wasm annotated-policy.opa.wasm && bats e2e-tests/kwctl.bats

clean: | cargo ## Removes everything built, the compiled Wasm runtime included
	rm -f policy.wasm annotated-policy.wasm policy.opa.wasm annotated-policy.opa.wasm pulled-policy.wasm policy.cdx.json
	rm -rf $(NODE_TESTS)/node_modules guests/js/node_modules playground/node_modules editors/vscode/node_modules
	cargo clean

cargo:
	@$(call need,cargo,install Rust 1.95 or newer (for example with https://rustup.rs))
	@$(call need,gcc,install it (Debian: apt-get install gcc libc6-dev); Rust links with it)

engines: policy.wasm policy.opa.wasm $(NPM_TARBALL) $(NODE_MODULES) runtime

node:
	@$(call need,node,install Node.js 20 or newer (for example from https://nodejs.org))
	@$(call need,npm,install it with Node.js (Debian: apt-get install npm))

runtime: | cargo
	@ls $(TARGET_DIR)/host/deps/libwasmtime-*.rlib >/dev/null 2>&1 || { \
	  echo "Compiling the embedded Wasm runtime: some minutes, once."; \
	  cargo build $(HOST) -p eci-host -p eci-policy; \
	}
