//! Properties of every request. Any JSON gets an answer. The findings depend on the pod alone, and a repair changes
//! nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "support/answer.rs"]
mod answer;
#[path = "support/edits.rs"]
mod edits;
#[path = "support/generate/mod.rs"]
mod generate;

use std::collections::BTreeMap;
use std::iter;

use eci_security_context::fix::Edit;
use eci_security_context::path::{Path, Step};
use eci_security_context::review::Judged;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::Action;
use eci_security_context::{Verdict, kubewarden};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::answer::{annotation, checked};
use crate::edits::{edits, steps, unasked};
use crate::generate::{
    PLACES, Place, REGISTRY, arb_ceiling, arb_damaged_payload, arb_json, arb_pod_spec,
    arb_settings, even, odd, payload, placed,
};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn no_cluster(_: &str) -> Result<String, String> {
    Err("this host has no cluster".to_owned())
}

fn validate(payload: &[u8]) -> Verdict {
    eci_security_context::validate(payload, Some(&no_cluster))
}

fn mutate(payload: &[u8]) -> Verdict {
    eci_security_context::mutate(payload, Some(&no_cluster))
}

/// The settings with a new value for a key.
fn with(settings: &Value, key: &str, value: impl Into<Value>) -> Value {
    let mut settings = settings.clone();
    settings[key] = value.into();
    settings
}

/// The settings with one action for the rules.
fn with_actions<'r>(
    settings: &Value,
    rules: impl IntoIterator<Item = &'r str>,
    action: &str,
) -> Value {
    let mut settings = settings.clone();
    for rule in rules {
        settings["actions"][rule] = action.into();
    }
    settings
}

/// The settings with every fix switched on.
fn fixing(settings: &Value) -> Value {
    let fixable = RULES
        .iter()
        .filter(|rule| rule.fix.is_available())
        .map(|rule| rule.id);
    with_actions(&with(settings, "mutate", "all"), fixable, "fix")
}

/// The parts of a finding that users see.
fn seen(Judged { finding, decision }: &Judged) -> (&str, &str, Action, String, &str) {
    let path = finding.path.to_string();
    (
        finding.rule.id,
        finding.rule.effect.as_str(),
        decision.action,
        path,
        &finding.message,
    )
}

/// The parts of a finding that are unique in an object.
fn identity(Judged { finding, .. }: &Judged) -> (&str, &Path) {
    (finding.rule.id, &finding.path)
}

/// The JSON text with the keys of every object in reversed order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(reversed).collect::<Vec<_>>().join(",")
        ),
        Value::Object(map) => {
            let entries = map.iter().rev();
            let entries: Vec<_> = entries
                .map(|(key, value)| format!("{}:{}", json!(key), reversed(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        value => value.to_string(),
    }
}

fn arb_place() -> impl Strategy<Value = Place> {
    select(&PLACES[..])
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..64)) {
        checked(validate(&bytes));
        checked(mutate(&bytes));
    }

    #[test]
    fn any_json_gets_an_answer(payload in arb_json()) {
        let payload = payload.to_string();
        checked(validate(payload.as_bytes()));
        checked(mutate(payload.as_bytes()));
    }

    #[test]
    fn a_damaged_request_gets_an_answer(payload in arb_damaged_payload()) {
        let payload = payload.to_string();
        checked(validate(payload.as_bytes()));
        checked(mutate(payload.as_bytes()));
    }

    #[test]
    fn a_damaged_text_gets_an_answer(
        template in arb_pod_spec(),
        settings in arb_settings(),
        at in any::<Index>(),
        bytes in vec(any::<u8>(), 0..4),
        cut in any::<bool>(),
    ) {
        let mut payload = payload(&placed(&template, PLACES[0]), &settings);
        let at = at.index(payload.len());
        let end = if cut { payload.len() } else { (at + bytes.len()).min(payload.len()) };
        payload.splice(at..end, bytes);
        checked(validate(&payload));
        checked(mutate(&payload));
    }
}

