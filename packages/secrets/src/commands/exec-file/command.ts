import { basename } from 'node:path';
import type { Command } from 'commander';
import { type EngineFlags, chosenEngine, engineFile, withEngineOptions } from '../shared/engine.ts';

/** `secrets exec-file FILE COMMAND…`: the plain text is a private file on a memory file system while the command runs. */
export function setUpExecFile(command: Command): Command {
  command
    .argument('<file>', 'a sops file')
    .argument('<command...>', 'a command and its arguments, with {} for the path of the plain text')
    .passThroughOptions()
    .option('--filename <name>', 'the name of the plain file (default: that of the sops file)');
  return withEngineOptions(command).action(
    async (file: string, words: string[], flags: EngineFlags & { filename?: string }) => {
      const { readInput } = await import('../shared/input.ts');
      const { runChild } = await import('../shared/run-child.ts');
      const { privateFile } = await import('../edit/private-file.ts');
      const engine = await chosenEngine(flags);
      const plaintext = await engine.decrypt(await readInput(file), engineFile(file, flags));
      await using copy = await privateFile(basename(flags.filename ?? file), plaintext);
      const filled = words.map((word) => word.replaceAll('{}', copy.path));
      process.exitCode = await runChild(filled, process.env);
    },
  );
}
