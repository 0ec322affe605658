import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { transform } from 'esbuild';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['plugins']>[number];

/** In bytes. What is larger is needed by few commands, and those do more than to look. */
const smallPart = 32_768;

/** Between `small` and `large`, the texts by id, and the entry: `load(id)` is a part's exports, or a module of Node's. */
const loader = `const loaded = new Map();
const inflate = (text) => require('node:zlib').inflateRawSync(Buffer.from(text, 'base64')).toString('latin1');
const load = (id) => {
  const text = small[id] ?? large[id];
  if (text === undefined) return require(id);
  let part = loaded.get(id);
  if (part === undefined) {
    loaded.set(id, (part = { exports: {} }));
    const filename = __filename + '#' + id;
    const run = require('node:vm').compileFunction(
      id in small ? text : inflate(text), ['require', 'module', 'exports'], { filename });
    run(load, part, part.exports);
  }
  return part.exports;
};`;

/**
 * Packs the ES modules of a build with `splitting` into one CommonJS file beside them, and removes them. The entry is
 * code there; the others are texts, compiled when they are first required. For 100 kB the engine takes six milliseconds
 * where they are code, half a one where they are text, so a command that needs little of it starts sooner.
 */
export function singleFile(): Plugin {
  return {
    name: 'single-file',
    async buildEnd({ writtenFiles }) {
      // They come in the order in which they were written, which is another one each time.
      const names = writtenFiles.map(({ name }) => name).sort();
      const parts = await Promise.all(names.map(readPart));
      const entry = parts.find(({ code }) => code.startsWith('#!'));
      if (entry === undefined) throw new Error('none of the modules begins with #!');
      const small: Record<string, string> = {};
      const large: Record<string, string> = {};
      for (const { id, code } of parts.filter((part) => part !== entry)) {
        if (code.length <= smallPart) small[id] = code;
        else large[id] = deflateRawSync(code, { level: 9 }).toString('base64');
      }
      const [shebang, ...code] = entry.code.split('\n');
      const file = [
        shebang,
        `const small = ${JSON.stringify(small)};`,
        `const large = ${JSON.stringify(large)};`,
        loader,
        '((require) => {',
        ...code,
        '})(load);',
      ];
      await writeFile(entry.name.replace(/\.\w+$/, '.cjs'), file.join('\n'), { mode: 0o755 });
    },
  };
}

/** The module as CommonJS. */
async function readPart(name: string): Promise<{ name: string; id: string; code: string }> {
  const module = await readFile(name, 'utf8');
  await rm(name);
  const { code } = await transform(module, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // Beyond Latin-1 the engine would keep two bytes for each character of the source.
    charset: 'ascii',
    minify: true,
    // A text has no modules of its own to import.
    supported: { 'dynamic-import': false },
  });
  return { name, id: `./${basename(name)}`, code };
}
