//! `eci-policy check`, run: what it reads, by what it judges, how it ends, where it says that something stands.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use serde_json::{Value, json};
use support::{
    BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, WARNED, findings, pod, problems, told,
};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {eci: \"true\"}}
    spec: {containers: [{name: web, image: nginx}], hostIPC: true}
";

// What is read.

#[test]
fn objects_are_found_in_whatever_holds_them() {
    let denied = "host-namespaces deny spec.hostPID";
    let template = "host-namespaces deny spec.template.spec.hostIPC";
    let as_json = |yaml: &str| eci_manifest::documents(yaml).unwrap()[0].value();
    let request = json!({
        "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "name": "denied", "namespace": "default", "object": as_json(DENIED),
    });
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [as_json(DENIED), as_json(DEPLOYMENT)]});
    for (name, text, objects, expected) in [
        ("pod.yaml", DENIED.to_owned(), 1, vec![denied]),
        (
            "pod.json",
            serde_json::to_string_pretty(&as_json(DENIED)).unwrap(),
            1,
            vec![denied],
        ),
        (
            "one-line.json",
            as_json(DENIED).to_string(),
            1,
            vec![denied],
        ),
        ("no-extension", DENIED.to_owned(), 1, vec![denied]),
        (
            "several.yml",
            format!("---\n{DENIED}---\n---\n{CLEAN}--- # three\n{DEPLOYMENT}...\n"),
            3,
            vec![denied, template],
        ),
        ("list.json", list.to_string(), 2, vec![denied, template]),
        (
            "list.yaml",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- {}\n",
                DENIED.trim().replace('\n', "\n  ")
            ),
            1,
            vec![denied],
        ),
        ("request.json", request.to_string(), 1, vec![denied]),
        ("review.json", review.to_string(), 1, vec![denied]),
        (
            "update.json",
            include_str!("../../examples/requests/deployment-update-unchanged-template.json")
                .to_owned(),
            1,
            vec![],
        ),
    ] {
        let folder = Folder::with(&[(name, &text)]);
        let code = i32::from(!expected.is_empty());
        for (report, shown) in [
            (folder.checked(code, &[name]), name),
            (
                folder
                    .run_with(&["check", "--format", "json", "-"], text)
                    .json(code),
                "<stdin>",
            ),
        ] {
            let denials: Vec<_> = told(&report)
                .into_iter()
                .filter(|told| told.contains(" deny "))
                .collect();
            assert_eq!(denials, expected, "{name}");
            assert_eq!(report["files"][0]["file"], shown);
            assert_eq!(report["files"][0]["objects"], objects, "{name}");
            assert_eq!(report["totals"]["denied"], expected.len(), "{name}");
        }
    }
}

#[test]
fn requests_to_the_open_api_are_judged_by_its_own_rules() {
    let flat = "\
# a comment
Action=CreateContainerGroup
ContainerGroupName=web
Container.1.Name=web
Container.1.SecurityContext.Capability.Add.1=SYS_TIME
SecurityContext.Sysctl.1.Name=net.core.somaxconn
SecurityContext.Sysctl.1.Value=1024
";
    let nested = json!({
        "ContainerGroupName": "web",
        "Container": [{"Name": "web", "SecurityContext": {"Capability": {"Add": ["SYS_TIME"]}}}],
        "SecurityContext": {"Sysctl": [{"Name": "net.core.somaxconn", "Value": "1024"}]},
    });
    // The safe channel takes two sysctls only, which is what tells the profile `openapi` from those of pods.
    for (name, text) in [
        ("request.txt", flat.to_owned()),
        ("request.json", nested.to_string()),
    ] {
        let folder = Folder::with(&[(name, &text)]);
        let report = folder.checked(1, &[name]);
        let mut rules: Vec<_> = findings(&report)
            .iter()
            .map(|found| found["rule"].as_str().unwrap())
            .collect();
        rules.sort_unstable();
        assert_eq!(
            rules,
            ["capability-unsupported", "sysctl-unsupported"],
            "{name}"
        );
        assert_eq!(report["totals"]["objects"], 1);
        for found in findings(&report) {
            let (offset, length) = (index(found, "offset"), index(found, "length"));
            let at = &text[offset..offset + length];
            let value = match found["rule"].as_str().unwrap() {
                "capability-unsupported" => "SYS_TIME",
                _ => "net.core.somaxconn",
            };
            assert!(at.contains(value), "{name}: {at}");
        }
    }
}

