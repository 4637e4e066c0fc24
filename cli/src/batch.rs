//! Work on many files: on all cores, a batch at a time, so that what is kept does not grow with their number.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use crate::failure::Failure;
use crate::input::{Obstacle, Source, sources};

/// How many files are worked on before anything is said of them.
const BATCH: usize = 256;

/// The time without a word that a terminal is left alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Works on the files of paths on all cores, and hands what comes of it to `each`, in the order of the files. A
/// progress bar stands on a terminal once that takes longer than a second.
pub(crate) fn in_order<T: Send>(
    paths: &[PathBuf],
    work: impl Fn(Result<Source, Obstacle>) -> T + Sync,
    mut each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut sources = sources(paths);
    let mut progress = Progress {
        since: Instant::now(),
        done: 0,
        bar: None,
    };
    let mut next = || sources.by_ref().take(BATCH).collect::<Vec<_>>();
    let mut batch = next();
    while !batch.is_empty() {
        let results: Vec<T>;
        (results, batch) = match batch.len() {
            // Threads cost more than one file does.
            1 => (batch.into_iter().map(&work).collect(), next()),
            // To find files takes long enough for the other cores to wait for it.
            _ => rayon::join(|| batch.into_par_iter().map(&work).collect(), &mut next),
        };
        progress.advance(results.len(), paths);
        let say = || results.into_iter().try_for_each(&mut each);
        match &progress.bar {
            Some(bar) => bar.suspend(say)?,
            None => say()?,
        }
    }
    Ok(())
}

struct Progress {
    since: Instant,
    done: usize,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn advance(&mut self, more: usize, paths: &[PathBuf]) {
        self.done += more;
        if self.bar.is_none() && self.since.elapsed() > PATIENCE && std::io::stderr().is_terminal()
        {
            self.bar = Some(bar(sources(paths).count()));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(files: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:32} {pos} of {len} files, {eta} to go") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
