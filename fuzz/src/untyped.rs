//! A request read the plain way: all of it as `serde_json` values, of which the fields that rules read are picked by
//! a table that was written from the specification, not from the policy's views.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What is expected of a field.
#[derive(Clone, Copy)]
pub enum Field {
    /// A boolean.
    Bool,
    /// A 64-bit integer.
    Int,
    /// A string.
    Text,
    /// A string, or a number.
    Amount,
    /// Anything.
    Any,
    /// An array.
    List(&'static Self),
    /// An object of which these fields are read.
    Object(&'static [(&'static str, Self)]),
    /// The same, and of its other keys whether those of AppArmor and seccomp are there.
    Annotations(&'static [(&'static str, Self)]),
    /// A field that Go's type always has: its zero value where it is absent.
    Always(&'static Self),
}

/// Why an object is not read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// A value is of the wrong type.
    WrongType,
    /// This reading cannot tell: `-0` is an integer for the API server, and a float for `serde_json`.
    Unsure,
}

/// The value that a text is, where every reader takes it for the same: no key of an object is there twice, no number
/// is beyond a float, no string holds half a character, and nothing is nested too deep for `serde_json`.
pub fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(|Unique(value)| value)
}

/// Whether a text is JSON, however deep.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// What is read of a value; `null` is as good as none.
pub fn read(value: &Value, field: Field) -> Result<Value, Unread> {
    let fields_of = |entries: &Map<String, Value>, fields: &[(&str, Field)]| {
        let mut read_fields = Map::new();
        for (key, field) in fields {
            let value = entries.get(*key).unwrap_or(&Value::Null);
            let value = match (value, field) {
                (Value::Null, Field::Always(field)) => zero(**field),
                (value, Field::Always(field)) => read(value, **field)?,
                (value, field) => read(value, *field)?,
            };
            if !value.is_null() {
                read_fields.insert((*key).to_owned(), value);
            }
        }
        Ok(read_fields)
    };
    match (field, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Field::Any, value) => Ok(value.clone()),
        (Field::Bool, Value::Bool(_)) | (Field::Text, Value::String(_)) => Ok(value.clone()),
        (Field::Amount, Value::String(text)) => Ok(amount(text)),
        (Field::Amount, Value::Number(number)) => Ok(number.to_string().into()),
        (Field::Int, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Field::Int, Value::Number(number)) if number.as_f64() == Some(0.0) => Err(Unread::Unsure),
        (Field::List(item), Value::Array(items)) => items
            .iter()
            .map(|value| match read(value, *item)? {
                Value::Null => Err(Unread::WrongType),
                read => Ok(read),
            })
            .collect::<Result<_, _>>()
            .map(Value::Array),
        (Field::Object(fields), Value::Object(entries)) => Ok(fields_of(entries, fields)?.into()),
        (Field::Annotations(fields), Value::Object(entries)) => {
            let mut annotations = fields_of(entries, fields)?;
            let is_profile = |key: &str| {
                key == "seccomp.security.alpha.kubernetes.io/pod"
                    || key.starts_with("container.seccomp.security.alpha.kubernetes.io/")
                    || key.starts_with("container.apparmor.security.beta.kubernetes.io/")
            };
            let mut profiles: Vec<_> = entries
                .iter()
                .filter(|(key, value)| is_profile(key) && !value.is_null())
                .map(|(key, _)| key.clone())
                .collect();
            profiles.sort();
            annotations.insert("profiles".to_owned(), profiles.into());
            Ok(annotations.into())
        }
        _ => Err(Unread::WrongType),
    }
}

/// An amount, where a string and a number are the same; spelled as `serde_json` does where it is one.
pub fn amount(text: &str) -> Value {
    serde_json::from_str(text)
        .map_or_else(|_| text.to_owned(), |number: Number| number.to_string())
        .into()
}

fn zero(field: Field) -> Value {
    match field {
        Field::Text => "".into(),
        Field::List(_) => Value::Array(Vec::new()),
        Field::Object(fields) => fields
            .iter()
            .filter_map(|(key, field)| match field {
                Field::Always(field) => Some(((*key).to_owned(), zero(**field))),
                _ => None,
            })
            .collect::<Map<_, _>>()
            .into(),
        _ => Value::Null,
    }
}

/// What a Kubewarden host hands to the policy.
pub const PAYLOAD: Field = Field::Object(&[
    (
        "request",
        Field::Object(&[
            (
                "kind",
                Field::Object(&[("group", Field::Text), ("kind", Field::Text)]),
            ),
            ("subResource", Field::Text),
            ("namespace", Field::Text),
            ("operation", Field::Text),
            ("object", Field::Any),
            ("oldObject", Field::Any),
        ]),
    ),
    ("settings", Field::Any),
]);

const NODE_TERM: Field = Field::Object(&[(
    "matchExpressions",
    Field::List(&Field::Object(&[
        ("key", Field::Always(&Field::Text)),
        ("operator", Field::Always(&Field::Text)),
        ("values", Field::List(&Field::Text)),
    ])),
)]);

const NODE_NAME: (&str, Field) = ("nodeName", Field::Text);
const NODE_SELECTOR: (&str, Field) = (
    "nodeSelector",
    Field::Object(&[("type", Field::Text), ("k8s.aliyun.com/vnode", Field::Text)]),
);
const AFFINITY: (&str, Field) = (
    "affinity",
    Field::Object(&[(
        "nodeAffinity",
        Field::Object(&[
            (
                "preferredDuringSchedulingIgnoredDuringExecution",
                Field::List(&Field::Object(&[("preference", Field::Always(&NODE_TERM))])),
            ),
            (
                "requiredDuringSchedulingIgnoredDuringExecution",
                Field::Object(&[("nodeSelectorTerms", Field::Always(&Field::List(&NODE_TERM)))]),
            ),
        ]),
    )]),
);
const TOLERATIONS: (&str, Field) = (
    "tolerations",
    Field::List(&Field::Object(&[
        ("key", Field::Text),
        ("value", Field::Text),
    ])),
);

