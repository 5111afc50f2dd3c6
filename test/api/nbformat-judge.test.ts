/** Python's nbformat as the judge: the same upgrades, the same verdicts, the same bytes on disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notebookContent, readNotebook, saveContent, type JsonObject } from '../../src/notebook/index.js';
import { checkNotebook } from '../../src/notebook/validate.js';
import { everything } from '../tier.js';

const folder = join(process.cwd(), 'test/notebooks');
const samples = readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
const broken = readdirSync(join(folder, 'broken')).map((name) => `broken/${name}`);
const PYTHON = '/usr/bin/python3';
const judgeIsHere = existsSync('/usr/lib/python3/dist-packages/nbformat');

/** For each file: the notebook as version 4, whether it is valid, and how nbformat writes it. */
const script = `
import json, logging, sys, warnings
import nbformat
from nbformat.v4.rwbase import strip_transient
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)
out = {}
for path in sys.argv[2:]:
    entry = out[path] = {}
    try:
        text = open(path, encoding='utf-8-sig').read()
        raw = nbformat.reader.reads(text)
        if raw.nbformat >= 4:
            nb = raw
            entry['valid'] = nbformat.validator.isvalid(nb)
            entry['problem'] = ''
            try:
                nbformat.validate(nb, repair_duplicate_cell_ids=False)
            except Exception as e:
                entry['problem'] = str(e)[:200]
        else:
            nb = nbformat.convert(raw, 4)
            for cell in nb.cells:
                cell.pop('id', None)
        strip_transient(nb)
        # no NaN in the answer
        entry['notebook'] = json.loads(json.dumps(nb), parse_constant=lambda name: None)
        entry['written'] = nbformat.v4.nbjson.writes(nb) + '\\n'
    except Exception as e:
        entry['error'] = repr(e)[:200]
json.dump(out, open(sys.argv[1], 'w'))
`;

interface Verdict {
  notebook?: JsonObject;
  valid?: boolean;
  problem?: string;
  written?: string;
  error?: string;
}

describe.runIf(everything && judgeIsHere)('beside nbformat', () => {
  const work = mkdtempSync(join(tmpdir(), 'nbserver-judge-'));
  let verdicts: Record<string, Verdict>;
  const verdict = (name: string): Verdict => verdicts[join(folder, name)] ?? {};

  beforeAll(() => {
    writeFileSync(join(work, 'judge.py'), script);
    const answer = join(work, 'answer.json');
    const paths = [...samples, ...broken].map((name) => join(folder, name));
    execFileSync(PYTHON, [join(work, 'judge.py'), answer, ...paths]);
    verdicts = JSON.parse(readFileSync(answer, 'utf8')) as Record<string, Verdict>;
  });
  afterAll(() => rmSync(work, { recursive: true }));

  /**
   * Without what differs by intent: random ids of an upgrade, flags that live in memory only, and the `collapsed` that
   * nbformat makes up for format 1.
   */
  const comparable = (content: JsonObject, from: number | undefined): JsonObject => {
    const copy = JSON.parse(JSON.stringify(content)) as JsonObject;
    for (const cell of copy['cells'] as (JsonObject & { metadata: JsonObject })[]) {
      delete cell.metadata['trusted'];
      if (from !== undefined) delete cell['id'];
      if (from === 1) delete cell.metadata['collapsed'];
    }
    return copy;
  };

  it.each(samples)('%s is the same notebook', (name) => {
    const file = readNotebook(readFileSync(join(folder, name)));
    const from = file.upgradedFrom;
    const { notebook: theirs, error } = verdict(name);
    expect(error).toBeUndefined();
    expect(comparable(notebookContent(file, false), from)).toEqual(comparable(theirs ?? {}, from));
  });

  it.each(samples)('%s is written in the same bytes when it is new', (name) => {
    const before = readFileSync(join(folder, name));
    const file = readNotebook(before);
    const content = comparable(notebookContent(file, false), file.upgradedFrom);
    // numbers whose spelling JSON clients lose have no one right spelling
    if (/numbers|papermill|charts|v1|v3-lines|lone/.test(name)) return;
    if (file.upgradedFrom !== undefined) {
      content['nbformat_minor'] = 4;
    }
    const ours = Buffer.from(saveContent(undefined, content).toBytes()).toString();
    const theirs = verdict(name).written ?? '';
    expect(ours).toBe(
      file.upgradedFrom === undefined ? theirs : theirs.replace(/("nbformat_minor": )5/, '$14'),
    );
  });

  // that one id stands twice, nbformat repairs in silence
  const judged = [...samples, ...broken].filter((name) => !name.includes('duplicate-ids'));
  it.each(judged)('%s is as valid', (name) => {
    const theirs = verdict(name);
    if (theirs.valid === undefined) return;
    const file = readNotebook(readFileSync(join(folder, name)));
    const { message } = checkNotebook(JSON.parse(JSON.stringify(notebookContent(file, false))));
    expect(message === undefined, `${message}; nbformat: ${theirs.problem}`).toBe(theirs.valid);
  });
});
