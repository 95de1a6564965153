import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { AccountSection } from './account/index';
import { AccountModel } from './account/model';
import { tabMark } from './account/notice';
import { Tabs, tabId } from './components/tabs';
import { DetailsSection } from './details/index';
import { DetailsModel } from './details/model';
import type { IItem } from './did';
import { ExploreSection } from './explore/index';
import { ExploreModel } from './explore/model';
import { ExploreSplit } from './explore/split';
import { lakeIcon } from './icons';
import type { LakeModel } from './lake/model';
import type { ICover, IDataLakePanel, ISection } from './tokens';

/**
 * The panel: the account at its head, a tab for each section below.
 */
export class DataLakePanel extends Widget implements IDataLakePanel {
  constructor(options: DataLakePanel.IOptions) {
    super();
    const { commands, lake, trans } = options;
    this._lake = lake;
    this._trans = trans;
    this._reveal = options.reveal;
    this.id = 'jupyter-dlaas-panel';
    this.addClass('jp-Dlaas-Panel');
    this.title.icon = lakeIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Data lake'));

    this.explore = new ExploreModel(lake);
    this._tabs = new Tabs(trans, id => this._select(id));
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(new AccountSection(new AccountModel(lake), trans));
    layout.addWidget(this._tabs);

    const details = new DetailsSection(new DetailsModel(lake), trans, commands);
    const explore = new ExploreSection(this.explore, trans);
    const split = new ExploreSplit(explore, details, lake);
    split.title.label = trans.__('Explore');
    this.addSection({ id: 'explore', widget: split, rank: 0 });
    lake.stateChanged.connect(this._onLake, this);
    this._onLake();
  }

  readonly explore: ExploreModel;

  addSection(section: ISection): void {
    const { id, widget } = section;
    widget.id = `jp-Dlaas-section-${id}`;
    widget.addClass('jp-Dlaas-tabpanel');
    widget.node.setAttribute('role', 'tabpanel');
    widget.node.setAttribute('aria-labelledby', tabId(id));
    widget.hide();
    (this.layout as PanelLayout).addWidget(widget);
    this._tabs.add(section);
    this._select(this._tabs.current || id);
  }

  addCover(widget: Widget, model: ICover): void {
    widget.hide();
    (this.layout as PanelLayout).addWidget(widget);
    this._cover = { widget, model };
    model.stateChanged.connect(this._onLake, this);
  }

  open(section?: string): void {
    this._reveal();
    if (section) {
      if (this._cover) {
        this._cover.model.isOpen = false;
      }
      this._select(section);
    } else {
      // The way to a login is wanted where there is none.
      this._isAnybodys = false;
      this._onLake();
    }
  }

  find(item: Pick<IItem, 'did' | 'instance'>): void {
    this.open('explore');
    void this.explore.show(item);
  }

  /**
   * Search for a pattern; without one the search box is offered.
   */
  search(pattern: string, type?: ExploreModel['type']): void {
    this.open('explore');
    if (type) {
      this.explore.type = type;
    }
    if (pattern) {
      this.explore.text = pattern;
      void this._lake.refresh().then(() => this.explore.search());
    } else {
      this.explore.requestFocus();
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._lake.isActive = this.isVisible;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._lake.isActive = true;
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._lake.isActive = false;
  }

  protected onBeforeDetach(message: Message): void {
    this._lake.isActive = false;
    super.onBeforeDetach(message);
  }

  private _select(id: string): void {
    this._tabs.current = id;
    this._isAnybodys = id !== 'explore';
    this._onLake();
    if (this._tabs.isHidden) {
      this.node.querySelector<HTMLElement>('.jp-Dlaas-login input')?.focus();
    }
  }

  /**
   * Without a login the way to one is shown, but where somebody has gone on to a section.
   */
  private _onLake(): void {
    const { instance, instances, isUsable } = this._lake;
    const { caption, className } = tabMark(instances, this._trans);
    this.title.caption = caption;
    this.title.className = className;
    if (isUsable || instance?.name !== this._name) {
      this._isAnybodys = false;
    }
    this._name = instance?.name;
    const isCovered = this._cover?.model.isOpen ?? false;
    const isShown = isUsable || this._isAnybodys;
    const isHidden = !isShown || isCovered;
    this._cover?.widget.setHidden(isShown && !isCovered);
    this.toggleClass('jp-mod-covered', isCovered || this._isAnybodys);
    this._tabs.setHidden(isHidden);
    for (const { id, widget } of this._tabs.sections) {
      widget.setHidden(isHidden || id !== this._tabs.current);
    }
  }

  private _isAnybodys = false;
  private _name: string | undefined;
  private _cover: { widget: Widget; model: ICover } | null = null;
  private readonly _lake: LakeModel;
  private readonly _trans: TranslationBundle;
  private readonly _reveal: () => void;
  private readonly _tabs: Tabs;
}

export namespace DataLakePanel {
  /**
   * What a panel needs; `reveal` brings it to the front.
   */
  export interface IOptions {
    lake: LakeModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
    reveal: () => void;
  }
}
