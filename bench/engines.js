// Measures an evaluation in the JavaScript engines, with one instance of each. Reads one payload per line from standard
// input, and prints one line of JSON for each: the medians in microseconds.

import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { npm, opa } from "../e2e-tests/node/engines.js";

const MILLISECONDS = 200;

const median = (evaluate) => {
  const samples = [];
  const end = performance.now() + MILLISECONDS;
  while (performance.now() < end) {
    const begin = performance.now();
    evaluate();
    samples.push(performance.now() - begin);
  }
  return samples.sort((one, other) => one - other)[samples.length >> 1] * 1000;
};

for await (const line of createInterface({ input: process.stdin })) {
  const payload = JSON.parse(line);
  const { request, settings } = payload;
  const bytes = new TextEncoder().encode(line).buffer;
  const costs = {
    opaBytes: median(() => opa.evaluate(bytes, "eci_security_context/validate")),
    opaObject: median(() => opa.evaluate(payload, "eci_security_context/validate")),
    npm: median(() => npm.validate(request, settings)),
  };
  process.stdout.write(`${JSON.stringify(costs)}\n`);
}
