// The engines of JavaScript: the module for OPA in the host that npm has, and the npm package, an instance of each.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { loadPolicy } from "@open-policy-agent/opa-wasm";

const { POLICY_OPA_WASM: opaModule, NPM_PACKAGE: npmPackage } = process.env;
if (!opaModule || !npmPackage) {
  throw new Error("POLICY_OPA_WASM and NPM_PACKAGE name the module and the folder of the package");
}

export const opa = await loadPolicy(readFileSync(opaModule));

const { exports } = JSON.parse(readFileSync(`${npmPackage}/package.json`, "utf8"));
export const npm = await import(pathToFileURL(`${npmPackage}/${exports["."].node}`));
