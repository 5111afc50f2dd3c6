import { describe, expect, it } from 'vitest';
import { TestResults } from '../../../scripts/test-results.mjs';

const report = (tests: Record<string, string>, file = 'a.test.ts') => ({
  testResults: [
    {
      name: file,
      status: 'passed',
      assertionResults: Object.entries(tests).map(([fullName, status]) => ({ fullName, status })),
    },
  ],
});

describe('what several runs reported', () => {
  it.each([
    ['a long test that the short run left out', 'pending', 'passed', 'passed'],
    ['a test that both made', 'passed', 'passed', 'passed'],
    ['one that failed first', 'failed', 'passed', 'failed'],
    ['one that failed with all its rounds', 'passed', 'failed', 'failed'],
    ['one that neither made', 'pending', 'skipped', 'skipped'],
    ['one that only the short run made', 'passed', 'skipped', 'passed'],
  ] as const)('counts %s once', (_what, first, second, outcome) => {
    const results = new TestResults();
    results.add(report({ works: first }));
    results.add(report({ works: second }));
    expect(results.names(outcome)).toEqual(['a.test.ts > works']);
    expect((['passed', 'failed', 'skipped'] as const).flatMap((each) => results.names(each))).toHaveLength(1);
  });

  it('counts two cases of one name as two', () => {
    const results = new TestResults();
    const [file] = report({ works: 'passed' }).testResults;
    if (!file) throw new Error('no file');
    results.add({
      testResults: [{ ...file, assertionResults: [...file.assertionResults, ...file.assertionResults] }],
    });
    expect(results.names('passed')).toHaveLength(2);
  });

  it('counts a file that could not be read as a failure', () => {
    const results = new TestResults();
    results.add({ testResults: [{ name: 'b.test.ts', status: 'failed', assertionResults: [] }] });
    expect(results.names('failed')).toEqual(['b.test.ts']);
  });
});
