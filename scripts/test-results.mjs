// Adds up what several test runs reported. A test that two runs made counts once, and has failed when it failed in either.

export class TestResults {
  /** `file > name` → passed, failed or skipped */
  #tests = new Map();

  /** @param {{ testResults: { name: string, status: string, message?: string, assertionResults: { fullName: string, status: string }[] }[] }} report  vitest's JSON report */
  add(report) {
    for (const file of report.testResults) {
      // A file that could not be read as tests at all has failed as one.
      if (file.assertionResults.length === 0 && file.status === 'failed') this.one(file.name, false);
      const seen = new Map();
      for (const { fullName, status } of file.assertionResults) {
        // Tables may name two cases alike: each counts.
        const again = (seen.get(fullName) ?? 0) + 1;
        seen.set(fullName, again);
        this.#note(`${file.name} > ${fullName}${again === 1 ? '' : ` (${again})`}`, status);
      }
    }
  }

  /** One check that is a test by itself. */
  one(name, passed) {
    this.#note(name, passed ? 'passed' : 'failed');
  }

  #note(name, status) {
    const before = this.#tests.get(name);
    if (before === 'failed' || (before === 'passed' && status !== 'failed')) return;
    this.#tests.set(name, status === 'passed' || status === 'failed' ? status : 'skipped');
  }

  /** @param {'passed' | 'failed' | 'skipped'} status */
  names(status) {
    return [...this.#tests].filter(([, each]) => each === status).map(([name]) => name);
  }
}
