//! See `root_filesystem.md`.

use crate::pod::Pod;
use crate::rule::{Action, Edit, Effect, Report, Rule};
use crate::settings::Settings;

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "root-filesystem",
    summary: "`readOnlyRootFilesystem: false`, which ECI documents as fixed to `true`",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: Some("set to `true`, on demand"),
    since: "0.1.0",
    docs: docs!("root_filesystem.md"),
    check,
};

fn check(pod: &Pod<'_>, _: &Settings, report: &mut Report) {
    for container in &pod.containers {
        if container
            .security_context()
            .and_then(|context| context.read_only_root_filesystem)
            == Some(false)
        {
            let path = container.security_path("readOnlyRootFilesystem");
            let edit = Edit::Set(path.clone(), true.into());
            report
                .find(
                    path,
                    "false has no effect: ECI fixes it to true",
                    "set true, and mount an emptyDir where the container writes",
                )
                .repaired_by([edit]);
        }
    }
}
