//! Reading the object of a request, within bounds.

use crate::json::{self, RawValue, ReadError};
use crate::path::Path;
use crate::pod::object::{Annotations, Metadata, Object, Spec};
use crate::pod::template::Location;
use crate::pod::{ContainerList, Pod};
use crate::policy::scope::PlacedObject;
use crate::policy::settings::Settings;

/// The most containers in all lists of a pod. ECI runs 20.
const MOST_CONTAINERS: usize = 500;

/// The most items in all lists of a pod that are read.
const MOST_ITEMS: usize = 10_000;

/// An object that was read: the pod template, and the metadata of a workload.
#[derive(Debug)]
pub struct Read<'o> {
    /// Where the pod template stands in the object.
    pub location: Location,
    /// The pod template; of a Pod the object itself.
    pub template: &'o Object<'o>,
    /// The specification of the pod.
    pub spec: &'o Spec<'o>,
    /// The metadata of the object itself.
    pub metadata: Option<&'o Metadata<'o, Annotations>>,
}

impl<'o> Read<'o> {
    /// Returns the parts of an object that was read as a whole; `None` where it has no template.
    pub fn of_whole(object: &'o Object<'o>, location: Location) -> Option<Self> {
        let template = location.template(object)?;
        Some(Self {
            location,
            template,
            spec: template.spec.as_ref()?,
            metadata: object.metadata.as_ref(),
        })
    }

    /// Returns the pod of the template. The containers are exempt as the settings say.
    pub fn pod(&self, settings: &Settings) -> Result<Pod<'o>, ReadError> {
        let own = self.metadata.filter(|_| self.location != Location::Pod);
        Pod::new(
            self.location,
            self.template,
            self.spec,
            own.map(|metadata| &metadata.annotations),
            &settings.account,
            |container| settings.exempts(container),
        )
    }

    /// Returns an error for a template with too many containers or items.
    pub(super) fn within_bounds(&self) -> Result<(), ReadError> {
        let containers: usize = ContainerList::ALL
            .iter()
            .map(|list| list.of(self.spec).len())
            .sum();
        let reason = if containers > MOST_CONTAINERS {
            format!("has more than {MOST_CONTAINERS} containers")
        } else if self.template.items > MOST_ITEMS {
            format!("has more than {MOST_ITEMS} items in the lists that the rules read")
        } else {
            return Ok(());
        };
        Err(ReadError::Invalid {
            path: Path::of(self.location.path()).field("spec"),
            reason,
        })
    }
}

/// An object that was read piece by piece.
#[derive(Debug)]
pub struct Pieces<'o> {
    location: Location,
    template: Object<'o>,
    /// The metadata of a workload itself.
    own: Option<Metadata<'o, Annotations>>,
}

impl<'o> Pieces<'o> {
    /// Reads the pod template at `location`, and the metadata of the object. Returns `None` where there is no template.
    pub fn read(object: &'o RawValue, location: Location) -> Result<Option<Self>, ReadError> {
        let object = object.get();
        let (template, _) = json::bounded(|| json::find(object, location.path()))?;
        let Some(template) = template else {
            return Ok(None);
        };
        let own = match location {
            Location::Pod => None,
            _ => json::find(object, &["metadata"])?,
        };
        Ok(Some(Self {
            location,
            template,
            own,
        }))
    }

    /// Returns the parts, where they are within the bounds.
    pub fn checked(&'o self) -> Result<Read<'o>, ReadError> {
        let spec = self
            .template
            .spec
            .as_ref()
            .ok_or_else(|| missing_spec(self.location))?;
        let metadata = match self.location {
            Location::Pod => self.template.metadata.as_ref(),
            _ => self.own.as_ref(),
        };
        let read = Read {
            location: self.location,
            template: &self.template,
            spec,
            metadata,
        };
        read.within_bounds().map(|()| read)
    }
}

/// Reads only the part of the pod template that says where the pod runs. The flag is true if even that has too many
/// items to be read. Returns `None` where there is no template.
pub fn placed(
    object: &RawValue,
    location: Location,
) -> Result<Option<(PlacedObject<'_>, bool)>, ReadError> {
    let reading = || json::find::<PlacedObject<'_>>(object.get(), location.path());
    let (Some(placed), is_cut) = json::bounded(reading)? else {
        return Ok(None);
    };
    if !placed.has_spec() {
        return Err(missing_spec(location));
    }
    Ok(Some((placed, is_cut)))
}

fn missing_spec(location: Location) -> ReadError {
    ReadError::missing(&[location.path(), &["spec"]].concat())
}
