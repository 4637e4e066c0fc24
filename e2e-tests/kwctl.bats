#!/usr/bin/env bats
# The annotated module in kwctl, which runs policies as Kubewarden's policy-server does.
# kwctl prints the answer as one line of JSON. Its exit code is 0 even for a rejection.

bats_require_minimum_version 1.5.0

policy="$BATS_TEST_DIRNAME/../annotated-policy.wasm"
opa="$BATS_TEST_DIRNAME/../annotated-policy.opa.wasm"
readme="$BATS_TEST_DIRNAME/../README.md"

eci='"labels":{"alibabacloud.com/eci":"true"}'

# Not in setup_file, because bats 1.8 counts a skip there as a failure.
setup() {
  command -v kwctl >/dev/null || skip "kwctl is not on the PATH"
  [ -f "$policy" ] && [ -f "$opa" ] || skip "the modules are not built: make annotated-policy.wasm annotated-policy.opa.wasm"
}

teardown() {
  if [ -n "${registry_process:-}" ]; then kill "$registry_process"; fi
}

# pod METADATA CONTAINER: a Pod with these members in its metadata and in its only container.
pod() {
  cat <<JSON
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"${1:+,$1}},
 "spec":{"containers":[{"name":"app","image":"nginx"${2:+,$2}}]}}
JSON
}

# request GROUP KIND RESOURCE OBJECT [MEMBERS]: an AdmissionRequest. MEMBERS replace its operation CREATE.
request() {
  local members=${5:-'"operation":"CREATE"'}
  cat >"$BATS_TEST_TMPDIR/request.json" <<JSON
{"uid":"1299d386-525b-4032-98ae-1949f69f9cfc",
 "kind":{"group":"$1","version":"v1","kind":"$2"},
 "resource":{"group":"$1","version":"v1","resource":"$3"},
 "name":"web","namespace":"default","userInfo":{"username":"alice"},
 "object":$4,$members}
JSON
}

# judge [FLAGS]: writes kwctl's answer to the request into $output, and its log into $stderr.
judge() {
  RUST_BACKTRACE=0 run --separate-stderr kwctl run "$policy" --request-path "$BATS_TEST_TMPDIR/request.json" "$@"
  printf 'answer: %s\nlog: %s\n' "$output" "$stderr"
}

judged() {
  judge "$@"
  [ "$status" -eq 0 ]
}

allowed() { [[ $output == *'"allowed":true'* ]]; }

refused() { [[ $output == *'"allowed":false'* && $output == *"\"code\":$1"* ]]; }

says() { [[ $output == *"$1"* ]]; }

patched() { [[ $output == *'"patchType":"JSONPatch"'* ]]; }

# A function, because bats ignores a failing `! patched` in the middle of a test.
unpatched() { [[ $output != *'"patch":"'* ]]; }

patch() {
  local rest=${output#*\"patch\":\"}
  base64 -d <<<"${rest%%\"*}"
}

silent() { unpatched && [[ $output != *'"warnings":['* ]]; }

@test "an ECI pod without a security context is accepted unchanged" {
  request "" Pod pods "$(pod "$eci")"
  judged
  allowed
  silent
}

@test "a privileged ECI pod is denied, with the rule and the path" {
  request "" Pod pods "$(pod "$eci" '"securityContext":{"privileged":true}')"
  judged
  refused 403
  says 'privileged'
  says 'spec.containers[0].securityContext.privileged'
  unpatched
}

@test "a privileged ECI pod is accepted if the settings approve it" {
  request "" Pod pods "$(pod "$eci" '"securityContext":{"privileged":true}')"
  judged --settings-json '{"approved":{"privileged":true}}'
  allowed
}

@test "a privileged pod that does not run on ECI is accepted unchanged" {
  request "" Pod pods "$(pod '' '"securityContext":{"privileged":true}')"
  judged
  allowed
  silent
}

@test "a capability spelled with CAP_ is repaired, and the rest of the pod is unchanged" {
  request "" Pod pods "$(pod "$eci" '"securityContext":{"capabilities":{"add":["CAP_NET_ADMIN"]}},"aFieldOfTomorrow":{"a":1}')"
  judged
  allowed
  patched
  says 'capability-name'
  patch=$(patch)
  echo "patch: $patch"
  [[ $patch == *'/spec/containers/0/securityContext/capabilities/add'* ]]
  [[ $patch == *'NET_ADMIN'* ]]
  [[ $patch != *'"value":"CAP_'* && $patch != *'aFieldOfTomorrow'* ]]
}

@test "in a Deployment the same capability is a warning" {
  request apps Deployment deployments "$(
    cat <<JSON
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
 "spec":{"selector":{"matchLabels":{"app":"web"}},"template":{
  "metadata":{"labels":{"app":"web","alibabacloud.com/eci":"true"}},
  "spec":{"containers":[{"name":"app","image":"nginx","securityContext":{"capabilities":{"add":["CAP_NET_ADMIN"]}}}]}}}}
JSON
  )"
  judged
  allowed
  unpatched
  [[ $output == *'"warnings":['* ]]
  says 'capability-name'
}

