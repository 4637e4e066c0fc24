//! The part of a request that is judged, and the review of it.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::json::{self, Item, List, RawValue, ReadError, Text, views};
use crate::path::Path;
use crate::pod::ContainerList;
use crate::pod::template::Location;
use crate::policy::decide::{Decision, Situation, decide};
use crate::policy::scope::{self, Certainty, Namespace, PlacedObject, Scope, Signal};
use crate::policy::settings::{Possible, Settings};
use crate::review::judged::{AskNamespace, Judged, Refusal, Review};
use crate::review::read::{self, Pieces, Read};
use crate::review::request::{RawRequest, Request};
use crate::rules::RULES;
use crate::rules::rule::{Action, Finding, Report};

/// The part of a request that is judged.
pub(super) struct Target<'r> {
    pub(super) location: Location,
    is_job: bool,
    kind: TargetKind<'r>,
}

enum TargetKind<'r> {
    /// The whole pod (template).
    Whole,
    /// The ephemeral containers that the old object does not have.
    NewEphemeralContainers,
    /// A pod behind scheduling gates, which may be sent to ECI by an update: the old object.
    GatedPod(&'r RawValue),
}

impl<'r> Target<'r> {
    /// Returns what is judged of a request; `None` where nothing is. `locate` finds the template in a kind that
    /// Kubernetes does not define.
    pub(super) fn of<O>(
        request: &Request<'r, O>,
        locate: impl FnOnce() -> Option<Location>,
    ) -> Result<Option<Self>, ReadError> {
        if request.is_out_of_reach() {
            return Ok(None);
        }
        let (group, kind) = request.group_kind()?;
        let location = Location::of_kind(group, kind);
        let kind_of_target = match (location, request.sub_resource()) {
            (Some(Location::Pod), "ephemeralcontainers") => TargetKind::NewEphemeralContainers,
            (_, sub_resource) if !sub_resource.is_empty() => return Ok(None),
            (Some(Location::Pod), _) if request.is_update() => {
                match request.old_object.filter(|old| is_gated(old)) {
                    Some(old) => TargetKind::GatedPod(old),
                    // The security context of a pod cannot change, and ECI reads annotations only at creation.
                    None => return Ok(None),
                }
            }
            _ => TargetKind::Whole,
        };
        if request.object.is_none() {
            return Err(ReadError::missing(&["request", "object"]));
        }
        let is_job = (group, kind) == ("batch", "Job");
        Ok(location.or_else(locate).map(|location| Self {
            location,
            is_job,
            kind: kind_of_target,
        }))
    }

    /// Returns what is judged of a request whose object is not read yet.
    pub(super) fn of_raw(request: &RawRequest<'r>) -> Result<Option<Self>, ReadError> {
        Self::of(request, || {
            request
                .object
                .and_then(|object| Location::find(object.get()))
        })
    }
}

/// True for a pod behind scheduling gates. An old object that cannot be read is taken for one.
fn is_gated(old: &RawValue) -> bool {
    json::read::<PlacedObject<'_>>(old.get()).map_or(true, |old| old.is_gated())
}

/// Reviews a request whose object is not read yet.
pub(super) fn review_raw(
    request: &RawRequest<'_>,
    target: &Target<'_>,
    settings: &Settings,
    ask: Option<&AskNamespace<'_>>,
) -> Result<Review, Refusal> {
    let Some(object) = request.object else {
        return Ok(Review::nothing(None));
    };
    let context = Context {
        request,
        settings,
        ask,
        raw: &|| Some(object),
    };
    let error = match Pieces::read(object, target.location) {
        Ok(None) => return Ok(Review::nothing(None)),
        Ok(Some(pieces)) => match pieces.checked() {
            Ok(read) => return context.review(target, &read),
            Err(error) => error,
        },
        Err(error) => error,
    };
    context.excuse(target, error)
}

/// A request, and what it is judged by.
pub(super) struct Context<'c, 'r, O> {
    pub(super) request: &'c Request<'r, O>,
    pub(super) settings: &'c Settings,
    pub(super) ask: Option<&'c AskNamespace<'c>>,
    /// Returns the JSON of the object.
    pub(super) raw: &'c dyn Fn() -> Option<&'r RawValue>,
}

