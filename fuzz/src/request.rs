//! The bytes of a request.

use eci_security_context::admission::Payload;
use eci_security_context::json::{Raw, Unreadable};
use eci_security_context::workload::{Place, Workload, place};
use serde_json::Value;

use crate::answer::checked;
use crate::repair::{self, mutate, validate};
use crate::typed;
use crate::untyped::{self, Field, OWN_METADATA, PAYLOAD, PLACING, TEMPLATE, Unread};

/// Any bytes get an answer of the response's shape; the policy's reader takes for JSON what `serde_json` does; both read
/// the same of it; what is repaired is clean.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        checked(validate(bytes));
        return;
    };
    let is_json = untyped::is_json(text);
    // Half a surrogate or `1e400` is JSON by its grammar and no value to `serde_json`: no host that reads its requests
    // with it hands one on, and what is copied of one is none either.
    let is_value = serde_json::from_str::<Value>(text).is_ok();
    for judge in [validate, mutate] {
        let verdict = repair::is_clean(text, judge);
        if is_value || !is_json {
            checked(verdict);
        }
    }
    assert_eq!(Raw::parse(text).is_ok(), is_json, "is it JSON?");
    // The object is taken by its brackets, and read later, or not at all.
    assert!(
        is_json || validate(bytes).code == Some(400),
        "what is no JSON is told so"
    );
    if let Some(value) = untyped::value(text) {
        readings_agree(text, &value);
    }
}

fn readings_agree(text: &str, value: &Value) {
    let typed = Payload::read(text.as_bytes());
    let expected = untyped::read(value, PAYLOAD).and_then(|payload| match payload.get("request") {
        Some(_) => Ok(payload),
        None => Err(Unread::WrongType),
    });
    let Ok((request, _)) = agree("payload", typed, expected, |(request, settings)| {
        typed::payload(request, *settings)
    }) else {
        return;
    };
    for (raw, value) in [
        (request.object().ok(), value.pointer("/request/object")),
        (request.old_object, value.pointer("/request/oldObject")),
    ] {
        let (Some(raw), Some(value)) = (raw, value) else {
            continue;
        };
        if let Ok((group, kind)) = request.group_kind() {
            let place = place(group, kind, raw);
            assert_eq!(
                place,
                untyped_place(group, kind, value),
                "the place of {group}/{kind}"
            );
        }
        // Whatever the object is: its kind says only which of them counts.
        for place in PLACES {
            objects_agree(raw, value, place);
        }
    }
}

const PLACES: [Place; 4] = [
    &[],
    &["template"],
    &["spec", "template"],
    &["spec", "jobTemplate", "spec", "template"],
];

fn untyped_place(group: &str, kind: &str, object: &Value) -> Option<Place> {
    let [pod, pod_template, template, job] = PLACES;
    match (group, kind) {
        ("", "Pod") => Some(pod),
        ("", "PodTemplate") => Some(pod_template),
        ("", "ReplicationController")
        | ("apps", "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet")
        | ("batch", "Job") => Some(template),
        ("batch", "CronJob") => Some(job),
        _ => [template, job].into_iter().find(|place| {
            let containers = place
                .iter()
                .chain(&["spec", "containers"])
                .try_fold(object, |value, key| value.get(key));
            let containers = containers.and_then(Value::as_array);
            containers.is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
        }),
    }
}

fn objects_agree(raw: Raw<'_>, value: &Value, place: Place) {
    let typed = Workload::read(raw, place);
    let expected = read_at(value, place, TEMPLATE, OWN_METADATA);
    let _ = agree("object", typed, expected, |workload| match workload {
        Some(workload) => Value::from(vec![
            if place.is_empty() {
                Value::Null
            } else {
                typed::own_metadata(&workload.metadata)
            },
            typed::template(&workload.template),
        ]),
        None => Value::Null,
    });
    let typed = Workload::read_placing(raw, place);
    let expected = read_at(value, place, PLACING, Field::Object(&[]));
    let _ = agree("placing", typed, expected, |workload| match workload {
        Some(workload) => Value::from(vec![
            if place.is_empty() {
                Value::Null
            } else {
                Value::Object(Default::default())
            },
            typed::placing(&workload.template),
        ]),
        None => Value::Null,
    });
}

/// The object's own metadata and its template; null where it has none, an error where that has no specification.
fn read_at(object: &Value, place: Place, template: Field, own: Field) -> Result<Value, Unread> {
    let mut at = object;
    let mut metadata = Value::Null;
    if !place.is_empty() {
        let fields = object.as_object().ok_or(Unread::WrongType)?;
        metadata = match fields.get("metadata") {
            None | Some(Value::Null) => Value::Object(Default::default()),
            Some(own_metadata) => untyped::read(own_metadata, own)?,
        };
    }
    for key in place {
        at = match at {
            Value::Object(fields) => fields.get(*key).unwrap_or(&Value::Null),
            Value::Null => return Ok(Value::Null),
            _ => return Err(Unread::WrongType),
        };
    }
    match untyped::read(at, template)? {
        Value::Null if place.is_empty() => Err(Unread::WrongType),
        Value::Null => Ok(Value::Null),
        read if read.get("spec").is_none() => Err(Unread::WrongType),
        read => Ok(vec![metadata, read].into()),
    }
}

/// Whether the policy reads what is expected, or refuses what is refused; gives back what it reads.
fn agree<T>(
    what: &str,
    typed: Result<T, Unreadable>,
    expected: Result<Value, Unread>,
    written: impl FnOnce(&T) -> Value,
) -> Result<T, Unreadable> {
    match (&typed, expected) {
        (_, Err(Unread::Unsure)) => {}
        (Ok(read), Ok(expected)) => assert_eq!(written(read), expected, "{what}"),
        (Err(Unreadable::WrongType { .. }), Err(Unread::WrongType)) => {}
        (typed, expected) => {
            panic!(
                "{what}: the policy reads {:?}, and expected is {expected:?}",
                typed.as_ref().map(written)
            )
        }
    }
    typed
}
