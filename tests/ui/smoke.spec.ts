import { expect, test } from '@playwright/test';

import { Panel } from './panel';

/**
 * The panel on another JupyterLab than the one that it is developed on, and behind a hub's prefix.
 */
test('the panel opens, finds data and attaches it; nothing of ours stands in the console', async ({
  page,
  request,
  baseURL
}) => {
  const faults: string[] = [];
  const mine = /jupyter-dlaas|dlaas:/;
  page.on('pageerror', error => {
    if (mine.test(`${error.message} ${error.stack}`)) {
      faults.push(`${error.stack}`);
    }
  });
  page.on('console', message => {
    const { url } = message.location();
    if (message.type() !== 'error' && !message.text().includes('collides')) {
      return;
    }
    if (mine.test(`${message.text()} ${url}`)) {
      faults.push(message.text());
    }
  });
  page.on('response', answer => {
    if (answer.status() >= 400 && answer.url().includes('/dlaas/')) {
      faults.push(`${answer.status()} ${answer.url()}`);
    }
  });
  const name = `smoke-${Date.now()}.ipynb`;
  const saved = await request.put(`${baseURL}/api/contents/${name}`, {
    data: {
      type: 'notebook',
      format: 'json',
      content: {
        cells: [],
        metadata: {
          kernelspec: {
            display_name: 'Python 3',
            language: 'python',
            name: 'python3'
          },
          language_info: { name: 'python' }
        },
        nbformat: 4,
        nbformat_minor: 5
      }
    }
  });
  expect(saved.ok()).toBe(true);
  await page.goto(`${baseURL}/lab/tree/${name}`);
  await expect(page.locator('.jp-Notebook')).toBeVisible({ timeout: 60_000 });

  const panel = new Panel(page);
  await panel.open();
  await expect(panel.account).toHaveText('alice');
  await panel.search('ATLAS_OD_EDU:*ttbar*');
  await panel.row('4lep_mc_ttbar_lep').click();
  await expect(
    panel.card
  ).toContainText('rucio://');
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
  for (const tab of ['Transfers', 'Basket', 'Explore'] as const) {
    await panel.tab(tab);
    await expect(panel.root.getByRole('tabpanel')).toBeVisible();
  }
  expect(faults).toEqual([]);
});
