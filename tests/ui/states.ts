import { ACCOUNT } from './scenes/account';
import { AROUND, DRIVE } from './scenes/around';
import { BASKET } from './scenes/basket';
import { CARD } from './scenes/card';
import { EXPLORE } from './scenes/explore';
import { VARIABLES } from './scenes/notebook';
import { RULES } from './scenes/rules';
import type { IScene } from './scenes/stage';
import { TRANSFERS } from './scenes/transfers';

/**
 * All that the panel can look like.
 */
export const SCENES: { [scene: string]: IScene } = {
  Explore: { states: EXPLORE },
  'Card and dialogs': { states: CARD },
  Notebook: { states: VARIABLES },
  Transfers: { states: TRANSFERS },
  'Rules and quota': { states: RULES },
  Account: { states: ACCOUNT },
  'Basket and open data': { states: BASKET },
  'Around it': { states: AROUND },
  Drive: {
    states: DRIVE,
    settings: { 'jupyter-dlaas:panel': { drive: true } }
  }
};
