import { dirname, resolve } from 'node:path';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import type { ManifestTemplate } from './manifest.ts';

/**
 * A template with its placeholders replaced by secrets; placeholders of secrets that are not there stay.
 *
 * @param manifest - the manifest's path; a relative `file` is beside it.
 * @throws {SecretsError} `ACTIVATION_FAILED`: its file cannot be read.
 */
export async function renderTemplate(
  template: Pick<ManifestTemplate, 'name' | 'content' | 'file'>,
  manifest: string,
  placeholderBySecretName: Readonly<Record<string, string>>,
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  // latin1 keeps every byte of a secret that is not UTF-8.
  let text = (await source(template, manifest)).toString('latin1');
  for (const [name, placeholder] of Object.entries(placeholderBySecretName)) {
    const content = contents.get(name);
    if (content === undefined || placeholder === '') continue;
    text = text.replaceAll(Buffer.from(placeholder, 'utf8').toString('latin1'), () =>
      Buffer.from(content).toString('latin1'),
    );
  }
  return Buffer.from(text, 'latin1');
}

async function source(
  { name, content, file }: Pick<ManifestTemplate, 'name' | 'content' | 'file'>,
  manifest: string,
): Promise<Buffer> {
  if (content !== '') return Buffer.from(content, 'utf8');
  const path = resolve(dirname(manifest), file);
  try {
    return await readFileBounded(path);
  } catch (error) {
    throw new SecretsError(
      'ACTIVATION_FAILED',
      `the file of the template ${name} cannot be read`,
      { file: path },
      { cause: error },
    );
  }
}
