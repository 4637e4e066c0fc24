//! The review of a request: the rules of the core judge the pod that it describes, and their findings are located at
//! the parameters. Only a request can use the wrong channel, or a parameter that does not exist: that is found here.

use eci_security_context::eci::profile::{CHANNELS, OPENAPI};
use eci_security_context::json;
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::security::PodSecurityContext;
use eci_security_context::pod::sysctls::{self, PodSysctl, State};
use eci_security_context::policy::decide::{Situation, decide};
use eci_security_context::policy::settings::{Mutate, Settings};
use eci_security_context::review::request::RawRequest;
use eci_security_context::review::{Judged, review};
use eci_security_context::rules::rule::Finding;
use eci_security_context::rules::rule::{Action, Rule};
use eci_security_context::rules::{FIELD_IGNORED, RULES, SYSCTL_UNSUPPORTED};
use eci_security_context::text::quote;
use serde_json::value::to_raw_value;

use super::describe::Described;
use super::read::{Param, Request};
use super::{CONTAINERS, OF_CONTAINER, OF_GROUP, Parameter, Position, RequestError, Takes};

/// A finding, and the parameter that it is about.
type Found<'r> = (Judged, &'r Param);

impl Request {
    /// Returns the findings in the order of the catalogue, and those of a rule in the order of the request.
    ///
    /// The path of a finding is the name of its parameter. The profile of requests replaces that of `settings`, and
    /// nothing is repaired.
    ///
    /// # Errors
    /// If the value of a security parameter has the wrong type, or a parameter is set twice or misnumbered.
    pub(crate) fn review(&self, settings: &Settings) -> Result<Vec<Found<'_>>, RequestError> {
        let mut settings = settings.clone();
        settings.account.profile = &OPENAPI;
        settings.scope.assume_eci = true;
        settings.mutate = Mutate::None;
        let described = Described::by(self, &settings)?;
        let context = described.pod.pointer("/spec/securityContext");
        let context = context.map(ToString::to_string).unwrap_or_default();
        let context: PodSecurityContext<'_> = json::read(&context).map_err(unreadable)?;
        let sysctls = sysctls::of_field(&context, &Path::default(), &OPENAPI);
        let mut found = described.by_the_rules(&sysctls, &settings)?;
        described.find_misplaced(&sysctls, &settings, &mut found);
        described.find_unknown(&settings, &mut found);
        let rank = |rule: &Rule| RULES.iter().position(|known| known.id == rule.id);
        found.sort_by_key(|(judged, param)| (rank(judged.finding.rule), param.index));
        for (judged, param) in &mut found {
            judged.finding.path = path_of(param);
        }
        Ok(found)
    }

    /// Returns the parameter by which the group is one for Windows, which is not judged.
    pub(crate) fn windows(&self) -> Option<&Param> {
        let mut params = self.params.iter();
        params.find(|param| param.name == "OsType" && param.value == "Windows")
    }
}

fn unreadable(error: impl std::fmt::Debug) -> RequestError {
    RequestError {
        position: Position::Bytes(0..0),
        message: format!("the request cannot be judged: {error:?}"),
        help: "report this as a bug".to_owned(),
    }
}

/// Returns the name of the parameter as a path, whose dots are part of it.
fn path_of(param: &Param) -> Path {
    Path::default().step(Step::Field(param.name.clone().into()))
}

impl<'r> Described<'r> {
    /// Returns the findings of the rules in the pod.
    fn by_the_rules(
        &self,
        sysctls: &[PodSysctl<'_>],
        settings: &Settings,
    ) -> Result<Vec<Found<'r>>, RequestError> {
        let pod = to_raw_value(&self.pod).map_err(unreadable)?;
        let request = RawRequest::creating("", "Pod", &pod);
        let review = review(&request, settings, None).map_err(unreadable)?;
        let found = review.findings.into_iter().filter_map(|judged| {
            let param = self.param_at(&judged.finding.path, sysctls)?;
            Some((judged, param))
        });
        Ok(found.collect())
    }

