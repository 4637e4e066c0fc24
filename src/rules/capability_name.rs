//! See `capability_name.md`.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::Capabilities;

use crate::eci::capability;
use crate::pod::{Container, Pod};
use crate::rule::{Action, Edit, Effect, InList, MOST_IN_A_POD, Report, Rule};
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

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    let lists = || {
        pod.containers
            .iter()
            .filter_map(|container| Some((container, capabilities(container)?)))
            .flat_map(|(container, capabilities)| {
                [("add", &capabilities.add), ("drop", &capabilities.drop)]
                    .map(|(list, names)| (container, list, names.as_deref().unwrap_or_default()))
            })
    };
    // Counted where there is one: there is nearly always none.
    let mut repairs = None;
    let are_repaired = || {
        let found = lists().flat_map(|(_, list, names)| {
            names
                .iter()
                .filter_map(move |name| spelled(name, list, settings))
        });
        found.take(MOST_IN_A_POD + 1).count() <= MOST_IN_A_POD
    };
    for (container, list, names) in lists() {
        let path = || container.security_path("capabilities").field(list);
        let mut found = InList::default();
        for (index, written) in names.iter().enumerate() {
            let Some(name) = spelled(written, list, settings) else {
                continue;
            };
            let repairs = *repairs.get_or_insert_with(are_repaired);
            if !repairs && !found.is_told(report) {
                continue;
            }
            let path = path().index(index);
            let message = format!("{} is spelled {name} in Kubernetes", quote(written));
            let edit = Edit::Set(path.clone(), (*name).into());
            let finding = report.find(path, message, format!("write {name}"));
            match repairs {
                true => finding.repaired_by([edit]),
                // What is not repaired must not be let in.
                false => finding.by_default(Action::Deny),
            };
        }
        found.tell_rest(path, report);
    }
}

fn capabilities<'c>(container: &'c Container<'_>) -> Option<&'c Capabilities> {
    container.security_context()?.capabilities.as_ref()
}

/// How Kubernetes spells a capability of the list that is written otherwise; `None` where it is spelled right, or none
/// that the list would take.
fn spelled<'n>(written: &'n str, list: &str, settings: &Settings) -> Option<Cow<'n, str>> {
    let name = capability::normalise(written);
    let is_known = |name: &str| match list {
        "add" => settings.grants_capability(name),
        _ => name == capability::ALL || capability::LINUX.contains(&name),
    };
    (name != *written && is_known(&name)).then_some(name)
}
