import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { selectFigures, UnknownFigureError } from './catalogue.ts';
import { describeMachine } from './machine.ts';
import { measure, type Measured } from './measure.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const figures: Measured[] = [];
try {
  const selected = await selectFigures(positionals);
  for (const figure of selected) {
    try {
      const measured = await measure(figure);
      figures.push(measured);
      console.log(render(measured));
    } catch (error) {
      // The other figures are worth having all the same.
      console.error(`${figure.name} (against ${figure.peerName}) failed:`, error);
      process.exitCode = 1;
    }
  }
  if (values.json !== undefined) {
    const report = { machine: describeMachine(), date: new Date().toISOString(), figures };
    await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
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

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
