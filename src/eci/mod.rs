//! What ECI supports, as data with sources. No branch of a rule knows a name that stands here.

pub mod capability;
pub mod instance;
pub mod profile;
pub mod signal;
pub mod sysctl;
pub mod sysctl_format;
