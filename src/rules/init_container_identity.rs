//! See `init_container_identity.md`.

use serde_json::Value;

use crate::json;
use crate::pod::{IDENTITY_FIELDS, List, Pod};
use crate::rule::{Action, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "init-container-identity",
    summary: "a `runAsGroup` or `runAsNonRoot: true` of an init container, where ECI does not read it",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: None,
    since: "0.1.0",
    docs: docs!("init_container_identity.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    for container in pod
        .containers
        .iter()
        .filter(|container| container.list == List::Init)
    {
        let level = &settings.profile.init_container_identity;
        for field in IDENTITY_FIELDS
            .iter()
            .filter(|field| !(field.is_read)(level))
        {
            let own = container.security_context().and_then(field.of_container);
            let inherited = || pod.security_context().and_then(field.of_pod);
            match own.or_else(inherited) {
                None | Some(Value::Bool(false)) => {}
                Some(asked) => {
                    report.find(
                        container.security_path(field.name),
                        format!(
                            "{} has no effect: ECI reads no {} on init containers",
                            json::scalar(&asked),
                            field.name
                        ),
                        "set runAsUser, which it reads, or choose an image that runs so by itself",
                    );
                }
            }
        }
    }
}
