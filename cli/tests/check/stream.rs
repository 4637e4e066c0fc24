//! The objects of a cluster, as `kubectl get` prints them: one list of any length, with Pods that controllers own.

use crate::position::index;
use crate::support::{DENIED, Folder, Ran, findings, problems, summaries};
use serde_json::{Value, json};

/// A list of items, as `kubectl get -o yaml` prints it.
fn list(items: &[String]) -> String {
    let items: String = items
        .iter()
        .map(|item| format!("- {}\n", item.trim_end().replace('\n', "\n  ")))
        .collect();
    format!("apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}

/// The same list, as `kubectl get -o json` prints it.
fn as_json(list: &str) -> String {
    let documents = eci_manifest::documents(list).unwrap();
    let items: Vec<_> = documents.iter().map(|document| document.value()).collect();
    let list = json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}});
    serde_json::to_string_pretty(&list)
        .unwrap()
        .replace("  ", "    ")
}

const ECI: &str = "alibabacloud.com/eci: \"true\"";

fn object(head: &str, metadata: &str, spec: &str) -> String {
    format!("{head}\nmetadata:\n{metadata}spec:\n{spec}")
}

/// A Pod on ECI in a Namespace with this line in its specification; the kind of the controller that owns it may be empty.
fn pod(namespace: &str, name: &str, owner: &str, line: &str) -> String {
    let owner = match owner {
        "" => String::new(),
        kind => format!(
            "  ownerReferences:\n  - {{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: a, controller: true}}\n"
        ),
    };
    object(
        "apiVersion: v1\nkind: Pod",
        &format!("  labels: {{{ECI}}}\n  name: {name}\n  namespace: {namespace}\n{owner}"),
        &format!("  containers:\n  - image: nginx\n    name: web\n  {line}\n"),
    )
}

fn deployment(namespace: &str, name: &str, line: &str) -> String {
    object(
        "apiVersion: apps/v1\nkind: Deployment",
        &format!("  name: {name}\n  namespace: {namespace}\n"),
        &format!(
            "  template:\n    metadata: {{labels: {{{ECI}}}}}\n    spec:\n      containers:\n      - {{image: nginx, name: web}}\n      {line}\n"
        ),
    )
}

const DENY: &str = "hostPID: true";
const FINE: &str = "restartPolicy: Always";

fn check(text: impl Into<Vec<u8>>, arguments: &[&str]) -> Ran {
    Folder::with(&[]).run_with(&[&["check", "-"], arguments].concat(), text)
}

#[test]
fn a_list_of_many_mebibytes_is_read_item_by_item() {
    let note = format!(
        "metadata:\n  annotations: {{note: \"{}\"}}\n",
        "ö".repeat(1 << 10)
    );
    let items: Vec<_> = (0..2000)
        .map(|index| {
            let line = if index % 100 == 7 { DENY } else { FINE };
            pod("größe", &format!("p{index}"), "", line).replacen("metadata:\n", &note, 1)
        })
        .collect();
    let yaml = list(&items);
    let json = as_json(&yaml);
    let lines = serde_json::from_str::<Value>(&json).unwrap()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{item}\n"))
        .collect::<String>();
    let compact = serde_json::from_str::<Value>(&json).unwrap().to_string();
    for text in [yaml, json, lines, compact] {
        assert!(text.len() > 3 << 20);
        let report = check(text.clone(), &["--format", "json"]).json(1);
        assert_eq!(
            (&report["totals"]["objects"], &report["totals"]["files"]),
            (&2000.into(), &1.into())
        );
        assert_eq!(problems(&report), Vec::<&Value>::new());
        let findings = findings(&report);
        assert_eq!(findings.len(), 20);
        let ends: Vec<_> = text.match_indices('\n').map(|(at, _)| at).collect();
        for (number, found) in findings.into_iter().enumerate() {
            assert_eq!(found["object"], format!("Pod größe/p{}", number * 100 + 7));
            let (at, length) = (index(found, "offset"), index(found, "length"));
            assert_eq!(
                text[at..at + length].replace(['"', ' '], ""),
                "hostPID:true"
            );
            let line = ends.partition_point(|end| *end < at);
            let start = line.checked_sub(1).map_or(0, |last| ends[last] + 1);
            let column = text[start..at].chars().count() + 1;
            assert_eq!(
                (index(found, "line"), index(found, "column")),
                (line + 1, column)
            );
        }
        // Each finding is shown with its line.
        let ran = check(text, &[]);
        assert_eq!(ran.out.matches("error[host-namespaces]").count(), 20);
        assert!(ran.out.contains("hostPID"), "{}", ran.out);
        assert_eq!(ran.summary(), "20 errors in 2000 objects");
    }
}

