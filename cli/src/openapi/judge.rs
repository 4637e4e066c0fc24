//! Judging a request: the rules of the core judge the pod that it describes, and what they find is told at the
//! parameters. What only a request can get wrong, the wrong channel and parameters that do not exist, is found here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use eci_security_context::admission;
use eci_security_context::eci::instance::USE_SPECS;
use eci_security_context::eci::profile::{CHANNEL_SYSCTLS, CHANNELS, Channel, OPENAPI};
use eci_security_context::eci::sysctl;
use eci_security_context::judge::review;
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::List;
use eci_security_context::rule::{Action, Finding, Rule};
use eci_security_context::rules::RULES;
use eci_security_context::settings::{Mutate, Settings};
use eci_security_context::text::quote;
use eci_security_context::workload::ContainerSpec;
use serde_json::{Map, Value, json};

use super::read::{Entry, Request};
use super::{CONTAINERS, OF_CONTAINER, OF_GROUP, Parameter, Place, Takes, Wrong, scalar};

/// Fields of a pod that share what is the node's. People look for parameters of these names.
static HOST_NAMESPACES: [&str; 3] = ["HostNetwork", "HostPID", "HostIPC"];

/// The parameters of a group or a container that size it, with the resource of a pod and the unit of the amount.
static AMOUNTS: [(&str, &str, &str); 2] = [("Cpu", "cpu", ""), ("Memory", "memory", "Gi")];

/// What the rules call by its name in a pod, rule by rule, and what that is in a request.
static WORDS: &[(&str, &str, &str)] = &[
    (
        "sysctl-unsupported",
        "takes from a pod",
        "takes from a request",
    ),
    (
        "privileged",
        "the pod's securityContext.sysctls",
        "HostSecurityContext.Sysctl",
    ),
    ("run-as-root-conflict", "runAsNonRoot", "RunAsNonRoot"),
    ("run-as-root-conflict", "runAsUser", "RunAsUser"),
    ("run-as-root-conflict", " (its own or the pod's)", ""),
];

impl Request {
    /// What the rules find, in the order of the catalogue, and within a rule in that of the request; each where it
    /// stands. The profile is that of requests, whatever `settings` say, and nothing is repaired.
    ///
    /// # Errors
    /// Where a security parameter has no value of its type, is given twice, or breaks the numbering.
    pub(crate) fn judge(&self, settings: &Settings) -> Result<Vec<(Finding, Place)>, Wrong> {
        let mut settings = settings.clone();
        settings.profile = &OPENAPI;
        settings.scope.assume_eci = true;
        settings.mutate = Mutate::None;
        let described = Described::by(self)?;
        let mut found = described.by_the_rules(&settings)?;
        described.misplaced_sysctls(&settings, &mut found);
        described.of_requests_only(&settings, &mut found);
        let rank = |rule: &Rule| RULES.iter().position(|known| known.id == rule.id);
        found.sort_by_key(|(finding, entry)| (rank(finding.rule), entry.index));
        let told = found.into_iter().map(|(mut finding, entry)| {
            finding.path = name_path(&entry.entry.name);
            (finding, entry.entry.place.clone())
        });
        Ok(told.collect())
    }

    /// Why nothing of the request is judged, and where it says so; `None` where it is.
    pub(crate) fn unjudged(&self) -> Option<(&'static str, &Place)> {
        let os = self
            .entries
            .iter()
            .find(|entry| entry.name == "OsType" && entry.value == "Windows")?;
        Some((
            "OsType: Windows: the rules are for Linux only; nothing was checked",
            &os.place,
        ))
    }
}

/// A name as a path, whose dots are part of it.
fn name_path(name: &str) -> Path {
    Path::default().step(Step::Field(name.to_owned().into()))
}

fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// A parameter of a request, with its place in the order of them.
#[derive(Clone, Copy, Debug)]
struct Given<'r> {
    index: usize,
    entry: &'r Entry,
}

impl Given<'_> {
    fn wrong(&self, what: impl std::fmt::Display, help: impl Into<String>) -> Wrong {
        let message = format!("{}: {what}", self.entry.name);
        Wrong {
            place: self.entry.place.clone(),
            message,
            help: help.into(),
        }
    }

    fn shown(&self) -> String {
        scalar(&self.entry.value).map_or_else(|| "this".to_owned(), |text| quote(&text))
    }

    fn text(&self) -> Result<String, Wrong> {
        scalar(&self.entry.value).ok_or_else(|| self.wrong("is not a text", "give one value"))
    }

    fn value(&self, takes: Takes) -> Result<Value, Wrong> {
        let text = self.text()?;
        match takes {
            Takes::Integer => text.parse::<i64>().map(Value::from).map_err(|_| {
                self.wrong(
                    format!("{} is not an integer of 64 bits", self.shown()),
                    "give a number, such as 1000",
                )
            }),
            Takes::Boolean | Takes::True => {
                let read = [true, false]
                    .into_iter()
                    .find(|known| text.eq_ignore_ascii_case(&known.to_string()));
                read.map(Value::from).ok_or_else(|| {
                    self.wrong(
                        format!("{} is neither true nor false", self.shown()),
                        "write true or false",
                    )
                })
            }
            Takes::Capabilities => Ok(Value::String(text)),
        }
    }
}

