package cluster

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// policy is a ClusterAdmissionPolicy. The pointers to types of Kubernetes are those of Kubewarden's own type.
type policy struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		PolicyServer      string
		Mutating          bool
		Rules             []admission.RuleWithOperations
		FailurePolicy     *admission.FailurePolicyType
		MatchPolicy       *admission.MatchPolicyType
		NamespaceSelector *meta.LabelSelector
		ObjectSelector    *meta.LabelSelector
		SideEffects       *admission.SideEffectClass
		TimeoutSeconds    *int32
		MatchConditions   []admission.MatchCondition
	}
}

// The Namespace of Kubewarden's controller.
const kubewarden = "kubewarden"

func (p policy) uniqueName() string { return "clusterwide-" + p.Metadata.Name }

func (p policy) webhookName() string { return p.uniqueName() + ".kubewarden.admission" }

func (p policy) server() string {
	if p.Spec.PolicyServer == "" {
		return "policy-server-default"
	}
	return "policy-server-" + p.Spec.PolicyServer
}

// configuration returns the webhook configuration that Kubewarden's controller writes for a policy
// (internal/controller/policy_subreconciler_webhook.go of 1.36.0-beta.1), except for the port, which is 443 there.
func (p policy) configuration(ca []byte, port int32) any {
	path := "/validate/" + p.uniqueName()
	// The defaults of the definition (api/policies/v1/policy_types.go).
	timeout := int32(10)
	if p.Spec.TimeoutSeconds != nil {
		timeout = *p.Spec.TimeoutSeconds
	}
	sideEffects := admission.SideEffectClassNone
	if p.Spec.SideEffects != nil {
		sideEffects = *p.Spec.SideEffects
	}
	// The controller's own Namespace is left out, and matchLabels are dropped.
	namespaces := meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: meta.LabelSelectorOpNotIn, Values: []string{kubewarden}},
	}}
	if p.Spec.NamespaceSelector != nil {
		namespaces.MatchExpressions = append(namespaces.MatchExpressions, p.Spec.NamespaceSelector.MatchExpressions...)
	}
	metadata := meta.ObjectMeta{
		Name:   p.uniqueName(),
		Labels: map[string]string{"app.kubernetes.io/part-of": kubewarden},
		Annotations: map[string]string{
			"kubewardenPolicyName":      p.Metadata.Name,
			"kubewardenPolicyNamespace": "",
		},
	}
	client := admission.WebhookClientConfig{
		Service:  &admission.ServiceReference{Namespace: kubewarden, Name: p.server(), Path: &path, Port: &port},
		CABundle: ca,
	}
	if p.Spec.Mutating {
		return admission.MutatingWebhookConfiguration{
			TypeMeta:   meta.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "MutatingWebhookConfiguration"},
			ObjectMeta: metadata,
			Webhooks: []admission.MutatingWebhook{{
				Name: p.webhookName(), ClientConfig: client, Rules: p.Spec.Rules, FailurePolicy: p.Spec.FailurePolicy,
				MatchPolicy: p.Spec.MatchPolicy, NamespaceSelector: &namespaces, ObjectSelector: p.Spec.ObjectSelector,
				SideEffects: &sideEffects, TimeoutSeconds: &timeout, AdmissionReviewVersions: []string{"v1"},
				MatchConditions: p.Spec.MatchConditions,
			}},
		}
	}
	return admission.ValidatingWebhookConfiguration{
		TypeMeta:   meta.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration"},
		ObjectMeta: metadata,
		Webhooks: []admission.ValidatingWebhook{{
			Name: p.webhookName(), ClientConfig: client, Rules: p.Spec.Rules, FailurePolicy: p.Spec.FailurePolicy,
			MatchPolicy: p.Spec.MatchPolicy, NamespaceSelector: &namespaces, ObjectSelector: p.Spec.ObjectSelector,
			SideEffects: &sideEffects, TimeoutSeconds: &timeout, AdmissionReviewVersions: []string{"v1"},
			MatchConditions: p.Spec.MatchConditions,
		}},
	}
}

// policies returns the ClusterAdmissionPolicies of a manifest.
func policies(t *testing.T, manifest string) []policy {
	t.Helper()
	var all []policy
	for _, document := range strings.Split(manifest, "\n---\n") {
		var read policy
		if err := yaml.Unmarshal([]byte(document), &read); err != nil {
			t.Fatal(err)
		}
		if read.Kind == "ClusterAdmissionPolicy" {
			all = append(all, read)
		}
	}
	return all
}

// installation is a running webhook server with the policies of a manifest.
type installation struct {
	cluster  *controlPlane
	policies []policy
	server   *exec.Cmd
	url      string
	log      string // the file with the server's log
}

