import { copyFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/incus-list.ts'],
  format: 'esm',
  target: 'node20',
  clean: true,
  sourcemap: true,
  loader: { '.sh': 'text' },
  // A program of its own, which is looked for beside what starts it.
  onSuccess: () => copyFile('../packages/test-support/src/claude/messages-api.mjs', 'dist/messages-api.mjs'),
  esbuildOptions: (options) => {
    // Other packages of the workspace are dependencies, resolved as their users resolve them.
    options.conditions = ['module', 'import'];
  },
});
