import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

import type { Model } from '../model';

/**
 * A section of the panel: it draws a model, and wakes it while it can be seen.
 */
export abstract class Section<T extends Model> extends VDomRenderer<T> {
  constructor(
    model: T,
    protected readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-section');
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.model.isActive = this.isVisible;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.isActive = true;
    this.update();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.model.isActive = false;
  }

  protected onBeforeDetach(message: Message): void {
    this.model.isActive = false;
    super.onBeforeDetach(message);
  }
}
