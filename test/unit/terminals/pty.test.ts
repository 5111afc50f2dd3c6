import { expect, it, vi } from 'vitest';
import { Pty } from '../../../src/terminals/pty.js';

it('signals nobody when its shell has ended: the process id may be another program by now', async () => {
  let exited = () => {};
  const exit = new Promise<void>((resolve) => (exited = resolve));
  const pty = await Pty.open(
    { argv: ['/bin/true'], cwd: '/', env: {}, rows: 24, columns: 80 },
    { data: () => undefined, exit: () => exited() },
  );
  await exit;
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  try {
    await pty.end();
    expect(kill).not.toHaveBeenCalled();
  } finally {
    kill.mockRestore();
  }
});
