//! See `sysctl_unsupported.md`.

use crate::eci::account::Account;
use crate::eci::{sysctl, sysctl_format};
use crate::fix::{Edit, Scalar};
use crate::pod::Pod;
use crate::pod::sysctls::{self, HostSysctls, PodSysctl, State};
use crate::rules::rule::{Action, Effect, Fix, Report, Rule};
#[cfg(feature = "cel")]
use crate::rules::rule::{Cel, Findings};
use crate::text::{cut, nearest, quote};

/// The rule.
pub static RULE: Rule = Rule {
    id: "sysctl-unsupported",
    summary: "a pod sysctl that the profile does not list",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Fix::Sometimes {
        done: "moved into the annotation `k8s.aliyun.com/eci-host-sysctls`",
        when: "where `approved.hostSysctls` covers it",
    },
    since: "0.1.0",
    docs: docs!("sysctl_unsupported.md"),
    #[cfg(feature = "cel")]
    cel: Cel::Exact(&[Findings {
        default: Action::Deny,
        expression: r#"[variables.indices.filter(i, i < size(variables.sysctls) && variables.sysctls[i].isName && variables.sysctls[i].value != "" && !variables.indices.exists(k, k < i && variables.sysctls[k].name == variables.sysctls[i].name) &&
    (!variables.sysctls[i].name.matches(variables.sysctlPattern) || variables.sysctls[i].name.replace("/", ".") in variables.sysctlExceptions))
  .map(i, variables.at + "spec.securityContext.sysctls[" + string(i) + "]: \"" + variables.sysctls[i].name + "\" is not a sysctl that ECI accepts from a pod; remove it, or get Alibaba Cloud's approval by ticket for the annotation " + variables.hostSysctlsKey)]"#,
    }]),
    check,
};

fn check(pod: &Pod<'_>, account: &Account, report: &mut Report<'_>) {
    let unsupported: Vec<_> = pod
        .sysctls
        .iter()
        .filter(|entry| entry.state == State::Unsupported)
        .collect();
    let mut write = annotation_with(pod, account, &unsupported);
    let can_move = write.is_some();
    for entry in unsupported {
        let message = format!(
            "{} is not a sysctl that ECI accepts from a pod",
            quote(&entry.name)
        );
        let finding = report.find(entry.path.clone(), message, help(entry, account));
        if can_move && is_movable(entry, account) {
            // The first move writes the annotation for all of them.
            finding
                .repaired_by(write.take())
                .repaired_by([Edit::Remove(entry.path.clone())]);
        }
    }
}

fn is_movable(entry: &PodSysctl<'_>, account: &Account) -> bool {
    !entry.is_duplicated && account.grants_host_sysctl(&entry.name)
}

/// Returns the edit that sets the annotation as it is after all moves. `None` where nothing can be moved.
fn annotation_with(
    pod: &Pod<'_>,
    account: &Account,
    unsupported: &[&PodSysctl<'_>],
) -> Option<Edit> {
    let present = match &pod.host_sysctls {
        HostSysctls::Absent => [].as_slice(),
        HostSysctls::Malformed(_) => return None,
        HostSysctls::Entries(entries) => entries,
    };
    let present = present
        .iter()
        .map(|entry| (entry.name.as_str(), entry.value.as_str()));
    let mut moved = unsupported
        .iter()
        .filter(|entry| is_movable(entry, account))
        .peekable();
    moved.peek()?;
    let moved = moved.map(|entry| (&*entry.name, entry.value));
    let text = sysctls::annotation(present.chain(moved));
    Some(Edit::Set(
        pod.annotation_path(sysctl::HOST_SYSCTLS),
        Scalar::Text(text),
    ))
}

fn help(entry: &PodSysctl<'_>, account: &Account) -> String {
    // A name that the kernel knows is not a misspelling.
    let meant = match sysctl_format::format_of(&entry.name) {
        Some(_) => None,
        None => nearest(&entry.name, &known(account)),
    };
    let meant = meant
        .map(|meant| format!("did you mean {meant}? If not, "))
        .unwrap_or_default();
    if !account.profile.host_sysctls {
        return format!(
            "{meant}remove it: profile {} has no other way to set it",
            account.profile.name
        );
    }
    let value = cut(entry.value.to_owned(), 64);
    let annotation = sysctls::annotation([(&*entry.name, &*value)].into_iter());
    let annotation = format!(
        "the pod annotation {}: '{annotation}'",
        sysctl::HOST_SYSCTLS
    );
    if account.grants_host_sysctl(&entry.name) {
        format!("{meant}move it to {annotation}, where it is approved")
    } else {
        format!(
            "{meant}remove it; or get Alibaba Cloud's approval by ticket, add it to approved.hostSysctls in the \
             policy's settings, and move it to {annotation}"
        )
    }
}

fn known(account: &Account) -> Vec<&'static str> {
    let names = sysctl_format::FORMATS.iter().map(|format| format.name);
    names
        .filter(|name| !name.contains('*') && account.profile.sysctls.holds(name))
        .collect()
}
