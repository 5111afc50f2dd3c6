interface Report {
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

export class TestResults {
  add(report: Report): void;
  one(name: string, passed: boolean): void;
  names(status: 'passed' | 'failed' | 'skipped'): string[];
}
