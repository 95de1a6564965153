import type { TranslationBundle } from '@jupyterlab/translation';

import { Model } from '../model';

/**
 * A step of the tour: the section it is about, and the parts of the page beside which it is shown, the best first.
 */
export interface IStep {
  section: string;
  targets: string[];
  title: string;
  text: string;
}

/**
 * A walk through the panel in four steps.
 */
export class TourModel extends Model {
  constructor(
    private readonly steps: readonly IStep[],
    private readonly onEnd: () => void
  ) {
    super();
  }

  get index(): number {
    return this._index;
  }

  get count(): number {
    return this.steps.length;
  }

  get step(): IStep {
    return this.steps[this._index];
  }

  get isLast(): boolean {
    return this._index === this.steps.length - 1;
  }

  /**
   * Go so many steps; beyond the last one it ends.
   */
  go(by: number): void {
    const index = Math.max(this._index + by, 0);
    if (index < this.steps.length) {
      this._index = index;
      this.changed();
    } else {
      this.end();
    }
  }

  end(): void {
    if (!this.isDisposed) {
      this.onEnd();
      this.dispose();
    }
  }

  private _index = 0;
}

export function tourSteps(trans: TranslationBundle): IStep[] {
  return [
    {
      section: 'explore',
      targets: ['.jp-Dlaas-search-box', '.jp-Dlaas-AccountSection'],
      title: trans.__('Find'),
      text: trans.__(
        'Search by scope and name; * stands for anything. What is found opens like folders.'
      )
    },
    {
      section: 'explore',
      targets: ['.jp-Dlaas-DetailsSection', '#jp-Dlaas-tab-explore'],
      title: trans.__('Make available'),
      text: trans.__(
        'The card of what you select says whether it can be read from here. “Make available…” has the lake bring it.'
      )
    },
    {
      section: 'notebook',
      targets: ['#jp-Dlaas-tab-notebook'],
      title: trans.__('Use it in a notebook'),
      text: trans.__(
        '“Attach…” gives data a name in your notebook: a variable that opens like a file.'
      )
    },
    {
      section: 'transfers',
      targets: ['#jp-Dlaas-tab-transfers'],
      title: trans.__('Bring results back'),
      text: trans.__(
        'Drop files on the panel, or right-click them in the file browser, to put them into the lake.'
      )
    }
  ];
}
