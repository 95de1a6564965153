import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { IItem } from './did';
import type { LakeModel } from './lake/model';
import type { Preferences } from './preferences';
import type { TransfersModel } from './transfers/model';

/**
 * The data lake as the panel and other extensions see it.
 */
export interface IDataLake {
  /**
   * Instances, logins, what is selected, what is known of DIDs, what the server pushes.
   */
  readonly model: LakeModel;

  /**
   * What is on its way into the lake and from it.
   */
  readonly transfers: TransfersModel;

  /**
   * What the person has set.
   */
  readonly preferences: Preferences;
}

export const IDataLake = new Token<IDataLake>(
  'jupyter-dlaas:IDataLake',
  'The data lake: instances, logins, the selected DID, what is known of DIDs.'
);

/**
 * The panel, for sections to be added to.
 */
export interface IDataLakePanel {
  /**
   * Add a section; `title.dataset.badge` of the widget is shown beside its label.
   */
  addSection(section: ISection): void;

  /**
   * Add what stands in the place of all sections while its model says so, and below the login where nobody is logged in.
   */
  addCover(widget: Widget, model: ICover): void;

  /**
   * Open the panel, at a section if one is named.
   */
  open(section?: string): void;

  /**
   * Search for a DID and show what was found.
   */
  find(item: Pick<IItem, 'did' | 'instance'>): void;
}

export const IDataLakePanel = new Token<IDataLakePanel>(
  'jupyter-dlaas:IDataLakePanel',
  'The panel of the data lake, to which sections can be added.'
);

/**
 * A section of the panel: its label is the widget's title.
 */
export interface ISection {
  id: string;
  widget: Widget;
  rank: number;
}

/**
 * What says whether a cover hides the sections.
 */
export interface ICover {
  isOpen: boolean;
  stateChanged: ISignal<unknown, void>;
}

/**
 * The commands; their arguments are described by schemas.
 */
export namespace CommandIDs {
  export const open = 'dlaas:open';
  export const search = 'dlaas:search';
  export const makeAvailable = 'dlaas:make-available';
  export const extend = 'dlaas:extend';
  export const attach = 'dlaas:attach';
  export const makeAllAvailable = 'dlaas:make-all-available';
  export const publish = 'dlaas:publish';
  export const upload = 'dlaas:upload';
  export const download = 'dlaas:download';
  export const find = 'dlaas:find';
  export const showOrigin = 'dlaas:show-origin';
  export const copyDID = 'dlaas:copy-did';
  export const copyReference = 'dlaas:copy-reference';
  export const logIn = 'dlaas:log-in';
  export const logOut = 'dlaas:log-out';
  export const cleanCache = 'dlaas:clean-cache';
  export const tour = 'dlaas:tour';
  export const glossary = 'dlaas:glossary';
  export const openData = 'dlaas:open-data';
  export const importBasket = 'dlaas:import-basket';
}
