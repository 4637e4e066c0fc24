//! The catalogue against the specification, the files beside it, and the corpus.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use eci_corpus::{Case, read_all};
use eci_manifest::{RequestOptions, admission_request, documents};
use eci_security_context::review::Judged;
use eci_security_context::rules::RULES;
use eci_security_context::rules::rule::{Action, Effect, Fix as FixAvailability, Rule};
use eci_security_context::{Verdict, mutate, validate};
use serde_json::{Value, json};

use Action::{Deny, Fix, Warn};
use Effect::{Ignored, Lost, Overridden, Refused};

/// A row of the table of `docs/specification.md`, section 5.
struct Row {
    id: String,
    effect: String,
    /// The default action, and those of special cases.
    actions: Vec<Action>,
    has_fix: bool,
}

fn table() -> Vec<Row> {
    let page = fs::read_to_string(root("docs/specification.md")).unwrap();
    let table = page
        .split("| rule | finds | path | effect | default | fix |")
        .nth(1);
    let lines = table
        .unwrap_or_else(|| panic!("docs/specification.md has no table of the rules"))
        .lines()
        .skip(2);
    let rows = lines.take_while(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, _, _, effect, default, fix] = cells[..] else {
            panic!("not a row of six cells: {line}")
        };
        let is_named = |action: &Action| {
            default
                .split(|c: char| !c.is_ascii_lowercase())
                .any(|word| word == action.as_str())
        };
        let mut actions: Vec<Action> = Action::ALL.into_iter().filter(is_named).collect();
        actions.sort_by_key(|action| default.find(action.as_str()));
        Row {
            id: id.trim_matches('`').to_owned(),
            effect: effect.to_owned(),
            actions,
            has_fix: fix != "–",
        }
    })
    .collect()
}

/// The groups of cases that are not about one rule.
const OTHER_GROUPS: [&str; 4] = ["bypass", "requests", "scope", "settings"];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn names_in(path: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn no_cluster(_: &str) -> Result<String, String> {
    Err("this host has no cluster".to_owned())
}

fn cases() -> Vec<Case> {
    read_all(&root("tests/cases"))
}

#[test]
fn rules_are_those_of_the_specification_in_its_order() {
    let rules: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    let rows: Vec<_> = table().into_iter().map(|row| row.id).collect();
    for row in &rows {
        assert!(
            rules.contains(&row.as_str()),
            "docs/specification.md, section 5, has a rule {row} that src/rules/mod.rs has not: \
             run `cargo xtask new-rule {row}`"
        );
    }
    assert_eq!(
        rules, rows,
        "RULES in src/rules/mod.rs against the table of docs/specification.md, section 5"
    );
    for (
        rule,
        Row {
            id,
            effect,
            actions,
            has_fix,
        },
    ) in RULES.iter().zip(table())
    {
        let differs = format!(
            "src/rules/{} against its row in docs/specification.md, section 5",
            id.replace('-', "_") + ".rs"
        );
        assert_eq!(rule.effect.as_str(), effect, "the effect of {differs}");
        assert_eq!(rule.action, actions[0], "the default action of {differs}");
        assert_eq!(rule.fix.is_available(), has_fix, "the fix of {differs}");
    }
}

#[test]
fn effects_give_the_default_actions_of_the_specification() {
    for Rule {
        id,
        effect,
        action,
        fix,
        ..
    } in RULES
    {
        let allowed: &[Action] = match effect {
            Refused => &[Deny, Fix],
            Lost => &[Fix],
            Overridden | Ignored => &[Warn],
        };
        assert!(allowed.contains(action), "{id}: {action:?} for {effect:?}");
        assert!(
            *action != Fix || fix.is_available(),
            "{id}: the default is a fix that it does not have"
        );
    }
}

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len(), "an id is used twice");
    assert_eq!(
        format!("{:?}", RULES[0]),
        RULES[0].id,
        "a rule prints its id"
    );
    for id in ids {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(id.split('-').all(is_word), "{id} is not in kebab-case");
    }
}

