//! The figures of a measurement, as JSON and as Markdown.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ledger::Timing;
use super::question::Question;
use crate::payload::Verdict;

/// A measurement, in the format of `docs/load.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The version of the policy.
    pub(crate) version: String,
    /// The system and the cores, which host and clients share.
    pub(crate) machine: String,
    /// The most evaluations at a time.
    pub(crate) workers: usize,
    /// The duration of each rate.
    pub(crate) seconds: u64,
    /// The latency from which an answer counts as late.
    pub(crate) deadline_ms: u64,
    pub(crate) requests: Requests,
    /// The figures of each rate, in rising order.
    pub(crate) rates: Vec<Rate>,
}

/// The requests of a measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// The numbers of cases that are accepted, repaired and denied.
    pub(crate) accepted: usize,
    pub(crate) repaired: usize,
    pub(crate) denied: usize,
    /// The median size.
    pub(crate) median_bytes: usize,
}

/// The figures of one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// The planned requests per second.
    pub(crate) rate: u64,
    /// The number of requests. Each had the right answer.
    pub(crate) requests: usize,
    /// The answers per second while requests arrived.
    pub(crate) answered: u64,
    pub(crate) latency_us: Latency,
    /// The number of late answers.
    pub(crate) late: usize,
    /// The peak memory of the process with its clients, if the system reports it.
    pub(crate) peak_kib: Option<u64>,
}

/// Percentiles of the latency, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Requests {
    pub(crate) fn of<'q>(questions: impl Iterator<Item = &'q Question>) -> Self {
        let mut requests = Self::default();
        let mut bytes = Vec::new();
        for question in questions {
            match question.verdict {
                Verdict::Accepted => requests.accepted += 1,
                Verdict::Repaired => requests.repaired += 1,
                Verdict::Denied | Verdict::Refused | Verdict::Late => requests.denied += 1,
            }
            bytes.push(question.bytes());
        }
        bytes.sort_unstable();
        requests.median_bytes = percentile(&bytes, 50).unwrap_or_default();
        requests
    }
}

impl Rate {
    pub(crate) fn of(
        rate: u64,
        timings: &[Timing],
        length: Duration,
        deadline: Duration,
        peak_kib: Option<u64>,
    ) -> Self {
        let mut latencies: Vec<_> = timings.iter().map(|timing| timing.latency()).collect();
        latencies.sort_unstable();
        let at = |percent| {
            let latency = percentile(&latencies, percent).unwrap_or_default();
            u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
        };
        let in_time = timings
            .iter()
            .filter(|timing| timing.answered < length)
            .count();
        Self {
            rate,
            requests: timings.len(),
            answered: (in_time as f64 / length.as_secs_f64()).round() as u64,
            latency_us: Latency {
                p50: at(50),
                p90: at(90),
                p99: at(99),
                max: at(100),
            },
            late: latencies
                .iter()
                .filter(|latency| **latency > deadline)
                .count(),
            peak_kib,
        }
    }
}

/// Returns a percentile of sorted samples, by the nearest rank.
pub(crate) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

impl Run {
    /// Returns the highest rate up to which 99 of 100 answers meet the deadline.
    fn sustained(&self) -> Option<&Rate> {
        let met = |rate: &&Rate| rate.latency_us.p99 <= self.deadline_ms.saturating_mul(1_000);
        self.rates.iter().take_while(met).last()
    }

    /// Returns the figures in Markdown: the requests, the picture, a table and a conclusion.
    pub(crate) fn page(&self) -> String {
        let Self {
            version,
            machine,
            workers,
            seconds,
            deadline_ms,
            requests,
            ..
        } = self;
        let Requests {
            accepted,
            repaired,
            denied,
            median_bytes,
        } = requests;
        let mut page = format!(
            "![Latency over the rate of requests](load.svg)\n\n\
             Version {version} on {machine}; workers: {workers}; {seconds} s a rate. The requests are the cases of the corpus at \
             random:\n{accepted} that are accepted, {repaired} repaired, {denied} denied, of {median_bytes} bytes in the \
             middle.\n\n{}",
            self.heading()
        );
        for rate in &self.rates {
            page += &self.row(rate);
        }
        page += "\n";
        // Writing to a `String` does not fail.
        let _ = match self.sustained() {
            Some(rate) => writeln!(
                page,
                "99 of 100 answers come within {deadline_ms} ms up to **{} requests a second, {} a worker**.",
                rate.rate,
                rate.rate / (*workers as u64).max(1)
            ),
            None => {
                writeln!(
                    page,
                    "At none of these rates do 99 of 100 answers come within {deadline_ms} ms."
                )
            }
        };
        page
    }

