import { buildCommit } from '@cutover/foundation/build-commit';
import { defineConfig, type Options } from 'tsup';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  define: buildCommit,
  sourcemap: true,
  loader: { '.sh': 'text' },
  // The commands' shared part is private to this workspace, so it goes into the bundle.
  noExternal: [/^@cutover\/foundation\//],
  // Other packages of the workspace are dependencies, resolved as their users resolve them.
  esbuildOptions: (options) => {
    options.conditions = ['module', 'import'];
  },
};

export default defineConfig([
  {
    ...shared,
    entry: ['src/index.ts', 'src/steps.ts', 'src/forge.ts', 'src/tailnet.ts'],
    dts: { compilerOptions: { ignoreDeprecations: '6.0', noCheck: true } },
  },
  {
    ...shared,
    entry: { cli: 'src/cli.ts' },
  },
  {
    ...shared,
    entry: ['src/scripts/*.ts'],
    outDir: 'dist/scripts',
    bundle: false,
  },
]);
