/** The types of the package in strict TypeScript. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { installed, repository } from './support/installed.js';

const tsc = join(repository, 'guests/js/node_modules/.bin/tsc');

const PROGRAM = `
import { mutate, rules, settingsSchema, validate, InternalError, SettingsError, UnreadableError } from 'eci-security-context';
import { check, convert, diff, explain, fix, profiles, sarif, show, suppress, version, InputError } from 'eci-security-context/text';
import type { Certainty, Checked, Range, TextEdit } from 'eci-security-context/text';
import type { Action, Effect, Finding, Rule, RuleId, Settings, Verdict } from 'eci-security-context';

const settings: Settings = {
  profile: 'latest',
  mutate: 'none',
  scope: { assumeEci: true, possible: 'enforce' },
  actions: { '*': 'warn', privileged: 'deny', 'root-filesystem': 'fix', 'host-path': false },
  approved: { capabilities: ['SYS_RAWIO', 'cap_bpf'], hostSysctls: ['vm.max_map_count'] },
  exempt: [{ image: 'registry.example/**' }],
};
interface Pod { apiVersion: string; kind: string }
const pod: Pod = { apiVersion: 'v1', kind: 'Pod' };
const verdict: Verdict = validate(pod, settings);
const repaired: Record<string, unknown> | undefined = mutate(pod).object;
const accepted: boolean = verdict.accepted;
const code: number | undefined = verdict.code;
const audit: string | undefined = verdict.auditAnnotations?.findings;
for (const { rule, action, effect, path, message, help } of verdict.findings) {
  const fields: [RuleId, Action, Effect, string, string, string] = [rule, action, effect, path, message, help];
}
const fixes: (string | undefined)[] = rules().map((rule: Rule) => rule.fix);
const id: unknown = settingsSchema()['$id'];
try {
  validate(pod);
} catch (error) {
  if (error instanceof UnreadableError || error instanceof SettingsError) {
    const where: [number, string] = [error.code, error.path];
  } else if (error instanceof InternalError) {
    const cause: unknown = error.cause;
  }
}
const checked: Checked = check('', { settings, profile: 'latest', assumeEci: true });
for (const { name, range, scope, findings } of checked.objects) {
  const where: [string, Range, Certainty | undefined, string | undefined] = [name, range, scope?.certainty, scope?.reason];
  for (const found of findings) {
    const finding: Finding = found;
    const edits: TextEdit[] = found.fix?.edits ?? [];
    const edit: TextEdit | undefined = suppress('', found, 'reason');
    const reason: string | undefined = found.suppressed?.reason;
  }
}
const problem: [string, boolean, Range | undefined] | undefined = checked.problems.map(({ message, remark, range }) => [message, remark, range] as [string, boolean, Range | undefined])[0];
const fixed: string = fix('', { rules: ['capability-name'] }).text;
for (const { kind, scope, containers, sysctls, refused } of show('').objects) {
  const first = containers?.[0];
  const user: unknown = first?.written.runAsUser?.value ?? first?.settings.runAsUser.value;
  const mask: string | undefined = first?.capabilities.granted.mask;
  const outcome: 'taken' | Effect | undefined = sysctls?.[0]?.outcome;
  const rule: RuleId | undefined = refused?.[0]?.rule;
}
const change: [Range, Action | undefined] | undefined = diff('', profiles()[0] ?? '', 'latest').changed.flatMap(({ changes }) => changes).map(({ range, after }) => [range, after] as [Range, Action | undefined])[0];
const texts: string[] = [explain('privileged').docs, convert('', { to: 'create-container-group', format: 'json' }).text, sarif('', { file: 'a.yaml' }), version];
const thrown = new InputError('a');
// @ts-expect-error: only requests have a format
convert('', { to: 'manifest', format: 'json' });
// @ts-expect-error: the text is a string
check({});
// @ts-expect-error: the rule has no fix
const noFix: Settings = { actions: { privileged: 'fix' } };
// @ts-expect-error: no such rule
const noRule: Settings = { actions: { privilegd: 'warn' } };
// @ts-expect-error: an exemption needs an image
const noImage: Settings = { exempt: [{ container: 'istio-*' }] };
// @ts-expect-error: no such finding
const noFinding: Finding = { rule: 'none' };
// @ts-expect-error: an object is expected, not text
validate('apiVersion: v1');
`;

for (const [module, resolution] of [['esnext', 'bundler'], ['nodenext', 'nodenext']]) {
  test(`a strict program compiles under moduleResolution ${resolution}`, () => {
    const folder = installed({ 'program.ts': PROGRAM });
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', module, '--moduleResolution', resolution];
    const { status, stdout } = spawnSync(tsc, [...options, 'program.ts'], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
}
