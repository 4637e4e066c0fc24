//! A request is read, scoped, judged and answered.

mod judged;
pub mod read;
pub mod request;
mod target;
pub mod verdict;

use crate::json::{self, RawValue};
use crate::pod::object::Object;
use crate::pod::template::Location;
use crate::policy::parse;
use crate::policy::settings::{Mutate, Settings};
pub use judged::{AskNamespace, Judged, Refusal, Review};
use read::Read;
use request::{Payload, RawRequest};
use target::{Context, Target};
use verdict::{Repair, Verdict};

/// Judges a request, and repairs its object where the settings say so. `payload` is the JSON object with `request` and
/// `settings` that Kubewarden hands to a policy; `ask` is `None` for a host that cannot be asked.
pub fn validate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::WhereAccepted).unwrap_or_else(Refusal::into_verdict)
}

/// Judges a request as [`validate`] does under `mutate: all`, and repairs its object even where a finding denies it.
pub fn mutate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::Always).unwrap_or_else(Refusal::into_verdict)
}

fn judge(
    payload: &[u8],
    ask: Option<&AskNamespace<'_>>,
    repair: Repair,
) -> Result<Verdict, Refusal> {
    let text = json::utf8(payload)?;
    // One pass reads the usual request, object included. What it cannot read is read again, piece by piece.
    let whole = json::bounded(|| json::read::<Payload<'_, Object<'_>>>(text));
    if let Ok((
        Payload {
            request: Some(request),
            settings,
        },
        is_cut,
    )) = whole
        && let Some(object) = &request.object
    {
        let Some(target) = Target::of(&request, || Location::of_custom(object))? else {
            return Ok(Verdict::accepted());
        };
        if let Some(read) = Read::of_whole(object, target.location)
            && (!is_cut || read.within_bounds().is_err())
        {
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

/// Judges a request with settings that are checked already: for programs that judge many requests.
pub fn review(
    request: &RawRequest<'_>,
    settings: &Settings,
    ask: Option<&AskNamespace<'_>>,
) -> Result<Review, Refusal> {
    match Target::of_raw(request)? {
        Some(target) => target::review_raw(request, &target, settings, ask),
        None => Ok(Review::nothing(None)),
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
