import { describe, expect, it } from 'vitest';
import { passwordKeeper } from '../../../src/commands/password-keeper.js';
import { defaultSettings, optionNames, type LoadedSettings } from '../../../src/config/index.js';

function refusal(origin: string, settings: { password?: string; password_file?: string }) {
  const origins = Object.fromEntries(optionNames.map((name) => [name, 'default']));
  return passwordKeeper({
    origins: { ...origins, password: origin },
    settings: { ...defaultSettings(), ...settings },
    configFile: '/nowhere/notebook_config.json',
  } as LoadedSettings).refusal();
}

describe('a password is changed on a page', () => {
  it.each([
    ['default', {}, undefined],
    ['~/notebook_config.json:3', { password: 'sha1:a:b' }, undefined],
    ['~/notebook_config.json:3', { password: '' }, undefined],
    ['flag --password', { password: 'sha1:a:b' }, 'flag --password'],
    ['flag --NotebookApp.password', { password: '' }, 'flag --NotebookApp.password'],
    ['env JUPYTER_PASSWORD', { password: 'sha1:a:b' }, 'env JUPYTER_PASSWORD'],
    ['default', { password_file: '/run/secrets/password' }, '/run/secrets/password'],
    ['flag --password', { password: '', password_file: '/run/secrets/password' }, '/run/secrets/password'],
    ['~/x.json:3', { password: 'sha1:a:b', password_file: '/run/secrets/password' }, undefined],
  ])('from %s with %j: %s', (origin, settings, where) => {
    const said = refusal(origin, settings);
    if (where === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(where);
  });
});
