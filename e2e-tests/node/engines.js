// An instance of each engine of JavaScript: the module for OPA in its npm host, and the npm package.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { loadPolicy } from "@open-policy-agent/opa-wasm";

const { POLICY_OPA_WASM: opaModule, NPM_PACKAGE: npmPackage } = process.env;
if (!opaModule || !npmPackage) {
  throw new Error("set POLICY_OPA_WASM to the module and NPM_PACKAGE to the folder of the package");
}

export const opa = await loadPolicy(readFileSync(opaModule));

const { exports } = JSON.parse(readFileSync(`${npmPackage}/package.json`, "utf8"));
export const npm = await import(pathToFileURL(`${npmPackage}/${exports["."].node}`));
