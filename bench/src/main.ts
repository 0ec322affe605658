import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { selectFigures } from './catalogue.ts';
import { describeMachine } from './machine.ts';
import { measure, type Measured } from './measure.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const selected = await selectFigures(positionals);

const figures: Measured[] = [];
for (const figure of selected) {
  const measured = await measure(figure);
  figures.push(measured);
  console.log(render(measured));
}
if (selected.length === 0) console.log('no figures');
if (values.json !== undefined) {
  const report = { machine: describeMachine(), date: new Date().toISOString(), figures };
  await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}

function render({ name, unit, ours, peer, peerName, ratio, better, samples, missing }: Measured): string {
  if (ours === null) return `${name}: not measured: ${missing}`;
  const own = `${name}: ${round(ours)} ${unit} (${better} is better, ${samples} samples)`;
  if (peer === null || ratio === null) return `${own}; no peer: ${missing}`;
  return `${own}; ${peerName}: ${round(peer)} ${unit}; ratio ${ratio.toFixed(3)}`;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
