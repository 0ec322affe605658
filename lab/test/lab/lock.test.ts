import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { lock } from '../../src/lock.ts';

describe('lock', () => {
  const names: string[] = [];
  const newName = (): string => {
    const name = `test-${randomUUID()}`;
    names.push(name);
    return name;
  };
  afterAll(async () => {
    for (const name of names) await rm(`/run/cutover-lab/${name}.lock`, { force: true });
  });

  it('lets one in at a time', async () => {
    const name = newName();
    let inside = 0;
    let most = 0;
    const enter = async () => {
      await using _turn = await lock(name);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, enter));
    expect(most).toBe(1);
  });

  it('is free again when its holder is killed', async () => {
    const name = newName();
    const file = `/run/cutover-lab/${name}.lock`;
    const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec sleep 100'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const waiting = lock(name);
    holder.kill('SIGKILL');
    await using turn = await waiting;
    expect(turn).toBeDefined();
  });

  it('gives up when it is told to', async () => {
    const name = newName();
    await using _held = await lock(name);
    const patience = new AbortController();
    const waiting = lock(name, patience.signal);
    patience.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
