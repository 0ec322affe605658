import { expect, it } from 'vitest';
import { parseRigConfig } from '../../src/config/load-rig-config.ts';
import { renderUnits } from '../../src/units/render-units.ts';

const options = { user: 'loops', node: '/usr/bin/node', bundle: '/opt/my loops/100%/loops.cjs' };
const text = JSON.stringify({ rig: 'demo', workspace: '/srv/a $HOME', loops: { one: { command: ['x'] } } });

it('quotes paths as systemd reads them', () => {
  const [tmux, supervisor] = renderUnits(parseRigConfig(text, '/srv/a $HOME/loops.yaml'), options);
  expect(supervisor?.content).toContain('ExecReload=');
  expect(supervisor?.content).toContain(
    '"/opt/my loops/100%%/loops.cjs" up --config "/srv/a $$HOME/loops.yaml"\n',
  );
  expect(supervisor?.content).toContain('WorkingDirectory=/srv/a $HOME\n');
  expect(tmux?.content).toContain('-S "/srv/a $$HOME/.loops/run/tmux.sock"');
});

it('starts the manager that limits stand on before the supervisor looks for it', () => {
  const config = parseRigConfig(text, '/srv/loops.yaml');
  const [, supervisor] = renderUnits(config, options);
  expect(supervisor?.content).toContain(
    'ExecStartPre=-+/bin/sh -c "exec systemctl start \\"user@$$(id -u \\"$$1\\").service\\"" sh loops\n',
  );
  const [, root] = renderUnits(config, { ...options, user: 'root' });
  expect(root?.content).not.toContain('ExecStartPre');
});

it('says of the restarts only what the systemd of the machine knows', () => {
  const config = parseRigConfig(text, '/srv/loops.yaml');
  const contentFor = (systemdVersion?: number) =>
    renderUnits(config, { ...options, systemdVersion })
      .map(({ content }) => content)
      .join('');
  expect(contentFor(252)).not.toContain('RestartSteps');
  expect(contentFor(254)).toContain('RestartSteps=8');
  expect(contentFor()).toContain('RestartSteps=8');
});
