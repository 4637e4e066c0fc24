/** The policy in Node, and in bundlers that load packages as Node does. */

import { readFileSync } from 'node:fs';

import { initSync } from './engine.js';

initSync({ module: readFileSync(new URL('./engine_bg.wasm', import.meta.url)) });

export * from './policy.js';