// deployed returns the manifest of a folder of deploy/, with changes by sed's s/OLD/NEW/.
func (c *controlPlane) deployed(t *testing.T, folder string, replaced ...string) string {
	t.Helper()
	manifest := c.run(t, "", "kustomize", filepath.Join(repository(), "deploy", folder))
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(manifest, replaced[i]) {
			t.Fatalf("the manifest of %s has no %q", folder, replaced[i])
		}
		manifest = strings.ReplaceAll(manifest, replaced[i], replaced[i+1])
	}
	return manifest
}

func repository() string { return check(filepath.Abs("../..")) }

// install serves the policies of a manifest and binds their webhooks, until the test ends.
func (c *controlPlane) install(t *testing.T, manifest string) *installation {
	t.Helper()
	installed := c.serve(t, manifest, c.ca)
	installed.bind(t, c.ca.pem)
	return installed
}

// serve starts a webhook server whose certificate an authority signs.
func (c *controlPlane) serve(t *testing.T, manifest string, signer *authority) *installation {
	t.Helper()
	installed := &installation{cluster: c, policies: policies(t, manifest)}
	dir := t.TempDir()
	signer.write(dir, "webhook", "webhook", "", installed.policies[0].server()+"."+kubewarden+".svc")
	file := filepath.Join(dir, "policies.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program("eci-webhook"), file, "--module", os.Getenv("POLICY_WASM"), "--kubectl", program("kubectl"),
		"--cert", filepath.Join(dir, "webhook.crt"), "--key", filepath.Join(dir, "webhook.key"))
	server.Env = append(os.Environ(), "KUBECONFIG="+c.path("kubeconfig"), "HOME="+c.dir)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	installed.log = filepath.Join(dir, "log")
	log := check(os.Create(installed.log))
	server.Stderr = log
	output := check(server.StdoutPipe())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	installed.server = server
	t.Cleanup(installed.stop)
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		text, _ := os.ReadFile(installed.log)
		t.Fatalf("the webhook server does not start: %s", text)
	}
	installed.url = "https://" + strings.TrimSpace(address)
	return installed
}

func (i *installation) stop() {
	if i.server.ProcessState == nil {
		_ = i.server.Process.Kill()
		_ = i.server.Wait()
	}
}

// port is the port on which the server listens.
func (i *installation) port() int32 {
	_, port, _ := strings.Cut(strings.TrimPrefix(i.url, "https://"), ":")
	return int32(check(strconv.Atoi(port)))
}

// bind applies the webhook configurations, and waits until the API server follows them. They are removed when the test ends.
func (i *installation) bind(t *testing.T, ca []byte) {
	t.Helper()
	c := i.cluster
	// The API server reaches a Service of this type by its name.
	c.run(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"namespace":%q},
		"spec":{"type":"ExternalName","externalName":"localhost"}}`, i.policies[0].server(), kubewarden), "apply", "-f", "-")
	for _, policy := range i.policies {
		text := string(check(json.Marshal(policy.configuration(ca, i.port()))))
		c.run(t, text, "apply", "-f", "-")
		t.Cleanup(func() {
			kind := "validatingwebhookconfiguration"
			if policy.Spec.Mutating {
				kind = "mutatingwebhookconfiguration"
			}
			c.run(t, "", "delete", kind, policy.uniqueName())
			c.waitForCalls(t, policy, false)
		})
		c.waitForCalls(t, policy, true)
	}
}

const probe = `
apiVersion: v1
kind: Pod
metadata: {generateName: probe-, namespace: probe, labels: {alibabacloud.com/eci: "true"}}
spec: {containers: [{name: probe, image: probe}]}
`

// waitForCalls waits until the API server calls the webhook of a policy for a pod on ECI, or no longer does.
func (c *controlPlane) waitForCalls(t *testing.T, policy policy, called bool) {
	t.Helper()
	eventually(t, func() (bool, string) {
		before := c.calls(t, policy.webhookName())
		c.try(probe, "create", "--dry-run=server", "-f", "-")
		// The API server counts after its answer.
		time.Sleep(20 * time.Millisecond)
		return c.calls(t, policy.webhookName()) > before == called, policy.webhookName()
	})
}

var requestTotal = regexp.MustCompile(`(?m)^apiserver_admission_webhook_request_total\{.*name="([^"]*)".*\} (\d+)$`)

// calls returns how often the API server has called a webhook, by its own metrics.
func (c *controlPlane) calls(t *testing.T, name string) int {
	t.Helper()
	count := 0
	for _, match := range requestTotal.FindAllStringSubmatch(c.run(t, "", "get", "--raw", "/metrics"), -1) {
		if match[1] == name {
			count += check(strconv.Atoi(match[2]))
		}
	}
	return count
}
