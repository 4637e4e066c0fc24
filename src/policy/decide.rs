//! The one place that turns a finding into a decision.

use crate::policy::scope::Certainty;
use crate::policy::settings::{Mutate, Settings};
use crate::rules::rule::Finding;
use crate::rules::rule::{Action, Effect};

/// Why nothing is said about a pod for Windows.
pub const WINDOWS: &str = "spec.os.name: windows: eci-security-context knows ECI's rules for Linux pods only; nothing was checked";

/// The action on a finding, and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: Action,
    /// The reason for it.
    pub why: Why,
}

/// The reason for an action: the last condition that changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The default of the rule, or of this finding.
    Default,
    /// The settings name the action of the rule.
    Setting,
    /// The settings name `fix`, and this finding has no repair.
    NoRepair,
    /// The ceiling of the settings.
    Ceiling,
    /// The container is exempt.
    Exempt,
    /// A controller owns the object.
    Owned,
    /// The pod template did not change.
    TemplateUnchanged,
    /// The pod may run on ECI, and may not.
    OnlyPossible,
    /// The template of a Job cannot change.
    JobTemplate,
    /// The pod is repaired when it is created.
    RepairedAtPodCreation,
    /// The settings turn repairs off.
    MutationOff,
    /// A pod that exists cannot be repaired.
    PodUpdate,
}

/// The facts about a request and its object on which decisions depend.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// How sure it is that the pod runs on ECI.
    pub certainty: Certainty,
    /// True if the object is a Pod, false if it makes pods.
    pub is_pod: bool,
    /// True if a controller owns the object.
    pub is_owned: bool,
    /// True if the pod template is the one of the old object.
    pub is_template_unchanged: bool,
    /// True for the UPDATE of a Job.
    pub is_job_update: bool,
    /// True for the UPDATE of a pod behind scheduling gates.
    pub is_pod_update: bool,
}

impl Situation {
    /// The creation of a Pod without an owner, which certainly runs on ECI.
    pub const CREATED: Self = Self {
        certainty: Certainty::Certain,
        is_pod: true,
        is_owned: false,
        is_template_unchanged: false,
        is_job_update: false,
        is_pod_update: false,
    };
}

/// Decides about a finding, in the order of `docs/specification.md`, section 6.
pub fn decide(finding: &Finding, settings: &Settings, situation: &Situation) -> Decision {
    let mut decision = asked(finding, settings);
    let mut lower = |applies: bool, action: Action, why: Why| {
        if applies && decision.action > action {
            decision = Decision { action, why };
        }
    };
    lower(finding.exempt, Action::Audit, Why::Exempt);
    lower(
        situation.is_owned && !situation.is_pod,
        Action::Audit,
        Why::Owned,
    );
    lower(
        situation.is_template_unchanged,
        Action::Warn,
        Why::TemplateUnchanged,
    );
    lower(
        situation.certainty < Certainty::Certain,
        Action::Warn,
        Why::OnlyPossible,
    );
    if decision.action != Action::Fix {
        return decision;
    }
    let without_repair = if finding.rule.effect == Effect::Refused {
        Action::Deny
    } else {
        Action::Warn
    };
    if situation.is_job_update {
        Decision {
            action: Action::Warn,
            why: Why::JobTemplate,
        }
    } else if situation.is_pod_update {
        Decision {
            action: without_repair,
            why: Why::PodUpdate,
        }
    } else if settings.mutate == Mutate::None {
        Decision {
            action: without_repair,
            why: Why::MutationOff,
        }
    } else if settings.mutate == Mutate::Pods && !situation.is_pod {
        Decision {
            action: Action::Warn,
            why: Why::RepairedAtPodCreation,
        }
    } else {
        decision
    }
}

