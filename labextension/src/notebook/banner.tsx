import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { explain } from '../problems';
import type { Attachments } from './attachments';
import { summaryText } from './summary';

/**
 * What a banner can do.
 */
export interface IBannerActs {
  stage: () => void;
  show: () => void;
}

/**
 * A line above a notebook that was opened: how many of its data items are here.
 *
 * It has its height from the beginning, so that the notebook stays where it is when the answers come.
 */
export class Banner extends VDomRenderer<Attachments> {
  constructor(
    attachments: Attachments,
    private readonly acts: IBannerActs,
    private readonly trans: TranslationBundle
  ) {
    super(attachments);
    this.addClass('jp-Dlaas-Banner');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Data of this notebook'));
    attachments.panel.disposed.connect(this.dispose, this);
    attachments.stateChanged.connect(this._onChanged, this);
  }

  protected render(): JSX.Element {
    const { acts, trans } = this;
    const { isAsking, missing, obstacle, summary } = this.model;
    const { here, items, soon } = summary;
    const isFine = here === items && !soon;
    return (
      <>
        <Icon name={isAsking ? 'info' : isFine ? 'available' : 'absent'} />
        <span className="jp-Dlaas-banner-text" role="status">
          {obstacle
            ? explain(obstacle, trans).title
            : summaryText(summary, isAsking, trans)}
        </span>
        {missing.length > 0 && (
          <Button
            label={trans.__('Make all available…')}
            onClick={acts.stage}
          />
        )}
        <Button label={trans.__('Show')} onClick={acts.show} />
        <IconButton
          label={trans.__('Dismiss')}
          icon="close"
          onClick={() => {
            // The next key is for the notebook.
            this.model.panel.content.activate();
            this.dispose();
          }}
        />
      </>
    );
  }

  /**
   * A notebook that holds no data any more has no banner.
   */
  private _onChanged(attachments: Attachments): void {
    if (!attachments.records.length) {
      this.dispose();
    }
  }
}