#[test]
fn every_rule_has_its_file_and_its_documentation() {
    let files = RULES
        .iter()
        .flat_map(|rule| ["rs", "md"].map(|kind| format!("{}.{kind}", rule.id.replace('-', "_"))));
    let files: BTreeSet<_> = files
        .chain(["mod.rs", "rule.rs"].map(str::to_owned))
        .collect();
    assert_eq!(names_in("src/rules"), files);
    for rule in RULES {
        let file = format!("src/rules/{}.md", rule.id.replace('-', "_"));
        assert!(
            fs::read_to_string(root(&file)).unwrap() == rule.docs,
            "{} does not have the text of {file}",
            rule.id
        );
    }
}

#[test]
fn nothing_is_left_to_do() {
    let cases = RULES
        .iter()
        .map(|rule| format!("tests/cases/{}.yaml", rule.id));
    let files = names_in("src/rules").into_iter();
    for file in files.map(|name| format!("src/rules/{name}")).chain(cases) {
        let text = fs::read_to_string(root(&file)).unwrap_or_default();
        assert!(!text.contains("TODO"), "{file} still has a TODO");
    }
}

#[test]
fn every_rule_has_its_cases() {
    let groups: BTreeSet<_> = RULES
        .iter()
        .map(|rule| rule.id)
        .chain(OTHER_GROUPS)
        .map(str::to_owned)
        .collect();
    let found: BTreeSet<_> = cases().into_iter().map(|case| case.rule).collect();
    assert_eq!(found, groups);
}

#[test]
fn cases_show_each_default_action_and_a_pod_that_is_fine() {
    let cases = cases();
    for Row { id, actions, .. } in table() {
        let id = id.as_str();
        let actions = &actions;
        let of_rule = || cases.iter().filter(|case| case.rule == id);
        let is_fine = |case: &Case| {
            case.expected()
                .iter()
                .all(|mark| mark.rule != id && mark.action != "deny")
        };
        assert!(
            of_rule().any(is_fine),
            "no case in tests/cases/{id} is accepted without a finding of the rule: add one"
        );
        let by_default = |case: &&Case| {
            let settings = &case.payload["settings"];
            settings["actions"]
                .get(id)
                .or_else(|| settings["actions"].get("*"))
                .is_none()
        };
        for action in actions {
            let shown = of_rule()
                .filter(by_default)
                .flat_map(Case::expected)
                .any(|mark| mark.rule == id && mark.action == action.as_str());
            assert!(
                shown,
                "no case in tests/cases/{id} shows the default action {}: add one",
                action.as_str()
            );
        }
    }
}

#[test]
fn summaries_are_one_line_in_lower_case() {
    for Rule {
        id, summary, fix, ..
    } in RULES
    {
        for line in [Some(*summary), fix.done()].into_iter().flatten() {
            assert!(
                line.starts_with(|c: char| c.is_lowercase() || c == '`'),
                "{id} begins in upper case: {line}"
            );
            assert!(!line.ends_with('.'), "{id} ends in a full stop: {line}");
            assert!(!line.contains('\n'), "{id} breaks the line: {line}");
        }
        assert!(
            summary.chars().count() <= 110,
            "{id} is longer than 110 characters: {summary}"
        );
    }
}

#[test]
fn rules_are_no_younger_than_the_package() {
    let version =
        |text: &str| -> Vec<u64> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    for Rule { id, since, .. } in RULES {
        assert_eq!(version(since).len(), 3, "{id} is since {since}");
        assert!(
            version(since) <= version(env!("CARGO_PKG_VERSION")),
            "{id} is since {since}"
        );
    }
}

#[test]
fn findings_have_fixes_as_their_rule_says() {
    let cases = cases();
    for rule in RULES {
        let judged: Vec<Judged> = cases
            .iter()
            .flat_map(|case| validate(case.payload_text().as_bytes(), Some(&no_cluster)).findings)
            .filter(|judged| judged.finding.rule.id == rule.id)
            .collect();
        let has_edits = |judged: &Judged| !judged.finding.edits.is_empty();
        let (some, all) = (judged.iter().any(has_edits), judged.iter().all(has_edits));
        match rule.fix {
            FixAvailability::Never => assert!(!some, "{}: a finding has a repair", rule.id),
            FixAvailability::Sometimes { .. } => {
                assert!(some && !all, "{}: no findings of both kinds", rule.id)
            }
            FixAvailability::Always { .. } => {
                assert!(some && all, "{}: a finding has no repair", rule.id)
            }
        }
        let is_shown = judged.iter().any(|judged| judged.decision.action == Fix);
        assert_eq!(
            is_shown,
            rule.fix.is_available(),
            "{}: tests/cases need a case with action fix",
            rule.id
        );
    }
}

