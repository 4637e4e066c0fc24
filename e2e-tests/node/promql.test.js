// The queries of docs/operating.md and of the dashboard, by Prometheus' own grammar. They ask only for the metrics and the
// labels that the page lists.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parser } from "@prometheus-io/lezer-promql";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/operating.md", root), "utf8");
const dashboard = JSON.parse(
  readFileSync(new URL("deploy/components/monitoring/eci-security-context.json", root)),
);

const code = (text) => [...text.matchAll(/`([^`]*)`/g)].map(([, code]) => code.replaceAll("\\|", "|"));

/** The cells of the rows of the table with this heading. */
const rows = (heading) => {
  const [, table] = page.split(`${heading}\n`);
  const lines = table.split("\n").slice(1);
  const end = lines.findIndex((line) => !line.startsWith("| "));
  return lines.slice(0, end).map((line) => line.slice(2).split(" | "));
};

/** The labels of each metric. */
const metrics = new Map();
let known;
for (const [metric, source, labels] of rows("| metric | source | labels |")) {
  if (!labels.startsWith("the same")) {
    known = code(labels);
  }
  const [name] = code(metric);
  metrics.set(...(source.endsWith("histogram") ? [`${name}_bucket`, [...known, "le"]] : [name, known]));
}

/** The problems of a query. */
const problems = (query) => {
  const found = [];
  const names = [];
  const labels = [];
  parser.parse(query).iterate({
    enter: ({ name, from, to, type }) => {
      const text = query.slice(from, to);
      if (type.isError) {
        found.push(`a syntax error at ${from}`);
      } else if (name === "VectorSelector") {
        names.push(text.split("{")[0]);
      } else if (name === "LabelName") {
        labels.push(text);
      }
    },
  });
  for (const name of names) {
    const known = metrics.get(name);
    if (known) {
      const unknown = labels.filter((label) => !known.includes(label));
      found.push(...unknown.map((label) => `${name} has no label ${label}`));
    } else {
      found.push(`the page does not list ${name}`);
    }
  }
  return names.length === 0 ? [...found, "no metric"] : found;
};

test("the queries of the alerts and of the dashboard", () => {
  const alerts = rows("| event | alert | severity | after | query |").map((row) => code(row.at(-1))[0]);
  const panels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.equal(alerts.length, 6);
  assert.equal(panels.length, 10);
  for (const query of [...alerts, ...panels]) {
    assert.deepEqual(problems(query), [], query);
  }
});

test("wrong queries are found", () => {
  for (const [query, problem] of [
    ["sum(rate(kubewarden_policy_evaluations_total[5m])", /syntax error/],
    ["rate(kubewarden_policy_evaluations[5m]) > 0", /does not list kubewarden_policy_evaluations$/],
    ['sum(kubewarden_policy_evaluations_total{policy="a"})', /no label policy$/],
    ["sum by (namespace) (kubewarden_policy_evaluations_total)", /no label namespace$/],
  ]) {
    assert.match(problems(query).join(), problem, query);
  }
});
