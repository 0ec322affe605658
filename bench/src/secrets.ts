import type { Figure } from './figure.ts';

export const secretsFigures: readonly Figure[] = [];