/// The parameters that nothing has taken yet, by their names.
struct Parameters<'r>(BTreeMap<&'r str, Given<'r>>);

impl<'r> Parameters<'r> {
    fn of(request: &'r Request) -> Result<Self, Wrong> {
        let mut parameters = BTreeMap::new();
        for (index, entry) in request.entries.iter().enumerate() {
            let given = Given { index, entry };
            // What begins in lower case are options of the command that sends the request.
            let is_parameter = entry.name.starts_with(|c: char| c.is_ascii_uppercase());
            if entry.value.is_null() {
                continue;
            }
            if parameters.insert(entry.name.as_str(), given).is_some() && is_parameter {
                return Err(given.wrong("is given before", "keep one of the two"));
            }
        }
        Ok(Self(parameters))
    }

    fn take(&mut self, name: &str) -> Option<Given<'r>> {
        self.0.remove(name)
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        scalar(&self.take(name)?.entry.value)
    }

    /// How many items the list has: their numbers count from 1, without a gap.
    fn count(&self, list: &str) -> Result<usize, Wrong> {
        let below = format!("{list}.");
        let mut numbers = BTreeMap::new();
        for (name, given) in self
            .0
            .range(below.as_str()..)
            .take_while(|(name, _)| name.starts_with(&below))
        {
            let number = name
                .get(below.len()..)
                .and_then(|rest| rest.split('.').next())
                .unwrap_or_default();
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            match number.parse::<usize>() {
                Ok(parsed) if parsed > 0 && !number.starts_with('0') => {
                    numbers.entry(parsed).or_insert(given)
                }
                _ => {
                    return Err(given.wrong(format!("there is no {list}.{number}"), "count from 1"));
                }
            };
        }
        for (expected, (number, given)) in (1..).zip(&numbers) {
            if expected != *number {
                let what = format!("there is no {list}.{expected} before it");
                return Err(given.wrong(what, "count from 1, without a gap"));
            }
        }
        Ok(numbers.len())
    }
}

/// A sysctl of a request.
struct Sysctl<'r> {
    channel: &'static Channel,
    name: Given<'r>,
    value: Option<Given<'r>>,
    /// The name, normalised.
    normalised: String,
}

/// A parameter that init containers do not take, on one.
struct Barred<'r> {
    parameter: &'static Parameter,
    given: Given<'r>,
    asked: Value,
    container: usize,
}

/// What a request describes: a pod, and what no pod can say.
struct Described<'r> {
    pod: Value,
    sysctls: Vec<Sysctl<'r>>,
    /// The fields of the pod, each with the parameter that it is.
    fields: Vec<(Path, Given<'r>)>,
    barred: Vec<Barred<'r>>,
    /// Parameters of security that do not exist.
    unknown: Vec<Given<'r>>,
}

impl<'r> Described<'r> {
    fn by(request: &'r Request) -> Result<Self, Wrong> {
        let mut left = Parameters::of(request)?;
        let mut described = Self {
            pod: Value::Null,
            sysctls: Vec::new(),
            fields: Vec::new(),
            barred: Vec::new(),
            unknown: Vec::new(),
        };
        let mut spec = Map::new();
        let mut entries = Vec::new();
        for channel in &CHANNELS {
            described.read_channel(channel, &mut left)?;
        }
        for sysctl in &described.sysctls {
            let value = sysctl.value.map(|given| given.text()).transpose()?;
            entries
                .push(json!({ "name": sysctl.name.text()?, "value": value.unwrap_or_default() }));
        }
        put(&mut spec, &["securityContext", "sysctls"], entries.into());
        for parameter in OF_GROUP {
            if let Some(given) = left.take(parameter.name) {
                put(&mut spec, parameter.field, given.value(parameter.takes)?);
            }
        }
        for (root, list) in CONTAINERS {
            let mut containers = Vec::new();
            for index in 0..left.count(root)? {
                containers.push(described.container(root, list, index, &mut left)?);
            }
            if list == List::Main {
                size_group(&mut containers, &mut left);
            }
            spec.insert(list.name().to_owned(), containers.into());
        }
        let mut metadata = json!({ "name": "request" });
        if let (Some(kind), Value::Object(metadata)) =
            (left.take_text("InstanceType"), &mut metadata)
        {
            put(metadata, &["annotations", USE_SPECS], kind.into());
        }
        described.pod =
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
        described.unknown = left
            .0
            .into_values()
            .filter(|given| is_of_security(given))
            .collect();
        Ok(described)
    }

