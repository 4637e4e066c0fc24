//! See `host_namespaces.md`.

use crate::eci::account::Account;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-namespaces",
    summary: "a pod that shares a namespace of its node",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("host_namespaces.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[["hostNetwork", "hostPID", "hostIPC"].filter(f, !(variables.spec[?f].orValue(false) in [dyn(false), dyn(null)]))
  .map(f, variables.at + "spec." + f + ": " + f + ": true is not supported on ECI: a pod has no node to share it with; remove it")]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    let fields = [
        (
            "hostNetwork",
            pod.spec.host_network,
            "network",
            "remove it; the pod has a network interface of its own",
        ),
        (
            "hostPID",
            pod.spec.host_pid,
            "processes",
            "remove it, or use shareProcessNamespace to see the processes of the pod's containers",
        ),
        (
            "hostIPC",
            pod.spec.host_ipc,
            "IPC",
            "remove it; the containers of a pod share one IPC namespace",
        ),
    ];
    for (field, _, shared, help) in fields
        .into_iter()
        .filter(|(_, value, ..)| *value == Some(true))
    {
        let message =
            format!("{field}: true is not supported on ECI: a pod has no node {shared} to share");
        report.find(pod.path.field("spec").field(field), message, help);
    }
}
