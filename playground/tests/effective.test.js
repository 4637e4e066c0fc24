/** The effective context, two profiles side by side, and the request to ECI's API. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editor, opened, openTab, paste, picture, pod } from './support/page.js';

/** The text of the cells in a row whose head is this field. */
const row = (page, field) =>
  page
    .locator('tr', { has: page.getByRole('rowheader', { name: field, exact: true }) })
    .locator('td')
    .allTextContents();

// Specification, section 2: ECI fixes readOnlyRootFilesystem, and reads runAsGroup on containers only.
test('each field is shown as written, by Kubernetes, and on ECI', async (t) => {
  const page = await opened(t);
  await paste(
    page,
    pod(`securityContext: {runAsGroup: 3000}
containers:
- name: web
  image: nginx:1.29
  securityContext:
    runAsUser: 1000
    capabilities: {add: [NET_ADMIN, SYS_TIME], drop: [MKNOD]}`),
  );
  await openTab(page, 'On ECI');
  await page.getByText('container web').waitFor();
  assert.deepEqual(await row(page, 'runAsUser'), ['1000 container', '1000 container', '1000 container']);
  assert.deepEqual(await row(page, 'runAsGroup'), ['3000 pod', '3000 pod', 'from the image']);
  assert.deepEqual(await row(page, 'readOnlyRootFilesystem'), ['–', 'false default', 'true fixed by ECI']);
  assert.deepEqual(await row(page, 'privileged'), ['–', 'false default', 'false default']);

  // The runtime's default is a80425fb. NET_ADMIN is bit 12, SYS_TIME bit 25, MKNOD bit 27.
  const [written, kubernetes, eci] = await row(page, 'capabilities');
  assert.match(written, /\+NET_ADMIN \+SYS_TIME −MKNOD/);
  assert.match(written, /not granted: SYS_TIME/);
  assert.match(kubernetes, /^00000000a20435fb.*NET_ADMIN.*SYS_TIME/);
  assert.match(eci, /^00000000a00435fb.*NET_ADMIN/);
  assert.equal(await page.locator('del').textContent(), 'SYS_TIME');
  await picture(page, 'effective');

  await page.getByRole('button', { name: 'Go to the container' }).click();
  assert.equal(await editor(page).evaluate((box) => box.getRootNode().activeElement === box), true);
});

test('sysctls are shown with what ECI does with them', async (t) => {
  const page = await opened(t);
  await paste(
    page,
    pod(`securityContext:
  sysctls: [{name: net.core.somaxconn, value: "1024"}, {name: vm.max_map_count, value: "262144"}]
containers: [{name: web, image: nginx}]`),
  );
  await openTab(page, 'On ECI');
  await page.getByText('ECI refuses this pod:').waitFor();
  assert.deepEqual(await row(page, 'net.core.somaxconn'), ['1024', 'securityContext.sysctls', 'taken']);
  assert.deepEqual(await row(page, 'vm.max_map_count'), ['262144', 'securityContext.sysctls', 'refused']);
});

test('a pod that does not run on ECI has no effective context there', async (t) => {
  const page = await opened(t);
  await paste(page, pod('containers: [{name: web, image: nginx}]').replace('eci', 'zone'));
  await openTab(page, 'On ECI');
  await page.getByText('No pod here runs on ECI.').waitFor();
});

const REVISED = pod(`securityContext:
  sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]
initContainers: [{name: setup, image: setup, securityContext: {runAsGroup: 3000}}]
containers: [{name: web, image: nginx}]`);

// Specification, section 2: the columns of the two profiles.
test('two profiles stand side by side', async (t) => {
  const page = await opened(t);
  await paste(page, REVISED);
  await openTab(page, 'Profiles');
  await page.getByText('The verdict changes for 1 of 1 object.').waitFor();
  assert.deepEqual(await row(page, 'Pod web'), ['denied', 'accepted with warnings']);
  const rows = await page.locator('tbody').first().locator('tr').allTextContents();
  assert.match(rows[1], /kernel\.shm_rmid_forced.*deniednot found$/);
  assert.match(rows[2], /runAsGroup: 3000.*not foundwarning$/);
  assert.deepEqual(await row(page, 'identity of an init container'), [
    'runAsUser, runAsGroup, runAsNonRoot',
    'runAsUser',
  ]);
  await page.getByText('last updated on February 26, 2024').waitFor();
  await picture(page, 'profiles');

  await page.getByLabel('From', { exact: true }).selectOption('2026-04-01');
  await page.getByText('Both profiles give the same verdict for 1 object.').waitFor();
});

test('the selected profile wins over the settings', async (t) => {
  const page = await opened(t);
  await paste(page, REVISED);
  await page.getByRole('button', { name: /runAsGroup: 3000 has no effect/ }).waitFor();
  await page.getByLabel('Profile', { exact: true }).selectOption('2024-02-26');
  await page.getByRole('button', { name: /kernel\.shm_rmid_forced/ }).waitFor();
  assert.equal(await page.getByRole('button', { name: /runAsGroup: 3000 has no effect/ }).count(), 0);
});

test('the request to the API is shown in both notations, with remarks', async (t) => {
  const page = await opened(t);
  await paste(
    page,
    pod(`securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}]}
containers: [{name: web, image: nginx, securityContext: {runAsUser: 1000, capabilities: {add: [NET_ADMIN]}}}]`),
  );
  await openTab(page, 'API request');
  const output = page.locator('.output');
  await output.getByText('Container.1.SecurityContext.Capability.Add.1=NET_ADMIN').waitFor();
  await page.getByText('"net.ipv4.tcp_syncookies" is not supported').waitFor();
  await page.getByRole('button', { name: 'JSON' }).click();
  await page.getByRole('button', { name: 'JSON', pressed: true }).waitFor();
  const [container] = JSON.parse(await output.textContent()).Container;
  assert.deepEqual(container.SecurityContext.Capability, { Add: ['NET_ADMIN'] });
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByText('Copied.').waitFor();
});
