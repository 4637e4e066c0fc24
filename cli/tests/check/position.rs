//! The positions of findings and problems.

use crate::support::{CLEAN, DENIED, Folder, REPAIRED, findings, problems, summaries};
use serde_json::{Value, json};

pub(crate) fn index(value: &Value, key: &str) -> usize {
    usize::try_from(value[key].as_u64().unwrap()).unwrap()
}

#[test]
fn locations_are_exact_to_the_byte() {
    let block = "\
# größer als 🎉
apiVersion: v1
kind: Pod
metadata:
  name: \"größer\" # ü
  labels: {\"alibabacloud.com/eci\": 'true'}
  annotations:
    k8s.aliyun.com/eci-host-sysctls: |
      [{\"name\": \"vm.swappiness\",
        \"value\": \"1\"}]
x-shared:
  context: &context {privileged: yes, \"procMount\": 'Unmasked'}
spec:
  # ö
  hostPID: true
  securityContext:
    fsGroup: 99999999999
    sysctls:
    - name: net.ipv4.tcp_syncookies
      value: \"1\"
    - {name: vm.swappiness2, value: 'größer'}
  containers:
  - name: web
    image: nginx
    securityContext: {note: \"größer\", \"privileged\": true, capabilities: {add: [\"SYS_TIME\", 'CAP_CHOWN', SYS_BOOT]}}
  - name: alias
    image: nginx
    securityContext: *context
  - name: merged
    image: nginx
    securityContext:
      <<: *context
      readOnlyRootFilesystem:   off   # é
      capabilities:
        add:
        - CAP_KILL # ü
        - >-
          SYS_TIME
";
    let expected = [
        (
            "metadata.annotations[k8s.aliyun.com/eci-host-sysctls]",
            "k8s.aliyun.com/eci-host-sysctls",
        ),
        ("spec.hostPID", "hostPID: true"),
        ("spec.securityContext.fsGroup", "fsGroup: 99999999999"),
        (
            "spec.securityContext.sysctls[0]",
            "name: net.ipv4.tcp_syncookies\n      value: \"1\"",
        ),
        (
            "spec.securityContext.sysctls[1]",
            "{name: vm.swappiness2, value: 'größer'}",
        ),
        (
            "spec.containers[0].securityContext.privileged",
            "\"privileged\": true",
        ),
        (
            "spec.containers[0].securityContext.capabilities.add[0]",
            "\"SYS_TIME\"",
        ),
        (
            "spec.containers[0].securityContext.capabilities.add[1]",
            "'CAP_CHOWN'",
        ),
        (
            "spec.containers[0].securityContext.capabilities.add[2]",
            "SYS_BOOT",
        ),
        (
            "spec.containers[1].securityContext.privileged",
            "securityContext: *context",
        ),
        (
            "spec.containers[1].securityContext.procMount",
            "securityContext: *context",
        ),
        ("spec.containers[2].securityContext.privileged", "<<"),
        ("spec.containers[2].securityContext.procMount", "<<"),
        (
            "spec.containers[2].securityContext.readOnlyRootFilesystem",
            "readOnlyRootFilesystem:   off",
        ),
        (
            "spec.containers[2].securityContext.capabilities.add[0]",
            "CAP_KILL",
        ),
        (
            "spec.containers[2].securityContext.capabilities.add[1]",
            "SYS_TIME",
        ),
    ];
    let mut paths: Vec<_> = expected.iter().map(|(path, _)| *path).collect();
    paths.sort_unstable();
    let second = format!("{CLEAN}---\n{block}");
    for (bom, line_end, text) in [
        ("", "\n", block),
        ("\u{feff}", "\n", block),
        ("", "\r\n", block),
        ("\u{feff}", "\r\n", &second),
    ] {
        let text = bom.to_owned() + &text.replace('\n', line_end);
        let folder = Folder::with(&[("pod.yaml", &text)]);
        let report = folder.checked(1, &["pod.yaml"]);
        let found = findings(&report);
        let mut seen: Vec<_> = found
            .iter()
            .map(|found| found["path"].as_str().unwrap())
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, paths);
        for found in found {
            let path = found["path"].as_str().unwrap();
            let (offset, length) = (index(found, "offset"), index(found, "length"));
            let at = &text[offset..offset + length];
            let (_, source) = expected
                .iter()
                .find(|(expected, _)| *expected == path)
                .unwrap();
            assert_eq!(at.trim_end(), source.replace('\n', line_end), "{path}");
            // Lines and columns count from 1, columns in characters; a byte-order mark has none.
            let place = |offset: usize| {
                let before = &text[..offset];
                let line = before
                    .rsplit('\n')
                    .next()
                    .unwrap()
                    .trim_start_matches('\u{feff}');
                (before.matches('\n').count() + 1, line.chars().count() + 1)
            };
            assert_eq!(
                (index(found, "line"), index(found, "column")),
                place(offset),
                "{path}"
            );
            assert_eq!(
                (index(found, "endLine"), index(found, "endColumn")),
                place(offset + length),
                "{path}"
            );
        }
    }
}

#[test]
fn marks_and_repairs_are_exact_to_the_byte() {
    let flow = "\u{feff}{apiVersion: v1, kind: Pod, metadata: {labels: {eci: 'true'}}, spec: {hostPID: true}}";
    let folder = Folder::with(&[(
        "pod.yaml",
        &flow.replace("hostPID", "containers: [], hostPID"),
    )]);
    // The mark takes three bytes and no column.
    let found = &folder.checked(1, &["pod.yaml"])["files"][0]["findings"][0];
    assert_eq!(index(found, "offset"), index(found, "column") - 1 + 3);
    let text = "\u{feff}# ü\r\n".to_owned() + &REPAIRED.replace('\n', "\r\n");
    let folder = Folder::with(&[("pod.yaml", &text)]);
    let report = folder.checked(0, &["pod.yaml"]);
    let replacement = &findings(&report)[0]["fix"]["replacements"][0];
    let (offset, length) = (index(replacement, "offset"), index(replacement, "length"));
    assert_eq!(
        (&text[offset..offset + length], &replacement["text"]),
        ("CAP_CHOWN", &json!("CHOWN"))
    );
    assert_eq!(report["totals"]["fixable"], 1);
}

#[test]
fn a_broken_document_is_reported_with_its_line_and_the_others_are_checked() {
    let text =
        format!("{CLEAN}---\na: 1\nb: [1\n---\n{DENIED}---\n# Helm\na: {{{{ .Values.a }}}}\n");
    let folder = Folder::with(&[("all.yaml", &text)]);
    let report = folder.checked(2, &["all.yaml"]);
    assert_eq!(summaries(&report), ["host-namespaces deny spec.hostPID"]);
    let problems = problems(&report);
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| index(problem, "line"))
        .collect();
    // An unclosed sequence may be missed where it begins or where the document ends.
    let clean = CLEAN.lines().count();
    assert!((clean + 3..=clean + 4).contains(&lines[0]), "{report}");
    assert_eq!(
        lines[1..],
        [clean + 4 + DENIED.lines().count() + 3],
        "{report}"
    );
    assert!(
        problems[1]["help"]
            .as_str()
            .unwrap()
            .contains("helm template"),
        "{report}"
    );
    let totals = &report["totals"];
    assert_eq!(
        (&totals["objects"], &totals["failed"]),
        (&json!(2), &json!(2))
    );
}

#[test]
fn a_field_of_the_wrong_type_is_reported_with_its_line_and_the_others_are_checked() {
    let wrong = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {eci: \"true\"}}\nspec:\n  containers:\n  - name: web\n    securityContext:\n      runAsUser: many\n";
    let folder = Folder::with(&[("wrong.yaml", &format!("{wrong}---\n{DENIED}"))]);
    let report = folder.checked(2, &["wrong.yaml"]);
    assert_eq!(summaries(&report), ["host-namespaces deny spec.hostPID"]);
    let problem = problems(&report)[0];
    assert_eq!(index(problem, "line"), 8, "{report}");
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("spec.containers[0].securityContext.runAsUser")
    );
}
