import { expect } from '@jupyterlab/galata';

import { hold, release } from '../lake';
import type { IState } from './stage';

// Nothing else asks for these, so they are as the lake begins.
const FOUND = 'ATLAS_OD_EDU:*VBFH125*';

export const EXPLORE: IState[] = [
  {
    name: 'beginning',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.tab('Explore');
      await expect(panel.account).toHaveText('alice');
      await expect(panel.row('ATLAS_OD_EDU')).toBeVisible();
    }
  },
  {
    name: 'completion',
    reach: async ({ panel }) => {
      await panel.searchBox.pressSequentially('ATLAS_OD_EDU:G');
      await expect(panel.root.getByRole('listbox')).toBeVisible();
    },
    leave: async ({ panel }) => {
      await panel.searchBox.press('Escape');
    }
  },
  {
    name: 'found',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.search(FOUND);
      await expect(panel.row('GamGam_mc_VBFH125')).toBeVisible();
      await panel
        .row('4lep_mc_VBFH125')
        .locator('.jp-Dlaas-row-fold')
        .click();
      await expect(panel.root.getByRole('treeitem')).toHaveCount(5);
    }
  },
  {
    name: 'filter',
    reach: async ({ panel }) => {
      await panel.button('Filter by metadata').click();
      await expect(panel.root.getByLabel('Metadata key')).toBeVisible();
    },
    leave: async ({ panel }) => {
      await panel.root.getByLabel('Metadata key').press('Escape');
    }
  },
  {
    name: 'no match',
    reach: async ({ panel }) => {
      await panel.search('ATLAS_OD_EDU:nothing*like*this');
      await expect(panel.root.getByText('No match')).toBeVisible();
    }
  },
  {
    name: 'not found',
    reach: async ({ panel }) => {
      await panel.search('ATLAS_OD_EDU:never-there');
      await expect(panel.root.getByText('There is no such DID')).toBeVisible();
    }
  },
  {
    name: 'some not found',
    reach: async ({ panel }) => {
      await panel.search('ATLAS_OD_EDU:GamGam_data nowhere:at-all');
      await expect(panel.root.getByText('1 of 2 was not found').or(panel.root.getByText('1 of 2 were not found'))).toBeVisible();
    }
  },
  {
    name: 'malformed',
    reach: async ({ panel }) => {
      await panel.search('no DID at all');
      await expect(panel.problem()).toContainText('That is not a DID');
    }
  },
  {
    name: 'too wide',
    isMain: true,
    reach: async ({ panel }) => {
      await panel.search('*');
      await expect(panel.problem()).toContainText('too wide');
    }
  },
  {
    name: 'forbidden',
    reach: async ({ page, panel }) => {
      // The lake under test lets everybody read everything.
      await page.route('**/dlaas/lake/dids?pattern=secret*', route =>
        route.fulfill({
          status: 403,
          json: {
            error: 'AccessDenied',
            message: 'alice may not list secret.',
            blame: 'you',
            remedy: 'Ask its owner.',
            details: {}
          }
        })
      );
      await panel.search('secret:*plans*');
      await expect(panel.problem()).toContainText('You are not allowed to');
    }
  },
  {
    name: 'lake down',
    reach: async ({ panel }) => {
      hold('rucio');
      await panel.search('ATLAS_OD_EDU:*4lep*');
      await expect(panel.problem().first()).toContainText('no answer');
    },
    leave: async ({ panel }) => {
      release('rucio');
      await expect(async () => {
        await panel.search(FOUND);
        await expect(panel.row('4lep_mc_VBFH125')).toBeVisible({ timeout: 5_000 });
      }).toPass({ timeout: 60_000 });
    }
  },
  {
    name: 'searched before',
    reach: async ({ panel }) => {
      await panel.button('Clear the search').click();
      await expect(
        panel.root.getByRole('list', { name: 'Recent searches' })
      ).toBeVisible();
    }
  }
];
