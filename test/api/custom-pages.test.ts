/** What the owner of a server adds to its pages: templates, a style sheet and a script. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.js';

let folder: string;
let server: TestServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-templates-'));
  writeFileSync(
    join(folder, 'page.html'),
    '{% extends "templates/page.html" %}{% block header_buttons %}<b>Our lab</b>{% endblock %}',
  );
  server = await startTestServer({ onlyOwnKernel: true, extra_template_paths: [folder] });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

it('takes templates of its own, which extend those of the package', async () => {
  const login = await (await fetch(`${server.url}login`)).text();
  expect(login).toContain('<b>Our lab</b>');
  expect(login).toContain('<form class="login-form"');
});

const CLASSIC_BLOCKS = 'favicon stylesheet meta logo headercontainer login_widget site after_site'.split(' ');

it.each([
  ['page.html', 'tree', 'class="container tree-page"'],
  ['terminal.html', 'terminals/new', 'id="terminal-menu"'],
])('takes the blocks of a %s that was made for the classic notebook', async (template, path, own) => {
  const blocks = CLASSIC_BLOCKS.map(
    (name) =>
      `{% block ${name} %}<!-- our ${name} -->${/site|stylesheet/.test(name) ? '{{ super() }}' : ''}{% endblock %}`,
  );
  const attributes =
    '{% block params %} data-lab="7"{% endblock %}{% block bodyclasses %} our-class{% endblock %}';
  writeFileSync(
    join(folder, template),
    `{% extends "templates/${template}" %}${attributes}${blocks.join('')}`,
  );
  writeFileSync(join(folder, 'logo.html'), '<i>Our lab</i>');
  const html = await (await server.fetch(path)).text();
  expect(html).toContain(own);
  for (const name of CLASSIC_BLOCKS) expect(html.split(`<!-- our ${name} -->`), name).toHaveLength(2);
  expect(html).toMatch(/<body class="[^"]* our-class" data-lab="7">/);
  expect(html).toMatch(/<link rel="stylesheet"/);
  expect(html).not.toContain('<i>Our lab</i>');
  expect(await (await server.fetch('edit/none.txt')).text(), 'what logo.html says, elsewhere').toContain(
    template === 'page.html' ? '<!-- our logo -->' : '<i>Our lab</i>',
  );
});

it('adds custom.css and custom.js of the configuration directory to pages, and nothing else in there', async () => {
  const page = async () => (await server.fetch('connection')).text();
  expect(await page()).not.toContain('custom/custom');
  expect((await server.fetch('custom/custom.css')).status).toBe(404);

  const custom = join(server.home, 'config', 'custom');
  mkdirSync(custom, { recursive: true });
  writeFileSync(join(custom, 'custom.css'), 'body { color: red }');
  writeFileSync(join(custom, 'custom.js'), 'window.ours = true;');
  writeFileSync(join(custom, 'secret.txt'), 'secret');
  const html = await page();
  expect(html).toMatch(/<link rel="stylesheet" href="\/custom\/custom\.css" nonce="[^"]+">/);
  expect(html).toMatch(/<script type="module" src="\/custom\/custom\.js" nonce="[^"]+">/);
  const style = await server.fetch('custom/custom.css');
  expect(style.headers.get('content-type')).toContain('text/css');
  expect(await style.text()).toBe('body { color: red }');
  expect((await server.fetch('custom/secret.txt')).status).toBe(404);
  expect((await fetch(`${server.url}custom/custom.js`, { redirect: 'manual' })).status).not.toBe(200);
  expect(await (await fetch(`${server.url}login`)).text(), 'nobody is logged in there').not.toContain(
    'custom.js',
  );
});
