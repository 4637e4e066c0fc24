#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use serde_json::{Value, json};

use super::*;
use crate::openapi::{flat, of_value};

fn settings(raw: Value) -> Settings {
    eci_security_context::policy::parse::settings(&raw.to_string(), false).unwrap()
}

fn request(text: &str) -> Request {
    let mut requests = flat(text).unwrap().unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

/// The findings, as `action rule parameter`. Each is at the position of its parameter.
fn found(text: &str, raw: Value) -> Vec<String> {
    let request = request(text);
    let findings = request
        .review(&settings(raw))
        .unwrap_or_else(|error| panic!("{error:?}"));
    let line = |(Judged { finding, decision }, param): (Judged, &Param)| {
        let Position::Bytes(span) = param.position.clone() else {
            panic!("{param:?}")
        };
        let name = text[span].split('=').next().unwrap();
        assert_eq!(name, finding.path.to_string());
        format!("{} {} {name}", decision.action.as_str(), finding.rule.id)
    };
    findings.into_iter().map(line).collect()
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    assert_eq!(found(text, json!({})), expected, "{text}");
}

fn help(text: &str) -> String {
    let request = request(text);
    let found = request.review(&Settings::default()).unwrap();
    found[0].0.finding.help.to_string()
}

fn error(text: &str) -> RequestError {
    request(text).review(&Settings::default()).unwrap_err()
}

#[test]
fn the_samples_of_the_api_page_are_fine() {
    finds(
        "SecurityContext.Sysctl.1.Name=net.ipv4.ping_group_range\nSecurityContext.Sysctl.1.Value=1\n\
         HostSecurityContext.Sysctl.1.Name=kernel.msgmax\nHostSecurityContext.Sysctl.1.Value=65536\n\
         Container.1.SecurityContext.RunAsUser=1000\nContainer.1.SecurityContextRunAsGroup=3000\n\
         Container.1.SecurityContextRunAsNonRoot=true\nContainer.1.SecurityContext.Capability.Add.1=NET_ADMIN\n\
         Container.1.SecurityContext.ReadOnlyRootFilesystem=true\nContainer.1.SecurityContextPrivileged=false\n\
         InitContainer.1.SecurityContext.RunAsUser=0\nShareProcessNamespace=true\n",
        &[],
    );
}

#[test]
fn the_core_judges_the_pod_that_is_described() {
    finds(
        "Container.1.SecurityContextPrivileged=true\nContainer.1.SecurityContext.ReadOnlyRootFilesystem=false\n\
         Container.2.SecurityContext.Capability.Add.1=KILL\nContainer.2.SecurityContext.Capability.Add.2=SYS_TIME\n\
         Container.2.SecurityContext.Capability.Add.3=cap_kill\n\
         InitContainer.1.SecurityContext.Capability.Add.1=SYS_BOOT\n\
         Container.3.SecurityContext.RunAsUser=0\nContainer.3.SecurityContextRunAsNonRoot=True\n\
         Container.4.SecurityContextRunAsGroup=-1\n",
        &[
            "deny capability-unsupported Container.2.SecurityContext.Capability.Add.2",
            "deny capability-unsupported InitContainer.1.SecurityContext.Capability.Add.1",
            // A request is not repaired.
            "deny capability-name Container.2.SecurityContext.Capability.Add.3",
            "deny privileged Container.1.SecurityContextPrivileged",
            "deny run-as-root-conflict Container.3.SecurityContext.RunAsUser",
            "deny run-as-id-range Container.4.SecurityContextRunAsGroup",
            "warn root-filesystem Container.1.SecurityContext.ReadOnlyRootFilesystem",
        ],
    );
}

#[test]
fn approvals_actions_and_exemptions_count() {
    let text = "Container.1.SecurityContextPrivileged=true\nInitContainer.1.SecurityContextPrivileged=true\n";
    finds(
        text,
        &[
            "deny privileged Container.1.SecurityContextPrivileged",
            "deny privileged InitContainer.1.SecurityContextPrivileged",
        ],
    );
    // An approval never covers init containers.
    assert_eq!(
        found(text, json!({ "approved": { "privileged": true } })),
        ["deny privileged InitContainer.1.SecurityContextPrivileged"]
    );
    assert_eq!(
        found(text, json!({ "actions": { "privileged": "warn" } })),
        [
            "warn privileged Container.1.SecurityContextPrivileged",
            "warn privileged InitContainer.1.SecurityContextPrivileged",
        ]
    );
    assert!(found(text, json!({ "actions": { "privileged": "off" } })).is_empty());
    let exempt = json!({ "exempt": [{ "image": "registry.example/istio/**" }] });
    let text = format!(
        "{text}Container.1.Image=registry.example/istio/proxy\nInitContainer.1.Image=registry.example/istio/init\n"
    );
    assert_eq!(
        found(&text, exempt),
        [
            "audit privileged Container.1.SecurityContextPrivileged",
            "audit privileged InitContainer.1.SecurityContextPrivileged",
        ]
    );
}

#[test]
fn the_profile_of_the_settings_is_not_used() {
    let text = "HostSecurityContext.Sysctl.1.Name=net.ipv4.ip_local_port_range\n\
                HostSecurityContext.Sysctl.1.Value=1024 65535\n";
    for profile in ["2024-02-26", "2026-04-01"] {
        let found = found(
            text,
            json!({ "profile": profile, "scope": { "possible": "ignore" } }),
        );
        assert_eq!(
            found,
            ["deny sysctl-unsupported HostSecurityContext.Sysctl.1.Name"]
        );
    }
}

#[test]
fn a_sysctl_belongs_in_its_channel() {
    for (channel, name, right) in [
        (
            "SecurityContext",
            "net.core.somaxconn",
            "HostSecurityContext.Sysctl",
        ),
        (
            "SecurityContext",
            "net/core/somaxconn",
            "HostSecurityContext.Sysctl",
        ),
        (
            "HostSecurityContext",
            "net.ipv4.ping_group_range",
            "SecurityContext.Sysctl",
        ),
    ] {
        // The value of an unsupported sysctl is not judged.
        let text = format!("{channel}.Sysctl.1.Name={name}\n{channel}.Sysctl.1.Value=abc\n");
        finds(
            &text,
            &[&format!("deny sysctl-unsupported {channel}.Sysctl.1.Name")],
        );
        assert_eq!(help(&text), format!("move it to {right}"));
    }
}

#[test]
fn sysctls_of_both_channels_are_judged() {
    finds(
        "SecurityContext.Sysctl.1.Name=net.ipv4.tcp_syncookies\nSecurityContext.Sysctl.1.Value=1\n\
         HostSecurityContext.Sysctl.1.Name=net.core.somaxconn\nHostSecurityContext.Sysctl.1.Value=many\n\
         HostSecurityContext.Sysctl.2.Name=kernel.msgmax\n\
         HostSecurityContext.Sysctl.3.Name=net.core.somaxconn\nHostSecurityContext.Sysctl.3.Value=1\n",
        &[
            "deny sysctl-unsupported SecurityContext.Sysctl.1.Name",
            "deny sysctl-malformed HostSecurityContext.Sysctl.2.Name",
            "deny sysctl-malformed HostSecurityContext.Sysctl.3.Name",
            "deny sysctl-value HostSecurityContext.Sysctl.1.Value",
        ],
    );
}

#[test]
fn the_memory_of_the_group_or_of_its_containers_counts() {
    // A fifth of 4 GiB is 838860 kB, of 8 GiB 1677721 kB.
    let text = |kbytes: i64, size: &str| {
        format!(
            "HostSecurityContext.Sysctl.1.Name=vm.min_free_kbytes\nHostSecurityContext.Sysctl.1.Value={kbytes}\n{size}"
        )
    };
    let over = ["warn min-free-kbytes HostSecurityContext.Sysctl.1.Value"];
    for (size, most) in [
        ("", 838_860),
        ("Cpu=2\nMemory=4\n", 838_860),
        (
            "Cpu=2.0\nMemory=8.0\nContainer.1.Memory=1\nContainer.2.Memory=1\n",
            1_677_721,
        ),
        ("Container.1.Memory=4\nContainer.2.Memory=4\n", 1_677_721),
    ] {
        finds(&text(most, size), &[]);
        finds(&text(most + 1, size), &over);
    }
    // The memory of an instance type is not known.
    finds(&text(999_999_999, "InstanceType=ecs.c6.xlarge\n"), &[]);
}

#[test]
fn init_containers_take_no_group_and_no_non_root() {
    finds(
        "InitContainer.1.SecurityContextRunAsGroup=0\nInitContainer.1.SecurityContextRunAsNonRoot=true\n\
         InitContainer.2.SecurityContextRunAsNonRoot=false\nInitContainer.2.SecurityContextPrivileged=false\n",
        &[
            "warn init-container-identity InitContainer.1.SecurityContextRunAsGroup",
            "warn init-container-identity InitContainer.1.SecurityContextRunAsNonRoot",
        ],
    );
}

#[test]
fn unknown_parameters_are_reported_with_the_right_one() {
    for (name, expected) in [
        (
            "Container.1.SecurityContext.Privileged",
            "did you mean Container.1.SecurityContextPrivileged?",
        ),
        (
            "Container.1.SecurityContext.RunAsGroup",
            "did you mean Container.1.SecurityContextRunAsGroup?",
        ),
        (
            "Container.1.SecurityContextRunAsUser",
            "did you mean Container.1.SecurityContext.RunAsUser?",
        ),
        (
            "InitContainer.1.SecurityContext.runAsUser",
            "did you mean InitContainer.1.SecurityContext.RunAsUser?",
        ),
        (
            "Container.1.SecurityContext.Capability.Add",
            "did you mean Container.1.SecurityContext.Capability.Add.1?",
        ),
        (
            "HostSecurityContext.Sysctls.2.Name",
            "did you mean HostSecurityContext.Sysctl.2.Name?",
        ),
        (
            "SecurityContext.RunAsUser",
            "did you mean Container.N.SecurityContext.RunAsUser?",
        ),
        (
            "Container.1.SecurityContext.Capability.Drop.1",
            "remove it, or do not rely on it",
        ),
        (
            "Container.1.SecurityContext.AllowPrivilegeEscalation",
            "remove it, or do not rely on it",
        ),
        ("HostPid", "remove it, or do not rely on it"),
    ] {
        let text = format!("{name}=x\nContainerGroupName=g\n");
        finds(&text, &[&format!("warn field-ignored {name}")]);
        assert_eq!(help(&text), expected, "{name}");
    }
}

#[test]
fn other_parameters_are_ignored() {
    finds(
        "ContainerGroupName=g\nVolume.0.Name=x\nContainer.1.Arg.7=y\nSpotStrategy=?\nTag.x=2=\n",
        &[],
    );
}

#[test]
fn bad_values_are_reported_with_the_parameter() {
    for (line, message) in [
        (
            "Container.1.SecurityContext.RunAsUser=abc",
            "Container.1.SecurityContext.RunAsUser: \"abc\" is not a 64-bit integer",
        ),
        (
            "Container.1.SecurityContextRunAsGroup=1.5",
            "Container.1.SecurityContextRunAsGroup: \"1.5\" is not a 64-bit integer",
        ),
        (
            "InitContainer.1.SecurityContextRunAsNonRoot=maybe",
            "InitContainer.1.SecurityContextRunAsNonRoot: \"maybe\" is neither true nor false",
        ),
        (
            "ShareProcessNamespace=1",
            "ShareProcessNamespace: \"1\" is neither true nor false",
        ),
        (
            "Container.0.Name=a",
            "Container.0.Name: Container.0 is not a valid number of an item",
        ),
        (
            "Container.01.Name=a",
            "Container.01.Name: Container.01 is not a valid number of an item",
        ),
        (
            "Container.3.Name=a",
            "Container.3.Name: Container.2 is missing",
        ),
        (
            "Container.1.SecurityContext.Capability.Add.2=KILL",
            "Container.1.SecurityContext.Capability.Add.2: \
             Container.1.SecurityContext.Capability.Add.1 is missing",
        ),
        (
            "SecurityContext.Sysctl.2.Name=kernel.sem",
            "SecurityContext.Sysctl.2.Name: SecurityContext.Sysctl.1 is missing",
        ),
        (
            "HostSecurityContext.Sysctl.1.Value=1",
            "HostSecurityContext.Sysctl.1.Value: has no name",
        ),
        ("Container.1.Name=b", "Container.1.Name: is set twice"),
    ] {
        let text = format!("Container.1.Name=a\n{line}\n");
        assert_eq!(error(&text).message, message);
        let position = error(&text).position;
        assert_eq!(position, Position::Bytes(19..19 + line.len()), "{line}");
    }
}

#[test]
fn a_channel_takes_101_sysctls() {
    let sysctls = |count: usize| -> String {
        let entry = |n: usize| {
            format!(
                "HostSecurityContext.Sysctl.{n}.Name=net.x{n}\nHostSecurityContext.Sysctl.{n}.Value=1\n"
            )
        };
        (1..=count).map(entry).collect()
    };
    finds(&sysctls(101), &[]);
    assert_eq!(
        error(&sysctls(102)).message,
        "HostSecurityContext.Sysctl.102.Name: HostSecurityContext.Sysctl takes at most 101 sysctls"
    );
}

#[test]
fn values_of_documents_have_any_type() {
    let document = json!({
        "HostSecurityContext": { "Sysctl": [{ "Name": "net.core.somaxconn", "Value": 1024 }] },
        "Container": [
            { "SecurityContext": { "RunAsUser": "0", "Capability": { "Add": ["KILL", "SYS_TIME"] } },
              "SecurityContextRunAsNonRoot": true, "SecurityContextPrivileged": null },
        ],
    });
    let requests = of_value(&document).unwrap();
    let found = requests[0].review(&Settings::default()).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|(judged, param)| (judged.finding.path.to_string(), param.position.clone()))
        .collect();
    let field = |path: &str| Position::Field(path.to_owned());
    assert_eq!(
        found,
        [
            (
                "Container.1.SecurityContext.Capability.Add.2".to_owned(),
                field("Container[0].SecurityContext.Capability.Add[1]")
            ),
            (
                "Container.1.SecurityContext.RunAsUser".to_owned(),
                field("Container[0].SecurityContext.RunAsUser")
            ),
        ]
    );
    let nested = json!({ "Container": [{ "SecurityContext": { "RunAsUser": [1] } }] });
    // A user has no items, so there is no such parameter.
    let requests = of_value(&nested).unwrap();
    let found = requests[0].review(&Settings::default()).unwrap();
    assert_eq!(found[0].0.finding.rule.id, "field-ignored");
}

#[test]
fn the_help_for_privileged_containers_names_the_parameter_for_sysctls() {
    let help = help("Container.1.SecurityContextPrivileged=true");
    assert!(
        help.contains("set sysctls in HostSecurityContext.Sysctl where"),
        "{help}"
    );
    assert!(!help.contains("annotation"), "{help}");
}

#[test]
fn windows_is_not_judged() {
    let windows = request("OsType=Windows\nContainer.1.Name=a\n");
    let position = &windows.windows().unwrap().position;
    assert_eq!(position, &Position::Bytes(0..14));
    let linux = request("OsType=Linux\nContainer.1.Name=a\n");
    assert!(linux.windows().is_none());
}
