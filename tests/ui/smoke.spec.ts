import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { saveNotebook } from './blank';
import { Panel } from './panel';

const DATASET = '4lep_mc_ttbar_lep';

/**
 * The panel on another JupyterLab than the one that it is developed on, and behind a hub's prefix, in a browser that
 * reaches no other host.
 */
test('the panel finds data, attaches and downloads it; it asks no other host and leaves no error', async ({
  page,
  request,
  baseURL
}) => {
  const base = baseURL as string;
  const faults = await listen(page, base);
  const events = heard(page, base);
  const name = `smoke-${Date.now()}.ipynb`;
  await saveNotebook(request, `${base}/api/contents/${name}`, [
    'print("tops:", len(tops), tops[0].did)'
  ]);
  await page.goto(`${base}/lab/tree/${name}`);
  await expect(page.locator('.jp-Notebook')).toBeVisible({ timeout: 60_000 });

  const panel = new Panel(page);
  await panel.open();
  await expect(panel.account).toHaveText('alice');
  await panel.search('ATLAS_OD_EDU:*ttbar*');
  await panel.row(DATASET).click();
  await expect(panel.card).toContainText('rucio://');

  await panel.button('Attach…').click();
  await panel.dialog
    .getByRole('textbox', { name: 'Name of the variable' })
    .fill('tops');
  await panel.accept();
  await expect(panel.dialog).toHaveCount(0);
  await panel.tab('Notebook');
  await expect(panel.root.locator('[data-variable=tops]')).toContainText(
    'set in the kernel',
    { timeout: 60_000 }
  );
  await page.locator('.jp-Notebook .jp-Cell .cm-content').first().click();
  await page.keyboard.press('Shift+Enter');
  await expect(page.locator('.jp-OutputArea-output').first()).toContainText(
    /tops: \d+ ATLAS_OD_EDU:/
  );

  await panel.tab('Explore');
  await panel.button('Download…').click();
  await panel.dialog.locator('input[name=folder]').fill('tops');
  await panel.accept();
  await expect(
    panel.root.locator('[data-job]').filter({ hasText: DATASET })
  ).toContainText('Downloaded', { timeout: 90_000 });
  expect(events.length).toBeGreaterThan(0);

  await panel.tab('Basket');
  await expect(panel.root.getByRole('tabpanel')).toBeVisible();
  expect(faults).toEqual([]);
});

/**
 * Note what goes wrong in our code and its requests; keep the browser from other hosts, and note who wants there.
 */
async function listen(page: Page, base: string): Promise<string[]> {
  const faults: string[] = [];
  const mine = /jupyter-dlaas|dlaas:/;
  page.on('pageerror', error => {
    if (mine.test(`${error.message} ${error.stack}`)) {
      faults.push(`${error.stack}`);
    }
  });
  page.on('console', message => {
    const text = `${message.text()} ${message.location().url}`;
    const isTold = message.type() === 'error' || text.includes('collides');
    if (isTold && mine.test(text)) {
      faults.push(text);
    }
  });
  page.on('response', answer => {
    if (answer.status() >= 400 && answer.url().includes('dlaas')) {
      faults.push(`${answer.status()} ${answer.url()}`);
    }
  });
  page.on('request', asked => {
    if (asked.url().includes('dlaas') && !asked.url().startsWith(`${base}/`)) {
      faults.push(`beside the prefix: ${asked.url()}`);
    }
  });
  await page.route(
    url => url.origin !== new URL(base).origin,
    route => {
      faults.push(`another host: ${route.request().url()}`);
      return route.abort();
    }
  );
  return faults;
}

/**
 * The events of ours that arrive, under the server's own address.
 */
function heard(page: Page, base: string): string[] {
  const events: string[] = [];
  page.on('websocket', socket => {
    if (!socket.url().includes(`${new URL(base).pathname}/api/events`.replace('//', '/'))) {
      return;
    }
    socket.on('framereceived', ({ payload }) => {
      if (payload.toString().includes('dlaas')) {
        events.push(payload.toString());
      }
    });
  });
  return events;
}
