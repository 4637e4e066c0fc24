/** The answers and errors of the functions. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { imported, privileged, repository, thrown } from './support/installed.js';

const policy = await imported();
const { InternalError, SettingsError, UnreadableError, mutate, rules, settingsSchema, validate } = policy;

const repairable = () => {
  const pod = privileged();
  pod.spec.containers[0].securityContext = { capabilities: { add: ['CAP_NET_ADMIN'] } };
  return pod;
};

test('the package is small', () => {
  const { length } = readFileSync(process.env.NPM_TARBALL);
  assert.ok(length <= 1_000_000, `${length} bytes packed`);
  // Without the functions on text.
  const files = ['--wildcards', '--exclude', '*/text*'];
  const unpacked = execFileSync('tar', ['-xzOf', process.env.NPM_TARBALL, ...files], { maxBuffer: 1 << 30 });
  assert.ok(unpacked.length <= 500_000, `${unpacked.length} bytes unpacked`);
});

test('a pod is denied', () => {
  const { accepted, code, message, findings, auditAnnotations, object } = validate(privileged());
  assert.equal(accepted, false);
  assert.equal(code, 403);
  assert.match(message, /^\[privileged\] spec\.containers\[0\]\.securityContext\.privileged: privileged: true is not allowed on ECI without/);
  const [{ rule, action, effect, path, help }] = findings;
  assert.deepEqual([rule, action, effect], ['privileged', 'deny', 'refused']);
  assert.equal(path, 'spec.containers[0].securityContext.privileged');
  assert.ok(message.includes(help));
  assert.equal(JSON.parse(auditAnnotations.findings)[0].rule, 'privileged');
  assert.equal(object, undefined);
});

test('a pod is repaired, and the original is not changed', () => {
  const pod = repairable();
  const { accepted, warnings, object } = validate(pod);
  assert.equal(accepted, true);
  assert.match(warnings[0], /^capability-name: .* \(repaired: /);
  assert.deepEqual(object.spec.containers[0].securityContext, { capabilities: { add: ['NET_ADMIN'] } });
  assert.deepEqual(pod, repairable());
  assert.equal(validate(object).object, undefined);
});

test('the verdict says whether the pod was judged', () => {
  const pod = privileged();
  assert.equal(validate(pod).scope, 'certain');
  delete pod.metadata.labels;
  assert.equal(validate(pod).scope, 'no');
  pod.spec.tolerations = [{ key: 'virtual-kubelet.io/provider', operator: 'Exists' }];
  assert.equal(validate(pod).scope, 'possible');
  assert.equal(validate({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } }).scope, undefined);
});

test('a list is refused', () => {
  const error = thrown(() => validate({ apiVersion: 'v1', kind: 'List', items: [privileged()] }));
  assert.ok(error instanceof UnreadableError);
  assert.equal(error.path, 'items');
  assert.match(error.message, /items: makes the object a list; judge its items one by one/);
});

test('a pod elsewhere is accepted silently', () => {
  const pod = privileged();
  delete pod.metadata.labels;
  assert.deepEqual(validate(pod), { accepted: true, warnings: [], scope: 'no', findings: [] });
});

test('mutate repairs a denied object too', () => {
  const pod = repairable();
  pod.spec.containers[0].securityContext.privileged = true;
  assert.equal(validate(pod).object, undefined);
  const { accepted, object } = mutate(pod);
  assert.equal(accepted, false);
  assert.deepEqual(object.spec.containers[0].securityContext.capabilities.add, ['NET_ADMIN']);
});

test('requests and reviews are taken', () => {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const request = { uid: '1', kind, operation: 'CREATE', object: privileged() };
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  for (const document of [request, review]) assert.deepEqual(validate(document), validate(privileged()));
  assert.equal(validate({ ...request, operation: 'DELETE' }).accepted, true);
});

test('settings decide', () => {
  const { accepted, warnings } = validate(privileged(), { actions: { privileged: 'warn' } });
  assert.equal(accepted, true);
  assert.match(warnings[0], /^privileged: /);
  for (const settings of [undefined, null, {}]) assert.equal(validate(privileged(), settings).code, 403);
});

test('bad settings name their key', () => {
  for (const [settings, path] of [
    [{ actions: { privilegd: 'warn' } }, 'actions.privilegd'],
    [{ scope: { namespaceLabels: true } }, 'scope.namespaceLabels'],
    [{ approved: { capabilities: ['ALL'] } }, 'approved.capabilities[0]'],
    [[], ''],
    ['latest', ''],
    [() => 1, ''],
    [{ exempt: [{ image: 1n }] }, 'exempt[0].image'],
  ]) {
    const error = thrown(() => validate(privileged(), settings));
    assert.ok(error instanceof SettingsError && error instanceof Error, String(error));
    assert.deepEqual([error.name, error.code, error.path], ['SettingsError', 422, path]);
    assert.ok(error.message.startsWith('settings: '), error.message);
  }
});

