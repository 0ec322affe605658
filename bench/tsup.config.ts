import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/incus-list.ts'],
  format: 'esm',
  target: 'node20',
  clean: true,
  sourcemap: true,
  loader: { '.sh': 'text' },
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
