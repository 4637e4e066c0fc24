//! Settings and scope.

use crate::support::{CLEAN, DENIED, Folder, findings, pod, summaries};

#[test]
fn settings_are_those_of_the_policy() {
    let privileged =
        pod("containers: [{name: web, image: nginx, securityContext: {privileged: true}}]");
    let folder = Folder::with(&[("pod.yaml", &privileged)]);
    let policy = |kind: &str, spec: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: {kind}\nmetadata: {{name: eci}}\nspec: {spec}\n"
        )
    };
    let approved = "{approved: {privileged: true}}";
    let within = format!("{{module: x, mutating: true, settings: {approved}}}");
    for (name, text, code) in [
        ("approved.yaml", approved.to_owned(), 0),
        (
            "approved.json",
            "{\"approved\": {\"privileged\": true}}".to_owned(),
            0,
        ),
        ("cluster.yaml", policy("ClusterAdmissionPolicy", &within), 0),
        ("namespaced.yaml", policy("AdmissionPolicy", &within), 0),
        (
            "among-others.yaml",
            format!(
                "{CLEAN}---\n{}---\n{CLEAN}",
                policy("ClusterAdmissionPolicy", &within)
            ),
            0,
        ),
        (
            "without.yaml",
            policy("ClusterAdmissionPolicy", "{module: x}"),
            1,
        ),
        (
            "null.yaml",
            policy("ClusterAdmissionPolicy", "{settings: }"),
            1,
        ),
        ("empty.yaml", String::new(), 1),
        (
            "defaults.yaml",
            include_str!("../../../examples/settings.yaml").to_owned(),
            1,
        ),
        (
            "shipped.yaml",
            include_str!("../../../deploy/virtual-nodes/validating.yaml").to_owned(),
            1,
        ),
        ("warn.yaml", "actions: {privileged: warn}".to_owned(), 0),
        ("off.yaml", "actions: {\"*\": off}".to_owned(), 0),
    ] {
        folder.write(name, &text);
        let ran = folder.run(&["check", "--settings", name, "pod.yaml"]);
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (code, ""),
            "{name}: {}",
            ran.out
        );
    }
}

#[test]
fn the_command_line_outranks_the_profile_of_the_settings() {
    let shm = pod(
        "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: \"1\"}]}\ncontainers: [{name: web, image: nginx}]",
    );
    let folder = Folder::with(&[
        ("pod.yaml", &shm),
        ("old.yaml", "profile: \"2024-02-26\""),
        ("new.yaml", "profile: \"2026-04-01\""),
    ]);
    for (arguments, code) in [
        (&[][..], 0),
        (&["--profile", "latest"], 0),
        (&["--profile", "2026-04-01"], 0),
        (&["--profile", "2024-02-26"], 1),
        (&["--settings", "old.yaml"], 1),
        (&["--settings", "old.yaml", "--profile", "latest"], 0),
        (&["--settings", "new.yaml", "--profile", "2024-02-26"], 1),
    ] {
        let ran = folder.run(&[&["check", "pod.yaml"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn only_pods_of_eci_are_judged() {
    let elsewhere = DENIED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "");
    let possible = format!(
        "{elsewhere}  tolerations: [{{key: virtual-kubelet.io/provider, operator: Exists}}]\n"
    );
    let folder = Folder::with(&[("elsewhere.yaml", &elsewhere), ("possible.yaml", &possible)]);
    folder.write("assumed.yaml", "scope: {assumeEci: true}");
    folder.write("enforced.yaml", "scope: {possible: enforce}");
    let (deny, warn) = (
        ["host-namespaces deny spec.hostPID"],
        ["host-namespaces warn spec.hostPID"],
    );
    for (arguments, code, expected) in [
        (&["elsewhere.yaml"][..], 0, &[][..]),
        (&["elsewhere.yaml", "--assume-eci"], 1, &deny),
        (&["elsewhere.yaml", "--settings", "assumed.yaml"], 1, &deny),
        (&["possible.yaml"], 0, &warn),
        (&["possible.yaml", "--strict"], 1, &warn),
        (&["possible.yaml", "--assume-eci"], 1, &deny),
        (&["possible.yaml", "--settings", "enforced.yaml"], 1, &deny),
    ] {
        assert_eq!(
            summaries(&folder.checked(code, arguments)),
            expected,
            "{arguments:?}"
        );
    }
}

#[test]
fn the_value_that_the_api_server_sees_is_judged() {
    // YAML 1.1, as kubectl reads it; by whether the field is found.
    let context = |field: &str| {
        pod(&format!(
            "containers: [{{name: web, image: nginx, securityContext: {{{field}}}}}]"
        ))
    };
    let mut wrong = Vec::new();
    for (field, rule) in [
        ("privileged: yes", Some("privileged")),
        ("privileged: On", Some("privileged")),
        ("privileged: TRUE", Some("privileged")),
        ("privileged: y", Some("privileged")),
        ("privileged: no", None),
        ("privileged: OFF", None),
        ("privileged: ~", None),
        ("privileged: ", None),
        ("readOnlyRootFilesystem: off", Some("root-filesystem")),
        ("readOnlyRootFilesystem: yes", None),
        // 017777777777 is 2147483647, the highest; the next is not.
        ("runAsUser: 017777777777", None),
        ("runAsUser: 020000000000", Some("run-as-id-range")),
        ("runAsUser: 0x80000000", Some("run-as-id-range")),
        ("runAsUser: 2_147_483_648", Some("run-as-id-range")),
        ("runAsUser: 2147483648", Some("run-as-id-range")),
        // 00 is 0.
        (
            "runAsNonRoot: on, runAsUser: 00",
            Some("run-as-root-conflict"),
        ),
        ("runAsNonRoot: on, runAsUser: 0777", None),
    ] {
        let folder = Folder::with(&[("pod.yaml", &context(field))]);
        let report = folder.checked(
            i32::from(matches!(
                rule,
                Some("privileged" | "run-as-id-range" | "run-as-root-conflict")
            )),
            &["pod.yaml"],
        );
        let rules: Vec<_> = findings(&report)
            .iter()
            .map(|found| found["rule"].as_str().unwrap())
            .collect();
        if rules != rule.into_iter().collect::<Vec<_>>() {
            wrong.push(format!("{field}: {rules:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What is quoted is a string, and no boolean.
    for field in [
        "privileged: 'yes'",
        "privileged: \"true\"",
        "privileged: !!str true",
        "runAsUser: '0'",
    ] {
        let folder = Folder::with(&[("pod.yaml", &context(field))]);
        let ran = folder.run(&["check", "pod.yaml"]);
        assert_eq!(ran.code, 2, "{field}: {}", ran.out);
        assert!(
            ran.out.contains("spec.containers[0].securityContext."),
            "{field}: {}",
            ran.out
        );
    }
}
