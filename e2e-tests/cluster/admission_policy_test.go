package cluster

import (
	"os/exec"
	"strings"
	"testing"
)

// generated applies the output of `eci-policy generate`, until the test ends.
func generated(t *testing.T, args ...string) {
	t.Helper()
	text := string(check(exec.Command(program("eci-policy"), append([]string{"generate"}, args...)...).Output()))
	kube.run(t, text, "apply", "-f", "-")
	t.Cleanup(func() { kube.run(t, text, "delete", "-f", "-") })
}

func TestValidatingAdmissionPolicy(t *testing.T) {
	generated(t, "validating-admission-policy")
	ns := namespace(t)
	eventually(t, func() (bool, string) {
		got := kube.try(pod("web", onECI, privileged), "create", "--dry-run=server", "-n", ns, "-f", "-")
		return strings.Contains(got.err, "denied request: [privileged]"), got.out + got.err
	})
	t.Log(kube.run(t, "", "get", "validatingadmissionpolicy", "-o", "jsonpath={.items[*].status}"))
	for _, context := range []string{harmless, repairable, privileged, "{procMount: Unmasked}", "{readOnlyRootFilesystem: false}"} {
		got := kube.try(pod("web", onECI, context), "create", "--dry-run=server", "-n", ns, "-f", "-")
		t.Log(context, got.out, got.err)
	}
	for _, kind := range kinds {
		got := kube.try(workload(kind, "web", privileged), "create", "--dry-run=server", "-n", ns, "-f", "-")
		t.Log(kind, got.out, got.err)
	}
}
