#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;

use super::*;

/// The only case in a text.
fn case(text: &str) -> Case {
    parse::cases("r", "f", text).unwrap().remove(0)
}

fn answer(findings: &[(&str, &str, &str)]) -> Value {
    let findings: Vec<_> = findings
        .iter()
        .map(|(rule, action, path)| json!({ "rule": rule, "action": action, "path": path }))
        .collect();
    json!({ "accepted": true, "audit_annotations": { "findings": json!(findings).to_string() } })
}

#[test]
fn a_file_has_several_cases() {
    let text = "\
# About this file.
---
#: one
# A remark.
#! settings: {mutate: all}
#! operation: UPDATE
#! subResource: status
#! function: mutate
#! namespaceLabels: {eci: 'true'}
kind: Pod
a: 1 #~ r fix #~ r warn
---
#: old object
kind: Pod
---
#: fixed object
a: 2
---
#: two
#! findings: none
kind: Job
";
    let cases = parse::cases("r", "f.yaml", text).unwrap();
    let names: Vec<_> = cases.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["r/one (f.yaml:3)", "r/two (f.yaml:19)"]);
    let one = cases.first().unwrap();
    let request = &one.payload["request"];
    assert_eq!(one.payload["settings"], json!({ "mutate": "all" }));
    assert_eq!(request["operation"], "UPDATE");
    assert_eq!(request["subResource"], "status");
    assert_eq!(request["object"], json!({ "kind": "Pod", "a": 1 }));
    assert_eq!(request["oldObject"], json!({ "kind": "Pod" }));
    assert_eq!(one.function, "mutate");
    let labels = [("eci".to_owned(), "true".to_owned())];
    assert_eq!(one.namespace, Namespace::Labels(labels.into()));
    assert_eq!(one.fixed, Some(json!({ "a": 2 })));
    let marks: Vec<_> = one.expected().iter().map(ToString::to_string).collect();
    assert_eq!(marks, ["line 11: r fix", "line 11: r warn"]);
    let two = cases.last().unwrap();
    assert_eq!((two.function.as_str(), &two.fixed), ("validate", &None));
    assert_eq!(two.payload["request"]["operation"], "CREATE");
    assert_eq!(two.payload["settings"], json!({}));
    assert_eq!(two.namespace, Namespace::NotAsked);
}

