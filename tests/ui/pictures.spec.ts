import * as path from 'path';

import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { hold, password, release } from './lake';
import { Panel } from './panel';

const images = process.env.IMAGES as string;

test.use({ viewport: { width: 1440, height: 640 } });

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await page.sidebar.setWidth(380, 'left');
});

/**
 * A picture of the panel, as far down as to the end of something in it.
 */
async function picture(
  panel: Panel,
  name: string,
  last: Locator
): Promise<void> {
  // Neither the mouse nor the keyboard is on anything.
  await panel.page.mouse.move(1000, 400);
  await panel.page.evaluate(() =>
    (document.activeElement as HTMLElement).blur()
  );
  const [all, end] = await Promise.all([
    panel.root.boundingBox(),
    last.boundingBox()
  ]);
  await panel.page.screenshot({
    path: path.join(images, `${name}.png`),
    clip: { ...all!, height: end!.y + end!.height + 8 - all!.y }
  });
}

test('the login', async ({ page }) => {
  const panel = new Panel(page);
  await panel.choose('Log in as anybody');
  await panel.way('Certificate');
  await expect(panel.root.getByText('usercert.pem')).toBeVisible();
  await picture(panel, 'login', panel.button('Log in by the server'));
  try {
    await panel.logIn('alice', password('alice'));
    await panel.account.click();
    await expect(panel.login).toContainText('renewed by itself');
    await picture(panel, 'account', panel.root.locator('.jp-Dlaas-hints'));
  } finally {
    await page.request.delete('dlaas/anybody/login');
  }
});

test('the transfers', async ({ page }) => {
  const panel = new Panel(page);
  const job = (text: string) =>
    panel.root
      .locator('.jp-Dlaas-job')
      .filter({ hasText: text })
      .first();
  const upload = async (name: string) => {
    await page.sidebar.openTab('filebrowser');
    await page.filebrowser.openHomeDirectory();
    await page.filebrowser.refresh();
    await page
      .locator('.jp-DirListing-item')
      .filter({ hasText: name })
      .click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Upload to the data lake…' })
      .click();
    await expect(panel.dialog.getByRole('combobox', { name: 'Scope' })).toHaveValue('user.alice');
  };
  await page.contents.createDirectory('fits');
  for (const name of ['signal', 'background', 'limits']) {
    await page.contents.uploadContent(name, 'text', `fits/${name}.txt`);
  }
  await page.contents.uploadContent('summary', 'text', 'summary.txt');
  try {
    await upload('fits');
    await panel.dialog.locator('input[name=dataset]').fill('fits');
    await panel.accept();
    await expect(job('fits')).toContainText('Uploaded', { timeout: 90_000 });

    await panel.search('ATLAS_OD_EDU:4lep_mc_Zee');
    await panel.row('4lep_mc_Zee').click();
    await panel.button('Download…').click();
    await panel.dialog.locator('input[name=folder]').fill('data/Zee');
    await panel.accept();
    await expect(job('4lep_mc_Zee')).toContainText('Downloaded', {
      timeout: 90_000
    });
    hold('north');
    await upload('summary.txt');
    await panel.accept();
    await expect(job('summary.txt')).toContainText('Failed', {
      timeout: 90_000
    });
    await job('fits').getByRole('button', { name: 'Files of' }).click();
    await expect(job('fits').locator('[data-outcome]')).toHaveCount(3);
    await picture(panel, 'transfers', job('fits'));
  } finally {
    release('north');
    for (const left of ['fits', 'data']) {
      await page.contents.deleteDirectory(left).catch(() => undefined);
    }
    await page.contents.deleteFile('summary.txt').catch(() => undefined);
  }
});
