import type { Settings } from '../options.ts';
import type { Requirements } from './check-target.ts';

const mebibyte = 1024 * 1024;

/** What a deploy with these settings asks of its target, before it is known what has to be copied. */
export function requirementsOf(settings: Settings): Requirements {
  return {
    machineId: settings.expect?.machineId,
    hostName: settings.expect?.hostName,
    action: settings.action,
    storeFree: settings.minFree?.store ?? 256 * mebibyte,
    bootFree: settings.minFree?.boot ?? 32 * mebibyte,
    sudo: settings.sudo,
  };
}
