/** The Content-Security-Policy, and the requests of the page. Every other test fails on a request to another origin too. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PRIVILEGED, address, findings, opened, openTab, paste } from './support/page.js';

test('the policy allows WebAssembly, and nothing else that is unsafe', async (t) => {
  const page = await opened(t);
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
  const directives = Object.fromEntries(policy.split('; ').map((one) => [one.split(' ')[0], one.split(' ').slice(1)]));
  assert.deepEqual(directives, {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'"],
    'worker-src': ["'self'"],
    'connect-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  });
});

test('the browser enforces it', async (t) => {
  const page = await opened(t, { isStrict: false });
  const blocked = await page.evaluate(async () => {
    const directives = [];
    document.addEventListener('securitypolicyviolation', (event) => directives.push(event.effectiveDirective));
    const add = (name, props) => document.body.append(Object.assign(document.createElement(name), props));
    add('script', { textContent: 'window.injected = true' });
    add('style', { textContent: 'body { display: none }' });
    add('img', { src: 'https://eci-policy.example/pixel.png' });
    await fetch('https://eci-policy.example/').catch(() => {});
    await new Promise((later) => setTimeout(later, 200));
    return { directives: directives.sort(), injected: window.injected };
  });
  assert.deepEqual(blocked, {
    directives: ['connect-src', 'img-src', 'script-src-elem', 'style-src-elem'],
    injected: undefined,
  });
});

test('after it is loaded, the page requests nothing but its own files', async (t) => {
  const page = await opened(t);
  const requests = [];
  page.context().on('request', (request) => requests.push(request.url()));
  await paste(page, PRIVILEGED);
  await findings(page).first().getByRole('button').first().click();
  for (const tab of ['Repair', 'On ECI', 'Profiles', 'API request', 'Settings']) await openTab(page, tab);
  await page.getByLabel('Examples').selectOption('charts/nginx');
  await page.locator('#banner').getByText('Deployment shop/web').waitFor();
  // The example, which is a file of the page.
  assert.equal(requests.length, 1, String(requests));
  assert.ok(requests[0].startsWith(`${address}assets/nginx-`));
});

test('markup in a manifest stays text', async (t) => {
  const page = await opened(t);
  const name = '<img src=x onerror=alert(1)>';
  await paste(page, PRIVILEGED.replace('name: web\n', `name: "${name}"\n`));
  await page.locator('#banner').getByText(`Pod ${name}`).waitFor();
  await findings(page).first().getByRole('button').first().click();
  await openTab(page, 'On ECI');
  assert.equal(await page.locator('img[src]').count(), 0);
});
