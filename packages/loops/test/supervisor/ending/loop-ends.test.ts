import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Background } from '../../../src/concurrency/background.ts';
import type { RigEventBody } from '../../../src/events/rig-event.ts';
import type { Pane } from '../../../src/tmux/rig-tmux.ts';
import { LoopEnds } from '../../../src/supervisor/ending/loop-ends.ts';
import { LoopRuntimes } from '../../../src/supervisor/context/loop-runtime.ts';
import { OwnershipWatch } from '../../../src/ownership/ownership-watch.ts';
import { RigStore } from '../../../src/state/rig-store.ts';
import { Rounds } from '../../../src/concurrency/rounds.ts';
import { TmuxLink } from '../../../src/tmux/tmux-link.ts';
import { makeRig } from '../../rig.ts';

/** One loop of a rig with no supervisor, whose run `a run` is over. */
async function makeEndedLoop(more: object = {}) {
  const loops = { one: { command: ['false'], ...more } };
  const rig = await makeRig({ loops, loginPatterns: ['Login expired'] });
  const { config } = rig;
  await mkdir(config.stateDir, { recursive: true });
  const { store } = await RigStore.open(config);
  store.change('one', { run: 'a run', session: 'a session' });
  const events: RigEventBody[] = [];
  const emit = (event: RigEventBody): void => void events.push(event);
  const failures: unknown[] = [];
  const background = new Background((error) => failures.push(error));
  const { signal } = new AbortController();
  const runtimes = new LoopRuntimes();
  const ends = new LoopEnds({
    config,
    store,
    ownership: new OwnershipWatch({ config, signal, onView: () => {} }),
    link: new TmuxLink(config, 'own', emit, () => {}),
    scopes: { manager: 'none', find: async () => 'none' },
    signal,
    emit,
    background,
    onStarted: () => {},
    catchUp: async () => {},
    runtimes,
    onBegun: () => {},
    rounds: new Rounds(async () => {}, background, signal),
  });
  const [loop] = config.loops;
  if (loop === undefined) throw new Error('it has a loop');
  const pane: Pane = {
    loop: 'one',
    id: '%1',
    pid: 1,
    dead: true,
    exitCode: 1,
    exitSignal: undefined,
    run: 'a run',
    serverPid: 1,
    piped: true,
    activity: 0,
  };
  return {
    loop,
    store,
    ends,
    runtimes,
    events,
    /** Sees its end, with a last screen that says `text`; `meanwhile` happens while that is read. */
    see: (text: string, meanwhile: () => void = () => {}) =>
      ends.see(
        {
          screen: async () => {
            meanwhile();
            return [text];
          },
        },
        loop,
        pane,
        () => false,
      ),
    [Symbol.asyncDispose]: async () => {
      await background.settled();
      expect(failures).toEqual([]);
      await rig[Symbol.asyncDispose]();
    },
  };
}

describe('the end of a run', () => {
  it('leaves alone what a request changes while it is looked into', async () => {
    await using ended = await makeEndedLoop();
    const { store } = ended;
    await ended.see('$', () => {
      store.change('one', { prompts: ['an id'] });
      store.forgetSession('one');
    });
    expect(store.loop('one')).toEqual({
      wanted: true,
      run: 'a run',
      prompts: ['an id'],
      restarts: 1,
      recentRestarts: 1,
    });
  });

  it('brings no restart to a loop that is stopped while it is looked into', async () => {
    await using ended = await makeEndedLoop();
    await ended.see('$', () => ended.store.change('one', { wanted: false }));
    expect(ended.store.loop('one')).toMatchObject({ wanted: false, restarts: 0 });
    expect(ended.events).toEqual([]);
  });

  it('at an expired login is told about once, though a look while it ran finds the same only now', async () => {
    await using ended = await makeEndedLoop();
    await ended.see('Login expired');
    await ended.ends.block(ended.loop, { kind: 'login-expired', detail: 'Login expired' });
    expect(ended.events.filter(({ type }) => type === 'login-expired')).toHaveLength(1);
    expect(ended.events.filter(({ type }) => type === 'blocked')).toHaveLength(1);
  });

  it('of an agent that was blocked costs no restart, though its last screen shows nothing of it', async () => {
    await using ended = await makeEndedLoop();
    const { store } = ended;
    await ended.ends.block(ended.loop, { kind: 'login-expired', detail: 'Login expired' });
    await ended.see('');
    expect(store.loop('one')).toMatchObject({ restarts: 0, block: { reason: 'login-expired' } });
    // Once it is logged in again it starts at once, whatever its policy says about such an end.
    expect(ended.runtimes.of('one')).toMatchObject({ nextStartAt: 0, lastExit: { exitCode: 1 } });
  });

  it('that came because its session cannot be gone on with is followed by a new session', async () => {
    await using ended = await makeEndedLoop({ agent: 'claude-code' });
    ended.store.change('one', { begun: true, transcript: '/elsewhere/a session.jsonl' });
    await ended.see('No conversation found with session ID: a session');
    expect(ended.store.loop('one')).toEqual({ wanted: true, run: 'a run', restarts: 1, recentRestarts: 1 });
    expect(ended.events.map(({ type }) => type)).toEqual(['escalated', 'exited']);
  });

  it('leaves a session alone of which nothing is said', async () => {
    await using ended = await makeEndedLoop({ agent: 'claude-code' });
    await ended.see('No conversation found with session ID: another');
    expect(ended.store.loop('one')).toMatchObject({ session: 'a session', restarts: 1 });
  });
});