const LABELS: (&str, Field) = (
    "labels",
    Field::Object(&[
        ("alibabacloud.com/eci", Field::Text),
        ("eci", Field::Text),
        ("alibabacloud.com/acs", Field::Text),
        ("alibabacloud.com/compute-class", Field::Text),
    ]),
);
const OWNERS: (&str, Field) = (
    "ownerReferences",
    Field::List(&Field::Object(&[("controller", Field::Bool)])),
);

const SECCOMP: (&str, Field) = (
    "seccompProfile",
    Field::Object(&[("type", Field::Always(&Field::Text))]),
);
const APP_ARMOR: (&str, Field) = ("appArmorProfile", Field::Object(&[]));
const SE_LINUX: (&str, Field) = ("seLinuxOptions", Field::Object(&[]));
const WINDOWS: (&str, Field) = ("windowsOptions", Field::Object(&[]));

const AMOUNTS: Field = Field::Object(&[("cpu", Field::Amount), ("memory", Field::Amount)]);

const CONTAINERS: Field = Field::List(&Field::Object(&[
    ("name", Field::Text),
    ("image", Field::Text),
    (
        "securityContext",
        Field::Object(&[
            ("allowPrivilegeEscalation", Field::Bool),
            APP_ARMOR,
            (
                "capabilities",
                Field::Object(&[
                    ("add", Field::List(&Field::Text)),
                    ("drop", Field::List(&Field::Text)),
                ]),
            ),
            ("privileged", Field::Bool),
            ("procMount", Field::Text),
            ("readOnlyRootFilesystem", Field::Bool),
            ("runAsGroup", Field::Int),
            ("runAsNonRoot", Field::Bool),
            ("runAsUser", Field::Int),
            SE_LINUX,
            SECCOMP,
            WINDOWS,
        ]),
    ),
    (
        "resources",
        Field::Object(&[("limits", AMOUNTS), ("requests", AMOUNTS)]),
    ),
    ("env", Field::Any),
]));

/// A pod, or the template of one.
pub const TEMPLATE: Field = Field::Object(&[
    (
        "metadata",
        Field::Object(&[
            LABELS,
            (
                "annotations",
                Field::Annotations(&[
                    ("alibabacloud.com/burst-resource", Field::Text),
                    ("k8s.aliyun.com/eci-host-sysctls", Field::Text),
                    ("k8s.aliyun.com/eci-use-specs", Field::Text),
                ]),
            ),
            OWNERS,
        ]),
    ),
    (
        "spec",
        Field::Object(&[
            NODE_NAME,
            NODE_SELECTOR,
            AFFINITY,
            TOLERATIONS,
            ("os", Field::Object(&[("name", Field::Text)])),
            ("hostNetwork", Field::Bool),
            ("hostPID", Field::Bool),
            ("hostIPC", Field::Bool),
            (
                "securityContext",
                Field::Object(&[
                    APP_ARMOR,
                    ("fsGroup", Field::Int),
                    ("fsGroupChangePolicy", Field::Text),
                    ("runAsGroup", Field::Int),
                    ("runAsNonRoot", Field::Bool),
                    ("runAsUser", Field::Int),
                    ("seLinuxChangePolicy", Field::Text),
                    SE_LINUX,
                    SECCOMP,
                    ("supplementalGroups", Field::List(&Field::Int)),
                    ("supplementalGroupsPolicy", Field::Text),
                    (
                        "sysctls",
                        Field::List(&Field::Object(&[
                            ("name", Field::Always(&Field::Text)),
                            ("value", Field::Always(&Field::Text)),
                        ])),
                    ),
                    WINDOWS,
                ]),
            ),
            ("initContainers", CONTAINERS),
            ("containers", CONTAINERS),
            ("ephemeralContainers", CONTAINERS),
            (
                "volumes",
                Field::List(&Field::Object(&[(
                    "hostPath",
                    Field::Object(&[("path", Field::Text)]),
                )])),
            ),
        ]),
    ),
]);

/// The part of a template that says whether its pod runs on ECI.
pub const PLACING: Field = Field::Object(&[
    (
        "metadata",
        Field::Object(&[
            LABELS,
            (
                "annotations",
                Field::Object(&[("alibabacloud.com/burst-resource", Field::Text)]),
            ),
        ]),
    ),
    (
        "spec",
        Field::Object(&[NODE_NAME, NODE_SELECTOR, AFFINITY, TOLERATIONS]),
    ),
]);

/// What is read of a workload's own metadata, of whose marks ECI reads none.
pub const OWN_METADATA: Field = Field::Object(&[
    (
        "annotations",
        Field::Object(&[("k8s.aliyun.com/eci-host-sysctls", Field::Text)]),
    ),
    OWNERS,
]);

/// A value in which no object has a key twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON without duplicate keys")
            }

            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
                Ok(Unique(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
                Ok(Unique(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
                Ok(Unique(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
                Ok(Unique(
                    Number::from_f64(value).map_or(Value::Null, Value::Number),
                ))
            }

            fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
                Ok(Unique(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
                let mut list = Vec::new();
                while let Some(Unique(item)) = items.next_element()? {
                    list.push(item);
                }
                Ok(Unique(list.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
                let mut object = Map::new();
                while let Some(key) = entries.next_key::<String>()? {
                    let Unique(value) = entries.next_value()?;
                    if object.insert(key, value).is_some() {
                        return Err(de::Error::custom("a key is there twice"));
                    }
                }
                Ok(Unique(object.into()))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
