//! The variables that the expressions of the rules have in common.

use super::scope::{certainties, namespace_is_eci};
use super::syntax::{capability, covering, escaped, list, string, sysctl};
use crate::eci::capability::LINUX;
use crate::eci::field::{
    CONTAINER_IGNORED, IDS, IdentityField, LEGACY_PROFILES, POD_IGNORED, PROC_MOUNT,
    READ_ONLY_ROOT_FILESYSTEM, RESTRICTED_SECCOMP,
};
use crate::eci::profile::Identity;
use crate::eci::sysctl::HOST_SYSCTLS;
use crate::pod::template::Location;
use crate::policy::settings::{Exemption, LONGEST_IMAGE, Settings};

/// The items of a list that are judged one by one. CEL has no index of an item before Kubernetes 1.32.
pub(super) const MOST_ITEMS: usize = 100;

/// A variable.
#[derive(Debug)]
pub struct Variable {
    /// The name, after `variables.`
    pub name: &'static str,
    /// The expression, which may use the variables before it.
    pub expression: String,
}

/// Returns the variables of the pod and its containers, and the facts of the profile and the settings.
pub fn variables(settings: &Settings) -> Vec<Variable> {
    let account = &settings.account;
    let profile = account.profile;
    let granted = profile.capabilities.iter().copied();
    let approved = account.approved.capabilities.iter().map(String::as_str);
    let approved = approved.filter(|_| profile.capability_approvals);
    let hosts = account.approved.host_sysctls.iter().map(String::as_str);
    let hosts: Vec<_> = hosts.filter(|_| profile.host_sysctls).collect();
    let mut all = vec![
        ("granted", list(granted.chain(approved))),
        ("linux", list(LINUX.iter().copied())),
        ("privileged", account.grants_privileged(false).to_string()),
        (
            "privilegedInit",
            account.grants_privileged(true).to_string(),
        ),
        (
            "identityFields",
            list(IdentityField::ALL.map(IdentityField::name)),
        ),
        ("podReads", reads(&profile.pod_identity)),
        ("containerReads", reads(&profile.container_identity)),
        ("initReads", reads(&profile.init_container_identity)),
        ("podIgnored", list(POD_IGNORED.iter().copied())),
        ("containerIgnored", list(CONTAINER_IGNORED.iter().copied())),
        ("legacyProfiles", list(LEGACY_PROFILES.iter().copied())),
        (
            "restrictedSeccomp",
            list(RESTRICTED_SECCOMP.iter().copied()),
        ),
        ("procMount", string(PROC_MOUNT)),
        ("rootFilesystem", READ_ONLY_ROOT_FILESYSTEM.to_string()),
        ("ids", format!("[{}, {}]", IDS.start(), IDS.end())),
        ("hostSysctlsKey", string(HOST_SYSCTLS)),
        (
            "sysctlPattern",
            string(&format!(
                "^{}$",
                covering(profile.sysctls.patterns.iter().copied())
            )),
        ),
        (
            "sysctlExceptions",
            list(profile.sysctls.except.iter().copied()),
        ),
        ("sysctlName", string(SYSCTL_NAME)),
        ("at", at()),
        ("templates", templates()),
    ];
    if settings.scope.namespace_labels {
        all.push(("namespaceIsEci", namespace_is_eci()));
    }
    all.extend([
        ("certainties", certainties(settings.scope, true)),
        (
            "ownCertainties",
            match settings.scope.namespace_labels {
                true => certainties(settings.scope, false),
                false => "variables.certainties".to_owned(),
            },
        ),
        ("certainty", CERTAINTY.to_owned()),
        ("isUnchanged", IS_UNCHANGED.to_owned()),
        ("isOwned", IS_OWNED.to_owned()),
        ("isWindows", IS_WINDOWS.to_owned()),
        ("isDebugged", IS_DEBUGGED.to_owned()),
        (
            "spec",
            "variables.templates[0].?spec.orValue({})".to_owned(),
        ),
        (
            "context",
            "variables.spec.?securityContext.orValue({})".to_owned(),
        ),
        (
            "annotations",
            "variables.templates[0].?metadata.?annotations.orValue({})".to_owned(),
        ),
        ("volumes", "variables.spec.?volumes.orValue([])".to_owned()),
        (
            "groups",
            "variables.context.?supplementalGroups.orValue([])".to_owned(),
        ),
        ("sizes", SIZES.to_owned()),
        ("indices", indices()),
        ("sysctls", sysctls()),
        (
            "hostSysctls",
            "variables.annotations[?variables.hostSysctlsKey].orValue(\"\")".to_owned(),
        ),
        (
            "hostSysctlsForm",
            // Without an approval no text has the form.
            string(&match hosts.is_empty() {
                true => "^$x".to_owned(),
                false => {
                    let entry = format!(
                        r#"\{{"name":"{}","value":"[^"\\]*"\}}"#,
                        covering(hosts).replace(".*", "[^\"]*")
                    );
                    format!("^\\[{entry}(,{entry})*\\]$")
                }
            }),
        ),
        ("hostSysctlNames", host_sysctl_names()),
        ("exempt", exempt(&settings.exempt)),
        ("containers", containers()),
    ]);
    let named = all.into_iter();
    named
        .map(|(name, expression)| Variable { name, expression })
        .collect()
}

