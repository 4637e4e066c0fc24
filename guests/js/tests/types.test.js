/** The types of the package in strict TypeScript. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { installed, repository } from './support/installed.js';

const tsc = join(repository, 'guests/js/node_modules/.bin/tsc');

const PROGRAM = `
import { mutate, rules, settingsSchema, validate, InternalError, SettingsError, UnreadableError } from 'eci-security-context';
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
