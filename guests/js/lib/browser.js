/** The policy in a browser. The import waits until the module is loaded; calls are synchronous then. */

import init from './engine.js';

await init({ module_or_path: new URL('./engine_bg.wasm', import.meta.url) });

export * from './policy.js';
