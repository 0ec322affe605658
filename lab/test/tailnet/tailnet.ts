import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlServer, startControlServer } from '../../src/tailnet/control-server.ts';
import { type Node, startNode } from '../../src/tailnet/node.ts';
import { noTailnet, type TailnetPrograms, tailnetPrograms } from '../../src/tailnet/programs.ts';

/** A tailnet of this machine alone: a control server on the loopback address, and nodes in user space. */
export interface LocalTailnet extends AsyncDisposable {
  readonly programs: TailnetPrograms;
  readonly folder: string;
  readonly control: ControlServer;
  /** A node that has joined nothing, ended with the tailnet. */
  node(name: string, options?: { readonly socksPort?: number; readonly authority?: string }): Promise<Node>;
}

/** The programs, where they were built; says once that the tests are skipped where they were not. */
export async function programsOrSkip(): Promise<TailnetPrograms | undefined> {
  const programs = await tailnetPrograms();
  if (programs === undefined) process.stderr.write(`${noTailnet}\n`);
  return programs;
}

export async function startTailnet(programs: TailnetPrograms): Promise<LocalTailnet> {
  const folder = await mkdtemp(join(tmpdir(), 'tailnet-'));
  const control = await startControlServer(programs, join(folder, 'control'), '127.0.0.1');
  const nodes: Node[] = [];
  return {
    programs,
    folder,
    control,
    async node(name, { socksPort, authority = control.authority } = {}) {
      const node = await startNode(programs, { folder: join(folder, name), authority, socksPort });
      nodes.push(node);
      return node;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
      await control[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