    /// Returns the head of the table.
    pub(crate) fn heading(&self) -> String {
        format!(
            "| requests a second | answered | p50 | p90 | p99 | max | over {} ms | memory |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|\n",
            self.deadline_ms
        )
    }

    /// Returns a row of the table.
    pub(crate) fn row(&self, rate: &Rate) -> String {
        let Latency { p50, p90, p99, max } = &rate.latency_us;
        let [p50, p90, p99, max] = [p50, p90, p99, max].map(|us| Milliseconds(*us));
        let late = 100.0 * rate.late as f64 / (rate.requests as f64).max(1.0);
        let memory = rate.peak_kib.map_or("–".to_owned(), |kib| {
            format!("{} MiB", kib.div_ceil(1024))
        });
        format!(
            "| {} | {} | {p50} | {p90} | {p99} | {max} | {late:.1}% | {memory} |\n",
            rate.rate, rate.answered
        )
    }
}

/// Returns microseconds as milliseconds with three significant digits.
struct Milliseconds(u64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0 as f64 / 1_000.0;
        let digits = match self.0 {
            0..10_000 => 2,
            10_000..100_000 => 1,
            _ => 0,
        };
        write!(f, "{ms:.digits$} ms")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    pub(crate) fn run() -> Run {
        let rate = |rate, p99, late| Rate {
            rate,
            requests: 1_000,
            answered: rate,
            latency_us: Latency {
                p50: 512,
                p90: 9_994,
                p99,
                max: 123_456,
            },
            late,
            peak_kib: Some(40 * 1024),
        };
        Run {
            version: "0.1.0".to_owned(),
            machine: "linux x86_64, 2 cores".to_owned(),
            workers: 2,
            seconds: 10,
            deadline_ms: 100,
            requests: Requests {
                accepted: 1,
                repaired: 2,
                denied: 3,
                median_bytes: 700,
            },
            rates: vec![
                rate(500, 20_000, 1),
                rate(1_000, 100_000, 10),
                rate(2_000, 100_001, 999),
            ],
        }
    }

    /// The nearest rank is the percentage of the count, rounded up.
    #[test]
    fn percentiles_by_hand() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (percent, value) in [(50, 50), (90, 90), (99, 99), (100, 100)] {
            assert_eq!(percentile(&hundred, percent), Some(value));
        }
        // 50% of 5 is 2.5, 90% is 4.5, 99% is 4.95: the third, the fifth, the fifth.
        for (percent, value) in [(50, 35), (90, 50), (99, 50), (100, 50), (30, 20)] {
            assert_eq!(percentile(&[15, 20, 35, 40, 50], percent), Some(value));
        }
        // 99% of 200 is 198.
        let two_hundred: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&two_hundred, 99), Some(198));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile::<u64>(&[], 50), None);
    }

    #[test]
    fn the_figures_of_a_rate() {
        let ms = Duration::from_millis;
        // Latencies of 1, 2, 101 and 1,500 ms; the last answer comes after the second is over.
        let timings = [(0, 1), (10, 12), (20, 121), (500, 2_000)].map(|(due, answered)| Timing {
            due: ms(due),
            answered: ms(answered),
        });
        let rate = Rate::of(4, &timings, ms(1_000), ms(100), None);
        assert_eq!((rate.requests, rate.answered, rate.late), (4, 3, 2));
        assert_eq!(
            rate.latency_us,
            Latency {
                p50: 2_000,
                p90: 1_500_000,
                p99: 1_500_000,
                max: 1_500_000
            }
        );
    }

    #[test]
    fn the_page_by_hand() {
        let page = run().page();
        assert!(page.contains(
            "| requests a second | answered | p50 | p90 | p99 | max | over 100 ms | memory |\n"
        ));
        assert!(
            page.contains("| 500 | 500 | 0.51 ms | 9.99 ms | 20.0 ms | 123 ms | 0.1% | 40 MiB |\n"),
            "{page}"
        );
        assert!(
            page.ends_with("within 100 ms up to **1000 requests a second, 500 a worker**.\n"),
            "{page}"
        );
        let slow = Run {
            deadline_ms: 1,
            ..run()
        };
        assert!(
            slow.page()
                .ends_with("At none of these rates do 99 of 100 answers come within 1 ms.\n")
        );
    }

    #[test]
    fn the_data_are_read_as_they_are_written() {
        let text = serde_json::to_string(&run()).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run());
    }
}
