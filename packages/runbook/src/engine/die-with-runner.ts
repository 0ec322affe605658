/**
 * The argv that runs `argv` on this Linux machine so that the kernel kills it when this process dies, however it dies:
 * after `kill -9` of a runner its children would live on. For work on other hosts, use a unit named `StepContext.unit`.
 * (util-linux `setpriv --pdeathsig`; not kept by a command that changes its user by a setuid bit.)
 */
export function dieWithRunner(argv: readonly string[]): string[] {
  return process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--', ...argv] : [...argv];
}
