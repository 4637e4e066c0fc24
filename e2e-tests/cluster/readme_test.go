package cluster

import (
	"strings"
	"testing"
)

func TestFirst(t *testing.T) {
	kube.install(t, kube.deployed(t, "virtual-nodes"))
	ns := namespace(t)
	got := kube.try(strings.ReplaceAll(probe, "probe, image: probe", "probe, image: probe, securityContext: {privileged: true}"), "create", "-f", "-", "-n", "probe")
	t.Log(ns, got)
}