/// Returns the action that the settings ask for, whatever the request is.
pub fn asked(finding: &Finding, settings: &Settings) -> Decision {
    let has_repair = !finding.edits.is_empty();
    match settings.named_action(finding.rule) {
        Some(Action::Fix) if !has_repair => Decision {
            action: Action::Deny,
            why: Why::NoRepair,
        },
        Some(action) => Decision {
            action,
            why: Why::Setting,
        },
        None if finding.default <= settings.ceiling => Decision {
            action: finding.default,
            why: Why::Default,
        },
        None if settings.ceiling == Action::Fix && !has_repair => Decision {
            action: Action::Warn,
            why: Why::Ceiling,
        },
        None => Decision {
            action: settings.ceiling,
            why: Why::Ceiling,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::Edit;
    use crate::path::Path;
    use crate::rules::RULES;

    const CREATED: Situation = Situation::CREATED;

    fn finding(rule: &str) -> Finding {
        let rule = RULES.iter().find(|found| found.id == rule).unwrap();
        let edits = rule
            .fix
            .is_available()
            .then(|| Edit::Remove(Path::default()));
        Finding {
            rule,
            default: rule.action,
            path: Path::default(),
            message: "".into(),
            help: "".into(),
            edits: edits.into_iter().collect(),
            exempt: false,
            places: 1,
        }
    }

    fn decided(rule: &str, settings: &str, situation: Situation) -> (Action, Why) {
        let settings = crate::policy::parse::settings(settings, true).unwrap();
        let Decision { action, why } = decide(&finding(rule), &settings, &situation);
        (action, why)
    }

    #[test]
    fn settings_replace_the_default_and_the_ceiling_lowers_it() {
        assert_eq!(
            decided("privileged", "{}", CREATED),
            (Action::Deny, Why::Default)
        );
        assert_eq!(
            decided("privileged", r#"{"actions":{"*":"warn"}}"#, CREATED),
            (Action::Warn, Why::Ceiling)
        );
        assert_eq!(
            decided("host-path", r#"{"actions":{"*":"fix"}}"#, CREATED),
            (Action::Warn, Why::Ceiling)
        );
        assert_eq!(
            decided(
                "proc-mount",
                r#"{"actions":{"*":"audit","proc-mount":"fix"}}"#,
                CREATED
            ),
            (Action::Fix, Why::Setting)
        );
        let mut unrepaired = finding("proc-mount");
        unrepaired.edits.clear();
        let settings =
            crate::policy::parse::settings(r#"{"actions":{"proc-mount":"fix"}}"#, true).unwrap();
        let decision = decide(&unrepaired, &settings, &CREATED);
        assert_eq!(
            decision,
            Decision {
                action: Action::Deny,
                why: Why::NoRepair
            }
        );
    }

    #[test]
    fn situations_lower_what_is_stronger() {
        let owned = Situation {
            is_owned: true,
            is_pod: false,
            ..CREATED
        };
        assert_eq!(
            decided("privileged", "{}", owned),
            (Action::Audit, Why::Owned)
        );
        let owned_pod = Situation {
            is_owned: true,
            ..CREATED
        };
        assert_eq!(
            decided("privileged", "{}", owned_pod),
            (Action::Deny, Why::Default)
        );
        let unchanged = Situation {
            is_template_unchanged: true,
            is_pod: false,
            ..CREATED
        };
        assert_eq!(
            decided("privileged", "{}", unchanged),
            (Action::Warn, Why::TemplateUnchanged)
        );
        assert_eq!(
            decided("root-filesystem", "{}", unchanged),
            (Action::Warn, Why::Default)
        );
        let possible = Situation {
            certainty: Certainty::Possible,
            ..CREATED
        };
        assert_eq!(
            decided("capability-name", "{}", possible),
            (Action::Warn, Why::OnlyPossible)
        );
    }

    #[test]
    fn what_is_not_repaired_is_warned_about_or_denied() {
        let workload = Situation {
            is_pod: false,
            ..CREATED
        };
        assert_eq!(
            decided("pod-identity", "{}", workload),
            (Action::Warn, Why::RepairedAtPodCreation)
        );
        assert_eq!(
            decided("pod-identity", r#"{"mutate":"all"}"#, workload),
            (Action::Fix, Why::Default)
        );
        let none = r#"{"mutate":"none"}"#;
        assert_eq!(
            decided("capability-name", none, CREATED),
            (Action::Deny, Why::MutationOff)
        );
        assert_eq!(
            decided("pod-identity", none, CREATED),
            (Action::Warn, Why::MutationOff)
        );
        let job = Situation {
            is_job_update: true,
            is_pod: false,
            ..CREATED
        };
        assert_eq!(
            decided("capability-name", r#"{"mutate":"all"}"#, job),
            (Action::Warn, Why::JobTemplate)
        );
        let gated = Situation {
            is_pod_update: true,
            ..CREATED
        };
        assert_eq!(
            decided("capability-name", "{}", gated),
            (Action::Deny, Why::PodUpdate)
        );
        assert_eq!(
            decided("pod-identity", "{}", gated),
            (Action::Warn, Why::PodUpdate)
        );
    }
}