#[test]
fn json_text_is_sent_unchanged() {
    let text = "\
#: a
#! operation: UPDATE
#! finding: r warn a[b c]
|
  {\"kind\": \"Pod\", \"a\": 1, \"a\": 1.50}
---
#: old object
|
  {\"a\": 1e2}
";
    let case = case(text);
    assert_eq!(case.payload["request"]["object"]["a"], 1.5);
    let sent = case.payload_text();
    let object = "\"object\":{\"kind\": \"Pod\", \"a\": 1, \"a\": 1.50}";
    assert!(sent.contains(object), "{sent}");
    assert!(sent.contains("\"oldObject\":{\"a\": 1e2}"), "{sent}");
    case.check(&answer(&[("r", "warn", "a[b c]")])).unwrap();
    let report = case.check(&answer(&[("r", "warn", "a")])).unwrap_err();
    assert!(report.contains("unexpected finding: a: r warn"), "{report}");
    assert!(
        report.contains("missing finding: a[b c]: r warn"),
        "{report}"
    );
}

#[test]
fn the_verdict_follows_from_findings_and_directives() {
    for (text, accepted, code) in [
        ("a: 1 #~ r deny", false, json!(403)),
        ("#! code: 500\na: 1 #~ r deny", false, json!(500)),
        ("#! accepted: true\na: 1 #~ r deny", true, json!(null)),
        ("#! accepted: false\na: 1 #~ r warn", false, json!(403)),
        ("#! findings: none\n#! code: 422\na: 1", false, json!(422)),
        ("a: 1 #~ r fix #~ r warn #~ r audit", true, json!(null)),
    ] {
        let case = case(&format!("#: a\n{text}"));
        let marks = case.expected().iter();
        let found: Vec<_> = marks
            .map(|mark| (&*mark.rule, &*mark.action, "a"))
            .collect();
        let mut answer = answer(&found);
        (answer["accepted"], answer["code"]) = (json!(accepted), code);
        case.check(&answer).unwrap();
        answer["code"] = json!(418);
        assert!(case.check(&answer).is_err(), "{text}");
        answer["accepted"] = json!(!accepted);
        assert!(case.check(&answer).is_err(), "{text}");
    }
}

#[test]
fn every_difference_is_reported() {
    let case = case(
        "---\n#: a\n#! message: x y\n#! warning: b\n#! warnings: 1\na: {b: 1, c: 2} #~ r warn #~ r warn\n",
    );
    let twice = [("r", "warn", "a.b"), ("r", "warn", "a.c")];
    let mut good = answer(&twice);
    (good["message"], good["warnings"]) = (json!("x y z"), json!(["abc"]));
    case.check(&good).unwrap();
    let fails = |key: &str, value: Value, expected: &str| {
        let mut answer = good.clone();
        answer[key] = value;
        let report = case.check(&answer).unwrap_err();
        assert!(report.starts_with("r/a (f:2):\n  "), "{report}");
        assert!(report.contains(expected), "{expected} is not in {report}");
    };
    fails("accepted", json!(false), "`accepted` is false, not true");
    fails("accepted", json!(null), "invalid answer: ");
    fails("code", json!(422), "`code` is 422, not null");
    fails("message", json!(null), "does not contain \"x y\": \"\"");
    fails(
        "message",
        json!("x y ".repeat(2000)),
        "8000 bytes in the message (at most 4096)",
    );
    fails("warnings", json!(["a"]), "no warning contains \"b\"");
    fails("warnings", json!(["b", "c"]), "2 warnings, not 1");
    fails("warnings", json!(vec!["b"; 11]), "11 warnings (at most 10)");
    fails(
        "warnings",
        json!(["b".repeat(257)]),
        "257 characters in a warning (at most 256)",
    );
    fails(
        "warnings",
        json!(["b\n"]),
        "a control character in a warning",
    );
    fails(
        "mutated_object",
        json!({}),
        "but the case has no fixed object",
    );
    let fails = |findings: &[_], expected| {
        fails(
            "audit_annotations",
            answer(findings)["audit_annotations"].take(),
            expected,
        );
    };
    fails(&[], "missing finding: line 6: r warn");
    fails(&twice[..1], "missing finding: line 6: r warn");
    fails(&[twice[0]; 3], "unexpected finding: line 6: r warn a.b");
    fails(
        &[("r", "deny", "a")],
        "unexpected finding: line 6: r deny a",
    );
    fails(
        &vec![twice[0]; 1000],
        "bytes in the annotation `findings` (at most 32768)",
    );
    let mut unreadable = good.clone();
    unreadable["audit_annotations"]["findings"] = json!("[{\"more\":3}]");
    let report = case.check(&unreadable).unwrap_err();
    assert!(
        report.contains("the annotation `findings` is invalid"),
        "{report}"
    );
}

#[test]
fn a_repair_is_compared_with_the_fixed_object() {
    let text = "#: a\na: {b: [1, 2]} #~ r fix\n---\n#: fixed object\na: {b: [1, 3], c: 4}\n";
    let mut case = case(text);
    for (object, expected) in [
        (json!(null), "the object was not repaired"),
        (
            json!({ "a": { "b": [1, 2], "c": 4 } }),
            "/a/b/1 is 2, not 3",
        ),
        (json!({ "a": { "b": [1, 3] } }), "/a/c is missing, not 4"),
        (
            json!({ "a": { "b": [1, 3], "c": 4, "d": null } }),
            "/a/d is null, not missing",
        ),
        (
            json!({ "a": { "b": [1], "c": 4 } }),
            "/a/b is [1], not [1,3]",
        ),
    ] {
        let mut answer = answer(&[("r", "fix", "a")]);
        answer["mutated_object"] = object;
        assert_eq!(
            case.check(&answer),
            Err(format!("r/a (f:1):\n  {expected}"))
        );
        answer["mutated_object"] = case.fixed.clone().unwrap();
        case.check(&answer).unwrap();
    }
    // The `mutate` function may repair an object without a fix of the default settings.
    (case.fixed, case.function) = (None, "mutate".to_owned());
    let mut answer = answer(&[("r", "fix", "a")]);
    answer["mutated_object"] = json!({ "a": 1 });
    case.check(&answer).unwrap();
}

/// Texts, in which ` / ` is a line break, and their errors.
const MALFORMED: &str = "\
a: 1 => 1: expected `#: NAME`, `#: old object` or `#: fixed object` above it
#: a / a: 1 #~ r warn / --- / # b / a: 1 => 5: expected `#: NAME`
#: / a: 1 => 1: the name of a case is in kebab-case
#: A / a: 1 => 1: the name of a case is in kebab-case
#: a / #: b / a: 1 => 2: `#:` begins a document: put `---` above it
#: a / a: 1 #~ r warn / #: b / b: 1 => 3: `#:` begins a document
#: a / #! findings: none => 1: `a` is not one object
#: a / a: 1 / a: 2 => 3: column 1: the key `a` is already set in this mapping
#: a / #! findings: none / | /   { => 4: invalid JSON:
#: a / #! colour: red / a: 1 => 2: unknown field `colour`, expected one of
#: a / # x / #! code: -1 / a: 1 => 3: invalid value: integer `-1`
#: a / #! function: test / a: 1 => 2: unknown variant `test`
#: a / #! namespaceLabels: {eci: true} / a: 1 => 2:
#: a / #! code / a: 1 => 2: a directive is `#! KEY: VALUE`
#: a / #! code: [ / a: 1 => 2:
#: a / #! code: 1 / #! code: 2 / a: 1 => 3: `code` is already set
#: a / a: 1 #~ r warn / #! code: 403 => 3: a directive is above the object
#: a / #! finding: r deny / a: 1 => 2: a finding is `RULE ACTION PATH`
#: a / #! finding: r forbid a / a: 1 => 2: unknown action `forbid`
#: a / #! finding: r deny a / a: 1 => 1: `finding` is for an object that is given as JSON
#: a / a: 1 #~ r forbid => 2: unknown action `forbid` (known: deny, fix, warn, audit)
#: a / a: 1 #~ r warn why => 2: a mark is `#~ RULE ACTION`
#: a / a: 1 #~ r warn #~ => 2: a mark is `#~ RULE ACTION`
#: a / a: 1#~ r warn => 2: a mark is a comment at the end of a line
#: a / a: /   #~ r warn /   b: 1 => 3: a mark is a comment at the end of a line
#: a / a: 1 => 1: a case has findings or `#! findings: none`
#: a / #! findings: none / a: 1 #~ r warn => 1: a case has findings or
#: a / #! accepted: true / #! code: 4 / a: 1 #~ r warn => 1: an accepted request has no code
#: old object / a: 1 => 1: `old object` has no case above it
#: a / a: 1 #~ r warn / --- / #: old object / a: 2 => 4: an old object needs `#! operation`
#: a / a: 1 #~ r fix / --- / #: fixed object / a: 2 #~ r fix => 4: `fixed object` has
#: a / a: 1 #~ r fix / --- / #: fixed object / a: 2 / --- / #: fixed object / a: 2 => 7: `fixed object`
";

#[test]
fn malformed_cases_are_refused_with_their_line() {
    for (text, expected) in MALFORMED
        .lines()
        .map(|line| line.split_once(" => ").unwrap())
    {
        let problem = parse::cases("r", "f", &text.replace(" / ", "\n")).unwrap_err();
        assert!(
            problem.starts_with(&format!("f:{expected}")),
            "{text}: {problem}"
        );
    }
}

#[test]
fn a_corpus_is_read_from_its_files() {
    let dir = std::env::temp_dir().join(format!("eci-corpus-{}", std::process::id()));
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "b.yaml",
        "#: two\na: 1 #~ b warn\n---\n#: one\na: 1 #~ b warn\n",
    );
    write("a/x.yaml", "#: one\na: 1 #~ a fix\n");
    write("a/y.yaml", "#: two\na: 1 #~ a fix\n");
    let cases = read_all(&dir);
    let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["a/one", "a/two", "b/one", "b/two"]);
    for (path, expected) in [
        ("a/z.yaml", "z.yaml:1: duplicate case a/one ("),
        ("a/z.yml", "z.yml: expected a .yaml file with cases"),
        ("a/deep/z.yaml", "deep: expected a .yaml file with cases"),
    ] {
        write(path, "#: one\na: 1 #~ b warn\n");
        let problem = try_read_all(&dir).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
        fs::remove_file(dir.join(path)).unwrap();
    }
    fs::remove_dir_all(&dir).unwrap();
    assert!(try_read_all(&dir).is_err());
}
