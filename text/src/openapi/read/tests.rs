#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use super::*;
use serde_json::json;

/// The names and values of the only request in a text, each with the text at its position.
fn read(text: &str) -> Vec<(String, Value, &str)> {
    let mut requests = flat(text).unwrap().unwrap();
    assert_eq!(requests.len(), 1, "{text}");
    let parameters = requests
        .remove(0)
        .params
        .into_iter()
        .map(|param| match param.position {
            Position::Bytes(span) => (param.name, param.value, &text[span]),
            Position::Field(field) => panic!("{field}"),
        });
    parameters.collect()
}

#[test]
fn lines_are_parameters() {
    let text = "\u{feff}# ours\n\n Container.1.Name=web\r\n\
                HostSecurityContext.Sysctl.1.Value=4096 87380%096291456+\n";
    assert_eq!(
        read(text),
        [
            (
                "Container.1.Name".to_owned(),
                json!("web"),
                "Container.1.Name=web"
            ),
            (
                "HostSecurityContext.Sysctl.1.Value".to_owned(),
                json!("4096 87380\t6291456+"),
                "HostSecurityContext.Sysctl.1.Value=4096 87380%096291456+"
            ),
        ]
    );
}

#[test]
fn a_query_is_split_and_decoded() {
    let query = "Action=CreateContainerGroup&&Container%2E1.Name=a%26b+c&Container.1.Image=%zz%2";
    for text in [
        query.to_owned(),
        format!("https://eci.aliyuncs.com/?{query}"),
    ] {
        let found = read(&text);
        let pairs: Vec<_> = found
            .iter()
            .map(|(name, value, _)| (name.as_str(), value.clone()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("Action", json!("CreateContainerGroup")),
                ("Container.1.Name", json!("a&b c")),
                ("Container.1.Image", json!("%zz%2")),
            ]
        );
        assert_eq!(found[1].2, "Container%2E1.Name=a%26b+c");
    }
}

#[test]
fn a_call_of_the_command_line_is_read() {
    let text = "# a call\n$ aliyun eci CreateContainerGroup --region cn-hangzhou -p me \\\n  \
                --Container.1.Name 'my web' --SecurityContext.Sysctl.1.Value=\"0 \\\"1\" \\\n  --DryRun --Memory 2\n";
    let found = read(text);
    let found: Vec<_> = found
        .iter()
        .map(|(name, value, at)| (name.as_str(), value.clone(), *at))
        .collect();
    assert_eq!(
        found,
        [
            ("Action", json!("CreateContainerGroup"), ""),
            ("region", json!("cn-hangzhou"), "--region cn-hangzhou"),
            (
                "Container.1.Name",
                json!("my web"),
                "--Container.1.Name 'my web'"
            ),
            (
                "SecurityContext.Sysctl.1.Value",
                json!("0 \"1"),
                "--SecurityContext.Sysctl.1.Value=\"0 \\\"1\""
            ),
            ("DryRun", json!(""), "--DryRun"),
            ("Memory", json!("2"), "--Memory 2"),
        ]
    );
}

#[test]
fn requests_are_separated() {
    let requests = flat("# a\nContainer.1.Name=a\n---\n# b\nContainer.1.Name=b\n---\n")
        .unwrap()
        .unwrap();
    let values: Vec<_> = requests
        .iter()
        .map(|request| request.params[0].value.clone())
        .collect();
    assert_eq!(values, ["a", "b"]);
}

#[test]
fn other_texts_are_not_requests() {
    for text in [
        "",
        "# Container.1.Name=web\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    Container.1.Name=web\n",
        "{\"Container\": []}",
        "PATH=/bin\nHOME=/root\n",
        "Action=UpdateContainerGroup\nContainer.1.Name=web\n",
        "Container.Name=web\n",
        "aliyun ecs DescribeInstances --RegionId x\n",
        "aliyun eci CreateContainerGroup --Container.1.Name 'web\n",
        "https://example.com/Container.1.Name=web",
    ] {
        assert!(flat(text).is_none(), "{text}");
    }
}

