//! See `host_namespaces.md`.

use crate::pod::Pod;
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-namespaces",
    summary: "a pod that shares a namespace of its node",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: None,
    since: "0.1.0",
    docs: docs!("host_namespaces.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    let fields = [
        (
            "hostNetwork",
            pod.spec.host_network,
            "remove it; the pod has a network interface of its own",
        ),
        (
            "hostPID",
            pod.spec.host_pid,
            "remove it, or use shareProcessNamespace to see the processes of the pod's containers",
        ),
        (
            "hostIPC",
            pod.spec.host_ipc,
            "remove it; the containers of a pod share one IPC namespace",
        ),
    ];
    for (field, _, help) in fields
        .into_iter()
        .filter(|(_, shared, _)| *shared == Some(true))
    {
        report.find(
            pod.path.field("spec").field(field),
            "true cannot be had: a pod on ECI has no node to share it with",
            help,
        );
    }
}
