import { localHost } from '@cutover/host';
import { expect, test } from 'vitest';
import { imageFacts, lackingInImage, parseImageFacts, suppliable } from '../../src/new-host/image-facts.ts';
import { secureBootProblem } from '../../src/preflight/incus.ts';

/** What nixpkgs' own Incus image says of itself: sshd by its socket, no git, no cloud-init. */
const nixpkgs = 'hostName nixos\nsshd sshd.socket\nnix nix (Nix) 2.28.3\nnixos yes\nnetworkd yes\n';

test('what an image lacks is named with its fix, and what can be supplied is not refused', () => {
  const facts = parseImageFacts(nixpkgs);
  expect(facts).toMatchObject({ cloudInit: false, hostKeys: false, nix: '2.28.3', networkd: true });
  expect(lackingInImage(facts, { tailscale: true })).toEqual([
    expect.stringMatching(/no git: .*systemPackages = \[ pkgs\.git \]/),
    expect.stringMatching(/no tailscale.*services\.tailscale\.enable = true/),
  ]);
  expect(suppliable(facts, 'cc-ci')).toEqual([
    'its name',
    'the key that root lets in',
    'the host keys of its sshd',
  ]);
});

test('an image that is no NixOS at all is refused', () => {
  expect(lackingInImage(parseImageFacts('hostName box\n'), { tailscale: false })).toEqual([
    expect.stringMatching(/no sshd/),
    expect.stringMatching(/no Nix, and 2\.8 or later is needed; instance\.image must be a NixOS image/),
    expect.stringMatching(/no git/),
  ]);
  expect(
    lackingInImage(parseImageFacts(`${nixpkgs}nix nix (Nix) 2.3.16\ngit yes\n`), { tailscale: false }),
  ).toEqual([expect.stringMatching(/Nix 2\.3\.16, and 2\.8 or later/)]);
});

test('an image that has everything needs nothing', () => {
  const facts = parseImageFacts(
    `${nixpkgs}git yes\nhostKeys yes\nrootKey /root/.ssh/authorized_keys\nhostName cc-ci`,
  );
  expect(lackingInImage(facts, { tailscale: false })).toEqual([]);
  expect(suppliable(facts, 'cc-ci')).toEqual([]);
});

test('the question runs on any machine, this one too', async () => {
  await using here = localHost();
  const facts = await imageFacts(here, 'ssh-ed25519 AAAAnone nobody', AbortSignal.timeout(20_000));
  expect(facts).toMatchObject({ hostName: expect.stringMatching(/\S/), git: true, rootKey: false });
});

test('secure boot is turned off where the image cannot do it', () => {
  const unsigned = { 'requirements.secureboot': 'false' };
  expect(secureBootProblem(unsigned, {})).toMatch(/security\.secureboot: "false"/);
  expect(secureBootProblem(unsigned, { 'security.secureboot': 'false' })).toBeUndefined();
  expect(secureBootProblem({}, {})).toBeUndefined();
});
