//! A request is read, scoped, judged and answered.

pub mod read;
pub mod request;
mod target;
pub mod verdict;

use crate::json::{self, RawValue, ReadError};
use crate::pod::object::Object;
use crate::pod::template::Location;
use crate::policy::decide::Decision;
use crate::policy::parse::{self, SettingsError};
use crate::policy::scope::Certainty;
use crate::policy::settings::{Mutate, Settings};
use crate::rules::report::Finding;
use read::Read;
use request::{Payload, RawRequest};
use target::{Context, Target};
use verdict::{Repair, Verdict};

/// Asks the host for a Namespace by name. Returns the JSON text of the object, or why the host does not give it.
pub type AskNamespace<'h> = dyn Fn(&str) -> Result<String, String> + 'h;

/// Judges a request, and repairs its object where the settings say so. `payload` is the JSON object with `request` and
/// `settings` that Kubewarden hands to a policy; `ask` is `None` for a host that cannot be asked.
pub fn validate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::WhereAccepted).unwrap_or_else(Refusal::into_verdict)
}

/// Judges a request as [`validate`] does under `mutate: all`, and repairs its object even where a finding denies it.
pub fn mutate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::Always).unwrap_or_else(Refusal::into_verdict)
}

/// What the rules say about a request.
#[derive(Debug)]
pub struct Review {
    /// The findings in evaluation order, with what is done about them. None of them is off.
    pub findings: Vec<Judged>,
    /// How sure it is that the pod runs on ECI. Of a pod that does not, nothing is judged.
    pub certainty: Certainty,
    /// True if the pod is written for Windows: no rule has judged it.
    pub is_windows: bool,
    /// True if a controller owns the object.
    pub is_owned: bool,
}

impl Review {
    /// Returns the review of an object that is not judged.
    const fn nothing() -> Self {
        Self {
            findings: Vec::new(),
            certainty: Certainty::No,
            is_windows: false,
            is_owned: false,
        }
    }
}

/// A finding, and what is done about it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// What is done about it.
    pub decision: Decision,
}

/// Why a request is rejected without being judged.
#[derive(Debug)]
pub enum Refusal {
    /// The request cannot be read; the path is that in the payload.
    Unreadable(ReadError),
    /// The settings are not valid.
    Settings(SettingsError),
    /// The host does not give the Namespace whose labels count.
    Namespace {
        /// The name of the Namespace; empty where the request names none.
        name: String,
        /// What the host says.
        reason: String,
    },
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error.named(&["request", "object"]))
    }
}

impl Refusal {
    /// Returns the answer to such a request.
    pub fn into_verdict(self) -> Verdict {
        match self {
            Self::Unreadable(error @ ReadError::NotJson(_)) => {
                Verdict::rejected(400, format!("the request cannot be read: {error}"))
            }
            Self::Unreadable(error) => {
                Verdict::rejected(422, format!("the request cannot be read: {error}"))
            }
            Self::Settings(error) => Verdict::rejected(422, error.to_string()),
            Self::Namespace { name, reason } => Verdict::rejected(
                500,
                format!(
                    "scope.namespaceLabels needs the labels of the Namespace {name}, and the host does not give them: \
                     grant the policy contextAwareResources [{{apiVersion: v1, kind: Namespace}}], and its \
                     policy-server's service account get, list and watch on namespaces ({reason})"
                ),
            ),
        }
    }
}

fn judge(
    payload: &[u8],
    ask: Option<&AskNamespace<'_>>,
    repair: Repair,
) -> Result<Verdict, Refusal> {
    let text = json::utf8(payload)?;
    // One pass reads the usual request, object included. What it cannot read is read again, piece by piece.
    if let Ok((
        Payload {
            request: Some(request),
            settings,
        },
        count,
    )) = json::read_counted::<Payload<'_, Object<'_>>>(text)
        && let Ok((group, kind)) = request.group_kind()
        && let Some(location) = Location::of_kind(group, kind)
        && let Some(object) = &request.object
        && let Some(read) = Read::of_whole(object, location, count)
    {
        let Some(target) = Target::of(&request, || Some(location))? else {
            return Ok(Verdict::accepted());
        };
        let raw = || {
            Payload::read(text)
                .ok()
                .and_then(|(request, _)| request.object)
        };
        let settings = settings_for(repair, settings, ask)?;
        let context = Context {
            request: &request,
            settings: &settings,
            ask,
            raw: &raw,
        };
        let review = context.review(&target, &read)?;
        return Ok(Verdict::of(review, &raw, repair));
    }
    let (request, settings) = Payload::read(text)?;
    verdict(&request, settings, ask, repair)
}

/// Judges a request that is read already, with settings that are not: for engines that hand over the two apart.
pub fn verdict(
    request: &RawRequest<'_>,
    settings: Option<&RawValue>,
    ask: Option<&AskNamespace<'_>>,
    repair: Repair,
) -> Result<Verdict, Refusal> {
    let Some(target) = Target::of_raw(request)? else {
        return Ok(Verdict::accepted());
    };
    let settings = settings_for(repair, settings, ask)?;
    let review = target::review_raw(request, &target, &settings, ask)?;
    Ok(Verdict::of(review, &|| request.object, repair))
}

/// Judges a request with settings that are checked already, where no host can be asked: for programs that judge many
/// requests.
pub fn review(request: &RawRequest<'_>, settings: &Settings) -> Result<Review, Refusal> {
    match Target::of_raw(request)? {
        Some(target) => target::review_raw(request, &target, settings, None),
        None => Ok(Review::nothing()),
    }
}

fn settings_for(
    repair: Repair,
    settings: Option<&RawValue>,
    ask: Option<&AskNamespace<'_>>,
) -> Result<Settings, Refusal> {
    let text = settings.map_or("null", RawValue::get);
    let mut settings = parse::settings(text, ask.is_some()).map_err(Refusal::Settings)?;
    match repair {
        Repair::Never => settings.mutate = Mutate::None,
        Repair::WhereAccepted => {}
        Repair::Always => settings.mutate = Mutate::All,
    }
    Ok(settings)
}
