//! The straight line from a payload to a verdict.

use crate::admission::{Payload, Request};
use crate::json::{self, Raw, Text, Tree, Unreadable};
use crate::path::Path;
use crate::pod::{List, Pod};
use crate::rule::{Action, Effect, Finding, Report};
use crate::scope::{self, Certainty, Scope};
use crate::settings::{Mutate, Possible, Settings, SettingsError};
use crate::verdict::{Repair, Verdict};
use crate::workload::{self, Place, Workload};

/// Asks the host for a Namespace by name, as the JSON text of the object that the API server holds; the error says
/// why it cannot be had.
pub type AskNamespace<'h> = dyn Fn(&str) -> Result<String, String> + 'h;

/// Judges a request, and repairs its object where the settings say so. `payload` is the JSON object
/// with `request` and `settings` that Kubewarden hands to a policy; `ask` is `None` on a host that
/// cannot be asked.
pub fn validate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::WhereAccepted).unwrap_or_else(Refusal::into_verdict)
}

/// Judges a request as [`validate`] does under `mutate: all`, and repairs its object even where a
/// finding denies it.
pub fn mutate(payload: &[u8], ask: Option<&AskNamespace<'_>>) -> Verdict {
    judge(payload, ask, Repair::Always).unwrap_or_else(Refusal::into_verdict)
}

/// Checks settings, as JSON; `null` are the default ones.
pub fn settings(text: &str, can_ask: bool) -> Result<Settings, String> {
    checked(text, can_ask).map_err(|error| error.to_string())
}

fn checked(text: &str, can_ask: bool) -> Result<Settings, SettingsError> {
    match json::tree(text) {
        Ok(Tree::Null) => Ok(Settings::default()),
        Ok(raw) => Settings::parse(&raw, can_ask),
        Err(unreadable) => Err(SettingsError::unreadable(unreadable)),
    }
}

/// Why a request is not judged, but rejected.
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be read; the path is that in the payload.
    Unreadable(Unreadable),
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

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable.of(&["request", "object"]))
    }
}

