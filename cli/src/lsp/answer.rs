//! The answers about an open file.

use std::collections::HashMap;
use std::ops::Range;

use eci_manifest::Replacement;
use eci_security_context::rules::rule::{Finding, Rule};
use eci_security_context::text::cut;
use eci_text::review::{Repairs, Reviewer};
use eci_text::suppress::Suppressions;
use eci_text::{MAX_MIB, too_large};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionTriggerKind, CodeDescription,
    Diagnostic, DiagnosticSeverity, Hover, HoverContents, InlayHint, InlayHintLabel,
    InlayHintTooltip, MarkupContent, MarkupKind, NumberOrString, Position, TextEdit, Uri,
    WorkspaceEdit,
};

use super::path_of;
use super::place::{offset, position, range};
use crate::config::Config;
use crate::failure::Failure;
use crate::fix::repairs;
use crate::input::{Source, templates_hint, whole};
use crate::report::{FileReport, Found, Lines, Problem, Severity, Shown, effect_sentence, url_of};
use crate::review;
use crate::show::{FieldNote, notes};

/// The kind of the action that repairs a file.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.eci-policy");

/// The most diagnostics of a file.
const MOST: usize = 1000;

/// The longest fix in the title of an action.
const TITLE: usize = 100;

/// An open file.
pub(super) struct Opened {
    pub(super) uri: Uri,
    pub(super) version: i32,
    text: String,
    /// The configuration and the findings, once the text is checked.
    checked: Option<(Config, FileReport)>,
}

impl Opened {
    pub(super) fn new(uri: Uri, version: i32, text: String) -> Self {
        Self {
            uri,
            version,
            text,
            checked: None,
        }
    }

    fn source(&self) -> Source {
        path_of(&self.uri).map_or(Source::Stdin, Source::Named)
    }

    /// Checks the text by its configuration, and returns the diagnostics.
    pub(super) fn check(&mut self, config: Result<Config, Failure>) -> Vec<Diagnostic> {
        self.checked = None;
        let source = self.source();
        let chart = match &source {
            Source::Named(path) => templates_hint(path),
            _ => None,
        };
        let config = match (config, chart) {
            (_, Some(hint)) => {
                return vec![Diagnostic {
                    severity: Some(DiagnosticSeverity::INFORMATION),
                    ..of_file(hint)
                }];
            }
            _ if self.text.len() as u64 > MAX_MIB << 20 => {
                return vec![of_file(too_large())];
            }
            (Ok(config), None) => config,
            (Err(failure), None) => return vec![of_file(failure.to_string())],
        };
        let input = Ok((source, self.text.clone()));
        let reviewer = Reviewer {
            settings: config.settings_of(&input),
            suppressions: Suppressions::default(),
            repairs: Repairs::Listed,
            namespaces: None,
        };
        let report = review::file(&reviewer, whole(input));
        let lines = Lines::of(&self.text);
        let problems = Shown::default().problems(&report);
        let problems = problems.map(|problem| of_problem(problem, &lines));
        let found = Shown::default().found(&report);
        let found = found.map(|found| of_finding(found, &lines));
        let diagnostics = problems.chain(found).take(MOST).collect();
        self.checked = Some((config, report));
        diagnostics
    }

