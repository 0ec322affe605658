import type { Figure } from './figure.ts';

export const incusClientFigures: readonly Figure[] = [];
