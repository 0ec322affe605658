import type { Shell } from 'zx/core';

/**
 * What arrives of a value on a host, for each place of a command line that a value may stand in. All of them are equal
 * to it if each was one argument, byte for byte.
 */
export async function arrivals(shell: Shell, value: string): Promise<readonly string[]> {
  const there = shell({ env: { VARIABLE: value }, input: value });
  const { stdout } = await there`
    say() { printf '%s\\0' "$@"; }
    say ${value} ${value}
    say ${[value, value]}
    say pre${value}post pre${value} ${value}post
    x=${value}; say "$x"
    for x in ${value} ${value}; do say "$x"; done
    x=$(printf '%s.' ${value}); say "\${x%.}"
    x=$(cat <<< ${value}; echo .); say "\${x%??}"
    case ${value} in ${value}) say ${value} ;; esac
    if [[ ${value} == ${value} ]]; then say ${value}; fi
    declare -A map; map[${`k${value}`}]=${value}; say "\${map[@]}"
    say "\${NO_SUCH_VARIABLE:-"$VARIABLE"}"
    x=$(cat; echo .); say "\${x%?}"
  `;
  const [a = '', b = '', c = '', d = '', between = '', behind = '', before = '', ...rest] =
    stdout.split('\0');
  const joined = [
    between.slice('pre'.length, -'post'.length),
    behind.slice('pre'.length),
    before.slice(0, -'post'.length),
  ];
  return [a, b, c, d, ...joined, ...rest.slice(0, -1)];
}
