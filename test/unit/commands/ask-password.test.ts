import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askNewPassword, readOneLine } from '../../../src/commands/ask-password.js';

/** Types `keys` into a terminal and gives what was shown and answered. */
async function answer(keys: string): Promise<{ shown: string; password?: string; error?: Error }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.setEncoding('utf8').on('data', (data: string) => (shown += data));
  const asked = askNewPassword(input, output);
  input.write(keys);
  const result = await asked.then(
    (password) => ({ password }),
    (error: Error) => ({ error }),
  );
  return { shown, ...result };
}

describe('askNewPassword', () => {
  it('asks twice, and shows nothing of the answer', async () => {
    expect(await answer('open sesame\ropen sesame\r')).toEqual({
      shown: 'Enter password: \nVerify password: \n',
      password: 'open sesame',
    });
  });

  it.each([
    ['backspace', 'abx\u007f\rab\r', 'ab'],
    ['Ctrl-U', 'wrong\u0015right\rright\r', 'right'],
    ['letters beyond ASCII', 'pä😀\rpä😀\r', 'pä😀'],
    ['spaces', ' a b \r a b \r', ' a b '],
    ['newlines instead of returns', 'ab\nab\n', 'ab'],
    ['the up arrow, which has no history to show', 'ab\r\u001b[Aab\r', 'ab'],
  ])('understands %s', async (_name, keys, password) => {
    expect((await answer(keys)).password).toBe(password);
  });

  it('asks again after a mismatch', async () => {
    const { shown, password } = await answer('a\rb\rc\rc\r');
    expect(password).toBe('c');
    expect(shown).toContain('The two passwords are not the same. Try again.');
  });

  it('gives up after three mismatches', async () => {
    const { error, password } = await answer('a\rb\ra\rb\ra\rb\rc\rc\r');
    expect(password).toBeUndefined();
    expect(error).toMatchObject({ message: 'No matching passwords found. Giving up.', exitCode: 1 });
  });

  it('refuses an empty password', async () => {
    const { shown, error } = await answer('\r\r\r');
    expect(shown).toContain('The password is empty.');
    expect(error?.message).toBe('No matching passwords found. Giving up.');
  });

  it('ends on Ctrl-C with 130, and on Ctrl-D', async () => {
    expect((await answer('abc\u0003')).error).toMatchObject({ exitCode: 130 });
    expect((await answer('\u0004')).error).toMatchObject({ exitCode: 1, message: /The input ended/ });
  });
});

describe('readOneLine', () => {
  const from = (text: string) => {
    const input = new PassThrough();
    input.end(text);
    return readOneLine(input);
  };

  it.each([
    ['secret\n', 'secret'],
    ['secret', 'secret'],
    ['secret\r\n', 'secret'],
    ['one\ntwo\n', 'one'],
    ['\n', ''],
  ])('%j is %j', async (text, line) => {
    expect(await from(text)).toBe(line);
  });

  it('says so when there is none', async () => {
    await expect(from('')).rejects.toThrow('There was no password on standard input.');
  });
});
