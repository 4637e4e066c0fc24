//! `eci-policy fix`, run: what it repairs, how little it changes, and what it leaves alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::fs;

use serde_json::json;
use similar::{ChangeTag, TextDiff};
use support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, Ran, WARNED, pod};

/// Exit code and summary.
fn ended(ran: &Ran) -> (i32, &str) {
    (ran.code, ran.err.lines().last().unwrap_or_default())
}

/// A container `web` with this security context, in block style.
fn container(context: &str) -> String {
    let context: String = context
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    format!("containers:\n- name: web\n  image: nginx\n  securityContext:\n{context}")
}

/// A container `web` with this security context, in flow style.
fn flow(context: &str) -> String {
    format!("containers: [{{name: web, image: nginx, securityContext: {{{context}}}}}]")
}

/// A pod as JSON with two blanks a level, and what of it differs.
fn json_pod(spec: &str) -> String {
    format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {{\n    \"labels\": {{\n      \"eci\": \"true\"\n    }}\n  }},\n  \"spec\": {spec}\n}}\n"
    )
}

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
            "{{\n    \"containers\": [\n      {{\n        \"name\": \"web\",\n        \"securityContext\": {context}\n      }}\n    ]\n  }}"
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
            json_pod("{\n    \"securityContext\": {\n      \"runAsGroup\": 3000\n    },\n    \"containers\": [\n      {\n        \"name\": \"web\",\n        \"securityContext\": {\n          \"runAsUser\": 1\n        }\n      }\n    ]\n  }"),
            json_pod("{\n    \"securityContext\": {\n      \"runAsGroup\": 3000\n    },\n    \"containers\": [\n      {\n        \"name\": \"web\",\n        \"securityContext\": {\n          \"runAsUser\": 1,\n          \"runAsGroup\": 3000\n        }\n      }\n    ]\n  }"),
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
        assert!(!support::told(&report).iter().any(|told| told.starts_with(rule)), "{name}: {report}");
    }
}

