//! The answers about text in the shape of their JSON, from which TypeScript's types are generated.

use std::ops;

use eci_manifest::Replacement;
use eci_security_context::review::Judged;
use eci_security_context::rules::rule;
use eci_text::diff::Changed;
use eci_text::fix::Repaired;
use eci_text::report::{FileReport, Found, Reviewed, Suppression, effect_sentence, url_of};
use eci_text::show::Located;
use serde::Serialize;
use serde_json::{Map, Value, json};
#[cfg(feature = "types")]
use ts_rs::TS;

use super::Text;
use crate::answer::{Finding, Rule};

/// A part of a text, from one offset to before another. Offsets are those of JavaScript's strings: in UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Range {
    /// The offset of the start.
    pub from: usize,
    /// The offset behind the end.
    pub to: usize,
}

/// A change of a text. Several of them are in order, do not overlap, and refer to the text before.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct TextEdit {
    /// The old text.
    pub range: Range,
    /// The new text.
    pub text: String,
}

/// A problem of reading a text, or of repairing it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct TextProblem {
    /// The problem.
    pub message: String,
    /// The fix, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The position. Absent for the whole text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// True if everything was checked in spite of it.
    pub remark: bool,
}

/// The answer of `check`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Checked {
    /// The objects, in the order of the text.
    pub objects: Vec<CheckedObject>,
    /// The problems of reading. The rest is checked.
    pub problems: Vec<TextProblem>,
}

/// An object of a text.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct CheckedObject {
    /// Its name, such as `Deployment shop/web`.
    pub name: String,
    /// Its position.
    pub range: Range,
    /// Whether its pod runs on ECI. Absent for an object without a pod, and for one that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<TextScope>,
    /// The findings, in the order of the text. Those that a comment suppresses are among them.
    pub findings: Vec<TextFinding>,
}

/// Whether a pod runs on ECI.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct TextScope {
    /// How sure it is. A pod that does not run on ECI is not judged.
    #[cfg_attr(feature = "types", ts(type = "Certainty"))]
    pub certainty: &'static str,
    /// The reason.
    pub reason: String,
    /// The field that is the reason, if it is one field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
}

/// A violation of a rule, with its position.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS), ts(optional_fields))]
pub struct TextFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The field, or the nearest one above it.
    pub range: Range,
    /// The page of the rule.
    pub url: String,
    /// The reason for the action, where it is not the rule's default or the settings'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// True if a controller owns the Pod, so that the finding is one of its owner.
    pub owned: bool,
    /// The repair of this finding alone, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<TextFix>,
    /// Why the finding is suppressed, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
}

/// A repair.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct TextFix {
    /// The title of the change.
    pub title: &'static str,
    /// The changes of the text.
    pub edits: Vec<TextEdit>,
}

/// The answer of `fix`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Fixed {
    /// The repaired text.
    pub text: String,
    /// The changes.
    pub edits: Vec<TextEdit>,
    /// The number of findings that are repaired.
    pub findings: usize,
    /// The number of repairs that are refused. The problems have the reasons.
    pub left: usize,
    /// The number of findings that `assumeEci` would repair.
    pub possible: usize,
    /// The number of errors that remain.
    pub errors: usize,
    /// The problems of reading, and the reasons for repairs that are refused.
    pub problems: Vec<TextProblem>,
}

/// The answer of `convert`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
pub struct Converted {
    /// The pod or the parameters.
    pub text: String,
    /// One sentence for each part that was left out.
    pub remarks: Vec<String>,
}

/// A rule with its page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// The page in Markdown, without a title.
    pub docs: &'static str,
    /// The address of the page.
    pub url: String,
    /// The effect in a sentence.
    pub effect_sentence: &'static str,
}

impl Explained {
    pub(super) fn of(rule: &rule::Rule) -> Self {
        Self {
            rule: rule.into(),
            docs: rule.docs,
            url: url_of(rule),
            effect_sentence: effect_sentence(rule.effect),
        }
    }
}

