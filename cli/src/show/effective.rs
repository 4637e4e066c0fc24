//! What ECI makes of an object: each setting that it ends with, where that comes from, and what was asked for in
//! vain. What is wrong with the object the rules of the core say; no condition of theirs is repeated here. Exemptions
//! and actions are left out: they change what the policy says, not what ECI runs.

use eci_security_context::eci::profile::Identity;
use eci_security_context::eci::{instance, sysctl};
use eci_security_context::json::{self, Unreadable};
use eci_security_context::path::{Path, Step};
use eci_security_context::pod::{self, IDENTITY_FIELDS, IdentityField, List, Pod};
use eci_security_context::quantity::Quantity;
use eci_security_context::rule::{Action, Effect, Finding, Report};
use eci_security_context::scope::{self, Certainty};
use eci_security_context::settings::{Mutate, Possible, Settings};
use eci_security_context::size::{self, Size};
use eci_security_context::sysctls::HostSysctls;
use eci_security_context::workload::{self, Workload};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::capabilities::{self, Set};

/// An object that holds a pod, and what ECI makes of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    /// The kind of the object.
    pub(super) kind: String,
    /// Its Namespace, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    /// Its name, or the beginning of those that the API server gives; empty where it has neither.
    pub(super) name: String,
    /// Whether it holds the template of pods, and is none itself.
    pub(super) template: bool,
    /// Whether it runs on ECI.
    pub(super) scope: Scope,
    /// Whether it is written for Windows, of which no rule of ECI is known.
    pub(super) windows: bool,
    /// What ECI runs; `None` where the pod is not for it, or written for Windows.
    #[serde(flatten)]
    pub(super) effective: Option<Effective>,
}

/// Whether a pod runs on ECI.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Scope {
    /// `certain`, `possible` or `no`.
    pub(super) certainty: &'static str,
    /// What says so.
    pub(super) reason: &'static str,
}

/// What ECI runs of a pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Effective {
    /// The instance that it gets.
    pub(super) instance: Instance,
    /// The init containers, the containers, the ephemeral containers.
    pub(super) containers: Vec<Container>,
    /// The sysctls that it asks for.
    pub(super) sysctls: Vec<Sysctl>,
    /// What ECI, the API server or the runtime refuses the pod for.
    pub(super) refused: Vec<Remark>,
    /// What ECI does not read where it stands.
    pub(super) lost: Vec<Remark>,
    /// What ECI replaces.
    pub(super) overridden: Vec<Remark>,
    /// What has no effect.
    pub(super) ignored: Vec<Remark>,
}

/// The size of an instance.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    /// The memory in kibibytes; `None` where it cannot be known.
    pub(super) memory_kib: Option<i64>,
    /// The CPU that its containers ask for, in cores.
    pub(super) cpu: Option<String>,
    /// The memory that its containers ask for.
    pub(super) memory: Option<String>,
    /// What the memory follows from, or why it cannot be known.
    pub(super) reason: String,
}

/// A container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    /// Its name.
    pub(super) name: String,
    /// Its path in the object.
    pub(super) path: String,
    /// The list that holds it.
    #[serde(serialize_with = "list_name")]
    pub(super) list: List,
    /// Whether it is an init container that goes on running.
    pub(super) sidecar: bool,
    /// What its processes run as and under, by the field of the security context.
    #[serde(serialize_with = "as_map")]
    pub(super) settings: Vec<(&'static str, Setting)>,
    /// Its capabilities.
    pub(super) capabilities: Capabilities,
}

fn list_name<S: Serializer>(list: &List, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(list.name())
}

fn as_map<S: Serializer>(
    settings: &[(&'static str, Setting)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(settings.iter().map(|(name, setting)| (name, setting)))
}

/// A setting of a container, as it ends.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setting {
    /// The value; `None` where the image decides.
    pub(super) value: Option<Value>,
    /// What decides it.
    pub(super) from: Source,
    /// What the object asks for, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<Asked>,
}

/// A value that an object asks for.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Asked {
    /// The value.
    pub(super) value: Value,
    /// Where it stands: [`Source::Container`] or [`Source::Pod`].
    pub(super) from: Source,
}

