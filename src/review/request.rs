//! The payload: an admission request and the policy's settings.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::json::{self, ObjectOnly, RawValue, ReadError, Text, views};
use crate::path::Path;

/// The payload that a Kubewarden host hands to a policy. `O` is how the object is read.
#[derive(Debug, Deserialize)]
#[serde(
    remote = "Self",
    expecting = "an object",
    bound(deserialize = "'de: 'a, O: Deserialize<'de>")
)]
pub struct Payload<'a, O> {
    /// The request.
    pub request: Option<Request<'a, O>>,
    /// The settings, unchecked.
    pub settings: Option<&'a RawValue>,
}

/// The part of an AdmissionRequest that the policy reads.
#[derive(Debug, Deserialize)]
#[serde(
    remote = "Self",
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a, O: Deserialize<'de>")
)]
pub struct Request<'a, O> {
    /// The group and kind of the object.
    pub kind: Option<Kind<'a>>,
    /// The part of the object that is requested, where it is not the whole.
    pub sub_resource: Option<Text<'a>>,
    /// The Namespace of the object.
    pub namespace: Option<Text<'a>>,
    /// The operation on it: CREATE, UPDATE, DELETE or CONNECT.
    pub operation: Option<Text<'a>>,
    /// The object as it would be.
    pub object: Option<O>,
    /// The object as it is, in an UPDATE or a DELETE.
    pub old_object: Option<&'a RawValue>,
}

/// The group and kind of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
pub struct Kind<'a> {
    /// The API group; empty for the core.
    pub group: Option<Text<'a>>,
    /// The kind.
    pub kind: Option<Text<'a>>,
}

views!(Kind<'a>);

impl<'de: 'a, 'a, O: Deserialize<'de>> Deserialize<'de> for Payload<'a, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

impl<'de: 'a, 'a, O: Deserialize<'de>> Deserialize<'de> for Request<'a, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

/// A request whose object is not read yet.
pub type RawRequest<'a> = Request<'a, &'a RawValue>;

impl<'a> Payload<'a, &'a RawValue> {
    /// Reads a payload, without its object.
    pub fn read(text: &'a str) -> Result<(RawRequest<'a>, Option<&'a RawValue>), ReadError> {
        let Self { request, settings } =
            json::read(text).map_err(|error| error.named(&["payload"]))?;
        let request = request.ok_or_else(|| ReadError::missing(&["request"]))?;
        Ok((request, settings))
    }
}

/// The fields that distinguish a request, a review of one, and an object.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
struct Document<'a> {
    api_version: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    operation: Option<&'a RawValue>,
}

/// The type of an object, as it says itself.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    rename_all = "camelCase",
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
struct TypeMeta<'a> {
    api_version: Option<Text<'a>>,
    kind: Option<Text<'a>>,
    items: Option<&'a RawValue>,
}

views!(Document<'a>, TypeMeta<'a>);

impl<'a> RawRequest<'a> {
    /// Returns the request of an AdmissionReview or an AdmissionRequest; of any other object, the one to create it.
    pub fn of(document: &'a str) -> Result<Self, ReadError> {
        let Document {
            api_version,
            kind,
            operation,
        } = json::read(document).map_err(|error| error.named(&["request", "object"]))?;
        if kind.is_some_and(|kind| kind.get() == r#""AdmissionReview""#) {
            return Payload::read(document).map(|(request, _)| request);
        }
        if api_version.is_none() && operation.is_some() {
            return json::read(document).map_err(|error| error.below(&["request"]));
        }
        let TypeMeta {
            api_version,
            kind,
            items,
        } = json::read(document)?;
        let api_version = api_version.ok_or_else(|| ReadError::missing(&["apiVersion"]))?;
        let kind = kind.ok_or_else(|| ReadError::missing(&["kind"]))?;
        if items.is_some() {
            return Err(ReadError::Invalid {
                path: Path::of(&["items"]),
                reason: "makes the object a list; judge its items one by one".to_owned(),
            });
        }
        let group = api_version
            .rsplit_once('/')
            .map_or("", |(group, _)| group)
            .to_owned();
        Ok(Self::to_create(
            Kind {
                group: Some(group.into()),
                kind: Some(kind),
            },
            json::read(document)?,
        ))
    }