#[test]
fn a_directory_is_read_as_its_ignore_files_say() {
    let files = [
        "a.yaml",
        "b.yml",
        "c.JSON",
        "d.txt",
        "deep/er/e.yaml",
        ".hidden.yaml",
        ".hidden/f.yaml",
        "out/g.yaml",
        "deep/h.yaml",
        "deep/er/h.yaml",
        "i.yaml",
        "deep/i.yaml",
        "j.yaml",
        "deep/kept/j.yaml",
    ];
    let folder = Folder::with(&[]);
    for name in files {
        folder.write(name, if name.ends_with("JSON") { "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"labels\":{\"eci\":\"true\"}},\"spec\":{\"hostPID\":true,\"containers\":[]}}" } else { DENIED });
    }
    folder.write(".gitignore", "/out\ni.yaml\nj.yaml\n");
    folder.write("deep/.ignore", "h.yaml\n");
    folder.write("deep/kept/.gitignore", "!j.yaml\n");
    let read = |arguments: &[&str]| -> Vec<String> {
        let report = folder.checked(1, arguments);
        let files = report["files"].as_array().unwrap();
        files
            .iter()
            .map(|file| file["file"].as_str().unwrap().to_owned())
            .collect()
    };
    let expected = [
        "a.yaml",
        "b.yml",
        "c.JSON",
        "deep/er/e.yaml",
        "deep/kept/j.yaml",
    ];
    assert!(!folder.path().join(".git").exists());
    assert_eq!(read(&["."]), expected.map(|name| format!("./{name}")));
    // In a repository, too.
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    assert_eq!(read(&["."]), expected.map(|name| format!("./{name}")));
    // The files above the directory count; what is named is read, whatever they say.
    assert_eq!(read(&["deep"]), ["deep/er/e.yaml", "deep/kept/j.yaml"]);
    assert_eq!(
        read(&["deep/i.yaml", ".hidden", "d.txt", "out/g.yaml"]).len(),
        4
    );
}

#[test]
fn what_holds_no_manifest_is_counted() {
    let folder = Folder::with(&[
        ("clean.yaml", CLEAN),
        ("compose.yaml", FOREIGN),
        ("package.json", "{\"name\": \"web\"}"),
        ("empty.yaml", ""),
        ("comment.yaml", "# nothing\n---\n"),
        ("scalar.yaml", "nothing\n"),
    ]);
    let ran = folder.run(&["check", "."]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "no problems in 1 object; 5 files without a manifest\n"
    );
    assert_eq!(folder.checked(0, &["."])["totals"]["skipped"], 5);
}

#[test]
fn nothing_to_judge_is_no_fault() {
    let folder = Folder::with(&[]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (arguments, expected) in [
        (["check", "empty"], "nothing was checked\n"),
        (
            ["check", "-"],
            "nothing was checked; 1 file without a manifest\n",
        ),
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (0, expected, "")
        );
        assert_eq!(folder.checked(0, &arguments[1..])["totals"]["objects"], 0);
    }
}

#[test]
fn standard_input_is_read_once() {
    let folder = Folder::with(&[("clean.yaml", CLEAN)]);
    for _ in 0..5 {
        let report = folder
            .run_with(
                &["check", "--format", "json", "-", "clean.yaml", "-"],
                DENIED,
            )
            .json(1);
        assert_eq!(told(&report), ["host-namespaces deny spec.hostPID"]);
        assert_eq!(report["files"][0]["objects"], 1, "{report}");
        assert_eq!(
            (&report["totals"]["objects"], &report["totals"]["failed"]),
            (&json!(2), &json!(0))
        );
        let remarks = problems(&report);
        assert_eq!(
            (remarks.len(), &remarks[0]["remark"]),
            (1, &json!(true)),
            "{report}"
        );
        assert!(
            remarks[0]["message"].as_str().unwrap().contains("once"),
            "{report}"
        );
    }
}

// How it ends.

#[test]
fn the_exit_code_is_that_of_the_worst() {
    let folder = Folder::with(&[
        ("clean", CLEAN),
        ("warned", WARNED),
        ("repaired", REPAIRED),
        ("denied", DENIED),
        ("foreign", FOREIGN),
        ("broken", BROKEN),
    ]);
    for (paths, plain, strict) in [
        (&["clean"][..], 0, 0),
        (&["foreign"], 0, 0),
        (&["clean", "foreign"], 0, 0),
        (&["warned"], 0, 1),
        (&["repaired"], 0, 1),
        (&["clean", "warned"], 0, 1),
        (&["denied"], 1, 1),
        (&["clean", "warned", "denied"], 1, 1),
        (&["broken"], 2, 2),
        (&["absent"], 2, 2),
        (&["clean", "broken"], 2, 2),
        (&["denied", "broken"], 2, 2),
        (&["broken", "denied"], 2, 2),
        (&["denied", "absent"], 2, 2),
        (&["warned", "absent", "denied", "broken"], 2, 2),
        (&["."], 0, 0),
    ] {
        for format in ["text", "json", "sarif", "github", "junit"] {
            let ran = folder.run(&[&["check", "--format", format], paths].concat());
            assert_eq!(ran.code, plain, "{paths:?} {format}: {}", ran.out);
        }
        let ran = folder.run(&[&["check", "--strict"], paths].concat());
        assert_eq!(ran.code, strict, "--strict {paths:?}: {}", ran.out);
    }
}

