//! The options of Docker that a security context says, and those of the host's namespaces.

use eci_security_context::eci::capability::{ALL, normalise};
use eci_security_context::text::{nearest, quote};
use serde_json::json;

use super::pod::{Applied, Pod, object, push, set};

/// `uid`, `uid:gid`, `name:gid`, `:gid`.
pub(super) fn user(pod: &mut Pod, value: &str) -> Applied {
    let (user, group) = value.split_once(':').unwrap_or((value, ""));
    for (field, what, name) in [("runAsUser", "user", user), ("runAsGroup", "group", group)] {
        match id(name)? {
            _ if name.is_empty() => {}
            Some(id) => set(&mut pod.security, field, id),
            None => pod.remark(format!(
                "Kubernetes takes the number of a {what}, and {} is a name; set {field} to what `id` \
                 says in the image",
                quote(name)
            )),
        }
    }
    Ok(())
}

pub(super) fn group_add(pod: &mut Pod, value: &str) -> Applied {
    for name in value.split(',') {
        match id(name)? {
            Some(id) => push(&mut pod.pod_security, "supplementalGroups", id),
            None => pod.remark(format!(
                "Kubernetes takes the number of a group, and {} is a name; add to supplementalGroups what `id` \
                 says in the image",
                quote(name)
            )),
        }
    }
    Ok(())
}

/// The number of a user or a group; `None` for a name but root's, which is 0 in every image.
fn id(name: &str) -> Result<Option<i64>, String> {
    match name {
        "root" => Ok(Some(0)),
        _ if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) => Ok(None),
        _ => name
            .parse()
            .map(Some)
            .map_err(|_| "an id is at most 2147483647".to_owned()),
    }
}

pub(super) fn cap_add(pod: &mut Pod, value: &str) -> Applied {
    capabilities(&mut pod.capabilities.0, value)
}

pub(super) fn cap_drop(pod: &mut Pod, value: &str) -> Applied {
    capabilities(&mut pod.capabilities.1, value)
}

/// Docker takes them one by one, and podman several with commas between them.
fn capabilities(list: &mut Vec<String>, value: &str) -> Applied {
    for name in value
        .split(',')
        .map(|name| normalise(name.trim()).into_owned())
    {
        if name.is_empty() {
            return Err("a capability has a name".to_owned());
        }
        if !list.contains(&name) {
            list.push(name);
        }
    }
    Ok(())
}

/// What is added and dropped in effect. Of a capability in both lists Docker adds, and Kubernetes' runtimes
/// drop; only beside an added `ALL` does Docker drop, too.
pub(super) fn effective((add, mut drop): (Vec<String>, Vec<String>)) -> (Vec<String>, Vec<String>) {
    let all = add.iter().any(|name| name == ALL);
    drop.retain(|name| !add.contains(name) || all && name != ALL);
    (add, drop)
}

pub(super) fn privileged(pod: &mut Pod, _: &str) -> Applied {
    set(&mut pod.security, "privileged", true);
    Ok(())
}

pub(super) fn read_only(pod: &mut Pod, _: &str) -> Applied {
    set(&mut pod.security, "readOnlyRootFilesystem", true);
    Ok(())
}

/// A later value takes the place of an earlier one.
pub(super) fn sysctl(pod: &mut Pod, value: &str) -> Applied {
    let (name, value) = value
        .split_once('=')
        .ok_or("a sysctl is a name, an equals sign and a value")?;
    if let Some(set) = pod
        .pod_security
        .get_mut("sysctls")
        .and_then(|sysctls| sysctls.as_array_mut())
    {
        set.retain(|sysctl| sysctl.get("name").is_none_or(|other| other != name));
    }
    push(
        &mut pod.pod_security,
        "sysctls",
        json!({"name": name, "value": value}),
    );
    Ok(())
}

/// What `--security-opt` takes.
const SECURITY_OPTIONS: &[&str] = &[
    "no-new-privileges",
    "seccomp",
    "apparmor",
    "label",
    "systempaths",
    "writable-cgroups",
    "credentialspec",
    "mask",
    "unmask",
    "proc-opts",
];

