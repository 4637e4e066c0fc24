/** The answers and errors of the functions on text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { edited, imported, thrown } from './support/installed.js';

const { InputError, InternalError, SettingsError, ...text } = await imported('eci-security-context/text');
const { check, convert, diff, explain, fix, profiles, sarif, show, suppress } = text;

/** A Deployment with characters of one to four bytes before the findings. */
const MANIFEST = `# größer 🎉 than ﬁt
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {note: "🎉🎉"}}
spec:
  template:
    metadata:
      labels: {alibabacloud.com/eci: "true"}
    spec:
      containers:
      - name: "🎉"
        image: nginx
        securityContext: {privileged: true, capabilities: {add: [CAP_NET_ADMIN]}} # keep ä
`;

const at = (manifest, { from, to }) => manifest.slice(from, to);

test('check finds what is wrong, and where', () => {
  const { objects: [object, ...more], problems } = check(MANIFEST);
  assert.deepEqual([more, problems], [[], []]);
  assert.equal(object.name, 'Deployment shop/web');
  assert.ok(at(MANIFEST, object.range).startsWith('apiVersion') && at(MANIFEST, object.range).includes('CAP_NET_ADMIN'));
  const { range, ...scope } = object.scope;
  assert.deepEqual(scope, { certainty: 'certain', reason: 'label alibabacloud.com/eci="true"' });
  assert.equal(at(MANIFEST, range), 'alibabacloud.com/eci: "true"');
  const [privileged, capability] = object.findings;
  assert.equal(object.findings.length, 2);
  assert.equal(at(MANIFEST, privileged.range), 'privileged: true');
  assert.deepEqual([privileged.rule, privileged.action, privileged.effect], ['privileged', 'deny', 'refused']);
  assert.match(privileged.url, /\/docs\/rules\.md#privileged$/);
  assert.deepEqual([privileged.fix, privileged.owned, privileged.suppressed], [undefined, false, undefined]);
  assert.equal(at(MANIFEST, capability.range), 'CAP_NET_ADMIN');
  assert.equal(capability.note, 'the policy repairs it when the pod is created');
  assert.equal(capability.fix.title, 'rewritten as Kubernetes spells it');
  assert.equal(edited(MANIFEST, capability.fix.edits), MANIFEST.replace('CAP_NET_ADMIN', 'NET_ADMIN'));
});

test('the objects are those of documents, lists, reviews and requests, in order', () => {
  const pod = (name) => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {hostPID: true}}`;
  const request = 'Action=CreateContainerGroup\nContainer.1.SecurityContextPrivileged=true\n';
  const manifest = `apiVersion: v1
kind: List
items:
- ${pod('a')}
- ${pod('b')}
---
${pod('c')}
---
apiVersion: v1
kind: Namespace
metadata: {name: d}
---
{"kind": "AdmissionReview", "request": {"uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "object": ${pod('e')}}}
---
${request}`;
  const { objects, problems } = check(manifest, { assumeEci: true });
  assert.deepEqual(problems, []);
  assert.deepEqual(objects.map(({ name }) => name), ['Pod a', 'Pod b', 'Pod c', 'Namespace d', 'Pod e', 'CreateContainerGroup']);
  for (const [index, name] of ['a', 'b', 'c'].entries()) assert.equal(at(manifest, objects[index].range), pod(name));
  assert.deepEqual(objects.map(({ findings }) => findings.map(({ rule }) => rule)), [
    ['host-namespaces'], ['host-namespaces'], ['host-namespaces'], [], ['host-namespaces'], ['privileged'],
  ]);
  const reasons = objects.map(({ scope }) => scope?.reason);
  assert.equal(reasons[0], 'every pod is treated as one that runs on ECI');
  assert.deepEqual([reasons[3], reasons[5]], [undefined, "a request to ECI's OpenAPI"]);
  assert.equal(at(manifest, objects[5].findings[0].range), 'Container.1.SecurityContextPrivileged=true');
});

test('the signal that decides is shown', () => {
  const pod = (more) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  containers: [{name: a, image: a}]\n  ${more}\n`;
  const scope = (manifest, options) => check(manifest, options).objects.at(-1).scope;
  const named = pod('nodeName: virtual-kubelet-cn-beijing-g');
  const { range, ...decided } = scope(named);
  assert.deepEqual(decided, { certainty: 'certain', reason: 'its nodeName is a virtual node' });
  assert.equal(at(named, range), 'nodeName: virtual-kubelet-cn-beijing-g');
  const tolerant = pod('tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]');
  assert.deepEqual(scope(tolerant), {
    certainty: 'possible',
    reason: 'its tolerations, node affinity or annotation allow virtual nodes',
  });
  const enforced = scope(pod('tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]'), { settings: { scope: { possible: 'enforce' } } });
  assert.deepEqual(enforced, { certainty: 'certain', reason: 'its tolerations, node affinity or annotation allow virtual nodes' });
  assert.equal(scope(pod('')).certainty, 'no');
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {alibabacloud.com/eci: "true"}}\n---\n';
  const settings = { scope: { namespaceLabels: true } };
  assert.deepEqual(scope(namespace + pod('hostPID: true'), { settings }), { certainty: 'certain', reason: 'the labels of its Namespace' });
});

test('options decide', () => {
  const elsewhere = MANIFEST.replace('"true"', '"True"');
  const actions = (options) => check(elsewhere, options).objects[0].findings.map(({ action }) => action);
  assert.deepEqual(actions(), []);
  for (const settings of [undefined, null, {}]) assert.deepEqual(actions({ settings, assumeEci: true }), ['deny', 'warn']);
  assert.deepEqual(actions({ settings: { actions: { privileged: 'warn' } }, assumeEci: true }), ['warn', 'warn']);
  const { problems: [remark] } = check(elsewhere);
  assert.equal(remark.remark, true);
  assert.equal(at(elsewhere, remark.range), 'alibabacloud.com/eci: "True"');
  const sysctl = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}\n';
  const denied = (options) => check(sysctl, { assumeEci: true, ...options }).objects[0].findings.length;
  const [newest, oldest] = [profiles()[0], profiles().at(-1)];
  assert.equal(denied({ profile: newest, settings: { profile: oldest } }), denied({}));
  assert.equal(denied({ profile: 'latest' }), denied({}));
});

