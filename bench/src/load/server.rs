//! A host that works as policy-server does, and clients that do not wait for answers.
//!
//! Policy-server accepts requests on a runtime with one thread per core. A fair semaphore limits the evaluations to the
//! number of workers. Each one runs on a thread for blocking work, in a fresh instance of the compiled module. TLS, HTTP,
//! the reading of the review and the patch of a repaired object are left out here.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use eci_host::Module;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::ledger::{Answer, Arrival, Fault, Ledger, Timing};
use super::question::{Question, uid};

/// The most workers: tokio's number of threads for blocking work, which policy-server does not change.
pub(crate) const MOST_WORKERS: u64 = 512;

/// The host.
pub(crate) struct Server {
    runtime: Runtime,
    permits: Arc<Semaphore>,
    module: Arc<Module>,
}

impl Server {
    /// Creates a host with this many workers.
    ///
    /// # Errors
    /// If the system cannot start the threads.
    pub(crate) fn start(module: Arc<Module>, workers: usize) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
        Ok(Self {
            runtime,
            permits: Arc::new(Semaphore::new(workers)),
            module,
        })
    }

    /// Sends a request and does not wait for the answer.
    fn ask(&self, uid: String, question: Arc<Question>, begin: Instant, answers: Sender<Answer>) {
        let (permits, module) = (Arc::clone(&self.permits), Arc::clone(&self.module));
        self.runtime.spawn(async move {
            let payload = question.payload(&uid);
            let permit = permits.acquire().await;
            let evaluation = spawn_blocking(move || {
                module.call("validate", payload.as_bytes(), move |_| {
                    question.namespace.clone()
                })
            });
            let bytes = match evaluation.await {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(panicked) => Err(panicked.to_string()),
            };
            drop(permit);
            // Sending fails only if the ledger is closed already.
            let _ = answers.send(Answer {
                uid,
                at: begin.elapsed(),
                bytes,
            });
        });
    }

    /// Sends the requests at their due times, even if earlier ones are not answered yet, and waits for the last answer.
    ///
    /// The numbers of the requests begin at `first`.
    ///
    /// # Errors
    /// If a request does not have exactly one answer, the right one.
    pub(crate) fn drive(&self, first: u64, plan: &[Arrival]) -> Result<Vec<Timing>, Vec<Fault>> {
        let (sender, answers) = channel();
        let mut ledger = Ledger::new(first, plan);
        let begin = Instant::now();
        thread::scope(|scope| {
            scope.spawn(move || {
                for (number, Arrival { due, question }) in (first..).zip(plan) {
                    if let Some(early) = due.checked_sub(begin.elapsed()) {
                        thread::sleep(early);
                    }
                    self.ask(uid(number), Arc::clone(question), begin, sender.clone());
                }
            });
            // The loop ends when the last request has dropped its sender.
            answers.into_iter().for_each(|answer| ledger.note(answer));
        });
        ledger.close()
    }
}

/// Plans requests with random questions, at the random intervals of many independent clients (a Poisson process).
///
/// The same seed gives the same plan.
pub(crate) fn plan(
    rate: f64,
    length: Duration,
    questions: &[Arc<Question>],
    seed: u64,
) -> Vec<Arrival> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut due = 0.0;
    let arrivals = std::iter::from_fn(|| {
        due += -(1.0 - random.f64()).ln() / rate;
        let due = Duration::try_from_secs_f64(due)
            .ok()
            .filter(|due| *due < length)?;
        Some(Arrival {
            due,
            question: Arc::clone(random.choice(questions)?),
        })
    });
    arrivals.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::load::question::tests::corpus;

    #[test]
    fn the_plan_has_the_rate_and_the_length_that_are_asked_for() {
        let plan = plan(1_000.0, Duration::from_secs(10), corpus(), 1);
        // The standard deviation of 10,000 is 100.
        assert!((9_500..10_500).contains(&plan.len()), "{}", plan.len());
        assert!(plan.is_sorted_by_key(|arrival| arrival.due));
        assert!(plan.last().unwrap().due < Duration::from_secs(10));
        let first_half = plan
            .iter()
            .filter(|arrival| arrival.due < Duration::from_secs(5))
            .count();
        assert!((4_600..5_400).contains(&first_half), "{first_half}");
        let asked = |question: &Arc<Question>| {
            plan.iter()
                .any(|arrival| arrival.question.case == question.case)
        };
        assert!(corpus().iter().all(asked), "every case is asked");
    }

    /// One second of more requests than the workers can evaluate at a time.
    #[test]
    fn under_load_nothing_is_lost_or_mixed_up() {
        let path = std::env::var_os("POLICY_WASM")
            .expect("POLICY_WASM names the built module; `make test` sets it");
        let server = Server::start(Arc::new(Module::load(path).unwrap()), 4).unwrap();
        let plan = plan(2_000.0, Duration::from_secs(1), corpus(), 2);
        let timings = server.drive(1_000, &plan).unwrap();
        assert_eq!(timings.len(), plan.len());
    }
}
