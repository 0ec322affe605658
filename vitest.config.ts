import { defineConfig } from 'vitest/config';

const conditions = ['source'];

/** A unit project: everything it needs is on any Debian machine (tmux, git, openssh). */
const unit = (name: string, options: { globalSetup?: string[] } = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    root: `packages/${name}`,
    include: ['test/**/*.test.ts'],
    // No file leaves anything behind in its process, so the next one need not load all modules anew.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...options,
  },
});

export default defineConfig({
  test: {
    // Tests wait for daemons and hosts now and then: three keep two cores busy, and more would only take turns.
    maxWorkers: 3,
    projects: [
      unit('command-line'),
      unit('host'),
      unit('incus-client'),
      unit('secrets', { globalSetup: ['test/global-setup.ts'] }),
      unit('nix-deploy'),
      unit('loops', { globalSetup: ['test/global-setup.ts'] }),
      unit('cutover-scripts'),
      {
        test: {
          name: 'lab',
          root: 'lab',
          include: ['test/**/*.test.ts'],
          // The packages as they are published: a few files each, where their sources would be compiled module by module.
          server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
          // Whole files that only `bin/test --soak` runs.
          exclude: process.env['CUTOVER_SOAK'] === undefined ? ['**/*.soak.test.ts'] : [],
          globalSetup: ['test/global-setup.ts'],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
