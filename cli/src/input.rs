//! Finds and reads the input: named files, files in directories, and standard input.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use eci_manifest::{Chunk, Sizes, Stream};
use eci_security_context::text::quote;
use eci_text::{MAX_MIB, too_large};
use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::config::{Config, Paths};
use crate::partial;
use crate::report::{FileReport, Problem, Weight};

/// The name of standard input in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// The source of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file that the command line names.
    Named(PathBuf),
    /// A file that was found in a directory.
    Found(PathBuf),
}

/// A text, and its source.
pub(crate) type Input<T = String> = Result<(Source, T), InputError>;

/// Returns the input as a chunk of the whole text.
pub(crate) fn whole(input: Input) -> Input<Chunk> {
    input.map(|(source, text)| (source, Chunk::whole(text)))
}

/// The sizes in which streams are read: chunks of a mebibyte, so that many are worked on at the same time.
const SIZES: Sizes = Sizes {
    chunk: 1 << 20,
    piece: (MAX_MIB << 20) as usize,
};

/// The input for a step of work.
pub(crate) enum Work {
    /// A file that is not read yet, or the reason why it is not.
    File(Result<Source, InputError>),
    /// A part of a stream.
    Chunk(Input<Chunk>),
}

impl Work {
    /// Returns the text. A file is read now.
    pub(crate) fn read(self) -> Input<Chunk> {
        match self {
            Self::File(source) => whole(source.and_then(Source::read)),
            Self::Chunk(chunk) => chunk,
        }
    }

    /// Returns the memory that it takes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Chunk(Ok((_, chunk))) => chunk.text.len(),
            _ => 0,
        }
    }
}

/// The reason why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputError {
    /// The path.
    pub(crate) name: String,
    /// The problem.
    pub(crate) message: String,
    /// True if no file is missed, as with a link back to a parent directory.
    pub(crate) is_harmless: bool,
}

impl InputError {
    fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            is_harmless: false,
        }
    }
}

impl From<InputError> for FileReport {
    fn from(error: InputError) -> Self {
        let weight = match error.is_harmless {
            true => Weight::Remark,
            false => Weight::Failure,
        };
        let problem = Problem {
            weight,
            ..Problem::failure(None, error.message)
        };
        Self {
            path: path_in_repository(&error.name),
            name: error.name,
            problems: vec![problem],
            ..Self::default()
        }
    }
}

impl Source {
    /// Returns the name for reports.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN.to_owned(),
            Self::Named(path) | Self::Found(path) => path.display().to_string(),
        }
    }

    /// Returns the steps of work. Standard input and a file above the limit are read chunk by chunk.
    pub(crate) fn work(self) -> Box<dyn Iterator<Item = Work> + Send> {
        let reader: Box<dyn Read + Send> = match &self {
            Self::Stdin => Box::new(io::stdin()),
            Self::Named(path) | Self::Found(path) => {
                let is_large = |file: &fs::Metadata| file.is_file() && file.len() > MAX_MIB << 20;
                let file = fs::metadata(path).is_ok_and(|file| is_large(&file));
                match file.then(|| File::open(path)) {
                    Some(Ok(file)) => Box::new(file),
                    _ => return Box::new(std::iter::once(Work::File(Ok(self)))),
                }
            }
        };
        Box::new(Stream::new(reader, SIZES).map(move |chunk| {
            let message = match chunk {
                Ok(chunk) if self != Self::Stdin || !chunk.is_empty() => {
                    return Work::Chunk(Ok((self.clone(), chunk)));
                }
                Ok(_) => NO_INPUT.to_owned(),
                Err(error) => format!("cannot be read: {}", plain(&error)),
            };
            Work::Chunk(Err(InputError::new(self.name(), message)))
        }))
    }

    /// Reads the text, which must be UTF-8.
    pub(crate) fn read(self) -> Input {
        let mut bytes = Vec::new();
        let read = match &self {
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
        let text = match read {
            Err(error) => Err(format!("cannot be read: {}", plain(&error))),
            Ok(false) => Err(too_large()),
            Ok(true) if self == Self::Stdin && bytes.trim_ascii().is_empty() => {
                Err(NO_INPUT.to_owned())
            }
            Ok(true) => String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("is not UTF-8 text (at byte {at}); is it a manifest?")
            }),
        };
        match text {
            Ok(text) => Ok((self, text)),
            Err(message) => Err(InputError::new(self.name(), message)),
        }
    }
}

/// The problem of empty standard input.
const NO_INPUT: &str = "is empty; did the command before it fail?";

