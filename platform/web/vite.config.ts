import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    emptyOutDir: true,
    // The gateway's content policy allows no data: scripts; small files stay files.
    assetsInlineLimit: 0,
    // The map is that large, and comes when it is looked at.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      input: ['index.html', 'courier.html', 'ops.html'],
      checks: { bundlerTimings: false },
    },
  },
})
