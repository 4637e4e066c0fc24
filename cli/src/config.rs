//! The configuration of a repository: the nearest `.eci-policy.yaml`, from the checked path upwards.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eci_manifest::documents;
use eci_security_context::json::{self, Tree};
use eci_security_context::policy::section::{Section, SettingsErrors};
use eci_security_context::policy::settings::Settings;
use eci_security_context::text::quote;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::Exit;
use crate::args::{PathArgs, SettingsArgs};
use crate::failure::Failure;
use crate::input::{Input, Source, folder_of, repository_of};
use crate::settings::{self, Place, Raw};

/// The name of the file.
pub(crate) const NAME: &str = ".eci-policy.yaml";

/// The keys of the file.
pub(crate) const KEYS: [&str; 4] = ["settings", "exclude", "strict", "assumeEci"];

/// The rules for the files of a path: the configuration that was found, and the options of the command line.
#[derive(Debug)]
pub(crate) struct Config {
    written: Written,
    /// The file of the settings: another file, the configuration itself, or none.
    pub(crate) settings_file: Option<String>,
    raw: Value,
    settings: Settings,
    /// The settings for files whose pods all run on ECI.
    as_eci: Settings,
    /// The files whose pods all run on ECI.
    assume_eci: Gitignore,
    /// The files that are left out in directories.
    pub(crate) exclude: Gitignore,
    /// True if warnings fail the check.
    pub(crate) strict: bool,
}

/// The file, as it is written.
#[derive(Debug, Default)]
struct Written {
    file: Option<PathBuf>,
    exclude: Vec<String>,
    assume_eci: Vec<String>,
    is_strict: bool,
    /// True if all pods run on ECI.
    is_all_eci: bool,
    settings: Option<Raw>,
}

/// The paths of the command line, each with its configuration.
#[derive(Debug)]
pub(crate) struct Paths<'a> {
    /// The paths.
    pub(crate) list: Vec<(&'a Path, Arc<Config>)>,
    /// The patterns of `--exclude`.
    pub(crate) exclude: &'a [String],
}

impl<'a> Paths<'a> {
    /// Finds and reads the configuration of each path.
    ///
    /// # Errors
    /// If a configuration or its settings are not valid.
    pub(crate) fn of(paths: &'a PathArgs, args: &SettingsArgs) -> Result<Self, Failure> {
        // Many named files are in one folder.
        let mut found: HashMap<&Path, Option<PathBuf>> = HashMap::new();
        let mut known: HashMap<Option<PathBuf>, Arc<Config>> = HashMap::new();
        let mut list = Vec::new();
        for path in &paths.paths {
            let file = match args.no_config {
                true => None,
                false => {
                    let folder = searched_from(path);
                    let file = found.entry(folder).or_insert_with(|| file_above(folder));
                    file.clone()
                }
            };
            let config = match known.get(&file) {
                Some(config) => Arc::clone(config),
                None => Arc::new(Config::read(file.clone(), args)?),
            };
            known.insert(file, Arc::clone(&config));
            list.push((path.as_path(), config));
        }
        Ok(Self {
            list,
            exclude: &paths.exclude,
        })
    }

    /// Returns every configuration once, in the order of the paths.
    pub(crate) fn configs(&self) -> Vec<&Config> {
        let mut configs: Vec<&Config> = Vec::new();
        for (_, config) in &self.list {
            if !configs.iter().any(|known| std::ptr::eq(*known, &**config)) {
                configs.push(config);
            }
        }
        configs
    }

    /// Writes the configuration of each path, as YAML.
    pub(crate) fn show(&self, is_strict: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
        let shown: Vec<_> = self
            .configs()
            .into_iter()
            .map(|config| {
                let here = self
                    .list
                    .iter()
                    .filter(|(_, own)| std::ptr::eq(config, &**own));
                let mut shown = Shown::of(
                    config,
                    here.map(|(path, _)| path.display().to_string()).collect(),
                );
                shown.strict |= is_strict;
                shown.exclude.extend(self.exclude.iter().cloned());
                shown
            })
            .collect();
        let yaml = serde_saphyr::to_string(&shown);
        let yaml = yaml.map_err(|error| Failure::new(error.to_string()))?;
        out.write_all(yaml.as_bytes())?;
        Ok(Exit::Clean)
    }
}