    /// Returns the repairs in a range: each finding, all findings of its rule, and the whole file.
    pub(super) fn actions(&self, params: &CodeActionParams) -> Vec<CodeAction> {
        let Some((config, report)) = &self.checked else {
            return Vec::new();
        };
        let lines = Lines::of(&self.text);
        let is_wanted = |kind: &CodeActionKind| match &params.context.only {
            None => true,
            Some(only) => only.iter().any(|wanted| {
                let rest = kind.as_str().strip_prefix(wanted.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }),
        };
        // The repairs of a whole file take a while, and an editor asks at each move of the cursor.
        let is_automatic = params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC);
        let mut actions = Vec::new();
        if is_wanted(&CodeActionKind::QUICKFIX) {
            let asked = offset(&lines, params.range.start)..offset(&lines, params.range.end);
            let meets =
                |found: &&Found| found.span.start <= asked.end && asked.start <= found.span.end;
            let mut rules: Vec<&Rule> = Vec::new();
            for found in Shown::default().found(report).filter(meets) {
                let Some(fix) = &found.fix else { continue };
                let Finding { rule, help, .. } = &found.finding;
                actions.push(CodeAction {
                    title: format!("{} ({})", cut(help.to_string(), TITLE), rule.id),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![of_finding(found, &lines)]),
                    edit: Some(self.edit(&lines, &fix.replacements)),
                    is_preferred: Some(true),
                    ..CodeAction::default()
                });
                if !rules.iter().any(|known| known.id == rule.id) {
                    rules.push(*rule);
                }
            }
            for rule in rules.into_iter().filter(|_| !is_automatic) {
                actions.extend(self.all(
                    config,
                    &format!("repair all in this file ({})", rule.id),
                    &CodeActionKind::QUICKFIX,
                    &[rule],
                ));
            }
        }
        if is_wanted(&FIX_ALL) && !is_automatic {
            actions.extend(self.all(config, "repair this file as the policy does", &FIX_ALL, &[]));
        }
        actions
    }

    /// Returns the action that makes the repairs of `eci-policy fix`; none if there are no repairs.
    fn all(
        &self,
        config: &Config,
        title: &str,
        kind: &CodeActionKind,
        rules: &[&'static Rule],
    ) -> Option<CodeAction> {
        let replacements = repairs(config, &self.source(), self.text.clone(), rules);
        (!replacements.is_empty()).then(|| CodeAction {
            title: title.to_owned(),
            kind: Some(kind.clone()),
            edit: Some(self.edit(&Lines::of(&self.text), &replacements)),
            ..CodeAction::default()
        })
    }

    fn edit(&self, lines: &Lines<'_>, replacements: &[Replacement]) -> WorkspaceEdit {
        let edits = replacements
            .iter()
            .map(|Replacement { span, text }| TextEdit {
                range: range(lines, span),
                new_text: text.clone(),
            });
        WorkspaceEdit {
            changes: Some(HashMap::from([(self.uri.clone(), edits.collect())])),
            ..WorkspaceEdit::default()
        }
    }

    /// Returns the findings at a position with the pages of their rules, and the effective value of the field there.
    pub(super) fn hover(&self, at: Position) -> Option<Hover> {
        let (config, report) = self.checked.as_ref()?;
        let lines = Lines::of(&self.text);
        let at = offset(&lines, at);
        let is_here = |span: &Range<usize>| span.start <= at && at <= span.end;
        let values = self.notes(config).into_iter();
        let values = values.filter(|note| is_here(&note.span));
        let values: Vec<_> = values.map(|note| note.markdown()).collect();
        let found = Shown::default()
            .found(report)
            .filter(|found| is_here(&found.span));
        let pages: Vec<_> = found.map(page).collect();
        let text = [values, pages].concat().join("\n\n---\n\n");
        (!text.is_empty()).then_some(Hover {
            contents: HoverContents::Markup(markdown(text)),
            range: None,
        })
    }

    /// Returns the capability mask of each container in a range, at the end of its line.
    pub(super) fn hints(&self, asked: lsp_types::Range) -> Vec<InlayHint> {
        let Some((config, _)) = &self.checked else {
            return Vec::new();
        };
        let lines = Lines::of(&self.text);
        let notes = self.notes(config).into_iter().filter_map(|note| {
            let mask = note.mask?;
            let (line, _) = lines.line(note.span.start);
            let at = position(&lines, lines.end_of(line));
            let is_asked = asked.start.line <= at.line && at.line <= asked.end.line;
            is_asked.then(|| InlayHint {
                position: at,
                label: InlayHintLabel::String(format!("capabilities on ECI: {mask}")),
                kind: None,
                text_edits: None,
                tooltip: Some(InlayHintTooltip::MarkupContent(markdown(note.value))),
                padding_left: Some(true),
                padding_right: None,
                data: None,
            })
        });
        notes.collect()
    }

    fn notes(&self, config: &Config) -> Vec<FieldNote> {
        notes(&self.text, config.settings_for(&self.source()))
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

/// Returns a diagnostic about a file as a whole.
pub(super) fn of_file(message: String) -> Diagnostic {
    Diagnostic {
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("eci-policy".to_owned()),
        message,
        ..Diagnostic::default()
    }
}

fn of_problem(problem: &Problem, lines: &Lines<'_>) -> Diagnostic {
    Diagnostic {
        range: range(lines, problem.span.as_ref().unwrap_or(&(0..0))),
        severity: Some(severity(problem.severity())),
        ..of_file(problem.one_line())
    }
}

fn of_finding(found: &Found, lines: &Lines<'_>) -> Diagnostic {
    let Finding {
        rule,
        message,
        help,
        ..
    } = &found.finding;
    let note = found.note().map(|note| format!(" ({note})"));
    Diagnostic {
        range: range(lines, &found.span),
        severity: Some(severity(found.severity())),
        code: Some(NumberOrString::String(rule.id.to_owned())),
        code_description: url_of(rule)
            .parse()
            .ok()
            .map(|href| CodeDescription { href }),
        ..of_file(format!("{message}; {help}{}", note.unwrap_or_default()))
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Note | Severity::None => DiagnosticSeverity::INFORMATION,
    }
}

/// Returns a finding with the page of its rule, as Markdown.
fn page(found: &Found) -> String {
    let Finding {
        rule,
        message,
        help,
        ..
    } = &found.finding;
    format!(
        "**{}**: {message}; {help}\n\n*{}*\n\n{}\n\n[The page of the rule]({})",
        rule.id,
        effect_sentence(rule.effect),
        // The word after `yaml` tells the two manifests apart, and editors do not know it.
        rule.docs
            .replace("```yaml bad", "Found:\n\n```yaml")
            .replace("```yaml good", "Not found:\n\n```yaml"),
        url_of(rule)
    )
}