/// What decides a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Source {
    /// The container's own security context.
    Container,
    /// The pod's security context.
    Pod,
    /// The image.
    Image,
    /// Kubernetes' default.
    Default,
    /// ECI, which fixes it.
    Fixed,
    /// ECI, which has no such setting.
    NotOffered,
    /// ECI, which refuses the pod that asks for something else.
    NotGranted,
}

impl Setting {
    fn of(value: Option<Value>, from: Source, asked: Option<Asked>) -> Self {
        let asked = asked.filter(|asked| value.as_ref() != Some(&asked.value));
        Self { value, from, asked }
    }

    /// One that ECI decides, whatever the container asks for.
    fn decided(value: impl Into<Value>, from: Source, asked: Option<impl Into<Value>>) -> Self {
        let asked = asked.map(|value| Asked {
            value: value.into(),
            from: Source::Container,
        });
        Self::of(Some(value.into()), from, asked)
    }
}

/// The capabilities of a container.
#[derive(Debug, Serialize)]
pub(super) struct Capabilities {
    /// What it gets.
    #[serde(serialize_with = "mask_and_names")]
    pub(super) granted: Set,
    /// What a runtime would give it that grants everything.
    #[serde(serialize_with = "mask_and_names")]
    pub(super) asked: Set,
    /// What it adds and does not get, as written.
    pub(super) refused: Vec<String>,
}

fn mask_and_names<S: Serializer>(set: &Set, serializer: S) -> Result<S::Ok, S::Error> {
    let names: Vec<_> = set.names().collect();
    serializer.collect_map([
        ("mask", Value::from(set.to_string())),
        ("names", Value::from(names)),
    ])
}

/// A sysctl that a pod asks for.
#[derive(Debug, Serialize)]
pub(super) struct Sysctl {
    /// Its name, normalised.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
    /// Where it stands: `field`, or `hostAnnotation`.
    pub(super) channel: &'static str,
    /// What becomes of it: `taken`, or an effect of a rule.
    pub(super) outcome: &'static str,
}

/// What a rule finds.
#[derive(Debug, Serialize)]
pub(super) struct Remark {
    /// The rule.
    pub(super) rule: &'static str,
    /// The field.
    pub(super) path: String,
    /// What becomes of it.
    pub(super) message: String,
    /// The way out.
    pub(super) help: String,
    /// What the policy's repair does about it, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repair: Option<&'static str>,
}

/// What ECI makes of `object`; `None` where it holds no pod.
///
/// # Errors
/// Where the core cannot read what it must.
pub(super) fn show(object: &Value, settings: &Settings) -> Result<Option<Shown>, Unreadable> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (group, _) = text("/apiVersion").split_once('/').unwrap_or_default();
    let json = object.to_string();
    let raw = json::raw(&json)?;
    let Some(place) = workload::place(group, text("/kind"), raw) else {
        return Ok(None);
    };
    let name = [text("/metadata/name"), text("/metadata/generateName")];
    let mut shown = Shown {
        kind: text("/kind").to_owned(),
        namespace: Some(text("/metadata/namespace"))
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        name: name
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
            .to_owned(),
        template: !place.is_empty(),
        scope: Scope {
            certainty: "no",
            reason: "",
        },
        windows: false,
        effective: None,
    };
    let workload = match Workload::read(raw, place) {
        Ok(Some(workload)) => workload,
        Ok(None) => return Ok(None),
        // As at admission: of a pod that does not run on ECI, only what says so need be readable.
        Err(unreadable) => {
            let Some(placing) = Workload::read_placing(raw, place)? else {
                return Ok(None);
            };
            let placed = scope::of(&placing.template, settings);
            shown.scope = Scope::of(placed, settings);
            return if placed.certainty == Certainty::No {
                Ok(Some(shown))
            } else {
                Err(unreadable)
            };
        }
    };
    let placed = scope::of(&workload.template, settings);
    shown.scope = Scope::of(placed, settings);
    shown.windows = workload.is_windows();
    if placed.certainty != Certainty::No && !shown.windows {
        let is_repaired =
            placed.certainty == Certainty::Certain || settings.scope.possible == Possible::Enforce;
        let pod = Pod::of(&workload, settings)?;
        shown.effective = pod.map(|pod| Effective::of(pod, object, settings, is_repaired));
    }
    Ok(Some(shown))
}

