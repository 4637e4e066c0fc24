//! What was checked: a report that finds nothing says so where nothing was looked at.

use crate::support::{CLEAN, DENIED, FOREIGN, Folder, problems};

fn elsewhere(text: &str) -> String {
    text.replace("alibabacloud.com/eci: \"true\"", "app: web")
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";

#[test]
fn the_summary_tells_which_pods_were_checked() {
    let privileged = elsewhere(DENIED);
    assert_ne!(privileged, DENIED);
    let folder = Folder::with(&[
        ("clean.yaml", CLEAN),
        ("elsewhere.yaml", &privileged),
        ("service.yaml", SERVICE),
        ("foreign.yaml", FOREIGN),
    ]);
    for (paths, strict, summary) in [
        (&["clean.yaml"][..], 0, "no problems in 1 object"),
        (
            &["elsewhere.yaml"],
            1,
            "nothing was checked: 1 object, 1 with pods: 1 not (not checked; use --assume-eci)",
        ),
        (
            &["service.yaml"],
            1,
            "nothing was checked: 1 object, none with pods",
        ),
        (
            &["foreign.yaml"],
            1,
            "nothing was checked; 1 file without a manifest",
        ),
        (
            &["clean.yaml", "elsewhere.yaml", "service.yaml"],
            0,
            "no problems in 3 objects in 3 files, 2 with pods: 1 on ECI, 1 not (not checked; use --assume-eci)",
        ),
    ] {
        let ran = folder.run(&[&["check"], paths].concat());
        assert_eq!((ran.code, ran.out.trim_end()), (0, summary));
        let ran = folder.run(&[&["check", "--strict"], paths].concat());
        assert_eq!(ran.code, strict, "{paths:?}");
    }
    let totals = &folder.checked(0, &["."])["totals"];
    assert_eq!(
        ["objects", "onEci", "possible", "elsewhere"].map(|key| totals[key].as_u64().unwrap()),
        [3, 1, 0, 1]
    );
    // With the option, the pod is checked.
    assert_eq!(
        folder
            .run(&["check", "--assume-eci", "elsewhere.yaml"])
            .code,
        1
    );
}

#[test]
fn a_label_that_misses_is_pointed_out() {
    let spec = "spec: {containers: [{name: a, image: a}]}";
    let pod = |metadata: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  {metadata}\n{spec}\n")
    };
    let deployment = |own: &str, template: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  {own}\nspec:\n  template:\n    metadata: {{{template}}}\n    {spec}\n"
        )
    };
    let own = "labels: {alibabacloud.com/eci: \"true\"}";
    for (text, line, says) in [
        (
            pod("labels: {alibabacloud.com/eci: \"True\"}"),
            5,
            "Pod a: the label alibabacloud.com/eci is \"True\", so the pod does not run on ECI",
        ),
        (
            pod("labels: {eci: \" true\"}"),
            5,
            "Pod a: the label eci is \" true\", so the pod does not run on ECI",
        ),
        (
            pod("annotations: {alibabacloud.com/eci: \"true\"}"),
            5,
            "Pod a: the annotation alibabacloud.com/eci has no effect: ECI reads a label",
        ),
        (
            deployment(own, "labels: {app: a}"),
            5,
            "Deployment a: the label alibabacloud.com/eci of a Deployment does not send its pods to ECI",
        ),
        (
            deployment(
                "annotations: {}",
                "annotations: {alibabacloud.com/eci: \"true\"}",
            ),
            8,
            "Deployment a: the annotation alibabacloud.com/eci has no effect: ECI reads a label",
        ),
    ] {
        let folder = Folder::with(&[("a.yaml", &text)]);
        let report = folder.checked(0, &["a.yaml"]);
        let remarks = problems(&report);
        assert_eq!(remarks.len(), 1, "{text}: {report}");
        assert_eq!(
            (&remarks[0]["message"], &remarks[0]["line"]),
            (&says.into(), &line.into())
        );
        assert_eq!(remarks[0]["remark"], true);
    }
    for text in [
        pod("labels: {alibabacloud.com/eci: \"false\"}"),
        pod("annotations: {eci: \"no\"}"),
        deployment(own, own),
    ] {
        let folder = Folder::with(&[("a.yaml", &text)]);
        let report = folder.checked(0, &["a.yaml"]);
        assert_eq!(problems(&report).len(), 0, "{text}");
    }
}