#[test]
fn the_pods_of_a_workload_are_counted_with_it() {
    let mut items = vec![deployment("shop", "web", DENY)];
    items.extend((0..100).map(|index| pod("shop", &format!("web-{index}"), "ReplicaSet", DENY)));
    items.push(pod("shop", "alone", "", DENY));
    let owned = "102 objects; 100 findings in Pods that a controller owns";
    // Before their owner, and behind it.
    for _ in 0..2 {
        let ran = check(list(&items), &[]);
        assert_eq!(
            (ran.code, ran.summary()),
            (1, format!("2 errors in {owned}").as_str())
        );
        assert_eq!(ran.out.matches("error[").count(), 2, "{}", ran.out);
        for name in ["Deployment shop/web:", "Pod shop/alone:"] {
            assert!(ran.out.contains(name), "{}", ran.out);
        }
        items.reverse();
    }
    // For programs, each is listed.
    let report = check(list(&items), &["--format", "json"]).json(1);
    assert_eq!(summaries(&report).len(), 102);
    let is_owned = findings(&report)
        .into_iter()
        .filter(|found| found["owned"] == true);
    assert_eq!(is_owned.count(), 100);
    assert_eq!(report["totals"]["denied"], 2);
    assert_eq!(
        report["statistics"],
        json!([{"namespace": "shop", "rule": "host-namespaces", "denied": 2, "repaired": 0, "warned": 0, "owned": 100}])
    );
}

#[test]
fn a_problem_of_owned_pods_alone_is_reported() {
    let pods = |namespace: &str| {
        (0..100)
            .map(|index| pod(namespace, &format!("web-{index}"), "ReplicaSet", DENY))
            .collect::<Vec<_>>()
    };
    let warned = "hostUsers: false";
    for (name, others) in [
        // Without its owner, as a sidecar injector makes it, in another Namespace, and with a warning only.
        ("no owner", vec![]),
        ("a clean owner", vec![deployment("shop", "web", FINE)]),
        ("another Namespace", vec![deployment("mesh", "web", DENY)]),
        ("another rule", vec![deployment("shop", "web", warned)]),
    ] {
        let items = [pods("shop"), others].concat();
        let ran = check(list(&items), &[]);
        assert_eq!(ran.code, 1, "{name}");
        let shown =
            "Pod shop/web-0 (99 more findings in Pods that a controller owns): spec.hostPID\n";
        assert_eq!(ran.out.matches(shown).count(), 1, "{name}: {}", ran.out);
        let place = "\n15 |     hostPID: true\n";
        assert!(
            ran.out.contains(place) && ran.out.contains("--> <stdin>:15:5\n"),
            "{}",
            ran.out
        );
        let errors = 100 + usize::from(name == "another Namespace");
        assert!(
            ran.out.contains(&format!("\n{errors} errors")),
            "{name}: {}",
            ran.out
        );
        let report = check(list(&items), &["--format", "json"]).json(1);
        assert_eq!(report["totals"]["denied"], errors, "{name}");
        assert_eq!(report["totals"]["owned"], 0, "{name}");
    }
    // A warning fails only a strict check.
    let items = [pod("shop", "web", "DaemonSet", warned)];
    assert_eq!(check(list(&items), &[]).code, 0);
    assert_eq!(check(list(&items), &["--strict"]).code, 1);
    // What the policy writes to the audit log alone is not counted as a problem of the owner.
    let owned = deployment("shop", "web", DENY).replace(
        "  name: web\n",
        "  name: web\n  ownerReferences: [{apiVersion: a/v1, kind: App, name: a, uid: a, controller: true}]\n",
    );
    let ran = check(
        list(&[owned.clone(), pod("shop", "web", "ReplicaSet", DENY)]),
        &[],
    );
    assert_eq!(
        ran.summary(),
        "1 error in 2 objects; 1 finding for the audit log only"
    );
    let ran = check(list(&[owned]), &[]);
    assert_eq!((ran.code, ran.out.matches("error[").count()), (0, 0));
}

