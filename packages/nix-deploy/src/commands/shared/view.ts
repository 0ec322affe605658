import type { CommandIo } from '@cutover/foundation/io';
import { formatSize } from '@cutover/foundation/size';

import type { DeployEvent } from '../../events.ts';
import type { NixProgress } from '../../nix/progress.ts';
import { printable } from './printable.ts';

/** Shows what goes on: one calm line that is rewritten on a terminal, plain lines elsewhere. */
export interface View {
  show(event: DeployEvent): void;
  /** Takes the live line away. */
  close(): void;
}

const stages: Readonly<Record<string, string>> = {
  connect: 'connecting',
  preflight: 'checking the target',
  build: 'building',
  copy: 'copying',
  activate: 'activating',
  confirm: 'confirming on a fresh connection',
  'boot-loader': 'making it boot',
};

export function createView(
  io: CommandIo,
  { terminal, several }: { terminal: boolean; several: boolean },
): View {
  let live = '';
  let said = 0;
  const clear = (): void => {
    if (live !== '') io.stderr.write('\r\u001b[2K');
    live = '';
  };
  const line = (target: string, text: string): void => {
    clear();
    io.stderr.write(`${several ? `${target}: ` : ''}${printable(text)}\n`);
  };
  const status = (target: string, text: string): void => {
    if (text === '') return;
    if (terminal) {
      clear();
      live = `${several ? `${target}: ` : ''}${printable(text).replaceAll('\n', ' ')}`.slice(0, 100);
      io.stderr.write(live);
    } else if (performance.now() - said > 10_000) {
      said = performance.now();
      line(target, text);
    }
  };
  return {
    close: clear,
    show: (event) => {
      const { target } = event;
      switch (event.type) {
        case 'step':
          line(target, stages[event.step] ?? event.step);
          break;
        case 'progress':
          status(target, describeProgress(event.progress));
          break;
        case 'copy':
          status(target, `  ${event.paths} paths, ${formatSize(event.bytes)} sent`);
          break;
        case 'nix-log':
          if (event.derivation === undefined) line(target, `  ${event.line}`);
          break;
        case 'output':
          if (event.line !== '') line(target, `  ${event.line}`);
          break;
        case 'connection-lost':
          line(target, `  connection lost (${event.reason}); the target goes on by itself`);
          break;
        case 'reconnected':
          line(target, '  connected again');
          break;
        case 'health':
          line(target, `  ${event.ok ? '✓' : '✗'} ${event.check}${event.ok ? '' : `: ${event.detail}`}`);
          break;
        case 'restoring':
          line(target, `restoring ${event.system}`);
          break;
        case 'restored':
          line(target, event.exitCode === 0 ? 'restored' : `restoring FAILED with ${event.exitCode}`);
          break;
        case 'warning':
          line(target, `warning: ${event.message}`);
          break;
        case 'built':
        case 'armed':
        case 'activated':
        case 'confirmed':
          break;
        default:
          event satisfies never;
      }
    },
  };
}

function describeProgress({ builds, copies, bytes, current }: NixProgress): string {
  const parts = [
    ...(builds.expected > 0 ? [`${builds.done}/${builds.expected} built`] : []),
    ...(copies.expected > 0 ? [`${copies.done}/${copies.expected} copied`] : []),
    ...(bytes.expected > 0 ? [`${formatSize(bytes.done)} of ${formatSize(bytes.expected)}`] : []),
    ...current.slice(0, 1),
  ];
  return parts.length === 0 ? '' : `  ${parts.join(', ')}`;
}
