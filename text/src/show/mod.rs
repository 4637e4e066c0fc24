//! How ECI runs the pods of a text.

pub mod capabilities;
pub mod container;
pub mod effective;

use std::ops::Range;

use eci_manifest::Document;
use eci_security_context::policy::scope::Certainty;
use eci_security_context::policy::settings::Settings;
use serde::Serialize;

use self::effective::Shown;
use crate::near_miss;
use crate::object::{Name, Object};
use crate::report::{FileReport, Lines, Problem};
use crate::review::problem;

/// An object and its position.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ObjectOnEci"))]
pub struct Located {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its bytes in the text.
    #[serde(skip)]
    pub span: Range<usize>,
    /// The bytes of its containers.
    #[serde(skip)]
    pub containers: Vec<Range<usize>>,
    /// Its name.
    #[serde(flatten)]
    pub name: Name,
    /// How ECI runs it.
    #[serde(flatten)]
    pub shown: Shown,
}

/// Returns the objects of a text that have pods. The problems are added to the report. Documents that are not manifests
/// are problems, unless the text may have others.
pub fn objects(
    text: &str,
    settings: &Settings,
    may_have_others: bool,
    report: &mut FileReport,
) -> Vec<Located> {
    let mut objects = Vec::new();
    let lines = Lines::of(text);
    let mut is_empty = true;
    for part in eci_manifest::parts(text) {
        let documents = match part.documents() {
            Ok(documents) => documents,
            Err(error) => {
                is_empty = false;
                report.problems.push(problem(&part, &error));
                continue;
            }
        };
        for document in &documents {
            is_empty = false;
            match of_document(document, settings) {
                Ok(Some((name, Some((shown, remark))))) => {
                    report.problems.extend(remark);
                    let span = document.span("");
                    let (line, _) = lines.at(span.start);
                    let containers = shown.effective.iter();
                    let containers = containers.flat_map(|pod| &pod.containers);
                    objects.push(Located {
                        line,
                        span,
                        containers: containers.map(|own| document.span(&own.path)).collect(),
                        name,
                        shown,
                    });
                }
                Ok(None) if !may_have_others => report.problems.push(not_a_manifest(document)),
                Ok(_) => {}
                Err(problem) => report.problems.push(problem),
            }
        }
    }
    if is_empty && !may_have_others {
        let message = "contains no Kubernetes manifest".to_owned();
        report.problems.push(Problem::failure(None, message));
    }
    objects
}

fn not_a_manifest(document: &Document<'_>) -> Problem {
    let keys = ["apiVersion", "kind"];
    let missing = keys.into_iter().find(|key| document.text(&[key]).is_none());
    let missing = missing.unwrap_or("kind");
    let message = format!("not a Kubernetes manifest: {missing} is missing");
    Problem::failure(Some(document.span(missing)), message)
}

/// How ECI runs an object, and a remark on a label that probably should send it there.
pub type ShownWithRemark = (Shown, Option<Problem>);

/// Returns the name of the object and how ECI runs it, if it has a pod; `None` if the document is not an object.
pub fn of_document(
    document: &Document<'_>,
    settings: &Settings,
) -> Result<Option<(Name, Option<ShownWithRemark>)>, Problem> {
    let Some(object) = Object::of(document)? else {
        return Ok(None);
    };
    if object.is_request() {
        let message = "an admission request is not shown";
        return Err(Problem::at(
            document.span(""),
            message,
            "use the object in it",
        ));
    }
    let json = object.json()?;
    let shown = effective::show(&json, object.group_kind(), settings);
    let shown = shown.map_err(|error| object.unreadable(&error))?;
    let shown = shown.map(|shown| {
        let is_elsewhere = shown.scope.certainty == Certainty::No.as_str();
        let remark = is_elsewhere.then(|| near_miss::of(&object)).flatten();
        (shown, remark)
    });
    Ok(Some((object.name, shown)))
}
