import { readFileSync } from 'fs';
import * as path from 'path';

import { expect, test } from '@playwright/test';

import { Panel } from './panel';

const NOTEBOOK = '01-higgs-to-two-photons.ipynb';

test('in Notebook 7 the same panel searches, makes available and attaches', async ({
  page,
  request
}) => {
  const text = readFileSync(
    path.join(process.env.NOTEBOOKS as string, NOTEBOOK),
    'utf-8'
  );
  const name = `notebook7-${NOTEBOOK}`;
  const saved = await request.put(`/api/contents/${name}`, {
    data: { type: 'notebook', format: 'json', content: JSON.parse(text) }
  });
  expect(saved.ok()).toBe(true);
  await page.goto(`/notebooks/${name}`);
  await expect(page.locator('.jp-Notebook')).toBeVisible();

  const panel = new Panel(page);
  await page
    .getByRole('button', { name: 'Find data in the lake' })
    .click();
  await expect(page.locator('#jp-left-stack').locator(panel.root)).toBeVisible();
  await panel.search('ATLAS_OD_EDU:*GamGam*');
  await panel.row('GamGam_mc_VBFH125').click();
  await panel.button('Make available…').click();
  await panel.dialog.getByText('7 days').click();
  await panel.accept();
  await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
  await panel.cancel();
  await expect(
    panel.root.getByText('Available', { exact: true }).first()
  ).toBeVisible({ timeout: 90_000 });

  await panel.button('Attach…').click();
  await panel.dialog
    .getByRole('textbox', { name: 'Name of the variable' })
    .fill('signal');
  await panel.accept();
  await expect(panel.dialog).toHaveCount(0);
  await panel.tab('Notebook');
  await expect(panel.root.getByText('set in the kernel')).toBeVisible({
    timeout: 60_000
  });

  await test.step('opened again, the notebook says how much of its data is here', async () => {
    await page.keyboard.press('Control+s');
    await expect
      .poll(async () => {
        const answer = await request.get(`/api/contents/${name}`);
        const { content } = await answer.json();
        return content.metadata.rucio_attachments?.length;
      })
      .toBe(1);
    await page.reload();
    await expect(
      page.getByRole('region', { name: 'Data of this notebook' })
    ).toContainText('1 data item', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(panel.root.locator('[data-variable=signal]')).toBeVisible();
  });
});