/// Reads to the end; returns false if the text exceeds the limit.
fn read_limited(reader: impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    reader.take((MAX_MIB << 20) + 1).read_to_end(bytes)?;
    Ok(bytes.len() as u64 <= MAX_MIB << 20)
}

/// Returns the message of the operating system, without the error number and the path.
pub(crate) fn plain(error: &io::Error) -> String {
    let mut message = error.to_string();
    let mut inner = error.get_ref().map(|error| error as &(dyn Error + 'static));
    while let Some(error) = inner {
        message = error.to_string();
        inner = error.source();
    }
    let message = message.split(" (os error").next().unwrap_or_default();
    message.to_lowercase()
}

/// Returns the files of the paths on the command line, in order. Of a directory, these are the manifests (`.yaml`,
/// `.yml`, `.json`) by name, without hidden files and those that ignore files name (`.gitignore` and `.ignore`, up to
/// the root of the repository), and without those that the configuration or `--exclude` leaves out. A directory without
/// any is an error.
pub(crate) fn sources<'p>(paths: &'p Paths<'_>) -> impl Iterator<Item = Configured<'p>> + Send {
    let mut is_stdin_read = false;
    let mut is_hinted = false;
    let sources = paths.list.iter().flat_map(move |(path, config)| {
        let sources: Box<dyn Iterator<Item = Result<Source, InputError>> + Send> =
            match fs::metadata(path) {
                _ if *path == Path::new("-") => {
                    let source = match std::mem::replace(&mut is_stdin_read, true) {
                        false => Ok(Source::Stdin),
                        true => Err(InputError {
                            is_harmless: true,
                            ..InputError::new(STDIN, "is named twice, and read once")
                        }),
                    };
                    Box::new(std::iter::once(source))
                }
                Ok(metadata) if metadata.is_dir() => walk(path, paths.exclude, config),
                Ok(_) => Box::new(std::iter::once(Ok(Source::Named((*path).to_owned())))),
                Err(error) => {
                    let message = format!("cannot be read: {}", plain(&error));
                    let error = InputError::new(path.display().to_string(), message);
                    Box::new(std::iter::once(Err(error)))
                }
            };
        let config = &**config;
        sources.map(move |source| (source, config))
    });
    sources.flat_map(move |(source, config)| {
        let hint = match &source {
            Ok(Source::Named(path) | Source::Found(path)) if !is_hinted => {
                partial::overlay_hint(path).map(|message| InputError {
                    is_harmless: true,
                    ..InputError::new(path.display().to_string(), message)
                })
            }
            _ => None,
        };
        is_hinted |= hint.is_some();
        let sources = hint.map(Err).into_iter().chain([source]);
        sources.map(move |source| (source, config))
    })
}

/// A file, or the reason why it is not read, with the configuration that applies.
pub(crate) type Configured<'p> = (Result<Source, InputError>, &'p Config);

fn walk(
    directory: &Path,
    exclude: &[String],
    config: &Config,
) -> Box<dyn Iterator<Item = Result<Source, InputError>> + Send> {
    let failed = |message: String| -> Box<dyn Iterator<Item = Result<Source, InputError>> + Send> {
        let error = InputError::new(directory.display().to_string(), message);
        Box::new(std::iter::once(Err(error)))
    };
    let target = match directory.canonicalize() {
        Ok(target) => target,
        Err(error) => return failed(format!("cannot be read: {}", plain(&error))),
    };
    let excluded = match excluded(&target, exclude) {
        Ok(excluded) => excluded,
        Err(message) => return failed(message),
    };
    // Ignore files above the directory count too, so the walk begins at the root of the repository.
    let mut builder = WalkBuilder::new(repository_of(&target).unwrap_or(&target));
    // The result must not depend on the machine.
    builder
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .hidden(false)
        .follow_links(true);
    builder.sort_by_file_name(Ord::cmp);
    let way = target.clone();
    let excluded_above = config.exclude.clone();
    builder.filter_entry(move |entry| match entry.path().strip_prefix(&way) {
        Ok(below) => {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            let mut excludes = [&excluded, &excluded_above].into_iter();
            let is_excluded =
                excludes.any(|excluded| excluded.matched(entry.path(), is_directory).is_ignore());
            !below.file_name().is_some_and(is_hidden) && !is_excluded
        }
        Err(_) => way.starts_with(entry.path()),
    });
    let given = directory.to_owned();
    let renamed = move |path: &Path| match path.strip_prefix(&target) {
        Ok(below) => given.join(below),
        Err(_) => path.to_owned(),
    };
    let mut charts = HashSet::new();
    let found = builder.build().filter_map(move |entry| match entry {
        Ok(entry) => {
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            let path = renamed(entry.path());
            match templates_of(&path).filter(|_| is_file) {
                _ if !is_file || !is_manifest(&path) => None,
                None => Some(Ok(Source::Found(path))),
                Some(templates) if !charts.insert(templates.to_owned()) => None,
                Some(templates) => Some(Err(InputError {
                    is_harmless: true,
                    ..InputError::new(templates.display().to_string(), helm_hint(templates))
                })),
            }
        }
        Err(error) => {
            let error = input_error(&error, &renamed);
            let is_hidden = Path::new(&error.name).file_name().is_some_and(is_hidden);
            (!is_hidden).then_some(Err(error))
        }
    });
    let mut found = found.peekable();
    if found.peek().is_none() {
        let message = "has no manifest: no file ends in .yaml, .yml or .json, or all of them are hidden, excluded or \
                       named by an ignore file (.gitignore, .ignore); name a file to check it anyway";
        return failed(message.to_owned());
    }
    Box::new(found)
}

/// Returns the patterns of `--exclude` for a directory. The error names the pattern that is not one.
fn excluded(directory: &Path, patterns: &[String]) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new(directory);
    let invalid = |pattern: &str| format!("--exclude {}: is not a valid pattern", quote(pattern));
    for pattern in patterns {
        builder
            .add_line(None, pattern)
            .map_err(|_| invalid(pattern))?;
    }
    builder.build().map_err(|error| error.to_string())
}

