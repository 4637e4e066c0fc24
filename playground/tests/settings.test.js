/** The settings: completion, errors, approvals. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MIXED, PRIVILEGED, findings, judged, opened, openTab, paste, picture, pod, textOf } from './support/page.js';

const box = (page) => page.getByRole('textbox', { name: 'Settings of the policy' });
const completions = (page) => page.locator('.cm-tooltip-autocomplete li');

test('settings change the verdict', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await openTab(page, 'Settings');
  await paste(page, 'actions:\n  privileged: warn\n', box(page));
  await page.locator('#banner').getByText('1 warning').waitFor();
  await page.getByText('The settings are valid.').waitFor();
  // JSON too.
  await paste(page, '{"actions": {"privileged": "off"}}', box(page));
  await page.locator('#banner').getByText('No problems found.').waitFor();
});

test('keys and values are completed from the schema', async (t) => {
  const page = await opened(t);
  await openTab(page, 'Settings');
  await box(page).click();
  await page.keyboard.press('Control+Space');
  await completions(page).first().waitFor();
  assert.deepEqual(await completions(page).allTextContents(), [
    'actions',
    'approved',
    'exempt',
    'mutate',
    'profile',
    'scope',
  ]);
  await page.keyboard.press('Escape');

  await page.keyboard.type('act');
  await completions(page).first().waitFor();
  await page.waitForTimeout(100);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.type('host-na');
  await completions(page).getByText('host-namespaces').waitFor();
  await page.waitForTimeout(100);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Space');
  await completions(page).first().waitFor();
  assert.deepEqual(await completions(page).allTextContents(), ['audit', 'denydefault', 'false', 'off', 'warn'].sort());
  await picture(page, 'settings');
  await page.keyboard.type('aud');
  await page.waitForTimeout(200);
  await page.keyboard.press('Enter');
  assert.equal(await textOf(page, box(page)), 'actions:\n  host-namespaces: audit');
});

// The settings' schema.
for (const [text, expected] of [
  ['approved:\n  capabilities: [SYS_TIME, SYS_RAW', ['SYS_RAWIO']],
  ['approved:\n  capabilities:\n  - SYS_RAW', ['SYS_RAWIO']],
  ['exempt:\n- image: a/*\n  con', ['container']],
  ['actions:\n  privileged: warn\nsc', ['scope']],
  ['scope: {assumeEci: true, possible: ', ['enforce', 'ignore', 'warndefault']],
  ['{"actions": {"privileged": "warn"}, "scope": {"pos', ['possible']],
  ['{"mutate": "', ['all', 'none', 'podsdefault']],
]) {
  test(`completion after ${JSON.stringify(text)}`, async (t) => {
    const page = await opened(t);
    await openTab(page, 'Settings');
    await paste(page, text, box(page));
    await page.keyboard.press('Control+Space');
    await completions(page).first().waitFor();
    assert.deepEqual(await completions(page).allTextContents(), expected);
    await page.waitForTimeout(100);
    await page.keyboard.press('Enter');
    const completed = await textOf(page, box(page));
    assert.ok(completed.startsWith(text) && !completed.includes('""'), completed);
  });
}

test('an error of the engine is shown at its key, and typing goes on', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await openTab(page, 'Settings');
  await paste(page, '# my settings\nactions:\n  privilegd: warn\n', box(page));
  await page.locator('#panel-settings').getByText('did you mean privileged?').waitFor();
  assert.equal(await page.locator('.settings .cm-lintRange-error').textContent(), 'privilegd');
  await page.locator('#banner').getByText('The settings are invalid').waitFor();

  await paste(page, 'actions: {privileged: [', box(page));
  await page.locator('.settings .cm-lint-marker-error').waitFor();
  await paste(page, 'actions:\n  privileged: warn\n', box(page));
  await page.locator('#banner').getByText('1 warning').waitFor();
});

test('an approval is added to the settings, and comments stay', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  await openTab(page, 'Settings');
  await paste(page, '# of the platform team\nmutate: none\n', box(page));
  await openTab(page, 'Findings');
  await page.getByRole('button', { name: /SYS_TIME/ }).click();
  await page.getByRole('button', { name: 'Add approval to settings' }).click();
  await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor();
  assert.equal(
    await textOf(page, box(page)),
    '# of the platform team\nmutate: none\napproved:\n  capabilities: [ SYS_TIME ]\n',
  );
  await openTab(page, 'Findings');
  await page.waitForFunction(() => !document.querySelector('.findings').textContent.includes('SYS_TIME'));
});

test('sysctls and privileged containers can be approved', async (t) => {
  const page = await opened(t);
  await paste(
    page,
    pod(`securityContext: {sysctls: [{name: vm.max_map_count, value: "262144"}]}
containers: [{name: web, image: nginx, securityContext: {privileged: true}}]`),
  );
  for (const name of [/vm\.max_map_count/, /privileged: true/]) {
    await openTab(page, 'Findings');
    await page.getByRole('button', { name }).first().click();
    await page.getByRole('button', { name: 'Add approval to settings' }).click();
    await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor();
    await judged(page);
  }
  assert.equal(
    await textOf(page, box(page)),
    'approved:\n  hostSysctls: [ vm.max_map_count ]\n  privileged: true\nactions:\n  sysctl-unsupported: fix\n',
  );
  await openTab(page, 'Findings');
  assert.equal(await findings(page).filter({ hasText: 'privileged: true is not allowed' }).count(), 0);
});
