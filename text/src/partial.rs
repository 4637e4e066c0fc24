//! Objects that are only a part of one, such as kustomize's patches. They are not repaired: the built object has other
//! fields, and a repair of the part would override them.

use eci_security_context::pod::ContainerList;
use eci_security_context::review::read::Pieces;

use crate::object::Object;

/// The way to check the built objects.
pub const HELP: &str = "check the built objects: kustomize build DIRECTORY | eci-policy check -";

/// The keys by which a patch says how it is merged.
const DIRECTIVES: [&str; 4] = [
    "\"$patch\":",
    "\"$retainKeys\":",
    "\"$setElementOrder/",
    "\"$deleteFromPrimitiveList/",
];

/// Returns the reason why an object is only a part of one, if it is.
pub fn of_object(object: &Object<'_>) -> Option<&'static str> {
    let json = object.json().ok()?;
    let has_directive = DIRECTIVES
        .iter()
        .any(|directive| json.get().contains(directive));
    if has_directive {
        return Some("it has directives of a patch");
    }
    let pieces = Pieces::read(&json, object.location()?).ok()??;
    let spec = pieces.checked().ok()?.spec;
    let mut containers = ContainerList::ALL
        .iter()
        .flat_map(|list| list.of(spec).items());
    containers
        .any(|container| container.image.is_none())
        .then_some("a container has no image")
}