impl Refusal {
    /// The answer to such a request.
    pub fn into_verdict(self) -> Verdict {
        match self {
            Self::Unreadable(unreadable @ Unreadable::NotJson { .. }) => {
                Verdict::rejected(400, format!("the request cannot be read: {unreadable}"))
            }
            Self::Unreadable(unreadable) => {
                Verdict::rejected(422, format!("the request cannot be read: {unreadable}"))
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
    let read = Payload::read(payload).map_err(|whole| whole.of(&["payload"]).into());
    let judged =
        read.and_then(|(request, settings)| verdict(&request, settings.map(Raw::get), ask, repair));
    // The object may not be read yet, or not at all, and counts its lines from its own beginning: what is no JSON is
    // told of the whole, whatever else is wrong with it.
    judged.map_err(|refusal| match json::utf8(payload).and_then(json::raw) {
        Err(unreadable) => unreadable.into(),
        Ok(_) => refusal,
    })
}

/// Judges a request that is read already, by settings that are not: for engines that hand over the two apart.
pub fn verdict(
    request: &Request<'_>,
    settings: Option<&str>,
    ask: Option<&AskNamespace<'_>>,
    repair: Repair,
) -> Result<Verdict, Refusal> {
    let Some(target) = Target::of(request)? else {
        request.check()?;
        return Ok(Verdict::accepted());
    };
    let mut settings =
        checked(settings.unwrap_or("null"), ask.is_some()).map_err(Refusal::Settings)?;
    match repair {
        Repair::Never => settings.mutate = Mutate::None,
        Repair::WhereAccepted => {}
        Repair::Always => settings.mutate = Mutate::All,
    }
    let Review {
        findings,
        is_windows,
        is_owned,
        ..
    } = target.review(request, &settings, ask)?;
    let mut verdict = Verdict::of(findings, target.object, repair);
    if is_windows {
        verdict.warnings.push(WINDOWS.to_owned());
    }
    if is_owned {
        // A controller made the object: nobody would read them.
        verdict.warnings.clear();
    }
    Ok(verdict)
}

/// What the rules make of a request, before anything is said or repaired.
#[derive(Debug, Default)]
pub struct Review {
    /// The findings, in evaluation order, with the action that they end with; none of them is off.
    pub findings: Vec<Finding>,
    /// Whether the pod is written for Windows: no rule has looked at it.
    pub is_windows: bool,
    /// Whether a controller owns the object.
    pub is_owned: bool,
    /// Whether the pod may run on ECI, and nothing says so for certain.
    pub is_possible: bool,
}

/// Judges a request by settings that are checked already: for programs that judge many, and tell it in their own
/// words. Nothing can be asked.
pub fn review(request: &Request<'_>, settings: &Settings) -> Result<Review, Refusal> {
    match Target::of(request)? {
        Some(target) => target.review(request, settings, None),
        None => request
            .check()
            .map(|()| Review::default())
            .map_err(Refusal::Unreadable),
    }
}

/// Why nothing is said of a pod for Windows.
pub const WINDOWS: &str = "spec.os.name: windows: eci-security-context knows ECI's rules for Linux pods only; nothing was checked";

/// The part of a request that is judged.
struct Target<'r> {
    object: Raw<'r>,
    place: Place,
    /// Whether only the ephemeral containers that the old object does not have are judged.
    only_new_ephemerals: bool,
}

impl<'r> Target<'r> {
    /// `None` where nothing is.
    fn of(request: &Request<'r>) -> Result<Option<Self>, Unreadable> {
        if request.is_out_of_reach() {
            return Ok(None);
        }
        let (group, kind) = request.group_kind()?;
        let is_pod = (group, kind) == ("", "Pod");
        let only_new_ephemerals = is_pod && request.sub_resource() == "ephemeralcontainers";
        if !only_new_ephemerals && !request.sub_resource().is_empty() {
            return Ok(None);
        }
        if is_pod && request.is_update() && !only_new_ephemerals {
            // A pod's security context cannot change, and ECI reads its annotations only at creation.
            return Ok(None);
        }
        let object = request.object()?;
        let place = workload::place(group, kind, object);
        Ok(place.map(|place| Self {
            object,
            place,
            only_new_ephemerals,
        }))
    }

    /// What the rules make of it.
    fn review(
        &self,
        request: &Request<'_>,
        settings: &Settings,
        ask: Option<&AskNamespace<'_>>,
    ) -> Result<Review, Refusal> {
        let namespace = || self.namespace(request);
        let place = Placing {
            settings,
            namespace: &namespace,
            ask,
        };
        let workload = match Workload::read(self.object, self.place) {
            Ok(Some(workload)) => workload,
            Ok(None) => return Ok(Review::default()),
            Err(unreadable) => return self.excused(&place, unreadable),
        };
        let scope = scope::of(&workload.template, settings);
        if !place.may_be_eci(scope) {
            return Ok(Review::default());
        }
        let situation = Situation {
            settings,
            is_pod: workload.is_pod(),
            is_owned: workload.is_owned(),
            is_unchanged: request.is_update() && self.is_unchanged(request),
        };
        let is_windows = workload.is_windows();
        let found = if is_windows {
            Ok(<_>::default())
        } else {
            self.findings(&workload, settings, request)
        };
        let (mut findings, exempt) = match found {
            Ok(found) => found,
            Err(unreadable) => return self.excused(&place, unreadable),
        };
        let acts = || {
            let mut actions = findings
                .iter()
                .zip(&exempt)
                .map(|(finding, exempt)| situation.action(finding, *exempt, Certainty::Certain));
            actions.any(|action| action >= Action::Fix)
        };
        let certainty = place.certainty(scope, acts)?;
        if certainty == Certainty::No {
            return Ok(Review::default());
        }
        for (finding, exempt) in findings.iter_mut().zip(&exempt) {
            situation.settle(finding, *exempt, certainty);
        }
        findings.retain(|finding| finding.action != Action::Off);
        let is_possible = certainty == Certainty::Possible;
        Ok(Review {
            findings,
            is_windows,
            is_owned: situation.is_owned,
            is_possible,
        })
    }

    /// The Namespace of the request, or else of the object; empty where neither names one.
    fn namespace(&self, request: &Request<'_>) -> String {
        let of_object = || {
            let raw = json::at(self.object, &["metadata", "namespace"])?;
            json::read::<Text<'_>>(raw.get())
                .ok()
                .map(|name| name.to_string())
        };
        match request.namespace.as_deref() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => of_object().unwrap_or_default(),
        }
    }

    /// What is made of an object that cannot be read: of a pod that does not run on ECI, only what says
    /// so need be readable.
    fn excused(&self, place: &Placing<'_>, unreadable: Unreadable) -> Result<Review, Refusal> {
        let Some(placing) = Workload::read_placing(self.object, self.place)? else {
            return Ok(Review::default());
        };
        match place.certainty(scope::of(&placing.template, place.settings), || true)? {
            Certainty::No => Ok(Review::default()),
            _ => Err(unreadable.into()),
        }
    }

    /// Whether the old object has the same pod template, as JSON: one that can be read, so that no key that is
    /// set twice has its last value only.
    fn is_unchanged(&self, request: &Request<'_>) -> bool {
        let Some(old_object) = request.old_object else {
            return false;
        };
        let template = |object| json::at(object, self.place);
        let same = template(old_object)
            .zip(template(self.object))
            .is_some_and(|(old, new)| json::is_same(old, new));
        same && Workload::read(old_object, self.place).is_ok()
    }

    /// What the rules find, and of each whether it is in an exempt container. Apart, as there may be a million of
    /// them, and a list of pairs would be a copy.
    fn findings(
        &self,
        workload: &Workload<'_>,
        settings: &Settings,
        request: &Request<'_>,
    ) -> Result<(Vec<Finding>, Vec<bool>), Unreadable> {
        let Some(mut pod) = Pod::of(workload, settings)? else {
            return Ok(<_>::default());
        };
        if self.only_new_ephemerals {
            let known = request
                .old_object
                .map(workload::ephemeral_names)
                .unwrap_or_default();
            pod.containers
                .retain(|found| found.list == List::Ephemeral && !known.contains_key(found.name()));
        }
        let mut findings = Report::findings(&pod, settings);
        if self.only_new_ephemerals {
            let concerns = |path: &Path| pod.container_at(path).is_some();
            findings.retain(|found| {
                concerns(&found.path) || found.edits.iter().any(|edit| concerns(edit.path()))
            });
        }
        let has_exempt = pod.containers.iter().any(|container| container.exempt);
        let is_exempt = |finding: &Finding| {
            has_exempt
                && pod
                    .container_at(&finding.path)
                    .is_some_and(|container| container.exempt)
        };
        let exempt = findings.iter().map(is_exempt).collect();
        Ok((findings, exempt))
    }
}

/// What, besides the marks on the pod, says whether it runs on ECI.
struct Placing<'p> {
    settings: &'p Settings,
    /// The name of the Namespace, looked up only where it is asked for.
    namespace: &'p dyn Fn() -> String,
    ask: Option<&'p AskNamespace<'p>>,
}

