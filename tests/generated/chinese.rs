//! README.zh-CN.md says the same as README.md. It has the same headings, tables, links and code blocks, and a part about
//! the messages, which are English.

use super::*;

const PAGE: &str = "README.zh-CN.md";

/// A word of the rule table, and the Chinese for it.
const EFFECTS: [(&str, &str); 4] = [
    ("refused", "被拒绝"),
    ("lost", "丢失"),
    ("overridden", "被覆盖"),
    ("ignored", "被忽略"),
];

/// A page as text and code blocks in turn, from text to text.
fn pieces(page: &str) -> Vec<&str> {
    page.split("\n```").collect()
}

/// The text outside code blocks.
fn prose(page: &str) -> String {
    pieces(page).into_iter().step_by(2).collect()
}

/// The Chinese page without the part about the messages.
fn chinese() -> String {
    let page = text(PAGE);
    let [before, _, after] = parts(&page, "messages");
    format!("{before}{after}")
}

fn headings(prose: &str) -> Vec<&str> {
    prose.lines().filter(|line| line.starts_with('#')).collect()
}

/// The rows of all tables, as their cells. A line between two tables is an empty row.
fn rows(prose: &str) -> Vec<Vec<&str>> {
    let rows = prose.lines().map(|line| {
        let row = line
            .strip_prefix("| ")
            .and_then(|row| row.strip_suffix(" |"));
        row.map_or_else(Vec::new, |row| row.split(" | ").collect())
    });
    let mut rows: Vec<_> = rows.collect();
    rows.dedup();
    rows
}

/// The code in a text, sorted.
fn code(text: &str) -> Vec<&str> {
    let mut code: Vec<_> = text.split('`').skip(1).step_by(2).collect();
    code.sort_unstable();
    code
}

/// The targets of the links, sorted, because the order of words differs.
fn links(prose: &str) -> Vec<&str> {
    let after = prose.split("](").skip(1);
    let mut links: Vec<_> = after.filter_map(|rest| rest.split(')').next()).collect();
    links.sort_unstable();
    links
}

#[test]
fn the_code_blocks_are_those_of_the_english_page() {
    let (page, english) = (text(PAGE), text("README.md"));
    let (mut mine, english) = (pieces(&page), pieces(&english));
    assert_eq!(mine.len(), english.len(), "{PAGE}: not as many code blocks");
    for (block, same) in mine.iter_mut().zip(english).skip(1).step_by(2) {
        *block = same;
    }
    held(PAGE, &mine.join("\n```"));
}

#[test]
fn the_chinese_page_says_the_same() {
    let (page, english) = (prose(&chinese()), prose(&text("README.md")));
    let (mine, theirs) = (headings(&page), headings(&english));
    let level = |heading: &str| heading.find(' ');
    assert!(
        mine.iter()
            .copied()
            .map(level)
            .eq(theirs.into_iter().map(level)),
        "not the headings of the English page: {mine:#?}"
    );
    // Each page links to the other.
    let page = page.replace("](README.md)", "](README.zh-CN.md)");
    assert_eq!(links(&page), links(&english), "the targets of the links");
}

#[test]
fn the_chinese_tables_are_those_of_the_english_page() {
    let (page, english) = (prose(&chinese()), prose(&text("README.md")));
    let (mine, theirs) = (rows(&page), rows(&english));
    assert_eq!(mine.len(), theirs.len(), "not as many rows of tables");
    for (mine, theirs) in mine.iter().zip(theirs) {
        assert_eq!(mine.len(), theirs.len(), "{mine:?} has not as many cells");
        for (mine, theirs) in mine.iter().zip(&theirs) {
            assert_eq!(code(mine), code(theirs), "{mine}: other code than {theirs}");
            if let Some((_, chinese)) = EFFECTS.iter().find(|(effect, _)| effect == theirs) {
                assert_eq!(mine, chinese);
            }
        }
        if theirs.first().is_some_and(|cell| cell.starts_with("[`")) {
            let (action, fix) = (theirs[3], theirs[4]);
            assert_eq!(mine[3], action, "{mine:?}");
            assert_eq!(mine[4] == "–", fix == "–", "{mine:?}");
        }
    }
}

/// Each message in the table is the one that the rule has for the bad manifest of its page.
#[test]
fn the_chinese_page_explains_the_message_of_each_rule() {
    let page = text(PAGE);
    let explained = rows(parts(&page, "messages")[1]);
    for rule in RULES {
        let (_, bad) = rule.docs.split_once("```yaml bad\n").unwrap();
        let (bad, _) = bad.split_once("```").unwrap();
        let settings = bad
            .lines()
            .find_map(|line| line.strip_prefix("# settings: "));
        let payload = serde_json::json!({
            "request": eci_manifest::request_of(&parsed(bad)),
            "settings": parsed(settings.unwrap_or("{}")),
        });
        let verdict = eci_security_context::validate(payload.to_string().as_bytes(), None);
        let findings: Value = serde_json::from_str(&verdict.audit.unwrap()).unwrap();
        let mut findings = findings.as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["rule"] == rule.id).unwrap();
        let message = format!("`{}`", finding["message"].as_str().unwrap());
        let id = format!("`{}`", rule.id);
        let row = explained.iter().find(|row| row.first() == Some(&&*id));
        let row = row.unwrap_or_else(|| panic!("{PAGE} does not explain {id}"));
        assert_eq!((row.len(), row[1]), (3, &*message));
    }
}
