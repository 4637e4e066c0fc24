//! The objects in a manifest: their names, and their review.

use std::fmt;
use std::ops::Range;

use eci_manifest::Document;
use eci_security_context::json::{RawValue, ReadError};
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::template::Location;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::request::{Payload, RawRequest};
use eci_security_context::review::{AskNamespace, Refusal, Review, review};
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::namespaces::Namespaces;
use crate::report::Problem;

/// The way to judge an object whose Namespace is missing.
const MISSING: &str = "put the Namespaces first: kubectl get ns,pods,… -A -o yaml | eci-policy check -; or use --assume-eci";

/// The name of an object, printed as `Deployment shop/web`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
pub struct Name {
    /// The kind.
    kind: String,
    /// The Namespace, if the object names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The name, or the prefix of a generated one; empty if there is neither.
    name: String,
    #[serde(skip)]
    is_prefix: bool,
}

impl Name {
    /// Returns the Namespace; empty if the object names none.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    fn of(document: &Document<'_>, keys: &[&str]) -> Self {
        let text = |more: &[&str]| {
            let text = document.text(&[keys, more].concat());
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let name = text(&["metadata", "name"]);
        Self {
            kind: text(&["kind"]).unwrap_or_else(|| "object".to_owned()),
            namespace: text(&["metadata", "namespace"]),
            is_prefix: name.is_none(),
            name: name
                .or_else(|| text(&["metadata", "generateName"]))
                .unwrap_or_default(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if self.name.is_empty() {
            return Ok(());
        }
        f.write_str(" ")?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}{}", self.name, if self.is_prefix { "*" } else { "" })
    }
}

/// The kind of document that an object is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The document is the object.
    Object,
    /// The document is an AdmissionRequest.
    Request,
    /// The document is an AdmissionReview, or the payload of a policy.
    Review,
}

impl Form {
    const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Object => &[],
            Self::Request => &["object"],
            Self::Review => &["request", "object"],
        }
    }
}

/// An object of Kubernetes in a document.
pub struct Object<'d> {
    document: &'d Document<'d>,
    /// Its name.
    pub name: Name,
    form: Form,
}

impl<'d> Object<'d> {
    /// Returns the object in a document; `None` if the document is not one of Kubernetes.
    ///
    /// # Errors
    /// If the document looks like an object, but lacks a required field.
    pub fn of(document: &'d Document<'d>) -> Result<Option<Self>, Problem> {
        let is_request = |at: &[&str]| {
            let has = |key: &&str| document.text(&[at, &[*key]].concat()).is_some();
            ["operation", "uid"].iter().all(has)
        };
        let kind = document.text(&["kind"]);
        let is_review = kind == Some("AdmissionReview");
        if is_review && !document.has(&["request"]) {
            return Err(Problem::at(
                document.span("kind"),
                "AdmissionReview: request is missing",
                "use the review that the API server sends, not the answer to it",
            ));
        }
        let form = if is_review || kind.is_none() && is_request(&["request"]) {
            Form::Review
        } else if is_request(&[]) {
            Form::Request
        } else if kind.is_some() {
            Form::Object
        } else {
            return Ok(None);
        };
        let name = match document.has(form.path()) {
            true => Name::of(document, form.path()),
            false => Name::of(document, &[]),
        };
        let object = Self {
            document,
            name,
            form,
        };
        if document.text(&["apiVersion"]).is_some() && document.has(&["items"]) {
            let message = format!("{}: items must be an array", object.name);
            let help = "kubectl reads every object with items as a list";
            return Err(Problem::at(document.span("items"), &message, help));
        }
        if form != Form::Object || document.text(&["apiVersion"]).is_some() {
            return Ok(Some(object));
        }
        match object.probable_group() {
            Some(group) => Err(object.without_version(group)),
            None => Ok(None),
        }
    }

