import { readFile } from 'node:fs/promises';
import type { ManifestTemplate } from './manifest.ts';

/** A template with its placeholders replaced by secrets; placeholders of secrets that are not there stay. */
export async function renderTemplate(
  template: Pick<ManifestTemplate, 'content' | 'file'>,
  placeholderBySecretName: Readonly<Record<string, string>>,
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  // latin1 keeps every byte of a secret that is not UTF-8.
  let text = (
    template.content !== '' ? Buffer.from(template.content, 'utf8') : await readFile(template.file)
  ).toString('latin1');
  for (const [name, placeholder] of Object.entries(placeholderBySecretName)) {
    const content = contents.get(name);
    if (content === undefined || placeholder === '') continue;
    text = text.replaceAll(Buffer.from(placeholder, 'utf8').toString('latin1'), () =>
      Buffer.from(content).toString('latin1'),
    );
  }
  return Buffer.from(text, 'latin1');
}