proptest! {
    #![proptest_config(config(256))]

    /// Only the prefix of the paths differs.
    #[test]
    fn a_pod_and_a_template_get_the_same_findings_and_repairs(template in arb_pod_spec(), settings in arb_settings()) {
        let settings = with(&settings, "mutate", "all");
        let [pod, workloads @ ..] = PLACES.map(|place| (place.2, validate(&payload(&placed(&template, place), &settings))));
        let repaired = |(pointer, verdict): &(&str, Verdict)| {
            let object: Option<Value> = verdict.repaired().map(|text| serde_json::from_str(text).unwrap());
            object.map(|object| ["metadata", "spec"].map(|key| object.pointer(&format!("{pointer}/{key}")).cloned()))
        };
        for workload in workloads {
            let prefix = format!("{}.", workload.0[1..].replace('/', "."));
            let unprefixed = |judged: &Judged| judged.finding.path.to_string().strip_prefix(&prefix).unwrap().to_owned();
            let in_workload: Vec<_> =
                workload.1.findings.iter().map(|finding| (unprefixed(finding), seen(finding))).collect();
            let in_workload: Vec<_> = in_workload
                .iter()
                .map(|(path, (rule, effect, action, _, message))| (*rule, *effect, *action, path.clone(), *message))
                .collect();
            prop_assert_eq!(in_workload, pod.1.findings.iter().map(seen).collect::<Vec<_>>());
            prop_assert_eq!(repaired(&workload), repaired(&pod));
        }
    }

    #[test]
    fn a_fix_changes_its_own_places_only(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
    ) {
        let object = placed(&template, place);
        let verdict = mutate(odd_payload(&object, &fixing(&settings)).as_bytes());
        let edits: Vec<_> = edits(&verdict).map(|edit| (steps(edit.path()), edit)).collect();
        prop_assert_eq!(verdict.mutated_object.is_some(), !edits.is_empty());
        let Some(text) = verdict.repaired() else { return Ok(()) };
        let repaired: Value = serde_json::from_str(&even(text)).unwrap();
        prop_assert_eq!(unasked(&object, &repaired, &[], &edits), Vec::<String>::new());
    }

    #[test]
    fn a_fix_does_what_it_says(template in arb_pod_spec(), settings in arb_settings(), place in arb_place()) {
        let object = placed(&template, place);
        let verdict = mutate(&payload(&object, &fixing(&settings)));
        let Some(text) = verdict.repaired() else { return Ok(()) };
        let repaired: Value = serde_json::from_str(text).unwrap();
        let at = |path: &Path| steps(path).iter().try_fold(&repaired, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().unwrap()),
            value => value.get(step),
        });
        let mut last = BTreeMap::new();
        for edit in edits(&verdict) {
            last.insert(steps(edit.path()), edit);
        }
        for edit in last.into_values() {
            match edit {
                Edit::Set(path, value) => prop_assert_eq!(at(path), Some(&json!(value)), "{}", path),
                Edit::Remove(path) if matches!(path.steps().last(), Some(Step::Field(_))) => {
                    prop_assert_eq!(at(path), None, "{}", path);
                }
                Edit::Remove(_) => {}
            }
        }
    }

    #[test]
    fn a_second_pass_finds_nothing_to_fix(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
        judge in select(vec![validate as fn(&[u8]) -> Verdict, mutate]),
    ) {
        let settings = fixing(&settings);
        let first = judge(odd_payload(&placed(&template, place), &settings).as_bytes());
        let Some(text) = first.repaired() else { return Ok(()) };
        let second = judge(odd_payload(&serde_json::from_str(&even(text)).unwrap(), &settings).as_bytes());
        prop_assert_eq!(second.repaired(), None);
        prop_assert_eq!(second.accepted, first.accepted);
        prop_assert_eq!(edits(&second).count(), 0);
        // After a removal, the same path names the next item.
        let stays = |judged: &&Judged| !judged.finding.edits.iter().any(|edit| {
            matches!(edit, Edit::Remove(path) if matches!(path.steps().last(), Some(Step::Index(_))))
        });
        for fixed in first.findings.iter().filter(|judged| judged.decision.action == Action::Fix).filter(stays) {
            let again = second.findings.iter().find(|finding| identity(finding) == identity(fixed));
            prop_assert!(again.is_none(), "{:?} is found again: {:?}", fixed, again);
        }
    }

    #[test]
    fn a_rule_that_is_off_takes_its_own_findings_only(
        rule in select(RULES),
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
    ) {
        let object = placed(&template, place);
        let all = validate(&payload(&object, &settings)).findings;
        let rest = validate(&payload(&object, &with_actions(&settings, [rule.id], "off"))).findings;
        let others: Vec<_> = all.iter().filter(|judged| judged.finding.rule.id != rule.id).map(seen).collect();
        prop_assert_eq!(rest.iter().map(seen).collect::<Vec<_>>(), others);
    }

    #[test]
    fn the_ceiling_raises_no_action(
        template in arb_pod_spec(),
        settings in arb_settings(),
        ceiling in arb_ceiling(),
        place in arb_place(),
    ) {
        let settings = with(&settings, "mutate", "all");
        let object = placed(&template, place);
        let free = validate(&payload(&object, &with(&settings, "actions", json!({})))).findings;
        for Judged { finding, decision } in &free {
            prop_assert!(decision.action <= finding.rule.action, "{:?} is more than the default", finding);
        }
        let under = validate(&payload(&object, &with(&settings, "actions", json!({"*": ceiling}))));
        for finding in &under.findings {
            let before = free.iter().find(|before| identity(before) == identity(finding)).unwrap();
            let before = before.decision.action;
            prop_assert!(finding.decision.action <= before, "{:?} was {:?}", finding, before);
        }
        if ceiling != "off" {
            prop_assert_eq!(under.findings.len(), free.len());
        }
        if !["deny", "fix"].contains(&ceiling) {
            prop_assert!(under.accepted, "{:?}", under.message);
            prop_assert_eq!(under.repaired(), None);
        }
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
    ) {
        let payload = payload(&placed(&template, place), &settings);
        let answer = || kubewarden::answer(&validate(&payload)).unwrap();
        prop_assert_eq!(answer(), answer());
    }

    #[test]
    fn the_order_of_keys_has_no_effect(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
    ) {
        let payload = payload(&placed(&template, place), &settings);
        let backwards = reversed(&serde_json::from_slice(&payload).unwrap());
        let (one, other) = (validate(&payload), validate(backwards.as_bytes()));
        let sorted = |verdict: &Verdict| {
            let mut findings: Vec<_> = verdict.findings.iter().map(|finding| format!("{:?}", seen(finding))).collect();
            findings.sort();
            findings
        };
        let repaired = |verdict: &Verdict| -> Option<Value> {
            verdict.repaired().map(|text| serde_json::from_str(text).unwrap())
        };
        prop_assert_eq!(sorted(&one), sorted(&other));
        prop_assert_eq!((one.code, repaired(&one)), (other.code, repaired(&other)));
    }

    #[test]
    fn an_exempt_container_is_left_alone(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
    ) {
        let settings = with(&fixing(&settings), "exempt", json!([{"image": format!("{REGISTRY}/**")}]));
        let verdict = mutate(&payload(&placed(&template, place), &settings));
        let in_container = |path: &Path| {
            steps(path).iter().any(|step| ["containers", "initContainers", "ephemeralContainers"].contains(&step.as_str()))
        };
        for finding in verdict.findings.iter().filter(|judged| in_container(&judged.finding.path)) {
            prop_assert_eq!(finding.decision.action, Action::Audit, "{:?}", finding);
        }
        for edit in edits(&verdict) {
            prop_assert!(!in_container(edit.path()), "{:?}", edit);
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_limits_hold_for_any_number_of_findings(
        template in arb_pod_spec(),
        settings in arb_settings(),
        place in arb_place(),
        times in 1_usize..200,
    ) {
        let mut template = template;
        let containers = template["spec"]["containers"].as_array_mut().unwrap();
        *containers = iter::repeat_n(containers.clone(), times).flatten().collect();
        let payload = payload(&placed(&template, place), &settings);
        for verdict in [validate(&payload), mutate(&payload)] {
            let findings = verdict.findings.clone();
            let answer = checked(verdict);
            let Some(annotation) = annotation(&answer) else { return Ok(()) };
            let listed: Vec<Value> = serde_json::from_str(annotation).unwrap();
            let more = listed.last().unwrap().get("more").map(|more| more.as_u64().unwrap() as usize);
            let shown = listed.len() - usize::from(more.is_some());
            let places: usize = findings.iter().map(|judged| judged.finding.places).sum();
            prop_assert!(shown + more.unwrap_or_default() <= places);
            prop_assert_eq!(more.is_none(), shown == findings.len());
            // A shorter finding may follow one that did not fit.
            let mut findings = findings.iter().map(|Judged { finding, decision }| json!({
                "rule": finding.rule.id,
                "action": decision.action.as_str(),
                "effect": finding.rule.effect.as_str(),
                "path": finding.path.to_string(),
                "message": finding.message,
            }));
            for listed in listed.iter().take(shown) {
                prop_assert!(findings.any(|finding| finding == *listed), "not a finding, or out of order: {}", listed);
            }
        }
    }
}

/// The payload with numbers in an unusual notation in its object.
fn odd_payload(object: &Value, settings: &Value) -> String {
    odd(&String::from_utf8(payload(object, settings)).unwrap())
}
