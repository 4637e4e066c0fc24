//! Reading a request: from lines `Name=value`, from a query or a URL, from a call of the command line `aliyun`, and
//! from the objects of a JSON or YAML document. What the parameters mean is not asked here.

use std::ops::Range;

use serde_json::Value;

use super::{CONTAINERS, Place, Wrong};
use eci_security_context::eci::profile::CHANNELS;
use eci_security_context::text::quote;

const ACTION: &str = "CreateContainerGroup";

/// A request, as its parameters.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// The parameters, in the order of the text.
    pub(crate) entries: Vec<Entry>,
}

/// A parameter that is set.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// The whole name, such as `Container.1.SecurityContext.RunAsUser`.
    pub(crate) name: String,
    /// The value: of a text a string, of a document any scalar, or an empty object or list.
    pub(crate) value: Value,
    /// Where it stands.
    pub(crate) place: Place,
}

impl Request {
    /// Whether these are parameters of the request, and of no other.
    fn is_one(&self) -> bool {
        match self.entries.iter().find(|entry| entry.name == "Action") {
            Some(action) => action.value == ACTION,
            None => self.entries.iter().any(|entry| is_telling(&entry.name)),
        }
    }

    /// What is wrong where what one item of a list has stands in the place of the list.
    fn unlisted(&self) -> Option<Wrong> {
        self.entries.iter().find_map(|entry| {
            let list = lists().find(|list| {
                let item = entry
                    .name
                    .strip_prefix(list)
                    .and_then(|rest| rest.strip_prefix('.'));
                let field = item.and_then(|item| item.split('.').next());
                field.is_some_and(|field| OF_ITEMS.contains(&field))
            })?;
            Some(Wrong {
                place: entry.place.clone(),
                message: format!("{list}: is an object, and {ACTION} has a list there"),
                help: format!("write {list} as a list, though it has one item"),
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

/// Whether a parameter of this name shows what request it is in.
fn is_telling(name: &str) -> bool {
    name == "ContainerGroupName"
        || lists().any(|list| {
            let item = name
                .strip_prefix(list)
                .and_then(|rest| rest.strip_prefix('.'));
            item.is_some_and(|item| item.starts_with(|c: char| c.is_ascii_digit()))
        })
}

/// The requests that a document is: one as the SDKs nest it, one whose keys are the flat names, or a list of
/// those. None, where it is anything else.
///
/// # Errors
/// Where one has an object in place of a list.
pub(crate) fn of_value(value: &Value) -> Result<Vec<Request>, Wrong> {
    let requests: Result<Option<Vec<_>>, Wrong> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| of_object(item, format!("[{index}]")))
            .collect(),
        _ => of_object(value, String::new()).map(|request| request.map(|request| vec![request])),
    };
    requests.map(Option::unwrap_or_default)
}

fn of_object(value: &Value, path: String) -> Result<Option<Request>, Wrong> {
    let Some(fields) = value.as_object() else {
        return Ok(None);
    };
    if fields.contains_key("apiVersion") || fields.contains_key("kind") {
        return Ok(None);
    }
    let mut request = Request {
        entries: Vec::new(),
    };
    flatten(value, String::new(), path, &mut request.entries);
    if let Some(wrong) = request.unlisted() {
        return Err(wrong);
    }
    Ok(request.is_one().then_some(request))
}

/// What the items of the lists have, as far as it tells a request from another object.
const OF_ITEMS: [&str; 5] = [
    "Name",
    "Image",
    "Value",
    "SecurityContext",
    "SecurityContextPrivileged",
];

/// The parameters that a value nests: those of an object have its keys, those of a list numbers from 1.
fn flatten(value: &Value, name: String, path: String, entries: &mut Vec<Entry>) {
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
                flatten(value, below(key), path, entries);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                flatten(
                    item,
                    below(&(index + 1).to_string()),
                    format!("{path}[{index}]"),
                    entries,
                );
            }
        }
        _ => entries.push(Entry {
            name,
            value: value.clone(),
            place: Place::Field(path),
        }),
    }
}

/// The requests that a text is; `None`, where it is anything else. Blank lines and lines that begin with `#` do
/// not count, and a line `---` ends a request.
///
/// # Errors
/// Where a line is no parameter of the request that the others are.
pub(crate) fn flat(text: &str) -> Option<Result<Vec<Request>, Wrong>> {
    // Every manifest is asked: its first line must be enough to tell.
    let mut lines = text.lines().map(|line| line.trim_matches(is_blank));
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")?;
    if !first.contains('=') && !is_call(first) {
        return None;
    }
    let mut requests = vec![Request {
        entries: Vec::new(),
    }];
    let mut wrong = None;
    for line in logical_lines(text) {
        let content = text.get(line.clone()).unwrap_or_default();
        if content == "---" {
            requests.push(Request {
                entries: Vec::new(),
            });
            continue;
        }
        if let Err(error) = read_line(content, line.start, &mut requests.last_mut()?.entries) {
            // What does not even begin like a request is none.
            if requests.iter().all(|request| request.entries.is_empty()) {
                return None;
            }
            wrong.get_or_insert(error);
        }
    }
    requests.retain(|request| !request.entries.is_empty());
    let are_requests = !requests.is_empty() && requests.iter().all(Request::is_one);
    are_requests.then(|| wrong.map_or(Ok(requests), Err))
}

/// The bytes of the lines that count, without the blanks around them. A call whose line ends in `\` goes on in the
/// next.
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
fn read_line(line: &str, start: usize, entries: &mut Vec<Entry>) -> Result<(), Wrong> {
    if is_call(line) {
        let called = call(line, start).ok_or_else(|| Wrong {
            place: Place::Bytes(start..start + line.len()),
            message: format!("{} is no call that is understood", quote(line)),
            help: format!("write aliyun eci {ACTION} --Name value …"),
        })?;
        entries.extend(called);
        return Ok(());
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
        let place = Place::Bytes(at..at + pair.len());
        at += pair.len() + 1;
        let parts = pair
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()));
        let parts = parts.map(|(name, value)| (decoded(name, is_query), decoded(value, is_query)));
        match parts.filter(|(name, _)| is_name(name)) {
            Some((name, value)) => entries.push(Entry {
                name,
                value: Value::String(value),
                place,
            }),
            None if pair.is_empty() && is_query => {}
            None => {
                let message = format!("{} is no parameter", quote(pair));
                return Err(Wrong {
                    place,
                    message,
                    help: "write Name=value".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Whether a parameter can have this name: letters and digits, parted by dots.
fn is_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_inner)
}

/// The text without percent-encoding; where no two hexadecimal digits follow, a `%` is one. In a query, `+` is a
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

/// The parameters of a call `aliyun eci CreateContainerGroup --Name value --Name=value`.
fn call(line: &str, start: usize) -> Option<Vec<Entry>> {
    let words = words(line)?;
    let mut words = words
        .iter()
        .map(|(word, range)| (word.as_str(), range))
        .peekable();
    words.next_if(|(word, _)| *word == "$");
    for expected in ["aliyun", "eci", ACTION] {
        words.next_if(|(word, _)| *word == expected)?;
    }
    let mut entries = vec![Entry {
        name: "Action".to_owned(),
        value: ACTION.into(),
        place: Place::Bytes(start..start),
    }];
    while let Some((word, range)) = words.next() {
        // The command's own options with one hyphen, and their values, are none of the request.
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
        let place = Place::Bytes(start + range.start..start + end);
        entries.push(Entry {
            name: name.to_owned(),
            value: value.into(),
            place,
        });
    }
    Some(entries)
}

/// The words of a shell's line, each with its bytes; `None` where a quote does not end.
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
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]

    use super::*;
    use serde_json::json;

    /// The names and values of the only request in a text, each with the text at its place.
    fn read(text: &str) -> Vec<(String, Value, &str)> {
        let mut requests = flat(text).unwrap().unwrap();
        assert_eq!(requests.len(), 1, "{text}");
        let told = requests
            .remove(0)
            .entries
            .into_iter()
            .map(|entry| match entry.place {
                Place::Bytes(span) => (entry.name, entry.value, &text[span]),
                Place::Field(field) => panic!("{field}"),
            });
        told.collect()
    }

    #[test]
    fn lines_are_parameters() {
        let text = "\u{feff}# ours\n\n Container.1.Name=web\r\n\
                    HostSecurityContext.Sysctl.1.Value=4096 87380%096291456+\n";
        assert_eq!(
            read(text),
            [
                (
                    "Container.1.Name".to_owned(),
                    json!("web"),
                    "Container.1.Name=web"
                ),
                (
                    "HostSecurityContext.Sysctl.1.Value".to_owned(),
                    json!("4096 87380\t6291456+"),
                    "HostSecurityContext.Sysctl.1.Value=4096 87380%096291456+"
                ),
            ]
        );
    }

    #[test]
    fn a_query_is_parted_and_decoded() {
        let query =
            "Action=CreateContainerGroup&&Container%2E1.Name=a%26b+c&Container.1.Image=%zz%2";
        for text in [
            query.to_owned(),
            format!("https://eci.aliyuncs.com/?{query}"),
        ] {
            let found = read(&text);
            let pairs: Vec<_> = found
                .iter()
                .map(|(name, value, _)| (name.as_str(), value.clone()))
                .collect();
            assert_eq!(
                pairs,
                [
                    ("Action", json!("CreateContainerGroup")),
                    ("Container.1.Name", json!("a&b c")),
                    ("Container.1.Image", json!("%zz%2")),
                ]
            );
            assert_eq!(found[1].2, "Container%2E1.Name=a%26b+c");
        }
    }

    #[test]
    fn a_call_of_the_command_line_is_read() {
        let text = "# a call\n$ aliyun eci CreateContainerGroup --region cn-hangzhou -p me \\\n  \
                    --Container.1.Name 'my web' --SecurityContext.Sysctl.1.Value=\"0 \\\"1\" \\\n  --DryRun --Memory 2\n";
        let found = read(text);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value, at)| (name.as_str(), value.clone(), *at))
            .collect();
        assert_eq!(
            found,
            [
                ("Action", json!("CreateContainerGroup"), ""),
                ("region", json!("cn-hangzhou"), "--region cn-hangzhou"),
                (
                    "Container.1.Name",
                    json!("my web"),
                    "--Container.1.Name 'my web'"
                ),
                (
                    "SecurityContext.Sysctl.1.Value",
                    json!("0 \"1"),
                    "--SecurityContext.Sysctl.1.Value=\"0 \\\"1\""
                ),
                ("DryRun", json!(""), "--DryRun"),
                ("Memory", json!("2"), "--Memory 2"),
            ]
        );
    }

    #[test]
    fn requests_are_parted() {
        let requests = flat("# a\nContainer.1.Name=a\n---\n# b\nContainer.1.Name=b\n---\n")
            .unwrap()
            .unwrap();
        let values: Vec<_> = requests
            .iter()
            .map(|request| request.entries[0].value.clone())
            .collect();
        assert_eq!(values, ["a", "b"]);
    }

    #[test]
    fn what_is_no_request_is_none() {
        for text in [
            "",
            "# Container.1.Name=web\n",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    Container.1.Name=web\n",
            "{\"Container\": []}",
            "PATH=/bin\nHOME=/root\n",
            "Action=UpdateContainerGroup\nContainer.1.Name=web\n",
            "Container.Name=web\n",
            "aliyun ecs DescribeInstances --RegionId x\n",
            "aliyun eci CreateContainerGroup --Container.1.Name 'web\n",
            "https://example.com/Container.1.Name=web",
        ] {
            assert!(flat(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_parameter_is_told() {
        for (text, at) in [
            ("Container.1.Name=web\nnonsense\n", 21..29),
            ("Container.1.Name=web&nonsense", 21..29),
            ("Container.1.Name=web\nContainer 1=web\n", 21..36),
        ] {
            let wrong = flat(text).unwrap().unwrap_err();
            assert_eq!(wrong.place, Place::Bytes(at), "{text}");
        }
    }

    #[test]
    fn an_object_is_flattened() {
        let request = json!({
            "Container": [
                { "Name": "a" },
                { "SecurityContext": { "RunAsUser": 1000, "Capability": { "Add": ["KILL", "CHOWN"] } } },
                {},
            ],
            "Container.4.SecurityContextPrivileged": "true",
        });
        let requests = of_value(&request).unwrap();
        let found: Vec<_> = requests[0]
            .entries
            .iter()
            .map(|entry| (entry.name.as_str(), &entry.place))
            .collect();
        let field = |path: &str| Place::Field(path.to_owned());
        assert_eq!(
            found,
            [
                ("Container.1.Name", &field("Container[0].Name")),
                (
                    "Container.2.SecurityContext.Capability.Add.1",
                    &field("Container[1].SecurityContext.Capability.Add[0]")
                ),
                (
                    "Container.2.SecurityContext.Capability.Add.2",
                    &field("Container[1].SecurityContext.Capability.Add[1]")
                ),
                (
                    "Container.2.SecurityContext.RunAsUser",
                    &field("Container[1].SecurityContext.RunAsUser")
                ),
                ("Container.3", &field("Container[2]")),
                (
                    "Container.4.SecurityContextPrivileged",
                    &field("[Container.4.SecurityContextPrivileged]")
                ),
            ]
        );
        let list = of_value(&json!([request, { "ContainerGroupName": "b" }])).unwrap();
        assert_eq!(list[0].entries[0].place, field("[0].Container[0].Name"));
        assert_eq!(list[1].entries[0].place, field("[1].ContainerGroupName"));
    }

    #[test]
    fn places_are_those_of_the_manifest_reader() {
        let text = "Container:\n- Name: a\n  SecurityContext:\n    Capability:\n      Add:\n      - KILL\n\
                    Container.2.SecurityContextPrivileged: true\n";
        let document = &eci_manifest::documents(text).unwrap()[0];
        for entry in &of_value(&document.value()).unwrap()[0].entries {
            let Place::Field(path) = &entry.place else {
                panic!("{entry:?}")
            };
            let line = document.line(path);
            let expected = match entry.name.as_str() {
                "Container.1.Name" => 2,
                "Container.1.SecurityContext.Capability.Add.1" => 6,
                "Container.2.SecurityContextPrivileged" => 7,
                other => panic!("{other}"),
            };
            assert_eq!(line, expected, "{path}");
        }
    }

    #[test]
    fn other_objects_are_no_requests() {
        for value in [
            json!(null),
            json!([]),
            json!("Container.1.Name"),
            json!({}),
            json!({ "apiVersion": "v1", "Container": [{ "Name": "a" }] }),
            json!({ "kind": "X", "Container": [{ "Name": "a" }] }),
            json!({ "Container": "a" }),
            json!({ "Container": { "web": { "Name": "a" } } }),
            json!({ "Action": "UpdateContainerGroup", "Container": [{ "Name": "a" }] }),
            json!([{ "Container": [{ "Name": "a" }] }, { "a": 1 }]),
        ] {
            assert!(of_value(&value).unwrap().is_empty(), "{value}");
        }
        assert_eq!(
            of_value(&json!({ "Action": "CreateContainerGroup" }))
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn an_object_in_place_of_a_list_is_told() {
        for (value, list, path) in [
            (
                json!({ "Container": { "Name": "a" } }),
                "Container",
                "Container.Name",
            ),
            (
                json!([{ "HostSecurityContext": { "Sysctl": { "Name": "a" } } }]),
                "HostSecurityContext.Sysctl",
                "[0].HostSecurityContext.Sysctl.Name",
            ),
        ] {
            let wrong = of_value(&value).unwrap_err();
            assert_eq!(
                wrong.message,
                format!("{list}: is an object, and CreateContainerGroup has a list there")
            );
            assert_eq!(wrong.place, Place::Field(path.to_owned()));
        }
    }
}
