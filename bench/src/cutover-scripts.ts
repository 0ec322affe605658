import type { Figure } from './figure.ts';

export const cutoverScriptsFigures: readonly Figure[] = [];