impl Scope {
    const fn of(placed: scope::Scope, settings: &Settings) -> Self {
        let (certainty, reason) = match (placed.certainty, placed.raisable) {
            _ if settings.scope.assume_eci => ("certain", "every pod is taken for one of ECI"),
            (Certainty::Certain, _) => (
                "certain",
                "its labels, or the nodes that it asks for, say so",
            ),
            (Certainty::Possible, _) => ("possible", "it may run on virtual nodes, and need not"),
            (Certainty::No, true) => (
                "no",
                "nothing on the pod sends it there; the labels of its Namespace are not looked at",
            ),
            (Certainty::No, false) => ("no", "it keeps off virtual nodes, or is for ACS"),
        };
        Self { certainty, reason }
    }
}

impl Effective {
    /// `is_repaired` says whether the policy would repair the pod.
    fn of(mut pod: Pod<'_>, object: &Value, settings: &Settings, is_repaired: bool) -> Self {
        // The repair passes by exempt containers: too much to say in a remark.
        let has_exempt = pod.containers.iter().any(|container| container.exempt);
        let is_repaired = is_repaired && settings.mutate != Mutate::None && !has_exempt;
        for container in &mut pod.containers {
            container.exempt = false;
        }
        let findings = Report::findings(&pod, settings);
        let remarks = |effect| {
            let mut remarks = Vec::new();
            for finding in findings
                .iter()
                .filter(|finding| effect_of(finding) == effect)
            {
                let is_repaired = is_repaired && settings.action(finding) == Action::Fix;
                remarks.push(Remark {
                    rule: finding.rule.id,
                    path: finding.path.to_string(),
                    message: finding.message.to_string(),
                    help: finding.help.to_string(),
                    repair: finding
                        .rule
                        .fix
                        .filter(|_| is_repaired && !finding.edits.is_empty()),
                });
            }
            remarks
        };
        Self {
            containers: pod
                .containers
                .iter()
                .map(|own| Container::of(own, &pod, object, settings))
                .collect(),
            sysctls: sysctls(&pod, settings, &findings),
            refused: remarks(Effect::Refused),
            lost: remarks(Effect::Lost),
            overridden: remarks(Effect::Overridden),
            ignored: remarks(Effect::Ignored),
            instance: Instance::of(&mut pod),
        }
    }
}

/// The effect on this pod. A refusal that is by default no more than a warning does not stop it: what a privileged
/// container adds to its capabilities, which are all there are.
fn effect_of(finding: &Finding) -> Effect {
    match (finding.rule.effect, finding.action) {
        (Effect::Refused, Action::Warn) => Effect::Ignored,
        (effect, _) => effect,
    }
}

impl Instance {
    fn of(pod: &mut Pod<'_>) -> Self {
        if let Err(unreadable) = pod.read_environments() {
            return Self {
                reason: unreadable.to_string(),
                ..Self::default()
            };
        }
        let size = size::of(pod);
        let memory_kib = size.memory_kib();
        let known = memory_kib.is_some();
        let (cpu, memory) = match size {
            Size::Asked { cpu, memory } => (cpu.map(cores), memory.map(bytes)),
            Size::Specs(_) | Size::Unknown => (None, None),
        };
        let asked = match (&cpu, &memory) {
            (None, None) => "nothing is asked for".to_owned(),
            (Some(cpu), None) => format!("{cpu} vCPU asked for"),
            (None, Some(memory)) => format!("{memory} asked for"),
            (Some(cpu), Some(memory)) => format!("{cpu} vCPU and {memory} asked for"),
        };
        let reason = match size {
            Size::Specs(specs) if known => format!("{}: {specs}", instance::USE_SPECS),
            Size::Specs(specs) => {
                format!(
                    "{}: {specs}: an entry does not tell its memory",
                    instance::USE_SPECS
                )
            }
            Size::Asked { .. } if known => asked,
            Size::Asked { .. } => format!("{asked}: more than any instance has"),
            Size::Unknown => "an amount that is asked for is no quantity, or too large".to_owned(),
        };
        Self {
            memory_kib,
            cpu,
            memory,
            reason,
        }
    }
}