fn reads(identity: &Identity) -> String {
    let fields = IdentityField::ALL.into_iter();
    list(
        fields
            .filter(|field| identity.reads(*field))
            .map(IdentityField::name),
    )
}

/// Returns the path of the pod template, with a dot at its end; `-` where there is none. A kind that Kubernetes does not
/// define has a template where it has containers.
fn at() -> String {
    let kinds = Location::kinds().map(|(kind, location)| format!("{kind:?}: {:?}", path(location)));
    let custom = Location::custom().map(|location| {
        let path = path(location);
        format!(
            "[{}.?spec.?containers.orValue([])].exists(l, type(l) == list && l != [] && l.all(c, type(c) == map)) ? {path:?} :",
            template("object", location)
        )
    });
    format!(
        "{{{}}}[?request.kind.group + \"/\" + request.kind.kind].orValue(\n  {}\n  \"-\")",
        kinds.collect::<Vec<_>>().join(", "),
        custom.join("\n  ")
    )
}

/// Returns the pod template, and that of the old object.
fn templates() -> String {
    let cases = Location::ALL.map(|location| {
        let template = template("o", location);
        let value = if location.path().is_empty() {
            template
        } else {
            format!("{template}.orValue({{}})")
        };
        format!("variables.at == {:?} ? {value} :", path(location))
    });
    format!(
        "([object] + (request.operation == \"UPDATE\" ? [oldObject] : [])).map(o,\n  {}\n  {{}})",
        cases.join("\n  ")
    )
}

fn path(location: Location) -> String {
    let keys = location.path().iter();
    keys.map(|key| format!("{key}.")).collect()
}

fn template(object: &str, location: Location) -> String {
    let keys = location.path().iter();
    object.to_owned() + &keys.map(|key| format!(".?{key}")).collect::<String>()
}

/// An update of a pod behind scheduling gates counts only if it sends the pod closer to ECI.
const CERTAINTY: &str = r#"variables.at == "-" || variables.at == "" && request.operation == "UPDATE" && request.?subResource.orValue("") == "" &&
variables.ownCertainties[0] <= variables.ownCertainties[1] ? 0 : variables.certainties[0]"#;

const IS_UNCHANGED: &str = r#"variables.at != "" && request.operation == "UPDATE" && variables.templates[0] == variables.templates[1]"#;

const IS_OWNED: &str = r#"object.?metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false) == true)"#;

/// New ephemeral containers of a running pod, of which nothing else is judged.
const IS_DEBUGGED: &str = r#"request.?subResource.orValue("") == "ephemeralcontainers""#;

const IS_WINDOWS: &str = r#"variables.templates[0].?spec.?os.?name.orValue("") == "windows""#;

/// The lengths of the lists whose items are judged one by one, so that no loop is longer than the longest.
const SIZES: &str = r#"[size(variables.volumes), size(variables.groups), size(variables.context.?sysctls.orValue([])),
  size(variables.spec.?initContainers.orValue([])), size(variables.spec.?containers.orValue([])), size(variables.spec.?ephemeralContainers.orValue([]))] +
[variables.spec.?initContainers.orValue([]) + variables.spec.?containers.orValue([]) + variables.spec.?ephemeralContainers.orValue([])].map(all,
  all.map(c, size(c.?ports.orValue([]))) + all.map(c, size(c.?securityContext.?capabilities.?add.orValue([]))) +
  all.map(c, size(c.?securityContext.?capabilities.?drop.orValue([]))))[0]"#;

/// A name of a sysctl (`SysctlContainSlashFmt` of Kubernetes).
const SYSCTL_NAME: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// Returns the indices of the items that are judged one by one. Most pods have short lists, and need only a short loop.
fn indices() -> String {
    let up_to = |count: usize| {
        let indices: Vec<_> = (0..count).map(|index| index.to_string()).collect();
        format!("[{}]", indices.join(", "))
    };
    let or_fewer = |count: usize| {
        format!(
            "variables.sizes.all(n, n <= {count}) ? {} :\n",
            up_to(count)
        )
    };
    [or_fewer(4), or_fewer(20), up_to(MOST_ITEMS)].concat()
}

