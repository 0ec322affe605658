// count-tests.mjs FILE: of vitest's results in FILE, prints `PASSED FAILED SKIPPED`; on standard error, a line for each failure.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const failed = results.testResults.flatMap((file) => {
  const tests = file.assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
  if (file.status !== 'failed') return [];
  // A file that fails outside its tests (a hook, an import) has no failed test.
  return (tests.length > 0 ? tests : ['(outside its tests)']).map(
    (name) => `✗ ${relative('.', file.name)}: ${name}`,
  );
});
if (results.testResults.length === 0)
  failed.push('✗ no test file matches the patterns (a pattern with a / begins at the root of the checkout)');
for (const line of failed) console.error(line);
console.log(results.numPassedTests, failed.length, results.numPendingTests + results.numTodoTests);
