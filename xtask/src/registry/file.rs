//! Reads whole files, and writes them whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::Failure;

/// Returns the bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// Returns the text of a UTF-8 file.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?)
        .map_err(|error| format!("cannot read {}: invalid UTF-8: {error}", path.display()).into())
}

/// Writes a file, and replaces an existing one only when all bytes are written.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let put = || -> io::Result<()> {
        let mut part = tempfile::Builder::new();
        // The umask applies, as to any new file.
        #[cfg(unix)]
        part.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut part = part.tempfile_in(folder)?;
        part.write_all(bytes)?;
        part.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
