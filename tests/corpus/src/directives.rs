//! The directives of a case: the comments `#! KEY: VALUE` above its object.

use eci_manifest::{Document, documents};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Mark, Namespace, Problem};

const ACTIONS: [&str; 4] = ["deny", "fix", "warn", "audit"];

/// The keys that can be set several times.
const LISTS: [&str; 3] = ["message", "warning", "finding"];

/// The directives of a case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Directives {
    /// The policy's settings; `{}` by default.
    pub(crate) settings: Option<Value>,
    /// The operation of the request; `CREATE` by default.
    pub(crate) operation: Option<String>,
    /// The subresource of the request.
    pub(crate) sub_resource: Option<String>,
    /// The function to call; `validate` by default.
    pub(crate) function: Function,
    /// The labels of the Namespace, or `refused`. Without it the policy must not ask.
    pub(crate) namespace_labels: Namespace,
    /// The verdict, where it does not follow from the findings and the code.
    pub(crate) accepted: Option<bool>,
    /// The code of a rejection; 403 by default.
    pub(crate) code: Option<u64>,
    /// Texts that the message contains.
    pub(crate) message: Vec<String>,
    /// Texts that a warning contains.
    pub(crate) warning: Vec<String>,
    /// The number of warnings.
    pub(crate) warnings: Option<usize>,
    /// `RULE ACTION PATH` of each finding in an object that is given as JSON.
    pub(crate) finding: Vec<Mark>,
    /// `none`, where there are no findings.
    pub(crate) findings: Option<NoFindings>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Function {
    #[default]
    Validate,
    Mutate,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NoFindings {
    None,
}

impl Directives {
    /// Reads directives, each with its line. The error has the line of the directive that is wrong.
    pub(crate) fn read<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Result<Self, Problem> {
        let (mut all, mut directives) = (Map::new(), Self::default());
        for (line, text) in lines {
            let at = |problem| (line, problem);
            let read = documents(text).map_err(|error| at(error.problem.to_string()))?;
            let Some(Value::Object(entries)) = read.first().map(Document::value) else {
                return Err(at("a directive is `#! KEY: VALUE`".to_owned()));
            };
            for (key, value) in entries {
                let is_list = LISTS.contains(&key.as_str());
                match all.get_mut(&key) {
                    Some(Value::Array(list)) if is_list => list.push(value),
                    Some(_) => return Err(at(format!("`{key}` is already set"))),
                    None => _ = all.insert(key, if is_list { json!([value]) } else { value }),
                }
            }
            // Read after every line, so that an error is on the line that causes it.
            directives = serde_json::from_value(Value::Object(all.clone()))
                .map_err(|error| at(error.to_string()))?;
        }
        Ok(directives)
    }
}

impl Mark {
    pub(crate) fn new(rule: &str, action: &str, location: &str) -> Result<Self, String> {
        if !ACTIONS.contains(&action) {
            let known = ACTIONS.join(", ");
            return Err(format!("unknown action `{action}` (known: {known})"));
        }
        Ok(Self {
            location: location.to_owned(),
            rule: rule.to_owned(),
            action: action.to_owned(),
        })
    }
}

/// Reads `RULE ACTION PATH`.
impl TryFrom<String> for Mark {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.splitn(3, ' ').collect::<Vec<_>>()[..] {
            [rule, action, path] => Self::new(rule, action, path),
            _ => Err("a finding is `RULE ACTION PATH`".to_owned()),
        }
    }
}
