//! Compares the answers of every engine: the native core, the module for Kubewarden in the runtime that Kubewarden
//! embeds, the module for OPA in its npm host, and the npm package. Each is asked every case of the corpus, and
//! generated pods under generated settings. If the answers differ, the test prints the smallest question.
//!
//! `make agreement` runs it with `--cases N`, by default 20,000.
//!
//! Only Kubewarden can ask the cluster. The others refuse that setting, with the message of a native core without a
//! cluster. JavaScript has no integers beyond 53 bits and no duplicate keys, so the npm package is not asked such a
//! question, and the output counts these questions.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../../tests/support/generate/mod.rs"]
#[allow(dead_code, reason = "this test uses a part of the module")]
mod generate;

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eci_e2e_tests::{call, corpus, namespace};
use eci_security_context::{kubewarden, mutate, validate};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::generate::{PLACES, arb_pod_spec, arb_settings, placed};

/// A fixed seed, so that a reported disagreement can be reproduced.
const SEED: [u8; 32] = *b"eci-security-context: agreement!";

fn main() -> ExitCode {
    let cases = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => 20_000,
        [flag, cases] if flag == "--cases" => cases.parse().unwrap(),
        _ => panic!("usage: agreement [--cases N]"),
    };
    let engines = Engines::start();
    let mut counts = Counts::default();
    for case in corpus() {
        let question = Question {
            function: case.function.clone(),
            payload: case.payload_text(),
        };
        let namespace = namespace(&case);
        match engines.agree(&question, &namespace) {
            Ok(of_case) => counts.add(&of_case),
            Err(disagreement) => {
                eprintln!("agreement: {case}: {disagreement}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("corpus: {counts}");
    let generated = RefCell::new(Counts::default());
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let outcome = runner.run(&question(), |question| {
        let no_cluster = Err("this host has no cluster".to_owned());
        let counts = engines
            .agree(&question, &no_cluster)
            .map_err(|said| TestCaseError::fail(said.to_string()))?;
        generated.borrow_mut().add(&counts);
        Ok(())
    });
    match outcome {
        Ok(()) => {
            println!("generated: {}", generated.borrow());
            ExitCode::SUCCESS
        }
        Err(TestError::Fail(said, question)) => {
            eprintln!(
                "agreement: {said}\nThe smallest question: {} {}",
                question.function, question.payload
            );
            ExitCode::FAILURE
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// A question to every engine.
#[derive(Debug, Clone)]
struct Question {
    function: String,
    payload: String,
}

impl Question {
    /// The payload as a tree.
    fn tree(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap()
    }

    /// True if JavaScript can represent it: an object has no duplicate keys there, and a number has 53 bits.
    fn survives_javascript(&self) -> bool {
        let tree = self.tree();
        let rewritten = tree.to_string();
        rewritten == self.payload && is_exact_in_javascript(&tree)
    }
}

fn question() -> impl Strategy<Value = Question> {
    let function = prop_oneof![3 => Just("validate"), 1 => Just("mutate")];
    (arb_pod_spec(), arb_settings(), 0..PLACES.len(), function).prop_map(
        |(pod, settings, place, function)| {
            let payload = generate::payload(&placed(&pod, PLACES[place]), &settings);
            let payload: Value = serde_json::from_slice(&payload).unwrap();
            Question {
                function: function.to_owned(),
                payload: payload.to_string(),
            }
        },
    )
}

/// Counts of the questions and their outcomes.
#[derive(Default)]
struct Counts {
    questions: usize,
    denied: usize,
    repaired: usize,
    refused: usize,
    findings: usize,
    /// Answers by engines other than the native core.
    answers: usize,
    /// Questions that JavaScript cannot represent.
    beyond_javascript: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.questions += other.questions;
        self.denied += other.denied;
        self.repaired += other.repaired;
        self.refused += other.refused;
        self.findings += other.findings;
        self.answers += other.answers;
        self.beyond_javascript += other.beyond_javascript;
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            questions,
            denied,
            repaired,
            refused,
            findings,
            answers,
            beyond_javascript,
        } = self;
        write!(
            f,
            "{questions} questions ({denied} denied, {repaired} repaired, {refused} refused, {findings} findings): \
             {answers} answers of three engines, all as the native core's; {beyond_javascript} not asked of the npm \
             package, as JavaScript cannot represent them"
        )
    }
}

/// An answer in a form that all engines share.
#[derive(Debug, PartialEq)]
struct Answer {
    accepted: bool,
    code: Option<u64>,
    message: Option<String>,
    warnings: Vec<String>,
    /// The findings, as the text of the audit annotation.
    findings: Option<String>,
    /// The repaired object as canonical JSON: its keys in order, without blanks.
    object: Option<String>,
}

struct Engines {
    node: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

impl Engines {
    fn start() -> Self {
        let mut command = Command::new("node");
        command
            .arg(root("e2e-tests/node/answer.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}"));
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            node: RefCell::new((stdin, BufReader::new(stdout))),
            _child: child,
        }
    }

    /// Asks every engine. The error has both answers.
    fn agree(
        &self,
        question: &Question,
        namespace: &eci_e2e_tests::Answer,
    ) -> Result<Counts, String> {
        let asked =
            eci_e2e_tests::native(&question.function, question.payload.as_bytes(), namespace);
        let asked = kubewarden_answer(&asked?);
        let module = call(
            &question.function,
            question.payload.as_bytes(),
            namespace.clone(),
        );
        same(
            "the module for Kubewarden",
            &kubewarden_answer(&module.map_err(|error| error.to_string())?),
            &asked,
        )?;
        let unasked = unasked(question);
        same("the module for OPA", &self.opa(question), &unasked)?;
        let survives_javascript = question.survives_javascript();
        if survives_javascript {
            same("the npm package", &self.npm(question), &unasked)?;
        }
        let findings = asked.findings.as_deref().map_or(0, |findings| {
            serde_json::from_str::<Value>(findings)
                .unwrap()
                .as_array()
                .map_or(0, Vec::len)
        });
        Ok(Counts {
            questions: 1,
            denied: usize::from(asked.code == Some(403)),
            repaired: usize::from(asked.object.is_some()),
            refused: usize::from(!asked.accepted && asked.code != Some(403)),
            findings,
            answers: if survives_javascript { 3 } else { 2 },
            beyond_javascript: usize::from(!survives_javascript),
        })
    }

    fn ask(&self, engine: &str, question: &Question) -> Value {
        let (stdin, stdout) = &mut *self.node.borrow_mut();
        let question =
            json!({"engine": engine, "function": question.function, "payload": question.payload});
        writeln!(stdin, "{question}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{engine} answers {line:?}: {error}"))
    }

    fn opa(&self, question: &Question) -> Answer {
        let bindings = self.ask("opa", question);
        let response = &bindings[0]["result"]["response"];
        let object = response.get("patch").map(|patch| {
            assert_eq!(response["patchType"], "JSONPatch");
            let patch = STANDARD.decode(patch.as_str().unwrap()).unwrap();
            let mut object = question.tree()["request"]["object"].take();
            json_patch::patch(
                &mut object,
                &serde_json::from_slice::<json_patch::Patch>(&patch).unwrap(),
            )
            .unwrap();
            canonical(&object)
        });
        Answer {
            accepted: response["allowed"].as_bool().unwrap(),
            code: response["status"]["code"].as_u64(),
            message: text(&response["status"]["message"]),
            warnings: texts(&response["warnings"]),
            findings: text(&response["auditAnnotations"]["findings"]),
            object,
        }
    }

    fn npm(&self, question: &Question) -> Answer {
        let answer = self.ask("npm", question);
        let said = answer.get("verdict").unwrap_or(&answer["error"]);
        Answer {
            // An invalid request is thrown as an error.
            accepted: said["accepted"].as_bool().unwrap_or_default(),
            code: said["code"].as_u64(),
            message: text(&said["message"]),
            warnings: texts(&said["warnings"]),
            findings: text(&said["auditAnnotations"]["findings"]),
            object: said.get("object").map(canonical),
        }
    }
}

/// The answer of the native core on a host without a cluster.
fn unasked(question: &Question) -> Answer {
    let judge = if question.function == "mutate" {
        mutate
    } else {
        validate
    };
    kubewarden_answer(&kubewarden::answer(&judge(question.payload.as_bytes(), None)).unwrap())
}

/// Reads an answer in Kubewarden's shape.
fn kubewarden_answer(answer: &[u8]) -> Answer {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    Answer {
        accepted: answer["accepted"].as_bool().unwrap(),
        code: answer["code"].as_u64(),
        message: text(&answer["message"]),
        warnings: texts(&answer["warnings"]),
        findings: text(&answer["audit_annotations"]["findings"]),
        object: answer
            .get("mutated_object")
            .filter(|object| !object.is_null())
            .map(canonical),
    }
}

fn same(engine: &str, answer: &Answer, native: &Answer) -> Result<(), String> {
    if answer == native {
        return Ok(());
    }
    Err(format!(
        "{engine} answers\n{answer:#?}\nand the native core\n{native:#?}"
    ))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}

fn canonical(value: &Value) -> String {
    match value {
        // A tree may keep its keys in the order of the text.
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(canonical).collect::<Vec<_>>().join(",")
        ),
        scalar => scalar.to_string(),
    }
}

/// True if JavaScript, whose numbers have 53 bits, can represent every number of the value.
fn is_exact_in_javascript(value: &Value) -> bool {
    const MOST: u64 = (1 << 53) - 1;
    match value {
        Value::Number(number) => number
            .as_i64()
            .is_some_and(|number| number.unsigned_abs() <= MOST),
        Value::Array(items) => items.iter().all(is_exact_in_javascript),
        Value::Object(entries) => Map::values(entries).all(is_exact_in_javascript),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