fn cores(amount: Quantity) -> String {
    (amount.thousandths() as f64 / 1000.0).to_string()
}

/// In the largest binary unit that gives a whole number, as Kubernetes writes it.
fn bytes(amount: Quantity) -> String {
    let milli = amount.thousandths();
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    let bytes = milli / 1000;
    let fits = |(shift, _): &(u32, &str)| bytes != 0 && bytes % (1 << shift) == 0;
    match [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")]
        .into_iter()
        .find(fits)
    {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

impl Container {
    fn of(own: &pod::Container<'_>, pod: &Pod<'_>, object: &Value, settings: &Settings) -> Self {
        let context = own.security_context();
        let mut fields = Vec::new();
        for field in IDENTITY_FIELDS {
            fields.push((field.name, identity(field, own, pod, settings)));
        }
        let privileged = context.and_then(|context| context.privileged);
        let granted = privileged == Some(true) && settings.grants_privileged();
        let source = match privileged {
            Some(true) if !granted => Source::NotGranted,
            Some(_) => Source::Container,
            None => Source::Default,
        };
        fields.push(("privileged", Setting::decided(granted, source, privileged)));
        let escalation = context.and_then(|context| context.allow_privilege_escalation);
        fields.push((
            "allowPrivilegeEscalation",
            Setting::decided(true, Source::NotOffered, escalation),
        ));
        let read_only = context.and_then(|context| context.read_only_root_filesystem);
        fields.push((
            "readOnlyRootFilesystem",
            Setting::decided(true, Source::Fixed, read_only),
        ));
        let proc_mount = context.and_then(|context| context.proc_mount.as_deref());
        fields.push((
            "procMount",
            Setting::decided("Default", Source::Fixed, proc_mount),
        ));
        // The core has no use for it.
        let restart_policy = object
            .pointer(&place(&own.path))
            .and_then(|container| container.get("restartPolicy"))
            .and_then(Value::as_str);
        Self {
            name: own.name().to_owned(),
            path: own.path.to_string(),
            list: own.list,
            sidecar: own.list == List::Init && restart_policy == Some("Always"),
            settings: fields,
            capabilities: Capabilities::of(own, settings, privileged == Some(true)),
        }
    }
}

/// The JSON Pointer of a path, none of whose keys is the user's.
fn place(path: &Path) -> String {
    path.steps()
        .iter()
        .fold(String::new(), |pointer, step| match step {
            Step::Index(index) => format!("{pointer}/{index}"),
            step => format!("{pointer}/{}", step.key().unwrap_or_default()),
        })
}

/// Who the processes of a container run as. A level that ECI does not read is passed by.
fn identity(
    field: &IdentityField,
    container: &pod::Container<'_>,
    pod: &Pod<'_>,
    settings: &Settings,
) -> Setting {
    let level = match container.list {
        List::Init => &settings.profile.init_container_identity,
        List::Main | List::Ephemeral => &settings.profile.container_identity,
    };
    let reads = |level: &Identity| (field.is_read)(level);
    let own = container
        .security_context()
        .and_then(field.of_container)
        .map(|own| (own, Source::Container));
    let pods = pod
        .security_context()
        .and_then(field.of_pod)
        .map(|pods| (pods, Source::Pod));
    let read = own.clone().filter(|_| reads(level));
    let read = read.or_else(|| {
        pods.clone()
            .filter(|_| reads(&settings.profile.pod_identity))
    });
    let asked = own.or(pods).map(|(value, from)| Asked { value, from });
    match read {
        Some((value, from)) => Setting::of(Some(value), from, asked),
        // ECI documents a default for this one only.
        None if field.name == "runAsNonRoot" => {
            Setting::of(Some(false.into()), Source::Default, asked)
        }
        None => Setting::of(None, Source::Image, asked),
    }
}

impl Capabilities {
    fn of(container: &pod::Container<'_>, settings: &Settings, asks_privileged: bool) -> Self {
        let lists = container
            .security_context()
            .and_then(|context| context.capabilities.as_ref());
        let added = lists
            .and_then(|lists| lists.add.as_deref())
            .unwrap_or_default();
        let dropped = lists
            .and_then(|lists| lists.drop.as_deref())
            .unwrap_or_default();
        let dropped = || dropped.iter().map(String::as_str);
        let grants = |name: &&String| {
            capabilities::bit(name).is_some()
                && settings.grants_capability(&name.to_ascii_uppercase())
        };
        let asked = Set::of_container(added.iter().map(String::as_str), dropped());
        let granted = Set::of_container(added.iter().filter(grants).map(String::as_str), dropped());
        if asks_privileged && settings.grants_privileged() {
            return Self {
                granted: Set::all(),
                asked: Set::all(),
                refused: Vec::new(),
            };
        }
        Self {
            granted,
            asked: if asks_privileged { Set::all() } else { asked },
            refused: added.iter().filter(|name| !grants(name)).cloned().collect(),
        }
    }
}

/// The sysctls that a pod asks for. Of an annotation that is malformed there is none to name.
fn sysctls(pod: &Pod<'_>, settings: &Settings, findings: &[Finding]) -> Vec<Sysctl> {
    const TAKEN: &str = "taken";
    let mut shown = Vec::new();
    for entry in &pod.sysctls {
        let found = findings.iter().find(|finding| finding.path == entry.path);
        shown.push(Sysctl {
            name: entry.name.to_string(),
            value: entry.value.to_owned(),
            channel: "field",
            outcome: found.map_or(TAKEN, |finding| effect_of(finding).as_str()),
        });
    }
    if let HostSysctls::Entries(entries) = &pod.host_sysctls {
        for (name, value) in entries {
            let (name, value) = (sysctl::normalise(name).into_owned(), value.clone());
            let taken = settings.profile.host_sysctls && settings.approved.host_sysctl(&name);
            let outcome = if taken {
                TAKEN
            } else {
                Effect::Refused.as_str()
            };
            shown.push(Sysctl {
                name,
                value,
                channel: "hostAnnotation",
                outcome,
            });
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use eci_security_context::judge;
    use serde_json::json;

    use super::*;

    /// The JSON of a pod of ECI with this specification, by these settings.
    fn pod(spec: Value, settings: Value) -> Value {
        let labels = json!({ "alibabacloud.com/eci": "true" });
        let object = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "labels": labels }, "spec": spec });
        shown(&object, settings)
    }

    fn shown(object: &Value, settings: Value) -> Value {
        let settings = judge::settings(&settings.to_string(), true).unwrap();
        serde_json::to_value(show(object, &settings).unwrap()).unwrap()
    }

    fn one(context: Value, settings: Value) -> Value {
        pod(
            json!({ "containers": [{ "name": "c", "securityContext": context }] }),
            settings,
        )["containers"][0]
            .clone()
    }

    #[test]
    fn identity_is_what_the_profile_reads() {
        let spec = json!({
            "securityContext": { "runAsUser": 1000, "runAsGroup": 3000, "runAsNonRoot": true },
            "initContainers": [{ "name": "i", "securityContext": { "runAsUser": 5, "runAsGroup": 6, "runAsNonRoot": true } }],
            "containers": [{ "name": "a" }, { "name": "b", "securityContext": { "runAsGroup": 7, "runAsNonRoot": true } }],
        });
        let own = |value: Value| json!({ "value": value, "from": "container" });
        let user_of_pod = json!({ "value": 1000, "from": "pod" });
        let asks = |value: Value, from: &str| json!({ "value": value, "from": from });
        for (profile, init_group, init_non_root) in [
            ("2024-02-26", own(json!(6)), own(json!(true))),
            (
                "2026-04-01",
                json!({ "value": null, "from": "image", "asked": asks(json!(6), "container") }),
                json!({ "value": false, "from": "default", "asked": asks(json!(true), "container") }),
            ),
        ] {
            let shown = pod(spec.clone(), json!({ "profile": profile }));
            let settings = |index: usize| shown["containers"][index]["settings"].clone();
            assert_eq!(settings(0)["runAsUser"], own(json!(5)), "{profile}");
            assert_eq!(settings(0)["runAsGroup"], init_group, "{profile}");
            assert_eq!(settings(0)["runAsNonRoot"], init_non_root, "{profile}");
            assert_eq!(settings(1)["runAsUser"], user_of_pod);
            assert_eq!(
                settings(1)["runAsGroup"],
                json!({ "value": null, "from": "image", "asked": asks(json!(3000), "pod") }),
                "no profile reads it at pod level"
            );
            assert_eq!(
                settings(1)["runAsNonRoot"],
                json!({ "value": false, "from": "default", "asked": asks(json!(true), "pod") })
            );
            assert_eq!(settings(2)["runAsGroup"], own(json!(7)));
            assert_eq!(settings(2)["runAsNonRoot"], own(json!(true)));
            let lost: Vec<_> = shown["lost"]
                .as_array()
                .unwrap()
                .iter()
                .map(|remark| &remark["path"])
                .collect();
            assert_eq!(
                lost,
                [
                    "spec.securityContext.runAsGroup",
                    "spec.securityContext.runAsNonRoot"
                ]
            );
        }
    }

    #[test]
    fn what_eci_fixes_is_fixed() {
        let plain = one(json!({}), json!({}));
        let asked = json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": false, "procMount": "Unmasked" });
        let contrary = one(asked, json!({}));
        for (field, value, from, asked) in [
            (
                "allowPrivilegeEscalation",
                json!(true),
                "notOffered",
                json!(false),
            ),
            ("readOnlyRootFilesystem", json!(true), "fixed", json!(false)),
            ("procMount", json!("Default"), "fixed", json!("Unmasked")),
        ] {
            assert_eq!(
                plain["settings"][field],
                json!({ "value": value, "from": from })
            );
            let asked = json!({ "value": asked, "from": "container" });
            assert_eq!(
                contrary["settings"][field],
                json!({ "value": value, "from": from, "asked": asked }),
                "{field}"
            );
        }
    }

    #[test]
    fn privileged_is_what_is_approved() {
        let context =
            json!({ "privileged": true, "capabilities": { "add": ["SYS_TIME"], "drop": ["ALL"] } });
        let approved = json!({ "approved": { "privileged": true } });
        let container = one(context.clone(), approved.clone());
        assert_eq!(
            container["settings"]["privileged"],
            json!({ "value": true, "from": "container" })
        );
        let all = "000001ffffffffff";
        assert_eq!(container["capabilities"]["granted"]["mask"], all);
        assert_eq!(container["capabilities"]["refused"], json!([]));
        let spec = json!({ "containers": [{ "name": "c", "securityContext": context }] });
        let shown = pod(spec.clone(), approved);
        assert_eq!(
            shown["refused"],
            json!([]),
            "SYS_TIME makes no difference to a privileged container"
        );
        assert_eq!(shown["ignored"][0]["rule"], "capability-unsupported");

        for settings in [
            json!({}),
            json!({ "profile": "2024-02-26", "approved": { "privileged": true } }),
        ] {
            let shown = pod(spec.clone(), settings);
            let container = &shown["containers"][0];
            assert_eq!(
                container["settings"]["privileged"],
                json!({ "value": false, "from": "notGranted", "asked": { "value": true, "from": "container" } })
            );
            assert_eq!(
                container["capabilities"]["granted"]["mask"],
                "0000000000000000"
            );
            assert_eq!(container["capabilities"]["asked"]["mask"], all);
            let refused = shown["refused"].as_array().unwrap();
            assert!(
                refused.iter().any(|remark| remark["rule"] == "privileged"),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn capabilities_are_those_that_eci_grants() {
        let add =
            json!({ "capabilities": { "add": ["NET_ADMIN", "SYS_TIME", "CAP_CHOWN", "ALL"] } });
        let capabilities = &one(add, json!({}))["capabilities"];
        assert_eq!(
            capabilities["granted"]["mask"], "00000000a80435fb",
            "the default and bit 12"
        );
        assert_eq!(
            capabilities["refused"],
            json!(["SYS_TIME", "CAP_CHOWN", "ALL"])
        );

        // The Kubernetes page's security-context-4.yaml, and SYS_TIME approved.
        let add = json!({ "capabilities": { "add": ["NET_ADMIN", "SYS_TIME"] } });
        let capabilities = &one(add.clone(), json!({}))["capabilities"];
        assert_eq!(capabilities["asked"]["mask"], "00000000aa0435fb");
        assert_eq!(capabilities["granted"]["mask"], "00000000a80435fb");
        let capabilities =
            &one(add, json!({ "approved": { "capabilities": ["SYS_TIME"] } }))["capabilities"];
        assert_eq!(capabilities["granted"]["mask"], "00000000aa0435fb");
        assert_eq!(capabilities["refused"], json!([]));
    }

    #[test]
    fn sysctls_are_told_by_channel() {
        let annotations = |list: &str| json!({ "k8s.aliyun.com/eci-host-sysctls": list });
        let sysctls = json!([
            { "name": "net/core/somaxconn", "value": "1024" },
            { "name": "net.ipv4.tcp_syncookies", "value": "1" },
            { "name": "kernel.msgmax", "value": "much" },
            { "name": "Kernel.sem", "value": "1" },
            { "name": "vm.min_free_kbytes", "value": "838861" },
        ]);
        let object = |annotation: &str| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": { "labels": { "eci": "true" }, "annotations": annotations(annotation) },
                "spec": { "securityContext": { "sysctls": sysctls }, "containers": [] },
            })
        };
        let settings = json!({ "approved": { "hostSysctls": ["vm.max_map_count"] } });
        let both =
            r#"[{"name":"vm/max_map_count","value":"1"},{"name":"kernel.pid_max","value":"2"}]"#;
        let told = |shown: &Value| -> Vec<[String; 3]> {
            let told = shown["sysctls"].as_array().unwrap().iter();
            told.map(|sysctl| {
                ["name", "channel", "outcome"].map(|key| sysctl[key].as_str().unwrap().to_owned())
            })
            .collect()
        };
        let field = [
            ["net.core.somaxconn", "field", "taken"],
            ["net.ipv4.tcp_syncookies", "field", "refused"],
            ["kernel.msgmax", "field", "refused"],
            ["Kernel.sem", "field", "refused"],
            ["vm.min_free_kbytes", "field", "overridden"],
        ];
        let annotation = [
            ["vm.max_map_count", "hostAnnotation", "taken"],
            ["kernel.pid_max", "hostAnnotation", "refused"],
        ];
        let shown_both = shown(&object(both), settings.clone());
        assert_eq!(told(&shown_both), [field.as_slice(), &annotation].concat());
        let malformed = shown(&object("[]"), settings.clone());
        assert_eq!(told(&malformed), field);
        let rules: Vec<_> = malformed["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|remark| &remark["rule"])
            .collect();
        assert!(
            rules.contains(&&json!("host-sysctls-malformed")),
            "{rules:?}"
        );

        let misplaced = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "annotations": annotations(both) },
            "spec": { "template": { "metadata": { "labels": { "eci": "true" } }, "spec": { "containers": [] } } },
        });
        let misplaced = shown(&misplaced, settings);
        assert_eq!(misplaced["sysctls"], json!([]));
        assert_eq!(misplaced["ignored"][0]["rule"], "host-sysctls-misplaced");
    }

    #[test]
    fn the_instance_is_that_of_the_memory_rule() {
        let asks = |cpu: &str, memory: &str| json!({ "limits": { "cpu": cpu, "memory": memory } });
        let ignored = json!([{ "name": "__ECI_RESOURCE_IGNORE__", "value": "TRUE" }]);
        let instance = |containers: Value| {
            let spec = json!({ "initContainers": [{ "resources": asks("64", "512Gi") }], "containers": containers });
            let instance = pod(spec, json!({}))["instance"].clone();
            ["memoryKib", "cpu", "memory"].map(|key| instance[key].clone())
        };
        let gib = 1 << 20;
        let none = Value::Null;
        // "Specify vCPU and memory": 4 GiB where nothing is given; 4.25 vCPU and 8.5 GiB run on 6 and 10.
        assert_eq!(
            instance(json!([{}])),
            [json!(4 * gib), none.clone(), none.clone()]
        );
        assert_eq!(
            instance(json!([
                { "resources": asks("4", "8Gi") },
                { "resources": asks("250m", "512Mi") },
                { "resources": asks("32", "64Gi"), "env": ignored },
            ])),
            [json!(10 * gib), json!("4.25"), json!("8704Mi")]
        );
        assert_eq!(
            instance(json!([{ "resources": asks("65", "1") }])),
            [none.clone(), json!("65"), json!("1")],
            "no instance is that large"
        );
        assert_eq!(
            instance(json!([{ "resources": asks("much", "1") }])),
            [none.clone(), none.clone(), none.clone()]
        );
        assert_eq!(
            instance(json!([{ "env": 1 }])),
            [none.clone(), none.clone(), none],
            "not a reason to give up"
        );
    }

    #[test]
    fn quantities_are_written_in_the_largest_unit_that_fits() {
        for (written, shown) in [
            ("1Gi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1024Gi", "1Ti"),
            ("1000", "1000"),
            ("0", "0"),
            ("1m", "1m"),
        ] {
            assert_eq!(bytes(Quantity::parse(written).unwrap()), shown);
        }
        assert_eq!(
            ["250m", "2", "1.5"].map(|cpu| cores(Quantity::parse(cpu).unwrap())),
            ["0.25", "2", "1.5"]
        );
    }

    #[test]
    fn a_repair_is_told_where_the_policy_repairs() {
        let spec = json!({
            "securityContext": { "runAsGroup": 3000 },
            "containers": [{ "name": "c", "image": "registry.example/c" }],
        });
        let repair = |settings| pod(spec.clone(), settings)["lost"][0].clone();
        assert!(
            repair(json!({}))["repair"]
                .as_str()
                .unwrap()
                .starts_with("copied into the containers")
        );
        let exempt = json!([{ "image": "registry.example/c" }]);
        for settings in [
            json!({ "mutate": "none" }),
            json!({ "actions": { "pod-identity": "warn" } }),
            json!({ "exempt": exempt }),
        ] {
            let lost = repair(settings);
            assert_eq!(
                lost["rule"], "pod-identity",
                "whatever the policy does, the field is lost"
            );
            assert_eq!(lost.get("repair"), None);
        }
    }

    #[test]
    fn a_pod_that_is_not_for_eci_need_not_be_readable() {
        let object = json!({ "apiVersion": "v1", "kind": "Pod", "spec": { "containers": 1 } });
        let shown = shown(&object, json!({}));
        assert_eq!(shown["scope"]["certainty"], "no");
        assert_eq!(shown.get("containers"), None);
        let settings = judge::settings(r#"{"scope":{"assumeEci":true}}"#, false).unwrap();
        let unreadable = show(&object, &settings).unwrap_err();
        assert_eq!(
            unreadable.to_string(),
            "spec.containers: is a number, and must be an array"
        );
    }
}
