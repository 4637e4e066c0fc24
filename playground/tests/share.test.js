/** Links, drafts of issues, SARIF, and the workflow. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { PRIVILEGED, address, findings, opened, openTab, paste, picture, textOf } from './support/page.js';

const open = (page) => page.getByRole('button', { name: 'Share…' }).click();
const settingsBox = (page) => page.getByRole('textbox', { name: 'Settings of the policy' });

test('a link restores text, settings, profile and scope', async (t) => {
  const page = await opened(t);
  const text = PRIVILEGED.replace('nginx:1.29', '"镜像:\u{1f600}"').replace(/^ {2}labels.*\n/m, '');
  await paste(page, text);
  await openTab(page, 'Settings');
  await paste(page, 'actions: {privileged: warn}\n', settingsBox(page));
  await page.getByLabel('Profile', { exact: true }).selectOption('2024-02-26');
  await page.getByRole('button', { name: 'Assume ECI' }).click();
  await open(page);
  await picture(page, 'share');
  await page.getByRole('button', { name: 'Copy a link' }).click();
  await page.getByText('Copied.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.startsWith(`${address}#v1.`), copied);
  assert.match(copied, /#v1\.[\w-]+$/);

  const other = await opened(t, { hash: copied.slice(address.length) });
  await other.locator('#banner').getByText('1 warning').waitFor();
  assert.equal(await textOf(other), text);
  await openTab(other, 'Settings');
  assert.equal(await textOf(other, settingsBox(other)), 'actions: {privileged: warn}\n');
  assert.equal(await other.getByLabel('Profile', { exact: true }).inputValue(), '2024-02-26');
  assert.equal(await other.getByRole('button', { name: 'Assume ECI', pressed: true }).count(), 1);
});

test('a draft of an issue fills in the form, and opens only by a click', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await open(page);
  const href = await page.getByRole('link', { name: 'Open as an issue' }).getAttribute('href');
  const { origin, pathname, searchParams } = new URL(href);
  assert.equal(origin + pathname, 'https://github.com/eci-security-context/eci-security-context/issues/new');
  const { template, ...fields } = Object.fromEntries(searchParams);
  assert.equal(fields.manifest, PRIVILEGED);
  assert.match(
    fields.actual,
    /^deny \[privileged\] spec\.containers\[0\]\.securityContext\.privileged: privileged: true is/,
  );
  assert.match(fields.version, /^\d+\.\d+\.\d+$/);
  const form = await readFile(new URL(`../../.github/ISSUE_TEMPLATE/${template}`, import.meta.url), 'utf8');
  for (const field of Object.keys(fields)) assert.ok(form.includes(`id: ${field}\n`), field);
});

test('a long text is shortened in a draft', async (t) => {
  const page = await opened(t);
  await paste(page, `${PRIVILEGED}${'# 注释\n'.repeat(5000)}`);
  await open(page);
  await page.getByText('its end is left out').waitFor();
  const href = await page.getByRole('link', { name: 'Open as an issue' }).getAttribute('href');
  assert.ok(href.length > 6500 && href.length < 8192, String(href.length));
  assert.match(new URL(href).searchParams.get('version'), /^\d/);
});

test('SARIF is downloaded', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await open(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download SARIF' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'eci-policy.sarif');
  const { version, runs } = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.equal(version, '2.1.0');
  assert.deepEqual(
    runs[0].results.map(({ ruleId }) => ruleId),
    ['privileged'],
  );
});

test('the workflow checks with the same settings', async (t) => {
  const page = await opened(t);
  await openTab(page, 'Settings');
  await paste(page, 'actions: {privileged: warn}\n', settingsBox(page));
  await page.getByRole('button', { name: 'Assume ECI' }).click();
  await open(page);
  await page.getByText('Check in CI').click();
  await page.getByRole('button', { name: 'Copy the workflow' }).click();
  await page.getByText('Copied.').waitFor();
  const workflow = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(workflow, /uses: eci-security-context\/eci-security-context@v\d+\.\d+\.\d+\n/);
  assert.match(workflow, /\n {10}settings: eci-policy-settings\.yaml\n/);
  const [, settings] = workflow.split('\n# eci-policy-settings.yaml\n');
  assert.equal(settings, 'actions: { privileged: warn }\nscope:\n  assumeEci: true\n');
});

test('a damaged link is reported, and typing goes on', async (t) => {
  for (const hash of ['#v1.AAAA', '#v1.%%%', '#v9.abc', '#hello', '#v1.']) {
    const page = await opened(t, { hash });
    await page.getByText('The link is damaged').waitFor();
    await paste(page, PRIVILEGED);
    assert.equal(await findings(page).count(), 1, hash);
  }
});
