//! Repairs in every style of YAML and JSON, and their diffs.

use crate::support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, pod};
use crate::*;
use similar::{ChangeTag, TextDiff};

#[test]
fn every_repair_in_every_style() {
    let annotation = "k8s.aliyun.com/eci-host-sysctls";
    let sysctls = "securityContext:\n  sysctls:\n  - name: vm.swappiness # why\n    value: \"1\"\n  - name: net.core.somaxconn\n    value: \"2\"\n";
    let left = "securityContext:\n  sysctls:\n  - name: net.core.somaxconn\n    value: \"2\"\n";
    let annotated = |pod: String| {
        pod.replace(
            "\"true\"}}\n",
            &format!("\"true\"}}, annotations: {{{annotation}: '[{{\"name\":\"vm.swappiness\",\"value\":\"1\"}}]'}}}}\n"),
        )
    };
    let json_context = |context: &str| {
        json_pod(&format!(
            "{{\n    \"containers\": [\n      {{\n        \"name\": \"web\",\n        \"image\": \"nginx\",\n        \"securityContext\": {context}\n      }}\n    ]\n  }}"
        ))
    };
    let plain = "containers: [{name: web, image: nginx}]\n";
    // The name of the file is the rule's.
    for (name, before, after) in [
        (
            "capability-name/block.yaml",
            pod(&container("capabilities:\n  add:\n  - CAP_CHOWN # ü\n  - \"kill\"\n  - 'CAP_NET_RAW'\n  drop:\n  - all\n")),
            pod(&container("capabilities:\n  add:\n  - CHOWN # ü\n  - \"KILL\"\n  - 'NET_RAW'\n  drop:\n  - ALL\n")),
        ),
        (
            "capability-name/flow.yaml",
            pod(&flow("capabilities: {add: [ CAP_CHOWN, \"kill\",'CAP_NET_RAW' ], drop: [all]}")),
            pod(&flow("capabilities: {add: [ CHOWN, \"KILL\",'NET_RAW' ], drop: [ALL]}")),
        ),
        (
            "capability-name/pod.json",
            json_context("{\"capabilities\": {\"add\": [\"CAP_CHOWN\"]}}"),
            json_context("{\"capabilities\": {\"add\": [\"CHOWN\"]}}"),
        ),
        (
            "root-filesystem/block.yaml",
            pod(&container("readOnlyRootFilesystem:  no   # ü\n")),
            pod(&container("readOnlyRootFilesystem:  true   # ü\n")),
        ),
        (
            "root-filesystem/flow.yaml",
            pod(&flow("readOnlyRootFilesystem: false, runAsUser: 1")),
            pod(&flow("readOnlyRootFilesystem: true, runAsUser: 1")),
        ),
        (
            "root-filesystem/pod.json",
            json_context("{\n          \"readOnlyRootFilesystem\": false\n        }"),
            json_context("{\n          \"readOnlyRootFilesystem\": true\n        }"),
        ),
        (
            "proc-mount/block.yaml",
            pod(&container("runAsUser: 1\nprocMount: Unmasked\n# ü\nrunAsGroup: 1\n")),
            pod(&container("runAsUser: 1\n# ü\nrunAsGroup: 1\n")),
        ),
        (
            "proc-mount/flow.yaml",
            pod(&flow("runAsUser: 1, procMount: Unmasked, runAsGroup: 1")),
            pod(&flow("runAsUser: 1, runAsGroup: 1")),
        ),
        (
            "proc-mount/pod.json",
            json_context("{\n          \"runAsUser\": 1,\n          \"procMount\": \"Unmasked\"\n        }"),
            json_context("{\n          \"runAsUser\": 1\n        }"),
        ),
        (
            "pod-identity/block.yaml",
            pod(&format!("securityContext:\n  runAsGroup: 3000 # ü\n  runAsNonRoot: yes\n{}- name: own\n  image: nginx\n  securityContext: {{runAsGroup: 1, runAsNonRoot: true}}\n", container("privileged: no\n"))),
            pod(&format!("securityContext:\n  runAsGroup: 3000 # ü\n  runAsNonRoot: yes\n{}- name: own\n  image: nginx\n  securityContext: {{runAsGroup: 1, runAsNonRoot: true}}\n", container("privileged: no\nrunAsGroup: 3000\nrunAsNonRoot: true\n"))),
        ),
        (
            "pod-identity/none.yaml",
            pod("securityContext: {runAsGroup: 3000}\ninitContainers:\n- name: init\n  image: nginx\ncontainers:\n- name: web\n  image: nginx # ü\n- name: two\n  image: nginx\n  securityContext:\n"),
            pod("securityContext: {runAsGroup: 3000}\ninitContainers:\n- name: init\n  image: nginx\ncontainers:\n- name: web\n  image: nginx # ü\n  securityContext:\n    runAsGroup: 3000\n- name: two\n  image: nginx\n  securityContext: {runAsGroup: 3000}\n"),
        ),
        (
            "pod-identity/flow.yaml",
            pod(&format!("securityContext: {{runAsGroup: 3000}}\n{}", flow("runAsUser: 1"))),
            pod(&format!("securityContext: {{runAsGroup: 3000}}\n{}", flow("runAsUser: 1, runAsGroup: 3000"))),
        ),
        (
            "pod-identity/pod.json",
            json_pod("{\n    \"securityContext\": {\n      \"runAsGroup\": 3000\n    },\n    \"containers\": [\n      {\n        \"name\": \"web\",\n        \"image\": \"nginx\",\n        \"securityContext\": {\n          \"runAsUser\": 1\n        }\n      }\n    ]\n  }"),
            json_pod("{\n    \"securityContext\": {\n      \"runAsGroup\": 3000\n    },\n    \"containers\": [\n      {\n        \"name\": \"web\",\n        \"image\": \"nginx\",\n        \"securityContext\": {\n          \"runAsUser\": 1,\n          \"runAsGroup\": 3000\n        }\n      }\n    ]\n  }"),
        ),
        ("sysctl-unsupported/block.yaml", pod(&(sysctls.to_owned() + plain)), annotated(pod(&(left.to_owned() + plain)))),
        (
            "sysctl-unsupported/flow.yaml",
            pod(&format!("securityContext: {{sysctls: [{{name: vm/swappiness, value: \"1\"}}, {{name: net.core.somaxconn, value: \"2\"}}]}}\n{plain}")),
            annotated(pod(&format!("securityContext: {{sysctls: [{{name: net.core.somaxconn, value: \"2\"}}]}}\n{plain}"))),
        ),
        (
            "sysctl-unsupported/emptied.yaml",
            pod(&format!("securityContext:\n  sysctls:\n  - name: vm.swappiness\n    value: \"1\"\n  runAsUser: 1\n{plain}")),
            annotated(pod(&format!("securityContext:\n  sysctls: []\n  runAsUser: 1\n{plain}"))),
        ),
        (
            "sysctl-unsupported/pod.json",
            json_pod("{\"securityContext\": {\"sysctls\": [{\"name\": \"vm.swappiness\", \"value\": \"1\"}, {\"name\": \"net.core.somaxconn\", \"value\": \"2\"}]}}"),
            json_pod("{\"securityContext\": {\"sysctls\": [{\"name\": \"net.core.somaxconn\", \"value\": \"2\"}]}}").replace(
                "    }\n  },",
                &format!("    }},\n    \"annotations\": {{\"{annotation}\":\"[{{\\\"name\\\":\\\"vm.swappiness\\\",\\\"value\\\":\\\"1\\\"}}]\"}}\n  }},"),
            ),
        ),
    ] {
        let rule = name.split('/').next().unwrap();
        let folder = Folder::with(&[("settings", "approved: {hostSysctls: [vm.*]}")]);
        // The line ends and the mark of the file stay; so does a last line without an end.
        let unended = |text: &str| text.trim_end().to_owned();
        let variants = [
            ("lf", before.clone(), after.clone()),
            ("crlf", before.replace('\n', "\r\n"), after.replace('\n', "\r\n")),
            ("bom", format!("\u{feff}{before}"), format!("\u{feff}{after}")),
            ("both", format!("\u{feff}{before}").replace('\n', "\r\n"), format!("\u{feff}{after}").replace('\n', "\r\n")),
            ("unended", unended(&before), unended(&after)),
            ("second", format!("{CLEAN}---\n{before}---\n{CLEAN}"), format!("{CLEAN}---\n{after}---\n{CLEAN}")),
        ];
        let is_json = name.ends_with("json");
        for (variant, before, _) in variants.iter().filter(|(variant, ..)| !is_json || *variant != "second") {
            folder.write(&format!("in/{variant}-{}", name.replace('/', "-")), before);
        }
        let fix = ["fix", "--settings", "settings", "--rule", rule, "in"];
        let ran = folder.run(&fix);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (0, "", 1), "{name}: {}", ran.err);
        for (variant, _, after) in variants.iter().filter(|(variant, ..)| !is_json || *variant != "second") {
            let repaired = folder.read(&format!("in/{variant}-{}", name.replace('/', "-")));
            assert_eq!(&repaired, after, "{name} {variant}");
        }
        // A second pass finds nothing, and no more does the judge.
        assert_eq!(ended(&folder.run(&fix)), (0, "nothing to repair"), "{name}");
        let report = folder.run(&["check", "--format", "json", "--settings", "settings", "in"]).json(0);
        assert!(!support::summaries(&report).iter().any(|summary| summary.starts_with(rule)), "{name}: {report}");
    }
}

