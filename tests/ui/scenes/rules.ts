import { expect } from '@jupyterlab/galata';

import { hold, password, release } from '../lake';
import type { IState } from './stage';
import { cancel, dialog } from './stage';

const OWN = 'stuck.txt';

export const RULES: IState[] = [
  {
    name: 'stuck',
    isMain: true,
    reach: async ({ page, panel, folder }) => {
      const file = { path: `${folder}/${OWN}`, did: `user.alice:${OWN}` };
      await page.contents.uploadContent('stuck', 'text', file.path);
      await page.request.post('dlaas/lake/uploads', { data: file });
      await expect(async () => {
        await panel.search(file.did);
        await expect(panel.row(OWN)).toBeVisible({ timeout: 2_000 });
      }).toPass({ timeout: 60_000 });
      await panel.row(OWN).click();
      hold('notebook');
      await panel.button('Make available…').click();
      await panel.accept();
      await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
      await panel.cancel();
      const rule = panel.card
        .locator('[data-rule]')
        .filter({ hasText: 'stuck' });
      await expect(rule).toHaveCount(1, { timeout: 90_000 });
      await rule.getByText('Why?').click();
      await expect(rule).toContainText('could not be brought');
    }
  },
  {
    name: 'another place',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Another place…').click();
      await panel.dialog
        .getByLabel('Where instead')
        .selectOption('rse:SOUTH-DISK');
    }
  },
  {
    name: 'put elsewhere',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.accept();
      await expect(panel.dialog.getByRole('status').last()).toContainText(
        'SOUTH-DISK'
      );
    },
    leave: async ({ panel }) => {
      await panel.cancel();
      release('notebook');
    }
  },
  {
    name: 'a full quota',
    where: dialog,
    reach: async ({ page, panel }) => {
      const bob = {
        method: 'userpass',
        username: 'bob',
        password: password('bob')
      };
      await page.request.post('dlaas/by-hand/login', { data: bob });
      await panel.choose('Log in by hand');
      await expect(panel.account).toHaveText('bob');
      await panel.search('ATLAS_OD_EDU:GamGam_data');
      await panel.row('GamGam_data').click();
      await panel.button('Make available…').click();
      await panel.dialog.getByText('Where, and how many copies').click();
      await panel.dialog
        .getByRole('combobox', { name: 'Where' })
        .selectOption('rse:SOUTH-DISK');
      await expect(panel.problem(panel.dialog)).toHaveAttribute(
        'data-error',
        'InsufficientAccountLimit'
      );
    },
    leave: cancel
  },
  {
    name: 'embargoed scopes and a small quota',
    reach: async ({ panel }) => {
      await panel.account.click();
      await expect(panel.login).toContainText('embargoed');
      await expect(panel.login).toContainText('SOUTH-DISK');
    },
    leave: async ({ page, panel }) => {
      await panel.account.click();
      await panel.choose('Demonstration lake');
      await page.request.delete('dlaas/by-hand/login');
    }
  }
];
