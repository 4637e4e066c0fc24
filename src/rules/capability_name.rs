//! See `capability_name.md`.

use crate::eci::capability;
use crate::pod::Pod;
use crate::rule::{Action, Edit, Effect, InList, Report, Rule};
use crate::settings::Settings;
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "capability-name",
    summary: "a capability spelled with `CAP_` or not in upper case",
    effect: Effect::Refused,
    action: Action::Fix,
    fix: Some("rewritten as Kubernetes spells it"),
    since: "0.1.0",
    docs: docs!("capability_name.md"),
    check,
};

/// Whether a normalised name is one that the list would take.
type Known<'k> = &'k dyn Fn(&str) -> bool;

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    for container in &pod.containers {
        let capabilities = container.security_context().and_then(|context| context.capabilities.as_ref());
        let Some(capabilities) = capabilities else { continue };
        let grants = |name: &str| settings.grants_capability(name);
        let exists = |name: &str| name == capability::ALL || capability::LINUX.contains(&name);
        let lists: [(_, _, Known<'_>); 2] =
            [("add", &capabilities.add, &grants), ("drop", &capabilities.drop, &exists)];
        for (list, names, known) in lists {
            let path = || container.security_path("capabilities").field(list);
            let mut found = InList::default();
            for (index, written) in names.iter().flatten().enumerate() {
                let name = capability::normalise(written);
                if name != *written && known(&name) && found.is_told() {
                    let path = path().index(index);
                    let message = format!("{} is spelled {name} in Kubernetes", quote(written));
                    let edit = Edit::Set(path.clone(), (*name).into());
                    report.find(path, message, format!("write {name}")).repaired_by([edit]);
                }
            }
            // What is not repaired must not be let in.
            found.tell_rest(path, report).map(|rest| rest.by_default(Action::Deny));
        }
    }
}
