import { fileURLToPath } from 'node:url';
import { buildCommit } from '@cutover/foundation/build-commit';
import { type Options, defineConfig } from 'tsup';
import { singleFile } from './single-file.ts';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  define: buildCommit,
  // Shell scripts are part of the program, as texts.
  loader: { '.sh': 'text' },
  // The private workspace package that all commands share; it is bundled, so users never see it.
  noExternal: [/^@cutover\/foundation\//],
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
};

export default defineConfig([
  {
    ...shared,
    entry: ['src/index.ts', 'src/safe-point.ts', 'src/cli.ts'],
    dts: {
      entry: ['src/index.ts', 'src/safe-point.ts'],
      compilerOptions: { ignoreDeprecations: '6.0', noCheck: true },
    },
    sourcemap: true,
  },
  {
    ...shared,
    // One file with everything in it, for hosts that have Node and nothing from npm. CommonJS, because it loads only those
    // of Node's modules that a command needs, and because any name ending in .js will do where no package.json is near.
    entry: { 'loops.bundle': 'src/cli.ts' },
    noExternal: [/.*/],
    outExtension: () => ({ js: '.mjs' }),
    plugins: [singleFile()],
    // Only this machine's own transport is used: without this esbuild would keep ssh2 for its side effects.
    esbuildPlugins: [
      {
        name: 'without-ssh2',
        setup: ({ onResolve }) => {
          onResolve({ filter: /^ssh2$/ }, () => ({ path: 'ssh2', external: true, sideEffects: false }));
        },
      },
    ],
    esbuildOptions: (options) => {
      options.conditions = ['module', 'import'];
      // The shared package may have a copy of its own, and its errors would not be ours.
      options.alias = { commander: fileURLToPath(import.meta.resolve('commander')) };
    },
  },
]);
