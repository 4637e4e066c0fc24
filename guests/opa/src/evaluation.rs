//! From an input to the result of an entry point, text to text: nothing here knows of memory or of a host.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eci_security_context::Verdict;
use eci_security_context::admission::Request;
use eci_security_context::json::{self, Raw, Text, Unreadable};
use eci_security_context::judge::{self, Refusal};
use eci_security_context::path::Path;
use eci_security_context::splice::{Change, splice};
use eci_security_context::verdict::{Repair, clauses};
use serde::Serialize;

use crate::patch::patch;

/// What a host can ask for. The identifier of an entry point is its place in [`EntryPoint::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPoint {
    /// An AdmissionResponse to an input with `request`, and violations to one with `review`. Kubewarden calls it
    /// in both of its modes for Rego.
    ///
    /// An input with neither gets a violation: the only answer that denies in both. (Where Kubewarden
    /// expects violations it takes an AdmissionResponse for none; where it expects an AdmissionResponse it rejects the
    /// request for a violation.) An input with both is Gatekeeper's, which always sends `review`.
    ByShape,
    /// An AdmissionResponse, as the core's `validate` decides.
    Validate,
    /// An AdmissionResponse, as the core's `mutate` decides.
    Mutate,
    /// Violations, as Gatekeeper takes them.
    Violation,
}

impl EntryPoint {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("eci_security_context", Self::ByShape),
        ("eci_security_context/validate", Self::Validate),
        ("eci_security_context/mutate", Self::Mutate),
        ("eci_security_context/violation", Self::Violation),
    ];

    /// The entry point with this identifier. For one that there is not, a host that calls it all the same is answered
    /// by the shape of its input.
    pub fn of(id: usize) -> Self {
        Self::ALL
            .get(id)
            .map_or(Self::ByShape, |(_, entry_point)| *entry_point)
    }

    /// The JSON object of all names with their identifiers.
    pub fn names() -> String {
        let names = Self::ALL
            .iter()
            .enumerate()
            .map(|(id, (name, _))| format!(r#""{name}":{id}"#));
        format!("{{{}}}", names.collect::<Vec<_>>().join(","))
    }
}

/// The result of an entry point, as JSON. `input` is the JSON text that it is asked about, and `data` that which the
/// host holds beside it, with the settings.
pub fn evaluate(entry_point: EntryPoint, input: &[u8], data: Option<&str>) -> String {
    let data = data.map(without_kubernetes);
    let input = Input::read(input, data.as_deref());
    let is_response = match entry_point {
        EntryPoint::ByShape => input.as_ref().is_ok_and(|input| !input.is_review),
        EntryPoint::Validate | EntryPoint::Mutate => true,
        EntryPoint::Violation => false,
    };
    let repair = match entry_point {
        EntryPoint::Mutate => Repair::Always,
        _ if is_response => Repair::WhereAccepted,
        _ => Repair::Never,
    };
    let request = input.as_ref().ok().and_then(|input| input.request);
    let verdict = input
        .map_err(Refusal::from)
        .and_then(|input| input.judge(repair));
    let verdict = verdict.unwrap_or_else(Refusal::into_verdict);
    if is_response {
        response(request, &verdict)
    } else {
        violations(&verdict)
    }
}

/// Where Kubewarden keeps what the policy may see of the cluster, beside the settings.
fn without_kubernetes(data: &str) -> Cow<'_, str> {
    splice(data, &[Change::remove(&Path::of(&["kubernetes"]))])
}

/// What is asked.
struct Input<'i> {
    /// Whether it is Gatekeeper's `{"review", "parameters"}`, and not OPA's `{"request"}`.
    is_review: bool,
    /// The AdmissionRequest.
    request: Option<Raw<'i>>,
    /// The settings, unchecked.
    settings: Option<&'i str>,
}

impl<'i> Input<'i> {
    /// Reads the input. OPA's takes its settings from its own `settings`, where it has them, or else from `data`;
    /// of Gatekeeper's, `data` is the inventory of the cluster.
    fn read(input: &'i [u8], data: Option<&'i str>) -> Result<Self, Unreadable> {
        let entries = json::utf8(input)
            .and_then(json::entries)
            .map_err(|whole| whole.of(&["input"]))?;
        let find = |name: &str| {
            entries
                .iter()
                .find(|(key, _)| **key == *name)
                .map(|(_, value)| *value)
        };
        let present = |value: &Raw<'_>| *value != Raw::NULL;
        match (find("review"), find("request")) {
            (Some(review), _) => Ok(Self {
                is_review: true,
                request: Some(review).filter(present),
                settings: find("parameters").map(Raw::get),
            }),
            (None, Some(request)) => Ok(Self {
                is_review: false,
                request: Some(request).filter(present),
                settings: find("settings").filter(present).map(Raw::get).or(data),
            }),
            (None, None) => Err(missing()),
        }
    }

