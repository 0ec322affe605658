import { build } from 'tsup';

/** Builds small programs of a test, each as one `.mjs` in `outDir`, so that they can be run and killed as users' own are. */
export async function buildPrograms(entry: string[], outDir: string): Promise<void> {
  await build({
    entry,
    outDir,
    format: 'esm',
    target: 'node20',
    config: false,
    silent: true,
    clean: true,
    external: ['execa', 'ssh2', 'socks', 'signal-exit'],
    noExternal: [/^@cutover\//],
    loader: { '.sh': 'text' },
    esbuildOptions: (options) => {
      options.conditions = ['source'];
    },
    outExtension: () => ({ js: '.mjs' }),
  });
}