#[test]
fn an_invalid_line_is_reported() {
    for (text, at) in [
        ("Container.1.Name=web\nnonsense\n", 21..29),
        ("Container.1.Name=web&nonsense", 21..29),
        ("Container.1.Name=web\nContainer 1=web\n", 21..36),
    ] {
        let wrong = flat(text).unwrap().unwrap_err();
        assert_eq!(wrong.position, Position::Bytes(at), "{text}");
    }
}

#[test]
fn an_object_is_flattened() {
    let request = json!({
        "Container": [
            { "Name": "a" },
            { "SecurityContext": { "RunAsUser": 1000, "Capability": { "Add": ["KILL", "CHOWN"] } } },
            {},
        ],
        "Container.4.SecurityContextPrivileged": "true",
    });
    let requests = of_value(&request).unwrap();
    let found: Vec<_> = requests[0]
        .params
        .iter()
        .map(|param| (param.name.as_str(), &param.position))
        .collect();
    let field = |path: &str| Position::Field(path.to_owned());
    assert_eq!(
        found,
        [
            ("Container.1.Name", &field("Container[0].Name")),
            (
                "Container.2.SecurityContext.Capability.Add.1",
                &field("Container[1].SecurityContext.Capability.Add[0]")
            ),
            (
                "Container.2.SecurityContext.Capability.Add.2",
                &field("Container[1].SecurityContext.Capability.Add[1]")
            ),
            (
                "Container.2.SecurityContext.RunAsUser",
                &field("Container[1].SecurityContext.RunAsUser")
            ),
            ("Container.3", &field("Container[2]")),
            (
                "Container.4.SecurityContextPrivileged",
                &field("[Container.4.SecurityContextPrivileged]")
            ),
        ]
    );
    let list = of_value(&json!([request, { "ContainerGroupName": "b" }])).unwrap();
    assert_eq!(list[0].params[0].position, field("[0].Container[0].Name"));
    assert_eq!(list[1].params[0].position, field("[1].ContainerGroupName"));
}

#[test]
fn positions_are_those_of_the_manifest_reader() {
    let text = "Container:\n- Name: a\n  SecurityContext:\n    Capability:\n      Add:\n      - KILL\n\
                Container.2.SecurityContextPrivileged: true\n";
    let document = &eci_manifest::documents(text).unwrap()[0];
    for param in &of_value(&document.value()).unwrap()[0].params {
        let Position::Field(path) = &param.position else {
            panic!("{param:?}")
        };
        let line = document.line(path);
        let expected = match param.name.as_str() {
            "Container.1.Name" => 2,
            "Container.1.SecurityContext.Capability.Add.1" => 6,
            "Container.2.SecurityContextPrivileged" => 7,
            other => panic!("{other}"),
        };
        assert_eq!(line, expected, "{path}");
    }
}

#[test]
fn other_objects_are_not_requests() {
    for value in [
        json!(null),
        json!([]),
        json!("Container.1.Name"),
        json!({}),
        json!({ "apiVersion": "v1", "Container": [{ "Name": "a" }] }),
        json!({ "kind": "X", "Container": [{ "Name": "a" }] }),
        json!({ "Container": "a" }),
        json!({ "Container": { "web": { "Name": "a" } } }),
        json!({ "Action": "UpdateContainerGroup", "Container": [{ "Name": "a" }] }),
        json!([{ "Container": [{ "Name": "a" }] }, { "a": 1 }]),
    ] {
        assert!(of_value(&value).unwrap().is_empty(), "{value}");
    }
    assert_eq!(
        of_value(&json!({ "Action": "CreateContainerGroup" }))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn an_object_instead_of_a_list_is_reported() {
    for (value, list, path) in [
        (
            json!({ "Container": { "Name": "a" } }),
            "Container",
            "Container.Name",
        ),
        (
            json!([{ "HostSecurityContext": { "Sysctl": { "Name": "a" } } }]),
            "HostSecurityContext.Sysctl",
            "[0].HostSecurityContext.Sysctl.Name",
        ),
    ] {
        let wrong = of_value(&value).unwrap_err();
        assert_eq!(
            wrong.message,
            format!("{list}: is an object, and must be a list")
        );
        assert_eq!(wrong.position, Position::Field(path.to_owned()));
    }
}