test('a comment suppresses a finding', () => {
  for (const manifest of [MANIFEST, MANIFEST.replaceAll('\n', '\r\n')]) {
    const [finding] = check(manifest).objects[0].findings;
    const edit = suppress(manifest, finding, 'approved ✓');
    const after = edited(manifest, [edit]);
    const end = manifest.includes('\r') ? '\r\n' : '\n';
    assert.equal(edit.text, `        # eci-policy: allow privileged approved ✓${end}`);
    const { objects: [{ findings: [first, second] }], problems } = check(after);
    assert.deepEqual(first.suppressed, { by: 'comment', reason: 'approved ✓' });
    assert.deepEqual([second.suppressed, problems], [undefined, []]);
    // A second comment joins the first.
    const both = edited(after, [suppress(after, second)]);
    assert.deepEqual(check(both).objects[0].findings.map(({ suppressed }) => suppressed?.by), ['comment', 'comment']);
  }
  const request = 'Action=CreateContainerGroup\nContainer.1.SecurityContextPrivileged=true\n';
  const [finding] = check(request).objects[0].findings;
  assert.equal(suppress(request, finding, 'x').text, '# eci-policy: allow privileged x\n');
});

test('a comment is offered only where one can stand', () => {
  const json = '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "a"},\n "spec": {"hostPID": true}}';
  const quoted = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostname: "b\n  c", hostPID: true}\n';
  for (const manifest of [json, quoted]) {
    const [finding] = check(manifest, { assumeEci: true }).objects[0].findings;
    assert.equal(finding.rule, 'host-namespaces');
    assert.equal(suppress(manifest, finding, 'x', { assumeEci: true }), undefined);
  }
  // This text has no such finding.
  assert.equal(suppress(MANIFEST, { rule: 'host-path', range: { from: 0, to: 0 } }), undefined);
});

