//! The settings.

use eci_security_context::eci::profile;
use eci_security_context::eci::{capability, sysctl};
use eci_security_context::policy::parse;
use eci_security_context::policy::settings::{Mutate, Possible, Settings};
use eci_security_context::review::request::Request;
use eci_security_context::review::{Judged, review};
use serde_json::Value;

use crate::answer::checked;
use crate::repair::{self, validate};

/// A pod that violates most rules.
const PROBE: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"eci":"true"},"annotations":{"k8s.aliyun.com/eci-host-sysctls":"[{\"name\":\"vm.max_map_count\",\"value\":\"1\"}]"}},"spec":{"hostPID":true,"securityContext":{"runAsGroup":3000,"runAsNonRoot":true,"fsGroup":1,"sysctls":[{"name":"vm.swappiness","value":"1"},{"name":"kernel/shmmax","value":"x"},{"name":"vm.min_free_kbytes","value":"999999999"}]},"initContainers":[{"name":"init","image":"registry.example/team/init:1","securityContext":{"runAsUser":0}}],"containers":[{"name":"web","image":"registry.example/team/web:1","securityContext":{"privileged":true,"allowPrivilegeEscalation":false,"procMount":"Unmasked","readOnlyRootFilesystem":false,"capabilities":{"add":["cap_chown","SYS_RAWIO","ALL"],"drop":["all"]}}}],"volumes":[{"name":"v","hostPath":{"path":"/"}}]}}"#;

/// Checks that settings are accepted or refused with a message of one line, that the order of keys has no effect, that
/// accepted settings are those in the text, and that a pod judged by them gets an answer and complete repairs.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let settings = read(text);
    if let Err(message) = &settings {
        assert!(message.starts_with("settings: "), "{message:?}");
        assert!(
            !message.contains(char::is_control),
            "a message of several lines: {message:?}"
        );
        assert!(
            message.len() <= 4096,
            "a message of {} bytes: {message}",
            message.len()
        );
    }
    if !crate::is_json(text) {
        assert!(settings.is_err(), "settings that are not JSON");
        return;
    }
    judged(text, settings.is_ok());
    let Some(value) = crate::value(text) else {
        return;
    };
    let sorted = read(&value.to_string());
    assert_eq!(
        settings.as_ref().err(),
        sorted.as_ref().err(),
        "the order of keys"
    );
    if let Ok(settings) = settings
        && !value.is_null()
    {
        is_what_is_written(&settings, &value);
    }
}

fn read(text: &str) -> Result<Settings, String> {
    parse::settings(text, true).map_err(|error| error.to_string())
}

fn judged(settings: &str, is_valid: bool) {
    let request = format!(
        r#"{{"kind":{{"group":"","kind":"Pod"}},"operation":"CREATE","namespace":"x","object":{PROBE}}}"#
    );
    let payload = format!(r#"{{"request":{request},"settings":{settings}}}"#);
    let answer = checked(repair::is_clean(&payload, validate));
    assert_eq!(answer.code == Some(422), !is_valid, "{:?}", answer.message);
}

fn is_what_is_written(settings: &Settings, value: &Value) {
    let text = |pointer: &str, default: &'static str| match value.pointer(pointer) {
        None => default,
        Some(Value::String(text)) => text,
        Some(other) => panic!("{pointer} is taken, and is {other}"),
    };
    let flag = |pointer: &str| {
        value
            .pointer(pointer)
            .is_some_and(|flag| flag.as_bool().expect("a flag is taken"))
    };
    let texts = |pointer: &str, read: fn(&str) -> String| -> Vec<String> {
        let items = value
            .pointer(pointer)
            .map(|list| list.as_array().expect("a list is taken"));
        items
            .into_iter()
            .flatten()
            .map(|item| read(item.as_str().expect("a string is taken")))
            .collect()
    };
    let name = match text("/profile", "latest") {
        "latest" => profile::latest().name,
        name => name,
    };
    assert_eq!(settings.account.profile.name, name);
    let mode = match settings.mutate {
        Mutate::None => "none",
        Mutate::Pods => "pods",
        Mutate::All => "all",
    };
    assert_eq!(mode, text("/mutate", "pods"));
    let possible = match settings.scope.possible {
        Possible::Warn => "warn",
        Possible::Enforce => "enforce",
        Possible::Ignore => "ignore",
    };
    assert_eq!(possible, text("/scope/possible", "warn"));
    assert_eq!(settings.scope.assume_eci, flag("/scope/assumeEci"));
    assert_eq!(
        settings.scope.namespace_labels,
        flag("/scope/namespaceLabels")
    );
    assert_eq!(
        settings.account.approved.privileged,
        flag("/approved/privileged")
    );
    assert_eq!(
        settings.account.approved.capabilities,
        texts("/approved/capabilities", |name| capability::normalise(name)
            .into_owned())
    );
    assert_eq!(
        settings.account.approved.host_sysctls,
        texts("/approved/hostSysctls", |name| sysctl::normalise(name)
            .into_owned())
    );
    actions_are_what_is_written(settings, value);
}

fn actions_are_what_is_written(settings: &Settings, value: &Value) {
    if value.pointer("/exempt").is_some() {
        return;
    }
    let request = Request::creating("", "Pod", serde_json::from_str(PROBE).expect("it is JSON"));
    let findings = review(&request, settings, None)
        .expect("it can be read")
        .findings;
    let strength = |action: &str| {
        ["off", "audit", "warn", "fix", "deny"]
            .iter()
            .position(|known| *known == action)
    };
    let word = |action: &Value| action.as_str().unwrap_or("off").to_owned();
    let ceiling = value.pointer("/actions/*").map(word);
    for Judged { finding, decision } in findings {
        let action = decision.action.as_str();
        match (
            value
                .get("actions")
                .and_then(|actions| actions.get(finding.rule.id))
                .map(word),
            &ceiling,
        ) {
            // The setting `mutate` decides which kinds are repaired.
            (Some(asked), _) if asked == "fix" => {}
            (Some(asked), _) => assert_eq!(action, asked, "{finding:?}"),
            (None, Some(ceiling)) if ceiling != "fix" => {
                assert!(
                    strength(action) <= strength(ceiling),
                    "{finding:?} is over {ceiling}"
                );
            }
            (None, _) => {}
        }
    }
}
