//! Reads requests from lines `Name=value`, from a query or a URL, from a call of the command line `aliyun`, and from
//! JSON or YAML documents. The meaning of the parameters is not known here.

use std::fmt::Display;
use std::ops::Range;

use serde_json::Value;

use super::{CONTAINERS, Position, RequestError, Takes, scalar};
use eci_security_context::eci::profile::CHANNELS;
use eci_security_context::text::quote;

const ACTION: &str = "CreateContainerGroup";

/// A request, as its parameters.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Request {
    /// The parameters, in the order of the input.
    pub(crate) params: Vec<Param>,
}

/// A parameter that is set.
#[derive(Debug, PartialEq)]
pub(crate) struct Param {
    /// Its index in the request.
    pub(super) index: usize,
    /// The whole name, such as `Container.1.SecurityContext.RunAsUser`.
    pub(crate) name: String,
    /// The value: in a text a string; in a document any scalar, or an empty object or list.
    pub(crate) value: Value,
    /// Its position in the input.
    pub(crate) position: Position,
}

impl Param {
    pub(super) fn error(&self, what: impl Display, help: impl Into<String>) -> RequestError {
        RequestError {
            position: self.position.clone(),
            message: format!("{}: {what}", self.name),
            help: help.into(),
        }
    }

    pub(super) fn text(&self) -> Result<String, RequestError> {
        scalar(&self.value).ok_or_else(|| self.error("is not a single value", "set one value"))
    }

    /// Returns the value, which must be of the type that the parameter takes.
    pub(super) fn read(&self, takes: Takes) -> Result<Value, RequestError> {
        let text = self.text()?;
        match takes {
            Takes::Integer => text.parse::<i64>().map(Value::from).map_err(|_| {
                let what = format!("{} is not a 64-bit integer", quote(&text));
                self.error(what, "write a number, such as 1000")
            }),
            Takes::Boolean | Takes::True => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => {
                    let what = format!("{} is neither true nor false", quote(&text));
                    Err(self.error(what, "write true or false"))
                }
            },
            Takes::Capabilities => Ok(text.into()),
        }
    }
}

impl Request {
    fn push(&mut self, name: String, value: impl Into<Value>, position: Position) {
        self.params.push(Param {
            index: self.params.len(),
            name,
            value: value.into(),
            position,
        });
    }

    /// True if these are parameters of `CreateContainerGroup`.
    fn is_of_action(&self) -> bool {
        match self.params.iter().find(|param| param.name == "Action") {
            Some(action) => action.value == ACTION,
            None => self.params.iter().any(|param| is_distinctive(&param.name)),
        }
    }

    /// Returns the error for an object where a list is required.
    fn unlisted(&self) -> Option<RequestError> {
        self.params.iter().find_map(|param| {
            let list = lists().find(|list| {
                let item = param
                    .name
                    .strip_prefix(list)
                    .and_then(|rest| rest.strip_prefix('.'));
                let field = item.and_then(|item| item.split('.').next());
                field.is_some_and(|field| OF_ITEMS.contains(&field))
            })?;
            Some(RequestError {
                position: param.position.clone(),
                message: format!("{list}: is an object, and must be a list"),
                help: format!("write {list} as a list, even with one item"),
            })
        })
    }
}

/// The parameters that are lists.
fn lists() -> impl Iterator<Item = &'static str> {
    CONTAINERS
        .iter()
        .map(|(list, _)| *list)
        .chain(CHANNELS.iter().map(|found| found.parameter))
}

/// True if only `CreateContainerGroup` has a parameter of this name.
fn is_distinctive(name: &str) -> bool {
    name == "ContainerGroupName"
        || lists().any(|list| {
            let item = name
                .strip_prefix(list)
                .and_then(|rest| rest.strip_prefix('.'));
            item.is_some_and(|item| item.starts_with(|c: char| c.is_ascii_digit()))
        })
}

