/** Findings while one types, and the scope. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MIXED, PRIVILEGED, editor, findings, judged, opened, paste, picture, pod } from './support/page.js';

const squiggled = (page, severity) => page.locator(`#manifest .cm-lintRange-${severity}`);

test('typing draws and removes squiggles', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await squiggled(page, 'error').waitFor();
  assert.equal((await squiggled(page, 'error').allTextContents()).join(''), 'privileged: true');
  assert.equal(await findings(page).count(), 1);

  await page.keyboard.press('Control+End');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('End');
  for (let count = 0; count < 'true'.length; count++) await page.keyboard.press('Backspace');
  await page.keyboard.type('false');
  await page.locator('#panel-findings').getByText('No problems found.').waitFor();
  assert.equal(await squiggled(page, 'error').count(), 0);
});

test('the newest text wins', async (t) => {
  const page = await opened(t);
  await paste(page, pod('hostPID: true\ncontainers: [{name: web, image: nginx}]'));
  await page.keyboard.press('Control+Home');
  // Faster than the engine, which sees some of the texts in between.
  for (const letter of '# a comment\n') await page.keyboard.type(letter, { delay: 40 });
  await page.keyboard.press('Control+a');
  await page.evaluate((text) => navigator.clipboard.writeText(text), MIXED);
  await page.keyboard.press('Control+v');
  await judged(page);
  const shown = await findings(page).locator('.what').allTextContents();
  assert.deepEqual(
    shown.map((text) => text.split(' ')[0]),
    ['fsGroup', 'Kubernetes', '"SYS_TIME"'],
  );
});

test('a finding in the list shows its line, and a line its finding', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  const head = page.getByRole('button', { name: /SYS_TIME/ });
  await head.click();
  assert.equal(await head.getAttribute('aria-expanded'), 'true');
  assert.match(await page.locator('#manifest .cm-activeLine').textContent(), /SYS_TIME/);
  await page.getByRole('button', { name: 'Go to line 14' }).click();
  assert.equal(await editor(page).evaluate((box) => box.getRootNode().activeElement === box), true);

  await page.locator('#manifest .cm-line', { hasText: 'fsGroup' }).getByText('fsGroup').click();
  const current = page.locator('.findings > li[aria-current=true]');
  await current.getByText('fsGroup has no effect on ECI').waitFor();
  assert.equal(await current.count(), 1);
});

test('keys go through the findings, in the list and in the editor', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  await findings(page).nth(2).waitFor();
  await findings(page).first().getByRole('button').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const heads = await page
    .locator('.findings .head')
    .evaluateAll((all) => all.map((head) => head.getAttribute('aria-expanded')));
  assert.deepEqual(heads, ['false', 'true', 'false']);

  await editor(page).focus();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('F8');
  assert.match(await page.locator('#manifest .cm-activeLine').textContent(), /fsGroup/);
  await page.locator('.findings > li[aria-current=true]', { hasText: 'fsGroup' }).waitFor();
});

test('a finding has its effect, its reason with the source, and its page', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await page.getByRole('button', { name: /privileged: true is not allowed/ }).click();
  const detail = page.locator('.detail');
  await detail.getByText('ECI, the API server or the runtime refuses the pod').waitFor();
  await detail.getByText('spec.containers[0].securityContext.privileged', { exact: true }).waitFor();
  await detail.locator('.rule strong', { hasText: 'Why.' }).waitFor();
  const links = await detail
    .locator('.rule a')
    .evaluateAll((all) => all.map(({ href, rel, target }) => [href, rel, target]));
  assert.ok(links.some(([href]) => href.startsWith('https://www.alibabacloud.com/')));
  assert.ok(links.some(([href]) => href.endsWith('/docs/rules.md#privileged')));
  assert.ok(links.every(([, rel, target]) => rel === 'noopener noreferrer' && target === '_blank'));
  await picture(page, 'finding');

  await detail.getByRole('button', { name: 'Try it' }).first().click();
  await judged(page);
  await findings(page).first().getByText('privileged').first().waitFor();
});

test('the banner says whether the pod runs on ECI, and why', async (t) => {
  const page = await opened(t);
  const banner = page.locator('#banner');
  await paste(page, PRIVILEGED);
  await banner.getByText('runs on ECI', { exact: true }).waitFor();
  await banner.getByText('because: label alibabacloud.com/eci="true"').waitFor();
  await banner.getByText('1 error').waitFor();

  const bare = PRIVILEGED.replace(/^ {2}labels.*\n/m, '');
  await paste(page, bare);
  await banner.getByText('not ECI: not checked').waitFor();
  await banner.getByText('Nothing was checked.').waitFor();
  await page.locator('#panel-findings').getByText('Nothing was checked.').waitFor();
  assert.equal(await findings(page).count(), 0);

  const assume = banner.getByRole('button', { name: 'Assume ECI' });
  await assume.click();
  await banner.getByText('1 error').waitFor();
  assert.equal(await banner.getByRole('button', { name: 'Assume ECI', pressed: true }).count(), 1);
  await banner.getByRole('button', { name: 'Assume ECI' }).click();
  await banner.getByText('not ECI: not checked').waitFor();

  await paste(
    page,
    bare.replace('  name: web\n', '  name: web\n  annotations: {alibabacloud.com/burst-resource: eci}\n'),
  );
  await banner.getByText('may run on ECI', { exact: true }).waitFor();
  await banner.getByText('1 warning').waitFor();

  await banner.getByRole('button', { name: 'Pod web' }).click();
  assert.equal(await editor(page).evaluate((box) => box.getRootNode().activeElement === box), true);
});

test('a suppression is written where the finding is', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await page.getByRole('button', { name: /privileged: true is not allowed/ }).click();
  await page.getByRole('button', { name: 'Suppress…' }).click();
  await page.getByLabel('Reason, for the comment').fill('approved in March');
  await page.getByRole('button', { name: 'Add the comment' }).click();
  await page.locator('#manifest .cm-line', { hasText: '# eci-policy: allow privileged approved in March' }).waitFor();
  await findings(page).getByText('suppressed by a comment').first().waitFor();
  assert.equal(await squiggled(page, 'error').count(), 0);
});