/// A file with everything that a repair must not touch.
const SHARED: &str = "\
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
@@ -26,8 +26,8 @@
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
        (String::new(), String::new(), 0),
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
fn the_exit_code_tells_what_is_left() {
    let folder = Folder::with(&[
        ("clean", CLEAN),
        ("denied", DENIED),
        ("warned", WARNED),
        ("repaired", REPAIRED),
        ("broken", BROKEN),
        ("foreign", FOREIGN),
    ]);
    let aliased = aliased();
    folder.write("aliased", &aliased);
    for (paths, dry, wet) in [
        (&["clean", "denied", "warned", "foreign"][..], 0, 0),
        (&["aliased"], 1, 1),
        (&["broken"], 2, 2),
        (&["absent", "clean"], 2, 2),
        (&["repaired", "broken"], 2, 2),
        (&["aliased", "broken"], 2, 2),
    ] {
        assert_eq!(
            folder.run(&[&["fix", "--diff"], paths].concat()).code,
            dry,
            "--diff {paths:?}"
        );
        assert_eq!(
            folder.run(&[&["fix"], paths].concat()).code,
            wet,
            "{paths:?}"
        );
    }
    assert_eq!(
        folder.read("repaired"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN"),
        "beside a broken file"
    );
    assert_eq!(folder.read("aliased"), aliased);
    folder.write("repaired", REPAIRED);
    assert_eq!(folder.run(&["fix", "--diff", "repaired"]).code, 1);
    assert_eq!(folder.run(&["fix", "repaired"]).code, 0);
}

#[test]
fn a_rule_that_cannot_repair_is_told() {
    let folder = Folder::with(&[("pod.yaml", REPAIRED)]);
    for (rule, said) in [
        (
            "capability-nam",
            "there is no rule capability-nam; did you mean capability-name?",
        ),
        ("xyzzy", "there is no rule xyzzy"),
        (
            "privileged",
            "the rule privileged has no repair; these rules have one: sysctl-unsupported, capability-name, pod-identity, root-filesystem, proc-mount",
        ),
    ] {
        let ran = folder.run(&["fix", "--rule", rule, "pod.yaml"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert_eq!(ran.err, format!("eci-policy: {said}\n"));
    }
    assert_eq!(folder.read("pod.yaml"), REPAIRED);
}

#[test]
fn rules_that_are_named_are_repaired_and_no_others() {
    let before = pod(&flow(
        "readOnlyRootFilesystem: no, procMount: Unmasked, capabilities: {add: [CAP_KILL]}",
    ));
    let name = ("[CAP_KILL]", "[KILL]");
    let root = (
        "System: no".replace("System", "system"),
        "system: true".to_owned(),
    );
    let root = (root.0.as_str(), root.1.as_str());
    let mount = ("procMount: Unmasked, ", "");
    for (settings, rules, repairs) in [
        ("{}", &[][..], &[name][..]),
        ("{}", &["root-filesystem"], &[root]),
        ("{}", &["root-filesystem", "proc-mount"], &[root, mount]),
        ("{}", &["pod-identity"], &[]),
        ("actions: {root-filesystem: fix}", &[], &[root, name]),
        ("actions: {root-filesystem: fix}", &["proc-mount"], &[mount]),
        ("actions: {capability-name: deny}", &[], &[]),
        ("actions: {capability-name: off}", &[], &[]),
        (
            "actions: {capability-name: deny}",
            &["capability-name"],
            &[name],
        ),
        ("mutate: none", &[], &[name]),
        ("mutate: pods", &[], &[name]),
    ] {
        let folder = Folder::with(&[("pod.yaml", &before), ("settings.yaml", settings)]);
        let rules = rules.iter().flat_map(|rule| ["--rule", rule]);
        let arguments: Vec<_> = ["fix", "--settings", "settings.yaml", "pod.yaml"]
            .into_iter()
            .chain(rules)
            .collect();
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, 0, "{arguments:?} {settings}: {}", ran.err);
        let expected = repairs
            .iter()
            .fold(before.clone(), |text, (from, to)| text.replace(from, to));
        assert_eq!(
            folder.read("pod.yaml"),
            expected,
            "{arguments:?} {settings}"
        );
    }
}

#[test]
fn a_sysctl_is_moved_from_among_others() {
    let with = |sysctls: &str, annotations: &str| {
        pod(&format!(
            "securityContext:\n  sysctls:\n{sysctls}containers: [{{name: web, image: nginx}}]"
        ))
        .replace("\"true\"}}", &format!("\"true\"}}{annotations}}}"))
    };
    let entry = |name: &str, value: &str| format!("  - {{name: {name}, value: \"{value}\"}}\n");
    let swappiness = entry("vm.swappiness", "1");
    let annotated = ", annotations: {k8s.aliyun.com/eci-host-sysctls: '[{\"name\":\"vm.swappiness\",\"value\":\"1\"}]'}";
    // Whatever else is denied stays so, at another index.
    for (settings, rule) in [
        (
            "approved: {hostSysctls: [vm.swappiness]}",
            &["--rule", "sysctl-unsupported"][..],
        ),
        (
            "{approved: {hostSysctls: [vm.swappiness]}, actions: {sysctl-unsupported: fix}}",
            &[],
        ),
    ] {
        for others in [
            String::new(),
            entry("net.core.somaxconn", "1024"),
            entry("kernel.pid_max", "100"),
            entry("net.core.somaxconn", "many"),
            entry("..", "1"),
            entry("net.core.somaxconn", "1") + &entry("net/core/somaxconn", "2"),
        ] {
            let before = with(&format!("{swappiness}{others}"), "");
            let after = match others.is_empty() {
                true => with("", annotated).replace("sysctls:\n", "sysctls: []\n"),
                false => with(&others, annotated),
            };
            let folder = Folder::with(&[("pod.yaml", &before), ("settings.yaml", settings)]);
            let ran =
                folder.run(&[&["fix", "--settings", "settings.yaml", "pod.yaml"], rule].concat());
            assert_eq!(folder.read("pod.yaml"), after, "{}", ran.err);
            let (code, summary) = ended(&ran);
            assert_eq!(code, 0);
            assert!(
                summary.starts_with("1 finding in 1 file repaired"),
                "{summary}"
            );
        }
    }
}

#[test]
fn what_comments_take_back_is_not_repaired() {
    let text = |reason: &str| {
        pod(&container(&format!(
            "capabilities:\n  add:\n  - CAP_CHOWN # eci-policy: allow capability-name{reason}\n  - CAP_KILL\n"
        )))
    };
    for (text, flag, chown) in [
        (text(" for the runtime"), "--diff", "CAP_CHOWN"),
        (text(" for the runtime"), "--require-reason", "CAP_CHOWN"),
        (text(""), "--require-reason", "CHOWN"),
        (text(" for the runtime"), "--no-suppressions", "CHOWN"),
    ] {
        let folder = Folder::with(&[("pod.yaml", &text)]);
        let flags: Vec<_> = [flag]
            .into_iter()
            .filter(|flag| *flag != "--diff")
            .collect();
        let ran = folder.run(&[&["fix", "pod.yaml"], flags.as_slice()].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let expected = text
            .replace("- CAP_CHOWN", &format!("- {chown}"))
            .replace("CAP_KILL", "KILL");
        assert_eq!(folder.read("pod.yaml"), expected, "{flag}");
    }
}

#[test]
fn exempt_containers_are_not_repaired() {
    let before = pod(
        "securityContext: {runAsGroup: 3000}\ncontainers:\n- {name: web, image: nginx, securityContext: {capabilities: {add: [CAP_KILL]}}}\n- {name: proxy, image: mesh/proxy, securityContext: {capabilities: {add: [CAP_KILL]}, readOnlyRootFilesystem: false}}\n",
    );
    let folder = Folder::with(&[
        ("pod.yaml", &before),
        ("settings.yaml", "exempt: [{image: mesh/*}]"),
    ]);
    for rules in [
        &[][..],
        &[
            "--rule",
            "capability-name",
            "--rule",
            "root-filesystem",
            "--rule",
            "pod-identity",
        ],
    ] {
        let ran =
            folder.run(&[&["fix", "--settings", "settings.yaml", "pod.yaml"], rules].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let web = "{add: [KILL]}, runAsGroup: 3000}}\n  - {name: proxy";
        assert_eq!(
            folder.read("pod.yaml"),
            before.replace("{add: [CAP_KILL]}}}\n  - {name: proxy", web)
        );
    }
}

#[test]
fn only_what_runs_on_eci_for_certain_is_repaired() {
    let elsewhere = REPAIRED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "");
    let possible = format!(
        "{elsewhere}  tolerations: [{{key: virtual-kubelet.io/provider, operator: Exists}}]\n"
    );
    for (text, is_possible) in [(elsewhere, false), (possible, true)] {
        let folder = Folder::with(&[("pod.yaml", &text)]);
        let ran = folder.run(&["fix", "pod.yaml"]);
        assert_eq!(
            (ran.code, folder.read("pod.yaml").as_str()),
            (0, text.as_str()),
            "{}",
            ran.err
        );
        assert_eq!(ran.err.contains("--assume-eci"), is_possible, "{}", ran.err);
        assert_eq!(
            ended(&folder.run(&["fix", "--assume-eci", "pod.yaml"])),
            (0, "1 finding in 1 file repaired")
        );
        assert_eq!(folder.read("pod.yaml"), text.replace("CAP_CHOWN", "CHOWN"));
    }
}

#[test]
fn what_is_no_manifest_of_a_person_is_left_alone() {
    let pod = eci_manifest::documents(REPAIRED).unwrap()[0].value();
    let request = json!({"uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod});
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let mut owned = eci_manifest::documents(SHARED).unwrap()[0].value();
    owned["kind"] = json!("ReplicaSet");
    owned["metadata"]["ownerReferences"] = json!([{"controller": true}]);
    let open_api = "Action=CreateContainerGroup\nContainer.1.Name=web\nContainer.1.SecurityContext.Capability.Add.1=CAP_CHOWN\n";
    for text in [
        request.to_string(),
        review.to_string(),
        owned.to_string(),
        open_api.to_owned(),
        FOREIGN.to_owned(),
    ] {
        let folder = Folder::with(&[("file", &text)]);
        let ran = folder.run(&["fix", "file"]);
        assert_eq!(folder.read("file"), text);
        assert_eq!(ended(&ran), (0, "nothing to repair"), "{text}");
    }
}

/// A pod whose repaired field comes from an alias.
fn aliased() -> String {
    pod(
        "x: &context {capabilities: {add: [CAP_KILL]}}\ncontainers:\n- {name: web, image: nginx, securityContext: *context}",
    )
}

#[test]
fn what_cannot_be_repaired_safely_is_left_alone_with_a_message() {
    let merged = aliased().replace(
        "securityContext: *context",
        "securityContext: {<<: *context}",
    );
    for (text, line, said) in [(aliased(), 7, "alias"), (merged, 7, "merge key")] {
        // The document beside it is repaired all the same.
        let beside = |repaired: &str| format!("{text}---\n{repaired}");
        let folder = Folder::with(&[("pod.yaml", &beside(REPAIRED))]);
        let ran = folder.run(&["fix", "pod.yaml"]);
        assert_eq!(
            folder.read("pod.yaml"),
            beside(&REPAIRED.replace("CAP_CHOWN", "CHOWN"))
        );
        assert_eq!(
            ended(&ran),
            (
                1,
                "1 finding in 1 file repaired; 1 finding not repaired (see above)"
            )
        );
        let message = ran.err.lines().next().unwrap();
        assert!(
            message.starts_with(&format!("pod.yaml:{line}:")),
            "{message}"
        );
        for part in [
            "spec.containers[0].securityContext.capabilities.add[0]",
            "capability-name",
            said,
        ] {
            assert!(message.contains(part), "no {part} in {message}");
        }
    }
    // And so is what stands beside it in the object.
    let two = |name: &str| {
        aliased()
            + &format!(
                "  - {{name: two, image: nginx, securityContext: {{capabilities: {{add: [{name}]}}}}}}\n"
            )
    };
    let folder = Folder::with(&[("pod.yaml", &two("CAP_CHOWN"))]);
    let ran = folder.run(&["fix", "pod.yaml"]);
    assert_eq!(
        ended(&ran),
        (
            1,
            "1 finding in 1 file repaired; 1 finding not repaired (see above)"
        )
    );
    assert_eq!(folder.read("pod.yaml"), two("CHOWN"));
    assert!(
        ran.err.starts_with("pod.yaml:7:") && ran.err.lines().count() == 2,
        "{}",
        ran.err
    );
    // What an anchor names is repaired where it stands; where the other place is no matter of ECI's, it would change with it.
    let shared = pod(
        "containers:\n- {name: web, image: nginx, securityContext: &context {procMount: Unmasked}}\nx: *context",
    );
    let folder = Folder::with(&[("pod.yaml", &shared)]);
    let ran = folder.run(&["fix", "--rule", "proc-mount", "pod.yaml"]);
    assert_eq!(
        (ran.code, folder.read("pod.yaml")),
        (1, shared),
        "{}",
        ran.err
    );
    assert!(
        ran.err.starts_with("pod.yaml:6:") && ran.err.contains("anchor"),
        "{}",
        ran.err
    );
}

#[test]
fn lists_and_streams_are_repaired_object_by_object() {
    let item = |text: &str| format!("- {}\n", text.trim().replace('\n', "\n  "));
    let repaired = REPAIRED.replace("CAP_CHOWN", "CHOWN");
    let list = |text: &str| {
        format!(
            "apiVersion: v1\nkind: List\nitems: # two\n{}{}",
            item(text),
            item(DENIED)
        )
    };
    let stream = |text: &str| {
        format!(
            "# head\n---\n{text}---\n{BROKEN}---\n{}... \n---\n{text}",
            list(text)
        )
    };
    for (text, expected, code, count) in [
        (
            list(REPAIRED),
            list(&repaired),
            0,
            "1 finding in 1 file repaired; 1 error remains (see eci-policy check)",
        ),
        (
            stream(REPAIRED),
            stream(&repaired),
            2,
            "3 findings in 1 file repaired; 1 error remains (see eci-policy check)",
        ),
    ] {
        let folder = Folder::with(&[("all.yaml", &text)]);
        let ran = folder.run(&["fix", "all.yaml"]);
        assert_eq!(folder.read("all.yaml"), expected);
        assert_eq!(ended(&ran), (code, count), "{}", ran.err);
    }
}

// What becomes of the file.

#[test]
#[cfg(unix)]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::with(&[("real/pod.yaml", REPAIRED)]);
    let real = folder.path().join("real/pod.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(folder.path().join("links")).unwrap();
    symlink("../real/pod.yaml", folder.path().join("links/one.yaml")).unwrap();
    symlink("one.yaml", folder.path().join("links/two.yaml")).unwrap();
    for path in ["links/two.yaml", "links"] {
        folder.write("real/pod.yaml", REPAIRED);
        assert_eq!(folder.run(&["fix", path]).code, 0);
        assert_eq!(
            folder.read("real/pod.yaml"),
            REPAIRED.replace("CAP_CHOWN", "CHOWN")
        );
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o7777,
            0o640
        );
        for link in ["one.yaml", "two.yaml"] {
            assert!(folder.path().join("links").join(link).is_symlink());
        }
        assert_eq!(fs::read_dir(folder.path().join("real")).unwrap().count(), 1);
        assert_eq!(
            fs::read_dir(folder.path().join("links")).unwrap().count(),
            2
        );
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_is_not_repaired_is_not_written() {
    use std::os::unix::fs::MetadataExt;

    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let stat = || {
        let metadata = fs::metadata(folder.path().join("pod.yaml")).unwrap();
        (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
    };
    let before = stat();
    assert_eq!(
        ended(&folder.run(&["fix", "pod.yaml", "."])),
        (0, "nothing to repair")
    );
    assert_eq!(stat(), before);
}

#[test]
#[cfg(unix)]
fn a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::with(&[("locked.yaml", REPAIRED), ("open.yaml", REPAIRED)]);
    let locked = folder.path().join("locked.yaml");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = folder.run(&["fix", "."]);
    assert_eq!(ended(&ran), (2, "1 finding in 1 file repaired"));
    assert!(
        ran.err
            .contains("locked.yaml: cannot be written: the file is read-only"),
        "{}",
        ran.err
    );
    assert_eq!(folder.read("locked.yaml"), REPAIRED);
    assert_eq!(
        folder.read("open.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN"),
        "the others are repaired"
    );
    assert_eq!(folder.names(), ["locked.yaml", "open.yaml"]);
}

#[test]
#[cfg(unix)]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    // The system ends every write behind 1 KiB of a file, as a full disk would.
    let large = format!("{REPAIRED}# {}\n", "x".repeat(4096));
    let folder = Folder::with(&[("large.yaml", &large), ("small.yaml", REPAIRED)]);
    let ran = folder.bash("trap '' XFSZ; ulimit -f 1; eci-policy fix .");
    assert_eq!(
        ended(&ran),
        (2, "1 finding in 1 file repaired"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("large.yaml: cannot be written: file too large; the file is unchanged"),
        "{}",
        ran.err
    );
    assert_eq!(folder.read("large.yaml"), large);
    assert_eq!(
        folder.read("small.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
    assert_eq!(folder.names(), ["large.yaml", "small.yaml"]);
}

#[test]
fn nobody_listens_and_the_file_is_repaired_whole() {
    let folder = Folder::with(&[("a.yaml", BROKEN), ("b.yaml", REPAIRED)]);
    let program = folder.command().get_program().to_owned();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut command = std::process::Command::new(program);
    command
        .args(["fix", "."])
        .current_dir(folder.path())
        .stdout(closed())
        .stderr(closed());
    assert_eq!(command.status().unwrap().code(), Some(2));
    assert_eq!(
        folder.read("b.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);
}

/// An edit of a flow mapping of several lines could move a comment, and with it what it allows, to another field.
#[test]
fn a_flow_mapping_with_comments_is_left_alone() {
    for comment in ["# eci-policy: allow privileged ticket 4711", "# y"] {
        let before = pod(&format!(
            "securityContext: {{runAsGroup: 5}}\ncontainers: [\n  {{\n    name: c,\n    image: x,\n    securityContext: {{\n      privileged: true {comment}\n    }}\n  }}\n]\n"
        ));
        let folder = Folder::with(&[("pod.yaml", &before)]);
        let ran = folder.run(&["fix", "pod.yaml"]);
        let (code, summary) = ended(&ran);
        assert_eq!(code, 1);
        let expected = "nothing to repair; 1 finding not repaired (see above)";
        assert!(summary.starts_with(expected), "{summary}");
        assert_eq!(folder.read("pod.yaml"), before);
        assert!(
            ran.err.starts_with("pod.yaml:10:") && ran.err.contains("edit it by hand"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_closed_pipe_ends_the_printing_alone() {
    // Far more than a pipe holds.
    let many = format!("{DENIED}---\n").repeat(2000);
    let folder = Folder::with(&[("denied.yaml", &many), ("pod.yaml", REPAIRED)]);
    for (command, code) in [
        ("eci-policy check denied.yaml", 1),
        ("eci-policy check --format json denied.yaml pod.yaml", 1),
        ("eci-policy show denied.yaml", 0),
        ("eci-policy fix - <denied.yaml", 0),
        ("eci-policy fix pod.yaml 2>&1", 0),
        ("eci-policy check missing.yaml denied.yaml", 2),
    ] {
        let ran = folder.bash(&format!("{command} | true; exit ${{PIPESTATUS[0]}}"));
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (code, ""),
            "{command}: {}",
            ran.err
        );
    }
    assert_eq!(
        folder.read("pod.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_owner_and_its_other_names() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = Folder::with(&[("pod.yaml", REPAIRED), ("linked.yaml", REPAIRED)]);
    let owned = folder.path().join("pod.yaml");
    // Only root can give a file away.
    let is_root = chown(&owned, Some(4711), Some(4712)).is_ok();
    let owner = |path: &std::path::Path| {
        fs::metadata(path)
            .map(|found| (found.uid(), found.gid()))
            .unwrap()
    };
    let before = owner(&owned);
    assert_eq!(
        ended(&folder.run(&["fix", "pod.yaml"])),
        (0, "1 finding in 1 file repaired")
    );
    assert_eq!(owner(&owned), before);
    assert!(!is_root || before == (4711, 4712));

    fs::hard_link(
        folder.path().join("linked.yaml"),
        folder.path().join("other.yaml"),
    )
    .unwrap();
    let ran = folder.run(&["fix", "linked.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .starts_with("linked.yaml: cannot be written: the file has 2 hard links"),
        "{}",
        ran.err
    );
    assert_eq!(
        (
            folder.read("linked.yaml").as_str(),
            folder.read("other.yaml").as_str()
        ),
        (REPAIRED, REPAIRED)
    );
    assert_eq!(folder.names(), ["linked.yaml", "other.yaml", "pod.yaml"]);
}