    /// Returns the request to create an object of this group and kind.
    pub fn creating(group: &'a str, kind: &'a str, object: &'a RawValue) -> Self {
        Self::to_create(
            Kind {
                group: Some(group.into()),
                kind: Some(kind.into()),
            },
            object,
        )
    }

    fn to_create(kind: Kind<'a>, object: &'a RawValue) -> Self {
        Self {
            kind: Some(kind),
            sub_resource: None,
            namespace: None,
            operation: Some("CREATE".into()),
            object: Some(object),
            old_object: None,
        }
    }
}

impl<O> Request<'_, O> {
    /// True if the request cannot violate a rule: it removes an object or talks to it, or it is an update of an object
    /// that is being deleted, whose finalizers must always come off.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self.operation(), "DELETE" | "CONNECT")
            || self.is_update() && self.is_being_deleted()
    }

    fn is_being_deleted(&self) -> bool {
        self.old_object.is_some_and(|old| {
            let timestamp: Result<Option<&RawValue>, _> =
                json::find(old.get(), &["metadata", "deletionTimestamp"]);
            matches!(timestamp, Ok(Some(_)))
        })
    }

    /// True if the request changes an object that exists.
    pub fn is_update(&self) -> bool {
        self.operation() == "UPDATE"
    }

    fn operation(&self) -> &str {
        self.operation.as_deref().unwrap_or_default()
    }

    /// Returns the requested subresource, or an empty string.
    pub fn sub_resource(&self) -> &str {
        self.sub_resource.as_deref().unwrap_or_default()
    }

    /// Returns the group and kind of the object.
    pub fn group_kind(&self) -> Result<(&str, &str), ReadError> {
        let Kind { group, kind } = self
            .kind
            .as_ref()
            .ok_or_else(|| ReadError::missing(&["request", "kind", "kind"]))?;
        let kind = kind
            .as_deref()
            .ok_or_else(|| ReadError::missing(&["request", "kind", "kind"]))?;
        Ok((group.as_deref().unwrap_or_default(), kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> String {
        match Request::of(document) {
            Ok(request) => {
                let (group, kind) = request.group_kind().unwrap();
                let object = request.object.map_or("none", RawValue::get);
                format!("{} {group}/{kind} {object}", request.operation())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn objects_requests_and_reviews_are_distinguished() {
        let deployment = r#"{"apiVersion":"apps/v1","kind":"Deployment"}"#;
        assert_eq!(
            read(deployment),
            format!("CREATE apps/Deployment {deployment}")
        );
        let request =
            r#"{"uid":"1","kind":{"group":"apps","kind":"Job"},"operation":"UPDATE","object":{}}"#;
        assert_eq!(read(request), "UPDATE apps/Job {}");
        let review = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{request}}}"#
        );
        assert_eq!(read(&review), "UPDATE apps/Job {}");
        let odd = r#"{"apiVersion":"example.com/v1","kind":"\u0041ction","operation":"CREATE","object":{}}"#;
        assert_eq!(
            read(odd),
            format!("CREATE example.com/Action {odd}"),
            "it is an object"
        );
    }

    #[test]
    fn other_documents_are_refused_by_path() {
        for (document, says) in [
            ("[]", "request.object: is an array, and must be an object"),
            ("null", "request.object: is null, and must be an object"),
            ("{}", "apiVersion: is missing"),
            (r#"{"apiVersion":"v1"}"#, "kind: is missing"),
            (
                r#"{"apiVersion":"v1","kind":{}}"#,
                "kind: is an object, and must be a string",
            ),
            (
                r#"{"apiVersion":1,"kind":"Pod"}"#,
                "apiVersion: is a number, and must be a string",
            ),
            (
                r#"{"operation":1}"#,
                "request.operation: is a number, and must be a string",
            ),
            (r#"{"kind":"AdmissionReview"}"#, "request: is missing"),
            (
                r#"{"apiVersion":"v1","kind":"List","items":[]}"#,
                "items: makes the object a list; judge its items one by one",
            ),
            ("{", "JSON that ends too early (line 1, column 1)"),
        ] {
            assert_eq!(read(document), says, "{document}");
        }
    }
}
