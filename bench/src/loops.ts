import type { Figure } from './figure.ts';

export const loopsFigures: readonly Figure[] = [];
