//! The generated files of the chart in deploy/chart.

use super::*;

/// Helm reads no file outside of the chart's folder, so the chart has copies.
#[test]
fn the_files_of_the_chart() {
    let server = ["policy-server", "service-account"]
        .map(|name| format!("deploy/components/policy-server/{name}.yaml"));
    let monitoring = ["prometheus-rule.yaml", "eci-security-context.json"]
        .map(|name| format!("deploy/components/monitoring/{name}"));
    let twins = TWINS.map(str::to_owned).into_iter();
    for file in twins.chain(server).chain(monitoring) {
        let (_, name) = file.rsplit_once('/').unwrap();
        held(&format!("deploy/chart/files/{name}"), &text(&file));
    }
}

/// The schema is written by hand, in the draft that Helm 3 knows. Only the schema of the settings is generated.
#[test]
fn the_schema_of_the_values_of_the_chart() {
    let file = "deploy/chart/values.schema.json";
    let mut settings = eci_security_context::policy::schema::schema();
    let fields = settings.as_object_mut().unwrap();
    fields.retain(|key, _| !key.starts_with('$'));
    let mut schema: Value = serde_json::from_str(&text(file)).unwrap();
    schema["properties"]["settings"] = settings;
    held(file, &format!("{schema:#}\n"));
}