    fn read_channel(
        &mut self,
        channel: &'static Channel,
        left: &mut Parameters<'r>,
    ) -> Result<(), Wrong> {
        let list = channel.parameter;
        for number in 1..=left.count(list)? {
            let name = left.take(&format!("{list}.{number}.Name"));
            let value = left.take(&format!("{list}.{number}.Value"));
            let Some(name) = name else {
                // What else may stand there is unknown, and told as that.
                let Some(value) = value else { continue };
                return Err(value.wrong("it has no name", format!("set {list}.{number}.Name, too")));
            };
            if number > CHANNEL_SYSCTLS {
                let what = format!("{list} takes {CHANNEL_SYSCTLS} sysctls at most");
                return Err(name.wrong(what, "remove some"));
            }
            let normalised = sysctl::normalise(&name.text()?).into_owned();
            self.sysctls.push(Sysctl {
                channel,
                name,
                value,
                normalised,
            });
        }
        Ok(())
    }

    fn container(
        &mut self,
        root: &str,
        list: List,
        index: usize,
        left: &mut Parameters<'r>,
    ) -> Result<Value, Wrong> {
        let at = Path::of(&["spec", list.name()]).index(index);
        let prefix = format!("{root}.{}", index + 1);
        let mut container = Map::new();
        for (name, field) in [("Name", "name"), ("Image", "image")] {
            if let Some(text) = left.take_text(&format!("{prefix}.{name}")) {
                container.insert(field.to_owned(), text.into());
            }
        }
        for (name, resource, unit) in AMOUNTS {
            if let Some(amount) = left.take_text(&format!("{prefix}.{name}")) {
                put(
                    &mut container,
                    &["resources", "limits", resource],
                    format!("{amount}{unit}").into(),
                );
            }
        }
        for parameter in OF_CONTAINER {
            let name = format!("{prefix}.{}", parameter.name);
            let path = parameter
                .field
                .iter()
                .fold(at.clone(), |path, field| path.field(field));
            if parameter.takes == Takes::Capabilities {
                let mut items = Vec::new();
                for item in 0..left.count(&name)? {
                    let Some(given) = left.take(&format!("{name}.{}", item + 1)) else {
                        continue;
                    };
                    items.push(given.value(parameter.takes)?);
                    self.fields.push((path.index(item), given));
                }
                put(&mut container, parameter.field, items.into());
            } else if let Some(given) = left.take(&name) {
                let asked = given.value(parameter.takes)?;
                if parameter.is_of(list) {
                    put(&mut container, parameter.field, asked);
                    self.fields.push((path, given));
                } else {
                    self.barred.push(Barred {
                        parameter,
                        given,
                        asked,
                        container: index,
                    });
                }
            }
        }
        Ok(container.into())
    }

    /// What the rules of the core find in the pod.
    fn by_the_rules(&self, settings: &Settings) -> Result<Vec<(Finding, Given<'r>)>, Wrong> {
        let unreadable = |reason: String| Wrong {
            place: Place::Bytes(0..0),
            message: format!("the request cannot be judged: {reason}"),
            help: "report it: what was read must be readable".to_owned(),
        };
        let request = eci_manifest::admission_request(&self.pod, &Default::default()).to_string();
        let request: admission::Request<'_> = eci_security_context::json::read(&request)
            .map_err(|error| unreadable(error.to_string()))?;
        let review =
            review(&request, settings).map_err(|error| unreadable(format!("{error:?}")))?;
        let mut found = Vec::new();
        for mut finding in review.findings {
            let Some(given) = self.given_at(&finding) else {
                continue;
            };
            for (_, of_pod, of_request) in WORDS.iter().filter(|(id, ..)| *id == finding.rule.id) {
                finding.message = finding.message.replace(of_pod, of_request).into();
                finding.help = finding.help.replace(of_pod, of_request).into();
            }
            finding.edits.clear();
            found.push((finding, given));
        }
        Ok(found)
    }

