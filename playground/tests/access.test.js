/** For everyone: axe, keyboard alone, languages, themes, a phone. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { MIXED, PRIVILEGED, editor, findings, opened, openTab, paste, picture } from './support/page.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TABS = ['Findings', 'Repair', 'On ECI', 'Profiles', 'API request', 'Settings'];

/** Fails on what axe calls serious or critical. */
async function inspect(page, state) {
  // Evaluated by the debugger, which the Content-Security-Policy does not concern.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const places = serious.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, any }) => `${target} ${any.map(({ message }) => message)}`).join('; ')}`,
  );
  assert.deepEqual(places, [], state);
}

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
]) {
  test(`axe finds nothing serious: ${name}`, async (t) => {
    const page = await opened(t, options);
    await picture(page, `first-${name}`);
    await paste(page, MIXED);
    await findings(page).first().getByRole('button').first().click();
    await page.locator('.rule strong').first().waitFor();
    for (const tab of TABS) {
      await openTab(page, tab);
      await page.waitForTimeout(400);
      await inspect(page, `${name}, ${tab}`);
      await picture(page, `${name}-${tab.toLowerCase().replace(' ', '-')}`);
    }
    await page.getByRole('button', { name: 'Share…' }).click();
    await page.getByText('Check in CI').click();
    await inspect(page, `${name}, share`);
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      true,
      'nothing is wider than the screen',
    );
  });
}

test('the keyboard alone goes from the text to a repair', async (t) => {
  const page = await opened(t);
  await paste(page, MIXED);
  // The Tab key leaves the editor.
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'tab');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: 'Repair', selected: true }).waitFor();
  const all = page.getByRole('button', { name: 'Apply all' });
  await all.waitFor();
  for (let presses = 0; presses < 4 && !(await all.evaluate((button) => button === document.activeElement)); presses++)
    await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#manifest .cm-line', { hasText: 'add: [NET_ADMIN, SYS_TIME]' }).waitFor();
  // The focus is still in the panel.
  assert.equal(await page.evaluate(() => document.activeElement.closest('#panel-repair, body') !== null), true);
});

test('every control has a visible focus and can be reached', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  // From the top of the page.
  await page.getByRole('heading', { level: 1 }).click();
  const seen = new Set();
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      const { outlineStyle } = getComputedStyle(
        element.getRootNode().host?.closest('#manifest, .settings, .sides') ?? element,
      );
      return {
        name: element.ariaLabel ?? element.textContent.trim() ?? element.tagName,
        isVisible: outlineStyle !== 'none',
        isBody: element === document.body,
      };
    });
    if (focused.isBody) break;
    assert.ok(focused.isVisible, focused.name);
    seen.add(focused.name);
  }
  for (const name of ['Open file…', 'Share…', 'Assume ECI', 'Manifest', 'Findings'])
    assert.ok(seen.has(name), `${name}: ${[...seen]}`);
});

test('the page speaks Chinese, and findings stay as they are', async (t) => {
  const page = await opened(t);
  await paste(page, PRIVILEGED);
  await page.getByRole('button', { name: /Show this page in Chinese/ }).click();
  await page.locator('#banner').getByText('运行在 ECI 上', { exact: true }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  assert.equal(await page.title(), 'ECI 演练场');
  await page.getByRole('button', { name: /privileged: true is not allowed on ECI/ }).click();
  await page.locator('.detail').getByText('ECI、API Server 或容器运行时拒绝该 Pod').waitFor();
  assert.equal(await editor(page).getAttribute('aria-label'), '清单');
  await inspect(page, 'Chinese');
  await picture(page, 'chinese');
  // It is kept.
  await page.reload();
  await page.getByRole('tab', { name: '检查结果' }).waitFor();
});

test('a reader whose browser is Chinese gets Chinese', async (t) => {
  const page = await opened(t, { locale: 'zh-CN' });
  await page.getByRole('tab', { name: '检查结果' }).waitFor();
});

test('the theme follows the system, and can be chosen', async (t) => {
  const page = await opened(t, { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  assert.notEqual(dark, light);
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  assert.equal(await ground(), dark);
  await page.reload();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  assert.equal(await ground(), dark);
});
