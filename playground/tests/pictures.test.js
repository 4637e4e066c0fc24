/** The pictures of the page in docs/pictures. ECI_BLESS=1 writes them again. */

import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { env } from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { judged, opened, openTab, picture } from './support/page.js';

const MOST = 150_000;

/** Writes a picture if it is asked for, and holds it to its size. */
async function shown(page, name) {
  const path = fileURLToPath(new URL(`../../docs/pictures/${name}.webp`, import.meta.url));
  if (env.ECI_BLESS) {
    // Half the size of a PNG. Playwright itself has no WebP.
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 90 });
    await writeFile(path, data, 'base64');
  }
  await picture(page, name);
  const { size } = await stat(path);
  assert.ok(size <= MOST, `${name}: ${size} bytes`);
}

test('a finding with its reason, and what ECI runs', async (t) => {
  const page = await opened(t, { viewport: { width: 1280, height: 760 } });
  await page.getByRole('button', { name: /privileged: true is not allowed/ }).click();
  await page.locator('.rule strong', { hasText: 'Why.' }).waitFor();
  await shown(page, 'playground');

  await page.getByLabel('Examples').selectOption('charts/service-mesh');
  await page.locator('#banner').getByText('Pod shop/cart').waitFor();
  await judged(page);
  await openTab(page, 'On ECI');
  await page.getByText('container mesh-proxy').waitFor();
  await shown(page, 'playground-on-eci');
});
