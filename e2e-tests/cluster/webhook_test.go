package cluster

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

// deployed returns the manifest of a folder of deploy/, with texts replaced by others.
func deployed(t *testing.T, folder string, replaced ...string) string {
	t.Helper()
	manifest := kube.run(t, "", "kustomize", filepath.Join(repository(), "deploy", folder))
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(manifest, replaced[i]) {
			t.Fatalf("the manifest of %s has no %q", folder, replaced[i])
		}
		manifest = strings.ReplaceAll(manifest, replaced[i], replaced[i+1])
	}
	return manifest
}

func repository() string { return check(filepath.Abs("../..")) }

// startWebhook starts the webhook server. Its certificate is for the Service of the default policy-server.
func (c *controlPlane) startWebhook() error {
	c.ca.write(c.dir, "webhook", "webhook", "", "policy-server-default."+kubewarden+".svc")
	address := c.path("webhook.address")
	if err := c.start("eci-webhook", "--module="+os.Getenv("POLICY_WASM"), "--cert="+c.path("webhook.crt"),
		"--key="+c.path("webhook.key"), "--kubectl="+program("kubectl"), "--address="+address); err != nil {
		return err
	}
	for range 600 {
		if text, err := os.ReadFile(address); err == nil && len(text) > 0 {
			c.webhook = string(text)
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	log, _ := os.ReadFile(c.path("eci-webhook.log"))
	return fmt.Errorf("the webhook server does not start: %s", log)
}

// toWebhook is a client that trusts the webhook server.
func (c *controlPlane) toWebhook() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: c.ca.pool(), ServerName: "policy-server-default." + kubewarden + ".svc",
	}}}
}

// load makes the webhook server serve the policies of a manifest. The error is the server's.
func (c *controlPlane) load(manifest string) error {
	request := check(http.NewRequest(http.MethodPut, "https://"+c.webhook+"/policies", strings.NewReader(manifest)))
	answer, err := c.toWebhook().Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return errors.New(string(check(io.ReadAll(answer.Body))))
	}
	return nil
}

// install serves the policies of a manifest and binds their webhooks, until the test ends.
func install(t *testing.T, manifest string) []policy {
	t.Helper()
	if err := kube.load(manifest); err != nil {
		t.Fatal(err)
	}
	bound := policies(t, manifest)
	bind(t, bound, kube.ca, kube.webhook)
	return bound
}

// bind applies the webhook configurations for a server, and waits until the API server follows them, until the test ends.
func bind(t *testing.T, policies []policy, ca *authority, address string) {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	// The API server reaches a Service of this type by its name.
	kube.run(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"namespace":%q},
		"spec":{"type":"ExternalName","externalName":"localhost"}}`, policies[0].server(), kubewarden), "apply", "-f", "-")
	// A denial of the mutating policy would hide whether the validating one is called, so the mutating one comes last.
	for _, policy := range slices.Backward(policies) {
		kube.run(t, string(check(json.Marshal(policy.configuration(ca.pem, int32(check(strconv.Atoi(port))))))), "apply", "-f", "-")
		t.Cleanup(func() {
			kind := "validatingwebhookconfiguration"
			if policy.Spec.Mutating {
				kind = "mutatingwebhookconfiguration"
			}
			kube.run(t, "", "delete", kind, policy.uniqueName())
			waitForCalls(t, policy, false)
		})
		waitForCalls(t, policy, true)
	}
}

const probe = `
apiVersion: v1
kind: Pod
metadata: {generateName: probe-, namespace: probe, labels: {alibabacloud.com/eci: "true"}}
spec: {containers: [{name: probe, image: probe}]}
`

// waitForCalls waits until the API server calls the webhook of a policy for a pod on ECI, or no longer does.
func waitForCalls(t *testing.T, policy policy, called bool) {
	t.Helper()
	eventually(t, func() (bool, string) {
		before := calls(t, policy.webhookName())
		kube.try(probe, "create", "--dry-run=server", "-f", "-")
		// The API server counts after its answer.
		time.Sleep(20 * time.Millisecond)
		return calls(t, policy.webhookName()) > before == called, policy.webhookName()
	})
}

var requestTotal = regexp.MustCompile(`(?m)^apiserver_admission_webhook_request_total\{.*name="([^"]*)".*\} (\d+)$`)

// calls returns how often the API server has called the webhooks with these names, by its own metrics.
func calls(t *testing.T, names ...string) int {
	t.Helper()
	answer, err := kube.http.Get(kube.server + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	count := 0
	for _, match := range requestTotal.FindAllStringSubmatch(string(check(io.ReadAll(answer.Body))), -1) {
		if slices.Contains(names, match[1]) {
			count += check(strconv.Atoi(match[2]))
		}
	}
	return count
}
