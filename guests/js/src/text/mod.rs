//! The functions on text: the answers of the command, with ranges in UTF-16.
//!
//! Each takes its options as JSON, and returns `{"Ok": …}` or `{"Err": …}` with a [`Refused`].

mod answer;

use eci_manifest::Chunk;
use eci_security_context::eci::profile::PROFILES;
use eci_security_context::policy::parse;
use eci_security_context::policy::settings::Settings;
use eci_security_context::review::Refusal;
use eci_security_context::rules::rule::Rule;
use eci_text::catalogue::{profile_of, rule_of};
use eci_text::convert::create_container_group::Groups;
use eci_text::convert::docker_run;
use eci_text::diff::{changes, differences, reviews};
use eci_text::fix::{Repairer, settings_of};
use eci_text::namespaces::Namespaces;
use eci_text::report::sarif::Sarif;
use eci_text::report::{Counts, FileReport, Run, Totals};
use eci_text::review::{Repairs, Reviewer};
use eci_text::suppress::{Suppressions, comment};
use eci_text::utf16::Utf16;
use eci_text::{MAX_MIB, too_large};
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

pub use self::answer::{
    Checked, CheckedObject, Converted, Explained, Fixed, Range, TextEdit, TextFinding, TextFix,
    TextProblem, TextScope,
};
use crate::answer::Refused;
use crate::written;

/// The version of the package.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The options of the functions.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    /// The settings, as JSON.
    settings: String,
    profile: Option<String>,
    assume_eci: Option<bool>,
    rules: Vec<String>,
    file: Option<String>,
    format: Option<String>,
}

/// A text, and how it is judged.
struct Text<'t> {
    text: &'t str,
    utf16: Utf16<'t>,
    options: Options,
    settings: Settings,
}

impl<'t> Text<'t> {
    /// Reads the options. `has_namespaces` is true for a function that looks for Namespaces in the text.
    fn of(text: &'t str, options: &str, has_namespaces: bool) -> Result<Self, Refused> {
        if text.len() as u64 > MAX_MIB << 20 {
            return Err(Refused::input(format!("the text {}", too_large())));
        }
        let options: Options = serde_json::from_str(options)
            .map_err(|_| Refused::input("an option has the wrong type".to_owned()))?;
        let is_assumed = options.assume_eci == Some(true);
        let settings = parse::settings(&options.settings, has_namespaces || is_assumed);
        let mut settings = settings.map_err(Refusal::Settings)?;
        if let Some(name) = &options.profile {
            settings.account.profile =
                profile_of(name).map_err(|message| Refused::settings(message, "profile"))?;
        }
        settings.scope.assume_eci |= is_assumed;
        Ok(Self {
            text,
            utf16: Utf16::of(text),
            options,
            settings,
        })
    }

    /// Returns the Namespaces in the text, if their labels count.
    fn namespaces(&self) -> Namespaces {
        let mut namespaces = Namespaces::default();
        if self.settings.scope.namespace_labels && !self.settings.scope.assume_eci {
            namespaces.read(&Chunk::whole(self.text.to_owned()));
        }
        namespaces
    }

    /// Reviews the text as the command does.
    fn review(&self, name: &str) -> FileReport {
        let namespaces = self.namespaces();
        let reviewer = reviewer(&self.settings, Repairs::Listed, Some(&namespaces));
        reviewer.text(name.to_owned(), self.text.to_owned())
    }
}

/// Returns the review by these settings. Comments suppress findings.
fn reviewer<'s>(
    settings: &'s Settings,
    repairs: Repairs,
    namespaces: Option<&'s Namespaces>,
) -> Reviewer<'s> {
    Reviewer {
        settings,
        suppressions: Suppressions::default(),
        repairs,
        namespaces,
    }
}

/// Returns the objects of a text with their findings.
#[wasm_bindgen]
pub fn check(text: &str, options: &str) -> String {
    written(&Text::of(text, options, true).map(|text| text.checked(text.review(""))))
}

/// Repairs a text.
#[wasm_bindgen]
pub fn fix(text: &str, options: &str) -> String {
    written(&fixed(text, options))
}

fn fixed(text: &str, options: &str) -> Result<Fixed, Refused> {
    let text = Text::of(text, options, false)?;
    let rules = text.options.rules.iter().map(|id| named(id));
    let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
    let settings = settings_of(&text.settings);
    let repairer = Repairer {
        reviewer: reviewer(&settings, Repairs::Made, None),
        rules: &rules,
        is_dry: true,
        leave: &|_| {},
    };
    Ok(text.fixed(repairer.text(String::new(), text.text.to_owned())))
}

