// Package cluster runs the policy in a real control plane: etcd, kube-apiserver and kube-controller-manager, with the
// webhook server in e2e-tests/webhook. `make test-cluster` builds the programs and runs the scenarios.
package cluster

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// kube is the control plane of all scenarios.
var kube *controlPlane

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	for _, name := range []string{"CLUSTER_PROGRAMS", "POLICY_WASM"} {
		if os.Getenv(name) == "" {
			fmt.Fprintf(os.Stderr, "%s is not set: run `make test-cluster`\n", name)
			return 1
		}
	}
	dir := check(os.MkdirTemp("", "eci-cluster-"))
	defer func() { _ = os.RemoveAll(dir) }()
	started, err := startControlPlane(dir)
	defer started.stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	kube = started
	for _, namespace := range []string{kubewarden, "probe"} {
		if got := kube.try("", "create", "namespace", namespace); got.failed {
			fmt.Fprintln(os.Stderr, got.err)
			return 1
		}
	}
	return m.Run()
}

var notInName = regexp.MustCompile("[^a-z0-9]+")

// namespace creates a Namespace for a test, named after it, and waits until pods can be created there.
func namespace(t *testing.T, labels ...string) string {
	t.Helper()
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), "-"), "-")
	kube.run(t, "", "create", "namespace", name)
	for _, label := range labels {
		kube.run(t, "", "label", "namespace", name, label)
	}
	eventually(t, func() (bool, string) {
		got := kube.try("", "get", "serviceaccount", "default", "-n", name)
		return !got.failed, got.err
	})
	return name
}
