/** The functions on text in Node, and in bundlers that load packages as Node does. */

import { readFileSync } from 'node:fs';

import { initSync } from './text-engine.js';

initSync({ module: readFileSync(new URL('./text-engine_bg.wasm', import.meta.url)) });

export * from './text.js';
