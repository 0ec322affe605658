import { defineConfig, type Options } from 'tsup';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  // Other packages of the workspace are dependencies, resolved as their users resolve them.
  esbuildOptions: (options) => {
    options.conditions = ['module', 'import'];
  },
};

export default defineConfig([
  { ...shared, entry: ['src/index.ts'], dts: { compilerOptions: { ignoreDeprecations: '6.0' } } },
  { ...shared, entry: ['src/cli.ts'], noExternal: ['@cutover/command-line'] },
]);