test('an unreadable object names its path', () => {
  const pod = privileged();
  const cyclic = privileged();
  cyclic.spec.containers[0].securityContext.seccompProfile = cyclic.spec;
  let deep = [];
  for (let level = 0; level < 100_000; level++) deep = [deep];
  const throws = { toJSON: () => { throw new Error('s3cr3t-token'); } };
  for (const [object, code, path, says] of [
    [undefined, 422, '', 'is undefined, and must be an object'],
    [null, 422, 'request.object', 'request.object: is null'],
    ['s3cr3t-token', 422, 'request.object', 'is a string, and must be an object'],
    [Symbol('s3cr3t-token'), 422, '', 'is symbol, and must be an object'],
    [[pod], 422, 'request.object', 'is an array'],
    [{}, 422, 'apiVersion', 'apiVersion: is missing'],
    [{ apiVersion: 'v1', kind: 1 }, 422, 'kind', 'kind: is a number'],
    [{ ...pod, spec: { ...pod.spec, hostPID: 's3cr3t-token' } }, 422, 'spec.hostPID', 'spec.hostPID: is a string'],
    [{ ...pod, spec: { ...pod.spec, 'a/b': [1n] } }, 400, 'spec[a/b][0]', 'spec[a/b][0]: is a BigInt'],
    [cyclic, 400, 'spec.containers[0].securityContext.seccompProfile', 'is an object that contains itself'],
    [{ ...pod, metadata: throws }, 400, '', 'cannot be written as JSON'],
    [{ ...pod, deep }, 400, '', 'is too deep or too large'],
  ]) {
    const error = thrown(() => validate(object));
    assert.ok(error instanceof UnreadableError && error instanceof Error, String(error));
    assert.deepEqual([error.name, error.code, error.path], ['UnreadableError', code, path], error.message);
    assert.ok(error.message.startsWith('the request cannot be read: '), error.message);
    assert.ok(error.message.includes(says), error.message);
    assert.ok(!error.message.includes('s3cr3t-token'), error.message);
  }
  assert.equal(validate(pod).code, 403);
});

test('a trap is an InternalError, and the next call works', () => {
  const pod = privileged();
  // More than the memory of an instance.
  pod.metadata.annotations = { large: 's3cr3t-token'.repeat(25 << 20) };
  for (const judge of [validate, mutate]) {
    const error = thrown(() => judge(pod));
    assert.ok(error instanceof InternalError, String(error));
    assert.ok(error.cause instanceof WebAssembly.RuntimeError, String(error.cause));
    assert.ok(!error.message.includes('s3cr3t-token'));
    assert.equal(judge(privileged()).code, 403);
    assert.equal(rules().length, 21);
  }
});

test('the rules are those of the catalogue', () => {
  const readme = readFileSync(join(repository, 'README.md'), 'utf8');
  const rows = rules().map(({ id, summary, effect, action, fix = '–' }) => {
    return `| [\`${id}\`](docs/rules.md#${id}) | ${summary} | ${effect} | ${action} | ${fix} |\n`;
  });
  assert.ok(readme.includes(`|---|---|---|---|---|\n${rows.join('')}<!-- end rules -->`));
  assert.ok(rules().every(({ since }) => /^\d+\.\d+\.\d+$/.test(since)));
});

test('the schema is that of the repository', () => {
  const schema = JSON.parse(readFileSync(join(repository, 'schemas/settings.schema.json'), 'utf8'));
  assert.deepEqual(settingsSchema(), schema);
  settingsSchema().title = 'changed';
  assert.deepEqual(settingsSchema(), schema);
});

/** Payloads that change in JavaScript, with the code of the changed ones. Numbers are doubles there: 1.0 and 1e3 are
 * integers, 1e400 becomes null, and numbers near 2^63 are rounded up to it. JSON of 100,000 levels cannot be written. */
const OTHERS = {
  'id 1.0': null,
  'id 1e3': null,
  'id 1e400': null,
  'id 9223372036854775807': 422,
  'id -9223372036854775808': 422,
  'arrays in arrays': 400,
  '100000 arrays in an unknown field': 400,
  '100000 arrays in an annotation': 400,
};

test('bad payloads get their answer, and the next evaluation works', () => {
  const cargo = ['run', '-q', '--profile', 'host', '--locked', '-p', 'eci-security-context-js'];
  const lines = execFileSync('cargo', [...cargo, '--example', 'bad-payloads'], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  let judged = 0;
  for (const line of lines.trimEnd().split('\n')) {
    const { name, payload, code, says } = JSON.parse(line);
    let document;
    try {
      document = JSON.parse(payload);
    } catch {
      continue; // No object of JavaScript's comes of it.
    }
    if (says.endsWith('is set twice') || says.endsWith('sets a key twice')) continue; // Nor of this: its objects have every key once.
    judged += 1;
    const { request, settings } = Object(document);
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
    let verdict;
    try {
      verdict = validate(document instanceof Object && !Array.isArray(document) ? review : document, settings);
    } catch (error) {
      assert.ok(error instanceof UnreadableError || error instanceof SettingsError, `${name}: ${error}`);
      verdict = { accepted: false, code: error.code, message: error.message, path: error.path };
    }
    const text = JSON.stringify(verdict, (key, value) => (key === 'object' ? undefined : value));
    assert.ok(!text.includes('s3cr3t-token'), name);
    const { [name]: expected = code } = OTHERS;
    assert.equal(verdict.code ?? null, expected, `${name}: ${text}`);
    if (expected && expected === code) assert.ok(verdict.message.includes(says), `${name}: ${verdict.message}`);
    assert.equal(validate(privileged()).code, 403, name);
  }
  assert.ok(judged > 500, `${judged} were judged`);
});
