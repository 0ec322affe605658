import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import { programIndex } from '../agents/claude-code/program.ts';
import type { LoopConfig, RigConfig } from './rig-config.ts';
import { controlSocket, longestSocketPath } from './rig-places.ts';

/** What is wrong with a rig that its schema cannot see. */
export function rigMistakes(config: RigConfig, placeOf: PlaceOf): ConfigMistake[] {
  return [
    ...socketMistakes(config, placeOf),
    ...dependencyMistakes(config, placeOf),
    ...config.loops.flatMap((loop) => agentMistakes(loop, placeOf)),
  ];
}

/** Options of Claude Code that its adapter gives it, each with what it does. */
const adapterOptions = [
  '--session-id',
  '--resume',
  '-r',
  '--continue',
  '-c',
  '--settings',
  '--print',
  '-p',
  '--',
];

function isAdapterOption(word: string): boolean {
  return adapterOptions.some((one) => word === one || word.startsWith(`${one}=`));
}

/** What contradicts the adapter of a loop's agent. */
function agentMistakes(loop: LoopConfig, placeOf: PlaceOf): ConfigMistake[] {
  const place = ['loops', loop.name];
  if (loop.agent === 'generic') {
    return (['budget', 'contextHandoff'] as const).flatMap((key) =>
      loop[key] === undefined
        ? []
        : [placeOf([...place, key], `the tokens of a generic agent are not known; remove ${key}`)],
    );
  }
  const program = programIndex(loop.command);
  const given = loop.command.findIndex(
    (word, index) =>
      word.includes('{session}') || (program !== -1 && index > program && isAdapterOption(word)),
  );
  return [
    ...(given === -1
      ? []
      : [
          placeOf(
            [...place, 'command', given],
            `agent: claude-code gives sessions, settings and prompts itself; remove ${loop.command[given]}`,
          ),
        ]),
    ...(loop.resume === undefined
      ? []
      : [placeOf([...place, 'resume'], 'agent: claude-code resumes its sessions itself; remove resume')]),
    ...(loop.ready === undefined
      ? []
      : [placeOf([...place, 'ready'], 'agent: claude-code tells by a hook when it is ready; remove ready')]),
  ];
}

function socketMistakes(config: RigConfig, placeOf: PlaceOf): ConfigMistake[] {
  const socket = controlSocket(config);
  if (Buffer.byteLength(socket) <= longestSocketPath) return [];
  return [
    placeOf(
      ['runtimeDir'],
      `${socket} is longer than ${longestSocketPath} bytes, too long for a socket; set a shorter runtimeDir`,
    ),
  ];
}

function dependencyMistakes({ loops }: RigConfig, placeOf: PlaceOf): ConfigMistake[] {
  const known = new Map(loops.map((loop) => [loop.name, loop]));
  return loops.flatMap(({ name, after }) => [
    ...after.flatMap((other, index) =>
      known.has(other)
        ? []
        : [
            placeOf(
              ['loops', name, 'after', index],
              `there is no loop ${other}; there are ${[...known.keys()].join(', ')}`,
            ),
          ],
    ),
    ...(reaches(name, name, known, new Set())
      ? [placeOf(['loops', name, 'after'], 'the loop would wait for itself')]
      : []),
  ]);
}

function reaches(
  from: string,
  to: string,
  known: ReadonlyMap<string, LoopConfig>,
  seen: Set<string>,
): boolean {
  return (known.get(from)?.after ?? []).some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(next, to, known, seen);
  });
}
