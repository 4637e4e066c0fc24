//! The files for CI in docs/command.md.

use crate::action::act;
use crate::release::{archive, name};
use crate::*;

const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Returns the file that docs/command.md shows under this name.
fn shown(name: &str) -> Value {
    let page = text("docs/command.md");
    let (_, rest) = page.split_once(&format!("```yaml {name}\n")).unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    eci_manifest::documents(text).unwrap()[0].value()
}

fn repository() -> &'static str {
    env!("CARGO_PKG_REPOSITORY")
        .strip_prefix("https://github.com/")
        .unwrap()
}

#[test]
fn the_hook_is_shown() {
    let file = shown(".pre-commit-config.yaml");
    let entry = &file["repos"][0];
    assert_eq!(entry["repo"], env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(entry["rev"], TAG);
    let known = yaml(".pre-commit-hooks.yaml");
    let mut known = known.as_array().unwrap().iter();
    let id = &entry["hooks"][0]["id"];
    assert!(known.any(|hook| hook["id"] == *id), "{id}");
}

/// A job of GitHub has the permissions that the upload needs, and its inputs give the findings of a folder.
#[test]
fn the_action_is_shown() {
    let machine = Machine::new();
    machine.write("deploy/pod.yaml", DENIED);
    for (file, uploads) in [("code-scanning", true), ("annotations", false)] {
        let workflow = shown(&format!(".github/workflows/{file}.yml"));
        let job = &workflow["jobs"]["eci-policy"];
        let mut permissions = serde_json::json!({"contents": "read"});
        if uploads {
            permissions["security-events"] = "write".into();
        }
        assert_eq!(job["permissions"], permissions, "{file}");
        let step = &job["steps"][1];
        assert_eq!(step["uses"], format!("{}@{TAG}", repository()));
        let inputs: Vec<(String, String)> = step["with"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name.clone(), text.clone()),
                other => (name.clone(), other.to_string()),
            })
            .collect();
        let inputs: Vec<_> = inputs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        for (name, _) in &inputs {
            assert!(yaml("action.yml")["inputs"].get(name).is_some(), "{name}");
        }
        let (code, printed, sarif) = act(&machine, &inputs);
        assert_eq!((code, sarif.is_some()), (Some(1), uploads), "{printed}");
        assert!(printed.contains("host-namespaces"), "{printed}");
    }
}

/// A job of GitLab runs with the archive of a release, and writes its report.
#[test]
fn the_job_of_gitlab_runs() {
    let job = &shown(".gitlab-ci.yml")["eci-policy"];
    let release = format!("{}/releases/download/{TAG}", env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(job["variables"]["RELEASE"], release);
    let archive_name = format!("eci-policy-{TAG}-x86_64-unknown-linux-gnu");
    assert_eq!(job["variables"]["ARCHIVE"], archive_name);
    let report = job["artifacts"]["reports"]["codequality"].as_str().unwrap();
    assert_eq!(job["artifacts"]["when"], "always");
    let lines: Vec<_> = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();

    let machine = Machine::new();
    machine.write("deploy/pod.yaml", DENIED);
    let releases = machine.path("releases");
    let archive_file = releases.join(name() + ".tar.gz");
    fs::write(&archive_file, archive()).unwrap();
    let checksums = Command::new(root("scripts/checksums"))
        .arg(&releases)
        .status();
    assert!(checksums.unwrap().success());
    let run = || {
        let _ = fs::remove_dir_all(machine.path("work").join(name()));
        let output = Command::new("bash")
            .args(["-eo", "pipefail", "-c", &lines.join("\n")])
            .current_dir(machine.path("work"))
            .env(
                "RELEASE",
                format!("file://{}", releases.display()).replace(' ', "%20"),
            )
            .env("ARCHIVE", name())
            .output()
            .unwrap();
        (output.status.code(), said(&output))
    };
    let findings =
        || -> Value { serde_json::from_str(&machine.read(&format!("work/{report}"))).unwrap() };
    let (code, printed) = run();
    assert_eq!(code, Some(1), "{printed}");
    let found = findings();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["location"]["path"], "deploy/pod.yaml");
    assert_eq!(found[0]["check_name"], "host-namespaces");

    machine.write("deploy/pod.yaml", GOOD);
    let (code, printed) = run();
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(findings(), serde_json::json!([]));

    // Nothing of an archive with a wrong checksum runs, or of one that SHA256SUMS does not list.
    fs::write(&archive_file, "other").unwrap();
    let (code, printed) = run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("FAILED"), "{printed}");
    fs::write(releases.join("SHA256SUMS"), format!("{:064}  other\n", 0)).unwrap();
    let (code, printed) = run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(!machine.path("work").join(name()).exists());
}
