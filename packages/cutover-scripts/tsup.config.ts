import { defineConfig, type Options } from 'tsup';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  // The commands' shared part is private to this workspace, so it goes into the bundle.
  noExternal: [/^@cutover\/foundation\//],
  // Other packages of the workspace are dependencies, resolved as their users resolve them.
  esbuildOptions: (options) => {
    options.conditions = ['module', 'import'];
  },
};

export default defineConfig([
  { ...shared, entry: ['src/index.ts'], dts: { compilerOptions: { ignoreDeprecations: '6.0' } } },
  {
    ...shared,
    entry: {
      cli: 'src/cli.ts',
      'phases/a-provision': 'src/phases/a-provision.ts',
      'phases/b-configure': 'src/phases/b-configure.ts',
      'phases/c-stage': 'src/phases/c-stage.ts',
      'phases/d-cut-over': 'src/phases/d-cut-over.ts',
      'phases/e-hand-over': 'src/phases/e-hand-over.ts',
    },
  },
]);
