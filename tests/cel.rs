//! The rules in CEL decide as the core does where nothing is repaired.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "support/admission_policy.rs"]
mod admission_policy;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "support/generate/mod.rs"]
mod generate;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use eci_corpus::{Namespace, read_all};
use eci_security_context::policy::parse;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::Judged;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Action;
use eci_security_context::{Verdict, validate};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::admission_policy::{AdmissionPolicy, Findings};
use crate::generate::{PLACES, arb_pod_spec, arb_settings, payload, placed};

/// The rule that stands for those of the annotation: it is stricter, and another rule of the annotation is missing.
const HOST_SYSCTLS: [&str; 2] = ["host-sysctls-unapproved", "host-sysctls-malformed"];

/// The findings of the core that deny or warn, of the rules that are exact in CEL.
fn expected(verdict: &Verdict) -> Findings {
    let exact = |Judged { finding, .. }: &&Judged| finding.rule.cel.is_exact();
    // Nobody reads the warnings of a Pod that a controller owns, so it has none.
    let least = if verdict.warnings.is_empty() {
        Action::Deny
    } else {
        Action::Warn
    };
    let acts = |Judged { decision, .. }: &&Judged| decision.action >= least;
    let found = verdict.findings.iter().filter(exact).filter(acts);
    found
        .map(|Judged { finding, decision }| {
            (
                finding.rule.id,
                decision.action.as_str(),
                finding.path.to_string(),
            )
        })
        .collect()
}

fn denies_host_sysctls(verdict: &Verdict) -> bool {
    verdict.findings.iter().any(|Judged { finding, decision }| {
        decision.action == Action::Deny && HOST_SYSCTLS.contains(&finding.rule.id)
    })
}

/// How a payload is decided.
enum Outcome {
    Same,
    /// The API server refuses the request, because an expression is an error.
    Refused(String),
    /// Only the annotation is judged more strictly.
    Stricter,
}

/// Compares the two on a payload, whose settings have no repairs. Fails where they differ otherwise.
fn compare(
    policy: &AdmissionPolicy,
    payload: &Value,
    namespace: &Value,
    verdict: &Verdict,
) -> Result<Outcome, String> {
    let mut found = match policy.findings(&payload["request"], namespace) {
        Ok(found) => found,
        Err(error) => return Ok(Outcome::Refused(error)),
    };
    let before = found.len();
    let denied_here = found
        .iter()
        .any(|(rule, action, _)| HOST_SYSCTLS.contains(rule) && *action == "deny");
    found.retain(|(rule, ..)| !HOST_SYSCTLS.contains(rule));
    let expected = expected(verdict);
    if found != expected || denies_host_sysctls(verdict) && !denied_here {
        return Err(format!(
            "core {expected:?} {}\ncel  {found:?}",
            denies_host_sysctls(verdict)
        ));
    }
    let is_stricter = before > found.len() && !denies_host_sysctls(verdict);
    Ok(if is_stricter {
        Outcome::Stricter
    } else {
        Outcome::Same
    })
}

#[test]
fn the_cases_of_the_corpus() {
    let mut counts = [0; 3];
    for case in read_all(Path::new("tests/cases")) {
        let text = case.payload_text();
        let Ok(mut payload) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let settings = match &payload["settings"] {
            Value::Null => json!({}),
            written => written.clone(),
        };
        // The API server sends no unusual notation, the policies bind one subresource, and a refused Namespace has no answer here.
        let plain = case.payload.to_string();
        let sub_resource = payload["request"]["subResource"]
            .as_str()
            .unwrap_or_default();
        if parse::settings(&settings.to_string(), true).is_err()
            || !["", "ephemeralcontainers"].contains(&sub_resource)
            || text != plain
            || case.namespace == Namespace::Refused
        {
            continue;
        }
        payload["settings"] = settings;
        payload["settings"]["mutate"] = json!("none");
        let namespace = match &case.namespace {
            Namespace::Labels(labels) => json!({"metadata": {"labels": labels}}),
            _ => json!({"metadata": {}}),
        };
        let ask = |_: &str| Ok(namespace.to_string());
        let verdict = validate(payload.to_string().as_bytes(), Some(&ask));
        if matches!(verdict.code, Some(400 | 422)) {
            let settings = parse::settings(&payload["settings"].to_string(), true).unwrap();
            let policy = AdmissionPolicy::new(&settings);
            let found = policy.findings(&payload["request"], &namespace);
            let is_accepted =
                found.is_ok_and(|found| !found.iter().any(|(_, action, _)| *action == "deny"));
            // The API server gives a Pod its spec, and labels that are texts.
            let never_sent = [
                "requests/pod-without-spec",
                "bypass/label-that-is-no-string",
            ];
            assert_eq!(
                is_accepted,
                never_sent.contains(&case.name.as_str()),
                "{case}"
            );
            continue;
        }
        let settings = parse::settings(&payload["settings"].to_string(), true).unwrap();
        match compare(
            &AdmissionPolicy::new(&settings),
            &payload,
            &namespace,
            &verdict,
        ) {
            Ok(Outcome::Same) => counts[0] += 1,
            Ok(Outcome::Stricter) => counts[1] += 1,
            // The API server sends neither a null in a kind of its own nor an old object of another type.
            Ok(Outcome::Refused(_))
                if text.contains("null")
                    || case.name == "bypass/ephemeral-without-an-old-object" =>
            {
                counts[2] += 1;
            }
            Ok(Outcome::Refused(error)) => panic!("{case}: {error}"),
            // Under a ceiling of fix, a finding that cannot be moved warns.
            Err(_) if case.name == "settings/ceiling-fix" => {}
            // A field that is there, and null below.
            Err(_) if case.name == "field-ignored/empty-values" => {}
            Err(difference) => panic!("{case}:\n{difference}"),
        }
    }
    println!("{counts:?}");
    assert!(
        counts[0] > 300 && counts[1] < 25 && counts[2] < 10,
        "{counts:?}"
    );
}

