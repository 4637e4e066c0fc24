//! The rules and the profiles by name.

use eci_security_context::eci::profile::{self, OPENAPI, PROFILES, Profile};
use eci_security_context::policy::settings::LATEST;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Rule;
use eci_security_context::text::nearest;

/// Returns the rule of this name. The error is a hint at the right one.
pub fn rule_of(id: &str) -> Result<&'static Rule, String> {
    let rule = RULES.iter().find(|rule| rule.id == id);
    rule.copied().ok_or_else(|| {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        match nearest(id, &ids) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`eci-policy explain` lists the rules".to_owned(),
        }
    })
}

/// Returns the profile of this name. The error is for people to read.
pub fn profile_of(name: &str) -> Result<&'static Profile, String> {
    let known = PROFILES
        .iter()
        .copied()
        .find(|profile| profile.name == name);
    known
        .or_else(|| (name == LATEST).then(profile::latest))
        .ok_or_else(|| {
            if name == OPENAPI.name {
                return format!(
                    "the profile {name} is always used for requests to ECI's API; remove --profile"
                );
            }
            let names: Vec<_> = PROFILES
                .iter()
                .map(|profile| profile.name)
                .chain([LATEST])
                .collect();
            format!(
                "there is no profile {name:?}; there are {}",
                names.join(", ")
            )
        })
}
