//! The ledger of a measurement: every request must get exactly one answer, the right one.

use std::sync::Arc;
use std::time::Duration;

use super::question::{Question, number_of, uid};

/// A request with its due time.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The due time, since the start of the measurement.
    pub(crate) due: Duration,
    pub(crate) question: Arc<Question>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The uid of its request.
    pub(crate) uid: String,
    /// The time of arrival, since the start of the measurement.
    pub(crate) at: Duration,
    /// The answer of the policy, or an error.
    pub(crate) bytes: Result<Vec<u8>, String>,
}

/// A fault in the answers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{uid} ({case}): lost: there is no answer")]
    Lost { uid: String, case: String },
    #[error("{uid} ({case}): doubled: it is answered a second time")]
    Doubled { uid: String, case: String },
    #[error("{uid}: stray: no request has this uid")]
    Stray { uid: String },
    #[error("{uid} ({case}): mixed up: the answer is not the native core's")]
    MixedUp { uid: String, case: String },
    #[error("{uid} ({case}): failed: {reason}")]
    Failed {
        uid: String,
        case: String,
        reason: String,
    },
}

/// The times at which a request was due and answered, since the start of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) due: Duration,
    pub(crate) answered: Duration,
}

impl Timing {
    /// Returns the time since the request was due, so that the time before it is sent counts too.
    pub(crate) fn latency(self) -> Duration {
        self.answered.saturating_sub(self.due)
    }
}

/// The requests of a measurement and their answers so far.
#[derive(Debug)]
pub(crate) struct Ledger<'p> {
    /// The number of the first request. The others are numbered from it.
    first: u64,
    requests: Vec<(&'p Arrival, Option<Duration>)>,
    faults: Vec<Fault>,
}

impl<'p> Ledger<'p> {
    /// Creates a ledger without answers.
    pub(crate) fn new(first: u64, plan: &'p [Arrival]) -> Self {
        Self {
            first,
            requests: plan.iter().map(|arrival| (arrival, None)).collect(),
            faults: Vec::new(),
        }
    }

    /// Records an answer.
    pub(crate) fn note(&mut self, answer: Answer) {
        let Answer { uid, at, bytes } = answer;
        let index = number_of(&uid).and_then(|number| number.checked_sub(self.first));
        let request = index.and_then(|index| self.requests.get_mut(usize::try_from(index).ok()?));
        let Some((arrival, answered)) = request else {
            self.faults.push(Fault::Stray { uid });
            return;
        };
        let case = || arrival.question.case.clone();
        let fault = match bytes {
            _ if answered.is_some() => Fault::Doubled { case: case(), uid },
            Ok(bytes) if bytes == arrival.question.answer(&uid).as_bytes() => {
                *answered = Some(at);
                return;
            }
            Ok(_) => Fault::MixedUp { case: case(), uid },
            Err(reason) => Fault::Failed {
                case: case(),
                uid,
                reason,
            },
        };
        *answered = Some(at);
        self.faults.push(fault);
    }

    /// Returns the timings in the order of the requests.
    ///
    /// # Errors
    /// If a request does not have exactly one answer, the right one.
    pub(crate) fn close(mut self) -> Result<Vec<Timing>, Vec<Fault>> {
        let mut timings = Vec::with_capacity(self.requests.len());
        for (number, (arrival, answered)) in (self.first..).zip(self.requests) {
            match answered {
                Some(answered) => timings.push(Timing {
                    due: arrival.due,
                    answered,
                }),
                None => {
                    self.faults.push(Fault::Lost {
                        uid: uid(number),
                        case: arrival.question.case.clone(),
                    });
                }
            }
        }
        if self.faults.is_empty() {
            Ok(timings)
        } else {
            Err(self.faults)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may panic"
    )]

    use super::*;
    use crate::load::question::tests::corpus;
    use crate::payload::Verdict;

    const FIRST: u64 = 100;

