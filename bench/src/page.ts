import { curvesOf, plotOf } from './curves.ts';
import { escapeHtml, round } from './page-text.ts';
import type { Measured } from './measure.ts';
import type { Report } from './report.ts';

/** A report as one HTML page that needs nothing else: bars for each figure and its peer, and the curves. */
export function pageOf({ machine, date, figures }: Report): string {
  const packages = [...new Set(figures.map((figure) => figure.package))];
  const curves = packages.map((name) => [name, curvesOf(of(name, figures))] as const);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Figures of cutover</title>
<style>${style}</style>
<h1>Figures of cutover</h1>
<p>${escapeHtml(machine.cpu)}, ${machine.cores} cores, ${machine.memoryMiB} MiB; ${escapeHtml(machine.os)}, Node ${machine.node}; ${date.slice(0, 10)}.
Ours and its peer are sampled in turn in one run: bars are medians, the thin line is what 95 of 100 samples stayed within.
<code>bin/bench --page FILE</code> makes this page; <a href="benchmarks.md">benchmarks.md</a> says what each figure is.</p>
${packages.map((name) => `<h2>${escapeHtml(name)}</h2>\n${tableOf(of(name, figures))}`).join('\n')}
<h2>Curves</h2>
<p>Both axes are logarithmic. A slope of 1 grows with the number, one of 0 does not grow.</p>
${curves.flatMap(([name, own]) => own.map((curve) => plotOf(name, curve))).join('\n')}
</html>
`;
}

const style = `
:root { color-scheme: light dark; --ours: #1a7f5a; --peer: #9a9a9a; --line: #8886 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: middle }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
svg text { font: 12px system-ui, sans-serif; fill: currentColor }
.ours { fill: var(--ours); stroke: var(--ours) } .peer { fill: var(--peer); stroke: var(--peer) }
.axis { stroke: var(--line) } polyline { fill: none; stroke-width: 2 }
figure { display: inline-block; margin: 0 1rem 1rem 0 } figcaption { font-size: 13px }
`;

function of(name: string, figures: readonly Measured[]): readonly Measured[] {
  return figures.filter((figure) => figure.package === name);
}

function tableOf(figures: readonly Measured[]): string {
  return `<table>
<tr><th>figure</th><th>beside</th><th></th><th>ours</th><th>peer</th><th>ours / peer</th></tr>
${figures.map(rowOf).join('\n')}
</table>`;
}

function rowOf(figure: Measured): string {
  const { name, unit, ours, peer, peerName, ratio, better, missing } = figure;
  const cell = (value: number | null): string => (value === null ? '–' : `${round(value)} ${unit}`);
  const beside = peer === null && missing !== undefined ? missing : peerName;
  return `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(beside)}</td><td>${barsOf(figure)}</td>\
<td class="number">${cell(ours)}</td><td class="number">${cell(peer)}</td>\
<td class="number">${ratio === null ? '–' : `${ratio.toFixed(2)} (${better} is better)`}</td></tr>`;
}

const width = 220;

function barsOf({ ours, peer, oursP95, peerP95 }: Measured): string {
  const most = Math.max(...[ours, peer, oursP95, peerP95].map((value) => value ?? 0), Number.MIN_VALUE);
  const bar = (value: number | null, p95: number | null, y: number, kind: 'ours' | 'peer'): string => {
    if (value === null) return '';
    const end = (width * (p95 ?? value)) / most;
    return `<rect class="${kind}" x="0" y="${y}" width="${((width * value) / most).toFixed(1)}" height="8" stroke="none"/>\
<line class="${kind}" x1="0" x2="${end.toFixed(1)}" y1="${y + 4}" y2="${y + 4}"/>`;
  };
  return `<svg width="${width}" height="22" role="img" aria-label="ours above, peer below">\
${bar(ours, oursP95, 1, 'ours')}${bar(peer, peerP95, 12, 'peer')}</svg>`;
}
