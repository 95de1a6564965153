import { expect } from '@jupyterlab/galata';

import type { IState } from './stage';
import { cancel, dialog, question } from './stage';

export const BASKET: IState[] = [
  {
    name: 'basket',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.tab('Basket');
      await expect(panel.root.getByLabel(/token/i).first()).toBeVisible();
    }
  },
  {
    name: 'basket filled',
    reach: async ({ panel }) => {
      await panel.root
        .getByLabel(/token/i)
        .first()
        .fill(process.env.ESAP_TOKEN as string);
      await panel.page.keyboard.press('Enter');
      await expect(panel.root.getByRole('checkbox').first()).toBeVisible();
    }
  },
  {
    name: 'import into the basket',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Import…').click();
      await panel.dialog.locator('textarea').fill('nonsense here');
      await panel.accept();
      await expect(panel.problem(panel.dialog)).toContainText('Neither a DID');
    },
    leave: cancel
  },
  {
    name: 'download of the basket',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.root.getByRole('checkbox').first().check();
      await panel.button('Download…').click();
      await expect(panel.dialog.locator('input[name=text]')).toBeVisible();
    },
    leave: cancel
  },
  {
    name: 'remove from the basket',
    where: question,
    reach: async ({ page, panel }) => {
      await panel.button('Remove…').click();
      await expect(page.locator('.jp-Dialog')).toContainText(
        'No data is deleted'
      );
    },
    leave: ({ page }) => page.locator('.jp-Dialog .jp-mod-reject').click()
  },
  {
    name: 'open data',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.choose('Log in by hand');
      await panel.button('Look at open data without an account').click();
      await expect(
        panel.root.getByRole('list', { name: 'Open data' })
      ).toContainText('4lep_data');
    }
  },
  {
    name: 'one of the open data',
    reach: async ({ panel }) => {
      await panel.root.getByRole('button', { name: /4lep_data/ }).click();
      await expect(
        panel.root.getByRole('list', { name: 'Files of' })
      ).toBeVisible();
    }
  }
];
