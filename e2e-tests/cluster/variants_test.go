package cluster

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMonitor(t *testing.T) {
	install(t, deployed(t, "monitor"))
	ns := namespace(t)
	equal(t, admitted(t, "create", ns, pod("denied", onECI, privileged)).err, "")
	contains(t, admitted(t, "create", ns, pod("repaired", onECI, repairable)).err, "Warning: capability-name: ")
	equal(t, kube.run(t, "", "get", "pod", "repaired", "-n", ns, "-o", "jsonpath={.spec.containers[0].securityContext.capabilities.add}"), `["cap_net_admin"]`)
	log := string(check(os.ReadFile(kube.path("eci-webhook.log"))))
	contains(t, log, "policy evaluation (monitor mode) clusterwide-eci-security-context ")
	// The validating policy counts as denied what the mutating policy would have repaired.
	contains(t, log, "policy evaluation (monitor mode) clusterwide-eci-security-context-validating ")
	contains(t, log, "[capability-name]")
	// From monitor to protect.
	if err := kube.load(deployed(t, "virtual-nodes")); err != nil {
		t.Fatal(err)
	}
	denied(t, "create", ns, pod("again", onECI, privileged), "[privileged]")
}

func TestNamespaces(t *testing.T) {
	ns := namespace(t, "alibabacloud.com/eci=true")
	kube.run(t, "", "label", "namespace", "probe", "alibabacloud.com/eci=true")
	defer kube.run(t, "", "label", "namespace", "probe", "alibabacloud.com/eci-")
	installed := install(t, deployed(t, "namespaces"))
	denied(t, "create", ns, pod("web", "a: b", privileged), "[privileged]")
	t.Run("another Namespace", func(t *testing.T) {
		other := namespace(t)
		before := calls(t, installed[0].webhookName())
		admitted(t, "create", other, pod("web", onECI, privileged))
		equal(t, calls(t, installed[0].webhookName()), before)
	})
}

func TestServerless(t *testing.T) {
	installed := install(t, deployed(t, "serverless"))
	ns := namespace(t)
	denied(t, "create", ns, pod("web", "a: b", privileged), "[privileged]")
	admitted(t, "create", ns, pod("web", "a: b", harmless))
	// The update of a pod asks nobody, unless the pod is behind scheduling gates.
	before := calls(t, installed[0].webhookName())
	kube.run(t, "", "label", "pod/web", "-n", ns, "team=shop")
	equal(t, calls(t, installed[0].webhookName()), before)
}

func TestNamespaceLabels(t *testing.T) {
	manifest := deployed(t, "virtual-nodes", "settings: {}", "settings: {scope: {namespaceLabels: true}}",
		"mutate: none", "mutate: none\n    scope: {namespaceLabels: true}", `!(request.kind.group in ["", "apps", "batch"]) ||`, "true ||")
	ns := namespace(t, "alibabacloud.com/eci=true")
	install(t, manifest)
	denied(t, "create", ns, pod("web", "a: b", privileged), "[privileged]")
	t.Run("another Namespace", func(t *testing.T) {
		admitted(t, "create", namespace(t), pod("web", "a: b", privileged))
	})
}

// latency is the time of a pod, of 100 that one kubectl creates.
func latency(t *testing.T, ns, labels string, flags ...string) time.Duration {
	t.Helper()
	const pods = 100
	var all []string
	for i := range pods {
		all = append(all, pod(fmt.Sprintf("p%d", i), labels, harmless))
	}
	began := time.Now()
	kube.run(t, strings.Join(all, "\n---\n"), append([]string{"create", "-n", ns, "-f", "-"}, flags...)...)
	return (time.Since(began) / pods).Round(10 * time.Microsecond)
}

