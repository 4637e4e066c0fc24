//! From `docker run` to a pod, and from a pod to ECI's OpenAPI.

pub mod create_container_group;
pub mod docker_run;
