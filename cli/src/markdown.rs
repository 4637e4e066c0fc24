//! Markdown on a terminal: bold words are bold, links have their address behind them, and manifests are indented.

use std::io::{self, Write};

use anstyle::Style;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::console::wrap;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// A part of a page. A blank line separates two of them, unless both are items.
enum Block {
    Paragraph(String),
    /// An item of a list, with its mark.
    Item(String, String),
    /// A manifest, with its title.
    Code(&'static str, String),
}

/// Writes a page, wrapped at a width.
pub(crate) fn write(page: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut is_item_before = None;
    for block in blocks(page) {
        let is_item = matches!(block, Block::Item(..));
        if is_item_before.is_some_and(|before| !(before && is_item)) {
            writeln!(out)?;
        }
        is_item_before = Some(is_item);
        match block {
            Block::Paragraph(text) => marked("", &text, width, out)?,
            Block::Item(mark, text) => marked(&mark, &text, width, out)?,
            Block::Code(title, code) => {
                write!(out, "{title}")?;
                for line in code.lines() {
                    writeln!(out, "    {DIM}{line}{DIM:#}")?;
                }
            }
        }
    }
    Ok(())
}

/// Writes a text behind a mark, and its other lines below the first.
fn marked(mark: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = mark.len();
    for (index, line) in wrap(text, width - indent).iter().enumerate() {
        let mark = if index == 0 { mark } else { "" };
        writeln!(out, "{mark:indent$}{line}")?;
    }
    Ok(())
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut text = String::new();
    let mut link = String::new();
    let mut title = "";
    // The number of the next item, in a list with numbers.
    let mut number = None;
    for event in Parser::new(page) {
        match event {
            Event::Text(part) => text += &part,
            Event::Code(code) => text += &format!("`{code}`"),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::Strong) => text += &BOLD.to_string(),
            Event::End(TagEnd::Strong) => text += &format!("{BOLD:#}"),
            Event::Start(Tag::Link { dest_url, .. }) => link = dest_url.to_string(),
            Event::End(TagEnd::Link) => text += &format!(" <{link}>"),
            Event::Start(Tag::List(first)) => number = first,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                // The word after `yaml` tells the two manifests of a rule apart.
                title = match &*language {
                    "yaml bad" => "Found:\n\n",
                    "yaml good" => "Not found:\n\n",
                    _ => "",
                };
            }
            Event::End(TagEnd::CodeBlock) => blocks.push(Block::Code(title, text.split_off(0))),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => {
                blocks.push(Block::Paragraph(text.split_off(0)));
            }
            Event::End(TagEnd::Item) => {
                let mark = number.map_or("- ".to_owned(), |number| format!("{number}. "));
                number = number.map(|number| number + 1);
                blocks.push(Block::Item(mark, text.split_off(0)));
            }
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_page_is_styled_and_wrapped() {
        let page = "**Why.** So [it\nis](https://a.example/b) `x`.\n\n```yaml bad\n**a: b\n```\n\nDo:\n\n- one two three\n  four\n- five\n\n1. six\n2. seven\n";
        let mut out = Vec::new();
        write(page, 12, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\u{1b}[1mWhy.\u{1b}[0m So it\nis\n<https://a.example/b>\n`x`.\n\nFound:\n\n    \u{1b}[2m**a: b\u{1b}[0m\n\nDo:\n\n- one two\n  three four\n- five\n1. six\n2. seven\n"
        );
    }
}
