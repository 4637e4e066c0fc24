//! Mistakes because of which a pod does not run on ECI, though its author probably means it to.

use eci_security_context::eci::signal::{ECI_LABEL, ECI_LABEL_LEGACY, TRUE};
use eci_security_context::path::Path;
use eci_security_context::pod::template::Location;
use eci_security_context::text::quote;

use crate::object::Object;
use crate::report::{Problem, Weight};

/// Returns a remark on the label that should send a pod to ECI: with another value, on a workload instead of its
/// template, or as an annotation.
pub(crate) fn of(object: &Object<'_>) -> Option<Problem> {
    let (_, kind) = object.group_kind();
    let location = object.location()?;
    let template = location.path();
    let own: &[&str] = &[];
    for key in [ECI_LABEL, ECI_LABEL_LEGACY] {
        let of = |above: &[&'static str], field| {
            let path = Path::of(above).field("metadata").field(field).key(key);
            let keys = [above, &["metadata", field, key]].concat();
            object.has(&keys).then(|| (path, object.text(&keys)))
        };
        let is_true =
            |value: Option<&str>| value.is_none_or(|value| value.trim().eq_ignore_ascii_case(TRUE));
        if let Some((path, value)) = of(template, "labels").filter(|(_, value)| is_true(*value)) {
            let written = value.map_or_else(|| "not a string".to_owned(), quote);
            let message = format!("the label {key} is {written}, so the pod does not run on ECI");
            return Some(remark(object, &path, &message, "write \"true\", in quotes"));
        }
        if location != Location::Pod
            && let Some((path, _)) = of(own, "labels").filter(|(_, value)| is_true(*value))
        {
            let at = Path::of(template).field("metadata").field("labels");
            let message = format!("the label {key} of a {kind} does not send its pods to ECI");
            return Some(remark(
                object,
                &path,
                &message,
                &format!("write it in {at}"),
            ));
        }
        for above in [template, own] {
            if let Some((path, _)) = of(above, "annotations").filter(|(_, value)| is_true(*value)) {
                let message = format!("the annotation {key} has no effect: ECI reads a label");
                let at = Path::of(template).field("metadata").field("labels");
                return Some(remark(
                    object,
                    &path,
                    &message,
                    &format!("write it in {at}"),
                ));
            }
        }
    }
    None
}

fn remark(object: &Object<'_>, path: &Path, message: &str, help: &str) -> Problem {
    let message = format!("{}: {message}", object.name);
    Problem {
        weight: Weight::Remark,
        ..Problem::at(object.span(path), &message, help)
    }
}
