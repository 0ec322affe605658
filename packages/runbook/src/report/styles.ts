import type { Html } from './html-text.ts';

/** The look of the page, light and dark, on screens and on paper. */
export const styles: Html = {
  html: `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6878; --line: #dce1e8; --paper: #fff; --back: #f5f7fa;
  --good: #157a4a; --bad: #b3261e; --gate: #96650a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #97a3b4; --line: #2e3744; --paper: #171c24;
  --back: #10141a; --good: #55c98f; --bad: #ff8a80; --gate: #e5b454; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; } footer { padding-bottom: 3rem; color: var(--soft); font-size: .85rem; }
.kind { margin: 0; color: var(--soft); } h1 { margin: .1rem 0 .5rem; font-size: 2rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; } h3 { margin: 1.25rem 0 .4rem; font-size: 1rem; }
.result { display: inline-block; margin: 0; padding: .1rem .7rem; border: 1px solid; border-radius: 1rem; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .gate > h3, li.gate { color: var(--gate); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.5rem 0; }
.figures div, .step, .gate { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; }
.figures div { padding: .6rem .9rem; } dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.bar { display: flex; flex-wrap: wrap; gap: 2px; border-radius: .5rem; overflow: hidden; font-size: .8rem; color: #fff; }
.bar span { padding: .35rem .6rem; white-space: nowrap; } .p-0 { background: #2f5d8a; } .p-1 { background: #47658f; }
.p-2 { background: #5b6b3f; } .p-3 { background: #9a4f2c; } .p-4 { background: #6b4a7d; }
.step { margin: .35rem 0; } summary { display: flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: baseline; padding: .5rem .9rem; cursor: pointer; }
.state { min-width: 4.5rem; font-size: .85rem; color: var(--soft); } .verified .state { color: var(--good); }
.failed .state, .stopped .state { color: var(--bad); } .title { color: var(--soft); }
.mark { padding: 0 .45rem; border: 1px solid var(--line); border-radius: 1rem; font-size: .75rem; font-weight: 400; color: var(--soft); }
.time { margin-left: auto; font-variant-numeric: tabular-nums; } .body { padding: 0 .9rem .8rem; } .gate { padding: 0 .9rem .8rem; margin: .5rem 0; }
.step > .body { display: none; } details[open] + .body { display: block; }
.when { margin: .2rem 0; color: var(--soft); font-size: .85rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; } th, td { padding: .25rem .5rem .25rem 0; text-align: left;
  vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: anywhere; } th { width: 30%; font-weight: 500; color: var(--soft); }
code, pre, td { font-family: ui-monospace, monospace; } code { font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; font-size: .85rem; } .error { color: var(--bad); } .error p { margin: .4rem 0; }
.timeline { list-style: none; padding: 0; font-size: .9rem; } .timeline li { padding: .2rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
time { color: var(--soft); font-variant-numeric: tabular-nums; margin-right: .75rem; }
@media print { body { background: #fff; } .step { break-inside: avoid; } .step > .body { display: block; } }
`,
};
