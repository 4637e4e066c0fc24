//! See `capability_name.md`.

use crate::eci::account::Account;
use crate::eci::capability;
use crate::fix::{Edit, Scalar};
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "capability-name",
    summary: "a capability spelled with `CAP_` or not in upper case",
    effect: Effect::Refused,
    action: Action::Fix,
    fix: Fix::Always {
        done: "rewritten as Kubernetes spells it",
    },
    since: "0.1.0",
    docs: docs!("capability_name.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Repaired(
        &[Findings {
            default: Action::Fix,
            expression: r#"variables.containers.map(c, variables.indices.filter(i, i < size(c.add) && c.addNames[i] != c.add[i] && c.addNames[i] in variables.granted)
    .map(i, c.at + ".securityContext.capabilities.add[" + string(i) + "]: Kubernetes spells \"" + c.add[i] + "\" as " + c.addNames[i] + "; write " + c.addNames[i])) +
  variables.containers.map(c, variables.indices.filter(i, i < size(c.drop) && c.dropNames[i] != c.drop[i] && (c.dropNames[i] == "ALL" || c.dropNames[i] in variables.linux))
    .map(i, c.at + ".securityContext.capabilities.drop[" + string(i) + "]: Kubernetes spells \"" + c.drop[i] + "\" as " + c.dropNames[i] + "; write " + c.dropNames[i]))"#,
        }],
        r#"variables.indices.filter(i, i < size(c.add) && c.addNames[i] != c.add[i] && c.addNames[i] in variables.granted)
    .map(i, JSONPatch{op: "replace", path: at + "/capabilities/add/" + string(i), value: c.addNames[i]}) +
  variables.indices.filter(i, i < size(c.drop) && c.dropNames[i] != c.drop[i] && (c.dropNames[i] == "ALL" || c.dropNames[i] in variables.linux))
    .map(i, JSONPatch{op: "replace", path: at + "/capabilities/drop/" + string(i), value: c.dropNames[i]})"#,
    ),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let context = container.security_context();
        let Some(capabilities) = context.and_then(|context| context.capabilities.as_ref()) else {
            continue;
        };
        for (list, names) in [("add", &capabilities.add), ("drop", &capabilities.drop)] {
            for (index, written) in names.iter() {
                let name = capability::normalise(written);
                if name == **written || !is_accepted(&name, list, account) {
                    continue;
                }
                let path = container
                    .security_path("capabilities")
                    .field(list)
                    .index(index);
                let message = format!("Kubernetes spells {} as {name}", quote(written));
                let help = format!("write {name}");
                let edit = Edit::Set(path.clone(), Scalar::Text(name.into_owned()));
                report.find(path, message, help).repaired_by([edit]);
            }
        }
    }
}

/// True if the list may hold the capability once it is spelled right.
fn is_accepted(name: &str, list: &str, account: &Account) -> bool {
    match list {
        "add" => account.grants_capability(name),
        _ => name == capability::ALL || capability::LINUX.contains(&name),
    }
}
