package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// Security contexts of a container.
const (
	privileged = `{privileged: true}`
	repairable = `{capabilities: {add: [cap_net_admin]}}`
	harmless   = `{runAsUser: 1000}`
)

// onECI is the label that sends a pod to ECI.
const onECI = `alibabacloud.com/eci: "true"`

// template is a pod template with labels and the security context of its container.
func template(labels, context string) string {
	return fmt.Sprintf(`metadata: {labels: {app: web, %s}}, spec: {%s containers: [{name: web, image: "registry.example/web:1", securityContext: %s}]}`,
		labels, "restartPolicy: Always,", context)
}

// pod is a Pod with labels and the security context of its container. Extra is more of its specification.
func pod(name, labels, context string, extra ...string) string {
	fields := strings.Join(append(extra, ""), ", ")
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {%s}}, spec: {%scontainers: [{name: web, image: "registry.example/web:1", securityContext: %s}]}}`,
		name, labels, fields, context)
}

// workload is an object of a kind whose template sends pods to ECI.
func workload(kind, name, context string) string { return labelled(kind, name, onECI, context) }

func labelled(kind, name, labels, context string) string {
	pods := template(labels, context)
	object := func(apiVersion, body string) string {
		return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: %s}, %s}", apiVersion, kind, name, body)
	}
	selected := "spec: {selector: {matchLabels: {app: web}}, template: {" + pods + "}}"
	job := "spec: {template: {" + strings.Replace(pods, "restartPolicy: Always", "restartPolicy: Never", 1) + "}}"
	switch kind {
	case "PodTemplate":
		return object("v1", "template: {"+pods+"}")
	case "ReplicationController":
		return object("v1", "spec: {selector: {app: web}, template: {"+pods+"}}")
	case "StatefulSet":
		return object("apps/v1", strings.Replace(selected, "spec: {", "spec: {serviceName: web, ", 1))
	case "ReplicaSet", "Deployment", "DaemonSet":
		return object("apps/v1", selected)
	case "Job":
		return object("batch/v1", job)
	case "CronJob":
		return object("batch/v1", `spec: {schedule: "* * * * *", jobTemplate: {`+job+`}}`)
	case "CloneSet":
		return object("apps.kruise.io/v1alpha1", selected)
	}
	panic(kind)
}

// kinds are the workloads of Kubernetes.
var kinds = []string{"PodTemplate", "ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}

// admitted creates or applies an object, which must be accepted.
func admitted(t *testing.T, verb, ns, object string) result {
	t.Helper()
	got := kube.try(object, verb, "-n", ns, "-f", "-")
	if got.failed {
		t.Fatalf("not admitted: %s%s", object, got.err)
	}
	return got
}

// denied creates or applies an object, which must be refused with a text.
func denied(t *testing.T, verb, ns, object, text string) {
	t.Helper()
	refused(t, kube.try(object, verb, "-n", ns, "-f", "-"), text)
}

func refused(t *testing.T, got result, text string) {
	t.Helper()
	if !got.failed || !strings.Contains(got.err, text) {
		t.Fatalf("not refused with %q: %s%s", text, got.out, got.err)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("no %q in:\n%s", part, text)
	}
}

func equal[T comparable](t *testing.T, got, expected T) {
	t.Helper()
	if got != expected {
		t.Fatalf("got %v, expected %v", got, expected)
	}
}

// The capabilities that the first container of each pod adds.
const added = `jsonpath={range .items[*]}{.spec.containers[0].securityContext.capabilities.add}{"\n"}{end}`
