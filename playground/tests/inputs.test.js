/** The kinds of input, and the examples. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editor, findings, judged, opened, openTab, paste, picture, pod, textOf } from './support/page.js';

const choose = async (page, option) => {
  await page.getByLabel('Examples').selectOption(option);
  await page.locator('select[aria-label=Examples]:not([aria-busy=true])').waitFor();
  await judged(page);
};
const chips = (page) => page.locator('#banner .chip').allTextContents();

test('several documents and lists', async (t) => {
  const page = await opened(t);
  await choose(page, { label: 'Several documents and a List' });
  await page.locator('#banner').getByText('CronJob nightly').waitFor();
  assert.deepEqual(await chips(page), ['no pod in it', 'runs on ECI', 'may run on ECI', 'not ECI: not checked']);
  await page.getByRole('button', { name: 'Pod burst', exact: true }).click();
  await page.getByRole('button', { name: /hostNetwork: true is not supported/ }).click();
  assert.match(await page.locator('#manifest .cm-activeLine').textContent(), /hostNetwork/);
  await picture(page, 'documents');
});

test('an AdmissionReview', async (t) => {
  const page = await opened(t);
  await choose(page, { label: 'AdmissionReview' });
  await page.getByRole('button', { name: /"SYS_MODULE" is not a capability/ }).click();
  assert.match(await page.locator('#manifest .cm-activeLine').textContent(), /SYS_MODULE/);
  assert.equal(await findings(page).count(), 2);
});

test('a CreateContainerGroup request', async (t) => {
  const page = await opened(t);
  await choose(page, { label: 'CreateContainerGroup' });
  // Specification, section 2: net.core.somaxconn belongs into the host channel.
  await page
    .getByRole('button', { name: /"net\.core\.somaxconn" is not a sysctl that SecurityContext\.Sysctl takes/ })
    .waitFor();
  await page.getByRole('button', { name: /"SYS_TIME" is not a capability/ }).waitFor();
});

test('a docker run command is converted, checked, and can be had back', async (t) => {
  const page = await opened(t);
  await choose(page, { label: 'docker-run' });
  await page.getByText('This is a docker run command.').waitFor();
  const command = await textOf(page);
  await page.getByRole('button', { name: 'Convert it to a pod' }).click();
  await page.getByRole('button', { name: /"SYS_TIME" is not a capability/ }).waitFor();
  const converted = await textOf(page);
  assert.match(converted, /^# not converted: --memory/);
  assert.match(converted, /# --device "\/dev\/net\/tun"/);
  assert.match(converted, /\nkind: Pod\n/);
  await page.keyboard.press('Control+z');
  await page.getByText('This is a docker run command.').waitFor();
  assert.equal(await textOf(page), command);
});

test('every rule has an example that it finds, and one that it does not find', async (t) => {
  const page = await opened(t);
  const select = page.getByLabel('Examples');
  await select.locator('optgroup').nth(3).waitFor({ state: 'attached' });
  const values = await select.locator('option').evaluateAll((all) => all.map(({ value }) => value));
  const rules = values.filter((value) => value.startsWith('bad/')).map((value) => value.slice(4));
  // Specification, section 5: the rows of the table.
  assert.equal(rules.length, 21);
  for (const rule of rules) {
    for (const [kind, isFound] of [
      ['bad', true],
      ['good', false],
    ]) {
      await choose(page, `${kind}/${rule}`);
      const shown = await page.locator('.findings .where').allTextContents();
      assert.equal(
        shown.some((where) => where.includes(` ${rule} `)),
        isFound,
        `${kind} of ${rule}: ${shown}`,
      );
    }
  }
});

test('every chart is an object that is checked', async (t) => {
  const page = await opened(t);
  const charts = await page.getByLabel('Examples').locator('optgroup').first().locator('option').allTextContents();
  assert.equal(charts.length, 6);
  for (const chart of charts) {
    await choose(page, { label: chart });
    const [chip] = await chips(page);
    assert.ok(['runs on ECI', 'may run on ECI'].includes(chip), `${chart}: ${chip}`);
    assert.ok((await findings(page).count()) > 0, chart);
    assert.equal(await page.locator('.findings .problem').count(), 0, chart);
  }
});

test('a file is opened', async (t) => {
  const page = await opened(t);
  const text = pod('hostIPC: true\ncontainers: [{name: web, image: nginx}]', 'caf\u00e9-\u{1f600}');
  await page
    .getByLabel('Open file…')
    .last()
    .setInputFiles({ name: 'pod.yaml', mimeType: 'application/yaml', buffer: Buffer.from(text) });
  await page.getByRole('button', { name: /hostIPC: true is not supported/ }).click();
  assert.match(await page.locator('#manifest .cm-activeLine').textContent(), /hostIPC/);
  assert.equal(await textOf(page), text);
});

test('ranges are right after characters outside the basic plane', async (t) => {
  const page = await opened(t);
  await paste(
    page,
    pod('containers:\n- {name: "\u{1f600}\u{1f600}", image: nginx, securityContext: {privileged: true}}'),
  );
  await findings(page).first().waitFor();
  assert.equal((await page.locator('#manifest .cm-lintRange-error').allTextContents()).join(''), 'privileged: true');
  await editor(page).focus();
  await openTab(page, 'Findings');
});
