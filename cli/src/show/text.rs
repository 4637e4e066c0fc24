//! The output for people: a block of tables for each object, wrapped between words.

use std::io::{self, Write};

use eci_security_context::pod::ContainerList;
use eci_security_context::text::{cut, one_line};
use serde_json::Value;

use eci_text::show::capabilities::Set;
use eci_text::show::container::{Capabilities, Container, Setting, Source};
use eci_text::show::effective::{Effective, Instance, Remark, Sysctl};

use super::Located;
use crate::console::{text_width, wrap};

/// The longest cell that is not wrapped.
const CELL: usize = 36;
/// The minimum width of a wrapped cell.
const NARROWEST: usize = 24;

/// Writes the block of an object.
pub(super) fn write(object: &Located, out: &mut dyn Write) -> io::Result<()> {
    let Located { file, object } = object;
    let shown = &object.shown;
    writeln!(
        out,
        "{}{}",
        one_line(&object.name.to_string()),
        if shown.template { " (template)" } else { "" }
    )?;
    let (certainty, reason) = (shown.scope.certainty, shown.scope.reason.as_str());
    let Some(effective) = &shown.effective else {
        let verdict = match certainty {
            "no" => format!("does not run on ECI ({reason}); --assume-eci shows it as if it did"),
            _ => "is not shown: the pod is for Windows, and ECI's rules are known for Linux pods only"
                .to_owned(),
        };
        return paragraph(&verdict, 2, out);
    };
    let certainty = match certainty {
        "certain" => "yes",
        other => other,
    };
    let facts = [
        ["file", &format!("{file}:{}", object.line)],
        ["on ECI", &format!("{certainty}: {reason}")],
        ["instance", &memory(&effective.instance)],
    ];
    table(&facts.map(|fact| fact.map(one_line)), 2, out)?;
    sections(effective, out)
}

fn sections(effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
    remarks("ECI refuses the pod", &effective.refused, out)?;
    for container in &effective.containers {
        writeln!(out, "\n  {} {}", role(container), one_line(&container.name))?;
        let mut rows: Vec<_> = container
            .settings
            .iter()
            .map(|(name, setting)| row(name, &value(setting), &why(setting)))
            .collect();
        rows.extend(capabilities(container));
        table(&rows, 4, out)?;
    }
    if !effective.sysctls.is_empty() {
        writeln!(out, "\n  sysctls")?;
        let rows: Vec<_> = effective.sysctls.iter().map(sysctl).collect();
        table(&rows, 4, out)?;
    }
    remarks(
        "lost: ECI does not read these fields where they stand",
        &effective.lost,
        out,
    )?;
    remarks(
        "overridden: ECI replaces these values",
        &effective.overridden,
        out,
    )?;
    remarks(
        "ignored: these fields have no effect",
        &effective.ignored,
        out,
    )
}

fn memory(instance: &Instance) -> String {
    let reason = &instance.reason;
    match instance.memory_kib {
        None => format!("unknown: {reason}"),
        Some(kib) if kib % (1 << 20) == 0 => format!("{} GiB: {reason}", kib >> 20),
        Some(kib) => format!("{} MiB: {reason}", kib >> 10),
    }
}

const fn role(container: &Container) -> &'static str {
    match (container.list, container.sidecar) {
        (ContainerList::Init, true) => "init container (sidecar)",
        (ContainerList::Init, false) => "init container",
        (ContainerList::Main, _) => "container",
        (ContainerList::Ephemeral, _) => "ephemeral container",
    }
}

pub(super) fn value(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => plain(value),
        None => "from the image".to_owned(),
    }
}

