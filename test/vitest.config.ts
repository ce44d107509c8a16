import { defineConfig } from 'vitest/config'

const hour = 3_600_000

export default defineConfig({
  root: import.meta.dirname,
  test: {
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    projects: [
      {
        test: {
          name: 'unit',
          root: import.meta.dirname,
          include: ['unit/**/*.test.ts', 'web/**/*.test.ts'],
          // Beside virtual machines all takes several times as long.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'lab',
          root: import.meta.dirname,
          include: ['end-to-end/**/*.test.ts'],
          testTimeout: hour,
          hookTimeout: hour,
          // Each virtual machine keeps one core busy.
          pool: 'forks',
        },
      },
    ],
  },
})