#[test]
fn statistics_count_by_namespace() {
    let items = [
        deployment("shop", "web", DENY),
        pod("shop", "web-1", "ReplicaSet", DENY),
        pod("shop", "web-2", "ReplicaSet", DENY),
        pod("mesh", "proxy", "DaemonSet", DENY),
        pod("mesh", "job", "", "hostUsers: false"),
    ];
    let ran = check(list(&items), &["--format", "statistics"]);
    let (rules, rest) = ran.out.split_once("\n\n").unwrap();
    assert!(rules.starts_with("     2  host-namespaces "), "{rules}");
    assert_eq!(
        rest,
        "\
errors  repairs  warnings  owned  Namespace: rule
     0        0         1      0  mesh: field-ignored
     1        0         0      0  mesh: host-namespaces
     1        0         0      2  shop: host-namespaces

2 errors, 1 warning in 5 objects; 2 findings in Pods that a controller owns
"
    );
}

#[test]
fn namespaces_in_the_input_send_pods_to_eci() {
    let namespace = |name: &str, labels: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  labels: {{{labels}}}\n  name: {name}\n"
        )
    };
    let elsewhere = |name: &str| deployment(name, "web", DENY).replace(ECI, "app: web");
    let labelled = [
        namespace("eci", ECI),
        namespace("legacy", "eci: \"true\""),
        namespace("injected", "virtual-node-affinity-injection: enabled"),
        namespace("other", "app: shop"),
    ];
    let workloads = ["eci", "legacy", "injected", "other"].map(elsewhere);
    let folder = Folder::with(&[("settings.yaml", "scope: {namespaceLabels: true}")]);
    let run = |text: String| {
        folder.run_with(
            &[
                "check",
                "--settings",
                "settings.yaml",
                "--format",
                "json",
                "-",
            ],
            text,
        )
    };
    let all = [&labelled[..], &workloads[..]].concat();
    for text in [list(&all), as_json(&list(&all)), all.join("---\n")] {
        let report = run(text).json(1);
        assert_eq!(summaries(&report).len(), 3, "{report}");
        assert_eq!(report["totals"]["elsewhere"], 1);
    }
    // Far from each other.
    let filler = (0..3000).map(|index| pod("eci", &format!("p{index}"), "", FINE));
    let far: Vec<_> = labelled
        .iter()
        .cloned()
        .chain(filler.clone())
        .chain(workloads.clone())
        .collect();
    assert_eq!(summaries(&run(list(&far)).json(1)).len(), 3);
    // A Namespace that is missing, or too late, is an error: nothing is let through.
    let late: Vec<_> = (workloads.iter().cloned())
        .chain(filler.clone())
        .chain(filler)
        .chain(labelled.clone())
        .collect();
    assert!(list(&late).len() > 1 << 20);
    for text in [list(&workloads), list(&late)] {
        let report = run(text).json(2);
        assert_eq!(
            problems(&report)[0]["message"],
            "Deployment eci/web: scope.namespaceLabels needs the Namespace eci, and it is not in the input before this object"
        );
        assert_eq!(
            problems(&report)[0]["help"],
            "put the Namespaces first: kubectl get ns,pods,… -A -o yaml | eci-policy check -; or use --assume-eci"
        );
        assert_eq!(report["totals"]["failed"], 4);
    }
    // Files are read in their order.
    folder.write("all/a.yaml", &labelled[0]);
    folder.write("all/b.yaml", &workloads[0]);
    let report = folder.checked(1, &["--settings", "settings.yaml", "all"]);
    assert_eq!(summaries(&report).len(), 1);
    // An object that the labels cannot change needs none, and `--assume-eci` decides without them.
    assert_eq!(run(list(&[pod("shop", "web", "", DENY)])).code, 1);
    let clean = deployment("shop", "web", FINE).replace(ECI, "app: web");
    assert_eq!(run(list(&[clean])).code, 0);
    let assumed = ["check", "--settings", "settings.yaml", "--assume-eci", "-"];
    assert_eq!(folder.run_with(&assumed, list(&workloads)).code, 1);
    // No other command looks for Namespaces.
    let shown = folder.run_with(&["show", "--settings", "settings.yaml", "-"], list(&all));
    assert_eq!(shown.code, 2);
    assert!(
        shown
            .err
            .contains("this host cannot be asked for a Namespace"),
        "{}",
        shown.err
    );
}

