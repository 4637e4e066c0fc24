// Asks the engines of JavaScript. Each line on standard input is a question in JSON:
//
//   {"engine": "opa" | "npm", "function": "validate" | "mutate", "payload": "{\"request\": …, \"settings\": …}"}
//
// Each line on standard output is the engine's answer in its own shape. All questions go to the same instances.

import { createInterface } from "node:readline";
import { npm, opa } from "./engines.js";

const engines = {
  // The host passes a buffer on unchanged, but it would serialize an object again.
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
