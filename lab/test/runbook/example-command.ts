import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { EngineEvent } from '@cutover/runbook';
import ts from 'typescript';

const examples = join(import.meta.dirname, '../../../examples');

/** An example's command as JavaScript, since Node 20 does not know types; it uses the packages as they are published. */
export interface ExampleCommand extends AsyncDisposable {
  /** A folder for config and state, deleted with the command. */
  readonly folder: string;
  /** Runs it to its end. */
  run(...argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Runs it with `--json` until `until` holds for an event, and kills it then, as hard as can be. */
  kill(argv: readonly string[], until: (event: EngineEvent) => boolean): Promise<void>;
}

/** @param options what every call ends with. */
export async function exampleCommand(name: string, options: readonly string[] = []): Promise<ExampleCommand> {
  // Inside the examples, so that the packages are found from there.
  const folder = await mkdtemp(join(examples, `.${name}-`));
  await cp(join(examples, name), folder, { recursive: true });
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    rewriteRelativeImportExtensions: true,
  };
  for (const file of (await readdir(folder)).filter((entry) => entry.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(await readFile(join(folder, file), 'utf8'), {
      compilerOptions,
    });
    await writeFile(join(folder, file.replace(/\.ts$/, '.js')), outputText);
  }
  const start = (argv: readonly string[]): ChildProcessByStdio<null, Readable, Readable> =>
    spawn(process.execPath, [join(folder, `${name}.js`), ...argv, ...options], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    folder,
    async run(...argv) {
      const child = start(argv);
      const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
      const [code]: (number | null)[] = await once(child, 'close');
      return { code: code ?? null, stdout: await stdout, stderr: await stderr };
    },
    async kill(argv, until) {
      const child = start([...argv, '--json']);
      const closed = once(child, 'close');
      const stderr = textOf(child.stderr);
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (until(JSON.parse(line))) break;
      }
      child.kill('SIGKILL');
      const [, signal]: unknown[] = await closed;
      if (signal !== 'SIGKILL') {
        throw new Error(
          `it ended before it could be killed:\n${lines.slice(-5).join('\n')}\n${await stderr}`,
        );
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
