/** The package in Chromium: imported as it is, and bundled by Vite. */

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { env, getuid } from 'node:process';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { build } from 'vite';

import { installed, privileged } from './support/installed.js';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const page = (head) => `<!doctype html>
<meta charset="utf-8">
<title>eci-security-context</title>
${head}
<script type="module" src="./page.js"></script>
<h1>Verdict</h1>
<pre id="verdict" style="white-space: pre-wrap"></pre>
<pre id="text"></pre>
<pre id="after"></pre>
`;

const IMPORT_MAP = `<script type="importmap">
{"imports": {
  "eci-security-context": "./node_modules/eci-security-context/browser.js",
  "eci-security-context/text": "./node_modules/eci-security-context/text-browser.js"
}}
</script>`;

const PAGE = `import { InternalError, validate } from 'eci-security-context';
import * as text from 'eci-security-context/text';

const pod = ${JSON.stringify(privileged())};
document.querySelector('#verdict').textContent = JSON.stringify(validate(pod), null, 2);

const manifest = JSON.stringify(pod);
const findings = (manifest) => text.check(manifest).objects.flatMap(({ findings }) => findings);
const [{ rule, range }] = findings(manifest);
const answers = {
  check: [rule, manifest.slice(range.from, range.to)],
  fix: text.fix(manifest).errors,
  show: text.show(manifest).objects[0].containers[0].settings.privileged.from,
  diff: text.diff(manifest, 'latest', 'latest').objects,
  convert: text.convert('docker run --privileged nginx', { to: 'manifest' }).text.includes('privileged: true'),
  explain: text.explain(rule).id,
  sarif: JSON.parse(text.sarif(manifest)).runs[0].results.length,
  version: text.version === JSON.parse(text.sarif(manifest)).runs[0].tool.driver.version,
};
try {
  // Its copies are more than the memory of an instance.
  text.suppress(manifest, { rule, range }, 'x'.repeat(400 << 20));
} catch (error) {
  answers.trapped = error instanceof text.InternalError;
}
answers.after = findings(manifest).length;
document.querySelector('#text').textContent = JSON.stringify(answers);

// More than the memory of an instance.
pod.metadata.annotations = { large: 'x'.repeat(300 << 20) };
let trapped;
try {
  validate(pod);
} catch (error) {
  trapped = error instanceof InternalError;
}
delete pod.metadata.annotations;
document.querySelector('#after').textContent = \`trapped: \${trapped}, then \${validate(pod).code}\`;
`;

let browser;
before(async () => {
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  // Chromium's sandbox does not work for root.
  if (getuid() === 0) args.push('--no-sandbox');
  browser = await chromium.launch({ executablePath: env.CHROMIUM ?? '/usr/bin/chromium', args });
});
after(() => browser?.close());

/** Serves a folder on this machine while `use` runs. */
async function served(folder, use) {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    return await use(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens the page in a folder. */
async function look(folder, name) {
  await served(folder, async (url) => {
    const tab = await browser.newPage();
    const errors = [];
    tab.on('pageerror', (error) => errors.push(error));
    await tab.goto(url);
    await tab.waitForFunction(() => document.querySelector('#after').textContent !== '').catch((error) => {
      throw errors[0] ?? error;
    });
    const { accepted, code, findings } = JSON.parse(await tab.textContent('#verdict'));
    assert.deepEqual([accepted, code, findings.length], [false, 403, 1]);
    assert.equal(await tab.textContent('#after'), 'trapped: true, then 403');
    assert.deepEqual(JSON.parse(await tab.textContent('#text')), {
      check: ['privileged', '"privileged":true'],
      fix: 1,
      show: 'notGranted',
      diff: 1,
      convert: true,
      explain: 'privileged',
      sarif: 1,
      version: true,
      trapped: true,
      after: 1,
    });
    if (env.SCREENSHOTS) {
      mkdirSync(env.SCREENSHOTS, { recursive: true });
      await tab.screenshot({ path: join(env.SCREENSHOTS, `${name}.png`) });
    }
    await tab.close();
  });
}

test('a page imports the package as it is', async () => {
  await look(installed({ 'index.html': page(IMPORT_MAP), 'page.js': PAGE }), 'page');
});

test('Vite bundles the package', async () => {
  const folder = installed({ 'index.html': page(''), 'page.js': PAGE });
  await build({ root: folder, base: './', logLevel: 'error', configFile: false });
  await look(join(folder, 'dist'), 'vite');
});
