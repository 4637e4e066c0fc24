//! Evaluates an entry point, from text to text, without access to memory or a host.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eci_security_context::Verdict;
use eci_security_context::fix::{self, Edit};
use eci_security_context::json::{self, ObjectOnly, RawValue, ReadError, Text};
use eci_security_context::path::Path;
use eci_security_context::review::request::RawRequest;
use eci_security_context::review::verdict::{Repair, denials};
use eci_security_context::review::{Refusal, verdict};
use eci_security_context::rules::rule::Action;
use serde::{Deserialize, Deserializer, Serialize};

use crate::patch::patch;

/// An entry point. Its identifier is its index in [`EntryPoint::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPoint {
    /// An AdmissionResponse for an input with `request`, and violations for one with `review`. Kubewarden calls this entry
    /// point in both of its modes for Rego.
    ///
    /// An input with neither gets a violation, the only answer that denies in both modes: in OPA's mode, Kubewarden
    /// rejects the request for it. In Gatekeeper's mode, an AdmissionResponse would count as no violation. An input with
    /// both is Gatekeeper's, which always sends `review`.
    ByShape,
    /// An AdmissionResponse, as the core's `validate` decides.
    Validate,
    /// An AdmissionResponse, as the core's `mutate` decides.
    Mutate,
    /// Violations, in the shape of Gatekeeper.
    Violation,
}

impl EntryPoint {
    /// All entry points with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("eci_security_context", Self::ByShape),
        ("eci_security_context/validate", Self::Validate),
        ("eci_security_context/mutate", Self::Mutate),
        ("eci_security_context/violation", Self::Violation),
    ];

    /// Returns the entry point with this identifier. An unknown identifier is answered by the shape of the input.
    pub fn of(id: usize) -> Self {
        Self::ALL
            .get(id)
            .map_or(Self::ByShape, |(_, entry_point)| *entry_point)
    }

    /// Returns the JSON object of all names with their identifiers.
    pub fn names() -> String {
        let names: BTreeMap<_, _> = Self::ALL
            .iter()
            .enumerate()
            .map(|(id, (name, _))| (name, id))
            .collect();
        written(&names)
    }
}

/// Returns the result of an entry point as JSON. `input` and `data` are JSON texts; `data` has the settings.
pub fn evaluate(entry_point: EntryPoint, input: &[u8], data: Option<&str>) -> String {
    let input = json::utf8(input).and_then(|input| Input::read(input, data));
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
    let request = input.as_ref().ok().map(|input| input.request);
    let verdict = input
        .map_err(Refusal::from)
        .and_then(|input| input.judge(repair))
        .unwrap_or_else(Refusal::into_verdict);
    if is_response {
        response(request, &verdict)
    } else {
        violations(&verdict)
    }
}

/// The keys that hosts add to the data: Kubewarden the resources of the cluster, OPA the bundles that it has loaded.
const KEYS_OF_HOSTS: [&str; 2] = ["kubernetes", "system"];

/// Returns the data without the keys of hosts. OPA's are large, as the module itself is one of them.
fn settings_in(data: &str) -> Option<Box<RawValue>> {
    let edits = KEYS_OF_HOSTS.map(|key| Edit::Remove(Path::of(&[key])));
    fix::apply(json::read(data).ok()?, edits.iter())
}

/// The keys of an input: OPA's `request` and `settings`, Gatekeeper's `review` and `parameters`.
#[derive(Deserialize)]
#[serde(
    remote = "Self",
    expecting = "an object",
    bound(deserialize = "'de: 'i")
)]
struct InputKeys<'i> {
    request: Option<&'i RawValue>,
    settings: Option<&'i RawValue>,
    review: Option<&'i RawValue>,
    parameters: Option<&'i RawValue>,
}

impl<'de: 'i, 'i> Deserialize<'de> for InputKeys<'i> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