/// `key=value`, or `key:value` as it was spelled before.
pub(super) fn security_opt(pod: &mut Pod, value: &str) -> Applied {
    let (key, value) = value
        .split_once(['=', ':'])
        .map_or((value, ""), |(key, value)| (key, value));
    match (key, value) {
        ("no-new-privileges", "" | "true") => set(&mut pod.security, "allowPrivilegeEscalation", false),
        // Of several the last counts.
        ("no-new-privileges", "false") => {
            pod.security.remove("allowPrivilegeEscalation");
        }
        ("no-new-privileges", _) => return Err("no-new-privileges is true or false".to_owned()),
        ("seccomp" | "apparmor" | "label" | "systempaths", "") => {
            return Err(format!("{key} has a value, after an equals sign"));
        }
        ("seccomp", _) => seccomp(pod, value),
        ("apparmor", _) => apparmor(pod, value),
        ("label", _) => label(pod, value)?,
        ("systempaths", "unconfined") => {
            set(&mut pod.security, "procMount", "Unmasked");
            pod.remark("the API server takes procMount: Unmasked only beside hostUsers: false");
        }
        ("unmask", _) => pod
            .remark("Kubernetes unmasks all of /proc or nothing; --security-opt systempaths=unconfined does"),
        _ if SECURITY_OPTIONS.contains(&key) => pod.remark("a pod has no field for it"),
        _ => {
            return Err(match nearest(key, SECURITY_OPTIONS) {
                Some(meant) => format!("Docker has no such security option; did you mean {meant}?"),
                None => {
                    format!("Docker has no such security option; there are {}", SECURITY_OPTIONS.join(", "))
                }
            });
        }
    }
    Ok(())
}

fn seccomp(pod: &mut Pod, value: &str) {
    let profile = match value {
        "unconfined" => json!({"type": "Unconfined"}),
        "builtin" | "default" => json!({"type": "RuntimeDefault"}),
        file => {
            let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
            pod.remark(format!(
                "put the file where the kubelet looks for seccomp profiles, as {}",
                quote(name)
            ));
            json!({"type": "Localhost", "localhostProfile": name})
        }
    };
    set(&mut pod.security, "seccompProfile", profile);
}

fn apparmor(pod: &mut Pod, value: &str) {
    let profile = match value {
        "unconfined" => json!({"type": "Unconfined"}),
        "docker-default" | "runtime/default" => json!({"type": "RuntimeDefault"}),
        name => json!({"type": "Localhost", "localhostProfile": name}),
    };
    set(&mut pod.security, "appArmorProfile", profile);
}

/// `user:…`, `role:…`, `type:…`, `level:…` of SELinux.
fn label(pod: &mut Pod, value: &str) -> Applied {
    match value.split_once(':') {
        Some((part @ ("user" | "role" | "type" | "level"), name)) => {
            if let Some(options) = object(&mut pod.security, "seLinuxOptions") {
                set(options, part, name);
            }
        }
        Some(_) => pod.remark("seLinuxOptions has user, role, type and level"),
        None if matches!(value, "disable" | "nested") => {
            pod.remark(
                "a pod cannot switch SELinux off; seLinuxOptions with the type spc_t comes near it",
            );
        }
        None => {
            return Err(
                "a label is disable, or user:, role:, type: or level: and a name".to_owned(),
            );
        }
    }
    Ok(())
}

pub(super) fn pid(pod: &mut Pod, value: &str) -> Applied {
    match mode(value)? {
        Mode::Host => set(&mut pod.spec, "hostPID", true),
        Mode::Own => {}
        Mode::Container => {
            set(&mut pod.spec, "shareProcessNamespace", true);
            pod.remark(
                "containers of one pod can see each other's processes; add the other container to the pod",
            );
        }
        Mode::Other => pod.remark("a pod's processes are seen by the pod, or by the host"),
    }
    Ok(())
}

pub(super) fn ipc(pod: &mut Pod, value: &str) -> Applied {
    let mode = match value {
        "shareable" => Mode::Own,
        "none" => Mode::Other,
        _ => mode(value)?,
    };
    match mode {
        Mode::Host => set(&mut pod.spec, "hostIPC", true),
        Mode::Own => {}
        Mode::Container => {
            pod.remark("containers of one pod share it; add the other container to the pod")
        }
        Mode::Other => pod.remark("a pod's containers have an IPC namespace together"),
    }
    Ok(())
}

pub(super) fn uts(pod: &mut Pod, value: &str) -> Applied {
    match mode(value)? {
        Mode::Own => {}
        _ => pod.remark("a pod has a hostname of its own, but where hostNetwork is true"),
    }
    Ok(())
}

/// That of the host is Kubernetes' default.
pub(super) fn userns(pod: &mut Pod, value: &str) -> Applied {
    if value != "host" {
        pod.remark("Kubernetes chooses the ids itself where spec.hostUsers is false");
    }
    Ok(())
}

pub(super) fn cgroupns(pod: &mut Pod, value: &str) -> Applied {
    match mode(value)? {
        Mode::Own => {}
        _ => pod.remark("a pod cannot see the cgroups of the host"),
    }
    Ok(())
}

/// Whose namespace a container is in.
enum Mode {
    Host,
    Own,
    Container,
    Other,
}

fn mode(value: &str) -> Result<Mode, String> {
    match value.split_once(':') {
        None if value == "host" => Ok(Mode::Host),
        None if value == "private" => Ok(Mode::Own),
        Some(("container", name)) if !name.is_empty() => Ok(Mode::Container),
        Some(("ns", path)) if !path.is_empty() => Ok(Mode::Other),
        _ => Err("a namespace is host, private or container: and a name".to_owned()),
    }
}