/// A file with everything that a repair must not touch.
pub(crate) const SHARED: &str = "\
# größer als 🎉
x-anchors:
  resources: &resources {limits: {memory: '1Gi'}}   # kept
apiVersion: apps/v1
kind: Deployment
metadata:
    name: \"web\"
    labels: { b: 'x',   a: \"y\" }

spec:
    replicas: 0x2
    template:
        metadata:
            labels:
                alibabacloud.com/eci: 'true' # on ECI
        spec:
            containers:
            -   name: web
                image: nginx
                resources: *resources
                args: [ \"a: b\", '#no', yes ]
                command:
                - |
                    echo '
                    CAP_CHOWN
                    '
                securityContext: &context   # keep me
                    # above
                    capabilities:
                        add: [ CAP_CHOWN,    \"NET_RAW\" ] # beside
                        drop: ['all', 'cap_kill']
                    # below
            -   name: two
                <<: {image: nginx}
                resources: *resources
            volumes: []
---
# the end
";

/// Line by line, what goes and what comes.
fn changed(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let changes = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal);
    changes
        .map(|change| format!("{}{}", change.tag(), change.value().trim()))
        .collect()
}

#[test]
fn only_the_lines_of_the_repaired_fields_change() {
    let expected = [
        "-add: [ CAP_CHOWN,    \"NET_RAW\" ] # beside",
        "-drop: ['all', 'cap_kill']",
        "+add: [ CHOWN,    \"NET_RAW\" ] # beside",
        "+drop: ['ALL', 'KILL']",
    ];
    for line_end in ["\n", "\r\n"] {
        let before = SHARED.replace('\n', line_end);
        let folder = Folder::with(&[("web.yaml", &before)]);
        // A workload is repaired in its file, though the default repairs pods only, at admission.
        let ran = folder.run(&["fix", "web.yaml"]);
        assert_eq!(ended(&ran), (0, "3 findings in 1 file repaired"));
        let after = folder.read("web.yaml");
        assert_eq!(changed(&before, &after), expected);
        assert_eq!(
            after.matches(line_end).count(),
            before.matches(line_end).count()
        );
        assert_eq!(folder.names(), ["web.yaml"]);
    }
}

#[test]
fn a_diff_is_unified_and_writes_nothing() {
    let folder = Folder::with(&[("deploy/web.yaml", SHARED), ("clean.yaml", CLEAN)]);
    let ran = folder.run(&["fix", "--diff", "deploy/web.yaml", "clean.yaml"]);
    assert_eq!(ended(&ran), (1, "3 findings in 1 file would be repaired"));
    assert_eq!(folder.read("deploy/web.yaml"), SHARED);
    assert_eq!(
        ran.out,
        "\
--- a/deploy/web.yaml
+++ b/deploy/web.yaml
@@ -27,8 +27,8 @@
                 securityContext: &context   # keep me
                     # above
                     capabilities:
-                        add: [ CAP_CHOWN,    \"NET_RAW\" ] # beside
-                        drop: ['all', 'cap_kill']
+                        add: [ CHOWN,    \"NET_RAW\" ] # beside
+                        drop: ['ALL', 'KILL']
                     # below
             -   name: two
                 <<: {image: nginx}
"
    );
    // With Windows line ends and without a last one, too, it is what `patch` takes.
    let unended = REPAIRED.trim_end().replace('\n', "\r\n");
    folder.write("unended.yaml", &unended);
    let script = "eci-policy fix --diff . >/tmp/null-$$ 2>/dev/null; mv /tmp/null-$$ all.diff; patch -s --binary -p1 <all.diff && rm all.diff";
    let patched = folder.bash(script);
    if patched.err.contains("patch: command not found") {
        return;
    }
    assert_eq!(
        (patched.code, patched.out.as_str(), patched.err.as_str()),
        (0, "", "")
    );
    assert_eq!(
        folder.read("unended.yaml"),
        unended.replace("CAP_CHOWN", "CHOWN")
    );
    assert_eq!(ended(&folder.run(&["fix", "."])), (0, "nothing to repair"));
    assert_eq!(changed(SHARED, &folder.read("deploy/web.yaml")).len(), 4);
}

#[test]
fn standard_input_comes_out_repaired() {
    let folder = Folder::with(&[]);
    for (before, after, code) in [
        (
            REPAIRED.to_owned(),
            REPAIRED.replace("CAP_CHOWN", "CHOWN"),
            0,
        ),
        (CLEAN.to_owned(), CLEAN.to_owned(), 0),
        (DENIED.to_owned(), DENIED.to_owned(), 0),
        (FOREIGN.to_owned(), FOREIGN.to_owned(), 0),
        (String::new(), String::new(), 2),
        (
            format!("\u{feff}{REPAIRED}").replace('\n', "\r\n"),
            format!("\u{feff}{REPAIRED}")
                .replace('\n', "\r\n")
                .replace("CAP_CHOWN", "CHOWN"),
            0,
        ),
        // What cannot be read comes out as it went in.
        (BROKEN.to_owned(), BROKEN.to_owned(), 2),
        (
            format!("{REPAIRED}---\n{BROKEN}"),
            format!("{}---\n{BROKEN}", REPAIRED.replace("CAP_CHOWN", "CHOWN")),
            2,
        ),
        (
            "# \u{7f}\u{1b}[31m\u{9b}\n".to_owned() + BROKEN,
            "# \u{7f}\u{1b}[31m\u{9b}\n".to_owned() + BROKEN,
            2,
        ),
    ] {
        let ran = folder.run_with(&["fix", "-"], before.clone());
        assert_eq!((ran.out, ran.code), (after.clone(), code), "{before:?}");
        // Under --diff a diff comes out.
        let ran = folder.run_with(&["fix", "--diff", "-"], before.clone());
        assert_eq!(
            ran.out.starts_with("--- a/<stdin>\n"),
            before != after,
            "{}",
            ran.out
        );
    }
    let twice = folder.run_with(&["fix", "-", "-"], REPAIRED);
    assert_eq!(
        (twice.out, twice.code),
        (REPAIRED.replace("CAP_CHOWN", "CHOWN"), 0),
        "{}",
        twice.err
    );
}

#[test]
fn every_byte_that_is_not_repaired_is_written_as_it_was() {
    // Characters that steer terminals, where YAML lets them stand.
    let text = REPAIRED.replace("nginx", "\"ngi\u{85}\u{a0}\u{2028}nx\"");
    let folder = Folder::with(&[]);
    let ran = folder.run_with(&["fix", "-"], text.clone());
    assert_eq!((ran.out, ran.code), (text.replace("CAP_CHOWN", "CHOWN"), 0));
}

#[test]
fn a_diff_is_coloured_for_people() {
    let text = REPAIRED
        .replace("nginx", "\"ngi\u{1b}[31mnx\"")
        .replace("\u{1b}", "\\e");
    let folder = Folder::with(&[("pod.yaml", &text)]);
    let ran = folder.run(&["--color", "always", "fix", "--diff", "pod.yaml"]);
    assert!(
        ran.out.starts_with("\u{1b}[1m--- a/pod.yaml\u{1b}[0m\n"),
        "{:?}",
        ran.out
    );
    for style in [
        "\u{1b}[91m-  containers",
        "\u{1b}[92m+  containers",
        "\u{1b}[36m@@ ",
    ] {
        assert!(ran.out.contains(style), "{:?}", ran.out);
    }
    let plain = folder.run(&["fix", "--diff", "pod.yaml"]).out;
    assert!(!plain.contains("\u{1b}"), "{plain:?}");
    assert_eq!(
        folder
            .run(&["--color", "never", "fix", "--diff", "pod.yaml"])
            .out,
        plain
    );
}
