import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import type { IStage, IState } from './stage';
import { command, dialog } from './stage';

export const AROUND: IState[] = [
  {
    name: 'glossary',
    where: dialog,
    reach: async ({ page, panel }) => {
      await command(page, 'dlaas:glossary');
      await expect(panel.dialog).toContainText('Rucio Storage Element');
    },
    leave: ({ panel }) => panel.accept()
  },
  {
    name: 'tour',
    where: ({ page }) =>
      page.getByRole('dialog', { name: 'Tour of the data lake' }),
    reach: async ({ page }) => {
      await command(page, 'dlaas:tour');
      await expect(
        page.getByRole('dialog', { name: 'Tour of the data lake' })
      ).toBeVisible();
    },
    leave: ({ page }) => page.keyboard.press('Escape')
  },
  {
    name: 'status bar',
    where: ({ page }) =>
      page.getByRole('button', { name: /^Data lake: alice/ }).locator('..'),
    reach: async ({ page }) => {
      await expect(
        page.getByRole('button', { name: /^Data lake: alice/ })
      ).toBeVisible();
    }
  }
];

const browser = ({ page }: IStage): Locator =>
  page.locator('#jupyter-dlaas-drive');

function entry(page: IJupyterLabPageFixture, name: string): Locator {
  return page
    .locator('#jupyter-dlaas-drive .jp-DirListing-item')
    .filter({ hasText: name });
}

export const DRIVE: IState[] = [
  {
    name: 'drive',
    where: browser,
    reach: async ({ page }) => {
      await page
        .locator('.jp-SideBar [data-id="jupyter-dlaas-drive"]')
        .click();
      await expect(entry(page, 'ATLAS_OD_EDU')).toBeVisible();
    }
  },
  {
    name: 'folder of the drive',
    where: browser,
    reach: async ({ page }) => {
      await entry(page, 'ATLAS_OD_EDU').dblclick();
      await entry(page, 'GamGam_data').dblclick();
      await expect(entry(page, 'data_A.GamGam.root')).toBeVisible();
    }
  }
];