    fn judge(&self, repair: Repair) -> Result<Verdict, Refusal> {
        let request = self.request.ok_or_else(missing)?;
        // The core names what it reads by the paths of `request`, under either key.
        let request: Request<'_> = json::read(request.get())
            .map_err(|unreadable| unreadable.below(&Path::of(&["request"])))?;
        judge::verdict(&request, self.settings, None, repair)
    }
}

fn missing() -> Unreadable {
    Unreadable::WrongType {
        path: Path::of(&["request"]),
        reason: "is missing".to_owned(),
    }
}

/// The result in OPA's mode.
#[derive(Serialize)]
struct Reviewed<'v> {
    response: AdmissionResponse<'v>,
}

/// The part of Kubernetes' AdmissionResponse that the policy fills in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionResponse<'v> {
    uid: &'v str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_annotations: Option<AuditAnnotations<'v>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'v [String],
}

#[derive(Serialize)]
struct Status<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    message: &'v str,
}

#[derive(Serialize)]
struct AuditAnnotations<'v> {
    findings: &'v str,
}

fn response(request: Option<Raw<'_>>, verdict: &Verdict) -> String {
    let part = |name| request.and_then(|request| json::at(request, &[name]));
    let uid: Option<Text<'_>> = part("uid").and_then(|uid| json::read(uid.get()).ok());
    let object = part("object");
    let patch = verdict
        .mutated_object
        .as_deref()
        .and_then(|repaired| Some(patch(object?.get(), repaired)));
    let response = AdmissionResponse {
        uid: uid.as_deref().unwrap_or_default(),
        allowed: verdict.accepted,
        status: verdict.message.as_deref().map(|message| Status {
            code: verdict.code,
            message,
        }),
        patch_type: patch.is_some().then_some("JSONPatch"),
        patch: patch.map(|patch| STANDARD.encode(patch)),
        audit_annotations: verdict
            .audit
            .as_deref()
            .map(|findings| AuditAnnotations { findings }),
        warnings: &verdict.warnings,
    };
    serde_json::to_string(&Reviewed { response }).unwrap_or_default()
}

/// What Gatekeeper's rule `violation` holds.
#[derive(Serialize)]
struct Violation<'v> {
    msg: Cow<'v, str>,
    details: Details,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details {
    /// A finding that denies.
    Finding {
        rule: &'static str,
        path: String,
        action: &'static str,
        effect: &'static str,
    },
    /// A request that is rejected before any rule looks.
    Rejected { code: Option<u16> },
    /// What the messages have no room for.
    More { more: usize },
}

/// The violations of a request; none where it is accepted, and only there.
fn violations(verdict: &Verdict) -> String {
    let (clauses, more) = clauses(&verdict.findings);
    let mut violations = Vec::new();
    for (finding, clause) in clauses {
        let details = Details::Finding {
            rule: finding.rule.id,
            path: finding.path.to_string(),
            action: finding.action.as_str(),
            effect: finding.rule.effect.as_str(),
        };
        // Hosts put commas between messages, or lines: a full stop is for a message of several clauses.
        let msg = clause
            .strip_suffix('.')
            .map(str::to_owned)
            .unwrap_or(clause);
        violations.push(Violation {
            msg: msg.into(),
            details,
        });
    }
    if more > 0 {
        violations.push(Violation {
            msg: format!("And {more} more").into(),
            details: Details::More { more },
        });
    }
    if violations.is_empty() && !verdict.accepted {
        let msg = verdict.message.as_deref().unwrap_or_default().into();
        violations.push(Violation {
            msg,
            details: Details::Rejected { code: verdict.code },
        });
    }
    serde_json::to_string(&violations).unwrap_or_default()
}

/// How a set of bindings is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As JSON.
    Json,
    /// As a value of Rego, which has sets.
    Rego,
}

/// The result of an entry point as the set of bindings that a host expects.
pub fn bindings(result: &str, format: Format) -> String {
    let (open, close) = match format {
        Format::Json => ('[', ']'),
        Format::Rego => ('{', '}'),
    };
    format!(r#"{open}{{"result":{result}}}{close}"#)
}