@test "a privileged ephemeral container is denied when it is added" {
  old=$(pod "$eci")
  new='{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web",'$eci'},
    "spec":{"containers":[{"name":"app","image":"nginx"}],
    "ephemeralContainers":[{"name":"debug","image":"busybox","securityContext":{"privileged":true}}]}}'
  request "" Pod pods "$new" '"operation":"UPDATE","subResource":"ephemeralcontainers","requestSubResource":"ephemeralcontainers","oldObject":'"$old"
  judged
  refused 403
  says 'spec.ephemeralContainers[0].securityContext.privileged'
}

@test "an unknown setting is refused with the nearest name" {
  request "" Pod pods "$(pod "$eci")"
  judge --settings-json '{"profil":"latest"}'
  [ "$status" -ne 0 ]
  [[ "$output$stderr" == *'profil'* && "$output$stderr" == *'profile'* ]]
}

@test "without permission to read the Namespace the pod is rejected, and the message names the permission" {
  request "" Pod pods "$(pod '' '"securityContext":{"privileged":true}')"
  judged --settings-json '{"scope":{"namespaceLabels":true}}'
  refused 500
  says 'Namespace'
}

@test "inspect shows the metadata" {
  run --separate-stderr kwctl inspect "$policy"
  echo "$output"
  [ "$status" -eq 0 ]
  says 'eci-security-context'
  says 'pods/ephemeralcontainers'
  [[ $output =~ mutating:\ +true ]]
  [[ $output =~ 'kind: Namespace' ]]
}

# inspected MODULE: its metadata as kwctl prints them, without the version of the kwctl that wrote them.
inspected() { kwctl inspect --output yaml "$1" | grep -v '^  io.kubewarden.kwctl: '; }

@test "kwctl annotate writes the same metadata" {
  cd "$BATS_TEST_DIRNAME/.."
  kwctl annotate --metadata-path metadata.yml --usage-path README.md --output-path "$BATS_TEST_TMPDIR/policy.wasm" policy.wasm
  diff <(inspected "$BATS_TEST_TMPDIR/policy.wasm") <(inspected "$policy")
  kwctl annotate --metadata-path guests/opa/metadata.yml --usage-path guests/opa/README.md --output-path "$BATS_TEST_TMPDIR/opa.wasm" policy.opa.wasm
  diff <(inspected "$BATS_TEST_TMPDIR/opa.wasm") <(inspected "$opa")
}

@test "in OPA's mode the answer has warnings, findings and the repair" {
  request "" Pod pods "$(pod "$eci" '"securityContext":{"procMount":"Unmasked","capabilities":{"add":["CAP_NET_ADMIN"]}}')"
  policy=$opa
  judged -e opa
  allowed
  patched
  [ "$(patch)" = '[{"op":"replace","path":"/spec/containers/0/securityContext/capabilities/add/0","value":"NET_ADMIN"}]' ]
  says 'proc-mount: spec.containers[0].securityContext.procMount'
  says '"auditAnnotations":{"findings":'
  judged -e opa --settings-json '{"profil":"latest"}'
  refused 422
  says 'did you mean profile?'
}

