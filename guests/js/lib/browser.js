/** The policy in a browser. What imports it waits until the module is there, and then calls it as it likes. */

import init from './engine.js';

await init({ module_or_path: new URL('./engine_bg.wasm', import.meta.url) });

export * from './policy.js';
