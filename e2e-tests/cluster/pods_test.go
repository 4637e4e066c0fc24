package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPods(t *testing.T) {
	mutating := install(t, deployed(t, "virtual-nodes"))[0].webhookName()
	ns := namespace(t)
	t.Run("the README", func(t *testing.T) { readme(t, ns) })

	t.Run("the audit log has every finding", func(t *testing.T) {
		admitted(t, "create", ns, pod("audited", onECI, `{allowPrivilegeEscalation: false, capabilities: {add: [cap_chown]}}`))
		eventually(t, func() (bool, string) {
			log := check(os.ReadFile(kube.path("audit.log")))
			for line := range strings.Lines(string(log)) {
				var event struct {
					ObjectRef   struct{ Namespace, Resource, Name string }
					Annotations map[string]string
				}
				_ = json.Unmarshal([]byte(line), &event)
				findings := event.Annotations[mutating+"/findings"]
				if event.ObjectRef.Name == "audited" && findings != "" {
					contains(t, findings, `{"rule":"capability-name","action":"fix","effect":"refused","path":"spec.containers[0].securityContext.capabilities.add[0]"`)
					contains(t, findings, `{"rule":"field-ignored","action":"audit","effect":"ignored","path":"spec.containers[0].securityContext.allowPrivilegeEscalation"`)
					return true, ""
				}
			}
			return false, tail(string(log), 1)
		})
	})

	t.Run("dry run", func(t *testing.T) {
		refused(t, kube.try(pod("dry", onECI, privileged), "apply", "--dry-run=server", "-n", ns, "-f", "-"), "[privileged]")
		got := kube.try(pod("dry", onECI, repairable), "apply", "--dry-run=server", "-n", ns, "-f", "-", "-o", "yaml")
		contains(t, got.out, "- NET_ADMIN")
	})

	t.Run("a request without kubectl's checks", func(t *testing.T) {
		raw := func(context string) result {
			object := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"raw","labels":{"eci":"true"}},"spec":{"containers":[{"name":"web","image":"web","securityContext":` + context + `}]}}`
			return kube.try(object, "create", "--raw", "/api/v1/namespaces/"+ns+"/pods", "-f", "-")
		}
		// kubectl prints no reason for a raw request, so the answer is that of the dry run above.
		equal(t, raw(`{"privileged":true}`).failed, true)
		got := raw(`{"capabilities":{"add":["cap_chown"]}}`)
		contains(t, got.out, `"add":["CHOWN"]`)
		replaced := strings.Replace(got.out, `"labels":{"eci":"true"}`, `"labels":{"eci":"true","more":"yes"}`, 1)
		if got := kube.try(replaced, "replace", "--raw", "/api/v1/namespaces/"+ns+"/pods/raw", "-f", "-"); got.failed {
			t.Fatal(got.err)
		}
	})

	t.Run("server-side apply", func(t *testing.T) {
		object := pod("applied", onECI, repairable)
		kube.run(t, object, "apply", "--server-side", "-n", ns, "-f", "-")
		// The repaired field belongs to the one who applied it.
		owners := kube.run(t, "", "get", "pod", "applied", "-n", ns, "--show-managed-fields",
			"-o", `jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1.f:spec.f:containers.k:\{"name":"web"\}.f:securityContext}{end}`)
		equal(t, owners, `kubectl Apply {"f:capabilities":{"f:add":{}}}`)
	})

	t.Run("a repaired Pod cannot be applied again with the old spelling", func(t *testing.T) {
		for _, flag := range []string{"--server-side", "--server-side=false"} {
			name := "again" + strings.TrimPrefix(flag, "--server-side")
			object := pod(strings.ReplaceAll(name, "=", "-"), onECI, repairable)
			kube.run(t, object, "apply", flag, "-n", ns, "-f", "-")
			refused(t, kube.try(object, "apply", flag, "-n", ns, "-f", "-"), "pod updates may not change fields other than")
			kube.run(t, strings.Replace(object, "cap_net_admin", "NET_ADMIN", 1), "apply", flag, "-n", ns, "-f", "-")
		}
	})

	t.Run("kubectl debug", func(t *testing.T) {
		admitted(t, "create", ns, pod("target", onECI, harmless))
		debug := func(profile string) result {
			return kube.try("", "debug", "target", "-n", ns, "--image=registry.example/tools:1", "--profile="+profile, "--attach=false", "-c", profile)
		}
		for _, profile := range []string{"general", "baseline", "restricted", "netadmin"} {
			if got := debug(profile); got.failed {
				t.Errorf("%s: %s", profile, got.err)
			}
		}
		refused(t, debug("sysadmin"), "[privileged] spec.ephemeralContainers[4].securityContext.privileged")
		equal(t, kube.run(t, "", "get", "pod", "target", "-n", ns, "-o", "jsonpath={.spec.ephemeralContainers[*].name}"), "general baseline restricted netadmin")
	})

	t.Run("a gated pod that an update sends to ECI", func(t *testing.T) {
		admitted(t, "create", ns, pod("gated", "a: b", privileged, "schedulingGates: [{name: example.com/wait}]"))
		refused(t, kube.try("", "label", "pod/gated", "-n", ns, "alibabacloud.com/eci=true"), mutatingDenial+"[privileged]")
		refused(t, kube.try("", "patch", "pod/gated", "-n", ns, "-p", `{"spec":{"nodeSelector":{"type":"virtual-kubelet"}}}`), mutatingDenial+"[privileged]")
		kube.run(t, "", "label", "pod/gated", "-n", ns, "team=shop")
		kube.run(t, "", "patch", "pod/gated", "-n", ns, "-p", `{"spec":{"schedulingGates":null}}`)
	})

	t.Run("large requests", func(t *testing.T) { large(t, ns) })

	t.Run("no Namespace of the cluster itself", func(t *testing.T) {
		for _, name := range []string{"kube-system", kubewarden} {
			before := calls(t, mutating)
			got := kube.try(pod("own", onECI, privileged), "create", "--dry-run=server", "-n", name, "-f", "-")
			equal(t, got.failed, false)
			equal(t, calls(t, mutating), before)
		}
	})
}

// large sends objects near the limits of the API server and of policy-server.
func large(t *testing.T, ns string) {
	// Environment variables are no part that a rule reads.
	env := func(megabytes float64) string {
		value := strings.Repeat("x", 1000)
		entries := make([]string, int(megabytes*1000))
		for i := range entries {
			entries[i] = fmt.Sprintf(`{"name":"V%d","value":%q}`, i, value)
		}
		return "[" + strings.Join(entries, ",") + "]"
	}
	with := func(name, context string, megabytes float64) string {
		return strings.Replace(workload("Deployment", name, context), "securityContext", "env: "+env(megabytes)+", securityContext", 1)
	}
	denied(t, "create", ns, with("large", privileged, 1.4), mutatingDenial+"[privileged]")
	admitted(t, "create", ns, with("large", harmless, 1.4))
	// The review of an update has both objects.
	refused(t, kube.try("", "annotate", "deployment/large", "-n", ns, "a=b"), "413")
	// The conditions are cheap enough for every pod that the policy judges, which has at most 10,000 items in its lists. The
	// API server refuses a pod for which they cost more than its limit.
	many := func(count int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", count), ",") }
	affinity := func(terms string) string {
		return `"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[` + terms + `]}}}`
	}
	create := func(scheduling string) result {
		object := fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"many"},"spec":{"containers":[{"name":"web","image":"web"}],%s}}`, scheduling)
		return kube.try(object, "create", "--raw", "/api/v1/namespaces/"+ns+"/pods?dryRun=All", "-f", "-")
	}
	hostname := `{"key":"kubernetes.io/hostname","operator":"In","values":[%s]}`
	for name, scheduling := range map[string]func(count int) string{
		"terms": func(count int) string {
			return affinity(many(count, `{"matchExpressions":[{"key":"a","operator":"Exists"}]}`))
		},
		"expressions": func(count int) string {
			return affinity(`{"matchExpressions":[` + many(count, `{"key":"a","operator":"Exists"}`) + `]}`)
		},
		"values": func(count int) string {
			return affinity(`{"matchExpressions":[` + fmt.Sprintf(hostname, many(count, `"a"`)) + `]}`)
		},
		"tolerations": func(count int) string { return `"tolerations":[` + many(count, `{"key":"a"}`) + `]` },
	} {
		if got := create(scheduling(10000)); got.failed {
			t.Errorf("10,000 %s: %s", name, got.err)
		}
	}
	refused(t, create(affinity(`{"matchExpressions":[`+fmt.Sprintf(hostname, many(100000, `"a"`))+`]}`)), "actual cost limit exceeded")
}

// readme holds the console output in the README to that of kubectl.
func readme(t *testing.T, ns string) {
	session := func(commands ...[]string) string {
		text := "```console\n"
		for _, command := range commands {
			shown := strings.Join(command, " ")
			if before, path, found := strings.Cut(shown, "jsonpath="); found {
				shown = before + "jsonpath='" + path + "'"
			}
			got := kube.tryIn(check(filepath.Abs("testdata")), append(command[1:], "-n", ns))
			text += "$ " + shown + "\n" + wrapped(got.err) + strings.TrimSuffix(got.out, "\n") + "\n"
		}
		return strings.ReplaceAll(text, "\n\n", "\n") + "```\n"
	}
	held(t, "README.md", "denial", session([]string{"kubectl", "apply", "-f", "proxy.yaml"}))
	held(t, "README.md", "repair", session(
		[]string{"kubectl", "apply", "-f", "worker.yaml"},
		[]string{"kubectl", "get", "pod", "worker", "-o", "jsonpath={.spec.containers[0].securityContext}"}))
}

// wrapped breaks the lines of an error at 110 columns, as a narrow terminal does, and leaves warnings whole.
func wrapped(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		column := 0
		for word := range strings.FieldsSeq(line) {
			if column > 0 && column+1+len(word) > 110 && !strings.HasPrefix(line, "Warning") {
				out.WriteString("\n")
				column = 0
			} else if column > 0 {
				out.WriteString(" ")
				column++
			}
			out.WriteString(word)
			column += len(word)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// held compares a part of a page, between its markers, with a text; `make test-cluster ECI_BLESS=1` writes it again.
func held(t *testing.T, file, name, text string) {
	t.Helper()
	path := filepath.Join(repository(), file)
	page := string(check(os.ReadFile(path)))
	begin, end := fmt.Sprintf("<!-- begin %s -->\n", name), fmt.Sprintf("<!-- end %s -->", name)
	before, rest, found := strings.Cut(page, begin)
	there, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no part %s", file, name)
	}
	if os.Getenv("ECI_BLESS") != "" {
		if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if there != text {
		t.Fatalf("%s is out of date: run `make test-cluster ECI_BLESS=1`; kubectl prints\n%s", file, text)
	}
}
