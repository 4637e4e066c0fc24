//! Reading the sections of a configuration, key by key. Every error is kept with its key, so that one reading names all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::json::Tree;
use crate::text::{cut, nearest, one_line, quote};

/// The most errors that are kept.
const MOST_ERRORS: usize = 20;

/// Settings that cannot be used: the key, what is wrong, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The key, from the root of the settings; empty for the settings as a whole.
    pub path: String,
    /// The error and the way out: a clause that follows the key.
    pub problem: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.path, self.problem)
    }
}

/// The errors of settings, in the order of reading; the first twenty of many.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SettingsErrors(RefCell<Vec<SettingsError>>);

impl SettingsErrors {
    /// Returns one error of the settings as a whole.
    pub fn whole(problem: &str) -> Self {
        let errors = Self::default();
        errors.add(String::new, || problem.to_owned());
        errors
    }

    /// Adds an error. The text is made only if the error is kept.
    pub(crate) fn add(&self, path: impl FnOnce() -> String, problem: impl FnOnce() -> String) {
        let mut errors = self.0.borrow_mut();
        if errors.len() < MOST_ERRORS {
            errors.push(SettingsError {
                path: path(),
                problem: problem(),
            });
        }
    }

    fn is_full(&self) -> bool {
        self.0.borrow().len() == MOST_ERRORS
    }

    /// Returns the errors.
    pub fn list(&self) -> Vec<SettingsError> {
        self.0.borrow().clone()
    }

    /// Returns what was read, or the errors if there are any.
    ///
    /// # Errors
    /// If an error was added.
    pub fn unless_any<T>(self, read: T) -> Result<T, Self> {
        match self.0.borrow().is_empty() {
            true => Ok(read),
            false => Err(Self(RefCell::new(self.list()))),
        }
    }
}

/// Prints the errors in one line.
impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings: ")?;
        for (index, error) in self.0.borrow().iter().enumerate() {
            let and = if index == 0 { "" } else { "; and " };
            write!(f, "{and}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsErrors {}

/// An object whose keys are known. What cannot be read is an error, and reads as if it were not there.
pub struct Section<'v> {
    at: String,
    fields: Option<&'v BTreeMap<String, Tree>>,
    errors: &'v SettingsErrors,
}

impl<'v> Section<'v> {
    /// Opens the root.
    pub fn root(value: &'v Tree, keys: &[&'static str], errors: &'v SettingsErrors) -> Self {
        Self::open(value, String::new(), Some(keys), errors)
    }

    fn open(
        value: &'v Tree,
        at: String,
        keys: Option<&[&'static str]>,
        errors: &'v SettingsErrors,
    ) -> Self {
        let fields = match value {
            Tree::Object(fields) => Some(fields),
            _ => {
                let what = if at.is_empty() { "the settings: " } else { "" };
                errors.add(|| at.clone(), || format!("{what}must be an object"));
                None
            }
        };
        let section = Self { at, fields, errors };
        if let Some(keys) = keys {
            let is_unknown = |key: &&String| !keys.contains(&key.as_str());
            for unknown in section.keys().filter(is_unknown) {
                section.wrong(unknown, || suggestion("no such key", unknown, keys));
            }
        }
        section
    }

    /// Adds an error of a key.
    pub fn wrong(&self, key: &str, problem: impl FnOnce() -> String) {
        self.errors.add(|| self.path(key), problem);
    }

    fn path(&self, key: &str) -> String {
        let key = cut(one_line(key), 64);
        match self.at.as_str() {
            "" => key,
            at => format!("{at}.{key}"),
        }
    }

    /// Returns the keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'v String> + use<'v> {
        self.fields.into_iter().flat_map(BTreeMap::keys)
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&'v Tree> {
        self.fields?.get(key)
    }

    /// Returns the section of a key. Without `keys`, it takes any.
    pub(crate) fn section(&self, key: &str, keys: Option<&[&'static str]>) -> Option<Self> {
        let value = self.get(key)?;
        Some(Self::open(value, self.path(key), keys, self.errors))
    }

    /// Returns a flag, which is false by default.
    pub fn flag(&self, key: &str) -> bool {
        match self.get(key) {
            None => false,
            Some(Tree::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong(key, || "must be true or false".to_owned());
                false
            }
        }
    }

    /// Returns the meaning of a word; `None` without one.
    pub(crate) fn one_of<T>(
        &self,
        key: &str,
        valid: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let mut names = Vec::new();
        for (name, meaning) in valid {
            if value.as_str() == Some(name) {
                return Some(meaning);
            }
            names.push(name);
        }
        let found = value.as_str().map_or_else(|| "this".to_owned(), quote);
        self.wrong(key, || {
            format!("{found} is not one of {}", names.join(", "))
        });
        None
    }

    fn items(&self, key: &str) -> &'v [Tree] {
        match self.get(key) {
            None => &[],
            Some(Tree::List(items)) => items,
            Some(_) => {
                self.wrong(key, || "must be a list".to_owned());
                &[]
            }
        }
    }

    /// Returns the sections in a list.
    pub(crate) fn sections(&self, key: &str, keys: &[&'static str]) -> Vec<Self> {
        let items = self.items(key).iter().enumerate();
        items
            .map(|(index, item)| {
                let at = format!("{}[{index}]", self.path(key));
                Self::open(item, at, Some(keys), self.errors)
            })
            .collect()
    }

    /// Returns a string; `None` without one.
    pub fn text(&self, key: &str) -> Option<&'v str> {
        match self.get(key)? {
            Tree::Text(text) if !text.is_empty() => Some(text),
            _ => {
                self.wrong(key, || "must be a string that is not empty".to_owned());
                None
            }
        }
    }

    /// Returns the strings in a list, each as `check` returns it.
    pub fn texts(&self, key: &str, check: fn(&str) -> Result<String, String>) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.items(key).iter().enumerate() {
            let text = item.as_str().ok_or_else(|| "must be a string".to_owned());
            match text.and_then(check) {
                Ok(text) => texts.push(text),
                Err(problem) => {
                    let path = format!("{}[{index}]", self.path(key));
                    self.errors.add(|| path, || problem);
                    // A check looks for the nearest word, which is slow.
                    if self.errors.is_full() {
                        break;
                    }
                }
            }
        }
        texts
    }

    /// Adds an error of the section as a whole.
    pub(crate) fn refuse(&self, problem: &str) {
        self.errors.add(|| self.at.clone(), || problem.to_owned());
    }

    /// True if the section is an object.
    pub(crate) fn is_object(&self) -> bool {
        self.fields.is_some()
    }
}

/// Returns the problem with the nearest of the valid words, or with all of them.
pub(crate) fn suggestion(problem: &str, word: &str, valid: &[&'static str]) -> String {
    match nearest(word, valid) {
        Some(meant) => format!("{problem}; did you mean {meant}?"),
        None => format!("{problem}; valid are {}", valid.join(", ")),
    }
}
