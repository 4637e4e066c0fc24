//! The files that are read: those named, those in directories, standard input.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// The most mebibytes that are read of a file.
pub(crate) const MAX_MIB: u64 = 32;

/// The name by which standard input is told.
pub(crate) const STDIN: &str = "<stdin>";

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file that the command line names.
    Named(PathBuf),
    /// A file that was found in a directory.
    Found(PathBuf),
}

impl Source {
    /// How it is told.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN.to_owned(),
            Self::Named(path) | Self::Found(path) => path.display().to_string(),
        }
    }

    /// The text, which is UTF-8.
    ///
    /// # Errors
    /// Why it cannot be had, and the way out.
    pub(crate) fn read(&self) -> Result<String, String> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Stdin => read_limited(io::stdin().lock(), &mut bytes),
            Self::Named(path) | Self::Found(path) => File::open(path).and_then(|file| {
                let size = file.metadata()?.len();
                match usize::try_from(size).ok().filter(|_| size <= MAX_MIB << 20) {
                    Some(size) => {
                        bytes.reserve_exact(size + 1);
                        read_limited(file, &mut bytes)
                    }
                    None => Ok(false),
                }
            }),
        };
        match read {
            Err(error) => Err(format!("cannot be read: {}", plain(&error))),
            Ok(false) => Err(format!(
                "is larger than {MAX_MIB} MiB, the most that is read of a file; split it"
            )),
            Ok(true) => String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("is not UTF-8 text (from byte {at} on); is it a manifest?")
            }),
        }
    }
}

/// Reads to the end; false where that is too far.
fn read_limited(reader: impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    reader.take((MAX_MIB << 20) + 1).read_to_end(bytes)?;
    Ok(bytes.len() as u64 <= MAX_MIB << 20)
}

/// What the system says, without its error number, and without what those between it and us add: the path, as a rule,
/// which is told already.
pub(crate) fn plain(error: &io::Error) -> String {
    let mut said = error.to_string();
    let mut inner = error.get_ref().map(|error| error as &(dyn Error + 'static));
    while let Some(error) = inner {
        said = error.to_string();
        inner = error.source();
    }
    said.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

/// What stands in the way to a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The path.
    pub(crate) name: String,
    /// What is wrong with it.
    pub(crate) message: String,
    /// Whether nothing is missed: a link that leads back to a directory above it.
    pub(crate) is_harmless: bool,
}

/// The files of paths that were given on the command line, in their order; of directories the manifests (`.yaml`,
/// `.yml`, `.json`) by name, without hidden files and those that `.gitignore` or `.ignore` files name.
pub(crate) fn sources(
    paths: &[PathBuf],
) -> impl Iterator<Item = Result<Source, Obstacle>> + Send + '_ {
    let mut is_stdin_read = false;
    paths.iter().flat_map(
        move |path| -> Box<dyn Iterator<Item = Result<Source, Obstacle>> + Send> {
            if path == Path::new("-") {
                let source = match std::mem::replace(&mut is_stdin_read, true) {
                    false => Ok(Source::Stdin),
                    true => Err(Obstacle {
                        name: STDIN.to_owned(),
                        message: "is read once, though it is named again".to_owned(),
                        is_harmless: true,
                    }),
                };
                return Box::new(std::iter::once(source));
            }
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => Box::new(walk(path)),
                Ok(_) => Box::new(std::iter::once(Ok(Source::Named(path.clone())))),
                Err(error) => Box::new(std::iter::once(Err(Obstacle {
                    name: path.display().to_string(),
                    message: format!("cannot be read: {}", plain(&error)),
                    is_harmless: false,
                }))),
            }
        },
    )
}

fn walk(directory: &Path) -> impl Iterator<Item = Result<Source, Obstacle>> + Send + use<> {
    let mut builder = WalkBuilder::new(directory);
    // What is read must not depend on the machine.
    builder
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(true);
    builder.sort_by_file_name(Ord::cmp);
    builder.build().filter_map(|entry| match entry {
        Ok(entry) => {
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            (is_file && is_manifest(entry.path())).then(|| Ok(Source::Found(entry.into_path())))
        }
        Err(error) => Some(Err(obstacle(&error))),
    })
}

fn is_manifest(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    ["yaml", "yml", "json"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

fn obstacle(error: &ignore::Error) -> Obstacle {
    match error {
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            obstacle(err)
        }
        ignore::Error::Loop { ancestor, child } => Obstacle {
            name: child.display().to_string(),
            message: format!(
                "is not entered again: it leads back to {}",
                ancestor.display()
            ),
            is_harmless: true,
        },
        ignore::Error::WithPath { path, err } => Obstacle {
            name: path.display().to_string(),
            ..obstacle(err)
        },
        ignore::Error::Io(error) => Obstacle {
            name: String::new(),
            message: format!("cannot be read: {}", plain(error)),
            is_harmless: false,
        },
        other => Obstacle {
            name: String::new(),
            message: other.to_string(),
            is_harmless: false,
        },
    }
}