    /// The parameter that a finding in the pod is about.
    fn given_at(&self, finding: &Finding) -> Option<Given<'r>> {
        let path = &finding.path;
        let sysctls = Path::of(&["spec", "securityContext", "sysctls"]);
        if let ([.., Step::Index(index)], true) = (path.steps(), path.is_under(&sysctls)) {
            let sysctl = self.sysctls.get(*index)?;
            let is_about_value = matches!(finding.rule.id, "sysctl-value" | "min-free-kbytes");
            return sysctl
                .value
                .filter(|_| is_about_value)
                .or(Some(sysctl.name));
        }
        // A conflict of two fields stands at the security context; of the two, the user is the one to change.
        let user = path.field("runAsUser");
        let at = |path: &Path| self.fields.iter().find(|(field, _)| field == path);
        at(path).or_else(|| at(&user)).map(|(_, given)| *given)
    }

    /// Finds what the other channel would take. The core, for which the channels are one, says nothing but that
    /// such an entry is malformed.
    fn misplaced_sysctls(&self, settings: &Settings, found: &mut Vec<(Finding, Given<'r>)>) {
        let Some(unsupported) = rule("sysctl-unsupported") else {
            return;
        };
        for sysctl in &self.sysctls {
            let right = CHANNELS
                .iter()
                .find(|channel| channel.sysctls.holds(&sysctl.normalised));
            let Some(right) = right.filter(|right| right.parameter != sysctl.channel.parameter)
            else {
                continue;
            };
            let is_here = |given: &Given<'_>| {
                given.index == sysctl.name.index
                    || sysctl.value.is_some_and(|value| value.index == given.index)
            };
            if found
                .iter()
                .any(|(finding, given)| finding.rule.id == "sysctl-malformed" && is_here(given))
            {
                continue;
            }
            found.retain(|(_, given)| !is_here(given));
            let message = format!(
                "{} is not a sysctl that {} takes",
                quote(&sysctl.normalised),
                sysctl.channel.parameter
            );
            let help = format!("move it to {}", right.parameter);
            find(
                found,
                settings,
                unsupported,
                false,
                sysctl.name,
                message,
                help,
            );
        }
    }

    /// Finds parameters that do not exist.
    fn of_requests_only(&self, settings: &Settings, found: &mut Vec<(Finding, Given<'r>)>) {
        for Barred {
            parameter,
            given,
            asked,
            container,
        } in &self.barred
        {
            // `false` asks for nothing: it is the default.
            let Some(rule) = parameter
                .barred_on_init
                .and_then(rule)
                .filter(|_| *asked != false)
            else {
                continue;
            };
            let (message, help) = match rule.id {
                "privileged" => (
                    "true cannot be had: no init container is privileged".to_owned(),
                    "remove it",
                ),
                _ => (
                    format!(
                        "{asked} has no effect: init containers take no {}",
                        parameter.name
                    ),
                    "set SecurityContext.RunAsUser, which they take, or choose an image that runs so by itself",
                ),
            };
            find(
                found,
                settings,
                rule,
                self.is_exempt(List::Init, *container, settings),
                *given,
                message,
                help,
            );
        }
        let Some(ignored) = rule("field-ignored") else {
            return;
        };
        for given in &self.unknown {
            let name = &given.entry.name;
            let help = match meant(name) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "remove it, or do not rely on it".to_owned(),
            };
            let message = "there is no such parameter: it has no effect";
            let container = container_of(name);
            let is_exempt =
                container.is_some_and(|(list, index)| self.is_exempt(list, index, settings));
            find(found, settings, ignored, is_exempt, *given, message, help);
        }
    }

    fn is_exempt(&self, list: List, index: usize, settings: &Settings) -> bool {
        let container = self
            .pod
            .pointer(&format!("/spec/{}/{index}", list.name()))
            .map(Value::to_string);
        let spec = container
            .as_deref()
            .map(eci_security_context::json::read::<ContainerSpec<'_>>);
        spec.is_some_and(|spec| spec.is_ok_and(|spec| settings.exempts(&spec)))
    }
}

/// Adds a finding with the action that the settings give it.
fn find<'r>(
    found: &mut Vec<(Finding, Given<'r>)>,
    settings: &Settings,
    rule: &'static Rule,
    is_exempt: bool,
    given: Given<'r>,
    message: impl Into<Cow<'static, str>>,
    help: impl Into<Cow<'static, str>>,
) {
    let mut finding = Finding {
        rule,
        action: rule.action,
        path: Path::default(),
        message: message.into(),
        help: help.into(),
        edits: Vec::new(),
        places: 1,
    };
    let action = settings.action(&finding);
    finding.action = if is_exempt {
        action.min(Action::Audit)
    } else {
        action
    };
    if finding.action != Action::Off {
        found.push((finding, given));
    }
}

/// Sets the value at the end of `keys`, making the objects on the way.
fn put(object: &mut Map<String, Value>, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [key] => {
            object.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            if let Value::Object(below) = object.entry(*key).or_insert_with(|| json!({})) {
                put(below, rest, value);
            }
        }
    }
}

/// Gives the amounts of the whole group, which outrank those of its containers, to the first one.
fn size_group(containers: &mut Vec<Value>, left: &mut Parameters<'_>) {
    for (name, resource, unit) in AMOUNTS {
        let Some(amount) = left.take_text(name) else {
            continue;
        };
        if containers.is_empty() {
            containers.push(json!({}));
        }
        for (index, container) in containers
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .enumerate()
        {
            let share = if index == 0 {
                Value::from(format!("{amount}{unit}"))
            } else {
                Value::Null
            };
            put(container, &["resources", "limits", resource], share);
        }
    }
}

