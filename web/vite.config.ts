import { fileURLToPath } from 'node:url'
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [preact()],
  build: { outDir: '../dist/web', emptyOutDir: true },
  // Only for `vite` in development: the page asks its own origin, the daemon answers.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8686', ws: true } } },
})