test('fix repairs a text and keeps the rest', () => {
  const manifest = `\ufeff${MANIFEST}`.replaceAll('\n', '\r\n');
  const fixed = fix(manifest);
  assert.equal(fixed.text, manifest.replace('CAP_NET_ADMIN', 'NET_ADMIN'));
  assert.equal(edited(manifest, fixed.edits), fixed.text);
  assert.deepEqual([fixed.findings, fixed.left, fixed.errors, fixed.problems], [1, 0, 1, []]);
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]\n  containers:\n  - {name: a, image: a, securityContext: {capabilities: {add: [cap_kill]}}}\n';
  assert.deepEqual([fix(pod).text, fix(pod).possible], [pod, 1]);
  assert.equal(fix(pod, { assumeEci: true }).text, pod.replace('cap_kill', 'KILL'));
  const settings = { actions: { 'capability-name': 'warn' } };
  assert.equal(fix(MANIFEST, { settings }).findings, 0);
  assert.equal(fix(MANIFEST, { settings, rules: ['capability-name'] }).findings, 1);
});

test('fix says why it leaves a text', () => {
  const anchored = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {eci: "true"}}\nspec:\n  containers:\n  - {name: a, image: a, securityContext: {capabilities: {add: [&cap CAP_KILL]}}}\n  - {name: b, image: b, securityContext: {capabilities: {add: [*cap]}}}\n';
  const { text, left, problems } = fix(anchored);
  assert.equal(text, anchored);
  assert.ok(left > 0 && problems.every(({ remark }) => remark), JSON.stringify(problems));
  assert.match(problems[0].message, /^not repaired: /);
});

test('show says what is written, and what runs', () => {
  const { objects: [object], problems } = show(MANIFEST);
  assert.deepEqual(problems, []);
  assert.deepEqual([object.kind, object.namespace, object.name, object.template, object.line], ['Deployment', 'shop', 'web', true, 2]);
  assert.equal(object.scope.certainty, 'certain');
  const [container] = object.containers;
  assert.ok(at(MANIFEST, container.range).startsWith('name: "🎉"'), at(MANIFEST, container.range));
  assert.deepEqual(container.written, { privileged: { value: true, from: 'container' } });
  assert.deepEqual(container.settings.privileged, { value: false, from: 'notGranted', asked: { value: true, from: 'container' } });
  assert.deepEqual(container.kubernetes, {
    runAsUser: null,
    runAsGroup: null,
    runAsNonRoot: false,
    privileged: true,
    allowPrivilegeEscalation: true,
    readOnlyRootFilesystem: false,
    procMount: 'Default',
  });
  assert.deepEqual(container.settings.readOnlyRootFilesystem, { value: true, from: 'fixed' });
  assert.deepEqual(container.settings.procMount, { value: 'Default', from: 'fixed' });
  assert.equal(container.capabilities.granted.mask, '00000000a80425fb');
  assert.deepEqual(container.capabilities.refused, ['CAP_NET_ADMIN']);
  assert.ok(object.refused.some(({ rule }) => rule === 'privileged'));
  const [elsewhere] = show(MANIFEST.replace('"true"', '"no"')).objects;
  assert.deepEqual([elsewhere.scope.certainty, elsewhere.containers], ['no', undefined]);
});

test('show tells a value of the pod from one of the container', () => {
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {eci: "true"}}\nspec:\n  securityContext: {runAsUser: 5, runAsNonRoot: true}\n  containers:\n  - {name: a, image: a, securityContext: {runAsUser: 7, readOnlyRootFilesystem: false}}\n';
  const [{ containers: [{ written, kubernetes }] }] = show(pod).objects;
  assert.deepEqual([kubernetes.runAsUser, kubernetes.runAsNonRoot], [7, true]);
  assert.deepEqual(written, {
    runAsUser: { value: 7, from: 'container' },
    runAsNonRoot: { value: true, from: 'pod' },
    readOnlyRootFilesystem: { value: false, from: 'container' },
  });
});

