//! The alerts and the dashboard ask for the metrics and labels of docs/operating.md. `promql.test.js` reads their queries
//! with Prometheus' own grammar.

use super::*;

const PAGE: &str = "../docs/operating.md";

/// The cells of the table with this heading.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, table) = page.split_once(heading).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("| "));
    let cells = |row: &str| {
        let row = row.trim_matches(['|', ' ']).replace("\\|", "\0");
        let cells = row.split(" | ").map(|cell| cell.replace('\0', "|"));
        cells.collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_alerts_are_those_of_the_page() {
    let rule = documents(&read("components/monitoring/prometheus-rule.yaml")).remove(0);
    let page = read(PAGE);
    let mut in_page = rows(&page, "| event | alert | severity | after | query |\n").into_iter();
    let rules = rule["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 5);
    for rule in rules {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let cells = [
            &rule["alert"],
            &rule["labels"]["severity"],
            &rule["for"],
            &rule["expr"],
        ];
        let [alert, severity, after, query] = cells.map(text);
        let expected = [format!("`{alert}`"), severity, after, format!("`{query}`")];
        assert_eq!(in_page.next().unwrap()[1..], expected);
        let runbook = text(&rule["annotations"]["runbook_url"]);
        let (file, anchor) = runbook.split_once('#').unwrap();
        assert!(file.ends_with("/blob/main/docs/operating.md"), "{file}");
        let heading = format!("\n## {}\n", anchor.replace('-', " "));
        assert!(page.to_lowercase().contains(&heading), "{alert}: {anchor}");
    }
    assert_eq!(in_page.next(), None);
}

#[test]
fn the_dashboard_is_one_that_grafana_imports() {
    let dashboard: Value =
        serde_json::from_str(&read("components/monitoring/eci-security-context.json")).unwrap();
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(
        [&variable["name"], &variable["type"], &variable["query"]],
        ["datasource", "datasource", "prometheus"]
    );
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    let panels = dashboard["panels"].as_array().unwrap();
    assert_eq!(panels.len(), 8);
    for panel in panels {
        let title = &panel["title"];
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title}: the id of another panel"
        );
        assert_eq!(
            (&panel["type"], &panel["datasource"]),
            (&"timeseries".into(), &source)
        );
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        assert!(
            w > 0 && h > 0 && x + w <= 24,
            "{title}: {}",
            panel["gridPos"]
        );
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{title}: another panel is there");
        }
        let mut queries = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"], source, "{title}");
            assert!(queries.insert(target["refId"].as_str().unwrap()), "{title}");
            // A legend names labels that the query keeps.
            let query = target["expr"].as_str().unwrap();
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend.split("{{").skip(1) {
                let (label, _) = label.split_once("}}").unwrap();
                let (_, kept) = query.split_once("by (").unwrap();
                let (kept, _) = kept.split_once(')').unwrap();
                assert!(
                    kept.split(", ").any(|kept| kept == label),
                    "{title}: {label}"
                );
            }
        }
        assert!(!queries.is_empty(), "{title}");
    }
}

#[test]
fn a_release_of_another_name_has_its_own_alerts_and_dashboard() {
    let documents =
        rendered("--set monitoring.enabled=true,monitoring.labels.release=prometheus,name=older")
            .unwrap();
    let (rule, dashboard) = (
        one(&documents, "PrometheusRule"),
        one(&documents, "ConfigMap"),
    );
    let names = [rule, dashboard].map(|document| document["metadata"]["name"].clone());
    assert_eq!(names, ["older", "older-dashboard"]);
    assert_eq!(rule["metadata"]["labels"]["release"], "prometheus");
    let text = dashboard["data"]["older.json"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(text).unwrap();
    assert_eq!(dashboard["uid"], "older");
    for document in [rule.to_string(), text.to_owned()] {
        assert!(document.contains("clusterwide-older.*"));
        assert!(!document.contains("clusterwide-eci"));
    }
    assert!(rule.to_string().contains("policy-server-(default|older)"));
}
