import type { IncusScope } from '@cutover/incus-client';
import type { RealAgents, SessionRequest } from '../real-agents.ts';
import { goOnWords, rigName } from '../settings.ts';
import type { EvidenceCollector } from './collector.ts';
import { demand, type Facts, output, type Scene } from './evidence.ts';

const roles = ['builder', 'adversary', 'orchestrator'];
const patience = 120_000;
const gibibyte = 2 ** 30;

/** Looks at what is true only of real agents: whose sessions they are, what their API was asked, what memory they take. */
export async function seeRealAgents(
  scene: Scene,
  evidence: EvidenceCollector,
  agents: RealAgents,
): Promise<{ afterReboot(scope: IncusScope): Promise<void> }> {
  let before = new Map<string, string>();
  await evidence.look('the sessions are Claude Code, and made the handoff', async () => {
    before = await sessions(scene, agents.version);
    const requests = await agents.requests();
    const calls = roles.map((role) => stepsOf(requests, before.get(role)));
    for (const [index, role] of roles.entries())
      demand((calls[index] ?? 0) > 0, `the session of ${role} did work by its tools`, { calls });
    return { version: agents.version, sessions: Object.fromEntries(before), calls };
  });
  const since = Date.now();
  return {
    async afterReboot(scope) {
      await evidence.look(
        'after the reboot: each session is resumed, and was told to go on once',
        async () => {
          const after = await sessions(scene, agents.version);
          demand(JSON.stringify([...after]) === JSON.stringify([...before]), 'the sessions are the same', {
            before: Object.fromEntries(before),
            after: Object.fromEntries(after),
          });
          const told = await toldToGoOn(agents, after, since);
          return { sessions: Object.fromEntries(after), told };
        },
      );
      await evidence.look('after the reboot: the sessions work on, within 2 GiB', async () => {
        const rebootedAt = Date.now();
        await until(async () => {
          const requests = (await agents.requests()).filter(({ at }) => at > rebootedAt);
          return ['builder', 'adversary'].every((role) => stepsOf(requests, before.get(role)) > 0);
        });
        return memory(scene, scope);
      });
    },
  };
}

/** The session of each role, as the supervisor of the new host has it. */
async function sessions({ target, settings, signal }: Scene, version: string): Promise<Map<string, string>> {
  const status = async (): Promise<LoopView[]> => {
    const command = `loops status --json --config /etc/loops/${rigName}.yaml`;
    const text = await output(target, ['runuser', '-l', settings.new.user, '-c', command], signal);
    const { loops }: { loops: LoopView[] } = JSON.parse(text);
    return loops.filter(({ name }) => roles.includes(name));
  };
  let loops: LoopView[] = [];
  await until(async () => {
    loops = await status();
    return loops.every(
      ({ state, ready, agent }) => state === 'running' && ready && agent?.version !== undefined,
    );
  });
  for (const { name, agent } of loops)
    demand(agent?.kind === 'claude-code' && agent.version === version, `${name} is Claude Code`, { agent });
  return new Map(loops.map(({ name, session }) => [name, session ?? '']));
}

interface LoopView {
  readonly name: string;
  readonly state: string;
  readonly ready: boolean;
  readonly session?: string;
  readonly agent?: { readonly kind: string; readonly version?: string };
}

/** How often a tool has answered in a session. */
function stepsOf(requests: readonly SessionRequest[], session: string | undefined): number {
  return requests.filter((one) => one.session === session && one.answered > 0).length;
}

/** How often each session was told to go on, since it is in the same session: once. */
async function toldToGoOn(
  agents: RealAgents,
  after: ReadonlyMap<string, string>,
  since: number,
): Promise<Facts> {
  const count = async (): Promise<Record<string, number>> => {
    const told = (await agents.requests()).filter(
      ({ at, start, answered }) => at > since && answered === 0 && start.startsWith(goOnWords),
    );
    return Object.fromEntries(
      [...after].map(([role, session]) => [role, told.filter((one) => one.session === session).length]),
    );
  };
  let seen: Record<string, number> = {};
  await until(async () => {
    seen = await count();
    return roles.every((role) => (seen[role] ?? 0) > 0);
  });
  for (const role of roles) demand(seen[role] === 1, `${role} was told to go on once`, { seen });
  return seen;
}

async function memory({ settings, signal }: Scene, scope: IncusScope): Promise<Facts> {
  const state = await scope.instances.state(settings.name, { signal });
  const { usage, usage_peak: peak } = state.memory;
  demand(usage < 2 * gibibyte, 'the new host takes less than 2 GiB', { usage });
  return { usageMiB: Math.round(usage / 2 ** 20), peakMiB: Math.round(peak / 2 ** 20) };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    demand(performance.now() < end, `it came to that within ${patience / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
