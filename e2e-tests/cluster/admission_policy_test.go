package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// generated applies the output of `eci-policy generate`, until the test ends.
func generated(t *testing.T, args ...string) {
	t.Helper()
	text := string(check(exec.Command(program("eci-policy"), append([]string{"generate"}, args...)...).Output()))
	kube.run(t, text, "apply", "-f", "-")
	t.Cleanup(func() { kube.run(t, text, "delete", "-f", "-") })
}

// admissionPolicies applies the ValidatingAdmissionPolicies, and waits until both are in effect.
func admissionPolicies(t *testing.T, args ...string) {
	t.Helper()
	t.Cleanup(func() {
		// The API server forgets a deleted policy after a while.
		eventually(t, func() (bool, string) {
			got := kube.try(pod("web", onECI, privileged), "create", "--dry-run=server", "-n", "probe", "-f", "-")
			return !got.failed, got.err
		})
	})
	generated(t, append([]string{"validating-admission-policy"}, args...)...)
	for context, text := range map[string]string{
		privileged: "denied request: [privileged]", `{readOnlyRootFilesystem: false}`: "Warning: Validation failed for ValidatingAdmissionPolicy 'eci-security-context-warn'",
	} {
		eventually(t, func() (bool, string) {
			got := kube.try(pod("web", onECI, context), "create", "--dry-run=server", "-n", "probe", "-f", "-")
			return strings.Contains(got.err, text), got.out + got.err
		})
	}
	equal(t, kube.run(t, "", "get", "validatingadmissionpolicies", "-o", "jsonpath={.items[*].status.typeChecking.expressionWarnings}"), "")
}

// node is a part of an object.
type node = map[string]any

// cases returns the objects of the corpus that are created with the default settings, completed so that the API server takes
// them. The name of an object is that of its case.
func cases(t *testing.T) map[string]node {
	t.Helper()
	all := map[string]node{}
	files := append(check(filepath.Glob(repository()+"/tests/cases/*.yaml")), check(filepath.Glob(repository()+"/tests/cases/*/*.yaml"))...)
	directive := regexp.MustCompile(`(?m)^#! (settings|operation|subresource|namespace|function|old|code: (400|422))`)
	for _, file := range files {
		for index, document := range strings.Split("\n"+string(check(os.ReadFile(file))), "\n---") {
			title := regexp.MustCompile(`(?m)^#: (.*)$`).FindStringSubmatch(document)
			if title == nil || strings.HasSuffix(title[1], " object") || directive.MatchString(document) {
				continue
			}
			var object node
			if yaml.Unmarshal([]byte(document), &object) != nil || object == nil {
				continue
			}
			name := fmt.Sprintf("%s-%d", strings.TrimSuffix(filepath.Base(file), ".yaml"), index)
			if complete(object, name) {
				all[name] = object
			}
		}
	}
	return all
}

func inner(object node, path ...string) node {
	for _, field := range path {
		next, _ := object[field].(node)
		if next == nil {
			return nil
		}
		object = next
	}
	return object
}

// podTemplate returns the pod template of an object of Kubernetes, or nil.
func podTemplate(object node) node {
	kind, _ := object["kind"].(string)
	switch kind {
	case "Pod":
		return object
	case "PodTemplate":
		return inner(object, "template")
	case "CronJob":
		return inner(object, "spec", "jobTemplate", "spec", "template")
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController":
		return inner(object, "spec", "template")
	}
	return nil
}

// podSpec returns the spec of the pod (template) of an object.
func podSpec(object node) node { return inner(podTemplate(object), "spec") }

// complete adds what the API server needs, and no rule reads. It reports whether the object is of a kind of Kubernetes.
func complete(object node, name string) bool {
	metadata, _ := object["metadata"].(node)
	if metadata == nil {
		metadata = node{}
		object["metadata"] = metadata
	}
	metadata["name"] = name
	delete(metadata, "namespace")
	kind, _ := object["kind"].(string)
	template := podTemplate(object)
	spec := podSpec(object)
	if spec == nil {
		return false
	}
	if kind == "Job" || kind == "CronJob" {
		spec["restartPolicy"] = "Never"
	} else if kind != "Pod" && kind != "PodTemplate" {
		labels := inner(template, "metadata", "labels")
		if labels == nil {
			return false
		}
		labels["app"] = "case"
		selector := node{"matchLabels": node{"app": "case"}}
		if kind == "ReplicationController" {
			selector = node{"app": "case"}
		}
		object["spec"].(node)["selector"] = selector
	}
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := spec[list].([]any)
		for index, item := range containers {
			container, _ := item.(node)
			for field, value := range map[string]string{"name": fmt.Sprintf("%s-%d", strings.ToLower(list), index), "image": "registry.example/app:1"} {
				if container != nil && container[field] == nil {
					container[field] = value
				}
			}
		}
	}
	if spec["containers"] == nil {
		spec["containers"] = []any{node{"name": "only", "image": "registry.example/app:1"}}
	}
	return true
}

