import { defineConfig } from 'vite';

export default defineConfig({
  // The page works in any folder of a host.
  base: './',
  // The engine's module waits for WebAssembly at its top level.
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    // The Content-Security-Policy has no exception for embedded files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1024,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
