/** A cell looks the same before and after somebody clicks into it: not a pixel of its text moves or changes its colour. */
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { loggedIn, notebookGroup, writingIsThere } from './notebook-page-driver.js';

/** What could go wrong differently: blanks, tabs, wide and combined characters, both directions, long lines, all colours. */
const SOURCES = [
  'const answer = 42; // a comment',
  'function name(a, b) {\n\treturn a + b;\n}',
  'class A extends B { #x = 1n; static y = /re+g/gi }',
  '`template ${1 + 1} text`\n"string" + \'other\'',
  '',
  ' ',
  '\n\n',
  'trailing blanks   \n   leading blanks',
  'tabs\tin\tthe\tmiddle',
  'äöü ß é e\u0301 ñ',
  '日本語のテキスト = 1',
  'שלום עולם',
  'مرحبا بالعالم = 1',
  '😀 👩‍👩‍👧‍👦 🇫🇷 emoji',
  `${'a long line, '.repeat(60)}end`,
  'x'.repeat(500),
  '{\n  "json": [1, 2.5e-3, null, true],\n  "nested": {}\n}',
  'if (a !== b && c >= d) throw new Error(`${e}`);',
  '/* a comment\n * over lines\n */\nasync () => await import("x")',
  Array.from({ length: 30 }, (_, i) => `let v${i} = ${i};`).join('\n'),
];

describe.runIf(hasChromium && everything)('the text of a cell', () => {
  const group = notebookGroup();

  it.each(['light', 'dark'] as const)(
    'keeps every pixel when its editor opens, in the %s theme',
    async (theme) => {
      // a style of the test's own hides what may differ: the caret is hidden by the screenshot itself
      const context = await loggedIn(group.browser, group.server, {
        colorScheme: theme,
        bypassCSP: true,
        viewport: { width: 1280, height: 1000 },
      });
      const page = await group.open(
        `pixels-${theme}.ipynb`,
        SOURCES.map((source) => ({ source })),
        context,
      );
      await page.addStyleTag({
        content:
          '.cm-cursorLayer { display: none } .cm-matchingBracket, .cm-nonmatchingBracket { background: none !important; outline: 0 !important }',
      });
      await page.locator('[data-editor-static] [class*=tok-]').first().waitFor();
      const different: string[] = [];
      for (const [i, source] of SOURCES.entries()) {
        const text = group.cell(i).locator('.source');
        await text.scrollIntoViewIfNeeded();
        // command mode on the cell itself, so that bar and ring are the only difference there is to an open editor
        await group.cell(i).locator('.prompt').first().click();
        const box = await text.boundingBox();
        if (box === null) throw new Error(`Cell ${i} is not visible.`);
        const clip = { x: box.x + 2, y: box.y + 2, width: box.width - 4, height: box.height - 4 };
        if (/[\p{L}\d]/u.test(source))
          await text.locator('[data-editor-static] [class*=tok-]').first().waitFor();
        const before = await page.screenshot({ clip });
        await page.keyboard.press('Enter');
        await group.editor(i).waitFor();
        await page.locator('.cm-focused').waitFor();
        await page.keyboard.press('Control+Home');
        if (/[\p{L}\d]/u.test(source)) await writingIsThere(group.editor(i));
        // colours come a part at a time
        const isSame = async () => before.equals(await page.screenshot({ clip }));
        let same = await isSame();
        for (let tries = 0; tries < 20 && !same; tries++) {
          await page.waitForTimeout(100);
          same = await isSame();
        }
        if (!same) different.push(source);
        await page.keyboard.press('Escape');
      }
      expect(different).toEqual([]);
      await context.close();
    },
  );
});
