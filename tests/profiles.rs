//! The profiles grant privileged mode as section 2 of the specification says, also the one that settings cannot choose.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use eci_security_context::eci::profile::{self, Profile};
use eci_security_context::json;
use eci_security_context::pod::object::Object;
use eci_security_context::pod::template::Location;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::read::Read;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Report};

/// The findings of a privileged main container and a privileged init container that add SYS_ADMIN: path, default
/// action, message and help.
fn privileged_by(
    profile: &'static Profile,
    is_approved: bool,
) -> Vec<(String, Action, String, String)> {
    let container = r#"{"name":"a","securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}}"#;
    let text =
        format!(r#"{{"spec":{{"containers":[{container}],"initContainers":[{container}]}}}}"#);
    let mut settings = Settings::default();
    settings.account.profile = profile;
    settings.account.approved.privileged = is_approved;
    let object: Object<'_> = json::read(&text).unwrap();
    let pod = Read::of_whole(&object, Location::Pod).unwrap();
    let pod = pod.pod(&settings).unwrap();
    let findings = Report::of(RULES, &pod, &settings.account).into_iter();
    findings
        .filter(|found| ["privileged", "capability-unsupported"].contains(&found.rule.id))
        .map(|found| {
            let path = found.path.to_string().replace(".securityContext", "");
            (
                path,
                found.default,
                found.message.into_owned(),
                found.help.into_owned(),
            )
        })
        .collect()
}

#[test]
fn privileged_mode_is_as_the_profile_grants_it() {
    let [old, new] = ["2024-02-26", "2026-04-01"].map(|name| {
        let mut profiles = profile::PROFILES.iter();
        *profiles.find(|profile| profile.name == name).unwrap()
    });
    let says = |profile, is_approved, list: &str| -> Option<(String, String)> {
        let path = format!("spec.{list}[0].privileged");
        let mut findings = privileged_by(profile, is_approved).into_iter();
        findings
            .find(|found| found.0 == path)
            .map(|found| (found.2, found.3))
    };
    // Section 2 of the specification: profile, approval, list, and the message where it is denied.
    let by_ticket = "privileged: true is not allowed on ECI without Alibaba Cloud's approval";
    let never_init = "privileged: true is not supported on init containers";
    let unsupported = "privileged: true is not supported in profile 2024-02-26";
    for (profile, is_approved, list, message) in [
        (old, false, "containers", Some(unsupported)),
        (old, true, "initContainers", Some(unsupported)),
        (new, false, "initContainers", Some(by_ticket)),
        (new, true, "containers", None),
        (new, true, "initContainers", None),
        (&profile::OPENAPI, false, "containers", Some(by_ticket)),
        (&profile::OPENAPI, true, "containers", None),
        (&profile::OPENAPI, false, "initContainers", Some(never_init)),
        (&profile::OPENAPI, true, "initContainers", Some(never_init)),
    ] {
        let found = says(profile, is_approved, list);
        let (name, says) = (profile.name, found.as_ref().map(|found| found.0.as_str()));
        assert_eq!(says, message, "{name} {is_approved} {list}");
        if let Some((message, help)) = found {
            // The way out: an approval where there is one, and the annotation where the profile has it.
            assert_eq!(
                help.contains("approved.privileged"),
                message == by_ticket,
                "{name}: {help}"
            );
            let has_annotation = message == by_ticket && profile.host_sysctls;
            assert_eq!(
                help.contains("eci-host-sysctls"),
                has_annotation,
                "{name}: {help}"
            );
        }
    }
    // An approved privileged container has every capability: what it adds is a warning only.
    let adds = |list: &str| {
        let path = format!("spec.{list}[0].capabilities.add[0]");
        let mut findings = privileged_by(&profile::OPENAPI, true).into_iter();
        findings.find(|found| found.0 == path).unwrap().1
    };
    assert_eq!(
        (adds("containers"), adds("initContainers")),
        (Action::Warn, Action::Deny)
    );
}