/// Returns a value as manifests write it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn why(setting: &Setting) -> String {
    let from = match setting.from {
        Source::Container => "set on the container",
        Source::Pod => "set on the pod",
        Source::Image => "",
        Source::Default => "by default",
        Source::Fixed => "fixed by ECI",
        Source::NotOffered => "not a setting of ECI",
        Source::NotGranted => "not granted",
    };
    let asked = setting.asked.as_ref().map(|asked| {
        let level = if asked.from == Source::Pod {
            "pod"
        } else {
            "container"
        };
        let unread = match setting.from {
            Source::Image | Source::Default | Source::Pod => ", which ECI does not read there",
            _ => "",
        };
        format!(
            "the {level} asks for {}{unread}",
            cut(plain(&asked.value), CELL)
        )
    });
    [from, asked.as_deref().unwrap_or_default()]
        .into_iter()
        .filter(|clause| !clause.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns the names of capabilities.
pub(super) fn names(set: Set) -> String {
    let names: Vec<_> = set.names().collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn capabilities(container: &Container) -> Vec<Row> {
    let Capabilities {
        granted,
        asked,
        refused,
    } = &container.capabilities;
    let mut rows = vec![row("capabilities", &granted.to_string(), &names(*granted))];
    let privileged = container
        .settings
        .iter()
        .any(|(_, setting)| setting.from == Source::NotGranted);
    let refused: Vec<_> = privileged
        .then_some("privileged")
        .into_iter()
        .chain(refused.iter().map(String::as_str))
        .collect();
    if !refused.is_empty() {
        let what = format!("if these were granted: {}", refused.join(", "));
        rows.push(row("  as asked for", &asked.to_string(), &what));
    }
    rows
}

fn sysctl(sysctl: &Sysctl) -> Row {
    let channel = match sysctl.channel {
        "field" => "the pod's securityContext.sysctls",
        _ => "the annotation for host sysctls",
    };
    row(
        &sysctl.name,
        &sysctl.value,
        &format!("{}: {channel}", sysctl.outcome),
    )
}

fn remarks(title: &str, remarks: &[Remark], out: &mut dyn Write) -> io::Result<()> {
    if remarks.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {title}")?;
    for remark in remarks {
        writeln!(out, "    {}", one_line(&remark.path))?;
        paragraph(&format!("{}: {}", remark.rule, remark.message), 6, out)?;
        if let Some(repair) = remark.repair {
            paragraph(&format!("the policy's repair: {repair}"), 6, out)?;
        }
    }
    Ok(())
}

type Row = [String; 3];

fn row(name: &str, value: &str, note: &str) -> Row {
    [
        cut(one_line(name), CELL),
        cut(one_line(value), CELL),
        one_line(note),
    ]
}

/// Writes rows in aligned columns, the last of them wrapped.
fn table<const COLUMNS: usize>(
    rows: &[[String; COLUMNS]],
    indent: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let Some((last, cells)) = row.split_last() else {
            continue;
        };
        let mut left = " ".repeat(indent);
        for (cell, width) in cells.iter().zip(widths) {
            left.push_str(&format!("{cell:width$}  "));
        }
        let margin = left.chars().count();
        let mut lines = wrap(last, text_width().saturating_sub(margin).max(NARROWEST)).into_iter();
        writeln!(
            out,
            "{}",
            format!("{left}{}", lines.next().unwrap_or_default()).trim_end()
        )?;
        for line in lines {
            writeln!(out, "{:margin$}{line}", "")?;
        }
    }
    Ok(())
}

fn paragraph(text: &str, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(&one_line(text), text_width() - indent) {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_is_wrapped() {
        let rows = [
            row("a", "1", &"word ".repeat(30)),
            row("long name", "täg", ""),
            row("b", "", "x"),
        ];
        let mut out = Vec::new();
        table(&rows, 2, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() <= text_width()),
            "{text}"
        );
        let [first, second, name, last] = lines.try_into().unwrap();
        assert!(first.starts_with("  a          1    word word "), "{text}");
        assert!(second.starts_with("                  word word "), "{text}");
        assert_eq!(name, "  long name  täg");
        assert_eq!(last, "  b               x");
    }

    #[test]
    fn control_characters_are_not_shown() {
        let mut out = Vec::new();
        table(&[row("a\u{1b}[31m", "b\nc", "d\u{202e}e")], 0, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a [31m  b c  d e\n");
    }
}
