//! Everything that a text holds.

use std::collections::BTreeMap;

use crate::scan::{Failed, Fault, Grammar, Scanner};
use crate::text::Text;

/// A JSON value. Two are equal where they are the same JSON, whatever the order of keys and the blanks; numbers are
/// where they are spelled alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree<'t> {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as it is written.
    Number(&'t str),
    /// A string.
    Text(Text<'t>),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(BTreeMap<Text<'t>, Self>),
}

impl Tree<'_> {
    /// The string that the value is, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads everything that a text holds.
///
/// # Errors
/// Where the text is not JSON, nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH), or an object has a key twice.
pub fn tree(text: &str) -> Result<Tree<'_>, Fault> {
    Scanner::all(text, Scanner::tree)
}

impl<'t> Scanner<'t> {
    fn tree(&mut self) -> Result<Tree<'t>, Failed> {
        let word = |found: Result<(), Failed>, tree| found.map(|()| tree);
        match self.peek() {
            b'n' => word(self.word("null"), Tree::Null),
            b't' => word(self.word("true"), Tree::Bool(true)),
            b'f' => word(self.word("false"), Tree::Bool(false)),
            b'"' => Ok(Tree::Text(self.string()?)),
            b'[' => {
                let mut items = Vec::new();
                let mut goes_on = self.enter(b']')?;
                while goes_on {
                    items.push(self.tree()?);
                    goes_on = self.next(b']')?;
                }
                Ok(Tree::List(items))
            }
            b'{' => {
                let mut entries = BTreeMap::new();
                let mut goes_on = self.enter(b'}')?;
                while goes_on {
                    let key = self.key()?;
                    let offset = self.offset();
                    if entries.insert(key, self.tree()?).is_some() {
                        return self.fail(offset, Grammar::Twice);
                    }
                    goes_on = self.next(b'}')?;
                }
                Ok(Tree::Object(entries))
            }
            _ => Ok(Tree::Number(self.number()?)),
        }
    }
}
