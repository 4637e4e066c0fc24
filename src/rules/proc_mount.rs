//! See `proc_mount.md`.

use crate::pod::Pod;
use crate::rule::{Action, Edit, Effect, Report, Rule};
use crate::settings::Settings;
use crate::text::quote;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "proc-mount",
    summary: "a `procMount` other than `Default`, to which ECI fixes it",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: Some("removed, on demand"),
    since: "0.1.0",
    docs: docs!("proc_mount.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    for container in &pod.containers {
        let mount = container
            .security_context()
            .and_then(|context| context.proc_mount.as_deref());
        if let Some(mount) = mount.filter(|mount| *mount != "Default") {
            let path = container.security_path("procMount");
            let edit = Edit::Remove(path.clone());
            let message = format!("{} has no effect: ECI fixes it to Default", quote(mount));
            report.find(path, message, "remove it").repaired_by([edit]);
        }
    }
}
