import { expect } from '@jupyterlab/galata';

import { hold, password, release } from '../lake';
import type { Panel } from '../panel';
import type { IState } from './stage';
import { cancel, command, dialog, freeze, thaw } from './stage';

/**
 * Drag a file of the desktop over the panel, or away from it.
 */
async function drag({ page, root }: Panel, what: string): Promise<void> {
  const files = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['1'], 'one.txt'));
    return transfer;
  });
  await root.dispatchEvent(what, { dataTransfer: files });
}

export const TRANSFERS: IState[] = [
  {
    name: 'nothing on its way',
    reach: async ({ panel }) => {
      await panel.tab('Transfers');
      await expect(panel.root.getByRole('tabpanel')).not.toContainText('Asking');
    }
  },
  {
    name: 'dropping',
    reach: async ({ panel }) => {
      await drag(panel, 'dragover');
      await expect(panel.root).toHaveClass(/jp-mod-dropping/);
    },
    leave: ({ panel }) => drag(panel, 'dragleave')
  },
  {
    name: 'upload',
    where: dialog,
    isMain: true,
    reach: async ({ page, panel, folder }) => {
      await page.contents.uploadContent(
        'results',
        'text',
        `${folder}/results.txt`
      );
      await command(page, 'dlaas:upload', { path: `${folder}/results.txt` });
      await expect(panel.dialog.getByRole('combobox', { name: 'Scope' })).toHaveValue(
        'user.alice'
      );
      await panel.dialog
        .getByRole('textbox', { name: 'Name', exact: true })
        .fill('no name at all?');
    }
  },
  {
    name: 'what is an RSE',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog
        .getByRole('button', { name: 'What is this: RSE?' })
        .click();
      await expect(panel.dialog).toContainText('Rucio Storage Element');
    }
  },
  {
    name: 'uploaded',
    isMain: true,
    reach: async ({ page, panel }) => {
      await panel.dialog
        .getByRole('textbox', { name: 'Name', exact: true })
        .fill('results-of-a-fit.txt');
      await panel.accept();
      await expect(panel.dialog).toHaveCount(0);
      const jobs = panel.root.locator('[data-job]');
      await expect(jobs.first()).toContainText('Uploaded', {
        timeout: 60_000
      });
      await jobs.first().getByRole('button', { name: 'Log of' }).click();
      await page
        .locator('.jp-toastContainer .Toastify__close-button')
        .first()
        .click({ timeout: 3_000 })
        .catch(() => undefined);
    }
  },
  {
    name: 'upload a folder',
    where: dialog,
    reach: async ({ page, panel, folder }) => {
      await page.contents.createDirectory(`${folder}/run`);
      for (const name of ['one', 'two', 'three']) {
        await page.contents.uploadContent(name, 'text', `${folder}/run/${name}.txt`);
      }
      await command(page, 'dlaas:upload', { path: `${folder}/run` });
      await expect(panel.dialog).toContainText('Each file keeps its name');
    }
  },
  {
    name: 'files of an upload',
    reach: async ({ panel }) => {
      await panel.dialog.locator('input[name=dataset]').fill('set-of-states');
      await panel.accept();
      const job = panel.root.locator('[data-job]').first();
      await expect(job).toContainText('Uploaded', { timeout: 60_000 });
      await job.getByRole('button', { name: 'Files of' }).click();
      await expect(job.locator('[data-outcome]')).toHaveCount(3);
    }
  },
  {
    name: 'transfers of all kinds',
    isMain: true,
    reach: async ({ page, panel, folder }) => {
      for (const name of ['failed', 'waiting', 'running']) {
        await page.contents.uploadContent(
          name,
          'text',
          `${folder}/${name}.txt`
        );
      }
      const begin = (instance: string, name: string, scope: string) =>
        page.request.post(`dlaas/${instance}/uploads`, {
          data: { path: `${folder}/${name}.txt`, did: `${scope}:${name}.txt` }
        });
      const job = (name: string) =>
        panel.root.locator('[data-job]').filter({ hasText: `${name}.txt` });
      hold('north');
      await begin('lake', 'failed', 'user.alice');
      await expect(job('failed')).toContainText('Failed', { timeout: 60_000 });
      release('north');
      freeze('north');
      const bob = {
        method: 'userpass',
        username: 'bob',
        password: password('bob')
      };
      await page.request.post('dlaas/by-hand/login', { data: bob });
      await begin('by-hand', 'waiting', 'user.bob');
      await expect(job('waiting')).toContainText('Uploading');
      await page.request.delete('dlaas/by-hand/login');
      thaw('north');
      await expect(job('waiting')).toContainText('Goes on after a login', {
        timeout: 60_000
      });
      freeze('north');
      await begin('lake', 'running', 'user.alice');
      await expect(job('running')).toContainText('Uploading');
    },
    leave: async ({ page }) => {
      thaw('north');
      const jobs = await (await page.request.get('dlaas/jobs')).json();
      for (const { id } of jobs) {
        await page.request.delete(`dlaas/jobs/${id}`);
      }
    }
  },
  {
    name: 'metadata editor',
    where: dialog,
    reach: async ({ panel }) => {
      const job = panel.root
        .locator('[data-job]')
        .filter({ hasText: 'results-of-a-fit.txt' });
      await job.getByRole('button', { name: 'Show' }).click();
      await panel.card.getByRole('button', { name: 'Edit…' }).click();
      await panel.dialog.getByLabel('Key').last().fill('energy');
      await panel.dialog.getByLabel('Value of energy').fill('{"GeV":');
      await expect(panel.dialog).toContainText('whole JSON');
    },
    leave: cancel
  }
];