// Most pods of a mixed cluster do not run on ECI.
func TestMixed(t *testing.T) {
	without := latency(t, namespace(t), onECI)
	installed := install(t, deployed(t, "virtual-nodes"))
	webhooks := []string{installed[0].webhookName(), installed[1].webhookName()}
	for labels, expected := range map[string]int{"a: b": 0, onECI: 200} {
		t.Run(strings.Fields(labels)[0], func(t *testing.T) {
			before := calls(t, webhooks...)
			took := latency(t, namespace(t), labels)
			equal(t, calls(t, webhooks...)-before, expected)
			t.Logf("%s a pod with %d calls of a webhook for 100 pods; without webhooks %s", took, expected, without)
		})
	}
}

// injector is another mutating webhook, which adds a sidecar with a security context to each pod that has none.
func injector(t *testing.T, name, context string) {
	t.Helper()
	handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		var review struct {
			Request struct {
				UID    string
				Object struct {
					Spec struct{ Containers []struct{ Name string } }
				}
			}
		}
		_ = json.NewDecoder(request.Body).Decode(&review)
		response := map[string]any{"uid": review.Request.UID, "allowed": true}
		if containers := review.Request.Object.Spec.Containers; containers[len(containers)-1].Name != "sidecar" {
			patch := `[{"op":"add","path":"/spec/containers/-","value":{"name":"sidecar","image":"sidecar","securityContext":` + context + `}}]`
			response["patchType"], response["patch"] = "JSONPatch", base64.StdEncoding.EncodeToString([]byte(patch))
		}
		_ = json.NewEncoder(answer).Encode(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
	})
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	certificate := base64.StdEncoding.EncodeToString(pemOf(server.Certificate().Raw))
	kube.run(t, fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: %s}, webhooks: [{
		name: injector.example.com, sideEffects: None, admissionReviewVersions: [v1], reinvocationPolicy: IfNeeded,
		clientConfig: {url: %q, caBundle: %s}, rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]}]}`,
		name, server.URL, certificate), "apply", "-f", "-")
	t.Cleanup(func() { kube.run(t, "", "delete", "mutatingwebhookconfiguration", name) })
	eventually(t, func() (bool, string) {
		got := kube.try(pod("probe", "a: b", harmless), "create", "--dry-run=server", "-n", "probe", "-f", "-", "-o", "yaml")
		return strings.Contains(got.out, "sidecar"), got.out + got.err
	})
}

// The API server calls mutating webhooks in the order of their names.
func TestInjector(t *testing.T) {
	install(t, deployed(t, "virtual-nodes"))
	const context = `{"capabilities":{"add":["CAP_CHOWN"]}}`
	added := func(t *testing.T, ns string) string {
		return kube.run(t, "", "get", "pod", "web", "-n", ns, "-o", "jsonpath={.spec.containers[*].securityContext.capabilities.add}")
	}
	t.Run("before", func(t *testing.T) {
		ns := namespace(t)
		injector(t, "a-injector", context)
		admitted(t, "create", ns, pod("web", onECI, repairable))
		equal(t, added(t, ns), `["NET_ADMIN"] ["CHOWN"]`)
	})
	t.Run("after", func(t *testing.T) {
		ns := namespace(t)
		injector(t, "z-injector", context)
		// Kubewarden's controller leaves reinvocationPolicy at Never, so the mutating policy never sees the sidecar.
		denied(t, "create", ns, pod("web", onECI, repairable), validatingDenial+"[capability-name] spec.containers[1]")
	})
	t.Run("after, called again", func(t *testing.T) {
		ns := namespace(t)
		injector(t, "z-injector", context)
		kube.run(t, "", "patch", "mutatingwebhookconfiguration", "clusterwide-eci-security-context", "--type=json",
			"-p", `[{"op":"add","path":"/webhooks/0/reinvocationPolicy","value":"IfNeeded"}]`)
		eventually(t, func() (bool, string) {
			got := kube.try(pod("web", onECI, repairable), "create", "-n", ns, "-f", "-")
			return !got.failed, got.err
		})
		equal(t, added(t, ns), `["NET_ADMIN"] ["CHOWN"]`)
	})
}
