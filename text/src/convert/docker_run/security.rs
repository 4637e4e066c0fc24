//! The security contexts of the container and of the pod.

use eci_security_context::eci::capability::{ALL, normalise};
use k8s_openapi::api::core::v1::{
    AppArmorProfile, Capabilities, PodSecurityContext, SeccompProfile, SecurityContext, Sysctl,
};

use super::flags::DockerRun;
use super::pod::filled;

impl DockerRun {
    pub(super) fn container_security(&mut self) -> Result<SecurityContext, String> {
        let user = self.last("user").unwrap_or_default();
        let (user, group) = user.split_once(':').unwrap_or((&user, ""));
        let mut context = SecurityContext {
            capabilities: filled(self.capabilities()),
            privileged: filled(self.is_set("privileged")),
            read_only_root_filesystem: filled(self.is_set("read-only")),
            run_as_user: self.id("--user", user, "runAsUser")?,
            run_as_group: self.id("--user", group, "runAsGroup")?,
            ..SecurityContext::default()
        };
        for option in self.all("security-opt") {
            let (key, value) = option.split_once(['=', ':']).unwrap_or((&option, ""));
            let remark = security_option(key, value, &mut context)
                .map_err(|way_out| format!("--security-opt {option:?} is not valid; {way_out}"))?;
            let remark = remark.map(|remark| format!("--security-opt {option:?}: {remark}"));
            self.remarks.extend(remark);
        }
        Ok(context)
    }

    pub(super) fn pod_security(&mut self) -> Result<PodSecurityContext, String> {
        let mut groups = Vec::new();
        for group in self.all("group-add") {
            groups.extend(self.id("--group-add", &group, "supplementalGroups")?);
        }
        let sysctls = self.pairs("sysctl").into_iter();
        let sysctls: Vec<_> = sysctls
            .map(|(name, value)| Sysctl { name, value })
            .collect();
        Ok(PodSecurityContext {
            supplemental_groups: filled(groups),
            sysctls: filled(sysctls),
            ..PodSecurityContext::default()
        })
    }

    /// Returns the number of a user or a group. Only the image knows the number of a name, except root's.
    fn id(&mut self, flag: &str, name: &str, field: &str) -> Result<Option<i64>, String> {
        let id = match name {
            "" => return Ok(None),
            "root" => Ok(0),
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => name.parse::<i32>(),
            _ => {
                self.remarks.push(format!(
                    "{flag}: {field} takes a number, and {name:?} is a name; write the number that `id` prints in the image"
                ));
                return Ok(None);
            }
        };
        id.map(|id| Some(id.into()))
            .map_err(|_| format!("{flag}: {name} is not a valid ID (allowed: 0–2147483647)"))
    }

    fn capabilities(&self) -> Capabilities {
        let names = |flag| -> Vec<String> {
            let names = self.all(flag).into_iter();
            names.map(|name| normalise(&name).into_owned()).collect()
        };
        let (add, mut drop) = (names("cap-add"), names("cap-drop"));
        // Docker adds a capability that is in both lists, and Kubernetes drops it. If Docker adds ALL, it drops it too.
        if add.iter().any(|name| name == ALL) {
            drop.retain(|name| name != ALL);
        } else {
            drop.retain(|name| !add.contains(name));
        }
        Capabilities {
            add: filled(add),
            drop: filled(drop),
        }
    }
}

/// Sets the fields of a security option and returns a remark, if there is one. The error is the fix.
fn security_option(
    key: &str,
    value: &str,
    context: &mut SecurityContext,
) -> Result<Option<&'static str>, &'static str> {
    match (key, value) {
        // The last of several counts.
        ("no-new-privileges", "" | "true") => context.allow_privilege_escalation = Some(false),
        ("no-new-privileges", "false") => context.allow_privilege_escalation = None,
        ("no-new-privileges", _) => return Err("use true or false"),
        ("apparmor" | "label" | "seccomp" | "systempaths", "") => {
            return Err("write a value after an equals sign");
        }
        ("apparmor", _) => {
            let (type_, localhost_profile) = profile(value);
            context.app_armor_profile = Some(AppArmorProfile {
                localhost_profile,
                type_,
            });
        }
        ("seccomp", _) => {
            let (type_, localhost_profile) = profile(value);
            let is_file = localhost_profile.is_some();
            context.seccomp_profile = Some(SeccompProfile {
                localhost_profile,
                type_,
            });
            return Ok(
                is_file.then_some("copy the file into the kubelet's folder of seccomp profiles")
            );
        }
        ("label", "disable") => {
            return Ok(Some(
                "a pod cannot disable SELinux; the type spc_t of seLinuxOptions has a similar effect",
            ));
        }
        ("label", _) => {
            let options = context.se_linux_options.get_or_insert_default();
            match value.split_once(':') {
                Some(("level", name)) => options.level = Some(name.to_owned()),
                Some(("role", name)) => options.role = Some(name.to_owned()),
                Some(("type", name)) => options.type_ = Some(name.to_owned()),
                Some(("user", name)) => options.user = Some(name.to_owned()),
                _ => return Err("use label=disable, label=user:NAME, or role, type or level"),
            }
        }
        ("systempaths", "unconfined") => {
            context.proc_mount = Some("Unmasked".to_owned());
            return Ok(Some(
                "Kubernetes takes procMount: Unmasked only with hostUsers: false",
            ));
        }
        ("credentialspec" | "writable-cgroups", _) => return Ok(Some("a pod has no field for it")),
        _ => {
            return Err(
                "use apparmor, label, no-new-privileges, seccomp or systempaths=unconfined",
            );
        }
    }
    Ok(None)
}

/// Returns the type and the file of an AppArmor or seccomp profile.
fn profile(value: &str) -> (String, Option<String>) {
    let (type_, file) = match value {
        "unconfined" => ("Unconfined", None),
        "builtin" | "docker-default" => ("RuntimeDefault", None),
        path => ("Localhost", path.rsplit('/').next()),
    };
    (type_.to_owned(), file.map(str::to_owned))
}
