/** Bad input, and a browser or an engine that fails: a message in the page, and typing goes on. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { PRIVILEGED, editor, findings, judged, launch, opened, paste, picture, textOf } from './support/page.js';
import { starved } from './support/wasm.js';

/** Types a manifest in place of the text, and waits for its finding. */
async function goesOn(page) {
  await paste(page, PRIVILEGED);
  await page.getByRole('button', { name: /privileged: true is not allowed/ }).waitFor();
  assert.equal(await findings(page).count(), 1);
}

test('binary data is pasted', async (t) => {
  const page = await opened(t);
  const bytes = Array.from({ length: 4096 }, (_, at) => String.fromCharCode((at * 7919) % 256)).join('');
  await paste(page, `\u0000\u0001ELF${bytes}`);
  await page.locator('.findings .problem').first().waitFor();
  await goesOn(page);
});

test('50 MB are pasted', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await page.evaluate(() => navigator.clipboard.writeText('x: y # 12345678\n'.repeat(3_276_800)));
  await editor(page).click();
  await page.keyboard.press('Control+v');
  await page.getByText('The text has 50 MiB, and this page takes 4 MiB.').waitFor();
  await picture(page, 'too-large');
  assert.equal(await textOf(page), PRIVILEGED);
  await goesOn(page);
});

test('a file of 50 MB and a binary file are not opened', async (t) => {
  const page = await opened(t);
  const input = page.getByLabel('Open file…').last();
  const before = await textOf(page);
  const folder = await mkdtemp(join(tmpdir(), 'playground-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'large.yaml'), Buffer.alloc(50 << 20, 'a: b\n'));
  await input.setInputFiles(join(folder, 'large.yaml'));
  await page.getByText('The text has 50 MiB').waitFor();
  await input.setInputFiles({
    name: 'a.out',
    mimeType: 'text/plain',
    buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]),
  });
  await page.getByText('The file is not text in UTF-8').waitFor();
  assert.equal(await textOf(page), before);
  await goesOn(page);
});

test('YAML that is not finished, and YAML with a field of the wrong type', async (t) => {
  const page = await opened(t);
  await paste(page, `${PRIVILEGED}---\nkind: [Pod\n`);
  await page.locator('.findings .problem').first().waitFor();
  // The other document is checked all the same.
  await page.getByRole('button', { name: /privileged: true is not allowed/ }).waitFor();
  await paste(page, PRIVILEGED.replace('privileged: true', 'privileged: "yes"'));
  await page.locator('.findings .problem').getByText('is a string, and must be a boolean').waitFor();
  assert.deepEqual(await page.locator('#banner .chip').allTextContents(), ['not read']);
  await goesOn(page);
});

test('a browser without WebAssembly', async (t) => {
  // Without a compiler, V8 has no WebAssembly.
  const without = await launch('--js-flags=--jitless');
  t.after(() => without.close());
  const page = await opened(t, { within: without, ready: false });
  await page.getByRole('alert').getByText('It needs a browser with WebAssembly.').waitFor();
  await editor(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('kind: Pod');
  assert.equal(await textOf(page), 'kind: Pod');
});

test('a module that cannot be loaded', async (t) => {
  const page = await opened(t, {
    ready: false,
    route: ['**/*.wasm', (route) => route.fulfill({ status: 200, contentType: 'application/wasm', body: 'no' })],
  });
  await page.getByRole('alert').getByText('The engine did not start').waitFor();
  await editor(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('kind: Pod');
  assert.equal(await textOf(page), 'kind: Pod');
});

test('a trap in the module', async (t) => {
  // The module has too little memory for a large text, so that an allocation traps.
  const route = async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: starved(await response.body()) });
  };
  const page = await opened(t, { route: ['**/*.wasm', route] });
  await goesOn(page);
  await paste(page, `${PRIVILEGED}# ${'x'.repeat(3_500_000)}`);
  await page.getByRole('alert').getByText('The engine failed on this text.').waitFor();
  await picture(page, 'trap');
  await judged(page);
  await goesOn(page);
});

test('an engine that does not answer', async (t) => {
  const body = 'export const CALLS = { about: () => {}, check: (text) => { for (;;); } };';
  const page = await opened(t, {
    ready: false,
    clock: true,
    route: ['**/calls-*.js', (route) => route.fulfill({ contentType: 'text/javascript', body })],
  });
  await page.getByText('The engine is loading…').waitFor();
  const alert = page.getByRole('alert').getByText('The engine took too long and was stopped.');
  // Each call has its own 30 seconds.
  for (let calls = 0; calls < 4 && !(await alert.isVisible()); calls++) {
    await page.clock.runFor(31_000);
    await alert.waitFor({ timeout: 2000 }).catch(() => {});
  }
  assert.ok(await alert.isVisible());
  await editor(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('kind: Pod');
  assert.equal(await textOf(page), 'kind: Pod');
});
