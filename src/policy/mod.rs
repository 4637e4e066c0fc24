//! What this cluster wants: its settings, which pods are ECI's, and what is done about a finding.

pub mod decide;
pub mod parse;
#[cfg(feature = "schema")]
pub mod schema;
pub mod scope;
pub mod settings;
