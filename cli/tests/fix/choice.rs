//! Which findings are repaired, and the exit code.

use crate::style::SHARED;
use eci_security_context::rules::RULES;

use crate::support::{BROKEN, CLEAN, DENIED, FOREIGN, Folder, REPAIRED, WARNED, pod};
use crate::*;
use serde_json::json;

#[test]
fn the_exit_code_depends_on_the_rest() {
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
fn a_rule_without_a_repair_is_an_error() {
    let folder = Folder::with(&[("pod.yaml", REPAIRED)]);
    let fixable = RULES.iter().filter(|rule| rule.fix.is_available());
    let fixable: Vec<_> = fixable.map(|rule| rule.id).collect();
    let without = format!(
        "the rule privileged has no repair; these rules have one: {}",
        fixable.join(", ")
    );
    for (rule, said) in [
        (
            "capability-nam",
            "there is no rule \"capability-nam\"; did you mean capability-name?",
        ),
        (
            "xyzzy",
            "there is no rule \"xyzzy\"; `eci-policy explain` lists the rules",
        ),
        ("privileged", &*without),
    ] {
        let ran = folder.run(&["fix", "--rule", rule, "pod.yaml"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert_eq!(ran.err, format!("eci-policy: {said}\n"));
    }
    assert_eq!(folder.read("pod.yaml"), REPAIRED);
}

#[test]
fn only_named_rules_are_repaired() {
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
fn suppressed_findings_are_not_repaired() {
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
fn only_pods_that_certainly_run_on_eci_are_repaired() {
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
fn requests_and_owned_objects_are_not_repaired() {
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
fn unsafe_repairs_are_refused_with_a_message() {
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
    // A value with an anchor is repaired at the anchor, but not if that would change another field.
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
            "1 finding in 1 file repaired; 1 error remains to be repaired by hand",
        ),
        (
            stream(REPAIRED),
            stream(&repaired),
            2,
            "3 findings in 1 file repaired; 1 error remains to be repaired by hand",
        ),
    ] {
        let folder = Folder::with(&[("all.yaml", &text)]);
        let ran = folder.run(&["fix", "all.yaml"]);
        assert_eq!(folder.read("all.yaml"), expected);
        assert_eq!(ended(&ran), (code, count), "{}", ran.err);
    }
}

/// An edit of a flow mapping of several lines could move a comment, and with it what it allows, to another field.
#[test]
fn a_flow_mapping_with_comments_is_not_repaired() {
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
fn the_errors_that_remain_are_listed_where_they_are() {
    // The repair adds a line to the first container, above the error.
    let text = "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {alibabacloud.com/eci: \"true\"}}
spec:
  securityContext: {runAsGroup: 7}
  containers:
  - name: a
    image: b
  - name: privileged
    image: b
    securityContext:
      privileged: true
";
    let folder = Folder::with(&[("pod.yaml", text)]);
    let line = |line: usize, column: usize| {
        format!(
            "pod.yaml:{line}:{column}: error[privileged] Pod web: spec.containers[1].securityContext.privileged: privileged: true is not allowed on ECI without Alibaba Cloud's approval; "
        )
    };
    let ran = folder.run(&["fix", "--diff", "pod.yaml"]);
    assert!(ran.err.starts_with(&line(12, 7)), "{}", ran.err);
    let ran = folder.run(&["fix", "pod.yaml"]);
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    assert!(
        ran.err
            .ends_with("; 1 error remains to be repaired by hand\n"),
        "{}",
        ran.err
    );
    let repaired = folder.read("pod.yaml");
    let at = repaired
        .lines()
        .position(|line| line == "      privileged: true")
        .unwrap()
        + 1;
    assert!(at > 12, "{repaired}");
    assert!(ran.err.starts_with(&line(at, 7)), "{}\n{repaired}", ran.err);
}