/// Removes the fields that are null, as the API server does.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}

#[test]
fn generated_requests() {
    let cases: usize = std::env::var("CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(300);
    let default = AdmissionPolicy::new(&Settings::default());
    let mut runner = TestRunner::deterministic();
    let (specs, all_settings) = (arb_pod_spec(), arb_settings());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    // For the API server's evaluator (e2e-tests/cluster/cel).
    let mut written = std::env::var("CEL_CASES").map(|path| File::create(path).unwrap());
    // Compiling the expressions takes longer than judging, so some cases have the same settings.
    let mut own = (json!({}), AdmissionPolicy::new(&Settings::default()));
    for case in 0..cases {
        let template = specs.new_tree(&mut runner).unwrap().current();
        if case % 20 == 1 {
            own.0 = all_settings.new_tree(&mut runner).unwrap().current();
            if let Ok(settings) = parse::settings(&own.0.to_string(), true) {
                own.1 = AdmissionPolicy::new(&settings);
            }
        }
        let (mut settings, policy) = match case % 2 {
            0 => (json!({}), &default),
            _ => (own.0.clone(), &own.1),
        };
        settings["mutate"] = json!("none");
        if settings["actions"]["*"] == "fix" {
            continue;
        }
        let mut object = placed(&template, PLACES[case % PLACES.len()]);
        drop_nulls(&mut object);
        let mut payload: Value = serde_json::from_slice(&payload(&object, &settings)).unwrap();
        payload["settings"] = settings;
        let namespace = json!({"metadata": {}});
        let ask = |_: &str| Ok(namespace.to_string());
        let verdict = validate(payload.to_string().as_bytes(), Some(&ask));
        if matches!(verdict.code, Some(400 | 422)) {
            continue;
        }
        if let Ok(file) = &mut written {
            let exact = |Judged { finding, .. }: &&Judged| finding.rule.cel.is_exact();
            let found = verdict.findings.iter().filter(exact);
            let found = found.map(|Judged { finding, decision }| {
                json!({"rule": finding.rule.id, "action": decision.action.as_str(), "path": finding.path.to_string()})
            });
            let line = json!({
                "settings": payload["settings"],
                "request": payload["request"],
                "findings": found.collect::<Vec<_>>(),
                "warns": !verdict.warnings.is_empty(),
            });
            writeln!(file, "{line}").unwrap();
        }
        let outcome = compare(policy, &payload, &namespace, &verdict);
        let outcome = outcome.unwrap_or_else(|difference| panic!("{payload}\n{difference}"));
        *counts
            .entry(match outcome {
                Outcome::Same => "same",
                Outcome::Stricter => "stricter",
                Outcome::Refused(error) => panic!("{error}: {payload}"),
            })
            .or_default() += 1;
    }
    println!("{counts:?}");
}

#[test]
fn each_rule_that_is_not_exact_says_why() {
    let not_exact: Vec<_> = RULES
        .iter()
        .filter(|rule| !rule.cel.is_exact())
        .map(|rule| rule.id)
        .collect();
    assert_eq!(
        not_exact,
        [
            "sysctl-value",
            "min-free-kbytes",
            "host-sysctls-malformed",
            "host-sysctls-unapproved"
        ]
    );
}
