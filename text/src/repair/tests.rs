#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use eci_security_context::policy::settings::Settings;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, json};

use super::*;
use crate::object::Object;

/// Writes a value as YAML, in the styles that a sequence of choices picks.
struct Writer {
    choices: Vec<u8>,
    next: usize,
    line_end: &'static str,
    indent: usize,
}

impl Writer {
    fn choose(&mut self, of: u8) -> u8 {
        self.next += 1;
        self.choices[self.next % self.choices.len()] % of
    }

    fn document(&mut self, value: &Value) -> String {
        let head = ["", "---\n", "\u{feff}", "# é\n---\n"][usize::from(self.choose(4))];
        let body = match self.choose(6) {
            0 => value.to_string(),
            1 => serde_json::to_string_pretty(value).unwrap(),
            _ => {
                let mut text = String::new();
                self.block(value, 0, &mut text);
                text
            }
        };
        let tail = ["", "\n", "\n\n# the end\n"][usize::from(self.choose(3))];
        (head.to_owned() + body.trim_end() + tail).replace('\n', self.line_end)
    }

    /// A block collection; each of its lines ends with a line break.
    fn block(&mut self, value: &Value, indent: usize, text: &mut String) {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    text.push_str(&" ".repeat(indent));
                    text.push_str(&self.key(key));
                    text.push(':');
                    self.below(value, indent, text);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    text.push_str(&" ".repeat(indent));
                    text.push('-');
                    match item {
                        Value::Object(entries) if !entries.is_empty() && self.choose(3) > 0 => {
                            let mut block = String::new();
                            self.block(item, indent + 2, &mut block);
                            text.push(' ');
                            text.push_str(block.trim_start());
                        }
                        item => self.inline(item, text),
                    }
                }
            }
            value => self.inline(value, text),
        }
    }

    /// The value of an entry.
    fn below(&mut self, value: &Value, indent: usize, text: &mut String) {
        let is_collection = matches!(value, Value::Object(entries) if !entries.is_empty())
            || matches!(value, Value::Array(items) if !items.is_empty());
        match value {
            _ if is_collection && self.choose(4) > 0 => {
                self.comment(text);
                let step = if value.is_array() && self.choose(2) == 0 {
                    0
                } else {
                    self.indent
                };
                self.block(value, indent + step, text);
            }
            Value::String(scalar)
                if self.choose(6) == 0 && !scalar.is_empty() && !scalar.contains('\n') =>
            {
                text.push_str(&format!(" |-\n{}{scalar}\n", " ".repeat(indent + 2)));
            }
            Value::Null if self.choose(2) == 0 => self.comment(text),
            value => self.inline(value, text),
        }
    }

    fn inline(&mut self, value: &Value, text: &mut String) {
        text.push(' ');
        text.push_str(&self.flow(value));
        self.comment(text);
    }

    fn comment(&mut self, text: &mut String) {
        text.push_str(["\n", " # why: ü\n", "\n", "\n  # - a: b\n"][usize::from(self.choose(4))]);
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Object(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.key(key), self.flow(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join([", ", ","][usize::from(self.choose(2))]))
            }
            Value::String(text) if self.choose(2) == 0 && !text.contains('\'') => {
                format!("'{text}'")
            }
            Value::Bool(flag) if self.choose(2) == 0 => {
                if *flag { "yes" } else { "off" }.to_owned()
            }
            value => value.to_string(),
        }
    }

    fn key(&mut self, key: &str) -> String {
        if self.choose(5) == 0 {
            format!("\"{key}\"")
        } else {
            key.to_owned()
        }
    }
}

fn maybe(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![3 => value.prop_map(Some), 1 => Just(None)].boxed()
}

