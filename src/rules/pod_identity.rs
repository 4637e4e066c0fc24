//! See `pod_identity.md`.

use crate::json;
use crate::pod::{Container, IDENTITY_FIELDS, List, Pod};
use crate::rule::{Action, Edit, Effect, Report, Rule};
use crate::settings::Settings;
use crate::text::quoted;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "pod-identity",
    summary: "a `runAsGroup` or `runAsNonRoot: true` at pod level, where ECI does not read it",
    effect: Effect::Lost,
    action: Action::Fix,
    fix: Some(
        "copied into the containers that do not set it themselves; the pod's own field stays",
    ),
    since: "0.1.0",
    docs: docs!("pod_identity.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    let Some(context) = pod.security_context() else {
        return;
    };
    for field in IDENTITY_FIELDS
        .iter()
        .filter(|field| !(field.is_read)(&settings.profile.pod_identity))
    {
        let Some(asked) = (field.of_pod)(context) else {
            continue;
        };
        let loses = |container: &&Container<'_>| {
            let level = match container.list {
                List::Init => &settings.profile.init_container_identity,
                List::Main | List::Ephemeral => &settings.profile.container_identity,
            };
            let own = container.security_context().and_then(field.of_container);
            !container.exempt && (field.is_read)(level) && own.is_none()
        };
        let losers: Vec<_> = pod.containers.iter().filter(loses).collect();
        if losers.is_empty() {
            continue;
        }
        let names = quoted(losers.iter().map(|container| container.name()));
        let value = json::scalar(&asked);
        let message = format!(
            "{value} does not reach {names}: ECI reads {} on containers only",
            field.name
        );
        let edits = losers
            .iter()
            .map(|container| Edit::Set(container.security_path(field.name), asked.clone()));
        let help = format!("set {} in the containers", field.name);
        report
            .find(pod.security_path(field.name), message, help)
            .repaired_by(edits);
    }
}
