//! What arrives: the admission request with the policy's settings, and which of them are looked at.

use crate::json::{self, Raw, Text, Unreadable, view};
use crate::path::Path;

view! {
    /// What a Kubewarden host hands to a policy.
    pub struct Payload<'de> {
        /// The request.
        request: Option<Request<'de>> = "request",
        /// The settings, unchecked.
        settings: Option<Raw<'de>> = "settings",
    }
}

view! {
    /// The part of an AdmissionRequest that decides.
    pub struct Request<'de> {
        /// What the object is.
        kind: Option<Kind<'de>> = "kind",
        /// The part of the object that is requested, where it is not the whole.
        sub_resource: Option<Text<'de>> = "subResource",
        /// Where the object is, or will be.
        namespace: Option<Text<'de>> = "namespace",
        /// What is done to it.
        operation: Option<Text<'de>> = "operation",
        /// The object as it would be.
        object: Option<Raw<'de>> = "object",
        /// The object as it is, of an UPDATE or a DELETE.
        old_object: Option<Raw<'de>> = "oldObject",
    }
}

view! {
    /// The group and kind of an object.
    pub struct Kind<'de> {
        /// The API group; empty for the core.
        group: Option<Text<'de>> = "group",
        /// The kind.
        kind: Option<Text<'de>> = "kind",
    }
}

impl<'de> Payload<'de> {
    /// Reads the payload.
    pub fn read(payload: &'de [u8]) -> Result<(Request<'de>, Option<Raw<'de>>), Unreadable> {
        let payload: Self = json::read(json::utf8(payload)?)?;
        match payload.request {
            Some(request) => Ok((request, payload.settings)),
            None => Err(missing(Path::of(&["request"]))),
        }
    }
}

fn missing(path: Path) -> Unreadable {
    Unreadable::WrongType { path, reason: "is missing".to_owned() }
}

impl<'de> Request<'de> {
    /// The request to create an object of this group and kind.
    pub fn creating(group: &'de str, kind: &'de str, object: Raw<'de>) -> Self {
        Self {
            kind: Some(Kind { group: Some(group.into()), kind: Some(kind.into()), ..Kind::default() }),
            operation: Some("CREATE".into()),
            object: Some(object),
            ..Self::default()
        }
    }

    /// Whether the request is none that could break a rule: what removes an object or talks to it, and
    /// the last steps of an object that is being removed, for a finalizer must always come off.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self.operation(), "DELETE" | "CONNECT") || self.is_update() && self.is_being_deleted()
    }

    fn is_being_deleted(&self) -> bool {
        self.old_object.is_some_and(|old| json::at(old, &["metadata", "deletionTimestamp"]).is_some())
    }

    /// Whether the request changes an object that is there.
    pub fn is_update(&self) -> bool {
        self.operation() == "UPDATE"
    }

    fn operation(&self) -> &str {
        self.operation.as_deref().unwrap_or_default()
    }

    /// The requested subresource, or an empty name.
    pub fn sub_resource(&self) -> &str {
        self.sub_resource.as_deref().unwrap_or_default()
    }

    /// The group and kind of the object.
    pub fn group_kind(&self) -> Result<(&str, &str), Unreadable> {
        let kind = self
            .kind
            .as_ref()
            .and_then(|kind| Some((kind.group.as_deref().unwrap_or_default(), kind.kind.as_deref()?)));
        kind.ok_or_else(|| missing(Path::of(&["request", "kind", "kind"])))
    }

    /// The object as it would be.
    pub fn object(&self) -> Result<Raw<'de>, Unreadable> {
        self.object.ok_or_else(|| missing(Path::of(&["request", "object"])))
    }
}
