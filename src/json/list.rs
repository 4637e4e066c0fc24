//! Lists that a payload cannot blow up: items beyond a bound are counted, not kept.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

/// The most items that one reading keeps, in all its lists together.
const MOST_KEPT: usize = 10_000;

thread_local! {
    // serde's derive hands no state down, so the lists of one reading count here.
    static SEEN: Cell<usize> = const { Cell::new(0) };
    static KEPT: Cell<usize> = const { Cell::new(0) };
}

/// Reads with `reading`. The flag is true if items were skipped, or might have been, because the lists are too long.
pub fn bounded<T, E>(reading: impl FnOnce() -> Result<T, E>) -> Result<(T, bool), E> {
    SEEN.set(0);
    KEPT.set(0);
    reading().map(|value| (value, KEPT.get() >= MOST_KEPT))
}

/// Reads with `reading`, which is part of a [`bounded`] one, and returns the number of items in all its lists, including
/// those that were skipped.
pub fn counted<T, E>(reading: impl FnOnce() -> Result<T, E>) -> Result<(T, usize), E> {
    let before = SEEN.get();
    reading().map(|value| (value, SEEN.get() - before))
}

/// An item of a [`List`].
pub trait Item {
    /// False for an item that no rule could find: it is counted, but not kept.
    fn matters(&self) -> bool {
        true
    }
}

impl Item for i64 {}
impl Item for super::text::Text<'_> {}

/// A list: the items that matter, with their indices, and the number of all items.
#[derive(Debug)]
pub struct List<T> {
    items: Vec<(usize, T)>,
    len: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            len: 0,
        }
    }
}

impl<T> List<T> {
    /// Returns the kept items, each with its index.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.items.iter().map(|(index, item)| (*index, item))
    }

    /// Returns the kept items.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    /// Returns the number of items in the text.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if the text has no item.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True if every item is kept.
    pub const fn is_all_kept(&self) -> bool {
        self.items.len() == self.len
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Item + Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_none<E>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<List<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut list = List::default();
        loop {
            if KEPT.get() < MOST_KEPT {
                let Some(item) = seq.next_element::<T>()? else {
                    break;
                };
                if item.matters() {
                    KEPT.set(KEPT.get() + 1);
                    list.items.push((list.len, item));
                }
            } else {
                let Some(IgnoredAny) = seq.next_element()? else {
                    break;
                };
            }
            list.len += 1;
        }
        SEEN.set(SEEN.get() + list.len);
        Ok(list)
    }
}

impl<'de, T: Item + Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{bounded, read};

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Even(i64);

    impl Item for Even {
        fn matters(&self) -> bool {
            self.0 % 2 == 0
        }
    }

    fn even(text: &str) -> (List<Even>, usize, bool) {
        let ((list, count), is_cut) = bounded(|| counted(|| read(text))).unwrap();
        (list, count, is_cut)
    }

    #[test]
    fn items_that_matter_keep_their_index() {
        let (list, count, is_cut) = even("[1,2,0,3,4]");
        assert_eq!(
            list.iter().collect::<Vec<_>>(),
            [(1, &Even(2)), (2, &Even(0)), (4, &Even(4))]
        );
        assert_eq!((list.len(), list.is_all_kept()), (5, false));
        assert_eq!((count, is_cut), (5, false));
    }

    #[test]
    fn items_beyond_the_bound_are_counted_and_not_kept() {
        let (list, count, is_cut) = even(&format!("[{}2]", "2,".repeat(MOST_KEPT)));
        assert_eq!(
            (list.items().count(), list.len()),
            (MOST_KEPT, MOST_KEPT + 1)
        );
        assert_eq!((count, is_cut), (MOST_KEPT + 1, true));
    }
}
