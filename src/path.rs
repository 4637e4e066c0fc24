//! Kubernetes field paths, written as the API server prints them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::text::cut;

/// A field path from the root of an object, such as
/// `spec.containers[0].securityContext.capabilities.add[1]`. A key that is data, such as an
/// annotation's, stands in brackets: `metadata.annotations[k8s.aliyun.com/eci-host-sysctls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`]. A field and a key of the same name are one place in an object: they are equal.
#[derive(Clone, Debug)]
pub enum Step {
    /// A field that Kubernetes defines.
    Field(Cow<'static, str>),
    /// An index into a list.
    Index(usize),
    /// A key of a map whose keys are the user's.
    Key(String),
}

impl Path {
    /// The path of the given fields, from the root.
    pub fn of(fields: &[&'static str]) -> Self {
        Self(
            fields
                .iter()
                .map(|field| Step::Field(Cow::Borrowed(field)))
                .collect(),
        )
    }

    /// The field below this path.
    pub fn field(&self, name: &'static str) -> Self {
        self.step(Step::Field(Cow::Borrowed(name)))
    }

    /// The item of the list at this path.
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// The entry of the map at this path.
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// The path one step further down.
    pub fn step(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// Returns the path of the first `steps` steps.
    pub fn first(&self, steps: usize) -> Self {
        Self(self.0.iter().take(steps).cloned().collect())
    }

    /// Returns the path without its last step.
    pub fn parent(&self) -> Self {
        self.first(self.0.len().saturating_sub(1))
    }

    /// The path that begins with this one and goes on with `below`.
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// Whether `other` is this path or one above it.
    pub fn is_under(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The steps from the root down.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl Step {
    /// The key of an object that the step is; `None` for an index.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }

    /// The index into a list that the step is; `None` for a key.
    pub const fn index(&self) -> Option<usize> {
        match self {
            Self::Index(index) => Some(*index),
            Self::Field(_) | Self::Key(_) => None,
        }
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Step {}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.key(), self.index()).cmp(&(other.key(), other.index()))
    }
}

/// The most characters of a key that are shown.
const SHOWN: usize = 64;

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => {
                    f.write_str(".")?;
                    f.write_str(name)?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    f.write_str("[")?;
                    f.write_str(&cut(key.clone(), SHOWN))?;
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_the_api_server_does() {
        let spec = Path::of(&["spec", "template", "spec"]);
        assert_eq!(
            spec.field("containers").index(2).field("image").to_string(),
            "spec.template.spec.containers[2].image"
        );
        assert_eq!(
            Path::of(&["metadata", "annotations"])
                .key("k8s.aliyun.com/eci-host-sysctls")
                .to_string(),
            "metadata.annotations[k8s.aliyun.com/eci-host-sysctls]"
        );
        assert_eq!(Path::default().to_string(), "");
    }

    #[test]
    fn is_under_itself_and_its_ancestors_only() {
        let containers = Path::of(&["spec"]).field("containers");
        assert!(
            containers
                .index(1)
                .field("name")
                .is_under(&containers.index(1))
        );
        assert!(containers.index(1).is_under(&containers.index(1)));
        assert!(!containers.index(10).is_under(&containers.index(1)));
        assert!(!containers.is_under(&containers.index(1)));
    }
}
