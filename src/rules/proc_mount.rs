//! See `proc_mount.md`.

use crate::eci::account::Account;
use crate::eci::field::PROC_MOUNT;
use crate::fix::Edit;
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "proc-mount",
    summary: "a `procMount` other than `Default`, to which ECI documents it as fixed",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: Fix::Always { done: "removed" },
    since: "0.1.0",
    docs: docs!("proc_mount.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Repaired(
        &[Findings {
            default: Action::Warn,
            expression: r#"[variables.containers.filter(c, !(c.context.?procMount.orValue(null) in [dyn(variables.procMount), dyn(null)])).map(c, c.at + ".securityContext.procMount: procMount may have no effect: ECI documents it as fixed to " + variables.procMount + "; remove procMount")]"#,
        }],
        r#"c.context.?procMount.orValue(null) in [dyn(variables.procMount), dyn(null)] ? [] : [JSONPatch{op: "remove", path: at + "/procMount"}]"#,
    ),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let mount = container
            .security_context()
            .and_then(|context| context.proc_mount.as_deref());
        let Some(mount) = mount.filter(|mount| *mount != PROC_MOUNT) else {
            continue;
        };
        let path = container.security_path("procMount");
        let edit = Edit::Remove(path.clone());
        let message = format!(
            "procMount: {} may have no effect: ECI documents it as fixed to {PROC_MOUNT}",
            quote(mount)
        );
        report
            .find(path, message, "remove procMount")
            .repaired_by([edit]);
    }
}
