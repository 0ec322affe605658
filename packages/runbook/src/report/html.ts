import { formatDuration } from '@cutover/foundation/duration';
import { mainList } from '../engine/lists.ts';
import type { Phase } from '../engine/phase.ts';
import { factText, shortPlan } from '../progress/format.ts';
import { covered } from '../progress/spans.ts';
import { type Html, html, join } from './html-text.ts';
import type { GateReport, Report, StepReport } from './model.ts';
import { totalDowntime } from './read-report.ts';
import { styles } from './styles.ts';

/** The report as one HTML page that needs nothing else: no scripts, no fonts, no network. */
export function htmlReport(report: Report): string {
  const downtime = totalDowntime(report);
  const owner = report.owners.at(-1);
  const steps = [...(report.lists.get(mainList)?.values() ?? [])];
  const verified = steps.filter(({ state }) => state === 'verified').length;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${report.runbook}: report</title>
        <style>
          ${styles}
        </style>
      </head>
      <body>
        <header>
          <p class="kind">report of a runbook</p>
          <h1>${report.runbook}</h1>
          <p class="result ${report.result === 'ok' ? 'good' : 'bad'}">${report.result ?? 'not ended'}</p>
        </header>
        <main>
          <dl class="figures">
            ${figure('steps verified', `${verified} of ${steps.length}`)}
            ${figure('time', formatDuration(Date.parse(report.ended) - Date.parse(report.started)))}
            ${figure(report.words.downtime, downtime === undefined ? 'none recorded' : formatDuration(downtime))}
            ${figure(report.words.owner, owner === undefined ? 'not recorded' : `${owner.owner}, epoch ${owner.epoch}`)}
            ${figure('plan', shortPlan(report.plans.findLast(({ list }) => list === mainList)?.hash ?? ''))}
            ${figure('run', report.runId)}
          </dl>
          ${phaseBar(report.phases, steps)}
          ${join([...report.lists], ([list, all]) => stepsSection(report.phases, list, [...all.values()]))}
          ${gatesSection(report.gates)} ${driftSection(report)} ${standInsSection(report)}
          ${timelineSection(report)} ${runsSection(report)}
        </main>
        <footer>Made from the journal alone · ${report.started} to ${report.ended}</footer>
      </body>
    </html> `;
  return page.html;
}

function figure(name: string, value: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** Where the time went, phase by phase. */
function phaseBar(phases: readonly Phase[], steps: readonly StepReport[]): Html {
  const spent = phases.map(({ id, title }, index) => ({
    title,
    colour: index % 5,
    milliseconds: covered(steps.filter(({ plan }) => plan.phase === id).flatMap(({ spans }) => spans)),
  }));
  const present = spent.filter(({ milliseconds }) => milliseconds > 0);
  return html`<div class="bar">
    ${join(
      present,
      ({ title, colour, milliseconds }) =>
        html`<span class="p-${colour}" style="flex-grow:${Math.max(1, Math.round(milliseconds))}"
          >${title} <b>${formatDuration(milliseconds)}</b></span
        >`,
    )}
  </div>`;
}

function stepsSection(phases: readonly Phase[], list: string, steps: readonly StepReport[]): Html {
  return html`<section>
    <h2>${list === mainList ? 'Steps' : `Steps of the ${list}`}</h2>
    ${join([...phases], ({ id, title }) => {
      const own = steps.filter(({ plan }) => plan.phase === id);
      return own.length === 0
        ? html``
        : html`<h3>${title}</h3>
            ${join(own, stepDetails)}`;
    })}
  </section>`;
}

function stepDetails({ plan, state, how, attempts, milliseconds, evidence, errors, from }: StepReport): Html {
  const marks = [
    ...(plan.kind === 'irreversible' ? ['irreversible'] : []),
    ...(plan.commitPoint === undefined ? [] : [plan.commitPoint]),
    ...(how === undefined ? [] : [how]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
  ];
  // The body stands beside the disclosure and not in it: on paper all of it is there, whatever is open on the screen.
  return html`<div class="step ${state}">
    <details>
      <summary>
        <span class="state">${state}</span> <code>${plan.id}</code>
        <span class="title">${plan.title}</span>
        ${join(marks, (mark) => html`<span class="mark">${mark}</span>`)}<span class="time"
          >${milliseconds === 0 ? '' : formatDuration(milliseconds)}</span
        >
      </summary>
    </details>
    <div class="body">
      ${from === undefined ? html`` : html`<p class="when">begun ${from}</p>`}
      <table>
        ${join(
          Object.entries(evidence),
          ([fact, value]) =>
            html`<tr>
              <th>${fact}</th>
              <td>${factText(value)}</td>
            </tr>`,
        )}
      </table>
      ${join(
        errors,
        ({ wall, during, error }) =>
          html`<div class="error">
            <p>${wall}: failed in ${during}: ${error.message}</p>
            ${join([...error.causes], (cause) => html`<p>because: ${cause}</p>`)}${error.output === undefined ? html`` : html`<pre>${error.output}</pre>`}
          </div>`,
      )}
    </div>
  </div>`;
}

function gatesSection(gates: readonly GateReport[]): Html {
  if (gates.length === 0) return html``;
  return html`<section>
    <h2>Approvals and human steps</h2>
    ${join(
      [...gates],
      (gate) =>
        html`<article class="gate">
          <h3>
            <code>${gate.step}</code> <span class="mark">${gate.kind}</span> ${gate.answer}${
              gate.by === undefined ? '' : ` by ${gate.by}`
            }
          </h3>
          <pre>${gate.text}</pre>
          ${gate.note === undefined ? html`` : html`<p>“${gate.note}”</p>`}
          <p class="when">
            open ${gate.opened} to ${gate.answered ?? 'now'} · evidence ${gate.evidenceHash.slice(0, 12)}
          </p>
          <table>
            ${join(
              Object.entries(gate.evidence),
              ([fact, value]) =>
                html`<tr>
                  <th>${fact}</th>
                  <td>${factText(value)}</td>
                </tr>`,
            )}
          </table>
        </article>`,
    )}
  </section>`;
}

function driftSection({ drift }: Report): Html {
  if (drift.length === 0)
    return html`<section>
      <h2>Drift</h2>
      <p>None was seen.</p>
    </section>`;
  return html`<section>
    <h2>Drift</h2>
    <table>
      ${join(
        [...drift],
        ({ wall, step, state, reason }) =>
          html`<tr>
            <th>${wall}</th>
            <td><code>${step}</code> ${state}: ${reason}</td>
          </tr>`,
      )}
    </table>
  </section>`;
}

function standInsSection({ standIns }: Report): Html {
  return html`<section>
    <h2>What stood in for what</h2>
    ${
      standIns.length === 0
        ? html`<p>Nothing: every part was the real one.</p>`
        : html`<ul>
            ${join([...standIns], (one) => html`<li>${one}</li>`)}
          </ul>`
    }
  </section>`;
}

function timelineSection({ timeline }: Report): Html {
  return html`<section>
    <h2>Timeline</h2>
    <ol class="timeline">
      ${join(
        [...timeline],
        ({ wall, text, kind }) =>
          html`<li class="${kind}"><time>${wall.slice(0, 10)} ${wall.slice(11, 23)}</time> ${text}</li>`,
      )}
    </ol>
  </section>`;
}

function runsSection({ runs }: Report): Html {
  return html`<section>
    <h2>Runs</h2>
    <table>
      ${join(
        [...runs],
        ({ wall, list, mode, runner, result, reason }) =>
          html`<tr>
            <th>${wall}</th>
            <td>
              ${mode} (${list}) by ${runner.user}@${runner.host}, pid ${runner.pid}:
              ${result ?? 'cut off'}${reason === undefined ? '' : `: ${reason}`}
            </td>
          </tr>`,
      )}
    </table>
  </section>`;
}
