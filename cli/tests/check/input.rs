//! Which files and documents are read.

use crate::position::index;
use crate::support::{CLEAN, DENIED, FOREIGN, Folder, findings, problems, summaries};
use serde_json::json;

pub(crate) const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {eci: \"true\"}}
    spec: {containers: [{name: web, image: nginx}], hostIPC: true}
";

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
            include_str!("../../../examples/requests/deployment-update-unchanged-template.json")
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
            let denials: Vec<_> = summaries(&report)
                .into_iter()
                .filter(|summary| summary.contains(" deny "))
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
fn files_without_a_manifest_are_counted() {
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
fn a_path_without_a_manifest_is_an_error() {
    let folder = Folder::with(&[("ignored/pod.yaml", DENIED), ("ignored/.ignore", "*\n")]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (path, says) in [
        ("empty", "has no manifest: no file ends in .yaml"),
        ("ignored", "has no manifest: no file ends in .yaml"),
        ("-", "is empty; did the command before it fail?"),
    ] {
        for command in ["check", "fix"] {
            let ran = folder.run(&[command, path]);
            assert_eq!(ran.code, 2, "{command} {path}: {}", ran.err);
            let told = ran.out + &ran.err;
            assert!(told.contains(says), "{command} {path}: {told}");
        }
        let report = folder.checked(2, &[path]);
        assert_eq!(report["totals"]["failed"], 1, "{path}: {report}");
    }
    // A named file is checked, whatever ignore files say.
    assert_eq!(
        folder.checked(1, &["ignored/pod.yaml"])["totals"]["objects"],
        1
    );
}

#[test]
fn ignore_files_count_up_to_the_root_of_the_repository() {
    let folder = Folder::with(&[
        (".ignore", "*\n"),
        (".gitignore", "*\n"),
        ("repository/.gitignore", "/deploy/made.yaml\n"),
        ("repository/deploy/pod.yaml", DENIED),
        ("repository/deploy/made.yaml", DENIED),
        ("repository/deploy/.hidden.yaml", DENIED),
        ("repository/.hidden/pod.yaml", DENIED),
    ]);
    let files = |path| -> Vec<String> {
        let report = folder.checked(1, &[path]);
        let files = report["files"].as_array().unwrap().iter();
        files
            .map(|file| file["file"].as_str().unwrap().to_owned())
            .collect()
    };
    // Without a repository, only the ignore files in the directory count.
    let all = ["repository/deploy/made.yaml", "repository/deploy/pod.yaml"];
    assert_eq!(files("repository/deploy"), all);
    std::fs::create_dir(folder.path().join("repository/.git")).unwrap();
    assert_eq!(files("repository/deploy"), all[1..]);
    assert_eq!(files("repository"), all[1..]);
    assert_eq!(files("repository/.hidden"), ["repository/.hidden/pod.yaml"]);
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
        assert_eq!(summaries(&report), ["host-namespaces deny spec.hostPID"]);
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

#[test]
fn an_incomplete_object_is_an_error() {
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
fn the_output_of_kubectl_and_the_payload_of_kubewarden_are_checked() {
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
            summaries(&report),
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
fn documents_that_are_not_manifests_are_counted() {
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
fn patterns_exclude_files_in_directories() {
    let folder = Folder::with(&[
        ("deploy/pod.yaml", DENIED),
        ("deploy/made/pod.yaml", DENIED),
        ("deploy/made/other/pod.yaml", DENIED),
        ("deploy/old.yaml", DENIED),
    ]);
    for (arguments, files) in [
        (&["--exclude", "made", "deploy"][..], 2),
        (&["--exclude", "made", "--exclude", "/old.*", "deploy"], 1),
        (&["--exclude", "pod.yaml", "."], 1),
        // A named file is checked.
        (&["--exclude", "*.yaml", "deploy/pod.yaml"], 1),
    ] {
        let report = folder.checked(1, arguments);
        assert_eq!(report["totals"]["files"], files, "{arguments:?}");
    }
    for (pattern, says) in [
        ("*", "has no manifest"),
        ("[z-a]", "--exclude \"[z-a]\": is not a valid pattern"),
    ] {
        let ran = folder.run(&["check", "--exclude", pattern, "deploy"]);
        assert_eq!(ran.code, 2, "{pattern}");
        assert!(ran.out.contains(says), "{pattern}: {}", ran.out);
    }
}
