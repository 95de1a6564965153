import { Token } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

import type { IItem } from './did';
import type { LakeModel } from './lake/model';
import type { Preferences } from './preferences';

/**
 * The data lake as the panel and other extensions see it.
 */
export interface IDataLake {
  /**
   * Instances, logins, what is selected, what is known of DIDs, what the server pushes.
   */
  readonly model: LakeModel;

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
 * The commands; their arguments are described by schemas.
 */
export namespace CommandIDs {
  export const open = 'dlaas:open';
  export const search = 'dlaas:search';
  export const makeAvailable = 'dlaas:make-available';
  export const attach = 'dlaas:attach';
  export const upload = 'dlaas:upload';
  export const download = 'dlaas:download';
}