/// A configuration, as `--show-config` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'c> {
    paths: Vec<String>,
    config: Option<String>,
    settings_file: &'c Option<String>,
    settings: &'c Value,
    profile: &'static str,
    exclude: Vec<String>,
    strict: bool,
    assume_eci: Value,
}

impl<'c> Shown<'c> {
    fn of(config: &'c Config, paths: Vec<String>) -> Self {
        let written = &config.written;
        Self {
            paths,
            config: written.file.as_ref().map(|file| shown(file)),
            settings_file: &config.settings_file,
            settings: &config.raw,
            profile: config.profile(),
            exclude: written.exclude.clone(),
            strict: config.strict,
            assume_eci: match config.settings.scope.assume_eci {
                false if !written.assume_eci.is_empty() => written.assume_eci.clone().into(),
                is_assumed => is_assumed.into(),
            },
        }
    }
}

/// Returns the folder from which the configuration of a path is looked for. A link to a file has that of its own folder,
/// and standard input that of the current directory.
fn searched_from(path: &Path) -> &Path {
    match path.is_dir() {
        true => path,
        false => folder_of(path),
    }
}

/// Returns the configuration in a folder or above it, up to the root of its repository.
fn file_above(folder: &Path) -> Option<PathBuf> {
    let path = folder.canonicalize().ok()?;
    let root = repository_of(&path);
    for directory in path.ancestors() {
        let file = directory.join(NAME);
        // What cannot be read is an error, and not ignored.
        if file.symlink_metadata().is_ok() {
            return Some(file);
        }
        if Some(directory) == root {
            break;
        }
    }
    None
}

/// Returns the name of a file for people: from the current directory, where it is below it.
fn shown(file: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let below = here
        .ok()
        .and_then(|here| file.strip_prefix(here).ok().map(Path::to_owned));
    below.as_deref().unwrap_or(file).display().to_string()
}

impl Config {
    /// Finds and reads the configuration of a file; without one, that of the current directory.
    ///
    /// # Errors
    /// As of [`Paths::of`].
    pub(crate) fn of(file: Option<PathBuf>, args: &SettingsArgs) -> Result<Self, Failure> {
        let file = file.unwrap_or_else(|| PathBuf::from("-"));
        // A new file is not saved yet.
        let known = file.ancestors().find(|path| path.exists());
        let config = known.filter(|_| !args.no_config);
        Self::read(
            config.and_then(|path| file_above(searched_from(path))),
            args,
        )
    }

    fn read(file: Option<PathBuf>, args: &SettingsArgs) -> Result<Self, Failure> {
        let written = match file {
            Some(file) => Written::read(file)?,
            None => Written::default(),
        };
        let raw = match (&args.settings, &written.settings) {
            (Some(file), _) => settings::read(file)?,
            (None, Some(raw)) => raw.clone(),
            (None, None) => Raw::default(),
        };
        let with = |assume_eci: bool| {
            raw.check(&SettingsArgs {
                assume_eci,
                profile: args.profile.clone(),
                has_namespaces: args.has_namespaces,
                ..SettingsArgs::default()
            })
        };
        let directory = written.file.as_deref().and_then(Path::parent);
        let directory = directory.unwrap_or(Path::new(""));
        Ok(Self {
            settings: with(args.assume_eci || written.is_all_eci)?,
            as_eci: with(true)?,
            assume_eci: patterns(directory, &written.assume_eci),
            exclude: patterns(directory, &written.exclude),
            strict: written.is_strict,
            settings_file: raw.place.map(|place| place.file),
            raw: raw.value,
            written,
        })
    }

