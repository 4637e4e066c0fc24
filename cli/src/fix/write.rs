//! Writing a file in place.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use crate::input::plain;

/// Replaces the content of a file, completely or not at all. The error is for people to read.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let plain = |error: io::Error| plain(&error);
    // The target of a symbolic link is written, and the link stays.
    let path = fs::canonicalize(path).map_err(plain)?;
    let metadata = fs::metadata(&path).map_err(plain)?;
    if metadata.permissions().readonly() {
        return Err("the file is read-only".to_owned());
    }
    let links = hard_links(&metadata);
    if links > 1 {
        let help =
            "repair a copy (`eci-policy fix - <FILE >COPY`), and copy it back (`cat COPY >FILE`)";
        return Err(format!(
            "the file has {links} hard links, and the others would not change; {help}"
        ));
    }
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(plain)?;
    file.write_all(text.as_bytes()).map_err(plain)?;
    keep_owner(file.as_file(), &metadata).map_err(|error| {
        format!(
            "its owner and group cannot be kept ({}); run the command as its owner",
            plain(error)
        )
    })?;
    // A change of the owner clears some permissions, so these come after it.
    file.as_file()
        .set_permissions(metadata.permissions())
        .map_err(plain)?;
    file.as_file().sync_all().map_err(plain)?;
    file.persist(&path).map_err(|error| plain(error.error))?;
    Ok(())
}

/// Returns the number of hard links to a file.
#[cfg(unix)]
fn hard_links(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

/// Returns 1: on other systems, hard links are not counted.
#[cfg(not(unix))]
fn hard_links(_metadata: &Metadata) -> u64 {
    1
}

/// Gives a file the owner and the group of another.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    fchown(file, Some(like.uid()), Some(like.gid()))
}

/// Does nothing: on other systems, a file has the owner of its folder.
#[cfg(not(unix))]
fn keep_owner(_file: &File, _like: &Metadata) -> io::Result<()> {
    Ok(())
}
