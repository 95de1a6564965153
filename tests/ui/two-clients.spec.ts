import { readFileSync } from 'fs';
import * as path from 'path';

import { expect, test } from '@playwright/test';
import type { APIRequestContext, Browser, Page } from '@playwright/test';

import { saveNotebook } from './blank';
import { password } from './lake';
import { Panel } from './panel';

const DATASET = 'ATLAS_OD_EDU:GamGam_mc_ttH125';
const areTogether = process.env.LAB === 'together';

/**
 * Two people (or two windows of one) at the same notebook: they share its kernel, and with jupyter-collaboration the
 * document as well.
 */
test('two clients of one notebook hear the same, and neither doubles a variable', async ({
  browser,
  request,
  baseURL
}) => {
  const stamp = Date.now();
  const name = `shared-${stamp}.ipynb`;
  await saveNotebook(request, `${baseURL}/api/contents/${name}`);
  const [one, other] = [
    await client(browser, `${baseURL}/lab/workspaces/one-${stamp}/tree/${name}`),
    await client(browser, `${baseURL}/lab/workspaces/other-${stamp}/tree/${name}`)
  ];

  await test.step('what one asks for, the other sees come', async () => {
    for (const panel of [one, other]) {
      await panel.search(DATASET);
      await panel.row(DATASET).click();
    }
    const asked: string[] = [];
    other.page.on('request', each => asked.push(each.url()));
    await one.button('Make available…').click();
    await one.accept();
    await expect(one.dialog.getByText(/Granted|have (it|such a rule) already/)).toBeVisible();
    await one.cancel();
    for (const panel of [one, other]) {
      await expect(
        panel.card
          .locator('[data-state=available]')
          .first()
      ).toBeVisible({ timeout: 90_000 });
    }
    if (!areTogether) {
      // On the later Lab it is there already: there is no news of it.
      expect(
        asked.filter(url => url.includes('/status')).length
      ).toBeGreaterThan(0);
    }
  });

  await test.step('one attaches; the variable is there once', async () => {
    await one.button('Attach…').click();
    await one.dialog
      .getByRole('textbox', { name: 'Name of the variable' })
      .fill('top_quarks');
    await one.accept();
    await expect(one.dialog).toHaveCount(0);
    await one.tab('Notebook');
    await expect(variable(one)).toContainText('set in the kernel', {
      timeout: 60_000
    });
    if (!areTogether) {
      await one.page.keyboard.press('Control+s');
      await expect
        .poll(() => record(request, `${baseURL}/api/contents/${name}`))
        .toHaveLength(1);
      await other.page.reload();
      await expect(other.page.locator('.jp-Notebook').first()).toBeVisible({
        timeout: 60_000
      });
      await other.open();
    }
    await other.tab('Notebook');
    await expect(variable(other)).toContainText('set in the kernel', {
      timeout: 60_000
    });
    for (const panel of [one, other]) {
      await expect(variable(panel)).toHaveCount(1);
      await expect(panel.root.locator('.jp-Dlaas-variable')).toHaveCount(1);
    }
  });

  await test.step('then it is quiet: neither answers the other for ever', async () => {
    const changes = await Promise.all([one, other].map(changesFor(3_000)));
    expect(changes).toEqual([
      { asked: [], written: 0 },
      { asked: [], written: 0 }
    ]);
  });

  await test.step('the document holds the record alone, and no secret', async () => {
    const url = `${baseURL}/api/contents/${name}`;
    await one.page.keyboard.press('Control+s');
    await expect.poll(() => record(request, url)).toHaveLength(1);
    const [kept] = await record(request, url);
    expect(kept).toMatchObject({ variableName: 'top_quarks', did: DATASET });
    const text = JSON.stringify(await document(request, url));
    const { handover } = (await (
      await request.get(`${baseURL}/dlaas/instances`)
    ).json()) as { handover: string };
    const token = JSON.parse(
      readFileSync(path.join(handover, 'lake.json'), 'utf-8')
    ).token as string;
    expect(token.length).toBeGreaterThan(20);
    for (const secret of [password('alice'), token, handover]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/token|password|\/(home|tmp|root)\//i);
  });

  if (areTogether) {
    await test.step('the other takes it away, and one sees it go', async () => {
      await other.button('Detach top_quarks').click();
      await expect(variable(one)).toHaveCount(0);
      await expect(variable(other)).toHaveCount(0);
    });
  }
  await Promise.all([one, other].map(({ page }) => page.context().close()));
});

function variable(panel: Panel) {
  return panel.root.locator('[data-variable=top_quarks]');
}

/**
 * What a client asks the lake's server, and how often the notebook's metadata changes, in so many milliseconds.
 */
function changesFor(time: number) {
  return async ({ page }: Panel) => {
    const asked: string[] = [];
    const note = (each: { url: () => string }) => {
      if (each.url().includes('/dlaas/')) {
        asked.push(each.url());
      }
    };
    page.on('request', note);
    const written = await page.evaluate(async wait => {
      const { model } = (window as any).jupyterapp.shell.currentWidget.context;
      let count = 0;
      model.metadataChanged.connect(() => count++);
      await new Promise(resolve => setTimeout(resolve, wait));
      return count;
    }, time);
    page.off('request', note);
    return { asked, written };
  };
}

async function client(browser: Browser, url: string): Promise<Panel> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 }
  });
  const page: Page = await context.newPage();
  await page.goto(url);
  await expect(page.locator('.jp-Notebook')).toBeVisible({ timeout: 60_000 });
  const panel = new Panel(page);
  await panel.open();
  await expect(panel.account).toHaveText('alice');
  return panel;
}

interface INotebook {
  metadata: { rucio_attachments?: object[] };
}

async function document(
  request: APIRequestContext,
  url: string
): Promise<INotebook> {
  let content: INotebook | undefined;
  // While it is being saved there may be an answer without any.
  await expect
    .poll(async () => {
      ({ content } = (await (await request.get(url)).json()) as {
        content?: INotebook;
      });
      return content;
    })
    .toBeTruthy();
  return content!;
}

async function record(
  request: APIRequestContext,
  url: string
): Promise<object[]> {
  return (await document(request, url)).metadata.rucio_attachments ?? [];
}
