import { describe, expect, it } from 'vitest';
import { InputHistory } from '../../../src/javascript-kernel/history.js';

function filled(): InputHistory {
  const history = new InputHistory();
  ['let a = 1', 'a + 1', 'let b = 2', 'a + 1'].forEach((source, i) => history.add(i + 1, source));
  return history;
}

describe('the input history', () => {
  it.each([
    [{ hist_access_type: 'tail', n: 2 }, [3, 4]],
    [{ hist_access_type: 'tail', n: 0 }, []],
    [{ hist_access_type: 'range', session: 0, start: 2, stop: 4 }, [2, 3]],
    [{ hist_access_type: 'range', session: -1, start: 0, stop: 9 }, []],
    [{ hist_access_type: 'search', pattern: 'let*' }, [1, 3]],
    [{ hist_access_type: 'search', pattern: 'a + ?' }, [2, 4]],
    [{ hist_access_type: 'search', pattern: '*', unique: true }, [1, 3, 4]],
    [{ hist_access_type: 'search', pattern: 'let*', n: 1 }, [3]],
    [{ hist_access_type: 'search', pattern: 'let.*' }, []],
  ])('%j', (content, lines) => {
    const { history } = filled().reply(content);
    expect((history as [number, number, string][]).map(([, line]) => line)).toEqual(lines);
  });

  it('pairs sources with no output when outputs are asked for', () => {
    expect(filled().reply({ hist_access_type: 'tail', n: 1, output: true })).toEqual({
      status: 'ok',
      history: [[1, 4, ['a + 1', null]]],
    });
  });
});
