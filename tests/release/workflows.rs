//! The rules of the workflows in .github, and of a checkout.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

fn workflow(file: &str) -> Value {
    let text = text(root(file));
    eci_manifest::documents(&text).unwrap()[0].value()
}

/// The jobs of the workflows, with their names.
fn jobs() -> Vec<(String, Value)> {
    let of = |file| {
        let jobs = workflow(file)["jobs"].as_object().unwrap().clone();
        jobs.into_iter()
            .map(move |(name, job)| (format!("{file}: {name}"), job))
    };
    WORKFLOWS.into_iter().flat_map(of).collect()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().unwrap()
}

fn checks_out(step: &Value) -> bool {
    let action = step["uses"].as_str().unwrap_or_default();
    action.starts_with("actions/checkout@")
}

/// The commands of the workflows that tests run.
const RUN_BY_TESTS: [&str; 12] = [
    "make test",
    // `make test` runs these in `make test-release`.
    "scripts/release-assets target/release-assets",
    "scripts/dist target/release-assets --profile dist",
    "scripts/checksums target/release-assets",
    // The other modules of this test run these.
    "scripts/changelog check \"$TAG\"",
    "scripts/changelog notes \"$TAG\"",
    "scripts/publish modules",
    "scripts/publish image",
    "scripts/publish signatures",
    "scripts/publish release",
    "scripts/publish artifacthub",
    "scripts/publish npm",
];

/// The checks that workflows run and `make test` does not.
const CHECKS: [&str; 4] = ["make check", "make lint-wasm", "make doc", "make deny"];

#[test]
fn every_step_is_a_command_that_the_tests_run() {
    let makefile = text(root("Makefile"));
    let recipe = |target: &str| {
        let (_, rest) = makefile.split_once(&format!("\n{target}:")).unwrap();
        rest.split("\n\n").next().unwrap()
    };
    let mut run = BTreeSet::new();
    for (job, body) in jobs() {
        // A job without a checkout has no Makefile.
        let steps = steps(&body).iter();
        if !steps.clone().any(checks_out) {
            continue;
        }
        for step in steps.filter(|step| step.get("uses").is_none()) {
            let command = step["run"].as_str().unwrap();
            assert!(
                RUN_BY_TESTS.contains(&command) || CHECKS.contains(&command),
                "{job}: no test runs `{command}`"
            );
            run.insert(command.to_owned());
        }
    }
    let known = RUN_BY_TESTS.into_iter().chain(CHECKS).map(str::to_owned);
    assert_eq!(run, known.collect(), "no workflow runs one of the commands");
    assert!(recipe("test").contains("test-release"));
    for script in ["release-assets", "dist", "checksums"] {
        let command = format!("scripts/{script} $(RELEASE_DIR)");
        assert!(recipe("test-release").contains(&command), "{command}");
    }
}

/// The shell would run text of an event that is put into a script.
#[test]
fn no_script_contains_an_expression() {
    for (job, body) in jobs() {
        for step in steps(&body) {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{job}: pass it in `env`: {script}");
        }
    }
}

/// CI builds the command as a release does, so that a tag does not fail to build.
#[test]
fn the_command_is_built_on_every_machine_before_a_release() {
    let [ci, release] = WORKFLOWS.map(|file| workflow(file)["jobs"]["command"].clone());
    assert_eq!(ci["strategy"]["matrix"], release["strategy"]["matrix"]);
    for key in ["runs-on", "defaults"] {
        assert_eq!(ci[key], release[key], "{key}");
    }
    for job in [ci, release] {
        let mut steps = steps(&job).iter();
        assert!(steps.any(|step| step["run"] == RUN_BY_TESTS[2]), "{job}");
    }
}

/// Git converts no line ends: text has those of Unix everywhere, and inputs of the fuzzer and pixels are binary.
#[test]
fn a_checkout_is_the_same_on_every_machine() {
    let mut git = Command::new("git");
    let git = git.args(["ls-files", "--eol"]).current_dir(root(""));
    let files = passed(git.output().unwrap());
    assert!(files.contains("\tfuzz/found/"), "{files}");
    for line in files.lines() {
        let (ends, file) = line.split_once('\t').unwrap();
        let is_right = if file.starts_with("fuzz/found/") || file.ends_with(".webp") {
            ends.trim_end().ends_with("attr/-text")
        } else {
            ends.trim_end().ends_with("attr/text=auto eol=lf")
                && (ends.starts_with("i/lf") || ends.starts_with("i/none"))
        };
        assert!(is_right, "{line}");
    }
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    let mut count = 0;
    for file in WORKFLOWS.into_iter().chain(["action.yml"]) {
        for line in text(root(file)).lines() {
            let Some((_, used)) = line.split_once("uses: ") else {
                continue;
            };
            let (action, version) = used
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{file}: {used} has no comment with its version"));
            let commit = action.split('@').nth(1).unwrap_or_default();
            let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            assert!(
                commit.len() == 40 && commit.chars().all(is_digit),
                "{file}: {used} is not pinned by the 40 digits of a commit"
            );
            let numbers: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
            assert_eq!(
                numbers.map(|numbers| numbers.len()),
                Ok(3),
                "{file}: {used}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn each_job_has_the_permissions_that_it_needs() {
    for file in WORKFLOWS {
        let default = &workflow(file)["permissions"];
        assert_eq!(
            *default,
            json!({}),
            "{file}: a job has no permission by default"
        );
    }
    let mut writes = BTreeMap::new();
    for (job, body) in jobs() {
        let permissions = body["permissions"].as_object();
        let permissions = permissions.unwrap_or_else(|| panic!("{job} has no permissions"));
        assert!(
            body["timeout-minutes"].is_u64(),
            "{job} may run for six hours"
        );
        let mut written = Vec::new();
        for (name, access) in permissions {
            match access.as_str() {
                Some("write") => written.push(name.clone()),
                access => assert_eq!(access, Some("read"), "{job}: {name}"),
            }
        }
        let all = body["steps"].to_string();
        let publishes = all.contains("scripts/publish ");
        assert_eq!(
            publishes,
            !written.is_empty(),
            "{job}: only a job that publishes may write"
        );
        if publishes {
            writes.insert(job.rsplit_once(' ').unwrap().1.to_owned(), written);
        }
        // Only a job that pushes with git keeps the credentials.
        let pushes = all.contains("scripts/publish artifacthub");
        for step in steps(&body).iter().filter(|step| checks_out(step)) {
            assert_eq!(step["with"]["persist-credentials"], pushes, "{job}");
        }
    }
    let expected = json!({
        "artifacthub": ["contents"],
        "npm": ["id-token"],
        "registry": ["id-token", "packages"],
        "release": ["contents", "id-token"],
    });
    assert_eq!(json!(writes), expected);
}
