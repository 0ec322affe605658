import type { Figure } from './figure.ts';

export const nixDeployFigures: readonly Figure[] = [];
