//! Exit codes, and errors of the command line.

use crate::support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, WARNED, pod};

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
        (&["foreign"], 0, 1),
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
        (&["."], 2, 2),
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
fn findings_for_the_audit_log_are_not_strict() {
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
fn a_wrong_argument_ends_with_2_and_help() {
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
        ("pod-as-settings.yaml", DENIED),
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
            &["key.yaml:1:1: ", "profil: ", "did you mean profile?"],
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
        (&["--settings", "list.yaml"], &["list.yaml:1:1: ", "object"]),
        (&["--settings", "two.yaml"], &["two.yaml: ", "one document"]),
        (
            &["--settings", "pod-as-settings.yaml"],
            &["pod-as-settings.yaml: is a Pod; use settings"],
        ),
        (
            &["--settings", "policies.yaml"],
            &["policies.yaml: ", "several policies"],
        ),
        (
            &["--settings", "policy.yaml"],
            &["policy.yaml:3:19: ", "did you mean profile?"],
        ),
        (
            &["--profile", "2027-01-01"],
            &["\"2027-01-01\"", "2024-02-26, 2026-04-01, latest"],
        ),
        (
            &["--format", "xml"],
            &[
                "'xml'",
                "text, concise, statistics, json, sarif, gitlab, github, junit",
            ],
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

#[test]
fn the_profile_of_requests_cannot_be_chosen() {
    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let ran = folder.run(&["check", "--profile", "openapi", "pod.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("is always used for requests"),
        "{}",
        ran.err
    );
}
