/** What each command does, for `--help`. */
export const descriptions = {
  keygen: 'make an age key pair',
  encrypt: 'encrypt a file for the recipients of .sops.yaml, or for given ones',
  decrypt: 'decrypt a sops file and check its MAC',
  edit: 'edit a sops file in $SOPS_EDITOR, $VISUAL or $EDITOR',
  set: 'set one value; it is read from standard input, never from the arguments',
  unset: 'remove one value',
  'exec-env': 'run a command with the values of a sops file as variables',
  'exec-file': 'run a command with the plain text of a sops file in a private file',
  filestatus: 'say whether a file is a sops file, as JSON',
  rotate: 'give files a new data key; recipients stay',
  updatekeys: 'make files open for the recipients of .sops.yaml; the data key stays (see rotate, revoke)',
  move: 'collect secrets from hosts, encrypt them into the repository, place the bootstrap key',
  verify: 'check on each host that every secret is decryptable, in place, with its mode, owner and content',
  guard: 'stop a commit whose staged files hold plain secrets; needs no key',
  'git-setup': 'run guard before each commit, and show sops files decrypted in git diff',
  scan: 'look for secrets in every git object, reachable or not',
  revoke: 'shut a recipient out of every sops file of a repository: new recipients, new data keys',
  lint: "look for sops-nix's known traps in a manifest",
  activate: "bring a manifest's secrets to their runtime paths on this host",
} as const;

export type CommandName = keyof typeof descriptions;