#[test]
fn what_is_for_the_audit_log_is_not_strict() {
    let restricted = pod(
        "containers:\n- {name: web, image: nginx, securityContext: {allowPrivilegeEscalation: false}}",
    );
    let folder = Folder::with(&[("pod.yaml", &restricted)]);
    let ran = folder.run(&["check", "--strict", "pod.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(
        ran.out,
        "no problems in 1 object; 1 finding for the audit log only\n"
    );
}

#[test]
fn what_is_said_wrongly_ends_with_2_and_the_way_out() {
    let folder = Folder::with(&[("pod.yaml", DENIED), ("broken.yaml", BROKEN)]);
    for (name, text) in [
        ("key.yaml", "profil: latest"),
        ("nested.yaml", "scope: {assumeEcy: true}"),
        ("rule.yaml", "actions: {privilegd: warn}"),
        ("action.yaml", "actions: {privileged: fix}"),
        ("value.yaml", "mutate: some"),
        ("type.yaml", "scope: {assumeEci: \"true\"}"),
        ("profile.yaml", "profile: 2027-01-01"),
        ("list.yaml", "[]"),
        ("two.yaml", "mutate: pods\n---\nmutate: all\n"),
        (
            "policies.yaml",
            "apiVersion: policies.kubewarden.io/v1\nkind: AdmissionPolicy\n---\napiVersion: policies.kubewarden.io/v1\nkind: AdmissionPolicy\n",
        ),
        (
            "policy.yaml",
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nspec: {settings: {profil: latest}}\n",
        ),
    ] {
        folder.write(name, text);
    }
    for (arguments, said) in [
        (
            &["--settings", "absent.yaml"][..],
            &["absent.yaml: ", "no such file"][..],
        ),
        (&["--settings", "."], &[".: "]),
        (&["--settings", "broken.yaml"], &["broken.yaml: line 2"]),
        (
            &["--settings", "key.yaml"],
            &["key.yaml: ", "profil: ", "did you mean profile?"],
        ),
        (
            &["--settings", "nested.yaml"],
            &["scope.assumeEcy: ", "did you mean assumeEci?"],
        ),
        (
            &["--settings", "rule.yaml"],
            &["actions.privilegd: ", "did you mean privileged?"],
        ),
        (
            &["--settings", "action.yaml"],
            &["actions.privileged: ", "deny, warn, audit, off"],
        ),
        (
            &["--settings", "value.yaml"],
            &["mutate: ", "none, pods, all"],
        ),
        (
            &["--settings", "type.yaml"],
            &["scope.assumeEci: ", "true or false"],
        ),
        (
            &["--settings", "profile.yaml"],
            &["profile: ", "2024-02-26, 2026-04-01, latest"],
        ),
        (&["--settings", "list.yaml"], &["list.yaml: ", "object"]),
        (&["--settings", "two.yaml"], &["two.yaml: ", "one document"]),
        (
            &["--settings", "policies.yaml"],
            &["policies.yaml: ", "several policies"],
        ),
        (
            &["--settings", "policy.yaml"],
            &["policy.yaml: ", "did you mean profile?"],
        ),
        (
            &["--profile", "2027-01-01"],
            &["\"2027-01-01\"", "2024-02-26, 2026-04-01, latest"],
        ),
        (
            &["--format", "xml"],
            &["'xml'", "text, json, sarif, github, junit"],
        ),
        (&["--strikt"], &["'--strikt'", "'--strict'"]),
    ] {
        let ran = folder.run(&[&["check", "pod.yaml"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        let err = ran.err.to_lowercase();
        for part in said {
            assert!(
                err.contains(&part.to_lowercase()),
                "{arguments:?}: no {part:?} in {}",
                ran.err
            );
        }
    }
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("<PATH>"), "{}", ran.err);
}

// By what it judges.

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
            include_str!("../../examples/settings.yaml").to_owned(),
            1,
        ),
        (
            "shipped.yaml",
            include_str!("../../deploy/virtual-nodes/validating.yaml").to_owned(),
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
            told(&folder.checked(code, arguments)),
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

// Where it stands.

fn index(value: &Value, key: &str) -> usize {
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
fn a_broken_document_is_told_with_its_line_and_the_others_are_judged() {
    let text =
        format!("{CLEAN}---\na: 1\nb: [1\n---\n{DENIED}---\n# Helm\na: {{{{ .Values.a }}}}\n");
    let folder = Folder::with(&[("all.yaml", &text)]);
    let report = folder.checked(2, &["all.yaml"]);
    assert_eq!(told(&report), ["host-namespaces deny spec.hostPID"]);
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
fn a_field_of_the_wrong_type_is_told_with_its_line_and_the_others_are_judged() {
    let wrong = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {eci: \"true\"}}\nspec:\n  containers:\n  - name: web\n    securityContext:\n      runAsUser: many\n";
    let folder = Folder::with(&[("wrong.yaml", &format!("{wrong}---\n{DENIED}"))]);
    let report = folder.checked(2, &["wrong.yaml"]);
    assert_eq!(told(&report), ["host-namespaces deny spec.hostPID"]);
    let problem = problems(&report)[0];
    assert_eq!(index(problem, "line"), 8, "{report}");
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("spec.containers[0].securityContext.runAsUser")
    );
}

// How it looks.

#[test]
fn text_shows_the_source_as_compilers_do() {
    let folder = Folder::with(&[(
        "pod.yaml",
        &pod(
            "containers:\n- name: größer\n  securityContext: {note: \"größer\", capabilities: {add: [CAP_CHOWN, SYS_TIMES]}}",
        ),
    )]);
    let ran = folder.run(&["check", "pod.yaml"]);
    let source =
        "7 |     securityContext: {note: \"größer\", capabilities: {add: [CAP_CHOWN, SYS_TIMES]}}";
    let blocks: Vec<Vec<&str>> = ran
        .out
        .trim_end()
        .split("\n\n")
        .map(|block| block.lines().collect())
        .collect();
    assert_eq!(blocks.len(), 3, "{}", ran.out);
    for (block, head, column, value, has_fix) in [
        (
            &blocks[0],
            "warning[capability-name]: ",
            60,
            "CAP_CHOWN",
            true,
        ),
        (
            &blocks[1],
            "error[capability-unsupported]: ",
            71,
            "SYS_TIMES",
            false,
        ),
    ] {
        assert!(
            block[0].starts_with(head) && block[0].contains(value),
            "{}",
            ran.out
        );
        assert_eq!(block[1].trim(), format!("--> pod.yaml:7:{column}"));
        assert_eq!(block[3], source);
        let caret = format!(
            "  |{}{}",
            " ".repeat(source[..source.find(value).unwrap()].chars().count() - 3),
            "^".repeat(value.len())
        );
        assert_eq!(block[4], caret);
        let says = |label: &str| {
            block
                .iter()
                .any(|line| line.contains(&format!("= {label}: ")))
        };
        assert!(says("help"), "{}", ran.out);
        assert_eq!(says("fix"), has_fix, "{}", ran.out);
    }
    assert!(
        blocks[1]
            .iter()
            .any(|line| line.contains("help: ") && line.contains("SYS_TIME")),
        "{}",
        ran.out
    );
    assert_eq!(
        ran.summary(),
        "1 error, 1 repair at admission in 1 object. 1 can be repaired: eci-policy fix"
    );
}

#[test]
fn what_can_be_repaired_is_told_with_the_command_that_does() {
    let named = DEPLOYMENT
        .replace(
            "image: nginx}",
            "image: nginx, securityContext: {capabilities: {add: [CAP_KILL]}}}",
        )
        .replace(", hostIPC: true", "");
    // How often it is said that `fix` repairs, and of how many findings `fix` then does so.
    for (text, settings, said, count) in [
        (REPAIRED, "{}", "(eci-policy fix)", 1),
        // A workload is repaired in its file, though not at admission.
        (&named, "{}", "(eci-policy fix)", 1),
        (&named, "mutate: all", "(eci-policy fix)", 1),
        (REPAIRED, "mutate: none", "(eci-policy fix)", 1),
        (WARNED, "{}", "(eci-policy fix --rule proc-mount)", 0),
        (WARNED, "actions: {proc-mount: fix}", "(eci-policy fix)", 1),
        (
            REPAIRED,
            "actions: {capability-name: deny}",
            "(eci-policy fix --rule capability-name)",
            0,
        ),
        (
            REPAIRED,
            "exempt: [{image: nginx}]",
            "for the audit log only",
            0,
        ),
    ] {
        let folder = Folder::with(&[("pod.yaml", text), ("settings.yaml", settings)]);
        let arguments = ["check", "--settings", "settings.yaml", "pod.yaml"];
        let ran = folder.run(&arguments);
        assert_eq!(ran.out.matches(said).count(), 1, "{settings}: {}", ran.out);
        let report = folder.run(&[&arguments[..], &["--format", "json"]].concat());
        let report: Value = serde_json::from_str(&report.out).unwrap();
        assert_eq!(report["totals"]["fixable"], count, "{settings}: {report}");
        let ran = folder.run(&["fix", "--settings", "settings.yaml", "pod.yaml"]);
        assert_eq!(
            ran.err.starts_with("1 finding in 1 file repaired"),
            count == 1,
            "{settings}: {}",
            ran.err
        );
    }
}

#[test]
fn every_format_names_rule_file_and_line() {
    let folder = Folder::with(&[("deploy/denied.yaml", DENIED), ("deploy/clean.yaml", CLEAN)]);
    let ran = |format: &str| {
        let ran = folder.run(&["check", "--format", format, "deploy"]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{format}");
        ran.out
    };
    let sarif: Value = serde_json::from_str(&ran("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("host-namespaces"), &json!("error"))
    );
    assert_eq!(place["artifactLocation"]["uri"], "deploy/denied.yaml");
    assert_eq!(
        (
            &place["region"]["startLine"],
            &place["region"]["startColumn"]
        ),
        (&json!(6), &json!(3))
    );
    let github = ran("github");
    let command = github.lines().next().unwrap();
    assert!(
        command.starts_with("::error file=deploy/denied.yaml,line=6,"),
        "{github}"
    );
    assert!(command.contains("host-namespaces"), "{github}");
    let junit = ran("junit");
    assert!(junit.starts_with("<?xml"), "{junit}");
    for part in [
        "<testsuite",
        "failures=\"1\"",
        "host-namespaces",
        "deploy/denied.yaml:6",
    ] {
        assert!(junit.contains(part), "no {part} in {junit}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::with(&[("pod.yaml", DENIED)]);
    let is_coloured = |text: &str| text.contains("\u{1b}[");
    assert!(!is_coloured(&folder.run(&["check", "pod.yaml"]).out));
    assert!(is_coloured(
        &folder.run(&["check", "--color", "always", "pod.yaml"]).out
    ));
    // `script` runs a command on a terminal.
    let on_terminal = |before: &str, after: &str| {
        folder.bash(&format!(
            "TERM=xterm {before} script -qec 'eci-policy check {after} pod.yaml' /dev/null"
        ))
    };
    let plain = on_terminal("", "");
    if plain.err.contains("script: command not found") {
        return;
    }
    assert_eq!(plain.code, 1, "{plain:?}");
    assert!(is_coloured(&plain.out), "{plain:?}");
    assert!(!is_coloured(&on_terminal("NO_COLOR=1", "").out));
    assert!(!is_coloured(&on_terminal("", "--color never").out));
}

#[test]
fn a_program_gets_every_byte_of_a_name() {
    // An output that strips styles must not strip these.
    let name = "a\u{1b}[31m\u{7f}\u{9b}ü.yaml";
    let folder = Folder::with(&[(name, DENIED)]);
    let report = folder.checked(1, &[name]);
    assert_eq!(report["files"][0]["file"], name);
    let ran = folder.run(&["check", "--color", "always", name]);
    assert!(
        !ran.out.contains("\u{1b}[31m\u{7f}") && !ran.out.contains('\u{9b}'),
        "{:?}",
        ran.out
    );
}

// Suppressions.

#[test]
fn a_comment_takes_a_finding_back() {
    let with = |above: &str, on: &str| {
        pod(&format!(
            "containers: [{{name: web, image: nginx}}]\n{above}hostPID: true{on}\nhostIPC: true"
        ))
    };
    let allow = "# eci-policy: allow host-namespaces";
    let why = "# eci-policy: allow host-namespaces the agent needs it";
    // With what flag; the findings left, and whether something is said of the comment.
    for (text, flag, left, is_remarked) in [
        (with("", ""), "", 2, false),
        (with("", &format!(" {why}")), "", 1, false),
        (with(&format!("{why}\n"), ""), "", 1, false),
        (with(&format!("{why}\n# and more\n"), ""), "", 1, false),
        (with(&format!("{why}\n{allow}\n"), ""), "", 1, false),
        (with(&format!("{why}\n\n"), ""), "", 2, false),
        (with("", &format!(" {allow}")), "", 1, false),
        (
            with("", " #eci-policy: allow host-namespaces"),
            "",
            1,
            false,
        ),
        // Of another rule, of none, misspelled, no comment at all.
        (with("", " # eci-policy: allow host-path"), "", 2, false),
        (with("", " # eci-policy: allow host-namespace"), "", 2, true),
        (with("", " # eci-policy: alow host-namespaces"), "", 2, true),
        (with("", " # eci-policy: allow"), "", 2, true),
        (
            with("note: \"# eci-policy: allow host-namespaces\"\n", ""),
            "",
            2,
            false,
        ),
        (with(&format!("note: |\n  {why}\n"), ""), "", 2, false),
        // Flags.
        (with("", &format!(" {why}")), "--no-suppressions", 2, false),
        (
            with("", &format!(" {allow}")),
            "--no-suppressions",
            2,
            false,
        ),
        (with("", &format!(" {why}")), "--require-reason", 1, false),
        (with("", &format!(" {allow}")), "--require-reason", 2, true),
    ] {
        for text in [
            text.clone(),
            format!("\u{feff}---\n{CLEAN}---\n{text}").replace('\n', "\r\n"),
        ] {
            let folder = Folder::with(&[("pod.yaml", &text)]);
            let flags: Vec<_> = ["pod.yaml", flag]
                .into_iter()
                .filter(|flag| !flag.is_empty())
                .collect();
            let report = folder.checked(1, &flags);
            let totals = &report["totals"];
            assert_eq!(
                (&totals["denied"], &totals["suppressed"]),
                (&json!(left), &json!(2 - left)),
                "{flag} {text}"
            );
            assert_eq!(
                problems(&report).len(),
                usize::from(is_remarked),
                "{flag} {text}"
            );
            let shown = folder.run(&[&["check"], flags.as_slice()].concat()).out;
            assert_eq!(
                shown.matches("error[host-namespaces]").count(),
                left,
                "{shown}"
            );
        }
    }
}

#[test]
fn what_is_taken_back_is_told_to_programs_and_counts_no_more() {
    let text = pod(
        "containers: [{name: web, image: nginx}]\nhostPID: true # eci-policy: allow host-namespaces the agent: needs it ",
    );
    let folder = Folder::with(&[("pod.yaml", &text)]);
    let report = folder.checked(0, &["--strict", "pod.yaml"]);
    assert_eq!(
        findings(&report)[0]["suppressed"]["reason"],
        "the agent: needs it"
    );
    assert_eq!(
        folder.run(&["check", "pod.yaml"]).out,
        "no problems in 1 object; 1 suppressed\n"
    );
    assert!(
        !folder
            .run(&["check", "--format", "github", "pod.yaml"])
            .out
            .contains("::error")
    );
    let sarif: Value =
        serde_json::from_str(&folder.run(&["check", "--format", "sarif", "pod.yaml"]).out).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"][0]["suppressions"][0]["kind"],
        "inSource"
    );
}

// On all cores, and into pipes.

/// More files than are worked on at a time.
fn many() -> Folder {
    let folder = Folder::with(&[]);
    for index in 0..320 {
        let text = [CLEAN, DENIED, WARNED, REPAIRED, BROKEN, FOREIGN][index % 6];
        folder.write(
            &format!("{}/{index}.yaml", index % 7),
            text.replace("web", &format!("web-{index}")),
        );
    }
    folder
}

#[test]
fn threads_and_runs_do_not_show() {
    let folder = many();
    for format in ["text", "json", "junit"] {
        let ran = |threads: &str| {
            let mut command = folder.command();
            command
                .env("RAYON_NUM_THREADS", threads)
                .args(["check", "--format", format, "."]);
            support::Ran::of(&command.output().unwrap())
        };
        let one = ran("1");
        assert_eq!((one.code, one.err.as_str()), (2, ""));
        assert!(one.out.contains("319.yaml"));
        for threads in ["1", "2", "2", "2", "8"] {
            assert!(ran(threads) == one, "{format} with {threads} threads");
        }
    }
    let documents: String = (0..300)
        .map(|index| format!("---\n{}", DENIED.replace("denied", &format!("p{index}"))))
        .collect();
    folder.write("stream.yaml", documents);
    let one = folder.checked(1, &["stream.yaml"]);
    let lines: Vec<_> = findings(&one)
        .iter()
        .map(|found| index(found, "line"))
        .collect();
    assert_eq!(
        lines,
        (0..300).map(|index| index * 7 + 7).collect::<Vec<_>>()
    );
    assert_eq!(folder.checked(1, &["stream.yaml"]), one);
}

#[test]
fn a_closed_pipe_ends_the_printing_quietly() {
    let folder = many();
    let ran = folder.bash("eci-policy check . | head -1 >/dev/null; echo ${PIPESTATUS[0]}");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("2\n", ""));
    for format in ["text", "json", "sarif", "github", "junit"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(folder.command().get_program());
        command
            .args(["check", "--format", format, "."])
            .current_dir(folder.path())
            .stdout(writer);
        let output = command.output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(2), &b""[..]),
            "{format}"
        );
    }
}

#[test]
fn a_full_disk_is_told() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let ran = folder.bash("eci-policy check pod.yaml >/dev/full");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.starts_with("eci-policy: cannot write: "),
        "{}",
        ran.err
    );
}

/// A pod whose capabilities stand behind an anchor that another container uses.
const ANCHORED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: anchored, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  initContainers: [{name: a, image: a, securityContext: &c {capabilities: {add: [net_admin]}}}]
  containers: [{name: b, image: b, securityContext: *c}]
";

#[test]
fn a_repair_is_promised_where_fix_makes_it_and_with_what_makes_it() {
    let possible = REPAIRED.replace(", labels: {alibabacloud.com/eci: \"true\"}", "")
        + "  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]\n";
    for (text, hint, promised) in [
        (
            REPAIRED,
            "(eci-policy fix)",
            ". 1 can be repaired: eci-policy fix",
        ),
        (ANCHORED, "", ""),
        (
            &possible,
            "(eci-policy fix --assume-eci)",
            ". 1 can be repaired: eci-policy fix --assume-eci",
        ),
        (WARNED, "(eci-policy fix --rule proc-mount)", ""),
    ] {
        let folder = Folder::with(&[("pod.yaml", text)]);
        let ran = folder.run(&["check", "pod.yaml"]);
        assert_eq!(
            (ran.out.contains("= fix: "), ran.out.contains(hint)),
            (!hint.is_empty(), true),
            "{}",
            ran.out
        );
        let end = ran.summary();
        let end = end.find(". ").map_or("", |at| &end[at..]);
        assert_eq!(end, promised);
        // Every hint is true.
        if let Some(options) = hint
            .strip_prefix("(eci-policy fix")
            .and_then(|rest| rest.strip_suffix(')'))
        {
            let fixed = folder.bash(&format!("eci-policy fix{options} pod.yaml"));
            assert_eq!(
                (fixed.code, fixed.err.as_str()),
                (0, "1 finding in 1 file repaired\n")
            );
        } else {
            assert!(
                folder
                    .run(&["fix", "pod.yaml"])
                    .err
                    .contains("nothing to repair")
            );
        }
    }
}

#[test]
fn what_is_meant_as_a_manifest_and_is_none_is_an_error() {
    let spec = "spec: {hostPID: true, containers: [{name: a, image: a}]}\n";
    for (text, line, said) in [
        (format!("{spec}kind: Pod\n"), 2, "Pod: apiVersion is missing"),
        (format!("apiVersion: 1\nkind: Pod\nmetadata: {{name: a}}\n{spec}"), 1, "Pod a: apiVersion must be a string"),
        ("kind: DeploymentList\nitems: []\n".to_owned(), 1, "DeploymentList: apiVersion is missing"),
        (
            "kind: Rollout\nspec: {template: {spec: {containers: [{name: a}]}}}\n".to_owned(),
            1,
            "Rollout: apiVersion is missing",
        ),
        (
            "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n".to_owned(),
            2,
            "AdmissionReview: request is missing",
        ),
        (
            "ContainerGroupName: a\nContainer:\n  Name: a\n".to_owned(),
            3,
            "Container: is an object, and must be a list",
        ),
        (
            "{\"uid\": \"1\", \"operation\": \"CREATE\", \"kind\": {\"group\": \"\", \"version\": \"v1\", \"kind\": \"Pod\"}}".to_owned(),
            1,
            "object: request.object: is missing",
        ),
    ] {
        let folder = Folder::with(&[("file.yaml", &text)]);
        let report = folder.checked(2, &["file.yaml"]);
        let problems = problems(&report);
        assert_eq!(problems.len(), 1, "{report}");
        assert!(problems[0]["message"].as_str().unwrap().starts_with(said), "{report}");
        assert_eq!(problems[0]["line"], line, "{report}");
    }
}

#[test]
fn what_kubectl_and_kubewarden_hand_over_is_judged() {
    let pod = eci_manifest::documents(DENIED).unwrap()[0].value();
    let mut item = pod.clone();
    item.as_object_mut()
        .unwrap()
        .retain(|key, _| key != "kind" && key != "apiVersion");
    let request = json!({
        "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod,
    });
    for (text, paths) in [
        (
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [item, item]})
                .to_string(),
            2,
        ),
        (json!({"request": request, "settings": {}}).to_string(), 1),
        (json!([pod, pod]).to_string(), 2),
        (format!("{pod}\n{pod}\n"), 2),
        (format!("{pod:#}{pod:#}"), 2),
    ] {
        let folder = Folder::with(&[("file.json", &text)]);
        let report = folder.checked(1, &["file.json"]);
        assert_eq!(
            told(&report),
            vec!["host-namespaces deny spec.hostPID"; paths],
            "{report}"
        );
        assert!(
            findings(&report)
                .iter()
                .all(|found| found["object"] == "Pod denied"),
            "{report}"
        );
        assert_eq!(report["totals"]["objects"], paths);
    }
}

#[test]
fn documents_that_are_no_manifests_are_counted() {
    let folder = Folder::with(&[
        ("a.yaml", &format!("{CLEAN}---\n{FOREIGN}---\n{FOREIGN}")),
        ("b.yaml", FOREIGN),
    ]);
    let ran = folder.run(&["check", "."]);
    assert_eq!(
        ran.summary(),
        "no problems in 1 object; 1 file without a manifest; 2 documents that are not manifests"
    );
}

#[test]
fn a_comment_in_a_flat_request_counts_and_a_wrong_one_is_told() {
    let request = |comment: &str| {
        format!(
            "# ours\n\nContainer.1.Name=a\n  # {comment}\n# why\nContainer.1.SecurityContextPrivileged=true\n"
        )
    };
    for (comment, options, code, summary) in [
        (
            "eci-policy: allow privileged ok",
            &[][..],
            0,
            "no problems in 1 object; 1 suppressed",
        ),
        (
            "eci-policy: allow privileged ok",
            &["--no-suppressions"],
            1,
            "1 error in 1 object",
        ),
        (
            "eci-policy: allow privileged",
            &["--require-reason"],
            1,
            "1 error in 1 object; 1 suppression without effect",
        ),
        (
            "eci-policy: allow root-filesystem ok",
            &[],
            1,
            "1 error in 1 object",
        ),
        (
            "eci-policy: allow privileged, root-filesystem",
            &[],
            1,
            "1 error in 1 object; 1 suppression without effect",
        ),
    ] {
        let folder = Folder::with(&[("request", &request(comment))]);
        let ran = folder.run(&[&["check", "request"], options].concat());
        assert_eq!((ran.code, ran.summary()), (code, summary), "{}", ran.out);
        assert_eq!(
            ran.out.contains("a suppression takes one rule"),
            comment.contains(','),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_suppression_without_effect_is_no_success_where_all_must_be_well() {
    let folder = Folder::with(&[(
        "pod.yaml",
        &format!("# eci-policy: alow privileged\n{CLEAN}"),
    )]);
    let ran = folder.run(&["check", "pod.yaml"]);
    assert_eq!(
        (ran.code, ran.summary()),
        (0, "no problems in 1 object; 1 suppression without effect")
    );
    assert_eq!(folder.run(&["check", "--strict", "pod.yaml"]).code, 1);
}

#[test]
fn a_profile_of_requests_is_said_to_be_chosen_by_itself() {
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let ran = folder.run(&["check", "--profile", "openapi", "pod.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is chosen by itself"), "{}", ran.err);
}

#[test]
fn a_list_is_not_read_once_for_each_of_its_objects() {
    let object = REPAIRED
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect::<String>()
        .replacen("  ", "- ", 1);
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}",
        object.repeat(1000)
    );
    let folder = Folder::with(&[("list.yaml", &list)]);
    let started = std::time::Instant::now();
    let report = folder.checked(0, &["list.yaml"]);
    assert!(
        findings(&report)
            .iter()
            .all(|found| found["fix"]["replacements"][0]["text"] == "CHOWN")
    );
    assert_eq!(report["totals"]["fixable"], 1000);
    // Read a thousand times, it takes minutes.
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn many_documents_take_as_long_as_many_files() {
    let document = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    metadata: {labels: {alibabacloud.com/eci: \"true\"}}\n    spec:\n      securityContext: {runAsGroup: 5}\n      containers:\n      - name: a\n        image: a\n---\n";
    let folder = Folder::with(&[
        ("few.yaml", &document.repeat(500)),
        ("many.yaml", &document.repeat(5000)),
    ]);
    let took = |file: &str| {
        let started = std::time::Instant::now();
        assert_eq!(folder.run(&["check", "--format", "github", file]).code, 0);
        started.elapsed()
    };
    took("few.yaml");
    let (few, many) = (took("few.yaml"), took("many.yaml"));
    // Ten times the work, and much room for what else the machine does; it was a hundred times.
    assert!(
        many < few * 40 + std::time::Duration::from_secs(1),
        "{few:?}, {many:?}"
    );
}