impl<O> Context<'_, '_, O> {
    /// Reviews an object that was read.
    pub(super) fn review(&self, target: &Target<'_>, read: &Read<'_>) -> Result<Review, Refusal> {
        if let Err(error) = read.within_bounds() {
            return self.excuse(target, error);
        }
        let is_pod = target.location == Location::Pod;
        let scope = scope::of(read.template, is_pod, self.settings.scope);
        if !self.may_be_eci(scope) || !self.is_newly_placed(target, scope) {
            return Ok(Review::nothing(Some(scope)));
        }
        let is_owned = read.metadata.is_some_and(|metadata| metadata.is_owned());
        let is_windows = read.template.is_windows();
        let found = if is_windows {
            Ok(Vec::new())
        } else {
            self.findings(target, read)
        };
        let findings = match found {
            Ok(findings) => findings,
            Err(error) => return self.excuse(target, error),
        };
        let situation = Situation {
            certainty: Certainty::Certain,
            is_pod,
            is_owned,
            is_template_unchanged: !findings.is_empty()
                && !is_pod
                && self.is_template_unchanged(target),
            is_job_update: target.is_job && self.request.is_update(),
            is_pod_update: matches!(target.kind, TargetKind::GatedPod(_)),
        };
        let acts = || {
            findings
                .iter()
                .any(|finding| decide(finding, self.settings, &situation).action >= Action::Warn)
        };
        let certainty = self.certainty(scope, || self.namespace(read), acts)?;
        if certainty == Certainty::No {
            return Ok(Review::nothing(Some(scope.with(certainty))));
        }
        let situation = Situation {
            certainty,
            ..situation
        };
        let judged = findings.into_iter().map(|finding| {
            let decision = decide(&finding, self.settings, &situation);
            Judged { finding, decision }
        });
        let findings = judged
            .filter(
                |Judged {
                     decision: Decision { action, .. },
                     ..
                 }| *action != Action::Off,
            )
            .collect();
        Ok(Review {
            findings,
            scope: Some(scope.with(certainty)),
            is_windows,
            is_owned,
        })
    }

    /// Returns the findings of the rules in what is judged.
    fn findings(&self, target: &Target<'_>, read: &Read<'_>) -> Result<Vec<Finding>, ReadError> {
        let mut pod = read.pod(self.settings)?;
        if !matches!(target.kind, TargetKind::NewEphemeralContainers) {
            return Ok(Report::of(RULES, &pod, &self.settings.account));
        }
        let known = self
            .request
            .old_object
            .map(ephemeral_names)
            .unwrap_or_default();
        pod.containers.retain(|found| {
            found.list == ContainerList::Ephemeral && !known.contains(found.name())
        });
        let mut findings = Report::of(RULES, &pod, &self.settings.account);
        let concerns = |path: &Path| pod.container_at(path).is_some();
        findings.retain(|found| {
            concerns(&found.path) || found.edits.iter().any(|edit| concerns(edit.path()))
        });
        Ok(findings)
    }

    /// Returns the review of an object that cannot be read. Of a pod that does not run on ECI only the part that says
    /// so has to be readable.
    fn excuse(&self, target: &Target<'_>, error: ReadError) -> Result<Review, Refusal> {
        let Some(object) = (self.raw)() else {
            return Err(error.into());
        };
        let Some((placed, is_cut)) = read::placed(object, target.location)? else {
            return Ok(Review::nothing(None));
        };
        let is_pod = target.location == Location::Pod;
        let scope = match is_cut {
            true => Scope {
                certainty: Certainty::Certain,
                raisable: false,
                signal: Signal::None,
            },
            false => placed.scope(is_pod, self.settings.scope),
        };
        if !self.is_newly_placed(target, scope) {
            return Ok(Review::nothing(Some(scope)));
        }
        let namespace = || {
            let name: &RawValue = json::find(object.get(), &["metadata", "namespace"]).ok()??;
            let name: Text<'_> = json::read(name.get()).ok()?;
            Some(name.to_string())
        };
        match self.certainty(scope, || self.named_namespace(namespace), || true)? {
            Certainty::No => Ok(Review::nothing(Some(scope.with(Certainty::No)))),
            _ => Err(error.into()),
        }
    }

