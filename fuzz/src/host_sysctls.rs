//! The annotation `k8s.aliyun.com/eci-host-sysctls`.

use std::collections::BTreeSet;

use eci_security_context::eci::sysctl::normalise;
use eci_security_context::pod::sysctls::{HostSysctl, HostSysctls, annotation, of_annotation};
use serde_json::{Value, json};

use crate::answer::checked;
use crate::repair::{self, validate};

/// Checks that the annotation is read as the specification says, that its entries survive writing and reading, and that
/// a pod with it is answered and its repairs are complete.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let read = of_annotation(Some(text), &[]);
    match &read {
        HostSysctls::Absent => panic!("it is there"),
        HostSysctls::Malformed(reason) => {
            assert!(
                !reason.contains(char::is_control),
                "a reason of several lines: {reason:?}"
            );
        }
        HostSysctls::Entries(entries) => {
            let entry = |entry: &HostSysctl| (entry.name.clone(), entry.value.clone());
            let entries: Vec<_> = entries.iter().map(entry).collect();
            let written = annotation(entries.iter().map(|(name, value)| (&**name, &**value)));
            assert!(crate::is_json(&written), "{written}");
            assert_eq!(
                of_annotation(Some(&written), &[]),
                read,
                "the entries, written and read: {written}"
            );
        }
    }
    if let Some(value) = crate::value(text) {
        match (read, expected(&value)) {
            (HostSysctls::Entries(entries), Some(expected)) => assert_eq!(entries, expected),
            (HostSysctls::Malformed(_), None) => {}
            (read, expected) => panic!("{read:?}, and expected is {expected:?}"),
        }
    } else if !crate::is_json(text) {
        assert!(
            matches!(read, HostSysctls::Malformed(_)),
            "an annotation that is not JSON"
        );
    }
    judged(text);
}

fn expected(value: &Value) -> Option<Vec<HostSysctl>> {
    let mut names = BTreeSet::new();
    let entries: Option<Vec<_>> = value
        .as_array()?
        .iter()
        .map(|entry| {
            let (name, value) = (entry.get("name")?.as_str()?, entry.get("value")?.as_str()?);
            let is_new = names.insert(normalise(name).into_owned());
            let entry_of = |name: &str, value: &str| HostSysctl {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            (is_new && entry.as_object()?.len() == 2).then(|| entry_of(name, value))
        })
        .collect();
    entries.filter(|entries| !entries.is_empty())
}

fn judged(text: &str) {
    let payload = json!({
        "request": {
            "kind": {"group": "", "kind": "Pod"},
            "operation": "CREATE",
            "object": {
                "metadata": {
                    "labels": {"eci": "true"},
                    "annotations": {"k8s.aliyun.com/eci-host-sysctls": text},
                },
                "spec": {
                    "securityContext": {"sysctls": [
                        {"name": "vm.swappiness", "value": "1"},
                        {"name": "net.core.somaxconn", "value": "1"},
                        {"name": "vm/max_map_count", "value": "\u{1}\""},
                    ]},
                    "containers": [{"name": "web"}],
                },
            },
        },
        "settings": {
            "actions": {"sysctl-unsupported": "fix", "host-sysctls-malformed": "warn", "host-sysctls-unapproved": "warn"},
            "approved": {"hostSysctls": ["vm.*"]},
        },
    });
    checked(repair::is_clean(&payload.to_string(), validate));
}
