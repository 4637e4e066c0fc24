/** The package, and the extension in it with the real command and a small editor (`vscode.js`). */
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { after, test } = require('node:test');

const { editor, events } = require('./vscode.js');

const { ECI_POLICY, VSIX } = process.env;
if (!ECI_POLICY || !VSIX) throw new Error('set ECI_POLICY and VSIX to the command and the package, as `make test-editors` does');

const temporary = mkdtempSync(join(tmpdir(), 'eci-vscode-'));
execFileSync('python3', ['-m', 'zipfile', '-e', VSIX, temporary]);
const folder = join(temporary, 'extension');
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const extension = require(join(folder, description.main));
// A test that waits in vain fails.
const limited = { timeout: 30_000 };
after(() => rmSync(temporary, { recursive: true }));

const pod = (labels, field) => `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {${labels}}}
spec: {${field}, containers: [{name: web, image: nginx}]}
`;

/** Returns the diagnostics that a file gets next, without their ranges. */
async function diagnosed(path) {
  for (;;) {
    const found = editor.diagnostics.get(path);
    if (found) {
      editor.diagnostics.delete(path);
      return found.map(({ code, severity }) => [code?.value ?? code, severity]);
    }
    await new Promise(done => events.once('diagnostics', done));
  }
}

/** Waits until a process has ended. */
async function ended(pid) {
  const runs = () => {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      assert.equal(error.code, 'ESRCH');
      return false;
    }
  };
  while (runs()) await new Promise(done => setTimeout(done, 10));
}

/** Waits for an error message and returns it with its answers. */
async function reported() {
  while (editor.errors.length === 0) await new Promise(done => setTimeout(done, 10));
  const { message, answers } = editor.errors.shift();
  return { message, answers };
}

function script(name, text) {
  const path = join(temporary, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('the package has what the extension needs, and no more', () => {
  assert.deepEqual(readdirSync(folder).sort(), ['LICENSE.txt', 'extension.js', 'node_modules', 'package.json', 'readme.md']);
  for (const module of readdirSync(join(folder, 'node_modules'))) {
    const files = readdirSync(join(folder, 'node_modules', module));
    assert.ok(files.some(file => /^licen[cs]e/i.test(file)), `${module} has no licence`);
  }
  const modules = Object.keys(description.dependencies);
  for (const module of modules) assert.ok(existsSync(join(folder, 'node_modules', module)), module);
  const compressed = readFileSync(VSIX).length;
  assert.ok(compressed <= 500_000, `${compressed} bytes`);
  assert.equal(execFileSync(ECI_POLICY, ['--version'], { encoding: 'utf8' }), `eci-policy ${description.version}\n`);
});

test('the readme lists the settings', () => {
  const page = readFileSync(join(folder, 'readme.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(eciPolicy\.\w+)` /gm)].map(([, name]) => name);
  assert.deepEqual(rows, Object.keys(description.contributes.configuration.properties));
});

test('the server has the arguments of the settings, and ends with the extension', limited, async () => {
  const { properties } = description.contributes.configuration;
  const command = script('recorded', `echo $$ >'${temporary}/pid'; exec '${resolve(ECI_POLICY)}' "$@"`);
  editor.settings = { path: command, arguments: properties['eciPolicy.arguments'].default };
  await extension.activate({ subscriptions: [] });
  editor.open('/deploy/labelled.yaml', pod('eci: "true"', 'hostPID: true'));
  editor.open('/deploy/pod.yaml', pod('app: web', 'hostPID: true'));
  assert.deepEqual(await diagnosed('/deploy/labelled.yaml'), [['host-namespaces', 0]]);
  assert.deepEqual(await diagnosed('/deploy/pod.yaml'), []);

  // A changed setting starts another server.
  const pid = () => Number(readFileSync(join(temporary, 'pid'), 'utf8'));
  const first = pid();
  editor.diagnostics.clear();
  editor.configure({ arguments: ['--assume-eci'] });
  assert.deepEqual(await diagnosed('/deploy/pod.yaml'), [['host-namespaces', 0]]);
  await ended(first);

  const second = pid();
  await extension.deactivate();
  await ended(second);
  assert.deepEqual(editor.errors, []);
});

test('a command that cannot be the server is an error with the way out', limited, async () => {
  const missing = join(temporary, 'missing');
  const old = script('old', `exec '${resolve(ECI_POLICY)}' of-a-newer-version`);
  const broken = script('broken', 'echo "no such library" >&2; exit 127');
  for (const [command, message] of [
    [missing, `The command ${missing} was not found. Install eci-policy, or set eciPolicy.path to its path.`],
    [old, `The command ${old} has no language server. Install a newer eci-policy.`],
    [broken, `The command ${broken} does not run: no such library`],
  ]) {
    editor.settings = { path: command, arguments: [] };
    await extension.activate({ subscriptions: [] });
    assert.deepEqual(await reported(), { message, answers: ['How to install', 'Open settings'] });
    await extension.deactivate();
  }
});