/// Returns the edit that adds a comment which suppresses a finding; `null` if there can be none.
#[wasm_bindgen]
pub fn suppress(text: &str, rule: &str, at: usize, reason: &str, options: &str) -> String {
    let edit = || {
        let text = Text::of(text, options, true)?;
        let namespaces = text.namespaces();
        let reviewer = reviewer(&text.settings, Repairs::Made, Some(&namespaces));
        let finding = (named(rule)?, text.utf16.offset(at));
        let edit = comment(text.text, finding, reason, &reviewer);
        Ok::<_, Refused>(edit.map(|edit| text.edit(&edit)))
    };
    written(&edit())
}

/// Returns how ECI runs the pods of a text.
#[wasm_bindgen]
pub fn show(text: &str, options: &str) -> String {
    let shown = Text::of(text, options, false).map(|text| {
        let mut report = FileReport::default();
        let objects = eci_text::show::objects(text.text, &text.settings, false, &mut report);
        let objects: Vec<Value> = objects.iter().map(|object| text.shown(object)).collect();
        json!({"objects": objects, "problems": text.problems(&report)})
    });
    written(&shown)
}

/// Returns the verdicts that change between two profiles.
#[wasm_bindgen]
pub fn diff(text: &str, from: &str, to: &str, options: &str) -> String {
    let compared = || {
        let text = Text::of(text, options, false)?;
        let from = profile_of(from).map_err(Refused::input)?;
        let to = profile_of(to).map_err(Refused::input)?;
        let review = |reviewer: &Reviewer<'_>| reviewer.text(String::new(), text.text.to_owned());
        let [before, after] = reviews(&text.settings, [from, to], review);
        let changed = changes(text.text, &before, &after);
        Ok::<_, Refused>(json!({
            "from": from.name,
            "to": to.name,
            "objects": before.objects.len(),
            "changed": changed.iter().map(|object| text.changed(object)).collect::<Vec<_>>(),
            "reasons": if changed.is_empty() { Vec::new() } else { differences(from, to) },
            "sources": [from.source, to.source],
            "problems": text.problems(&after),
        }))
    };
    written(&compared())
}

/// Returns a rule with its page.
#[wasm_bindgen]
pub fn explain(rule: &str) -> String {
    written(&named(rule).map(Explained::of))
}

/// Returns the names of the profiles, the newest first.
#[wasm_bindgen]
pub fn profiles() -> String {
    let names = PROFILES.iter().rev().map(|profile| profile.name);
    written(&names.collect::<Vec<_>>())
}

/// Returns the pod of a `docker run` command, or the parameters of ECI's OpenAPI for pods.
#[wasm_bindgen]
pub fn convert(text: &str, to: &str, options: &str) -> String {
    let converted = || {
        let text = Text::of(text, options, false)?;
        match (to, text.options.format.as_deref()) {
            ("manifest", _) => {
                let converted = docker_run::convert(&[text.text.to_owned()]);
                converted.map(|docker_run::Converted { manifest, remarks }| Converted {
                    text: manifest,
                    remarks,
                })
            }
            ("create-container-group", format) => {
                Groups::of(text.text).and_then(|groups| match groups.is_empty() {
                    true => Err("the manifest has no pods".to_owned()),
                    false => Ok(Converted {
                        text: match format {
                            Some("json") => groups.json(),
                            _ => groups.flat(),
                        },
                        remarks: groups.remarks,
                    }),
                })
            }
            _ => Err("convert to manifest, or to create-container-group".to_owned()),
        }
        .map_err(Refused::input)
    };
    written(&converted())
}

/// Returns the findings as SARIF 2.1.0.
#[wasm_bindgen]
pub fn sarif(text: &str, options: &str) -> String {
    let log = Text::of(text, options, true).and_then(|text| {
        let name = text.options.file.as_deref().unwrap_or("manifest.yaml");
        let report = text.review(name);
        let mut totals = Totals::default();
        totals.count(&report);
        let mut counts = Counts::default();
        counts.count(&report);
        counts.settle(&mut totals);
        let mut sarif = Sarif::of(Run {
            tool_version: VERSION,
            profile: text.settings.account.profile.name.to_owned(),
            settings: None,
        });
        let mut log = Vec::new();
        let done = sarif.begin(&mut log);
        let done = done.and_then(|()| sarif.file(&report, &mut log));
        let done = done.and_then(|()| sarif.end(&totals, &mut log));
        let log = done.map(|()| String::from_utf8_lossy(&log).into_owned());
        log.map_err(|error| Refused::input(error.to_string()))
    });
    written(&log)
}

fn named(rule: &str) -> Result<&'static Rule, Refused> {
    rule_of(rule).map_err(|hint| Refused::input(format!("there is no such rule; {hint}")))
}
