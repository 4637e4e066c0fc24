//! Settings that are valid.

use eci_security_context::rules::RULES;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{REGISTRY, object, words};

/// Settings that are valid.
pub(crate) fn arb_settings() -> impl Strategy<Value = Value> {
    let approved = (
        any::<bool>(),
        vec(select(vec!["SYS_RAWIO", "cap_sys_admin", "BPF"]), 0..3),
        vec(
            words("vm.max_map_count vm/swappiness vm.* kernel.pid* fs.* net.*"),
            0..3,
        ),
    );
    let scope = (
        any::<bool>(),
        select(vec!["warn", "enforce", "ignore"]),
        any::<bool>(),
    );
    let exempt = (
        select(vec!["app:1", "istio/**", "*", "**"]),
        weighted(0.3, select(vec!["a", "*", "[ab]"])),
    );
    (
        of(select(vec!["2024-02-26", "2026-04-01", "latest"])),
        of(select(vec!["none", "pods", "all"])),
        weighted(0.3, arb_ceiling()),
        vec((0..RULES.len(), 0_usize..5), 0..6),
        of(approved),
        weighted(0.3, scope),
        vec(exempt, 0..2),
    )
        .prop_map(|(profile, mutate, ceiling, named, approved, scope, exempt)| {
            let mut actions = Map::new();
            for (rule, action) in named {
                let (id, action) = action_of(rule, action);
                actions.insert(id.to_owned(), action.into());
            }
            if let Some(ceiling) = ceiling {
                actions.insert("*".to_owned(), ceiling.into());
            }
            let exempt: Vec<_> = exempt
                .into_iter()
                .map(|(image, container)| {
                    let image = format!("{REGISTRY}/{image}").into();
                    object([("image", Some(image)), ("container", container.map(Value::from))])
                })
                .collect();
            object([
                ("profile", profile.map(Value::from)),
                ("mutate", mutate.map(Value::from)),
                ("actions", Some(actions.into())),
                (
                    "scope",
                    scope.map(|(assume_eci, possible, namespace_labels)| {
                        json!({"assumeEci": assume_eci, "possible": possible, "namespaceLabels": namespace_labels})
                    }),
                ),
                (
                    "approved",
                    approved.map(|(privileged, capabilities, sysctls)| {
                        json!({"privileged": privileged, "capabilities": capabilities, "hostSysctls": sysctls})
                    }),
                ),
                ("exempt", Some(exempt.into())),
            ])
        })
}

/// An action for the cap `*`.
pub(crate) fn arb_ceiling() -> impl Strategy<Value = &'static str> {
    select(vec!["deny", "fix", "warn", "audit", "off"])
}

/// An action that the rule allows.
fn action_of(rule: usize, action: usize) -> (&'static str, &'static str) {
    let rule = RULES[rule];
    let action = ["fix", "deny", "warn", "audit", "off"][action];
    (
        rule.id,
        if action == "fix" && !rule.fix.is_available() {
            "deny"
        } else {
            action
        },
    )
}
