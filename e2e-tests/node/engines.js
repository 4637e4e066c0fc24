// The engines of JavaScript, for a program that asks them by lines of JSON: a question a line on standard input,
//
//   {"function": "validate" | "mutate", "payload": "{\"request\": …, \"settings\": …}", "engine": "opa" | "npm"}
//
// and on standard output its answer, in that engine's own shape. Every question goes to the same instances.

import { readFileSync } from "node:fs";
import { stdout } from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { loadPolicy } from "@open-policy-agent/opa-wasm";

const { POLICY_OPA_WASM: opaModule, NPM_PACKAGE: npmPackage } = process.env;
if (!opaModule || !npmPackage) {
  throw new Error("POLICY_OPA_WASM and NPM_PACKAGE name the module and the folder of the package");
}

const opa = await loadPolicy(readFileSync(opaModule));
const { exports } = JSON.parse(readFileSync(`${npmPackage}/package.json`, "utf8"));
const npm = await import(pathToFileURL(`${npmPackage}/${exports["."].node}`));

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
  stdout.write(`${JSON.stringify(engines[question.engine](question))}\n`);
}
