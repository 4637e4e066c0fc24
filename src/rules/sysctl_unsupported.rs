//! See `sysctl_unsupported.md`.

use serde_json::Value;

use crate::eci::{sysctl, sysctl_format};
use crate::pod::Pod;
use crate::rule::{Action, Edit, Effect, InList, MOST_IN_A_POD, Report, Rule};
use crate::settings::Settings;
use crate::sysctls::{self, HostSysctls, PodSysctl, State};
use crate::text::{cut, nearest, quote};

/// The rule.
pub(crate) static RULE: Rule = Rule {
    id: "sysctl-unsupported",
    summary: "a pod sysctl that the profile does not list",
    effect: Effect::Refused,
    action: Action::Deny,
    fix: Some(
        "moved into the annotation `k8s.aliyun.com/eci-host-sysctls`, on demand, where `approved.hostSysctls` covers it",
    ),
    since: "0.1.0",
    docs: docs!("sysctl_unsupported.md"),
    check,
};

fn check(pod: &Pod<'_>, settings: &Settings, report: &mut Report) {
    let field = &pod.sysctls;
    if field.iter().all(|entry| entry.state != State::Unsupported) {
        return;
    }
    // What the annotation would hold after all moves; nothing can be moved where there is no such thing.
    let mut annotation = match &pod.host_sysctls {
        _ if !settings.profile.host_sysctls => None,
        HostSysctls::Absent => Some(Vec::new()),
        HostSysctls::Malformed(_) => None,
        HostSysctls::Entries(entries) => Some(entries.clone()),
    };
    let can_move = |entry: &&PodSysctl<'_>| {
        entry.state == State::Unsupported
            && !entry.is_contested
            && settings.approved.host_sysctl(&entry.name)
    };
    let mut moved = Vec::new();
    if let Some(entries) = &mut annotation {
        moved.extend(field.iter().filter(can_move).take(MOST_IN_A_POD + 1));
        if moved.len() > MOST_IN_A_POD {
            moved.clear();
        }
        entries.extend(
            moved
                .iter()
                .map(|entry| (entry.name.to_string(), entry.value.to_owned())),
        );
    }
    let mut moved = moved.into_iter().peekable();
    // The first move writes the annotation, for all of them.
    let mut write = annotation.as_deref().map(|entries| {
        Edit::Set(
            pod.annotation_path(sysctl::HOST_SYSCTLS),
            Value::from(sysctls::annotation(entries)),
        )
    });
    let mut found = InList::default();
    for entry in field
        .iter()
        .filter(|entry| entry.state == State::Unsupported)
    {
        let moves = moved.next_if(|moved| std::ptr::eq(*moved, entry)).is_some();
        if !moves && !found.is_told(report) {
            continue;
        }
        let message = format!(
            "{} is not a sysctl that ECI takes from a pod",
            quote(&entry.name)
        );
        let finding = report.find(entry.path.clone(), message, way_out(entry, settings));
        if moves {
            finding.repaired_by(write.take());
            finding.repaired_by([Edit::Remove(entry.path.clone())]);
        }
    }
    found.tell_rest(|| pod.security_path("sysctls"), report);
}

fn way_out(entry: &PodSysctl<'_>, settings: &Settings) -> String {
    // What the kernel knows is no misspelling of something else.
    let meant = match sysctl_format::format_of(&entry.name) {
        Some(_) => None,
        None => nearest(&entry.name, &known(settings)),
    };
    let meant = meant
        .map(|meant| format!("did you mean {meant}? If not, "))
        .unwrap_or_default();
    if !settings.profile.host_sysctls {
        return format!(
            "{meant}remove it: in profile {} it cannot be set",
            settings.profile.name
        );
    }
    let shown = [(entry.name.to_string(), cut(entry.value.to_owned(), 64))];
    let annotation = format!(
        "{}: '{}'",
        sysctl::HOST_SYSCTLS,
        sysctls::annotation(&shown)
    );
    if settings.approved.host_sysctl(&entry.name) {
        format!("{meant}move it to where it is approved, the pod's annotation {annotation}")
    } else {
        format!(
            "{meant}remove it; or get Alibaba Cloud's approval by ticket, name it in approved.hostSysctls in the \
             policy's settings, and move it to the pod's annotation {annotation}"
        )
    }
}

fn known(settings: &Settings) -> Vec<&'static str> {
    let names = sysctl_format::FORMATS.iter().map(|format| format.name);
    names
        .filter(|name| !name.contains('*') && settings.profile.sysctls.holds(name))
        .collect()
}
