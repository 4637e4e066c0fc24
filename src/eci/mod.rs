//! Facts about ECI, as dated data with sources, and no logic.

pub mod account;
pub mod capability;
pub mod field;
pub mod instance;
pub mod profile;
pub mod signal;
pub mod sysctl;
pub mod sysctl_format;