/// The input of an evaluation.
struct Input<'i> {
    /// True for Gatekeeper's `{"review", "parameters"}`, false for OPA's `{"request"}`.
    is_review: bool,
    /// The AdmissionRequest.
    request: &'i RawValue,
    /// The settings, unchecked.
    settings: Option<Cow<'i, RawValue>>,
}

impl<'i> Input<'i> {
    /// Reads the input. OPA's settings come from its own `settings` or else from `data`. For Gatekeeper, `data` is the
    /// inventory of the cluster.
    fn read(input: &'i str, data: Option<&str>) -> Result<Self, ReadError> {
        let keys: InputKeys<'_> = json::read(input).map_err(|error| error.named(&["input"]))?;
        let InputKeys {
            request,
            settings,
            review,
            parameters,
        } = keys;
        let of_data = || data.and_then(settings_in).map(Cow::Owned);
        let (is_review, request, settings) = match review {
            Some(_) => (true, review, parameters.map(Cow::Borrowed)),
            None => (false, request, settings.map(Cow::Borrowed).or_else(of_data)),
        };
        Ok(Self {
            is_review,
            request: request.ok_or_else(|| ReadError::missing(&["request"]))?,
            settings,
        })
    }

    fn judge(&self, repair: Repair) -> Result<Verdict, Refusal> {
        // In messages, the path begins with `request` under either key.
        let request: RawRequest<'_> =
            json::read(self.request.get()).map_err(|error| error.below(&["request"]))?;
        verdict(&request, self.settings.as_deref(), None, repair)
    }
}

/// The result in OPA's mode.
#[derive(Serialize)]
struct Reviewed<'v> {
    response: AdmissionResponse<'v>,
}

/// The fields of Kubernetes' AdmissionResponse that the policy sets.
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

fn response(request: Option<&RawValue>, verdict: &Verdict) -> String {
    let part = |name| -> Option<&RawValue> { json::find(request?.get(), &[name]).ok().flatten() };
    let uid: Option<Text<'_>> = part("uid").and_then(|uid| json::read(uid.get()).ok());
    let patch = verdict
        .mutated_object
        .as_deref()
        .and_then(|repaired| Some(patch(part("object")?, repaired)));
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
    written(&Reviewed { response })
}

/// An item of Gatekeeper's rule `violation`.
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
    /// A request that is rejected before the rules are evaluated.
    Rejected { code: Option<u16> },
    /// The number of findings that do not fit into the messages.
    More { more: usize },
}

/// Returns the violations of a request; none if, and only if, it is accepted.
fn violations(verdict: &Verdict) -> String {
    let (denials, more) = denials(&verdict.findings);
    let mut violations: Vec<_> = denials
        .into_iter()
        .map(|(finding, clause)| Violation {
            msg: clause.into(),
            details: Details::Finding {
                rule: finding.rule.id,
                path: finding.path.to_string(),
                action: Action::Deny.as_str(),
                effect: finding.rule.effect.as_str(),
            },
        })
        .collect();
    if more > 0 {
        violations.push(Violation {
            msg: format!("And {more} more").into(),
            details: Details::More { more },
        });
    }
    if violations.is_empty() && !verdict.accepted {
        violations.push(Violation {
            msg: verdict.message.as_deref().unwrap_or_default().into(),
            details: Details::Rejected { code: verdict.code },
        });
    }
    written(&violations)
}

fn written(answer: &impl Serialize) -> String {
    // Every key is a string, so writing does not fail.
    serde_json::to_string(answer).unwrap_or_default()
}

/// The format of a set of bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// Rego, which has sets.
    Rego,
}

/// Returns the result of an entry point as the set of bindings that a host expects.
pub fn bindings(result: &str, format: Format) -> String {
    let (open, close) = match format {
        Format::Json => ('[', ']'),
        Format::Rego => ('{', '}'),
    };
    format!(r#"{open}{{"result":{result}}}{close}"#)
}
