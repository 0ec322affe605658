import { fileURLToPath } from 'node:url';
import { buildCommit } from '@cutover/foundation/build-commit';
import { type Options, defineConfig } from 'tsup';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  define: buildCommit,
  // The private workspace package that all commands share; it is bundled, so users never see it.
  noExternal: [/^@cutover\/foundation\//],
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
};

const library = ['src/index.ts', 'src/sops.ts', 'src/age.ts', 'src/scan.ts', 'src/activate.ts'];

export default defineConfig([
  {
    ...shared,
    entry: library,
    dts: {
      entry: library,
      compilerOptions: {
        ignoreDeprecations: '6.0',
        noCheck: true,
        // As sources of our own, so that the types of the private package are written out too.
        paths: {
          '@cutover/foundation/*': [
            fileURLToPath(import.meta.resolve('@cutover/foundation/errno')).replace('errno', '*'),
          ],
        },
      },
    },
    sourcemap: true,
  },
  {
    ...shared,
    // One file with everything in it, for hosts that have Node and nothing from npm. CommonJS, because it loads only those
    // of Node's modules that a command needs, and because any name ending in .js will do where no package.json is near.
    format: 'cjs',
    entry: { 'secrets.bundle': 'src/bundle.ts' },
    noExternal: [/.*/],
    splitting: false,
    treeshake: true,
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    esbuildOptions: (options) => {
      options.conditions = ['module', 'import'];
      // The shared package may have a copy of its own, and its errors would not be ours.
      options.alias = { commander: fileURLToPath(import.meta.resolve('commander')) };
    },
  },
]);
