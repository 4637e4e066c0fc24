/** The built page in Chromium. Every test holds it to its origin, its Content-Security-Policy, and to no error. */

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { env, getuid } from 'node:process';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const BUILT = env.PLAYGROUND ?? fileURLToPath(new URL('../../../target/playground', import.meta.url));
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};
const ARGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
ARGS.push('--disable-component-update', '--disable-sync');
// Chromium's sandbox does not work for root.
if (getuid() === 0) ARGS.push('--no-sandbox');

export const launch = (...more) =>
  chromium.launch({ executablePath: env.CHROMIUM ?? '/usr/bin/chromium', args: [...ARGS, ...more] });

let browser;
let server;
/** The address of the page. */
export let address;

before(async () => {
  server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const file = join(BUILT, normalize(pathname === '/' ? '/index.html' : pathname));
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${server.address().port}/`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/**
 * Opens the page for a test. `hash` is its fragment, and `route` a handler of requests. `clock` stops the time of the page,
 * `ready: false` does not wait for the first judgement, and `isStrict: false` lets the test break the page's rules.
 */
export async function opened(
  t,
  { hash = '', route, ready = true, clock = false, isStrict = true, within = browser, ...options } = {},
) {
  const context = await within.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(address).origin });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const broken = [];
  page.on('pageerror', (error) => broken.push(error.stack));
  page.on('console', (message) => {
    // CodeMirror and the page write nothing: this is Chromium, about a resource or the Content-Security-Policy.
    if (message.type() === 'error') broken.push(message.text());
  });
  context.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('blob:'))
      broken.push(`request: ${request.url()}`);
  });
  if (route) await context.route(...route);
  if (clock) await page.clock.install();
  t.after(async () => {
    await context.close();
    if (isStrict) assert.deepEqual(broken, []);
  });
  await page.goto(address + hash);
  if (ready) await judged(page);
  return page;
}

/** Waits until the text is judged. */
export const judged = (page) => page.locator('#results[aria-busy=false]').waitFor();

/** The editor of the manifest. */
export const editor = (page) => page.getByRole('textbox', { name: /^(Manifest|清单)$/ });

/** The items of the list of findings. */
export const findings = (page) => page.locator('.findings > li');

/** Pastes text in place of the manifest, as a person does, and waits until it is judged. */
export async function paste(page, text, box = editor(page)) {
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await box.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+v');
  await judged(page);
}

/** Returns the text of an editor, which draws only the lines that are in view. */
export async function textOf(page, box = editor(page)) {
  await box.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  return page.evaluate(() => navigator.clipboard.readText());
}

export const openTab = (page, name) => page.getByRole('tab', { name }).click();

/** Keeps a picture of the page in the folder SCREENSHOTS, if it is set. */
export async function picture(page, name) {
  if (!env.SCREENSHOTS) return;
  mkdirSync(env.SCREENSHOTS, { recursive: true });
  // Hiding the caret would need an inline style.
  await page.screenshot({ path: join(env.SCREENSHOTS, `${name}.png`), caret: 'initial' });
}

/** A pod on ECI with this specification, in YAML's flow style. */
export const pod = (spec, name = 'web') => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: {alibabacloud.com/eci: "true"}
spec:
${spec.replace(/^/gm, '  ')}
`;

export const PRIVILEGED = pod(`containers:
- name: web
  image: nginx:1.29
  securityContext:
    privileged: true`);

/** One finding that is repaired, one that is denied, and one that gives a warning. */
export const MIXED = pod(`securityContext:
  fsGroup: 2000 # of the volume
containers:
- name: web
  image: nginx:1.29
  securityContext:
    capabilities:
      add: [CAP_NET_ADMIN, SYS_TIME]`);
