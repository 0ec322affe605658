import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/zx.ts', 'src/zx-suite.ts'],
  format: 'esm',
  target: 'node20',
  dts: { compilerOptions: { ignoreDeprecations: '6.0', noCheck: true } },
  sourcemap: true,
  loader: { '.sh': 'text' },
  // The private package of small ideas that several packages share: bundled, so users never see it.
  noExternal: [/^@cutover\/foundation\//],
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
