//! See `pod_identity.md`.

use crate::eci::account::Account;
use crate::eci::field::IdentityField;
use crate::fix::Edit;
use crate::pod::Pod;
use crate::pod::{Container, ContainerList};
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::quoted;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "pod-identity",
    summary: "a `runAsGroup` or `runAsNonRoot: true` at pod level, where ECI does not read it",
    effect: Effect::Lost,
    action: Action::Fix,
    fix: Fix::Always {
        done: "copied into the containers that do not set it; the pod's own field stays",
    },
    since: "0.1.0",
    docs: docs!("pod_identity.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Repaired(
        &[Findings {
            default: Action::Fix,
            expression: r#"[variables.identityFields.filter(f, !(f in variables.podReads) && !(variables.context[?f].orValue(false) in [dyn(false), dyn(null)]) &&
    variables.containers.exists(c, f in (c.isInit ? variables.initReads : variables.containerReads) && c.context[?f].orValue(null) == null &&
      !(f == "runAsNonRoot" && !(c.user in [dyn(null), dyn(0)]))))
  .map(f, variables.at + "spec.securityContext." + f + ": " + f + " does not reach every container: ECI reads " + f + " on containers only; set " + f + " on each container")]"#,
        }],
        r#"[variables.identityFields.filter(f, !(f in variables.podReads) && !(variables.context[?f].orValue(false) in [dyn(false), dyn(null)]) &&
    f in (c.isInit ? variables.initReads : variables.containerReads) && c.context[?f].orValue(null) == null &&
    !(f == "runAsNonRoot" && !(c.user in [dyn(null), dyn(0)])))]
  .map(fields, fields == [] ? [] :
    c.context == {} ? [JSONPatch{op: "add", path: at, value: fields.transformMapEntry(i, f, {f: variables.context[f]})}] :
    fields.map(f, JSONPatch{op: "add", path: at + "/" + f, value: variables.context[f]})).flatten()"#,
    ),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    let Some(context) = pod.security_context() else {
        return;
    };
    let unread = IdentityField::ALL
        .into_iter()
        .filter(|field| !account.profile.pod_identity.reads(*field));
    for field in unread {
        let Some(value) = context.identity(field) else {
            continue;
        };
        let loses = |container: &&Container<'_>| {
            let level = match container.list {
                ContainerList::Init => &account.profile.init_container_identity,
                ContainerList::Main | ContainerList::Ephemeral => {
                    &account.profile.container_identity
                }
            };
            let own = container
                .security_context()
                .and_then(|own| own.identity(field));
            !container.exempt
                && level.reads(field)
                && own.is_none()
                && !pod.ensures(container, field)
        };
        let losers: Vec<_> = pod.containers.iter().filter(loses).collect();
        if losers.is_empty() {
            continue;
        }
        let name = field.name();
        let containers = quoted(losers.iter().map(|container| container.name()));
        let message = format!(
            "{name}: {value} does not reach {containers}: ECI reads {name} on containers only"
        );
        let edits = losers
            .iter()
            .map(|container| Edit::Set(container.security_path(name), value.clone()));
        report
            .find(
                pod.security_path(name),
                message,
                format!("set {name} on each container"),
            )
            .repaired_by(edits);
    }
}
