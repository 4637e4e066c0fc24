//! See `host_ports.md`.

use crate::eci::account::Account;
use crate::fix::Edit;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "host-ports",
    summary: "a container port with a `hostPort`",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: Fix::Always { done: "removed" },
    since: "0.1.0",
    docs: docs!("host_ports.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Warn,
        expression: r#"variables.spec.?hostNetwork.orValue(false) == true ? [] : variables.containers.map(c, variables.indices
    .filter(i, i < size(c.ports) && !(c.ports[i].?hostPort.orValue(0) in [dyn(0), dyn(null)]))
    .map(i, c.at + ".ports[" + string(i) + "].hostPort: hostPort has no effect on ECI: a pod has no node whose port it could bind; remove hostPort, and use a Service"))"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    // With the network of the node, the API server sets every hostPort itself.
    if pod.spec.host_network == Some(true) {
        return;
    }
    for container in &pod.containers {
        for (index, port) in container.spec.ports.iter() {
            let Some(host_port) = port.host_port else {
                continue;
            };
            let path = container.path.field("ports").index(index).field("hostPort");
            let message = format!(
                "hostPort {host_port} has no effect on ECI: a pod has no node whose port it could bind"
            );
            let help = "remove hostPort, and use a Service";
            report
                .find(path.clone(), message, help)
                .repaired_by([Edit::Remove(path)]);
        }
    }
}
