//! Files: read whole, and written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::Failure;

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// The text of a file in UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?)
        .map_err(|error| format!("cannot read {}: it is not UTF-8: {error}", path.display()).into())
}

/// Puts a file in place of what is there: until all is written, that stays.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let put = || -> io::Result<()> {
        let mut part = tempfile::Builder::new();
        // Less what the umask takes, as any new file.
        #[cfg(unix)]
        part.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut part = part.tempfile_in(folder)?;
        part.write_all(bytes)?;
        part.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
