//! See `init_container_identity.md`.

use crate::eci::account::Account;
use crate::eci::field::IdentityField;
use crate::fix::Scalar;
use crate::pod::ContainerList;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "init-container-identity",
    summary: "a `runAsGroup` or `runAsNonRoot: true` of an init container, where ECI does not read it",
    effect: Effect::Ignored,
    action: Action::Warn,
    fix: Fix::Never,
    since: "0.1.0",
    docs: docs!("init_container_identity.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Warn,
        expression: r#"variables.containers.filter(c, c.isInit).map(c, variables.identityFields
    .filter(f, !(f in variables.initReads) && !(c.context[?f].orValue(variables.context[?f].orValue(false)) in [dyn(false), dyn(null)]) &&
      !(f == "runAsNonRoot" && !(c.user in [dyn(null), dyn(0)])))
    .map(f, c.at + ".securityContext." + f + ": " + f + " has no effect: ECI does not read " + f + " on init containers; set runAsUser, which ECI reads"))"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    let level = &account.profile.init_container_identity;
    for container in pod
        .containers
        .iter()
        .filter(|container| container.list == ContainerList::Init)
    {
        for field in IdentityField::ALL
            .into_iter()
            .filter(|field| !level.reads(*field))
        {
            let own = container
                .security_context()
                .and_then(|own| own.identity(field));
            let value = own.or_else(|| pod.security_context()?.identity(field));
            let Some(value) = value.filter(|value| *value != Scalar::Bool(false)) else {
                continue;
            };
            if pod.ensures(container, field) {
                continue;
            }
            let name = field.name();
            report.find(
                container.security_path(name),
                format!(
                    "{name}: {value} has no effect: ECI does not read {name} on init containers"
                ),
                "set runAsUser, which ECI reads, or use an image that sets its own user",
            );
        }
    }
}
