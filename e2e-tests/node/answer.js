// The engines of JavaScript, for a program that asks them by lines of JSON: a question a line on standard input,
//
//   {"engine": "opa" | "npm", "function": "validate" | "mutate", "payload": "{\"request\": …, \"settings\": …}"}
//
// and on standard output its answer, in that engine's own shape. Every question goes to the same instances.

import { createInterface } from "node:readline";
import { npm, opa } from "./engines.js";

const engines = {
  // The host hands over the bytes of a buffer as they are, where it would write an object anew.
  opa: ({ function: name, payload }) =>
    opa.evaluate(new TextEncoder().encode(payload).buffer, `eci_security_context/${name}`),
  npm: ({ function: name, payload }) => {
    const { request, settings } = JSON.parse(payload);
    try {
      return { verdict: npm[name](request, settings) };
    } catch (error) {
      const { code, path, message } = error;
      return { error: { name: error.constructor.name, code, path, message } };
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(engines[question.engine](question))}\n`);
}
