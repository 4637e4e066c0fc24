package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	mutatingDenial   = `admission webhook "clusterwide-eci-security-context.kubewarden.admission" denied the request: `
	validatingDenial = `admission webhook "clusterwide-eci-security-context-validating.kubewarden.admission" denied the request: `
)

// podsOf waits until the controllers have made a number of pods in a Namespace.
func podsOf(t *testing.T, ns string, count int) {
	t.Helper()
	eventually(t, func() (bool, string) {
		pods := strings.Fields(kube.run(t, "", "get", "pods", "-n", ns, "-o", "name"))
		return len(pods) == count, fmt.Sprint(pods, tail(kube.run(t, "", "get", "events", "-n", ns), 5))
	})
}

func TestWorkloads(t *testing.T) {
	install(t, deployed(t, "virtual-nodes"))
	// The DaemonSet controller makes a pod for each node.
	kube.run(t, `{apiVersion: v1, kind: Node, metadata: {name: node-1}}`, "apply", "-f", "-")
	// The schedule begins in the next minute, so its pods are looked for at the end.
	scheduled := namespace(t)
	admitted(t, "apply", scheduled, workload("CronJob", "minutely", repairable))
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			ns := namespace(t)
			denied(t, "apply", ns, workload(kind, "bad", privileged), mutatingDenial+"[privileged]")
			got := admitted(t, "apply", ns, workload(kind, "good", repairable))
			contains(t, got.err, "Warning: capability-name: ")
			stored := kube.run(t, "", "get", kind, "good", "-n", ns, "-o", "yaml")
			contains(t, stored, "- cap_net_admin")
			switch kind {
			case "PodTemplate":
				return
			case "CronJob":
				kube.run(t, "", "create", "job", "now", "-n", ns, "--from=cronjob/good")
			}
			podsOf(t, ns, 1)
			equal(t, kube.run(t, "", "get", "pods", "-n", ns, "-o", added), "[\"NET_ADMIN\"]\n")
			kube.run(t, "", "delete", "namespace", ns, "--wait=false")
		})
	}
	t.Run("two hundred pods at once", func(t *testing.T) {
		ns := namespace(t)
		deployment := strings.Replace(workload("Deployment", "many", repairable), "spec: {selector", "spec: {replicas: 200, selector", 1)
		began := time.Now()
		admitted(t, "apply", ns, deployment)
		podsOf(t, ns, 200)
		t.Logf("200 pods after %s", time.Since(began).Round(100*time.Millisecond))
		repaired := strings.Count(kube.run(t, "", "get", "pods", "-n", ns, "-o", added), "[\"NET_ADMIN\"]\n")
		equal(t, repaired, 200)
	})
	t.Run("a custom resource with a pod template", func(t *testing.T) {
		ns := namespace(t)
		kube.run(t, cloneSets, "apply", "-f", "-")
		kube.run(t, "", "wait", "--for=condition=established", "crd/clonesets.apps.kruise.io")
		eventually(t, func() (bool, string) {
			got := kube.try(workload("CloneSet", "bad", privileged), "apply", "-n", ns, "-f", "-")
			return strings.Contains(got.err, mutatingDenial+"[privileged] spec.template.spec.containers[0]"), got.out + got.err
		})
		contains(t, admitted(t, "apply", ns, workload("CloneSet", "good", repairable)).err, "Warning: capability-name")
		// Fields that are null, or of another type than in a pod template, are no failure of a condition.
		for _, spec := range []string{"{template: null}", "{template: {spec: {tolerations: null, nodeName: 3}}}", "null"} {
			admitted(t, "apply", ns, fmt.Sprintf("{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, metadata: {name: odd}, spec: %s}", spec))
		}
	})
	t.Run("the pods of the schedule of a CronJob", func(t *testing.T) {
		eventually(t, func() (bool, string) {
			pods := kube.run(t, "", "get", "pods", "-n", scheduled, "-o", added)
			return strings.Contains(pods, "[\"NET_ADMIN\"]\n"), pods
		})
	})
}

const cloneSets = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: clonesets.apps.kruise.io}, spec: {
  group: apps.kruise.io, scope: Namespaced, names: {plural: clonesets, kind: CloneSet}, versions: [{name: v1alpha1, served: true, storage: true,
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`

func TestExistingWorkloads(t *testing.T) {
	ns := namespace(t)
	admitted(t, "apply", ns, workload("Deployment", "old", privileged))
	admitted(t, "apply", ns, pod("running", onECI, privileged))
	podsOf(t, ns, 2)
	install(t, deployed(t, "virtual-nodes"))
	t.Run("scale", func(t *testing.T) {
		kube.run(t, "", "scale", "deployment/old", "-n", ns, "--replicas=2")
		got := admitted(t, "apply", ns, strings.Replace(workload("Deployment", "old", privileged), "spec: {", "spec: {replicas: 3, ", 1))
		contains(t, got.err, "Warning: privileged: spec.template.spec.containers[0]")
	})
	t.Run("a denied pod of a workload shows in its events and conditions", func(t *testing.T) {
		eventually(t, func() (bool, string) {
			events := kube.run(t, "", "get", "events", "-n", ns, "--field-selector=reason=FailedCreate")
			return strings.Contains(events, mutatingDenial+"[privileged]"), events
		})
		eventually(t, func() (bool, string) {
			described := kube.run(t, "", "describe", "deployment", "old", "-n", ns)
			return strings.Contains(described, "ReplicaFailure   True    FailedCreate"), described
		})
		contains(t, kube.run(t, "", "get", "deployment", "old", "-n", ns, "-o", `jsonpath={.status.conditions[?(@.type=="ReplicaFailure")].message}`),
			mutatingDenial+"[privileged]")
	})
	t.Run("label and annotate", func(t *testing.T) {
		kube.run(t, "", "label", "deployment/old", "-n", ns, "team=shop")
		kube.run(t, "", "label", "pod/running", "-n", ns, "team=shop")
		kube.run(t, "", "annotate", "pod/running", "-n", ns, "note=here")
	})
	t.Run("change the template", func(t *testing.T) {
		refused(t, kube.try("", "set", "image", "deployment/old", "-n", ns, "web=registry.example/web:2"), mutatingDenial+"[privileged]")
		admitted(t, "apply", ns, workload("Deployment", "old", harmless))
	})
}

func TestMutateAll(t *testing.T) {
	install(t, deployed(t, "virtual-nodes", "settings: {}", "settings: {mutate: all}"))
	ns := namespace(t)
	contains(t, admitted(t, "apply", ns, workload("Deployment", "web", repairable)).err, "Warning: capability-name: ")
	podsOf(t, ns, 1)
	equal(t, kube.run(t, "", "get", "deployment", "web", "-n", ns, "-o", "jsonpath={.spec.template.spec.containers[0].securityContext}"),
		`{"capabilities":{"add":["NET_ADMIN"]}}`)
	// A controller in a loop would write again and again.
	version := func() string {
		return kube.run(t, "", "get", "deployment,replicaset,pod", "-n", ns, "-o", "jsonpath={.items[*].metadata.resourceVersion}")
	}
	before := version()
	time.Sleep(3 * time.Second)
	equal(t, version(), before)
	equal(t, kube.run(t, "", "get", "deployment", "web", "-n", ns, "-o", "jsonpath={.metadata.generation}"), "1")
	// The manifest still has the old spelling. Applying it again starts no roll-out.
	admitted(t, "apply", ns, workload("Deployment", "web", repairable))
	equal(t, len(strings.Fields(kube.run(t, "", "get", "replicasets", "-n", ns, "-o", "name"))), 1)
}