impl Text<'_> {
    fn range(&self, span: &ops::Range<usize>) -> Range {
        let from = self.utf16.at(span.start);
        Range {
            from,
            to: self.utf16.at(span.end).max(from),
        }
    }

    pub(super) fn edit(&self, replacement: &Replacement) -> TextEdit {
        TextEdit {
            range: self.range(&replacement.span),
            text: replacement.text.clone(),
        }
    }

    fn edits(&self, replacements: &[Replacement]) -> Vec<TextEdit> {
        replacements
            .iter()
            .map(|change| self.edit(change))
            .collect()
    }

    pub(super) fn problems(&self, report: &FileReport) -> Vec<TextProblem> {
        let problems = report.problems.iter();
        let problems = problems.map(|problem| TextProblem {
            message: problem.message.clone(),
            help: problem.help.clone(),
            range: problem.span.as_ref().map(|span| self.range(span)),
            remark: problem.is_remark(),
        });
        problems.collect()
    }

    pub(super) fn checked(&self, report: FileReport) -> Checked {
        let problems = self.problems(&report);
        let objects = report.objects.iter().map(|object| self.object(object));
        let mut objects: Vec<_> = objects.collect();
        for found in report.found {
            let Some((object, reviewed)) = objects
                .get_mut(found.object)
                .zip(report.objects.get(found.object))
            else {
                continue;
            };
            object.findings.push(self.finding(found, reviewed));
        }
        Checked { objects, problems }
    }

    fn object(&self, object: &Reviewed) -> CheckedObject {
        CheckedObject {
            name: object.name.clone(),
            range: self.range(&object.span),
            scope: object.scope.map(|scope| TextScope {
                certainty: scope.certainty.as_str(),
                reason: scope.reason(),
                range: object.signal.as_ref().map(|span| self.range(span)),
            }),
            findings: Vec::new(),
        }
    }

    fn finding(&self, found: Found, object: &Reviewed) -> TextFinding {
        TextFinding {
            range: self.range(&found.span),
            url: url_of(found.finding.rule),
            note: found.note(),
            owned: object.is_owned,
            fix: found.fix.as_ref().map(|fix| TextFix {
                title: fix.title,
                edits: self.edits(&fix.replacements),
            }),
            suppressed: found.suppressed,
            finding: Judged {
                finding: found.finding,
                decision: found.decision,
            }
            .into(),
        }
    }

    pub(super) fn fixed(&self, repaired: Repaired) -> Fixed {
        Fixed {
            edits: self.edits(&repaired.replacements),
            problems: self.problems(&repaired.report),
            text: repaired.after,
            findings: repaired.findings,
            left: repaired.left,
            possible: repaired.possible,
            errors: repaired.errors,
        }
    }

    /// Returns an object as the command prints it, with its range, and with what the containers ask for.
    pub(super) fn shown(&self, object: &Located) -> Value {
        let mut shown = with(object, "range", self.range(&object.span));
        let containers = object.shown.effective.iter();
        let containers = containers.flat_map(|effective| &effective.containers);
        let containers = containers.zip(&object.containers).map(|(container, span)| {
            let settings = container.settings.iter();
            let (mut written, mut kubernetes) = (Map::new(), Map::new());
            for (name, setting) in settings {
                kubernetes.insert((*name).to_owned(), json!(setting.kubernetes));
                if let Some(asked) = &setting.written {
                    written.insert((*name).to_owned(), json!(asked));
                }
            }
            let shown = with(container, "written", written);
            let shown = with(&shown, "kubernetes", kubernetes);
            with(&shown, "range", self.range(span))
        });
        let containers: Vec<_> = containers.collect();
        if let Some(shown) = shown.get_mut("containers") {
            *shown = containers.into();
        }
        shown
    }

    /// Returns an object as the command prints it, with ranges.
    pub(super) fn changed(&self, object: &Changed) -> Value {
        let mut changed = with(object, "range", self.range(&object.span));
        let changes = object.changes.iter();
        let changes = changes.map(|change| with(change, "range", self.range(&change.span)));
        if let Some(changed) = changed.get_mut("changes") {
            *changed = changes.collect::<Vec<_>>().into();
        }
        changed
    }
}

/// Returns a value as JSON with one more key.
fn with(value: &impl Serialize, key: &str, more: impl Serialize) -> Value {
    let mut object = json!(value);
    if let Value::Object(fields) = &mut object {
        fields.insert(key.to_owned(), json!(more));
    }
    object
}