/// Returns the requests of a document: one as the SDKs nest it, one whose keys are the flat names, or a list of
/// those. Any other document has none.
///
/// # Errors
/// If one has an object where a list is required.
pub(crate) fn of_value(value: &Value) -> Result<Vec<Request>, RequestError> {
    let requests: Result<Option<Vec<_>>, RequestError> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| of_object(item, format!("[{index}]")))
            .collect(),
        _ => of_object(value, String::new()).map(|request| request.map(|request| vec![request])),
    };
    requests.map(Option::unwrap_or_default)
}

fn of_object(value: &Value, path: String) -> Result<Option<Request>, RequestError> {
    let Some(fields) = value.as_object() else {
        return Ok(None);
    };
    if fields.contains_key("apiVersion") || fields.contains_key("kind") {
        return Ok(None);
    }
    let mut request = Request::default();
    flatten(value, String::new(), path, &mut request);
    if let Some(wrong) = request.unlisted() {
        return Err(wrong);
    }
    Ok(request.is_of_action().then_some(request))
}

/// Fields of list items, by which an object is recognised where a list is required.
const OF_ITEMS: [&str; 5] = [
    "Name",
    "Image",
    "Value",
    "SecurityContext",
    "SecurityContextPrivileged",
];

/// Adds the parameters that a value nests: keys of objects, and numbers from 1 for the items of lists.
fn flatten(value: &Value, name: String, path: String, request: &mut Request) {
    let below = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        }
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let path = match key.contains(['.', '[']) {
                    true => format!("{path}[{key}]"),
                    false if path.is_empty() => key.clone(),
                    false => format!("{path}.{key}"),
                };
                flatten(value, below(key), path, request);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                flatten(
                    item,
                    below(&(index + 1).to_string()),
                    format!("{path}[{index}]"),
                    request,
                );
            }
        }
        _ => request.push(name, value.clone(), Position::Field(path)),
    }
}

/// Returns the requests of a text; `None` for any other text. Blank lines and lines that begin with `#` are skipped,
/// and a line `---` ends a request.
///
/// # Errors
/// If a line is not a valid parameter, among others that are.
pub(crate) fn flat(text: &str) -> Option<Result<Vec<Request>, RequestError>> {
    // Every manifest is tried as a request, so the first line must decide quickly.
    let mut lines = text.lines().map(|line| line.trim_matches(is_blank));
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")?;
    if !first.contains('=') && !is_call(first) {
        return None;
    }
    let mut requests = vec![Request::default()];
    let mut wrong = None;
    for line in logical_lines(text) {
        let content = text.get(line.clone()).unwrap_or_default();
        if content == "---" {
            requests.push(Request::default());
            continue;
        }
        if let Err(error) = read_line(content, line.start, requests.last_mut()?) {
            // A text whose first line is invalid is not a request.
            if requests.iter().all(|request| request.params.is_empty()) {
                return None;
            }
            wrong.get_or_insert(error);
        }
    }
    requests.retain(|request| !request.params.is_empty());
    let are_requests = !requests.is_empty() && requests.iter().all(Request::is_of_action);
    are_requests.then(|| wrong.map_or(Ok(requests), Err))
}

/// Returns the bytes of the lines that are not skipped, without the blanks around them. A call continues in the next
/// line after a `\`.
fn logical_lines(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let (mut start, mut in_call, mut goes_on) = (0, false, false);
    for line in text.split_inclusive('\n') {
        let begin = start + (line.len() - line.trim_start_matches(is_blank).len());
        let content = line.trim_matches(is_blank);
        start += line.len();
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => last.end = begin + content.len(),
            None if content.is_empty() || content.starts_with('#') => continue,
            None => {
                in_call = is_call(content);
                lines.push(begin..begin + content.len());
            }
        }
        goes_on = in_call && content.ends_with('\\');
    }
    lines
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn is_call(line: &str) -> bool {
    line.strip_prefix("$ ")
        .unwrap_or(line)
        .starts_with("aliyun ")
}

