package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// TestAttacks shows the claims of SECURITY.md that depend on the API server.
func TestAttacks(t *testing.T) {
	install(t, deployed(t, "virtual-nodes"))
	ns := namespace(t)
	raw := func(name, context string) result {
		object := fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"labels":{"eci":"true"}},"spec":{"containers":[{"name":"web","image":"web","securityContext":%s}]}}`, name, context)
		return kube.try(object, "create", "--raw", "/api/v1/namespaces/"+ns+"/pods", "-f", "-")
	}
	t.Run("a duplicate key", func(t *testing.T) {
		// The API server takes the last one, so the policy sees one.
		equal(t, raw("duplicate", `{"privileged":false,"privileged":true}`).failed, true)
		contains(t, raw("duplicate", `{"privileged":true,"privileged":false}`).out, `"securityContext":{"privileged":false}`)
	})
	t.Run("a field in another case", func(t *testing.T) {
		contains(t, raw("case", `{"Privileged":true}`).out, `"securityContext":{}`)
	})
	t.Run("a forged deletion timestamp", func(t *testing.T) {
		object := strings.Replace(workload("Deployment", "deleted", privileged), "name: deleted", `name: deleted, deletionTimestamp: "2026-01-01T00:00:00Z"`, 1)
		denied(t, "create", ns, object, mutatingDenial+"[privileged]")
	})
	t.Run("a forged owner", func(t *testing.T) {
		owner := `name: owned, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: none, uid: 00000000-0000-4000-8000-000000000000, controller: true}]`
		equal(t, admitted(t, "create", ns, strings.Replace(workload("ReplicaSet", "owned", privileged), "name: owned", owner, 1)).err, "")
		eventually(t, func() (bool, string) {
			events := kube.run(t, "", "get", "events", "-n", ns, "--field-selector=reason=FailedCreate")
			return strings.Contains(events, mutatingDenial+"[privileged] spec.containers[0]"), events
		})
		denied(t, "create", ns, strings.Replace(pod("owned", onECI, privileged), "name: owned", owner, 1), mutatingDenial+"[privileged]")
	})
	t.Run("an affinity that excludes the node on which the pod runs", func(t *testing.T) {
		excluded := `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: type, operator: NotIn, values: [virtual-kubelet]}]}]}}}`
		admitted(t, "create", ns, pod("running", "a: b", harmless, "nodeName: virtual-kubelet-cn-beijing-a", excluded))
		refused(t, kube.try("", "debug", "running", "-n", ns, "--image=tools", "--profile=sysadmin", "--attach=false"), "[privileged] spec.ephemeralContainers[0]")
	})
	t.Run("a template that changes in one field", func(t *testing.T) {
		// The update of an object with an unchanged template gives warnings only.
		admitted(t, "create", ns, workload("Deployment", "changed", harmless))
		for _, patch := range []string{
			`[{"op":"add","path":"/spec/template/spec/hostPID","value":true}]`,
			`[{"op":"add","path":"/spec/template/spec/initContainers","value":[{"name":"init","image":"init","securityContext":{"privileged":true}}]}]`,
		} {
			refused(t, kube.try("", "patch", "deployment/changed", "-n", ns, "--type=json", "-p", patch), mutatingDenial)
		}
	})
}