/// Returns the path of a file from the root of its repository; of a file elsewhere the name, without a leading `./`.
pub(crate) fn path_in_repository(name: &str) -> String {
    // Many files are in one folder, whose repository is looked for once.
    static FOLDERS: LazyLock<Mutex<HashMap<PathBuf, Option<PathBuf>>>> =
        LazyLock::new(Mutex::default);
    let path = Path::new(name);
    let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else {
        return name.to_owned();
    };
    let inner = FOLDERS.lock().ok().and_then(|mut folders| {
        if let Some(known) = folders.get(folder) {
            return known.clone();
        }
        let inner = folder_in_repository(folder);
        folders.insert(folder.to_owned(), inner.clone());
        inner
    });
    match inner.filter(|_| name != STDIN) {
        Some(inner) => inner.join(file).display().to_string(),
        None => name.strip_prefix("./").unwrap_or(name).to_owned(),
    }
}

fn folder_in_repository(folder: &Path) -> Option<PathBuf> {
    let whole = std::env::current_dir().ok()?.join(folder);
    // Without `.` and `..`, where that is possible.
    let whole = std::path::absolute(&whole).unwrap_or(whole);
    let root = repository_of(&whole)?;
    whole.strip_prefix(root).ok().map(Path::to_owned)
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Returns the root of the repository that has this absolute path, if one has.
pub(crate) fn repository_of(path: &Path) -> Option<&Path> {
    path.ancestors().find(|above| above.join(".git").exists())
}

/// Returns the hint for a file among the templates of a chart; `None` for another file.
pub(crate) fn templates_hint(path: &Path) -> Option<String> {
    templates_of(path).map(helm_hint)
}

fn helm_hint(templates: &Path) -> String {
    let chart = templates.parent().unwrap_or(templates).display();
    format!(
        "Helm templates are not checked; check their output: helm template {chart} | eci-policy check -"
    )
}

/// Returns the directory of a chart's templates that has this file, if one has.
fn templates_of(path: &Path) -> Option<&Path> {
    let mut above = path.ancestors().skip(1);
    above.find(|directory| {
        directory.ends_with("templates") && directory.with_file_name("Chart.yaml").is_file()
    })
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

pub(crate) fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_known = |extension: &str| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    };
    extension.is_some_and(is_known)
}

fn input_error(error: &ignore::Error, renamed: &dyn Fn(&Path) -> PathBuf) -> InputError {
    let name = |path: &Path| renamed(path).display().to_string();
    match error {
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            input_error(err, renamed)
        }
        ignore::Error::Loop { ancestor, child } => InputError {
            name: name(child),
            message: format!("is skipped: it links back to {}", name(ancestor)),
            is_harmless: true,
        },
        ignore::Error::WithPath { path, err } => InputError {
            name: name(path),
            ..input_error(err, renamed)
        },
        ignore::Error::Io(error) => {
            InputError::new("", format!("cannot be read: {}", plain(error)))
        }
        other => InputError::new("", other.to_string()),
    }
}
