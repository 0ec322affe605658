/**
 * A shell script of ours for another machine, imported as its text: `import supervisor from './supervisor.sh'`. A package that
 * has one says `loader: { '.sh': 'text' }` in its tsup.config.ts; for the tests, vitest.config.ts does the same.
 */
declare module '*.sh' {
  const text: string;
  // oxlint-disable-next-line import/no-default-export -- what esbuild's text loader makes
  export default text;
}
