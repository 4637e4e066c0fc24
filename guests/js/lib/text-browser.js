/** The functions on text in a browser. The import waits until the module is loaded; calls are synchronous then. */

import init from './text-engine.js';

await init({ module_or_path: new URL('./text-engine_bg.wasm', import.meta.url) });

export * from './text.js';
