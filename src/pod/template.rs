//! Where the pod template stands in an object of any kind.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, PodTemplate, ReplicationController};
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::json::{self, Options, RawValue, ReadError};
use crate::pod::object::Object;

/// The path from an object to its pod template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The object is a Pod.
    Pod,
    /// `template`
    Template,
    /// `spec.template`
    SpecTemplate,
    /// `spec.jobTemplate.spec.template`
    JobTemplate,
}

/// The kinds of Kubernetes that hold pods: group, kind and location.
static KINDS: &[(&str, &str, Location)] = &[
    (Pod::GROUP, Pod::KIND, Location::Pod),
    (PodTemplate::GROUP, PodTemplate::KIND, Location::Template),
    (
        ReplicationController::GROUP,
        ReplicationController::KIND,
        Location::SpecTemplate,
    ),
    (ReplicaSet::GROUP, ReplicaSet::KIND, Location::SpecTemplate),
    (Deployment::GROUP, Deployment::KIND, Location::SpecTemplate),
    (
        StatefulSet::GROUP,
        StatefulSet::KIND,
        Location::SpecTemplate,
    ),
    (DaemonSet::GROUP, DaemonSet::KIND, Location::SpecTemplate),
    (Job::GROUP, Job::KIND, Location::SpecTemplate),
    (CronJob::GROUP, CronJob::KIND, Location::JobTemplate),
];

/// Where the pod template of a kind that Kubernetes does not define can be. The first one counts.
const CUSTOM: [Location; 2] = [Location::SpecTemplate, Location::JobTemplate];

impl Location {
    /// Every location.
    #[cfg(feature = "cel")]
    pub const ALL: [Self; 4] = [
        Self::Pod,
        Self::Template,
        Self::SpecTemplate,
        Self::JobTemplate,
    ];

    /// Returns the location for a kind of Kubernetes.
    pub fn of_kind(group: &str, kind: &str) -> Option<Self> {
        let known = KINDS
            .iter()
            .find(|(known_group, known_kind, _)| (*known_group, *known_kind) == (group, kind));
        known.map(|(_, _, location)| *location)
    }

    /// Returns the kinds of Kubernetes that hold pods, each as `group/Kind`, with the location.
    #[cfg(feature = "cel")]
    pub fn kinds() -> impl Iterator<Item = (String, Self)> {
        let kinds = KINDS.iter();
        kinds.map(|(group, kind, location)| (format!("{group}/{kind}"), *location))
    }

    /// Returns the locations in kinds that Kubernetes does not define. The first one with containers counts.
    #[cfg(feature = "cel")]
    pub const fn custom() -> [Self; 2] {
        CUSTOM
    }

    /// Looks for a pod template in an object of another kind that was read as a whole, as [`Self::find`] does.
    pub fn of_custom(object: &Object<'_>) -> Option<Self> {
        CUSTOM.into_iter().find(|location| {
            let spec = location
                .template(object)
                .and_then(|template| template.spec.as_ref());
            spec.is_some_and(|spec| !spec.containers.is_empty())
        })
    }

    /// Looks for a pod template in an object of another kind: its `spec.containers` is a non-empty array of objects.
    /// Where a key on the way is set twice, the template is taken to be there, and reading it reports the key.
    pub fn find(object: &str) -> Option<Self> {
        CUSTOM.into_iter().find(|location| {
            let path = [location.path(), &["spec", "containers"]].concat();
            match json::find(object, &path) {
                Ok(containers) => containers.is_some_and(is_array_of_objects),
                Err(ReadError::Invalid { reason, .. }) => reason == "is set twice",
                Err(ReadError::NotJson(_)) => false,
            }
        })
    }

    /// Returns the keys from the object to the template.
    pub const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Pod => &[],
            Self::Template => &["template"],
            Self::SpecTemplate => &["spec", "template"],
            Self::JobTemplate => &["spec", "jobTemplate", "spec", "template"],
        }
    }

    /// Returns the template in an object that was read as a whole.
    pub fn template<'o, 'a>(self, object: &'o Object<'a>) -> Option<&'o Object<'a>> {
        match self {
            Self::Pod => Some(object),
            Self::Template => object.template.as_deref(),
            Self::SpecTemplate => object.spec.as_ref()?.template.as_deref(),
            Self::JobTemplate => object
                .spec
                .as_ref()?
                .job_template
                .as_deref()?
                .spec
                .as_ref()?
                .template
                .as_deref(),
        }
    }
}

fn is_array_of_objects(value: &RawValue) -> bool {
    serde_json::Deserializer::from_str(value.get())
        .deserialize_seq(ArrayOfObjects)
        .unwrap_or_default()
}

struct ArrayOfObjects;

impl<'de> Visitor<'de> for ArrayOfObjects {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut has_items = false;
        while seq.next_element::<Options>()?.is_some() {
            has_items = true;
        }
        Ok(has_items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_kubernetes_have_their_location() {
        assert_eq!(Location::of_kind("", "Pod"), Some(Location::Pod));
        assert_eq!(
            Location::of_kind("", "PodTemplate"),
            Some(Location::Template)
        );
        assert_eq!(
            Location::of_kind("apps", "Deployment"),
            Some(Location::SpecTemplate)
        );
        assert_eq!(
            Location::of_kind("batch", "CronJob"),
            Some(Location::JobTemplate)
        );
        assert_eq!(Location::of_kind("example.com", "Deployment"), None);
    }

    #[test]
    fn other_kinds_need_containers() {
        let at = |spec: &str| {
            let object = format!(r#"{{"spec":{spec}}}"#);
            let found = Location::find(&object);
            if let Ok(read) = json::read::<Object<'_>>(&object) {
                assert_eq!(Location::of_custom(&read), found, "read as a whole: {spec}");
            }
            found
        };
        assert_eq!(
            at(r#"{"template":{"spec":{"containers":[{}]}}}"#),
            Some(Location::SpecTemplate)
        );
        assert_eq!(
            at(r#"{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{}]}}}}}"#),
            Some(Location::JobTemplate)
        );
        for spec in [
            r#"{"template":{"spec":{"containers":[]}}}"#,
            r#"{"template":{"spec":{"containers":[{},"a"]}}}"#,
            r#"{"template":{"spec":{"containers":[null]}}}"#,
            r#"{"template":{"spec":{"containers":{}}}}"#,
            r#"{"template":{"metadata":{}}}"#,
            r#"{"template":"a"}"#,
        ] {
            assert_eq!(at(spec), None, "{spec}");
        }
        let twice = r#"{"template":{"spec":{"containers":[]}},"template":{}}"#;
        assert_eq!(at(twice), Some(Location::SpecTemplate));
    }
}
