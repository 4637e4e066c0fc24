/** The snippets in the package's README print what it says. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { installed, repository } from './support/installed.js';

const readme = readFileSync(join(repository, 'guests/js/README.md'), 'utf8');

/** The code blocks of a language, each with the output after it. */
const snippets = [...readme.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)];

test('the README has snippets', () => assert.ok(snippets.length > 0));

for (const [, code, output] of snippets) {
  test(`the snippet that begins with ${code.split('\n')[0]}`, () => {
    const folder = installed({ 'snippet.js': code });
    assert.equal(execFileSync('node', ['snippet.js'], { cwd: folder, encoding: 'utf8' }), output);
  });
}
