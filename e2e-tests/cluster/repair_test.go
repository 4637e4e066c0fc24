package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// everyRepair are settings under which all that a MutatingAdmissionPolicy can repair is repaired.
const everyRepair = "{mutate: all, actions: {root-filesystem: fix, proc-mount: fix}}"

func settingsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// created returns the objects that the API server would create, by name.
func created(t *testing.T, ns string, objects map[string]node) map[string]node {
	t.Helper()
	all := map[string]node{}
	for name, object := range objects {
		got := kube.try(string(check(json.Marshal(object))), "create", "--dry-run=server", "--validate=false", "-o", "json", "-n", ns, "-f", "-")
		if got.failed {
			// The API server itself refuses some objects of the corpus.
			if strings.Contains(got.err, "AdmissionPolicy") {
				t.Errorf("%s: %s", name, got.err)
			}
			continue
		}
		var answer node
		if err := json.Unmarshal([]byte(got.out), &answer); err != nil {
			t.Fatal(err)
		}
		all[name] = answer
	}
	return all
}

// fixed returns the objects as the command repairs them.
func fixed(t *testing.T, objects map[string]node, settings string) map[string]node {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name+".json") }
	for name, object := range objects {
		if err := os.WriteFile(path(name), check(json.Marshal(object)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// It ends with 1 where something is left that cannot be repaired.
	command := exec.Command(program("eci-policy"), "fix", "--settings", settings, dir)
	if output, err := command.CombinedOutput(); command.ProcessState == nil || command.ProcessState.ExitCode() > 1 {
		t.Fatalf("%v: %s", err, output)
	}
	all := map[string]node{}
	for name := range objects {
		var object node
		if err := json.Unmarshal(check(os.ReadFile(path(name))), &object); err != nil {
			t.Fatal(err)
		}
		all[name] = object
	}
	return all
}

// TestRepairs compares what a MutatingAdmissionPolicy makes of the corpus with what the core makes of it.
func TestRepairs(t *testing.T) {
	ns := namespace(t)
	settings := settingsFile(t, everyRepair)
	objects := cases(t)
	for _, object := range objects {
		// The volume with the token has another name each time.
		podSpec(object)["automountServiceAccountToken"] = false
	}
	before := created(t, ns, objects)
	expected := fixed(t, before, settings)
	text := string(check(exec.Command(program("eci-policy"), "generate", "validating-admission-policy", "--repair", "--settings", settings).Output()))
	// Without the policies that deny, so that every object has an answer.
	repairing := strings.Join(strings.SplitN(text, "---\n", 4)[:3], "---\n")
	kube.run(t, repairing, "apply", "-f", "-")
	defer kube.run(t, repairing, "delete", "-f", "-")
	eventually(t, func() (bool, string) {
		got := kube.try(pod("web", onECI, repairable), "create", "--dry-run=server", "-o", "yaml", "-n", ns, "-f", "-")
		return strings.Contains(got.out, "- NET_ADMIN"), got.out + got.err
	})
	after := created(t, ns, objects)
	repaired := 0
	for name := range before {
		got := podSpec(after[name])
		if core := podSpec(expected[name]); !reflect.DeepEqual(got, core) {
			t.Errorf("%s:\n got  %s\n core %s", name, check(json.Marshal(got)), check(json.Marshal(core)))
		}
		if !reflect.DeepEqual(podSpec(before[name]), got) {
			repaired++
		}
	}
	t.Logf("%d objects, of which %d are repaired", len(before), repaired)
	if repaired < 12 {
		t.Errorf("too few are repaired: %d", repaired)
	}
}

// TestRepairPods installs all policies for the default settings.
func TestRepairPods(t *testing.T) {
	ns := namespace(t)
	admissionPolicies(t, "--repair")
	capabilities := func(kind string) string {
		return kube.run(t, "", "get", kind, "-n", ns, "-o", "jsonpath={..securityContext.capabilities.add}")
	}
	admitted(t, "create", ns, pod("web", onECI, repairable))
	equal(t, capabilities("pod/web"), `["NET_ADMIN"]`)
	refused(t, kube.try(pod("bad", onECI, privileged), "create", "-n", ns, "-f", "-"), "denied request: [privileged] ")
	t.Run("the pods of a workload", func(t *testing.T) {
		ns := namespace(t)
		got := admitted(t, "create", ns, workload("Deployment", "shop", repairable))
		contains(t, got.err, "[capability-name]")
		equal(t, kube.run(t, "", "get", "deployment/shop", "-n", ns, "-o", "jsonpath={..securityContext.capabilities.add}"), `["cap_net_admin"]`)
		eventually(t, func() (bool, string) {
			got := kube.run(t, "", "get", "pods", "-n", ns, "-o", "jsonpath={..securityContext.capabilities.add}")
			return strings.Contains(got, "NET_ADMIN"), got
		})
	})
	t.Run("a repaired pod", func(t *testing.T) {
		// Nothing is left to repair.
		again := kube.run(t, "", "get", "pod/web", "-n", ns, "-o", "yaml")
		equal(t, kube.run(t, again, "apply", "--dry-run=server", "-f", "-", "-o", "jsonpath={.spec.containers[0].securityContext.capabilities.add}"), `["NET_ADMIN"]`)
	})
	t.Run("an injector behind it", func(t *testing.T) {
		ns := namespace(t)
		injector(t, "z-injector", `{"capabilities":{"add":["CAP_CHOWN"]}}`)
		admitted(t, "create", ns, pod("web", onECI, repairable))
		equal(t, kube.run(t, "", "get", "pod", "web", "-n", ns, "-o", "jsonpath={.spec.containers[*].securityContext.capabilities.add}"), `["NET_ADMIN"] ["CHOWN"]`)
	})
	t.Run("an ephemeral container", func(t *testing.T) {
		patch := fmt.Sprintf(`{"spec": {"ephemeralContainers": [{"name": "debug", "image": "web", "securityContext": %s}]}}`, `{"capabilities": {"add": ["cap_net_raw"]}}`)
		kube.run(t, "", "patch", "pod/web", "-n", ns, "--subresource", "ephemeralcontainers", "--type", "strategic", "-p", patch)
		equal(t, kube.run(t, "", "get", "pod/web", "-n", ns, "-o", "jsonpath={.spec.ephemeralContainers[0].securityContext.capabilities.add}"), `["NET_RAW"]`)
	})
}
