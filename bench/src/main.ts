import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { selectFigures, UnknownFigureError } from './catalogue.ts';
import { measure, type Measured } from './measure.ts';
import { round } from './page-text.ts';
import { pageOf } from './page.ts';
import { makeReport } from './report.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    page: { type: 'string' },
    with: { type: 'string', multiple: true, default: [] },
  },
});
const figures: Measured[] = [];
try {
  // With earlier reports alone nothing is measured: they become one.
  const onlyEarlier = positionals.length === 0 && values.with.length > 0;
  for (const entry of onlyEarlier ? [] : await selectFigures(positionals)) {
    const { figure } = entry;
    try {
      const measured = await measure(entry);
      figures.push(measured);
      console.log(render(measured));
    } catch (error) {
      // The other figures are worth having all the same.
      console.error(`${figure.name} (against ${figure.peerName}) failed:`, error);
      process.exitCode = 1;
    }
  }
  const report = await makeReport(figures, values.with);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (values.page !== undefined) await writeFile(values.page, pageOf(report));
} catch (error) {
  if (!(error instanceof UnknownFigureError)) throw error;
  console.error(`bin/bench: ${error.message}`);
  process.exitCode = 2;
}

function render(measured: Measured): string {
  const { name, unit, ours, oursP95, peer, peerP95, peerName, ratio, better, samples, missing } = measured;
  if (ours === null || oursP95 === null) return `${name}: not measured: ${missing}`;
  const own = `${name}: ${round(ours)} ${unit}, p95 ${round(oursP95)} (${better} is better, ${samples} samples)`;
  if (peer === null || peerP95 === null || ratio === null) return `${own}; no peer: ${missing}`;
  return `${own}; ${peerName}: ${round(peer)} ${unit}, p95 ${round(peerP95)}; ratio ${ratio.toFixed(3)}`;
}
