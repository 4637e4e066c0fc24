/** Repairs: one by one, all at once, and copied. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MIXED, editor, findings, opened, openTab, paste, picture, pod, textOf } from './support/page.js';

const TWO = pod(`securityContext:
  runAsGroup: 3000 # the files' group
containers:
- name: web
  image: nginx:1.29
  securityContext:
    capabilities: {add: [net_admin]}`);
const REPAIRED = TWO.replace('net_admin', 'NET_ADMIN').replace(
  'NET_ADMIN]}\n',
  'NET_ADMIN]}\n      runAsGroup: 3000\n',
);

test('the diff shows both sides, and all repairs are applied', async (t) => {
  const page = await opened(t);
  await paste(page, TWO);
  await openTab(page, 'Repair');
  await page.getByText('2 findings can be repaired.').waitFor();
  const [before, after] = [
    page.getByRole('textbox', { name: 'As written' }),
    page.getByRole('textbox', { name: 'Repaired' }),
  ];
  assert.match(await before.textContent(), /net_admin/);
  assert.match(await after.textContent(), /NET_ADMIN.*runAsGroup: 3000/);
  await picture(page, 'repair');

  await page.getByRole('button', { name: 'Apply all' }).click();
  await page.getByText('There is nothing to repair.').waitFor();
  assert.equal(await textOf(page), REPAIRED);
  await page.keyboard.press('Control+z');
  await page.getByText('2 findings can be repaired.').waitFor();
  assert.equal(await textOf(page), TWO);
});

test('repairs are applied one by one', async (t) => {
  const page = await opened(t);
  await paste(page, TWO);
  await openTab(page, 'Repair');
  await page.getByRole('button', { name: /^Apply: Kubernetes spells/ }).click();
  await page.getByText('1 finding can be repaired.').waitFor();
  assert.equal(await textOf(page), TWO.replace('net_admin', 'NET_ADMIN'));
  await page.getByRole('button', { name: /^Apply: runAsGroup/ }).click();
  await page.getByText('There is nothing to repair.').waitFor();
  assert.equal(await textOf(page), REPAIRED);
});

test('the repaired text is copied, and the text stays', async (t) => {
  const page = await opened(t);
  await paste(page, TWO);
  await openTab(page, 'Repair');
  await page.getByRole('button', { name: 'Copy the repaired text' }).click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), REPAIRED);
  assert.equal(await textOf(page), TWO);
});

test('a finding is repaired from the list, and from the editor by a key', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  await page.getByRole('button', { name: /Kubernetes spells/ }).click();
  await page.locator('.detail').getByRole('button', { name: 'Repair' }).click();
  await page.locator('#manifest .cm-line', { hasText: 'add: [NET_ADMIN, SYS_TIME]' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.findings > li').length === 2);
  // The focus stays in the list.
  assert.equal(await page.evaluate(() => document.activeElement.closest('.findings') !== null), true);

  await editor(page).focus();
  await page.keyboard.press('Control+z');
  await findings(page).nth(2).waitFor();
  await page.locator('#manifest').getByText('CAP_NET_ADMIN').click();
  await page.keyboard.press('Control+.');
  await page.locator('#manifest .cm-line', { hasText: 'add: [NET_ADMIN, SYS_TIME]' }).waitFor();
});

test('denials that remain are counted', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  await openTab(page, 'Repair');
  await page.getByText('1 finding can be repaired. 1 denial remains to be changed by hand.').waitFor();
});

test('on a phone the two sides are one', async (t) => {
  const page = await opened(t, { viewport: { width: 390, height: 844 } });
  await paste(page, TWO);
  await openTab(page, 'Repair');
  const diff = page.getByRole('textbox', { name: 'Repaired' });
  await diff.waitFor();
  assert.match(await diff.textContent(), /net_admin.*NET_ADMIN/);
  assert.equal(await page.getByRole('textbox', { name: 'As written' }).count(), 0);
});