// judged returns the findings of the core, as `RULE PATH` by object and action. Nothing is repaired.
func judged(t *testing.T, objects map[string]node) map[string]map[string][]string {
	t.Helper()
	var stream bytes.Buffer
	for _, object := range objects {
		stream.WriteString("---\n" + string(check(yaml.Marshal(object))))
	}
	settings := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(settings, []byte("mutate: none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program("eci-policy"), "check", "--format", "json", "--settings", settings, "-")
	command.Stdin = &stream
	output, _ := command.Output()
	var report struct {
		Files []struct {
			Findings []struct{ Object, Action, Rule, Path string }
		}
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	all := map[string]map[string][]string{}
	for _, file := range report.Files {
		for _, found := range file.Findings {
			_, name, _ := strings.Cut(found.Object, " ")
			if all[name] == nil {
				all[name] = map[string][]string{}
			}
			// One rule of the annotation stands for both.
			rule := strings.Replace(found.Rule, "host-sysctls-malformed", "host-sysctls-unapproved", 1)
			all[name][found.Action] = append(all[name][found.Action], rule+" "+found.Path)
		}
	}
	return all
}

var (
	denial  = regexp.MustCompile(`denied request: \[([a-z-]+)\] (\S+?):? `)
	warning = regexp.MustCompile(`(?m)^Warning: Validation failed for ValidatingAdmissionPolicy 'eci-security-context-warn' with binding '\S+': \[([a-z-]+)\] (\S+?):? `)
	missing = []string{"sysctl-value ", "min-free-kbytes "}
)

// exact leaves out the findings of rules that CEL does not have.
func exact(found []string) []string {
	var left []string
	for _, finding := range found {
		if !strings.HasPrefix(finding, missing[0]) && !strings.HasPrefix(finding, missing[1]) {
			left = append(left, finding)
		}
	}
	return left
}

func contained(list []string, item string) bool {
	return strings.Contains("\n"+strings.Join(list, "\n")+"\n", "\n"+item+"\n")
}

func TestValidatingAdmissionPolicy(t *testing.T) {
	ns := namespace(t)
	without := latency(t, ns, onECI, "--dry-run=server")
	admissionPolicies(t)
	t.Logf("a pod without policies %s, not on ECI %s, on ECI %s", without, latency(t, ns, "a: b", "--dry-run=server"), latency(t, ns, onECI, "--dry-run=server"))
	t.Run("the corpus", func(t *testing.T) {
		objects := cases(t)
		expected := judged(t, objects)
		counts := map[string]int{}
		for name, object := range objects {
			got := kube.try(string(check(json.Marshal(object))), "create", "--dry-run=server", "--validate=false", "-n", ns, "-f", "-")
			denies, warns := exact(expected[name]["deny"]), exact(expected[name]["warn"])
			match := denial.FindStringSubmatch(got.err)
			for _, warned := range warning.FindAllStringSubmatch(got.err, -1) {
				if !contained(warns, warned[1]+" "+warned[2]) {
					t.Errorf("%s: warned of %s %s, the core of %v", name, warned[1], warned[2], warns)
				}
			}
			switch {
			case match != nil && !contained(denies, match[1]+" "+match[2]):
				t.Errorf("%s: denied for %s %s, the core for %v", name, match[1], match[2], denies)
			case match != nil:
				counts["denied"]++
			case got.failed && !strings.Contains(got.err, "ValidatingAdmissionPolicy"):
				// The API server refuses such an object before it asks.
				counts["invalid"]++
			case got.failed:
				t.Errorf("%s: %s", name, got.err)
			case len(denies) > 0:
				t.Errorf("%s: accepted, the core denies %v", name, denies)
			case len(warns) > 0 && !strings.Contains(got.err, "eci-security-context-warn"):
				t.Errorf("%s: no warning, the core warns of %v", name, warns)
			default:
				counts["accepted"]++
			}
		}
		t.Logf("%v", counts)
		if counts["denied"] < 60 || counts["accepted"] < 60 {
			t.Errorf("too few were judged: %v", counts)
		}
	})
	t.Run("all denials", func(t *testing.T) {
		got := kube.try(pod("bad", onECI, `{privileged: true, capabilities: {add: [SYS_TIME]}}`, "hostPID: true"), "create", "-n", ns, "-f", "-")
		for _, rule := range []string{"capability-unsupported", "privileged", "host-namespaces"} {
			contains(t, got.err, "["+rule+"] spec.")
		}
	})
	t.Run("workloads", func(t *testing.T) {
		for _, kind := range kinds {
			refused(t, kube.try(workload(kind, "web", privileged), "create", "-n", ns, "-f", "-"), "denied request: [privileged] ")
		}
	})
	t.Run("the largest pod", func(t *testing.T) {
		var containers []string
		for i := range 101 {
			containers = append(containers, fmt.Sprintf(`{name: c%d, image: web, ports: [{containerPort: 80}], securityContext: {capabilities: {add: [CHOWN, NET_ADMIN], drop: [ALL]}}}`, i))
		}
		many := func(count int) result {
			object := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: many, labels: {%s}}, spec: {containers: [%s]}}`, onECI, strings.Join(containers[:count], ", "))
			return kube.try(object, "create", "--dry-run=server", "-n", ns, "-f", "-")
		}
		if got := many(100); got.failed {
			t.Error(got.err)
		}
		refused(t, many(101), "has a list of more than 100 items")
	})
}
