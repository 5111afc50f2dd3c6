/** Interactive outputs: they run when the notebook is trusted or they were made here, in a frame that reaches nothing. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { kernelIdle, loggedIn, openNotebook, writeNotebookFile } from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

const html = (text: string) => ({
  output_type: 'display_data',
  metadata: {},
  data: { 'text/html': text, 'text/plain': 'plain' },
});
const script = (text: string) => ({
  output_type: 'display_data',
  metadata: {},
  data: { 'application/javascript': text },
});

/** What a hostile output tries; each answer stands in the frame's text. */
const ATTACKS = `<ul id="found"></ul><script>
  const found = (name, text) => { const li = document.createElement('li'); li.textContent = name + ': ' + text; document.getElementById('found').append(li); };
  const attempt = (name, run) => { try { found(name, String(run())); } catch (error) { found(name, error.name); } };
  attempt('origin', () => self.origin);
  attempt('cookie', () => document.cookie);
  attempt('parent', () => parent.document.title);
  attempt('storage', () => localStorage.length);
  attempt('top', () => { top.location = 'about:blank'; return 'went'; });
  fetch(location.origin === 'null' ? document.baseURI.replace(/frame.*/, 'api/contents') : '/api/contents', { credentials: 'include' })
    .then((r) => found('api', r.status), (error) => found('api', error.name));
</script>`;

describe.skipIf(!hasChromium)('interactive outputs', () => {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    server = await startTestServer({ onlyOwnKernel: true });
    browser = await openBrowser();
    context = await loggedIn(browser, server);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const frame = (page: Page, index: number) =>
    page.locator('[data-cell-id]').nth(index).locator('iframe').contentFrame();
  const trust = async (page: Page) => {
    await page.getByRole('button', { name: 'Trust this notebook…' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Trust', exact: true }).click();
    await page.getByRole('button', { name: 'Trusted', exact: true }).waitFor();
  };

  it('run nothing before trust, and then in a frame that reaches neither page, cookies nor API', async () => {
    writeNotebookFile(server, 'attacks.ipynb', [{ source: 'x', outputs: [html(ATTACKS)] }]);
    const { page, errors } = await openNotebook(context, server, 'attacks.ipynb');
    await page.getByText('Scripts of this output do not run').waitFor();
    expect(await page.locator('iframe').count()).toBe(0);
    await trust(page);
    const found = frame(page, 0).locator('#found');
    await expect.poll(() => found.locator('li').count()).toBe(6);
    expect(await found.locator('li').allTextContents()).toEqual([
      'origin: null',
      'cookie: SecurityError',
      'parent: SecurityError',
      'storage: SecurityError',
      'top: SecurityError',
      expect.stringMatching(/^api: (?:TypeError|40[13])$/),
    ]);
    expect(page.url()).toContain('attacks.ipynb');
    expect(errors).toEqual([]);
    await page.close();
  });

  it.runIf(everything)(
    'draw with what earlier outputs set up, as tall as they are, in the colours of the page',
    async () => {
      writeNotebookFile(server, 'setup.ipynb', [
        {
          source: 'library',
          outputs: [html('<script>window.draw = (node) => { node.textContent = "drawn"; }</script>')],
        },
        {
          source: 'plot',
          outputs: [
            html(
              '<div id="plot" style="height: 321px"></div><script>draw(document.getElementById("plot"))</script>',
            ),
          ],
        },
        { source: 'script', outputs: [script('element.append("<b>bold</b>")')] },
        { source: 'broken', outputs: [script('element.text("x"); nothing.there()')] },
      ]);
      const { page, errors } = await openNotebook(context, server, 'setup.ipynb');
      await trust(page);
      await frame(page, 1).getByText('drawn').waitFor();
      await expect
        .poll(async () => (await page.locator('iframe').nth(1).boundingBox())?.height ?? 0)
        .toBeGreaterThan(320);
      await frame(page, 2).locator('b').getByText('bold').waitFor();
      await page.getByText('nothing is not defined').waitFor();
      await page.evaluate('document.documentElement.dataset.theme = "dark"');
      await frame(page, 1).locator('html[data-theme=dark]').waitFor();
      // the frame's own; it reached nobody else
      expect(errors).toEqual(['nothing is not defined']);
      await page.close();
    },
  );

  it.runIf(everything)('run at once when they were made here', async () => {
    writeNotebookFile(server, 'here.ipynb', [
      {
        source: `display.html('<p id="p"></p><script>document.getElementById("p").textContent = "ran"</' + 'script>')`,
      },
    ]);
    const { page } = await openNotebook(context, server, 'here.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Control+Enter');
    await frame(page, 0).getByText('ran').waitFor();
    await page.close();
  });

  it('use the kernel when the person allows it, and not before: code, and comms both ways', async () => {
    const draw = `
      const { kernel } = Jupyter.notebook;
      const show = (id, text) => { document.getElementById(id).textContent = text; };
      kernel.execute('6 * 7', { iopub: { output: ({ content }) => show('ran', content.data['text/plain']) } }, { silent: false });
      const comm = kernel.comm_manager.new_comm('counter', { start: 40 });
      comm.on_msg(({ content, buffers }) => show('counted', content.data.count + ', ' + buffers[0].getUint8(0)));
      comm.send({ add: 2 });
      kernel.comm_manager.register_target('from-the-kernel', (comm, { content }) => show('opened', content.target_name));
    `;
    writeNotebookFile(server, 'comms.ipynb', [
      {
        source: [
          `comms.register('counter', (comm, { data }) => {`,
          `  comm.onMessage = (m) => comm.send({ count: data.start + m.data.add }, { buffers: [new Uint8Array([7])] });`,
          `});`,
          `display.html(\`<p id="ran"></p><p id="counted"></p><p id="opened"></p><script>${draw}</\` + 'script>');`,
        ].join('\n'),
      },
      { source: `comms.open('from-the-kernel', {}); 0` },
    ]);
    const { page, errors } = await openNotebook(context, server, 'comms.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Shift+Enter');
    const question = page.getByRole('dialog', { name: 'Let outputs use the kernel?' });
    await question.getByText('the output of cell 1').waitFor();
    expect(await frame(page, 0).locator('#ran').textContent()).toBe('');
    await question.getByRole('button', { name: 'Allow' }).click();
    await frame(page, 0).locator('#ran').getByText('42').waitFor();
    await frame(page, 0).locator('#counted').getByText('42, 7').waitFor();
    await page.locator('[data-cell-id="cell-1"]').focus();
    await page.keyboard.press('Control+Enter');
    await frame(page, 0).locator('#opened').getByText('from-the-kernel').waitFor();

    // who says no is asked once, and reads why nothing happens
    await page.reload();
    await page.getByRole('dialog').getByRole('button', { name: 'Not Now' }).click();
    await page.getByText('It was not allowed to use the kernel').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('have a page of their own that is sandboxed wherever it is opened, and needs the login', async () => {
    const answer = await server.fetch('frame/output');
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain('sandbox allow-scripts');
    expect(policy).not.toContain('allow-same-origin');
    const stranger = await fetch(new URL('frame/output', server.url), { redirect: 'manual' });
    expect([302, 401, 403]).toContain(stranger.status);
  });
});