test('diff compares two profiles', () => {
  const manifest = `# 🎉
apiVersion: v1
kind: Pod
metadata: {name: "🎉", labels: {eci: "true"}}
spec:
  initContainers:
  - name: i
    image: i
    securityContext: {runAsGroup: 5}
`;
  const [newest, oldest] = [profiles()[0], profiles().at(-1)];
  const { from, to, objects, changed: [object], reasons, sources } = diff(manifest, oldest, newest);
  assert.deepEqual([from, to, objects], [oldest, newest, 1]);
  assert.deepEqual([object.object, object.line], ['Pod 🎉', 2]);
  assert.ok(at(manifest, object.range).startsWith('apiVersion'));
  assert.equal(at(manifest, object.changes[0].range), 'runAsGroup: 5');
  assert.equal(object.changes[0].rule, 'init-container-identity');
  assert.ok(reasons.length > 0 && sources.length === 2);
  assert.deepEqual(diff(manifest, newest, newest).changed, []);
});

test('explain returns the page of a rule', () => {
  const { id, effect, action, docs, url, effectSentence } = explain('privileged');
  assert.deepEqual([id, effect, action], ['privileged', 'refused', 'deny']);
  assert.match(docs, /\*\*Why\.\*\*/);
  assert.match(url, /#privileged$/);
  assert.match(effectSentence, /^refused: /);
  assert.match(thrown(() => explain('privilegd')).message, /did you mean privileged\?/);
});

test('convert makes pods and requests', () => {
  const pod = convert('docker run --rm -u 5 --device /dev/fuse nginx', { to: 'manifest' });
  assert.match(pod.text, /^apiVersion: v1\nkind: Pod\n[^]*runAsUser: 5\n/);
  assert.match(pod.remarks[0], /^--device "\/dev\/fuse": /);
  const flat = convert(pod.text, { to: 'create-container-group' });
  assert.equal(flat.text, 'Container.1.Name=nginx\nContainer.1.SecurityContext.RunAsUser=5\n');
  const json = convert(pod.text, { to: 'create-container-group', format: 'json' });
  assert.deepEqual(JSON.parse(json.text), { Container: [{ Name: 'nginx', SecurityContext: { RunAsUser: 5 } }] });
  // A request is checked like any text.
  assert.equal(check(flat.text).objects[0].name, 'CreateContainerGroup');
});

test('sarif has the findings and the version', () => {
  const log = JSON.parse(sarif(MANIFEST, { file: 'deploy/web 1.yaml' }));
  const [{ tool, results }] = log.runs;
  assert.equal(tool.driver.version, text.version);
  assert.equal(results.length, 2);
  assert.equal(results[0].locations[0].physicalLocation.artifactLocation.uri, 'deploy/web%201.yaml');
});

test('what cannot be read is a problem with its place, and the rest is checked', () => {
  for (const [bad, says, where] of [
    ['a: [1', /./, ''],
    ['apiVersion: v1\nkind: Pod\nspec: {hostPID: "yes"}', /hostPID: is a string/, 'hostPID: "yes"'],
    ['apiVersion: v1\nkind: Pod\nkind: Pod', /./, ''],
    ['metadata: {name: \u0000}', /./, ''],
    ['GIF89a\u0001\u0000\ufffd\u0000\u0000', /./, ''],
  ]) {
    const manifest = `${MANIFEST}---\n${bad}\n`;
    const { objects, problems: [problem, ...more] } = check(manifest, { assumeEci: true });
    assert.deepEqual([objects[0].findings.length, more, problem?.remark], [2, [], false], bad);
    assert.match(problem.message, says);
    assert.ok(problem.range.from >= MANIFEST.length && problem.range.to <= manifest.length, JSON.stringify(problem));
    assert.equal(at(manifest, problem.range), where);
    for (const call of [fix, show]) assert.equal(call(manifest, { assumeEci: true }).problems.length, 1, bad);
  }
  // Half a surrogate pair is one character, as anywhere in JavaScript.
  const half = MANIFEST.replace('🎉', '\ud83c');
  assert.equal(at(half, check(half).objects[0].findings[0].range), 'privileged: true');
  assert.deepEqual(check(''), { objects: [], problems: [] });
});

test('a text of more than 32 MiB is refused', () => {
  const large = `${MANIFEST}#${'x'.repeat(50_000_000)}`;
  for (const call of [check, fix, show, sarif, (manifest) => diff(manifest, 'latest', 'latest'), (manifest) => convert(manifest, { to: 'manifest' })]) {
    const error = thrown(() => call(large));
    assert.ok(error instanceof InputError && error instanceof Error, String(error));
    assert.equal(error.message, 'the text is larger than 32 MiB, the limit; split it');
  }
  // Of two bytes each.
  assert.ok(thrown(() => check(`#${'ä'.repeat(17 << 20)}`)) instanceof InputError);
  assert.equal(check(MANIFEST).objects[0].findings.length, 2);
});

test('a text of almost 32 MiB is checked', () => {
  const document = `---\n${MANIFEST}`;
  const count = Math.floor((2 << 20) / Buffer.byteLength(document));
  const comment = `# ${'x'.repeat(1000)}\n`;
  const manifest = document.repeat(count) + comment.repeat(Math.floor((29 << 20) / comment.length));
  assert.equal(check(manifest).objects.length, count);
});

test('bad options name what is wrong', () => {
  for (const [options, path] of [
    [{ settings: { actions: { privilegd: 'warn' } } }, 'actions.privilegd'],
    [{ settings: { exempt: [{ image: 1n }] } }, 'exempt[0].image'],
    [{ settings: 'latest' }, ''],
    [{ profile: '2020-01-01' }, 'profile'],
  ]) {
    const error = thrown(() => check(MANIFEST, options));
    assert.ok(error instanceof SettingsError, String(error));
    assert.deepEqual([error.name, error.code, error.path], ['SettingsError', 422, path]);
  }
  // Only these functions look for Namespaces in the text.
  const settings = { scope: { namespaceLabels: true } };
  assert.ok(thrown(() => show(MANIFEST, { settings })) instanceof SettingsError);
  for (const [call, says] of [
    [() => check(5), 'the text is number, and must be a string'],
    [() => check(undefined), 'the text is undefined, and must be a string'],
    [() => check(MANIFEST, { profile: 5 }), 'an option has the wrong type'],
    [() => check(MANIFEST, { profile: 5n }), 'profile: is a BigInt, which JSON does not have'],
    [() => diff(MANIFEST, 'a', 'latest'), 'there is no profile "a"; there are '],
    [() => fix(MANIFEST, { rules: ['x'] }), 'there is no such rule; '],
    [() => convert(MANIFEST, { to: 'manifest' }), 'the command '],
    [() => convert('a: b', { to: 'create-container-group' }), 'the manifest has no pods'],
    [() => convert(MANIFEST, { to: 'yaml' }), 'convert to manifest, or to create-container-group'],
  ]) {
    const error = thrown(call);
    assert.ok(error instanceof InputError, String(error));
    assert.ok(error.message.startsWith(says), error.message);
  }
});

test('after a trap the next call is answered', () => {
  const [finding] = check(MANIFEST).objects[0].findings;
  // Its copies are more than the memory of an instance.
  const error = thrown(() => suppress(MANIFEST, finding, 'x'.repeat(400 << 20)));
  assert.ok(error instanceof InternalError && error.cause instanceof Error, String(error));
  assert.equal(check(MANIFEST).objects[0].findings.length, 2);
});
