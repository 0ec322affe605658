import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['source'];

const isSoak = process.env['CUTOVER_SOAK'] !== undefined;

/** Full counts take longer. */
const patience = isSoak ? 30 : 1;

/** Imports of `.sh` files are their text, as tsup makes them. */
const shellScripts = {
  name: 'shell-scripts',
  transform: (code: string, id: string) =>
    id.endsWith('.sh') ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined,
};

/** A unit project: everything it needs is on any Debian machine (tmux, git, openssh). */
const unit = (name: string, options: { globalSetup?: string[] } = {}) => ({
  plugins: [shellScripts],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    root: `packages/${name}`,
    include: ['test/**/*.test.ts'],
    // No file leaves anything behind in its process, so the next one need not load all modules anew.
    isolate: false,
    testTimeout: 60_000 * patience,
    hookTimeout: 60_000,
    ...options,
  },
});

/**
 * All files of the project with the longest one, then those of the next: a worker goes on only if the next file is of its
 * own project, and each new one loads everything anew. The rehearsal takes longest, so it is first; the others that need the
 * lab's hosts, which have one user at a time, come when it is done with them.
 */
class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = (await super.sort(files)).toSorted((a, b) => turn(a) - turn(b));
    const projects = new Set(sorted.map(({ project }) => project.name));
    return [...projects].flatMap((name) => sorted.filter(({ project }) => project.name === name));
  }
}

function turn({ moduleId }: TestSpecification): number {
  if (moduleId.endsWith('/lab/test/hosts/rehearsal.test.ts')) return 0;
  return moduleId.includes('/lab/test/hosts/') ? 2 : 1;
}

export default defineConfig({
  test: {
    sequence: { sequencer: Order },
    // Tests wait for daemons, hosts and deadlines half of their time: five keep two cores busy.
    maxWorkers: 5,
    projects: [
      unit('foundation'),
      unit('host-contract'),
      unit('host'),
      unit('incus-client'),
      unit('secrets', { globalSetup: ['test/global-setup.ts'] }),
      unit('nix-deploy'),
      unit('runbook'),
      unit('loops', { globalSetup: ['test/global-setup.ts'] }),
      unit('cutover-scripts'),
      { test: { name: 'bench', root: 'bench', include: ['test/**/*.test.ts'], isolate: false } },
      {
        plugins: [shellScripts],
        test: {
          name: 'lab',
          root: 'lab',
          include: ['test/**/*.test.ts'],
          // The packages as they are published: a few files each, where their sources would be compiled module by module.
          server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
          // Whole files that only `bin/test --soak` runs.
          exclude: isSoak ? [] : ['**/*.soak.test.ts'],
          // One after the other: with full counts each has the lab's hosts for up to two hours, and no other waits so long.
          ...(isSoak ? { maxWorkers: 1, sequence: { groupOrder: 1 } } : {}),
          globalSetup: ['test/global-setup.ts'],
          isolate: false,
          testTimeout: 120_000 * patience,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
