//! Objects that are only a part of one: the built object is repaired, not the part.

use crate::support::{Folder, REPAIRED, pod};
use crate::*;

/// A pod whose group would be copied into its containers.
fn group(containers: &str) -> String {
    pod(&format!(
        "securityContext: {{runAsGroup: 3000}}\n{containers}"
    ))
}

#[test]
fn a_part_of_an_object_is_not_repaired() {
    for (text, reason) in [
        (
            group("containers: [{name: web}]"),
            "a container has no image",
        ),
        (
            group("containers: [{name: web, image: nginx}, {name: side, $patch: delete}]"),
            "it has directives of a patch",
        ),
        (
            group(
                "containers: [{name: web, image: nginx}]\n$setElementOrder/containers: [{name: web}]",
            ),
            "it has directives of a patch",
        ),
    ] {
        let folder = Folder::with(&[("patch.yaml", &text)]);
        let ran = folder.run(&["fix", "patch.yaml"]);
        assert_eq!(ended(&ran), (0, "nothing to repair"), "{text}");
        let remark = format!(
            "patch.yaml:1:1: Pod web: is not repaired: {reason}; check the built objects: "
        );
        assert!(ran.err.starts_with(&remark), "{}", ran.err);
        assert_eq!(folder.read("patch.yaml"), text);
        // The finding is reported, without a repair.
        let report = folder.checked(0, &["patch.yaml"]);
        assert_eq!(report["totals"]["fixable"], 0, "{report}");
        assert_eq!(report["totals"]["repaired"], 1, "{report}");
    }
}

#[test]
fn a_file_that_a_kustomization_lists_as_a_patch_is_not_repaired() {
    for (kustomization, field) in [
        (
            "overlay/kustomization.yaml",
            "patches: [{path: patch.yaml}]",
        ),
        (
            "overlay/kustomization.yml",
            "patchesStrategicMerge: [patch.yaml]",
        ),
        (
            "Kustomization",
            "patches:\n- target: {kind: Pod}\n  path: ./overlay/patch.yaml",
        ),
    ] {
        let folder = Folder::with(&[
            (kustomization, field),
            ("overlay/patch.yaml", REPAIRED),
            ("overlay/pod.yaml", REPAIRED),
        ]);
        let ran = folder.run(&["fix", "."]);
        assert_eq!(ended(&ran), (0, "1 finding in 1 file repaired"), "{field}");
        let remark =
            format!("./overlay/patch.yaml: is not repaired: {kustomization} lists it as a patch; ");
        assert!(ran.err.contains(&remark), "{}", ran.err);
        assert_eq!(folder.read("overlay/patch.yaml"), REPAIRED);
        assert_ne!(folder.read("overlay/pod.yaml"), REPAIRED);
    }
}
