import { expect } from '@jupyterlab/galata';

import type { IState } from './stage';
import { cancel, dialog, question } from './stage';

// Nothing else asks for it, so it is as the lake begins.
const SIGNAL = 'GamGam_mc_WpH125J_Wincl';

export const CARD: IState[] = [
  {
    name: 'card',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.search(`ATLAS_OD_EDU:${SIGNAL}`);
      await panel.row(SIGNAL).click();
      await expect(panel.card).toContainText('Not here yet');
      await expect(panel.card).toContainText('rucio://');
    }
  },
  {
    name: 'make available',
    isMain: true,
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Make available…').click();
      await panel.dialog.getByText('14 days').click();
      await expect(panel.dialog.locator('.jp-Dlaas-preview')).toContainText(
        'would be copied'
      );
    }
  },
  {
    name: 'where, and how many copies',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog.getByText('Where, and how many copies').click();
      await expect(panel.dialog.getByLabel(/copies/i).last()).toBeVisible();
    }
  },
  {
    name: 'lifetime of zero',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog.getByText('Other…').first().click();
      await panel.dialog.getByRole('textbox').first().fill('0');
      await expect(panel.dialog).toContainText('longer than zero');
    }
  },
  {
    name: 'until a date',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog.getByText('Until a date…').click();
      await expect(
        panel.dialog.getByLabel('Until the end of')
      ).toBeVisible();
      await panel.dialog.getByText('14 days').click();
    }
  },
  {
    name: 'granted',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.accept();
      await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
    },
    leave: ({ panel }) => panel.cancel()
  },
  {
    name: 'card of what is here',
    isMain: true,
    reach: async ({ panel }) => {
      await expect(panel.card).toContainText('Available', {
        timeout: 90_000
      });
      await expect(panel.card).toContainText('by alice');
    }
  },
  {
    name: 'all of the card',
    reach: async ({ panel }) => {
      await panel.card.evaluate(card =>
        card.querySelectorAll('details').forEach(part => {
          part.open = true;
        })
      );
      await expect(panel.card).toContainText('Owner');
    }
  },
  {
    name: 'another end',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.root
        .getByRole('button', { name: 'Extend…' })
        .first()
        .click();
      await expect(panel.dialog).toBeVisible();
    },
    leave: ({ panel }) => panel.cancel()
  },
  {
    name: 'release',
    where: question,
    reach: async ({ page, panel }) => {
      await panel.button('Release…').click();
      await expect(page.locator('.jp-Dialog')).toContainText(
        'unless another rule keeps it'
      );
    },
    leave: ({ page }) => page.locator('.jp-Dialog .jp-mod-reject').click()
  },
  {
    name: 'download',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Download…').click();
      await expect(panel.dialog.locator('input[name=folder]')).toBeVisible();
    }
  },
  {
    name: 'download to a wrong folder',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog.locator('input[name=folder]').fill('../outside');
      await panel.accept();
      await expect(panel.problem(panel.dialog)).toContainText('../outside');
    },
    leave: cancel
  }
];
