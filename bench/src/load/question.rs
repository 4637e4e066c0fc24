//! The requests: the cases of the corpus, each time with a different uid.

use eci_corpus::Case;
use eci_e2e_tests::{Answer, corpus, namespace, native};
use serde_json::Value;

use crate::payload::Verdict;

/// Returns the uid of the request with this number.
pub(crate) fn uid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Returns the number of the request with this uid, if [`uid`] made it.
pub(crate) fn number_of(uid: &str) -> Option<u64> {
    uid.strip_prefix("00000000-0000-4000-8000-")?.parse().ok()
}

/// The number that stands for the uid in the stored text of a case. No request has it.
const PLACE: u64 = 999_999_999_999;

/// A case of the corpus.
#[derive(Debug)]
pub(crate) struct Question {
    /// `<rule>/<name>`.
    pub(crate) case: String,
    /// The host's answer when the policy requests the Namespace.
    pub(crate) namespace: Answer,
    pub(crate) verdict: Verdict,
    payload: String,
    answer: String,
}

impl Question {
    /// Returns the cases that are admission requests, with the answers of the native core.
    ///
    /// # Errors
    /// If the core has no answer to a case.
    pub(crate) fn all() -> Result<Vec<Self>, String> {
        let cases = corpus()
            .into_iter()
            .filter(|case| case.function == "validate");
        cases.map(Self::of).collect()
    }

    fn of(mut case: Case) -> Result<Self, String> {
        if let Some(request) = case.payload.get_mut("request") {
            // A repaired object contains the uid, so that its answer differs from all others.
            if let Some(Value::Object(metadata)) = request.pointer_mut("/object/metadata") {
                metadata.insert("uid".to_owned(), uid(PLACE).into());
            }
            if let Value::Object(request) = request {
                request.insert("uid".to_owned(), uid(PLACE).into());
            }
        }
        let (payload, namespace) = (case.payload_text(), namespace(&case));
        let failed = |error: String| format!("{case}: {error}");
        let answer = native("validate", payload.as_bytes(), &namespace).map_err(failed)?;
        let verdict = Verdict::of(&answer).map_err(|error| failed(error.to_string()))?;
        let answer = String::from_utf8(answer).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            case: case.name,
            namespace,
            verdict,
            payload,
            answer,
        })
    }

    /// Returns the payload of a request with this uid.
    pub(crate) fn payload(&self, uid: &str) -> String {
        self.payload.replace(&self::uid(PLACE), uid)
    }

    /// Returns the answer to a request with this uid.
    pub(crate) fn answer(&self, uid: &str) -> String {
        self.answer.replace(&self::uid(PLACE), uid)
    }

    /// Returns the size of a request in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use std::sync::{Arc, LazyLock};

    use super::*;

    static CORPUS: LazyLock<Vec<Arc<Question>>> =
        LazyLock::new(|| Question::all().unwrap().into_iter().map(Arc::new).collect());

    pub(crate) fn corpus() -> &'static [Arc<Question>] {
        &CORPUS
    }

    #[test]
    fn every_request_has_a_uid_of_its_own() {
        assert_eq!(uid(7), "00000000-0000-4000-8000-000000000007");
        assert_eq!((number_of(&uid(7)), number_of("7")), (Some(7), None));
        for question in corpus() {
            let payload = question.payload(&uid(7));
            assert_eq!(payload.len(), question.bytes());
            let payload: Value = serde_json::from_str(&payload).unwrap_or_else(|error| {
                panic!("{}: {error}", question.case);
            });
            assert_eq!(
                payload.pointer("/request/uid"),
                Some(&uid(7).into()),
                "{}",
                question.case
            );
        }
    }

    #[test]
    fn the_answer_to_a_repaired_request_is_its_own() {
        let corpus = corpus();
        let own = |question: &&Arc<Question>| question.answer(&uid(7)) != question.answer(&uid(8));
        let of = |verdict| {
            corpus
                .iter()
                .filter(move |question| question.verdict == verdict)
        };
        assert!(
            of(Verdict::Repaired).count() >= 10
                && of(Verdict::Repaired).all(|question| own(&question))
        );
        for verdict in [Verdict::Accepted, Verdict::Denied] {
            assert!(of(verdict).count() >= 100, "the corpus has every verdict");
        }
    }
}
