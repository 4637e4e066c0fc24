//! Works on many files on all cores, a batch at a time, so that memory does not grow with their number.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use eci_manifest::Chunk;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use crate::config::{Config, Paths};
use crate::failure::Failure;
use crate::input::{Configured, Input, Source, Work, sources};

/// The number of files whose results are kept before they are reported.
const BATCH: usize = 256;

/// The bytes of streams that are read before they are worked on.
const READ: usize = 2 << 20;

/// The time before a progress bar is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the files of paths and works on them on all cores, and passes the results to `each` in the order of the files.
/// A terminal shows a progress bar after a second.
pub(crate) fn in_order<T: Send>(
    paths: &Paths<'_>,
    work: impl Fn(Input, &Config) -> T + Sync,
    each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let work = |(source, config): Configured<'_>| work(source.and_then(Source::read), config);
    steps(paths, sources(paths), |_| 0, work, each)
}

/// Works on paths like [`in_order`], a chunk of a stream at a time. `before` takes them in order, before they are worked
/// on, and returns something for the work.
pub(crate) fn streamed<B: Send, T: Send>(
    paths: &Paths<'_>,
    mut before: impl FnMut(Work, &Config) -> (Work, B) + Send,
    work: impl Fn(Input<Chunk>, B, &Config) -> T + Sync,
    each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let all = sources(paths).flat_map(|(source, config)| {
        let steps = match source {
            Ok(source) => source.work(),
            Err(error) => Box::new(std::iter::once(Work::File(Err(error)))),
        };
        steps.map(move |step| (step, config))
    });
    let all = all.map(|(step, config)| (before(step, config), config));
    let size = |((step, _), _): &((Work, B), &Config)| step.size();
    let work = |((step, more), config): ((Work, B), &Config)| work(step.read(), more, config);
    steps(paths, all, size, work, each)
}

fn steps<S: Send, T: Send>(
    paths: &Paths<'_>,
    mut steps: impl Iterator<Item = S> + Send,
    size: impl Fn(&S) -> usize + Sync,
    work: impl Fn(S) -> T + Sync,
    mut each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut progress = Progress {
        since: Instant::now(),
        done: 0,
        bar: None,
    };
    let mut next = || {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH
            && bytes < READ
            && let Some(step) = steps.next()
        {
            bytes += size(&step);
            batch.push(step);
        }
        batch
    };
    let mut batch = next();
    while !batch.is_empty() {
        let results: Vec<T>;
        (results, batch) = match batch.len() {
            // For one file, threads cost more than they save.
            1 => (batch.into_iter().map(&work).collect(), next()),
            // The next files are searched meanwhile, as the search is slow.
            _ => rayon::join(|| batch.into_par_iter().map(&work).collect(), &mut next),
        };
        progress.advance(results.len(), paths);
        let report = || results.into_iter().try_for_each(&mut each);
        match &progress.bar {
            Some(bar) => bar.suspend(report)?,
            None => report()?,
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
    fn advance(&mut self, more: usize, paths: &Paths<'_>) {
        self.done += more;
        if self.bar.is_none() && self.since.elapsed() > PATIENCE && std::io::stderr().is_terminal()
        {
            // A stream has no end that is known.
            self.bar = Some(sources(paths).count())
                .filter(|files| *files > 1)
                .map(bar);
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
