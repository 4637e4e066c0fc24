//! See `capability_name.md`.

use crate::eci::account::Account;
use crate::eci::capability;
use crate::fix::{Edit, Scalar};
use crate::pod::Pod;
use crate::rules::report::Report;
use crate::rules::rule::{Action, Effect, Fix, Rule};
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
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    let is_granted = |name: &str| account.grants_capability(name);
    let is_known = |name: &str| name == capability::ALL || capability::LINUX.contains(&name);
    for container in &pod.containers {
        let capabilities = container
            .security_context()
            .and_then(|context| context.capabilities.as_ref());
        let Some(capabilities) = capabilities else {
            continue;
        };
        let lists: [(_, _, &dyn Fn(&str) -> bool); 2] = [
            ("add", &capabilities.add, &is_granted),
            ("drop", &capabilities.drop, &is_known),
        ];
        for (list, names, is_accepted) in lists {
            for (index, written) in names.iter() {
                let name = capability::normalise(written);
                if name == **written || !is_accepted(&name) {
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
