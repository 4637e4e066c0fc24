//! Requests under settings that cannot be used.

use super::{BadPayload, UNREADABLE, bad, payload, pod};

/// Settings that cannot be used, each with the parts of its message: the key and the allowed values.
const BAD_SETTINGS: &str = r##"
[] => the settings: must be an object
true => the settings: must be an object
1 => the settings: must be an object
"latest" => the settings: must be an object
# Unknown keys, near and far.
{"profiles":"latest"} => profiles: | did you mean profile?
{"Mutate":"all"} => Mutate: | did you mean mutate?
{"somethingElse":1} => somethingElse: | profile | mutate | scope | actions | approved | exempt
{"scope":{"assumeECI":true}} => scope.assumeECI: | did you mean assumeEci?
{"scope":{"x":true}} => scope.x: | assumeEci | possible | namespaceLabels
{"approved":{"hostSysctl":[]}} => approved.hostSysctl: | did you mean hostSysctls?
{"approved":{"x":[]}} => approved.x: | privileged | capabilities | hostSysctls
{"exempt":[{"image":"a/b","containers":"c"}]} => exempt[0].containers: | did you mean container?
{"exempt":[{"image":"a/b"},{"x":"a/b"}]} => exempt[1].x: | image | container
# Unknown rules, near and far.
{"actions":{"privilegd":"warn"}} => actions.privilegd: | did you mean privileged?
{"actions":{"sysctl_value":"warn"}} => actions.sysctl_value: | did you mean sysctl-value?
{"actions":{"":"warn"}} => no such rule | sysctl-unsupported | host-path
{"actions":{"**":"warn"}} => actions.**: | sysctl-unsupported | host-path
# Values of a wrong type, and wrong values.
{"profile":20240226} => profile: | 2024-02-26 | 2026-04-01 | latest
{"profile":"2025-01-01"} => profile: | 2024-02-26 | 2026-04-01 | latest
{"profile":"Latest"} => profile: | latest
{"mutate":true} => mutate: | none | pods | all
{"mutate":"pod"} => mutate: | none | pods | all
{"scope":true} => scope: must be an object
{"scope":[]} => scope: must be an object
{"scope":{"assumeEci":"true"}} => scope.assumeEci: must be true or false
{"scope":{"assumeEci":1}} => scope.assumeEci: must be true or false
{"scope":{"namespaceLabels":"yes"}} => scope.namespaceLabels: must be true or false
{"scope":{"possible":true}} => scope.possible: | warn | enforce | ignore
{"scope":{"possible":"deny"}} => scope.possible: | warn | enforce | ignore
{"actions":"warn"} => actions: must be an object
{"actions":["privileged"]} => actions: must be an object
{"actions":{"privileged":1}} => actions.privileged: | deny | warn | audit | off
{"actions":{"privileged":true}} => actions.privileged: | deny | warn | audit | off
{"actions":{"privileged":"fix"}} => actions.privileged: | deny, warn, audit, off
{"actions":{"privileged":"Warn"}} => actions.privileged: | deny, warn, audit, off
{"actions":{"pod-identity":"ignore"}} => actions.pod-identity: | deny, fix, warn, audit, off
{"actions":{"*":"ignore"}} => actions.*: | deny, fix, warn, audit, off
{"actions":{"*":["warn"]}} => actions.*: | deny, fix, warn, audit, off
{"approved":[]} => approved: must be an object
{"approved":{"privileged":"true"}} => approved.privileged: must be true or false
{"approved":{"capabilities":"SYS_RAWIO"}} => approved.capabilities: must be a list
{"approved":{"capabilities":[["SYS_RAWIO"]]}} => approved.capabilities[0]: must be a string
{"approved":{"capabilities":["SYS_RAWIO","ALL"]}} => approved.capabilities[1]: | ALL
{"approved":{"capabilities":["all"]}} => approved.capabilities[0]: | ALL
{"approved":{"capabilities":["SYS_RAWI0"]}} => approved.capabilities[0]: | did you mean SYS_RAWIO?
{"approved":{"hostSysctls":"vm.*"}} => approved.hostSysctls: must be a list
{"approved":{"hostSysctls":[1]}} => approved.hostSysctls[0]: must be a string
{"approved":{"hostSysctls":["vm.*","Vm.x"]}} => approved.hostSysctls[1]:
{"exempt":{"image":"a/b"}} => exempt: must be a list
{"exempt":["registry.example/**"]} => exempt[0]: must be an object
{"exempt":[{"container":"istio-*"}]} => exempt[0]: has no image
{"exempt":[{"image":""}]} => exempt[0].image: must be a string
{"exempt":[{"image":["a/b"]}]} => exempt[0].image: must be a string
{"exempt":[{"image":"a/b","container":1}]} => exempt[0].container: must be a string
{"exempt":[{"image":"**"}]} => exempt[0].image: | wildcard
{"exempt":[{"image":"*/istio/**"}]} => exempt[0].image: | wildcard
{"profil":"latest","mutate":1,"scope":{"x":1},"exempt":[{"container":""}]} => settings: profil: no such key; did you mean profile?; and mutate: this is not one of none, pods, all; and scope.x: no such key; | ; and exempt[0]: has no image | ; and exempt[0].container: must be a string
"##;

/// Settings that cannot be used, each with the parts of its message.
pub(crate) fn settings_errors() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let lines = BAD_SETTINGS.trim().lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (settings, parts) = line.split_once(" => ").unwrap();
        (settings, parts.split(" | ").collect())
    })
}

/// Requests under settings that cannot be used.
pub(crate) fn bad_settings() -> Vec<BadPayload> {
    let under = |name: &str, settings: &str, says: &str| {
        let name = format!("settings {name}");
        bad(name, payload(&pod(), settings), UNREADABLE, says)
    };
    let table = settings_errors().map(|(settings, parts)| under(settings, settings, parts[0]));
    let deep = format!(r#"{{"scope":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let unreadable = [
        under("with 200 arrays", &deep, "settings"),
        under("with 1e400", r#"{"profile":1e400}"#, "settings"),
        under(
            "with half a surrogate pair",
            r#"{"profile":"\ud800"}"#,
            "settings",
        ),
    ];
    table.chain(unreadable).collect()
}
