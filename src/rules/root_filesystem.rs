//! See `root_filesystem.md`.

use crate::eci::account::Account;
use crate::eci::field::READ_ONLY_ROOT_FILESYSTEM;
use crate::fix::{Edit, Scalar};
use crate::pod::Pod;
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "root-filesystem",
    summary: "`readOnlyRootFilesystem: false`, which ECI documents as fixed to `true`",
    effect: Effect::Overridden,
    action: Action::Warn,
    fix: Fix::Always {
        done: "set to `true`",
    },
    since: "0.1.0",
    docs: docs!("root_filesystem.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Repaired(
        &[Findings {
            default: Action::Warn,
            expression: r#"[variables.containers.filter(c, !(c.context.?readOnlyRootFilesystem.orValue(null) in [dyn(variables.rootFilesystem), dyn(null)])).map(c, c.at + ".securityContext.readOnlyRootFilesystem: readOnlyRootFilesystem: false may have no effect: ECI documents it as fixed to true; set it to true, and mount an emptyDir where the container writes")]"#,
        }],
        r#"c.context.?readOnlyRootFilesystem.orValue(null) in [dyn(variables.rootFilesystem), dyn(null)] ? [] :
    [JSONPatch{op: "replace", path: at + "/readOnlyRootFilesystem", value: variables.rootFilesystem}]"#,
    ),
    check,
};

fn check(pod: &Pod<'_>, _: &Account, report: &mut Report<'_>) {
    for container in &pod.containers {
        let value = container
            .security_context()
            .and_then(|context| context.read_only_root_filesystem);
        if value.is_none_or(|value| value == READ_ONLY_ROOT_FILESYSTEM) {
            continue;
        }
        let path = container.security_path("readOnlyRootFilesystem");
        let edit = Edit::Set(path.clone(), Scalar::Bool(READ_ONLY_ROOT_FILESYSTEM));
        report
            .find(
                path,
                "readOnlyRootFilesystem: false may have no effect: ECI documents it as fixed to true",
                "set it to true, and mount an emptyDir where the container writes",
            )
            .repaired_by([edit]);
    }
}
