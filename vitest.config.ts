import { defineConfig } from 'vitest/config';

const conditions = ['source'];

/** A unit project: everything it needs is on any Debian machine (tmux, git, openssh). */
const unit = (name: string, options: { isolate?: boolean } = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { name, root: `packages/${name}`, include: ['test/**/*.test.ts'], testTimeout: 30_000, ...options },
});

export default defineConfig({
  test: {
    // Most tests wait for daemons and hosts rather than for this machine's cores.
    maxWorkers: 3,
    // Real daemons on a shared machine: continuous integration asks twice more before it says no, and tells of it.
    retry: process.env['CI'] === undefined ? 0 : 2,
    projects: [
      unit('command-line'),
      unit('host'),
      unit('incus-client'),
      // Loading what it stands on takes longer than most of its tests, so its files share a worker's modules.
      unit('secrets', { isolate: false }),
      unit('nix-deploy'),
      unit('loops'),
      unit('cutover-scripts'),
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'lab',
          root: 'lab',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