    /// Returns two repaired requests of one case and a denied one.
    fn plan() -> Vec<Arrival> {
        let of = |verdict, own| {
            let is = |question: &&Arc<Question>| {
                question.verdict == verdict
                    && (question.answer(&uid(1)) != question.answer(&uid(2))) == own
            };
            Arc::clone(corpus().iter().find(is).unwrap())
        };
        let questions = [
            of(Verdict::Repaired, true),
            of(Verdict::Repaired, true),
            of(Verdict::Denied, false),
        ];
        (1..)
            .zip(questions)
            .map(|(ms, question)| Arrival {
                due: Duration::from_millis(ms),
                question,
            })
            .collect()
    }

    /// Returns the right answer to the request with this index, 10 ms after the start of the measurement.
    fn answer(plan: &[Arrival], index: usize) -> Answer {
        let uid = uid(FIRST + index as u64);
        let bytes = Ok(plan[index].question.answer(&uid).into_bytes());
        Answer {
            uid,
            at: Duration::from_millis(10),
            bytes,
        }
    }

    fn closed(plan: &[Arrival], answers: Vec<Answer>) -> Result<Vec<Timing>, Vec<Fault>> {
        let mut ledger = Ledger::new(FIRST, plan);
        answers.into_iter().for_each(|answer| ledger.note(answer));
        ledger.close()
    }

    #[test]
    fn each_request_has_one_answer_its_own() {
        let plan = plan();
        let timings = closed(&plan, [2, 0, 1].map(|index| answer(&plan, index)).into()).unwrap();
        let latencies: Vec<_> = timings
            .into_iter()
            .map(|timing| timing.latency().as_millis())
            .collect();
        assert_eq!(
            latencies,
            [9, 8, 7],
            "in the order of the requests, from when each was due"
        );
    }

    #[test]
    fn a_lost_answer_is_reported() {
        let plan = plan();
        let faults = closed(&plan, vec![answer(&plan, 0), answer(&plan, 2)]).unwrap_err();
        assert_eq!(
            faults,
            [Fault::Lost {
                uid: uid(101),
                case: plan[1].question.case.clone()
            }]
        );
    }

    #[test]
    fn a_doubled_answer_is_reported() {
        let plan = plan();
        let faults =
            closed(&plan, [0, 1, 2, 1].map(|index| answer(&plan, index)).into()).unwrap_err();
        assert_eq!(
            faults,
            [Fault::Doubled {
                uid: uid(101),
                case: plan[1].question.case.clone()
            }]
        );
    }

    #[test]
    fn swapped_answers_are_reported_even_for_one_case() {
        let plan = plan();
        for (one, other) in [(0, 1), (1, 2)] {
            let mut answers = [0, 1, 2].map(|index| answer(&plan, index));
            let bytes = answers[one].bytes.clone();
            answers[one].bytes = answers[other].bytes.clone();
            answers[other].bytes = bytes;
            let faults = closed(&plan, answers.into()).unwrap_err();
            let mixed_up = |index: usize| Fault::MixedUp {
                uid: uid(FIRST + index as u64),
                case: plan[index].question.case.clone(),
            };
            assert_eq!(faults, [mixed_up(one), mixed_up(other)]);
        }
    }

    #[test]
    fn a_stray_answer_and_a_failed_request_are_reported() {
        let plan = plan();
        let mut answers: Vec<_> = [0, 1, 2].map(|index| answer(&plan, index)).into();
        answers[2].bytes = Err("trapped".to_owned());
        for uid in [uid(FIRST - 1), uid(FIRST + 3), "x".to_owned()] {
            answers.push(Answer {
                uid,
                ..answer(&plan, 0)
            });
        }
        let mut faults = closed(&plan, answers).unwrap_err().into_iter();
        let case = plan[2].question.case.clone();
        assert_eq!(
            faults.next(),
            Some(Fault::Failed {
                uid: uid(102),
                case,
                reason: "trapped".to_owned()
            })
        );
        let strays = [uid(99), uid(103), "x".to_owned()].map(|uid| Fault::Stray { uid });
        assert_eq!(faults.collect::<Vec<_>>(), strays);
    }
}
