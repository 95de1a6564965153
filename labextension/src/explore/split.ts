import type { Message } from '@lumino/messaging';
import { MessageLoop } from '@lumino/messaging';
import { SplitPanel, Widget } from '@lumino/widgets';

import type { LakeModel } from '../lake/model';

const WIDE = 620;

/**
 * The tree above the card of what is selected in it, or beside it where there is room.
 */
export class ExploreSplit extends SplitPanel {
  constructor(
    tree: Widget,
    private readonly card: Widget,
    private readonly lake: LakeModel
  ) {
    super({ orientation: 'vertical', spacing: 5 });
    this.addClass('jp-Dlaas-split');
    this.addWidget(tree);
    this.addWidget(card);
    card.hide();
    lake.stateChanged.connect(this._onLake, this);
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._observer.observe(this.node);
  }

  protected onBeforeDetach(message: Message): void {
    this._observer.disconnect();
    super.onBeforeDetach(message);
  }

  protected onResize(message: Widget.ResizeMessage): void {
    const width = message.width < 0 ? this.node.offsetWidth : message.width;
    const orientation = width > WIDE ? 'horizontal' : 'vertical';
    if (this.orientation !== orientation) {
      this.orientation = orientation;
    }
    super.onResize(message);
  }

  private _onLake(): void {
    const isEmpty = this.lake.selected === null;
    if (this.card.isHidden !== isEmpty) {
      if (isEmpty) {
        this._sizes = this.relativeSizes();
      }
      this.card.setHidden(isEmpty);
      this.setRelativeSizes(this._sizes);
    }
  }

  // As somebody dragged them, for the next card.
  private _sizes = [0.42, 0.58];

  // The head of the panel grows and shrinks with what it asks, of which Lumino learns nothing.
  private readonly _observer = new ResizeObserver(() =>
    MessageLoop.postMessage(this, Widget.ResizeMessage.UnknownSize)
  );
}
