package cluster

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// guest is a policy that accepts any settings. Its answer to anything else is WebAssembly text.
func guest(t *testing.T, body string) string {
	t.Helper()
	text := fmt.Sprintf(`(module
		(import "wapc" "__guest_response" (func $respond (param i32 i32)))
		(memory (export "memory") 1)
		(data (i32.const 0) "{\"valid\":true}")
		(func (export "__guest_call") (param $operation i32) (param $payload i32) (result i32)
			;; The length of "validate_settings".
			(if (i32.eq (local.get $operation) (i32.const 17))
				(then (call $respond (i32.const 0) (i32.const 14)) (return (i32.const 1))))
			%s))`, body)
	path := filepath.Join(t.TempDir(), "policy.wat")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

const module = "registry://ghcr.io/eci-security-context/eci-security-context:v0.1.0"

// outage holds what the API server does while no policy can answer.
func outage(t *testing.T, stop func(*testing.T) (reason string)) {
	ns := namespace(t)
	finalized := strings.Replace(workload("Deployment", "finalized", harmless), "name: finalized", "name: finalized, finalizers: [example.com/wait]", 1)
	admitted(t, "create", ns, finalized)
	admitted(t, "create", ns, workload("Deployment", "web", harmless))
	admitted(t, "create", ns, strings.Replace(pod("finalized", onECI, harmless), "name: finalized", "name: finalized, finalizers: [example.com/wait]", 1))
	podsOf(t, ns, 3)
	reason := stop(t)

	t.Run("pods for ECI wait", func(t *testing.T) {
		denied(t, "create", ns, pod("eci", onECI, harmless), reason)
		refused(t, kube.try("", "label", "deployment/web", "-n", ns, "team=shop"), reason)
	})
	t.Run("everything else goes on", func(t *testing.T) {
		admitted(t, "create", ns, pod("other", "a: b", privileged))
		for _, kind := range kinds {
			admitted(t, "apply", ns, labelled(kind, "other", "a: b", privileged))
		}
		kube.run(t, "", "scale", "deployment/web", "-n", ns, "--replicas=2")
		kube.run(t, "", "label", "pod", "-n", ns, "--all", "team=shop")
	})
	t.Run("objects for ECI can be deleted", func(t *testing.T) {
		for _, name := range []string{"deployment/finalized", "pod/finalized"} {
			kube.run(t, "", "delete", name, "-n", ns, "--wait=false")
			kube.run(t, "", "patch", name, "-n", ns, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		}
		kube.run(t, "", "delete", "deployment/web", "-n", ns, "--cascade=foreground", "--timeout=30s")
	})
	t.Run("the Namespace can be deleted", func(t *testing.T) {
		kube.run(t, "", "delete", "pods", "-n", ns, "--all", "--force", "--grace-period=0")
		kube.run(t, "", "delete", "namespace", ns, "--timeout=50s")
	})
}

func TestDown(t *testing.T) {
	outage(t, func(t *testing.T) string {
		// Nobody listens on this port any more.
		port := check(freePorts(1))[0]
		bind(t, policies(t, deployed(t, "virtual-nodes")), kube.ca, fmt.Sprintf("127.0.0.1:%d", port))
		return `failed calling webhook "clusterwide-eci-security-context.kubewarden.admission"`
	})
}

func TestBroken(t *testing.T) {
	outage(t, func(t *testing.T) string {
		install(t, deployed(t, "virtual-nodes", module, guest(t, "unreachable")))
		return mutatingDenial + "internal server error: Guest call failure"
	})
}

func TestSlow(t *testing.T) {
	install(t, deployed(t, "virtual-nodes", module, guest(t, "(loop (br 0)) (i32.const 0)")))
	ns := namespace(t)
	denied(t, "create", ns, pod("web", onECI, harmless), mutatingDenial+"Policy execution interrupted because it exceeded the allowed execution time")
}

func TestSilent(t *testing.T) {
	// A server that accepts connections and never answers.
	listener := check(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = listener.Close() }()
	ns := namespace(t)
	for _, policy := range []string{"Fail", "Ignore"} {
		t.Run(policy, func(t *testing.T) {
			manifest := deployed(t, "virtual-nodes", "failurePolicy: Fail", "failurePolicy: "+policy, "timeoutSeconds: 5", "timeoutSeconds: 2")
			bind(t, policies(t, manifest), kube.ca, listener.Addr().String())
			began := time.Now()
			got := kube.try(pod("web", onECI, privileged), "create", "-n", ns, "-f", "-")
			if policy == "Fail" {
				refused(t, got, "context deadline exceeded")
			} else {
				equal(t, got.failed, false)
			}
			t.Logf("after %s", time.Since(began).Round(100*time.Millisecond))
		})
	}
}

func TestBadRequests(t *testing.T) {
	installed := install(t, deployed(t, "virtual-nodes"))
	client := kube.toWebhook()
	good := `{"request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},"object":{"metadata":{"labels":{"eci":"true"}},"spec":{"containers":[{"name":"a"}]}}}}`
	post := func(t *testing.T, policy, contentType string, body io.Reader) (int, string) {
		answer, err := client.Post("https://"+kube.webhook+"/validate/"+policy, contentType, body)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = answer.Body.Close() }()
		return answer.StatusCode, string(check(io.ReadAll(answer.Body)))
	}
	name := installed[0].uniqueName()
	for _, bad := range []struct {
		name, policy, contentType, body string
		status                          int
		text                            string
	}{
		{"no JSON", name, "application/json", "hello", 400, "Failed to parse the request body as JSON"},
		{"no review", name, "application/json", "{}", 422, "missing field `request`"},
		{"no uid", name, "application/json", `{"request":{}}`, 422, "missing field `uid`"},
		{"no object", name, "application/json", `{"request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"}}}`, 200, "the request cannot be read: request.object"},
		{"another content type", name, "text/plain", good, 415, "Content-Type: application/json"},
		{"more than 3 MiB", name, "application/json", `{"request":"` + strings.Repeat("x", 3<<20) + `"}`, 413, "length limit exceeded"},
		{"an unknown policy", "clusterwide-other", "application/json", good, 404, "policy not found: clusterwide-other"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			status, text := post(t, bad.policy, bad.contentType, strings.NewReader(bad.body))
			equal(t, status, bad.status)
			contains(t, text, bad.text)
		})
	}
	t.Run("a truncated body", func(t *testing.T) {
		connection := check(tls.Dial("tcp", kube.webhook, client.Transport.(*http.Transport).TLSClientConfig))
		_, _ = fmt.Fprintf(connection, "POST /validate/%s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n%s", name, good)
		_ = connection.CloseWrite()
		answer := check(io.ReadAll(connection))
		contains(t, string(answer), "HTTP/1.1 400")
	})
	t.Run("the server goes on", func(t *testing.T) {
		status, text := post(t, name, "application/json", bytes.NewBufferString(good))
		equal(t, status, 200)
		contains(t, text, `"allowed":true`)
	})
	t.Run("a certificate of another CA", func(t *testing.T) {
		another := newAuthority("another")
		kube.run(t, "", "patch", "mutatingwebhookconfiguration", name, "--type=json", "-p",
			fmt.Sprintf(`[{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":%q}]`, base64.StdEncoding.EncodeToString(another.pem)))
		eventually(t, func() (bool, string) {
			got := kube.try(probe, "create", "--dry-run=server", "-f", "-")
			return strings.Contains(got.err, "x509: certificate signed by unknown authority"), got.err
		})
	})
	t.Run("invalid settings", func(t *testing.T) {
		err := kube.load(deployed(t, "virtual-nodes", "settings: {}", "settings: {profil: latest}"))
		contains(t, fmt.Sprint(err), "did you mean profile?")
	})
}
