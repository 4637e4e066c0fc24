import { defineConfig } from 'vite';

export default defineConfig({
  // The page works in any folder of a host.
  base: './',
  // The engine's module waits for WebAssembly at its top level.
  worker: { format: 'es' },
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1024 },
  preview: { host: '127.0.0.1' },
});
