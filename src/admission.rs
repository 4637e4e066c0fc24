//! What arrives: the admission request with the policy's settings, and which of them are looked at.

use crate::json::{self, Raw, Text, Unread, Unreadable, view};
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
        object: Option<Unread<'de>> = "object",
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

view! {
    /// What tells a request, a review of one, and an object apart.
    pub struct Document<'de> {
        /// The version of the object, or of the review; a request has none.
        api_version: Option<Raw<'de>> = "apiVersion",
        /// The kind, which a request has too.
        kind: Option<Raw<'de>> = "kind",
        /// Of a request, what is done to its object.
        operation: Option<Raw<'de>> = "operation",
    }
    /// What an object says that it is.
    pub struct TypeMeta<'de> {
        /// The API group and version.
        api_version: Option<Text<'de>> = "apiVersion",
        /// The kind.
        kind: Option<Text<'de>> = "kind",
    }
}

fn missing(path: Path) -> Unreadable {
    Unreadable::WrongType {
        path,
        reason: "is missing".to_owned(),
    }
}

impl<'de> Request<'de> {
    /// The request in an AdmissionReview, or that an AdmissionRequest is, else the one to create the object.
    pub fn of(document: &'de str) -> Result<Self, Unreadable> {
        let object = |unreadable: Unreadable| unreadable.of(&["request", "object"]);
        let Document {
            api_version,
            kind,
            operation,
            ..
        } = json::read(document).map_err(object)?;
        if kind.is_some_and(|kind| kind.get() == r#""AdmissionReview""#) {
            return Payload::read(document.as_bytes()).map(|(request, _)| request);
        }
        if api_version.is_none() && operation.is_some() {
            return json::read(document)
                .map_err(|unreadable| unreadable.below(&Path::of(&["request"])));
        }
        let TypeMeta {
            api_version, kind, ..
        } = json::read(document)?;
        let Some(api_version) = api_version else {
            return Err(missing(Path::of(&["apiVersion"])));
        };
        let Some(kind) = kind else {
            return Err(missing(Path::of(&["kind"])));
        };
        let group = api_version
            .rsplit_once('/')
            .map_or("", |(group, _)| group)
            .to_owned();
        let object = json::raw(document)?;
        Ok(Self::to_create(
            Kind {
                group: Some(group.into()),
                kind: Some(kind),
                ..Kind::default()
            },
            object,
        ))
    }

    /// The request to create an object of this group and kind.
    pub fn creating(group: &'de str, kind: &'de str, object: Raw<'de>) -> Self {
        let kind = Kind {
            group: Some(group.into()),
            kind: Some(kind.into()),
            ..Kind::default()
        };
        Self::to_create(kind, object)
    }

    fn to_create(kind: Kind<'de>, object: Raw<'de>) -> Self {
        Self {
            kind: Some(kind),
            operation: Some("CREATE".into()),
            object: Some(Unread(object)),
            ..Self::default()
        }
    }

    /// Whether the request is none that could break a rule: what removes an object or talks to it, and
    /// the last steps of an object that is being removed, for a finalizer must always come off.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self.operation(), "DELETE" | "CONNECT")
            || self.is_update() && self.is_being_deleted()
    }

    fn is_being_deleted(&self) -> bool {
        self.old_object
            .is_some_and(|old| json::at(old, &["metadata", "deletionTimestamp"]).is_some())
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
        let kind = self.kind.as_ref().and_then(|kind| {
            Some((
                kind.group.as_deref().unwrap_or_default(),
                kind.kind.as_deref()?,
            ))
        });
        kind.ok_or_else(|| missing(Path::of(&["request", "kind", "kind"])))
    }

    /// The object as it would be; JSON if it can be read.
    pub fn object(&self) -> Result<Raw<'de>, Unreadable> {
        self.object
            .map(|Unread(object)| object)
            .ok_or_else(|| missing(Path::of(&["request", "object"])))
    }

    /// Makes sure that the object is JSON: of a request of which nothing is judged, nobody else does.
    pub fn check(&self) -> Result<(), Unreadable> {
        self.object
            .map_or(Ok(()), |Unread(object)| json::raw(object.get()).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> String {
        match Request::of(document) {
            Ok(request) => {
                let (group, kind) = request.group_kind().unwrap();
                let object = request.object().map_or("none", Raw::get);
                format!("{} {group}/{kind} {object}", request.operation())
            }
            Err(unreadable) => unreadable.to_string(),
        }
    }

    #[test]
    fn objects_requests_and_reviews_are_told_apart() {
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
    fn what_is_none_of_them_is_named() {
        for (document, says) in [
            ("[]", "request.object: is an array, and must be an object"),
            ("null", "request.object: is null"),
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
            ("{", "JSON that ends too early (line 1, column 2)"),
        ] {
            assert_eq!(read(document), says, "{document}");
        }
    }
}