#[test]
fn messages_and_help_are_one_line_without_a_full_stop() {
    for case in cases() {
        let payload = case.payload_text();
        for judge in [validate, mutate] {
            for Judged { finding, .. } in judge(payload.as_bytes(), Some(&no_cluster)).findings {
                for clause in [&finding.message, &finding.help] {
                    let at = format!("{case}: {}: {clause:?}", finding.rule.id);
                    assert!(!clause.is_empty(), "{at} is empty");
                    assert!(!clause.ends_with('.'), "{at} ends in a full stop");
                    assert!(!clause.contains(char::is_control), "{at} is not one line");
                    assert_eq!(clause.trim(), clause, "{at} has blanks around it");
                }
            }
        }
    }
}

/// The manifests of a rule's documentation that are marked with `kind`.
fn manifests<'r>(rule: &'r Rule, kind: &str) -> Vec<&'r str> {
    let fence = format!("```yaml {kind}\n");
    rule.docs
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect()
}

fn judged(manifest: &str) -> Vec<Verdict> {
    let settings = manifest
        .lines()
        .find_map(|line| line.strip_prefix("# settings: "))
        .unwrap_or("{}");
    let settings = documents(settings)
        .unwrap()
        .into_iter()
        .next()
        .map_or_else(|| json!({}), |document| document.value());
    let objects = documents(manifest).unwrap();
    assert!(!objects.is_empty(), "no object in {manifest}");
    let verdict = |object: &Value| {
        let request = admission_request(object, &RequestOptions::default());
        let payload = json!({"request": request, "settings": settings}).to_string();
        validate(payload.as_bytes(), Some(&no_cluster))
    };
    objects
        .iter()
        .map(|object| verdict(&object.value()))
        .collect()
}

#[test]
fn documentation_has_the_reason_and_the_fix() {
    for Rule { id, docs, .. } in RULES {
        for heading in ["**Why.**", "**The way out.**"] {
            assert_eq!(docs.matches(heading).count(), 1, "{id}: {heading}");
        }
        let fences: Vec<_> = docs
            .lines()
            .filter(|line| line.starts_with("```") && *line != "```")
            .collect();
        assert!(
            fences
                .iter()
                .all(|fence| ["```yaml bad", "```yaml good"].contains(fence)),
            "{id}: {fences:?}"
        );
    }
}

#[test]
fn bad_manifests_of_the_documentation_are_found() {
    for rule in RULES {
        let manifests = manifests(rule, "bad");
        assert!(!manifests.is_empty(), "{} has no bad manifest", rule.id);
        for manifest in manifests {
            for verdict in judged(manifest) {
                let found = verdict
                    .findings
                    .iter()
                    .any(|finding| finding.finding.rule.id == rule.id);
                assert!(
                    found,
                    "{} does not find it ({:?}):\n{manifest}",
                    rule.id, verdict.message
                );
            }
        }
    }
}

#[test]
fn good_manifests_of_the_documentation_are_accepted() {
    for rule in RULES {
        let manifests = manifests(rule, "good");
        assert!(!manifests.is_empty(), "{} has no good manifest", rule.id);
        for manifest in manifests {
            for verdict in judged(manifest) {
                assert!(
                    verdict.accepted,
                    "{}: {:?}:\n{manifest}",
                    rule.id, verdict.message
                );
                let found = verdict
                    .findings
                    .iter()
                    .find(|finding| finding.finding.rule.id == rule.id);
                assert!(
                    found.is_none(),
                    "{} finds it: {found:?}:\n{manifest}",
                    rule.id
                );
            }
        }
    }
}

/// The policy accepts any pod that is not on ECI.
#[test]
fn good_manifests_of_the_documentation_are_pods_on_eci() {
    for rule in RULES {
        for manifest in manifests(rule, "good") {
            assert!(
                manifest.contains(r#"alibabacloud.com/eci: "true""#),
                "{}:\n{manifest}",
                rule.id
            );
        }
    }
}
