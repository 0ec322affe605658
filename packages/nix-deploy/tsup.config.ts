import { buildCommit } from '@cutover/foundation/build-commit';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/cli.ts'],
  format: 'esm',
  target: 'node20',
  define: buildCommit,
  dts: { entry: 'src/index.ts', compilerOptions: { ignoreDeprecations: '6.0', noCheck: true } },
  sourcemap: true,
  loader: { '.sh': 'text' },
  // The private workspace package that all commands share; it is bundled, so users never see it.
  noExternal: [/^@cutover\/foundation\//],
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
