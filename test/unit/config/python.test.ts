import { describe, expect, it } from 'vitest';
import { importPythonConfig } from '../../../src/config/python-config.js';
import { parsePythonLiteral } from '../../../src/config/python-literals.js';

describe('parsePythonLiteral', () => {
  const literals: [string, unknown][] = [
    ["'a'", 'a'],
    ['"a"', 'a'],
    ["u'\\xe9 \\u20ac \\U0001F600 \\101 \\n'", 'é € 😀 A \n'],
    ["r'C:\\new\\d'", 'C:\\new\\d'],
    ["'it\\'s'", "it's"],
    ["'\\q'", '\\q'],
    ["'''a\n'b' '''", "a\n'b' "],
    ['("a"\n "b")', 'ab'],
    ['"a" \'b\'', 'ab'],
    ['True', true],
    ['False', false],
    ['None', null],
    ['9999', 9999],
    ['-1', -1],
    ['+1', 1],
    ['1_000', 1000],
    ['0x1F', 31],
    ['0o600', 384],
    ['-0b11', -3],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['5.', 5],
    ['[]', []],
    ["['a', 1, [True,],]", ['a', 1, [true]]],
    ['(1, 2)', [1, 2]],
    ['(1,)', [1]],
    ['(1)', 1],
    ['()', []],
    ["{'a': 1, 'b': {'c': None},}", { a: 1, b: { c: null } }],
    ['{}', {}],
    ['1 # comment', 1],
    ['[1, # one\n 2]', [1, 2]],
  ];
  it.each(literals)('%s', (source, value) => {
    expect(parsePythonLiteral(source)).toEqual(value);
  });

  it.each([
    ['', 'nothing'],
    ['os.getcwd()', 'a name or a call (os)'],
    ['true', 'a name or a call (true)'],
    ["f'x'", 'a name or a call (f)'],
    ["b'x'", 'a name or a call (b)'],
    ["'a' + 'b'", 'an expression'],
    ["'a' % 1", 'an expression'],
    ['1 if x else 2', 'an expression'],
    ['{1, 2}', 'a dict whose keys are not strings'],
    ["{'a', 'b'}", 'a set'],
    ['{1: 2}', 'a dict whose keys are not strings'],
    ["'a", 'a string without an end'],
    ["'a\nb'", 'a string without an end'],
    ['[1', 'an expression'],
    ['1e999', 'a number that JSON cannot hold'],
    ['-', 'an expression'],
  ])('refuses %s: %s', (source, message) => {
    expect(() => parsePythonLiteral(source)).toThrow(message);
  });

  it('makes an own property of __proto__', () => {
    const value = parsePythonLiteral("{'__proto__': {'x': 1}}");
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });
});

describe('importPythonConfig', () => {
  it('takes the classic page’s configuration', () => {
    const source = [
      'c = get_config()',
      '',
      '# Notebook config',
      "c.NotebookApp.certfile = u'/absolute/path/to/your/certificate/mycert.pem'",
      "c.NotebookApp.ip = '*'",
      'c.NotebookApp.open_browser = False',
      "c.NotebookApp.password = u'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed'",
      '# It is a good idea to put it on a known, fixed port',
      'c.NotebookApp.port = 9999',
      "c.NotebookApp.base_url = '/ipython/'",
      "c.NotebookApp.webapp_settings = {'static_url_prefix':'/ipython/static/'}",
    ].join('\r\n');
    expect(importPythonConfig(source)).toEqual({
      sections: {
        NotebookApp: {
          certfile: '/absolute/path/to/your/certificate/mycert.pem',
          ip: '*',
          open_browser: false,
          password: 'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed',
          port: 9999,
          base_url: '/ipython/',
          webapp_settings: { static_url_prefix: '/ipython/static/' },
        },
      },
      notes: [],
    });
  });

  it('takes values over several lines, from several classes; the last assignment counts', () => {
    const source = [
      'import os',
      'c.KernelSpecManager.allowed_kernelspecs = [',
      '    "python3",  # the first',
      "    'ir',",
      ']',
      'c.NotebookApp.port = 1',
      'c.NotebookApp.port = \\',
      '    2',
      "c.SwiftNotebookManager.account = 'a#b'",
    ].join('\n');
    expect(importPythonConfig(source)).toEqual({
      sections: {
        KernelSpecManager: { allowed_kernelspecs: ['python3', 'ir'] },
        NotebookApp: { port: 2 },
        SwiftNotebookManager: { account: 'a#b' },
      },
      notes: [],
    });
  });

  it.each([
    ["c.NotebookApp.ip = os.environ['IP']", 'its value is a name or a call (os), not a literal'],
    ['c.NotebookApp.prot = 1', 'nbserver has no such option (the nearest is NotebookApp.port)'],
    ['c.NotebookApp.mathjax_url = "x"', 'it has no effect, '],
    ['c.NotebookApp.port = "x"', 'NotebookApp.port must be a whole number from 0 to 65535, not "x"'],
    [
      'c.NotebookApp.jpserver_extensions.update({})',
      'only lines of the form c.Class.option = value are read',
    ],
    ['if True:', 'only lines of the form'],
    ['    c.NotebookApp.port = 1', 'only lines of the form'],
    ['c.NotebookApp.port == 1', 'only lines of the form'],
    ['exec(open("x").read())', 'only lines of the form'],
    [
      "c.NotebookApp.notebook_manager_class = 'bookstore.CloudFilesNotebookManager'",
      'it names a Python class',
    ],
  ])('names what it cannot take: %s', (line, reason) => {
    const { sections, notes } = importPythonConfig(`# first\n\n${line}\n`);
    expect(sections).toEqual({});
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(`line 3: ${line.trim().slice(0, 50)}`);
    expect(notes[0]).toContain(reason);
  });

  it('notes that a relative path is meant from elsewhere now', () => {
    expect(importPythonConfig("c.NotebookApp.certfile = 'my.pem'").notes).toEqual([
      'line 1: NotebookApp.certfile: a relative path is meant from the directory of the new file.',
    ]);
  });
});
