import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    emptyOutDir: true,
    // The gateway's content policy allows no data: scripts; small files stay files.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ['index.html', 'courier.html', 'ops.html'] },
  },
})