#[test]
fn a_broken_stream_is_an_error_and_the_rest_is_checked() {
    let items: Vec<_> = (0..3)
        .map(|index| pod("shop", &format!("p{index}"), "", DENY))
        .collect();
    let (yaml, json) = (list(&items), as_json(&list(&items)));
    let broken = yaml.replace("name: p1", "name: \"p1");
    let cut = |text: &str, at: &str| text[..text.rfind(at).unwrap()].to_owned();
    let off = "the list is cut off or broken behind this item; other objects may be missing; did the command before it fail?";
    for (text, denied, said) in [
        (broken.into_bytes(), 2, "quoted scalar"),
        (
            yaml.replace("p1", "\0p1")
                .replace('\0', "\u{a0}")
                .into_bytes()
                .into_iter()
                .filter(|byte| *byte != 0xc2)
                .collect(),
            2,
            "is not UTF-8 text (at byte ",
        ),
        (cut(&yaml, "kind: List").into_bytes(), 3, off),
        (cut(&json, "]").into_bytes(), 3, off),
        (cut(&json, "\"hostPID\"").into_bytes(), 2, off),
    ] {
        let report = check(text, &["--format", "json"]).json(2);
        assert_eq!(report["totals"]["denied"], denied, "{report}");
        let problems = problems(&report);
        assert_eq!(problems.len(), 1, "{report}");
        let message = problems[0]["message"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
        assert!(problems[0]["line"].as_u64().unwrap() > 15, "{report}");
    }
    // An item above the limit.
    let comment = format!("    # {}\n", "x".repeat(1 << 20)).repeat(33);
    let large = yaml.replace("  name: p1\n", &format!("  name: p1\n{comment}"));
    let large = large.replacen("    name: p1\n", &format!("    name: p1\n{comment}"), 1);
    let report = check(large, &["--format", "json"]).json(2);
    assert_eq!(report["totals"]["denied"], 2);
    assert!(
        problems(&report)[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("a document is larger than 32 MiB, the limit; ")
    );
    // Lists in lists, and empty lists.
    let nested = list(&[
        list(&items),
        list(&[]).replace("items:\n", "items: []\n"),
        list(&items),
    ]);
    for text in [as_json(&nested), nested] {
        assert_eq!(
            check(text, &["--format", "json"]).json(1)["totals"]["denied"],
            6
        );
    }
    for text in [
        "apiVersion: v1\nitems: []\nkind: List\n",
        "{\"apiVersion\": \"v1\", \"items\": [], \"kind\": \"List\"}",
    ] {
        let ran = check(text, &[]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "nothing was checked; 1 file without a manifest\n")
        );
        assert_eq!(check(text, &["--strict"]).code, 1);
    }
}

#[test]
fn a_file_above_the_limit_is_read_like_a_stream() {
    let comment = format!("  # {}\n", "x".repeat(1 << 20));
    let item = pod("shop", "p", "", DENY).replace("spec:\n", &format!("{comment}spec:\n"));
    let folder = Folder::with(&[("large.yaml", &list(&vec![item; 40])), ("z.yaml", DENIED)]);
    let ran = folder.run(&["check", "."]);
    assert_eq!(
        (ran.code, ran.summary()),
        (1, "41 errors in 41 objects in 2 files")
    );
    // A repair needs the whole file.
    let fixed = folder.run(&["fix", "large.yaml"]);
    assert_eq!(fixed.code, 2);
    assert!(
        fixed
            .err
            .starts_with("large.yaml: is larger than 32 MiB, the limit"),
        "{}",
        fixed.err
    );
}
