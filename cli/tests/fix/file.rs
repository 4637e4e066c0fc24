//! The written files.

use crate::support::{BROKEN, CLEAN, DENIED, Folder, REPAIRED};
use crate::*;
use std::fs;

#[test]
#[cfg(unix)]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::with(&[("real/pod.yaml", REPAIRED)]);
    let real = folder.path().join("real/pod.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(folder.path().join("links")).unwrap();
    symlink("../real/pod.yaml", folder.path().join("links/one.yaml")).unwrap();
    symlink("one.yaml", folder.path().join("links/two.yaml")).unwrap();
    for path in ["links/two.yaml", "links"] {
        folder.write("real/pod.yaml", REPAIRED);
        assert_eq!(folder.run(&["fix", path]).code, 0);
        assert_eq!(
            folder.read("real/pod.yaml"),
            REPAIRED.replace("CAP_CHOWN", "CHOWN")
        );
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o7777,
            0o640
        );
        for link in ["one.yaml", "two.yaml"] {
            assert!(folder.path().join("links").join(link).is_symlink());
        }
        assert_eq!(fs::read_dir(folder.path().join("real")).unwrap().count(), 1);
        assert_eq!(
            fs::read_dir(folder.path().join("links")).unwrap().count(),
            2
        );
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_is_not_repaired_is_not_written() {
    use std::os::unix::fs::MetadataExt;

    let folder = Folder::with(&[("pod.yaml", CLEAN)]);
    let stat = || {
        let metadata = fs::metadata(folder.path().join("pod.yaml")).unwrap();
        (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
    };
    let before = stat();
    assert_eq!(
        ended(&folder.run(&["fix", "pod.yaml", "."])),
        (0, "nothing to repair")
    );
    assert_eq!(stat(), before);
}

#[test]
#[cfg(unix)]
fn a_read_only_file_is_not_written() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::with(&[("locked.yaml", REPAIRED), ("open.yaml", REPAIRED)]);
    let locked = folder.path().join("locked.yaml");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = folder.run(&["fix", "."]);
    assert_eq!(ended(&ran), (2, "1 finding in 1 file repaired"));
    assert!(
        ran.err
            .contains("locked.yaml: cannot be written: the file is read-only"),
        "{}",
        ran.err
    );
    assert_eq!(folder.read("locked.yaml"), REPAIRED);
    assert_eq!(
        folder.read("open.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN"),
        "the others are repaired"
    );
    assert_eq!(folder.names(), ["locked.yaml", "open.yaml"]);
}

#[test]
#[cfg(unix)]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    // The system ends every write behind 1 KiB of a file, as a full disk would.
    let large = format!("{REPAIRED}# {}\n", "x".repeat(4096));
    let folder = Folder::with(&[("large.yaml", &large), ("small.yaml", REPAIRED)]);
    let ran = folder.bash("trap '' XFSZ; ulimit -f 1; eci-policy fix .");
    assert_eq!(
        ended(&ran),
        (2, "1 finding in 1 file repaired"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("large.yaml: cannot be written: file too large; the file is unchanged"),
        "{}",
        ran.err
    );
    assert_eq!(folder.read("large.yaml"), large);
    assert_eq!(
        folder.read("small.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
    assert_eq!(folder.names(), ["large.yaml", "small.yaml"]);
}

#[test]
fn a_closed_standard_error_does_not_stop_the_repair() {
    let folder = Folder::with(&[("a.yaml", BROKEN), ("b.yaml", REPAIRED)]);
    let program = folder.command().get_program().to_owned();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut command = std::process::Command::new(program);
    command
        .args(["fix", "."])
        .current_dir(folder.path())
        .stdout(closed())
        .stderr(closed());
    assert_eq!(command.status().unwrap().code(), Some(2));
    assert_eq!(
        folder.read("b.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);
}

#[test]
fn a_closed_pipe_ends_the_printing_alone() {
    // Far more than a pipe holds.
    let many = format!("{DENIED}---\n").repeat(2000);
    let folder = Folder::with(&[("denied.yaml", &many), ("pod.yaml", REPAIRED)]);
    for (command, code) in [
        ("eci-policy check denied.yaml", 1),
        ("eci-policy check --format json denied.yaml pod.yaml", 1),
        ("eci-policy show denied.yaml", 0),
        ("eci-policy fix - <denied.yaml", 0),
        ("eci-policy fix pod.yaml 2>&1", 0),
        ("eci-policy check missing.yaml denied.yaml", 2),
    ] {
        let ran = folder.bash(&format!("{command} | true; exit ${{PIPESTATUS[0]}}"));
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (code, ""),
            "{command}: {}",
            ran.err
        );
    }
    assert_eq!(
        folder.read("pod.yaml"),
        REPAIRED.replace("CAP_CHOWN", "CHOWN")
    );
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_owner_and_its_other_names() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = Folder::with(&[("pod.yaml", REPAIRED), ("linked.yaml", REPAIRED)]);
    let owned = folder.path().join("pod.yaml");
    // Only root can give a file away.
    let is_root = chown(&owned, Some(4711), Some(4712)).is_ok();
    let owner = |path: &std::path::Path| {
        fs::metadata(path)
            .map(|found| (found.uid(), found.gid()))
            .unwrap()
    };
    let before = owner(&owned);
    assert_eq!(
        ended(&folder.run(&["fix", "pod.yaml"])),
        (0, "1 finding in 1 file repaired")
    );
    assert_eq!(owner(&owned), before);
    assert!(!is_root || before == (4711, 4712));

    fs::hard_link(
        folder.path().join("linked.yaml"),
        folder.path().join("other.yaml"),
    )
    .unwrap();
    let ran = folder.run(&["fix", "linked.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .starts_with("linked.yaml: cannot be written: the file has 2 hard links"),
        "{}",
        ran.err
    );
    assert_eq!(
        (
            folder.read("linked.yaml").as_str(),
            folder.read("other.yaml").as_str()
        ),
        (REPAIRED, REPAIRED)
    );
    assert_eq!(folder.names(), ["linked.yaml", "other.yaml", "pod.yaml"]);
}