/// Whether the parameter speaks of security, to judge by its name.
fn is_of_security(given: &Given<'_>) -> bool {
    let name = given.entry.name.as_str();
    let is_empty = scalar(&given.entry.value).is_none();
    !is_empty
        && (name.to_ascii_lowercase().contains("securitycontext")
            || HOST_NAMESPACES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name)))
}

/// The container that a parameter of this name is of, by its list and index.
fn container_of(name: &str) -> Option<(List, usize)> {
    let (root, rest) = name.split_once('.')?;
    let (_, list) = CONTAINERS.into_iter().find(|(known, _)| *known == root)?;
    Some((
        list,
        rest.split('.')
            .next()?
            .parse::<usize>()
            .ok()?
            .checked_sub(1)?,
    ))
}

/// The parameter that was probably meant by a name that is none: the nearest, dots and case aside.
fn meant(name: &str) -> Option<String> {
    const FAR: usize = 3;
    // What is much longer than any parameter is none misspelt.
    if name.len() > 128 {
        return None;
    }
    let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let mut numbers = name.split('.').filter(is_number);
    let shape = squashed(
        name.split('.')
            .map(|part| if is_number(&part) { "N" } else { part }),
    );
    let bare = |parameter: &&Parameter| squashed(parameter.name.split('.')) == shape;
    if let Some(parameter) = OF_CONTAINER.iter().find(bare) {
        return Some(format!("Container.N.{}", parameter.name));
    }
    let distance =
        |candidate: &String| strsim::osa_distance(&shape, &squashed(candidate.split('.')));
    let best = candidates()
        .map(|candidate| (distance(&candidate), candidate))
        .min_by_key(|(far, _)| *far);
    let (_, nearest) = best.filter(|(far, _)| *far < FAR)?;
    let numbered = nearest.split('.').map(|part| {
        if part == "N" {
            numbers.next().unwrap_or("1")
        } else {
            part
        }
    });
    Some(numbered.collect::<Vec<_>>().join("."))
}

fn squashed<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.map(str::to_ascii_lowercase).collect()
}