impl Placing<'_> {
    fn may_be_eci(&self, scope: Scope) -> bool {
        scope.certainty != Certainty::No || scope.raisable && self.settings.scope.namespace_labels
    }

    /// Where the pod runs. The Namespace is asked for only where its labels count and would change
    /// something: where the policy `would_act` if the pod were certainly ECI's.
    fn certainty(
        &self,
        scope: Scope,
        would_act: impl FnOnce() -> bool,
    ) -> Result<Certainty, Refusal> {
        let counts = scope.raisable && self.settings.scope.namespace_labels;
        if let Some(ask) = self.ask.filter(|_| counts && would_act()) {
            let name = (self.namespace)();
            let refused = |reason| Refusal::Namespace {
                name: name.clone(),
                reason,
            };
            if name.is_empty() {
                return Err(refused("the request names no Namespace".to_owned()));
            }
            let namespace = ask(&name).map_err(refused)?;
            let namespace: scope::Namespace<'_> =
                json::read(&namespace).map_err(|unreadable| refused(unreadable.to_string()))?;
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

/// What lowers the action of a finding, or raises it.
struct Situation<'s> {
    settings: &'s Settings,
    is_pod: bool,
    /// Whether a controller owns the object.
    is_owned: bool,
    /// Whether the pod template was there before.
    is_unchanged: bool,
}

impl Situation<'_> {
    /// Gives the finding the action that it ends with, and says why where that is not its own.
    fn settle(&self, finding: &mut Finding, is_exempt: bool, certainty: Certainty) {
        let action = self.action(finding, is_exempt, certainty);
        let asked = self.settings.action(finding);
        let note = match action {
            Action::Warn if asked < Action::Fix => "",
            Action::Warn if self.is_unchanged => " (let through: the pod template did not change)",
            Action::Warn if certainty == Certainty::Possible => " (if the pod runs on ECI)",
            Action::Warn if asked == Action::Fix && self.settings.mutate == Mutate::Pods => {
                " (repaired when the pod is created)"
            }
            _ => "",
        };
        if !note.is_empty() {
            finding.message.to_mut().push_str(note);
        }
        finding.action = action;
    }

    fn action(&self, finding: &Finding, is_exempt: bool, certainty: Certainty) -> Action {
        match (
            self.lowered(finding, is_exempt, certainty),
            self.settings.mutate,
        ) {
            (Action::Fix, Mutate::Pods) if !self.is_pod => Action::Warn,
            (Action::Fix, Mutate::None) if finding.rule.effect == Effect::Refused => Action::Deny,
            (Action::Fix, Mutate::None) => Action::Warn,
            (action, _) => action,
        }
    }

    /// The action before it is asked what may be repaired.
    fn lowered(&self, finding: &Finding, is_exempt: bool, certainty: Certainty) -> Action {
        let mut action = self.settings.action(finding);
        if is_exempt || self.is_owned && !self.is_pod {
            action = action.min(Action::Audit);
        }
        if self.is_unchanged || certainty == Certainty::Possible {
            action = action.min(Action::Warn);
        }
        action
    }
}