    /// Returns the group of a kind that the policy judges, if it is known; `None` for other kinds.
    fn probable_group(&self) -> Option<Option<&'static str>> {
        let kind = self.document.text(&["kind"]).unwrap_or_default();
        let of_item = kind.strip_suffix("List").unwrap_or(kind);
        let is_of = |group: &&str| Location::of_kind(group, of_item).is_some();
        if let Some(group) = ["", "apps", "batch"].into_iter().find(is_of) {
            return Some(Some(group));
        }
        let text = serde_json::to_string(self.document).ok()?;
        Location::find(&text).map(|_| None)
    }

    fn without_version(&self, group: Option<&str>) -> Problem {
        let (at, what) = match self.document.has(&["apiVersion"]) {
            true => ("apiVersion", "must be a string"),
            false => ("kind", "is missing"),
        };
        let message = format!(
            "{}: apiVersion {what}; the object was not checked",
            self.name
        );
        let help = group.map(|group| match group {
            "" => "write apiVersion: v1".to_owned(),
            group => format!("write apiVersion: {group}/v1"),
        });
        Problem {
            help,
            ..Problem::failure(Some(self.document.span(at)), message)
        }
    }

    /// True if the document is an admission request, and not the object alone.
    pub fn is_request(&self) -> bool {
        self.form != Form::Object
    }

    /// True if the field at the end of these keys of the object is set.
    pub fn has(&self, keys: &[&str]) -> bool {
        self.document.has(&[self.form.path(), keys].concat())
    }

    /// Returns the string at the end of these keys of the object.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.document.text(&[self.form.path(), keys].concat())
    }

    /// Returns the bytes of a field of the object.
    pub fn span(&self, path: &Path) -> Range<usize> {
        let path = Path::of(self.form.path()).join(path);
        self.document.span(&path.to_string())
    }

    /// Returns the line of a field of the object.
    pub fn line(&self, path: &str) -> usize {
        let above = self.form.path().iter().map(|key| format!("{key}."));
        self.document
            .line(&format!("{}{path}", above.collect::<String>()))
    }

    /// Returns the JSON of the document.
    ///
    /// # Errors
    /// If the document cannot be written as JSON.
    pub fn json(&self) -> Result<Box<RawValue>, Problem> {
        to_raw_value(self.document)
            .map_err(|error| self.unreadable(&ReadError::NotJson(error.to_string())))
    }

    /// Returns the API group and the kind.
    pub fn group_kind(&self) -> (&str, &str) {
        let text = |key| self.document.text(&[key]).unwrap_or_default();
        let group = text("apiVersion").rsplit_once('/');
        (group.map_or("", |(group, _)| group), text("kind"))
    }

    /// Returns where the pod template is, if the object has one.
    pub fn location(&self) -> Option<Location> {
        let (group, kind) = self.group_kind();
        // Only an object of another kind has to be searched.
        Location::of_kind(group, kind).or_else(|| Location::find(self.json().ok()?.get()))
    }

    /// Returns the findings of the rules, each with its decision. The labels of its Namespace are those in the input.
    ///
    /// # Errors
    /// If a field that is read has the wrong type, or a Namespace whose labels count is not known.
    pub fn review(
        &self,
        settings: &Settings,
        namespaces: Option<&Namespaces>,
    ) -> Result<Review, Problem> {
        let unreadable = |error| self.unreadable(&error);
        let json = self.json()?;
        let request = match self.form {
            Form::Object => {
                let (group, kind) = self.group_kind();
                RawRequest::creating(group, kind, &json)
            }
            Form::Request => RawRequest::of(json.get()).map_err(unreadable)?,
            Form::Review => Payload::read(json.get()).map_err(unreadable)?.0,
        };
        let known =
            namespaces.map(|known| move |name: &str| known.get(name).ok_or_else(String::new));
        let ask = known.as_ref().map(|ask| ask as &AskNamespace<'_>);
        review(&request, settings, ask).map_err(|refusal| match refusal {
            Refusal::Unreadable(error) => self.unreadable(&error),
            Refusal::Namespace { name, .. } => Problem {
                help: Some(MISSING.to_owned()),
                ..self.problem(
                    &Path::of(&["metadata", "namespace"]),
                    match name.as_str() {
                        "" => "scope.namespaceLabels needs its Namespace, and it names none".to_owned(),
                        name => format!(
                            "scope.namespaceLabels needs the Namespace {name}, and it is not in the input before this object"
                        ),
                    },
                )
            },
            other => {
                let message = other.into_verdict().message.unwrap_or_default();
                self.problem(&Path::default(), message)
            }
        })
    }

    /// Returns the problem of an object that cannot be read.
    pub fn unreadable(&self, error: &ReadError) -> Problem {
        let path = match error {
            ReadError::Invalid { path, .. } => path.clone(),
            ReadError::NotJson(_) => Path::default(),
        };
        self.problem(&path, error.to_string())
    }

    fn problem(&self, path: &Path, message: String) -> Problem {
        // The path of a field of the request begins with `request`, that of a field of the object does not.
        let span = match (path.steps().split_first(), self.form) {
            (Some((Step::Field(first), _)), Form::Review) if first == "request" => {
                self.document.span(&path.to_string())
            }
            (Some((Step::Field(first), rest)), Form::Request) if first == "request" => {
                let below = rest
                    .iter()
                    .cloned()
                    .fold(Path::default(), |path, step| path.step(step));
                self.document.span(&below.to_string())
            }
            _ => self.span(path),
        };
        Problem::failure(Some(span), format!("{}: {message}", self.name))
    }
}