    /// Returns the parameter that a path of the pod stands for.
    fn param_at(&self, path: &Path, sysctls: &[PodSysctl<'_>]) -> Option<&'r Param> {
        if let Some(index) = sysctls.iter().position(|entry| entry.path == *path) {
            let sysctl = self.sysctls.get(index)?;
            // Only the value of a sysctl that the profile supports is judged.
            let is_supported = sysctls.get(index)?.state == State::Supported;
            let value = sysctl.value.filter(|_| is_supported);
            return Some(value.unwrap_or(sysctl.name));
        }
        // A conflict of two fields is found at the security context. Its first field is the user, which is the one to
        // change.
        let exact = self.fields.iter().find(|(field, _)| field == path);
        let below = || self.fields.iter().find(|(field, _)| field.is_under(path));
        exact.or_else(below).map(|(_, param)| *param)
    }

    /// Finds sysctls that the other channel takes. For the core, the channels are one.
    fn find_misplaced(
        &self,
        sysctls: &[PodSysctl<'_>],
        settings: &Settings,
        found: &mut Vec<Found<'r>>,
    ) {
        for (sysctl, entry) in self.sysctls.iter().zip(sysctls) {
            if !matches!(entry.state, State::Supported | State::Unsupported) {
                continue;
            }
            let mut channels = CHANNELS.iter();
            let right = channels.find(|channel| channel.sysctls.holds(&entry.name));
            let here = sysctl.channel.parameter;
            let Some(right) = right.filter(|right| right.parameter != here) else {
                continue;
            };
            let own = [Some(sysctl.name), sysctl.value].map(|param| Some(param?.index));
            found.retain(|(_, param)| !own.contains(&Some(param.index)));
            let message = format!("{} is not a sysctl that {here} takes", quote(&entry.name));
            let help = format!("move it to {}", right.parameter);
            self.find(
                &SYSCTL_UNSUPPORTED,
                sysctl.name,
                message,
                help,
                settings,
                found,
            );
        }
    }

    /// Finds parameters that do not exist.
    fn find_unknown(&self, settings: &Settings, found: &mut Vec<Found<'r>>) {
        for param in &self.unknown {
            let help = match meant(&param.name) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "remove it, or do not rely on it".to_owned(),
            };
            let message = "CreateContainerGroup has no such parameter: it has no effect".to_owned();
            self.find(&FIELD_IGNORED, param, message, help, settings, found);
        }
    }

    fn find(
        &self,
        rule: &'static Rule,
        param: &'r Param,
        message: String,
        help: String,
        settings: &Settings,
        found: &mut Vec<Found<'r>>,
    ) {
        let finding = Finding {
            rule,
            default: rule.action,
            path: path_of(param),
            message: message.into(),
            help: help.into(),
            edits: Vec::new(),
            exempt: self.is_exempt(param),
            places: 1,
        };
        let decision = decide(&finding, settings, &Situation::CREATED);
        if decision.action != Action::Off {
            found.push((Judged { finding, decision }, param));
        }
    }
}

/// Returns the parameter that an unknown name probably means: the nearest one, without regard to dots and case.
fn meant(name: &str) -> Option<String> {
    const FAR: usize = 3;
    // A name that is much longer than any parameter is not a misspelling.
    if name.len() > 128 {
        return None;
    }
    let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let shape = name
        .split('.')
        .map(|part| if is_number(&part) { "N" } else { part });
    let shape = squashed(shape);
    let bare = |parameter: &&Parameter| squashed(parameter.name.split('.')) == shape;
    if let Some(parameter) = OF_CONTAINER.iter().find(bare) {
        return Some(format!("Container.N.{}", parameter.name));
    }
    let far = |candidate: &String| strsim::osa_distance(&shape, &squashed(candidate.split('.')));
    let nearest = candidates()
        .min_by_key(far)
        .filter(|best| far(best) < FAR)?;
    let mut numbers = name.split('.').filter(is_number);
    let numbered = nearest.split('.').map(|part| match part {
        "N" => numbers.next().unwrap_or("1"),
        part => part,
    });
    Some(numbered.collect::<Vec<_>>().join("."))
}

fn squashed<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.map(str::to_ascii_lowercase).collect()
}

/// Returns the names of all parameters, with `N` for numbers.
fn candidates() -> impl Iterator<Item = String> {
    let of_channels = CHANNELS.iter().flat_map(|channel| {
        ["Name", "Value"].map(|part| format!("{}.N.{part}", channel.parameter))
    });
    let of_containers = CONTAINERS.into_iter().flat_map(|(root, list)| {
        let own = OF_CONTAINER.iter().filter(move |own| own.is_of(list));
        own.map(move |parameter| {
            let number = match parameter.takes {
                Takes::Capabilities => ".N",
                _ => "",
            };
            format!("{root}.N.{}{number}", parameter.name)
        })
    });
    let of_group = OF_GROUP.iter().map(|parameter| parameter.name.to_owned());
    of_group.chain(of_channels).chain(of_containers)
}

#[cfg(test)]
mod tests;
