//! The repairs in CEL, for the MutatingAdmissionPolicies of Kubernetes 1.36 and newer.

use crate::policy::settings::{Mutate, Settings};
use crate::rules::RULES;
use crate::rules::rule::{Action, Cel};

use super::validation::{IS_JOB_UPDATE, action};

/// Whether a request is one whose object is repaired.
const IS_REPAIRED: &str = r#"variables.certainty == 2 && !variables.isUnchanged && !variables.isWindows &&
(variables.at == "" ? request.operation == "CREATE" || variables.isDebugged : !variables.isOwned)"#;

/// Returns an expression for the repairs: a list of `JSONPatch`. `None` where the settings repair nothing that CEL can repair.
pub fn repairs(settings: &Settings) -> Option<String> {
    let repairs: Vec<_> = RULES
        .iter()
        .filter(|rule| action(rule, settings) == Action::Fix)
        .filter_map(|rule| match rule.cel {
            Cel::Repaired(_, repair) => Some(repair),
            _ => None,
        })
        .collect();
    let also = match settings.mutate {
        Mutate::None => return None,
        Mutate::Pods => r#"variables.at == """#.to_owned(),
        Mutate::All => format!("!({IS_JOB_UPDATE})"),
    };
    (!repairs.is_empty()).then(|| {
        format!(
            "!({IS_REPAIRED} && {also}) ? [] :
variables.containers.map(c, [\"/\" + c.at.replace(\".\", \"/\").replace(\"[\", \"/\").replace(\"]\", \"\") + \"/securityContext\"].map(at,
  ({})).flatten()).flatten()",
            repairs.join(") +\n  (")
        )
    })
}