    /// Returns the profile.
    pub(crate) fn profile(&self) -> &'static str {
        self.settings.account.profile.name
    }

    /// True if the labels of Namespaces count.
    pub(crate) const fn needs_namespaces(&self) -> bool {
        self.settings.scope.namespace_labels && !self.settings.scope.assume_eci
    }

    /// Returns the settings for an input.
    pub(crate) fn settings_of<T>(&self, input: &Input<T>) -> &Settings {
        match input {
            Ok((source, _)) => self.settings_for(source),
            Err(_) => &self.settings,
        }
    }

    /// Returns the settings for a file.
    pub(crate) fn settings_for(&self, source: &Source) -> &Settings {
        let is_assumed = |path: &Path| {
            let folder = folder_of(path).canonicalize();
            let name = path.file_name().unwrap_or_default();
            let path = folder.map_or_else(|_| path.to_owned(), |folder| folder.join(name));
            let is_below = path.starts_with(self.assume_eci.path());
            is_below
                && self
                    .assume_eci
                    .matched_path_or_any_parents(path, false)
                    .is_ignore()
        };
        match source {
            Source::Named(path) | Source::Found(path)
                if !self.assume_eci.is_empty() && is_assumed(path) =>
            {
                &self.as_eci
            }
            _ => &self.settings,
        }
    }
}

impl Written {
    fn read(file: PathBuf) -> Result<Self, Failure> {
        let text = settings::text_of(&file)?;
        let name = shown(&file);
        let failed = |problem: String| Failure::new(format!("{name}: {problem}"));
        let documents = documents(&text).map_err(|error| failed(error.to_string()))?;
        let value = match documents.as_slice() {
            [] => {
                return Ok(Self {
                    file: Some(file),
                    ..Self::default()
                });
            }
            [document] => document.value(),
            _ => return Err(failed("has several documents; it takes one".to_owned())),
        };
        let tree = json::read(&value.to_string()).map_err(|error| failed(error.to_string()))?;
        let errors = SettingsErrors::default();
        let root = Section::root(&tree, &KEYS, &errors);
        let place = |path| Place {
            file: name.clone(),
            text: text.clone(),
            document: 0,
            path,
        };
        let settings = match root.get("settings") {
            None => None,
            Some(Tree::Text(_)) => root.text("settings").map(str::to_owned).map(Ok),
            Some(_) => value.get("settings").cloned().map(Err),
        };
        let mut written = Self {
            exclude: root.texts("exclude", pattern),
            is_strict: root.flag("strict"),
            ..Self::default()
        };
        match root.get("assumeEci") {
            None => {}
            Some(Tree::Bool(is_all)) => written.is_all_eci = *is_all,
            Some(Tree::List(_)) => written.assume_eci = root.texts("assumeEci", pattern),
            Some(_) => root.wrong("assumeEci", || {
                "must be true, false or a list of patterns".to_owned()
            }),
        }
        let mut written = errors
            .unless_any(written)
            .map_err(|errors| place("").failure(&errors))?;
        written.settings = match settings {
            None => None,
            Some(Ok(other)) => {
                let other = shown(&file.with_file_name(other));
                let raw = settings::read(Path::new(&other));
                Some(raw.map_err(|failure| failed(format!("settings: {failure}")))?)
            }
            Some(Err(value)) => Some(Raw {
                value,
                place: Some(place("settings")),
            }),
        };
        written.file = Some(file);
        Ok(written)
    }
}

fn pattern(pattern: &str) -> Result<String, String> {
    match GitignoreBuilder::new("").add_line(None, pattern) {
        Ok(_) => Ok(pattern.to_owned()),
        Err(_) => Err(format!("{} is not a valid pattern", quote(pattern))),
    }
}

/// Returns patterns for the files of a directory. They are valid.
fn patterns(directory: &Path, patterns: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new(directory);
    for pattern in patterns {
        builder.add_line(None, pattern).ok();
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