    fn may_be_eci(&self, scope: Scope) -> bool {
        scope.certainty != Certainty::No || scope.raisable && self.settings.scope.namespace_labels
    }

    /// False for a gated pod that the update does not send closer to ECI.
    fn is_newly_placed(&self, target: &Target<'_>, scope: Scope) -> bool {
        let TargetKind::GatedPod(old) = target.kind else {
            return true;
        };
        let old = json::read::<PlacedObject<'_>>(old.get());
        let before = old.map_or(Certainty::No, |old| {
            old.scope(true, self.settings.scope).certainty
        });
        scope.certainty > before
    }

    fn namespace(&self, read: &Read<'_>) -> String {
        self.named_namespace(|| read.metadata?.namespace.as_deref().map(str::to_owned))
    }

    /// Returns the Namespace of the request, else of the object, else an empty string.
    fn named_namespace(&self, of_object: impl FnOnce() -> Option<String>) -> String {
        match self.request.namespace.as_deref() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => of_object().unwrap_or_default(),
        }
    }

    /// True if the old object has the same pod template, as JSON.
    fn is_template_unchanged(&self, target: &Target<'_>) -> bool {
        let template = |object: Option<_>| -> Option<&RawValue> {
            json::find(RawValue::get(object?), target.location.path())
                .ok()
                .flatten()
        };
        if !self.request.is_update() {
            return false;
        }
        let (old, new) = (template(self.request.old_object), template((self.raw)()));
        old.zip(new)
            .is_some_and(|(old, new)| json::is_same(old, new))
    }

    /// Returns how sure it is that the pod runs on ECI. The Namespace is asked for only where its labels count, and
    /// where the policy `acts` on a pod that certainly runs on ECI.
    fn certainty(
        &self,
        scope: Scope,
        namespace: impl FnOnce() -> String,
        acts: impl FnOnce() -> bool,
    ) -> Result<Certainty, Refusal> {
        let counts = scope.raisable && self.settings.scope.namespace_labels;
        if let Some(ask) = self.ask.filter(|_| counts && acts()) {
            let name = namespace();
            let refused = |reason| Refusal::Namespace {
                name: name.clone(),
                reason,
            };
            if name.is_empty() {
                return Err(refused("the request names no Namespace".to_owned()));
            }
            let namespace = ask(&name).map_err(refused)?;
            let namespace: Namespace<'_> =
                json::read(&namespace).map_err(|error| refused(error.to_string()))?;
            if namespace.is_eci() {
                return Ok(Certainty::Certain);
            }
        }
        Ok(match (scope.certainty, self.settings.scope.possible) {
            (Certainty::Possible, Possible::Ignore) => Certainty::No,
            (Certainty::Possible, Possible::Enforce) => Certainty::Certain,
            (certainty, _) => certainty,
        })
    }
}

/// An ephemeral container, of which only the name is read.
#[derive(Debug, Default, Deserialize)]
#[serde(
    remote = "Self",
    default,
    expecting = "an object",
    bound(deserialize = "'de: 'a")
)]
struct Named<'a> {
    name: Option<Text<'a>>,
}

impl Item for Named<'_> {}

views!(Named<'a>);

/// Returns the names of the ephemeral containers of a Pod; none where they cannot be read.
fn ephemeral_names(pod: &RawValue) -> BTreeSet<String> {
    let list: Option<&RawValue> = json::find(pod.get(), &["spec", "ephemeralContainers"])
        .ok()
        .flatten();
    let list: List<Named<'_>> = list
        .and_then(|list| json::read(list.get()).ok())
        .unwrap_or_default();
    let mut names = BTreeSet::new();
    for container in list.items() {
        names.extend(container.name.as_deref().map(str::to_owned));
    }
    names
}
