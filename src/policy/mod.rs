//! The policy of a cluster: its settings, which pods run on ECI, and the action on a finding.

#[cfg(feature = "cel")]
pub mod cel;
pub mod decide;
pub mod parse;
#[cfg(feature = "schema")]
pub mod schema;
pub mod scope;
pub mod section;
pub mod settings;