/// Returns the entries of the pod field, with their names as the kubelet compares them.
fn sysctls() -> String {
    format!(
        r#"variables.context.?sysctls.orValue([]).map(s, {{
  "name": dyn({name}),
  "isName": dyn(size(s.?name.orValue("")) <= 253 && s.?name.orValue("").matches(variables.sysctlName)),
  "value": dyn(s.?value.orValue(""))
}})"#,
        name = sysctl(r#"s.?name.orValue("")"#)
    )
}

/// Returns the names in an annotation of the accepted form, as the kubelet compares them.
fn host_sysctl_names() -> String {
    format!(
        r#"variables.hostSysctls.split("{{\"name\":\"").filter(part, part != "[").map(part, part.split("\"")[0])
  .map(n, {})"#,
        sysctl("n")
    )
}

/// Returns the exempt containers, as patterns of the image and the name.
fn exempt(exempt: &[Exemption]) -> String {
    let exempt = exempt.iter().map(|Exemption { image, container }| {
        let container = container
            .as_ref()
            .map_or(String::new(), |glob| glob_pattern(glob.as_str()));
        format!(
            "{{\"image\": {}, \"container\": {}}}",
            string(&glob_pattern(image.as_str())),
            string(&container)
        )
    });
    format!("[{}]", exempt.collect::<Vec<_>>().join(", "))
}

/// Returns the containers that are judged: those that the settings do not exempt. Of the subresource these are the
/// ephemeral containers that the old object does not have.
fn containers() -> String {
    let lists = [
        ("initContainers", true),
        ("containers", false),
        ("ephemeralContainers", false),
    ];
    let lists = lists.map(|(field, is_init)| {
        format!(
            r#"variables.indices.filter(i, i < size(variables.spec.?{field}.orValue([]))).map(i, {{
  "at": dyn(variables.at + "spec.{field}[" + string(i) + "]"), "isInit": dyn({is_init}), "list": dyn({field:?}), "own": dyn(variables.spec.{field}[i])}})"#
        )
    });
    format!(
        r#"({lists})
.filter(c, (!variables.isDebugged || c.list == "ephemeralContainers" &&
  !oldObject.?spec.?ephemeralContainers.orValue([]).exists(old, old.?name.orValue("") == c.own.?name.orValue(""))) &&
  !(size(c.own.?image.orValue("")) <= {LONGEST_IMAGE} &&
    variables.exempt.exists(e, c.own.?image.orValue("").matches(e.image) && c.own.?name.orValue("").matches(e.container))))
.map(c, {{
  "at": c.at, "isInit": c.isInit, "ports": dyn(c.own.?ports.orValue([])),
  "context": dyn(c.own.?securityContext.orValue({{}})),
  "user": dyn(([c.own.?securityContext.?runAsUser.orValue(null), variables.context.?runAsUser.orValue(null)].filter(v, v != null) + [dyn(null)])[0]),
  "nonRoot": dyn(([c.own.?securityContext.?runAsNonRoot.orValue(null), variables.context.?runAsNonRoot.orValue(null)].filter(v, v != null) + [dyn(null)])[0]),
  "add": dyn(c.own.?securityContext.?capabilities.?add.orValue([])),
  "addNames": dyn(c.own.?securityContext.?capabilities.?add.orValue([]).map(n, {capability})),
  "drop": dyn(c.own.?securityContext.?capabilities.?drop.orValue([])),
  "dropNames": dyn(c.own.?securityContext.?capabilities.?drop.orValue([]).map(n, {capability}))
}})"#,
        capability = capability("n"),
        lists = lists.join(" +\n"),
    )
}

/// Returns a regular expression for a glob: `*` stays within a path segment, `**` does not.
fn glob_pattern(glob: &str) -> String {
    let segments = glob.split("**").map(|part| {
        part.split('*')
            .map(escaped)
            .collect::<Vec<_>>()
            .join("[^/]*")
    });
    format!("^{}$", segments.collect::<Vec<_>>().join("(?s:.*)"))
}

/// Returns an expression for [`glob_pattern`] of a glob whose only special characters are dots and stars.
pub fn pattern_of_glob(glob: &str) -> String {
    format!(
        r#""^" + {glob}.replace(".", "[.]").replace("**", "!").replace("*", "[^/]*").replace("!", "(?s:.*)") + "$""#
    )
}