/// Reads the parameters of a line that begins at `start`.
fn read_line(line: &str, start: usize, request: &mut Request) -> Result<(), RequestError> {
    if is_call(line) {
        return call(line, start, request).ok_or_else(|| RequestError {
            position: Position::Bytes(start..start + line.len()),
            message: format!("{} is not a valid call", quote(line)),
            help: format!("write aliyun eci {ACTION} --Name value …"),
        });
    }
    let is_url = line.starts_with("https://") || line.starts_with("http://");
    let query = if is_url {
        line.split_once('?').map_or("", |(_, query)| query)
    } else {
        line
    };
    let is_query = is_url || query.contains('&');
    let mut at = start + (line.len() - query.len());
    for pair in query.split('&') {
        let position = Position::Bytes(at..at + pair.len());
        at += pair.len() + 1;
        let parts = pair
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()));
        let parts = parts.map(|(name, value)| (decoded(name, is_query), decoded(value, is_query)));
        match parts.filter(|(name, _)| is_name(name)) {
            Some((name, value)) => request.push(name, value, position),
            None if pair.is_empty() && is_query => {}
            None => {
                let message = format!("{} is not a parameter", quote(pair));
                return Err(RequestError {
                    position,
                    message,
                    help: "write Name=value".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// True if a parameter can have this name: letters and digits, separated by dots.
fn is_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_inner)
}

/// Returns the text without percent-encoding. A `%` without two hexadecimal digits is itself; in a query, `+` is a
/// blank.
fn decoded(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.split_at_checked(2).and_then(|(digits, after)| {
            let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
            Some((
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?,
                after,
            ))
        });
        rest = after;
        match (first, digits) {
            (b'%', Some((byte, after))) => {
                bytes.push(byte);
                rest = after;
            }
            (b'+', _) if is_query => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads the parameters of a call `aliyun eci CreateContainerGroup --Name value --Name=value`.
fn call(line: &str, start: usize, request: &mut Request) -> Option<()> {
    let words = words(line)?;
    let mut words = words
        .iter()
        .map(|(word, range)| (word.as_str(), range))
        .peekable();
    words.next_if(|(word, _)| *word == "$");
    for expected in ["aliyun", "eci", ACTION] {
        words.next_if(|(word, _)| *word == expected)?;
    }
    request.push("Action".to_owned(), ACTION, Position::Bytes(start..start));
    while let Some((word, range)) = words.next() {
        // Options with one hyphen, and their values, belong to the command itself.
        let Some(option) = word.strip_prefix("--") else {
            continue;
        };
        let (name, value, end) = match option.split_once('=') {
            Some((name, value)) => (name, value, range.end),
            None => match words.next_if(|(word, _)| !word.starts_with("--")) {
                Some((value, after)) => (option, value, after.end),
                None => (option, "", range.end),
            },
        };
        let position = Position::Bytes(start + range.start..start + end);
        request.push(name.to_owned(), value, position);
    }
    Some(())
}

/// Returns the words of a shell line, each with its bytes; `None` if a quote does not end.
fn words(line: &str) -> Option<Vec<(String, Range<usize>)>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let (mut begin, mut quote, mut characters) = (None, None, line.char_indices());
    while let Some((at, c)) = characters.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                let escaped = characters.next();
                if escaped.is_some_and(|(_, c)| c != '\n' && c != '\r') {
                    begin = begin.or(Some(at));
                }
            }
            (_, Some(open)) => quote = quote.filter(|_| c != open),
            ('"' | '\'', None) => (begin, quote) = (begin.or(Some(at)), Some(c)),
            (c, None) if c.is_whitespace() => ranges.extend(begin.take().map(|begin| begin..at)),
            _ => begin = begin.or(Some(at)),
        }
    }
    ranges.extend(begin.map(|begin| begin..line.len()));
    let unquoted = |range: Range<usize>| {
        let words = shell_words::split(line.get(range.clone())?).ok()?;
        Some((words.concat(), range))
    };
    ranges.into_iter().map(unquoted).collect()
}

#[cfg(test)]
mod tests;