fn object(fields: Vec<(&'static str, BoxedStrategy<Option<Value>>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    values
        .prop_map(move |values| {
            let set = names
                .iter()
                .zip(values)
                .filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(set.collect::<Map<_, _>>())
        })
        .boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn capabilities() -> BoxedStrategy<Value> {
    let names = vec!["NET_ADMIN", "CAP_CHOWN", "kill", "cap_setuid", "SYS_TIME"];
    subsequence(names, 0..=3)
        .prop_map(|names| json!(names))
        .boxed()
}

fn container() -> BoxedStrategy<Value> {
    let context = object(vec![
        ("runAsGroup", maybe((0..9).prop_map(Value::from))),
        ("runAsNonRoot", maybe(flag())),
        (
            "procMount",
            maybe(select(vec![json!("Default"), json!("Unmasked")])),
        ),
        ("readOnlyRootFilesystem", maybe(flag())),
        (
            "capabilities",
            maybe(object(vec![
                ("add", maybe(capabilities())),
                ("drop", maybe(capabilities())),
            ])),
        ),
    ]);
    let context = prop_oneof![4 => context, 1 => Just(json!(null))];
    object(vec![
        ("name", Just(Some(json!("c"))).boxed()),
        ("securityContext", maybe(context)),
        ("tty", maybe(flag())),
        (
            "args",
            maybe(select(vec![json!([]), json!(["a: b", "#c", "- d"])])),
        ),
    ])
}

fn pod() -> BoxedStrategy<Value> {
    let sysctls = subsequence(
        vec![
            "vm.swappiness",
            "net.core.somaxconn",
            "vm.max_map_count",
            "kernel.pid_max",
        ],
        0..=4,
    )
    .prop_map(|names| {
        names
            .iter()
            .map(|name| json!({ "name": name, "value": "1" }))
            .collect::<Value>()
    });
    let annotation = select(vec![json!(
        r#"[{"name":"vm.overcommit_memory","value":"1"}]"#
    )]);
    let containers = prop::collection::vec(container(), 1..4)
        .prop_map(Value::from)
        .boxed();
    object(vec![
        ("apiVersion", Just(Some(json!("v1"))).boxed()),
        ("kind", Just(Some(json!("Pod"))).boxed()),
        (
            "metadata",
            maybe(object(vec![(
                "annotations",
                maybe(object(vec![(
                    "k8s.aliyun.com/eci-host-sysctls",
                    maybe(annotation),
                )])),
            )])),
        ),
        (
            "spec",
            object(vec![
                (
                    "securityContext",
                    maybe(object(vec![
                        ("runAsGroup", maybe((0..9).prop_map(Value::from))),
                        ("runAsNonRoot", maybe(flag())),
                        ("sysctls", maybe(sysctls)),
                    ])),
                ),
                ("containers", containers.clone().prop_map(Some).boxed()),
                ("initContainers", maybe(containers)),
            ])
            .prop_map(Some)
            .boxed(),
        ),
    ])
}

fn settings() -> Settings {
    let raw = json!({
        "mutate": "all",
        "scope": { "assumeEci": true },
        "approved": { "hostSysctls": ["vm.*", "kernel.pid_max"] },
        "actions": { "sysctl-unsupported": "fix", "root-filesystem": "fix", "proc-mount": "fix" },
    });
    eci_security_context::policy::parse::settings(&raw.to_string(), false).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// In any style, the repaired text reads as the repaired object, and the text outside the replacements is unchanged.
    #[test]
    fn a_repaired_text_is_the_repaired_object(
        pod in pod(),
        choices in prop::collection::vec(any::<u8>(), 40),
        is_dos in any::<bool>(),
    ) {
        let mut writer = Writer {
            line_end: if is_dos { "\r\n" } else { "\n" },
            indent: 2 + usize::from(choices[0] % 3),
            choices,
            next: 0,
        };
        let text = writer.document(&pod);
        let parts = eci_manifest::parts(&text);
        let read: Vec<_> = parts.iter().flat_map(|part| part.documents().unwrap()).collect();
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(read[0].value(), pod, "{}", text);
        let findings = Object::of(&read[0]).ok().flatten().unwrap().review(&settings(), None).ok().unwrap().findings;
        let edits: Vec<_> = findings.iter().flat_map(|judged| judged.finding.edits.clone()).collect();
        let replacements = replacements(&read[0], &edits)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(replacements.is_sorted_by(|one, next| one.span.end <= next.span.start));
        let repaired = replaced(&text, &replacements);
        let documents = eci_manifest::documents(&repaired).map_err(|error| TestCaseError::fail(format!("{error}\n{text}\n{repaired}")))?;
        prop_assert_eq!(documents[0].value(), after(&read[0], &edits), "{}\n{}", text, repaired);
        let part = parts.last().unwrap();
        prop_assert!(verified(part, &read, &read[0], &edits).is_ok());
    }
}
