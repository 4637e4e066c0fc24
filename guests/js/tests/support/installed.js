/** The package as a user installs it: the packed tarball in its own folder, without a network. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env } from 'node:process';
import { after } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const { NPM_TARBALL: tarball } = env;
if (!tarball) throw new Error('NPM_TARBALL names the packed package; `make test-npm` sets it');

/** The root of the repository. */
export const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** Creates a folder with the package in node_modules and with `files`, and removes it after the tests. */
export function installed(files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'eci-npm-'));
  after(() => rmSync(folder, { recursive: true }));
  write(folder, { 'package.json': '{"private":true,"type":"module"}', ...files });
  const npm = ['install', '--offline', '--no-audit', '--no-fund', '--no-save', '--silent', resolve(tarball)];
  execFileSync('npm', npm, { cwd: folder, stdio: 'inherit' });
  return folder;
}

function write(folder, files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** The package, or another entry of it, imported as a user's module imports it. */
export async function imported(entry = 'eci-security-context') {
  const folder = installed({ 'user.js': `export * from '${entry}';` });
  return import(pathToFileURL(join(folder, 'user.js')));
}

/** Returns a text after edits, which are in order. */
export const edited = (text, edits) =>
  edits.reduceRight((after, { range, text: to }) => after.slice(0, range.from) + to + after.slice(range.to), text);

/** Returns the error that a call throws. */
export function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  assert.fail('nothing is thrown');
}

/** A pod on ECI that is denied for its privileged container. */
export const privileged = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'proxy', labels: { 'alibabacloud.com/eci': 'true' } },
  spec: { containers: [{ name: 'proxy', image: 'nginx', securityContext: { privileged: true } }] },
});
