import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/suite.ts'],
  format: 'esm',
  target: 'node20',
  dts: { compilerOptions: { ignoreDeprecations: '6.0', noCheck: true } },
  sourcemap: true,
  noExternal: [/^@cutover\/foundation\//],
  loader: { '.sh': 'text' },
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