/// The names of all parameters, with `N` for numbers.
fn candidates() -> impl Iterator<Item = String> {
    let of_channels = CHANNELS.iter().flat_map(|channel| {
        ["Name", "Value"].map(|part| format!("{}.N.{part}", channel.parameter))
    });
    let of_containers = CONTAINERS.into_iter().flat_map(|(root, list)| {
        OF_CONTAINER
            .iter()
            .filter(move |parameter| parameter.is_of(list))
            .map(move |parameter| {
                let number = if parameter.takes == Takes::Capabilities {
                    ".N"
                } else {
                    ""
                };
                format!("{root}.N.{}{number}", parameter.name)
            })
    });
    OF_GROUP
        .iter()
        .map(|parameter| parameter.name.to_owned())
        .chain(of_channels)
        .chain(of_containers)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]

    use super::*;
    use crate::openapi::{flat, of_value};

    fn settings(raw: Value) -> Settings {
        eci_security_context::judge::settings(&raw.to_string(), false).unwrap()
    }

    fn judge(text: &str, raw: Value) -> Result<Vec<(Finding, Place)>, Wrong> {
        let mut requests = flat(text).unwrap().unwrap();
        assert_eq!(requests.len(), 1);
        requests.remove(0).judge(&settings(raw))
    }

    /// What is found, as `action rule parameter`; the place is that of the parameter.
    fn found(text: &str, raw: Value) -> Vec<String> {
        let findings = judge(text, raw)
            .unwrap_or_else(|wrong| panic!("{wrong:?}"))
            .into_iter();
        let told = findings.map(|(finding, place)| {
            let Place::Bytes(span) = place else {
                panic!("{place:?}")
            };
            assert_eq!(
                text[span].split('=').next().unwrap(),
                finding.path.to_string()
            );
            format!(
                "{} {} {}",
                finding.action.as_str(),
                finding.rule.id,
                finding.path
            )
        });
        told.collect()
    }

    #[track_caller]
    fn finds(text: &str, expected: &[&str]) {
        assert_eq!(found(text, json!({})), expected, "{text}");
    }

    fn help(text: &str) -> String {
        judge(text, json!({})).unwrap()[0].0.help.to_string()
    }

    fn wrong(text: &str) -> String {
        judge(text, json!({})).unwrap_err().message
    }

    #[test]
    fn the_samples_of_the_api_page_are_fine() {
        finds(
            "SecurityContext.Sysctl.1.Name=net.ipv4.ping_group_range\nSecurityContext.Sysctl.1.Value=1\n\
             HostSecurityContext.Sysctl.1.Name=kernel.msgmax\nHostSecurityContext.Sysctl.1.Value=65536\n\
             Container.1.SecurityContext.RunAsUser=1000\nContainer.1.SecurityContextRunAsGroup=3000\n\
             Container.1.SecurityContextRunAsNonRoot=true\nContainer.1.SecurityContext.Capability.Add.1=NET_ADMIN\n\
             Container.1.SecurityContext.ReadOnlyRootFilesystem=true\nContainer.1.SecurityContextPrivileged=false\n\
             InitContainer.1.SecurityContext.RunAsUser=0\nShareProcessNamespace=true\n",
            &[],
        );
    }

    #[test]
    fn the_core_judges_the_pod_that_is_described() {
        finds(
            "Container.1.SecurityContextPrivileged=true\nContainer.1.SecurityContext.ReadOnlyRootFilesystem=false\n\
             Container.2.SecurityContext.Capability.Add.1=KILL\nContainer.2.SecurityContext.Capability.Add.2=SYS_TIME\n\
             Container.2.SecurityContext.Capability.Add.3=cap_kill\n\
             InitContainer.1.SecurityContext.Capability.Add.1=SYS_BOOT\n\
             Container.3.SecurityContext.RunAsUser=0\nContainer.3.SecurityContextRunAsNonRoot=True\n\
             Container.4.SecurityContextRunAsGroup=-1\n",
            &[
                "deny capability-unsupported Container.2.SecurityContext.Capability.Add.2",
                "deny capability-unsupported InitContainer.1.SecurityContext.Capability.Add.1",
                // Nobody repairs a request.
                "deny capability-name Container.2.SecurityContext.Capability.Add.3",
                "deny privileged Container.1.SecurityContextPrivileged",
                "deny run-as-root-conflict Container.3.SecurityContext.RunAsUser",
                "deny run-as-id-range Container.4.SecurityContextRunAsGroup",
                "warn root-filesystem Container.1.SecurityContext.ReadOnlyRootFilesystem",
            ],
        );
    }

    #[test]
    fn approvals_actions_and_exemptions_count() {
        let text = "Container.1.SecurityContextPrivileged=true\nInitContainer.1.SecurityContextPrivileged=true\n";
        finds(
            text,
            &[
                "deny privileged Container.1.SecurityContextPrivileged",
                "deny privileged InitContainer.1.SecurityContextPrivileged",
            ],
        );
        // An approval is never one for init containers.
        assert_eq!(
            found(text, json!({ "approved": { "privileged": true } })),
            ["deny privileged InitContainer.1.SecurityContextPrivileged"]
        );
        assert_eq!(
            found(text, json!({ "actions": { "privileged": "warn" } })),
            [
                "warn privileged Container.1.SecurityContextPrivileged",
                "warn privileged InitContainer.1.SecurityContextPrivileged",
            ]
        );
        assert!(found(text, json!({ "actions": { "privileged": "off" } })).is_empty());
        let exempt = json!({ "exempt": [{ "image": "registry.example/istio/**" }] });
        let text = format!(
            "{text}Container.1.Image=registry.example/istio/proxy\nInitContainer.1.Image=registry.example/istio/init\n"
        );
        assert_eq!(
            found(&text, exempt),
            [
                "audit privileged Container.1.SecurityContextPrivileged",
                "audit privileged InitContainer.1.SecurityContextPrivileged",
            ]
        );
    }

    #[test]
    fn a_profile_of_pods_does_not_count() {
        let text = "HostSecurityContext.Sysctl.1.Name=net.ipv4.ip_local_port_range\n\
                    HostSecurityContext.Sysctl.1.Value=1024 65535\n";
        for profile in ["2024-02-26", "2026-04-01"] {
            let found = found(
                text,
                json!({ "profile": profile, "scope": { "possible": "ignore" } }),
            );
            assert_eq!(
                found,
                ["deny sysctl-unsupported HostSecurityContext.Sysctl.1.Name"]
            );
        }
    }

    #[test]
    fn a_sysctl_belongs_in_its_channel() {
        for (channel, name, right) in [
            (
                "SecurityContext",
                "net.core.somaxconn",
                "HostSecurityContext.Sysctl",
            ),
            (
                "SecurityContext",
                "net/core/somaxconn",
                "HostSecurityContext.Sysctl",
            ),
            (
                "HostSecurityContext",
                "net.ipv4.ping_group_range",
                "SecurityContext.Sysctl",
            ),
        ] {
            // Of what is not taken the value is not judged.
            let text = format!("{channel}.Sysctl.1.Name={name}\n{channel}.Sysctl.1.Value=abc\n");
            finds(
                &text,
                &[&format!("deny sysctl-unsupported {channel}.Sysctl.1.Name")],
            );
            assert_eq!(help(&text), format!("move it to {right}"));
        }
    }

    #[test]
    fn sysctls_of_both_channels_are_judged() {
        finds(
            "SecurityContext.Sysctl.1.Name=net.ipv4.tcp_syncookies\nSecurityContext.Sysctl.1.Value=1\n\
             HostSecurityContext.Sysctl.1.Name=net.core.somaxconn\nHostSecurityContext.Sysctl.1.Value=many\n\
             HostSecurityContext.Sysctl.2.Name=kernel.msgmax\n\
             HostSecurityContext.Sysctl.3.Name=net.core.somaxconn\nHostSecurityContext.Sysctl.3.Value=1\n",
            &[
                "deny sysctl-unsupported SecurityContext.Sysctl.1.Name",
                "deny sysctl-malformed HostSecurityContext.Sysctl.2.Name",
                "deny sysctl-malformed HostSecurityContext.Sysctl.3.Name",
                "deny sysctl-value HostSecurityContext.Sysctl.1.Value",
            ],
        );
    }

    #[test]
    fn the_memory_of_the_group_or_of_its_containers_counts() {
        // A fifth of 4 GiB is 838860 kB, of 8 GiB 1677721 kB.
        let text = |kbytes: i64, size: &str| {
            format!(
                "HostSecurityContext.Sysctl.1.Name=vm.min_free_kbytes\nHostSecurityContext.Sysctl.1.Value={kbytes}\n{size}"
            )
        };
        let over = ["warn min-free-kbytes HostSecurityContext.Sysctl.1.Value"];
        for (size, most) in [
            ("", 838_860),
            ("Cpu=2\nMemory=4\n", 838_860),
            (
                "Cpu=2.0\nMemory=8.0\nContainer.1.Memory=1\nContainer.2.Memory=1\n",
                1_677_721,
            ),
            ("Container.1.Memory=4\nContainer.2.Memory=4\n", 1_677_721),
        ] {
            finds(&text(most, size), &[]);
            finds(&text(most + 1, size), &over);
        }
        // What an instance type has is not known.
        finds(&text(999_999_999, "InstanceType=ecs.c6.xlarge\n"), &[]);
    }

    #[test]
    fn init_containers_take_no_group_and_no_non_root() {
        finds(
            "InitContainer.1.SecurityContextRunAsGroup=0\nInitContainer.1.SecurityContextRunAsNonRoot=true\n\
             InitContainer.2.SecurityContextRunAsNonRoot=false\nInitContainer.2.SecurityContextPrivileged=false\n",
            &[
                "warn init-container-identity InitContainer.1.SecurityContextRunAsGroup",
                "warn init-container-identity InitContainer.1.SecurityContextRunAsNonRoot",
            ],
        );
    }

    #[test]
    fn parameters_that_do_not_exist_are_told_with_the_right_one() {
        for (name, expected) in [
            (
                "Container.1.SecurityContext.Privileged",
                "did you mean Container.1.SecurityContextPrivileged?",
            ),
            (
                "Container.1.SecurityContext.RunAsGroup",
                "did you mean Container.1.SecurityContextRunAsGroup?",
            ),
            (
                "Container.1.SecurityContextRunAsUser",
                "did you mean Container.1.SecurityContext.RunAsUser?",
            ),
            (
                "InitContainer.1.SecurityContext.runAsUser",
                "did you mean InitContainer.1.SecurityContext.RunAsUser?",
            ),
            (
                "Container.1.SecurityContext.Capability.Add",
                "did you mean Container.1.SecurityContext.Capability.Add.1?",
            ),
            (
                "HostSecurityContext.Sysctls.2.Name",
                "did you mean HostSecurityContext.Sysctl.2.Name?",
            ),
            (
                "SecurityContext.RunAsUser",
                "did you mean Container.N.SecurityContext.RunAsUser?",
            ),
            (
                "Container.1.SecurityContext.Capability.Drop.1",
                "remove it, or do not rely on it",
            ),
            (
                "Container.1.SecurityContext.AllowPrivilegeEscalation",
                "remove it, or do not rely on it",
            ),
            ("HostPid", "remove it, or do not rely on it"),
        ] {
            let text = format!("{name}=x\nContainerGroupName=g\n");
            finds(&text, &[&format!("warn field-ignored {name}")]);
            assert_eq!(help(&text), expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_security_is_left_alone() {
        finds(
            "ContainerGroupName=g\nVolume.0.Name=x\nContainer.1.Arg.7=y\nSpotStrategy=?\nTag.x=2=\n",
            &[],
        );
    }

    #[test]
    fn bad_values_are_told_with_the_parameter() {
        for (line, message) in [
            (
                "Container.1.SecurityContext.RunAsUser=abc",
                "Container.1.SecurityContext.RunAsUser: \"abc\" is not an integer of 64 bits",
            ),
            (
                "Container.1.SecurityContextRunAsGroup=1.5",
                "Container.1.SecurityContextRunAsGroup: \"1.5\" is not an integer of 64 bits",
            ),
            (
                "InitContainer.1.SecurityContextRunAsNonRoot=maybe",
                "InitContainer.1.SecurityContextRunAsNonRoot: \"maybe\" is neither true nor false",
            ),
            (
                "ShareProcessNamespace=1",
                "ShareProcessNamespace: \"1\" is neither true nor false",
            ),
            (
                "Container.0.Name=a",
                "Container.0.Name: there is no Container.0",
            ),
            (
                "Container.01.Name=a",
                "Container.01.Name: there is no Container.01",
            ),
            (
                "Container.3.Name=a",
                "Container.3.Name: there is no Container.2 before it",
            ),
            (
                "Container.1.SecurityContext.Capability.Add.2=KILL",
                "Container.1.SecurityContext.Capability.Add.2: there is no \
                 Container.1.SecurityContext.Capability.Add.1 before it",
            ),
            (
                "SecurityContext.Sysctl.2.Name=kernel.sem",
                "SecurityContext.Sysctl.2.Name: there is no SecurityContext.Sysctl.1 before it",
            ),
            (
                "HostSecurityContext.Sysctl.1.Value=1",
                "HostSecurityContext.Sysctl.1.Value: it has no name",
            ),
            ("Container.1.Name=b", "Container.1.Name: is given before"),
        ] {
            let text = format!("Container.1.Name=a\n{line}\n");
            assert_eq!(wrong(&text), message);
            let place = judge(&text, json!({})).unwrap_err().place;
            assert_eq!(place, Place::Bytes(19..19 + line.len()), "{line}");
        }
    }

    #[test]
    fn a_channel_takes_101_sysctls() {
        let sysctls = |count: usize| -> String {
            let entry = |n: usize| {
                format!(
                    "HostSecurityContext.Sysctl.{n}.Name=net.x{n}\nHostSecurityContext.Sysctl.{n}.Value=1\n"
                )
            };
            (1..=count).map(entry).collect()
        };
        finds(&sysctls(101), &[]);
        assert_eq!(
            wrong(&sysctls(102)),
            "HostSecurityContext.Sysctl.102.Name: HostSecurityContext.Sysctl takes 101 sysctls at most"
        );
    }

    #[test]
    fn values_of_documents_have_any_type() {
        let document = json!({
            "HostSecurityContext": { "Sysctl": [{ "Name": "net.core.somaxconn", "Value": 1024 }] },
            "Container": [
                { "SecurityContext": { "RunAsUser": "0", "Capability": { "Add": ["KILL", "SYS_TIME"] } },
                  "SecurityContextRunAsNonRoot": true, "SecurityContextPrivileged": null },
            ],
        });
        let found = of_value(&document).unwrap()[0]
            .judge(&Settings::default())
            .unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(finding, place)| (finding.path.to_string(), place.clone()))
            .collect();
        let field = |path: &str| Place::Field(path.to_owned());
        assert_eq!(
            found,
            [
                (
                    "Container.1.SecurityContext.Capability.Add.2".to_owned(),
                    field("Container[0].SecurityContext.Capability.Add[1]")
                ),
                (
                    "Container.1.SecurityContext.RunAsUser".to_owned(),
                    field("Container[0].SecurityContext.RunAsUser")
                ),
            ]
        );
        let nested = json!({ "Container": [{ "SecurityContext": { "RunAsUser": [1] } }] });
        // There is no such parameter as an item of a user.
        let found = of_value(&nested).unwrap()[0]
            .judge(&Settings::default())
            .unwrap();
        assert_eq!(found[0].0.rule.id, "field-ignored");
    }

    #[test]
    fn messages_speak_of_parameters() {
        let messages = |text: &str| {
            let found = judge(text, json!({})).unwrap();
            found
                .iter()
                .map(|(finding, _)| format!("{}; {}", finding.message, finding.help))
                .collect::<String>()
        };
        for text in [
            "Container.1.SecurityContextPrivileged=true",
            "Container.1.SecurityContext.RunAsUser=0\nContainer.1.SecurityContextRunAsNonRoot=true",
            "SecurityContext.Sysctl.1.Name=vm.max_map_count\nSecurityContext.Sysctl.1.Value=1",
        ] {
            let said = messages(text);
            for of_pods in ["runAs", "securityContext.", "pod"] {
                assert!(!said.is_empty() && !said.contains(of_pods), "{said}");
            }
        }
    }

    #[test]
    fn windows_is_not_judged() {
        let request = &flat("OsType=Windows\nContainer.1.Name=a\n")
            .unwrap()
            .unwrap()[0];
        assert_eq!(request.unjudged().unwrap().1, &Place::Bytes(0..14));
        let request = &flat("OsType=Linux\nContainer.1.Name=a\n").unwrap().unwrap()[0];
        assert!(request.unjudged().is_none());
    }
}