@test "in Gatekeeper's mode a needed repair is a violation, and so are invalid settings" {
  request "" Pod pods "$(pod "$eci" '"securityContext":{"capabilities":{"add":["CAP_NET_ADMIN"]}}')"
  policy=$opa
  judged
  [[ $output == *'"allowed":false'* ]]
  says '[capability-name] spec.containers[0].securityContext.capabilities.add[0]'
  unpatched
  judged --settings-json '{"profil":"latest"}'
  [[ $output == *'"allowed":false'* ]]
  says 'did you mean profile?'
  request "" Pod pods "$(pod "$eci")"
  judged
  allowed
}

# Starts a registry, writes its address into $registry, and lets kwctl use HTTP for it.
start_registry() {
  local program
  program=$("$BATS_TEST_DIRNAME/../scripts/docker-registry") || skip "docker-registry is missing"
  cd "$BATS_TEST_TMPDIR"
  printf '%s\n' 'version: 0.1' 'storage: {filesystem: {rootdirectory: storage}}' 'http: {addr: "127.0.0.1:0"}' >config.yml
  "$program" serve config.yml >log 2>&1 3>&- &
  registry_process=$!
  for _ in {1..100}; do
    registry=$(sed -n 's/.*msg="listening on \([^"]*\)".*/\1/p' log)
    if [ -n "$registry" ]; then break; fi
    sleep 0.1
  done
  [ -n "$registry" ]
  echo "insecure_sources: [\"$registry\"]" >sources.yml
  cd "$BATS_TEST_DIRNAME/.."
}

@test "kwctl pulls a module that xtask pushed, and the other way round" {
  start_registry
  sources=(--sources-path "$BATS_TEST_TMPDIR/sources.yml")
  ours=$(cargo xtask push "$policy" "$registry/ours/eci:v1")
  theirs=$(kwctl push "${sources[@]}" --output json "$policy" "registry://$registry/theirs/eci:v1")
  echo "ours: $ours theirs: $theirs"
  # Both manifests have the same digest.
  [ "${ours#*@}" = "$(sed 's/.*@\(.*\)"}/\1/' <<<"$theirs")" ]
  kwctl pull "${sources[@]}" --output-path "$BATS_TEST_TMPDIR/ours.wasm" "registry://$ours"
  cmp "$policy" "$BATS_TEST_TMPDIR/ours.wasm"
  cargo xtask pull "$registry/theirs/eci:v1" --output "$BATS_TEST_TMPDIR/theirs.wasm"
  cmp "$policy" "$BATS_TEST_TMPDIR/theirs.wasm"
}

# The part of the README in which kwctl is tried.
shown() { sed -n '/^<!-- begin kwctl -->$/,/^<!-- end kwctl -->$/p' "$readme"; }

# The registry of the release is replaced with one of this machine, and kwctl's store with one of the test.
@test "the README shows what kwctl prints" {
  command -v jq >/dev/null || skip "jq is not on the PATH"
  start_registry
  cd "$BATS_TEST_TMPDIR"
  export HOME=$PWD/home RUST_BACKTRACE=0
  cp "$BATS_TEST_DIRNAME"/cluster/testdata/*.yaml .
  released=$(shown | grep -m 1 -o 'registry://ghcr.io/[^ ]*')
  kwctl push --sources-path sources.yml "$policy" "${released/ghcr.io/$registry}"
  kwctl() {
    case $1 in
      pull | run) command kwctl "$@" --sources-path sources.yml ;;
      *) command kwctl "$@" ;;
    esac
  }
  printf '%s\n' '<!-- begin kwctl -->' '```console' >printed
  while IFS= read -r command; do
    printf '$ %s\n' "$command" >>printed
    eval "${command//ghcr.io/$registry}" >>printed
  done < <(shown | sed -n 's/^\$ //p')
  printf '%s\n' '```' '<!-- end kwctl -->' >>printed
  diff <(shown) printed
}
