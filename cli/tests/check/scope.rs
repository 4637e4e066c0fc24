//! The scope of a check: a report without findings says whether anything was checked.

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

#[test]
fn templates_and_overlays_get_one_hint() {
    let folder = Folder::with(&[
        ("chart/Chart.yaml", "name: shop\n"),
        ("chart/values.yaml", "replicas: 1\n"),
        ("chart/templates/a.yaml", "kind: {{ .Values.kind }}\n"),
        ("chart/templates/sub/b.yaml", "kind: [\n"),
        ("app/templates/pod.yaml", CLEAN),
        (
            "overlays/one/kustomization.yaml",
            "resources: [../../app]\n",
        ),
        (
            "overlays/two/kustomization.yaml",
            "patches: [{path: a.yaml}]\n",
        ),
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
    ]);
    let report = folder.checked(0, &["."]);
    let files = report["files"].as_array().unwrap().iter();
    let remarks: Vec<_> = files
        .filter(|file| !file["problems"].as_array().unwrap().is_empty())
        .map(|file| {
            let message = file["problems"][0]["message"].as_str().unwrap();
            format!("{} {message}", file["file"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        remarks,
        [
            "./chart/templates Helm templates are not checked; check their output: helm template ./chart | eci-policy check -",
            "./overlays/one/kustomization.yaml kustomizations are not built; check the built objects: \
             kustomize build ./overlays/one | eci-policy check -",
        ]
    );
    // A named file is checked.
    assert_eq!(folder.run(&["check", "chart/templates/a.yaml"]).code, 2);
}

#[test]
fn an_error_in_a_template_names_the_tool() {
    let user = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {eci: \"true\"}}\nspec:\n  securityContext: {runAsUser: \"VALUE\"}\n  containers: []\n";
    for (value, help) in [
        (
            "${UID}",
            "this looks like a template for envsubst; check its output: `envsubst < FILE | eci-policy check -`",
        ),
        (
            "{{ .Values.user }}",
            "this looks like a template for Helm; check its output: `helm template … | eci-policy check -`",
        ),
    ] {
        for text in [user.replace("VALUE", value), format!("a: [ # {value}\n")] {
            let folder = Folder::with(&[("a.yaml", &text)]);
            let report = folder.checked(2, &["a.yaml"]);
            assert_eq!(problems(&report)[0]["help"], help, "{text}");
        }
    }
}
